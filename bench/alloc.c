/* Arenas, pools and slabs against what a program would call instead: the rows X1 to X5.
 *
 *     alloc [--json] [--runs N]
 *
 * Each figure comes from a process of its own, this program again, so that malloc can be another
 * library's by LD_PRELOAD; libraries that are not installed are left out. The runs of all take
 * turns, and the median of their CPU times counts. One operation is a pair: an object freed and one
 * allocated, or one of the mix allocated and later freed; each object's first word is written.
 */
#include "common/emitter.h"

#include <firn/firn.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#ifdef FIRN_BENCH_APR
#include <apr_general.h>
#include <apr_pools.h>
#endif

enum { MIX_OBJECTS = 100000, MIX_ROUNDS = 40, CHURN_PAIRS = 3000000, RUNS_MAX = 51 };

static const struct {
    size_t size, count; /* of 100,000 */
} mix[] = {{32, 15234}, {48, 23451}, {24, 45231}, {64, 12678}, {128, 3406}};

static uint64_t next_random(uint64_t *state)
{
    *state ^= *state << 13;
    *state ^= *state >> 7;
    return *state ^= *state << 17;
}

static size_t below(uint32_t random, size_t bound)
{
    return (size_t)((uint64_t)random * bound >> 32);
}

static double cpu_ns(void)
{
    struct timespec now;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
    return (double)now.tv_sec * 1e9 + (double)now.tv_nsec;
}

static void *need(void *memory)
{
    if (memory == NULL) {
        fprintf(stderr, "alloc: out of memory\n");
        exit(EXIT_FAILED);
    }
    return memory;
}

/* --- one run of a workload, in the child: prints nanoseconds a pair, or bytes an object --- */

/* Sizes of the mix in a random order that is always the same. */
static const uint8_t *mix_sizes(void)
{
    static uint8_t sizes[MIX_OBJECTS];
    uint64_t random = 42;
    size_t filled = 0;
    for (size_t i = 0; i < sizeof mix / sizeof mix[0]; i++) {
        memset(sizes + filled, (int)mix[i].size, mix[i].count);
        filled += mix[i].count;
    }
    for (size_t i = MIX_OBJECTS - 1; i > 0; i--) {
        size_t other = below((uint32_t)(next_random(&random) >> 32), i + 1);
        uint8_t size = sizes[i];
        sizes[i] = sizes[other];
        sizes[other] = size;
    }
    return sizes;
}

/* Defines a run over the mix; the first round warms up. */
#define MIX_RUN(name, allocate, free_all)                                                          \
    static double name(void)                                                                       \
    {                                                                                              \
        const uint8_t *sizes = mix_sizes();                                                        \
        static void *objects[MIX_OBJECTS];                                                         \
        double begin = 0;                                                                          \
        for (int round = 0; round <= MIX_ROUNDS; round++) {                                        \
            begin = round == 1 ? cpu_ns() : begin;                                                 \
            for (size_t i = 0; i < MIX_OBJECTS; i++) {                                             \
                size_t size = sizes[i];                                                            \
                objects[i] = (allocate);                                                           \
                *(uint64_t *)objects[i] = i;                                                       \
            }                                                                                      \
            free_all;                                                                              \
        }                                                                                          \
        return (cpu_ns() - begin) / (MIX_ROUNDS * (double)MIX_OBJECTS);                            \
    }

static firn_arena arena;
static uint8_t *bump, *bump_start, *bump_end;

static inline void *bump_alloc(size_t size)
{
    size_t rounded = (size + 15) & ~(size_t)15;
    if (rounded > (size_t)(bump_end - bump))
        return NULL;
    bump += rounded;
    return bump - rounded;
}

static void free_each(void **objects)
{
    for (size_t i = 0; i < MIX_OBJECTS; i++)
        free(objects[i]);
}

