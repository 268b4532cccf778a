/* Forks with a cache open, also in the middle of what other threads do with it: in the child every
 * call is refused, and closing gives memory back without touching the store; the parent goes on
 * unharmed. */
#include "support/cache_rounds.h"
#include "support/failing.h"

#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <sys/wait.h>

#include <setjmp.h>
#include <stdarg.h>
#include <cmocka.h>

enum { FORKS = 80, WORKERS = 4, BUSY_KEYS = 3000, BUSY_MAX = 3000, CHILD_SECONDS = 60 };

/* The number of the first call that is not refused; 0: all are. */
static int call_that_works(firn_cache *cache)
{
    size_t size;
    uint64_t damaged;
    bool contains;
    firn_tier tier;
    firn_bytes key = {"key:1", 5};
    firn_cache_pinned pinned;
    firn_cache_cursor *cursor;
    firn_cache_stats stats;
    firn_usage usage;
    firn_cache_stats_get(cache, &stats);
    firn_cache_usage(cache, &usage);
    const firn_status told[] = {
        firn_cache_put(cache, key, key, NULL),
        firn_cache_get(cache, key, NULL, 0, &size, NULL),
        firn_cache_pin(cache, key, &pinned, NULL),
        firn_cache_remove(cache, key, NULL),
        firn_cache_contains(cache, key, &contains, NULL),
        firn_cache_tier_of(cache, key, &tier, NULL),
        firn_cache_prefetch(cache, &key, 1, NULL),
        firn_cache_flush(cache, NULL),
        firn_cache_tick(cache, NULL),
        firn_cache_verify(cache, &damaged, NULL),
        firn_cache_cursor_open(cache, &cursor),
    };
    for (int i = 0; i < (int)(sizeof told / sizeof *told); i++)
        if (told[i] != FIRN_UNSUPPORTED)
            return 100 + i;
    return 0;
}

static void expect_child(pid_t child)
{
    int ended;
    assert_int_equal(waitpid(child, &ended, 0), child);
    if (ended != 0)
        fail_msg("the child: %s %d", WIFSIGNALED(ended) ? "signal" : "status",
                 WIFSIGNALED(ended) ? WTERMSIG(ended) : WEXITSTATUS(ended));
}

static void in_a_child_all_calls_are_refused_and_closing_gives_all_back(void **state)
{
    (void)state;
    rounds all = rounds_none();
    failing memory;
    failing_init(&memory, 0);
    firn_cache_options options = rounds_options(&memory.allocator, path);
    firn_cache *cache, *other;
    assert_int_equal(firn_cache_open(&options, &cache, NULL), FIRN_OK);
    for (uint32_t round = 1; round <= 3; round++) {
        assert_int_equal(rounds_make(cache, &all, round), FIRN_OK);
        assert_int_equal(rounds_flush(cache, &all), FIRN_OK);
        assert_int_equal(rounds_pass(cache, false), FIRN_OK);
    }
    assert_int_equal(rounds_make(cache, &all, 4), FIRN_OK); /* not flushed */
    pid_t child = fork();
    if (child == 0) {
        alarm(CHILD_SECONDS);
        int works = call_that_works(cache);
        firn_cache_close(cache);
        _exit(works != 0 ? works : atomic_load(&memory.live_blocks) != 0 ? 99 : 0);
    }
    expect_child(child);
    /* The parent holds the store, and all that is in it. */
    assert_int_equal(firn_cache_open(&options, &other, NULL), FIRN_BUSY);
    rounds_expect_now(cache, &all, "after the child");
    assert_int_equal(rounds_flush(cache, &all), FIRN_OK);
    assert_int_equal(rounds_pass(cache, true), FIRN_OK);
    firn_cache_close(cache);
    failing_check(&memory);
    rounds_recover(path, &all, "after the child");
}

/* A child that ends without closing does no harm either, nor does one that lives on. */
static void a_child_that_does_not_close_is_harmless(void **state)
{
    (void)state;
    rounds all = rounds_none();
    firn_cache *cache = rounds_open(path);
    assert_int_equal(rounds_make(cache, &all, 1), FIRN_OK);
    pid_t lasting = fork();
    if (lasting == 0) {
        alarm(CHILD_SECONDS);
        for (;;)
            pause();
    }
    pid_t child = fork();
    if (child == 0)
        _exit(0);
    expect_child(child);
    assert_int_equal(rounds_flush(cache, &all), FIRN_OK);
    assert_int_equal(rounds_make(cache, &all, 2), FIRN_OK);
    assert_int_equal(rounds_flush(cache, &all), FIRN_OK);
    firn_cache_close(cache);
    kill(lasting, SIGKILL); /* the lock lasts as long as it */
    waitpid(lasting, NULL, 0);
    rounds_recover(path, &all, "after the children");
}

