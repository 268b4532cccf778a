/* Profiles count what passes through them, benchmarks take turns, recommendations follow what was
 * counted. */
#include "support/failing.h"
#include "support/random.h"

#include <firn/arena.h>
#include <firn/tune.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

/* --- slots --- */

static void slots_are_in_order_and_hold_their_sizes(void **state)
{
    (void)state;
    assert_int_equal(firn_profile_size(0), 0);
    assert_int_equal(firn_profile_size(64), 1024);
    assert_int_equal(firn_profile_size(65), 1152);
    assert_int_equal(firn_profile_size(FIRN_PROFILE_SIZES - 1), UINT64_MAX);
    for (unsigned i = 1; i < FIRN_PROFILE_SIZES; i++)
        assert_true(firn_profile_size(i) > firn_profile_size(i - 1));
    assert_int_equal(firn_profile_lifetime(0), 0);
    assert_int_equal(firn_profile_lifetime(4), 15);
    assert_int_equal(firn_profile_lifetime(64), UINT64_MAX);
}

static unsigned only_slot(const firn_profile_stats *stats)
{
    unsigned found = FIRN_PROFILE_SIZES;
    for (unsigned i = 0; i < FIRN_PROFILE_SIZES; i++) {
        if (stats->sizes[i] == 0)
            continue;
        assert_int_equal(found, FIRN_PROFILE_SIZES);
        found = i;
    }
    return found;
}

static void every_size_is_counted_in_its_slot(void **state)
{
    (void)state;
    firn_profile *profile;
    assert_int_equal(firn_profile_create(NULL, &profile), FIRN_OK);
    for (size_t size = 1; size < 100000; size += 1 + size / 50) {
        firn_profile_stats stats;
        firn_profile_start(profile);
        void *block = firn_allocate(firn_profile_allocator(profile), size);
        assert_non_null(block);
        firn_profile_stats_get(profile, &stats);
        const unsigned slot = only_slot(&stats);
        assert_true(size <= firn_profile_size(slot) && size > firn_profile_size(slot - 1));
        firn_release(firn_profile_allocator(profile), block, size);
    }
    firn_profile_destroy(profile);
}

/* --- what is counted --- */

static void figures_are_those_of_the_calls(void **state)
{
    (void)state;
    firn_profile *profile;
    firn_profile_stats stats;
    assert_int_equal(firn_profile_create(NULL, &profile), FIRN_OK);
    const firn_allocator *allocator = firn_profile_allocator(profile);
    void *before = firn_allocate(allocator, 1000);
    firn_profile_start(profile);
    void *blocks[10];
    for (int i = 0; i < 10; i++)
        blocks[i] = firn_allocate(allocator, 100);
    for (int i = 0; i < 10; i++) /* outlive 9 to 0 */
        firn_release(allocator, blocks[i], 100);
    void *moved = firn_reallocate(allocator, firn_allocate(allocator, 50), 50, 500);
    firn_release(allocator, moved, 500);
    firn_release(allocator, before, 1000); /* was born uncounted */
    firn_profile_stats_get(profile, &stats);
    assert_int_equal(stats.calls, 12);
    assert_int_equal(stats.bytes, 1000 + 50 + 500);
    assert_int_equal(stats.failed, 0);
    assert_int_equal(stats.live_count, 0);
    assert_int_equal(stats.live_bytes, 0);
    assert_int_equal(stats.peak_bytes, 2000);
    assert_int_equal(stats.peak_count, 11);
    assert_int_equal(stats.sizes[7], 10);
    assert_int_equal((int)stats.lifetimes[4], 2); /* 9, 8 */
    assert_int_equal((int)stats.lifetimes[3], 4); /* 7 to 4 */
    assert_int_equal((int)stats.lifetimes[2], 2);
    assert_int_equal((int)stats.lifetimes[1], 1);
    assert_int_equal((int)stats.lifetimes[0], 3); /* and those of 50 and 500 */
    firn_profile_stop(profile);
    firn_release(allocator, firn_allocate(allocator, 5), 5);
    firn_profile_stats_get(profile, &stats);
    assert_int_equal(stats.calls, 12);
    firn_profile_destroy(profile);
}

