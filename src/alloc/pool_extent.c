/* Where the chunks of a pool lie: extents from the allocator, the range from the kernel, and the
 * ways from an address or a number to them. Called by pool.c; calls the allocator and core/page.h.
 * The layout stands in pool.h.
 *
 * From an address to its extent leads a table with a byte for each window of address space, 512
 * bytes at first, 2,048 from 256 KiB on, later 1/8,192 of the extents; where two extents meet in a
 * window, a look at all (some dozens). Once the range has eight times the chunks of the extents
 * before, or there is no memory for the table, it stands apart: free compares with it first.
 *
 * Invariants:
 *   E1  an extent's number is that of its first chunk's place in the row of sizes; the range has
 *       the numbers from ranged to range_end, so later extents are that many further in the row
 *   E2  windows has the number of an extent for each window that it has bytes in, except for the
 *       range when that stands apart; any number elsewhere
 *   E3  reserved is the sum of all extents and tables, and of the range what is committed
 *
 * The range costs address space, page tables and two mappings, so small pools have none, and no
 * process whose address space is limited. An object in it is freed by some 20 instructions in line
 * instead of 45 in a call: 27 instead of 50 ns where 1 M objects are replaced at random. Huge pages
 * were tried again: asked for before the first touch or collapsed behind the newest objects, they
 * change nothing there, and at 10 M at most 5 %, while growth takes up to four times as long.
 *
 * Threads: one. Complexity: O(1) to find, but where extents meet.
 */
#include "alloc/pool.h"
#include "core/page.h"

#include <assert.h>
#include <string.h>

#define SLOTS FIRN_POOL_SLOTS
#define EXTENT_BYTES_MAX ((size_t)1 << 36) /* so that firn_pool_split is exact */
#define RANGE_FROM_BYTES ((size_t)256 << 10)
#define RANGE_FROM_CHUNKS 128
#define RANGE_FROM_BYTES_LEAST ((size_t)128 << 10)
#define RANGE_BYTES ((size_t)4 << 30)
#define RANGE_APART 8
#define WINDOW_SHIFT_MIN 9
#define WINDOWS_FEW 256
#define WINDOWS_MAX 8192

typedef firn_pool_extent extent;
typedef firn_pool_place place;

static size_t least(size_t one, size_t other)
{
    return one < other ? one : other;
}

/* --- numbers --- */

/* The first chunk of an extent by its number in the row of sizes. */
static uint32_t first_chunk(uint32_t number)
{
    if (number < FIRN_POOL_SMALL_EXTENTS)
        return number == 0 ? 0 : 1u << (number - 1);
    uint32_t quarter = number - FIRN_POOL_SMALL_EXTENTS;
    return (4 + quarter % 4) << (4 + quarter / 4);
}

/* The number in the row of sizes that the next extent has. */
static uint32_t next_number(const firn_pool *pool)
{
    bool passed = pool->extent_count > pool->ranged; /* E1 */
    return pool->extent_count + (passed ? pool->range_end - pool->ranged - 1 : 0);
}

/* --- addresses --- */

place firn_pool_find_slowly(const firn_pool *pool, const void *object)
{
    place at;
    if (pool->apart < pool->extent_count &&
        firn_pool_split(pool, &pool->extents[pool->apart], object, &at))
        return at;
    for (uint32_t i = pool->extent_count; i > 0; i--) {
        if (firn_pool_split(pool, &pool->extents[i - 1], object, &at))
            return at;
    }
    return (place){NULL, 0, 0};
}

/* Enters an extent into the table of windows. */
static void set_windows(firn_pool *pool, uint32_t number)
{
    const extent *of = &pool->extents[number];
    uintptr_t first = (uintptr_t)of->base >> pool->window_shift;
    uintptr_t last = ((uintptr_t)of->base + firn_pool_slots_bytes(pool, of->chunk_count) - 1) >>
                     pool->window_shift;
    for (uintptr_t window = first; window <= last; window++)
        pool->windows[window & pool->window_mask] = (uint8_t)number;
}

static void set_all_windows(firn_pool *pool)
{
    for (uint32_t i = 0; i < pool->extent_count; i++) {
        if (i != pool->apart)
            set_windows(pool, i);
    }
}

/* --- memory --- */

static size_t within_limit(const firn_pool *pool)
{
    if (pool->limit_bytes == 0)
        return SIZE_MAX;
    return pool->limit_bytes - least(pool->limit_bytes, pool->reserved_bytes);
}

/* Makes room for one more extent in the list. */
static bool grow_extents(firn_pool *pool)
{
    if (pool->extent_count < pool->extent_capacity)
        return true;
    size_t old_size = pool->extent_capacity * sizeof(extent);
    uint32_t capacity = pool->extent_capacity + pool->extent_capacity / 2 + 1;
    size_t size = capacity * sizeof(extent);
    if (size - old_size > within_limit(pool))
        return false;
    extent *larger = firn_reallocate(pool->allocator, pool->extents, old_size, size);
    if (larger == NULL)
        return false;
    pool->extents = larger;
    pool->extent_capacity = capacity;
    pool->reserved_bytes += size - old_size;
    return true;
}

