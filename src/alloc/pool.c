/* Pools: slots of one size in chunks of 64, chunks in extents, which are what the pool asks its
 * allocator for. Containers and programs may use one; calls only its allocator.
 *
 *   extent: | chunk: 64 slots | chunk | ... | state of each chunk, 16 B |
 *   handle: chunk * 64 + slot + 1
 *
 * Extents have 1, 1, 2, 4, 8, 16 and 32 chunks and then a quarter of the power of two before, so
 * that a chunk's number tells its extent. From an address to its extent leads a table with a byte
 * for each 64 KiB of address space, and where two extents meet in one, a look at all (some dozens).
 * Frees and allocations touch the bitmaps, never an object. The chunk of the last free is the
 * current one, so that warm slots come again first.
 *
 * Invariants:
 *   I1  a slot is free if and only if its bit in room is set
 *   I2  a chunk with room is in the list, or was never used; a chunk in the list may be full, and
 *       leaves it when the search for room comes to it
 *   I3  room, object and slot are of the current chunk; room is NULL without one, and in checked
 *       builds, so that every allocation comes here, where checked_room takes its place
 *   I4  reserved is the sum of all extents and tables and at most the limit
 *   I5  in checked builds what is not a living object is poisoned or filled
 *
 * Threads: one. Complexity: O(1), amortised; every instruction in free and alloc counts, as it
 * takes the place of one that could wait for memory meanwhile. Bitmaps as in jemalloc's slabs.
 */
#include <firn/pool.h>

#include "alloc/poison.h"

#include <assert.h>
#include <string.h>

#define SLOTS 64
#define OBJECT_BYTES_MAX 65536
#define ALIGNMENT_MAX 4096
#define CHUNKS_MAX ((uint32_t)1 << 25)
#define SMALL_EXTENTS 7 /* with 64 chunks together */
#define NONE UINT32_MAX
#define UNLISTED (UINT32_MAX - 1)
#define WINDOW_SHIFT 16

#ifdef FIRN_CHECKED
#define ROOM checked_room /* I3 */
#else
#define ROOM room
#endif

typedef struct chunk_state { /* together, so that a free touches one cache line */
    uint64_t room;
    uint32_t next; /* in the list of chunks with room; UNLISTED */
    uint32_t unused;
} chunk_state;

typedef struct firn_pool_extent {
    uint8_t *base;
    size_t bytes;        /* of all slots */
    chunk_state *chunks; /* [chunk_count] */
    uint32_t first;      /* the number of its first chunk */
    uint32_t chunk_count;
    void *memory; /* as it was allocated */
    size_t memory_bytes;
} extent;
_Static_assert(sizeof(void *) != 8 || sizeof(extent) == 48, "pools of a few objects are small");

__extension__ typedef unsigned __int128 wide;

/* A slot: the extent, NULL for none, and its place there. */
typedef struct place {
    extent *of;
    size_t index;
} place;

static size_t slots_bytes(const firn_pool *pool, size_t chunk_count)
{
    return chunk_count * SLOTS * pool->slot_bytes;
}

firn_status firn_pool_init(firn_pool *pool, const firn_pool_options *options)
{
    size_t alignment = options->alignment != 0 ? options->alignment : 16;
    if (options->object_bytes == 0 || options->object_bytes > OBJECT_BYTES_MAX ||
        alignment > ALIGNMENT_MAX || (alignment & (alignment - 1)) != 0 ||
        options->reserved[0] != 0 || options->reserved[1] != 0)
        return FIRN_INVALID;
    size_t slot_bytes = (options->object_bytes + alignment - 1) & ~(alignment - 1);
    slot_bytes = slot_bytes > 1 ? slot_bytes : 2; /* 1 has no reciprocal */
    *pool = (firn_pool){
        .slot_bytes = slot_bytes,
        .listed = NONE,
        .reciprocal = UINT64_MAX / slot_bytes + 1,
        .allocator = options->allocator,
        .object_bytes = options->object_bytes,
        .alignment = alignment,
        .limit_bytes = options->limit_bytes,
    };
    return FIRN_OK;
}

