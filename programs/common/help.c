/* --help, the manual page and the completion, all printed from the command tables. Called by
 * programs/firn.c. No state and no memory. */
#include "common/help.h"

#include <ctype.h>
#include <string.h>

#define SUMMARY "keeps much open in little memory"
#define TEXT_COLUMN 30

/* --- --help --- */

/* "-s, --store STORE" */
static int print_option_name(FILE *out, const struct option *option)
{
    const bool value = option->argument != NULL;
    if (option->letter != 0)
        return fprintf(out, "  -%c, --%s%s%s", option->letter, option->name, value ? " " : "",
                       value ? option->argument : "");
    return fprintf(out, "      --%s%s%s", option->name, value ? " " : "",
                   value ? option->argument : "");
}

static void print_options(FILE *out, const struct option *options)
{
    for (; options->name != NULL; options++) {
        const int used = print_option_name(out, options);
        if (used + 2 > TEXT_COLUMN)
            fprintf(out, "\n%*s", TEXT_COLUMN, "");
        else
            fprintf(out, "%*s", TEXT_COLUMN - used, "");
        fputs(options->help, out);
        if (options->required)
            fputs(" (required)", out);
        if (options->fallback != NULL)
            fprintf(out, " (default: %s)", options->fallback);
        putc('\n', out);
    }
}

static void print_usage(FILE *out, const struct command_group *group, const struct command *command)
{
    char title[COMMAND_TITLE_BYTES];
    const char *usage = command->usage;
    fprintf(out, "firn %s", command_title(group, command, title));
    if (!command->launches)
        fprintf(out, "%s%s", *usage != '\0' ? " " : "", usage);
    for (const struct option *option = command->options; option->name != NULL; option++) {
        if (option->required)
            fprintf(out, " --%s %s", option->name, option->argument);
    }
    fputs(" [OPTIONS]", out);
    if (command->launches)
        fprintf(out, " %s", usage);
}

void help_command(FILE *out, const struct command_group *group, const struct command *command)
{
    fputs("Usage: ", out);
    print_usage(out, group, command);
    fprintf(out, "\n\n%s.\n", command->summary);
    if (command->description != NULL)
        fprintf(out, "%s\n", command->description);
    fputs("\nExamples:\n", out);
    for (size_t i = 0; i < sizeof command->examples / sizeof command->examples[0]; i++)
        fprintf(out, "  %s\n      %s\n", command->examples[i].line, command->examples[i].what);
    fputs("\nOptions:\n", out);
    print_options(out, command->options);
    print_options(out, common_options);
}

void help_group(FILE *out, const struct command_group *group)
{
    if (group_is_command(group)) {
        help_command(out, group, &group->commands[0]);
        return;
    }
    fprintf(out, "Usage: firn %s COMMAND [ARGUMENTS]\n\n%s.\n\nCommands:\n", group->name,
            group->summary);
    for (size_t i = 0; i < group->command_count; i++)
        fprintf(out, "  %-10s %s\n", group->commands[i].name, group->commands[i].summary);
    fprintf(out, "\nMore: firn %s COMMAND --help\n", group->name);
}

void help_program(FILE *out, const struct command_group *const *groups)
{
    fputs("Usage: firn COMMAND [ARGUMENTS]\n\nFirn " SUMMARY ".\n\nCommands:\n", out);
    for (; *groups != NULL; groups++)
        fprintf(out, "  %-10s %s\n", (*groups)->name, (*groups)->summary);
    fputs("  help       Shows the help of a command\n"
          "\nOptions:\n"
          "  --help     show this help\n"
          "  --version  show the version\n"
          "\nMore: firn COMMAND --help, man firn\n",
          out);
}

/* --- the manual page --- */

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
    print_usage(out, group, command);
    fputs("\n```\n\n", out);
    for (const struct option *option = command->options; option->name != NULL; option++)
        print_manual_option(out, option);
    for (size_t i = 0; i < sizeof command->examples / sizeof command->examples[0]; i++) {
        print_sentence(out, command->examples[i].what);
        fprintf(out, ":\n\n```\n%s\n```\n\n", command->examples[i].line);
    }
}