/* Makes room for an extent of that many bytes in the table of windows. */
static bool grow_windows(firn_pool *pool, size_t bytes)
{
    size_t ends = 2; /* windows that an extent has only a part of */
    for (uint32_t i = 0; i < pool->extent_count; i++) {
        if (i != pool->apart) {
            bytes += firn_pool_slots_bytes(pool, pool->extents[i].chunk_count);
            ends += 2;
        }
    }
    uint32_t shift = pool->window_shift != 0 ? pool->window_shift : WINDOW_SHIFT_MIN;
    while (bytes >> shift > (shift < WINDOW_SHIFT_MIN + 2 ? WINDOWS_FEW : WINDOWS_MAX))
        shift++;
    size_t old_size = pool->windows != NULL ? pool->window_mask + 1 : 0;
    size_t size = old_size != 0 ? old_size : 16;
    while (size < ((bytes >> shift) + ends) * 2)
        size *= 2;
    if (size > old_size) {
        uint8_t *larger =
            size <= within_limit(pool) ? firn_allocate_zeroed(pool->allocator, size, 1) : NULL;
        if (larger == NULL)
            return false;
        firn_release(pool->allocator, pool->windows, old_size);
        pool->windows = larger;
        pool->window_mask = size - 1;
        pool->reserved_bytes += size - old_size;
    }
    if (size > old_size || shift != pool->window_shift) {
        pool->window_shift = shift;
        set_all_windows(pool);
    }
    return true;
}

static size_t states_bytes(size_t chunk_count)
{
    return chunk_count * (sizeof(uint64_t) + sizeof(uint32_t));
}

/* Of an extent before its states: the slots and what aligns them. */
static size_t objects_bytes(const firn_pool *pool, size_t chunk_count)
{
    size_t padding = pool->alignment > 16 ? pool->alignment - 16 : 0;
    return firn_pool_slots_bytes(pool, chunk_count) + padding;
}

static void set_unused(const firn_pool *pool, extent *of, uint32_t from)
{
    size_t start = firn_pool_slots_bytes(pool, from);
    memset(of->rooms + from, 0xff, (of->chunk_count - from) * sizeof *of->rooms);
    for (uint32_t i = from; i < of->chunk_count; i++)
        of->nexts[i] = FIRN_POOL_UNLISTED;
    firn_poison(of->base + start, firn_pool_slots_bytes(pool, of->chunk_count) - start);
}

static bool add_extent(firn_pool *pool)
{
    uint32_t number = next_number(pool), first = first_chunk(number);
    size_t chunk_bytes = firn_pool_slots_bytes(pool, 1);
    size_t chunk_count = least(first_chunk(number + 1) - first, EXTENT_BYTES_MAX / chunk_bytes);
    if (first >= FIRN_POOL_CHUNKS_MAX || !grow_extents(pool) ||
        !grow_windows(pool, chunk_count * chunk_bytes))
        return false;
    size_t most = within_limit(pool), fixed = objects_bytes(pool, 0);
    most = most > fixed ? (most - fixed) / (chunk_bytes + states_bytes(1)) : 0;
    chunk_count = least(chunk_count, most);
    size_t objects = objects_bytes(pool, chunk_count), size = objects + states_bytes(chunk_count);
    uint8_t *memory = chunk_count > 0 ? firn_allocate(pool->allocator, size) : NULL;
    if (memory == NULL)
        return false;
    uint64_t *rooms = (uint64_t *)(void *)(memory + objects);
    extent *made = &pool->extents[pool->extent_count++];
    *made = (extent){
        .base = memory + (size_t)(-(uintptr_t)memory & (pool->alignment - 1)),
        .rooms = rooms,
        .nexts = (uint32_t *)(rooms + chunk_count),
        .first = first,
        .chunk_count = (uint32_t)chunk_count,
        .memory = memory,
        .memory_bytes = size,
    };
    pool->reserved_bytes += size;
    pool->fresh = 0;
    set_unused(pool, made, 0);
    set_windows(pool, pool->extent_count - 1);
    return true;
}

/* --- the range --- */

/* What the range takes with that many chunks. */
static size_t range_bytes(const firn_pool *pool, size_t chunk_count)
{
    return firn_page_round(firn_pool_slots_bytes(pool, chunk_count)) +
           firn_page_round(chunk_count * sizeof(uint64_t)) +
           firn_page_round(chunk_count * sizeof(uint32_t));
}

/* Whether a pool of that many chunks goes on in a range: from 256 KiB on, and for smaller objects
 * from 8,192 of them on, as each outside of it may be a jump foreseen wrongly: 7.6 instead of 5.3
 * ns where 100,000 of 16 bytes are replaced at random. Below, a pool that lives shortly gets its
 * memory from the allocator again for 2 ns an object, instead of 25 by faults. */
