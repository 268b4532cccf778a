/* Parsing within bounds: what is refused, with what reason, and that the parser goes on. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "support/code_tree.h"
#include "support/failing.h"

static struct parser *make_parser(const firn_allocator *allocator, size_t limit_bytes)
{
    struct parser *parser;
    struct parser_options options = {.allocator = allocator, .limit_bytes = limit_bytes};
    assert_int_equal(parser_create(&options, &parser), FIRN_OK);
    return parser;
}

static firn_status parse(struct parser *parser, const char *language, const char *text,
                         firn_error *ret_error)
{
    return parser_parse(parser, language_by_name(language), text, strlen(text), ret_error);
}

/* size bytes of unit again and again. */
static char *repeat(const char *unit, size_t size)
{
    char *text = malloc(size + 1);
    for (size_t i = 0; i < size; i++)
        text[i] = unit[i % strlen(unit)];
    text[size] = '\0';
    return text;
}

static void any_text_gives_a_tree(void **state)
{
    (void)state;
    struct parser *parser = make_parser(NULL, 0);
    for (unsigned i = 0; i < language_count(); i++) {
        assert_int_equal(parser_parse(parser, language_at(i), "", 0, NULL), FIRN_OK);
        assert_int_equal(parser_parse(parser, language_at(i), "\0\xff\xfe\0(", 5, NULL), FIRN_OK);
        assert_true(parser_tree_bytes(parser) > 0);
        assert_true(parser_peak_bytes(parser) >= parser_tree_bytes(parser));
    }
    parser_destroy(parser);
}

/* The Bash scanner looked such characters up in a table of 256. */
static void bash_takes_any_character_behind_a_brace(void **state)
{
    (void)state;
    struct parser *parser = make_parser(NULL, 0);
    assert_int_equal(parse(parser, "bash", "echo {\xf4\x8f\xbf\xbf} {1..\xf0\x9f\x98\x80}\n", NULL),
                     FIRN_OK);
    parser_destroy(parser);
}

/* The Bash scanner's state: heredocs whose delimiters fill the core's buffer to the last byte. */
static void bash_heredocs_never_overrun_their_state(void **state)
{
    (void)state;
    struct parser *parser = make_parser(NULL, 0);
    for (size_t size = 1000; size < 1030; size++) {
        char text[2200] = "cat <<";
        memset(text + 6, 'E', size);
        memcpy(text + 6 + size, "\na $b\n", 7);
        memset(text + 13 + size, 'E', size);
        assert_int_equal(parse(parser, "bash", text, NULL), FIRN_OK);
    }
    parser_destroy(parser);
}

static void a_file_above_the_bound_is_refused_with_a_reason(void **state)
{
    (void)state;
    struct parser *parser = make_parser(NULL, 2 << 20);
    char *large = repeat("int a[] = {1, 2};\n", 1 << 20);
    firn_error error;

    assert_int_equal(parse(parser, "c", large, &error), FIRN_LIMIT);
    assert_string_equal(error.text, "its syntax tree needs more than 2 MiB to parse");
    assert_int_equal(parser_feed(parser, NULL, &error), FIRN_INVALID);
    assert_int_equal(parse(parser, "c", "int a;", &error), FIRN_OK);
    assert_true(parser_peak_bytes(parser) <= 2 << 20);
    free(large);
    parser_destroy(parser);
}

/* Error recovery takes quadratic time on this; without the bound it would take minutes. */
static void a_file_that_takes_too_long_is_refused_with_a_reason(void **state)
{
    (void)state;
    struct parser *parser;
    struct parser_options options = {.limit_seconds = 1};
    char *text = repeat("`${", 300000);
    firn_error error;

    assert_int_equal(parser_create(&options, &parser), FIRN_OK);
    assert_int_equal(parse(parser, "json", text, &error), FIRN_LIMIT);
    assert_string_equal(error.text, "it takes more than 1 seconds to parse");
    assert_int_equal(parse(parser, "json", "[1]", &error), FIRN_OK);
    free(text);
    parser_destroy(parser);
}

/* Whether a file passes must not depend on what was parsed before it. */
static void the_bound_counts_one_file_alone(void **state)
{
    (void)state;
    struct parser *parser = make_parser(NULL, 4 << 20);
    char *text = repeat("f(x);\n", 30000);
    size_t peak = 0;

    for (int i = 0; i < 5; i++) {
        assert_int_equal(parse(parser, "c", text, NULL), FIRN_OK);
        assert_true(i == 0 || parser_peak_bytes(parser) == peak);
        peak = parser_peak_bytes(parser);
    }
    free(text);
    parser_destroy(parser);
}

