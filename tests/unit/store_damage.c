/* Stores that are damaged, of a later version, or hold the wrong data: refused by name, and never
 * the end of the writer that puts them right. */
#include "support/store_fixture.h"
#include "core/bytes.h"

#include <firn/checksum.h>

#include <setjmp.h>
#include <stdarg.h>
#include <cmocka.h>

enum { COUNT = 12 };

static int set_up_written(void **state)
{
    set_up(state);
    return store_write(path, NULL, 1, COUNT, NULL) == FIRN_OK ? 0 : -1;
}

static void expect_open(firn_status expected, const char *named, const char *way_out)
{
    firn_store *store;
    firn_error error = {0};
    assert_int_equal(firn_store_open(path, NULL, &store, &error), expected);
    if (strstr(error.text, named) == NULL || strstr(error.text, way_out) == NULL)
        fail_msg("%s", error.text);
}

/* The store can be written anew, and is then in order. */
static void expect_replaceable(void)
{
    firn_error error = {0};
    if (store_write(path, NULL, 2, COUNT, &error) != FIRN_OK ||
        store_check(path, NULL, 2, COUNT, &error) != FIRN_OK)
        fail_msg("%s", error.text);
    assert_int_equal(tempdir_count(path), 3);
}

static void change_file(const char *name, size_t at, uint8_t change)
{
    const char *file = tempdir_path(path, name);
    size_t size;
    uint8_t *data = tempdir_read(file, &size);
    assert_in_range(at, 0, size - 1);
    data[at] ^= change;
    tempdir_write(file, data, size);
    free(data);
}

static void a_damaged_manifest_is_named_and_replaced(void **state)
{
    (void)state;
    change_file("manifest", 50, 1);
    expect_open(FIRN_CORRUPT, "S/manifest: ", "write the store anew");
    expect_replaceable();
}

static void a_manifest_with_a_damaged_beginning_beside_data_is_replaced(void **state)
{
    (void)state;
    change_file("manifest", 0, 1);
    expect_open(FIRN_NOT_STORE, "S/manifest: ", "name a store's folder");
    expect_replaceable();
}

static void an_empty_manifest_is_damaged_and_replaced(void **state)
{
    (void)state;
    tempdir_write(tempdir_path(path, "manifest"), "", 0);
    expect_open(FIRN_CORRUPT, "S/manifest: ", "write the store anew");
    expect_replaceable();
}

static void a_missing_manifest_is_replaced(void **state)
{
    (void)state;
    unlink(tempdir_path(path, "manifest"));
    expect_open(FIRN_NOT_STORE, "S: ", "name another folder");
    expect_replaceable();
}

static void a_damaged_stores_files_stay_until_the_commit(void **state)
{
    (void)state;
    firn_store *writer;
    change_file("manifest", 50, 1);
    assert_int_equal(firn_store_begin(path, NULL, &writer, NULL), FIRN_OK);
    assert_int_equal(store_put_all(writer, NULL, 2, 3, NULL), FIRN_OK);
    firn_store_abort(writer);
    assert_true(tempdir_exists(tempdir_path(path, "data-1-0.firn")));
    change_file("manifest", 50, 1); /* mended */
    assert_int_equal(store_check(path, NULL, 1, COUNT, NULL), FIRN_OK);
}

static void a_later_version_is_told_and_not_replaced(void **state)
{
    (void)state;
    const char *file = tempdir_path(path, "manifest");
    firn_store *writer;
    firn_error error = {0};
    size_t size;
    uint8_t *data = tempdir_read(file, &size);
    put_u32(data + 8, 2);
    put_u32(data + size - 4, firn_crc32c(0, data, size - 4));
    tempdir_write(file, data, size);
    expect_open(FIRN_VERSION, "S/manifest: ", "later version");
    assert_int_equal(firn_store_begin(path, NULL, &writer, &error), FIRN_VERSION);
    assert_true(tempdir_exists(tempdir_path(path, "data-1-0.firn")));
    free(data);
}

static void a_missing_data_file_is_named(void **state)
{
    (void)state;
    unlink(tempdir_path(path, "data-1-0.firn"));
    expect_open(FIRN_CORRUPT, "data-1-0.firn is missing", "write the store anew");
    expect_replaceable();
}

