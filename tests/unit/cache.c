/* Each call of a cache, with each error that its header names. */
#include "support/cache_fixture.h"
#include "core/bytes.h"
#include "tier/cache_tick.h"

#include <firn/checksum.h>
#include <firn/store.h>

#include <setjmp.h>
#include <stdarg.h>
#include <cmocka.h>

#define MIB ((uint64_t)1 << 20)

static firn_cache_options options_of(uint64_t limit_bytes, const char *store)
{
    return (firn_cache_options){.limit_bytes = limit_bytes,
                                .store = store,
                                .shard_count = 1,
                                .no_thread = true,
                                .ignore_pressure = true,
                                .clock_ns = fake_clock};
}

static firn_cache *open_with(const firn_cache_options *options)
{
    firn_cache *cache;
    firn_error error;
    firn_status status = firn_cache_open(options, &cache, &error);
    if (status != FIRN_OK)
        cache_fail("open", 0, status, &error);
    return cache;
}

static firn_bytes bytes_of(const char *text)
{
    return (firn_bytes){text, strlen(text)};
}

static void put_text(firn_cache *cache, const char *key, const char *value)
{
    assert_int_equal(firn_cache_put(cache, bytes_of(key), bytes_of(value), NULL), FIRN_OK);
}

static void expect_text(firn_cache *cache, const char *key, const char *value)
{
    char out[64];
    size_t size;
    assert_int_equal(firn_cache_get(cache, bytes_of(key), out, sizeof out, &size, NULL), FIRN_OK);
    assert_int_equal(size, strlen(value));
    assert_memory_equal(out, value, size);
}

static void expect_tier(firn_cache *cache, const char *key, firn_tier expected)
{
    firn_tier tier;
    assert_int_equal(firn_cache_tier_of(cache, bytes_of(key), &tier, NULL), FIRN_OK);
    assert_string_equal(firn_tier_name(tier), firn_tier_name(expected));
}

static void age(firn_cache *cache, uint64_t ns)
{
    fake_sleep(ns);
    assert_int_equal(firn_cache_tick(cache, NULL), FIRN_OK);
    fake_sleep(11 * SECOND); /* what waits to be packed */
    assert_int_equal(firn_cache_tick(cache, NULL), FIRN_OK);
}

static void expect_refused(firn_cache_options options, firn_status expected)
{
    firn_cache *cache;
    firn_error error = {.status = FIRN_OK};
    assert_int_equal(firn_cache_open(&options, &cache, &error), expected);
    assert_int_equal(error.status, expected);
    assert_true(error.text[0] != '\0');
}

static void options_out_of_range_are_refused(void **state)
{
    (void)state;
    firn_cache *cache;
    assert_int_equal(firn_cache_open(NULL, &cache, NULL), FIRN_INVALID);
    expect_refused(options_of(FIRN_CACHE_LIMIT_MIN_BYTES - 1, NULL), FIRN_INVALID);
    expect_refused(options_of(1000, NULL), FIRN_INVALID); /* less than one group */
    expect_refused(options_of(FIRN_CACHE_STORE_MIN_BYTES - 1, "S"), FIRN_INVALID);
    firn_cache_options options = options_of(8 * MIB, NULL);
    options.tier_bytes[1] = 1000;
    expect_refused(options, FIRN_INVALID);
    options.tier_bytes[1] = 5 * MIB;
    options.tier_bytes[2] = 4 * MIB;
    expect_refused(options, FIRN_INVALID);
    options = options_of(8 * MIB, NULL);
    options.shard_count = 3;
    expect_refused(options, FIRN_INVALID);
    options.shard_count = 512;
    expect_refused(options, FIRN_INVALID);
    options = options_of(8 * MIB, NULL);
    options.store_quota_bytes = MIB;
    expect_refused(options, FIRN_INVALID);
    options = options_of(8 * MIB, NULL);
    options.age_ms[2] = UINT32_MAX;
    expect_refused(options, FIRN_INVALID);
    options = options_of(8 * MIB, NULL);
    options.reserved[3] = 1;
    expect_refused(options, FIRN_INVALID);
    firn_cache_close(NULL);
}

