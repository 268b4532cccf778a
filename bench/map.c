/* Firn's ordered map against others: the rows M1 to M8, how much is kept after removals, from which
 * size on it is the smallest, and how reading scales over threads; with --full a table of all kinds
 * of keys, orders and sizes, and of the identifiers in the C sources of DIR, or in /usr/include, as
 * they come; each is run once.
 *
 *     map [--json] [--quick] [--runs N] [--svg FILE] [--full] [DIR]
 *
 * Every run is a process of its own below peers/, which the work in map/driver.h is compiled into
 * with one map and one kind of keys. Memory is what malloc has given out, its own heads and
 * rounding included, over the number of elements; LMDB's is its pages. Times are of the processor.
 * With --quick the others are absl, Judy and BTreeMap, and of texts and of keys in order only the
 * memory is measured. */
#include <pthread.h>
#include <stdio.h>
#include <string.h>

#include <firn/map.h>

#include "support/measure.h"
#include "support/options.h"
#include "support/plot.h"
#include "support/versus.h"

#define ROWS_MAX 600u
#define CELLS_MAX 80u

enum peer { FIRN, STD, ABSL, JUDY, RUST, SORTED, POINTERS, LMDB, PEERS };

static const struct {
    const char *name, *file;
} peers[PEERS] = {
    [FIRN] = {"firn", "firn"},
    [STD] = {"std::map", "std"},
    [ABSL] = {"absl", "absl"},
    [JUDY] = {"Judy", "judy"},
    [RUST] = {"BTreeMap", "btree"},
    [SORTED] = {"sorted", "sorted"},
    [POINTERS] = {"pointers", "pointers"},
    [LMDB] = {"LMDB", "lmdb"},
};

/* A kind of keys in an order, so many of them, and what is done with them. */
struct cell {
    const char *kind, *work, *order, *count;
    struct contender contenders[PEERS];
};

#define IDENTIFIERS "identifiers" /* an order of texts */
static const char *identifiers;   /* the file with one a line */

static struct cell cells[CELLS_MAX];
static size_t cell_count;
static struct row rows[ROWS_MAX];
static size_t row_count;

/* LMDB keeps files, the sorted arrays cannot change. */
static bool is_quick;

static bool can(enum peer peer, const struct cell *cell)
{
    bool large = strlen(cell->count) >= 6, fixed = peer == SORTED || peer == POINTERS;
    return (peer != LMDB || large) && (!fixed || strcmp(cell->work, "basic") == 0);
}

static void set_contender(struct cell *cell, enum peer peer)
{
    char *name;
    struct contender *contender = &cell->contenders[peer];
    bool rust = peer == RUST;
    if (asprintf(&name, rust ? "map_%s" : "map_%s_%s", peers[peer].file, cell->kind) < 0)
        exit(1);
    const char *program = peer_program(name);
    bool read = strcmp(cell->order, IDENTIFIERS) == 0;
    const char *order = read ? "random" : cell->order, *keys = read ? identifiers : NULL;
    *contender = (struct contender){.name = peers[peer].name,
                                    .work = cell->kind,
                                    .absent = !can(peer, cell),
                                    .words = {program, cell->work, order, cell->count, keys}};
    if (rust)
        *contender = (struct contender){
            .name = peers[peer].name,
            .work = cell->kind,
            .words = {program, cell->kind, cell->work, order, cell->count, keys}};
    free(name);
}

/* The cell of these, which is run when it is first asked for. */
static struct cell *measured(const char *kind, const char *work, const char *order,
                             const char *count, unsigned runs)
{
    for (size_t i = 0; i < cell_count; i++)
        if (strcmp(cells[i].kind, kind) == 0 && strcmp(cells[i].work, work) == 0 &&
            strcmp(cells[i].order, order) == 0 && strcmp(cells[i].count, count) == 0)
            return &cells[i];
    struct cell *cell = &cells[cell_count++];
    *cell = (struct cell){.kind = kind, .work = work, .order = order, .count = count};
    for (size_t peer = 0; peer < PEERS; peer++)
        set_contender(cell, (enum peer)peer);
    cell->contenders[STD].left_out = cell->contenders[LMDB].left_out = is_quick;
    cell->contenders[SORTED].left_out = cell->contenders[POINTERS].left_out = is_quick;
    contenders_run(cell->contenders, PEERS, runs);
    return cell;
}

