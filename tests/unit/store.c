/* The frozen store as its header describes it: what a commit makes visible, what an abort leaves,
 * what is refused. */
#include "support/store_calls.h"

#include <firn/file.h>

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

static firn_store *begin(void)
{
    firn_store *writer = NULL;
    firn_error error = {0};
    ok(store_open_as(FIRN_STORE_REPLACE, &writer, &error), &error);
    return writer;
}

/* Opening and beginning fail with these, and each names the store in one line. */
static void expect_refused(firn_status opened, firn_status begun)
{
    firn_store *store;
    firn_store *writer;
    firn_error error = {0};
    if (opened != FIRN_OK) {
        assert_int_equal(firn_store_open(path, NULL, &store, &error), opened);
        assert_int_equal(error.status, opened);
        assert_non_null(strstr(error.text, path));
        assert_null(strchr(error.text, '\n'));
    }
    if (begun != FIRN_OK) {
        for (int mode = FIRN_STORE_WRITE; mode <= FIRN_STORE_REPLACE; mode++) {
            assert_int_equal(store_open_as((firn_store_mode)mode, &writer, &error), begun);
            assert_int_equal(error.status, begun);
            assert_non_null(strstr(error.text, path));
        }
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
    assert_int_equal(firn_store_segment_info(store, 7, &info), FIRN_OK);
    assert_int_equal(info.codec, FIRN_CODEC_LZ4);
    assert_int_equal(firn_store_segment_info(store, 200, &info), FIRN_NOT_FOUND);
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
    assert_int_equal(firn_store_pin(store, 0, &segment, &error), FIRN_NOT_FOUND);
    assert_int_equal(firn_store_segment_verify(store, 0, &error), FIRN_NOT_FOUND);
    firn_store_close(store);
    assert_int_equal(tempdir_count(path), FILES - 1);
}

static void a_commit_replaces_the_whole_content(void **state)
{
    (void)state;
    for (uint32_t version = 1; version < 6; version++) {
        write_store(version, 40 - version * 5);
        expect_store(version, 40 - version * 5);
        assert_int_equal(tempdir_count(path), FILES);
    }
}

static void an_abort_leaves_the_earlier_content_and_no_files(void **state)
{
    (void)state;
    write_store(1, 30);
    firn_store *writer = begin();
    ok(store_put_all(writer, NULL, 2, 50, NULL), &(firn_error){0});
    expect_store(1, 30);
    firn_store_abort(writer);
    expect_store(1, 30);
    assert_int_equal(tempdir_count(path), FILES);
    ok(store_put_all(writer, NULL, 2, 50, NULL), &(firn_error){0});
    firn_store_close(writer);
    expect_store(1, 30);
    assert_int_equal(tempdir_count(path), FILES);
    firn_store_close(NULL);
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
    assert_int_equal(first.manifest_bytes, 2 * 52 + 36);
    assert_int_equal(first.root, FIRN_SEGMENT_NONE);
    assert_int_equal(first.version, 2);
    firn_store_close(store);
    write_store(2, 200);
    store = open_store(0);
    expect_sums(store);
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
    firn_usage usage;
    uint64_t disk = 0;
    assert_int_equal(firn_codec_create(NULL, &codec), FIRN_OK);
    firn_store *writer = begin();
    for (uint32_t i = 0; i < COUNT; i++) {
        memset(data, (int)i, sizeof data);
        size_t size = i == 20 ? sizeof data : SIZE;
        assert_int_equal(put(writer, codec, data, size), i);
        disk += size + 68;
    }
    commit(writer, FIRN_SEGMENT_NONE);
    firn_store_close(writer);
    firn_codec_destroy(codec);
    firn_store *store = open_store(0);
    for (uint32_t i = 0; i < COUNT; i++) {
        assert_int_equal(firn_store_pin(store, i, &segment, NULL), FIRN_OK);
        assert_int_equal(segment.data[0], i);
        assert_int_equal(segment.data[segment.size - 1], i);
        firn_store_unpin(store, &segment);
    }
    expect_sums(store);
    firn_store_usage(store, &usage);
    assert_in_range(usage.live_bytes, 15 << 20, 16 << 20);
    assert_in_range(usage.disk_bytes, disk, disk + 6000);
    assert_int_equal(usage.reserved_bytes, usage.live_bytes + usage.overhead_bytes);
    assert_in_range(usage.overhead_bytes, 1, 12000);
    firn_store_close(store);
    /* three of 1 MiB and 68 bytes in a file; 20 = 6 * 3 + 2; one alone; 19 = 6 * 3 + 1 */
    assert_int_equal(tempdir_count(path), FILES - 1 + 7 + 1 + 7);
}

static void commits_add_to_what_is_there_and_numbers_are_not_used_twice(void **state)
{
    (void)state;
    firn_codec *codec;
    firn_segment segment;
    assert_int_equal(firn_codec_create(NULL, &codec), FIRN_OK);
    firn_store *store = open_writer();
    assert_int_equal(put(store, codec, "a", 1), 0);
    assert_int_equal(put(store, codec, "b", 1), 1);
    commit(store, 1);
    assert_int_equal(firn_store_root(store), 1);
    firn_store_close(store);
    store = open_writer();
    assert_int_equal(firn_store_root(store), 1);
    assert_int_equal(firn_store_remove(store, 0), FIRN_OK);
    assert_int_equal(firn_store_remove(store, 0), FIRN_NOT_FOUND);
    assert_int_equal(put(store, codec, "c", 1), 2);
    commit(store, 2);
    assert_int_equal(put(store, codec, "d", 1), 3);
    firn_store_abort(store);
    assert_int_equal(put(store, codec, "e", 1), 4);
    expect_text(store, 4, "e");
    commit(store, FIRN_SEGMENT_NONE);
    firn_store_close(store);
    store = open_store(0);
    assert_int_equal(firn_store_root(store), FIRN_SEGMENT_NONE);
    assert_int_equal(store_count(store), 3);
    expect_text(store, 1, "b");
    expect_text(store, 2, "c");
    expect_text(store, 4, "e");
    assert_int_equal(firn_store_pin(store, 0, &segment, NULL), FIRN_NOT_FOUND);
    assert_int_equal(firn_store_pin(store, 3, &segment, NULL), FIRN_NOT_FOUND);
    expect_sums(store);
    firn_store_close(store);
    assert_int_equal(tempdir_count(path), FILES);
    firn_codec_destroy(codec);
}

static void an_abort_brings_back_what_was_removed(void **state)
{
    (void)state;
    firn_codec *codec;
    assert_int_equal(firn_codec_create(NULL, &codec), FIRN_OK);
    firn_store *store = open_writer();
    put(store, codec, "a", 1);
    put(store, codec, "b", 1);
    commit(store, 0);
    uint32_t number = put(store, codec, "c", 1);
    assert_int_equal(firn_store_remove(store, 0), FIRN_OK);
    assert_int_equal(firn_store_remove(store, number), FIRN_OK);
    assert_int_equal(store_count(store), 1);
    assert_int_equal(firn_store_commit(store, 0, NULL), FIRN_NOT_FOUND); /* the root is removed */
    firn_store_abort(store);
    assert_int_equal(store_count(store), 2);
    expect_text(store, 0, "a");
    commit(store, 0);
    firn_store_close(store);
    store = open_store(0);
    expect_text(store, 0, "a");
    expect_text(store, 1, "b");
    assert_int_equal(store_count(store), 2);
    firn_store_close(store);
    firn_codec_destroy(codec);
}

static void a_refresh_shows_what_was_committed_since(void **state)
{
    (void)state;
    firn_codec *codec;
    firn_segment pinned, again;
    bool changed = true;
    assert_int_equal(firn_codec_create(NULL, &codec), FIRN_OK);
    firn_store *writer = open_writer();
    put(writer, codec, "a", 1);
    commit(writer, 0);
    firn_store *reader = open_store(0);
    assert_int_equal(firn_store_refresh(reader, &changed, NULL), FIRN_OK);
    assert_false(changed);
    assert_int_equal(firn_store_pin(reader, 0, &pinned, NULL), FIRN_OK);
    put(writer, codec, "b", 1);
    assert_int_equal(firn_store_remove(writer, 0), FIRN_OK);
    assert_int_equal(firn_store_refresh(reader, &changed, NULL), FIRN_OK);
    assert_false(changed);
    commit(writer, 1);
    assert_int_equal(store_count(reader), 1);
    assert_int_equal(firn_store_root(reader), 0);
    assert_int_equal(firn_store_refresh(reader, &changed, NULL), FIRN_OK);
    assert_true(changed);
    assert_int_equal(firn_store_root(reader), 1);
    expect_text(reader, 1, "b");
    assert_int_equal(firn_store_pin(reader, 0, &again, NULL), FIRN_NOT_FOUND);
    assert_memory_equal(pinned.data, "a", 1);
    firn_store_unpin(reader, &pinned);
    assert_int_equal(firn_store_refresh(writer, &changed, NULL), FIRN_INVALID);
    firn_store_close(writer);
    tempdir_remove(path);
    write_store(1, 3);
    assert_int_equal(firn_store_refresh(reader, &changed, NULL), FIRN_CHANGED);
    expect_text(reader, 1, "b"); /* as it was */
    firn_store_close(reader);
    firn_codec_destroy(codec);
}

static void a_commit_of_nothing_writes_nothing(void **state)
{
    (void)state;
    firn_store_summary before, after;
    uint32_t damaged = 1;
    firn_store *store = open_writer();
    assert_int_equal(firn_store_verify(store, &damaged, NULL), FIRN_OK); /* of nothing */
    commit(store, FIRN_SEGMENT_NONE);                                    /* which makes the store */
    firn_store_summary_get(store, &before);
    commit(store, FIRN_SEGMENT_NONE);
    firn_store_summary_get(store, &after);
    assert_int_equal(before.generation, after.generation);
    assert_int_equal(before.manifest_bytes, after.manifest_bytes);
    firn_store_close(store);
}

/* A log that has outgrown its checkpoint is begun anew. */
static void the_log_does_not_grow_without_end(void **state)
{
    (void)state;
    firn_codec *codec;
    firn_store_summary summary;
    assert_int_equal(firn_codec_create(NULL, &codec), FIRN_OK);
    firn_store *store = open_writer();
    for (uint32_t i = 0; i < 6000; i++) {
        uint32_t number = put(store, codec, &i, sizeof i);
        if (i >= 10)
            assert_int_equal(firn_store_remove(store, number - 10), FIRN_OK);
        if (i % 40 != 39)
            continue;
        commit(store, number);
        firn_store_summary_get(store, &summary);
        assert_in_range(summary.manifest_bytes, 1, (64 << 10) + 6000);
    }
    assert_int_equal(summary.segment_count, 10);
    assert_int_equal(summary.generation, 150);
    firn_store_close(store);
    store = open_store(0);
    assert_int_equal(firn_store_root(store), 5999);
    expect_sums(store);
    firn_store_close(store);
    firn_codec_destroy(codec);
}

static void a_put_that_is_refused_leaves_the_others(void **state)
{
    (void)state;
    static uint8_t data[FIRN_SEGMENT_MAX_BYTES + 1];
    static const firn_store_put_options wrong[] = {
        {.codec = FIRN_CODEC_ZSTD, .level = 20},
        {.codec = (firn_codec_kind)3},
        {.reserved = {0, 1}},
        {.codec = FIRN_CODEC_LZ4, .use_dictionary = true},
        {.codec = FIRN_CODEC_ZSTD, .level = 1, .use_dictionary = true, .is_dictionary = true},
        {.codec = FIRN_CODEC_ZSTD, .level = 1, .use_dictionary = true, .dictionary = 0}};
    firn_error error = {0};
    firn_codec *codec;
    uint32_t number = 77;
    assert_int_equal(firn_codec_create(NULL, &codec), FIRN_OK);
    firn_store *store = open_writer();
    put(store, codec, "a", 1);
    assert_int_equal(firn_store_put(store, codec, &RAW, data, sizeof data, &number, &error),
                     FIRN_LIMIT);
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++)
        assert_int_equal(firn_store_put(store, codec, &wrong[i], "abc", 3, &number, &error),
                         FIRN_INVALID);
    assert_non_null(strstr(error.text, path));
    assert_int_equal(number, 77);
    put(store, codec, "b", 1);
    commit(store, FIRN_SEGMENT_NONE);
    assert_int_equal(store_count(store), 2);
    firn_store_close(store);
    firn_codec_destroy(codec);
}