static void a_key_holds_what_was_put_last(void **state)
{
    (void)state;
    firn_cache_options options = options_of(8 * MIB, NULL);
    firn_cache *cache = open_with(&options);
    size_t size = 99;
    char out[2] = "";
    bool contains;
    assert_int_equal(firn_cache_get(cache, bytes_of("a"), out, 2, &size, NULL), FIRN_NOT_FOUND);
    assert_int_equal(size, 99);
    put_text(cache, "a", "one");
    put_text(cache, "a", "other");
    put_text(cache, "empty", "");
    expect_text(cache, "a", "other");
    expect_text(cache, "empty", "");
    assert_int_equal(firn_cache_get(cache, bytes_of("a"), out, 2, &size, NULL), FIRN_OK);
    assert_int_equal(size, 5); /* of which two were copied */
    assert_memory_equal(out, "ot", 2);
    assert_int_equal(firn_cache_remove(cache, bytes_of("a"), NULL), FIRN_OK);
    assert_int_equal(firn_cache_remove(cache, bytes_of("a"), NULL), FIRN_NOT_FOUND);
    assert_int_equal(firn_cache_contains(cache, bytes_of("a"), &contains, NULL), FIRN_OK);
    assert_false(contains);
    assert_int_equal(firn_cache_contains(cache, bytes_of("empty"), &contains, NULL), FIRN_OK);
    assert_true(contains);
    firn_cache_close(cache);
}

static void keys_and_values_out_of_range_are_refused(void **state)
{
    (void)state;
    static char large[FIRN_CACHE_VALUE_MAX_BYTES + 1];
    firn_cache_options options = options_of(8 * MIB, NULL);
    firn_cache *cache = open_with(&options);
    firn_error error;
    firn_tier tier;
    size_t size;
    firn_cache_pinned pinned;
    firn_bytes none = {NULL, 0}, long_key = {large, FIRN_CACHE_KEY_MAX_BYTES + 1};
    firn_bytes longest = {large, FIRN_CACHE_KEY_MAX_BYTES};
    assert_int_equal(firn_cache_put(cache, none, bytes_of("x"), &error), FIRN_INVALID);
    assert_int_equal(firn_cache_put(cache, long_key, bytes_of("x"), &error), FIRN_INVALID);
    assert_int_equal(firn_cache_get(cache, none, NULL, 0, &size, &error), FIRN_INVALID);
    assert_int_equal(firn_cache_remove(cache, none, &error), FIRN_INVALID);
    assert_int_equal(firn_cache_pin(cache, none, &pinned, &error), FIRN_INVALID);
    assert_int_equal(firn_cache_tier_of(cache, none, &tier, &error), FIRN_INVALID);
    assert_int_equal(firn_cache_prefetch(cache, &none, 1, &error), FIRN_INVALID);
    assert_int_equal(firn_cache_put(cache, longest, bytes_of("x"), &error), FIRN_OK);
    /* larger than a quarter of the limit; than the budget; than any cache takes */
    firn_bytes value = {large, 2 * MIB + 1};
    put_text(cache, "v", "old");
    assert_int_equal(firn_cache_put(cache, bytes_of("v"), value, &error), FIRN_LIMIT);
    expect_text(cache, "v", "old");
    firn_cache_close(cache);
    options.limit_bytes = 256 * MIB;
    cache = open_with(&options);
    value.size = FIRN_CACHE_VALUE_MAX_BYTES + 1;
    assert_int_equal(firn_cache_put(cache, bytes_of("v"), value, &error), FIRN_LIMIT);
    value.size--;
    assert_int_equal(firn_cache_put(cache, bytes_of("v"), value, &error), FIRN_OK);
    assert_int_equal(firn_cache_get(cache, bytes_of("v"), NULL, 0, &size, &error), FIRN_OK);
    assert_int_equal(size, FIRN_CACHE_VALUE_MAX_BYTES);
    firn_cache_close(cache);
}