static double figure(const struct cell *cell, enum peer peer, const char *key)
{
    return contender_median(&cell->contenders[peer], key);
}

static struct row *add(const char *id, const char *what, const struct cell *cell, const char *key,
                       const char *unit)
{
    rows[row_count] = row_versus(id, what, cell->contenders, PEERS, key, unit, 1);
    return &rows[row_count++];
}

static struct row *add_own(const char *id, const char *what, double value, const char *unit,
                           double target)
{
    rows[row_count] =
        (struct row){.id = id, .what = what, .value = value, .unit = unit, .target = target};
    return &rows[row_count++];
}

/* --- the rows of the targets --- */

static void add_small(unsigned runs)
{
    static const struct {
        const char *kind, *count, *id, *what;
        double target;
    } sizes[] = {{"u32", "1", "M2", "u32 to u32, 1 element, an element", 48},
                 {"u32", "10", "M2", "u32 to u32, 10 elements, an element", 11.5},
                 {"u32", "100", "M2", "u32 to u32, 100 elements, an element", 9},
                 {"u64", "10", "M3", "u64 to u64, 10 elements, an element", 20}};
    add_own("M1", "the handle of a map", sizeof(firn_map), "B", 16);
    for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++)
        add(sizes[i].id, sizes[i].what,
            measured(sizes[i].kind, "basic", "random", sizes[i].count, runs), "bytes", "B")
            ->target = sizes[i].target;
}

static void add_large(unsigned runs)
{
    const struct cell *random = measured("u64", "basic", "random", "1000000", runs);
    const char *work = is_quick ? "bytes" : "basic"; /* with times for rows that --quick has not */
    const struct cell *sequential = measured("u64", work, "sequential", "1000000", runs);
    add("M4", "u64 to u64, 1 M random, an element", random, "bytes", "B")->target = 18;
    add("M4", "u64 to u64, 1 M in order, an element", sequential, "bytes", "B")->target = 16.2;
    add("M5", "random get of 1 M, at most half of BTreeMap", random, "get_ns", "ns")->target =
        figure(random, RUST, "get_ns") / 2;
    add("M5", "random get of 1 M, at most 1.1 of Judy", random, "get_ns", "ns")->target =
        figure(random, JUDY, "get_ns") * 1.1;
    add("M6", "random insertion, 1 M, ahead of BTreeMap and absl", random, "insert_ns", "ns")
        ->target = fmin(figure(random, RUST, "insert_ns"), figure(random, ABSL, "insert_ns"));
    add("M6", "random removal, 1 M, ahead of BTreeMap and absl", random, "remove_ns", "ns")
        ->target = fmin(figure(random, RUST, "remove_ns"), figure(random, ABSL, "remove_ns"));
    add("M7", "iteration over 1 M, an element", random, "iterate_ns", "ns")->target = 3;
    add("M7", "a search and 100 elements from there", random, "scan_ns", "ns")->target = 1200;
    add("M8", "1 M texts of 20 B to u64, an element",
        measured("text", work, "random", "1000000", runs), "bytes", "B")
        ->target = 30;
}

/* What an element takes at each size that was measured. */
static void add_sizes(unsigned runs)
{
    static const char *const counts[] = {"1", "10", "100", "1000", "100000", "1000000"};
    enum { SIZES = sizeof counts / sizeof *counts };
    static const enum peer shown[] = {FIRN, ABSL, JUDY, RUST, STD};
    static double points[sizeof shown / sizeof *shown][SIZES][2];
    struct series series = {.id = "M4",
                            .what = "u64 to u64, random: bytes an element over size",
                            .kind = "line",
                            .x = "elements",
                            .y = "B an element",
                            .log_x = true,
                            .log_y = true};
    for (size_t i = 0; i < sizeof shown / sizeof *shown; i++) {
        struct series_line *line = &series.lines[i];
        *line = (struct series_line){.name = peers[shown[i]].name,
                                     .points = (const double(*)[2])points[i]};
        for (size_t size = 0; size < SIZES; size++) {
            const struct cell *cell = measured("u64", "basic", "random", counts[size], runs);
            const double bytes = figure(cell, shown[i], "bytes");
            if (isnan(bytes))
                continue;
            points[i][line->count][0] = strtod(counts[size], NULL);
            points[i][line->count++][1] = bytes;
        }
    }
    series_add(&series);
}

