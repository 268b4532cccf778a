/* Queries: what compiles and what does not, and the matches of each construct on a small tree. */
#include <firn/query.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <stdarg.h>
#include <setjmp.h>
#include <cmocka.h>

/* text:  f(a, b); g(); x y
 * tree:  source
 *          call function: name "f" arguments: list "(" name "a" "," name "b" ")"
 *          ";"
 *          call function: name "g" arguments: list "(" ")"
 *          ";"
 *          ERROR name "x" name "y"
 *          number (missing) */
enum { SOURCE, CALL, NAME, LIST, OPEN, CLOSE, COMMA, SEMICOLON, NUMBER, ERROR_LABEL, LABELS };
enum { FUNCTION = 1, ARGUMENTS };

static const char text[] = "f(a, b); g(); x y";

struct sample {
    firn_family *family;
    firn_builder *builder;
    const firn_nodes *nodes;
};

static void enter(firn_builder *builder, firn_label label, firn_field field, unsigned flags,
                  uint32_t start, uint32_t end)
{
    assert_int_equal(firn_builder_enter(builder, label, field, flags, start, end), FIRN_OK);
}

static void leaf(firn_builder *builder, firn_label label, firn_field field, uint32_t start,
                 uint32_t end)
{
    enter(builder, label, field, 0, start, end);
    assert_int_equal(firn_builder_leave(builder), FIRN_OK);
}

static void leave(firn_builder *builder)
{
    assert_int_equal(firn_builder_leave(builder), FIRN_OK);
}

static int setup(void **state)
{
    static struct sample sample;
    static const char *const names[LABELS] = {"source", "call", "name", "list",   "(",
                                              ")",      ",",    ";",    "number", "ERROR"};
    assert_int_equal(firn_family_create(NULL, &sample.family), FIRN_OK);
    for (unsigned i = 0; i < LABELS; i++)
        assert_int_equal(
            firn_family_name_label(sample.family, (firn_label)i, names[i], i < OPEN || i >= NUMBER),
            FIRN_OK);
    assert_int_equal(firn_family_name_field(sample.family, FUNCTION, "function"), FIRN_OK);
    assert_int_equal(firn_family_name_field(sample.family, ARGUMENTS, "arguments"), FIRN_OK);
    assert_int_equal(firn_builder_create(sample.family, NULL, &sample.builder), FIRN_OK);
    firn_builder *b = sample.builder;
    assert_int_equal(firn_builder_begin(b, text, sizeof text - 1), FIRN_OK);
    enter(b, SOURCE, 0, 0, 0, 17);
    enter(b, CALL, 0, 0, 0, 7);
    leaf(b, NAME, FUNCTION, 0, 1);
    enter(b, LIST, ARGUMENTS, 0, 1, 7);
    leaf(b, OPEN, 0, 1, 2);
    leaf(b, NAME, 0, 2, 3);
    leaf(b, COMMA, 0, 3, 4);
    leaf(b, NAME, 0, 5, 6);
    leaf(b, CLOSE, 0, 6, 7);
    leave(b);
    leave(b);
    leaf(b, SEMICOLON, 0, 7, 8);
    enter(b, CALL, 0, 0, 9, 12);
    leaf(b, NAME, FUNCTION, 9, 10);
    enter(b, LIST, ARGUMENTS, 0, 10, 12);
    leaf(b, OPEN, 0, 10, 11);
    leaf(b, CLOSE, 0, 11, 12);
    leave(b);
    leave(b);
    leaf(b, SEMICOLON, 0, 12, 13);
    enter(b, ERROR_LABEL, 0, FIRN_NODE_ERROR, 14, 17);
    leaf(b, NAME, 0, 14, 15);
    leaf(b, NAME, 0, 16, 17);
    leave(b);
    enter(b, NUMBER, 0, FIRN_NODE_MISSING, 17, 17);
    leave(b);
    leave(b);
    sample.nodes = firn_builder_nodes(b);
    assert_non_null(sample.nodes);
    *state = &sample;
    return 0;
}

static int teardown(void **state)
{
    struct sample *sample = *state;
    firn_builder_destroy(sample->builder);
    firn_family_destroy(sample->family);
    return 0;
}

/* --- matches as text: "0 f=f a=a|0 f=g" in sorted order --- */

static int compare_lines(const void *left, const void *right)
{
    return strcmp(left, right);
}

#define LINE_BYTES 120

