/* What a context says of itself: by type, in all, as text and as JSON. */
#include <firn/context.h>

#include "support/failing.h"

#include <ctype.h>
#include <setjmp.h>
#include <stdarg.h>
#include <cmocka.h>

enum { MODES = FIRN_MODE_SERVER + 1 };

#define MIB ((size_t)1 << 20)

static bool is_collected(firn_mode mode)
{
    return mode == FIRN_MODE_RUNTIME || mode == FIRN_MODE_VM;
}

static firn_context *make(firn_mode mode, bool statistics)
{
    firn_context *context;
    const firn_context_options options = {
        .mode = mode,
        .statistics = statistics,
        .limit_bytes = 64 * MIB,
    };
    assert_int_equal(firn_context_create(&options, &context), FIRN_OK);
    return context;
}

static firn_type put_leaf(firn_context *context, const char *name)
{
    firn_type type;
    const firn_type_options options = {.name = name};
    assert_int_equal(firn_context_type_put(context, &options, &type), FIRN_OK);
    return type;
}

static firn_context_type_stats row_of(firn_context *context, size_t index)
{
    firn_context_type_stats rows[8];
    assert_true(firn_context_stats(context, rows, 8) > index);
    return rows[index];
}

static void check_row(firn_context *context, size_t index, uint64_t live_count, uint64_t live_bytes,
                      uint64_t total_count, uint64_t total_bytes)
{
    firn_context_type_stats row = row_of(context, index);
    assert_int_equal(row.live_count, live_count);
    assert_int_equal(row.live_bytes, live_bytes);
    assert_int_equal(row.total_count, total_count);
    assert_int_equal(row.total_bytes, total_bytes);
}

/* --- by type --- */

static void objects_are_counted_where_they_are_to_be(void **state)
{
    (void)state;
    for (int mode = 0; mode < MODES; mode++) {
        bool collected = is_collected((firn_mode)mode);
        firn_context *context = make((firn_mode)mode, true);
        firn_type node = put_leaf(context, "node"), text = put_leaf(context, "text");
        void *nodes[10];
        for (size_t i = 0; i < 10; i++)
            nodes[i] = firn_context_alloc(context, node, 24);
        assert_non_null(firn_context_alloc(context, text, 0));
        assert_non_null(firn_context_alloc_zeroed(context, text, 10, 3));
        assert_non_null(firn_context_alloc_aligned(context, text, 9, 8));
        assert_null(firn_context_alloc(context, text, 65 * MIB));
        assert_null(firn_context_alloc_aligned(context, text, 9, 3));
        /* a failed one has collected all that stands in no root */
        check_row(context, 1, collected ? 0 : 3, collected ? 0 : 40, 3, 40);
        check_row(context, 0, collected ? 0 : 10, collected ? 0 : 240, 10, 240);
        assert_string_equal(row_of(context, 0).name, "node");
        assert_string_equal(row_of(context, 1).name, "text");
        if (!collected) {
            for (size_t i = 0; i < 5; i++)
                assert_int_equal(firn_context_release(context, node, nodes[i], 24), FIRN_OK);
            check_row(context, 0, 5, 120, 10, 240);
            nodes[5] = firn_context_realloc(context, node, nodes[5], 24, 100);
            check_row(context, 0, 5, 196, 10, 316);
            nodes[5] = firn_context_realloc(context, node, nodes[5], 100, 0);
            check_row(context, 0, 5, 97, 10, 316);
            assert_null(firn_context_realloc(context, node, nodes[5], 1, 65 * MIB));
            check_row(context, 0, 5, 97, 10, 316);
        }
        if (mode == FIRN_MODE_COMPILER) {
            assert_int_equal(firn_context_reset(context), FIRN_OK);
            check_row(context, 0, 0, 0, 10, 316);
            check_row(context, 1, 0, 0, 3, 40);
            assert_non_null(firn_context_alloc(context, node, 24));
            check_row(context, 0, 1, 24, 11, 340);
        }
        firn_context_destroy(context);
    }
}

