/* S3-FIFO over ids: its limit, its queues and its ghosts, and that it beats LRU where it should. */
#include "support/failing.h"
#include "support/random.h"

#include <firn/policy.h>

#include <setjmp.h>
#include <stdarg.h>
#include <cmocka.h>

typedef struct evictions {
    uint64_t count, bytes, last;
} evictions;

static void count_eviction(void *context, uint64_t id, uint64_t size)
{
    evictions *seen = context;
    seen->count++;
    seen->bytes += size;
    seen->last = id;
}

static firn_policy *make(uint64_t limit_bytes, evictions *seen)
{
    firn_policy *policy;
    firn_policy_options options = {.limit_bytes = limit_bytes,
                                   .evicted = seen != NULL ? count_eviction : NULL,
                                   .context = seen};
    assert_int_equal(firn_policy_create(&options, &policy), FIRN_OK);
    return policy;
}

static void options_out_of_range_are_refused(void **state)
{
    (void)state;
    firn_policy *policy;
    firn_policy_options options = {.limit_bytes = 0};
    assert_int_equal(firn_policy_create(NULL, &policy), FIRN_INVALID);
    assert_int_equal(firn_policy_create(&options, &policy), FIRN_INVALID);
    options = (firn_policy_options){.limit_bytes = 100, .small_percent = 91};
    assert_int_equal(firn_policy_create(&options, &policy), FIRN_INVALID);
    options = (firn_policy_options){.limit_bytes = 100, .reserved = {0, 1}};
    assert_int_equal(firn_policy_create(&options, &policy), FIRN_INVALID);
    firn_policy_destroy(NULL);
}

static void an_entry_that_was_not_used_leaves_first(void **state)
{
    (void)state;
    evictions seen = {0};
    firn_policy *policy = make(10, &seen);
    for (uint64_t id = 1; id <= 10; id++)
        assert_int_equal(firn_policy_put(policy, id, 1), FIRN_OK);
    assert_true(firn_policy_get(policy, 1) && firn_policy_get(policy, 1));
    assert_int_equal(firn_policy_put(policy, 11, 1), FIRN_OK);
    assert_int_equal(seen.count, 1);
    assert_int_equal(seen.last, 2); /* 1 went to the main queue */
    assert_true(firn_policy_get(policy, 1));
    assert_false(firn_policy_get(policy, 2));
    firn_policy_destroy(policy);
}

static void a_ghost_comes_back_to_the_main_queue(void **state)
{
    (void)state;
    firn_policy *policy = make(10, NULL);
    for (uint64_t id = 1; id <= 12; id++)
        assert_int_equal(firn_policy_put(policy, id, 1), FIRN_OK);
    assert_false(firn_policy_get(policy, 1));
    assert_int_equal(firn_policy_put(policy, 1, 1), FIRN_OK);
    for (uint64_t id = 100; id < 200; id++) /* a scan goes through the small queue alone */
        assert_int_equal(firn_policy_put(policy, id, 1), FIRN_OK);
    assert_true(firn_policy_get(policy, 1));
    firn_policy_destroy(policy);
}

static void sizes_count_and_errors_are_told(void **state)
{
    (void)state;
    evictions seen = {0};
    firn_policy *policy = make(100, &seen);
    assert_int_equal(firn_policy_put(policy, 1, 0), FIRN_INVALID);
    assert_int_equal(firn_policy_put(policy, 1, 101), FIRN_LIMIT);
    assert_int_equal(firn_policy_put(policy, 1, 60), FIRN_OK);
    assert_int_equal(firn_policy_put(policy, 1, 30), FIRN_OK);
    assert_int_equal(firn_policy_used_bytes(policy), 30);
    assert_int_equal(firn_policy_count(policy), 1);
    assert_int_equal(firn_policy_put(policy, 2, 100), FIRN_OK);
    assert_int_equal(seen.bytes, 30);
    assert_int_equal(firn_policy_count(policy), 1);
    assert_true(firn_policy_remove(policy, 2));
    assert_false(firn_policy_remove(policy, 2));
    assert_int_equal(firn_policy_used_bytes(policy), 0);
    firn_policy_destroy(policy);
}

