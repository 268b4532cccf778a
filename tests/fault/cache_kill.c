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

enum { SAMPLES = 32, EXIT_DIFFERS = 9 };

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

static void write_rounds_alone(int told)
{
    write_rounds(told, false);
}

static void write_rounds_beside(int told)
{
    write_rounds(told, true);
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

/* Lets a child write a new store until a call at which it is killed; false when it came to its end.
 * *ret_flushed: the last round that it told of. */
static bool kill_child(unsigned number, void (*write_until)(int told), uint32_t *ret_flushed)
{
    int ends[2];
    tempdir_empty(root);
    assert_int_equal(pipe(ends), 0);
    pid_t child = fork();
    if (child == 0) {
        close(ends[0]);
        set_kill(number);
        write_until(ends[1]);
    }
    close(ends[1]);
    *ret_flushed = 0;
    while (read(ends[0], ret_flushed, sizeof *ret_flushed) == sizeof *ret_flushed)
        continue;
    close(ends[0]);
    return was_killed(child);
}

/* The same with rounds. Gives what may be left of them. */
static bool kill_at(unsigned number, bool beside_thread, rounds *ret_left)
{
    uint32_t flushed;
    rounds left = rounds_none();
    bool killed =
        kill_child(number, beside_thread ? write_rounds_beside : write_rounds_alone, &flushed);
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

/* --- a cache whose values are more than its memory, so that puts wait for freezing --- */

enum { LARGE_KEYS = 5000, LARGE = 3000, LARGE_ROUNDS = 2 };

static uint32_t large_version(uint32_t key, uint32_t round)
{
    return round == 0 || key % 7 == round ? 0 : round; /* some are removed again */
}

/* Bytes that do not pack. */
static firn_bytes large_value(uint32_t key, uint32_t version)
{
    static uint64_t value[LARGE / 8];
    rng random;
    rng_seed(&random, (uint64_t)version << 32 | key);
    for (size_t i = 0; i < LARGE / 8; i++)
        value[i] = rng_next(&random);
    return (firn_bytes){value, sizeof value};
}

static void write_large(int told)
{
    firn_cache_options options = rounds_options(NULL, path);
    firn_cache *cache;
    char text[24];
    options.no_thread = false;
    options.wait_ms = 0;
    if (firn_cache_open(&options, &cache, NULL) != FIRN_OK)
        _exit(EXIT_DIFFERS);
    for (uint32_t round = 1; round <= LARGE_ROUNDS; round++) {
        firn_status status = FIRN_OK;
        for (uint32_t key = 0; key < LARGE_KEYS && status == FIRN_OK; key++) {
            firn_bytes name = key_of(key, text);
            status = firn_cache_put(cache, name, large_value(key, round), NULL);
            if (status == FIRN_OK && large_version(key, round) == 0)
                status = firn_cache_remove(cache, name, NULL);
        }
        if (status != FIRN_OK || firn_cache_flush(cache, NULL) != FIRN_OK ||
            write(told, &round, sizeof round) != sizeof round ||
            firn_cache_tick(cache, NULL) != FIRN_OK)
            _exit(EXIT_DIFFERS);
    }
    firn_cache_close(cache);
    _exit(0);
}

static void expect_large(uint32_t flushed, const char *what)
{
    static uint8_t found[LARGE];
    firn_cache *cache = rounds_open(path);
    for (uint32_t key = 0; key < LARGE_KEYS; key++) {
        char text[24];
        size_t size = 0;
        firn_error error = {0};
        uint32_t oldest = large_version(key, flushed), newest = oldest;
        if (flushed < LARGE_ROUNDS)
            newest = flushed + 1; /* also a value that is removed later in the round */
        bool may_be_gone = oldest == 0 || large_version(key, newest) == 0;
        firn_status status =
            firn_cache_get(cache, key_of(key, text), found, sizeof found, &size, &error);
        bool right = status == FIRN_NOT_FOUND && may_be_gone;
        for (uint32_t version = oldest > 0 ? oldest : 1;
             status == FIRN_OK && !right && version <= newest; version++)
            right = size == LARGE && memcmp(found, large_value(key, version).data, size) == 0;
        if (!right)
            cache_fail(what, key, status, &error);
    }
    firn_cache_close(cache);
}

static void a_kill_of_a_full_cache_loses_nothing_that_was_flushed(void **state)
{
    (void)state;
    rng random;
    unsigned tried = 0;
    bool killed = true;
    rng_init(&random, "cache_kill_full");
    for (unsigned number = 1; killed;) {
        char what[48];
        uint32_t flushed;
        number += (unsigned)rng_below(&random, SAMPLES_ALL ? 30 : 500);
        killed = kill_child(number, write_large, &flushed);
        snprintf(what, sizeof what, "full, killed at call %u", number);
        expect_large(flushed, what);
        tried++;
    }
    print_message("killed at %u calls\n", tried);
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
        TEST(a_kill_of_a_full_cache_loses_nothing_that_was_flushed),
        TEST(a_kill_of_the_opening_loses_nothing_either),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
#else
    return 0;
#endif
}