static void a_data_file_of_another_size_is_named(void **state)
{
    (void)state;
    const char *file = tempdir_path(path, "data-1-0.firn");
    size_t size;
    uint8_t *data = tempdir_read(file, &size);
    data[size] = 0;
    tempdir_write(file, data, size + 1);
    expect_open(FIRN_CORRUPT, "S/data-1-0.firn: ", "write the store anew");
    tempdir_write(file, data, size - 1);
    expect_open(FIRN_CORRUPT, "S/data-1-0.firn: ", "write the store anew");
    tempdir_write(file, "", 0);
    expect_open(FIRN_CORRUPT, "S/data-1-0.firn: ", "write the store anew");
    free(data);
    expect_replaceable();
}

static void a_data_file_that_is_no_file_is_refused(void **state)
{
    (void)state;
    unlink(tempdir_path(path, "data-1-0.firn"));
    assert_int_equal(mkfifo(tempdir_path(path, "data-1-0.firn"), 0666), 0);
    expect_open(FIRN_CORRUPT, "S/data-1-0.firn: ", "write the store anew");
    expect_replaceable();
}

static void a_file_cut_off_while_it_is_open_is_an_error(void **state)
{
    (void)state;
    firn_store *store;
    firn_segment segment;
    firn_error error = {0};
    uint32_t damaged = 0;
    assert_int_equal(firn_store_open(path, NULL, &store, NULL), FIRN_OK);
    assert_int_equal(truncate(tempdir_path(path, "data-1-0.firn"), 200), 0);
    assert_int_equal(firn_store_pin(store, COUNT - 1, &segment, &error), FIRN_CORRUPT);
    assert_non_null(strstr(error.text, "S/data-1-0.firn: segment 11 is damaged"));
    assert_int_equal(store_check_one(store, 1, 0, NULL), FIRN_OK);
    assert_int_equal(firn_store_verify(store, &damaged, &error), FIRN_CORRUPT);
    assert_in_range(damaged, COUNT - 3, COUNT - 1);
    firn_store_close(store);
}

static void a_damaged_segment_is_named_and_the_others_are_read(void **state)
{
    (void)state;
    firn_store *store;
    firn_segment segment;
    firn_error error = {0};
    uint32_t damaged = 0;
    size_t size;
    free(tempdir_read(tempdir_path(path, "data-1-0.firn"), &size));
    change_file("data-1-0.firn", size - 10, 0x40);
    assert_int_equal(firn_store_open(path, NULL, &store, NULL), FIRN_OK);
    for (int i = 0; i < 3; i++) /* no damaged data are kept */
        assert_int_equal(firn_store_pin(store, COUNT - 1, &segment, &error), FIRN_CORRUPT);
    assert_non_null(strstr(error.text, "S/data-1-0.firn: segment 11 is damaged"));
    assert_non_null(strstr(error.text, "write the store anew"));
    for (uint32_t i = 0; i < COUNT - 1; i++)
        assert_int_equal(store_check_one(store, 1, i, &error), FIRN_OK);
    assert_int_equal(firn_store_verify(store, &damaged, &error), FIRN_CORRUPT);
    assert_int_equal(damaged, 1);
    assert_non_null(strstr(error.text, "segment 11"));
    firn_store_close(store);
}

static void verify_reads_the_files_even_of_decoded_segments(void **state)
{
    (void)state;
    firn_store *store;
    uint32_t damaged = 0;
    assert_int_equal(firn_store_open(path, NULL, &store, NULL), FIRN_OK);
    assert_int_equal(store_check_open(store, 1, COUNT, NULL), FIRN_OK);
    change_file("data-1-0.firn", 70, 1); /* segment 1's magic is at 61 to 64 */
    assert_int_equal(store_check_open(store, 1, COUNT, NULL), FIRN_OK);
    for (uint32_t i = 0; i < COUNT; i++) {
        firn_error error = {0};
        assert_int_equal(firn_store_segment_verify(store, i, &error),
                         i == 1 ? FIRN_CORRUPT : FIRN_OK);
        assert_int_equal(strstr(error.text, "S/data-1-0.firn: segment 1 ") != NULL, i == 1);
    }
    assert_int_equal(firn_store_verify(store, &damaged, NULL), FIRN_CORRUPT);
    assert_int_equal(damaged, 1);
    firn_store_close(store);
}