static void quiet_items_go_down_and_come_up_again(void **state)
{
    (void)state;
    firn_cache_options options = options_of(16 * MIB, path);
    firn_cache *cache = open_with(&options);
    put_text(cache, "a", "one");
    put_text(cache, "b", "two");
    expect_tier(cache, "a", FIRN_TIER_HOT);
    age(cache, 29 * SECOND);
    age(cache, 0);
    expect_tier(cache, "b", FIRN_TIER_WARM);
    expect_text(cache, "a", "one");
    expect_tier(cache, "a", FIRN_TIER_HOT);
    age(cache, 40 * SECOND);
    expect_tier(cache, "a", FIRN_TIER_WARM); /* back to its copy */
    age(cache, 6 * MINUTE);
    expect_tier(cache, "a", FIRN_TIER_COLD);
    age(cache, 61 * MINUTE);
    expect_tier(cache, "a", FIRN_TIER_FROZEN);
    expect_text(cache, "a", "one");
    expect_text(cache, "b", "two");
    expect_tier(cache, "b", FIRN_TIER_HOT);
    firn_cache_stats stats;
    firn_cache_stats_get(cache, &stats);
    assert_int_equal(stats.item_count, 2);
    assert_int_equal(stats.tier[FIRN_TIER_WARM].hit_count, 1);
    assert_int_equal(stats.tier[FIRN_TIER_FROZEN].hit_count, 2);
    assert_int_equal(stats.promote_count, 3);
    assert_true(stats.commit_count >= 1);
    assert_true(stats.tier[FIRN_TIER_FROZEN].used_bytes > 0);
    firn_cache_close(cache);
}

static void prefetch_brings_keys_up(void **state)
{
    (void)state;
    firn_cache_options options = options_of(8 * MIB, NULL);
    firn_cache *cache = open_with(&options);
    put_text(cache, "a", "one");
    put_text(cache, "b", "two");
    age(cache, MINUTE);
    firn_bytes keys[] = {bytes_of("a"), bytes_of("not there"), bytes_of("b")};
    expect_tier(cache, "b", FIRN_TIER_WARM);
    assert_int_equal(firn_cache_prefetch(cache, keys, 3, NULL), FIRN_OK);
    expect_tier(cache, "a", FIRN_TIER_HOT);
    expect_tier(cache, "b", FIRN_TIER_HOT);
    firn_cache_close(cache);
}

static void a_pin_stays_through_all_changes(void **state)
{
    (void)state;
    firn_cache_options options = options_of(8 * MIB, NULL);
    firn_cache *cache = open_with(&options);
    firn_cache_pinned pinned, again, empty;
    put_text(cache, "a", "one");
    put_text(cache, "e", "");
    age(cache, MINUTE);
    assert_int_equal(firn_cache_pin(cache, bytes_of("none"), &pinned, NULL), FIRN_NOT_FOUND);
    assert_int_equal(firn_cache_pin(cache, bytes_of("a"), &pinned, NULL), FIRN_OK);
    assert_int_equal(firn_cache_pin(cache, bytes_of("a"), &again, NULL), FIRN_OK);
    assert_int_equal(firn_cache_pin(cache, bytes_of("e"), &empty, NULL), FIRN_OK);
    assert_null(empty.data);
    put_text(cache, "a", "other");
    age(cache, 10 * MINUTE);
    assert_int_equal(firn_cache_remove(cache, bytes_of("a"), NULL), FIRN_OK);
    assert_int_equal(pinned.size, 3);
    assert_memory_equal(pinned.data, "one", 3);
    firn_cache_unpin(cache, &pinned);
    assert_memory_equal(again.data, "one", 3);
    firn_cache_unpin(cache, &again);
    firn_cache_unpin(cache, &empty);
    firn_cache_close(cache);
}

/* Puts values that do not pack until one is refused. */
static uint32_t fill(firn_cache *cache, uint32_t from, firn_status *ret_status)
{
    static uint8_t value[8000];
    rng random;
    firn_error error;
    for (uint32_t i = from;; i++) {
        char text[24];
        rng_seed(&random, i);
        rng_bytes(&random, value, sizeof value);
        *ret_status =
            firn_cache_put(cache, key_of(i, text), (firn_bytes){value, sizeof value}, &error);
        if (*ret_status != FIRN_OK)
            return i;
    }
}

