/* File records and the meta segment: what goes in comes out, and every cut of it is refused. */
#include "code/index/changes.h"
#include "code/index/meta.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

static uint32_t far_segments[] = {12, 4000000000u, 0};

static uint8_t labels[] = {0, 255, 0, 1};

static const struct file_record sample = {
    .language = 7,
    .crc = 0xdeadbeef,
    .size = 5000000000u,
    .lines = 123456,
    .mtime_ns = -5,
    .nodes = 987654,
    .tree_size = 70000,
    .source = {.segment = 11, .offset = 0, .more_count = 3, .more = far_segments},
    .tree = {.segment = 4294967295u, .offset = 262143},
    .labels_size = sizeof labels,
    .labels = labels,
};

static void assert_place(const struct place *a, const struct place *b)
{
    assert_int_equal(a->segment, b->segment);
    assert_int_equal(a->offset, b->offset);
    assert_int_equal(a->more_count, b->more_count);
    for (uint32_t i = 0; i < a->more_count; i++)
        assert_int_equal(a->more[i], b->more[i]);
}

static void record_comes_back_whole(void **state)
{
    (void)state;
    struct bytes bytes = {.data = NULL};
    struct file_record record;
    assert_int_equal(record_put(&bytes, &sample), FIRN_OK);
    assert_int_equal(record_get(bytes.data, bytes.size, NULL, &record), FIRN_OK);
    assert_int_equal(record.language, sample.language);
    assert_int_equal(record.crc, sample.crc);
    assert_int_equal(record.size, sample.size);
    assert_int_equal(record.lines, sample.lines);
    assert_true(record.mtime_ns == sample.mtime_ns);
    assert_int_equal(record.nodes, sample.nodes);
    assert_int_equal(record.tree_size, sample.tree_size);
    assert_place(&record.source, &sample.source);
    assert_place(&record.tree, &sample.tree);
    assert_int_equal(record.labels_size, sizeof labels);
    assert_memory_equal(record.labels, labels, sizeof labels);
    record_fini(&record, NULL);
    bytes_fini(&bytes);
}

static void record_with_edits_comes_back_whole(void **state)
{
    (void)state;
    struct bytes bytes = {.data = NULL};
    struct place_edits edits = {
        .place = {.segment = 8, .offset = 9, .more_count = 3, .more = far_segments},
        .size = 300000,
        .base_size = 900000};
    struct file_record edited = sample, record;
    edited.source.edits = &edits;
    assert_int_equal(record_put(&bytes, &sample), FIRN_OK);
    const size_t plain_size = bytes.size;
    bytes.size = 0;
    assert_int_equal(record_put(&bytes, &edited), FIRN_OK);
    assert_int_equal(record_get(bytes.data, bytes.size, NULL, &record), FIRN_OK);
    assert_place(&record.source, &edited.source);
    assert_non_null(record.source.edits);
    assert_place(&record.source.edits->place, &edits.place);
    assert_int_equal(record.source.edits->size, 300000);
    assert_int_equal(record.source.edits->base_size, 900000);
    record_fini(&record, NULL);
    for (size_t size = plain_size + 1; size < bytes.size; size++)
        assert_int_equal(record_get(bytes.data, size, NULL, &record), FIRN_CORRUPT);
    bytes_fini(&bytes);
}

static void changes_come_back_whole(void **state)
{
    (void)state;
    struct bytes bytes = {.data = NULL};
    struct changes changes, read;
    changes_init(&changes, NULL, 100);
    assert_int_equal(changes_put(&changes, &bytes), FIRN_OK);
    assert_int_equal(bytes.size, 0);
    assert_int_equal(changes_hide(&changes, 0), FIRN_OK);
    assert_int_equal(changes_hide(&changes, 99), FIRN_OK);
    assert_int_equal(changes_hide(&changes, 99), FIRN_OK);
    assert_int_equal(changes_hide(&changes, 100), FIRN_INVALID);
    assert_int_equal(changes_set_time(&changes, 7, -5), FIRN_OK);
    assert_int_equal(changes_set_time(&changes, 98, INT64_MAX), FIRN_OK);
    assert_int_equal(changes_set_time(&changes, 98, 1), FIRN_INVALID);
    assert_int_equal(changes_put(&changes, &bytes), FIRN_OK);
    for (size_t size = 0; size < bytes.size; size++) {
        changes_init(&read, NULL, 100);
        assert_int_equal(changes_get(&read, bytes.data, size), FIRN_CORRUPT);
        changes_fini(&read);
    }
    changes_init(&read, NULL, 99); /* of a layer with fewer files */
    assert_int_equal(changes_get(&read, bytes.data, bytes.size), FIRN_CORRUPT);
    changes_fini(&read);
    changes_init(&read, NULL, 100);
    assert_int_equal(changes_get(&read, bytes.data, bytes.size), FIRN_OK);
    assert_int_equal(read.hidden_count, 2);
    for (uint32_t i = 0; i < 100; i++) {
        assert_int_equal(changes_is_hidden(&read, i), i == 0 || i == 99);
        assert_int_equal(changes_time(&read, i) != NULL, i == 7 || i == 98);
    }
    assert_true(*changes_time(&read, 7) == -5);
    assert_true(*changes_time(&read, 98) == INT64_MAX);
    changes_fini(&read);
    changes_fini(&changes);
    bytes_fini(&bytes);
}

