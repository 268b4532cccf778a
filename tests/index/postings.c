/* Postings, their entries and tables at their edges; the random ways are in names_model.c. */
#include "code/index/entries.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

static void postings_refuse_files_and_rows_that_do_not_ascend(void **state)
{
    (void)state;
    struct postings_writer writer = {.next_file = 0};
    const struct definition definitions[] = {{5, 1, 2}, {4, 1, 2}};
    postings_begin(&writer);
    assert_int_equal(postings_put(&writer, 3, NULL, 0), FIRN_OK);
    assert_int_equal(postings_put(&writer, 3, NULL, 0), FIRN_INVALID);
    assert_int_equal(postings_put(&writer, 2, NULL, 0), FIRN_INVALID);
    assert_int_equal(postings_put(&writer, 4, definitions, 2), FIRN_INVALID);
    bytes_fini(&writer.bytes);
}

static void postings_hold_the_largest_numbers(void **state)
{
    (void)state;
    struct postings_writer writer = {.next_file = 0};
    const struct definition last = {UINT32_MAX, UINT32_MAX, UINT8_MAX};
    struct postings postings;
    struct definition definition;
    assert_int_equal(postings_put(&writer, UINT32_MAX, &last, 1), FIRN_OK);
    postings_init(&postings, writer.bytes.data, writer.bytes.size, true);
    assert_int_equal(postings_next(&postings), FIRN_OK);
    assert_int_equal(postings.file, UINT32_MAX);
    assert_int_equal(postings_definition(&postings, &definition), FIRN_OK);
    assert_memory_equal(&definition.row, &last.row, sizeof last.row);
    assert_int_equal(definition.column, UINT32_MAX);
    assert_int_equal(definition.kind, UINT8_MAX);
    assert_int_equal(postings_definition(&postings, &definition), FIRN_END_OF_DATA);
    assert_int_equal(postings_next(&postings), FIRN_END_OF_DATA);
    for (size_t size = 1; size < writer.bytes.size; size++) {
        postings_init(&postings, writer.bytes.data, size, true);
        firn_status status = postings_next(&postings);
        if (status == FIRN_OK)
            status = postings_next(&postings);
        assert_int_equal(status, FIRN_CORRUPT);
    }
    bytes_fini(&writer.bytes);
}

static void postings_keep_kinds_and_columns_on_both_sides_of_the_short_form(void **state)
{
    (void)state;
    static const uint8_t kinds[] = {0, 1, 21, 22, 23, 24, 254, 255};
    static const uint32_t columns[] = {0, 9, 10, 11, 137, 138, UINT32_MAX};
    struct postings_writer writer = {.next_file = 0};
    struct postings postings;
    for (uint32_t file = 0; file < 3; file++) {
        struct definition all[56];
        size_t count = 0;
        for (size_t i = 0; i < sizeof kinds; i++)
            for (size_t j = 0; j < sizeof columns / sizeof columns[0]; j++, count++)
                all[count] = (struct definition){(uint32_t)(count / 2), columns[j], kinds[i]};
        assert_int_equal(postings_put(&writer, file * 7, all, file == 0 ? 1 : count), FIRN_OK);
    }
    postings_init(&postings, writer.bytes.data, writer.bytes.size, true);
    for (uint32_t file = 0; file < 3; file++) {
        struct definition got;
        assert_int_equal(postings_next(&postings), FIRN_OK);
        assert_int_equal(postings.file, file * 7);
        for (size_t i = 0; i < (file == 0 ? 1u : 56u); i++) {
            assert_int_equal(postings_definition(&postings, &got), FIRN_OK);
            assert_int_equal(got.kind, kinds[i / 7]);
            assert_int_equal(got.column, columns[i % 7]);
            assert_int_equal(got.row, i / 2);
        }
        assert_int_equal(postings_definition(&postings, &got), FIRN_END_OF_DATA);
    }
    assert_int_equal(postings_next(&postings), FIRN_END_OF_DATA);
    bytes_fini(&writer.bytes);
}

