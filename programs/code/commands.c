/* The table of `firn code`'s commands, and what they share. */
#include "code/commands.h"

#include <limits.h>
#include <stdlib.h>
#include <unistd.h>

#define STORE_OPTION                                                                               \
    {                                                                                              \
        .name = "store", .letter = 's', .kind = OPTION_TEXT, .argument = "STORE",                  \
        .required = true, .help = "the folder of the store"                                        \
    }
#define CACHE_OPTION                                                                               \
    {                                                                                              \
        .name = "ram", .kind = OPTION_SIZE, .argument = "SIZE", .fallback = "16M",                 \
        .help = "memory for decoded parts of the store"                                            \
    }

static const struct option index_options[] = {
    STORE_OPTION,
    {.name = "ram",
     .kind = OPTION_SIZE,
     .argument = "SIZE",
     .fallback = "64M",
     .help = "memory to aim for; one large file alone may take more"},
    {.name = "jobs",
     .letter = 'j',
     .kind = OPTION_NUMBER,
     .argument = "N",
     .help = "threads; one for each processor when not given"},
    {.name = "exclude",
     .letter = 'x',
     .kind = OPTION_TEXT,
     .argument = "PATTERN",
     .help = "leave out what matches, as in .gitignore; may be given several times"},
    {.name = "no-ignore",
     .kind = OPTION_FLAG,
     .help = "let .gitignore and .ignore files mean nothing"},
    {.name = NULL}};

static const struct option update_options[] = {
    STORE_OPTION,
    {.name = "ram",
     .kind = OPTION_SIZE,
     .argument = "SIZE",
     .fallback = "64M",
     .help = "memory to aim for; one large file alone may take more"},
    {.name = "jobs",
     .letter = 'j',
     .kind = OPTION_NUMBER,
     .argument = "N",
     .help = "threads; one for each processor when not given"},
    {.name = "exclude",
     .letter = 'x',
     .kind = OPTION_TEXT,
     .argument = "PATTERN",
     .help = "leave out what matches, instead of what the index left out"},
    {.name = "no-ignore", .kind = OPTION_FLAG, .help = "from now on, ignore files mean nothing"},
    {.name = NULL}};

static const struct option query_options[] = {STORE_OPTION, CACHE_OPTION, {.name = NULL}};

static const struct option tree_options[] = {STORE_OPTION,
                                             CACHE_OPTION,
                                             {.name = "format",
                                              .letter = 'f',
                                              .kind = OPTION_CHOICE,
                                              .argument = "indented|lines",
                                              .fallback = "indented",
                                              .help = "how to print it"},
                                             {.name = NULL}};

static const struct option pattern_options[] = {
    STORE_OPTION,
    CACHE_OPTION,
    {.name = "language",
     .letter = 'l',
     .kind = OPTION_TEXT,
     .argument = "NAME",
     .help = "only files of this language; all that the pattern fits when not given"},
    {.name = "format",
     .letter = 'f',
     .kind = OPTION_CHOICE,
     .argument = "captures|lines",
     .fallback = "captures",
     .help = "a line for each capture, or for each match"},
    {.name = NULL}};

static const struct option verify_options[] = {
    STORE_OPTION,
    CACHE_OPTION,
    {.name = "jobs",
     .letter = 'j',
     .kind = OPTION_NUMBER,
     .argument = "N",
     .help = "threads; one for each processor when not given"},
    {.name = NULL}};

static const struct option serve_options[] = {
    STORE_OPTION,
    {.name = "socket",
     .kind = OPTION_TEXT,
     .argument = "PATH",
     .required = true,
     .help = "where to listen; a socket of nobody is replaced"},
    {.name = "resident", .kind = OPTION_FLAG, .help = "keep all but the sources decoded in memory"},
    {.name = "ram",
     .kind = OPTION_SIZE,
     .argument = "SIZE",
     .fallback = "12M",
     .help = "memory for decoded parts; 1M beside --resident"},
    {.name = NULL}};

static const struct option lsp_options[] = {{.name = "store",
                                             .letter = 's',
                                             .kind = OPTION_TEXT,
                                             .argument = "STORE",
                                             .help = "the folder of the store, unless the editor "
                                                     "names one"},
                                            CACHE_OPTION,
                                            {.name = NULL}};

