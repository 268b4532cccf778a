/* A program that does to malloc what programs do, on several threads, and checks every block: for
 * run.py, which compiles it. Exit status 0 when all was as it should be.
 *
 *     torture SEED        threads that exchange blocks, fork, end and are followed by others
 *     torture lock        the same after mlockall
 *     torture twice       frees a block twice
 *     torture sizes       what cannot be given
 */
#define _GNU_SOURCE
#include <errno.h>
#include <malloc.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

enum { THREADS = 4, GENERATIONS = 3, STEPS = 2000, PLACES = 300 };

struct block {
    size_t size;
    uint8_t fill;
    uint8_t bytes[];
};

static _Atomic(struct block *) places[PLACES];

#define NEED(what) ((what) ? (void)0 : fail(#what, __LINE__))

static void fail(const char *what, int line)
{
    fprintf(stderr, "torture: line %d: not %s\n", line, what);
    _exit(1);
}

static uint64_t next(uint64_t *state)
{
    uint64_t mixed = (*state += 0x9e3779b97f4a7c15u);
    mixed = (mixed ^ (mixed >> 30)) * 0xbf58476d1ce4e5b9u;
    mixed = (mixed ^ (mixed >> 27)) * 0x94d049bb133111ebu;
    return mixed ^ (mixed >> 31);
}

static size_t some_size(uint64_t *random)
{
    uint64_t kind = next(random) % 100, value = next(random);
    size_t most = kind == 0 ? 5000000 : kind < 4 ? 300000 : kind < 15 ? 40000 : 500;
    return sizeof(struct block) + value % most;
}

static struct block *fill(uint64_t *random, struct block *block, size_t size)
{
    NEED(block != NULL);
    NEED(malloc_usable_size(block) >= size);
    block->size = size;
    block->fill = (uint8_t)next(random);
    memset(block->bytes, block->fill, size - sizeof *block);
    return block;
}

static void check(const struct block *block, size_t size)
{
    for (size_t i = 0; i < size - sizeof *block; i++)
        NEED(block->bytes[i] == block->fill);
}

static struct block *make(uint64_t *random)
{
    size_t size = some_size(random), alignment = (size_t)16 << next(random) % 18;
    struct block *block = NULL;
    switch (next(random) % 8) {
    case 0:
        block = calloc(1, size);
        for (size_t i = 0; block != NULL && i < size; i++)
            NEED(((uint8_t *)block)[i] == 0);
        break;
    case 1:
        NEED(posix_memalign((void **)&block, alignment, size) == 0);
        NEED((uintptr_t)block % alignment == 0);
        break;
    case 2:
        block = memalign(alignment, size);
        NEED((uintptr_t)block % alignment == 0);
        break;
    default:
        block = malloc(size);
    }
    return fill(random, block, size);
}

/* In the child of a fork from one of several threads: all blocks are there, and all calls work. */
static void live_on(uint64_t *random)
{
    for (int i = 0; i < PLACES; i++) {
        struct block *block = atomic_exchange(&places[i], NULL);
        if (block != NULL)
            check(block, block->size);
        free(block);
    }
    for (int i = 0; i < 500; i++) {
        struct block *block = make(random), *before = atomic_exchange(&places[i % PLACES], block);
        if (before != NULL)
            check(before, before->size);
        free(before);
    }
    _exit(0);
}

static void fork_here(uint64_t *random)
{
    int status;
    pid_t child = fork();
    NEED(child >= 0);
    if (child == 0)
        live_on(random);
    NEED(waitpid(child, &status, 0) == child && status == 0);
}

static void *work(void *context)
{
    uint64_t random = *(uint64_t *)context;
    for (int i = 0; i < STEPS; i++) {
        _Atomic(struct block *) *place = &places[next(&random) % PLACES];
        struct block *block = atomic_exchange(place, NULL);
        if (block == NULL) {
            block = make(&random);
        } else if (next(&random) % 3 == 0) {
            size_t old = block->size, size = some_size(&random);
            block = realloc(block, size);
            NEED(block != NULL);
            check(block, size < old ? size : old);
            fill(&random, block, size);
        } else {
            check(block, block->size);
            free(block);
            block = NULL;
        }
        free(atomic_exchange(place, block));
        if (next(&random) % 3000 == 0)
            fork_here(&random);
    }
    return NULL;
}

static int torture(uint64_t random)
{
    for (int generation = 0; generation < GENERATIONS; generation++) {
        pthread_t threads[THREADS];
        uint64_t seeds[THREADS];
        for (int i = 0; i < THREADS; i++) {
            seeds[i] = next(&random);
            NEED(pthread_create(&threads[i], NULL, work, &seeds[i]) == 0);
        }
        for (int i = 0; i < THREADS; i++)
            NEED(pthread_join(threads[i], NULL) == 0);
    }
    malloc_trim(0);
    return 0;
}

static int try_sizes(void)
{
    volatile size_t sizes[] = {SIZE_MAX, SIZE_MAX / 2, SIZE_MAX - 4096, (size_t)1 << 48};
    void *block = malloc(10), *none = NULL;
    for (int i = 0; i < 4; i++) {
        errno = 0;
        NEED(malloc(sizes[i]) == NULL && errno == ENOMEM);
        NEED(realloc(block, sizes[i]) == NULL && calloc(sizes[i], 2) == NULL);
        NEED(reallocarray(block, sizes[i], 16) == NULL);
        NEED(posix_memalign(&none, 64, sizes[i]) == ENOMEM);
    }
    NEED(posix_memalign(&none, 3, 10) == EINVAL);
    errno = 0;
    NEED(aligned_alloc(24, 48) == NULL && errno == EINVAL);
    free(block);
    return 0;
}

int main(int argument_count, char **arguments)
{
    const char *what = argument_count > 1 ? arguments[1] : "1";
    if (strcmp(what, "sizes") == 0)
        return try_sizes();
    if (strcmp(what, "twice") == 0) {
        void *volatile block = malloc(100);
        free(block);
        free(block);
        return 0;
    }
    if (strcmp(what, "lock") == 0)
        NEED(mlockall(MCL_CURRENT | MCL_FUTURE) == 0);
    return torture(strtoull(what, NULL, 10));
}
