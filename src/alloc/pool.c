/* Pools: the calls. Containers and programs may use one. Frees and allocations touch the bitmaps,
 * never an object. A free with no free pending leaves its place in pool->last for the next
 * allocation, so that where the two take turns the bitmaps are only read. The chunk of the last
 * other free is the current one, so that warm slots come again first.
 *
 * Invariants:
 *   I1  a slot is free if and only if its bit in its chunk's room is set, or it is pool->last
 *   I2  a chunk with room is in the list, or was never used; a chunk in the list may be full, and
 *       leaves it when the search for room comes to it
 *   I3  room, object and slot are of the current chunk, room NULL without one
 *   I4  reserved is within the limit
 *   I5  in checked builds what is not a living object is poisoned or filled
 *   I6  in checked builds room and last are NULL and range_chunks is 0, so that every call comes
 *       here; checked_room takes the place of room
 *
 * Threads: one. Complexity: O(1), amortised. Bitmaps as in jemalloc's slabs.
 */
#include "alloc/pool.h"

#include <assert.h>
#include <string.h>

#define SLOTS FIRN_POOL_SLOTS
#define NONE FIRN_POOL_NONE
#define OBJECT_BYTES_MAX 65536
#define ALIGNMENT_MAX 4096

#ifdef FIRN_CHECKED
#define ROOM checked_room /* I6 */
#else
#define ROOM room
#endif

typedef firn_pool_extent extent;
typedef firn_pool_place place;

firn_status firn_pool_init(firn_pool *pool, const firn_pool_options *options)
{
    if (options == NULL)
        return FIRN_INVALID;
    size_t alignment = options->alignment != 0 ? options->alignment : 16;
    if (options->object_bytes == 0 || options->object_bytes > OBJECT_BYTES_MAX ||
        alignment > ALIGNMENT_MAX || (alignment & (alignment - 1)) != 0 ||
        options->reserved[0] != 0 || options->reserved[1] != 0)
        return FIRN_INVALID;
    size_t slot_bytes = (options->object_bytes + alignment - 1) & ~(alignment - 1);
    *pool = (firn_pool){
        .slot_bytes = slot_bytes,
        .listed = NONE,
        .reciprocal = UINT64_MAX / (SLOTS * slot_bytes) + 1,
        .ranged = NONE,
        .apart = NONE,
        .allocator = options->allocator,
        .object_bytes = options->object_bytes,
        .alignment = alignment,
        .limit_bytes = options->limit_bytes,
    };
    return FIRN_OK;
}

void firn_pool_fini(firn_pool *pool)
{
    firn_pool_release_extents(pool);
    *pool = (firn_pool){.listed = NONE, .ranged = NONE, .apart = NONE};
}

/* --- allocation --- */

/* Makes a chunk with room the current one, from that slot of it on. */
static inline void set_current(firn_pool *pool, place at, void *object)
{
    pool->ROOM = &at.of->rooms[at.chunk];
    pool->object = object;
    pool->slot = at.slot;
}

static void list(firn_pool *pool, const extent *of, size_t chunk)
{
    of->nexts[chunk] = pool->listed;
    pool->listed = of->first + (uint32_t)chunk;
}

/* Makes a chunk with room the current one. */
static bool find_room(firn_pool *pool)
{
    while (pool->listed != NONE) { /* I2 */
        const extent *of = &pool->extents[firn_pool_extent_of(pool, pool->listed)];
        place at = {of, pool->listed - of->first, 0};
        if (of->rooms[at.chunk] != 0) {
            set_current(pool, at, firn_pool_object_at(pool, at));
            return true;
        }
        pool->listed = of->nexts[at.chunk];
        of->nexts[at.chunk] = FIRN_POOL_UNLISTED;
    }
    if ((pool->extent_count == 0 ||
         pool->fresh == pool->extents[pool->extent_count - 1].chunk_count) &&
        !firn_pool_grow(pool))
        return false;
    place at = {&pool->extents[pool->extent_count - 1], pool->fresh++, 0};
    list(pool, at.of, at.chunk);
    set_current(pool, at, firn_pool_object_at(pool, at));
    return true;
}

