/* A swapper's calls, one by one: tiers by age, limit and command, and each refusal. */
#include "support/failing.h"
#include "support/sleepers.h"
#include "support/tempdir.h"

#include <setjmp.h>
#include <stdarg.h>
#include <cmocka.h>

#include <errno.h>

#define SECOND UINT64_C(1000000000)

static uint64_t now_ns;

static uint64_t clock_of_the_test(void *context)
{
    (void)context;
    return now_ns;
}

static firn_swapper_options options_of_the_test(const char *store)
{
    return (firn_swapper_options){
        .store = store, .no_thread = true, .ignore_pressure = true, .clock_ns = clock_of_the_test};
}

static firn_swapper *make(const firn_swapper_options *options)
{
    firn_swapper *swapper;
    firn_error error;
    if (firn_swapper_create(options, &swapper, &error) != FIRN_OK)
        fail_msg("%s", error.text);
    return swapper;
}

static void put(firn_swapper *swapper, sleeper *one, uint32_t number)
{
    rng random;
    rng_seed(&random, number);
    sleeper_create(one, number, NULL);
    for (int i = 0; i < 10; i++)
        sleeper_write(one, &random);
    assert_int_equal(firn_swapper_put(swapper, one->region, NULL, &one->resident), FIRN_OK);
}

static void end(firn_swapper *swapper, sleeper *one)
{
    assert_int_equal(firn_swapper_remove(swapper, one->resident, true, NULL), FIRN_OK);
    firn_region_destroy(one->region);
}

static void pass(firn_swapper *swapper, uint64_t seconds)
{
    now_ns += seconds * SECOND;
    assert_int_equal(firn_swapper_tick(swapper, NULL), FIRN_OK);
}

static void bad_options_are_refused(void **state)
{
    (void)state;
    firn_swapper *swapper = NULL;
    firn_error error;
    firn_swapper_options bad[] = {
        {.store_quota_bytes = 1 << 20},
        {.age_ms = {UINT32_MAX}},
        {.level = {20}},
        {.level = {0, -3}},
        {.reserved = {0, 1}},
    };
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        assert_int_equal(firn_swapper_create(&bad[i], &swapper, &error), FIRN_INVALID);
    assert_null(swapper);
    firn_swapper_options nowhere = {.store = "/proc/nowhere"};
    assert_int_not_equal(firn_swapper_create(&nowhere, &swapper, &error), FIRN_OK);
    firn_swapper_destroy(NULL);
}

static void what_is_unused_goes_down_by_its_age(void **state)
{
    (void)state;
    char folder[TEMPDIR_PATH_BYTES];
    tempdir_make_fast(folder);
    firn_swapper_options options = options_of_the_test(folder);
    firn_swapper *swapper = make(&options);
    sleeper one;
    put(swapper, &one, 1);
    static const struct {
        uint64_t seconds;
        firn_tier tier;
    } steps[] = {{29, FIRN_TIER_HOT},     {2, FIRN_TIER_WARM},    {268, FIRN_TIER_WARM},
                 {2, FIRN_TIER_COLD},     {3298, FIRN_TIER_COLD}, {2, FIRN_TIER_FROZEN},
                 {9999, FIRN_TIER_FROZEN}};
    for (size_t i = 0; i < sizeof steps / sizeof *steps; i++) {
        pass(swapper, steps[i].seconds);
        assert_int_equal(firn_swapper_tier_of(swapper, one.resident), steps[i].tier);
    }
    firn_swapper_stats stats;
    firn_swapper_stats_get(swapper, &stats);
    assert_int_equal(stats.tier[FIRN_TIER_FROZEN].region_count, 1);
    assert_int_equal(stats.tier[FIRN_TIER_COLD].demote_count, 1);
    assert_int_equal(stats.commit_count, 1);
    assert_int_equal(firn_swapper_pin(swapper, one.resident, NULL), FIRN_OK);
    sleeper_check(&one, true);
    pass(swapper, 9999); /* pinned: it stays */
    assert_int_equal(firn_swapper_tier_of(swapper, one.resident), FIRN_TIER_HOT);
    assert_int_equal(firn_swapper_unpin(swapper, one.resident), FIRN_OK);
    now_ns -= 5000 * SECOND; /* the clock goes back: no time has passed */
    pass(swapper, 0);
    assert_int_equal(firn_swapper_tier_of(swapper, one.resident), FIRN_TIER_HOT);
    firn_swapper_stats_get(swapper, &stats);
    assert_int_equal(stats.tier[FIRN_TIER_FROZEN].wake_count, 1);
    end(swapper, &one);
    firn_swapper_destroy(swapper);
    tempdir_remove(folder);
}

