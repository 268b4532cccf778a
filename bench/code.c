/* `firn code` against the bare parse of the same files and what others do with them: ctags, cscope,
 * GNU global, ripgrep, ast-grep, clangd.
 *
 *     code [--json] [--quick] [--full] [--runs N] [--svg FILE] [DIR]
 *     code --scaling [--json] [--quick] [--runs N] [--svg FILE] DIR
 *
 * DIR is a source tree; build/corpus/K1 when it is not given, which then is laid out by
 * scripts/corpus, and then build/corpus/K10 is indexed and served too, but with --quick: what
 * memory a small tree takes says nothing of a large one. The contenders take turns, so that all see
 * the same machine; of each the median counts. Programs are measured as a user runs them, in
 * processes of their own. */
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "code_index/large.h"
#include "code_index/peers.h"
#include "code_index/program.h"
#include "code_index/queries.h"
#include "code_index/scaling.h"
#include "code_index/serving.h"
#include "support/options.h"
#include "support/plot.h"
#include "support/versus.h"

#define LARGE "build/corpus/K10" /* which has 10,000,540 lines */

enum { NAMES = 31, COMMANDS = 100, ROWS_MAX = 24, RUNS = 3 };

/* What is measured on a store of this process's own. */
struct figures {
    double lines, source_bytes, tree_bytes, parser_tree_bytes, store_bytes;
    double differences;
    double find_seconds, floor_seconds, warm_seconds, frozen_seconds;
    double resident_bytes, tiered_bytes; /* of servers */
};

static struct contender contenders[PEERS];
static struct row rows[ROWS_MAX];
static size_t row_count;

static double time_nothing(void)
{
    double took[COMMANDS];
    const char *const words[] = {"--version", NULL};
    for (unsigned i = 0; i < COMMANDS; i++)
        took[i] = program_run_firn(words, NULL, 0).seconds;
    return median(took, COMMANDS);
}

static void measure_store(const char *root, const char *store, struct figures *figures)
{
    static char output[1 << 20];
    const char *const index[] = {"code", "index",  root,      "--store",
                                 store,  "--json", "--quiet", NULL};
    const char *const verify[] = {"code", "verify", "--store", store, "--json", "--quiet", NULL};
    program_run_firn(index, output, sizeof output);
    figures->lines = program_value(output, "lines");
    figures->source_bytes = program_value(output, "source_bytes");
    figures->tree_bytes = program_value(output, "tree_bytes");
    figures->parser_tree_bytes = program_value(output, "parser_tree_bytes");
    figures->store_bytes = program_value(output, "store_bytes");
    program_run_firn(verify, output, sizeof output);
    figures->differences = program_value(output, "differences");
    figures->find_seconds = queries_find(store);
    figures->warm_seconds = queries_at(store, false);
    figures->frozen_seconds = queries_at(store, true);
    figures->floor_seconds = time_nothing();
}

/* --- rows --- */

static struct row *add(struct row row)
{
    rows[row_count] = row;
    return &rows[row_count++];
}

static struct row *add_versus(const char *id, const char *what, const char *key, const char *unit,
                              double unit_size)
{
    return add(row_versus(id, what, contenders, PEERS, key, unit, unit_size));
}

static struct row *add_peer(struct row *row, const char *name, double value)
{
    size_t i = 0;
    while (i < ROW_PEERS_MAX && row->peers[i].name != NULL)
        i++;
    if (i < ROW_PEERS_MAX)
        row->peers[i] = (struct row_peer){name, value};
    return row;
}

/* What clangd has in memory when it has indexed what it could in its time. */
static void add_clangd(struct row *row)
{
    static char name[64];
    const struct contender *clangd = &contenders[PEER_CLANGD];
    const double bytes = contender_median(clangd, "serve_pss_bytes");
    const double share = contender_median(clangd, "indexed_share");
    if (isnan(bytes))
        return;
    snprintf(name, sizeof name, "clangd, %.0f %% indexed", share * 100);
    add_peer(row, share < 1 ? name : "clangd", bytes / 1e6);
}

static void add_sizes(const struct figures *figures)
{
    const bool large = figures->lines > 5e6; /* memory for fewer says nothing of what 10 M take */
    struct row *row = add((struct row){.id = "C1",
                                       .what = "trees, all nodes and exact positions, uncompressed",
                                       .value = figures->tree_bytes / figures->lines,
                                       .unit = "B a line",
                                       .target = 3.2});
    add_peer(row, "tree-sitter", figures->parser_tree_bytes / figures->lines);
    row = add((struct row){.id = "C2",
                           .what = "serving with all in RAM, PSS",
                           .value = figures->resident_bytes / 1e6,
                           .unit = "MB",
                           .target = large ? 50 : ROW_NO_TARGET});
    add_clangd(row);
    add((struct row){.id = "C2",
                     .what = "serving with tiers, PSS",
                     .value = figures->tiered_bytes / 1e6,
                     .unit = "MB",
                     .target = large ? 20 : ROW_NO_TARGET});
    row = add_versus("C3", "on disk, Firn's with trees and sources", "disk_bytes", "B a line",
                     figures->lines);
    row->target = large ? 10 : 12; /* a small tree bears the families too */
    add_peer(row, "sources", figures->source_bytes / figures->lines);
    add_versus("C4", "indexing, peak RSS", "index_rss_bytes", "MB", 1e6)->target =
        large ? 100 : ROW_NO_TARGET;
}

