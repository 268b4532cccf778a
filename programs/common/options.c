/* The command line's parser: options and operands in any order (but see `launches`), `--name
 * VALUE`, `--name=VALUE`,
 * `-n VALUE`, `-nVALUE`, flags in one word (`-qv`), and `--` before operands that begin with a
 * dash.
 *
 * Called by programs/firn.c; the tables come from the commands. What is wrong with a command line
 * is told in one line that names the option and where to look (EXIT_USAGE).
 *
 * Memory: one block an invocation, for at most as many values and operands as there are arguments.
 * An option's value is found by a scan over those given, of which there are a few. */
#include "common/options.h"

#include "common/report.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

const struct option common_options[] = {
    {"json", 0, OPTION_FLAG, NULL, NULL, false, "print one JSON document"},
    {"quiet", 'q', OPTION_FLAG, NULL, NULL, false, "no progress and no remarks on stderr"},
    {"color", 0, OPTION_CHOICE, "auto|always|never", "auto", false,
     "colours; auto: on a terminal, unless NO_COLOR is set"},
    {"help", 'h', OPTION_FLAG, NULL, NULL, false, "show this help"},
    {NULL, 0, OPTION_FLAG, NULL, NULL, false, NULL},
};

/* Where the parser stands. */
struct parser {
    struct invocation *parsed;
    char **next;
    char **end;
};

char *command_title(const struct command_group *group, const struct command *command,
                    char title[COMMAND_TITLE_BYTES])
{
    const bool has_name = command->name != NULL;
    snprintf(title, COMMAND_TITLE_BYTES, "%s%s%s", group->name, has_name ? " " : "",
             has_name ? command->name : "");
    return title;
}

static enum exit_status complain(const struct parser *parser, const char *word, const char *what)
{
    char title[COMMAND_TITLE_BYTES];
    const struct invocation *parsed = parser->parsed;
    return report_usage("%s %s; see `firn %s --help`", word, what,
                        command_title(parsed->group, parsed->command, title));
}

static enum exit_status complain_option(const struct parser *parser, const struct option *option,
                                        const char *what)
{
    char title[COMMAND_TITLE_BYTES];
    const struct invocation *parsed = parser->parsed;
    return report_usage("--%s %s; see `firn %s --help`", option->name, what,
                        command_title(parsed->group, parsed->command, title));
}

static enum exit_status complain_value(const struct parser *parser, const struct option *option,
                                       const char *text)
{
    char title[COMMAND_TITLE_BYTES];
    const struct invocation *parsed = parser->parsed;
    const char *wanted = option->kind == OPTION_SIZE     ? "a size such as 50M"
                         : option->kind == OPTION_NUMBER ? "a whole number"
                                                         : option->argument;
    return report_usage("--%s takes %s, not `%s`; see `firn %s --help`", option->name, wanted, text,
                        command_title(parsed->group, parsed->command, title));
}

static bool number_parse(const char *text, uint64_t *ret_number, const char **ret_rest)
{
    uint64_t number = 0;
    const char *next = text;
    for (; *next >= '0' && *next <= '9'; next++) {
        const unsigned digit = (unsigned)(*next - '0');
        if (number > (UINT64_MAX - digit) / 10)
            return false;
        number = number * 10 + digit;
    }
    if (next == text)
        return false;
    *ret_number = number;
    *ret_rest = next;
    return true;
}

bool size_parse(const char *text, uint64_t *ret_bytes)
{
    static const char units[] = "KMGT";
    uint64_t number = 0;
    const char *rest = NULL;
    if (!number_parse(text, &number, &rest))
        return false;
    unsigned shift = 0;
    if (*rest != '\0') {
        const char *unit = strchr(units, *rest);
        if (unit == NULL || rest[1] != '\0')
            return false;
        shift = 10 * (unsigned)(unit - units + 1);
    }
    if (number > UINT64_MAX >> shift)
        return false;
    *ret_bytes = number << shift;
    return true;
}

