/* The table of `firn tune`'s commands. */
#include "tune/tune.h"

static const struct option no_options[] = {{.name = NULL}};

static const struct command commands[] = {
    {.name = "recommend",
     .usage = "FILE...",
     .summary = "Name the profile that fits what a server has seen",
     .description =
         "Reads what `firn serve --stats` answered, several servers' together, and names the\n"
         "smallest profile that has room for 99 % of the heads inline, and for all of them within\n"
         "its limits. FILE may be - for standard input.",
     .examples = {{"firn tune recommend stats.json", "as a sentence, and figures of each profile"},
                  {"firn tune recommend - <stats.json", "from standard input"},
                  {"firn tune recommend a.json b.json --json", "for other programs"}},
     .options = no_options,
     .operands_min = 1,
     .operands_max = 32,
     .run = command_tune_recommend},
};

const struct command_group tune_group = {.name = "tune",
                                         .summary = "Find the settings that fit",
                                         .commands = commands,
                                         .command_count = sizeof commands / sizeof commands[0]};