static void expect_filled(firn_cache *cache, uint32_t count)
{
    static uint8_t value[8000], out[8000];
    rng random;
    for (uint32_t i = 0; i < count; i++) {
        char text[24];
        size_t size;
        rng_seed(&random, i);
        rng_bytes(&random, value, sizeof value);
        assert_int_equal(firn_cache_get(cache, key_of(i, text), out, sizeof out, &size, NULL),
                         FIRN_OK);
        assert_int_equal(size, sizeof value);
        assert_memory_equal(out, value, size);
    }
}

static void a_full_cache_without_a_store_refuses_and_keeps(void **state)
{
    (void)state;
    firn_cache_options options = options_of(8 * MIB, NULL);
    firn_cache *cache = open_with(&options);
    firn_cache_stats stats;
    firn_status status;
    uint32_t count = fill(cache, 0, &status);
    assert_int_equal(status, FIRN_LIMIT);
    assert_true(count > 500);
    firn_cache_stats_get(cache, &stats);
    assert_true(stats.used_bytes <= 8 * MIB + 8 * MIB / 10);
    assert_int_equal(stats.refused_count, 1);
    expect_filled(cache, count);
    for (uint32_t i = 0; i < count; i++) {
        char text[24];
        assert_int_equal(firn_cache_remove(cache, key_of(i, text), NULL), FIRN_OK);
    }
    put_text(cache, "a", "there is room again");
    firn_cache_close(cache);
}

static void a_pin_that_finds_no_room_is_refused(void **state)
{
    (void)state;
    enum { PINS = 4000 };
    static firn_cache_pinned pins[PINS];
    firn_cache_options options = options_of(FIRN_CACHE_LIMIT_MIN_BYTES, NULL);
    firn_cache *cache = open_with(&options);
    static uint8_t value[4000];
    uint32_t count = 0, held = 0;
    firn_status status = FIRN_OK;
    char text[24];
    for (; count < PINS; count++) {
        value_fill(count, 0, value, sizeof value);
        if (firn_cache_put(cache, key_of(count, text), (firn_bytes){value, sizeof value}, NULL) !=
            FIRN_OK)
            break;
    }
    while (held < count && status == FIRN_OK) {
        status = firn_cache_pin(cache, key_of(held, text), &pins[held], NULL);
        held += status == FIRN_OK;
    }
    assert_int_equal(status, FIRN_LIMIT);
    for (uint32_t i = 0; i < held; i++)
        firn_cache_unpin(cache, &pins[i]);
    assert_int_equal(firn_cache_pin(cache, key_of(held, text), &pins[0], NULL), FIRN_OK);
    firn_cache_unpin(cache, &pins[0]);
    firn_cache_close(cache);
}

static void budgets_of_tiers_are_kept(void **state)
{
    (void)state;
    firn_cache_options options = options_of(64 * MIB, NULL);
    options.tier_bytes[FIRN_TIER_HOT] = MIB;
    options.tier_bytes[FIRN_TIER_WARM] = 2 * MIB;
    firn_cache *cache = open_with(&options);
    static uint8_t value[1000];
    firn_cache_stats stats;
    for (uint32_t i = 0; i < 20000; i++) {
        char text[24];
        value_fill(i, 0, value, sizeof value);
        assert_int_equal(
            firn_cache_put(cache, key_of(i, text), (firn_bytes){value, sizeof value}, NULL),
            FIRN_OK);
    }
    firn_cache_stats_get(cache, &stats);
    assert_true(stats.tier[FIRN_TIER_HOT].used_bytes <= MIB + 2 * 65536);
    assert_true(stats.tier[FIRN_TIER_WARM].used_bytes <= 2 * MIB + 2 * 65536);
    assert_true(stats.tier[FIRN_TIER_COLD].item_count > 5000);
    firn_cache_close(cache);
}

static void what_was_flushed_is_there_again(void **state)
{
    (void)state;
    firn_cache_options options = options_of(16 * MIB, path);
    firn_cache *cache = open_with(&options);
    put_text(cache, "a", "one");
    put_text(cache, "b", "two");
    assert_int_equal(firn_cache_flush(cache, NULL), FIRN_OK);
    expect_tier(cache, "a", FIRN_TIER_HOT);
    assert_int_equal(firn_cache_remove(cache, bytes_of("b"), NULL), FIRN_OK);
    put_text(cache, "c", "three");
    assert_int_equal(firn_cache_flush(cache, NULL), FIRN_OK);
    put_text(cache, "a", "not flushed");
    firn_cache_close(cache);
    cache = open_with(&options);
    bool contains;
    expect_tier(cache, "a", FIRN_TIER_FROZEN);
    expect_text(cache, "a", "one");
    expect_text(cache, "c", "three");
    assert_int_equal(firn_cache_contains(cache, bytes_of("b"), &contains, NULL), FIRN_OK);
    assert_false(contains);
    firn_cache_close(cache);
}