static bool choice_among(const char *words, const char *text)
{
    const size_t size = strlen(text);
    while (words != NULL) {
        const char *bar = strchr(words, '|');
        const size_t word = bar != NULL ? (size_t)(bar - words) : strlen(words);
        if (word == size && memcmp(words, text, size) == 0)
            return true;
        words = bar != NULL ? bar + 1 : NULL;
    }
    return false;
}

/* True when text is a value for option; *ret_number is set for numbers and sizes. */
static bool value_parse(const struct option *option, const char *text, uint64_t *ret_number)
{
    const char *rest = NULL;
    switch (option->kind) {
    case OPTION_FLAG:
    case OPTION_TEXT:
        return true;
    case OPTION_NUMBER:
        return number_parse(text, ret_number, &rest) && *rest == '\0';
    case OPTION_SIZE:
        return size_parse(text, ret_number);
    case OPTION_CHOICE:
        return choice_among(option->argument, text);
    }
    return false;
}

static const struct option *find_in(const struct option *table, const char *name, size_t size,
                                    char letter)
{
    for (; table->name != NULL; table++) {
        if (letter != 0 ? table->letter == letter
                        : strlen(table->name) == size && memcmp(table->name, name, size) == 0)
            return table;
    }
    return NULL;
}

/* By its long name, or by its letter when that is not 0. */
static const struct option *find_option(const struct command *command, const char *name,
                                        size_t size, char letter)
{
    const struct option *option = find_in(command->options, name, size, letter);
    return option != NULL ? option : find_in(common_options, name, size, letter);
}

/* text is the value where it stood in the option's own word, else NULL. */
static enum exit_status take_value(struct parser *parser, const struct option *option,
                                   const char *text)
{
    struct invocation *parsed = parser->parsed;
    uint64_t number = 0;
    if (text == NULL && option->kind != OPTION_FLAG) {
        if (parser->next == parser->end)
            return complain_option(parser, option, "needs a value");
        text = *parser->next++;
    }
    if (text != NULL && !value_parse(option, text, &number))
        return complain_value(parser, option, text);
    parsed->values[parsed->value_count++] = (struct option_value){option, text, number};
    return EXIT_DONE;
}

/* word begins with two dashes. */
static enum exit_status take_long(struct parser *parser, const char *word)
{
    const char *equals = strchr(word, '=');
    const size_t size = equals != NULL ? (size_t)(equals - word) : strlen(word);
    const struct option *option = find_option(parser->parsed->command, word + 2, size - 2, 0);
    if (option == NULL)
        return complain(parser, word, "is no option");
    if (option->kind == OPTION_FLAG && equals != NULL)
        return complain(parser, word, "gives a value to an option that takes none");
    return take_value(parser, option, equals != NULL ? equals + 1 : NULL);
}

/* word begins with one dash and is longer: flags, then at most one option with a value. */
static enum exit_status take_short(struct parser *parser, const char *word)
{
    for (const char *letter = word + 1; *letter != '\0'; letter++) {
        const struct option *option = find_option(parser->parsed->command, "", 0, *letter);
        if (option == NULL)
            return complain(parser, (const char[]){'-', *letter, '\0'}, "is no option");
        if (option->kind != OPTION_FLAG)
            return take_value(parser, option, letter[1] != '\0' ? letter + 1 : NULL);
        const enum exit_status status = take_value(parser, option, NULL);
        if (status != EXIT_DONE)
            return status;
    }
    return EXIT_DONE;
}

static enum exit_status take_all(struct parser *parser)
{
    struct invocation *parsed = parser->parsed;
    bool only_operands = false;
    while (parser->next < parser->end) {
        const char *word = *parser->next++;
        enum exit_status status = EXIT_DONE;
        if (only_operands || word[0] != '-' || word[1] == '\0')
            parsed->operands[parsed->operand_count++] = word;
        else if (word[1] != '-')
            status = take_short(parser, word);
        else if (word[2] != '\0')
            status = take_long(parser, word);
        else
            only_operands = true;
        if (status != EXIT_DONE)
            return status;
        only_operands |= parsed->command->launches && parsed->operand_count > 0;
    }
    return EXIT_DONE;
}

static const struct option_value *last_value(const struct invocation *invocation, const char *name)
{
    for (unsigned i = invocation->value_count; i-- > 0;) {
        if (strcmp(invocation->values[i].option->name, name) == 0)
            return &invocation->values[i];
    }
    return NULL;
}