void *firn_pool_alloc_slow(firn_pool *pool)
{
    uint8_t *object = pool->last;
    pool->last = NULL;
    if (object != NULL)
        return object;
    if ((pool->ROOM == NULL || *pool->ROOM == 0) && !find_room(pool))
        return NULL;
    uint64_t room = *pool->ROOM, bit = (uint64_t)1 << pool->slot;
    bit = room & bit ? bit : room & -room;
    *pool->ROOM = room & ~bit;
    int slot = __builtin_ctzll(bit);
    object = pool->object + (slot - (int)pool->slot) * (ptrdiff_t)pool->slot_bytes;
    assert(firn_poison_holds(object, pool->slot_bytes)); /* I5: else used after it was freed */
    firn_unpoison(object, pool->object_bytes);
    return object;
}

/* --- release --- */

/* Whether an object that is not pool->last lives there. */
static inline bool is_taken(place at)
{
    return at.of != NULL && !(at.of->rooms[at.chunk] >> at.slot & 1);
}

static inline void mark_free(firn_pool *pool, place at, void *object)
{
    uint64_t room = at.of->rooms[at.chunk];
    at.of->rooms[at.chunk] = room | (uint64_t)1 << at.slot;
    set_current(pool, at, object);
    if (room == 0 && at.of->nexts[at.chunk] == FIRN_POOL_UNLISTED) /* I2 */
        list(pool, at.of, at.chunk);
    firn_poison(object, pool->slot_bytes);
}

static inline firn_status free_at(firn_pool *pool, place at, void *object)
{
    if (!is_taken(at) || object == pool->last)
        return FIRN_INVALID;
#ifndef FIRN_CHECKED
    if (pool->last == NULL) {
        pool->last = object;
        return FIRN_OK;
    }
#endif
    mark_free(pool, at, object); /* I6 */
    return FIRN_OK;
}

firn_status firn_pool_mark_free(firn_pool *pool, void *object, uint64_t chunk, uint64_t slot)
{
    if (object == pool->last)
        return FIRN_INVALID;
    mark_free(pool, (place){&pool->extents[pool->ranged], (size_t)chunk, (uint32_t)slot}, object);
    return FIRN_OK;
}

/* Apart, so that the quick way needs no frame: 8 instructions of 54. */
__attribute__((noinline)) static firn_status free_found_slowly(firn_pool *pool, void *object)
{
    return object != NULL ? free_at(pool, firn_pool_find_slowly(pool, object), object) : FIRN_OK;
}

firn_status firn_pool_free_slow(firn_pool *pool, void *object)
{
    place at;
    if (!firn_pool_find_quickly(pool, object, &at))
        return free_found_slowly(pool, object);
    return free_at(pool, at, object);
}

/* --- handles --- */

firn_status firn_pool_free_handle(firn_pool *pool, firn_pool_handle handle)
{
    if (handle == 0)
        return FIRN_OK;
    place at = firn_pool_place_of(pool, handle);
    return at.of != NULL ? free_at(pool, at, firn_pool_object_at(pool, at)) : FIRN_INVALID;
}

firn_pool_handle firn_pool_handle_of(const firn_pool *pool, const void *object)
{
    place at = firn_pool_find(pool, object);
    if (!is_taken(at) || object == pool->last)
        return 0;
    return (at.of->first + (uint32_t)at.chunk) * SLOTS + at.slot + 1;
}

void *firn_pool_get(const firn_pool *pool, firn_pool_handle handle)
{
    place at = firn_pool_place_of(pool, handle);
    if (at.of == NULL)
        return NULL;
    void *object = firn_pool_object_at(pool, at);
    if (object == pool->last || !is_taken(at)) {
        __asm__ volatile(""); /* a jump: a conditional move waits for the bitmap, 37 for 30 ns */
        return NULL;
    }
    return object;
}

