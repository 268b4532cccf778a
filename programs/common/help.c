/* --help, printed from the command tables. Called by programs/firn.c. No state and no memory. */
#include "common/help.h"

#include <string.h>

#define TEXT_COLUMN 30

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

void help_usage(FILE *out, const struct command_group *group, const struct command *command)
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
    help_usage(out, group, command);
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
    fputs("Usage: firn COMMAND [ARGUMENTS]\n\nFirn " HELP_SUMMARY ".\n\nCommands:\n", out);
    for (; *groups != NULL; groups++)
        fprintf(out, "  %-10s %s\n", (*groups)->name, (*groups)->summary);
    fputs("  help       Shows the help of a command\n"
          "\nOptions:\n"
          "  --help     show this help\n"
          "  --version  show the version\n"
          "\nMore: firn COMMAND --help, man firn\n",
          out);
}