static void print_match(const struct sample *sample, const firn_query *query,
                        const firn_query_match *match, char *line)
{
    int at = snprintf(line, LINE_BYTES, "%u", match->pattern);
    for (uint32_t i = 0; i < match->capture_count; i++) {
        const firn_node *node = &sample->nodes->node[match->captures[i].node];
        at += snprintf(line + at, (size_t)(LINE_BYTES - at), " %s=%.*s",
                       firn_query_capture_name(query, match->captures[i].capture),
                       (int)(node->end - node->start), text + node->start);
    }
}

static void expect(const struct sample *sample, const char *source, const char *wanted)
{
    static char lines[64][LINE_BYTES];
    char found[64 * LINE_BYTES] = "";
    int at = 0;
    firn_query *query;
    firn_query_cursor *cursor;
    firn_query_match match;
    firn_error error = {0};
    size_t count = 0;

    if (firn_query_create(sample->family, source, strlen(source), NULL, &query, &error) != FIRN_OK)
        fail_msg("%s: %s", source, error.text);
    assert_int_equal(firn_query_cursor_create(query, NULL, &cursor), FIRN_OK);
    assert_int_equal(firn_query_cursor_next(cursor, &match), FIRN_END_OF_DATA);
    firn_query_cursor_begin(cursor, sample->nodes, text);
    (void)!firn_query_cursor_next(cursor, &match); /* what was begun may be begun anew */
    firn_query_cursor_begin(cursor, sample->nodes, text);
    while (firn_query_cursor_next(cursor, &match) == FIRN_OK) {
        assert_true(count < 64);
        print_match(sample, query, &match, lines[count++]);
    }
    assert_int_equal(firn_query_cursor_next(cursor, &match), FIRN_END_OF_DATA);
    qsort(lines, count, LINE_BYTES, compare_lines);
    for (size_t i = 0; i < count; i++)
        at += snprintf(found + at, sizeof found - (size_t)at, "%s%s", i > 0 ? "|" : "", lines[i]);
    firn_query_cursor_destroy(cursor);
    firn_query_destroy(query);
    if (strcmp(found, wanted) != 0)
        fail_msg("%s: %s instead of %s", source, found, wanted);
}