void help_manual(FILE *out, const struct command_group *const *groups)
{
    fputs("firn(1) \"Firn " FIRN_VERSION_STRING "\" \"Firn\"\n\n"
          "# NAME\n\nfirn - " SUMMARY "\n\n"
          "# SYNOPSIS\n\n*firn* COMMAND [ARGUMENTS]\n\n"
          "# OPTIONS OF ALL COMMANDS\n\n",
          out);
    for (const struct option *option = common_options; option->name != NULL; option++)
        print_manual_option(out, option);
    fputs(
        "Options and operands may come in any order; what follows *--* is no option.\n"
        "Sizes are bytes, or have one of K, M, G and T (powers of 1,024) behind the number: "
        "50M.\n\n"
        "JSON is UTF-8: in names, bytes that are not become U+FFFD, and a second key that ends in\n"
        "\\_hex then has all bytes of the name in hexadecimal.\n\n"
        "*firn --manual* prints the source of this page for scdoc, *firn --completion* the\n"
        "completion for bash.\n\n"
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

/* --- the completion --- */

static void print_option_words(FILE *out, const struct option *options)
{
    for (; options->name != NULL; options++)
        fprintf(out, " --%s", options->name);
}

/* What may follow an option with a value: one of a few words, or whatever bash finds. */
static void print_value_words(FILE *out, const char *title, const struct option *options)
{
    for (; options->name != NULL; options++) {
        if (options->argument == NULL)
            continue;
        fprintf(out, "    \"%s --%s\") words=\"", title, options->name);
        for (const char *next = options->argument; options->kind == OPTION_CHOICE && *next; next++)
            putc(*next == '|' ? ' ' : *next, out);
        fputs("\" ;;\n", out);
    }
}

static void print_completion_command(FILE *out, const struct command_group *group,
                                     const struct command *command)
{
    char title[COMMAND_TITLE_BYTES];
    fprintf(out, "    \"%s\") words=\"", command_title(group, command, title));
    print_option_words(out, command->options);
    print_option_words(out, common_options);
    fputs("\" ;;\n", out);
}

static void print_completion_group(FILE *out, const struct command_group *group)
{
    if (!group_is_command(group)) {
        fprintf(out, "    \"%s \") words=\"", group->name);
        for (size_t i = 0; i < group->command_count; i++)
            fprintf(out, "%s%s", i > 0 ? " " : "", group->commands[i].name);
        fputs("\" ;;\n", out);
    }
    for (size_t i = 0; i < group->command_count; i++)
        print_completion_command(out, group, &group->commands[i]);
}

/* $command is "GROUP COMMAND" as far as it is typed, or the name of a group that is a command. */
static void print_completion_words(FILE *out, const struct command_group *const *groups)
{
    fputs("    local command=\n"
          "    ((COMP_CWORD > 1)) && command=\"${COMP_WORDS[1]} \"\n"
          "    ((COMP_CWORD > 2)) && command+=${COMP_WORDS[2]}\n"
          "    ((COMP_CWORD > 1)) && case ${COMP_WORDS[1]} in\n"
          "    ",
          out);
    for (size_t i = 0; groups[i] != NULL; i++) {
        if (group_is_command(groups[i]))
            fprintf(out, "%s | ", groups[i]->name);
    }
    fputs("\"\") command=${COMP_WORDS[1]} ;;\n"
          "    esac\n"
          "    case $command in\n"
          "    \"\") words=\"help --help --version",
          out);
    for (size_t i = 0; groups[i] != NULL; i++)
        fprintf(out, " %s", groups[i]->name);
    fputs("\" ;;\n", out);
    for (size_t i = 0; groups[i] != NULL; i++)
        print_completion_group(out, groups[i]);
    fputs("    esac\n", out);
}

void help_completion(FILE *out, const struct command_group *const *groups)
{
    fputs("# Completion of firn for bash; printed by `firn --completion`.\n"
          "_firn()\n{\n"
          "    local word=${COMP_WORDS[COMP_CWORD]} before=${COMP_WORDS[COMP_CWORD - 1]} words=\n",
          out);
    print_completion_words(out, groups);
    fputs("    [[ $command == *[^\" \"]* && $command != *\" \" && $word != -* ]] && words=\n"
          "    case \"$command $before\" in\n",
          out);
    for (; *groups != NULL; groups++) {
        for (size_t i = 0; i < (*groups)->command_count; i++) {
            const struct command *command = &(*groups)->commands[i];
            char title[COMMAND_TITLE_BYTES];
            print_value_words(out, command_title(*groups, command, title), command->options);
            print_value_words(out, title, common_options);
        }
    }
    fputs("    esac\n"
          "    COMPREPLY=($(compgen -W \"$words\" -- \"$word\"))\n"
          "}\n"
          "complete -o default -F _firn firn\n",
          out);
}
