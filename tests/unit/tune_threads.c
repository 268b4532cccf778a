/* Threads that share a profile are all counted. */
#include <firn/tune.h>

#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

enum { THREADS = 4, CALLS = 3000 };

static void *work(void *context)
{
    const firn_allocator *allocator = context;
    void *kept[8] = {NULL};
    for (size_t i = 0; i < CALLS; i++) {
        firn_release(allocator, kept[i % 8], 40);
        kept[i % 8] = firn_allocate(allocator, 40);
        if (i % 5 == 0)
            kept[i % 8] = firn_reallocate(allocator, kept[i % 8], 40, 40);
    }
    for (size_t i = 0; i < 8; i++)
        firn_release(allocator, kept[i], 40);
    return NULL;
}

static void all_threads_are_counted(void **state)
{
    (void)state;
    pthread_t threads[THREADS];
    firn_profile *profile;
    firn_profile_stats stats;
    double ended = 0;
    assert_int_equal(firn_profile_create(NULL, &profile), FIRN_OK);
    firn_profile_start(profile);
    for (int i = 0; i < THREADS; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, work,
                                        (void *)(uintptr_t)firn_profile_allocator(profile)),
                         0);
    for (int i = 0; i < THREADS; i++)
        pthread_join(threads[i], NULL);
    firn_profile_stats_get(profile, &stats);
    assert_int_equal(stats.calls, THREADS * (CALLS + CALLS / 5));
    assert_int_equal(stats.bytes, stats.calls * 40);
    assert_int_equal(stats.live_count, 0);
    for (unsigned i = 0; i < FIRN_PROFILE_LIFETIMES; i++)
        ended += stats.lifetimes[i];
    assert_int_equal((uint64_t)ended, stats.calls);
    firn_profile_destroy(profile);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(all_threads_are_counted)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