/* A data file that is whole, of the right name and size, but of another time or place. */
static void expect_stale(const uint8_t *data, size_t size, const char *name)
{
    firn_store *store;
    firn_segment segment;
    firn_error error = {0};
    size_t expected;
    free(tempdir_read(tempdir_path(path, name), &expected));
    assert_int_equal(size, expected);
    tempdir_write(tempdir_path(path, name), data, size);
    assert_int_equal(firn_store_open(path, NULL, &store, &error), FIRN_OK);
    assert_int_equal(firn_store_pin(store, 3, &segment, &error), FIRN_CORRUPT);
    assert_non_null(strstr(error.text, "stale or misplaced"));
    firn_store_close(store);
}

static void an_earlier_generations_segments_are_refused(void **state)
{
    (void)state;
    size_t size;
    uint8_t *data = tempdir_read(tempdir_path(path, "data-1-0.firn"), &size);
    assert_int_equal(store_write(path, NULL, 1, COUNT, NULL), FIRN_OK);
    expect_stale(data, size, "data-2-0.firn");
    free(data);
}

static void another_stores_segments_are_refused(void **state)
{
    (void)state;
    size_t size;
    uint8_t *data = tempdir_read(tempdir_path(path, "data-1-0.firn"), &size);
    tempdir_remove(path);
    assert_int_equal(store_write(path, NULL, 1, COUNT, NULL), FIRN_OK);
    expect_stale(data, size, "data-1-0.firn");
    free(data);
}

static void segments_that_changed_places_are_refused(void **state)
{
    (void)state;
    firn_store *store;
    firn_segment segment;
    firn_codec *codec;
    firn_store *writer;
    uint32_t number;
    const char *file = tempdir_path(path, "data-2-0.firn");
    uint8_t swap[64];
    size_t size;
    assert_int_equal(firn_codec_create(NULL, &codec), FIRN_OK);
    assert_int_equal(firn_store_begin(path, NULL, &writer, NULL), FIRN_OK);
    for (int i = 0; i < 2; i++)
        assert_int_equal(firn_store_put(writer, codec, 5, FIRN_CODEC_RAW, 0,
                                        i == 0 ? "abcd" : "efgh", 4, &number, NULL),
                         FIRN_OK);
    assert_int_equal(firn_store_commit(writer, NULL), FIRN_OK);
    firn_codec_destroy(codec);
    uint8_t *data = tempdir_read(file, &size);
    assert_int_equal(size, 128);
    memcpy(swap, data, 64);
    memcpy(data, data + 64, 64);
    memcpy(data + 64, swap, 64);
    tempdir_write(file, data, size);
    free(data);
    assert_int_equal(firn_store_open(path, NULL, &store, NULL), FIRN_OK);
    for (uint32_t i = 0; i < 2; i++)
        assert_int_equal(firn_store_pin(store, i, &segment, NULL), FIRN_CORRUPT);
    firn_store_close(store);
}

/* Segment 0 with its header and its frame's header written anew, so that their checksums fit. */
static void a_segment_of_a_later_version_is_told_from_damage(void **state)
{
    (void)state;
    firn_store *store;
    firn_segment segment;
    firn_error error = {0};
    size_t size;
    for (int what = 0; what < 2; what++) {
        const char *file = tempdir_path(path, "data-1-0.firn");
        uint8_t *data = tempdir_read(file, &size);
        if (what == 0) {
            put_u32(data + 4, 2);
            put_u32(data + 40, firn_crc32c(0, data, 40));
        } else {
            data[45] = 2;
            uint32_t check = firn_crc32c(firn_crc32c(0, data + 44, 2), data + 48, 12);
            put_u16(data + 46, (uint16_t)(check ^ check >> 16));
            put_u32(data + 4, 1);
            put_u32(data + 40, firn_crc32c(0, data, 40));
        }
        tempdir_write(file, data, size);
        free(data);
        assert_int_equal(firn_store_open(path, NULL, &store, NULL), FIRN_OK);
        assert_int_equal(firn_store_pin(store, 0, &segment, &error), FIRN_VERSION);
        assert_non_null(strstr(error.text, "segment 0 was written by a later version"));
        firn_store_close(store);
    }
}

