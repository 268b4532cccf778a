/* Segments of a cache's store in each other's place, from before they were moved, or of another
 * store: refused, so that their keys are told to be damaged and all others live. */
#include "support/cache_flushes.h"

enum { MOVED = 40 };

static flushes_files files;

static int tear_down_files(void **state)
{
    flushes_files_free(&files);
    return tear_down(state);
}

/* The keys of these two flushes are damaged, all others right; verify finds it. */
static void expect_refused(uint32_t one, uint32_t other, uint32_t expected, const char *what)
{
    firn_cache *cache;
    uint64_t places = 0;
    firn_error error = {0};
    firn_status status = flushes_open(path, &cache, &error);
    if (status != FIRN_OK)
        fail_msg("%s: %s", what, error.text);
    for (uint32_t flush = 0; flush < FLUSHES; flush++)
        assert_int_equal(flushes_damaged(cache, 1, flush, what),
                         flush == one || flush == other ? expected : 0);
    status = firn_cache_verify(cache, &places, &error);
    if (status != FIRN_CORRUPT || places < 2 || !flushes_told_well(&error))
        fail_msg("%s: verify: %s %s", what, firn_status_name(status), error.text);
    firn_cache_close(cache);
}

static void swap_bytes(uint8_t *one, uint8_t *other, size_t size)
{
    for (size_t i = 0; i < size; i++) {
        uint8_t byte = one[i];
        one[i] = other[i];
        other[i] = byte;
    }
}

/* Swaps each two of a kind. */
static void swap_all(uint32_t kind, uint32_t expected, const char *what)
{
    firn_segment_info segments[FLUSHES];
    flushes_fill(path, 1);
    flushes_files_read(path, &files);
    assert_int_equal(flushes_segments(path, kind, FLUSHES, segments), FLUSHES);
    for (uint32_t one = 0; one < FLUSHES; one++) {
        for (uint32_t other = one + 1; other < FLUSHES; other++) {
            uint8_t *here = flushes_segment_bytes(&files, &segments[one]);
            uint8_t *there = flushes_segment_bytes(&files, &segments[other]);
            size_t size = segments[one].packed_bytes;
            assert_int_equal(size, segments[other].packed_bytes);
            swap_bytes(here, there, size);
            flushes_files_write(path, &files);
            expect_refused(one, other, expected, what);
            swap_bytes(here, there, size);
        }
    }
}

static void swapped_segments_are_refused(void **state)
{
    (void)state;
    swap_all(FLUSH_DATA_KIND, FLUSH_KEYS, "swapped segments");
}

static void swapped_lists_are_refused_and_the_segments_tell(void **state)
{
    (void)state;
    swap_all(FLUSH_LIST_KIND, 0, "swapped lists");
}

/* Rewrites all but the last flush until the store moves what is left of the old data file. */
static firn_segment_info move_last(firn_cache *cache, const firn_segment_info *before)
{
    firn_segment_info segments[MOVED];
    for (uint32_t version = 2; version < MOVED; version++) {
        for (uint32_t flush = 0; flush < FLUSHES - 1; flush++)
            flushes_make(cache, version, flush);
        assert_int_equal(firn_cache_tick(cache, NULL), FIRN_OK);
        size_t count = flushes_segments(path, FLUSH_DATA_KIND, MOVED, segments);
        for (size_t i = 0; i < count; i++)
            if (segments[i].segment == before->segment && segments[i].file != before->file)
                return segments[i];
    }
    fail_msg("nothing was moved");
    return *before;
}

static void a_segment_of_before_it_was_moved_is_refused(void **state)
{
    (void)state;
    firn_segment_info before[FLUSHES];
    firn_cache *cache;
    flushes_files now;
    uint64_t places;
    flushes_fill(path, 1);
    flushes_files_read(path, &files);
    assert_int_equal(flushes_segments(path, FLUSH_DATA_KIND, FLUSHES, before), FLUSHES);
    assert_int_equal(flushes_open(path, &cache, NULL), FIRN_OK);
    firn_segment_info after = move_last(cache, &before[FLUSHES - 1]);
    firn_cache_close(cache);
    assert_int_equal(after.packed_bytes, before[FLUSHES - 1].packed_bytes);
    assert_true(after.generation > before[FLUSHES - 1].generation);
    flushes_files_read(path, &now);
    uint8_t *there = flushes_segment_bytes(&now, &after);
    memcpy(there, flushes_segment_bytes(&files, &before[FLUSHES - 1]), after.packed_bytes);
    flushes_files_write(path, &now);
    flushes_files_free(&now);
    assert_int_equal(flushes_open(path, &cache, NULL), FIRN_OK);
    assert_int_equal(flushes_damaged(cache, 1, FLUSHES - 1, "stale"), FLUSH_KEYS);
    char text[24];
    bool contains = false;
    for (uint32_t key = 0; key < (FLUSHES - 1) * FLUSH_KEYS; key++) {
        assert_int_equal(firn_cache_contains(cache, flushes_key(key, text), &contains, NULL),
                         FIRN_OK);
        assert_true(contains);
    }
    assert_int_equal(firn_cache_verify(cache, &places, NULL), FIRN_CORRUPT);
    firn_cache_close(cache);
}

static void data_of_another_store_is_refused(void **state)
{
    (void)state;
    firn_cache *cache;
    firn_error error = {0};
    flushes_files others;
    flushes_fill(path, 1);
    flushes_files_read(path, &files);
    tempdir_remove(path);
    flushes_fill(path, 2);
    flushes_files_read(path, &others);
    flushes_file *mine = flushes_file_of(&files, "data-0.firn");
    const flushes_file *other = flushes_file_of(&others, "data-0.firn");
    assert_int_equal(mine->size, other->size);
    memcpy(mine->data, other->data, mine->size);
    flushes_files_free(&others);
    flushes_files_write(path, &files);
    /* Neither a list nor a segment can be read. */
    assert_int_equal(flushes_open(path, &cache, &error), FIRN_CORRUPT);
    assert_true(flushes_told_well(&error));
}

/* The manifest of an earlier time names files that are no more. */
static void a_manifest_of_an_older_generation_is_refused(void **state)
{
    (void)state;
    static const char *const olds[] = {"manifest", "manifest-copy", "log-1"};
    firn_segment_info before[FLUSHES];
    firn_cache *cache;
    firn_error error = {0};
    flushes_fill(path, 1);
    flushes_files_read(path, &files);
    assert_int_equal(flushes_segments(path, FLUSH_DATA_KIND, FLUSHES, before), FLUSHES);
    assert_int_equal(flushes_open(path, &cache, NULL), FIRN_OK);
    move_last(cache, &before[FLUSHES - 1]);
    firn_cache_close(cache);
    assert_false(tempdir_exists(tempdir_path(path, "data-0.firn")));
    for (size_t i = 0; i < sizeof olds / sizeof *olds; i++) {
        const flushes_file *old = flushes_file_of(&files, olds[i]);
        tempdir_write(tempdir_path(path, old->name), old->data, old->size);
    }
    assert_int_equal(flushes_open(path, &cache, &error), FIRN_CORRUPT);
    assert_true(flushes_told_well(&error));
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up_fast, tear_down_files)
    const struct CMUnitTest tests[] = {
        TEST(swapped_segments_are_refused),
        TEST(swapped_lists_are_refused_and_the_segments_tell),
        TEST(a_segment_of_before_it_was_moved_is_refused),
        TEST(data_of_another_store_is_refused),
        TEST(a_manifest_of_an_older_generation_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
