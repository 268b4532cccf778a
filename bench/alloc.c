/* Arenas, pools and slabs against what a program would call instead: the rows X1 to X4.
 *
 *     alloc [--json] [--quick] [--runs N]
 *
 * Each figure comes from a process of its own, this program again, so that malloc can be another
 * library's by LD_PRELOAD. One operation is a pair: an object freed and one allocated, or one of
 * the mix allocated and later freed; each object's first word is written. Ratios are of the medians
 * of time on the processor. */
#include <string.h>

#include <firn/firn.h>

#include "support/mix.h"
#include "support/options.h"
#include "support/plot.h"
#include "support/versus.h"

#ifdef FIRN_BENCH_APR
#include <apr_general.h>
#include <apr_pools.h>
#endif

enum { MIX_ROUNDS = 40, CHURN_PAIRS = 3000000, POOL_OBJECTS = 1000000, POOL_BYTES = 64 };

/* --- one run of a workload, in a child: prints nanoseconds a pair, or what memory it takes --- */

/* A place and a size at once, so that choosing them costs little beside the pair. */
static uint64_t random_64(uint64_t *state)
{
    *state ^= *state << 13;
    *state ^= *state >> 7;
    return *state ^= *state << 17;
}

static uint32_t below(uint32_t random, uint32_t bound)
{
    return (uint32_t)((uint64_t)random * bound >> 32);
}

