/* Patterns mean what they mean in .gitignore. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdlib.h>
#include <string.h>

#include "code/exclude.h"
#include "support/failing.h"

/* Whether the patterns, one a line, leave out path; one that ends in a slash is a folder. */
static bool excluded(const char *patterns, const char *path)
{
    struct exclude exclude;
    char *lines = strdup(patterns), *rest = lines, *line;
    char *name = strdup(path);
    bool is_folder = name[strlen(name) - 1] == '/';

    if (is_folder)
        name[strlen(name) - 1] = '\0';
    exclude_init(&exclude, NULL);
    while ((line = strsep(&rest, "\n")) != NULL)
        assert_int_equal(exclude_add(&exclude, line), FIRN_OK);
    bool result = exclude_decide(&exclude, name, is_folder) == EXCLUDE_OUT;
    exclude_fini(&exclude);
    free(name);
    free(lines);
    return result;
}

static void a_bare_name_matches_at_any_depth(void **state)
{
    (void)state;
    assert_true(excluded("node_modules", "node_modules/"));
    assert_true(excluded("node_modules", "a/b/node_modules/"));
    assert_true(excluded("*.o", "a/b/c.o"));
    assert_false(excluded("*.o", "a/b/c.out"));
    assert_false(excluded("b", "a/b/c"));
}

static void a_slash_ties_to_the_root(void **state)
{
    (void)state;
    assert_true(excluded("/build", "build/"));
    assert_false(excluded("/build", "a/build/"));
    assert_true(excluded("a/b", "a/b"));
    assert_false(excluded("a/b", "x/a/b"));
    assert_true(excluded("/*.c", "a.c"));
    assert_false(excluded("/*.c", "a/a.c"));
}

static void a_slash_at_the_end_matches_folders_only(void **state)
{
    (void)state;
    assert_true(excluded("out/", "out/"));
    assert_true(excluded("out/", "a/out/"));
    assert_false(excluded("out/", "out"));
}

static void stars_stay_within_a_name(void **state)
{
    (void)state;
    assert_true(excluded("a/*/c", "a/b/c"));
    assert_false(excluded("a/*/c", "a/b/b/c"));
    assert_false(excluded("a/*", "a/b/c"));
    assert_true(excluded("a*b*c", "aXbYbZc"));
    assert_true(excluded("x/a*b*c/d", "x/aabbcc/d"));
    assert_false(excluded("a?c", "a/c"));
    assert_true(excluded("a?c", "abc"));
    assert_true(excluded("*", "anything"));
}

static void double_stars_cross_folders(void **state)
{
    (void)state;
    assert_true(excluded("**/test", "test/"));
    assert_true(excluded("**/test", "a/b/test"));
    assert_true(excluded("a/**", "a/b/c"));
    assert_false(excluded("a/**", "a"));
    assert_true(excluded("a/**/z", "a/z"));
    assert_true(excluded("out**/.c", "out.c")); /* so git */
    assert_true(excluded("out**/.c", "outer/a/.c"));
    assert_false(excluded("[o]ut**/.c", "out.c"));
    assert_true(excluded("a/**/z", "a/b/c/z"));
    assert_false(excluded("a/**/z", "a/b/c/zz"));
    assert_true(excluded("a/**/b*/**/z", "a/x/bx/y/z"));
    assert_true(excluded("a/**/b/c*d", "a/b/b/cXd"));
    assert_false(excluded("a**b/c", "a/x/b/c"));
    assert_true(excluded("a**b/c", "axxb/c"));
}

static void classes_match_one_byte(void **state)
{
    (void)state;
    assert_true(excluded("[a-c]x", "bx"));
    assert_false(excluded("[a-c]x", "dx"));
    assert_true(excluded("[!a-c]x", "dx"));
    assert_true(excluded("[^a-c]x", "dx"));
    assert_true(excluded("[]]x", "]x"));
    assert_true(excluded("[a-]x", "-x"));
    assert_true(excluded("[\\]]x", "]x"));
    assert_false(excluded("a[!b]c", "a/c"));
    assert_false(excluded("[x", "[x"));
    assert_true(excluded("[[:digit:]_]x", "4x"));
    assert_true(excluded("[[:digit:]_]x", "_x"));
    assert_false(excluded("[[:digit:]_]x", "ax"));
    assert_false(excluded("[[:none:]]x", "nx"));
    assert_true(excluded("[\x80-\xff]", "\xc3"));
}