MIX_RUN(mix_malloc, malloc(size), free_each(objects))
MIX_RUN(mix_arena, firn_arena_alloc(&arena, size), firn_arena_reset(&arena))
MIX_RUN(mix_bump, bump_alloc(size), bump = bump_start)
#ifdef FIRN_BENCH_APR
static apr_pool_t *apr;
MIX_RUN(mix_apr, apr_palloc(apr, size), apr_pool_clear(apr))
#endif

/* Defines a run that keeps `live` objects of least to most bytes and replaces random ones. */
#define CHURN_RUN(name, allocate, release)                                                         \
    static double name(size_t live, size_t least, size_t most)                                     \
    {                                                                                              \
        uint64_t state = 88172645463325252u;                                                       \
        double begin = 0;                                                                          \
        void **objects = need(calloc(live, sizeof(void *)));                                       \
        for (size_t i = 0; i < live; i++) {                                                        \
            size_t size = least + below((uint32_t)next_random(&state), most - least + 1);          \
            objects[i] = (allocate);                                                               \
            *(uint64_t *)objects[i] = i;                                                           \
        }                                                                                          \
        for (size_t i = 0; i < CHURN_PAIRS + CHURN_PAIRS / 3; i++) {                               \
            begin = i == CHURN_PAIRS / 3 ? cpu_ns() : begin;                                       \
            uint64_t random = next_random(&state);                                                 \
            void **object = &objects[below((uint32_t)(random >> 32), live)];                       \
            size_t size = least + below((uint32_t)random, most - least + 1);                       \
            release;                                                                               \
            *object = (allocate);                                                                  \
            *(uint64_t *)*object = i;                                                              \
        }                                                                                          \
        double took = cpu_ns() - begin;                                                            \
        free(objects);                                                                             \
        return took / CHURN_PAIRS;                                                                 \
    }

static firn_pool pool;
static firn_slab slab;
CHURN_RUN(churn_malloc, malloc(size), free(*object))
CHURN_RUN(churn_pool, ((void)size, firn_pool_alloc(&pool)), (void)firn_pool_free(&pool, *object))
CHURN_RUN(churn_slab, firn_slab_alloc(&slab, size), (void)firn_slab_release(&slab, *object))

static double resident_bytes(void)
{
    unsigned long pages = 0;
    FILE *file = fopen("/proc/self/statm", "r");
    if (file == NULL || fscanf(file, "%*u %lu", &pages) != 1)
        exit(EXIT_FAILED);
    fclose(file);
    return (double)pages * (double)sysconf(_SC_PAGESIZE);
}

/* Bytes of RSS above the payload, an object, at ten times the mix. */
static double space(bool in_arena)
{
    const uint8_t *sizes = mix_sizes();
    double payload = 0, begin = resident_bytes();
    for (size_t i = 0; i < 10 * MIX_OBJECTS; i++) {
        size_t size = sizes[i % MIX_OBJECTS];
        payload += (double)size;
        memset(need(in_arena ? firn_arena_alloc_aligned(&arena, size, 8) : malloc(size)), 1, size);
    }
    return (resident_bytes() - begin - payload) / (10.0 * MIX_OBJECTS);
}

static void set_up(void)
{
    const firn_pool_options options = {.object_bytes = 64};
    if (firn_arena_init(&arena, NULL) != FIRN_OK || firn_pool_init(&pool, &options) != FIRN_OK ||
        firn_slab_init(&slab, NULL) != FIRN_OK)
        exit(EXIT_FAILED);
#ifdef FIRN_BENCH_APR
    if (apr_initialize() != APR_SUCCESS || apr_pool_create(&apr, NULL) != APR_SUCCESS)
        exit(EXIT_FAILED);
#endif
}

/* Whether the library that was asked for is really here. */
static bool preloaded(const char *library)
{
    char line[512];
    bool found = false;
    FILE *file = fopen("/proc/self/maps", "r");
    while (file != NULL && !found && fgets(line, sizeof line, file) != NULL)
        found = strstr(line, library) != NULL;
    if (file != NULL)
        fclose(file);
    return found;
}