static bool wants_range(const firn_pool *pool, uint32_t chunk_count)
{
    size_t bytes = firn_pool_slots_bytes(pool, chunk_count);
    return bytes >= RANGE_FROM_BYTES ||
           (bytes >= RANGE_FROM_BYTES_LEAST && chunk_count >= RANGE_FROM_CHUNKS);
}

/* Reserves the range, without chunks so far. False when there is no such space to spare. */
static bool reserve_range(firn_pool *pool)
{
    size_t chunk_bytes = firn_pool_slots_bytes(pool, 1);
    uint32_t number = pool->extent_count, end = number, first = first_chunk(number);
    while (first_chunk(end + 1) <= FIRN_POOL_CHUNKS_MAX &&
           (first_chunk(end + 1) - first) * chunk_bytes <= RANGE_BYTES)
        end++;
    if (end == number || firn_page_space_is_limited() || !grow_extents(pool))
        return false;
    size_t chunks_max = first_chunk(end) - first;
    size_t slots = firn_page_round(chunks_max * chunk_bytes);
    size_t rooms = firn_page_round(chunks_max * sizeof(uint64_t));
    size_t size = range_bytes(pool, chunks_max);
    uint8_t *base = firn_page_reserve(size); /* aligned to a page, so to any alignment there is */
    if (base == NULL)
        return false;
    pool->extents[pool->extent_count++] = (extent){
        .base = base,
        .rooms = (uint64_t *)(void *)(base + slots),
        .nexts = (uint32_t *)(void *)(base + slots + rooms),
        .first = first,
        .memory = base,
        .memory_bytes = size,
    };
    pool->ranged = number;
    pool->range_end = end;
    pool->fresh = 0;
    return true;
}

/* Lets free look at the range first. */
static void set_apart(firn_pool *pool)
{
    pool->apart = pool->ranged;
#ifndef FIRN_CHECKED
    const extent *range = &pool->extents[pool->ranged];
    pool->range_base = (uintptr_t)range->base;
    pool->range_first = range->first;
    pool->range_rooms = range->rooms;
    pool->range_chunks = range->chunk_count;
#endif
}

/* Commits a quarter of the power of two of chunks more, less where the limit or the end is near. */
static bool grow_range(firn_pool *pool)
{
    extent *range = &pool->extents[pool->ranged];
    uint32_t count = range->chunk_count, number = firn_pool_number_of(range->first + count);
    size_t more = first_chunk(number + 1) - first_chunk(number);
    more = least(more, first_chunk(pool->range_end) - range->first - count);
    bool apart = pool->apart != FIRN_POOL_NONE || (count + more) / RANGE_APART >= range->first ||
                 !grow_windows(pool, firn_pool_slots_bytes(pool, more));
    size_t held = range_bytes(pool, count);
    while (more > 0 && range_bytes(pool, count + more) - held > within_limit(pool))
        more /= 2;
    size_t slots = firn_page_round(firn_pool_slots_bytes(pool, count + more));
    if (more == 0 || !firn_page_commit(range->base, slots) ||
        !firn_page_commit(range->rooms, firn_page_round((count + more) * sizeof(uint64_t))) ||
        !firn_page_commit(range->nexts, firn_page_round((count + more) * sizeof(uint32_t))))
        return false;
    range->chunk_count += (uint32_t)more;
    pool->reserved_bytes += range_bytes(pool, range->chunk_count) - held;
    set_unused(pool, range, count);
    if (apart)
        set_apart(pool);
    else
        set_windows(pool, pool->ranged);
    return true;
}

bool firn_pool_grow(firn_pool *pool)
{
    if (pool->slot_bytes == 0)
        return false;
    bool system = pool->allocator == NULL || pool->allocator == firn_allocator_system();
    if (system && pool->ranged == FIRN_POOL_NONE &&
        wants_range(pool, first_chunk(pool->extent_count)))
        (void)reserve_range(pool); /* extents do without it */
    if (pool->extent_count > 0 && pool->ranged == pool->extent_count - 1) {
        uint32_t most = first_chunk(pool->range_end) - first_chunk(pool->ranged);
        if (pool->extents[pool->ranged].chunk_count < most)
            return grow_range(pool);
    }
    return add_extent(pool);
}

void firn_pool_release_extents(firn_pool *pool)
{
    for (uint32_t i = 0; i < pool->extent_count; i++) {
        extent *at = &pool->extents[i];
        firn_unpoison(at->base, firn_pool_slots_bytes(pool, at->chunk_count));
        if (i == pool->ranged)
            firn_page_unmap(at->memory, at->memory_bytes);
        else
            firn_release(pool->allocator, at->memory, at->memory_bytes);
    }
    firn_release(pool->allocator, pool->extents, pool->extent_capacity * sizeof(extent));
    firn_release(pool->allocator, pool->windows, pool->window_mask + 1);
}
