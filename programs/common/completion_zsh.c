/* Completion for zsh: a function of the kind that compinit finds as _firn. */
#include "common/completion.h"

/* A text inside single quotes, in which a colon would end the name of what it describes. */
static void print_quoted(FILE *out, const char *text)
{
    for (; *text != '\0'; text++) {
        if (*text == '\'')
            fputs("'\\''", out);
        else if (*text == ':')
            fputs("\\:", out);
        else
            putc(*text, out);
    }
}

static void print_entry(FILE *out, const char *dashes, const char *name, const char *help)
{
    fprintf(out, " '%s%s:", dashes, name);
    print_quoted(out, help);
    putc('\'', out);
}

static void print_options(FILE *out, const struct option *options)
{
    for (; options->name != NULL; options++)
        print_entry(out, "--", options->name, options->help);
}

/* What may follow an option with a value: one of a few words, or a file. */
static void print_values(FILE *out, const char *title, const struct option *options)
{
    for (; options->name != NULL; options++) {
        if (options->argument == NULL)
            continue;
        fprintf(out, "    '%s --%s'", title, options->name);
        if (options->letter != 0)
            fprintf(out, " | '%s -%c'", title, options->letter);
        if (options->kind == OPTION_CHOICE) {
            fputs(") compadd -- ", out);
            for (const char *at = options->argument; *at != '\0'; at++)
                putc(*at == '|' ? ' ' : *at, out);
            fputs("; return ;;\n", out);
        } else {
            fputs(") _files; return ;;\n", out);
        }
    }
}

static void print_command(FILE *out, const struct command_group *group,
                          const struct command *command)
{
    char title[COMMAND_TITLE_BYTES];
    fprintf(out, "    '%s') entries=(", command_title(group, command, title));
    print_options(out, command->options);
    print_options(out, common_options);
    fputs(") ;;\n", out);
}

static void print_groups(FILE *out, const struct command_group *const *groups)
{
    fputs("    '') entries=('help:Shows the help of a command'", out);
    for (size_t i = 0; groups[i] != NULL; i++)
        print_entry(out, "", groups[i]->name, groups[i]->summary);
    fputs(") ;;\n", out);
    for (; *groups != NULL; groups++) {
        const struct command_group *group = *groups;
        if (!group_is_command(group)) {
            fprintf(out, "    '%s ') entries=(", group->name);
            for (size_t i = 0; i < group->command_count; i++)
                print_entry(out, "", group->commands[i].name, group->commands[i].summary);
            fputs(") ;;\n", out);
        }
        for (size_t i = 0; i < group->command_count; i++)
            print_command(out, group, &group->commands[i]);
    }
}

void completion_print_zsh(FILE *out, const struct command_group *const *groups)
{
    fputs("#compdef firn\n# Completion of firn for zsh; printed by `firn --completion zsh`.\n"
          "_firn()\n{\n"
          "    local command=''\n    local -a entries\n"
          "    ((CURRENT > 2)) && command=\"$words[2] \"\n"
          "    ((CURRENT > 3)) && command+=$words[3]\n"
          "    ((CURRENT > 2)) && case $words[2] in\n    ",
          out);
    for (size_t i = 0; groups[i] != NULL; i++)
        if (group_is_command(groups[i]))
            fprintf(out, "%s | ", groups[i]->name);
    fputs("'') command=$words[2] ;;\n    esac\n    case \"$command $words[CURRENT-1]\" in\n", out);
    for (size_t i = 0; groups[i] != NULL; i++) {
        for (size_t j = 0; j < groups[i]->command_count; j++) {
            char title[COMMAND_TITLE_BYTES];
            command_title(groups[i], &groups[i]->commands[j], title);
            print_values(out, title, groups[i]->commands[j].options);
            print_values(out, title, common_options);
        }
    }
    fputs("    esac\n    case $command in\n", out);
    print_groups(out, groups);
    fputs("    esac\n"
          "    if [[ -z $command || $command == *' ' || $PREFIX == -* ]]; then\n"
          "        _describe firn entries\n"
          "    else\n"
          "        _files\n"
          "    fi\n}\n"
          "if [[ $funcstack[1] == _firn ]]; then _firn \"$@\"; else compdef _firn firn; fi\n",
          out);
}