void *firn_pool_next(const firn_pool *pool, firn_pool_handle *handle)
{
    uint32_t slot = *handle % SLOTS, chunk = *handle / SLOTS;
    for (uint32_t i = firn_pool_extent_of(pool, chunk); i < pool->extent_count; i++) {
        const extent *of = &pool->extents[i];
        if (chunk < of->first) {
            chunk = of->first;
            slot = 0;
        }
        for (; chunk - of->first < of->chunk_count; chunk++, slot = 0) {
            uint64_t living = ~of->rooms[chunk - of->first] & (UINT64_MAX << slot);
            for (; living != 0; living &= living - 1) {
                place at = {of, chunk - of->first, (uint32_t)__builtin_ctzll(living)};
                void *object = firn_pool_object_at(pool, at);
                if (object != pool->last) {
                    *handle = chunk * SLOTS + at.slot + 1;
                    return object;
                }
            }
        }
    }
    return NULL;
}

/* --- the whole pool --- */

void firn_pool_reset(firn_pool *pool)
{
    pool->last = NULL;
    pool->ROOM = NULL;
    pool->listed = NONE;
    for (uint32_t i = pool->extent_count; i > 0; i--) { /* the first chunks come first */
        const extent *of = &pool->extents[i - 1];
        memset(of->rooms, 0xff, of->chunk_count * sizeof *of->rooms);
        firn_poison(of->base, firn_pool_slots_bytes(pool, of->chunk_count));
        uint32_t used = i == pool->extent_count ? pool->fresh : of->chunk_count;
        for (uint32_t chunk = used; chunk > 0; chunk--)
            list(pool, of, chunk - 1);
    }
}

static bool chunk_is_right(const firn_pool *pool, const extent *of, uint32_t chunk)
{
    place at = {of, chunk, 0};
    for (; at.slot < SLOTS; at.slot++) {
        const uint8_t *object = firn_pool_object_at(pool, at);
        if (!is_taken(at) && !firn_poison_holds(object, pool->slot_bytes)) /* I5 */
            return false;
    }
    at.slot = SLOTS - 1;
    place found = firn_pool_find(pool, firn_pool_object_at(pool, at));
    place same = firn_pool_place_of(pool, (of->first + chunk) * SLOTS + at.slot + 1);
    return found.of == of && found.chunk == chunk && found.slot == at.slot && same.of == of &&
           same.chunk == chunk && same.slot == at.slot;
}

firn_status firn_pool_verify(const firn_pool *pool)
{
    size_t listed = 0;
    for (uint32_t i = 0; i < pool->extent_count; i++) {
        const extent *of = &pool->extents[i];
        bool newest = i == pool->extent_count - 1;
        for (uint32_t chunk = 0; chunk < of->chunk_count; chunk++) {
            bool fresh = newest && chunk >= pool->fresh;
            bool in_list = of->nexts[chunk] != FIRN_POOL_UNLISTED;
            if (!chunk_is_right(pool, of, chunk) || (of->rooms[chunk] != 0 && in_list == fresh))
                return FIRN_CORRUPT; /* I2 */
            listed += in_list;
        }
    }
    for (uint32_t chunk = pool->listed; chunk != NONE; listed--) {
        place at = firn_pool_place_of(pool, chunk * SLOTS + 1);
        if (listed == 0 || at.of == NULL)
            return FIRN_CORRUPT;
        chunk = at.of->nexts[at.chunk];
    }
    bool last_is_right = pool->last == NULL || is_taken(firn_pool_find(pool, pool->last)); /* I1 */
    return listed == 0 && last_is_right ? FIRN_OK : FIRN_CORRUPT;
}

void firn_pool_usage(const firn_pool *pool, firn_usage *ret_usage)
{
    uint64_t slots = 0, living = 0;
    for (uint32_t i = 0; i < pool->extent_count; i++) {
        const extent *of = &pool->extents[i];
        slots += (uint64_t)of->chunk_count * SLOTS;
        for (uint32_t chunk = 0; chunk < of->chunk_count; chunk++)
            living += (uint64_t)__builtin_popcountll(~of->rooms[chunk]);
    }
    living -= pool->last != NULL;                                                /* I1 */
    assert(pool->limit_bytes == 0 || pool->reserved_bytes <= pool->limit_bytes); /* I4 */
    *ret_usage = (firn_usage){
        .live_bytes = living * pool->object_bytes,
        .overhead_bytes = pool->reserved_bytes - slots * pool->object_bytes,
        .reserved_bytes = pool->reserved_bytes,
        .resident_bytes = pool->reserved_bytes,
    };
}
