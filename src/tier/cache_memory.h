/* The one way by which a cache takes memory, which counts it. */
#ifndef FIRN_TIER_CACHE_MEMORY_H
#define FIRN_TIER_CACHE_MEMORY_H

#include <firn/allocator.h>

#include <stdatomic.h>

typedef struct firn_cache_memory {
    firn_allocator counted;      /* takes from below; its context is this struct */
    const firn_allocator *below; /* NULL: the system's, and pages for what is large */
    atomic_uint_fast64_t used_bytes;
} firn_cache_memory;

void firn_cache_memory_init(firn_cache_memory *memory, const firn_allocator *below);
uint64_t firn_cache_memory_used(const firn_cache_memory *memory);

#endif
