/* The manual pages' sources, printed from the command tables. Called by programs/firn.c. No state
 * and no memory. */
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

static void print_manual_command(FILE *out, const struct command_group *group,
                                 const struct command *command)
{
    char title[COMMAND_TITLE_BYTES];
    fprintf(out, "## firn %s\n\n", command_title(group, command, title));
    print_scdoc(out, command->summary);
    fputs(".", out);
    if (command->description != NULL) {
        putc('\n', out);
        print_scdoc(out, command->description);
    }
    fputs("\n\n```\n", out);
    help_usage(out, group, command);
    fputs("\n```\n\n", out);
    for (const struct option *option = command->options; option->name != NULL; option++)
        print_manual_option(out, option);
    for (size_t i = 0; i < sizeof command->examples / sizeof command->examples[0]; i++) {
        print_sentence(out, command->examples[i].what);
        fprintf(out, ":\n\n```\n%s\n```\n\n", command->examples[i].line);
    }
}

static void print_common_options(FILE *out)
{
    for (const struct option *option = common_options; option->name != NULL; option++)
        print_manual_option(out, option);
}

static void print_exit_status(FILE *out, const char *also)
{
    fprintf(out,
            "# EXIT STATUS\n\n0: done. 1: the work failed, or nothing was found. 2: wrong "
            "usage.\n\n%s",
            also);
}

void manual_print_group(FILE *out, const struct command_group *group)
{
    fprintf(out, "firn-%s(1) \"Firn " FIRN_VERSION_STRING "\" \"Firn\"\n\n# NAME\n\nfirn-%s - ",
            group->name, group->name);
    putc(tolower((unsigned char)group->summary[0]), out);
    print_scdoc(out, group->summary + 1);
    fprintf(out, "\n\n# SYNOPSIS\n\n*firn %s*%s [OPTIONS]\n\n# COMMANDS\n\n", group->name,
            group_is_command(group) ? "" : " COMMAND");
    for (size_t i = 0; i < group->command_count; i++)
        print_manual_command(out, group, &group->commands[i]);
    fputs("# OPTIONS OF ALL COMMANDS\n\n", out);
    print_common_options(out);
    print_exit_status(out, "");
    fputs("# SEE ALSO\n\n*firn*(1)\n", out);
}

void manual_print(FILE *out, const struct command_group *const *groups)
{
    fputs("firn(1) \"Firn " FIRN_VERSION_STRING "\" \"Firn\"\n\n"
          "# NAME\n\nfirn - " HELP_SUMMARY "\n\n"
          "# SYNOPSIS\n\n*firn* COMMAND [ARGUMENTS]\n\n"
          "# OPTIONS OF ALL COMMANDS\n\n",
          out);
    print_common_options(out);
    fputs(
        "Options and operands may come in any order; what follows *--* is no option.\n"
        "Sizes are bytes, or have one of K, M, G and T (powers of 1,024) behind the number: "
        "50M.\n\n"
        "JSON is UTF-8: in names, bytes that are not become U+FFFD, and a second key that ends in\n"
        "\\_hex then has all bytes of the name in hexadecimal.\n\n"
        "*firn --manual* [COMMAND] prints the source of a page for scdoc, *firn --completion* "
        "SHELL the\ncompletion for bash, zsh or fish.\n\n"
        "# COMMANDS\n\n",
        out);
    for (; *groups != NULL; groups++) {
        for (size_t i = 0; i < (*groups)->command_count; i++)
            print_manual_command(out, *groups, &(*groups)->commands[i]);
    }
    fputs(
        "# EXIT STATUS\n\n0: done. 1: the work failed, or nothing was found. 2: wrong usage.\n\n"
        "*firn run* has the exit status of the program that it becomes.\n\n"
        "# ENVIRONMENT\n\n*NO\\_COLOR*: when set and not empty, nothing is coloured.\n\n"
        "*LD\\_PRELOAD*, *FIRN\\_RUN\\_MODE*, *FIRN\\_RUN\\_CEILING* (bytes), *FIRN\\_RUN\\_STATS* "
        "(table or json),\n*FIRN\\_RUN\\_STATS\\_PID* and *FIRN\\_RUN\\_STATS\\_FILE*: set by "
        "*firn run* "
        "for the program and what\nthat starts.\n",
        out);
}