static void a_heap_is_counted_by_a_walk(void **state)
{
    (void)state;
    for (int statistics = 0; statistics <= 1; statistics++) {
        firn_context *context = make(FIRN_MODE_VM, statistics != 0);
        firn_type node = put_leaf(context, "node"), text = put_leaf(context, "text");
        void *root = firn_context_alloc(context, node, 24);
        assert_int_equal(firn_context_root_put(context, &root), FIRN_OK);
        assert_non_null(firn_context_alloc(context, text, 100));
        uint64_t made = statistics != 0 ? 1 : 0;
        check_row(context, 0, 1, 24, made, made * 24);
        check_row(context, 1, 1, 100, made, made * 100);
        assert_int_equal(firn_heap_collect(firn_context_heap(context), FIRN_COLLECT_FULL), FIRN_OK);
        check_row(context, 0, 1, 24, made, made * 24);
        check_row(context, 1, 0, 0, made, made * 100);
        root = firn_context_realloc(context, node, root, 24, 40);
        assert_non_null(root);
        check_row(context, 0, 2, 64, made, made * 40); /* the old one is not yet found dead */
        firn_context_destroy(context);
    }
}

static void nothing_is_counted_where_it_is_not_to_be(void **state)
{
    (void)state;
    static const firn_mode modes[] = {FIRN_MODE_COMPILER, FIRN_MODE_SERVER};
    for (size_t i = 0; i < 2; i++) {
        firn_context *context = make(modes[i], false);
        firn_type node = put_leaf(context, "node");
        void *object = firn_context_alloc(context, node, 24);
        assert_non_null(firn_context_alloc_aligned(context, node, 24, 64));
        assert_int_equal(firn_context_release(context, node, object, 24), FIRN_OK);
        check_row(context, 0, 0, 0, 0, 0);
        firn_context_destroy(context);
    }
}

static void only_the_rows_asked_for_are_filled(void **state)
{
    (void)state;
    for (int mode = 0; mode < MODES; mode++) {
        firn_context *context = make((firn_mode)mode, true);
        firn_context_type_stats rows[3] = {{.name = "a"}, {.name = "b"}, {.name = "c"}};
        assert_int_equal(firn_context_stats(context, rows, 3), 0);
        assert_string_equal(rows[0].name, "a");
        put_leaf(context, "one");
        put_leaf(context, NULL);
        assert_int_equal(firn_context_stats(context, NULL, 0), 2);
        assert_int_equal(firn_context_stats(context, rows, 1), 2);
        assert_string_equal(rows[0].name, "one");
        assert_string_equal(rows[1].name, "b");
        assert_int_equal(firn_context_stats(context, rows, 3), 2);
        assert_string_equal(rows[1].name, "");
        assert_string_equal(rows[2].name, "c");
        firn_context_destroy(context);
    }
}

/* --- in all --- */

static void usage_adds_up_with_what_was_taken(void **state)
{
    (void)state;
    failing memory;
    failing_init(&memory, 0);
    firn_context *context;
    const firn_context_options options = {.allocator = &memory.allocator};
    assert_int_equal(firn_context_create(&options, &context), FIRN_OK);
    firn_type node = put_leaf(context, "node");
    for (int i = 0; i < 1000; i++)
        assert_non_null(firn_context_alloc(context, node, 24));
    firn_usage usage;
    firn_context_usage(context, &usage);
    assert_int_equal(usage.live_bytes, 24000);
    assert_int_equal(usage.reserved_bytes, atomic_load(&memory.live_bytes));
    assert_true(usage.live_bytes + usage.overhead_bytes <= usage.reserved_bytes);
    firn_context_destroy(context);
    failing_check(&memory);
}

static void usage_counts_live_bytes_in_all_modes(void **state)
{
    (void)state;
    for (int mode = 0; mode < MODES; mode++) {
        firn_context *context = make((firn_mode)mode, false);
        firn_usage empty, usage;
        firn_context_usage(context, &empty);
        assert_int_equal(empty.live_bytes, 0);
        assert_true(empty.overhead_bytes <= empty.reserved_bytes);
        firn_type node = put_leaf(context, "node");
        for (int i = 0; i < 100; i++)
            assert_non_null(firn_context_alloc(context, node, 128));
        firn_context_usage(context, &usage);
        assert_int_equal(usage.live_bytes, 12800);
        assert_true(usage.live_bytes + usage.overhead_bytes <= usage.reserved_bytes);
        firn_context_destroy(context);
    }
}

/* --- reports --- */

/* A value at *at is JSON; *at moves behind it. */
static bool skip_json(const char **at);

static bool skip_text(const char **at)
{
    if (*(*at)++ != '"')
        return false;
    for (; **at != '"'; ++*at) {
        if ((unsigned char)**at < 0x20)
            return false;
        if (**at == '\\') {
            ++*at;
            if (**at == 'u') {
                for (int i = 0; i < 4; i++) {
                    if (!isxdigit((unsigned char)*++*at))
                        return false;
                }
            } else if (strchr("\"\\/bfnrt", **at) == NULL || **at == '\0') {
                return false;
            }
        }
    }
    ++*at;
    return true;
}

