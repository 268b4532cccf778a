/* A cache on a store that has something in it: what its lists of keys say, what is done without
 * them, and stores of earlier versions. */
#include "support/cache_fixture.h"
#include "support/golden.h"

#include <firn/store.h>

#include <setjmp.h>
#include <stdarg.h>
#include <cmocka.h>

enum { KEYS = 900, VALUE = 1000, LIST_KIND = 0x4c43, DATA_KIND = 0x4346, HEADER_BYTES = 52 };

static firn_cache *open_store(void)
{
    firn_cache_options options = {.limit_bytes = FIRN_CACHE_STORE_MIN_BYTES,
                                  .store = path,
                                  .no_thread = true,
                                  .ignore_pressure = true,
                                  .clock_ns = fake_clock};
    firn_cache *cache;
    firn_error error;
    firn_status status = firn_cache_open(&options, &cache, &error);
    if (status != FIRN_OK)
        cache_fail("open", 0, status, &error);
    return cache;
}

/* Version 1 of all, then 2 of every third, then without every seventh; a flush after each. */
static uint32_t version_of(uint32_t key)
{
    return key % 7 == 0 ? 0 : key % 3 == 0 ? 2 : 1;
}

static void fill(void)
{
    firn_cache *cache = open_store();
    for (uint32_t version = 1; version <= 3; version++) {
        for (uint32_t i = 0; i < KEYS; i++) {
            uint8_t value[VALUE];
            char text[24];
            value_fill(i, version, value, sizeof value);
            firn_status status = FIRN_OK;
            if (version == 3 && i % 7 == 0)
                status = firn_cache_remove(cache, key_of(i, text), NULL);
            else if (version == 1 || (version == 2 && i % 3 == 0))
                status = firn_cache_put(cache, key_of(i, text), (firn_bytes){value, VALUE}, NULL);
            assert_int_equal(status, FIRN_OK);
        }
        assert_int_equal(firn_cache_flush(cache, NULL), FIRN_OK);
    }
    firn_cache_close(cache);
}

/* Returns how many keys lie in places that cannot be read; all others are right. */
static uint32_t check(firn_cache *cache)
{
    uint32_t damaged = 0;
    for (uint32_t i = 0; i < KEYS; i++) {
        uint8_t value[VALUE], found[VALUE];
        char text[24];
        size_t size = 0;
        firn_status status =
            firn_cache_get(cache, key_of(i, text), found, sizeof found, &size, NULL);
        if (status == FIRN_CORRUPT) {
            damaged++;
            continue;
        }
        assert_int_equal(status, version_of(i) == 0 ? FIRN_NOT_FOUND : FIRN_OK);
        if (status != FIRN_OK)
            continue;
        value_fill(i, version_of(i), value, sizeof value);
        assert_int_equal(size, VALUE);
        assert_memory_equal(value, found, VALUE);
    }
    return damaged;
}

/* Flips a bit in the middle of the first segment of a kind, or of all; returns how many. */
static uint32_t damage(uint32_t kind, bool all)
{
    firn_store *store;
    firn_segment_info info;
    uint32_t count = 0;
    assert_int_equal(firn_store_open(path, &(firn_store_options){0}, &store, NULL), FIRN_OK);
    for (uint32_t from = 0; firn_store_next(store, from, &info) == FIRN_OK && (all || count == 0);
         from = info.segment + 1) {
        if (info.kind != kind)
            continue;
        char name[TEMPDIR_PATH_BYTES + 64];
        snprintf(name, sizeof name, "%s/data-%u.firn", path, (unsigned)info.file);
        FILE *file = fopen(name, "r+b");
        assert_non_null(file);
        long frame_bytes = (long)info.packed_bytes - HEADER_BYTES;
        long at = (long)info.offset_bytes + HEADER_BYTES + frame_bytes / 2;
        assert_int_equal(fseek(file, at, SEEK_SET), 0);
        int byte = fgetc(file);
        assert_int_equal(fseek(file, at, SEEK_SET), 0);
        fputc(byte ^ 4, file);
        fclose(file);
        count++;
    }
    firn_store_close(store);
    return count;
}

static void what_was_replaced_or_removed_stays_so(void **state)
{
    (void)state;
    fill();
    for (int i = 0; i < 2; i++) {
        firn_cache *cache = open_store();
        assert_int_equal(check(cache), 0);
        firn_cache_close(cache);
    }
}