static void record_that_is_cut_or_longer_is_refused(void **state)
{
    (void)state;
    struct bytes bytes = {.data = NULL};
    struct file_record record;
    assert_int_equal(record_put(&bytes, &sample), FIRN_OK);
    const size_t without_labels = bytes.size - 1 - sizeof labels;
    for (size_t size = 0; size < bytes.size; size++)
        if (size != without_labels)
            assert_int_equal(record_get(bytes.data, size, NULL, &record), FIRN_CORRUPT);
    assert_int_equal(record_get(bytes.data, without_labels, NULL, &record), FIRN_OK);
    assert_null(record.labels); /* as version 1 has it */
    record_fini(&record, NULL);
    assert_int_equal(bytes_put_varint(&bytes, 0), FIRN_OK);
    assert_int_equal(record_get(bytes.data, bytes.size, NULL, &record), FIRN_CORRUPT);
    bytes_fini(&bytes);
}

static struct bytes packed_meta(void)
{
    struct meta_language languages[2] = {
        {.name = "c",
         .totals = {3, 30, 300, 3000, 30000},
         .productions = 14000,
         .family_bytes = 200000,
         .family = {.segment = 4}},
        {.name = "json", .family = {.segment = 9, .more_count = 3, .more = far_segments}}};
    struct meta_layer layers[2] = {{.files = 4,
                                    .hidden = 1,
                                    .names = 70,
                                    .names_segment = 1,
                                    .catalog_segment = 2,
                                    .changes_segment = 5},
                                   {.files = 2,
                                    .names = 7,
                                    .names_segment = 6,
                                    .catalog_segment = 7,
                                    .changes_segment = FIRN_SEGMENT_NONE}};
    const char *excludes[2] = {"*.min.js", "/build/"};
    struct meta meta = {.root = "/a/root",
                        .totals = {5, 50, 500, 5000, 50000},
                        .parser_tree_bytes = 1u << 30,
                        .skipped = 2,
                        .scanned_ns = -7,
                        .skipped_segment = 3,
                        .exclude_count = 2,
                        .excludes = excludes,
                        .layer_count = 2,
                        .layers = layers,
                        .language_count = 2,
                        .languages = languages};
    struct bytes bytes = {.data = NULL};
    assert_int_equal(meta_put(&bytes, &meta), FIRN_OK);
    return bytes;
}

static void meta_comes_back_whole(void **state)
{
    (void)state;
    struct bytes bytes = packed_meta();
    firn_arena arena;
    struct meta meta;
    assert_int_equal(firn_arena_init(&arena, NULL), FIRN_OK);
    assert_int_equal(meta_get(bytes.data, bytes.size, &arena, &meta), FIRN_OK);
    assert_string_equal(meta.root, "/a/root");
    assert_int_equal(meta.totals.tree_bytes, 50000);
    assert_int_equal(meta.parser_tree_bytes, 1u << 30);
    assert_int_equal(meta.names, 77);
    assert_int_equal(meta.skipped, 2);
    assert_int_equal(meta.layer_count, 2);
    assert_int_equal(meta.layers[0].files, 4);
    assert_int_equal(meta.layers[0].hidden, 1);
    assert_int_equal(meta.layers[0].names_segment, 1);
    assert_int_equal(meta.layers[0].catalog_segment, 2);
    assert_int_equal(meta.layers[0].changes_segment, 5);
    assert_true(meta.layers[1].changes_segment == FIRN_SEGMENT_NONE);
    assert_true(meta.scanned_ns == -7);
    assert_int_equal(meta.exclude_count, 2);
    assert_string_equal(meta.excludes[1], "/build/");
    assert_int_equal(meta.skipped_segment, 3);
    assert_int_equal(meta.language_count, 2);
    assert_string_equal(meta.languages[0].name, "c");
    assert_int_equal(meta.languages[0].totals.nodes, 3000);
    assert_int_equal(meta.languages[0].productions, 14000);
    assert_int_equal(meta.languages[0].family_bytes, 200000);
    assert_int_equal(meta.languages[1].family.more[1], 4000000000u);
    firn_arena_fini(&arena);
    bytes_fini(&bytes);
}

static void meta_that_is_cut_foreign_or_later_is_refused(void **state)
{
    (void)state;
    struct bytes bytes = packed_meta();
    firn_arena arena;
    struct meta meta;
    assert_int_equal(firn_arena_init(&arena, NULL), FIRN_OK);
    for (size_t size = 0; size < bytes.size; size++)
        assert_int_equal(meta_get(bytes.data, size, &arena, &meta),
                         size < 12 ? FIRN_NOT_STORE : FIRN_CORRUPT);
    bytes.data[8]++;
    assert_int_equal(meta_get(bytes.data, bytes.size, &arena, &meta), FIRN_VERSION);
    bytes.data[0]++;
    assert_int_equal(meta_get(bytes.data, bytes.size, &arena, &meta), FIRN_NOT_STORE);
    firn_arena_fini(&arena);
    bytes_fini(&bytes);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(record_comes_back_whole),
        cmocka_unit_test(record_with_edits_comes_back_whole),
        cmocka_unit_test(changes_come_back_whole),
        cmocka_unit_test(record_that_is_cut_or_longer_is_refused),
        cmocka_unit_test(meta_comes_back_whole),
        cmocka_unit_test(meta_that_is_cut_foreign_or_later_is_refused)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
