/* A compiler's objects: allocated, written, linked each to the one before, and freed all at once.
 */
#include "gc/memory.h"
#include "gc/work.h"
#include "support/mix.h"

struct link {
    struct link *previous;
};

static struct link *last;

void work_mix(uint32_t objects)
{
    const uint8_t *sizes = mix_sizes();
    uint64_t payload = 0;
    hold((void **)&last);
    const double before = resident_bytes();
    uint64_t begin = cpu_ns();
    for (uint32_t i = 0; i < objects; i++) {
        size_t size = sizes[i % MIX_OBJECTS];
        struct link *link = make(KIND_LINK, size);
        memset(link, (int)i, size);
        link->previous = last;
        last = link;
        payload += size;
    }
    uint64_t took = cpu_ns() - begin;
    const double after = resident_bytes();
    begin = cpu_ns();
    while (MUST_FORGET && last != NULL) {
        struct link *link = last;
        last = link->previous;
        forget(link);
    }
    last = NULL;
    free_all();
    took += cpu_ns() - begin;
    printf("seconds %.9f\n", (double)took / 1e9);
    printf("memory_bytes %.0f\npayload_bytes %.0f\n", after - before, (double)payload);
}
