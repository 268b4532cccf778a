/* A compiler's objects: allocated, written, linked each to the one before, and freed all at once;
 * first in fresh memory, then again in that which the first left, until there were a million. */
#include "gc/memory.h"
#include "gc/work.h"
#include "support/mix.h"

struct link {
    struct link *previous;
};

static struct link *last;

static uint64_t fill(const uint8_t *sizes, uint32_t objects)
{
    uint64_t begin = cpu_ns();
    for (uint32_t i = 0; i < objects; i++) {
        size_t size = sizes[i % MIX_OBJECTS];
        struct link *link = make(KIND_LINK, size);
        memset(link, (int)i, size);
        link->previous = last;
        last = link;
    }
    return cpu_ns() - begin;
}

static uint64_t empty(void)
{
    uint64_t begin = cpu_ns();
    while (MUST_FORGET && last != NULL) {
        struct link *link = last;
        last = link->previous;
        forget(link);
    }
    last = NULL;
    free_all();
    return cpu_ns() - begin;
}

void work_mix(uint32_t objects)
{
    const uint8_t *sizes = mix_sizes();
    uint64_t payload = 0, again = 0;
    uint32_t rounds = 0;
    (void)anonymous_bytes(); /* so that its own buffers are there */
    const double before = anonymous_bytes();
    memory_begin(false);
    hold((void **)&last);
    uint64_t first = fill(sizes, objects);
    const double after = anonymous_bytes();
    first += empty();
    for (; rounds == 0 || rounds * objects < 1000000; rounds++)
        again += fill(sizes, objects) + empty();
    for (uint32_t i = 0; i < objects; i++)
        payload += sizes[i % MIX_OBJECTS];
    printf("first_seconds %.9f\n", (double)first / 1e9);
    printf("again_seconds %.9f\n", (double)again / 1e9 / rounds);
    printf("memory_bytes %.0f\n", after - before);
    printf("overhead_bytes %.4f\n", (after - before - (double)payload) / objects);
}
