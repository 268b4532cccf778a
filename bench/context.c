/* What a context costs over the arena, heap or slab that it stands for: the mix of object sizes of
 * a compiler, made by both in turns.
 *
 *     context [--json] [--runs N]
 *     context --one NAME          only that loop, ten times, to count its instructions by
 *                                 valgrind --tool=callgrind --toggle-collect=NAME
 *
 * One operation is an object made (and, for a slab, released); its first word is written. Nothing
 * but the CPU time of this process counts; the figures are medians.
 */
#include "common/emitter.h"

#include <firn/firn.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define LIMIT_BYTES ((size_t)1 << 30)

enum { OBJECTS = 100000, ROUNDS = 10, RUNS_MAX = 101 };

static const struct {
    size_t size, count; /* of 100,000 */
} mix[] = {{32, 15234}, {48, 23451}, {24, 45231}, {64, 12678}, {128, 3406}};

static uint8_t sizes[OBJECTS];
static void *objects[OBJECTS];

/* Sizes of the mix in a random order that is always the same. */
static void fill_sizes(void)
{
    uint64_t random = 42;
    size_t filled = 0;
    for (size_t i = 0; i < sizeof mix / sizeof mix[0]; i++) {
        memset(sizes + filled, (int)mix[i].size, mix[i].count);
        filled += mix[i].count;
    }
    for (size_t i = OBJECTS - 1; i > 0; i--) {
        random ^= random << 13;
        random ^= random >> 7;
        random ^= random << 17;
        size_t other = (size_t)((random >> 32) * (i + 1) >> 32);
        uint8_t size = sizes[i];
        sizes[i] = sizes[other];
        sizes[other] = size;
    }
}

static double cpu_ns(void)
{
    struct timespec now;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
    return (double)now.tv_sec * 1e9 + (double)now.tv_nsec;
}

/* --- the loops --- */

/* Makes all objects, then frees them. Called through pointers only, so that no loop knows what
 * stands for `from` and `of`. */
#define LOOP(name, from_type, allocate, free_all)                                                  \
    static void name(void *user, firn_type of)                                                     \
    {                                                                                              \
        from_type *from = user;                                                                    \
        (void)of;                                                                                  \
        for (size_t i = 0; i < OBJECTS; i++) {                                                     \
            size_t size = sizes[i];                                                                \
            objects[i] = (allocate);                                                               \
            *(uint64_t *)objects[i] = i;                                                           \
        }                                                                                          \
        free_all;                                                                                  \
    }

#define EACH(release)                                                                              \
    for (size_t i = 0; i < OBJECTS; i++)                                                           \
    (void)(release)

LOOP(arena_direct, firn_arena, firn_arena_alloc(from, size), firn_arena_reset(from))
LOOP(arena_context, firn_context, firn_context_alloc(from, of, size),
     (void)!firn_context_reset(from))
LOOP(heap_direct, firn_heap, firn_heap_alloc(from, of, size), (void)0)
LOOP(heap_context, firn_context, firn_context_alloc(from, of, size), (void)0)
LOOP(slab_direct, firn_slab, firn_slab_alloc(from, size), EACH(firn_slab_release(from, objects[i])))
LOOP(slab_context, firn_context, firn_context_alloc(from, of, size),
     EACH(firn_context_release(from, of, objects[i], sizes[i])))

enum {
    ARENA,
    ARENA_CONTEXT,
    ARENA_COUNTED,
    HEAP,
    HEAP_CONTEXT,
    HEAP_COUNTED,
    SLAB,
    SLAB_CONTEXT,
    SLAB_COUNTED
};

static struct row {
    const char *name;
    void (*loop)(void *from, firn_type of);
    void *from;
    firn_type of;
    double figures[RUNS_MAX];
} rows[] = {
    [ARENA] = {.name = "arena_direct", .loop = arena_direct},
    [ARENA_CONTEXT] = {.name = "arena_context", .loop = arena_context},
    [ARENA_COUNTED] = {.name = "arena_counted", .loop = arena_context},
    [HEAP] = {.name = "heap_direct", .loop = heap_direct},
    [HEAP_CONTEXT] = {.name = "heap_context", .loop = heap_context},
    [HEAP_COUNTED] = {.name = "heap_counted", .loop = heap_context},
    [SLAB] = {.name = "slab_direct", .loop = slab_direct},
    [SLAB_CONTEXT] = {.name = "slab_context", .loop = slab_context},
    [SLAB_COUNTED] = {.name = "slab_counted", .loop = slab_context},
};

enum { ROWS = sizeof rows / sizeof rows[0] };