static uint32_t age_of(firn_swapper *swapper, firn_tier tier)
{
    firn_swapper_stats stats;
    firn_swapper_stats_get(swapper, &stats);
    return stats.tier[tier].age_ms;
}

static void use(firn_swapper *swapper, sleeper *one)
{
    assert_int_equal(firn_swapper_pin(swapper, one->resident, NULL), FIRN_OK);
    assert_int_equal(firn_swapper_unpin(swapper, one->resident), FIRN_OK);
}

/* What comes back after it aged makes the ageing slower, and only that. */
static void ages_follow_the_promotions(void **state)
{
    (void)state;
    firn_swapper_options options = options_of_the_test(NULL);
    firn_swapper *swapper = make(&options);
    sleeper one, other;
    put(swapper, &one, 1);
    put(swapper, &other, 2);
    assert_int_equal(firn_swapper_pin(swapper, other.resident, NULL), FIRN_OK); /* stays hot */
    pass(swapper, 61);
    assert_int_equal(age_of(swapper, FIRN_TIER_HOT), 30000);
    for (int i = 0; i < 3; i++) { /* by command: no word about ages */
        assert_int_equal(firn_swapper_hibernate(swapper, one.resident, FIRN_TIER_COLD, NULL),
                         FIRN_OK);
        use(swapper, &one);
        pass(swapper, 20);
    }
    pass(swapper, 1);
    assert_int_equal(age_of(swapper, FIRN_TIER_HOT), 30000);
    assert_int_equal(age_of(swapper, FIRN_TIER_WARM), 300000);
    pass(swapper, 30);
    assert_int_equal(firn_swapper_tier_of(swapper, one.resident), FIRN_TIER_WARM);
    use(swapper, &one);
    assert_int_equal(age_of(swapper, FIRN_TIER_HOT), 30000);
    pass(swapper, 31);
    assert_int_equal(age_of(swapper, FIRN_TIER_HOT), 45000);
    assert_int_equal(age_of(swapper, FIRN_TIER_WARM), 300000);
    assert_int_equal(firn_swapper_tier_of(swapper, one.resident), FIRN_TIER_HOT);
    pass(swapper, 13);
    assert_int_equal(firn_swapper_tier_of(swapper, one.resident), FIRN_TIER_HOT);
    pass(swapper, 2);
    assert_int_equal(firn_swapper_tier_of(swapper, one.resident), FIRN_TIER_WARM);
    for (int i = 0; i < 6; i++) /* nothing comes back: an eighth less a minute */
        pass(swapper, 60);
    assert_int_equal(firn_swapper_tier_of(swapper, one.resident), FIRN_TIER_COLD);
    assert_int_equal(age_of(swapper, FIRN_TIER_HOT), 30000);
    use(swapper, &one); /* warm let it go too early */
    pass(swapper, 60);
    assert_int_equal(age_of(swapper, FIRN_TIER_HOT), 30000);
    assert_int_equal(age_of(swapper, FIRN_TIER_WARM), 450000);
    assert_int_equal(age_of(swapper, FIRN_TIER_COLD), 3600000);
    assert_int_equal(age_of(swapper, FIRN_TIER_FROZEN), 0);
    assert_int_equal(firn_swapper_unpin(swapper, other.resident), FIRN_OK);
    end(swapper, &one);
    end(swapper, &other);
    firn_swapper_destroy(swapper);
}

static void ages_grow_to_32_times_what_they_were(void **state)
{
    (void)state;
    firn_swapper_options options = options_of_the_test(NULL);
    options.age_ms[FIRN_TIER_HOT] = 1000;
    options.age_ms[FIRN_TIER_WARM] = INT32_MAX;
    firn_swapper *swapper = make(&options);
    sleeper one;
    put(swapper, &one, 1);
    for (int i = 0; i < 20; i++) {
        pass(swapper, 61);
        assert_int_equal(firn_swapper_tier_of(swapper, one.resident), FIRN_TIER_WARM);
        use(swapper, &one);
    }
    assert_int_equal(age_of(swapper, FIRN_TIER_HOT), 32000);
    assert_int_equal(age_of(swapper, FIRN_TIER_WARM), INT32_MAX);
    end(swapper, &one);
    firn_swapper_destroy(swapper);
}

