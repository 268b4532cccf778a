/* Completion for fish: a line for each word that may come. */
#include "common/completion.h"

/* A text inside single quotes. */
static void print_quoted(FILE *out, const char *text)
{
    putc('\'', out);
    for (; *text != '\0'; text++) {
        if (*text == '\'' || *text == '\\')
            putc('\\', out);
        putc(*text, out);
    }
    putc('\'', out);
}

static void print_word(FILE *out, const char *condition, const char *word, const char *help)
{
    fprintf(out, "complete -c firn -n '%s' -f -a %s -d ", condition, word);
    print_quoted(out, help);
    putc('\n', out);
}

static void print_options(FILE *out, const char *title, const struct option *options)
{
    for (; options->name != NULL; options++) {
        fprintf(out, "complete -c firn -n '__firn_is %s' -l %s", title, options->name);
        if (options->letter != 0)
            fprintf(out, " -s %c", options->letter);
        if (options->kind == OPTION_CHOICE) {
            fputs(" -x -a '", out);
            for (const char *at = options->argument; *at != '\0'; at++)
                putc(*at == '|' ? ' ' : *at, out);
            putc('\'', out);
        } else if (options->argument != NULL) {
            fputs(" -r", out);
        }
        fputs(" -d ", out);
        print_quoted(out, options->help);
        putc('\n', out);
    }
}

static void print_group(FILE *out, const struct command_group *group)
{
    char condition[COMMAND_TITLE_BYTES + 32], title[COMMAND_TITLE_BYTES];
    print_word(out, "__firn_words 1", group->name, group->summary);
    snprintf(condition, sizeof condition, "__firn_words 2; and __firn_is %s", group->name);
    for (size_t i = 0; i < group->command_count; i++) {
        const struct command *command = &group->commands[i];
        if (!group_is_command(group))
            print_word(out, condition, command->name, command->summary);
        print_options(out, command_title(group, command, title), command->options);
        print_options(out, title, common_options);
    }
}

void completion_print_fish(FILE *out, const struct command_group *const *groups)
{
    fputs("# Completion of firn for fish; printed by `firn --completion fish`.\n"
          "function __firn_words\n"
          "    test (count (commandline -opc)) -eq $argv[1]\n"
          "end\n"
          "function __firn_is\n"
          "    set -l words (commandline -opc)\n"
          "    test (count $words) -gt (count $argv); or return 1\n"
          "    set -l last (math (count $argv) + 1)\n"
          "    test \"$words[2..$last]\" = \"$argv\"\n"
          "end\n",
          out);
    print_word(out, "__firn_words 1", "help", "Shows the help of a command");
    for (; *groups != NULL; groups++)
        print_group(out, *groups);
}
