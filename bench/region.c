/* Heaps asleep in regions: row S6. Heaps of Lua, Duktape and SQLite and the memory of real
 * processes, packed by Firn at each level and against a sibling, against LZ4 alone, in blocks of 64
 * KB and of 4 KB, the latter as the kernel's zram holds pages; woken whole, and by touches of 1 %,
 * 40 % and all of their pages.
 *
 *     region [--json] [--quick] [--runs N] [--svg FILE] [FOLDER]
 *
 * FOLDER is what scripts/heaps has laid out; build/heaps when it is not given, which then is laid
 * out, but with --quick. Each run is a program below peers/ in a process of its own: see
 * region/heap.c and region/wakes.c. With --quick there are a node process and Duktape, not all
 * levels, a quarter of the wakes, and no touches. Targets are for a process of 223 MB, and are
 * scaled to what the image has; where the machine has no zram to set up, what it would take is that
 * of LZ4 in 4 KB. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "support/input.h"
#include "support/options.h"
#include "support/plot.h"
#include "support/versus.h"

enum { HEAPS = 5, METHODS = 9, TOUCHES = 3, RUNS = 3, ROWS = 64, TEXT = 96 };
enum { NODE, PYTHON, DUKTAPE };
enum { LZ4, ZSTD1, ZSTD3, ZSTD9, SIBLING1, SIBLING9, LZ4_64K, LZ4_4K };

static const char *const heaps[HEAPS] = {"node", "python", "duktape", "lua", "sqlite"};
static const char *const titles[HEAPS] = {"a node process", "a python process",
                                          "Duktape with lodash in 4 frames", "a Lua state",
                                          "an SQLite database"};
static const char *const methods[METHODS] = {"lz4",      "zstd1",   "zstd3",  "zstd9", "sibling1",
                                             "sibling9", "lz4_64k", "lz4_4k", "zram"};
static const char *const names[METHODS] = {"LZ4",
                                           "zstd-1",
                                           "zstd-3",
                                           "zstd-9",
                                           "zstd-1 against a sibling",
                                           "zstd-9 against a sibling",
                                           "LZ4 alone, 64 KB",
                                           "LZ4 alone, 4 KB",
                                           "zram"};
static const char *const touches[TOUCHES] = {"1", "40", "100"};

static struct contender whole[HEAPS][METHODS], touched[HEAPS][TOUCHES][METHODS];
static struct contender wakes[2];
static struct row rows[ROWS];
static char texts[ROWS][TEXT];
static size_t row_count;

static struct contender contender(const char *folder, size_t heap, size_t method, const char *touch)
{
    const char *path = peer_program("region_heap");
    return (struct contender){.name = names[method],
                              .work = titles[heap],
                              .words = {path, folder, heaps[heap], methods[method], touch},
                              .needs = path};
}

/* A row of one method's figure, with those of others beside it. */
static struct row *add(const struct contender *all, size_t first, const char *key, const char *unit,
                       double unit_size, const char *title, const char *what)
{
    struct row row = row_versus("S6", texts[row_count], &all[first], 1, key, unit, unit_size);
    size_t peers = 0;
    for (size_t i = 0; i < METHODS && peers < ROW_PEERS_MAX - 1; i++) {
        double value = contender_median(&all[i], key) / unit_size;
        bool left_out = i == ZSTD3 && !all[SIBLING1].absent; /* for lack of room */
        if (i != first && !isnan(value) && !left_out)
            row.peers[peers++] = (struct row_peer){all[i].name, value};
    }
    snprintf(texts[row_count], TEXT, "%s %s, %s", title, what, names[first]);
    rows[row_count] = row;
    return &rows[row_count++];
}