static void a_flush_needs_a_store(void **state)
{
    (void)state;
    firn_cache_options options = options_of(8 * MIB, NULL);
    firn_cache *cache = open_with(&options);
    assert_int_equal(firn_cache_flush(cache, NULL), FIRN_UNSUPPORTED);
    firn_cache_close(cache);
}

static void a_store_that_cannot_be_used_is_refused(void **state)
{
    (void)state;
    firn_cache_options options = options_of(16 * MIB, path);
    tempdir_write(path, "a file", 6);
    expect_refused(options, FIRN_NOT_STORE);
    tempdir_empty(path);
    tempdir_write(tempdir_path(path, "something"), "else", 4);
    expect_refused(options, FIRN_NOT_STORE);
    tempdir_empty(path);
    firn_cache *cache = open_with(&options);
    expect_refused(options, FIRN_BUSY);
    put_text(cache, "a", "one");
    expect_text(cache, "a", "one");
    firn_cache_close(cache);
    options.store = tempdir_path(path, "no/such/parent");
    expect_refused(options, FIRN_NOT_FOUND);
}

/* Refused, with a line that names the store. */
static void expect_named(firn_status expected)
{
    firn_cache_options options = options_of(16 * MIB, path);
    firn_cache *cache;
    firn_error error = {.status = FIRN_OK};
    assert_int_equal(firn_cache_open(&options, &cache, &error), expected);
    assert_int_equal(error.status, expected);
    assert_non_null(strstr(error.text, path));
    assert_null(strchr(error.text, '\n'));
}

static void fill_store(void)
{
    firn_cache_options options = options_of(16 * MIB, path);
    firn_cache *cache = open_with(&options);
    put_text(cache, "a", "one");
    assert_int_equal(firn_cache_flush(cache, NULL), FIRN_OK);
    firn_cache_close(cache);
}

static void expect_filled_store(void)
{
    firn_cache_options options = options_of(16 * MIB, path);
    firn_cache *cache = open_with(&options);
    expect_text(cache, "a", "one");
    firn_cache_close(cache);
}

/* Nothing is forbidden to root: the test goes on as another user, whom the store then belongs to.
 */
static void a_store_that_may_not_be_written_is_refused(void **state)
{
    (void)state;
    enum { NOBODY = 65534 };
    static const char *const names[] = {"manifest", "manifest-copy", "log-1", "data-0.firn",
                                        "lock"};
    fill_store();
    bool is_root = geteuid() == 0;
    for (size_t i = 0; is_root && i < sizeof names / sizeof *names; i++)
        assert_int_equal(chown(tempdir_path(path, names[i]), NOBODY, NOBODY), 0);
    if (is_root) {
        assert_int_equal(chown(path, NOBODY, NOBODY), 0);
        assert_int_equal(chown(root, NOBODY, NOBODY), 0);
        assert_int_equal(seteuid(NOBODY), 0);
    }
    assert_int_equal(chmod(path, 0500), 0);
    assert_int_equal(chmod(tempdir_path(path, "lock"), 0400), 0);
    expect_named(FIRN_PERMISSION);
    assert_int_equal(chmod(path, 0), 0);
    expect_named(FIRN_PERMISSION);
    assert_int_equal(chmod(path, 0700), 0);
    assert_int_equal(chmod(tempdir_path(path, "data-0.firn"), 0), 0);
    expect_named(FIRN_PERMISSION);
    assert_int_equal(chmod(tempdir_path(path, "data-0.firn"), 0600), 0);
    assert_int_equal(chmod(tempdir_path(path, "lock"), 0600), 0);
    expect_filled_store();
    if (is_root)
        assert_int_equal(seteuid(getuid()), 0);
}

