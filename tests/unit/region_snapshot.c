/* Snapshots: every call and each of its statuses; a snapshot with any bit flipped, cut off, of
 * another region, sleep, build or machine is refused by name, and the region lives on. */
#include "support/region_heap.h"
#include "support/tempdir.h"

#include <firn/checksum.h>

#include "core/bytes.h"

static uint8_t *snapshot_take(firn_region *region, size_t *ret_size)
{
    uint64_t size = 0;
    assert_int_equal(firn_region_snapshot_size(region, &size), FIRN_OK);
    uint8_t *bytes = malloc(size);
    assert_int_equal(firn_region_snapshot(region, bytes, size - 1, ret_size), FIRN_LIMIT);
    assert_int_equal(firn_region_snapshot(region, bytes, size, ret_size), FIRN_OK);
    assert_int_equal(size, *ret_size);
    return bytes;
}

static firn_region *asleep(firn_region_wake_mode mode, size_t count, firn_region_template *sibling)
{
    firn_region *region = region_make(&(firn_region_options){.mode = mode});
    list_make(region, count, 3);
    const firn_region_hibernate_options options = {.sibling = sibling};
    assert_int_equal(firn_region_hibernate(region, &options), FIRN_OK);
    return region;
}

static void a_region_goes_away_and_comes_back(void **state)
{
    (void)state;
    for (int mode = FIRN_REGION_EAGER; mode <= FIRN_REGION_ON_TOUCH; mode++) {
        firn_region *region = asleep((firn_region_wake_mode)mode, 2000, NULL);
        size_t size;
        uint8_t *bytes = snapshot_take(region, &size);
        uint64_t before = 0, after = 0;
        firn_error error;
        assert_int_equal(firn_region_digest(region, &before), FIRN_OK);
        assert_int_equal(firn_region_restore(region, (firn_bytes){bytes, size}, &error), FIRN_BUSY);
        assert_int_equal(firn_region_away(region), FIRN_OK);
        assert_int_equal(firn_region_away(region), FIRN_BUSY);
        assert_int_equal(firn_region_state_get(region), FIRN_REGION_AWAY);
        assert_int_equal(firn_region_wake(region), FIRN_NOT_FOUND);
        assert_int_equal(firn_region_pin(region, NULL, 0), FIRN_NOT_FOUND);
        assert_int_equal(firn_region_pin(region, firn_region_base(region), 1), FIRN_NOT_FOUND);
        assert_int_equal(firn_region_digest(region, &after), FIRN_NOT_FOUND);
        assert_int_equal(firn_region_verify(region), FIRN_NOT_FOUND);
        assert_int_equal(firn_region_hibernate(region, NULL), FIRN_OK);
        assert_int_equal(firn_region_snapshot_size(region, &before), FIRN_BUSY);
        firn_usage usage;
        firn_region_usage(region, &usage);
        assert_int_equal(usage.compressed_bytes, 0);
        assert_true(usage.reserved_bytes < 2000);
        assert_int_equal(firn_region_restore(region, (firn_bytes){bytes, size}, &error), FIRN_OK);
        assert_int_equal(firn_region_state_get(region), FIRN_REGION_ASLEEP);
        assert_int_equal(firn_region_digest(region, &after), FIRN_OK);
        assert_int_equal(before, after);
        assert_int_equal(firn_region_wake(region), FIRN_OK);
        assert_int_equal(firn_region_snapshot_size(region, &before), FIRN_BUSY);
        assert_int_equal(firn_region_away(region), FIRN_BUSY);
        assert_true(list_is_right(region, 2000));
        free(bytes);
        firn_region_destroy(region);
    }
}

static void expect_refused(firn_region *region, const uint8_t *bytes, size_t size,
                           firn_status expected)
{
    firn_error error = {.status = FIRN_OK};
    firn_status status = firn_region_restore(region, (firn_bytes){bytes, size}, &error);
    if (expected == FIRN_OK) /* any refusal */
        assert_true(status == FIRN_CORRUPT || status == FIRN_NOT_STORE);
    else
        assert_int_equal(status, expected);
    assert_int_equal(error.status, status);
    assert_true(strlen(error.text) > 5);
    assert_int_equal(firn_region_state_get(region), FIRN_REGION_AWAY);
}

