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

static const struct option memory_options[] = {
    {.name = "self", .kind = OPTION_FLAG, .help = "look at firn itself"},
    {.name = "interval",
     .letter = 'i',
     .kind = OPTION_NUMBER,
     .argument = "SECONDS",
     .fallback = "1",
     .help = "time to look for use; 0: leave the kernel's bits alone"},
    {.name = "watch", .kind = OPTION_FLAG, .help = "a line an interval, until it ends"},
    {.name = "sibling",
     .kind = OPTION_NUMBER,
     .argument = "PID",
     .help = "pack against this process of the same program, too"},
    {.name = "sample",
     .kind = OPTION_SIZE,
     .argument = "SIZE",
     .fallback = "64M",
     .help = "how much of its pages to pack; 0: all"},
    {.name = NULL}};

static const struct option bench_options[] = {{.name = "by",
                                               .kind = OPTION_CHOICE,
                                               .argument = "both|memory|time",
                                               .fallback = "both",
                                               .help = "what makes one better than another"},
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
    {.name = "memory",
     .usage = "PID | -- CMD [ARGS]",
     .summary = "Show what a process's memory is made of",
     .description =
         "Tells the memory of a running process by kind, what of it was used within the interval,\n"
         "and, from a sample of its own pages, what it would hold asleep: packed by LZ4 and by\n"
         "zstd as regions are, and against a sibling. The process is not stopped. To see what is\n"
         "used, the kernel's bits of use are cleared (/proc/PID/clear_refs): until they are set\n"
         "again the kernel takes these pages for unused, and others who look at the same bits see\n"
         "the change; clear_seconds is how long its page faults may have waited for that. Of CMD\n"
         "the moment counts at which it had the most pages of its own; with --json its standard\n"
         "output goes to standard error.",
     .examples = {{"firn tune memory 4711 --interval 60", "what it has not used for a minute"},
                  {"firn tune memory 4711 --watch", "a line a second"},
                  {"firn tune memory --json -- python3 script.py", "a program from its start"}},
     .options = memory_options,
     .operands_min = 0,
     .operands_max = UINT_MAX,
     .run = command_tune_memory},
    {.name = "bench",
     .usage = "FILE",
     .summary = "Try a scenario on every strategy that fits",
     .description =
         "FILE says in a few lines how many objects, entries or values there are, how large they\n"
         "are and how they are used (firn's docs/formats/scenario.md); - is standard input. Each\n"
         "strategy does the same work in a process of its own, whose memory the kernel tells and\n"
         "whose time is the processor's; the best comes first.",
     .examples = {{"firn tune bench objects.txt", "memory and time of each strategy"},
                  {"firn tune bench --by memory cache.txt", "the smallest first"},
                  {"firn tune bench --json objects.txt >bench.json", "for firn tune recommend"}},
     .options = bench_options,
     .operands_min = 1,
     .operands_max = 1,
     .run = command_tune_bench},
    {.name = "recommend",
     .usage = "FILE...",
     .summary = "Say which settings fit what was recorded",
     .description =
         "Reads what `firn serve --stats` answered and what track -o, memory --json and bench\n"
         "--json wrote, in any order, and says what to set, what that saves and why: of servers,\n"
         "together, the smallest profile that has room for 99 % of the heads inline and for all "
         "of\n"
         "them within its limits; of a program the mode of firn run, and sizes for pools and an\n"
         "arena in its source; of a scenario the smallest strategy or budget that is at most 5 %\n"
         "slower; of a process, by looks with several intervals, when it should sleep. Where\n"
         "nothing is to be saved it says so. FILE may be - for standard input.",
     .examples = {{"firn tune recommend stats.json", "of a server: a sentence, and all profiles"},
                  {"firn tune recommend profile.json bench.json", "of a program and a scenario"},
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
