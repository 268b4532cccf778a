/* What a context costs over the arena, heap or slab that it stands for: a compiler's objects, made
 * by both in turns.
 *
 *     context [--json] [--quick] [--runs N] [LOOP]
 *
 * One operation is an object made (and, for a slab, released), whose first word is written. Time is
 * that of the process on the processors. */
#include <string.h>

#include <firn/firn.h>

#include "support/contender.h"
#include "support/mix.h"
#include "support/options.h"
#include "support/plot.h"
#include "support/rows.h"

#define LIMIT_BYTES ((size_t)1 << 30)
#define ROUNDS 40u

static const uint8_t *sizes;
static void *objects[MIX_OBJECTS];

/* --- the loops --- */

/* Makes all objects, then frees them. Called through pointers only, so that no loop knows what
 * stands for `from` and `of`. */
#define LOOP(name, from_type, allocate, free_all)                                                  \
    static void name(void *user, firn_type of)                                                     \
    {                                                                                              \
        from_type *from = user;                                                                    \
        const uint8_t *size_of = sizes; /* which stores into objects might else change */          \
        (void)of;                                                                                  \
        for (size_t i = 0; i < MIX_OBJECTS; i++) {                                                 \
            size_t size = size_of[i];                                                              \
            objects[i] = (allocate);                                                               \
            *(uint64_t *)objects[i] = i;                                                           \
        }                                                                                          \
        free_all;                                                                                  \
    }

#define EACH(release)                                                                              \
    for (size_t i = 0; i < MIX_OBJECTS; i++)                                                       \
    (void)(release)

LOOP(arena_direct, firn_arena, firn_arena_alloc(from, size), firn_arena_reset(from))
LOOP(arena_context, firn_context, firn_context_alloc(from, of, size),
     (void)!firn_context_reset(from))
LOOP(heap_direct, firn_heap, firn_heap_alloc(from, of, size), (void)0)
LOOP(heap_context, firn_context, firn_context_alloc(from, of, size), (void)0)
LOOP(slab_direct, firn_slab, firn_slab_alloc(from, size), EACH(firn_slab_release(from, objects[i])))
LOOP(slab_context, firn_context, firn_context_alloc(from, of, size),
     EACH(firn_context_release(from, of, objects[i], sizes[i])))

enum strategy { ARENA, HEAP, SLAB, STRATEGIES };
enum way { DIRECT, CONTEXT, COUNTED, WAYS };

static struct run {
    const char *name; /* of the loop */
    void (*loop)(void *from, firn_type of);
    void *from;
    firn_type of;
    double figures[CONTENDER_RUNS_MAX];
} all_runs[STRATEGIES][WAYS] = {
    [ARENA] = {{.name = "arena_direct", .loop = arena_direct},
               {.name = "arena_context", .loop = arena_context},
               {.name = "with statistics", .loop = arena_context}},
    [HEAP] = {{.name = "heap_direct", .loop = heap_direct},
              {.name = "heap_context", .loop = heap_context},
              {.name = "with statistics", .loop = heap_context}},
    [SLAB] = {{.name = "slab_direct", .loop = slab_direct},
              {.name = "slab_context", .loop = slab_context},
              {.name = "with statistics", .loop = slab_context}},
};

/* --- what they work on --- */

static const firn_type_options leaf = {.name = "leaf"};

static void check(firn_status status)
{
    if (status == FIRN_OK)
        return;
    fprintf(stderr, "context: %s\n", firn_status_text(status));
    exit(1);
}

static void make(struct run *run, firn_mode mode, bool statistics)
{
    firn_context *made;
    const firn_context_options options = {
        .mode = mode,
        .statistics = statistics,
        .limit_bytes = LIMIT_BYTES,
    };
    check(firn_context_create(&options, &made));
    check(firn_context_type_put(made, &leaf, &run->of));
    run->from = made;
}

static void set_up(void)
{
    static const firn_mode modes[] = {FIRN_MODE_COMPILER, FIRN_MODE_RUNTIME, FIRN_MODE_SERVER};
    static firn_arena arena;
    static firn_slab slab;
    firn_heap *heap;
    const firn_heap_options options = {.no_compaction = true, .limit_bytes = LIMIT_BYTES};
    check(firn_arena_init(&arena, NULL));
    check(firn_slab_init(&slab, NULL));
    check(firn_heap_create(&options, &heap));
    check(firn_heap_type_put(heap, &leaf, &all_runs[HEAP][DIRECT].of));
    all_runs[ARENA][DIRECT].from = &arena;
    all_runs[HEAP][DIRECT].from = heap;
    all_runs[SLAB][DIRECT].from = &slab;
    for (size_t i = 0; i < STRATEGIES; i++) {
        make(&all_runs[i][CONTEXT], modes[i], false);
        make(&all_runs[i][COUNTED], modes[i], true);
    }
    sizes = mix_sizes();
}

/* --- measuring --- */

/* Nanoseconds an object. */
static double run_once(const struct run *run)
{
    uint64_t begin = cpu_ns();
    for (unsigned round = 0; round < ROUNDS; round++)
        run->loop(run->from, run->of);
    return (double)(cpu_ns() - begin) / ((double)ROUNDS * MIX_OBJECTS);
}

static int run_one(const char *name)
{
    for (size_t i = 0; i < STRATEGIES; i++)
        for (size_t way = DIRECT; way <= CONTEXT; way++)
            if (strcmp(all_runs[i][way].name, name) == 0) {
                run_once(&all_runs[i][way]);
                return 0;
            }
    fprintf(stderr, "context: no loop is named %s\n", name);
    return 2;
}

static struct row row_of(size_t strategy, unsigned runs)
{
    static const char *const ids[] = {"arena", "heap", "slab"};
    static const char *const whats[] = {"an object in mode compiler", "an object in mode runtime",
                                        "an object made and released in mode server"};
    struct run *of = all_runs[strategy];
    return (struct row){
        .id = ids[strategy],
        .what = whats[strategy],
        .value = median(of[CONTEXT].figures, runs),
        .unit = "ns",
        .target = ROW_NO_TARGET,
        .peers = {{"directly", median(of[DIRECT].figures, runs)},
                  {of[COUNTED].name, median(of[COUNTED].figures, runs)}},
        .least = of[CONTEXT].figures[0], /* sorted by now */
        .most = of[CONTEXT].figures[runs - 1],
    };
}

int main(int count, char **words)
{
    static const struct bench_about about = {
        .text = "What a context costs over the arena, heap or slab under it, in time. With a LOOP\n"
                "(arena_direct, arena_context, heap_direct, ...) only that is run, to count its\n"
                "instructions by valgrind --tool=callgrind --toggle-collect=LOOP.",
        .word = "[LOOP]",
    };
    struct bench_options options;
    struct row rows[STRATEGIES];
    bench_options_read(&options, count, words, &about);
    set_up();
    if (options.word != NULL)
        return run_one(options.word);
    for (unsigned run = 0; run < options.runs; run++)
        for (size_t i = 0; i < STRATEGIES; i++)
            for (size_t way = 0; way < WAYS; way++)
                all_runs[i][way].figures[run] = run_once(&all_runs[i][way]);
    for (size_t i = 0; i < STRATEGIES; i++)
        rows[i] = row_of(i, options.runs);
    return rows_report(rows, STRATEGIES, &options);
}