static int child(const char *work, const char *library)
{
    if (library != NULL && !preloaded(library))
        return EXIT_FAILED;
    set_up();
    double figure = -1;
    if (strcmp(work, "mix_malloc") == 0)
        figure = mix_malloc();
    else if (strcmp(work, "mix_arena") == 0)
        figure = mix_arena();
    else if (strcmp(work, "mix_bump") == 0) {
        bump = bump_start = need(malloc((size_t)128 * MIX_OBJECTS));
        bump_end = bump + (size_t)128 * MIX_OBJECTS;
        figure = mix_bump();
    } else if (strcmp(work, "pool_malloc") == 0)
        figure = churn_malloc(1000000, 64, 64);
    else if (strcmp(work, "pool_firn") == 0)
        figure = churn_pool(1000000, 64, 64);
    else if (strcmp(work, "10k_malloc") == 0)
        figure = churn_malloc(10000, 16, 1024);
    else if (strcmp(work, "10k_firn") == 0)
        figure = churn_slab(10000, 16, 1024);
    else if (strcmp(work, "100k_malloc") == 0)
        figure = churn_malloc(100000, 16, 1024);
    else if (strcmp(work, "100k_firn") == 0)
        figure = churn_slab(100000, 16, 1024);
    else if (strcmp(work, "space_malloc") == 0)
        figure = space(false);
    else if (strcmp(work, "space_arena") == 0)
        figure = space(true);
#ifdef FIRN_BENCH_APR
    else if (strcmp(work, "mix_apr") == 0)
        figure = mix_apr();
#endif
    printf("%.3f\n", figure);
    return figure != -1 ? EXIT_DONE : EXIT_FAILED;
}

/* --- all runs, in the parent --- */

#define GLIBC NULL
#define MIMALLOC "libmimalloc.so.2"
#define JEMALLOC "libjemalloc.so.2"
#define TCMALLOC "libtcmalloc_minimal.so.4"

static struct row {
    const char *id, *who, *work, *library;
    double figures[RUNS_MAX];
    unsigned count;
} rows[] = {
    {"X1", "firn arena", "mix_arena", NULL, {0}, 0},
    {"X1", "bump", "mix_bump", NULL, {0}, 0},
    {"X1", "glibc", "mix_malloc", GLIBC, {0}, 0},
    {"X1", "apr", "mix_apr", NULL, {0}, 0},
    {"X2", "firn pool", "pool_firn", NULL, {0}, 0},
    {"X2", "glibc", "pool_malloc", GLIBC, {0}, 0},
    {"X2", "mimalloc", "pool_malloc", MIMALLOC, {0}, 0},
    {"X2", "jemalloc", "pool_malloc", JEMALLOC, {0}, 0},
    {"X2", "tcmalloc", "pool_malloc", TCMALLOC, {0}, 0},
    {"X3 10k", "firn slab", "10k_firn", NULL, {0}, 0},
    {"X3 10k", "glibc", "10k_malloc", GLIBC, {0}, 0},
    {"X3 10k", "mimalloc", "10k_malloc", MIMALLOC, {0}, 0},
    {"X3 10k", "jemalloc", "10k_malloc", JEMALLOC, {0}, 0},
    {"X3 10k", "tcmalloc", "10k_malloc", TCMALLOC, {0}, 0},
    {"X3 100k", "firn slab", "100k_firn", NULL, {0}, 0},
    {"X3 100k", "glibc", "100k_malloc", GLIBC, {0}, 0},
    {"X3 100k", "mimalloc", "100k_malloc", MIMALLOC, {0}, 0},
    {"X3 100k", "jemalloc", "100k_malloc", JEMALLOC, {0}, 0},
    {"X3 100k", "tcmalloc", "100k_malloc", TCMALLOC, {0}, 0},
    {"X4", "firn arena", "mix_arena", NULL, {0}, 0},
    {"X4", "mimalloc", "mix_malloc", MIMALLOC, {0}, 0},
    {"X5", "firn arena", "space_arena", NULL, {0}, 0},
    {"X5", "glibc", "space_malloc", GLIBC, {0}, 0},
    {"X5", "mimalloc", "space_malloc", MIMALLOC, {0}, 0},
};