static void any_bit_flipped_is_refused(void **state)
{
    (void)state;
    firn_region *region = asleep(FIRN_REGION_ON_TOUCH, 60, NULL);
    size_t size;
    uint8_t *bytes = snapshot_take(region, &size);
    assert_int_equal(firn_region_away(region), FIRN_OK);
    size_t step = size > 4000 ? 7 : 1; /* of bits, but all of the tables' */
    for (size_t bit = 0; bit < size * 8; bit += bit < 4000 ? 1 : step) {
        bytes[bit / 8] ^= (uint8_t)(1 << bit % 8);
        expect_refused(region, bytes, size, FIRN_OK);
        bytes[bit / 8] ^= (uint8_t)(1 << bit % 8);
    }
    for (size_t cut = 0; cut < size; cut += cut < 300 ? 1 : 97)
        expect_refused(region, bytes, cut, FIRN_OK);
    assert_int_equal(firn_region_restore(region, (firn_bytes){bytes, size}, NULL), FIRN_OK);
    assert_true(list_is_right(region, 60));
    free(bytes);
    firn_region_destroy(region);
}

/* Sets a field and the checksum, so that only the field is wrong. */
static void forge(uint8_t *bytes, size_t size, size_t at, uint64_t value, size_t width)
{
    if (width == 8)
        put_u64(bytes + at, value);
    else
        put_u32(bytes + at, (uint32_t)value);
    put_u32(bytes + 12, firn_crc32c(firn_crc32c(0, bytes, 12), bytes + 16, size - 16));
}

static void snapshots_of_others_are_refused_by_name(void **state)
{
    (void)state;
    firn_region *region = asleep(FIRN_REGION_EAGER, 300, NULL), *other = NULL;
    other = asleep(FIRN_REGION_EAGER, 300, NULL);
    size_t size, other_size, old_size;
    uint8_t *old = snapshot_take(region, &old_size), *others = snapshot_take(other, &other_size);
    assert_int_equal(firn_region_wake(region), FIRN_OK);
    assert_int_equal(firn_region_hibernate(region, NULL), FIRN_OK);
    uint8_t *bytes = snapshot_take(region, &size), *forged = malloc(size);
    assert_int_equal(firn_region_away(region), FIRN_OK);
    expect_refused(region, old, old_size, FIRN_CHANGED);
    expect_refused(region, others, other_size, FIRN_INVALID);
    static const struct {
        size_t at, width;
        firn_status status;
    } fields[] = {
        {8, 4, FIRN_VERSION},      {24, 8, FIRN_INVALID},     {32, 8, FIRN_CHANGED},
        {40, 8, FIRN_CORRUPT},     {48, 8, FIRN_CORRUPT},     {80, 8, FIRN_UNSUPPORTED},
        {88, 8, FIRN_UNSUPPORTED}, {96, 8, FIRN_UNSUPPORTED}, {104, 8, FIRN_CORRUPT},
        {112, 4, FIRN_CORRUPT},    {116, 4, FIRN_CORRUPT},    {120, 4, FIRN_CORRUPT},
        {124, 4, FIRN_CORRUPT},
    };
    for (size_t i = 0; i < sizeof(fields) / sizeof(fields[0]); i++) {
        memcpy(forged, bytes, size);
        forge(forged, size, fields[i].at, 77, fields[i].width);
        expect_refused(region, forged, size, fields[i].status);
    }
    assert_int_equal(firn_region_restore(region, (firn_bytes){bytes, size}, NULL), FIRN_OK);
    assert_int_equal(firn_region_wake(region), FIRN_OK);
    assert_int_equal(firn_region_wake(other), FIRN_OK);
    assert_true(list_is_right(region, 300) && list_is_right(other, 300));
    free(old);
    free(others);
    free(bytes);
    free(forged);
    firn_region_destroy(region);
    firn_region_destroy(other);
}

