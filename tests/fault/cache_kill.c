/* A cache is killed just before each of its mutating system calls, also while another thread ages
 * it and while a killed one is being opened again: what a flush acknowledged is there after
 * reopening, nothing half is, and the next cache goes on. Needs a build with FIRN_FAULTS. */
#include "support/cache_rounds.h"
#include "support/faults.h"
#include "support/samples.h"

#include <pthread.h>
#include <sched.h>
#include <signal.h>

#include <setjmp.h>
#include <stdarg.h>
#include <cmocka.h>

#if defined(FIRN_FAULTS) && FIRN_FAULTS

enum { SAMPLES = 50, EXIT_DIFFERS = 9 };

static atomic_bool ended;

/* What the cache's own thread does, without its second's rest. */
static void *tick_on(void *context)
{
    firn_cache *cache = context;
    while (!atomic_load(&ended)) {
        if (firn_cache_tick(cache, NULL) != FIRN_OK)
            _exit(EXIT_DIFFERS);
        fake_sleep(MINUTE);
        sched_yield();
    }
    return NULL;
}

/* Tells through a pipe which rounds were flushed. */
static void write_rounds(int told, bool beside_thread)
{
    rounds all = rounds_none();
    firn_cache_options options = rounds_options(NULL, path);
    firn_cache *cache = NULL;
    pthread_t thread;
    options.no_thread = !beside_thread;
    for (uint32_t round = 1; round <= ROUND_COUNT; round++) {
        if (round % 3 == 1 && firn_cache_open(&options, &cache, NULL) != FIRN_OK)
            _exit(EXIT_DIFFERS);
        atomic_store(&ended, false);
        if (beside_thread && pthread_create(&thread, NULL, tick_on, cache) != 0)
            _exit(EXIT_DIFFERS);
        if (rounds_make(cache, &all, round) != FIRN_OK || rounds_flush(cache, &all) != FIRN_OK ||
            write(told, &round, sizeof round) != sizeof round ||
            rounds_pass(cache, round == ROUND_COUNT) != FIRN_OK)
            _exit(EXIT_DIFFERS);
        atomic_store(&ended, true);
        if (beside_thread)
            pthread_join(thread, NULL);
        if (round % 3 == 0)
            firn_cache_close(cache);
    }
    _exit(0);
}

static bool was_killed(pid_t child)
{
    int status;
    assert_int_equal(waitpid(child, &status, 0), child);
    if (WIFSIGNALED(status))
        assert_int_equal(WTERMSIG(status), SIGKILL);
    else
        assert_int_equal(status, 0);
    return WIFSIGNALED(status);
}

static void set_kill(unsigned number)
{
    char value[16];
    snprintf(value, sizeof value, "%u", number);
    faults_set("FIRN_FAULT_KILL", value);
}

/* Kills a new cache at a call; false when it came to its end. Gives what may be left of it. */
static bool kill_at(unsigned number, bool beside_thread, rounds *ret_left)
{
    int ends[2];
    uint32_t flushed = 0;
    rounds left = rounds_none();
    tempdir_empty(root);
    assert_int_equal(pipe(ends), 0);
    pid_t child = fork();
    if (child == 0) {
        close(ends[0]);
        set_kill(number);
        write_rounds(ends[1], beside_thread);
    }
    close(ends[1]);
    while (read(ends[0], &flushed, sizeof flushed) == sizeof flushed)
        continue;
    close(ends[0]);
    bool killed = was_killed(child);
    for (uint32_t round = 1; round <= flushed; round++)
        rounds_assume(&left, round);
    rounds_acknowledge(&left);
    if (flushed < ROUND_COUNT)
        rounds_assume(&left, flushed + 1);
    *ret_left = left;
    return killed;
}

/* The calls until it ends by itself: a few more or less, as the keys' hashes fall. */
static unsigned call_count(void)
{
    unsigned low = 1, high = 4096;
    rounds left;
    while (low < high) {
        unsigned middle = low + (high - low) / 2;
        if (kill_at(middle, false, &left))
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

static void a_kill_at_any_call_loses_nothing_that_was_flushed(void **state)
{
    (void)state;
    rng random;
    rounds left;
    unsigned tried = 0, count = call_count();
    rng_init(&random, "cache_kill");
    assert_in_range(count, 60, 1000);
    for (unsigned number = 1; number <= count; number++) {
        char what[32];
        if (!sample_is_wanted(&random, SAMPLES, count))
            continue;
        snprintf(what, sizeof what, "killed at call %u", number);
        tried += kill_at(number, false, &left);
        rounds_recover(path, &left, what);
    }
    print_message("killed at %u of %u calls\n", tried, count);
}

static void a_kill_beside_the_thread_loses_nothing_that_was_flushed(void **state)
{
    (void)state;
    rng random;
    unsigned tried = 0, count = 1;
    bool killed = true;
    rng_init(&random, "cache_kill_thread");
    for (; killed; count += SAMPLES_ALL ? 1 : 1 + (unsigned)rng_below(&random, 20)) {
        char what[48];
        rounds left;
        snprintf(what, sizeof what, "killed at call %u, beside a thread", count);
        killed = kill_at(count, true, &left);
        rounds_recover(path, &left, what);
        tried++;
    }
    print_message("killed at %u of some %u calls\n", tried, count);
    assert_true(count > 60);
}

/* The opening of what a kill has left is killed at its first call, then what that left at its
 * second, and so on. */
static void a_kill_of_the_opening_loses_nothing_either(void **state)
{
    (void)state;
    rng random;
    unsigned tried = 0, count = call_count();
    rng_init(&random, "cache_kill_opening");
    for (unsigned number = 1; number < count; number++) {
        char what[48];
        rounds left;
        if (!sample_is_wanted(&random, SAMPLES / 4, count))
            continue;
        bool killed = kill_at(number, false, &left);
        for (unsigned opening = 1; killed; opening++) {
            pid_t child = fork();
            if (child == 0) {
                set_kill(opening);
                firn_cache_close(rounds_open(path));
                _exit(0);
            }
            killed = was_killed(child);
            tried += killed;
        }
        snprintf(what, sizeof what, "killed at call %u, and opening", number);
        rounds_recover(path, &left, what);
    }
    print_message("killed at %u calls of openings\n", tried);
    assert_true(tried > 0);
}

#endif

int main(void)
{
#if defined(FIRN_FAULTS) && FIRN_FAULTS
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up_fast, tear_down)
    const struct CMUnitTest tests[] = {
        TEST(a_kill_at_any_call_loses_nothing_that_was_flushed),
        TEST(a_kill_beside_the_thread_loses_nothing_that_was_flushed),
        TEST(a_kill_of_the_opening_loses_nothing_either),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
#else
    return 0;
#endif
}