/* What goes for want of room tells nothing of ages. */
static void ages_do_not_follow_the_limit(void **state)
{
    (void)state;
    firn_swapper_options options = options_of_the_test(NULL);
    options.limit_bytes = 1 << 20;
    firn_swapper *swapper = make(&options);
    sleeper one, other;
    put(swapper, &one, 1);
    put(swapper, &other, 2);
    firn_allocator memory = firn_region_allocator(other.region);
    memset(firn_allocate(&memory, 2 << 20), 7, 2 << 20);
    pass(swapper, 1); /* its size is known now */
    assert_int_equal(firn_swapper_pin(swapper, other.resident, NULL), FIRN_OK);
    for (int i = 0; i < 8; i++) {
        use(swapper, &one);
        pass(swapper, 10);
        assert_int_not_equal(firn_swapper_tier_of(swapper, one.resident), FIRN_TIER_HOT);
    }
    assert_int_equal(age_of(swapper, FIRN_TIER_HOT), 30000);
    assert_int_equal(age_of(swapper, FIRN_TIER_WARM), 300000);
    assert_int_equal(firn_swapper_unpin(swapper, other.resident), FIRN_OK);
    end(swapper, &one);
    end(swapper, &other);
    firn_swapper_destroy(swapper);
}

static void near_the_limit_the_oldest_go_first(void **state)
{
    (void)state;
    enum { COUNT = 6 };
    sleeper all[COUNT];
    firn_swapper_options options = options_of_the_test(NULL);
    options.limit_bytes = 3 << 20;
    firn_swapper *swapper = make(&options);
    for (uint32_t i = 0; i < COUNT; i++) {
        put(swapper, &all[i], i);
        firn_allocator memory = firn_region_allocator(all[i].region);
        void *filling = firn_allocate(&memory, 900000);
        assert_non_null(filling);
        memset(filling, 7, 900000);
        now_ns += SECOND;
        assert_int_equal(firn_swapper_pin(swapper, all[i].resident, NULL), FIRN_OK);
        if (i != 1)
            assert_int_equal(firn_swapper_unpin(swapper, all[i].resident), FIRN_OK);
    }
    pass(swapper, 1);
    firn_usage usage;
    firn_swapper_usage(swapper, &usage);
    assert_in_range(usage.resident_bytes, 1, 3 << 20);
    static const firn_tier tiers[COUNT] = {FIRN_TIER_WARM, FIRN_TIER_HOT /* pinned */,
                                           FIRN_TIER_WARM, FIRN_TIER_WARM,
                                           FIRN_TIER_WARM, FIRN_TIER_HOT};
    for (uint32_t i = 0; i < COUNT; i++)
        if (i < 3 || i == COUNT - 1)
            assert_int_equal(firn_swapper_tier_of(swapper, all[i].resident), tiers[i]);
    assert_int_equal(firn_swapper_unpin(swapper, all[1].resident), FIRN_OK);
    for (uint32_t i = 0; i < COUNT; i++)
        end(swapper, &all[i]);
    firn_swapper_destroy(swapper);
}