/* Defines a run over the mix; the first round warms up. */
#define MIX_RUN(name, allocate, free_all)                                                          \
    static double name(void)                                                                       \
    {                                                                                              \
        const uint8_t *sizes = mix_sizes();                                                        \
        static void *objects[MIX_OBJECTS];                                                         \
        uint64_t begin = 0;                                                                        \
        for (int round = 0; round <= MIX_ROUNDS; round++) {                                        \
            begin = round == 1 ? cpu_ns() : begin;                                                 \
            for (size_t i = 0; i < MIX_OBJECTS; i++) {                                             \
                size_t size = sizes[i];                                                            \
                objects[i] = (allocate);                                                           \
                *(uint64_t *)objects[i] = i;                                                       \
            }                                                                                      \
            free_all;                                                                              \
        }                                                                                          \
        return (double)(cpu_ns() - begin) / (MIX_ROUNDS * (double)MIX_OBJECTS);                    \
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
    static double name(uint32_t live, uint32_t least, uint32_t most)                               \
    {                                                                                              \
        uint64_t state = 88172645463325252u;                                                       \
        uint64_t begin = 0;                                                                        \
        void **objects = need(calloc(live, sizeof(void *)));                                       \
        for (size_t i = 0; i < live; i++) {                                                        \
            size_t size = least + below((uint32_t)random_64(&state), most - least + 1);            \
            objects[i] = (allocate);                                                               \
            *(uint64_t *)objects[i] = i;                                                           \
        }                                                                                          \
        for (size_t i = 0; i < CHURN_PAIRS + CHURN_PAIRS / 3; i++) {                               \
            begin = i == CHURN_PAIRS / 3 ? cpu_ns() : begin;                                       \
            uint64_t random = random_64(&state);                                                   \
            void **object = &objects[below((uint32_t)(random >> 32), live)];                       \
            size_t size = least + below((uint32_t)random, most - least + 1);                       \
            release;                                                                               \
            *object = (allocate);                                                                  \
            *(uint64_t *)*object = i;                                                              \
        }                                                                                          \
        double took = (double)(cpu_ns() - begin);                                                  \
        free(objects);                                                                             \
        return took / CHURN_PAIRS;                                                                 \
    }

static firn_pool pool;
static firn_slab slab;
CHURN_RUN(churn_malloc, malloc(size), free(*object))
CHURN_RUN(churn_pool, ((void)size, firn_pool_alloc(&pool)), (void)firn_pool_free(&pool, *object))
CHURN_RUN(churn_slab, firn_slab_alloc(&slab, size), (void)firn_slab_release(&slab, *object))

/* A list of free objects through the objects themselves, which checks nothing: as a release and an
 * allocation cancel out, it leaves the workload's own time, the floor. */
static struct floor_object {
    struct floor_object *next;
} * floor_objects;

static inline void floor_release(void *object)
{
    struct floor_object *freed = object;
    freed->next = floor_objects;
    floor_objects = freed;
}

static inline void *floor_alloc(void)
{
    void *object = floor_objects;
    floor_objects = floor_objects->next;
    return object;
}

CHURN_RUN(churn_floor, ((void)size, floor_alloc()), floor_release(*object))

static double pool_floor(void)
{
    uint8_t *memory = need(malloc((size_t)POOL_OBJECTS * POOL_BYTES));
    for (size_t i = POOL_OBJECTS; i > 0; i--)
        floor_release(memory + (i - 1) * POOL_BYTES);
    double figure = churn_floor(POOL_OBJECTS, POOL_BYTES, POOL_BYTES);
    free(memory);
    return figure;
}

/* Per cent of memory that a million objects of 64 bytes take beyond their own. */
static double pool_overhead(bool in_pool)
{
    const double payload = (double)POOL_OBJECTS * POOL_BYTES;
    (void)anonymous_bytes();
    double begin = anonymous_bytes();
    for (uint32_t i = 0; i < POOL_OBJECTS; i++)
        memset(need(in_pool ? firn_pool_alloc(&pool) : malloc(POOL_BYTES)), 1, POOL_BYTES);
    return (anonymous_bytes() - begin - payload) / payload * 100;
}

static void set_up(void)
{
    const firn_pool_options options = {.object_bytes = POOL_BYTES};
    if (firn_arena_init(&arena, NULL) != FIRN_OK || firn_pool_init(&pool, &options) != FIRN_OK ||
        firn_slab_init(&slab, NULL) != FIRN_OK)
        need(NULL);
    bump = bump_start = need(malloc((size_t)128 * MIX_OBJECTS));
    bump_end = bump + (size_t)128 * MIX_OBJECTS;
#ifdef FIRN_BENCH_APR
    if (apr_initialize() != APR_SUCCESS || apr_pool_create(&apr, NULL) != APR_SUCCESS)
        need(NULL);
#endif
}

enum work { MIX, POOL, POOL_MEMORY, SLAB_10K, SLAB_100K, WORKS };

static double work_firn(enum work work)
{
    switch (work) {
    case MIX:
        return mix_arena();
    case POOL:
        return churn_pool(POOL_OBJECTS, POOL_BYTES, POOL_BYTES);
    case POOL_MEMORY:
        return pool_overhead(true);
    case SLAB_10K:
        return churn_slab(10000, 16, 1024);
    default:
        return churn_slab(100000, 16, 1024);
    }
}

static double work_malloc(enum work work)
{
    switch (work) {
    case MIX:
        return mix_malloc();
    case POOL:
        return churn_malloc(POOL_OBJECTS, POOL_BYTES, POOL_BYTES);
    case POOL_MEMORY:
        return pool_overhead(false);
    case SLAB_10K:
        return churn_malloc(10000, 16, 1024);
    default:
        return churn_malloc(100000, 16, 1024);
    }
}

enum peer { FIRN, BUMP, FLOOR, APR, GLIBC, MIMALLOC, JEMALLOC, TCMALLOC, PEERS };

static const struct {
    const char *name, *preload;
} peers[PEERS] = {[FIRN] = {"firn", NULL},
                  [BUMP] = {"bump", NULL},
                  [FLOOR] = {"floor", NULL},
                  [APR] = {"apr", NULL},
                  [GLIBC] = {"glibc", NULL},
                  [MIMALLOC] = {"mimalloc", LIBRARY_MIMALLOC},
                  [JEMALLOC] = {"jemalloc", LIBRARY_JEMALLOC},
                  [TCMALLOC] = {"tcmalloc", LIBRARY_TCMALLOC}};

static int child(enum work work, enum peer peer)
{
    set_up();
    double figure;
    if (peer == FIRN)
        figure = work_firn(work);
    else if (peer >= GLIBC)
        figure = work_malloc(work);
    else if (peer == BUMP)
        figure = mix_bump();
    else if (peer == FLOOR)
        figure = pool_floor();
    else
#ifdef FIRN_BENCH_APR
        figure = mix_apr();
#else
        return CONTENDER_ABSENT;
#endif
    printf("figure %.4f\n", figure);
    return 0;
}

/* --- all runs, in the parent --- */

static const char *const work_names[WORKS] = {"mix", "pool", "pool memory", "slab 10 K",
                                              "slab 100 K"};
static struct contender contenders[WORKS][PEERS];

static void run_all(const char *self, unsigned runs)
{
    static const char *const numbers[] = {"0", "1", "2", "3", "4", "5", "6", "7"};
    for (size_t work = 0; work < WORKS; work++) {
        for (size_t peer = 0; peer < PEERS; peer++)
            contenders[work][peer] =
                (struct contender){.name = peers[peer].name,
                                   .work = work_names[work],
                                   .words = {self, "--child", numbers[work], numbers[peer]},
                                   .preload = peers[peer].preload,
                                   .absent = (work != MIX && (peer == BUMP || peer == APR)) ||
                                             (work != POOL && peer == FLOOR)};
        contenders_run(contenders[work], PEERS, runs);
    }
}

/* How many times as long `over` takes as `under`; the peers' values are the times themselves. */
static struct row ratio(const char *id, const char *what, enum work work, enum peer over,
                        enum peer under, double target, bool at_least)
{
    struct row row = row_versus(id, what, contenders[work], PEERS, "figure", "times", 1);
    for (size_t i = ROW_PEERS_MAX - 1; i > 0; i--)
        row.peers[i] = row.peers[i - 1];
    row.peers[0] = (struct row_peer){"firn, ns", row.value};
    row.value = contender_median(&contenders[work][over], "figure") /
                contender_median(&contenders[work][under], "figure");
    row.least = row.most = 0;
    row.target = isnan(row.value) ? ROW_NO_TARGET : target;
    row.at_least = at_least;
    return row;
}

int main(int count, char **words)
{
    static const struct bench_about about = {
        .text = "Arenas, pools and slabs against malloc of four libraries, APR's pools and "
                "a bare bump."};
    if (count == 4 && strcmp(words[1], "--child") == 0)
        return child((enum work)(words[2][0] - '0'), (enum peer)(words[3][0] - '0'));
    struct bench_options options;
    char self[4200];
    bench_options_read(&options, count, words, &about);
    snprintf(self, sizeof self, "%s/alloc", bench_folder());
    run_all(self, options.runs);
    contenders_tell_absent(&contenders[MIX][APR], PEERS - APR);
    struct row rows[] = {
        ratio("X1", "arena, compile mix, against glibc", MIX, GLIBC, FIRN, 10, true),
        ratio("X1", "arena, compile mix, over a bare bump", MIX, FIRN, BUMP, 1.2, false),
        ratio("X2", "pool, 1 M of 64 B, against glibc", POOL, GLIBC, FIRN, 5, true),
        ratio("X2", "pool, ahead of jemalloc", POOL, JEMALLOC, FIRN, 1, true),
        row_versus("X2", "pool, memory over its objects", contenders[POOL_MEMORY], PEERS, "figure",
                   "%", 1),
        ratio("X3", "slab, 10 K of 16 to 1,024 B, against glibc", SLAB_10K, GLIBC, FIRN, 3, true),
        ratio("X3", "slab, 10 K, ahead of tcmalloc", SLAB_10K, TCMALLOC, FIRN, 1, true),
        ratio("X3", "slab, 100 K, against glibc", SLAB_100K, GLIBC, FIRN, 3, true),
        ratio("X3", "slab, 100 K, ahead of tcmalloc", SLAB_100K, TCMALLOC, FIRN, 1, true),
        ratio("X4", "arena, compile mix, against mimalloc", MIX, MIMALLOC, FIRN, 3, true),
    };
    rows[4].target = 2;
    return rows_report(rows, sizeof rows / sizeof rows[0], &options);
}