/* What 100,000 elements take that are left of a million, over what they take alone. */
static void add_left(unsigned runs)
{
    static const char *const kinds[] = {"u32", "u64", "text"};
    static const char *const whats[] = {"u32, 100 K left of 1 M, over a new map of them",
                                        "u64, 100 K left of 1 M, over a new map of them",
                                        "text, 100 K left of 1 M, over a new map of them"};
    for (size_t i = 0; i < 3; i++) {
        const struct cell *left = measured(kinds[i], "basic", "random", "1000000", runs);
        const struct cell *fresh = measured(kinds[i], "basic", "random", "100000", runs);
        struct row *row = add("left", whats[i], left, "left_bytes", "times");
        row->value /= figure(fresh, FIRN, "bytes");
        row->least = row->most = 0;
        for (size_t at = 0; at < ROW_PEERS_MAX && row->peers[at].name != NULL; at++)
            for (size_t peer = 1; peer < PEERS; peer++)
                if (row->peers[at].name == peers[peer].name)
                    row->peers[at].value /= figure(fresh, (enum peer)peer, "bytes");
        row->target = 1.5;
    }
}

/* The smallest of these sizes from which on an element takes less than elsewhere. */
static void add_crossover(unsigned runs)
{
    static const char *const kinds[] = {"u32", "u64", "text"};
    static const char *const whats[] = {"u32, smaller than pointers and BTreeMap from",
                                        "u64, smaller than pointers and BTreeMap from",
                                        "text, smaller than pointers and BTreeMap from"};
    static const char *const counts[] = {"1", "10", "100", "1000", "100000", "1000000"};
    for (size_t kind = 0; kind < 3; kind++) {
        double from = NAN;
        for (size_t i = sizeof counts / sizeof counts[0]; i-- > 0;) {
            const struct cell *cell = measured(kinds[kind], "basic", "random", counts[i], runs);
            double own = figure(cell, FIRN, "bytes");
            if (!(own < figure(cell, RUST, "bytes")) || !(own < figure(cell, POINTERS, "bytes")))
                break;
            from = strtod(counts[i], NULL);
        }
        add_own("small", whats[kind], from, "elements", 1);
    }
}

/* --- readers --- */

enum { READER_KEYS = 10000000, READER_GETS = 3000000, READERS = 2 };
#define READER_STEP UINT64_C(1800000000000) /* between keys, so that they span the whole range */

static firn_map shared;

static bool next_key(void *context, const void **ret_key, const void **ret_value)
{
    uint64_t *key = context;
    *key += READER_STEP; /* in order, over the whole range */
    *ret_key = *ret_value = key;
    return *key / READER_STEP <= READER_KEYS;
}

static void *read_random(void *context)
{
    uint64_t state = *(uint64_t *)context, found = 0;
    for (int i = 0; i < READER_GETS; i++) {
        state = state * 6364136223846793005u + 1442695040888963407u;
        uint64_t key = ((state >> 33) % READER_KEYS + 1) * READER_STEP;
        found += firn_map_get(&shared, &key) != NULL;
    }
    *(uint64_t *)context = found;
    return NULL;
}

static double read_seconds(size_t readers)
{
    pthread_t threads[READERS];
    uint64_t states[READERS] = {1, 2};
    uint64_t begin = wall_ns();
    for (size_t i = 0; i < readers; i++)
        if (pthread_create(&threads[i], NULL, read_random, &states[i]) != 0)
            exit(1);
    for (size_t i = 0; i < readers; i++) {
        pthread_join(threads[i], NULL);
        if (states[i] != READER_GETS)
            exit(1);
    }
    return (double)(wall_ns() - begin) / 1e9;
}

/* How much more two threads read in a second than one. */
static void add_readers(unsigned runs)
{
    const firn_map_type_options options = {.key = FIRN_KEY_U64, .value_bytes = 8};
    firn_map_type *type;
    uint64_t key = 0;
    double gains[CONTENDER_RUNS_MAX];
    if (firn_map_type_create(&options, &type) != FIRN_OK)
        exit(1);
    firn_map_init(&shared, type);
    if (firn_map_load_sorted(&shared, next_key, &key) != FIRN_OK)
        exit(1);
    for (unsigned run = 0; run < runs; run++) {
        double one = read_seconds(1);
        gains[run] = READERS * one / read_seconds(READERS);
    }
    firn_map_fini(&shared);
    firn_map_type_destroy(type);
    add_own("read", "random gets of 10 M by two threads, over one", median(gains, runs), "times",
            1.8)
        ->at_least = true;
}

