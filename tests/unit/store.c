/* The frozen store as its header describes it: what a commit makes visible, what an abort leaves,
 * what is refused. */
#include "support/store_fixture.h"

#include <firn/file.h>

#include <setjmp.h>
#include <stdarg.h>
#include <cmocka.h>

static void ok(firn_status status, const firn_error *error)
{
    if (status != FIRN_OK)
        fail_msg("%s: %s", firn_status_name(status), error->text);
}

static void write_store(uint32_t version, uint32_t count)
{
    firn_error error = {0};
    ok(store_write(path, NULL, version, count, &error), &error);
}

static void expect_store(uint32_t version, uint32_t count)
{
    firn_error error = {0};
    ok(store_check(path, NULL, version, count, &error), &error);
}

static firn_store_writer *begin(void)
{
    firn_store_writer *writer = NULL;
    firn_error error = {0};
    ok(firn_store_begin(path, NULL, &writer, &error), &error);
    return writer;
}

static firn_store *open_store(size_t cache_bytes)
{
    firn_store_options options = {.cache_bytes = cache_bytes};
    firn_store *store = NULL;
    firn_error error = {0};
    ok(firn_store_open(path, &options, &store, &error), &error);
    return store;
}

/* Opening and beginning fail with these, and each names the store in one line. */
static void expect_refused(firn_status opened, firn_status begun)
{
    firn_store *store;
    firn_store_writer *writer;
    firn_error error = {0};
    if (opened != FIRN_OK) {
        assert_int_equal(firn_store_open(path, NULL, &store, &error), opened);
        assert_int_equal(error.status, opened);
        assert_non_null(strstr(error.text, path));
        assert_null(strchr(error.text, '\n'));
    }
    if (begun != FIRN_OK) {
        assert_int_equal(firn_store_begin(path, NULL, &writer, &error), begun);
        assert_int_equal(error.status, begun);
        assert_non_null(strstr(error.text, path));
    }
}

static void what_is_committed_is_read_back(void **state)
{
    (void)state;
    uint32_t damaged = 99;
    firn_segment_info info;
    write_store(1, 200);
    expect_store(1, 200);
    firn_store *store = open_store(0);
    assert_int_equal(firn_store_verify(store, &damaged, NULL), FIRN_OK);
    assert_int_equal(damaged, 0);
    firn_store_segment_info(store, 7, &info);
    assert_int_equal(info.codec, FIRN_CODEC_LZ4);
    firn_store_close(store);
}

static void an_empty_store_is_a_store(void **state)
{
    (void)state;
    firn_error error = {0};
    firn_segment segment;
    write_store(1, 0);
    expect_store(1, 0);
    firn_store *store = open_store(0);
    assert_int_equal(firn_store_pin(store, 0, &segment, &error), FIRN_INVALID);
    assert_int_equal(firn_store_segment_verify(store, 0, &error), FIRN_INVALID);
    firn_store_close(store);
    assert_int_equal(tempdir_count(path), 2); /* manifest and lock */
}

static void a_commit_replaces_the_whole_content(void **state)
{
    (void)state;
    for (uint32_t version = 1; version < 6; version++) {
        write_store(version, 40 - version * 5);
        expect_store(version, 40 - version * 5);
        assert_int_equal(tempdir_count(path), 3);
    }
}

static void an_abort_leaves_the_earlier_content_and_no_files(void **state)
{
    (void)state;
    write_store(1, 30);
    firn_store_writer *writer = begin();
    ok(store_put_all(writer, NULL, 2, 50, NULL), &(firn_error){0});
    expect_store(1, 30);
    firn_store_abort(writer);
    expect_store(1, 30);
    assert_int_equal(tempdir_count(path), 3);
    firn_store_abort(NULL);
}

static void a_reader_keeps_what_it_opened_while_writers_commit(void **state)
{
    (void)state;
    firn_error error = {0};
    write_store(1, 30);
    firn_store *store = open_store(1); /* nothing stays decoded */
    for (uint32_t version = 2; version < 5; version++) {
        write_store(version, 10);
        ok(store_check_open(store, 1, 30, &error), &error);
    }
    firn_store_close(store);
    expect_store(4, 10);
}