/* --- all of it --- */

static void need(firn_status status)
{
    if (status == FIRN_OK)
        return;
    fprintf(stderr, "context: %s\n", firn_status_text(status));
    exit(EXIT_FAILED);
}

static void make(struct row *row, firn_mode mode, bool statistics)
{
    firn_context *made;
    const firn_context_options options = {
        .mode = mode,
        .statistics = statistics,
        .limit_bytes = LIMIT_BYTES,
    };
    const firn_type_options leaf = {.name = "leaf"};
    need(firn_context_create(&options, &made));
    need(firn_context_type_put(made, &leaf, &row->of));
    row->from = made;
}

static void set_up(void)
{
    static firn_arena arena;
    static firn_slab slab;
    firn_heap *heap;
    const firn_type_options leaf = {.name = "leaf"};
    const firn_heap_options options = {.no_compaction = true, .limit_bytes = LIMIT_BYTES};
    need(firn_arena_init(&arena, NULL));
    need(firn_slab_init(&slab, NULL));
    need(firn_heap_create(&options, &heap));
    need(firn_heap_type_put(heap, &leaf, &rows[HEAP].of));
    rows[ARENA].from = &arena;
    rows[HEAP].from = heap;
    rows[SLAB].from = &slab;
    make(&rows[ARENA_CONTEXT], FIRN_MODE_COMPILER, false);
    make(&rows[ARENA_COUNTED], FIRN_MODE_COMPILER, true);
    make(&rows[HEAP_CONTEXT], FIRN_MODE_RUNTIME, false);
    make(&rows[HEAP_COUNTED], FIRN_MODE_RUNTIME, true);
    make(&rows[SLAB_CONTEXT], FIRN_MODE_SERVER, false);
    make(&rows[SLAB_COUNTED], FIRN_MODE_SERVER, true);
    fill_sizes();
}

static double time_once(const struct row *row)
{
    double begin = cpu_ns();
    for (int round = 0; round < ROUNDS; round++)
        row->loop(row->from, row->of);
    return (cpu_ns() - begin) / ((double)ROUNDS * OBJECTS);
}

static int compare(const void *one, const void *two)
{
    double a = *(const double *)one, b = *(const double *)two;
    return (a > b) - (a < b);
}

static int print(bool json, size_t runs)
{
    static const struct emitter_column columns[] = {
        {"name", -16}, {"nanoseconds", 12}, {"over_direct", 12}};
    struct emitter emitter;
    double direct = 0;
    emitter_begin(&emitter, stdout, json);
    emitter_object_begin(&emitter, NULL);
    emitter_table_begin(&emitter, "rows", columns, sizeof columns / sizeof columns[0]);
    for (size_t i = 0; i < ROWS; i++) {
        qsort(rows[i].figures, runs, sizeof(double), compare);
        double figure = rows[i].figures[runs / 2];
        if (strstr(rows[i].name, "_direct") != NULL)
            direct = figure;
        emitter_row_begin(&emitter);
        emitter_text(&emitter, "name", rows[i].name);
        emitter_real(&emitter, "nanoseconds", figure);
        emitter_real(&emitter, "over_direct", figure / direct);
        emitter_row_end(&emitter);
    }
    emitter_table_end(&emitter);
    emitter_object_end(&emitter);
    return (int)emitter_end(&emitter, EXIT_DONE);
}

static int run_one(const char *name)
{
    for (size_t i = 0; i < ROWS; i++) {
        if (strcmp(rows[i].name, name) == 0) {
            time_once(&rows[i]);
            return EXIT_DONE;
        }
    }
    return EXIT_USAGE;
}

int main(int argc, char **argv)
{
    bool json = false;
    unsigned long runs = 21;
    set_up();
    for (int i = 1; i < argc; i++) {
        if (strcmp(argv[i], "--one") == 0 && i + 1 < argc)
            return run_one(argv[i + 1]);
        if (strcmp(argv[i], "--json") == 0)
            json = true;
        else if (strcmp(argv[i], "--runs") == 0 && i + 1 < argc)
            runs = strtoul(argv[++i], NULL, 10);
        else
            runs = 0;
    }
    if (runs == 0 || runs > RUNS_MAX) {
        fprintf(stderr, "usage: context [--json] [--runs 1..%d] [--one NAME]\n", RUNS_MAX);
        return EXIT_USAGE;
    }
    for (unsigned long run = 0; run < runs; run++) {
        for (size_t i = 0; i < ROWS; i++)
            rows[i].figures[run] = time_once(&rows[i]);
    }
    return print(json, runs);
}