/* Random calls against plain sums; lifetimes by a list of all births. */
static void random_calls_agree_with_a_model(void **state)
{
    (void)state;
    enum { BLOCKS = 300, STEPS = 20000 };
    struct {
        void *block;
        size_t size;
        uint64_t born;
    } live[BLOCKS] = {{NULL, 0, 0}};
    rng random;
    rng_init(&random, "random_calls_agree_with_a_model");
    uint64_t calls = 0, bytes = 0, live_bytes = 0, peak = 0;
    double lifetimes[FIRN_PROFILE_LIFETIMES] = {0};
    firn_profile *profile;
    firn_profile_stats stats;
    assert_int_equal(firn_profile_create(NULL, &profile), FIRN_OK);
    const firn_allocator *allocator = firn_profile_allocator(profile);
    firn_profile_start(profile);
    for (int i = 0; i < STEPS; i++) {
        const size_t at = rng_below(&random, BLOCKS), size = 1 + rng_below(&random, 300);
        const bool is_resize = live[at].block != NULL && rng_below(&random, 3) == 0;
        if (live[at].block != NULL) {
            unsigned slot = 0;
            /* a block that is resized ends before the new one begins */
            while (firn_profile_lifetime(slot) < calls - live[at].born)
                slot++;
            lifetimes[slot]++;
            live_bytes -= live[at].size;
        }
        if (is_resize) {
            live[at].block = firn_reallocate(allocator, live[at].block, live[at].size, size);
        } else if (live[at].block != NULL) {
            firn_release(allocator, live[at].block, live[at].size);
            live[at].block = NULL;
            continue;
        } else {
            live[at].block = firn_allocate(allocator, size);
        }
        assert_non_null(live[at].block);
        live[at].size = size;
        live[at].born = ++calls;
        bytes += size;
        live_bytes += size;
        peak = live_bytes > peak ? live_bytes : peak;
    }
    firn_profile_stats_get(profile, &stats);
    assert_int_equal(stats.calls, calls);
    assert_int_equal(stats.bytes, bytes);
    assert_int_equal(stats.live_bytes, live_bytes);
    assert_int_equal(stats.peak_bytes, peak);
    for (unsigned i = 0; i < FIRN_PROFILE_LIFETIMES; i++)
        assert_int_equal((uint64_t)stats.lifetimes[i], (uint64_t)lifetimes[i]);
    for (int i = 0; i < BLOCKS; i++)
        if (live[i].block != NULL)
            firn_release(allocator, live[i].block, live[i].size);
    firn_profile_stats_get(profile, &stats);
    assert_int_equal(stats.live_count, 0);
    firn_profile_destroy(profile);
}

static void sampled_lifetimes_are_right_on_average(void **state)
{
    (void)state;
    const firn_profile_options options = {.interval_bytes = 1000, .seed = 7};
    firn_profile *profile;
    firn_profile_stats stats;
    double sum = 0;
    assert_int_equal(firn_profile_create(&options, &profile), FIRN_OK);
    const firn_allocator *allocator = firn_profile_allocator(profile);
    firn_profile_start(profile);
    for (int i = 0; i < 100000; i++)
        firn_release(allocator, firn_allocate(allocator, 1 + (size_t)i % 200), 1 + (size_t)i % 200);
    firn_profile_stats_get(profile, &stats);
    for (unsigned i = 0; i < FIRN_PROFILE_LIFETIMES; i++)
        sum += stats.lifetimes[i];
    assert_int_equal(stats.calls, 100000);
    assert_true(sum > 80000 && sum < 120000);
    assert_true(stats.lifetimes[0] == sum);
    firn_profile_destroy(profile);
}

static void allocate_thrice(void *context, const firn_allocator *allocator)
{
    for (size_t i = 1; i <= 3; i++) {
        void *block = firn_allocate(allocator, i * 10);
        if (i < 3)
            firn_release(allocator, block, i * 10);
        else
            *(void **)context = block;
    }
}

static void a_function_is_counted(void **state)
{
    (void)state;
    firn_profile_stats stats;
    void *left = NULL;
    assert_int_equal(firn_profile_count(allocate_thrice, &left, NULL, &stats), FIRN_OK);
    assert_int_equal(stats.calls, 3);
    assert_int_equal(stats.bytes, 60);
    assert_int_equal(stats.live_bytes, 30);
    firn_release(NULL, left, 30);
    assert_int_equal(firn_profile_count(NULL, NULL, NULL, &stats), FIRN_INVALID);
    assert_int_equal(firn_profile_count(allocate_thrice, &left, NULL, NULL), FIRN_INVALID);
}