/* Segments lie in the files in their order and without gaps, and all sums agree. */
static void expect_layout(const firn_store *store)
{
    firn_store_summary summary;
    firn_store_file data_file = {.size_bytes = 0};
    uint64_t plain = 0;
    uint64_t packed = 0;
    uint32_t file = 0;
    uint32_t offset = 0;
    char name[64];
    firn_store_summary_get(store, &summary);
    assert_int_equal(summary.segment_count, firn_store_segment_count(store));
    for (uint32_t i = 0; i < summary.segment_count; i++) {
        firn_segment_info info;
        firn_store_segment_info(store, i, &info);
        if (info.file != file) {
            assert_int_equal(offset, data_file.size_bytes);
            assert_int_equal(info.file, ++file);
            offset = 0;
        }
        assert_int_equal(info.offset_bytes, offset);
        firn_store_file_get(store, file, &data_file);
        offset += info.packed_bytes;
        plain += info.plain_bytes;
        packed += info.packed_bytes;
    }
    assert_int_equal(offset, data_file.size_bytes);
    assert_int_equal(summary.file_count, file + 1);
    assert_int_equal(summary.plain_bytes, plain);
    assert_int_equal(summary.data_bytes, packed);
    snprintf(name, sizeof name, "data-%u-%u.firn", (unsigned)summary.generation, file);
    assert_string_equal(data_file.name, name);
    assert_true(tempdir_exists(tempdir_path(path, name)));
}

static void a_summary_counts_what_is_there(void **state)
{
    (void)state;
    firn_store_summary first, second;
    firn_usage usage;
    write_store(1, 0);
    firn_store *store = open_store(0);
    firn_store_summary_get(store, &first);
    assert_int_equal(first.generation, 1);
    assert_int_equal(first.segment_count + first.file_count + first.data_bytes, 0);
    assert_int_equal(first.manifest_bytes, 44);
    firn_store_close(store);
    write_store(2, 200);
    store = open_store(0);
    expect_layout(store);
    firn_store_summary_get(store, &second);
    firn_store_usage(store, &usage);
    assert_int_equal(second.generation, 2);
    assert_int_equal(second.store_id, first.store_id);
    assert_int_equal(second.manifest_bytes + second.data_bytes, usage.disk_bytes);
    firn_store_close(store);
}

static void data_files_are_filled_up_to_four_mebibytes(void **state)
{
    (void)state;
    enum { COUNT = 40, SIZE = 1 << 20 };
    static uint8_t data[FIRN_SEGMENT_MAX_BYTES];
    firn_codec *codec;
    firn_segment segment;
    uint32_t number;
    uint64_t disk = 0;
    assert_int_equal(firn_codec_create(NULL, &codec), FIRN_OK);
    firn_store_writer *writer = begin();
    for (uint32_t i = 0; i < COUNT; i++) {
        memset(data, (int)i, sizeof data);
        size_t size = i == 20 ? sizeof data : SIZE;
        assert_int_equal(
            firn_store_put(writer, codec, 0, FIRN_CODEC_RAW, 0, data, size, &number, NULL),
            FIRN_OK);
        assert_int_equal(number, i);
        disk += size + 60;
    }
    assert_int_equal(firn_store_commit(writer, NULL), FIRN_OK);
    firn_codec_destroy(codec);
    firn_store *store = open_store(0);
    for (uint32_t i = 0; i < COUNT; i++) {
        assert_int_equal(firn_store_pin(store, i, &segment, NULL), FIRN_OK);
        assert_int_equal(segment.data[0], i);
        assert_int_equal(segment.data[segment.size - 1], i);
        firn_store_unpin(store, &segment);
    }
    expect_layout(store);
    firn_usage usage;
    firn_store_usage(store, &usage);
    assert_in_range(usage.live_bytes, 15 << 20, 16 << 20);
    assert_in_range(usage.disk_bytes, disk, disk + 2000);
    assert_int_equal(usage.reserved_bytes, usage.live_bytes + usage.overhead_bytes);
    assert_in_range(usage.overhead_bytes, 1, 8000);
    firn_store_close(store);
    /* three of 1 MiB and 60 bytes in a file; 20 = 6 * 3 + 2; one alone; 19 = 6 * 3 + 1 */
    assert_int_equal(tempdir_count(path), 2 + 7 + 1 + 7);
}

