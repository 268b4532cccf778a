/* The frozen store as a database: what Firn's cache and its journal take on disk, how long their
 * commits and reads take, and their opening and compaction. Against SQLite, LMDB and RocksDB.
 *
 *     store [--json] [--quick] [--runs N] [--svg FILE] [--full] [VALUES]
 *
 * VALUES is what scripts/values has packed; build/values when it is not given. 100,000 pieces of up
 * to 4 KiB from all over it are kept, with --quick 10,000, with --full also a million of up to 1
 * KiB. Each run is a program below peers/ in a process of its own, with 16 MiB for what it keeps of
 * the database in memory, where it takes such a limit; see store/driver.c. Files lie below TMPDIR
 * or /var/tmp (2 GB; with --full 6 GB). */
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "support/options.h"
#include "support/plot.h"
#include "support/versus.h"

enum { PEERS = 5, SIZES_MAX = 2, RUNS = 3 };

static const struct {
    const char *what, *key, *unit;
    double unit_size;
} figures[] = {
    {"on disk, loaded by 10,000 a commit", "loaded_bytes", "MB", 1e6},
    {"on disk, after some were replaced", "replaced_bytes", "MB", 1e6},
    {"on disk, compacted", "compacted_bytes", "MB", 1e6},
    {"the values themselves", "plain_bytes", "MB", 1e6},
    {"time of the load", "load_seconds", "s", 1},
    {"puts and commit of 10,000, median", "group_10000_p50_ns", "ms", 1e6},
    {"puts and commit of 100, median", "group_100_p50_ns", "ms", 1e6},
    {"puts and commit of 100, 99 %", "group_100_p99_ns", "ms", 1e6},
    {"put and commit of one, median", "group_1_p50_ns", "ms", 1e6},
    {"put and commit of one, 99 %", "group_1_p99_ns", "ms", 1e6},
    {"opening and first get, page cache cold", "open_cold_p50_ns", "ms", 1e6},
    {"opening and first get", "open_p50_ns", "ms", 1e6},
    {"get anywhere, page cache cold, median", "cold_p50_ns", "us", 1e3},
    {"get anywhere, page cache cold, 99 %", "cold_p99_ns", "us", 1e3},
    {"get anywhere, median", "warm_p50_ns", "us", 1e3},
    {"get anywhere, 99 %", "warm_p99_ns", "us", 1e3},
    {"compaction", "compact_seconds", "s", 1},
    {"memory, at most", "peak_rss_bytes", "MB", 1e6},
};
enum { FIGURES = sizeof figures / sizeof *figures };

static struct row rows[SIZES_MAX * FIGURES];
static size_t row_count;

static void measure(const char *values, const char *count, const char *piece_bytes, unsigned runs)
{
    static const struct {
        const char *name, *program;
    } peers[PEERS] = {{"Firn's cache", "store_cache"},
                      {"journal", "store_journal"},
                      {"SQLite", "store_sqlite"},
                      {"LMDB", "store_lmdb"},
                      {"RocksDB", "store_rocksdb"}};
    static struct contender contenders[SIZES_MAX][PEERS];
    struct contender *these = contenders[row_count / FIGURES];
    for (size_t i = 0; i < PEERS; i++) {
        const char *path = peer_program(peers[i].program);
        these[i] = (struct contender){.name = peers[i].name,
                                      .work = count,
                                      .words = {path, values, count, piece_bytes},
                                      .needs = path};
    }
    contenders_run(these, PEERS, runs);
    for (size_t i = 0; i < FIGURES; i++) {
        char *what;
        if (asprintf(&what, "%s values: %s", count, figures[i].what) < 0)
            exit(1);
        rows[row_count++] = row_versus("store", what, these, PEERS, figures[i].key, figures[i].unit,
                                       figures[i].unit_size);
        rows[row_count - 1].target = ROW_NO_TARGET;
    }
    contenders_tell_absent(these, PEERS);
}

int main(int count, char **words)
{
    static const struct bench_about about = {
        .text = "The frozen store against SQLite, LMDB and RocksDB.",
        .word = "[VALUES]",
        .full = "a million values as well",
        .runs = RUNS};
    struct bench_options options;
    bench_options_read(&options, count, words, &about);
    const char *values = options.word != NULL ? options.word : "build/values";
    const bool there = access(values, R_OK) == 0;
    if (!there)
        fprintf(stderr, "%s: no values; scripts/values packs them\n", values);
    if (there)
        measure(values, options.quick ? "10000" : "100000", "4096", options.runs);
    rows_so_far(rows, row_count, options.json);
    if (there && options.full)
        measure(values, "1000000", "1024", 1);
    return rows_report(rows, row_count, &options);
}