static void every_construct_matches_what_it_says(void **state)
{
    const struct sample *sample = *state;
    static const struct {
        const char *source, *matches;
    } cases[] = {
        {"(call)", "0|0"},
        {"(call) @c", "0 c=f(a, b)|0 c=g()"},
        {"(call function: (name) @f)", "0 f=f|0 f=g"},
        {"(call (name) @f)", "0 f=f|0 f=g"},
        {"(call !arguments) @c", ""},
        {"(name !function) @n", "0 n=a|0 n=b|0 n=f|0 n=g|0 n=x|0 n=y"},
        {"(source (call) @a (call) @b)", "0 a=f(a, b) b=g()"},
        {"(list (name) @a)", "0 a=a|0 a=b"},
        {"(list . (name) @first)", "0 first=a"},
        {"(list (name) @last .)", "0 last=b"},
        {"(list (name) @a . (name) @b)", "0 a=a b=b"},
        {"(list \"(\" . \")\") @l", "0 l=()"},
        {"(list \"(\" @o)", "0 o=(|0 o=("},
        {"(list (name)* @n)", "0|0 n=a"}, /* the comma ends it */
        {"(list (name)+ @n)", "0 n=a"},
        {"(ERROR (name)+ @n)", "0 n=x n=y"},
        {"(list (name)? @n) @l", "0 l=()|0 l=(a, b) n=a|0 l=(a, b) n=b"},
        {"[(number) (list)] @x", "0 x=|0 x=()|0 x=(a, b)"},
        {"(list [\"(\" \",\"] @x)", "0 x=(|0 x=(|0 x=,"},
        {"((call) @a . \";\" @s)", "0 a=f(a, b) s=;|0 a=g() s=;"},
        {"(list _ @x)", "0 x=(|0 x=(|0 x=)|0 x=)|0 x=,|0 x=a|0 x=b"},
        {"(list (_) @x)", "0 x=a|0 x=b"},
        {"(_ (list) @l) @p", "0 p=f(a, b) l=(a, b)|0 p=g() l=()"},
        {"(ERROR (name) @n)", "0 n=x|0 n=y"},
        {"(MISSING) @m", "0 m="},
        {"(MISSING number) @m", "0 m="},
        {"(MISSING name) @m", ""},
        {"(call) @a (list) @b", "0 a=f(a, b)|0 a=g()|1 b=()|1 b=(a, b)"},
        {"; a comment\n(number) ; another\n @n", "0 n="},
        {"((name) @n (#eq? @n \"x\"))", "0 n=x"},
        {"((name) @n (#not-eq? @n \"x\"))", "0 n=a|0 n=b|0 n=f|0 n=g|0 n=y"},
        {"((name) @n (#match? @n \"^[a-f]$\"))", "0 n=a|0 n=b|0 n=f"},
        {"((name) @n (#not-match? @n \"[abxy]\"))", "0 n=f|0 n=g"},
        {"((name) @n (#any-of? @n \"g\" \"y\" z))", "0 n=g|0 n=y"},
        {"((name) @n (#not-any-of? @n \"g\" \"y\" \"a\" \"b\" \"f\"))", "0 n=x"},
        {"((ERROR (name)+ @n) (#eq? @n \"x\"))", ""},
        {"((ERROR (name)+ @n) (#any-eq? @n \"x\"))", "0 n=x n=y"},
        {"((ERROR (name)+ @n) (#any-eq? @n \"z\"))", ""},
        {"((ERROR (name)+ @n) (#any-not-eq? @n \"x\"))", "0 n=x n=y"},
        {"((list (name) @a (name) @b) (#eq? @a @b))", ""},
        {"((list (name) @a (name) @b) (#not-eq? @a @b))", "0 a=a b=b"},
        {"((name) @n (#set! kind \"x\") (#eq? @n \"x\"))", "0 n=x"},
        {"((name) @n (#match? @n \"\\\\w\"))", "0 n=a|0 n=b|0 n=f|0 n=g|0 n=x|0 n=y"},
        {"", ""},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        expect(sample, cases[i].source, cases[i].matches);
}

static void bad_sources_are_told_with_their_place(void **state)
{
    const struct sample *sample = *state;
    static const struct {
        const char *source;
        firn_status status;
        unsigned offset;
    } cases[] = {
        {"(nothing)", FIRN_NOT_FOUND, 1},
        {"(call nowhere: (name))", FIRN_NOT_FOUND, 6},
        {"(call !nowhere)", FIRN_NOT_FOUND, 7},
        {"(list \"?\")", FIRN_NOT_FOUND, 7},
        {"(call", FIRN_INVALID, 5},
        {"call", FIRN_INVALID, 0},
        {")", FIRN_INVALID, 0},
        {"(call]", FIRN_INVALID, 5},
        {"[]", FIRN_INVALID, 1},
        {"[(call)", FIRN_INVALID, 7},
        {"(call .)", FIRN_INVALID, 8},
        {"(list \"(", FIRN_INVALID, 6},
        {"(list \"(\n\")", FIRN_INVALID, 6},
        {"(call) @", FIRN_INVALID, 8},
        {"(call) @a @b @c @d", FIRN_LIMIT, 17},
        {"((call) @c (#eq? @d \"x\"))", FIRN_INVALID, 17},
        {"((call) @c (#eq? @c))", FIRN_INVALID, 13},
        {"((call) @c (#match? @c \"(\"))", FIRN_INVALID, 23},
        {"((call) @c (#is? @c \"x\"))", FIRN_UNSUPPORTED, 13},
        {"(#eq? \"a\" \"b\")", FIRN_INVALID, 2},
        {"(call)\n (\xff)", FIRN_INVALID, 9},
        {"(MISSING nothing)", FIRN_NOT_FOUND, 9},
        {"(call/name)", FIRN_INVALID, 5},
        {"(call function:)", FIRN_INVALID, 15},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        firn_query *query = NULL;
        firn_error error = {0};
        firn_status status = firn_query_create(sample->family, cases[i].source,
                                               strlen(cases[i].source), NULL, &query, &error);
        if (status != cases[i].status || error.offset != cases[i].offset)
            fail_msg("%s: %s at %u: %s", cases[i].source, firn_status_name(status),
                     (unsigned)error.offset, error.text);
        assert_int_equal(error.status, status);
        assert_true(error.line >= 1);
        assert_null(query);
    }
    firn_query *query;
    assert_int_equal(firn_query_create(sample->family, "(", 1, NULL, &query, NULL), FIRN_INVALID);
}

/* text:  f(a, b); g(); x y
 * tree:  source
 *          function: name "f" (a thing; what follows has the field by the same rule)
 *          function: name "a" (a thing of things)
 *          name "b" (extra; its list's field, and the list's last named one)
 *          number "g" */
static void make_placed(struct sample *sample)
{
    const unsigned thing = 1u << FIRN_NODE_GROUPS_SHIFT;
    const unsigned things = (2u << 4 | 1u) << FIRN_NODE_GROUPS_SHIFT;
    const unsigned in_list = FIRN_NODE_EXTRA | FIRN_NODE_OUTER_FIELD | FIRN_NODE_LAST;
    static const char *const names[] = {"source", "call", "name"};

    assert_int_equal(firn_family_create(NULL, &sample->family), FIRN_OK);
    for (unsigned i = 0; i < 3; i++)
        assert_int_equal(firn_family_name_label(sample->family, (firn_label)i, names[i], true),
                         FIRN_OK);
    assert_int_equal(firn_family_name_label(sample->family, NUMBER, "number", true), FIRN_OK);
    assert_int_equal(firn_family_name_field(sample->family, FUNCTION, "function"), FIRN_OK);
    assert_int_equal(firn_family_name_group(sample->family, 1, "thing"), FIRN_OK);
    assert_int_equal(firn_family_name_group(sample->family, 2, "things"), FIRN_OK);
    assert_int_equal(firn_builder_create(sample->family, NULL, &sample->builder), FIRN_OK);
    firn_builder *b = sample->builder;
    assert_int_equal(firn_builder_begin(b, text, sizeof text - 1), FIRN_OK);
    enter(b, SOURCE, 0, 0, 0, 17);
    enter(b, NAME, FUNCTION, thing | FIRN_NODE_FIELD_ENDS, 0, 1);
    leave(b);
    enter(b, NAME, FUNCTION, things, 2, 3);
    leave(b);
    enter(b, NAME, FUNCTION, in_list, 5, 6);
    leave(b);
    leaf(b, NUMBER, 0, 9, 10);
    leave(b);
    sample->nodes = firn_builder_nodes(b);
    assert_non_null(sample->nodes);
}

static void places_tell_groups_fields_and_ends_of_lists(void **state)
{
    static const struct {
        const char *source;
        const char *matches;
    } cases[] = {
        {"(thing) @n", "0 n=a|0 n=f"},
        {"(things) @n", "0 n=a"},
        {"(thing/name) @n", "0 n=a|0 n=f"},
        {"(thing / number) @n", NULL},
        {"(thing/number) @n", ""},
        {"(thing/nothing) @n", NULL},
        {"(thing/) @n", NULL},
        {"(source (things) @n)", "0 n=a"},
        {"(source . (things) @n)", ""},
        {"(source function: (name) @n)", "0 n=f"},
        {"function: (name) @n", "0 n=a|0 n=b|0 n=f"},
        {"(source (name) @n .)", "0 n=b"},
        {"(source (number) @n .)", "0 n=g"},
    };
    struct sample sample;
    (void)state;

    make_placed(&sample);
    assert_int_equal(firn_edge_field(sample.family, sample.nodes->node[1].edge), FUNCTION);
    assert_int_equal(firn_edge_field(sample.family, sample.nodes->node[3].edge), 0);
    assert_int_equal(firn_node_flags(&sample.nodes->node[3]), FIRN_NODE_EXTRA);
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        firn_query *query;
        if (cases[i].matches != NULL)
            expect(&sample, cases[i].source, cases[i].matches);
        else
            assert_int_not_equal(firn_query_create(sample.family, cases[i].source,
                                                   strlen(cases[i].source), NULL, &query, NULL),
                                 FIRN_OK);
    }
    firn_builder_destroy(sample.builder);
    firn_family_destroy(sample.family);
}