static enum exit_status check(struct parser *parser)
{
    const struct invocation *parsed = parser->parsed;
    const struct command *command = parsed->command;
    for (const struct option *option = command->options; option->name != NULL; option++) {
        if (option->required && last_value(parsed, option->name) == NULL)
            return complain_option(parser, option, "is missing");
    }
    if (parsed->operand_count < command->operands_min)
        return complain(parser, command->usage, "is missing or incomplete");
    if (parsed->operand_count > command->operands_max)
        return complain(parser, parsed->operands[command->operands_max], "is one too many");
    return EXIT_DONE;
}

static bool color_wanted(const struct invocation *parsed)
{
    const char *when = option_text(parsed, "color");
    if (strcmp(when, "auto") != 0)
        return strcmp(when, "always") == 0;
    const char *no_color = getenv("NO_COLOR");
    return isatty(STDOUT_FILENO) == 1 && (no_color == NULL || *no_color == '\0');
}

enum exit_status options_parse(const struct command_group *group, const struct command *command,
                               int argument_count, char **arguments, struct invocation *ret_parsed,
                               bool *ret_help)
{
    /* A word such as -qv has one value a letter, so letters count too. */
    size_t most = 0;
    for (int i = 0; i < argument_count; i++)
        most += strlen(arguments[i]) + 1;
    const size_t bytes = (most + 1) * sizeof(struct option_value) +
                         ((size_t)argument_count + 1) * sizeof(const char *);
    char *block = firn_allocate_zeroed(NULL, 1, bytes);
    if (block == NULL) {
        report("the command line: out of memory; close something else and try again");
        return EXIT_FAILED;
    }
    struct invocation parsed = {.group = group,
                                .command = command,
                                .values = (struct option_value *)(void *)block,
                                .block = block,
                                .block_bytes = bytes};
    parsed.operands = (const char **)(void *)(parsed.values + most + 1);
    struct parser parser = {&parsed, arguments, arguments + argument_count};
    enum exit_status status = take_all(&parser);
    bool help = false;
    if (status == EXIT_DONE) {
        help = option_flag(&parsed, "help");
        status = help ? EXIT_DONE : check(&parser);
    }
    if (status != EXIT_DONE) {
        options_release(&parsed);
        return status;
    }
    parsed.json = option_flag(&parsed, "json");
    parsed.quiet = option_flag(&parsed, "quiet");
    parsed.color = color_wanted(&parsed);
    *ret_parsed = parsed;
    *ret_help = help;
    return EXIT_DONE;
}

void options_release(struct invocation *invocation)
{
    firn_release(NULL, invocation->block, invocation->block_bytes);
    *invocation = (struct invocation){0};
}

static const struct option *known_option(const struct invocation *invocation, const char *name)
{
    const struct option *option = find_option(invocation->command, name, strlen(name), 0);
    assert(option != NULL); /* commands ask for options of their own table */
    return option;
}

const char *option_text(const struct invocation *invocation, const char *name)
{
    const struct option *option = known_option(invocation, name);
    const struct option_value *value = last_value(invocation, name);
    return value != NULL ? value->text : option->fallback;
}

uint64_t option_number(const struct invocation *invocation, const char *name)
{
    const struct option *option = known_option(invocation, name);
    const struct option_value *value = last_value(invocation, name);
    if (value != NULL)
        return value->number;
    uint64_t number = 0;
    if (option->fallback != NULL && !value_parse(option, option->fallback, &number))
        return 0; /* a fallback in words, such as "one a processor", is for --help */
    return number;
}

bool option_flag(const struct invocation *invocation, const char *name)
{
    (void)known_option(invocation, name);
    return last_value(invocation, name) != NULL;
}

const char *option_nth(const struct invocation *invocation, const char *name, unsigned n)
{
    (void)known_option(invocation, name);
    for (unsigned i = 0; i < invocation->value_count; i++) {
        if (strcmp(invocation->values[i].option->name, name) == 0 && n-- == 0)
            return invocation->values[i].text;
    }
    return NULL;
}
