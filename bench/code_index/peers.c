/* A peer is a row of a table: how it indexes, as a line for the shell, and its commands, in which
 * @NAME, @ROOT and @OUT stand for the name looked for, the tree and the peer's own folder. Commands
 * are started without a shell, which would take longer than some of them. */
#include "code_index/peers.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "code_index/bare.h"
#include "code_index/program.h"

#ifndef FIRN_SOURCE
#define FIRN_SOURCE "."
#endif
#define AST_GREP FIRN_SOURCE "/bench/node_modules/@ast-grep/cli-linux-x64-gnu/ast-grep"
#define CLANGD FIRN_SOURCE "/bench/code_index/clangd.py"

#define NAMES_MAX 64u
#define SLOW_NAMES 5u     /* of those that read all files for each name */
#define SLOW_SECONDS 0.05 /* what tells them */

struct peer {
    const char *name;
    const char *tool;  /* looked for in PATH, or a path; NULL: built with the bench */
    const char *index; /* NULL: it has none */
    const char *find[PROGRAM_WORDS_MAX];
    const char *refs[PROGRAM_WORDS_MAX];
    const char *pattern[PROGRAM_WORDS_MAX];
};

static const struct peer peers[PEERS] = {
    [PEER_FIRN] = {.name = "firn",
                   .index = "exec \"$FIRN\" code index \"$ROOT\" --store \"$OUT/store\" --quiet",
                   .find = {"@FIRN", "code", "find", "--store", "@OUT/store", "--", "@NAME"},
                   .refs = {"@FIRN", "code", "refs", "--store", "@OUT/store", "--", "@NAME"},
                   .pattern = {"@FIRN", "code", "query", "--store", "@OUT/store",
                               "(goto_statement) @goto"}},
    [PEER_PARSE] = {.name = "parsing alone"},
    [PEER_CTAGS] = {.name = "ctags",
                    .tool = "ctags",
                    .index = "exec ctags -R --languages=C --langmap=C:.c.h -f \"$OUT/tags\" "
                             "\"$ROOT\"",
                    .find = {"readtags", "-t", "@OUT/tags", "@NAME"}},
    [PEER_CSCOPE] = {.name = "cscope",
                     .tool = "cscope",
                     .index = "cd \"$OUT\" && find \"$ROOT\" -name '*.[ch]' >files && "
                              "exec cscope -b -q -k -i files",
                     .find = {"cscope", "-d", "-q", "-L", "-f", "@OUT/cscope.out", "-1", "@NAME"},
                     .refs = {"cscope", "-d", "-q", "-L", "-f", "@OUT/cscope.out", "-0", "@NAME"}},
    [PEER_GLOBAL] = {.name = "GNU global",
                     .tool = "gtags",
                     .index = "cd \"$ROOT\" && exec gtags \"$OUT\"",
                     .find = {"global", "-x", "@NAME"},
                     .refs = {"global", "-rsx", "@NAME"}},
    [PEER_RIPGREP] = {.name = "ripgrep",
                      .tool = "rg",
                      .refs = {"rg", "--no-config", "-w", "-n", "-F", "-g", "*.[ch]", "@NAME",
                               "@ROOT"}},
    [PEER_AST_GREP] = {.name = "ast-grep",
                       .tool = AST_GREP,
                       .pattern = {AST_GREP, "run", "--lang", "c", "--pattern", "goto $L;",
                                   "@ROOT"}},
    [PEER_CLANGD] = {.name = "clangd", .tool = "clangd"},
};

/* --- commands --- */

struct work {
    const struct peer *peer;
    const char *root;
    const char *out;
    char names[NAMES_MAX][1100];
    unsigned name_count;
};

static bool is_there(const char *tool)
{
    char line[4352];
    if (tool == NULL || strchr(tool, '/') != NULL)
        return tool == NULL || access(tool, X_OK) == 0;
    snprintf(line, sizeof line, "command -v '%s' >/dev/null", tool);
    return system(line) == 0;
}

/* A word with what it stands for in place of @…; the caller frees it. */
static char *expand(const struct work *work, const char *word, const char *name)
{
    const char *const pairs[][2] = {
        {"@FIRN", program_firn()}, {"@NAME", name}, {"@ROOT", work->root}, {"@OUT", work->out}};
    char *text = NULL;
    for (size_t i = 0; i < sizeof pairs / sizeof pairs[0] && text == NULL; i++) {
        size_t size = strlen(pairs[i][0]);
        if (strncmp(word, pairs[i][0], size) == 0 &&
            asprintf(&text, "%s%s", pairs[i][1], word + size) < 0)
            bench_fail("out of memory");
    }
    return text != NULL ? text : strdup(word);
}