static bool skip_list(const char **at, bool with_keys)
{
    char end = with_keys ? '}' : ']';
    if (*++*at == end) {
        ++*at;
        return true;
    }
    for (;;) {
        if (with_keys && (!skip_text(at) || *(*at)++ != ':'))
            return false;
        if (!skip_json(at))
            return false;
        char next = *(*at)++;
        if (next != ',')
            return next == end;
    }
}

static bool skip_json(const char **at)
{
    if (**at == '{' || **at == '[')
        return skip_list(at, **at == '{');
    if (**at == '"')
        return skip_text(at);
    const char *start = *at;
    while (isdigit((unsigned char)**at))
        ++*at;
    return *at > start;
}

static void check_json(const char *text)
{
    const char *at = text;
    if (!skip_json(&at) || strcmp(at, "\n") != 0)
        fail_msg("no JSON at %zu: %s", (size_t)(at - text), text);
}

static char *report(firn_context *context, firn_report form)
{
    static char text[4096];
    size_t length = firn_context_report(context, form, text, sizeof text);
    assert_in_range(length, 1, sizeof text - 1);
    assert_int_equal(strlen(text), length);
    return text;
}

static void expect(const char *text, const char *part)
{
    if (strstr(text, part) == NULL)
        fail_msg("no `%s` in: %s", part, text);
}

static void expect_none(const char *text, const char *part)
{
    if (strstr(text, part) != NULL)
        fail_msg("`%s` in: %s", part, text);
}

static void a_report_says_what_is_known(void **state)
{
    (void)state;
    for (int mode = 0; mode < 2 * MODES; mode++) {
        bool counted = mode >= MODES, collected = is_collected((firn_mode)(mode % MODES));
        firn_context *context = make((firn_mode)(mode % MODES), counted);
        check_json(report(context, FIRN_REPORT_JSON));
        expect(report(context, FIRN_REPORT_JSON), "\"types\":[]");
        firn_type node = put_leaf(context, "node");
        put_leaf(context, "a name of more than twenty-four characters");
        for (int i = 0; i < 100; i++)
            assert_non_null(firn_context_alloc(context, node, 128));

        const char *json = report(context, FIRN_REPORT_JSON);
        char part[200];
        check_json(json);
        snprintf(part, sizeof part,
                 "{\"mode\":\"%s\",\"limit_bytes\":67108864,\"live_bytes\":12800,",
                 firn_mode_name((firn_mode)(mode % MODES)));
        assert_ptr_equal(strstr(json, part), json);
        snprintf(part, sizeof part, "\"types\":[{\"name\":\"node\"%s%s},{\"name\":\"a name",
                 counted || collected ? ",\"live_count\":100,\"live_bytes\":12800" : "",
                 counted ? ",\"total_count\":100,\"total_bytes\":12800" : "");
        expect(json, part);
        assert_int_equal(strstr(json, "\"minor_count\":") != NULL, collected);

        const char *text = report(context, FIRN_REPORT_TEXT);
        snprintf(part, sizeof part, "mode %s: 12800 bytes live, ",
                 firn_mode_name((firn_mode)(mode % MODES)));
        assert_ptr_equal(strstr(text, part), text);
        expect(text, ", limit 67108864\n");
        assert_int_equal(strstr(text, "\ncollections: 0 minor, ") != NULL, collected);
        expect(text, counted     ? "\nnode                              100          12800"
                                   "          100          12800\n"
                     : collected ? "\nnode                              100          12800\n"
                                 : "\nnode                    \n");
        expect(text, "\na name of more than twenty-four characters");
        firn_context_destroy(context);
    }
}

static void an_unlimited_compiler_has_no_limit(void **state)
{
    (void)state;
    firn_context *context;
    assert_int_equal(firn_context_create(NULL, &context), FIRN_OK);
    expect(report(context, FIRN_REPORT_TEXT), "reserved, no limit\n");
    expect(report(context, FIRN_REPORT_JSON), "\"limit_bytes\":0,");
    firn_context_destroy(context);
}

static void the_limit_of_a_heap_is_named_when_it_is_the_usual_one(void **state)
{
    (void)state;
    firn_context *context;
    const firn_context_options options = {.mode = FIRN_MODE_RUNTIME};
    assert_int_equal(firn_context_create(&options, &context), FIRN_OK);
    expect(report(context, FIRN_REPORT_TEXT), "limit 17179869184\n");
    firn_context_destroy(context);
}

