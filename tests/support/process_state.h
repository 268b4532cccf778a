/* The state of a page process for tests: a graph on the heap, globals, thread-local data, mappings
 * of its own, stdio and signals, all told by one digest; and steps that change it. */
#ifndef FIRN_TESTS_PROCESS_STATE_H
#define FIRN_TESTS_PROCESS_STATE_H

#include "support/random.h"

#include <firn/checksum.h>

#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

enum { NODES = 2000, EDGES = 3, AREAS = 6, AREA_BYTES = 1 << 18, PAGE_BYTES = 4096 };

typedef struct node {
    struct node *edges[EDGES];
    size_t size;
    uint64_t value;
    unsigned char *data;
} node;

typedef struct area { /* a mapping that comes and goes */
    unsigned char *at;
    size_t size;
    int rights;
} area;

static node *nodes[NODES];
static area areas[AREAS];
static uint64_t state_counter = 3;
static char state_text[9000] = "initialised";
static _Thread_local uint64_t local_counter = 11;
static _Thread_local char local_text[6000];
static volatile sig_atomic_t signals_seen;

static rng state_random;

static unsigned random_below(uint64_t limit)
{
    return (unsigned)rng_below(&state_random, limit);
}

static uint64_t digest_bytes(uint64_t digest, const void *data, size_t size)
{
    return (digest ^ firn_crc32c((uint32_t)digest, data, size)) * UINT64_C(0x9e3779b97f4a7c15);
}

static void area_protect(const area *which, int rights)
{
    if (mprotect(which->at, which->size, rights) != 0)
        abort();
}

/* The graph is followed by its pointers, so a wrong one is found. */
static inline uint64_t state_digest(void)
{
    uint64_t digest = UINT64_C(0xcbf29ce484222325);
    for (size_t i = 0; i < NODES; i++) {
        if (nodes[i] == NULL)
            continue;
        digest = digest_bytes(digest, &nodes[i], sizeof nodes[i]);
        digest = digest_bytes(digest, nodes[i]->data, nodes[i]->size);
        const node *at = nodes[i];
        for (unsigned step = 0; step < 4 && at != NULL; step++) {
            digest = digest_bytes(digest, &at->value, sizeof at->value);
            at = at->edges[step % EDGES];
        }
    }
    for (size_t i = 0; i < AREAS; i++) {
        if (areas[i].at == NULL)
            continue;
        digest = digest_bytes(digest, &areas[i].rights, sizeof areas[i].rights);
        area_protect(&areas[i], areas[i].rights | PROT_READ);
        digest = digest_bytes(digest, areas[i].at, areas[i].size);
        area_protect(&areas[i], areas[i].rights);
    }
    digest = digest_bytes(digest, state_text, sizeof state_text);
    digest = digest_bytes(digest, local_text, sizeof local_text);
    digest = digest_bytes(digest, &state_counter, sizeof state_counter);
    return digest_bytes(digest, &local_counter, sizeof local_counter);
}

static void node_free(size_t index)
{
    for (size_t i = 0; i < NODES; i++) {
        for (unsigned e = 0; nodes[i] != NULL && e < EDGES; e++) {
            if (nodes[i]->edges[e] == nodes[index])
                nodes[i]->edges[e] = NULL;
        }
    }
    free(nodes[index]->data);
    free(nodes[index]);
    nodes[index] = NULL;
}

static void node_make(size_t index)
{
    node *made = calloc(1, sizeof *made);
    /* Now and then one large enough for malloc to map it. */
    made->size = random_below(50) == 0 ? 200000 : 1 + random_below(400);
    made->data = malloc(made->size);
    memset(made->data, (int)random_below(256), made->size);
    made->value = random_below(UINT32_MAX);
    for (unsigned e = 0; e < EDGES; e++)
        made->edges[e] = nodes[random_below(NODES)];
    nodes[index] = made;
}

static void change_area(area *which)
{
    if (which->at != NULL) {
        munmap(which->at, which->size);
        *which = (area){0};
        return;
    }
    which->size = (1 + random_below(AREA_BYTES / PAGE_BYTES)) * PAGE_BYTES;
    void *at = mmap(NULL, which->size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (at == MAP_FAILED)
        abort();
    which->at = at;
    for (unsigned i = 0; i < 20; i++)
        memset(which->at + random_below(which->size - 8), (int)random_below(256), 8);
    static const int rights[] = {PROT_READ | PROT_WRITE, PROT_READ, PROT_NONE,
                                 PROT_READ | PROT_EXEC};
    which->rights = rights[random_below(4)];
    area_protect(which, which->rights);
}

static void state_change(unsigned steps)
{
    for (; steps > 0; steps--) {
        size_t index = random_below(NODES);
        if (nodes[index] == NULL)
            node_make(index);
        else if (random_below(2) == 0)
            node_free(index);
        else
            nodes[index]->value++;
        state_text[random_below(sizeof state_text)] = (char)random_below(256);
        local_text[random_below(sizeof local_text)] = (char)random_below(256);
        state_counter++;
        local_counter += 3;
    }
    if (random_below(4) == 0)
        change_area(&areas[random_below(AREAS)]);
}

static inline void count_signal(int number)
{
    (void)number;
    signals_seen++;
}

#endif
