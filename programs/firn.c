/* The program: finds the command, parses its options, runs it.
 *
 *     firn GROUP COMMAND [ARGUMENTS]     firn help [GROUP [COMMAND]]
 *     firn COMMAND [ARGUMENTS]           firn help [COMMAND]
 *     firn --help | --version | --manuals | --manual [GROUP [COMMAND]] | --completion [SHELL]
 *
 * Exit status 0 done, 1 failed or nothing found, 2 wrong usage. SIGPIPE is ignored: a closed
 * pipe ends the work with status 1, not by a signal. A command that becomes another program has
 * that program's status. */
#include "code/code.h"
#include "common/completion.h"
#include "common/emitter.h"
#include "common/help.h"
#include "common/manual.h"
#include "common/options.h"
#include "common/report.h"
#include "get/get.h"
#include "report/command.h"
#include "run/run.h"
#include "serve/serve.h"
#include "store/store.h"
#include "tabs/tabs.h"
#include "tune/tune.h"

#include <signal.h>
#include <string.h>

static const struct command_group *const groups[] = {&code_group,  &store_group,  &run_group,
                                                     &serve_group, &tune_group,   &get_group,
                                                     &tabs_group,  &report_group, NULL};

static void (*inherited_sigpipe)(int);

static const struct command_group *find_group(const char *name)
{
    for (size_t i = 0; groups[i] != NULL; i++) {
        if (strcmp(groups[i]->name, name) == 0)
            return groups[i];
    }
    return NULL;
}

static const struct command *find_command(const struct command_group *group, const char *name)
{
    for (size_t i = 0; i < group->command_count && !group_is_command(group); i++) {
        if (strcmp(group->commands[i].name, name) == 0)
            return &group->commands[i];
    }
    return NULL;
}

/* Ends a help text, which is written without an emitter's calls. */
static enum exit_status end_text(void)
{
    struct emitter emitter;
    emitter_begin(&emitter, stdout, false);
    return emitter_end(&emitter, EXIT_DONE);
}

static enum exit_status run_help(int count, char **words)
{
    if (count == 0) {
        help_program(stdout, groups);
        return end_text();
    }
    const struct command_group *group = find_group(words[0]);
    if (group == NULL || count > 2)
        return report_usage("%s is no command; see `firn --help`", words[count > 2 ? 2 : 0]);
    if (count == 1) {
        help_group(stdout, group);
        return end_text();
    }
    const struct command *command = find_command(group, words[1]);
    if (command == NULL)
        return report_usage("%s is no command of %s; see `firn %s --help`", words[1], group->name,
                            group->name);
    help_command(stdout, group, command);
    return end_text();
}

static enum exit_status run_command(const struct command_group *group,
                                    const struct command *command, int count, char **words)
{
    struct invocation invocation;
    bool help = false;
    enum exit_status status = options_parse(group, command, count, words, &invocation, &help);
    if (status != EXIT_DONE)
        return status;
    if (help) {
        help_command(stdout, group, command);
        status = end_text();
    } else {
        if (command->launches)
            signal(SIGPIPE, inherited_sigpipe);
        status = command->run(&invocation);
    }
    options_release(&invocation);
    return status;
}

static enum exit_status run_in_group(const struct command_group *group, int count, char **words)
{
    if (group_is_command(group))
        return run_command(group, &group->commands[0], count, words);
    if (count == 0)
        return report_usage("%s needs a command; see `firn %s --help`", group->name, group->name);
    if (strcmp(words[0], "--help") == 0 || strcmp(words[0], "-h") == 0) {
        help_group(stdout, group);
        return end_text();
    }
    const struct command *command = find_command(group, words[0]);
    if (command == NULL)
        return report_usage("%s is no command of %s; see `firn %s --help`", words[0], group->name,
                            group->name);
    return run_command(group, command, count - 1, words + 1);
}

/* `firn --manual GROUP [COMMAND]` */
static bool print_manual(int count, char **words)
{
    const struct command_group *group = find_group(words[0]);
    const struct command *command =
        group != NULL && count == 2 ? find_command(group, words[1]) : NULL;
    if (command != NULL)
        manual_print_command(stdout, group, command);
    else if (group != NULL && count == 1)
        manual_print_group(stdout, group);
    else
        return false;
    return true;
}

/* What `firn --NAME` and `firn --NAME VALUE...` print. False when there is no such option. */
static bool print_about(const char *word, int count, char **values)
{
    if (strcmp(word, "--completion") == 0 && count <= 1)
        return completion_print(stdout, count == 1 ? values[0] : "bash", groups);
    if (strcmp(word, "--manual") == 0 && count > 0)
        return print_manual(count, values);
    if (count > 0)
        return false;
    if (strcmp(word, "--help") == 0 || strcmp(word, "-h") == 0)
        help_program(stdout, groups);
    else if (strcmp(word, "--version") == 0)
        puts("firn " FIRN_VERSION_STRING);
    else if (strcmp(word, "--manual") == 0)
        manual_print(stdout, groups);
    else if (strcmp(word, "--manuals") == 0)
        manual_print_names(stdout, groups);
    else
        return false;
    return true;
}

static enum exit_status run(int argument_count, char **arguments)
{
    if (argument_count < 2)
        return report_usage("a command is missing; see `firn --help`");
    const char *word = arguments[1];
    const int rest = argument_count - 2;
    if (word[0] == '-') {
        if (print_about(word, rest, arguments + 2))
            return end_text();
        return report_usage("%s is no option; see `firn --help`", rest > 0 ? arguments[2] : word);
    }
    if (strcmp(word, "help") == 0)
        return run_help(rest, arguments + 2);
    const struct command_group *group = find_group(word);
    if (group == NULL)
        return report_usage("%s is no command; see `firn --help`", word);
    return run_in_group(group, rest, arguments + 2);
}

int main(int argument_count, char **arguments)
{
    inherited_sigpipe = signal(SIGPIPE, SIG_IGN);
    return (int)run(argument_count, arguments);
}