void firn_pool_fini(firn_pool *pool)
{
    for (uint32_t i = 0; i < pool->extent_count; i++) {
        extent *at = &pool->extents[i];
        firn_unpoison(at->base, at->bytes);
        firn_release(pool->allocator, at->memory, at->memory_bytes);
    }
    firn_release(pool->allocator, pool->extents, pool->extent_capacity * sizeof(extent));
    firn_release(pool->allocator, pool->windows, pool->window_mask + 1);
    *pool = (firn_pool){.listed = NONE};
}

/* --- numbers --- */

/* How many chunks an extent has by its number. */
static uint32_t nominal_chunks(uint32_t number)
{
    if (number < SMALL_EXTENTS)
        return number == 0 ? 1 : 1u << (number - 1);
    return 16u << ((number - SMALL_EXTENTS) / 4);
}

/* The extent that holds a chunk by its number, whether there is one yet or not. */
static uint32_t extent_of(uint32_t chunk)
{
    if (chunk == 0)
        return 0;
    uint32_t power = 31 - (uint32_t)__builtin_clz(chunk);
    if (power < SMALL_EXTENTS - 1)
        return power + 1;
    return SMALL_EXTENTS + (power - SMALL_EXTENTS + 1) * 4 + (chunk >> (power - 2) & 3);
}

static inline size_t index_at(const firn_pool *pool, size_t offset)
{
    return (size_t)((wide)offset * pool->reciprocal >> 64);
}

/* --- from an address to its slot --- */

static place find_slowly(const firn_pool *pool, const void *object)
{
    for (uint32_t i = pool->extent_count; i > 0; i--) {
        extent *of = &pool->extents[i - 1];
        size_t offset = (uintptr_t)object - (uintptr_t)of->base;
        if (offset < of->bytes) {
            size_t index = offset / pool->slot_bytes;
            return (place){index * pool->slot_bytes == offset ? of : NULL, index};
        }
    }
    return (place){NULL, 0};
}

static inline place find(const firn_pool *pool, const void *object)
{
    if (pool->extent_count == 0)
        return (place){NULL, 0};
    size_t window = (uintptr_t)object >> WINDOW_SHIFT & pool->window_mask;
    extent *of = &pool->extents[pool->windows[window]];
    size_t offset = (uintptr_t)object - (uintptr_t)of->base;
    size_t index = index_at(pool, offset);
    if (offset < of->bytes && index * pool->slot_bytes == offset)
        return (place){of, index};
    return find_slowly(pool, object);
}

/* --- memory --- */

static bool within_limit(const firn_pool *pool, size_t size)
{
    return pool->limit_bytes == 0 ||
           (size <= pool->limit_bytes && pool->reserved_bytes <= pool->limit_bytes - size);
}

/* Makes room for one more extent in the list. */
static bool grow_extents(firn_pool *pool)
{
    if (pool->extent_count < pool->extent_capacity)
        return true;
    size_t old_size = pool->extent_capacity * sizeof(extent);
    uint32_t capacity = pool->extent_capacity + pool->extent_capacity / 2 + 1;
    size_t size = capacity * sizeof(extent);
    if (!within_limit(pool, size - old_size))
        return false;
    extent *larger = firn_reallocate(pool->allocator, pool->extents, old_size, size);
    if (larger == NULL)
        return false;
    pool->extents = larger;
    pool->extent_capacity = capacity;
    pool->reserved_bytes += size - old_size;
    return true;
}

static void set_windows(firn_pool *pool, uint32_t number)
{
    const extent *of = &pool->extents[number];
    uintptr_t last = ((uintptr_t)of->base + of->bytes - 1) >> WINDOW_SHIFT;
    for (uintptr_t window = (uintptr_t)of->base >> WINDOW_SHIFT; window <= last; window++)
        pool->windows[window & pool->window_mask] = (uint8_t)number;
}

