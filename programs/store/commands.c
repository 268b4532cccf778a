/* The table of `firn store`'s commands, and what they share. */
#include "store/commands.h"

#include "store/store.h"

static const struct option no_options[] = {{.name = NULL}};

static const struct option dump_options[] = {
    {.name = "segment",
     .kind = OPTION_NUMBER,
     .argument = "N",
     .help = "write this segment's content instead of the list"},
    {.name = "output",
     .letter = 'o',
     .kind = OPTION_TEXT,
     .argument = "FILE",
     .help = "where to write the content; - or nothing is standard output"},
    {.name = NULL}};

static const struct option compact_options[] = {
    {.name = "garbage",
     .kind = OPTION_NUMBER,
     .argument = "PERCENT",
     .fallback = "50",
     .help = "empty files with this much garbage, 1 to 100"},
    {.name = "level",
     .kind = OPTION_NUMBER,
     .argument = "N",
     .fallback = "0",
     .help = "pack anew by zstd of this level, 1 to 19; 0: copy"},
    {.name = NULL}};

static const struct command commands[] = {
    {.name = "verify",
     .usage = "STORE",
     .summary = "Read every segment and check every size and checksum",
     .description =
         "Tells the first damaged segment and how many there are. What the content means\n"
         "is for the command that wrote it to check, such as `firn code verify`.",
     .examples = {{"firn store verify linux.firn", "exit status 1 when anything is damaged"},
                  {"firn store verify linux.firn --json", "for other programs"},
                  {"firn store verify linux.firn --quiet", "without a progress line"}},
     .options = no_options,
     .operands_min = 1,
     .operands_max = 1,
     .run = command_store_verify},
    {.name = "stat",
     .usage = "STORE",
     .summary = "Tell what a store holds and what that takes on disk",
     .description =
         "Sums the segments by kind, by codec and by file, from the manifest alone. Kinds are\n"
         "the writer's own numbers. Unused files were left by a writer that died, or belong to\n"
         "one at work; the next writer removes them.",
     .examples = {{"firn store stat linux.firn", "for people"},
                  {"firn store stat linux.firn --json", "for other programs"},
                  {"firn store stat /tmp/s --json --quiet", "the same, as always"}},
     .options = no_options,
     .operands_min = 1,
     .operands_max = 1,
     .run = command_store_stat},
    {.name = "compact",
     .usage = "STORE",
     .summary = "Take garbage out of a store's files, and pack it smaller",
     .description =
         "Moves what is in use out of files that are largely garbage and removes them, and merges\n"
         "small files. With --level each segment is packed anew, once, and kept where that is\n"
         "smaller. Readers are not disturbed; while a writer is at work, this is refused.",
     .examples = {{"firn store compact linux.firn", "files that are half garbage or more"},
                  {"firn store compact linux.firn --level 19",
                   "as small as can be; takes its time"},
                  {"firn store compact linux.firn --garbage 1 --json", "all garbage"}},
     .options = compact_options,
     .operands_min = 1,
     .operands_max = 1,
     .run = command_store_compact},
    {.name = "dump",
     .usage = "STORE",
     .summary = "List a store's segments, or write the content of one",
     .examples = {{"firn store dump linux.firn", "one line for each segment"},
                  {"firn store dump linux.firn --segment 3 -o content", "bring a segment back"},
                  {"firn store dump linux.firn --json", "for other programs"}},
     .options = dump_options,
     .operands_min = 1,
     .operands_max = 1,
     .run = command_store_dump},
};

const struct command_group store_group = {.name = "store",
                                          .summary =
                                              "Check, measure, compact and list any frozen store",
                                          .commands = commands,
                                          .command_count = sizeof commands / sizeof commands[0]};

firn_store *open_operand(const struct invocation *invocation)
{
    /* Nothing is read twice, so that nothing need be kept. */
    const firn_store_options options = {.cache_bytes = 1};
    firn_store *store = NULL;
    firn_error error = {.status = FIRN_OK};
    if (firn_store_open(invocation->operands[0], &options, &store, &error) != FIRN_OK)
        report_error(&error);
    return store;
}

const char *codec_name(firn_codec_kind codec)
{
    static const char *const names[] = {[FIRN_CODEC_RAW] = "raw",
                                        [FIRN_CODEC_LZ4] = "lz4",
                                        [FIRN_CODEC_ZSTD] = "zstd",
                                        [FIRN_CODEC_ZSTD_DICTIONARY] = "zstd+dictionary"};
    return names[codec];
}