static const struct command commands[] = {
    {.name = "index",
     .usage = "DIR",
     .summary = "Index the sources below a folder into a store",
     .description =
         "Parses every file of a known language, packs its syntax tree, its names and its\n"
         "source, and replaces what the store held. A file that cannot be read or parsed is\n"
         "listed as skipped. An index that is interrupted leaves the store as it was.",
     .examples = {{"firn code index linux --store linux.firn", "index a source tree"},
                  {"firn code index . -s /tmp/s -x build/ -x '*.min.js'", "leave files out"},
                  {"firn code index . -s /tmp/s --jobs 1 --ram 32M", "with less memory"}},
     .options = index_options,
     .operands_min = 1,
     .operands_max = 1,
     .run = command_index},
    {.name = "update",
     .usage = "[DIR]",
     .summary = "Bring a store up to what its folder holds now",
     .description =
         "Parses only the files that changed, came or went since the last index or update, found\n"
         "by size and time and then by content, and leaves out what the index left out. DIR is\n"
         "where the folder is now, when it has moved. An update that is interrupted or fails\n"
         "leaves the store as it was.",
     .examples = {{"firn code update --store linux.firn", "after an edit or a checkout"},
                  {"firn code update -s linux.firn --json", "for other programs"},
                  {"firn code update -s linux.firn ~/src/linux", "the folder was moved"}},
     .options = update_options,
     .operands_min = 0,
     .operands_max = 1,
     .run = command_update},
    {.name = "watch",
     .usage = "[DIR]",
     .summary = "Keep a store up to date while its folder changes",
     .description =
         "Updates, then waits for changes and updates again when nothing followed one for 0.2 s,\n"
         "or after 2 s. Prints a line an update; ends at SIGINT or SIGTERM with status 0.",
     .examples = {{"firn code watch --store linux.firn", "until ^C"},
                  {"firn code watch -s linux.firn --json", "a line of JSON an update"},
                  {"firn code watch -s linux.firn --jobs 1 >/dev/null &", "in the background"}},
     .options = update_options,
     .operands_min = 0,
     .operands_max = 1,
     .run = command_watch},
    {.name = "find",
     .usage = "NAME",
     .summary = "Find where a name is defined",
     .examples = {{"firn code find printk -s linux.firn", "one line for each definition"},
                  {"firn code find printk -s linux.firn --json", "for other programs"},
                  {"firn code find -s linux.firn -- --name", "a name that begins with a dash"}},
     .options = query_options,
     .operands_min = 1,
     .operands_max = 1,
     .run = command_ask},
    {.name = "refs",
     .usage = "NAME",
     .summary = "Find every occurrence of a name",
     .description = "Occurrences are names in the syntax trees, not words in comments or texts.",
     .examples = {{"firn code refs printk -s linux.firn", "one line for each occurrence"},
                  {"firn code refs printk -s linux.firn --json", "for other programs"},
                  {"firn code refs printk -s linux.firn --ram 64M", "keep more decoded"}},
     .options = query_options,
     .operands_min = 1,
     .operands_max = 1,
     .run = command_ask},
    {.name = "outline",
     .usage = "FILE",
     .summary = "List what a file defines, nested as it is",
     .examples = {{"firn code outline kernel/fork.c -s linux.firn", "a path of the index"},
                  {"firn code outline ./fork.c -s linux.firn", "a path from here"},
                  {"firn code outline kernel/fork.c -s linux.firn --json", "for other programs"}},
     .options = query_options,
     .operands_min = 1,
     .operands_max = 1,
     .run = command_ask},
    {.name = "at",
     .usage = "FILE:LINE:COLUMN",
     .summary = "Tell what stands at a place",
     .description =
         "Prints the smallest node there, the nodes around it and the definition that it\n"
         "is part of. Lines and columns count from 1, columns in bytes.",
     .examples = {{"firn code at kernel/fork.c:100:5 -s linux.firn", "a place"},
                  {"firn code at kernel/fork.c:100:5 -s linux.firn --json", "for other programs"},
                  {"firn code at ./fork.c:1:1 -s linux.firn", "a path from here"}},
     .options = query_options,
     .operands_min = 1,
     .operands_max = 1,
     .run = command_ask},
    {.name = "tree",
     .usage = "FILE",
     .summary = "Print a file's syntax tree",
     .description =
         "--format lines prints one node a line, in preorder: depth kind named field\n"
         "start_byte end_byte start_row start_column end_row end_column flags. Rows and\n"
         "columns count from 0; flags are m (missing), e (error), x (extra), or -.",
     .examples = {{"firn code tree kernel/fork.c -s linux.firn", "indented"},
                  {"firn code tree kernel/fork.c -s linux.firn --format lines", "for scripts"},
                  {"firn code tree kernel/fork.c -s linux.firn --json", "for other programs"}},
     .options = tree_options,
     .operands_min = 1,
     .operands_max = 1,
     .run = command_ask},
    {.name = "query",
     .usage = "PATTERN [FILE]",
     .summary = "Find what a tree-sitter query matches",
     .description =
         "The pattern is in tree-sitter's query language, with the predicates #eq?, #match? and\n"
         "#any-of?; its matches are those of tree-sitter's own cursor. A FILE alone is searched\n"
         "when one is named. Languages that lack a node type of the pattern are passed over.\n"
         "--format lines prints for each match: path pattern, and name start_byte end_byte for\n"
         "each captured node; patterns count from 0.",
     .examples = {{"firn code query '(goto_statement) @g' -s linux.firn", "every goto"},
                  {"firn code query '((identifier) @i (#eq? @i \"jiffies\"))' -s linux.firn",
                   "a name"},
                  {"firn code query '(ERROR) @e' kernel/fork.c -s linux.firn --json", "one file"}},
     .options = pattern_options,
     .operands_min = 1,
     .operands_max = 2,
     .run = command_ask},
    {.name = "cat",
     .usage = "FILE",
     .summary = "Print a file's source as it was indexed",
     .examples = {{"firn code cat kernel/fork.c -s linux.firn", "byte for byte"},
                  {"firn code cat kernel/fork.c -s linux.firn >fork.c", "bring a file back"},
                  {"firn code cat kernel/fork.c -s linux.firn --json", "for other programs"}},
     .options = query_options,
     .operands_min = 1,
     .operands_max = 1,
     .run = command_ask},
    {.name = "stats",
     .usage = "",
     .summary = "Tell what a store holds and what that takes",
     .examples = {{"firn code stats -s linux.firn", "a table for each language"},
                  {"firn code stats -s linux.firn --json", "for other programs"},
                  {"firn code stats -s linux.firn --quiet", "the same, as always"}},
     .options = query_options,
     .operands_min = 0,
     .operands_max = 0,
     .run = command_ask},
    {.name = "serve",
     .usage = "",
     .summary = "Keep a store open for many clients",
     .description =
         "Answers requests in JSON, one a line, on a Unix socket for the user alone, until "
         "SIGTERM\n"
         "or SIGINT. While it runs, find, refs, outline, at, tree, query, cat and stats of the "
         "same\n"
         "store ask it: they follow the link `socket` in the store's folder, or FIRN_SOCKET in "
         "the\n"
         "environment (empty: no server is asked). New commits to the store are followed.",
     .examples = {{"firn code serve -s linux.firn --socket /run/user/1000/linux", "in tiers"},
                  {"firn code serve -s linux.firn --socket /tmp/l --resident", "all in memory"},
                  {"firn code serve -s linux.firn --socket /tmp/l --ram 8M", "in less memory"}},
     .options = serve_options,
     .operands_min = 0,
     .operands_max = 0,
     .run = command_serve},
    {.name = "verify",
     .usage = "",
     .summary = "Check a store against the sources, byte by byte and node by node",
     .description =
         "Parses every stored source anew and compares every node, compares every source\n"
         "byte with the file on disk, and checks the index of names and every checksum.\n"
         "Files that were changed since are listed, and are no differences.",
     .examples = {{"firn code verify -s linux.firn", "exit status 1 when anything differs"},
                  {"firn code verify -s linux.firn --json", "for other programs"},
                  {"firn code verify -s linux.firn --jobs 1", "with one thread"}},
     .options = verify_options,
     .operands_min = 0,
     .operands_max = 0,
     .run = command_verify},
    {.name = "lsp",
     .usage = "",
     .summary = "Serve an editor over stdin and stdout as a language server",
     .description =
         "Answers from the index and from the texts as they stand in the editor. The store is\n"
         "the one that the editor's initializationOptions name, or --store, or .cache/firn below\n"
         "the editor's folder. Without an index only open files are known; the command\n"
         "firn.index builds one. Settings for editors are in docs/editors.md.",
     .examples = {{"firn code lsp", "what an editor starts"},
                  {"firn code lsp --store linux.firn", "with a store that is elsewhere"},
                  {"firn code lsp --ram 64M", "keep more decoded"}},
     .options = lsp_options,
     .operands_min = 0,
     .operands_max = 0,
     .run = command_lsp},
};