/* Segment 4, which is LZ4's, called zstd's by a manifest whose checksum fits. */
static void a_frame_of_another_kind_than_the_manifest_says_is_refused(void **state)
{
    (void)state;
    const char *file = tempdir_path(path, "manifest");
    firn_store *store;
    firn_segment segment;
    size_t size;
    uint8_t *data = tempdir_read(file, &size);
    assert_int_equal(firn_crc32c(0, data, size - 4), get_u32(data + size - 4));
    put_u32(data + 44 + 4 * 24 + 20, FIRN_CODEC_ZSTD);
    put_u32(data + size - 4, firn_crc32c(0, data, size - 4));
    tempdir_write(file, data, size);
    free(data);
    assert_int_equal(firn_store_open(path, NULL, &store, NULL), FIRN_OK);
    assert_int_equal(firn_store_pin(store, 3, &segment, NULL), FIRN_OK);
    firn_store_unpin(store, &segment);
    assert_int_equal(firn_store_pin(store, 4, &segment, NULL), FIRN_CORRUPT);
    firn_store_close(store);
}

static void a_manifest_that_no_store_could_have_is_damaged(void **state)
{
    (void)state;
    assert_int_equal(truncate(tempdir_path(path, "manifest"), (off_t)1 << 32), 0);
    expect_open(FIRN_CORRUPT, "S/manifest: damaged (too large)", "write the store anew");
    expect_replaceable();
}

static void a_generation_beyond_the_last_is_refused(void **state)
{
    (void)state;
    firn_store *writer;
    firn_error error = {0};
    const char *last = tempdir_path(path, "data-4611686018427387904-0.firn");
    tempdir_write(last, "x", 1);
    assert_int_equal(firn_store_begin(path, NULL, &writer, &error), FIRN_LIMIT);
    assert_int_equal(store_check(path, NULL, 1, COUNT, NULL), FIRN_OK);
    assert_true(tempdir_exists(last));
}

/* Nothing is forbidden to root: the test goes on as another user, whom the store then belongs to.
 */
static void be_nobody(void)
{
    static const char *const names[] = {"S/manifest", "S/data-1-0.firn", "S/lock", "S", "."};
    enum { NOBODY = 65534 };
    if (geteuid() != 0)
        return;
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        assert_int_equal(chown(tempdir_path(root, names[i]), NOBODY, NOBODY), 0);
    assert_int_equal(seteuid(NOBODY), 0);
}

static void what_may_not_be_read_or_written_is_told(void **state)
{
    (void)state;
    firn_store *writer;
    firn_error error = {0};
    be_nobody();
    assert_int_equal(chmod(tempdir_path(path, "data-1-0.firn"), 0), 0);
    expect_open(FIRN_PERMISSION, "data-1-0.firn", "check");
    assert_int_equal(chmod(tempdir_path(path, "manifest"), 0), 0);
    expect_open(FIRN_PERMISSION, "S/manifest", "check");
    assert_int_equal(firn_store_begin(path, NULL, &writer, &error), FIRN_PERMISSION);
    assert_int_equal(chmod(path, 0500), 0);
    assert_int_equal(store_write(path, NULL, 2, COUNT, &error), FIRN_PERMISSION);
    assert_int_equal(chmod(path, 0), 0);
    expect_open(FIRN_PERMISSION, "S", "check");
    assert_int_equal(firn_store_begin(path, NULL, &writer, &error), FIRN_PERMISSION);
    assert_int_equal(chmod(path, 0700), 0);
    assert_int_equal(seteuid(getuid()), 0);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up_written, tear_down)
    const struct CMUnitTest tests[] = {
        TEST(a_damaged_manifest_is_named_and_replaced),
        TEST(a_manifest_with_a_damaged_beginning_beside_data_is_replaced),
        TEST(an_empty_manifest_is_damaged_and_replaced),
        TEST(a_missing_manifest_is_replaced),
        TEST(a_damaged_stores_files_stay_until_the_commit),
        TEST(a_later_version_is_told_and_not_replaced),
        TEST(a_missing_data_file_is_named),
        TEST(a_data_file_of_another_size_is_named),
        TEST(a_data_file_that_is_no_file_is_refused),
        TEST(a_file_cut_off_while_it_is_open_is_an_error),
        TEST(a_damaged_segment_is_named_and_the_others_are_read),
        TEST(verify_reads_the_files_even_of_decoded_segments),
        TEST(an_earlier_generations_segments_are_refused),
        TEST(another_stores_segments_are_refused),
        TEST(segments_that_changed_places_are_refused),
        TEST(a_segment_of_a_later_version_is_told_from_damage),
        TEST(a_frame_of_another_kind_than_the_manifest_says_is_refused),
        TEST(a_manifest_that_no_store_could_have_is_damaged),
        TEST(a_generation_beyond_the_last_is_refused),
        TEST(what_may_not_be_read_or_written_is_told),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
