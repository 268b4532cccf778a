/* A table of (hash, place), open addressing with linear steps.
 *
 * A firn_map of u64 keys takes 18 bytes and more an item and 340 ns a lookup at 10^6 items; this
 * takes 10 to 11.3 and one line of the processor's cache, because the order of the keys is of no
 * use here, and because 32 bits of the hash stand in for the key, which is compared where the value
 * is.
 *
 * Invariants:
 *   X1  from a hash's home (the begin of the line of the processor's cache that is its share of all
 *       lines, so that any number of them will do) to each of its slots, no slot is empty
 *   X2  at most four fifths of the slots are in use
 * Threads: a shard's lock. Memory: grows by an eighth, so that the load stays above 0.71; the old
 * table lives until the new one is filled.
 * Complexity: 5 steps to find, most often within one line, which begun anywhere else one in three
 * searches would leave; 13 and more to miss. */
#include "tier/cache_index.h"

#include <assert.h>
#include <string.h>

enum { CAPACITY_MIN = 64 };

void firn_cache_index_init(firn_cache_index *index, const firn_allocator *allocator)
{
    *index = (firn_cache_index){.allocator = allocator};
}

void firn_cache_index_fini(firn_cache_index *index)
{
    firn_release(index->allocator, index->slots, index->capacity * sizeof(firn_cache_slot));
    index->slots = NULL;
    index->capacity = index->count = 0;
}

static uint32_t home_of(const firn_cache_index *index, uint32_t hash)
{
    return firn_cache_index_home(hash, index->capacity);
}

static uint32_t after(const firn_cache_index *index, uint32_t position)
{
    return position + 1 == index->capacity ? 0 : position + 1;
}

static uint32_t search(const firn_cache_index *index, uint32_t hash, uint32_t position)
{
    while (index->slots[position].place != 0) {
        if (index->slots[position].hash == hash)
            return position;
        position = after(index, position);
    }
    return FIRN_CACHE_INDEX_NONE;
}

uint32_t firn_cache_index_first(const firn_cache_index *index, uint32_t hash)
{
    if (index->count == 0)
        return FIRN_CACHE_INDEX_NONE;
    return search(index, hash, home_of(index, hash));
}

uint32_t firn_cache_index_next(const firn_cache_index *index, uint32_t hash, uint32_t position)
{
    return search(index, hash, after(index, position));
}

uint32_t firn_cache_index_find(const firn_cache_index *index, uint32_t hash, uint32_t place)
{
    uint32_t position = firn_cache_index_first(index, hash);
    while (position != FIRN_CACHE_INDEX_NONE && index->slots[position].place != place)
        position = firn_cache_index_next(index, hash, position);
    return position;
}

void firn_cache_index_insert(firn_cache_index *index, uint32_t hash, uint32_t place)
{
    assert(place != 0 && index->count < index->capacity); /* X2 */
    uint32_t position = home_of(index, hash);
    while (index->slots[position].place != 0)
        position = after(index, position);
    index->slots[position] = (firn_cache_slot){hash, place};
    index->count++;
}

/* Steps from a slot's home to where it stands. */
static uint32_t steps_of(const firn_cache_index *index, uint32_t position)
{
    uint32_t home = home_of(index, index->slots[position].hash);
    return position >= home ? position - home : position + index->capacity - home;
}

void firn_cache_index_remove(firn_cache_index *index, uint32_t position)
{
    uint32_t hole = position;
    assert(index->slots[hole].place != 0);
    for (;;) { /* what stands behind the hole and not at home moves into it: X1 */
        position = after(index, position);
        if (index->slots[position].place == 0)
            break;
        uint32_t back = position >= hole ? position - hole : position + index->capacity - hole;
        if (steps_of(index, position) < back)
            continue;
        index->slots[hole] = index->slots[position];
        hole = position;
    }
    index->slots[hole].place = 0;
    index->count--;
}

static bool resize(firn_cache_index *index, uint32_t capacity)
{
    firn_cache_slot *slots = firn_allocate_zeroed(index->allocator, capacity, sizeof *slots);
    if (slots == NULL)
        return false;
    firn_cache_index old = *index;
    __atomic_store_n(&index->slots, slots, __ATOMIC_RELAXED); /* for those who fetch ahead */
    __atomic_store_n(&index->capacity, capacity, __ATOMIC_RELAXED);
    index->count = 0;
    for (uint32_t i = 0; i < old.capacity; i++) {
        if (old.slots[i].place != 0)
            firn_cache_index_insert(index, old.slots[i].hash, old.slots[i].place);
    }
    firn_cache_index_fini(&old);
    return true;
}

static uint64_t whole_lines(uint64_t capacity)
{
    if (capacity < CAPACITY_MIN)
        return CAPACITY_MIN;
    return (capacity + FIRN_CACHE_SLOTS_OF_LINE - 1) / FIRN_CACHE_SLOTS_OF_LINE *
           FIRN_CACHE_SLOTS_OF_LINE;
}

bool firn_cache_index_reserve(firn_cache_index *index)
{
    if ((uint64_t)index->count * 5 < (uint64_t)index->capacity * 4)
        return true;
    uint64_t capacity = whole_lines((uint64_t)index->capacity * 9 / 8);
    return capacity < FIRN_CACHE_INDEX_NONE && resize(index, (uint32_t)capacity);
}

bool firn_cache_index_fit(firn_cache_index *index, uint64_t count)
{
    uint64_t capacity = whole_lines(count + count / 4 + CAPACITY_MIN);
    if (capacity <= index->capacity)
        return true;
    return capacity < FIRN_CACHE_INDEX_NONE && resize(index, (uint32_t)capacity);
}

void firn_cache_index_shrink(firn_cache_index *index)
{
    if (index->capacity <= CAPACITY_MIN || index->count > index->capacity / 2)
        return;
    uint32_t capacity =
        (uint32_t)whole_lines((uint64_t)index->count + index->count / 3 + CAPACITY_MIN);
    (void)(capacity < index->capacity && resize(index, capacity)); /* else it stays as it is */
}