static void commands_send_down_and_refusals_are_told(void **state)
{
    (void)state;
    char folder[TEMPDIR_PATH_BYTES];
    tempdir_make_fast(folder);
    firn_swapper_options options = options_of_the_test(NULL);
    firn_swapper *bare = make(&options);
    options.store = folder;
    firn_swapper *swapper = make(&options);
    sleeper one, other;
    firn_error error;
    put(swapper, &one, 1);
    put(bare, &other, 2);
    assert_int_equal(firn_swapper_hibernate(bare, other.resident, FIRN_TIER_FROZEN, &error),
                     FIRN_INVALID);
    assert_int_equal(firn_swapper_hibernate(swapper, one.resident, FIRN_TIER_HOT, &error),
                     FIRN_INVALID);
    assert_int_equal(firn_swapper_unpin(swapper, one.resident), FIRN_INVALID);
    assert_int_equal(firn_swapper_pin(swapper, one.resident, NULL), FIRN_OK);
    assert_int_equal(firn_swapper_pin(swapper, one.resident, NULL), FIRN_OK);
    assert_int_equal(firn_swapper_unpin(swapper, one.resident), FIRN_OK);
    assert_int_equal(firn_swapper_hibernate(swapper, one.resident, FIRN_TIER_WARM, &error),
                     FIRN_BUSY);
    assert_int_equal(firn_swapper_remove(swapper, one.resident, false, &error), FIRN_BUSY);
    assert_int_equal(firn_swapper_unpin(swapper, one.resident), FIRN_OK);
    for (int tier = FIRN_TIER_WARM; tier < FIRN_TIER_COUNT; tier++) {
        assert_int_equal(firn_swapper_hibernate(swapper, one.resident, (firn_tier)tier, &error),
                         FIRN_OK);
        assert_int_equal(firn_swapper_tier_of(swapper, one.resident), tier);
    }
    assert_int_equal(firn_region_state_get(one.region), FIRN_REGION_AWAY);
    assert_int_equal(firn_swapper_hibernate(swapper, one.resident, FIRN_TIER_WARM, &error),
                     FIRN_OK); /* deeper already */
    /* Taken out of care it is whole, and asleep. */
    assert_int_equal(firn_swapper_remove(swapper, one.resident, false, &error), FIRN_OK);
    assert_int_equal(firn_region_state_get(one.region), FIRN_REGION_ASLEEP);
    assert_int_equal(firn_region_wake(one.region), FIRN_OK);
    sleeper_check(&one, true);
    firn_region_destroy(one.region);
    end(bare, &other);
    firn_swapper_destroy(bare);
    firn_swapper_destroy(swapper);
    tempdir_remove(folder);
}

static uint64_t packed_bytes(const sleeper *one)
{
    firn_region_stats stats;
    firn_region_stats_get(one->region, &stats);
    return stats.packed_bytes;
}

static void each_tier_packs_in_its_own_way(void **state)
{
    (void)state;
    firn_swapper_options options = options_of_the_test(NULL);
    firn_swapper *swapper = make(&options);
    firn_region_template *sibling;
    sleeper one, other;
    put(swapper, &one, 5);
    assert_int_equal(firn_region_template_create(one.region, &sibling), FIRN_OK);
    rng random;
    rng_seed(&random, 5);
    sleeper_create(&other, 5, NULL); /* as the first one is */
    for (int i = 0; i < 10; i++)
        sleeper_write(&other, &random);
    assert_int_equal(firn_swapper_put(swapper, other.region, sibling, &other.resident), FIRN_OK);
    firn_region_template_release(sibling);
    assert_int_equal(firn_swapper_hibernate(swapper, one.resident, FIRN_TIER_WARM, NULL), FIRN_OK);
    uint64_t warm = packed_bytes(&one);
    assert_int_equal(firn_swapper_hibernate(swapper, one.resident, FIRN_TIER_COLD, NULL), FIRN_OK);
    uint64_t cold = packed_bytes(&one);
    assert_int_equal(firn_swapper_hibernate(swapper, other.resident, FIRN_TIER_COLD, NULL),
                     FIRN_OK);
    assert_in_range(cold, 1, warm - 1);
    assert_in_range(packed_bytes(&other), 0, cold / 4);
    end(swapper, &one);
    end(swapper, &other);
    firn_swapper_destroy(swapper);
}

static void the_store_does_not_grow_for_good(void **state)
{
    (void)state;
    char folder[TEMPDIR_PATH_BYTES];
    tempdir_make_fast(folder);
    firn_swapper_options options = options_of_the_test(folder);
    firn_swapper *swapper = make(&options);
    sleeper one;
    firn_usage usage;
    put(swapper, &one, 3);
    firn_allocator memory = firn_region_allocator(one.region);
    uint8_t *noise = firn_allocate(&memory, 1 << 20);
    assert_non_null(noise);
    rng random;
    rng_seed(&random, 1);
    rng_bytes(&random, noise, 1 << 20);
    for (int i = 0; i < 30; i++) {
        assert_int_equal(firn_swapper_hibernate(swapper, one.resident, FIRN_TIER_FROZEN, NULL),
                         FIRN_OK);
        assert_int_equal(firn_swapper_pin(swapper, one.resident, NULL), FIRN_OK);
        assert_int_equal(firn_swapper_unpin(swapper, one.resident), FIRN_OK);
        pass(swapper, 1);
    }
    sleeper_check(&one, true);
    firn_swapper_usage(swapper, &usage);
    assert_in_range(usage.disk_bytes, 1, 12 << 20);
    end(swapper, &one);
    firn_swapper_destroy(swapper);
    tempdir_remove(folder);
}