static void nesting_is_bounded(void **state)
{
    const struct sample *sample = *state;
    enum { DEEP = 100000 };
    char *source = malloc(DEEP);
    firn_query *query;
    firn_error error;
    memset(source, '[', DEEP);
    assert_int_equal(firn_query_create(sample->family, source, DEEP, NULL, &query, &error),
                     FIRN_LIMIT);
    memset(source, '(', DEEP);
    assert_int_equal(firn_query_create(sample->family, source, DEEP, NULL, &query, &error),
                     FIRN_LIMIT);
    free(source);
}

static void quantifiers_of_quantifiers_end(void **state)
{
    const struct sample *sample = *state;
    expect(sample, "(ERROR (name)?+ @n)", "0 n=x n=y");
    expect(sample, "(ERROR (name)*+?* @n)", "0 n=x n=y");
    expect(sample, "(ERROR ((name)? @n)*)", "0 n=x n=y");
    expect(sample, "(ERROR ((name)?+ @n)?+)", "0 n=x n=y");
}

static void comparisons_are_bounded(void **state)
{
    const struct sample *sample = *state;
    static const char source[] = "(list _* @a _* @b _* @c) @d";
    firn_query *query;
    firn_query_cursor *cursor;
    firn_query_match match;
    firn_status status = FIRN_OK;
    assert_int_equal(
        firn_query_create(sample->family, source, sizeof source - 1, NULL, &query, NULL), FIRN_OK);
    firn_query_cursor_options options = {.reserved = {0, 1}};
    assert_int_equal(firn_query_cursor_create(query, &options, &cursor), FIRN_INVALID);
    options = (firn_query_cursor_options){.comparison_limit = 20};
    assert_int_equal(firn_query_cursor_create(query, &options, &cursor), FIRN_OK);
    firn_query_cursor_begin(cursor, sample->nodes, text);
    while (status == FIRN_OK)
        status = firn_query_cursor_next(cursor, &match);
    assert_int_equal(status, FIRN_LIMIT);
    assert_int_equal(firn_query_cursor_next(cursor, &match), FIRN_LIMIT);
    firn_query_cursor_destroy(cursor);
    firn_query_destroy(query);
}

