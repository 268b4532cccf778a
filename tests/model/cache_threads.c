/* A cache between threads: puts, gets, pins, removals, flushes, ticks and cursors of eight at once.
 * Each key belongs to one thread, which alone changes it and so knows what it holds; all read all.
 * Threads check by themselves and abort, since cmocka's assertions are for the main thread. */
#include "support/cache_fixture.h"

#include <pthread.h>
#include <sched.h>

#include <setjmp.h>
#include <stdarg.h>
#include <cmocka.h>

enum { THREADS = 8, KEYS = 2048, STEPS = 3000, VALUE_MAX = 2000 };

typedef struct worker {
    firn_cache *cache;
    bool has_store;
    uint32_t number;
    rng random;
    uint32_t version;
    uint32_t versions[KEYS]; /* of its own keys; 0: not there */
} worker;

/* The first bytes tell the version, so that any thread can check what it reads. */
static size_t value_make(uint32_t key, uint32_t version, uint8_t *out)
{
    size_t size = 8 + (key * 31 + version * 17) % (VALUE_MAX - 8);
    memcpy(out, &key, 4);
    memcpy(out + 4, &version, 4);
    value_fill(key, version, out + 8, size - 8);
    return size;
}

static uint32_t value_check(uint32_t key, const uint8_t *value, size_t size)
{
    uint8_t expected[VALUE_MAX];
    uint32_t version = 0, told = 0;
    if (size >= 8) {
        memcpy(&told, value, 4);
        memcpy(&version, value + 4, 4);
    }
    if (size < 8 || told != key || value_make(key, version, expected) != size ||
        memcmp(expected, value, size) != 0)
        cache_fail("another value", key, FIRN_OK, NULL);
    return version;
}

static bool is_own(const worker *w, uint32_t key)
{
    return key % THREADS == w->number;
}

static void expect_own(const worker *w, uint32_t key, firn_status status, uint32_t version,
                       const firn_error *error)
{
    if (status != FIRN_OK && status != FIRN_NOT_FOUND)
        cache_fail("get", key, status, error);
    if (is_own(w, key) && w->versions[key] != (status == FIRN_OK ? version : 0))
        cache_fail("not its own last value", key, status, error);
}

static void get(worker *w, uint32_t key)
{
    uint8_t value[VALUE_MAX];
    char text[24];
    size_t size = 0;
    firn_error error;
    firn_status status =
        firn_cache_get(w->cache, key_of(key, text), value, sizeof value, &size, &error);
    expect_own(w, key, status, status == FIRN_OK ? value_check(key, value, size) : 0, &error);
}

static void pin(worker *w, uint32_t key)
{
    char text[24];
    firn_cache_pinned pinned;
    firn_error error;
    firn_status status = firn_cache_pin(w->cache, key_of(key, text), &pinned, &error);
    uint32_t version = status == FIRN_OK ? value_check(key, pinned.data, pinned.size) : 0;
    expect_own(w, key, status, version, &error);
    if (status != FIRN_OK)
        return;
    sched_yield();
    if (value_check(key, pinned.data, pinned.size) != version)
        cache_fail("a pin changed", key, status, NULL);
    firn_cache_unpin(w->cache, &pinned);
}

static void change(worker *w, uint32_t key)
{
    uint8_t value[VALUE_MAX];
    char text[24];
    firn_error error;
    firn_status status;
    if (!is_own(w, key))
        return;
    if (rng_below(&w->random, 8) == 0) {
        status = firn_cache_remove(w->cache, key_of(key, text), &error);
        if (status != (w->versions[key] != 0 ? FIRN_OK : FIRN_NOT_FOUND))
            cache_fail("remove", key, status, &error);
        w->versions[key] = 0;
        return;
    }
    uint32_t version = ++w->version;
    size_t size = value_make(key, version, value);
    status = firn_cache_put(w->cache, key_of(key, text), (firn_bytes){value, size}, &error);
    if (status != FIRN_OK)
        cache_fail("put", key, status, &error);
    w->versions[key] = version;
}

static void look_around(worker *w)
{
    firn_cache_cursor *cursor;
    firn_bytes key, value;
    firn_error error;
    firn_status status = firn_cache_cursor_open(w->cache, &cursor);
    bool seen[KEYS] = {false};
    if (status != FIRN_OK)
        cache_fail("cursor", 0, status, NULL);
    while ((status = firn_cache_cursor_next(cursor, &key, &value, NULL, &error)) == FIRN_OK) {
        uint32_t number = KEYS;
        memcpy(&number, value.data, 4);
        if (number >= KEYS)
            cache_fail("cursor", number, status, NULL);
        value_check(number, value.data, value.size);
        seen[number] = true;
    }
    if (status != FIRN_END_OF_DATA)
        cache_fail("cursor", 0, status, &error);
    firn_cache_cursor_close(cursor);
    for (uint32_t i = 0; i < KEYS; i++) {
        if (is_own(w, i) && seen[i] != (w->versions[i] != 0))
            cache_fail("a key that the cursor did not give", i, status, NULL);
    }
}

static void *work(void *context)
{
    worker *w = context;
    firn_error error;
    firn_status status = FIRN_OK;
    for (int i = 0; i < STEPS && status == FIRN_OK; i++) {
        uint32_t key = (uint32_t)rng_below(&w->random, KEYS);
        uint64_t dice = rng_below(&w->random, 2000);
        if (dice < 900)
            get(w, key);
        else if (dice < 1000)
            pin(w, key);
        else if (dice < 1990)
            change(w, key / THREADS * THREADS + w->number);
        else if (dice < 1996) {
            fake_sleep(rng_below(&w->random, 3) * 5 * MINUTE + SECOND);
            status = firn_cache_tick(w->cache, &error);
        } else if (dice < 1998 && w->has_store)
            status = firn_cache_flush(w->cache, &error);
        else if (dice == 1999)
            look_around(w);
    }
    if (status != FIRN_OK)
        cache_fail("tick or flush", 0, status, &error);
    return NULL;
}

static void run(const char *store, uint64_t limit_bytes, bool no_thread)
{
    static worker workers[THREADS];
    pthread_t threads[THREADS];
    firn_cache *cache;
    rng random;
    firn_cache_options options = {.limit_bytes = limit_bytes,
                                  .store = store,
                                  .shard_count = 4,
                                  .no_thread = no_thread,
                                  .ignore_pressure = true,
                                  .clock_ns = fake_clock};
    rng_init(&random, "cache_threads");
    assert_int_equal(firn_cache_open(&options, &cache, NULL), FIRN_OK);
    memset(workers, 0, sizeof workers);
    for (uint32_t i = 0; i < THREADS; i++) {
        workers[i].cache = cache;
        workers[i].has_store = store != NULL;
        workers[i].number = i;
        rng_seed(&workers[i].random, rng_next(&random));
        assert_int_equal(pthread_create(&threads[i], NULL, work, &workers[i]), 0);
    }
    for (uint32_t i = 0; i < THREADS; i++)
        pthread_join(threads[i], NULL);
    for (uint32_t key = 0; key < KEYS; key++)
        get(&workers[key % THREADS], key);
    firn_cache_close(cache);
}

static void threads_share_a_cache_in_ram(void **state)
{
    (void)state;
    run(NULL, (uint64_t)16 << 20, true);
}

static void threads_share_a_cache_over_a_store(void **state)
{
    (void)state;
    run(path, FIRN_CACHE_STORE_MIN_BYTES, false);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(threads_share_a_cache_in_ram),
        cmocka_unit_test_setup_teardown(threads_share_a_cache_over_a_store, set_up, tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