static void containers_live_in_a_profile(void **state)
{
    (void)state;
    firn_profile *profile;
    firn_profile_stats stats;
    firn_arena arena;
    assert_int_equal(firn_profile_create(NULL, &profile), FIRN_OK);
    firn_profile_start(profile);
    const firn_arena_options options = {.allocator = firn_profile_allocator(profile)};
    assert_int_equal(firn_arena_init(&arena, &options), FIRN_OK);
    assert_non_null(firn_arena_alloc(&arena, 100));
    firn_profile_stats_get(profile, &stats);
    assert_int_equal(stats.calls, 1);
    assert_true(stats.live_bytes >= 4096);
    firn_arena_fini(&arena);
    firn_profile_destroy(profile);
}

/* --- what fails --- */

static void wrong_options_are_invalid(void **state)
{
    (void)state;
    firn_profile *profile = NULL;
    const firn_profile_options reserved = {.reserved = {0, 1}};
    const firn_profile_options wide = {.interval_bytes = ((uint64_t)1 << 40) + 1};
    assert_int_equal(firn_profile_create(&reserved, &profile), FIRN_INVALID);
    assert_int_equal(firn_profile_create(&wide, &profile), FIRN_INVALID);
    assert_null(profile);
    firn_profile_destroy(NULL);
}

static void failures_are_counted_and_change_nothing(void **state)
{
    (void)state;
    failing memory;
    firn_profile_stats stats;
    firn_profile *profile;
    failing_init(&memory, 0);
    const firn_profile_options options = {.allocator = &memory.allocator};
    assert_int_equal(firn_profile_create(&options, &profile), FIRN_OK);
    const firn_allocator *allocator = firn_profile_allocator(profile);
    firn_profile_start(profile);
    void *block = firn_allocate(allocator, 64);
    memory.fail_at = 2;
    assert_null(firn_allocate(allocator, 64));
    memory.fail_at = 3;
    assert_null(firn_reallocate(allocator, block, 64, 128));
    firn_profile_stats_get(profile, &stats);
    assert_int_equal(stats.failed, 2);
    assert_int_equal(stats.calls, 1);
    assert_int_equal(stats.live_bytes, 64);
    firn_release(allocator, block, 64);
    firn_profile_destroy(profile);
    failing_check(&memory);
}

/* The program's own allocations go on when the profile has no memory for itself. */
static void a_profile_without_memory_loses_lifetimes_only(void **state)
{
    (void)state;
    for (unsigned at = 1; at <= 3; at++) {
        failing memory;
        firn_profile_stats stats;
        firn_profile *profile = NULL;
        failing_init(&memory, at);
        const firn_profile_options options = {.own = &memory.allocator};
        const firn_status status = firn_profile_create(&options, &profile);
        assert_int_equal(status, at == 1 ? FIRN_NO_MEMORY : FIRN_OK);
        if (status != FIRN_OK)
            continue;
        firn_profile_start(profile);
        void *blocks[400];
        for (int i = 0; i < 400; i++)
            assert_non_null(blocks[i] = firn_allocate(firn_profile_allocator(profile), 32));
        for (int i = 0; i < 400; i++)
            firn_release(firn_profile_allocator(profile), blocks[i], 32);
        firn_profile_stats_get(profile, &stats);
        assert_int_equal(stats.calls, 400);
        assert_int_equal(stats.live_count, 0);
        assert_true(stats.lost >= 1);
        firn_profile_destroy(profile);
        failing_check(&memory);
    }
}

/* --- benchmarks --- */

static void spin(void *context, const firn_allocator *allocator)
{
    (void)allocator;
    for (volatile unsigned i = 0; i < *(unsigned *)context; i++)
        continue;
}

static void a_longer_function_takes_longer(void **state)
{
    (void)state;
    unsigned few = 500, many = 5000;
    const firn_measure_subject subjects[] = {{spin, &few, NULL}, {spin, &many, NULL}};
    firn_measure_result results[2];
    for (uint32_t wall = 0; wall < 2; wall++) {
        const firn_measure_options options = {.runs = 5, .run_ns = 300000, .wall_clock = wall};
        assert_int_equal(firn_measure(subjects, 2, &options, results), FIRN_OK);
        for (int i = 0; i < 2; i++) {
            assert_true(results[i].least_ns <= results[i].median_ns);
            assert_true(results[i].median_ns <= results[i].most_ns);
            assert_true(results[i].repeats >= 1);
        }
        assert_true(results[1].least_ns > 3 * results[0].least_ns);
    }
}

