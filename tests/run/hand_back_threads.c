/* Threads that allocate, change, and free each other's blocks, that end and are followed by others,
 * with 24 random seeds in each mode: every block holds what was written into it. */
#include "run/preload/bump.h"
#include "run/preload/heap.h"
#include "run/preload/prefixed.h"

#include "support/random.h"

#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <string.h>
#include <cmocka.h>

enum { SEEDS = 24, THREADS = 3, GENERATIONS = 3, STEPS = 1000, PLACES = 400, EDGE = 48 };

/* What a block begins with; its other bytes are its fill. */
struct head {
    size_t size;
    uint8_t fill;
};

static _Atomic(struct head *) places[PLACES];

static size_t some_size(rng *random)
{
    switch (rng_below(random, 60)) {
    case 0:
        return 1 + rng_below(random, 3000000);
    case 1:
    case 2:
        return 1 + rng_below(random, 200000);
    default:
        return 1 + rng_below(random, rng_below(random, 6) == 0 ? 40000 : 600);
    }
}

static struct head *fill(rng *random, struct head *block, size_t size)
{
    if (block == NULL)
        abort();
    uint8_t *bytes = (uint8_t *)block;
    size_t edge = size < EDGE ? size : EDGE;
    block->size = size;
    block->fill = (uint8_t)rng_next(random);
    memset(bytes + sizeof(struct head), block->fill, edge - sizeof(struct head));
    memset(bytes + size - edge + sizeof(struct head), block->fill, edge - sizeof(struct head));
    return block;
}

/* Up to size bytes, which may be fewer than the block has. */
static void check(const struct head *block, size_t size)
{
    const uint8_t *bytes = (const uint8_t *)block;
    for (size_t i = sizeof(struct head); i < size && i < EDGE; i++) {
        if (bytes[i] != block->fill)
            abort();
    }
    if (size == block->size && bytes[size - 1] != block->fill)
        abort();
}

static struct head *new_block(rng *random)
{
    size_t size = sizeof(struct head) + some_size(random);
    struct head *block = NULL;
    switch (rng_below(random, 8)) {
    case 0:
        block = firn_run_calloc(1, size);
        for (size_t i = 0; block != NULL && i < size && i < 4096; i++) {
            if (((uint8_t *)block)[i] != 0)
                abort();
        }
        break;
    case 1:
        block = firn_run_aligned_alloc((size_t)16 << rng_below(random, 13), size);
        break;
    default:
        block = firn_run_malloc(size);
    }
    return fill(random, block, size);
}

static struct head *change(rng *random, struct head *block)
{
    size_t size = sizeof(struct head) + some_size(random), old = block->size;
    block = firn_run_realloc(block, size);
    if (block == NULL)
        abort();
    check(block, size < old ? size : old);
    return fill(random, block, size);
}

static void *work(void *context)
{
    rng random;
    rng_seed(&random, *(uint64_t *)context);
    for (int i = 0; i < STEPS; i++) {
        _Atomic(struct head *) *place = &places[rng_below(&random, PLACES)];
        struct head *block = atomic_exchange(place, NULL);
        if (block != NULL)
            check(block, block->size);
        if (block == NULL) {
            block = new_block(&random);
        } else if (rng_below(&random, 3) == 0) {
            block = change(&random, block);
        } else {
            firn_run_free(block);
            block = NULL;
        }
        firn_run_free(atomic_exchange(place, block));
        if (rng_below(&random, 500) == 0)
            (void)firn_run_malloc_trim(0);
    }
    return NULL;
}

static void run_generation(rng *random)
{
    pthread_t threads[THREADS];
    uint64_t seeds[THREADS];
    for (int i = 0; i < THREADS; i++) {
        seeds[i] = rng_next(random);
        assert_int_equal(pthread_create(&threads[i], NULL, work, &seeds[i]), 0);
    }
    for (int i = 0; i < THREADS; i++)
        assert_int_equal(pthread_join(threads[i], NULL), 0);
}

static void free_all(void)
{
    for (int i = 0; i < PLACES; i++) {
        struct head *block = atomic_exchange(&places[i], NULL);
        if (block != NULL)
            check(block, block->size);
        firn_run_free(block);
    }
}

static void blocks_hold_what_was_written_whoever_frees_them(void **state)
{
    (void)state;
    rng random;
    rng_init(&random, "hand_back");
    for (int seed = 0; seed < SEEDS; seed++) {
        for (int i = 0; i < GENERATIONS; i++)
            run_generation(&random);
        free_all();
    }
    (void)firn_run_malloc_trim(0);
    for (struct run_heap *heap = run_heap_first(); heap != NULL; heap = heap->next) {
        assert_int_equal(run_heap_usage(heap).live_bytes, 0);
        assert_true(run_heap_usage(heap).reserved_bytes == 0 ||
                    firn_slab_verify(&heap->slab) == FIRN_OK);
    }
}

static int use_arenas(void **state)
{
    (void)state;
    run_bump_ceiling = 500000; /* so that there are both */
    run_heap_use_arenas();
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(blocks_hold_what_was_written_whoever_frees_them)};
    int failed = cmocka_run_group_tests_name("runtime", tests, NULL, NULL);
    return failed + cmocka_run_group_tests_name("compiler", tests, use_arenas, NULL);
}
