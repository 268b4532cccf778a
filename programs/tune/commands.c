/* The table of `firn tune`'s commands. */
#include "tune/tune.h"

#include <limits.h>

static const struct option no_options[] = {{.name = NULL}};

static const struct option track_options[] = {
    {.name = "output",
     .letter = 'o',
     .kind = OPTION_TEXT,
     .argument = "FILE",
     .help = "write the profile as JSON; those of other processes to FILE.PID"},
    {.name = "exact", .kind = OPTION_FLAG, .help = "note every allocation, not a sample"},
    {.name = "interval",
     .kind = OPTION_SIZE,
     .argument = "SIZE",
     .fallback = "16K",
     .help = "mean distance of samples, in bytes allocated"},
    {.name = "folded",
     .kind = OPTION_TEXT,
     .argument = "FILE",
     .help = "write stacks as lines, for flame graph tools"},
    {.name = "svg", .kind = OPTION_TEXT, .argument = "FILE", .help = "draw a flame graph"},
    {.name = NULL}};

static const struct command commands[] = {
    {.name = "track",
     .usage = "CMD [ARGS]",
     .summary = "Show where a program allocates",
     .description =
         "Runs CMD, and what that starts, with a library preloaded that notes allocations: calls\n"
         "and bytes by stack, by size and by lifetime, what lived at the peak and what was never\n"
         "freed. Two dashes may stand before CMD. By default it notes a sample, one in 16 KiB, "
         "and\n"
         "says how far each estimate may be off (one standard deviation); sums of calls and bytes\n"
         "are exact. The result comes on standard output behind CMD's own output; with --json the\n"
         "latter goes to standard error. Programs may use any allocator that is linked\n"
         "dynamically. Exit status: that of CMD, 128 and the number of a signal that ended it; 1\n"
         "when nothing was seen, 127 when CMD is not found, 126 when it cannot be run.",
     .examples = {{"firn tune track -- git log --stat", "where git allocates"},
                  {"firn tune track --svg flame.svg -- python3 script.py", "as a flame graph"},
                  {"firn tune track --exact -o p.json -- ./server", "every call, for recommend"}},
     .options = track_options,
     .operands_min = 1,
     .operands_max = UINT_MAX,
     .run = command_tune_track,
     .launches = true},
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
