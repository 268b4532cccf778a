/* What the objects of a compiler cost, from 10,000 to a million of them: memory, and the time to
 * allocate, write and free all of them; with the row X5, what each takes over its payload.
 *
 *     compile_mix [--json] [--quick] [--runs N]
 *
 * The modes are those of a context: compiler an arena, which is reset, runtime a collected heap,
 * which is freed by a collection. The
 * first time is in fresh memory, most of it the kernel's; again is in the memory that the first
 * left. Memory counts what is there when all objects are, over what was before; code is left out.
 * Every run is a process of its own below peers/; the work is in gc/mix.c. */
#include <stdio.h>

#include "support/options.h"
#include "support/plot.h"
#include "support/versus.h"

enum { SIZES = 5, SIZE_ROWS = 3, OWN_ROWS = 2, ROWS = OWN_ROWS + SIZES * SIZE_ROWS };
enum size { MIX_100K = 2, MIX_1M = 4 };
enum peer { COMPILER, RUNTIME, PEERS = 7 };

static const struct {
    const char *name, *program, *preload;
} peers[PEERS] = {
    [COMPILER] = {"compiler", "compiler", NULL},
    [RUNTIME] = {"runtime", "runtime", NULL},
    {"glibc", "malloc", NULL},
    {"mimalloc", "malloc", LIBRARY_MIMALLOC},
    {"jemalloc", "malloc", LIBRARY_JEMALLOC},
    {"tcmalloc", "malloc", LIBRARY_TCMALLOC},
    {"Boehm", "boehm", NULL},
};

static const char *const sizes[SIZES] = {"10000", "50000", "100000", "500000", "1000000"};
static const char *const labels[SIZES] = {"10 K", "50 K", "100 K", "500 K", "1 M"};
static struct contender contenders[SIZES][PEERS];

static void set_up(void)
{
    for (size_t size = 0; size < SIZES; size++)
        for (size_t peer = 0; peer < PEERS; peer++)
            contenders[size][peer] =
                (struct contender){.name = peers[peer].name,
                                   .work = labels[size],
                                   .words = {peer_program(peers[peer].program), "mix", sizes[size]},
                                   .preload = peers[peer].preload};
}

static struct row rows[ROWS];
static size_t row_count;

/* Of a peer from the first on, against those behind it. */
static struct row *add(const char *id, size_t size, enum peer peer, const char *what,
                       const char *key, const char *unit, double unit_size)
{
    static char texts[ROWS][64];
    char *text = texts[row_count];
    snprintf(text, sizeof texts[0], "%s objects, %s", labels[size], what);
    rows[row_count] =
        row_versus(id, text, &contenders[size][peer], PEERS - peer, key, unit, unit_size);
    return &rows[row_count++];
}

int main(int count, char **words)
{
    static const struct bench_about about = {
        .text = "Memory and time of a compiler's objects, 10,000 to a million: compiler "
                "mode against\nruntime mode, malloc and Boehm's collector."};
    struct bench_options options;
    bench_options_read(&options, count, words, &about);
    set_up();
    for (size_t size = 0; size < SIZES; size++) {
        contenders_run(contenders[size], PEERS, options.runs);
        struct row *memory = add("mix", size, COMPILER, "memory", "memory_bytes", "MB", 1e6);
        add("mix", size, COMPILER, "first time", "first_seconds", "ms", 1e-3);
        add("mix", size, COMPILER, "time again", "again_seconds", "ms", 1e-3);
        if (size == MIX_100K)
            memory->target = 4.0;
        rows_so_far(rows, row_count, options.json);
    }
    add("X5", MIX_1M, COMPILER, "over the payload, compiler mode", "overhead_bytes", "B each", 1)
        ->target = 0.1;
    add("X5", MIX_1M, RUNTIME, "over the payload, runtime mode", "overhead_bytes", "B each", 1)
        ->target = 8;
    contenders_tell_absent(contenders[0], PEERS);
    return rows_report(rows, row_count, &options);
}
