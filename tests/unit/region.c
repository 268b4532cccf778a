/* Regions: every call and each of its statuses. */
#include "support/random.h"
#include "support/region_heap.h"

static void a_heap_sleeps_and_wakes_at_every_level(void **state)
{
    (void)state;
    firn_region *region = region_make(NULL);
    list_make(region, 3000, 1);
    static const int levels[] = {0, 1, 3, 9, 19, FIRN_REGION_LEVEL_LZ4, FIRN_REGION_LEVEL_RAW};
    uint64_t first = 0;
    assert_int_equal(firn_region_digest(region, &first), FIRN_OK);
    for (size_t i = 0; i < sizeof(levels) / sizeof(levels[0]); i++) {
        uint64_t asleep = 0, awake = 0;
        const firn_region_hibernate_options options = {.level = levels[i]};
        assert_int_equal(firn_region_state_get(region), FIRN_REGION_AWAKE);
        assert_int_equal(firn_region_hibernate(region, &options), FIRN_OK);
        assert_int_equal(firn_region_state_get(region), FIRN_REGION_ASLEEP);
        assert_int_equal(firn_region_hibernate(region, &options), FIRN_OK);
        assert_int_equal(firn_region_digest(region, &asleep), FIRN_OK);
        assert_int_equal(firn_region_verify(region), FIRN_OK);
        firn_usage usage;
        firn_region_usage(region, &usage);
        firn_region_stats stats;
        firn_region_stats_get(region, &stats);
        assert_int_equal(stats.hibernate_count, i + 1);
        assert_int_equal(stats.packed_bytes, usage.compressed_bytes);
        assert_true(stats.block_count > 20);
        assert_true(levels[i] == FIRN_REGION_LEVEL_RAW
                        ? stats.raw_count == stats.block_count
                        : stats.packed_bytes * 10 < stats.plain_bytes);
        assert_int_equal(firn_region_wake(region), FIRN_OK);
        assert_int_equal(firn_region_wake(region), FIRN_OK);
        assert_int_equal(firn_region_verify(region), FIRN_OK);
        assert_int_equal(firn_region_digest(region, &awake), FIRN_OK);
        assert_int_equal(first, asleep);
        assert_int_equal(first, awake);
        assert_true(list_is_right(region, 3000));
    }
    firn_region_destroy(region);
}

static void a_template_makes_a_sibling_small(void **state)
{
    (void)state;
    firn_region *parent = region_make(NULL), *child = region_make(NULL);
    list_make(parent, 2000, 5);
    list_make(child, 2000, 5);
    firn_region_template *sibling = NULL;
    assert_int_equal(firn_region_template_create(parent, &sibling), FIRN_OK);
    assert_true(firn_region_template_id(sibling) != 0);
    firn_region_destroy(parent);
    firn_usage usage;
    firn_region_template_usage(sibling, &usage);
    assert_true(usage.live_bytes > 1000000);
    const firn_region_hibernate_options options = {.sibling = sibling};
    assert_int_equal(firn_region_hibernate(child, &options), FIRN_OK);
    firn_region_template_release(sibling); /* the image holds it */
    firn_region_stats stats;
    firn_region_stats_get(child, &stats);
    printf("a sibling of %llu bytes: %llu, %llu of %llu blocks the same\n",
           (unsigned long long)stats.plain_bytes, (unsigned long long)stats.packed_bytes,
           (unsigned long long)stats.sibling_count, (unsigned long long)stats.block_count);
    assert_true(stats.sibling_count * 10 > stats.block_count * 9);
    assert_true(stats.packed_bytes < 2000);
    assert_int_equal(firn_region_verify(child), FIRN_OK);
    assert_int_equal(firn_region_wake(child), FIRN_OK);
    assert_true(list_is_right(child, 2000));
    firn_region_destroy(child);
}

