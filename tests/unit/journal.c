/* The journal: each call and each error that its header tells. */
#include "support/journal.h"
#include "core/bytes.h"

#include <setjmp.h>
#include <stdarg.h>
#include <cmocka.h>

enum { SIZE = 5000 };

static char root[TEMPDIR_PATH_BYTES], path[TEMPDIR_PATH_BYTES + 8];
static kept k;
static uint8_t text[SIZE], other[SIZE];

/* Bytes that repeat nothing. */
static void noise_fill(uint8_t *out, size_t size, uint64_t number)
{
    for (size_t i = 0; i < size; i++) {
        number = number * 6364136223846793005u + 1442695040888963407u;
        out[i] = (uint8_t)(number >> 56);
    }
}

static int set_up(void **state)
{
    (void)state;
    tempdir_make(root);
    snprintf(path, sizeof path, "%s/S", root);
    kept_open(&k, path, FIRN_STORE_WRITE);
    noise_fill(text, SIZE, 1);
    noise_fill(other, SIZE, 2);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    kept_close(&k);
    tempdir_remove(root);
    return 0;
}

static void reopen(firn_store_mode mode)
{
    kept_close(&k);
    kept_open(&k, path, mode);
}

static void commit_and_reopen(void)
{
    kept_commit(&k);
    reopen(FIRN_STORE_WRITE);
}

static firn_journal_summary summary(void)
{
    firn_journal_summary result;
    firn_journal_summary_get(k.journal, &result);
    return result;
}

static void what_is_put_is_there_before_and_after_a_commit(void **state)
{
    (void)state;
    kept_put(&k, 7, text, SIZE);
    kept_put(&k, UINT64_MAX, "x", 1);
    kept_put(&k, 0, NULL, 0);
    for (int pass = 0; pass < 2; pass++) {
        assert_true(kept_is(&k, 7, text, SIZE));
        assert_true(kept_is(&k, UINT64_MAX, "x", 1));
        assert_true(kept_is(&k, 0, NULL, 0));
        assert_false(kept_is(&k, 1, NULL, 0));
        commit_and_reopen();
    }
    assert_int_equal(summary().blob_count, 3);
    assert_int_equal(summary().blob_bytes, SIZE + 1);
    assert_int_equal(summary().garbage_bytes, 0);
    reopen(FIRN_STORE_READ);
    assert_true(kept_is(&k, 7, text, SIZE));
}

static void a_small_change_is_kept_as_edits(void **state)
{
    (void)state;
    kept_put(&k, 7, text, SIZE);
    commit_and_reopen();
    for (size_t i = 0; i < 5; i++) { /* each put changes more, the base stays */
        text[i * 900] ^= 0xFF;
        kept_put(&k, 7, text, SIZE);
        assert_true(kept_is(&k, 7, text, SIZE));
        firn_journal_info info = kept_info(&k, 7);
        assert_int_equal(info.base_bytes, SIZE);
        assert_in_range(info.edits_bytes, 10, 100);
        commit_and_reopen();
        assert_true(kept_is(&k, 7, text, SIZE));
    }
    assert_int_equal(summary().edited_count, 1);
    kept_put(&k, 7, text, SIZE - 10); /* another size */
    assert_int_equal(kept_info(&k, 7).size_bytes, SIZE - 10);
    commit_and_reopen();
    assert_true(kept_is(&k, 7, text, SIZE - 10));
}

static void edits_that_are_too_long_become_a_full_version(void **state)
{
    (void)state;
    kept_put(&k, 7, text, SIZE);
    memcpy(text, other, SIZE / 2 - 100);
    kept_put(&k, 7, text, SIZE);
    assert_in_range(kept_info(&k, 7).edits_bytes, SIZE / 2 - 100, SIZE / 2);
    memcpy(text, other, SIZE / 2 + 100);
    kept_put(&k, 7, text, SIZE);
    assert_int_equal(kept_info(&k, 7).edits_bytes, 0);
    assert_true(kept_is(&k, 7, text, SIZE));
    assert_int_equal(summary().live_bytes, SIZE);
    commit_and_reopen();
    assert_true(kept_is(&k, 7, text, SIZE));
    kept_put(&k, 7, NULL, 0); /* and back to nothing and again */
    assert_true(kept_is(&k, 7, NULL, 0));
    commit_and_reopen();
    assert_true(kept_is(&k, 7, NULL, 0));
    kept_put(&k, 7, other, SIZE);
    commit_and_reopen();
    assert_true(kept_is(&k, 7, other, SIZE));
}