/* --- everything --- */

static void add_all(const char *kind, const char *order, const char *count, unsigned runs)
{
    static const char *const figures[][2] = {{"basic", "bytes"},         {"basic", "insert_ns"},
                                             {"basic", "get_ns"},        {"basic", "iterate_ns"},
                                             {"basic", "scan_ns"},       {"basic", "remove_ns"},
                                             {"mixed", "mixed_95_ns"},   {"mixed", "mixed_50_ns"},
                                             {"mixed", "mixed_scan_ns"}, {"mixed", "zipf_ns"}};
    for (size_t i = 0; i < sizeof figures / sizeof figures[0]; i++) {
        bool mixed = strcmp(figures[i][0], "mixed") == 0;
        if (mixed && (strlen(count) < 4 || strlen(count) > 7)) /* 10 M take minutes each */
            continue;
        const struct cell *cell = measured(kind, figures[i][0], order, count, runs);
        char *what;
        if (asprintf(&what, "%s, %s, %s elements, %s", kind, order, count, figures[i][1]) < 0)
            exit(1);
        struct row *row =
            add("all", what, cell, figures[i][1], strcmp(figures[i][1], "bytes") == 0 ? "B" : "ns");
        if (isnan(row->value)) /* too few for a scan */
            row_count--;
    }
}

/* Writes the identifiers of a source tree, each once, to a file beside the peers; returns how many
 * there are. */
static const char *find_identifiers(const char *dir)
{
    char *path, *number;
    size_t count = 0;
    if (asprintf(&path, "%s/peers/identifiers", bench_folder()) < 0)
        exit(1);
    setenv("FIRN_BENCH_DIR", dir, 1);
    setenv("FIRN_BENCH_OUT", path, 1);
    if (system("LC_ALL=C grep -rhowE --include='*.[ch]' '[A-Za-z_][A-Za-z0-9_]*' "
               "\"$FIRN_BENCH_DIR\" | awk '!seen[$0]++' >\"$FIRN_BENCH_OUT\" && "
               "test -s \"$FIRN_BENCH_OUT\"") != 0) {
        fprintf(stderr, "%s: no identifiers there; name a tree of C sources\n", dir);
        exit(1);
    }
    FILE *file = fopen(path, "r");
    for (int byte; file != NULL && (byte = getc(file)) != EOF;)
        count += byte == '\n';
    if (file == NULL || fclose(file) != 0 || asprintf(&number, "%zu", count) < 0)
        exit(1);
    identifiers = path;
    return number;
}

static void add_full(const char *dir)
{
    const unsigned runs = 1;
    static const char *const kinds[] = {"u32", "u64", "text"};
    static const char *const orders[] = {"random", "sequential", "reverse", "clustered"};
    static const char *const counts[] = {"1", "10", "100", "1000", "1000000"};
    for (size_t kind = 0; kind < 3; kind++) {
        for (size_t order = 0; order < 4; order++)
            for (size_t i = 0; i < sizeof counts / sizeof counts[0]; i++)
                if (order == 0 || i >= 3)
                    add_all(kinds[kind], orders[order], counts[i], runs);
        if (kind < 2)
            add_all(kinds[kind], "random", "10000000", runs);
    }
    add_all("text", IDENTIFIERS, find_identifiers(dir), runs);
}

int main(int count, char **words)
{
    static const struct bench_about about = {
        .text =
            "Firn's ordered map against those of C++, Abseil, Judy, Rust and LMDB, and against\n"
            "sorted arrays: memory and time, from one element to ten million.",
        .full = "all kinds of keys, orders and sizes, each once",
        .word = "[DIR]"};
    struct bench_options options;
    bench_options_read(&options, count, words, &about);
    is_quick = options.quick;
    add_small(options.runs);
    rows_so_far(rows, row_count, options.json);
    add_large(options.runs);
    rows_so_far(rows, row_count, options.json);
    add_sizes(options.runs);
    if (!options.quick && !contenders_stopped()) {
        add_left(options.runs);
        add_crossover(options.runs);
        add_readers(options.runs);
    }
    if (options.full)
        add_full(options.word != NULL ? options.word : "/usr/include");
    contenders_tell_absent(measured("u64", "basic", "random", "1000000", options.runs)->contenders,
                           PEERS); /* where all can take part */
    return rows_report(rows, row_count, &options);
}
