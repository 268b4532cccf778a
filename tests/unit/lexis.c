/* Lexical rules on small texts: where a leaf starts and ends. */
#include "tree/lexis.h"

#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <string.h>
#include <cmocka.h>

static struct firn_text text_of(const char *data)
{
    return (struct firn_text){data, (uint32_t)strlen(data)};
}

static void skips_stop_where_their_label_starts(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        uint32_t none, spaces, blanks;
    } cases[] = {
        {"x", 0, 0, 0},          {"  x", 0, 2, 2},     {"\t\n x", 0, 1, 3},
        {"\\\n x", 0, 3, 3},     {"\\\r\nx", 0, 3, 3}, {"\\x", 0, 0, 0},
        {" \r\n\n  x", 0, 1, 6}, {"   ", 0, 3, 3},     {"", 0, 0, 0},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct firn_text text = text_of(cases[i].text);
        assert_int_equal(firn_lexis_start(FIRN_SKIP_NONE, text, 0), cases[i].none);
        assert_int_equal(firn_lexis_start(FIRN_SKIP_SPACES, text, 0), cases[i].spaces);
        assert_int_equal(firn_lexis_start(FIRN_SKIP_BLANKS, text, 0), cases[i].blanks);
    }
}

static void leaves_end_where_their_class_ends(void **state)
{
    (void)state;
    static const struct {
        enum firn_lexis lexis;
        const char *text;
        uint32_t start, end;
    } cases[] = {
        {FIRN_LEXIS_EMPTY, "abc", 1, 1},
        {FIRN_LEXIS_FIXED, "while", 0, 3}, /* the length is given, 3 */
        {FIRN_LEXIS_FIXED, "ab", 0, 2},
        {FIRN_LEXIS_WORD, "foo_9$-x", 0, 6},
        {FIRN_LEXIS_WORD, "\xc3\xa9t\xc3\xa9 x", 0, 5},
        {FIRN_LEXIS_NUMBER, "0x1p-3;", 0, 6},
        {FIRN_LEXIS_NUMBER, "1e+5+x", 0, 4},
        {FIRN_LEXIS_NUMBER, "0xe+1", 0, 3},
        {FIRN_LEXIS_NUMBER, "1'000.5f)", 0, 8},
        {FIRN_LEXIS_NUMBER, "-12,", 0, 3},
        {FIRN_LEXIS_LINE, "a b\\\nc", 0, 4},
        {FIRN_LEXIS_LINE, "a\r\nb", 0, 1},
        {FIRN_LEXIS_LINE_WITH_END, "a\r\nb", 0, 3},
        {FIRN_LEXIS_LINE_WITH_END, "a", 0, 1},
        {FIRN_LEXIS_LOGICAL_LINE, "a\\\nb\nc", 0, 4},
        {FIRN_LEXIS_LOGICAL_LINE, "a\\", 0, 2},
        {FIRN_LEXIS_DIRECTIVE, "x y /* c */", 0, 4},
        {FIRN_LEXIS_DIRECTIVE, "x \\\n y\n", 0, 6},
        {FIRN_LEXIS_COMMENT, "/* a\n*/b", 0, 7},
        {FIRN_LEXIS_COMMENT, "/**/b", 0, 4},
        {FIRN_LEXIS_COMMENT, "/*/ */b", 0, 6},
        {FIRN_LEXIS_COMMENT, "/* open", 0, 7},
        {FIRN_LEXIS_COMMENT, "// a\\\nb\nc", 0, 7},
        {FIRN_LEXIS_QUOTED, "\"a\\\"b\"c", 0, 6},
        {FIRN_LEXIS_QUOTED, "<a.h> x", 0, 5},
        {FIRN_LEXIS_QUOTED, "'a\n'", 0, 2},
        {FIRN_LEXIS_QUOTED, "`a\nb`", 0, 5},
        {FIRN_LEXIS_CONTENT, "\"ab\\n\"", 1, 3},
        {FIRN_LEXIS_CONTENT, "\"ab\"", 1, 3},
        {FIRN_LEXIS_LONG_CONTENT, "\"\"\"a\"\nb\"\"\"", 3, 7},
        {FIRN_LEXIS_RAW_CONTENT, "\"a\\\"b\"", 1, 5},
        {FIRN_LEXIS_TEMPLATE, "`a$b${c}", 1, 4},
        {FIRN_LEXIS_ESCAPE, "\\nx", 0, 2},
        {FIRN_LEXIS_ESCAPE, "\\x1fz", 0, 4},
        {FIRN_LEXIS_ESCAPE, "\\0123", 0, 4},
        {FIRN_LEXIS_ESCAPE, "\\u{1F600}x", 0, 9},
        {FIRN_LEXIS_ESCAPE, "\\u00e9x", 0, 6},
        {FIRN_LEXIS_ESCAPE, "\\\r\nx", 0, 3},
        {FIRN_LEXIS_ESCAPE, "\\", 0, 1},
        {FIRN_LEXIS_CHARACTER, "\xe2\x82\xacx", 0, 3},
        {FIRN_LEXIS_PATTERN, "/a[/]\\/b/g", 1, 8},
        {FIRN_LEXIS_MARKUP, "a b<c", 0, 3},
        {FIRN_LEXIS_OPERATOR, "<<=x", 0, 3},
        {FIRN_LEXIS_SHELL_WORD, "a-b\\ c;", 0, 6},
        {FIRN_LEXIS_LINE_END, "  \nx", 0, 3},
        {FIRN_LEXIS_LINE_END, "  x", 0, 0},
        {FIRN_LEXIS_BLANKS, " \n x", 0, 3},
        {FIRN_LEXIS_REST, "abc", 1, 3},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        uint32_t end = firn_lexis_end(cases[i].lexis, 3, text_of(cases[i].text), cases[i].start);
        if (end != cases[i].end)
            print_error("rule %d on \"%s\"\n", (int)cases[i].lexis, cases[i].text);
        assert_int_equal(end, cases[i].end);
    }
}

static void every_rule_stays_inside_every_text(void **state)
{
    (void)state;
    static const char bytes[] = "\\\"'`/*\n\r$x0{[<# ";
    char data[4];
    for (unsigned pick = 0; pick < 16 * 16 * 16 * 16; pick++) {
        for (unsigned i = 0; i < 4; i++)
            data[i] = bytes[pick >> (4 * i) & 15];
        for (uint32_t size = 0; size <= 4; size++) {
            struct firn_text text = {data, size};
            for (unsigned rule = 0; rule < FIRN_LEXIS_COUNT; rule++) {
                for (uint32_t start = 0; start <= size; start++) {
                    uint32_t end = firn_lexis_end((enum firn_lexis)rule, 2, text, start);
                    assert_true(end >= start && end <= size);
                }
            }
        }
    }
}

static void long_leaves_are_not_followed_to_their_end(void **state)
{
    (void)state;
    static char data[200000];
    memset(data, 'a', sizeof data);
    struct firn_text text = {data, sizeof data};
    assert_int_equal(firn_lexis_end(FIRN_LEXIS_WORD, 0, text, 7), 7 + 65536);
    assert_int_equal(firn_lexis_end(FIRN_LEXIS_REST, 0, text, 7), sizeof data);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(skips_stop_where_their_label_starts),
        cmocka_unit_test(leaves_end_where_their_class_ends),
        cmocka_unit_test(every_rule_stays_inside_every_text),
        cmocka_unit_test(long_leaves_are_not_followed_to_their_end),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
