/* What lies still in a cache's store is packed again, and given up for whoever wants something. */
#include "support/cache_fixture.h"

#include <setjmp.h>
#include <stdarg.h>
#include <cmocka.h>

enum { KEYS = 1200, VALUE = 3000, TICKS = 60 };

static firn_cache *open_filled(bool no_repack)
{
    firn_cache_options options = {.limit_bytes = (uint64_t)32 << 20,
                                  .store = path,
                                  .no_thread = true,
                                  .ignore_pressure = true,
                                  .no_repack = no_repack,
                                  .clock_ns = fake_clock};
    firn_cache *cache;
    assert_int_equal(firn_cache_open(&options, &cache, NULL), FIRN_OK);
    for (uint32_t i = 0; i < KEYS; i++) {
        uint8_t value[VALUE];
        char text[24];
        value_fill(i, 0, value, sizeof value);
        assert_int_equal(
            firn_cache_put(cache, key_of(i, text), (firn_bytes){value, sizeof value}, NULL),
            FIRN_OK);
    }
    assert_int_equal(firn_cache_flush(cache, NULL), FIRN_OK);
    return cache;
}

static uint64_t disk_bytes(firn_cache *cache)
{
    firn_usage usage;
    firn_cache_usage(cache, &usage);
    return usage.disk_bytes;
}

static void expect_key(firn_cache *cache, uint32_t key)
{
    uint8_t value[VALUE], found[VALUE];
    char text[24];
    size_t size;
    value_fill(key, 0, value, sizeof value);
    assert_int_equal(firn_cache_get(cache, key_of(key, text), found, sizeof found, &size, NULL),
                     FIRN_OK);
    assert_int_equal(size, VALUE);
    assert_memory_equal(value, found, VALUE);
}

/* Lets seconds pass one by one; asks for a key in each, if wanted. */
static void pass(firn_cache *cache, int seconds, bool asks)
{
    for (int i = 0; i < seconds; i++) {
        fake_sleep(SECOND);
        if (asks)
            expect_key(cache, (uint32_t)i % KEYS);
        assert_int_equal(firn_cache_tick(cache, NULL), FIRN_OK);
    }
}

static void a_store_in_peace_gets_smaller(void **state)
{
    (void)state;
    firn_cache *cache = open_filled(false);
    uint64_t damaged, before = disk_bytes(cache);
    pass(cache, TICKS, false);
    uint64_t after = disk_bytes(cache);
    assert_true(after < before - before / 100);
    pass(cache, TICKS, false);
    assert_int_equal(disk_bytes(cache), after); /* each segment once */
    for (uint32_t i = 0; i < KEYS; i++)
        expect_key(cache, i);
    assert_int_equal(firn_cache_verify(cache, &damaged, NULL), FIRN_OK);
    firn_cache_close(cache);
}

static void who_asks_is_left_alone(void **state)
{
    (void)state;
    firn_cache *cache = open_filled(false);
    uint64_t before = disk_bytes(cache);
    pass(cache, TICKS, true);
    assert_int_equal(disk_bytes(cache), before);
    firn_cache_close(cache);
}

static void it_can_be_turned_off(void **state)
{
    (void)state;
    firn_cache *cache = open_filled(true);
    uint64_t before = disk_bytes(cache);
    pass(cache, TICKS, false);
    assert_int_equal(disk_bytes(cache), before);
    firn_cache_close(cache);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(a_store_in_peace_gets_smaller, set_up, tear_down),
        cmocka_unit_test_setup_teardown(who_asks_is_left_alone, set_up, tear_down),
        cmocka_unit_test_setup_teardown(it_can_be_turned_off, set_up, tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