/* Makes room for an extent of that many bytes in the table of windows. */
static bool grow_windows(firn_pool *pool, size_t bytes)
{
    size_t old_size = pool->windows != NULL ? pool->window_mask + 1 : 0;
    size_t wanted = pool->window_count + (bytes >> WINDOW_SHIFT) + 2;
    if (wanted * 2 <= old_size)
        return true;
    size_t size = old_size != 0 ? old_size : 4;
    while (size < wanted * 2)
        size *= 2;
    if (!within_limit(pool, size))
        return false;
    uint8_t *larger = firn_allocate_zeroed(pool->allocator, size, 1);
    if (larger == NULL)
        return false;
    firn_release(pool->allocator, pool->windows, old_size);
    pool->windows = larger;
    pool->window_mask = size - 1;
    pool->reserved_bytes += size - old_size;
    for (uint32_t i = 0; i < pool->extent_count; i++)
        set_windows(pool, i);
    return true;
}

static size_t extent_size(const firn_pool *pool, uint32_t chunk_count)
{
    size_t padding = pool->alignment > 16 ? pool->alignment - 16 : 0;
    size_t objects = (slots_bytes(pool, chunk_count) + padding + 7) & ~(size_t)7;
    return objects + chunk_count * sizeof(chunk_state);
}

static uint32_t chunks_within_limit(const firn_pool *pool, uint32_t chunk_count)
{
    while (chunk_count > 0 && !within_limit(pool, extent_size(pool, chunk_count)))
        chunk_count--;
    return chunk_count;
}

static void set_unused(extent *of)
{
    for (uint32_t i = 0; i < of->chunk_count; i++)
        of->chunks[i] = (chunk_state){UINT64_MAX, UNLISTED, 0};
    firn_poison(of->base, of->bytes); /* I5 */
}

static bool add_extent(firn_pool *pool)
{
    uint32_t number = pool->extent_count;
    const extent *newest = number > 0 ? &pool->extents[number - 1] : NULL;
    uint32_t first = newest != NULL ? newest->first + nominal_chunks(number - 1) : 0;
    if (pool->slot_bytes == 0 || first >= CHUNKS_MAX || !grow_extents(pool) ||
        !grow_windows(pool, slots_bytes(pool, nominal_chunks(number))))
        return false;
    uint32_t chunk_count = chunks_within_limit(pool, nominal_chunks(number));
    if (chunk_count == 0)
        return false;
    size_t size = extent_size(pool, chunk_count);
    uint8_t *memory = firn_allocate(pool->allocator, size);
    if (memory == NULL)
        return false;
    pool->extents[number] = (extent){
        .base = memory + (size_t)(-(uintptr_t)memory & (pool->alignment - 1)),
        .bytes = slots_bytes(pool, chunk_count),
        .chunks = (chunk_state *)(void *)(memory + size - chunk_count * sizeof(chunk_state)),
        .first = first,
        .chunk_count = chunk_count,
        .memory = memory,
        .memory_bytes = size,
    };
    pool->reserved_bytes += size;
    pool->extent_count++;
    pool->fresh = 0;
    pool->window_count += (uint32_t)(pool->extents[number].bytes >> WINDOW_SHIFT) + 2;
    set_unused(&pool->extents[number]);
    set_windows(pool, number);
    return true;
}

/* --- allocation --- */

/* Makes a chunk with room the current one, from that slot of it on. */
static inline void set_current(firn_pool *pool, const extent *of, size_t index)
{
    pool->ROOM = &of->chunks[index / SLOTS].room;
    pool->object = of->base + index * pool->slot_bytes;
    pool->slot = index % SLOTS;
}

static void list(firn_pool *pool, const extent *of, size_t chunk)
{
    of->chunks[chunk].next = pool->listed;
    pool->listed = of->first + (uint32_t)chunk;
}