static void a_segment_that_is_too_large_is_refused_and_the_writer_with_it(void **state)
{
    (void)state;
    static uint8_t data[FIRN_SEGMENT_MAX_BYTES + 1];
    firn_error error = {0};
    firn_codec *codec;
    uint32_t number = 77;
    write_store(1, 3);
    assert_int_equal(firn_codec_create(NULL, &codec), FIRN_OK);
    firn_store_writer *writer = begin();
    assert_int_equal(
        firn_store_put(writer, codec, 0, FIRN_CODEC_LZ4, 0, data, sizeof data, &number, &error),
        FIRN_LIMIT);
    assert_int_equal(store_put_one(writer, codec, 2, 0, &number, &error), FIRN_LIMIT);
    assert_int_equal(number, 77);
    assert_int_equal(firn_store_commit(writer, &error), FIRN_LIMIT);
    assert_non_null(strstr(error.text, path));
    firn_codec_destroy(codec);
    expect_store(1, 3);
}

static void wrong_arguments_are_refused(void **state)
{
    (void)state;
    firn_codec *codec;
    uint32_t number;
    firn_store *store;
    firn_store_writer *writer;
    assert_int_equal(
        firn_store_begin(path, &(firn_store_writer_options){.reserved = {0, 1}}, &writer, NULL),
        FIRN_INVALID);
    write_store(1, 3);
    assert_int_equal(firn_store_open(path, &(firn_store_options){.reserved = {1}}, &store, NULL),
                     FIRN_INVALID);
    assert_int_equal(firn_codec_create(NULL, &codec), FIRN_OK);
    writer = begin();
    assert_int_equal(firn_store_put(writer, codec, 0, FIRN_CODEC_ZSTD, 20, "abc", 3, &number, NULL),
                     FIRN_INVALID);
    firn_store_abort(writer);
    writer = begin();
    assert_int_equal(
        firn_store_put(writer, codec, 0, (firn_codec_kind)3, 0, "abc", 3, &number, NULL),
        FIRN_INVALID);
    firn_store_abort(writer);
    firn_codec_destroy(codec);
}

static void a_scratch_file_goes_with_commit_abort_and_the_next_begin(void **state)
{
    (void)state;
    char file[640];
    for (int how = 0; how < 3; how++) {
        firn_store_writer *writer = begin();
        assert_int_equal(firn_store_scratch(writer, "names", file, sizeof file), FIRN_OK);
        tempdir_write(file, "x", 1);
        assert_true(tempdir_exists(file));
        if (how == 0)
            assert_int_equal(firn_store_commit(writer, NULL), FIRN_OK);
        else
            firn_store_abort(writer);
        if (how == 2) { /* as if that writer had died */
            tempdir_write(file, "x", 1);
            writer = begin();
            assert_false(tempdir_exists(file));
            firn_store_abort(writer);
        }
        assert_false(tempdir_exists(file));
    }
    firn_store_writer *writer = begin();
    assert_int_equal(firn_store_scratch(writer, "names", file, strlen(path)), FIRN_LIMIT);
    assert_int_equal(firn_store_scratch(writer, "a/b", file, sizeof file), FIRN_INVALID);
    assert_int_equal(firn_store_scratch(writer, "", file, sizeof file), FIRN_INVALID);
    firn_store_abort(writer);
}

static void expect_unused(uint64_t file_count, uint64_t each_bytes)
{
    firn_store *store = open_store(0);
    firn_store_unused unused = {0};
    firn_error error = {0};
    ok(firn_store_unused_get(store, &unused, &error), &error);
    assert_int_equal(unused.file_count, file_count);
    assert_int_equal(unused.bytes, file_count * each_bytes);
    firn_store_close(store);
}