/* --- beside threads --- */

static atomic_bool ended;

typedef struct worker {
    firn_cache *cache;
    uint32_t number;
    uint32_t versions[BUSY_KEYS]; /* of its own keys; 0: never put */
} worker;

static size_t busy_size(uint32_t key, uint32_t version)
{
    return (key * 131 + version * 7) % BUSY_MAX;
}

static void busy_put(worker *w, uint32_t key, uint32_t version)
{
    uint8_t value[BUSY_MAX];
    char text[24];
    firn_error error = {0};
    size_t size = busy_size(key, version);
    value_fill(key, version, value, size);
    firn_status status =
        firn_cache_put(w->cache, key_of(key, text), (firn_bytes){value, size}, &error);
    if (status != FIRN_OK)
        cache_fail("put", key, status, &error);
    w->versions[key] = version;
}

static void busy_expect(const worker *w, uint32_t key)
{
    uint8_t value[BUSY_MAX], expected[BUSY_MAX];
    char text[24];
    size_t found = 0, size = busy_size(key, w->versions[key]);
    firn_error error = {0};
    firn_status status =
        firn_cache_get(w->cache, key_of(key, text), value, sizeof value, &found, &error);
    value_fill(key, w->versions[key], expected, size);
    if (status != FIRN_OK || found != size || (size > 0 && memcmp(value, expected, size) != 0))
        cache_fail("not what was put", key, status, &error);
}

/* Own keys are those of its number; what the last worker does besides is flushing and ageing. */
static void *be_busy(void *context)
{
    worker *w = context;
    rng random;
    rng_seed(&random, w->number);
    for (uint32_t version = 1; !atomic_load(&ended); version++) {
        for (uint32_t i = 0; i < 100; i++) {
            uint32_t any = (uint32_t)rng_below(&random, BUSY_KEYS / WORKERS);
            uint32_t key = any * WORKERS + w->number;
            if (w->versions[key] != 0)
                busy_expect(w, key);
            busy_put(w, key, version);
        }
        fake_sleep(10 * MINUTE);
        if (w->number != 0)
            continue;
        firn_error error = {0};
        firn_status status = firn_cache_tick(w->cache, &error);
        rounds_keep(&status, version % 4 == 0 ? firn_cache_flush(w->cache, &error) : FIRN_OK);
        if (status != FIRN_OK)
            cache_fail("tick or flush", 0, status, &error);
    }
    return NULL;
}

static void a_fork_in_the_middle_of_calls_harms_nobody(void **state)
{
    (void)state;
    static worker workers[WORKERS];
    pthread_t threads[WORKERS];
    firn_cache_options options = rounds_options(NULL, path);
    firn_cache *cache;
    options.no_thread = false;
    options.wait_ms = 0;
    assert_int_equal(firn_cache_open(&options, &cache, NULL), FIRN_OK);
    atomic_store(&ended, false);
    memset(workers, 0, sizeof workers);
    for (uint32_t i = 0; i < WORKERS; i++) {
        workers[i].cache = cache;
        workers[i].number = i;
        assert_int_equal(pthread_create(&threads[i], NULL, be_busy, &workers[i]), 0);
    }
    for (uint32_t i = 0; i < FORKS; i++) {
        usleep(200 + i * 997 % 5000);
        pid_t child = fork();
        if (child == 0) {
            alarm(CHILD_SECONDS);
            int works = call_that_works(cache);
            firn_cache_close(cache);
            _exit(works);
        }
        expect_child(child);
    }
    atomic_store(&ended, true);
    for (uint32_t i = 0; i < WORKERS; i++)
        assert_int_equal(pthread_join(threads[i], NULL), 0);
    assert_int_equal(firn_cache_flush(cache, NULL), FIRN_OK);
    firn_cache_close(cache);
    cache = rounds_open(path);
    for (uint32_t key = 0; key < BUSY_KEYS; key++) {
        worker *w = &workers[key % WORKERS];
        w->cache = cache;
        if (w->versions[key] != 0)
            busy_expect(w, key);
    }
    firn_cache_close(cache);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up_fast, tear_down)
    const struct CMUnitTest tests[] = {
        TEST(in_a_child_all_calls_are_refused_and_closing_gives_all_back),
        TEST(a_child_that_does_not_close_is_harmless),
        TEST(a_fork_in_the_middle_of_calls_harms_nobody),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