/* Makes a chunk with room the current one. */
static bool find_room(firn_pool *pool)
{
    while (pool->listed != NONE) { /* I2 */
        const extent *of = &pool->extents[extent_of(pool->listed)];
        uint32_t chunk = pool->listed - of->first;
        if (of->chunks[chunk].room != 0) {
            set_current(pool, of, chunk * SLOTS);
            return true;
        }
        pool->listed = of->chunks[chunk].next;
        of->chunks[chunk].next = UNLISTED;
    }
    if (pool->extent_count == 0 ||
        pool->fresh == pool->extents[pool->extent_count - 1].chunk_count) {
        if (!add_extent(pool))
            return false;
    }
    const extent *newest = &pool->extents[pool->extent_count - 1];
    list(pool, newest, pool->fresh);
    set_current(pool, newest, (size_t)pool->fresh++ * SLOTS);
    return true;
}

void *firn_pool_alloc_slow(firn_pool *pool)
{
    if ((pool->ROOM == NULL || *pool->ROOM == 0) && !find_room(pool))
        return NULL;
    uint64_t room = *pool->ROOM, bit = (uint64_t)1 << pool->slot;
    bit = room & bit ? bit : room & -room;
    *pool->ROOM = room & ~bit;
    int slot = __builtin_ctzll(bit);
    uint8_t *object = pool->object + (slot - (int)pool->slot) * (ptrdiff_t)pool->slot_bytes;
    assert(firn_poison_holds(object, pool->slot_bytes)); /* I5: else used after it was freed */
    firn_unpoison(object, pool->object_bytes);
    return object;
}

static inline firn_status free_at(firn_pool *pool, place at, void *object)
{
    if (at.of == NULL)
        return FIRN_INVALID;
    size_t chunk = at.index / SLOTS;
    uint64_t room = at.of->chunks[chunk].room, bit = (uint64_t)1 << at.index % SLOTS;
    if (room & bit)
        return FIRN_INVALID;
    at.of->chunks[chunk].room = room | bit;
    pool->ROOM = &at.of->chunks[chunk].room;
    pool->object = object; /* known before the rest, which the next allocation need not wait for */
    pool->slot = at.index % SLOTS;
    if (room == 0 && at.of->chunks[chunk].next == UNLISTED) /* I2 */
        list(pool, at.of, chunk);
    firn_poison(object, pool->slot_bytes);
    return FIRN_OK;
}

firn_status firn_pool_free(firn_pool *pool, void *object)
{
    return object != NULL ? free_at(pool, find(pool, object), object) : FIRN_OK;
}

/* --- handles --- */

static place place_of(const firn_pool *pool, firn_pool_handle handle)
{
    uint32_t chunk = (handle - 1) / SLOTS, number = extent_of(chunk);
    if (number >= pool->extent_count)
        return (place){NULL, 0};
    extent *of = &pool->extents[number];
    bool there = chunk - of->first < of->chunk_count;
    return (place){there ? of : NULL, (handle - 1) - of->first * SLOTS};
}

static void *object_at(const firn_pool *pool, place at)
{
    return at.of != NULL ? at.of->base + at.index * pool->slot_bytes : NULL;
}

static bool lives(place at)
{
    return at.of != NULL && !(at.of->chunks[at.index / SLOTS].room >> at.index % SLOTS & 1);
}

firn_status firn_pool_free_handle(firn_pool *pool, firn_pool_handle handle)
{
    place at = place_of(pool, handle);
    return handle != 0 ? free_at(pool, at, object_at(pool, at)) : FIRN_OK;
}

firn_pool_handle firn_pool_handle_of(const firn_pool *pool, const void *object)
{
    place at = find(pool, object);
    return lives(at) ? at.of->first * SLOTS + (uint32_t)at.index + 1 : 0;
}

void *firn_pool_get(const firn_pool *pool, firn_pool_handle handle)
{
    place at = place_of(pool, handle);
    return handle != 0 && lives(at) ? object_at(pool, at) : NULL;
}