static void what_is_unused_cannot_be_told_of_a_folder_that_is_gone(void **state)
{
    (void)state;
    firn_store_unused unused;
    firn_error error = {0};
    write_store(1, 3);
    firn_store *store = open_store(0);
    tempdir_remove(path);
    assert_int_equal(firn_store_unused_get(store, &unused, &error), FIRN_NOT_FOUND);
    assert_non_null(strstr(error.text, path));
    tempdir_write(path, "", 0);
    assert_int_equal(firn_store_unused_get(store, &unused, &error), FIRN_NOT_STORE);
    firn_store_close(store);
}

static void begin_sweeps_what_a_dead_writer_left(void **state)
{
    (void)state;
    static const char *const left[] = {"data-2-0.firn",   "data-2-1.firn.tmp", "data-7-0.firn",
                                       "data-1-1.firn",   "manifest.tmp",      "scratch-x.tmp",
                                       "data-0-4711.firn"};
    write_store(1, 30);
    for (size_t i = 0; i < sizeof left / sizeof *left; i++)
        tempdir_write(tempdir_path(path, left[i]), "left", 4);
    expect_store(1, 30);
    expect_unused(sizeof left / sizeof *left, 4);
    firn_store_writer *writer = begin();
    expect_unused(0, 0);
    for (size_t i = 0; i < sizeof left / sizeof *left; i++)
        assert_false(tempdir_exists(tempdir_path(path, left[i])));
    expect_store(1, 30);
    ok(store_put_all(writer, NULL, 2, 4, NULL), &(firn_error){0});
    assert_int_equal(firn_store_commit(writer, NULL), FIRN_OK);
    expect_store(2, 4);
    /* no name is used twice */
    assert_true(tempdir_exists(tempdir_path(path, "data-8-0.firn")));
}

static void a_folder_with_other_files_is_refused_and_untouched(void **state)
{
    (void)state;
    static const char *const foreign[] = {
        "notes.txt",      "a.tmp",       "data-1-0.firn.bak",      "data-01-0.firn", "data-1-.firn",
        "data--1.firn",   "scratch.tmp", "scratch-.tmp",           "Manifest",       "lock.tmp",
        "data-1-0.firn ", ".hidden",     "data-1-99999999999.firn"};
    for (size_t i = 0; i < sizeof foreign / sizeof *foreign; i++) {
        tempdir_empty(path);
        tempdir_write(tempdir_path(path, foreign[i]), "precious", 8);
        tempdir_write(tempdir_path(path, "manifest.tmp"), "x", 1);
        expect_refused(FIRN_NOT_STORE, FIRN_NOT_STORE);
        assert_true(tempdir_exists(tempdir_path(path, foreign[i])));
        assert_true(tempdir_exists(tempdir_path(path, "manifest.tmp")));
        assert_false(tempdir_exists(tempdir_path(path, "lock")));
    }
    tempdir_empty(path);
    tempdir_write(tempdir_path(path, "manifest"), "{\"name\": \"a web page\"}", 22);
    expect_refused(FIRN_NOT_STORE, FIRN_NOT_STORE);
    tempdir_empty(path);
    mkdir(tempdir_path(path, "manifest"), 0777);
    expect_refused(FIRN_NOT_STORE, FIRN_NOT_STORE);
}

static void what_is_no_folder_or_missing_is_refused(void **state)
{
    (void)state;
    expect_refused(FIRN_NOT_FOUND, FIRN_OK);
    tempdir_write(path, "x", 1);
    expect_refused(FIRN_NOT_STORE, FIRN_NOT_STORE);
    unlink(path);
    mkdir(path, 0777);
    expect_refused(FIRN_NOT_STORE, FIRN_OK);
    snprintf(path, sizeof path, "%s/a/b", root);
    expect_refused(FIRN_NOT_FOUND, FIRN_NOT_FOUND);
}