const struct command_group code_group = {
    .name = "code",
    .summary = "Syntax trees, names and sources of a source tree in one small store",
    .commands = commands,
    .command_count = sizeof commands / sizeof commands[0]};

firn_status open_store(const struct invocation *invocation, struct opened *opened,
                       firn_error *ret_error)
{
    return opened_init(opened, option_text(invocation, "store"), firn_allocator_system(),
                       option_number(invocation, "ram"), ret_error);
}

/* --- paths --- */

/* Writes the absolute form of a path from folder (NULL: where this process stands) that may not
 * exist any more: "." and ".." are taken by their words. False when it does not fit. */
static bool make_absolute(const char *folder, const char *path, char absolute[PATH_MAX])
{
    size_t size = 0;
    if (path[0] != '/' && folder != NULL) {
        size = strlen(folder);
        if (size >= PATH_MAX)
            return false;
        memcpy(absolute, folder, size + 1);
    } else if (path[0] != '/') {
        if (getcwd(absolute, PATH_MAX) == NULL)
            return false;
        size = strlen(absolute);
    }
    while (*path != '\0') {
        size_t part = strcspn(path, "/");
        if (part == 2 && memcmp(path, "..", 2) == 0) {
            while (size > 0 && absolute[--size] != '/')
                continue;
        } else if (part > 0 && !(part == 1 && path[0] == '.')) {
            if (size + part + 2 > PATH_MAX)
                return false;
            absolute[size++] = '/';
            memcpy(absolute + size, path, part);
            size += part;
        }
        path += part;
        path += strspn(path, "/");
    }
    absolute[size] = '\0';
    return true;
}