static void a_store_of_a_later_version_is_refused_and_left_alone(void **state)
{
    (void)state;
    size_t size;
    fill_store();
    const char *file = tempdir_path(path, "manifest");
    uint8_t *data = tempdir_read(file, &size);
    assert_non_null(data);
    put_u32(data + 8, 3);
    put_u32(data + size - 4, firn_crc32c(0, data, size - 4));
    tempdir_write(file, data, size);
    expect_named(FIRN_VERSION);
    put_u32(data + 8, 2);
    put_u32(data + size - 4, firn_crc32c(0, data, size - 4));
    tempdir_write(file, data, size);
    free(data);
    expect_filled_store();
}

/* Segments as a later cache may write them, in a store that is as ever. */
static void segments_of_a_later_version_are_refused(void **state)
{
    (void)state;
    firn_store *store;
    firn_codec *codec;
    uint32_t segment;
    uint8_t data[32] = {0};
    firn_store_options how = {.mode = FIRN_STORE_WRITE};
    firn_store_put_options put = {.kind = 0x4346};
    memcpy(data, "FCC1", 4);
    put_u16(data + 4, 2);
    assert_int_equal(firn_store_open(path, &how, &store, NULL), FIRN_OK);
    assert_int_equal(firn_codec_create(NULL, &codec), FIRN_OK);
    assert_int_equal(firn_store_put(store, codec, &put, data, sizeof data, &segment, NULL),
                     FIRN_OK);
    assert_int_equal(firn_store_commit(store, FIRN_SEGMENT_NONE, NULL), FIRN_OK);
    firn_store_close(store);
    firn_codec_destroy(codec);
    expect_refused(options_of(16 * MIB, path), FIRN_VERSION);
}

static void a_store_of_another_program_is_refused(void **state)
{
    (void)state;
    firn_store *store;
    firn_codec *codec;
    uint32_t segment;
    firn_store_options how = {.mode = FIRN_STORE_WRITE};
    firn_store_put_options put = {.kind = 7};
    assert_int_equal(firn_store_open(path, &how, &store, NULL), FIRN_OK);
    assert_int_equal(firn_codec_create(NULL, &codec), FIRN_OK);
    assert_int_equal(firn_store_put(store, codec, &put, "x", 1, &segment, NULL), FIRN_OK);
    assert_int_equal(firn_store_commit(store, FIRN_SEGMENT_NONE, NULL), FIRN_OK);
    firn_store_close(store);
    firn_codec_destroy(codec);
    expect_refused(options_of(16 * MIB, path), FIRN_NOT_STORE);
}

static void a_clock_that_jumps_does_not_stop_the_ageing(void **state)
{
    (void)state;
    const uint64_t years = 10 * 365 * 24 * HOUR;
    firn_cache_options options = options_of(8 * MIB, NULL);
    fake_sleep(2 * years);
    firn_cache *cache = open_with(&options);
    put_text(cache, "a", "one");
    atomic_fetch_sub(&fake_ns, years);
    assert_int_equal(firn_cache_tick(cache, NULL), FIRN_OK);
    expect_tier(cache, "a", FIRN_TIER_HOT);
    age(cache, 40 * SECOND);
    expect_tier(cache, "a", FIRN_TIER_WARM);
    fake_sleep(years);
    assert_int_equal(firn_cache_tick(cache, NULL), FIRN_OK);
    put_text(cache, "b", "two");
    age(cache, 5 * SECOND);
    expect_tier(cache, "b", FIRN_TIER_HOT);
    age(cache, 40 * SECOND);
    expect_tier(cache, "b", FIRN_TIER_WARM);
    expect_text(cache, "a", "one");
    firn_cache_close(cache);
}

static void ages_follow_the_promotions(void **state)
{
    (void)state;
    assert_int_equal(firn_cache_age_steer(30000, 30000, 3, 1000), 45000);
    assert_int_equal(firn_cache_age_steer(30000, 30000, 2, 1000), 30000);
    assert_int_equal(firn_cache_age_steer(30000, 45000, 1, 1000), 45000);
    assert_int_equal(firn_cache_age_steer(30000, 45000, 0, 1000), 39375);
    assert_int_equal(firn_cache_age_steer(30000, 900000, 900, 1000), 960000);
    assert_int_equal(firn_cache_age_steer(INT32_MAX, INT32_MAX, 900, 1000), INT32_MAX);
}

