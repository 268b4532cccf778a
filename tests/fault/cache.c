/* A cache while allocations and a flush's system calls fail: nothing that a flush acknowledged is
 * lost, nothing wrong is read, and what failed may be tried again. */
#include "support/cache_fixture.h"
#include "support/failing.h"
#include "support/faults.h"

#include <setjmp.h>
#include <stdarg.h>
#include <cmocka.h>

enum { KEYS = 300, VERSIONS = 4, VALUE_MAX = 3000 };

/* Each is made once: they are compared thousands of times. */
static firn_bytes value_of(uint32_t key, uint32_t version)
{
    static uint8_t values[KEYS][VERSIONS][VALUE_MAX];
    static bool made[KEYS][VERSIONS];
    size_t size = (key * 131 + version * 7) % VALUE_MAX;
    if (!made[key][version])
        value_fill(key, version, values[key][version], size);
    made[key][version] = true;
    return (firn_bytes){values[key][version], size};
}

static firn_status put(firn_cache *cache, uint32_t key, uint32_t version, firn_error *error)
{
    char text[24];
    return firn_cache_put(cache, key_of(key, text), value_of(key, version), error);
}

/* Which of the versions from `oldest` on a key holds; 0: it is not there. */
static firn_status version_of(firn_cache *cache, uint32_t key, uint32_t oldest, uint32_t newest,
                              uint32_t *ret_version)
{
    uint8_t value[VALUE_MAX];
    char text[24];
    size_t size;
    firn_error error;
    firn_status status =
        firn_cache_get(cache, key_of(key, text), value, sizeof value, &size, &error);
    *ret_version = 0;
    if (status == FIRN_NOT_FOUND)
        return FIRN_OK;
    if (status != FIRN_OK)
        return status;
    for (uint32_t version = oldest; version <= newest; version++) {
        firn_bytes expected = value_of(key, version);
        if (expected.size == size && memcmp(value, expected.data, size) == 0) {
            *ret_version = version;
            return FIRN_OK;
        }
    }
    cache_fail("a value that was never put, or an older one", key, status, NULL);
    return FIRN_CORRUPT;
}

static firn_cache_options options_of(const firn_allocator *allocator, const char *store)
{
    return (firn_cache_options){.allocator = allocator,
                                .limit_bytes = FIRN_CACHE_STORE_MIN_BYTES,
                                .store = store,
                                .shard_count = 2,
                                .no_thread = true,
                                .ignore_pressure = true,
                                .wait_ms = 1,
                                .clock_ns = fake_clock};
}

/* --- allocations --- */

static void keep(firn_status *worst, firn_status status)
{
    if (*worst == FIRN_OK)
        *worst = status;
}

static firn_status put_and_age(firn_cache *cache, bool has_store, uint32_t count)
{
    static const uint64_t naps[] = {0, 31 * SECOND, 11 * SECOND, 6 * MINUTE, 2 * HOUR};
    firn_status worst = FIRN_OK;
    bool there[KEYS] = {false};
    for (int nap = 0; nap < 5; nap++) {
        for (uint32_t key = 0; key < count; key++) {
            uint32_t version;
            firn_status status = FIRN_OK;
            if (nap == 0) {
                status = put(cache, key, 1, NULL);
                there[key] = status == FIRN_OK;
                keep(&worst, status);
            }
            status = version_of(cache, key, 1, 1, &version);
            keep(&worst, status);
            if (status == FIRN_OK && there[key] != (version == 1))
                cache_fail("lost", key, status, NULL);
        }
        fake_sleep(naps[nap]);
        keep(&worst, firn_cache_tick(cache, NULL));
        if (has_store && nap == 1)
            keep(&worst, firn_cache_flush(cache, NULL));
    }
    return worst;
}

static firn_status work(const firn_allocator *allocator, void *context)
{
    const char *store = context;
    firn_cache_options options = options_of(allocator, store);
    firn_cache *cache;
    uint64_t damaged;
    firn_cache_cursor *cursor;
    tempdir_empty(root);
    firn_status status = firn_cache_open(&options, &cache, NULL);
    if (status != FIRN_OK)
        return status;
    firn_status worst = put_and_age(cache, store != NULL, store != NULL ? 20 : KEYS);
    keep(&worst, firn_cache_verify(cache, &damaged, NULL));
    status = firn_cache_cursor_open(cache, &cursor);
    keep(&worst, status);
    if (status == FIRN_OK) {
        while ((status = firn_cache_cursor_next(cursor, NULL, NULL, NULL, NULL)) == FIRN_OK)
            continue;
        keep(&worst, status == FIRN_END_OF_DATA ? FIRN_OK : status);
        firn_cache_cursor_close(cursor);
    }
    firn_cache_close(cache);
    return worst;
}

static void every_allocation_may_fail_in_ram(void **state)
{
    (void)state;
    assert_in_range(failing_each(work, NULL), 30, 400);
}

