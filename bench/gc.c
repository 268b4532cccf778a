/* Firn's heap against other collectors, and against malloc and free: the rows X6 to X8, and the
 * heap's pauses.
 *
 *     gc [--json] [--quick] [--runs N]
 *
 * Every run is a process of its own below peers/, which says what it took: time is that of the
 * process on the processors, all its threads together, memory the kernel's peak of it. All do the
 * same work, which their checksums prove. The work is in gc/. */
#include <stdio.h>
#include <string.h>

#include "support/contender.h"
#include "support/options.h"
#include "support/rows.h"

#define ROWS_MAX 24u

enum peer { FIRN, BOEHM, OCAML, JAVA, MALLOC, PEERS };
enum work { TREES, GCBENCH, MAP, MINOR, RING, WORKS };

static const char *const peer_names[PEERS] = {"firn", "Boehm", "OCaml", "Java serial", "malloc"};

static const struct {
    const char *name, *size;
    bool firn_only;
} works[WORKS] = {
    [TREES] = {"trees", "17", false},    [GCBENCH] = {"gcbench", "18", false},
    [MAP] = {"map", "1000000", false},   [MINOR] = {"minor", "16000000", true},
    [RING] = {"ring", "64000000", true},
};

static struct contender contenders[WORKS][PEERS];

static void set_up(void)
{
    static char programs[PEERS][4200];
    static const char *const files[PEERS] = {"/firn", "/boehm", "/ocaml", "", "/malloc"};
    for (size_t peer = 0; peer < PEERS; peer++)
        snprintf(programs[peer], sizeof programs[peer], "%s/peers%s", bench_folder(), files[peer]);
    for (size_t work = 0; work < WORKS; work++)
        for (size_t peer = 0; peer < PEERS; peer++) {
            struct contender *contender = &contenders[work][peer];
            *contender =
                (struct contender){.name = peer_names[peer],
                                   .work = works[work].name,
                                   .words = {programs[peer], works[work].name, works[work].size},
                                   .absent = works[work].firn_only && peer != FIRN};
            if (peer == JAVA) {
                const char *const words[] = {"java",          "-XX:+UseSerialGC", "-cp",
                                             programs[peer],  "Workloads",        works[work].name,
                                             works[work].size};
                memcpy(contender->words, words, sizeof words);
            }
        }
}

/* --- rows --- */

static struct row rows[ROWS_MAX];
static size_t row_count;

/* A figure of Firn's, in units of `unit_size`, with those of its peers. */
static struct row *add_row(const char *id, const char *what, enum work work, const char *key,
                           const char *unit, double unit_size)
{
    const struct contender *firn = &contenders[work][FIRN];
    struct row *row = &rows[row_count++];
    *row = (struct row){.id = id,
                        .what = what,
                        .value = contender_median(firn, key) / unit_size,
                        .unit = unit,
                        .target = ROW_NO_TARGET,
                        .least = contender_least(firn, key) / unit_size,
                        .most = contender_most(firn, key) / unit_size};
    size_t count = 0;
    for (size_t peer = FIRN + 1; peer < PEERS; peer++) {
        double value = contender_median(&contenders[work][peer], key) / unit_size;
        if (!isnan(value))
            row->peers[count++] = (struct row_peer){peer_names[peer], value};
    }
    return row;
}

static double median_of(enum work work, enum peer peer, const char *key)
{
    return contender_median(&contenders[work][peer], key);
}

static void add_rows(void)
{
    add_row("X6", "binary trees of depth 17, time", TREES, "seconds", "s", 1)->target =
        median_of(TREES, OCAML, "seconds");
    add_row("X6", "binary trees, peak RSS", TREES, "peak_rss_bytes", "MB", 1e6);
    add_row("X7", "GCBench of depth 18, time, at most 0.5 of Boehm", GCBENCH, "seconds", "s", 1)
        ->target = 0.5 * median_of(GCBENCH, BOEHM, "seconds");
    add_row("X7", "GCBench, time, ahead of OCaml", GCBENCH, "seconds", "s", 1)->target =
        median_of(GCBENCH, OCAML, "seconds");
    add_row("X7", "GCBench, peak RSS", GCBENCH, "peak_rss_bytes", "MB", 1e6);
    add_row("X8", "map of 1 M entries, an operation", MAP, "operation_ns", "ns", 1)->target = 900;
    add_row("X8", "map, longest pause that the program sees", MAP, "pause_ns", "ms", 1e6)->target =
        2;
    add_row("X8", "map, longest pause, as time of the processor", MAP, "pause_cpu_ns", "ms", 1e6);
    add_row("X8", "map, longest pause that the heap reports", MAP, "own_pause_ns", "ms", 1e6);
    add_row("X8", "map, peak RSS", MAP, "peak_rss_bytes", "MB", 1e6)->target = 130;
    add_row("pause", "minor, 10 % surviving of 2 MB, 99.9th percentile", MINOR, "minor_p999_ns",
            "ms", 1e6)
        ->target = 1;
    add_row("pause", "longest of any kind, live heap of 64 MB", RING, "pause_ns", "ms", 1e6)
        ->target = 2;
    add_row("pause", "longest of any kind, as time of the processor", RING, "pause_cpu_ns", "ms",
            1e6);
    add_row("pause", "longest of any kind that the heap reports", RING, "own_pause_ns", "ms", 1e6);
}

int main(int count, char **words)
{
    struct bench_options options;
    bench_options_read(&options, count, words,
                       "Firn's heap against other collectors and malloc: binary trees, GCBench, "
                       "a long-lived\nmap with churn, and the heap's pauses.");
    set_up();
    for (size_t work = 0; work < WORKS; work++)
        contenders_run(contenders[work], PEERS, options.runs);
    for (size_t peer = 0; peer < PEERS; peer++)
        if (contenders[TREES][peer].absent)
            fprintf(stderr, "gc: %s is not installed: see scripts/setup bench\n", peer_names[peer]);
    add_rows();
    return rows_print(rows, row_count, options.json);
}