static void bad_options_are_invalid(void **state)
{
    (void)state;
    firn_region *region = NULL;
    const firn_region_options bad[] = {
        {.reserve_bytes = 1},
        {.reserve_bytes = FIRN_REGION_RESERVE_BYTES + 4096},
        {.reserve_bytes = (uint64_t)1 << 47},
        {.reserve_bytes = UINT64_MAX & ~(FIRN_REGION_RESERVE_BYTES - 1)},
        {.limit_bytes = FIRN_REGION_BLOCK_BYTES - 1},
        {.limit_bytes = FIRN_REGION_LIMIT_MIN_BYTES - 1},
        {.limit_bytes = FIRN_REGION_RESERVE_BYTES + 1},
        {.mode = FIRN_REGION_MODE_COUNT},
        {.reserved = {0, 0, 1}},
    };
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
        assert_int_equal(firn_region_create(&bad[i], &region), FIRN_INVALID);
    assert_null(region);
    const firn_region_options huge = {.reserve_bytes = (uint64_t)127 << 40};
    assert_int_equal(firn_region_create(&huge, &region), FIRN_NO_MEMORY);
    region = region_make(NULL);
    const firn_region_hibernate_options bad_sleep[] = {
        {.level = 20}, {.level = -3}, {.reserved = {1}}};
    for (size_t i = 0; i < sizeof(bad_sleep) / sizeof(bad_sleep[0]); i++)
        assert_int_equal(firn_region_hibernate(region, &bad_sleep[i]), FIRN_INVALID);
    firn_region_template *sibling = NULL;
    assert_int_equal(firn_region_template_create(region, &sibling), FIRN_OK);
    const firn_region_hibernate_options both = {.level = FIRN_REGION_LEVEL_LZ4, .sibling = sibling};
    assert_int_equal(firn_region_hibernate(region, &both), FIRN_INVALID);
    firn_region_template_release(sibling);
    firn_region_template_release(NULL);
    assert_int_equal(firn_region_state_get(region), FIRN_REGION_AWAKE);
    firn_region_destroy(region);
    firn_region_destroy(NULL);
}

static void pins_keep_it_awake(void **state)
{
    (void)state;
    firn_region *region = region_make(NULL);
    struct node *first = list_make(region, 100, 9);
    assert_int_equal(firn_region_unpin(region), FIRN_INVALID);
    assert_int_equal(firn_region_hibernate(region, NULL), FIRN_OK);
    assert_int_equal(firn_region_pin(region, &region, 8), FIRN_INVALID);
    assert_int_equal(firn_region_pin(region, NULL, 8), FIRN_INVALID);
    assert_int_equal(firn_region_pin(region, firn_region_base(region), SIZE_MAX), FIRN_INVALID);
    assert_int_equal(firn_region_state_get(region), FIRN_REGION_ASLEEP);
    assert_int_equal(firn_region_pin(region, first, sizeof(*first)), FIRN_OK);
    assert_int_equal(firn_region_pin(region, NULL, 0), FIRN_OK);
    assert_true(list_is_right(region, 100));
    assert_int_equal(firn_region_hibernate(region, NULL), FIRN_BUSY);
    assert_int_equal(firn_region_unpin(region), FIRN_OK);
    assert_int_equal(firn_region_hibernate(region, NULL), FIRN_BUSY);
    assert_int_equal(firn_region_unpin(region), FIRN_OK);
    assert_int_equal(firn_region_hibernate(region, NULL), FIRN_OK);
    firn_region_destroy(region);
}

static void an_eager_region_that_sleeps_gives_no_memory(void **state)
{
    (void)state;
    firn_region *region = region_make(NULL);
    firn_allocator memory = firn_region_allocator(region);
    void *block = firn_allocate(&memory, 100);
    assert_int_equal(firn_region_usable_size(region, block), 112);
    assert_int_equal(firn_region_usable_size(region, &region), 0);
    assert_int_equal(firn_region_hibernate(region, NULL), FIRN_OK);
    assert_null(firn_allocate(&memory, 100));
    assert_null(firn_reallocate(&memory, block, 100, 200));
    assert_null(firn_region_alloc_aligned(region, 100, 4096));
    assert_int_equal(firn_region_usable_size(region, block), 0);
    firn_region_template *sibling = NULL;
    assert_int_equal(firn_region_template_create(region, &sibling), FIRN_BUSY);
    assert_int_equal(firn_region_wake(region), FIRN_OK);
    void *aligned = firn_region_alloc_aligned(region, 100, 4096);
    assert_int_equal((uintptr_t)aligned % 4096, 0);
    firn_release(&memory, aligned, 100);
    firn_release(&memory, block, 100);
    firn_region_destroy(region);
}

static void the_limit_holds(void **state)
{
    (void)state;
    const firn_region_options options = {.limit_bytes = 8 << 20};
    firn_region *region = region_make(&options);
    firn_allocator memory = firn_region_allocator(region);
    size_t count = 0;
    while (firn_allocate(&memory, 10000) != NULL)
        count++;
    assert_true(count > 600 && count * 10000 < 8 << 20);
    assert_int_equal(firn_region_hibernate(region, NULL), FIRN_OK);
    assert_int_equal(firn_region_wake(region), FIRN_OK);
    assert_null(firn_allocate(&memory, 10000));
    firn_region_destroy(region);
}