/* What happens while the store syncs. */
static struct {
    firn_swapper *swapper;
    sleeper *used; /* once */
    int error;
} syncing;

int __real_firn_os_fsync(int fd);
int __wrap_firn_os_fsync(int fd);

int __wrap_firn_os_fsync(int fd)
{
    sleeper *one = syncing.used;
    syncing.used = NULL;
    if (one != NULL) {
        rng random;
        rng_seed(&random, 9);
        assert_int_equal(firn_swapper_pin(syncing.swapper, one->resident, NULL), FIRN_OK);
        sleeper_write(one, &random);
        assert_int_equal(firn_swapper_unpin(syncing.swapper, one->resident), FIRN_OK);
        assert_int_equal(
            firn_swapper_hibernate(syncing.swapper, one->resident, FIRN_TIER_COLD, NULL), FIRN_OK);
    }
    return syncing.error != 0 ? syncing.error : __real_firn_os_fsync(fd);
}

static void what_is_used_while_the_store_syncs_stays(void **state)
{
    (void)state;
    char folder[TEMPDIR_PATH_BYTES];
    tempdir_make_fast(folder);
    firn_swapper_options options = options_of_the_test(folder);
    firn_swapper *swapper = make(&options);
    sleeper one;
    put(swapper, &one, 4);
    assert_int_equal(firn_swapper_hibernate(swapper, one.resident, FIRN_TIER_COLD, NULL), FIRN_OK);
    syncing.swapper = swapper;
    syncing.used = &one;
    assert_int_equal(firn_swapper_hibernate(swapper, one.resident, FIRN_TIER_FROZEN, NULL),
                     FIRN_BUSY);
    assert_null(syncing.used);
    assert_int_equal(firn_swapper_tier_of(swapper, one.resident), FIRN_TIER_COLD);
    syncing.error = EIO;
    assert_int_equal(firn_swapper_hibernate(swapper, one.resident, FIRN_TIER_FROZEN, NULL),
                     FIRN_IO);
    assert_int_equal(firn_swapper_tier_of(swapper, one.resident), FIRN_TIER_COLD);
    syncing.error = 0;
    assert_int_equal(firn_swapper_hibernate(swapper, one.resident, FIRN_TIER_FROZEN, NULL),
                     FIRN_OK);
    assert_int_equal(firn_swapper_pin(swapper, one.resident, NULL), FIRN_OK);
    sleeper_check(&one, true);
    assert_int_equal(firn_swapper_unpin(swapper, one.resident), FIRN_OK);
    end(swapper, &one);
    firn_swapper_destroy(swapper);
    tempdir_remove(folder);
}

static firn_status create_and_put(const firn_allocator *allocator, void *context)
{
    sleeper *one = context;
    firn_swapper_options options = options_of_the_test(NULL);
    options.allocator = allocator;
    firn_swapper *swapper;
    firn_status status = firn_swapper_create(&options, &swapper, NULL);
    if (status != FIRN_OK)
        return status;
    status = firn_swapper_put(swapper, one->region, NULL, &one->resident);
    firn_swapper_destroy(swapper); /* also with a resident */
    return status;
}

static void each_allocation_may_fail(void **state)
{
    (void)state;
    sleeper one;
    sleeper_create(&one, 1, NULL);
    assert_int_equal(failing_each(create_and_put, &one), 3);
    firn_region_destroy(one.region);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(bad_options_are_refused),
        cmocka_unit_test(what_is_unused_goes_down_by_its_age),
        cmocka_unit_test(ages_follow_the_promotions),
        cmocka_unit_test(ages_grow_to_32_times_what_they_were),
        cmocka_unit_test(ages_do_not_follow_the_limit),
        cmocka_unit_test(near_the_limit_the_oldest_go_first),
        cmocka_unit_test(commands_send_down_and_refusals_are_told),
        cmocka_unit_test(each_tier_packs_in_its_own_way),
        cmocka_unit_test(the_store_does_not_grow_for_good),
        cmocka_unit_test(what_is_used_while_the_store_syncs_stays),
        cmocka_unit_test(each_allocation_may_fail),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