static void every_allocation_may_fail_over_a_store(void **state)
{
    (void)state;
    assert_in_range(failing_each(work, path), 50, 600);
}

#if defined(FIRN_FAULTS) && FIRN_FAULTS

/* --- system calls that fail --- */

static void put_round(firn_cache *cache, uint32_t version)
{
    firn_error error;
    for (uint32_t key = 0; key < 40; key++) {
        firn_status status = put(cache, key, version, &error);
        if (status != FIRN_OK)
            cache_fail("put", key, status, &error);
    }
}

static void expect_round(firn_cache *cache, uint32_t version)
{
    for (uint32_t key = 0; key < 40; key++) {
        uint32_t found;
        firn_status status = version_of(cache, key, 1, version, &found);
        if (status != FIRN_OK || found != version)
            cache_fail("not the last value", key, status, NULL);
    }
}

/* A flush meets one failing call: it fails or not, all stays readable, and the next flush works. */
static void a_call_that_fails_loses_nothing(void **state)
{
    static const char *const faults[] = {"write", "fsync", "open", "read", "rename"};
    static const char *const hows[] = {"EIO", "ENOSPC"};
    (void)state;
    for (size_t call = 0; call < 5; call++) {
        for (unsigned number = 1; number <= 12; number++) {
            char fault[32];
            firn_cache_options options = options_of(NULL, path);
            firn_cache *cache;
            firn_error error;
            tempdir_empty(root);
            assert_int_equal(firn_cache_open(&options, &cache, NULL), FIRN_OK);
            put_round(cache, 1);
            assert_int_equal(firn_cache_flush(cache, NULL), FIRN_OK);
            put_round(cache, 2);
            snprintf(fault, sizeof fault, "%s:%u:%s", faults[call], number, hows[number % 2]);
            faults_set("FIRN_FAULT_IO", fault);
            firn_status status = firn_cache_flush(cache, &error);
            faults_clear();
            if (status != FIRN_OK && status != FIRN_IO && status != FIRN_NO_SPACE)
                cache_fail(fault, 0, status, &error);
            expect_round(cache, 2);
            put_round(cache, 3);
            status = firn_cache_flush(cache, &error);
            if (status != FIRN_OK)
                cache_fail(fault, 1, status, &error);
            expect_round(cache, 3);
            firn_cache_close(cache);
            assert_int_equal(firn_cache_open(&options, &cache, NULL), FIRN_OK);
            expect_round(cache, 3);
            firn_cache_close(cache);
        }
    }
}

/* On a full disk puts go on until the memory is full, then they are refused; all stays. */
static void a_full_disk_refuses_puts_until_there_is_room(void **state)
{
    enum { COUNT = 20000 };
    static uint8_t value[VALUE_MAX], out[VALUE_MAX];
    (void)state;
    firn_cache_options options = options_of(NULL, path);
    firn_cache *cache;
    firn_error error = {.status = FIRN_OK};
    firn_status status = FIRN_OK;
    uint32_t count = 0;
    char text[24];
    assert_int_equal(firn_cache_open(&options, &cache, NULL), FIRN_OK);
    faults_set("FIRN_FAULT_IO", "write:1+:ENOSPC");
    for (; status == FIRN_OK && count < COUNT; count += status == FIRN_OK) {
        rng random;
        rng_seed(&random, count);
        rng_bytes(&random, value, sizeof value);
        status =
            firn_cache_put(cache, key_of(count, text), (firn_bytes){value, sizeof value}, &error);
    }
    assert_int_equal(status, FIRN_NO_SPACE);
    assert_int_equal(error.status, FIRN_NO_SPACE);
    assert_int_equal(firn_cache_flush(cache, NULL), FIRN_NO_SPACE);
    faults_clear();
    firn_bytes later = {"later", 5};
    assert_int_equal(firn_cache_put(cache, later, later, &error), FIRN_OK);
    assert_int_equal(firn_cache_flush(cache, &error), FIRN_OK);
    for (uint32_t i = 0; i < count; i++) {
        rng random;
        size_t size;
        rng_seed(&random, i);
        rng_bytes(&random, value, sizeof value);
        assert_int_equal(firn_cache_get(cache, key_of(i, text), out, sizeof out, &size, &error),
                         FIRN_OK);
        assert_memory_equal(out, value, sizeof value);
    }
    firn_cache_close(cache);
}

#endif

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(every_allocation_may_fail_in_ram, set_up_fast, tear_down),
        cmocka_unit_test_setup_teardown(every_allocation_may_fail_over_a_store, set_up_fast,
                                        tear_down),
#if defined(FIRN_FAULTS) && FIRN_FAULTS
        cmocka_unit_test_setup_teardown(a_call_that_fails_loses_nothing, set_up_fast, tear_down),
        cmocka_unit_test_setup_teardown(a_full_disk_refuses_puts_until_there_is_room, set_up_fast,
                                        tear_down),
#endif
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
