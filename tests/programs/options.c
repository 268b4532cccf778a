/* The command line's parser: what it accepts, what it refuses, and what the commands read. */
#include "common/options.h"

#include <limits.h>
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

static enum exit_status run_nothing(const struct invocation *invocation)
{
    (void)invocation;
    return EXIT_DONE;
}

static const struct option options[] = {
    {"store", 's', OPTION_TEXT, "STORE", NULL, true, "the store"},
    {"ram", 0, OPTION_SIZE, "SIZE", "50M", false, "memory to use"},
    {"jobs", 0, OPTION_NUMBER, "N", "one a processor", false, "threads"},
    {"exclude", 'x', OPTION_TEXT, "PATTERN", NULL, false, "what to leave out"},
    {"format", 'f', OPTION_CHOICE, "tree|lines", "tree", false, "how it looks"},
    {"verbose", 'v', OPTION_FLAG, NULL, NULL, false, "more"},
    {NULL, 0, OPTION_FLAG, NULL, NULL, false, NULL},
};
static const struct command command = {.name = "find",
                                       .usage = "NAME",
                                       .summary = "Finds",
                                       .options = options,
                                       .operands_min = 1,
                                       .operands_max = 2,
                                       .run = run_nothing};
static const struct command_group group = {"code", "Code", &command, 1};

/* Parses words, of which the last is NULL. */
static enum exit_status parse(const char *const *words, struct invocation *parsed, bool *help)
{
    int count = 0;
    while (words[count] != NULL)
        count++;
    return options_parse(&group, &command, count, (char **)(uintptr_t)words, parsed, help);
}

#define WORDS(...) ((const char *const[]){__VA_ARGS__, NULL})

static void options_and_operands_come_in_any_order(void **state)
{
    (void)state;
    struct invocation parsed;
    bool help = true;
    assert_int_equal(
        parse(WORDS("one", "--store", "S", "-", "--ram=1G", "-vf", "lines"), &parsed, &help),
        EXIT_DONE);
    assert_false(help);
    assert_int_equal(parsed.operand_count, 2);
    assert_string_equal(parsed.operands[0], "one");
    assert_string_equal(parsed.operands[1], "-");
    assert_string_equal(option_text(&parsed, "store"), "S");
    assert_int_equal(option_number(&parsed, "ram"), 1u << 30);
    assert_string_equal(option_text(&parsed, "format"), "lines");
    assert_true(option_flag(&parsed, "verbose"));
    assert_false(parsed.json);
    options_release(&parsed);
}

static void what_follows_two_dashes_is_no_option(void **state)
{
    (void)state;
    struct invocation parsed;
    bool help;
    assert_int_equal(parse(WORDS("-sS", "--", "--json", "--"), &parsed, &help), EXIT_DONE);
    assert_int_equal(parsed.operand_count, 2);
    assert_string_equal(parsed.operands[0], "--json");
    assert_string_equal(parsed.operands[1], "--");
    assert_false(parsed.json);
    options_release(&parsed);
}

static void options_end_where_another_program_begins(void **state)
{
    (void)state;
    const char *words[] = {"-sS", "--json", "ls", "--json", "-v", "--", "-x", NULL};
    struct command launching = command;
    launching.launches = true;
    launching.operands_max = UINT_MAX;
    for (int dashes = 0; dashes < 2; dashes++) {
        struct invocation parsed;
        bool help;
        assert_int_equal(
            options_parse(&group, &launching, 7, (char **)(uintptr_t)words, &parsed, &help),
            EXIT_DONE);
        assert_true(parsed.json || dashes == 1);
        assert_false(option_flag(&parsed, "verbose"));
        assert_int_equal(parsed.operand_count, 5);
        for (unsigned i = 0; i < 6; i++)
            assert_ptr_equal(parsed.operands[i], words[i + 2]); /* NULL at the end: for exec */
        options_release(&parsed);
        words[1] = "--";
    }
}

static void a_group_may_be_a_command(void **state)
{
    (void)state;
    char title[COMMAND_TITLE_BYTES];
    struct command nameless = command;
    nameless.name = NULL;
    const struct command_group alone = {"run", "Runs", &nameless, 1};
    assert_true(group_is_command(&alone));
    assert_false(group_is_command(&group));
    assert_string_equal(command_title(&alone, &nameless, title), "run");
    assert_string_equal(command_title(&group, &command, title), "code find");
}

