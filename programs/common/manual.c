/* The manual pages' sources, printed from the command tables: a page for each command, whose name
 * is its words with dashes between them, and pages that list these. Called by programs/firn.c. No
 * state and no memory. */
#include "common/manual.h"

#include "common/help.h"

#include <ctype.h>
#include <string.h>

/* Text in which scdoc must see no markup. */
static void print_scdoc(FILE *out, const char *text)
{
    for (; *text != '\0'; text++) {
        if (strchr("\\*_~[]|.#-", *text) != NULL)
            putc('\\', out);
        putc(*text, out);
    }
}

/* The same, beginning with a capital letter. */
static void print_sentence(FILE *out, const char *text)
{
    putc(toupper((unsigned char)*text), out);
    print_scdoc(out, text + 1);
}

static void print_manual_option(FILE *out, const struct option *option)
{
    if (option->letter != 0)
        fprintf(out, "*-%c*, ", option->letter);
    fputs("*--", out);
    print_scdoc(out, option->name);
    putc('*', out);
    if (option->argument != NULL) {
        putc(' ', out);
        print_scdoc(out, option->argument);
    }
    fputs("\n\t", out);
    print_sentence(out, option->help);
    fputs(option->required ? "; required." : ".", out);
    if (option->fallback != NULL) {
        fputs(" Default: ", out);
        print_scdoc(out, option->fallback);
        putc('.', out);
    }
    fputs("\n\n", out);
}

/* "firn-code-find", from "code find". */
static void print_page_name(FILE *out, const char *title)
{
    fputs(*title != '\0' ? "firn-" : "firn", out);
    for (; *title != '\0'; title++)
        putc(*title == ' ' ? '-' : *title, out);
}

/* "*firn-code-find*(1)" */
static void print_reference(FILE *out, const char *title)
{
    putc('*', out);
    print_page_name(out, title);
    fputs("*(1)", out);
}

static void begin_page(FILE *out, const char *title, const char *summary)
{
    print_page_name(out, title);
    fputs("(1) \"Firn " FIRN_VERSION_STRING "\" \"Firn\"\n\n# NAME\n\n", out);
    print_page_name(out, title);
    fputs(" - ", out);
    putc(tolower((unsigned char)summary[0]), out);
    print_scdoc(out, summary + 1);
    fputs("\n\n# SYNOPSIS\n\n", out);
}

/* The commands of a group, each with the name of its page. */
static void print_list(FILE *out, const struct command_group *group)
{
    for (size_t i = 0; i < group->command_count; i++) {
        char title[COMMAND_TITLE_BYTES];
        print_reference(out, command_title(group, &group->commands[i], title));
        fputs("\n\t", out);
        print_scdoc(out, group->commands[i].summary);
        fputs(".\n\n", out);
    }
}

static void print_options(FILE *out, const struct option *option)
{
    for (; option->name != NULL; option++)
        print_manual_option(out, option);
}

static void print_exit_status(FILE *out)
{
    fputs("# EXIT STATUS\n\n0: done. 1: the work failed, or nothing was found. 2: wrong "
          "usage.\n\n",
          out);
}

void manual_print_command(FILE *out, const struct command_group *group,
                          const struct command *command)
{
    char title[COMMAND_TITLE_BYTES];
    begin_page(out, command_title(group, command, title), command->summary);
    fputs("```\n", out);
    help_usage(out, group, command);
    fputs("\n```\n\n", out);
    if (command->description != NULL) {
        fputs("# DESCRIPTION\n\n", out);
        print_scdoc(out, command->description);
        fputs("\n\n", out);
    }
    fputs("# OPTIONS\n\n", out);
    print_options(out, command->options);
    print_options(out, common_options);
    fputs("# EXAMPLES\n\n", out);
    for (size_t i = 0; i < sizeof command->examples / sizeof command->examples[0]; i++) {
        print_sentence(out, command->examples[i].what);
        fprintf(out, ":\n\n```\n%s\n```\n\n", command->examples[i].line);
    }
    if (!command->launches) /* whose description has its own */
        print_exit_status(out);
    fputs("# SEE ALSO\n\n", out);
    if (!group_is_command(group)) {
        print_reference(out, group->name);
        fputs(", ", out);
    }
    fputs("*firn*(1)\n", out);
}

void manual_print_group(FILE *out, const struct command_group *group)
{
    if (group_is_command(group)) {
        manual_print_command(out, group, &group->commands[0]);
        return;
    }
    begin_page(out, group->name, group->summary);
    fprintf(out, "*firn %s* COMMAND [ARGUMENTS]\n\n# COMMANDS\n\n", group->name);
    print_list(out, group);
    print_exit_status(out);
    fputs("# SEE ALSO\n\n*firn*(1)\n", out);
}

void manual_print(FILE *out, const struct command_group *const *groups)
{
    begin_page(out, "", HELP_SUMMARY);
    fputs("*firn* COMMAND [ARGUMENTS]\n\n# COMMANDS\n\n", out);
    for (; *groups != NULL; groups++)
        print_list(out, *groups);
    fputs("# OPTIONS OF ALL COMMANDS\n\n", out);
    print_options(out, common_options);
    fputs(
        "Options and operands may come in any order; what follows *--* is no option.\n"
        "Sizes are bytes, or have one of K, M, G and T (powers of 1,024) behind the number: "
        "50M.\n\n"
        "JSON is UTF-8: in names, bytes that are not become U+FFFD, and a second key that ends in\n"
        "\\_hex then has all bytes of the name in hexadecimal.\n\n"
        "# OPTIONS WITHOUT A COMMAND\n\n"
        "*--help*, *--version*\n\tShow the commands, or the version.\n\n"
        "*--manual* [COMMAND]\n\tPrint the source of a page for scdoc.\n\n"
        "*--manuals*\n\tName the commands that have a page, those of commands among them.\n\n"
        "*--completion* [SHELL]\n\tPrint the completion for bash, zsh or fish. Default: bash.\n\n",
        out);
    print_exit_status(out);
    fputs(
        "*firn run* has the exit status of the program that it becomes.\n\n"
        "# ENVIRONMENT\n\n*NO\\_COLOR*: when set and not empty, nothing is coloured.\n\n"
        "*LD\\_PRELOAD*, *FIRN\\_RUN\\_MODE*, *FIRN\\_RUN\\_CEILING* (bytes), *FIRN\\_RUN\\_STATS* "
        "(table or json),\n*FIRN\\_RUN\\_STATS\\_PID* and *FIRN\\_RUN\\_STATS\\_FILE*: set by "
        "*firn run* "
        "for the program and what\nthat starts.\n",
        out);
}

void manual_print_names(FILE *out, const struct command_group *const *groups)
{
    for (; *groups != NULL; groups++) {
        fprintf(out, "%s\n", (*groups)->name);
        for (size_t i = 0; i < (*groups)->command_count && !group_is_command(*groups); i++)
            fprintf(out, "%s %s\n", (*groups)->name, (*groups)->commands[i].name);
    }
}