/* Counts what entries emit. */
struct emitted {
    size_t entries;
    size_t files;
    size_t definitions;
    size_t longest;
};

static firn_status count_entry(void *context, const void *name, size_t name_size,
                               const void *payload, size_t payload_size, firn_error *ret_error)
{
    struct emitted *emitted = context;
    struct postings postings;
    (void)ret_error;
    assert_int_equal(name_size, 4);
    assert_memory_equal(name, "name", 4);
    emitted->entries++;
    emitted->longest = payload_size > emitted->longest ? payload_size : emitted->longest;
    postings_init(&postings, payload, payload_size, true);
    while (postings_next(&postings) == FIRN_OK) {
        emitted->files++;
        emitted->definitions += postings.definitions_left;
    }
    return FIRN_OK;
}

static void name_in_very_many_places_becomes_several_entries(void **state)
{
    (void)state;
    struct emitted emitted = {0};
    struct entries entries;
    struct definition *definitions = calloc(100000, sizeof *definitions);
    entries_init(&entries, NULL, count_entry, &emitted);
    assert_int_equal(entries_begin(&entries, "name", 4), FIRN_OK);
    for (uint32_t file = 0; file < 200000; file++)
        assert_int_equal(entries_put(&entries, file * 3, definitions, 0, NULL), FIRN_OK);
    assert_int_equal(entries_put(&entries, 700000, definitions, 100000, NULL), FIRN_OK);
    assert_int_equal(entries_put(&entries, 700000, definitions, 1, NULL), FIRN_OK);
    assert_int_equal(entries_end(&entries, NULL), FIRN_OK);
    assert_int_equal(emitted.definitions, 100001);
    assert_in_range(emitted.files, 200001 + 25, 200001 + 27);
    assert_in_range(emitted.entries, 25, 40);
    assert_in_range(emitted.longest, PAYLOAD_CUT_BYTES, PAYLOAD_CUT_BYTES + 16384);
    free(definitions);
    entries_fini(&entries);
}

static void table_refuses_keys_that_descend_or_are_too_long(void **state)
{
    (void)state;
    struct table_writer *writer = malloc(sizeof *writer);
    static const uint8_t key[KEY_MAX_BYTES + 1];
    table_writer_init(writer, NULL);
    assert_int_equal(table_add(writer, "b", 1, NULL, 0), FIRN_OK);
    assert_int_equal(table_add(writer, "b", 1, NULL, 0), FIRN_OK);
    assert_int_equal(table_add(writer, "ab", 2, NULL, 0), FIRN_INVALID);
    assert_int_equal(table_add(writer, key, KEY_MAX_BYTES + 1, NULL, 0), FIRN_INVALID);
    table_writer_fini(writer);
    free(writer);
}

static void table_whose_frame_is_cut_is_refused(void **state)
{
    (void)state;
    struct table_writer *writer = malloc(sizeof *writer);
    struct bytes bytes = {.data = NULL};
    struct table table;
    table_writer_init(writer, NULL);
    assert_int_equal(table_add(writer, "key", 3, NULL, 0), FIRN_OK);
    assert_int_equal(table_finish(writer, &bytes), FIRN_OK);
    for (size_t size = 0; size < bytes.size; size++)
        assert_int_equal(table_open(bytes.data, size, &table), FIRN_CORRUPT);
    assert_int_equal(table_open(bytes.data, bytes.size, &table), FIRN_OK);
    bytes_fini(&bytes);
    table_writer_fini(writer);
    free(writer);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(postings_refuse_files_and_rows_that_do_not_ascend),
        cmocka_unit_test(postings_hold_the_largest_numbers),
        cmocka_unit_test(postings_keep_kinds_and_columns_on_both_sides_of_the_short_form),
        cmocka_unit_test(name_in_very_many_places_becomes_several_entries),
        cmocka_unit_test(table_refuses_keys_that_descend_or_are_too_long),
        cmocka_unit_test(table_whose_frame_is_cut_is_refused)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