static void a_region_is_made_out_of_a_snapshot(void **state)
{
    (void)state;
    firn_region *parent = region_make(NULL);
    list_make(parent, 300, 3);
    firn_region_template *sibling = NULL;
    assert_int_equal(firn_region_template_create(parent, &sibling), FIRN_OK);
    firn_region_destroy(parent);
    for (int mode = FIRN_REGION_EAGER; mode <= FIRN_REGION_ON_TOUCH; mode++) {
        firn_region *region = asleep((firn_region_wake_mode)mode, 500, sibling), *opened = NULL;
        uint64_t id = firn_region_id(region), before = 0, after = 0;
        assert_int_equal(firn_region_digest(region, &before), FIRN_OK);
        size_t size;
        uint8_t *bytes = snapshot_take(region, &size);
        const firn_bytes snapshot = {bytes, size};
        firn_error error;
        const firn_region_options options = {.mode = (firn_region_wake_mode)mode};
        const firn_region_options other_build = {.build_id = 5},
                                  other_size = {.reserve_bytes = FIRN_REGION_RESERVE_BYTES * 2};
        assert_int_equal(firn_region_open(&options, snapshot, sibling, &opened, &error), FIRN_BUSY);
        firn_region_destroy(region);
        assert_int_equal(firn_region_open(&options, snapshot, NULL, &opened, &error),
                         FIRN_NOT_FOUND);
        assert_int_equal(firn_region_open(&other_build, snapshot, sibling, &opened, &error),
                         FIRN_UNSUPPORTED);
        assert_int_equal(firn_region_open(&other_size, snapshot, sibling, &opened, &error),
                         FIRN_INVALID);
        assert_int_equal(firn_region_open(&options, snapshot, sibling, &opened, &error), FIRN_OK);
        segv_take_back();
        free(bytes);
        assert_int_equal(firn_region_state_get(opened), FIRN_REGION_ASLEEP);
        assert_int_equal(firn_region_id(opened), id);
        assert_int_equal(firn_region_digest(opened, &after), FIRN_OK);
        assert_int_equal(before, after);
        if (mode == FIRN_REGION_EAGER)
            assert_int_equal(firn_region_wake(opened), FIRN_OK);
        assert_true(list_is_right(opened, 500));
        assert_int_equal(firn_region_verify(opened), FIRN_OK);
        list_make(opened, 700, 9);
        assert_int_equal(firn_region_hibernate(opened, NULL), FIRN_OK);
        assert_int_equal(firn_region_wake(opened), FIRN_OK);
        assert_true(list_is_right(opened, 700));
        firn_region_destroy(opened);
    }
    firn_region_template_release(sibling);
}