static void paths_with_slashes_at_the_end_or_through_a_link_work(void **state)
{
    (void)state;
    char target[sizeof path];
    memcpy(target, path, sizeof path);
    snprintf(path, sizeof path, "%s/T//", root);
    write_store(1, 3);
    expect_store(1, 3);
    snprintf(path, sizeof path, "%s/T", root);
    assert_int_equal(symlink(path, target), 0);
    memcpy(path, target, sizeof path);
    write_store(2, 3);
    expect_store(2, 3);
}

static void a_name_without_a_slash_is_below_the_current_folder(void **state)
{
    (void)state;
    char before[4096];
    assert_non_null(getcwd(before, sizeof before));
    assert_int_equal(chdir(root), 0);
    snprintf(path, sizeof path, "S");
    write_store(1, 3);
    expect_store(1, 3);
    assert_int_equal(chdir(before), 0);
}

static void a_path_that_is_too_long_is_an_error(void **state)
{
    (void)state;
    static char long_path[5000];
    firn_store *store;
    firn_store_writer *writer;
    memset(long_path, 'x', sizeof long_path - 1);
    assert_int_equal(firn_store_open(long_path, NULL, &store, NULL), FIRN_LIMIT);
    assert_int_equal(firn_store_begin(long_path, NULL, &writer, NULL), FIRN_LIMIT);
}

static void a_second_writer_is_refused_and_told_who_writes(void **state)
{
    (void)state;
    char holder[64];
    firn_error error = {0};
    firn_store_writer *first, *second;
    firn_store_writer_options options = {.what = "firn test"};
    write_store(1, 3);
    ok(firn_store_begin(path, &options, &first, &error), &error);
    assert_int_equal(firn_store_begin(path, NULL, &second, &error), FIRN_BUSY);
    snprintf(holder, sizeof holder, "%ld (firn test)", (long)getpid());
    assert_non_null(strstr(error.text, holder));
    assert_non_null(strstr(error.text, path));
    ok(store_put_all(first, NULL, 2, 3, NULL), &error);
    ok(firn_store_commit(first, &error), &error);
    expect_store(2, 3);
    write_store(3, 3);
}

/* The content must stay what support/store_content.h says; stores of version 1 are read for ever.
 */
static void a_store_that_the_first_release_wrote_is_read(void **state)
{
    (void)state;
    static const char here[] = __FILE__;
    const char *end = strstr(here, "unit/store.c");
    firn_error error = {0};
    assert_non_null(end);
    assert_in_range(snprintf(path, sizeof path, "%.*sgolden/store-1", (int)(end - here), here), 1,
                    sizeof path - 1);
    ok(store_check(path, NULL, 1, 12, &error), &error);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        TEST(what_is_committed_is_read_back),
        TEST(an_empty_store_is_a_store),
        TEST(a_commit_replaces_the_whole_content),
        TEST(an_abort_leaves_the_earlier_content_and_no_files),
        TEST(a_reader_keeps_what_it_opened_while_writers_commit),
        TEST(a_summary_counts_what_is_there),
        TEST(data_files_are_filled_up_to_four_mebibytes),
        TEST(a_segment_that_is_too_large_is_refused_and_the_writer_with_it),
        TEST(wrong_arguments_are_refused),
        TEST(a_scratch_file_goes_with_commit_abort_and_the_next_begin),
        TEST(what_is_unused_cannot_be_told_of_a_folder_that_is_gone),
        TEST(begin_sweeps_what_a_dead_writer_left),
        TEST(a_folder_with_other_files_is_refused_and_untouched),
        TEST(what_is_no_folder_or_missing_is_refused),
        TEST(paths_with_slashes_at_the_end_or_through_a_link_work),
        TEST(a_name_without_a_slash_is_below_the_current_folder),
        TEST(a_path_that_is_too_long_is_an_error),
        TEST(a_second_writer_is_refused_and_told_who_writes),
        TEST(a_store_that_the_first_release_wrote_is_read),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