/* What of an absolute path is below root; NULL when nothing is. */
static const char *below(const char *root, const char *path)
{
    size_t size = strlen(root);
    while (size > 0 && root[size - 1] == '/')
        size--;
    return strncmp(root, path, size) == 0 && path[size] == '/' ? path + size + 1 : NULL;
}

/* The path of the file itself, its links followed. */
static bool follow_links(const char *folder, const char *path, char absolute[PATH_MAX])
{
    char joined[PATH_MAX];
    if (path[0] == '/' || folder == NULL)
        return realpath(path, absolute) != NULL;
    const int size = snprintf(joined, sizeof joined, "%s/%s", folder, path);
    return size > 0 && (size_t)size < sizeof joined && realpath(joined, absolute) != NULL;
}

firn_status resolve_file(struct opened *opened, const char *operand, const char *folder,
                         struct opened_file *ret_file, firn_error *ret_error)
{
    char absolute[PATH_MAX];
    const char *root = opened->meta.root;
    firn_status status = opened_find(opened, operand, ret_file, ret_error);
    for (unsigned way = 0; way < 2 && status == FIRN_NOT_FOUND; way++) {
        bool is_made = way == 0 ? make_absolute(folder, operand, absolute)
                                : follow_links(folder, operand, absolute);
        const char *path = is_made ? below(root, absolute) : NULL;
        if (path != NULL)
            status = opened_find(opened, path, ret_file, ret_error);
    }
    if (status == FIRN_NOT_FOUND)
        return firn_error_set(ret_error, status, 0,
                              "%s: not in the index; give its path below %s, or from here", operand,
                              root);
    return status;
}

void print_place(struct emitter *emitter, const char *path, uint32_t row, uint32_t column)
{
    emitter_plain_name(emitter, path, strlen(path));
    emitter_plain(emitter, ":%llu:%llu: ", row + 1ull, column + 1ull);
}

void print_word(struct emitter *emitter, const char *word)
{
    for (; *word != '\0'; word++) {
        size_t plain = strcspn(word, " \n\t\\");
        if (plain > 0)
            emitter_plain_bytes(emitter, word, plain);
        word += plain;
        if (*word == '\0')
            break;
        emitter_plain(emitter, "\\%c",
                      *word == ' '    ? 's'
                      : *word == '\n' ? 'n'
                      : *word == '\t' ? 't'
                                      : '\\');
    }
}

void emit_point(struct emitter *emitter, firn_point point)
{
    emitter_number(emitter, "line", point.row + 1ull);
    emitter_number(emitter, "column", point.column + 1ull);
}