static void deep_nesting_stays_within_bounds(void **state)
{
    (void)state;
    struct parser *parser = make_parser(NULL, 0);
    char *text = repeat("(", 100000);
    memset(text + 50000, ')', 50000);
    for (unsigned i = 0; i < language_count(); i++) {
        firn_error error;
        firn_status status = parser_parse(parser, language_at(i), text, 100000, &error);
        assert_true(status == FIRN_OK || status == FIRN_LIMIT);
    }
    free(text);
    parser_destroy(parser);
}

static void every_failing_allocation_is_an_error_without_a_leak(void **state)
{
    (void)state;
    char *text = repeat("static int f(int a) { return a + 1; }\n", 40000);
    for (size_t fail_at = 1;; fail_at++) {
        failing memory;
        struct parser *parser;
        failing_init(&memory, fail_at);
        struct parser_options options = {.allocator = &memory.allocator};
        firn_status status = parser_create(&options, &parser);
        if (status == FIRN_OK) {
            firn_error error;
            status = parse(parser, "c", text, &error);
            if (status != FIRN_OK) {
                assert_string_equal(error.text, firn_status_text(FIRN_NO_MEMORY));
                assert_int_equal(parse(parser, "python", "a = 1", NULL), FIRN_OK);
            }
            parser_destroy(parser);
        }
        failing_check(&memory);
        if (status == FIRN_OK)
            break;
        assert_int_equal(status, FIRN_NO_MEMORY);
    }
    free(text);
}

/* A builder that fails ends the feed, and the parser goes on. */
static void a_failing_builder_ends_the_feed(void **state)
{
    (void)state;
    struct parser *parser = make_parser(NULL, 0);
    char *text = repeat("f(x);\n", 6000);
    for (size_t fail_at = 1;; fail_at++) {
        failing memory;
        firn_family *family;
        firn_builder *builder;
        failing_init(&memory, 0);
        firn_family_options options = {.allocator = &memory.allocator};
        assert_int_equal(firn_family_create(&options, &family), FIRN_OK);
        assert_int_equal(language_name_family(language_by_name("c"), family), FIRN_OK);
        assert_int_equal(firn_builder_create(family, &memory.allocator, &builder), FIRN_OK);
        assert_int_equal(parse(parser, "c", text, NULL), FIRN_OK);
        memory.fail_at = memory.calls + fail_at;
        firn_status status = parser_feed(parser, builder, NULL);
        firn_builder_destroy(builder);
        firn_family_destroy(family);
        failing_check(&memory);
        if (status == FIRN_OK)
            break;
        assert_int_equal(status, FIRN_NO_MEMORY);
    }
    free(text);
    parser_destroy(parser);
}

static void a_tree_can_be_fed_twice_and_dropped(void **state)
{
    (void)state;
    const char *text = "int a, b;";
    struct code_tree tree;
    assert_int_equal(code_tree_init(&tree, "c", text, strlen(text)), FIRN_OK);
    uint32_t count = tree.nodes->count;
    assert_int_equal(parser_feed(tree.parser, tree.builder, NULL), FIRN_OK);
    assert_int_equal(firn_builder_nodes(tree.builder)->count, count);
    parser_reset(tree.parser);
    assert_int_equal(parser_feed(tree.parser, tree.builder, NULL), FIRN_INVALID);
    code_tree_fini(&tree);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(any_text_gives_a_tree),
        cmocka_unit_test(bash_takes_any_character_behind_a_brace),
        cmocka_unit_test(bash_heredocs_never_overrun_their_state),
        cmocka_unit_test(a_file_above_the_bound_is_refused_with_a_reason),
        cmocka_unit_test(a_file_that_takes_too_long_is_refused_with_a_reason),
        cmocka_unit_test(the_bound_counts_one_file_alone),
        cmocka_unit_test(deep_nesting_stays_within_bounds),
        cmocka_unit_test(every_failing_allocation_is_an_error_without_a_leak),
        cmocka_unit_test(a_failing_builder_ends_the_feed),
        cmocka_unit_test(a_tree_can_be_fed_twice_and_dropped),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
