/* The one way by which a cache takes memory, which counts it. */
#ifndef FIRN_TIER_CACHE_MEMORY_H
#define FIRN_TIER_CACHE_MEMORY_H

#include "tier/cache_chunk.h"

#include <firn/allocator.h>
#include <firn/status.h>

#include <stdatomic.h>
#include <stdbool.h>

typedef struct firn_cache_memory {
    firn_allocator counted;      /* takes from below; its context is this struct */
    const firn_allocator *below; /* NULL: the system's, and pages for what is large */
    firn_cache_chunks chunks;    /* for blocks of some pages */
    firn_cache_chunks spans;     /* for those of 64 KiB, of a large cache */
    bool is_large;
    atomic_uint_fast64_t used_bytes;
} firn_cache_memory;

/* limit_bytes: how much it will be asked for. FIRN_NO_MEMORY. */
FIRN_NODISCARD firn_status firn_cache_memory_init(firn_cache_memory *memory,
                                                  const firn_allocator *below,
                                                  uint64_t limit_bytes);
/* All blocks must have been released. */
void firn_cache_memory_fini(firn_cache_memory *memory);
/* In a child of fork: whether no other thread was at it. */
bool firn_cache_memory_at_rest(firn_cache_memory *memory);
/* Gives the kernel what was kept for the next block. */
void firn_cache_memory_trim(firn_cache_memory *memory);
/* What is resident of it beside what is used: a 64th of the limit, and 2 MiB of a large cache. */
uint64_t firn_cache_memory_kept(firn_cache_memory *memory);
uint64_t firn_cache_memory_used(const firn_cache_memory *memory);

#endif