static void trees_without_a_needed_label_are_told(void **state)
{
    const struct sample *sample = *state;
    static const struct {
        const char *source;
        firn_label absent;
        bool may;
    } cases[] = {
        {"(call (list))", LIST, false},
        {"(call (list)?)", LIST, true},
        {"[(call) (list)]", LIST, true},
        {"(call [(list) (list)])", LIST, false},
        {"(call (list)*)", LIST, true},
        {"(call (list)+)", LIST, false},
        {"(call) (list)", LIST, true},
        {"(_ (_))", LIST, true},
        {"(call \"(\" (list)? \")\")", CLOSE, false},
        {"(MISSING list)", LIST, false},
        {"(ERROR)", ERROR_LABEL, false},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        uint8_t labels[(LABELS + 7) / 8];
        firn_query *query;
        firn_query_cursor *cursor;
        memset(labels, 0xff, sizeof labels);
        labels[cases[i].absent / 8] &= (uint8_t) ~(1u << cases[i].absent % 8);
        assert_int_equal(firn_query_create(sample->family, cases[i].source, strlen(cases[i].source),
                                           NULL, &query, NULL),
                         FIRN_OK);
        assert_int_equal(firn_query_cursor_create(query, NULL, &cursor), FIRN_OK);
        if (firn_query_cursor_may_match(cursor, labels, sizeof labels) != cases[i].may)
            fail_msg("%s", cases[i].source);
        assert_int_equal(firn_query_cursor_may_match(cursor, NULL, 0),
                         strcmp(cases[i].source, "(_ (_))") == 0);
        firn_query_cursor_destroy(cursor);
        firn_query_destroy(query);
    }
}

static void counts_and_names(void **state)
{
    const struct sample *sample = *state;
    static const char source[] = "(call (name) @one) (list (name) @two.three (name) @one)";
    firn_query *query;
    assert_int_equal(
        firn_query_create(sample->family, source, sizeof source - 1, NULL, &query, NULL), FIRN_OK);
    assert_int_equal(firn_query_pattern_count(query), 2);
    assert_int_equal(firn_query_capture_count(query), 2);
    assert_string_equal(firn_query_capture_name(query, 0), "one");
    assert_string_equal(firn_query_capture_name(query, 1), "two.three");
    firn_query_destroy(query);
    firn_query_destroy(NULL);
    firn_query_cursor_destroy(NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_construct_matches_what_it_says),
        cmocka_unit_test(bad_sources_are_told_with_their_place),
        cmocka_unit_test(places_tell_groups_fields_and_ends_of_lists),
        cmocka_unit_test(nesting_is_bounded),
        cmocka_unit_test(quantifiers_of_quantifiers_end),
        cmocka_unit_test(comparisons_are_bounded),
        cmocka_unit_test(trees_without_a_needed_label_are_told),
        cmocka_unit_test(counts_and_names),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
