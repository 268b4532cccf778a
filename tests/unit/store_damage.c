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
    assert_int_equal(tempdir_count(path), 5);
}

/* A damaged store is not for those who would go on with it. */
static void expect_not_writable(firn_status expected)
{
    firn_store *store;
    firn_error error = {0};
    assert_int_equal(store_open_as(FIRN_STORE_WRITE, &store, &error), expected);
    assert_non_null(strstr(error.text, path));
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

static const char *const COPIES[] = {"manifest", "manifest-copy"};

static void change_both(size_t at)
{
    change_file(COPIES[0], at, 1);
    change_file(COPIES[1], at, 1);
}

static void a_damaged_manifest_is_named_and_replaced(void **state)
{
    (void)state;
    change_both(50);
    expect_open(FIRN_CORRUPT, "S/manifest: ", "write the store anew");
    expect_not_writable(FIRN_CORRUPT);
    expect_replaceable();
}

static void a_manifest_with_a_damaged_beginning_beside_data_is_replaced(void **state)
{
    (void)state;
    change_both(0);
    expect_open(FIRN_NOT_STORE, "S/manifest: ", "name a store's folder");
    expect_not_writable(FIRN_NOT_STORE);
    expect_replaceable();
}

static void an_empty_manifest_is_damaged_and_replaced(void **state)
{
    (void)state;
    for (int i = 0; i < 2; i++)
        tempdir_write(tempdir_path(path, COPIES[i]), "", 0);
    expect_open(FIRN_CORRUPT, "S/manifest: ", "write the store anew");
    expect_replaceable();
}

static void a_missing_manifest_is_replaced(void **state)
{
    (void)state;
    for (int i = 0; i < 2; i++)
        unlink(tempdir_path(path, COPIES[i]));
    expect_open(FIRN_NOT_STORE, "S: ", "name another folder");
    expect_replaceable();
}

/* What happens to one copy of the manifest. */
static void copy_harm(const char *name, int how)
{
    const char *file = tempdir_path(path, name);
    switch (how) {
    case 0:
        unlink(file);
        break;
    case 1:
        tempdir_write(file, "", 0);
        break;
    case 2:
        change_file(name, 0, 1);
        break;
    case 3:
        change_file(name, 60, 1);
        break;
    default:
        unlink(file);
        assert_int_equal(mkdir(file, 0777), 0);
    }
}

static void one_copy_of_the_manifest_suffices_and_a_writer_mends_the_other(void **state)
{
    (void)state;
    firn_store *store;
    firn_error error = {0};
    uint32_t damaged;
    for (int harm = 0; harm < 8; harm++) {
        const char *name = COPIES[harm % 2];
        copy_harm(name, harm / 2);
        assert_int_equal(store_check(path, NULL, 1, COUNT, &error), FIRN_OK);
        assert_int_equal(firn_store_open(path, NULL, &store, &error), FIRN_OK);
        assert_int_equal(firn_store_verify(store, &damaged, &error), FIRN_CORRUPT);
        assert_int_equal(damaged, 0);
        assert_non_null(strstr(error.text, name));
        firn_store_close(store);
        assert_int_equal(store_open_as(FIRN_STORE_WRITE, &store, &error), FIRN_OK);
        firn_store_close(store);
        assert_int_equal(firn_store_open(path, NULL, &store, &error), FIRN_OK);
        assert_int_equal(firn_store_verify(store, &damaged, &error), FIRN_OK);
        firn_store_close(store);
        assert_int_equal(store_check(path, NULL, 1, COUNT, &error), FIRN_OK);
        assert_int_equal(tempdir_count(path), 5);
    }
}

static void a_damaged_stores_files_stay_until_the_commit(void **state)
{
    (void)state;
    firn_store *store;
    change_both(50);
    assert_int_equal(store_open_as(FIRN_STORE_REPLACE, &store, NULL), FIRN_OK);
    assert_int_equal(store_put_all(store, NULL, 2, 3, NULL), FIRN_OK);
    firn_store_close(store);
    assert_true(tempdir_exists(tempdir_path(path, "data-0.firn")));
    change_both(50); /* mended */
    assert_int_equal(store_check(path, NULL, 1, COUNT, NULL), FIRN_OK);
}

static void a_later_version_is_told_and_not_replaced(void **state)
{
    (void)state;
    firn_store *store;
    firn_error error = {0};
    for (int i = 0; i < 2; i++) { /* one copy suffices */
        const char *file = tempdir_path(path, COPIES[i]);
        size_t size;
        uint8_t *data = tempdir_read(file, &size);
        put_u32(data + 8, 3);
        put_u32(data + size - 4, firn_crc32c(0, data, size - 4));
        tempdir_write(file, data, size);
        expect_open(FIRN_VERSION, COPIES[i], "later version");
        expect_not_writable(FIRN_VERSION);
        assert_int_equal(store_open_as(FIRN_STORE_REPLACE, &store, &error), FIRN_VERSION);
        assert_true(tempdir_exists(tempdir_path(path, "data-0.firn")));
        put_u32(data + 8, 2);
        put_u32(data + size - 4, firn_crc32c(0, data, size - 4));
        tempdir_write(file, data, size);
        free(data);
    }
}

/* --- the log --- */

/* Three commits more, each of a segment and a new root, the numbers 12 to 14. */
static void log_fill(void)
{
    static const firn_store_put_options raw = {.kind = 1};
    firn_store *store;
    firn_codec *codec;
    uint32_t number;
    assert_int_equal(firn_codec_create(NULL, &codec), FIRN_OK);
    assert_int_equal(store_open_as(FIRN_STORE_WRITE, &store, NULL), FIRN_OK);
    for (int i = 0; i < 3; i++) {
        assert_int_equal(firn_store_put(store, codec, &raw, "later", 5, &number, NULL), FIRN_OK);
        assert_int_equal(firn_store_commit(store, number, NULL), FIRN_OK);
    }
    assert_int_equal(number, COUNT + 2);
    firn_store_close(store);
    firn_codec_destroy(codec);
}

static uint32_t root_of(void)
{
    firn_store *store;
    firn_error error = {0};
    if (firn_store_open(path, NULL, &store, &error) != FIRN_OK)
        fail_msg("%s", error.text);
    uint32_t found = firn_store_root(store);
    firn_store_close(store);
    return found;
}

enum { LOG_RECORD = 40 + 8 + 40 + 4, LOG_SEAL = 20, LOG_HEADER = 36 };

static void a_damaged_record_of_a_commit_that_was_acknowledged_is_named(void **state)
{
    (void)state;
    log_fill();
    for (size_t at = 0; at < LOG_HEADER + 3 * (LOG_RECORD + LOG_SEAL); at++) {
        bool in_last_seal = at >= LOG_HEADER + 3 * LOG_RECORD + 2 * LOG_SEAL;
        change_file("log-1", at, 0x10);
        if (in_last_seal)
            assert_int_equal(root_of(), COUNT + 2);
        else
            expect_open(FIRN_CORRUPT, "S/log-1: ", "write the store anew");
        change_file("log-1", at, 0x10);
    }
    change_file("log-1", LOG_HEADER, 1);
    expect_not_writable(FIRN_CORRUPT);
    expect_replaceable();
}

/* As a power failure leaves it: the record of a commit that nobody was told of is there in part. */
static void a_record_that_was_never_whole_is_passed_over_and_then_gone(void **state)
{
    (void)state;
    firn_store *store;
    size_t size;
    log_fill();
    uint8_t *data = tempdir_read(tempdir_path(path, "log-1"), &size);
    assert_int_equal(size, LOG_HEADER + 3 * (LOG_RECORD + LOG_SEAL));
    size_t before = LOG_HEADER + 2 * (LOG_RECORD + LOG_SEAL);
    for (size_t cut = before; cut < before + LOG_RECORD; cut++) {
        tempdir_write(tempdir_path(path, "log-1"), data, cut);
        assert_int_equal(root_of(), COUNT + 1);
    }
    free(data);
    assert_int_equal(store_open_as(FIRN_STORE_WRITE, &store, NULL), FIRN_OK);
    assert_int_equal(firn_store_root(store), COUNT + 1);
    firn_store_close(store);
    assert_false(tempdir_exists(tempdir_path(path, "log-1")));
    assert_int_equal(root_of(), COUNT + 1);
}

static void a_missing_log_is_named(void **state)
{
    (void)state;
    unlink(tempdir_path(path, "log-1"));
    expect_open(FIRN_CORRUPT, "log-1 is missing", "write the store anew");
    expect_not_writable(FIRN_CORRUPT);
    expect_replaceable();
}

static void the_log_of_another_manifest_is_refused(void **state)
{
    (void)state;
    size_t size;
    uint8_t *data = tempdir_read(tempdir_path(path, "log-1"), &size);
    tempdir_remove(path);
    assert_int_equal(store_write(path, NULL, 1, COUNT, NULL), FIRN_OK);
    tempdir_write(tempdir_path(path, "log-1"), data, size);
    free(data);
    expect_open(FIRN_CORRUPT, "S/log-1: ", "write the store anew");
}

static void a_missing_data_file_is_named(void **state)
{
    (void)state;
    unlink(tempdir_path(path, "data-0.firn"));
    expect_open(FIRN_CORRUPT, "data-0.firn is missing", "write the store anew");
    expect_replaceable();
}

static void a_data_file_that_is_too_short_is_named(void **state)
{
    (void)state;
    const char *file = tempdir_path(path, "data-0.firn");
    size_t size;
    uint8_t *data = tempdir_read(file, &size);
    data[size] = 0; /* behind the end there may be what was never committed */
    tempdir_write(file, data, size + 1);
    assert_int_equal(store_check(path, NULL, 1, COUNT, NULL), FIRN_OK);
    tempdir_write(file, data, size - 1);
    expect_open(FIRN_CORRUPT, "S/data-0.firn: ", "write the store anew");
    tempdir_write(file, "", 0);
    expect_open(FIRN_CORRUPT, "S/data-0.firn: ", "write the store anew");
    free(data);
    expect_replaceable();
}

static void a_data_file_that_is_no_file_is_refused(void **state)
{
    (void)state;
    unlink(tempdir_path(path, "data-0.firn"));
    assert_int_equal(mkfifo(tempdir_path(path, "data-0.firn"), 0666), 0);
    expect_open(FIRN_CORRUPT, "S/data-0.firn: ", "write the store anew");
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
    assert_int_equal(truncate(tempdir_path(path, "data-0.firn"), 200), 0);
    assert_int_equal(firn_store_pin(store, COUNT - 1, &segment, &error), FIRN_CORRUPT);
    assert_non_null(strstr(error.text, "S/data-0.firn: segment 11 is damaged"));
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
    free(tempdir_read(tempdir_path(path, "data-0.firn"), &size));
    change_file("data-0.firn", size - 10, 0x40);
    assert_int_equal(firn_store_open(path, NULL, &store, NULL), FIRN_OK);
    for (int i = 0; i < 3; i++) /* no damaged data are kept */
        assert_int_equal(firn_store_pin(store, COUNT - 1, &segment, &error), FIRN_CORRUPT);
    assert_non_null(strstr(error.text, "S/data-0.firn: segment 11 is damaged"));
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
    change_file("data-0.firn", 70, 1); /* in segment 1's header */
    assert_int_equal(store_check_open(store, 1, COUNT, NULL), FIRN_OK);
    for (uint32_t i = 0; i < COUNT; i++) {
        firn_error error = {0};
        assert_int_equal(firn_store_segment_verify(store, i, &error),
                         i == 1 ? FIRN_CORRUPT : FIRN_OK);
        assert_int_equal(strstr(error.text, "S/data-0.firn: segment 1 ") != NULL, i == 1);
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
    assert_int_equal(firn_store_pin(store, store_number(store, 3), &segment, &error), FIRN_CORRUPT);
    assert_non_null(strstr(error.text, "stale or misplaced"));
    firn_store_close(store);
}

static void an_earlier_generations_segments_are_refused(void **state)
{
    (void)state;
    size_t size;
    uint8_t *data = tempdir_read(tempdir_path(path, "data-0.firn"), &size);
    assert_int_equal(store_write(path, NULL, 1, COUNT, NULL), FIRN_OK);
    expect_stale(data, size, "data-1.firn");
    free(data);
}

static void another_stores_segments_are_refused(void **state)
{
    (void)state;
    size_t size;
    uint8_t *data = tempdir_read(tempdir_path(path, "data-0.firn"), &size);
    tempdir_remove(path);
    assert_int_equal(store_write(path, NULL, 1, COUNT, NULL), FIRN_OK);
    expect_stale(data, size, "data-0.firn");
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
    const char *file = tempdir_path(path, "data-1.firn");
    uint8_t swap[72];
    size_t size;
    assert_int_equal(firn_codec_create(NULL, &codec), FIRN_OK);
    assert_int_equal(store_open_as(FIRN_STORE_REPLACE, &writer, NULL), FIRN_OK);
    for (int i = 0; i < 2; i++)
        assert_int_equal(firn_store_put(writer, codec, &(firn_store_put_options){.kind = 5},
                                        i == 0 ? "abcd" : "efgh", 4, &number, NULL),
                         FIRN_OK);
    assert_int_equal(firn_store_commit(writer, number, NULL), FIRN_OK);
    firn_store_close(writer);
    firn_codec_destroy(codec);
    uint8_t *data = tempdir_read(file, &size);
    assert_int_equal(size, 144);
    memcpy(swap, data, 72);
    memcpy(data, data + 72, 72);
    memcpy(data + 72, swap, 72);
    tempdir_write(file, data, size);
    free(data);
    assert_int_equal(firn_store_open(path, NULL, &store, NULL), FIRN_OK);
    for (uint32_t i = 0; i < 2; i++)
        assert_int_equal(firn_store_pin(store, number - i, &segment, NULL), FIRN_CORRUPT);
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
        const char *file = tempdir_path(path, "data-0.firn");
        uint8_t *data = tempdir_read(file, &size);
        put_u32(data + 4, what == 0 ? 3 : 2);
        if (what == 1) {
            data[53] = 2;
            uint32_t check = firn_crc32c(firn_crc32c(0, data + 52, 2), data + 56, 12);
            put_u16(data + 54, (uint16_t)(check ^ check >> 16));
            put_u32(data + 44, firn_crc32c(0, data + 52, get_u32(data + 36) - 52));
        }
        put_u32(data + 48, firn_crc32c(0, data, 48));
        tempdir_write(file, data, size);
        free(data);
        assert_int_equal(firn_store_open(path, NULL, &store, NULL), FIRN_OK);
        assert_int_equal(firn_store_pin(store, 0, &segment, &error), FIRN_VERSION);
        assert_non_null(strstr(error.text, "segment 0 was written by a later version"));
        firn_store_close(store);
    }
}

/* Segment 4, which is LZ4's, called zstd's by manifests whose checksums fit, as their log finds. */
static void a_frame_of_another_kind_than_the_manifest_says_is_refused(void **state)
{
    (void)state;
    firn_store *store;
    firn_segment segment;
    size_t size;
    uint32_t crc = 0;
    for (int i = 0; i < 2; i++) {
        const char *file = tempdir_path(path, COPIES[i]);
        uint8_t *data = tempdir_read(file, &size);
        put_u16(data + 48 + 8 + 4 * 40 + 28, FIRN_CODEC_ZSTD);
        crc = firn_crc32c(0, data, size - 4);
        put_u32(data + size - 4, crc);
        tempdir_write(file, data, size);
        free(data);
    }
    uint8_t *log = tempdir_read(tempdir_path(path, "log-1"), &size);
    put_u32(log + 12, crc);
    put_u32(log + 32, firn_crc32c(0, log, 32));
    tempdir_write(tempdir_path(path, "log-1"), log, 36);
    free(log);
    assert_int_equal(firn_store_open(path, NULL, &store, NULL), FIRN_OK);
    assert_int_equal(firn_store_pin(store, 3, &segment, NULL), FIRN_OK);
    firn_store_unpin(store, &segment);
    assert_int_equal(firn_store_pin(store, 4, &segment, NULL), FIRN_CORRUPT);
    firn_store_close(store);
}

static void a_manifest_that_no_store_could_have_is_damaged(void **state)
{
    (void)state;
    for (int i = 0; i < 2; i++)
        assert_int_equal(truncate(tempdir_path(path, COPIES[i]), (off_t)1 << 32), 0);
    expect_open(FIRN_CORRUPT, "S/manifest: damaged (too large)", "write the store anew");
    expect_replaceable();
}

static void a_generation_beyond_the_last_is_refused(void **state)
{
    (void)state;
    firn_store *writer;
    firn_error error = {0};
    const char *last = tempdir_path(path, "log-4611686018427387904");
    tempdir_write(last, "x", 1);
    assert_int_equal(store_open_as(FIRN_STORE_REPLACE, &writer, &error), FIRN_LIMIT);
    assert_int_equal(store_check(path, NULL, 1, COUNT, NULL), FIRN_OK);
    assert_true(tempdir_exists(last));
}

/* Nothing is forbidden to root: the test goes on as another user, whom the store then belongs to.
 */
static void be_nobody(void)
{
    static const char *const names[] = {
        "S/manifest", "S/manifest-copy", "S/log-1", "S/data-0.firn", "S/lock", "S", "."};
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
    assert_int_equal(chmod(tempdir_path(path, "data-0.firn"), 0), 0);
    expect_open(FIRN_PERMISSION, "data-0.firn", "check");
    assert_int_equal(chmod(tempdir_path(path, "manifest"), 0), 0);
    expect_open(FIRN_PERMISSION, "S/manifest", "check");
    assert_int_equal(store_open_as(FIRN_STORE_REPLACE, &writer, &error), FIRN_PERMISSION);
    assert_int_equal(chmod(path, 0500), 0);
    assert_int_equal(store_write(path, NULL, 2, COUNT, &error), FIRN_PERMISSION);
    assert_int_equal(chmod(path, 0), 0);
    expect_open(FIRN_PERMISSION, "S", "check");
    assert_int_equal(store_open_as(FIRN_STORE_REPLACE, &writer, &error), FIRN_PERMISSION);
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
        TEST(one_copy_of_the_manifest_suffices_and_a_writer_mends_the_other),
        TEST(a_damaged_stores_files_stay_until_the_commit),
        TEST(a_later_version_is_told_and_not_replaced),
        TEST(a_damaged_record_of_a_commit_that_was_acknowledged_is_named),
        TEST(a_record_that_was_never_whole_is_passed_over_and_then_gone),
        TEST(a_missing_log_is_named),
        TEST(the_log_of_another_manifest_is_refused),
        TEST(a_missing_data_file_is_named),
        TEST(a_data_file_that_is_too_short_is_named),
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
