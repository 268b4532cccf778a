/* The tiers of firn_cache: the rows S1 to S4, and a day with a cache in a minute. Against Redis,
 * memcached with and without extstore, LMDB, and RocksDB with a compressed secondary cache.
 *
 *     tier [--json] [--quick] [--runs N] [--svg FILE] [VALUES]
 *
 * VALUES is what scripts/values has packed, for the day; build/values when it is not given, which
 * then is packed. Each run is a program below peers/ in a process of its own, with a server of its
 * own where the store is one, on a socket of the machine; see tier/driver.c and tier/day.c. Files
 * lie below TMPDIR or /var/tmp (3 GB). With --quick there are a tenth of the values, nothing
 * frozen, no shares, no day, and targets only for what may be lost. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "support/input.h"
#include "support/options.h"
#include "support/plot.h"
#include "support/versus.h"

enum { STATES = 4, STORES = 4, SHARERS = 4, LOADERS = 3, ROWS = 40, RUNS = 3 };
enum { REDIS = STATES, MEMCACHED, EXTSTORE, LMDB };

/* Firn in each of its tiers, and the others. */
static struct contender states[STATES + STORES];
static struct contender sharers[SHARERS], loaders[LOADERS], day;
static struct row rows[ROWS];
static size_t row_count;
static bool is_quick;

static struct contender contender(const char *name, const char *program, const char *work,
                                  const char *state_or_limit, const char *count)
{
    const char *path = peer_program(program);
    return (struct contender){
        .name = name, .work = work, .words = {path, work, state_or_limit, count}, .needs = path};
}

static void set_up(const char *values)
{
    static const char *const tiers[STATES] = {"hot", "warm", "cold", "frozen"};
    const char *count = is_quick ? "100000" : "1000000", *more = is_quick ? "200000" : "2000000";
    const char *limit = is_quick ? "12600000" : "100000000";
    for (size_t i = 0; i < STATES; i++)
        states[i] = contender("Firn", "tier_firn", "state", tiers[i], count);
    states[REDIS] = contender("Redis", "tier_redis", "state", "held", count);
    states[MEMCACHED] = contender("memcached", "tier_memcached", "state", "held", count);
    states[EXTSTORE] = contender("extstore", "tier_extstore", "state", "file", count);
    states[LMDB] = contender("LMDB", "tier_lmdb", "state", "file", count);
    sharers[0] = contender("Firn", "tier_firn", "share", limit, more);
    sharers[1] = contender("RocksDB, LRU", "tier_rocksdb", "share", limit, more);
    sharers[2] = contender("20 % and LZ4 behind", "tier_rocksdb_lz4", "share", limit, more);
    sharers[3] = contender("20 % and zstd behind", "tier_rocksdb_zstd", "share", limit, more);
    loaders[0] = contender("Firn", "tier_firn", "load", limit, count);
    loaders[1] = contender("extstore", "tier_extstore", "load", limit, count);
    loaders[2] = contender("memcached", "tier_memcached", "load", limit, count);
    day = contender("Firn", "tier_day", values, is_quick ? "200000" : "10000000", NULL);
    day.work = "day";
}

/* A tenth of the values says nothing of what a million take; that none is lost holds for any. */
static void add(const struct row *row)
{
    if (is_quick && isnan(row->value))
        return;
    rows[row_count] = *row;
    if (is_quick && strcmp(row->id, "S4") != 0)
        rows[row_count].target = ROW_NO_TARGET;
    row_count++;
}

static double figure(size_t which, const char *key, double unit)
{
    return contender_median(&states[which], key) / unit;
}

static void add_peer(struct row *row, const char *name, double value)
{
    size_t at = 0;
    while (at < ROW_PEERS_MAX - 1 && row->peers[at].name != NULL)
        at++;
    if (!isnan(value))
        row->peers[at] = (struct row_peer){name, value};
}

static void add_memory(void)
{
    static const char *const what[STATES] = {"RAM an item, JSON of 519 B and key of 13 B: hot",
                                             "RAM an item: warm", "RAM an item: cold",
                                             "RAM an item: frozen"};
    static const double targets[STATES] = {ROW_NO_TARGET, 200, 140, 24};
    for (size_t i = 0; i < STATES; i++) {
        struct row row = row_versus("S1", what[i], &states[i], 1, "item_bytes", "B", 1);
        row.target = targets[i];
        for (size_t peer = REDIS; peer <= EXTSTORE; peer++)
            if ((peer == EXTSTORE) == (i == STATES - 1))
                add_peer(&row, states[peer].name, figure(peer, "item_bytes", 1));
        add(&row);
    }
}

/* The others that lie where the tier does: in RAM, or in a file. */
static void add_times(const char *what, const char *key, const double *targets)
{
    static const char *const tiers[STATES] = {"hot", "warm", "cold", "frozen"};
    static char texts[2 * STATES][64];
    static size_t text_count;
    char trip[32];
    snprintf(trip, sizeof trip, "trip%s", key + 3);
    for (size_t i = 0; i < STATES; i++) {
        struct row row = row_versus("S2", texts[text_count], &states[i], 1, key, "us", 1000);
        snprintf(texts[text_count++], sizeof texts[0], "get, %s: %s", what, tiers[i]);
        row.target = targets != NULL ? targets[i] : ROW_NO_TARGET;
        if (i < STATES - 1) {
            add_peer(&row, "Redis", figure(REDIS, key, 1000));
            add_peer(&row, "of which round trip", figure(REDIS, trip, 1000));
        } else {
            add_peer(&row, "extstore", figure(EXTSTORE, key, 1000));
            add_peer(&row, "of which round trip", figure(EXTSTORE, trip, 1000));
            add_peer(&row, "LMDB", figure(LMDB, key, 1000));
        }
        add(&row);
    }
}