static void a_cache_keeps_snapshots(void **state)
{
    (void)state;
    firn_cache *cache = NULL;
    firn_error error;
    const firn_cache_options options = {.limit_bytes = 64 << 20, .no_thread = true};
    assert_int_equal(firn_cache_open(&options, &cache, &error), FIRN_OK);
    const firn_bytes key = {"heap", 4}, none = {"", 0};
    firn_region *small = asleep(FIRN_REGION_EAGER, 100, NULL);
    firn_region *large = region_make(NULL);
    firn_allocator memory = firn_region_allocator(large);
    uint8_t *text = firn_allocate(&memory, 5000000);
    for (size_t i = 0; i < 5000000; i++)
        text[i] = (uint8_t)((i * 0x9e3779b97f4a7c15u) >> 40);
    assert_int_equal(firn_region_cache_put(large, cache, key, &error), FIRN_BUSY);
    const firn_region_hibernate_options raw = {.level = FIRN_REGION_LEVEL_RAW};
    assert_int_equal(firn_region_hibernate(large, &raw), FIRN_OK);
    assert_int_equal(firn_region_cache_put(large, cache, none, &error), FIRN_INVALID);
    assert_int_equal(firn_region_cache_get(large, cache, key, &error), FIRN_NOT_FOUND);
    assert_int_equal(firn_cache_put(cache, key, key, &error), FIRN_OK);
    assert_int_equal(firn_region_cache_get(large, cache, key, &error), FIRN_NOT_STORE);
    assert_int_equal(firn_cache_remove(cache, key, &error), FIRN_OK);
    assert_int_equal(firn_region_cache_put(large, cache, key, &error), FIRN_OK);
    assert_int_equal(firn_region_state_get(large), FIRN_REGION_AWAY);
    firn_cache_stats stats;
    firn_cache_stats_get(cache, &stats);
    assert_true(stats.item_count >= 6);
    assert_int_equal(firn_region_cache_get(large, cache, key, &error), FIRN_OK);
    assert_int_equal(firn_region_wake(large), FIRN_OK);
    for (size_t i = 0; i < 5000000; i++)
        assert_int_equal(text[i], (uint8_t)((i * 0x9e3779b97f4a7c15u) >> 40));
    assert_int_equal(firn_region_cache_put(small, cache, key, &error), FIRN_OK);
    firn_cache_stats_get(cache, &stats);
    assert_int_equal(stats.item_count, 1);
    assert_int_equal(firn_region_cache_get(small, cache, key, &error), FIRN_OK);
    assert_int_equal(firn_region_wake(small), FIRN_OK);
    assert_true(list_is_right(small, 100));
    assert_int_equal(firn_region_cache_remove(cache, key, &error), FIRN_OK);
    assert_int_equal(firn_region_cache_remove(cache, key, &error), FIRN_NOT_FOUND);
    firn_region_destroy(small);
    firn_region_destroy(large);
    firn_cache_close(cache);
}

static void a_store_keeps_snapshots(void **state)
{
    (void)state;
    char folder[TEMPDIR_PATH_BYTES];
    tempdir_make(folder);
    const char *path = tempdir_path(folder, "store");
    firn_store *store = NULL;
    firn_error error;
    const firn_store_options options = {.mode = FIRN_STORE_WRITE};
    assert_int_equal(firn_store_open(path, &options, &store, &error), FIRN_OK);
    firn_region *region = asleep(FIRN_REGION_EAGER, 3000, NULL);
    uint32_t segment = 0, foreign = 0;
    assert_int_equal(firn_region_store_put(region, store, 7, &segment, &error), FIRN_OK);
    assert_int_equal(firn_store_commit(store, segment, &error), FIRN_OK);
    assert_int_equal(firn_region_away(region), FIRN_OK);
    firn_codec *codec = NULL;
    assert_int_equal(firn_codec_create(NULL, &codec), FIRN_OK);
    const firn_store_put_options put = {.kind = 7};
    assert_int_equal(firn_store_put(store, codec, &put, "abc", 3, &foreign, &error), FIRN_OK);
    firn_codec_destroy(codec);
    assert_int_equal(firn_region_store_get(region, store, foreign, &error), FIRN_NOT_STORE);
    assert_int_equal(firn_region_store_get(region, store, 9999, &error), FIRN_NOT_FOUND);
    assert_int_equal(firn_region_store_get(region, store, segment, &error), FIRN_OK);
    assert_int_equal(firn_region_wake(region), FIRN_OK);
    assert_true(list_is_right(region, 3000));
    assert_int_equal(firn_region_store_put(region, store, 7, &segment, &error), FIRN_BUSY);
    assert_int_equal(firn_region_store_remove(store, foreign, &error), FIRN_NOT_STORE);
    assert_int_equal(firn_region_store_remove(store, segment, &error), FIRN_OK);
    assert_int_equal(firn_region_store_remove(store, segment, &error), FIRN_NOT_FOUND);
    firn_store_close(store);
    firn_region_destroy(region);
    tempdir_remove(folder);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_region_goes_away_and_comes_back),
        cmocka_unit_test(any_bit_flipped_is_refused),
        cmocka_unit_test(snapshots_of_others_are_refused_by_name),
        cmocka_unit_test(a_region_is_made_out_of_a_snapshot),
        cmocka_unit_test(a_cache_keeps_snapshots),
        cmocka_unit_test(a_store_keeps_snapshots),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