static void a_put_that_changes_nothing_writes_nothing(void **state)
{
    (void)state;
    uint32_t table;
    kept_put(&k, 7, text, SIZE);
    kept_put(&k, 8, text, SIZE);
    kept_put(&k, 9, NULL, 0);
    text[0] ^= 1;
    kept_put(&k, 8, text, SIZE);
    commit_and_reopen();
    kept_put(&k, 8, text, SIZE);
    text[0] ^= 1;
    kept_put(&k, 7, text, SIZE);
    kept_put(&k, 9, NULL, 0);
    assert_int_equal(firn_journal_flush(k.journal, &table, NULL), FIRN_OK);
    assert_int_equal(table, firn_store_root(k.store));
    kept_put(&k, 8, text, SIZE); /* back to the full version: the edits go */
    assert_int_equal(kept_info(&k, 8).edits_bytes, 0);
    commit_and_reopen();
    assert_true(kept_is(&k, 8, text, SIZE));
    assert_int_not_equal(table, firn_store_root(k.store));
}

static void an_empty_journal_has_no_table(void **state)
{
    (void)state;
    uint32_t table = 5;
    firn_journal_info info;
    assert_int_equal(firn_journal_flush(k.journal, &table, NULL), FIRN_OK);
    assert_int_equal(table, FIRN_SEGMENT_NONE);
    assert_int_equal(firn_journal_next(k.journal, 0, &info), FIRN_END_OF_DATA);
    kept_put(&k, 7, text, SIZE);
    commit_and_reopen();
    assert_int_equal(firn_journal_remove(k.journal, 7), FIRN_OK);
    commit_and_reopen(); /* one that became empty has one */
    assert_int_equal(firn_journal_next(k.journal, 0, &info), FIRN_END_OF_DATA);
    firn_store_summary of_store;
    firn_store_summary_get(k.store, &of_store);
    assert_int_equal(of_store.segment_count, 1);
}

static void a_removed_blob_is_gone_and_may_come_again(void **state)
{
    (void)state;
    kept_put(&k, 7, text, SIZE);
    kept_put(&k, 8, other, SIZE);
    commit_and_reopen();
    assert_int_equal(firn_journal_remove(k.journal, 7), FIRN_OK);
    assert_int_equal(firn_journal_remove(k.journal, 7), FIRN_NOT_FOUND);
    assert_int_equal(summary().garbage_bytes, SIZE);
    commit_and_reopen();
    assert_false(kept_is(&k, 7, text, SIZE));
    assert_true(kept_is(&k, 8, other, SIZE));
    kept_put(&k, 7, other, 10);
    commit_and_reopen();
    assert_true(kept_is(&k, 7, other, 10));
}

static void blobs_are_told_in_the_order_of_their_ids(void **state)
{
    (void)state;
    firn_journal_info info;
    uint64_t seen = 0, from = 0;
    for (uint64_t i = 0; i < 100; i++)
        kept_put(&k, i * 37 % 100 * 3, text, i);
    for (; firn_journal_next(k.journal, from, &info) == FIRN_OK; seen++, from = info.id + 1)
        assert_int_equal(info.id, seen * 3);
    assert_int_equal(seen, 100);
}

static void what_was_not_committed_is_forgotten(void **state)
{
    (void)state;
    kept_put(&k, 7, text, SIZE);
    commit_and_reopen();
    uint32_t table;
    kept_put(&k, 7, other, SIZE);
    kept_put(&k, 8, other, SIZE);
    assert_int_equal(firn_journal_flush(k.journal, &table, NULL), FIRN_OK);
    firn_store_abort(k.store);
    reopen(FIRN_STORE_WRITE);
    assert_true(kept_is(&k, 7, text, SIZE));
    assert_false(kept_is(&k, 8, other, SIZE));
}

/* Blobs change in no order, so that segments become garbage bit by bit. */
static void garbage_is_moved_out_of_the_way(void **state)
{
    (void)state;
    uint64_t last[80] = {0}, number = 1;
    for (uint64_t i = 0; i < 500; i++) {
        number = number * 6364136223846793005u + 1442695040888963407u;
        uint64_t id = i < 80 ? i : (number >> 33) % 80;
        last[id] = 100 + i;
        noise_fill(text, SIZE, last[id]);
        kept_put(&k, id, text, SIZE);
        if (i % 10 == 9) {
            commit_and_reopen();
            assert_true(summary().garbage_bytes <= summary().live_bytes);
        }
    }
    assert_int_equal(summary().live_bytes, 80 * SIZE);
    for (uint64_t id = 0; id < 80; id++) {
        noise_fill(text, SIZE, last[id]);
        assert_true(kept_is(&k, id, text, SIZE));
    }
    firn_store_summary of_store; /* nothing is left over in the store */
    firn_store_summary_get(k.store, &of_store);
    assert_int_equal(of_store.segment_count, summary().segment_count + 1);
}

