/* See scaling.h. Figures a line divide by the lines that the index counted. */
#include "code_index/scaling.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "code_index/program.h"
#include "code_index/queries.h"
#include "support/contender.h"
#include "support/plot.h"

#ifndef FIRN_SOURCE
#define FIRN_SOURCE "."
#endif
#define COMMANDS 100u

enum { SIZES = 4 };
static const struct {
    const char *name;
    const char *lines;
} sizes[SIZES] = {
    {"0.1 M", "100000"}, {"1 M", "1000000"}, {"3 M", "3000000"}, {"10 M", "10000000"}};

struct tree {
    const char *folder; /* holds the tree and its store */
    char root[4352];
    char store[4352];
    double seconds[CONTENDER_RUNS_MAX];
    double rss[CONTENDER_RUNS_MAX];
    double lines;
    double store_bytes;
    struct queries_plain plain;
    double find, command, warm, frozen;
};

/* Whether the tree is larger than the one before. */
static bool lay_out(struct tree *tree, const char *from, const char *lines, double before)
{
    char output[64];
    tree->folder = folder_make();
    snprintf(tree->root, sizeof tree->root, "%s/tree", tree->folder);
    snprintf(tree->store, sizeof tree->store, "%s/store", tree->folder);
    const char *const words[] = {FIRN_SOURCE "/scripts/prefix", from, tree->root, lines, NULL};
    if (program_run(words, output, sizeof output).status != 0)
        bench_fail("scripts/prefix failed");
    tree->lines = strtod(output, NULL);
    if (tree->lines > 1.1 * before)
        return true;
    folder_remove(tree->folder);
    return false;
}

static void index_tree(struct tree *tree, unsigned run)
{
    static char output[1 << 20];
    const char *const words[] = {"code",      "index",  tree->root, "--store",
                                 tree->store, "--json", "--quiet",  NULL};
    program_run_firn(words, output, sizeof output);
    tree->seconds[run] = program_value(output, "seconds");
    tree->rss[run] = program_value(output, "peak_rss_bytes");
    tree->lines = program_value(output, "lines");
    tree->store_bytes = program_value(output, "store_bytes");
}

static double time_command(const struct tree *tree)
{
    double took[COMMANDS];
    const char *const words[] = {"code", "stats", "--store", tree->store, NULL};
    for (unsigned i = 0; i < COMMANDS; i++)
        took[i] = program_run_firn(words, NULL, 0).seconds;
    return median(took, COMMANDS);
}

static void query_tree(struct tree *tree)
{
    queries_plain(tree->store, &tree->plain);
    tree->find = queries_find(tree->store);
    tree->command = time_command(tree);
    tree->warm = queries_at(tree->store, false);
    tree->frozen = queries_at(tree->store, true);
}

/* --- rows --- */

enum figure { TIME, RSS, STORE, TREES, NAMES, POSTINGS, CATALOG, FIND, COMMAND, WARM, FROZEN, ALL };

static const struct {
    const char *what, *unit;
    bool may_not_grow; /* from 1 M lines on, beyond the noise of the clock */
} figures[ALL] = {
    [TIME] = {"indexing, time a line", "us", true},
    [RSS] = {"indexing, peak RSS", "MB", false},
    [STORE] = {"store a line, sources included", "B", true},
    [TREES] = {"resident a line: trees, uncompressed", "B", true},
    [NAMES] = {"resident a line: names", "B", true},
    [POSTINGS] = {"resident a line: postings and definitions", "B", true},
    [CATALOG] = {"resident a line: catalog of files", "B", true},
    [FIND] = {"find NAME in process, warm", "us", false},
    [COMMAND] = {"opening the store, a whole command", "ms", false},
    [WARM] = {"node at an offset, warm", "us", false},
    [FROZEN] = {"node at an offset, frozen", "ms", false},
};

static double value_of(struct tree *tree, enum figure figure, unsigned runs)
{
    const struct queries_plain *plain = &tree->plain;
    const double values[ALL] = {
        [TIME] = median(tree->seconds, runs) / tree->lines * 1e6,
        [RSS] = median(tree->rss, runs) / 1e6,
        [STORE] = tree->store_bytes / tree->lines,
        [TREES] = plain->trees / tree->lines,
        [NAMES] = plain->names / tree->lines,
        [POSTINGS] = plain->postings / tree->lines,
        [CATALOG] = plain->catalog / tree->lines,
        [FIND] = tree->find * 1e6,
        [COMMAND] = tree->command * 1e3,
        [WARM] = tree->warm * 1e6,
        [FROZEN] = tree->frozen * 1e3,
    };
    return values[figure];
}

static struct row row_of(struct tree *trees, size_t count, enum figure figure, unsigned runs)
{
    struct row row = {.id = "scale",
                      .what = figures[figure].what,
                      .value = value_of(&trees[count - 1], figure, runs),
                      .unit = figures[figure].unit,
                      .target = ROW_NO_TARGET};
    for (size_t i = 0; i + 1 < count; i++)
        row.peers[i] = (struct row_peer){sizes[i].name, value_of(&trees[i], figure, runs)};
    if (figures[figure].may_not_grow && count > 2)
        row.target = 1.03 * row.peers[1].value;
    return row;
}

void scaling_add_series(const char *root, double all_lines, double all_tree_bytes,
                        double all_store_bytes)
{
    enum { STEPS = 4 };
    static const char *const lines[STEPS - 1] = {"10000", "100000", "300000"};
    static double trees[STEPS][2], stores[STEPS][2];
    struct series series = {.id = "C1",
                            .what = "bytes a line over the size of the tree",
                            .kind = "line",
                            .x = "lines",
                            .y = "B a line",
                            .log_x = true};
    double before = 0;
    size_t count = 0;
    for (struct tree tree = {.folder = NULL};
         count < STEPS - 1 && lay_out(&tree, root, lines[count], before); count++) {
        index_tree(&tree, 0);
        queries_plain(tree.store, &tree.plain);
        trees[count][0] = stores[count][0] = before = tree.lines;
        trees[count][1] = tree.plain.trees / tree.lines;
        stores[count][1] = tree.store_bytes / tree.lines;
        folder_remove(tree.folder);
    }
    if (all_lines > 1.1 * before) {
        trees[count][0] = stores[count][0] = all_lines;
        trees[count][1] = all_tree_bytes / all_lines;
        stores[count++][1] = all_store_bytes / all_lines;
    }
    series.lines[0] = (struct series_line){"trees, uncompressed", (const double(*)[2])trees, count};
    series.lines[1] =
        (struct series_line){"store with all sources", (const double(*)[2])stores, count};
    series_add(&series);
}

int scaling_run(const struct bench_options *options)
{
    static struct tree trees[SIZES];
    struct row rows[ALL];
    size_t count = 0;
    while (count < SIZES && lay_out(&trees[count], options->word, sizes[count].lines,
                                    count > 0 ? trees[count - 1].lines : 0))
        count++;
    if (count == 0)
        bench_fail("the tree has no .c and .h files");
    for (unsigned run = 0; run < options->runs; run++)
        for (size_t i = 0; i < count; i++)
            index_tree(&trees[i], run);
    for (size_t i = 0; i < count; i++)
        query_tree(&trees[i]);
    for (unsigned figure = 0; figure < ALL; figure++)
        rows[figure] = row_of(trees, count, (enum figure)figure, options->runs);
    for (size_t i = 0; i < count; i++)
        folder_remove(trees[i].folder);
    fprintf(stderr, "the first figures are those of %s lines\n", sizes[count - 1].name);
    return rows_report(rows, ALL, options);
}
