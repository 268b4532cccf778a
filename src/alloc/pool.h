/* What the pool's files share: pool.c (the calls) and pool_extent.c (where chunks lie), which calls
 * nothing of the former.
 *
 *   extent: | slots, 64 a chunk | room of each chunk, 8 B | next of each chunk, 4 B |
 *   handle: chunk * 64 + slot + 1
 *
 * Extents are blocks of the allocator and have 1, 1, 2, 4, 8, 16 and 32 chunks and then a quarter
 * of the power of two before, so that a chunk's number tells its extent. In a pool over the
 * system's allocator that has grown to 256 KiB (or 128), the next one is a range of reserved
 * address space instead, which grows in place and stands for all extents that it has the chunks of:
 * nearly all objects of a large pool lie in it, and one comparison tells which.
 */
#ifndef FIRN_ALLOC_POOL_H
#define FIRN_ALLOC_POOL_H

#include <firn/pool.h>

#include "alloc/poison.h"

#define FIRN_POOL_SLOTS 64
#define FIRN_POOL_SMALL_EXTENTS 7                /* with 64 chunks together */
#define FIRN_POOL_CHUNKS_MAX ((uint32_t)1 << 25) /* half of what a handle could name */
#define FIRN_POOL_NONE UINT32_MAX
#define FIRN_POOL_UNLISTED (UINT32_MAX - 1)

typedef struct firn_pool_extent {
    uint8_t *base;
    uint64_t *rooms; /* [chunk_count]: bit s is set while slot s is free */
    uint32_t *nexts; /* [chunk_count]: in the list of chunks with room; FIRN_POOL_UNLISTED */
    uint32_t first;  /* the number of its first chunk */
    uint32_t chunk_count;
    void *memory; /* as it was allocated or reserved */
    size_t memory_bytes;
} firn_pool_extent;
_Static_assert(sizeof(void *) != 8 || sizeof(firn_pool_extent) == 48,
               "pools of a few objects are small");

/* A slot; no extent for none. */
typedef struct firn_pool_place {
    const firn_pool_extent *of;
    size_t chunk; /* of the extent */
    uint32_t slot;
} firn_pool_place;

static inline size_t firn_pool_slots_bytes(const firn_pool *pool, size_t chunk_count)
{
    return chunk_count * FIRN_POOL_SLOTS * pool->slot_bytes;
}

static inline void *firn_pool_object_at(const firn_pool *pool, firn_pool_place at)
{
    return at.of->base + (at.chunk * FIRN_POOL_SLOTS + at.slot) * pool->slot_bytes;
}

/* The slot that starts at an address, if it lies in the extent. As in firn_pool_free. */
static inline bool firn_pool_split(const firn_pool *pool, const firn_pool_extent *of,
                                   const void *object, firn_pool_place *ret_place)
{
    size_t offset = (uintptr_t)object - (uintptr_t)of->base;
    firn_pool_product at = (firn_pool_product)offset * pool->reciprocal;
    uint64_t chunk = (uint64_t)(at >> 64), slot = (uint64_t)at << 6 | (uint64_t)at >> 58;
    *ret_place = (firn_pool_place){of, (size_t)chunk, slot % FIRN_POOL_SLOTS};
    return chunk < of->chunk_count && slot < pool->reciprocal;
}

/* The same for the extent that the table of windows names; false also where two extents meet in a
 * window, and for the range once it stands apart. */
static inline bool firn_pool_find_quickly(const firn_pool *pool, const void *object,
                                          firn_pool_place *ret_place)
{
    if (pool->extent_count == 0)
        return false;
    size_t window = (uintptr_t)object >> pool->window_shift & pool->window_mask;
    return firn_pool_split(pool, &pool->extents[pool->windows[window]], object, ret_place);
}

firn_pool_place firn_pool_find_slowly(const firn_pool *pool, const void *object);

/* The slot that starts at an address. */
static inline firn_pool_place firn_pool_find(const firn_pool *pool, const void *object)
{
    firn_pool_place at;
    if (pool->apart < pool->extent_count &&
        firn_pool_split(pool, &pool->extents[pool->apart], object, &at))
        return at;
    return firn_pool_find_quickly(pool, object, &at) ? at : firn_pool_find_slowly(pool, object);
}

/* The place in the row of extents' sizes that a chunk has by its number. */
static inline uint32_t firn_pool_number_of(uint32_t chunk)
{
    if (chunk == 0)
        return 0;
    uint32_t power = (uint32_t)__builtin_clz(chunk) ^ 31;
    if (power < FIRN_POOL_SMALL_EXTENTS - 1)
        return power + 1;
    return power * 4 + (chunk >> (power - 2)) - (FIRN_POOL_SMALL_EXTENTS * 3);
}

/* The extent of a chunk by its number, whether there is one yet or not. */
static inline uint32_t firn_pool_extent_of(const firn_pool *pool, uint32_t chunk)
{
    uint32_t number = firn_pool_number_of(chunk);
    if (number < pool->ranged)
        return number;
    return number < pool->range_end ? pool->ranged : number - (pool->range_end - pool->ranged - 1);
}

/* The slot of a handle; none for 0, as no chunk has so high a number. */
static inline firn_pool_place firn_pool_place_of(const firn_pool *pool, firn_pool_handle handle)
{
    uint32_t chunk = (handle - 1) / FIRN_POOL_SLOTS, slot = (handle - 1) % FIRN_POOL_SLOTS;
    if (chunk - pool->range_first < pool->range_chunks)
        return (firn_pool_place){&pool->extents[pool->ranged], chunk - pool->range_first, slot};
    uint32_t number = firn_pool_extent_of(pool, chunk);
    if (number >= pool->extent_count)
        return (firn_pool_place){NULL, 0, 0};
    const firn_pool_extent *of = &pool->extents[number];
    bool there = chunk - of->first < of->chunk_count;
    return (firn_pool_place){there ? of : NULL, chunk - of->first, slot};
}

/* Gets at least one more chunk at the end of the newest extent, or a new one. All their slots are
 * free, the chunks unlisted. False for want of memory or numbers, or by the limit. */
bool firn_pool_grow(firn_pool *pool);

/* Gives all memory back. */
void firn_pool_release_extents(firn_pool *pool);

#endif