/* What a wake takes while others pack, beside what it takes while they do not. */
static void add_wakes(void)
{
    static const struct {
        const char *key, *text;
    } figures[] = {{"p50_ns", "a pin that wakes such a heap while others pack, median"},
                   {"p99_ns", "a pin that wakes such a heap while others pack, 99 %"},
                   {"worst_ns", "a pin that wakes such a heap while others pack, the worst"}};
    for (size_t i = 0; i < sizeof figures / sizeof *figures && !wakes[0].absent; i++)
        rows[row_count++] = row_versus("S6", figures[i].text, wakes, 2, figures[i].key, "ms", 1e6);
    struct series series = {.id = "S6",
                            .what = "wakes of a heap of Duktape, how long they took",
                            .kind = "histogram",
                            .x = "us",
                            .y = "wakes",
                            .log_x = true};
    for (size_t i = 0; i < 2; i++) {
        const struct contender_points *points = contender_points(&wakes[i], "wakes");
        series.lines[i] = (struct series_line){i == 0 ? "while others pack" : "while nobody packs",
                                               (const double(*)[2])points->points, points->count};
    }
    series_add(&series);
}

/* What --quick does without. */
static bool is_left_out(size_t heap, size_t method)
{
    return (heap != NODE && heap != DUKTAPE) || method == LZ4 || method == ZSTD3 ||
           method == ZSTD9 || method == SIBLING9 || method == LZ4_64K;
}

/* A script heap is held to its sibling, and the others have none. */
static void add_heap(size_t heap, bool quick)
{
    const struct contender *all = whole[heap];
    bool sibling = heap == DUKTAPE;
    size_t first = sibling ? SIBLING1 : ZSTD1;
    double plain = contender_median(&all[first], "plain_bytes");
    char title[TEXT / 2];
    if (all[first].absent || isnan(plain))
        return;
    snprintf(title, sizeof title, "%s, %.1f MB:", titles[heap], plain / 1e6);
    struct row *asleep = add(all, first, "asleep_bytes", "MB", 1e6, title, "asleep");
    struct row *wake = add(all, first, "wake_ns", "ms", 1e6, title, "woken whole");
    if (heap == NODE) {
        asleep->target = 32 * plain / 223e6;
        wake->target = 100 * plain / 223e6;
    } else if (sibling) {
        asleep->target = 0.036;
        wake->target = 2;
    }
    add(all, first, "wake_cpu_ns", "ms", 1e6, title, "woken whole, CPU");
    add(all, first, "pack_cpu_ns", "ms", 1e6, title, "packed, CPU");
    for (size_t i = 0; !quick && i < TOUCHES; i++) {
        char what[32];
        snprintf(what, sizeof what, "%s %% of pages touched", touches[i]);
        add(touched[heap][i], first, "wake_ns", "ms", 1e6, title, what);
    }
}

int main(int count, char **words)
{
    static const struct bench_about about = {
        .text = "Heaps asleep in regions, against LZ4 alone and what zram takes.",
        .word = "[FOLDER]",
        .runs = RUNS};
    struct bench_options options;
    bench_options_read(&options, count, words, &about);
    const char *folder = options.word != NULL ? options.word : "build/heaps";
    const bool is_there = options.quick || options.word != NULL
                              ? access(folder, R_OK) == 0
                              : input_lay_out("scripts/heaps", folder);
    if (!is_there)
        fprintf(stderr, "%s: no heaps of processes; scripts/heaps lays them out\n", folder);
    for (size_t i = 0; i < 2; i++) {
        const char *path = peer_program("region_wakes");
        wakes[i] = (struct contender){
            .name = i == 0 ? "Firn" : "while nobody packs",
            .work = "wakes",
            .words = {path, folder, i == 0 ? "packing" : "alone", options.quick ? "50" : "200"},
            .needs = path};
    }
    for (size_t heap = 0; heap < HEAPS; heap++) {
        for (size_t method = 0; method < METHODS; method++) {
            whole[heap][method] = contender(folder, heap, method, "eager");
            whole[heap][method].left_out = options.quick && is_left_out(heap, method);
            for (size_t i = 0; i < TOUCHES; i++)
                touched[heap][i][method] = contender(folder, heap, method, touches[i]);
        }
        contenders_run(whole[heap], METHODS, options.runs);
        for (size_t i = 0; !options.quick && i < TOUCHES; i++)
            contenders_run(touched[heap][i], METHODS, options.runs);
        add_heap(heap, options.quick);
        if (heap == DUKTAPE) {
            contenders_run(wakes, 2, options.runs);
            add_wakes();
        }
        rows_so_far(rows, row_count, options.json);
    }
    return rows_report(rows, row_count, &options);
}
