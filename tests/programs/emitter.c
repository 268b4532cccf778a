/* What the emitter prints: the same calls as plain text and as JSON, escapes, and failed writes. */
#include "common/emitter.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

typedef void (*print_fn)(struct emitter *emitter);

/* Prints to memory; the caller frees the text. */
static char *printed(print_fn print, bool json)
{
    char *text = NULL;
    size_t size = 0;
    FILE *out = open_memstream(&text, &size);
    assert_non_null(out);
    struct emitter emitter;
    emitter_begin(&emitter, out, json);
    print(&emitter);
    assert_int_equal(emitter_end(&emitter, EXIT_DONE), EXIT_DONE);
    assert_int_equal(fclose(out), 0);
    return text;
}

static void expect(print_fn print, const char *json, const char *plain)
{
    char *text = printed(print, true);
    assert_string_equal(text, json);
    free(text);
    text = printed(print, false);
    assert_string_equal(text, plain);
    free(text);
}

static void print_values(struct emitter *emitter)
{
    emitter_object_begin(emitter, NULL);
    emitter_text(emitter, "name", "main");
    emitter_number(emitter, "files", 1955);
    emitter_bytes(emitter, "store_bytes", 11800000);
    emitter_seconds(emitter, "index_seconds", 0.0000415);
    emitter_real(emitter, "ratio", 0.25);
    emitter_flag(emitter, "done", true);
    emitter_object_begin(emitter, "inner");
    emitter_array_begin(emitter, "list");
    emitter_number(emitter, NULL, 1);
    emitter_text(emitter, NULL, "two");
    emitter_array_end(emitter);
    emitter_object_end(emitter);
    emitter_plain(emitter, "%s\n", "a remark");
    emitter_object_end(emitter);
}

static void values_are_printed_in_both_forms(void **state)
{
    (void)state;
    expect(print_values,
           "{\n"
           "  \"name\": \"main\",\n"
           "  \"files\": 1955,\n"
           "  \"store_bytes\": 11800000,\n"
           "  \"index_seconds\": 4.15e-05,\n"
           "  \"ratio\": 0.25,\n"
           "  \"done\": true,\n"
           "  \"inner\": {\n"
           "    \"list\": [\n"
           "      1,\n"
           "      \"two\"\n"
           "    ]\n"
           "  }\n"
           "}\n",
           "name                main\n"
           "files               1,955\n"
           "store               11.8 MB\n"
           "index               41.5 µs\n"
           "ratio               0.25\n"
           "done                yes\n"
           "inner:\n"
           "  list:\n"
           "    1\n"
           "    two\n"
           "a remark\n");
}

static const struct emitter_column columns[] = {
    {"language", -10}, {"file_count", 11}, {"note", -4}};

static void print_table(struct emitter *emitter)
{
    emitter_object_begin(emitter, NULL);
    emitter_table_begin(emitter, "languages", columns, 3);
    for (unsigned i = 0; i < 2; i++) {
        emitter_row_begin(emitter);
        emitter_text(emitter, "language", i == 0 ? "c" : "é");
        emitter_number(emitter, "file_count", i * 1000);
        emitter_text(emitter, "note", "x");
        emitter_row_end(emitter);
    }
    emitter_table_end(emitter);
    emitter_table_begin(emitter, "none", columns, 3);
    emitter_table_end(emitter);
    emitter_object_end(emitter);
}

static void tables_are_aligned_by_characters(void **state)
{
    (void)state;
    expect(print_table,
           "{\n"
           "  \"languages\": [\n"
           "    {\"language\": \"c\", \"file_count\": 0, \"note\": \"x\"},\n"
           "    {\"language\": \"é\", \"file_count\": 1000, \"note\": \"x\"}\n"
           "  ],\n"
           "  \"none\": []\n"
           "}\n",
           "languages:\n"
           "  language     file count  note\n"
           "  c                     0  x\n"
           "  é                 1,000  x\n"
           "none:\n");
}

