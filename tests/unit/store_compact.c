/* Compaction, packing again, dictionaries and the quota of a store. */
#include "support/store_calls.h"

static uint64_t compact(firn_store *store, firn_codec *codec,
                        const firn_store_compact_options *options)
{
    uint64_t moved = 0;
    firn_error error = {0};
    ok(firn_store_compact(store, codec, options, &moved, &error), &error);
    return moved;
}

static uint64_t garbage(const firn_store *store)
{
    firn_store_summary summary;
    firn_store_summary_get(store, &summary);
    return summary.data_bytes - summary.live_bytes;
}

static void compaction_moves_what_lives_and_numbers_and_readers_stay(void **state)
{
    (void)state;
    enum { COUNT = 40, SIZE = 1 << 18 };
    static uint8_t data[SIZE];
    firn_codec *codec;
    firn_segment segment;
    assert_int_equal(firn_codec_create(NULL, &codec), FIRN_OK);
    firn_store *store = open_writer();
    for (uint32_t i = 0; i < COUNT; i++) {
        memset(data, (int)i, sizeof data);
        put(store, codec, data, sizeof data);
    }
    commit(store, 0);
    assert_int_equal(compact(store, codec, NULL), 0);
    for (uint32_t i = 0; i < COUNT; i++)
        if (i % 3 != 0)
            assert_int_equal(firn_store_remove(store, i), FIRN_OK);
    commit(store, 0);
    assert_true(garbage(store) > 20 * SIZE);
    firn_store *reader = open_store(1);
    assert_in_range(compact(store, codec, &(firn_store_compact_options){.move_bytes = 1}), SIZE,
                    2 * SIZE);
    assert_in_range(compact(store, codec, NULL), 13 * SIZE, 14 * SIZE);
    assert_int_equal(compact(store, codec, NULL), 0);
    commit(store, 0);
    assert_int_equal(garbage(store), 0);
    assert_int_equal(tempdir_count(path), FILES); /* one data file is enough */
    for (int reads = 0; reads < 2; reads++) {
        for (uint32_t i = 0; i < COUNT; i += 3) {
            assert_int_equal(firn_store_pin(reader, i, &segment, NULL), FIRN_OK);
            assert_int_equal(segment.data[SIZE - 1], i);
            firn_store_unpin(reader, &segment);
        }
        assert_int_equal(firn_store_refresh(reader, NULL, NULL), FIRN_OK);
    }
    expect_sums(reader);
    expect_sums(store);
    firn_store_close(reader);
    firn_store_close(store);
    firn_codec_destroy(codec);
}

static void compaction_packs_again_once(void **state)
{
    (void)state;
    uint8_t data[STORE_CONTENT_MAX];
    firn_codec *codec;
    firn_segment_info info;
    uint32_t damaged = 1;
    size_t size = store_content(1, 100, data);
    assert_int_equal(firn_codec_create(NULL, &codec), FIRN_OK);
    firn_store *store = open_writer();
    for (uint32_t i = 0; i < 20; i++)
        put(store, codec, data, i < 10 ? size : 10); /* the latter cannot shrink */
    commit(store, 0);
    const firn_store_compact_options again = {.level = 19, .garbage_percent = 100};
    assert_in_range(compact(store, codec, &again), 10 * 100, 10 * size / 2);
    assert_int_equal(compact(store, codec, &again), 0);
    commit(store, 0);
    firn_store_close(store);
    store = open_writer();
    assert_int_equal(compact(store, codec, &again), 0);
    for (uint32_t i = 0; i < 20; i++) {
        assert_int_equal(firn_store_segment_info(store, i, &info), FIRN_OK);
        assert_int_equal(info.codec, i < 10 ? FIRN_CODEC_ZSTD : FIRN_CODEC_RAW);
    }
    assert_true(garbage(store) > 0);
    compact(store, codec, &(firn_store_compact_options){.garbage_percent = 1});
    commit(store, 0);
    assert_int_equal(garbage(store), 0);
    assert_int_equal(firn_store_verify(store, &damaged, NULL), FIRN_OK);
    firn_store_close(store);
    firn_codec_destroy(codec);
}

static void small_files_are_merged(void **state)
{
    (void)state;
    firn_codec *codec;
    firn_store_summary summary;
    assert_int_equal(firn_codec_create(NULL, &codec), FIRN_OK);
    for (uint32_t i = 0; i < 20; i++) {
        firn_store *store = open_writer();
        put(store, codec, "abc", 3);
        commit(store, i);
        put(store, codec, "forgotten", 9); /* so that the next one begins a new file */
        firn_store_close(store);
    }
    firn_store *store = open_writer();
    firn_store_summary_get(store, &summary);
    assert_int_equal(summary.file_count, 20);
    assert_int_equal(compact(store, codec, &(firn_store_compact_options){.garbage_percent = 100}),
                     20 * 71);
    commit(store, 0);
    firn_store_summary_get(store, &summary);
    assert_int_equal(summary.file_count, 1);
    expect_text(store, 19, "abc");
    firn_store_close(store);
    firn_codec_destroy(codec);
}