static void add_shares(void)
{
    struct row ram = row_versus("S3", "zipf 0.9 over 10 times the limit: gets answered from RAM",
                                sharers, SHARERS, "from_ram", "", 1);
    struct row resident = row_versus("S3", "what is resident then, at most", sharers, SHARERS,
                                     "resident_bytes", "MB", 1e6);
    struct row middle = row_versus("S3", "get, median", sharers, SHARERS, "get_p50_ns", "us", 1000);
    struct row late = row_versus("S3", "get, 99 %", sharers, SHARERS, "get_p99_ns", "us", 1000);
    ram.target = 0.6;
    ram.at_least = true;
    resident.target = 110;
    add(&ram);
    add(&resident);
    add(&middle);
    add(&late);
}

static void add_loads(void)
{
    struct row lost = row_versus("S4", "5 times the limit put at once: share of values lost",
                                 loaders, LOADERS, "lost_share", "", 1);
    struct row refused = row_versus("S4", "puts refused", loaders, LOADERS, "refused", "", 1);
    struct row wrong =
        row_versus("S4", "values that came back wrong", loaders, LOADERS, "wrong", "", 1);
    struct row rate = row_versus("S4", "puts a second, their making included", loaders, LOADERS,
                                 "puts_per_second", "", 1);
    lost.target = refused.target = wrong.target = 0;
    add(&lost);
    add(&refused);
    add(&wrong);
    add(&rate);
}

static void add_day(void)
{
    static const struct {
        const char *what, *key, *unit;
        double unit_size, target;
    } figures[] = {
        {"a day: values lost or wrong", "lost", "", 1, 0},
        {"a day: over 1 GB, resident of a budget of 100 MB", "resident_bytes", "MB", 1e6, 110},
        {"a day: time for 10^7 operations", "seconds", "s", 1, 60},
        {"a day: get, median", "get_p50_ns", "us", 1000, ROW_NO_TARGET},
        {"a day: get, 99 %", "get_p99_ns", "us", 1000, ROW_NO_TARGET},
        {"a day: get, 99.9 %", "get_p999_ns", "us", 1000, ROW_NO_TARGET},
        {"a day: put, median", "put_p50_ns", "us", 1000, ROW_NO_TARGET},
        {"a day: put, 99 %", "put_p99_ns", "us", 1000, ROW_NO_TARGET},
        {"a day: put, 99.9 %", "put_p999_ns", "us", 1000, ROW_NO_TARGET},
        {"a day: gets answered from RAM", "from_ram", "", 1, ROW_NO_TARGET},
    };
    for (size_t i = 0; i < sizeof figures / sizeof *figures; i++) {
        struct row row = row_versus("day", figures[i].what, &day, 1, figures[i].key,
                                    figures[i].unit, figures[i].unit_size);
        row.target = figures[i].target;
        add(&row);
    }
}

/* Memory over three hours, as values go quiet. */
static void add_ageing(void)
{
    static const char *const tiers[STATES] = {"hot", "warm", "cold", "frozen"};
    static struct contender ageing;
    struct series series = {.id = "S1",
                            .what = is_quick ? "4,000 values of 519 B as they go quiet, frozen "
                                               "ones on disk"
                                             : "20,000 values of 519 B as they go quiet, frozen "
                                               "ones on disk",
                            .kind = "stack",
                            .x = "hours",
                            .y = "MB"};
    ageing = contender("Firn", "tier_ageing", is_quick ? "4000" : "20000", NULL, NULL);
    ageing.work = "ageing";
    contenders_run(&ageing, 1, 1);
    for (size_t i = 0; i < STATES; i++) {
        const struct contender_points *points = contender_points(&ageing, tiers[i]);
        series.lines[i] =
            (struct series_line){tiers[i], (const double(*)[2])points->points, points->count};
    }
    series_add(&series);
}

int main(int count, char **words)
{
    static const struct bench_about about = {
        .text = "firn_cache against Redis, memcached, LMDB and RocksDB; a day with it.",
        .word = "[VALUES]",
        .runs = RUNS};
    struct bench_options options;
    setvbuf(stdout, NULL, _IOLBF, 0); /* for who watches it */
    bench_options_read(&options, count, words, &about);
    const char *values = options.word != NULL ? options.word : "build/values";
    is_quick = options.quick;
    set_up(values);
    loaders[1].left_out = loaders[2].left_out = is_quick;
    states[MEMCACHED].left_out = states[EXTSTORE].left_out = is_quick;
    states[STATES - 1].left_out = is_quick; /* which is packed for a minute */
    contenders_run(states, STATES + STORES, options.runs);
    if (!is_quick)
        contenders_run(sharers, SHARERS, 1);
    contenders_run(loaders, LOADERS, 1);
    add_memory();
    add_times("median", "get_p50_ns", (const double[]){0.5, 25, 60, 250});
    add_times("99 %", "get_p99_ns", NULL);
    if (!is_quick)
        add_shares();
    add_loads();
    rows_so_far(rows, row_count, options.json);
    add_ageing();
    if (is_quick) {
        fprintf(stderr, "no day with --quick\n");
    } else if (options.word != NULL ? access(values, R_OK) == 0
                                    : input_lay_out("scripts/values", values)) {
        contenders_run(&day, 1, 1);
        add_day();
    } else {
        fprintf(stderr, "%s: no values for a day; scripts/values packs them\n", values);
    }
    contenders_tell_absent(states + REDIS, STORES);
    contenders_tell_absent(sharers + 1, 1);
    return rows_report(rows, row_count, &options);
}
