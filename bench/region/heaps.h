/* The heaps that bench/region puts to sleep, each made in a region's memory. */
#ifndef FIRN_BENCH_REGION_HEAPS_H
#define FIRN_BENCH_REGION_HEAPS_H

#include <firn/region.h>

struct heap {
    const char *name;
    /* Makes it from what lies in the folder; `full` is false for what a sibling has: the libraries,
     * and no data of its own. False when something is not there. */
    bool (*make)(firn_region *region, const firn_allocator *memory, const char *folder, bool full);
    bool has_sibling;
};

/* NULL for a name that is none, or whose library was not there when this was built. */
const struct heap *heap_find(const char *name);

#endif