static void dictionaries_are_segments_that_stay_while_they_are_needed(void **state)
{
    (void)state;
    static const char words[] = "{\"name\": \"value\", \"another name\": [1, 2, 3, \"and so on\"]}";
    const firn_store_put_options dictionary = {.is_dictionary = true};
    firn_store_put_options with = {
        .codec = FIRN_CODEC_ZSTD, .level = 3, .use_dictionary = true, .dictionary = 1};
    firn_codec *codec;
    firn_segment_info info;
    firn_error error = {0};
    uint32_t number;
    assert_int_equal(firn_codec_create(NULL, &codec), FIRN_OK);
    firn_store *store = open_writer();
    put(store, codec, "abc", 3);
    ok(firn_store_put(store, codec, &dictionary, words, sizeof words, &number, &error), &error);
    assert_int_equal(number, 1);
    for (int i = 0; i < 3; i++)
        ok(firn_store_put(store, codec, &with, words, sizeof words - 1, &number, &error), &error);
    assert_int_equal(firn_store_remove(store, 1), FIRN_BUSY);
    commit(store, 4);
    compact(store, codec, &(firn_store_compact_options){.level = 19});
    commit(store, 4);
    firn_store_close(store);
    store = open_store(0);
    expect_text(store, 4, words);
    assert_int_equal(firn_store_segment_info(store, 4, &info), FIRN_OK);
    assert_int_equal(info.codec, FIRN_CODEC_ZSTD_DICTIONARY);
    assert_int_equal(info.dictionary, 1);
    assert_in_range(info.packed_bytes, 68, 100);
    firn_store_close(store);
    store = open_writer();
    for (uint32_t i = 2; i < 5; i++)
        assert_int_equal(firn_store_remove(store, i), FIRN_OK);
    assert_int_equal(firn_store_remove(store, 1), FIRN_OK);
    assert_int_equal(firn_store_put(store, codec, &with, "abc", 3, &number, &error), FIRN_INVALID);
    commit(store, 0);
    firn_store_close(store);
    firn_codec_destroy(codec);
}

static void a_quota_is_kept_and_compaction_makes_room(void **state)
{
    (void)state;
    enum { QUOTA = 4 << 20, SIZE = 32 << 10 };
    static uint8_t data[SIZE];
    const firn_store_options options = {.mode = FIRN_STORE_WRITE, .quota_bytes = QUOTA};
    firn_codec *codec;
    firn_store *store;
    firn_error error = {0};
    firn_usage usage;
    firn_segment_info info;
    uint32_t number;
    firn_status status;
    assert_int_equal(firn_codec_create(NULL, &codec), FIRN_OK);
    ok(firn_store_open(path, &options, &store, &error), &error);
    for (int round = 0; round < 12; round++) {
        uint32_t count = 0;
        do {
            memset(data, round, sizeof data);
            status = firn_store_put(store, codec, &RAW, data, sizeof data, &number, &error);
            count += status == FIRN_OK;
        } while (status == FIRN_OK);
        assert_int_equal(status, FIRN_LIMIT);
        assert_non_null(strstr(error.text, "quota"));
        assert_in_range(count, round == 0 ? 90 : 40, 128);
        commit(store, number);
        firn_store_usage(store, &usage);
        assert_in_range(usage.disk_bytes, QUOTA * 3 / 4, QUOTA);
        while (store_count(store) > 50) { /* every second one */
            uint32_t seen = 0;
            for (uint32_t from = 0; firn_store_next(store, from, &info) == FIRN_OK;
                 from = info.segment + 1)
                if (seen++ % 2 == 0 && info.segment != number)
                    assert_int_equal(firn_store_remove(store, info.segment), FIRN_OK);
        }
        commit(store, number);
        while (compact(store, codec, &(firn_store_compact_options){.garbage_percent = 1}) > 0) {
            commit(store, number);
            firn_store_usage(store, &usage);
            assert_in_range(usage.disk_bytes, 1, QUOTA);
        }
    }
    firn_store_close(store);
    firn_codec_destroy(codec);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        TEST(compaction_moves_what_lives_and_numbers_and_readers_stay),
        TEST(compaction_packs_again_once),
        TEST(small_files_are_merged),
        TEST(dictionaries_are_segments_that_stay_while_they_are_needed),
        TEST(a_quota_is_kept_and_compaction_makes_room),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