/* Only the lists can tell which keys a damaged segment has. */
static void a_damaged_segment_is_found_by_its_keys_alone(void **state)
{
    (void)state;
    fill();
    assert_int_equal(damage(DATA_KIND, false), 1);
    firn_cache *cache = open_store();
    uint32_t damaged = check(cache);
    assert_true(damaged > 0 && damaged < KEYS);
    uint64_t places;
    assert_int_equal(firn_cache_verify(cache, &places, NULL), FIRN_CORRUPT);
    firn_cache_close(cache);
}

static void without_its_lists_a_store_is_unpacked(void **state)
{
    (void)state;
    fill();
    uint64_t places;
    assert_true(damage(LIST_KIND, false) == 1);
    firn_cache *cache = open_store();
    assert_int_equal(check(cache), 0);
    assert_int_equal(firn_cache_verify(cache, &places, NULL), FIRN_CORRUPT);
    firn_cache_close(cache);
    assert_true(damage(LIST_KIND, true) > 2);
    cache = open_store();
    assert_int_equal(check(cache), 0);
    firn_cache_close(cache);
}

static void neither_list_nor_segment_is_an_error(void **state)
{
    (void)state;
    fill();
    firn_cache *cache;
    firn_error error;
    damage(LIST_KIND, true);
    damage(DATA_KIND, false);
    firn_cache_options options = {.limit_bytes = FIRN_CACHE_STORE_MIN_BYTES, .store = path};
    assert_int_equal(firn_cache_open(&options, &cache, &error), FIRN_CORRUPT);
}

/* Lays out a store of an earlier version. */
static void golden_store(int version)
{
    static const char *const files[] = {"data-0.firn", "log-1", "manifest", "manifest-copy"};
    static uint8_t bytes[1 << 16];
    char name[TEMPDIR_PATH_BYTES + 64];
    snprintf(path, sizeof path, "%s/%d", root, version);
    assert_int_equal(mkdir(path, 0777), 0);
    for (size_t i = 0; i < sizeof files / sizeof *files; i++) {
        snprintf(name, sizeof name, "cache-%d/%s", version, files[i]);
        size_t size = golden_read(__FILE__, name, bytes, sizeof bytes);
        tempdir_write(tempdir_path(path, files[i]), bytes, size);
    }
}

/* What it holds, but for the keys from `from` on that were put again. */
static void expect_golden(firn_cache *cache, uint32_t from)
{
    for (uint32_t i = 0; i < 60; i++) {
        char text[24], value[64], expected[64];
        size_t size = 0;
        bool again = i >= from;
        firn_status status =
            firn_cache_get(cache, key_of(i, text), value, sizeof value, &size, NULL);
        assert_int_equal(status, i % 10 == 0 && !again ? FIRN_NOT_FOUND : FIRN_OK);
        int length = again ? snprintf(expected, sizeof expected, "again %u", (unsigned)i)
                           : snprintf(expected, sizeof expected, "value %u of round %d",
                                      (unsigned)i, i % 3 == 0 ? 1 : 0);
        if (status == FIRN_OK) {
            assert_int_equal(size, length);
            assert_memory_equal(value, expected, size);
        }
    }
}

static void stores_of_all_versions_are_read_and_written_on(void **state)
{
    (void)state;
    for (int version = 1; version <= 2; version++) { /* 1: without lists */
        uint64_t damaged = 0;
        golden_store(version);
        firn_cache *cache = open_store();
        expect_golden(cache, 60);
        for (uint32_t i = 40; i < 60; i++) {
            char text[24], value[64];
            int size = snprintf(value, sizeof value, "again %u", (unsigned)i);
            firn_bytes again = {value, (size_t)size};
            assert_int_equal(firn_cache_put(cache, key_of(i, text), again, NULL), FIRN_OK);
        }
        assert_int_equal(firn_cache_flush(cache, NULL), FIRN_OK);
        fake_sleep(2 * HOUR);
        assert_int_equal(firn_cache_tick(cache, NULL), FIRN_OK); /* compacts, too */
        firn_cache_close(cache);
        cache = open_store();
        expect_golden(cache, 40);
        assert_int_equal(firn_cache_verify(cache, &damaged, NULL), FIRN_OK);
        firn_cache_close(cache);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(what_was_replaced_or_removed_stays_so, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_damaged_segment_is_found_by_its_keys_alone, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(without_its_lists_a_store_is_unpacked, set_up, tear_down),
        cmocka_unit_test_setup_teardown(neither_list_nor_segment_is_an_error, set_up, tear_down),
        cmocka_unit_test_setup_teardown(stores_of_all_versions_are_read_and_written_on, set_up,
                                        tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