static struct program_run run_command(const struct work *work, const char *const *words,
                                      const char *name)
{
    char *expanded[PROGRAM_WORDS_MAX] = {NULL};
    const char *constant[PROGRAM_WORDS_MAX] = {NULL};
    for (size_t i = 0; words[i] != NULL && i + 1 < PROGRAM_WORDS_MAX; i++)
        constant[i] = expanded[i] = expand(work, words[i], name);
    struct program_run run = program_run(constant, NULL, 0);
    for (size_t i = 0; expanded[i] != NULL; i++)
        free(expanded[i]);
    if (run.status == 127 || run.status < 0)
        bench_fail(work->peer->name);
    return run;
}

static void put(const char *key, const char *what, double value)
{
    printf("%s_%s %.9g\n", key, what, value);
}

/* Runs a command for each name (for some, when it is slow) and prints the median time. */
static void time_command(const struct work *work, const char *const *words, const char *key)
{
    double took[NAMES_MAX];
    size_t lines = 0;
    unsigned count = 0;
    bool slow = false;
    if (words[0] == NULL)
        return;
    while (count < (slow && work->name_count > SLOW_NAMES ? SLOW_NAMES : work->name_count)) {
        struct program_run run = run_command(work, words, work->names[count]);
        took[count++] = run.seconds;
        slow = slow || run.seconds > SLOW_SECONDS;
        lines += run.lines;
    }
    put(key, "seconds", median(took, count));
    put(key, "lines", (double)lines);
}

static void index_tree(const struct work *work)
{
    const char *const words[] = {"/bin/sh", "-c", work->peer->index, NULL};
    if (work->peer->index == NULL)
        return;
    struct program_run run = program_run(words, NULL, 0);
    if (run.status != 0)
        bench_fail(work->peer->name);
    put("index", "seconds", run.seconds);
    put("index", "rss_bytes", run.peak_rss_bytes);
    put("disk", "bytes", folder_bytes(work->out));
}

/* --- the process --- */

static void read_names(struct work *work, const char *path)
{
    FILE *file = fopen(path, "r");
    while (file != NULL && work->name_count < NAMES_MAX &&
           fgets(work->names[work->name_count], sizeof work->names[0], file) != NULL) {
        char *name = work->names[work->name_count++];
        name[strcspn(name, "\n")] = '\0';
    }
    if (file == NULL || work->name_count == 0)
        bench_fail("there are no names to look for");
    fclose(file);
}

static void run_peer(struct work *work, const char *names)
{
    setenv("FIRN", program_firn(), 1);
    setenv("ROOT", work->root, 1);
    setenv("OUT", work->out, 1);
    setenv("GTAGSROOT", work->root, 1);
    setenv("GTAGSDBPATH", work->out, 1);
    if (work->peer == &peers[PEER_PARSE]) {
        put("parse", "seconds", bare_parse(work->root));
        return;
    }
    if (work->peer == &peers[PEER_CLANGD]) {
        const char *const words[] = {"python3", CLANGD, work->root, work->out, names, NULL};
        static char output[4096];
        if (program_run(words, output, sizeof output).status != 0)
            bench_fail("clangd failed");
        fputs(output, stdout);
        return;
    }
    index_tree(work);
    time_command(work, work->peer->find, "find");
    time_command(work, work->peer->refs, "refs");
    work->name_count = 1; /* the pattern is always the same */
    time_command(work, work->peer->pattern, "pattern");
}

int peers_child(int count, char **words)
{
    static struct work work;
    if (count != 5)
        return 2;
    for (size_t i = 0; i < PEERS; i++)
        if (strcmp(peers[i].name, words[2]) == 0)
            work.peer = &peers[i];
    if (work.peer == NULL)
        return 2;
    if (!is_there(work.peer->tool))
        return CONTENDER_ABSENT;
    work.root = words[3];
    read_names(&work, words[4]);
    work.out = folder_make();
    run_peer(&work, words[4]);
    folder_remove(work.out);
    return 0;
}

void peers_set_up(struct contender contenders[static PEERS], const char *root, const char *names,
                  bool with_clangd)
{
    static char self[4352];
    snprintf(self, sizeof self, "%s/code", bench_folder());
    for (size_t i = 0; i < PEERS; i++)
        contenders[i] = (struct contender){.name = peers[i].name,
                                           .work = "on the tree",
                                           .words = {self, "--child", peers[i].name, root, names},
                                           .absent = i == PEER_CLANGD && !with_clangd};
}