static void the_root_and_the_range_are_known(void **state)
{
    (void)state;
    const firn_region_options options = {.reserve_bytes = 3 * FIRN_REGION_RESERVE_BYTES};
    firn_region *region = region_make(&options), *other = region_make(NULL);
    uint8_t *base = firn_region_base(region);
    assert_int_equal((uintptr_t)base % FIRN_REGION_RESERVE_BYTES, 0);
    assert_int_equal(firn_region_reserve_bytes(region), options.reserve_bytes);
    assert_true(firn_region_contains(region, base));
    assert_true(firn_region_contains(region, base + options.reserve_bytes - 1));
    assert_false(firn_region_contains(region, base + options.reserve_bytes));
    assert_false(firn_region_contains(region, base - 1));
    assert_true(firn_region_id(region) != firn_region_id(other));
    assert_null(firn_region_root(region));
    assert_int_equal(firn_region_root_set(region, firn_region_base(other)), FIRN_INVALID);
    assert_int_equal(firn_region_root_set(region, base + 64), FIRN_OK);
    assert_int_equal(firn_region_hibernate(region, NULL), FIRN_OK);
    assert_ptr_equal(firn_region_root(region), base + 64);
    assert_int_equal(firn_region_root_set(region, NULL), FIRN_OK);
    firn_region_destroy(other);
    firn_region_destroy(region);
}

static void memory_of_another_region_is_left_alone(void **state)
{
    (void)state;
    firn_region *region = region_make(NULL), *other = region_make(NULL);
    firn_allocator memory = firn_region_allocator(region), others = firn_region_allocator(other);
    void *mine = firn_allocate(&memory, 100), *foreign = firn_allocate(&others, 100);
    firn_usage before, after;
    firn_region_usage(region, &before);
    assert_int_equal(firn_region_usable_size(region, foreign), 0);
    firn_release(&memory, foreign, 100);
    assert_null(firn_reallocate(&memory, foreign, 100, 200));
    assert_int_equal(firn_region_pin(region, foreign, 100), FIRN_INVALID);
    assert_int_equal(firn_region_root_set(region, foreign), FIRN_INVALID);
    firn_region_usage(region, &after);
    assert_memory_equal(&before, &after, sizeof(before));
    void *more = firn_allocate(&memory, 100);
    assert_true(firn_region_contains(region, more) && more != mine);
    assert_int_equal(firn_region_verify(region), FIRN_OK);
    assert_int_equal(firn_region_verify(other), FIRN_OK);
    firn_region_destroy(other);
    firn_region_destroy(region);
}

/* All values of a word near the range and the marker, at all alignments. */
static void words_that_look_like_pointers_come_back(void **state)
{
    (void)state;
    const firn_region_options options = {.reserve_bytes = 2 * FIRN_REGION_RESERVE_BYTES};
    firn_region *region = region_make(&options);
    firn_allocator memory = firn_region_allocator(region);
    uint64_t upper = (uintptr_t)firn_region_base(region) >> 32;
    static const uint64_t marker = 0xf1240000;
    uint64_t *words = firn_allocate(&memory, 100000 * 8), *copy = malloc(100000 * 8);
    rng random;
    rng_init(&random, "unit_region");
    for (size_t i = 0; i < 100000; i++) {
        uint64_t low = rng_next(&random) & UINT32_MAX;
        uint64_t high = (rng_below(&random, 2) ? upper : marker) - 2;
        words[i] = (high + rng_below(&random, 6)) << 32 | low;
        if (rng_below(&random, 8) == 0)
            words[i] = words[i] << 16 | words[i] >> 48;
    }
    memcpy(copy, words, 100000 * 8);
    assert_int_equal(firn_region_hibernate(region, NULL), FIRN_OK);
    assert_int_equal(firn_region_wake(region), FIRN_OK);
    assert_memory_equal(words, copy, 100000 * 8);
    free(copy);
    firn_region_destroy(region);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_heap_sleeps_and_wakes_at_every_level),
        cmocka_unit_test(a_template_makes_a_sibling_small),
        cmocka_unit_test(bad_options_are_invalid),
        cmocka_unit_test(pins_keep_it_awake),
        cmocka_unit_test(an_eager_region_that_sleeps_gives_no_memory),
        cmocka_unit_test(the_limit_holds),
        cmocka_unit_test(the_root_and_the_range_are_known),
        cmocka_unit_test(memory_of_another_region_is_left_alone),
        cmocka_unit_test(words_that_look_like_pointers_come_back),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