static void many_small_commits_leave_few_segments(void **state)
{
    (void)state;
    for (uint64_t i = 0; i < 100; i++) {
        kept_put(&k, i, text + i, 50);
        kept_commit(&k);
        assert_in_range(summary().segment_count, 1, 8);
    }
    reopen(FIRN_STORE_WRITE);
    for (uint64_t i = 0; i < 100; i++)
        assert_true(kept_is(&k, i, text + i, 50));
}

static void blobs_of_all_sizes_are_kept_up_to_the_limit(void **state)
{
    (void)state;
    uint8_t *large = calloc(1, FIRN_SEGMENT_MAX_BYTES + 1);
    firn_error error = {0};
    memcpy(large + 1000000, text, SIZE);
    kept_put(&k, 1, large, FIRN_SEGMENT_MAX_BYTES);
    kept_put(&k, 2, large, FIRN_SEGMENT_BYTES);
    kept_put(&k, 3, large, FIRN_SEGMENT_BYTES + 1);
    kept_put(&k, 4, text, SIZE);
    assert_int_equal(firn_journal_put(k.journal, 4, large, FIRN_SEGMENT_MAX_BYTES + 1, &error),
                     FIRN_LIMIT);
    assert_int_equal(firn_journal_replace(k.journal, 4, large, FIRN_SEGMENT_MAX_BYTES + 1, &error),
                     FIRN_LIMIT);
    assert_non_null(strstr(error.text, "cut it"));
    large[5] = 1;
    kept_put(&k, 1, large, FIRN_SEGMENT_MAX_BYTES);
    assert_in_range(kept_info(&k, 1).edits_bytes, 1, 100);
    commit_and_reopen();
    assert_true(kept_is(&k, 1, large, FIRN_SEGMENT_MAX_BYTES));
    large[5] = 0;
    assert_true(kept_is(&k, 2, large, FIRN_SEGMENT_BYTES));
    assert_true(kept_is(&k, 3, large, FIRN_SEGMENT_BYTES + 1));
    assert_true(kept_is(&k, 4, text, SIZE));
    free(large);
}

static void wrong_options_are_refused(void **state)
{
    (void)state;
    firn_journal *journal = NULL;
    firn_error error = {0};
    const firn_journal_options wrong[] = {{.fold_percent = 101}, {.level = 20},
                                          {.level = -1},         {.kind = UINT32_MAX - 1},
                                          {.reserved = {1, 0}},  {.reserved = {0, 1}}};
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++)
        assert_int_equal(firn_journal_open(k.store, FIRN_SEGMENT_NONE, &wrong[i], &journal, &error),
                         FIRN_INVALID);
    assert_int_equal(firn_journal_open(NULL, FIRN_SEGMENT_NONE, NULL, &journal, &error),
                     FIRN_INVALID);
    assert_null(journal);
    assert_int_equal(firn_journal_open(k.store, FIRN_SEGMENT_NONE, NULL, &journal, NULL), FIRN_OK);
    firn_journal_close(journal);
    firn_journal_close(NULL);
}

static uint32_t segment_put(const void *data, size_t size)
{
    firn_codec *codec;
    uint32_t segment;
    firn_store_put_options options = {.codec = FIRN_CODEC_RAW};
    assert_int_equal(firn_codec_create(NULL, &codec), FIRN_OK);
    assert_int_equal(firn_store_put(k.store, codec, &options, data, size, &segment, NULL), FIRN_OK);
    firn_codec_destroy(codec);
    return segment;
}