static void backslashes_quote(void **state)
{
    (void)state;
    assert_true(excluded("\\*", "*"));
    assert_false(excluded("\\*", "a"));
    assert_true(excluded("\\!a", "!a"));
    assert_true(excluded("\\[a]", "[a]"));
    assert_false(excluded("a\\", "a\\"));
}

static void the_last_pattern_that_matches_decides(void **state)
{
    (void)state;
    assert_false(excluded("*.c\n!keep.c", "keep.c"));
    assert_true(excluded("*.c\n!keep.c", "other.c"));
    assert_true(excluded("!keep.c\n*.c", "keep.c"));
    assert_false(excluded("a\n!a", "a"));
}

static void names_may_have_any_bytes(void **state)
{
    (void)state;
    assert_true(excluded("a*z", "a\nz"));
    assert_true(excluded("\xff*", "\xff\x01"));
    assert_false(excluded("*.o", "a.o\n"));
}

static void patterns_of_nothing_are_refused(void **state)
{
    (void)state;
    struct exclude exclude;
    char *large = malloc(5000);

    memset(large, 'a', 4999);
    large[4999] = '\0';
    exclude_init(&exclude, NULL);
    assert_int_equal(exclude_add(&exclude, ""), FIRN_INVALID);
    assert_int_equal(exclude_add(&exclude, "/"), FIRN_INVALID);
    assert_int_equal(exclude_add(&exclude, "!"), FIRN_INVALID);
    assert_int_equal(exclude_add(&exclude, "!/"), FIRN_INVALID);
    assert_int_equal(exclude_add(&exclude, large), FIRN_LIMIT);
    assert_int_equal(exclude_decide(&exclude, "a", false), EXCLUDE_NOTHING);
    exclude_fini(&exclude);
    free(large);
}

/* The worst that backtracking to every star would take 2^40 steps for. */
static void many_stars_take_no_exponential_time(void **state)
{
    (void)state;
    char pattern[4000], path[4000];
    for (size_t i = 0; i < 3900; i += 2)
        memcpy(pattern + i, "*a", 3);
    memset(path, 'a', 3000);
    memcpy(path + 3000, "b", 2);
    assert_false(excluded(pattern, path));
    for (size_t i = 0; i < 3900; i += 6)
        memcpy(pattern + i, "**/*a/", 7);
    for (size_t i = 0; i < 3000; i += 2)
        memcpy(path + i, "a/", 3);
    memcpy(path + 3000, "b", 2);
    assert_false(excluded(pattern, path));
}

static void every_failing_allocation_leaves_a_usable_list(void **state)
{
    (void)state;
    for (size_t fail_at = 1; fail_at < 20; fail_at++) {
        failing memory;
        struct exclude exclude;
        failing_init(&memory, fail_at);
        exclude_init(&exclude, &memory.allocator);
        for (int i = 0; i < 9; i++) {
            firn_status status = exclude_add(&exclude, "*.o");
            assert_true(status == FIRN_OK || status == FIRN_NO_MEMORY);
        }
        assert_int_equal(exclude_decide(&exclude, "a.o", false), EXCLUDE_OUT);
        exclude_fini(&exclude);
        failing_check(&memory);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_bare_name_matches_at_any_depth),
        cmocka_unit_test(a_slash_ties_to_the_root),
        cmocka_unit_test(a_slash_at_the_end_matches_folders_only),
        cmocka_unit_test(stars_stay_within_a_name),
        cmocka_unit_test(double_stars_cross_folders),
        cmocka_unit_test(classes_match_one_byte),
        cmocka_unit_test(backslashes_quote),
        cmocka_unit_test(the_last_pattern_that_matches_decides),
        cmocka_unit_test(names_may_have_any_bytes),
        cmocka_unit_test(patterns_of_nothing_are_refused),
        cmocka_unit_test(many_stars_take_no_exponential_time),
        cmocka_unit_test(every_failing_allocation_leaves_a_usable_list),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
