/* Eight threads at a region that sleeps, in both modes that wake on touch, beside a thread that
 * wakes it whole, calls on other regions, and figures beside the allocator. Each block is unpacked
 * once, and nobody sees half of one.
 *
 * Under ThreadSanitizer, too, which lets a handler of SIGSEGV run at once; that it does not know
 * what a page's move orders costs nothing here, since the memory is only read after it was written
 * under the barrier.
 */
#include "support/region_heap.h"

#include <pthread.h>
#include <stdatomic.h>

enum { THREADS = 8, ROUNDS = 30, WORDS = 400000 };

static firn_region *region;
static uint64_t *words;
static pthread_barrier_t barrier;
static atomic_int wrong;

static void *touch_all(void *context)
{
    size_t first = (size_t)(uintptr_t)context;
    for (int round = 0; round < ROUNDS; round++) {
        pthread_barrier_wait(&barrier); /* asleep */
        for (size_t i = 0; i < WORDS; i++) {
            size_t at = (i * (first % 2 == 0 ? 1 : 8191) + first * 50021) % WORDS;
            if (words[at] != at * 0x9e3779b97f4a7c15u)
                atomic_fetch_add(&wrong, 1);
        }
        pthread_barrier_wait(&barrier); /* nobody touches it any more */
    }
    return NULL;
}

static void *wake_all(void *context)
{
    (void)context;
    for (int round = 0; round < ROUNDS; round++) {
        pthread_barrier_wait(&barrier);
        if (round % 3 == 0 && firn_region_wake(region) != FIRN_OK)
            atomic_fetch_add(&wrong, 1);
        pthread_barrier_wait(&barrier);
    }
    return NULL;
}

static void run(firn_region_wake_mode mode)
{
    const firn_region_options options = {.mode = mode};
    region = region_make(&options);
    firn_allocator memory = firn_region_allocator(region);
    words = firn_allocate(&memory, WORDS * sizeof(uint64_t));
    for (size_t i = 0; i < WORDS; i++)
        words[i] = i * 0x9e3779b97f4a7c15u;
    assert_int_equal(pthread_barrier_init(&barrier, NULL, THREADS + 2), 0);
    pthread_t threads[THREADS + 1];
    for (size_t i = 0; i < THREADS; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, touch_all, (void *)(uintptr_t)i), 0);
    assert_int_equal(pthread_create(&threads[THREADS], NULL, wake_all, NULL), 0);
    uint64_t woken = 0;
    for (int round = 0; round < ROUNDS; round++) {
        const firn_region_hibernate_options sleep = {.level = round % 2 == 0 ? FIRN_REGION_LEVEL_LZ4
                                                                             : 1};
        assert_int_equal(firn_region_hibernate(region, &sleep), FIRN_OK);
        firn_region_stats before, after;
        firn_region_stats_get(region, &before);
        pthread_barrier_wait(&barrier);
        pthread_barrier_wait(&barrier);
        firn_region_stats_get(region, &after);
        uint64_t now =
            after.touch_count + after.prefetch_count - before.touch_count - before.prefetch_count;
        assert_true(now <= before.block_count);
        woken += now;
    }
    for (size_t i = 0; i <= THREADS; i++)
        pthread_join(threads[i], NULL);
    assert_int_equal(atomic_load(&wrong), 0);
    assert_true(woken > 100);
    pthread_barrier_destroy(&barrier);
    firn_region_destroy(region);
}

static void eight_threads_wake_a_region_on_touch(void **state)
{
    (void)state;
    run(FIRN_REGION_ON_TOUCH);
}

static void eight_threads_wake_a_region_on_fault(void **state)
{
    (void)state;
    if (fault_is_allowed())
        run(FIRN_REGION_ON_FAULT);
}

enum { REGIONS = 12 };
static firn_region *many[REGIONS];

/* Any thread may make calls on any region. */
static void *call_any(void *context)
{
    size_t at = (size_t)(uintptr_t)context;
    for (int i = 0; i < 60; i++) {
        at = (at * 5 + 3) % REGIONS;
        firn_usage usage;
        firn_region_usage(many[at], &usage);
        if (firn_region_hibernate(many[at], NULL) != FIRN_OK ||
            firn_region_verify(many[at]) != FIRN_OK || firn_region_wake(many[at]) != FIRN_OK)
            atomic_fetch_add(&wrong, 1);
    }
    return NULL;
}

static void calls_on_regions_run_side_by_side(void **state)
{
    (void)state;
    for (size_t i = 0; i < REGIONS; i++) {
        many[i] = region_make(NULL);
        list_make(many[i], 300, i);
    }
    pthread_t threads[THREADS];
    for (size_t i = 0; i < THREADS; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, call_any, (void *)(uintptr_t)i), 0);
    for (size_t i = 0; i < THREADS; i++)
        pthread_join(threads[i], NULL);
    assert_int_equal(atomic_load(&wrong), 0);
    for (size_t i = 0; i < REGIONS; i++) {
        assert_int_equal(firn_region_wake(many[i]), FIRN_OK);
        assert_true(list_is_right(many[i], 300));
        firn_region_destroy(many[i]);
    }
}

/* The allocator is one thread's; figures and checks of the region are anybody's meanwhile. */
static atomic_bool is_done;

static void *look_on(void *context)
{
    (void)context;
    while (!atomic_load(&is_done)) {
        firn_usage usage;
        firn_region_usage(region, &usage);
        firn_region_stats stats;
        firn_region_stats_get(region, &stats);
        firn_region_state state = firn_region_state_get(region);
        if (usage.live_bytes + usage.overhead_bytes > usage.reserved_bytes ||
            usage.live_bytes % 16 != 0 || state != FIRN_REGION_AWAKE ||
            firn_region_verify(region) != FIRN_OK)
            atomic_fetch_add(&wrong, 1);
    }
    return NULL;
}

static void figures_are_told_while_a_thread_allocates(void **state)
{
    (void)state;
    enum { HELD = 500, STEPS = 40000 };
    static void *held[HELD];
    static size_t sizes[HELD];
    region = region_make(NULL);
    firn_allocator memory = firn_region_allocator(region);
    pthread_t threads[2];
    atomic_store(&is_done, false);
    for (size_t i = 0; i < 2; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, look_on, NULL), 0);
    uint64_t live = 0;
    for (size_t i = 0; i < STEPS; i++) {
        size_t at = i * 7919 % HELD, size = 1 + i * 31 % (i % 50 == 0 ? 300000 : 2000);
        live -= held[at] != NULL ? firn_region_usable_size(region, held[at]) : 0;
        if (i % 5 == 0) {
            held[at] = firn_reallocate(&memory, held[at], sizes[at], size);
            assert_non_null(held[at]);
        } else {
            firn_release(&memory, held[at], sizes[at]);
            held[at] = firn_region_alloc_aligned(region, size, i % 7 == 0 ? 256 : 16);
            assert_non_null(held[at]);
        }
        sizes[at] = size;
        live += firn_region_usable_size(region, held[at]);
    }
    atomic_store(&is_done, true);
    for (size_t i = 0; i < 2; i++)
        pthread_join(threads[i], NULL);
    assert_int_equal(atomic_load(&wrong), 0);
    firn_usage usage;
    firn_region_usage(region, &usage);
    assert_int_equal(usage.live_bytes, live);
    firn_region_destroy(region);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(eight_threads_wake_a_region_on_touch),
        cmocka_unit_test(eight_threads_wake_a_region_on_fault),
        cmocka_unit_test(calls_on_regions_run_side_by_side),
        cmocka_unit_test(figures_are_told_while_a_thread_allocates),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