static void the_target_follows_the_pressure(void **state)
{
    (void)state;
    assert_int_equal(firn_cache_target_steer(3200, 3200, 0, 1000, 2000), 3200);
    assert_int_equal(firn_cache_target_steer(3200, 3200, 1000, 1000, 2000), 2800);
    assert_int_equal(firn_cache_target_steer(3200, 3200, 0, 10, 2000), 2800);
    assert_int_equal(firn_cache_target_steer(3200, 3200, 0, 0, 2000), 3200); /* not known */
    assert_int_equal(firn_cache_target_steer(3200, 810, 5000, 1000, 2000), 800);
    assert_int_equal(firn_cache_target_steer(3200, 800, 0, 1000, 2000), 900);
}

static void latencies_are_told_by_their_share(void **state)
{
    (void)state;
    firn_cache_latency latency = {{0}};
    assert_true(firn_cache_latency_ns(&latency, 0.5) < 1e-9);
    latency.count[20] = 90; /* 1,024 to 1,448 ns */
    latency.count[40] = 10;
    double median = firn_cache_latency_ns(&latency, 0.5);
    assert_true(median > 1024 && median < 1449);
    assert_true(firn_cache_latency_ns(&latency, 0.99) > 1048576);
    firn_cache_options options = options_of(8 * MIB, NULL);
    firn_cache *cache = open_with(&options);
    firn_cache_stats stats;
    put_text(cache, "a", "one");
    age(cache, MINUTE);
    expect_text(cache, "a", "one");
    firn_cache_stats_get(cache, &stats);
    double warm = firn_cache_latency_ns(&stats.tier[FIRN_TIER_WARM].get, 0.5);
    assert_true(warm > 0 && warm < 1e9); /* by the true clock, whatever the ages go by */
    firn_cache_close(cache);
}

static void the_thread_ages_by_itself(void **state)
{
    (void)state;
    firn_cache_options options = {.limit_bytes = 8 * MIB, .age_ms = {100, 0, 0}};
    firn_cache *cache = open_with(&options);
    put_text(cache, "a", "one");
    firn_tier tier = FIRN_TIER_HOT;
    for (int i = 0; i < 100 && tier == FIRN_TIER_HOT; i++) {
        usleep(100 * 1000);
        assert_int_equal(firn_cache_tier_of(cache, bytes_of("a"), &tier, NULL), FIRN_OK);
    }
    assert_int_equal(tier, FIRN_TIER_WARM);
    expect_text(cache, "a", "one");
    firn_cache_close(cache);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(options_out_of_range_are_refused),
        cmocka_unit_test(a_key_holds_what_was_put_last),
        cmocka_unit_test(keys_and_values_out_of_range_are_refused),
        cmocka_unit_test_setup_teardown(quiet_items_go_down_and_come_up_again, set_up, tear_down),
        cmocka_unit_test(prefetch_brings_keys_up),
        cmocka_unit_test(a_pin_stays_through_all_changes),
        cmocka_unit_test(a_full_cache_without_a_store_refuses_and_keeps),
        cmocka_unit_test(a_pin_that_finds_no_room_is_refused),
        cmocka_unit_test(budgets_of_tiers_are_kept),
        cmocka_unit_test_setup_teardown(what_was_flushed_is_there_again, set_up, tear_down),
        cmocka_unit_test(a_flush_needs_a_store),
        cmocka_unit_test_setup_teardown(a_store_that_cannot_be_used_is_refused, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_store_that_may_not_be_written_is_refused, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(a_store_of_a_later_version_is_refused_and_left_alone,
                                        set_up, tear_down),
        cmocka_unit_test_setup_teardown(segments_of_a_later_version_are_refused, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_store_of_another_program_is_refused, set_up, tear_down),
        cmocka_unit_test(a_clock_that_jumps_does_not_stop_the_ageing),
        cmocka_unit_test(ages_follow_the_promotions),
        cmocka_unit_test(the_target_follows_the_pressure),
        cmocka_unit_test(latencies_are_told_by_their_share),
        cmocka_unit_test(the_thread_ages_by_itself),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