static void what_is_no_table_is_refused(void **state)
{
    (void)state;
    firn_journal *journal = NULL;
    firn_error error = {0};
    firn_segment segment;
    uint8_t table[1000];
    assert_int_equal(firn_journal_open(k.store, 99, NULL, &journal, &error), FIRN_NOT_FOUND);
    uint32_t text_segment = segment_put("some other text", 15);
    assert_int_equal(firn_journal_open(k.store, text_segment, NULL, &journal, &error),
                     FIRN_NOT_STORE);
    kept_put(&k, 7, text, SIZE);
    kept_commit(&k);
    assert_int_equal(firn_store_pin(k.store, firn_store_root(k.store), &segment, NULL), FIRN_OK);
    size_t size = segment.size;
    assert_in_range(size, 20, sizeof table);
    memcpy(table, segment.data, size);
    firn_store_unpin(k.store, &segment);
    put_u32(table + 4, 2);
    assert_int_equal(firn_journal_open(k.store, segment_put(table, size), NULL, &journal, &error),
                     FIRN_VERSION);
    put_u32(table + 4, 0);
    assert_int_equal(firn_journal_open(k.store, segment_put(table, size), NULL, &journal, &error),
                     FIRN_CORRUPT);
    put_u32(table + 4, 1);
    assert_int_equal(
        firn_journal_open(k.store, segment_put(table, size - 1), NULL, &journal, &error),
        FIRN_CORRUPT);
    assert_non_null(strstr(error.text, "table"));
    assert_null(journal);
}

static void a_journal_of_a_readers_store_cannot_be_flushed(void **state)
{
    (void)state;
    uint32_t table;
    kept_put(&k, 7, text, SIZE);
    kept_commit(&k);
    reopen(FIRN_STORE_READ);
    assert_true(kept_is(&k, 7, text, SIZE));
    kept_put(&k, 7, other, SIZE);
    assert_int_equal(firn_journal_flush(k.journal, &table, NULL), FIRN_INVALID);
}

static void a_missing_segment_is_told_and_can_be_put_anew(void **state)
{
    (void)state;
    firn_segment_info info;
    firn_error error = {0};
    uint64_t damaged = 99;
    kept_put(&k, 7, text, SIZE);
    kept_put(&k, 8, other, SIZE);
    kept_commit(&k);
    kept_put(&k, 9, other, 100);
    kept_commit(&k);
    assert_int_equal(firn_journal_verify(k.journal, &damaged, NULL), FIRN_OK);
    assert_int_equal(damaged, 0);
    assert_int_equal(firn_store_next(k.store, 0, &info), FIRN_OK);
    assert_int_equal(info.kind, 70);
    assert_int_equal(firn_store_remove(k.store, info.segment), FIRN_OK);
    void *data;
    size_t size;
    assert_int_equal(firn_journal_get(k.journal, 7, NULL, &data, &size, &error), FIRN_CORRUPT);
    assert_int_equal(firn_journal_verify(k.journal, &damaged, &error), FIRN_CORRUPT);
    assert_int_equal(damaged, 2);
    assert_non_null(strstr(error.text, "missing"));
    assert_int_equal(firn_journal_put(k.journal, 7, text, SIZE, &error), FIRN_CORRUPT);
    for (uint64_t id = 7; id <= 8; id++)
        assert_int_equal(firn_journal_replace(k.journal, id, text, SIZE, &error), FIRN_OK);
    kept_commit(&k);
    reopen(FIRN_STORE_WRITE);
    assert_true(kept_is(&k, 7, text, SIZE));
    assert_true(kept_is(&k, 9, other, 100));
    assert_int_equal(firn_journal_verify(k.journal, &damaged, NULL), FIRN_OK);
}

static void usage_counts_what_waits(void **state)
{
    (void)state;
    firn_usage before, after;
    firn_journal_usage(k.journal, &before);
    kept_put(&k, 7, text, SIZE);
    firn_journal_usage(k.journal, &after);
    assert_in_range(after.live_bytes - before.live_bytes, SIZE, SIZE + 100);
    assert_true(after.live_bytes + after.overhead_bytes <= after.reserved_bytes);
    kept_commit(&k);
    firn_journal_usage(k.journal, &after);
    assert_in_range(after.live_bytes, 36, 100);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        TEST(what_is_put_is_there_before_and_after_a_commit),
        TEST(a_small_change_is_kept_as_edits),
        TEST(edits_that_are_too_long_become_a_full_version),
        TEST(a_put_that_changes_nothing_writes_nothing),
        TEST(an_empty_journal_has_no_table),
        TEST(a_removed_blob_is_gone_and_may_come_again),
        TEST(blobs_are_told_in_the_order_of_their_ids),
        TEST(what_was_not_committed_is_forgotten),
        TEST(garbage_is_moved_out_of_the_way),
        TEST(many_small_commits_leave_few_segments),
        TEST(blobs_of_all_sizes_are_kept_up_to_the_limit),
        TEST(wrong_options_are_refused),
        TEST(what_is_no_table_is_refused),
        TEST(a_journal_of_a_readers_store_cannot_be_flushed),
        TEST(a_missing_segment_is_told_and_can_be_put_anew),
        TEST(usage_counts_what_waits),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