static void wrong_measures_are_invalid(void **state)
{
    (void)state;
    unsigned few = 5;
    firn_measure_result result;
    const firn_measure_subject subject = {spin, &few, NULL}, none = {NULL, NULL, NULL};
    const firn_measure_options runs = {.runs = FIRN_MEASURE_RUNS_MAX + 1};
    const firn_measure_options clock = {.wall_clock = 2}, reserved = {.reserved = {1}};
    const firn_measure_options length = {.run_ns = ((uint64_t)1 << 40) + 1};
    assert_int_equal(firn_measure(&subject, 1, &runs, &result), FIRN_INVALID);
    assert_int_equal(firn_measure(&subject, 1, &clock, &result), FIRN_INVALID);
    assert_int_equal(firn_measure(&subject, 1, &reserved, &result), FIRN_INVALID);
    assert_int_equal(firn_measure(&subject, 1, &length, &result), FIRN_INVALID);
    assert_int_equal(firn_measure(&none, 1, NULL, &result), FIRN_INVALID);
    assert_int_equal(firn_measure(&subject, 0, NULL, &result), FIRN_INVALID);
    assert_int_equal(firn_measure(NULL, 1, NULL, &result), FIRN_INVALID);
    assert_int_equal(firn_measure(&subject, 1, NULL, NULL), FIRN_INVALID);
}

/* --- recommendations --- */

static void what_is_kept_goes_to_an_arena(void **state)
{
    (void)state;
    firn_profile_stats stats = {.calls = 1000, .bytes = 40000, .peak_count = 990};
    firn_recommendation found;
    stats.sizes[3] = 1000; /* up to 48 bytes */
    assert_int_equal(firn_recommend(&stats, &found), FIRN_OK);
    assert_int_equal(found.mode, FIRN_MODE_COMPILER);
    assert_int_equal(found.chunk_bytes, 8192);
    assert_int_equal(found.expected_bytes, 48000);
    assert_int_equal(found.malloc_bytes, 990 * 56);
    assert_non_null(strstr(found.reason, "1000 blocks"));
}

static void what_is_freed_goes_to_pools(void **state)
{
    (void)state;
    firn_profile_stats stats = {.calls = 1000, .bytes = 40000, .peak_count = 10};
    firn_recommendation found;
    stats.sizes[3] = 300;
    stats.sizes[6] = 500;
    stats.sizes[9] = 100;
    stats.sizes[11] = 99;
    stats.sizes[70] = 1;
    assert_int_equal(firn_recommend(&stats, &found), FIRN_OK);
    assert_int_equal(found.mode, FIRN_MODE_RUNTIME);
    assert_int_equal(found.chunk_bytes, 0);
    assert_int_equal(found.pool_count, 3);
    assert_int_equal(found.pool_bytes[0], 96);
    assert_int_equal(found.pool_bytes[1], 48);
    assert_int_equal(found.pool_bytes[2], 144);
    assert_true(found.expected_bytes < found.malloc_bytes);
    for (unsigned i = 1; i <= 6; i++)
        stats.sizes[i] = 150;
    assert_int_equal(firn_recommend(&stats, &found), FIRN_OK);
    assert_int_equal(found.pool_count, FIRN_RECOMMEND_POOLS);
    for (unsigned i = 0; i < 4; i++)
        assert_int_equal(found.pool_bytes[i], 16 * (i + 1));
}

static void nothing_recommends_nothing(void **state)
{
    (void)state;
    const firn_profile_stats stats = {.calls = 0};
    firn_recommendation found;
    assert_int_equal(firn_recommend(&stats, &found), FIRN_NOT_FOUND);
    assert_int_equal(firn_recommend(NULL, &found), FIRN_INVALID);
    assert_int_equal(firn_recommend(&stats, NULL), FIRN_INVALID);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(slots_are_in_order_and_hold_their_sizes),
        cmocka_unit_test(every_size_is_counted_in_its_slot),
        cmocka_unit_test(figures_are_those_of_the_calls),
        cmocka_unit_test(random_calls_agree_with_a_model),
        cmocka_unit_test(sampled_lifetimes_are_right_on_average),
        cmocka_unit_test(a_function_is_counted),
        cmocka_unit_test(containers_live_in_a_profile),
        cmocka_unit_test(wrong_options_are_invalid),
        cmocka_unit_test(failures_are_counted_and_change_nothing),
        cmocka_unit_test(a_profile_without_memory_loses_lifetimes_only),
        cmocka_unit_test(a_longer_function_takes_longer),
        cmocka_unit_test(wrong_measures_are_invalid),
        cmocka_unit_test(what_is_kept_goes_to_an_arena),
        cmocka_unit_test(what_is_freed_goes_to_pools),
        cmocka_unit_test(nothing_recommends_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