static void print_escapes(struct emitter *emitter)
{
    emitter_array_begin(emitter, NULL);
    emitter_text(emitter, NULL, "\"\\/\b\f\n\r\t\x01\x7f");
    emitter_text_sized(emitter, NULL, "a\0b", 3);
    emitter_text(emitter, NULL, "é€😀");
    emitter_text(emitter, NULL, "\xff|\xc0\xaf|\xed\xa0\x80|\xf4\x90\x80\x80|\xe2\x82|\xe2\x82");
    emitter_array_end(emitter);
}

static void json_is_valid_utf_8_whatever_the_text(void **state)
{
    (void)state;
    char *text = printed(print_escapes, true);
    assert_string_equal(text, "[\n"
                              "  \"\\\"\\\\/\\b\\f\\n\\r\\t\\u0001\x7f\",\n"
                              "  \"a\\u0000b\",\n"
                              "  \"é€😀\",\n"
                              "  \"\\ufffd|\\ufffd\\ufffd|\\ufffd\\ufffd\\ufffd|"
                              "\\ufffd\\ufffd\\ufffd\\ufffd|\\ufffd\\ufffd|\\ufffd\\ufffd\"\n"
                              "]\n");
    free(text);
}

static void print_paths(struct emitter *emitter)
{
    emitter_object_begin(emitter, NULL);
    emitter_path(emitter, "path", "a/é\n");
    emitter_path(emitter, "other", "a\xff");
    emitter_object_end(emitter);
}

static void a_path_that_is_not_utf_8_is_also_given_in_hexadecimal(void **state)
{
    (void)state;
    expect(print_paths,
           "{\n"
           "  \"path\": \"a/é\\n\",\n"
           "  \"other\": \"a\\ufffd\",\n"
           "  \"other_hex\": \"61ff\"\n"
           "}\n",
           "path                a/é\\n\n"
           "other               a\xff\n");
}

static void print_numbers(struct emitter *emitter)
{
    emitter_array_begin(emitter, NULL);
    emitter_real(emitter, NULL, 1.0 / 0.0);
    emitter_number(emitter, NULL, UINT64_MAX);
    emitter_array_end(emitter);
}

static void numbers_json_cannot_hold_are_null(void **state)
{
    (void)state;
    char *text = printed(print_numbers, true);
    assert_string_equal(text, "[\n  null,\n  18446744073709551615\n]\n");
    free(text);
}

static void a_full_disk_fails_the_command(void **state)
{
    (void)state;
    FILE *out = fopen("/dev/full", "w");
    assert_non_null(out);
    struct emitter emitter;
    emitter_begin(&emitter, out, false);
    for (unsigned i = 0; i < 100000 && !emitter_failed(&emitter); i++)
        emitter_plain(&emitter, "line %u\n", i);
    assert_true(emitter_failed(&emitter));
    emitter_plain_bytes(&emitter, "more", 4);
    assert_int_equal(emitter_end(&emitter, EXIT_DONE), EXIT_FAILED);
    fclose(out);
}

static void a_failure_at_the_last_flush_counts_too(void **state)
{
    (void)state;
    FILE *out = fopen("/dev/full", "w");
    assert_non_null(out);
    struct emitter emitter;
    emitter_begin(&emitter, out, true);
    emitter_array_begin(&emitter, NULL);
    emitter_array_end(&emitter);
    assert_false(emitter_failed(&emitter));
    assert_int_equal(emitter_end(&emitter, EXIT_DONE), EXIT_FAILED);
    fclose(out);
}

static void a_failed_command_keeps_its_status(void **state)
{
    (void)state;
    struct emitter emitter;
    emitter_begin(&emitter, stdout, false);
    assert_int_equal(emitter_end(&emitter, EXIT_FAILED), EXIT_FAILED);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(values_are_printed_in_both_forms),
        cmocka_unit_test(tables_are_aligned_by_characters),
        cmocka_unit_test(json_is_valid_utf_8_whatever_the_text),
        cmocka_unit_test(a_path_that_is_not_utf_8_is_also_given_in_hexadecimal),
        cmocka_unit_test(numbers_json_cannot_hold_are_null),
        cmocka_unit_test(a_full_disk_fails_the_command),
        cmocka_unit_test(a_failure_at_the_last_flush_counts_too),
        cmocka_unit_test(a_failed_command_keeps_its_status),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