static void wrong_options_and_modes_are_refused(void **state)
{
    (void)state;
    static const firn_store_options wrong[] = {{.reserved = {0, 1}},
                                               {.mode = (firn_store_mode)3},
                                               {.quota_bytes = 5 << 20},
                                               {.mode = FIRN_STORE_WRITE, .quota_bytes = 1}};
    firn_codec *codec;
    uint32_t number;
    char scratch[600];
    firn_store *store;
    write_store(1, 3);
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++)
        assert_int_equal(firn_store_open(path, &wrong[i], &store, NULL), FIRN_INVALID);
    assert_int_equal(firn_codec_create(NULL, &codec), FIRN_OK);
    store = open_store(0);
    assert_int_equal(firn_store_put(store, codec, &RAW, "abc", 3, &number, NULL), FIRN_INVALID);
    assert_int_equal(firn_store_remove(store, 0), FIRN_INVALID);
    assert_int_equal(firn_store_commit(store, FIRN_SEGMENT_NONE, NULL), FIRN_INVALID);
    assert_int_equal(firn_store_scratch(store, "a", scratch, sizeof scratch), FIRN_INVALID);
    firn_store_abort(store);
    firn_store_close(store);
    firn_codec_destroy(codec);
    expect_store(1, 3);
}

static void a_scratch_file_goes_with_the_closing_and_the_next_opening(void **state)
{
    (void)state;
    char file[640];
    for (int how = 0; how < 3; how++) {
        firn_store *writer = begin();
        assert_int_equal(firn_store_scratch(writer, "names", file, sizeof file), FIRN_OK);
        tempdir_write(file, "x", 1);
        if (how == 0)
            commit(writer, FIRN_SEGMENT_NONE);
        assert_true(tempdir_exists(file));
        firn_store_close(writer);
        assert_false(tempdir_exists(file));
        if (how == 2) { /* as if that writer had died */
            tempdir_write(file, "x", 1);
            firn_store_close(begin());
        }
        assert_false(tempdir_exists(file));
    }
    firn_store *writer = begin();
    assert_int_equal(firn_store_scratch(writer, "names", file, strlen(path)), FIRN_LIMIT);
    assert_int_equal(firn_store_scratch(writer, "a/b", file, sizeof file), FIRN_INVALID);
    assert_int_equal(firn_store_scratch(writer, "", file, sizeof file), FIRN_INVALID);
    firn_store_close(writer);
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

static void what_a_dead_writer_left_is_swept(void **state)
{
    (void)state;
    static const char *const left[] = {"data-2-0.firn", "data-2-1.firn.tmp", "data-7.firn",
                                       "log-9",         "manifest.tmp",      "scratch-x.tmp",
                                       "data-5.firn",   "manifest-copy.tmp"};
    write_store(1, 30);
    for (size_t i = 0; i < sizeof left / sizeof *left; i++)
        tempdir_write(tempdir_path(path, left[i]), "left", 4);
    expect_store(1, 30);
    expect_unused(sizeof left / sizeof *left, 4);
    firn_store *writer = open_writer();
    expect_unused(0, 0);
    for (size_t i = 0; i < sizeof left / sizeof *left; i++)
        assert_false(tempdir_exists(tempdir_path(path, left[i])));
    expect_store(1, 30);
    firn_store_close(writer);
    /* To be replaced: all stays until the commit. */
    for (size_t i = 0; i < sizeof left / sizeof *left; i++)
        tempdir_write(tempdir_path(path, left[i]), "left", 4);
    writer = begin();
    expect_unused(4, 4); /* the temporary ones are gone */
    ok(store_put_all(writer, NULL, 2, 4, NULL), &(firn_error){0});
    commit(writer, FIRN_SEGMENT_NONE);
    firn_store_close(writer);
    expect_store(2, 4);
    expect_unused(0, 0);
    /* no name is used twice */
    assert_true(tempdir_exists(tempdir_path(path, "data-8.firn")));
    assert_true(tempdir_exists(tempdir_path(path, "log-10")));
}

static void a_folder_with_other_files_is_refused_and_untouched(void **state)
{
    (void)state;
    static const char *const foreign[] = {"notes.txt",
                                          "a.tmp",
                                          "data-1-0.firn.bak",
                                          "data-01-0.firn",
                                          "data-1-.firn",
                                          "data--1.firn",
                                          "scratch.tmp",
                                          "scratch-.tmp",
                                          "Manifest",
                                          "lock.tmp",
                                          "data-1-0.firn ",
                                          ".hidden",
                                          "data-1-99999999999.firn",
                                          "data-01.firn",
                                          "log-",
                                          "log-1.tmp",
                                          "data-4294967295.firn"};
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
    firn_store *writer;
    memset(long_path, 'x', sizeof long_path - 1);
    assert_int_equal(firn_store_open(long_path, NULL, &store, NULL), FIRN_LIMIT);
    assert_int_equal(
        firn_store_open(long_path, &(firn_store_options){.mode = FIRN_STORE_WRITE}, &writer, NULL),
        FIRN_LIMIT);
}

static void a_second_writer_is_refused_and_told_who_writes(void **state)
{
    (void)state;
    char holder[64];
    firn_error error = {0};
    firn_store *first, *second;
    firn_store_options options = {.mode = FIRN_STORE_REPLACE, .what = "firn test"};
    write_store(1, 3);
    ok(firn_store_open(path, &options, &first, &error), &error);
    assert_int_equal(store_open_as(FIRN_STORE_WRITE, &second, &error), FIRN_BUSY);
    snprintf(holder, sizeof holder, "%ld (firn test)", (long)getpid());
    assert_non_null(strstr(error.text, holder));
    assert_non_null(strstr(error.text, path));
    ok(store_put_all(first, NULL, 2, 3, NULL), &error);
    commit(first, FIRN_SEGMENT_NONE);
    firn_store_close(first);
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

/* The same of version 2, which also has a dictionary, and commits and a compaction in its log. */
static void a_store_of_the_second_format_is_read(void **state)
{
    (void)state;
    static const char here[] = __FILE__;
    static const char words[] = "{\"name\": \"value\", \"another name\": [1, 2, 3, \"and so on\"]}";
    const char *end = strstr(here, "unit/store.c");
    uint32_t damaged = 1;
    assert_non_null(end);
    assert_in_range(snprintf(path, sizeof path, "%.*sgolden/store-2", (int)(end - here), here), 1,
                    sizeof path - 1);
    firn_store *store = open_store(0);
    for (uint32_t i = 0; i < 12; i++)
        assert_int_equal(store_check_one(store, 1, i, NULL), FIRN_OK);
    assert_int_equal(firn_store_root(store), 13);
    expect_text(store, 12, words);
    expect_text(store, 13, words);
    assert_int_equal(store_count(store), 14);
    assert_int_equal(firn_store_verify(store, &damaged, NULL), FIRN_OK);
    firn_store_close(store);
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
        TEST(commits_add_to_what_is_there_and_numbers_are_not_used_twice),
        TEST(an_abort_brings_back_what_was_removed),
        TEST(a_refresh_shows_what_was_committed_since),
        TEST(a_commit_of_nothing_writes_nothing),
        TEST(the_log_does_not_grow_without_end),
        TEST(a_put_that_is_refused_leaves_the_others),
        TEST(wrong_options_and_modes_are_refused),
        TEST(a_scratch_file_goes_with_the_closing_and_the_next_opening),
        TEST(what_is_unused_cannot_be_told_of_a_folder_that_is_gone),
        TEST(what_a_dead_writer_left_is_swept),
        TEST(a_folder_with_other_files_is_refused_and_untouched),
        TEST(what_is_no_folder_or_missing_is_refused),
        TEST(paths_with_slashes_at_the_end_or_through_a_link_work),
        TEST(a_name_without_a_slash_is_below_the_current_folder),
        TEST(a_path_that_is_too_long_is_an_error),
        TEST(a_second_writer_is_refused_and_told_who_writes),
        TEST(a_store_that_the_first_release_wrote_is_read),
        TEST(a_store_of_the_second_format_is_read),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