static void add_times(const struct figures *figures)
{
    const double parse = contender_median(&contenders[PEER_PARSE], "parse_seconds");
    const double index = contender_median(&contenders[PEER_FIRN], "index_seconds");
    struct row *row = add((struct row){.id = "C5",
                                       .what = "indexing time against the bare parse",
                                       .value = index / parse,
                                       .unit = "times",
                                       .target = 1.25});
    add_peer(row, "firn, s", index);
    add_peer(row, "parse, s", parse);
    add_versus("code", "indexing time", "index_seconds", "s", 1);
    add((struct row){.id = "C6",
                     .what = "find NAME in process, warm",
                     .value = figures->find_seconds * 1e6,
                     .unit = "us",
                     .target = 20});
    row = add_versus("C6", "find NAME, whole command", "find_seconds", "ms", 1e-3);
    row->target = 4.5;
    add_peer(row, "firn --version", figures->floor_seconds * 1e3);
    add_versus("code", "references of NAME, whole command", "refs_seconds", "ms", 1e-3);
    add_versus("code", "all goto statements, whole command", "pattern_seconds", "ms", 1e-3);
    add((struct row){.id = "C7",
                     .what = "node at an offset, warm",
                     .value = figures->warm_seconds * 1e6,
                     .unit = "us",
                     .target = 20});
    add((struct row){.id = "C7",
                     .what = "node at an offset, frozen",
                     .value = figures->frozen_seconds * 1e3,
                     .unit = "ms",
                     .target = 1.5});
    add((struct row){.id = "C8",
                     .what = "differences found by verify",
                     .value = figures->differences,
                     .unit = "",
                     .target = 0});
}

static void add_large(const struct large *large)
{
    static const char *const what[] = {
        "10 M lines: trees, uncompressed", "10 M lines: serving with all in RAM, PSS",
        "10 M lines: serving with tiers, PSS", "10 M lines: on disk, with trees and sources",
        "10 M lines: indexing, peak RSS"};
    static const char *const ids[] = {"C1", "C2", "C2", "C3", "C4"};
    static const double targets[] = {32, 50, 20, 100, 100};
    const double values[] = {large->tree_bytes, large->resident_bytes, large->tiered_bytes,
                             large->store_bytes, large->index_rss_bytes};
    for (size_t i = 0; i < sizeof values / sizeof *values; i++)
        add((struct row){.id = ids[i],
                         .what = what[i],
                         .value = values[i] / 1e6,
                         .unit = "MB",
                         .target = targets[i]});
    add((struct row){.id = "code",
                     .what = "10 M lines: indexing time",
                     .value = large->seconds,
                     .unit = "s",
                     .target = ROW_NO_TARGET});
}

/* --- all of it --- */

static void measure(const char *root, const struct bench_options *options)
{
    struct figures figures = {0};
    char names[4400], store[4400], tree[PATH_MAX];
    const char *folder = folder_make();
    if (realpath(root, tree) == NULL)
        bench_fail("there is no such source tree");
    snprintf(names, sizeof names, "%s/names", folder);
    snprintf(store, sizeof store, "%s/store", folder);
    measure_store(tree, store, &figures);
    queries_names(store, names, NAMES);
    figures.resident_bytes = serving_pss(store, names, true);
    figures.tiered_bytes = serving_pss(store, names, false);
    peers_set_up(contenders, tree, names, options->full);
    for (int peer = PEER_CSCOPE; peer < PEERS && options->quick; peer++)
        contenders[peer].left_out = true;
    contenders_run(contenders, PEERS, options->runs);
    folder_remove(folder);
    contenders_tell_absent(contenders, options->full ? PEERS : PEER_CLANGD);
    scaling_add_series(tree, figures.lines, figures.tree_bytes, figures.store_bytes);
    add_sizes(&figures);
    add_times(&figures);
    rows_so_far(rows, row_count, options->json);
    if (!options->quick && options->word == NULL && realpath(LARGE, tree) != NULL) {
        struct large large;
        large_measure(tree, &large);
        add_large(&large);
    }
}

static int scale(int count, char **words)
{
    static const struct bench_about about = {
        .text = "The cost of a line of DIR at 0.1, 1, 3 and 10 M lines of it.",
        .word = "DIR",
        .runs = RUNS};
    struct bench_options options;
    words[1] = words[0];
    bench_options_read(&options, count - 1, words + 1, &about);
    if (options.word == NULL) {
        fprintf(stderr, "code --scaling: name a source tree\n");
        return 2;
    }
    return scaling_run(&options);
}

int main(int count, char **words)
{
    static const struct bench_about about = {
        .text = "`firn code` against the bare parse of a source tree, and other indexes of it;\n"
                "build/corpus/K1 if not DIR. With --scaling first: how its cost grows.",
        .word = "[DIR]",
        .full = "clangd, which takes minutes",
        .runs = RUNS};
    struct bench_options options;
    if (count > 1 && strcmp(words[1], "--child") == 0)
        return peers_child(count, words);
    if (count > 1 && strcmp(words[1], "--scaling") == 0)
        return scale(count, words);
    bench_options_read(&options, count, words, &about);
    const char *root = options.word != NULL ? options.word : "build/corpus/K1";
    if (access(root, R_OK) != 0 && system("scripts/corpus build/corpus") != 0)
        bench_fail("scripts/corpus failed; name a source tree");
    measure(root, &options);
    return rows_report(rows, row_count, &options);
}
