/* Completion for bash, printed from the command tables. Called by programs/firn.c, as that for zsh
 * and fish (completion_zsh.c, completion_fish.c) is through completion_print. No state and no
 * memory. */
#include "common/completion.h"

#include <string.h>

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

static void print_bash(FILE *out, const struct command_group *const *groups)
{
    fputs("# Completion of firn for bash; printed by `firn --completion bash`.\n"
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

bool completion_print(FILE *out, const char *shell, const struct command_group *const *groups)
{
    if (strcmp(shell, "bash") == 0)
        print_bash(out, groups);
    else if (strcmp(shell, "zsh") == 0)
        completion_print_zsh(out, groups);
    else if (strcmp(shell, "fish") == 0)
        completion_print_fish(out, groups);
    else
        return false;
    return true;
}