enum { ROWS = sizeof rows / sizeof rows[0] };

static void run_once(struct row *row, const char *self)
{
    char command[1024];
    const char *library = row->library != NULL ? row->library : "";
    snprintf(command, sizeof command, "LD_PRELOAD='%s' '%s' --child %s %s 2>/dev/null", library,
             self, row->work, library);
    FILE *out = popen(command, "r");
    double figure;
    bool read = out != NULL && fscanf(out, "%lf", &figure) == 1;
    if (out != NULL && pclose(out) == 0 && read)
        row->figures[row->count++] = figure;
}

static int compare(const void *one, const void *two)
{
    double a = *(const double *)one, b = *(const double *)two;
    return (a > b) - (a < b);
}

static double median(struct row *row)
{
    qsort(row->figures, row->count, sizeof(double), compare);
    return (row->figures[row->count / 2] + row->figures[(row->count - 1) / 2]) / 2;
}

static int print(bool json)
{
    static const struct emitter_column columns[] = {{"id", -8},          {"who", -12},
                                                    {"nanoseconds", 12}, {"bytes", 8},
                                                    {"over_firn", 10},   {"runs", 6}};
    struct emitter emitter;
    double firn = 0;
    emitter_begin(&emitter, stdout, json);
    emitter_object_begin(&emitter, NULL);
    emitter_table_begin(&emitter, "rows", columns, sizeof columns / sizeof columns[0]);
    for (size_t i = 0; i < ROWS; i++) {
        if (rows[i].count == 0)
            continue;
        double figure = median(&rows[i]);
        bool space_row = strcmp(rows[i].id, "X5") == 0;
        if (strncmp(rows[i].who, "firn", 4) == 0)
            firn = figure;
        emitter_row_begin(&emitter);
        emitter_text(&emitter, "id", rows[i].id);
        emitter_text(&emitter, "who", rows[i].who);
        emitter_real(&emitter, "nanoseconds", space_row ? 0 : figure);
        emitter_real(&emitter, "bytes", space_row ? figure : 0);
        emitter_real(&emitter, "over_firn", space_row ? 0 : figure / firn);
        emitter_number(&emitter, "runs", rows[i].count);
        emitter_row_end(&emitter);
    }
    emitter_table_end(&emitter);
    emitter_object_end(&emitter);
    return (int)emitter_end(&emitter, EXIT_DONE);
}

int main(int argc, char **argv)
{
    if (argc >= 3 && strcmp(argv[1], "--child") == 0)
        return child(argv[2], argc > 3 ? argv[3] : NULL);
    bool json = false;
    unsigned long runs = 5;
    for (int i = 1; i < argc; i++) {
        if (strcmp(argv[i], "--json") == 0)
            json = true;
        else if (strcmp(argv[i], "--runs") == 0 && i + 1 < argc)
            runs = strtoul(argv[++i], NULL, 10);
        else
            runs = 0;
    }
    if (runs == 0 || runs > RUNS_MAX) {
        fprintf(stderr, "usage: alloc [--json] [--runs 1..%d]\n", RUNS_MAX);
        return EXIT_USAGE;
    }
    char self[512];
    ssize_t length = readlink("/proc/self/exe", self, sizeof self - 1);
    if (length < 0)
        return EXIT_FAILED;
    self[length] = '\0';
    for (unsigned long run = 0; run < runs; run++) {
        for (size_t i = 0; i < ROWS; i++)
            run_once(&rows[i], self);
    }
    return print(json);
}