void *firn_pool_next(const firn_pool *pool, firn_pool_handle *handle)
{
    uint32_t slot = *handle % SLOTS, chunk = *handle / SLOTS;
    for (uint32_t i = extent_of(chunk); i < pool->extent_count; i++) {
        const extent *of = &pool->extents[i];
        for (; chunk - of->first < of->chunk_count; chunk++, slot = 0) {
            uint64_t living = ~of->chunks[chunk - of->first].room & (UINT64_MAX << slot);
            if (living != 0) {
                *handle = chunk * SLOTS + (uint32_t)__builtin_ctzll(living) + 1;
                return of->base + (*handle - 1 - of->first * SLOTS) * pool->slot_bytes;
            }
        }
    }
    return NULL;
}

/* --- the whole pool --- */

void firn_pool_reset(firn_pool *pool)
{
    pool->ROOM = NULL;
    pool->listed = NONE;
    for (uint32_t i = pool->extent_count; i > 0; i--) { /* the first chunks come first */
        const extent *of = &pool->extents[i - 1];
        set_unused(&pool->extents[i - 1]);
        for (uint32_t chunk = i == pool->extent_count ? pool->fresh : of->chunk_count; chunk > 0;
             chunk--)
            list(pool, of, chunk - 1);
    }
}

static bool chunk_is_right(const firn_pool *pool, const extent *of, uint32_t chunk)
{
    for (uint32_t slot = 0; slot < SLOTS; slot++) {
        const uint8_t *object = of->base + (chunk * SLOTS + slot) * pool->slot_bytes;
        bool is_free = of->chunks[chunk].room >> slot & 1;
        if (is_free && !firn_poison_holds(object, pool->slot_bytes)) /* I5 */
            return false;
    }
    size_t index = chunk * SLOTS + SLOTS - 1;
    place last = find(pool, of->base + index * pool->slot_bytes);
    place same = place_of(pool, (of->first + chunk + 1) * SLOTS);
    return last.of == of && last.index == index && same.of == of && same.index == index;
}

firn_status firn_pool_verify(const firn_pool *pool)
{
    size_t listed = 0;
    for (uint32_t i = 0; i < pool->extent_count; i++) {
        const extent *of = &pool->extents[i];
        bool newest = i == pool->extent_count - 1;
        for (uint32_t chunk = 0; chunk < of->chunk_count; chunk++) {
            bool fresh = newest && chunk >= pool->fresh;
            bool in_list = of->chunks[chunk].next != UNLISTED;
            if (!chunk_is_right(pool, of, chunk) ||
                (of->chunks[chunk].room != 0 && in_list == fresh))
                return FIRN_CORRUPT; /* I2 */
            listed += in_list;
        }
    }
    for (uint32_t chunk = pool->listed; chunk != NONE; listed--) {
        place at = place_of(pool, chunk * SLOTS + 1);
        if (listed == 0 || at.of == NULL)
            return FIRN_CORRUPT;
        chunk = at.of->chunks[at.index / SLOTS].next;
    }
    return listed == 0 ? FIRN_OK : FIRN_CORRUPT;
}

void firn_pool_usage(const firn_pool *pool, firn_usage *ret_usage)
{
    uint64_t slots = 0, living = 0;
    for (uint32_t i = 0; i < pool->extent_count; i++) {
        const extent *of = &pool->extents[i];
        slots += of->chunk_count * SLOTS;
        for (uint32_t chunk = 0; chunk < of->chunk_count; chunk++)
            living += (uint64_t)__builtin_popcountll(~of->chunks[chunk].room);
    }
    assert(pool->limit_bytes == 0 || pool->reserved_bytes <= pool->limit_bytes); /* I4 */
    *ret_usage = (firn_usage){
        .live_bytes = living * pool->object_bytes,
        .overhead_bytes = pool->reserved_bytes - slots * pool->object_bytes,
        .reserved_bytes = pool->reserved_bytes,
        .resident_bytes = pool->reserved_bytes,
    };
}