static void options_that_are_not_given_have_their_fallback(void **state)
{
    (void)state;
    struct invocation parsed;
    bool help;
    assert_int_equal(parse(WORDS("-sS", "name"), &parsed, &help), EXIT_DONE);
    assert_int_equal(option_number(&parsed, "ram"), 50u << 20);
    assert_int_equal(option_number(&parsed, "jobs"), 0);
    assert_string_equal(option_text(&parsed, "format"), "tree");
    assert_null(option_text(&parsed, "exclude"));
    assert_null(option_nth(&parsed, "exclude", 0));
    options_release(&parsed);
}

static void an_option_given_again_wins_and_all_can_be_listed(void **state)
{
    (void)state;
    struct invocation parsed;
    bool help;
    assert_int_equal(
        parse(WORDS("-sS", "-xa", "name", "--exclude", "b", "-x", "c"), &parsed, &help), EXIT_DONE);
    assert_string_equal(option_text(&parsed, "exclude"), "c");
    assert_string_equal(option_nth(&parsed, "exclude", 0), "a");
    assert_string_equal(option_nth(&parsed, "exclude", 1), "b");
    assert_string_equal(option_nth(&parsed, "exclude", 2), "c");
    assert_null(option_nth(&parsed, "exclude", 3));
    options_release(&parsed);
}

static void wrong_usage_is_refused(void **state)
{
    (void)state;
    static const char *const wrong[][6] = {
        {"name"},                             /* --store is missing */
        {"-sS"},                              /* NAME is missing */
        {"-sS", "a", "b", "c"},               /* one too many */
        {"name", "--store"},                  /* no value */
        {"name", "-s"},                       /* no value */
        {"-sS", "name", "--none"},            /* no option */
        {"-sS", "name", "-n"},                /* no option */
        {"-sS", "name", "-vn"},               /* no option */
        {"-sS", "name", "--verbose=1"},       /* a value too many */
        {"-sS", "name", "--ram", "5Q"},       /* no size */
        {"-sS", "name", "--ram", "-5"},       /* no size */
        {"-sS", "name", "--ram=5MB"},         /* no size */
        {"-sS", "name", "--ram="},            /* no size */
        {"-sS", "name", "--jobs=2x"},         /* no number */
        {"-sS", "name", "--format", "line"},  /* none of the words */
        {"-sS", "name", "--format", ""},      /* none of the words */
        {"-sS", "name", "--color=sometimes"}, /* none of the words */
        {"-sS", "name", "--stor", "S"},       /* no abbreviations */
    };
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
        struct invocation parsed;
        bool help;
        assert_int_equal(parse(wrong[i], &parsed, &help), EXIT_USAGE);
    }
}

static void help_needs_nothing_else(void **state)
{
    (void)state;
    struct invocation parsed;
    bool help = false;
    assert_int_equal(parse(WORDS("-h"), &parsed, &help), EXIT_DONE);
    assert_true(help);
    options_release(&parsed);
}

static void sizes_are_powers_of_1024_and_do_not_overflow(void **state)
{
    (void)state;
    uint64_t bytes = 7;
    assert_true(size_parse("0", &bytes) && bytes == 0);
    assert_true(size_parse("4096", &bytes) && bytes == 4096);
    assert_true(size_parse("3K", &bytes) && bytes == 3072);
    assert_true(size_parse("50M", &bytes) && bytes == 50u << 20);
    assert_true(size_parse("2T", &bytes) && bytes == (uint64_t)2 << 40);
    assert_true(size_parse("18446744073709551615", &bytes) && bytes == UINT64_MAX);
    static const char *const wrong[] = {"",
                                        "K",
                                        "5k",
                                        "1.5M",
                                        "+1",
                                        " 1",
                                        "1 M",
                                        "1KK",
                                        "0x1",
                                        "18446744073709551616",
                                        "18014398509481984K",
                                        "16777216T"};
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++)
        assert_false(size_parse(wrong[i], &bytes));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(options_and_operands_come_in_any_order),
        cmocka_unit_test(what_follows_two_dashes_is_no_option),
        cmocka_unit_test(options_end_where_another_program_begins),
        cmocka_unit_test(a_group_may_be_a_command),
        cmocka_unit_test(options_that_are_not_given_have_their_fallback),
        cmocka_unit_test(an_option_given_again_wins_and_all_can_be_listed),
        cmocka_unit_test(wrong_usage_is_refused),
        cmocka_unit_test(help_needs_nothing_else),
        cmocka_unit_test(sizes_are_powers_of_1024_and_do_not_overflow),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