enum { IDS = 4096 };

/* What is held is what was put and neither evicted nor removed; the bytes add up. */
static void random_calls_agree_with_a_table(void **state)
{
    (void)state;
    rng random;
    static uint64_t sizes[IDS];
    evictions seen = {0};
    firn_policy *policy = make(50000, &seen);
    uint64_t put_bytes = 0, removed_bytes = 0;
    rng_init(&random, "policy");
    memset(sizes, 0, sizeof sizes);
    for (int i = 0; i < 200000; i++) {
        uint64_t id = rng_below(&random, IDS), size = 1 + rng_below(&random, 100);
        bool held = firn_policy_get(policy, id);
        assert_true(!held || sizes[id] != 0);
        if (rng_below(&random, 10) == 0) {
            assert_int_equal(firn_policy_remove(policy, id), held);
            removed_bytes += held ? sizes[id] : 0;
            continue;
        }
        removed_bytes += held ? sizes[id] : 0; /* it is replaced */
        assert_int_equal(firn_policy_put(policy, id, size), FIRN_OK);
        assert_true(firn_policy_get(policy, id));
        sizes[id] = size;
        put_bytes += size;
        assert_true(firn_policy_used_bytes(policy) <= 50000);
        assert_int_equal(firn_policy_used_bytes(policy), put_bytes - removed_bytes - seen.bytes);
    }
    firn_policy_destroy(policy);
}

static firn_status work(const firn_allocator *allocator, void *context)
{
    firn_policy *policy;
    firn_policy_options options = {.allocator = allocator, .limit_bytes = 300};
    (void)context;
    firn_status status = firn_policy_create(&options, &policy);
    if (status != FIRN_OK)
        return status;
    for (uint64_t id = 0; id < 1000 && status == FIRN_OK; id++) {
        status = firn_policy_put(policy, id, 1);
        assert_int_equal(firn_policy_get(policy, id), status == FIRN_OK);
    }
    firn_policy_destroy(policy);
    return status;
}

static void every_allocation_may_fail(void **state)
{
    (void)state;
    /* Ghosts that cannot be made are done without, so not each failure shows. */
    for (size_t fail_at = 1; fail_at < 30; fail_at++) {
        failing memory;
        failing_init(&memory, fail_at);
        firn_status status = work(&memory.allocator, NULL);
        assert_true(status == FIRN_OK || status == FIRN_NO_MEMORY);
        failing_check(&memory);
    }
}

static void a_scan_does_not_push_out_what_is_used(void **state)
{
    (void)state;
    rng random;
    rng_seed(&random, 1);
    firn_policy *policy = make(1000, NULL);
    int hits = 0, asked = 0;
    for (int i = 0; i < 300000; i++) {
        uint64_t id = i % 2 == 0 ? rng_zipf(&random, 10000) : 1000000 + (uint64_t)i; /* used once */
        bool hit = firn_policy_get(policy, id);
        if (!hit)
            assert_int_equal(firn_policy_put(policy, id, 1), FIRN_OK);
        if (i % 2 == 0 && i > 100000) {
            asked++;
            hits += hit;
        }
    }
    print_message("hit ratio beside a scan: %.3f\n", (double)hits / asked);
    assert_true(hits * 100 > asked * 55);
    firn_policy_destroy(policy);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(options_out_of_range_are_refused),
        cmocka_unit_test(an_entry_that_was_not_used_leaves_first),
        cmocka_unit_test(a_ghost_comes_back_to_the_main_queue),
        cmocka_unit_test(sizes_count_and_errors_are_told),
        cmocka_unit_test(random_calls_agree_with_a_table),
        cmocka_unit_test(every_allocation_may_fail),
        cmocka_unit_test(a_scan_does_not_push_out_what_is_used),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