static void names_become_valid_json(void **state)
{
    (void)state;
    static const struct {
        const char *name, *json;
    } names[] = {
        {"a\"b\\c\n\x01\x7f", "\"a\\\"b\\\\c\\u000a\\u0001\x7f\""},
        {"\xc3\xa4\xe2\x82\xac\xf0\x9f\x98\x80", "\"\xc3\xa4\xe2\x82\xac\xf0\x9f\x98\x80\""},
        {"\x80.\xc3.\xe2\x82.\xf0\x9f\x98",
         "\"\\ufffd.\\ufffd.\\ufffd\\ufffd.\\ufffd\\ufffd\\ufffd\""},
        {"\xc0\x80\xc1\xbf\xff", "\"\\ufffd\\ufffd\\ufffd\\ufffd\\ufffd\""},
        {"\xe0\x9f\xbf\xe0\xa0\x80", "\"\\ufffd\\ufffd\\ufffd\xe0\xa0\x80\""},
        {"\xed\xa0\x80\xed\x9f\xbf", "\"\\ufffd\\ufffd\\ufffd\xed\x9f\xbf\""},
        {"\xf0\x8f\xbf\xbf\xf0\x90\x80\x80", "\"\\ufffd\\ufffd\\ufffd\\ufffd\xf0\x90\x80\x80\""},
        {"\xf4\x90\x80\x80\xf4\x8f\xbf\xbf", "\"\\ufffd\\ufffd\\ufffd\\ufffd\xf4\x8f\xbf\xbf\""},
        {"\xf5\x80", "\"\\ufffd\\ufffd\""},
        {"", "\"\""},
    };
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        firn_context *context = make(FIRN_MODE_COMPILER, false);
        char part[200];
        put_leaf(context, names[i].name);
        snprintf(part, sizeof part, "\"types\":[{\"name\":%s}]}\n", names[i].json);
        expect(report(context, FIRN_REPORT_JSON), part);
        check_json(report(context, FIRN_REPORT_JSON));
        firn_context_destroy(context);
    }
}

static void a_report_is_cut_where_the_buffer_ends(void **state)
{
    (void)state;
    firn_context *context = make(FIRN_MODE_COMPILER, true);
    for (int i = 0; i < 3; i++)
        put_leaf(context, "some name");
    for (int form = FIRN_REPORT_TEXT; form <= FIRN_REPORT_JSON; form++) {
        char whole[2000];
        size_t length = firn_context_report(context, (firn_report)form, whole, sizeof whole);
        assert_true(length < sizeof whole);
        assert_int_equal(firn_context_report(context, (firn_report)form, NULL, 0), length);
        for (size_t capacity = 1; capacity <= length + 2; capacity++) {
            char *buffer = malloc(capacity); /* so that an overrun is found */
            assert_int_equal(firn_context_report(context, (firn_report)form, buffer, capacity),
                             length);
            size_t kept = capacity <= length ? capacity - 1 : length;
            assert_memory_equal(buffer, whole, kept);
            assert_int_equal(buffer[kept], '\0');
            free(buffer);
        }
    }
    assert_int_equal(firn_context_report(context, (firn_report)2, NULL, 0), 0);
    expect_none(report(context, FIRN_REPORT_TEXT), "collections");
    firn_context_destroy(context);
}

static void a_long_name_is_reported_whole(void **state)
{
    (void)state;
    static char name[70001];
    memset(name, 'n', sizeof name - 1);
    firn_context *context = make(FIRN_MODE_SERVER, true);
    put_leaf(context, name);
    for (int form = FIRN_REPORT_TEXT; form <= FIRN_REPORT_JSON; form++) {
        static char text[80000];
        size_t length = firn_context_report(context, (firn_report)form, text, sizeof text);
        assert_in_range(length, 70000, 70999);
        assert_non_null(strstr(text, name));
    }
    firn_context_destroy(context);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(objects_are_counted_where_they_are_to_be),
        cmocka_unit_test(a_heap_is_counted_by_a_walk),
        cmocka_unit_test(nothing_is_counted_where_it_is_not_to_be),
        cmocka_unit_test(only_the_rows_asked_for_are_filled),
        cmocka_unit_test(usage_adds_up_with_what_was_taken),
        cmocka_unit_test(usage_counts_live_bytes_in_all_modes),
        cmocka_unit_test(a_report_says_what_is_known),
        cmocka_unit_test(an_unlimited_compiler_has_no_limit),
        cmocka_unit_test(the_limit_of_a_heap_is_named_when_it_is_the_usual_one),
        cmocka_unit_test(names_become_valid_json),
        cmocka_unit_test(a_report_is_cut_where_the_buffer_ends),
        cmocka_unit_test(a_long_name_is_reported_whole),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
