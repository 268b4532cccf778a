/* Blocks of a shard: spans of entries and groups of records, the queues in which they stand, and
 * their end. Called by all that moves items; calls the cells and the memory. The rules C1 to C8 and
 * the layout of a block are in cache.h.
 *
 * Threads: the shard's lock is held in all functions. Memory: 80 bytes a block, of 64 KiB each.
 * Complexity: all O(1), but for the growing of the table. */
#include "tier/cache.h"

#include <assert.h>
#include <string.h>

_Static_assert(sizeof(firn_cache_block) <= 72, "a block's bookkeeping is 0.6 bytes of each item");

/* --- the table and its queues --- */

static uint32_t block_take(firn_cache *cache, firn_cache_shard *shard)
{
    uint32_t number = shard->free_block;
    if (number != FIRN_BLOCK_NONE) {
        shard->free_block = shard->blocks[number].newer;
    } else {
        if (!firn_grow(cache->allocator, (void **)&shard->blocks, &shard->block_capacity,
                       (size_t)shard->block_count + 1, sizeof *shard->blocks))
            return FIRN_BLOCK_NONE;
        number = shard->block_count++;
        shard->blocks[number].generation = 0;
    }
    uint32_t generation = shard->blocks[number].generation;
    shard->blocks[number] =
        (firn_cache_block){.generation = generation + 1, .queue = FIRN_QUEUE_NONE};
    return number;
}

static void block_give(firn_cache_shard *shard, uint32_t number)
{
    shard->blocks[number].generation++; /* who waits for the lock sees that it went */
    shard->blocks[number].newer = shard->free_block;
    shard->free_block = number;
}

static uint64_t block_bytes(const firn_cache_block *block, unsigned queue)
{
    return queue >= FIRN_QUEUE_WARM ? firn_cache_cells_cost(block->size) : block->capacity;
}

static void queue_add(firn_cache_shard *shard, uint32_t number, firn_queue_kind kind)
{
    firn_cache_queue *queue = &shard->queues[kind];
    firn_cache_block *block = &shard->blocks[number];
    assert(block->queue == FIRN_QUEUE_NONE);
    block->queue = (uint8_t)kind;
    block->older = queue->count > 0 ? queue->newest : FIRN_BLOCK_NONE;
    block->newer = FIRN_BLOCK_NONE;
    if (queue->count > 0)
        shard->blocks[queue->newest].newer = number;
    else
        queue->oldest = number;
    queue->newest = number;
    queue->count++;
    queue->used_bytes += block_bytes(block, kind);
}

static void queue_remove(firn_cache_shard *shard, uint32_t number)
{
    firn_cache_block *block = &shard->blocks[number];
    firn_cache_queue *queue = &shard->queues[block->queue];
    if (block->older != FIRN_BLOCK_NONE)
        shard->blocks[block->older].newer = block->newer;
    else
        queue->oldest = block->newer;
    if (block->newer != FIRN_BLOCK_NONE)
        shard->blocks[block->newer].older = block->older;
    else
        queue->newest = block->older;
    queue->count--;
    queue->used_bytes -= block_bytes(block, block->queue);
    block->queue = FIRN_QUEUE_NONE;
}

uint64_t firn_cache_queue_bytes(const firn_cache_shard *shard, firn_tier tier)
{
    const firn_cache_queue *queues = shard->queues;
    if (tier == FIRN_TIER_HOT)
        return queues[FIRN_QUEUE_SMALL].used_bytes + queues[FIRN_QUEUE_MAIN].used_bytes +
               queues[FIRN_QUEUE_GONE].used_bytes;
    if (tier == FIRN_TIER_WARM)
        return queues[FIRN_QUEUE_TO_WARM].used_bytes + queues[FIRN_QUEUE_WARM].used_bytes;
    if (tier == FIRN_TIER_COLD)
        return queues[FIRN_QUEUE_TO_COLD].used_bytes + queues[FIRN_QUEUE_COLD].used_bytes;
    return 0;
}

firn_tier firn_cache_queue_tier(unsigned queue)
{
    static const firn_tier tiers[FIRN_QUEUE_COUNT] = {
        [FIRN_QUEUE_SMALL] = FIRN_TIER_HOT,    [FIRN_QUEUE_MAIN] = FIRN_TIER_HOT,
        [FIRN_QUEUE_GONE] = FIRN_TIER_HOT,     [FIRN_QUEUE_TO_WARM] = FIRN_TIER_WARM,
        [FIRN_QUEUE_TO_COLD] = FIRN_TIER_COLD, [FIRN_QUEUE_WARM] = FIRN_TIER_WARM,
        [FIRN_QUEUE_COLD] = FIRN_TIER_COLD};
    return tiers[queue];
}

firn_tier firn_cache_place_tier(const firn_cache_shard *shard, uint32_t place)
{
    switch (firn_place_kind_of(place)) {
    case FIRN_PLACE_SPAN:
        return firn_cache_queue_tier(shard->blocks[firn_place_block(place)].queue);
    case FIRN_PLACE_GROUP:
        return firn_cache_queue_tier(shard->blocks[firn_place_number(place)].queue);
    default:
        return FIRN_TIER_FROZEN;
    }
}

/* --- the end of a block --- */

static void block_release(firn_cache *cache, firn_cache_shard *shard, uint32_t number)
{
    firn_cache_block *block = &shard->blocks[number];
    firn_release(cache->allocator, block->data, block->capacity);
    block->data = NULL;
    block_give(shard, number);
}

static void group_release(firn_cache *cache, firn_cache_shard *shard, uint32_t number)
{
    firn_cache_block *block = &shard->blocks[number];
    firn_cache_cells_remove(&shard->cells, block->first_cell, block->size);
    firn_release(cache->allocator, block->data, (block->count + 7) / 8);
    block->data = NULL;
    shard->record_count -= block->count;
    block_give(shard, number);
}

void firn_cache_block_settle(firn_cache *cache, firn_cache_shard *shard, uint32_t number)
{
    firn_cache_block *block = &shard->blocks[number];
    if (block->live > 0 || (block->flags & FIRN_BLOCK_OPEN) != 0)
        return;
    bool group = block->queue >= FIRN_QUEUE_WARM && block->queue < FIRN_QUEUE_NONE;
    if (block->queue != FIRN_QUEUE_NONE)
        queue_remove(shard, number);
    if (group)
        group_release(cache, shard, number);
    else if (block->pins == 0)
        block_release(cache, shard, number);
}

firn_status firn_cache_shard_init(firn_cache *cache, firn_cache_shard *shard)
{
    *shard = (firn_cache_shard){.free_block = FIRN_BLOCK_NONE};
    for (unsigned kind = 0; kind < FIRN_QUEUE_COUNT; kind++)
        shard->queues[kind].open = FIRN_BLOCK_NONE;
    firn_cache_index_init(&shard->index, cache->allocator);
    firn_cache_cells_init(&shard->cells, cache->allocator);
    if (pthread_mutex_init(&shard->move, NULL) != 0)
        return FIRN_NO_MEMORY;
    if (pthread_mutex_init(&shard->lock, NULL) != 0) {
        pthread_mutex_destroy(&shard->move);
        return FIRN_NO_MEMORY;
    }
    return FIRN_OK;
}

void firn_cache_shard_fini(firn_cache *cache, firn_cache_shard *shard)
{
    for (unsigned kind = 0; kind < FIRN_QUEUE_COUNT; kind++) {
        while (shard->queues[kind].count > 0) {
            uint32_t number = shard->queues[kind].oldest;
            shard->record_live -= kind >= FIRN_QUEUE_WARM ? shard->blocks[number].live : 0;
            shard->blocks[number].live = 0;
            shard->blocks[number].flags = 0;
            firn_cache_block_settle(cache, shard, number);
        }
    }
    firn_release(cache->allocator, shard->blocks, shard->block_capacity * sizeof *shard->blocks);
    firn_release(cache->allocator, shard->spans, shard->span_capacity * sizeof *shard->spans);
    firn_cache_cells_fini(&shard->cells);
    firn_cache_index_fini(&shard->index);
    firn_ghost_fini(&shard->ghost, cache->allocator);
    pthread_mutex_destroy(&shard->lock);
    pthread_mutex_destroy(&shard->move);
}

/* --- spans --- */

void firn_cache_span_seal(firn_cache *cache, firn_cache_shard *shard, firn_queue_kind kind)
{
    uint32_t number = shard->queues[kind].open;
    if (number == FIRN_BLOCK_NONE)
        return;
    shard->queues[kind].open = FIRN_BLOCK_NONE;
    shard->blocks[number].flags &= (uint8_t)~FIRN_BLOCK_OPEN;
    firn_cache_block_settle(cache, shard, number);
}

/* What the table of spans has for one at this address. */
static uint16_t span_unit(const firn_cache_shard *shard, const uint8_t *data)
{
    uint64_t offset = (uintptr_t)data - shard->span_base;
    uint64_t unit = offset >> shard->span_unit_bits;
    bool fits = unit <= UINT16_MAX && unit << shard->span_unit_bits == offset;
    return fits ? (uint16_t)unit : 0;
}

/* The table reaches 256 MB, or of a large cache, whose spans are aligned, 4 GB: most of it below
 * the first span, where the kernel maps what comes next. */
static void span_base_set(const firn_cache *cache, firn_cache_shard *shard, const uint8_t *data)
{
    shard->span_unit_bits = cache->memory.is_large ? 16 : 12;
    uint64_t at = (uintptr_t)data, unit = (uint64_t)1 << shard->span_unit_bits;
    uint64_t below = unit * (UINT16_MAX / 8 * 7);
    shard->span_base = at > below ? (at - below) / unit * unit : 0;
}

static uint32_t span_add(firn_cache *cache, firn_cache_shard *shard, firn_queue_kind kind,
                         size_t capacity)
{
    uint32_t number = block_take(cache, shard);
    if (number == FIRN_BLOCK_NONE)
        return FIRN_BLOCK_NONE;
    uint8_t *data = NULL;
    if (number <= FIRN_SPAN_BLOCK_MAX &&
        firn_grow(cache->allocator, (void **)&shard->spans, &shard->span_capacity,
                  (size_t)number + 1, sizeof *shard->spans))
        data = firn_allocate(cache->allocator, capacity);
    if (data == NULL) {
        block_give(shard, number);
        return FIRN_BLOCK_NONE;
    }
    if (shard->span_unit_bits == 0)
        span_base_set(cache, shard, data);
    shard->spans[number] = span_unit(shard, data);
    shard->blocks[number].data = data;
    shard->blocks[number].capacity = (uint32_t)capacity;
    queue_add(shard, number, kind);
    return number;
}

/* A span of the queue with room for size bytes. */
static uint32_t span_for(firn_cache *cache, firn_cache_shard *shard, firn_queue_kind kind,
                         size_t size)
{
    if (size > FIRN_SPAN_OWN_BYTES)
        return span_add(cache, shard, kind, size);
    uint32_t number = shard->queues[kind].open;
    if (number != FIRN_BLOCK_NONE &&
        shard->blocks[number].size + size <= shard->blocks[number].capacity)
        return number;
    number = span_add(cache, shard, kind, FIRN_SPAN_BYTES);
    if (number == FIRN_BLOCK_NONE)
        return FIRN_BLOCK_NONE;
    firn_cache_span_seal(cache, shard, kind);
    shard->blocks[number].flags = FIRN_BLOCK_OPEN;
    shard->queues[kind].open = number;
    return number;
}

firn_cache_entry *firn_cache_entry_add(firn_cache *cache, firn_cache_shard *shard,
                                       firn_queue_kind queue, firn_bytes key, uint32_t hash,
                                       size_t value_size, uint32_t *ret_place)
{
    size_t size = firn_entry_bytes(key.size, value_size);
    uint32_t number = span_for(cache, shard, queue, size);
    if (number == FIRN_BLOCK_NONE)
        return NULL;
    firn_cache_block *block = &shard->blocks[number];
    uint32_t offset = block->size;
    firn_cache_entry *entry = (firn_cache_entry *)(void *)(block->data + offset);
    *entry = (firn_cache_entry){.value_size = (uint32_t)value_size,
                                .key_size = (uint16_t)key.size,
                                .queue = (unsigned)queue & 15u,
                                .stamp = firn_cache_now(cache),
                                .hash = hash};
    memcpy(firn_entry_key(entry), key.data, key.size);
    block->size += (uint32_t)size;
    block->count++;
    block->live++;
    block->live_bytes += (uint32_t)(key.size + value_size);
    block->stamp = entry->stamp;
    *ret_place = firn_place_span(number, offset);
    return entry;
}

void firn_cache_entry_kill(firn_cache *cache, firn_cache_shard *shard, uint32_t place,
                           bool with_below)
{
    firn_cache_entry *entry = firn_cache_entry_at(shard, place);
    uint32_t number = firn_place_block(place);
    firn_cache_block *block = &shard->blocks[number];
    size_t size = entry->key_size + (size_t)entry->value_size;
    uint32_t below = entry->below;
    assert((entry->flags & FIRN_ENTRY_DEAD) == 0); /* C3 */
    entry->flags |= FIRN_ENTRY_DEAD;
    block->live--;
    block->live_bytes -= (uint32_t)size;
    if (with_below && below != 0)
        firn_cache_group_less(cache, shard, firn_place_number(below), size);
    firn_cache_block_settle(cache, shard, number);
}

bool firn_cache_entry_move(firn_cache *cache, firn_cache_shard *shard, uint32_t place,
                           firn_queue_kind queue, uint8_t uses)
{
    const firn_cache_entry *from = firn_cache_entry_at(shard, place);
    firn_bytes key = {firn_entry_key(from), from->key_size};
    uint32_t at = firn_cache_index_find(&shard->index, from->hash, place);
    uint32_t to_place;
    assert(at != FIRN_CACHE_INDEX_NONE); /* C3 */
    firn_cache_entry *to =
        firn_cache_entry_add(cache, shard, queue, key, from->hash, from->value_size, &to_place);
    if (to == NULL)
        return false;
    memcpy(firn_entry_value(to), firn_entry_value(from), from->value_size);
    to->flags = from->flags;
    to->below = from->below;
    to->frozen = from->frozen;
    to->stamp = from->stamp;
    to->uses = uses & 15u;
    if ((to->flags & FIRN_ENTRY_DIRTY) != 0)
        shard->blocks[firn_place_block(to_place)].flags |= FIRN_BLOCK_DIRTY;
    shard->index.slots[at].place = to_place;
    firn_cache_entry_kill(cache, shard, place, false);
    return true;
}

uint32_t firn_cache_entry_durable(const firn_cache_shard *shard, const firn_cache_entry *entry)
{
    if (entry->below != 0 && (entry->flags & FIRN_ENTRY_BELOW_DIRTY) != 0) {
        uint32_t flushed = shard->blocks[firn_place_number(entry->below)].flushed;
        return flushed != 0 ? flushed : entry->frozen;
    }
    return entry->frozen;
}

/* --- groups --- */

uint32_t firn_cache_group_add(firn_cache *cache, firn_cache_shard *shard, firn_queue_kind queue,
                              const void *frame, size_t frame_size, size_t plain_size)
{
    uint32_t number = block_take(cache, shard);
    if (number == FIRN_BLOCK_NONE)
        return FIRN_BLOCK_NONE;
    uint32_t first;
    if (number > FIRN_PLACE_NUMBER_MAX ||
        !firn_cache_cells_put(&shard->cells, frame, frame_size, &first)) {
        block_give(shard, number);
        return FIRN_BLOCK_NONE;
    }
    firn_cache_block *block = &shard->blocks[number];
    block->first_cell = first;
    block->size = (uint32_t)frame_size;
    block->capacity = (uint32_t)plain_size;
    block->stamp = firn_cache_now(cache);
    queue_add(shard, number, queue);
    return number;
}

void firn_cache_group_less(firn_cache *cache, firn_cache_shard *shard, uint32_t number, size_t size)
{
    firn_cache_block *block = &shard->blocks[number];
    assert(block->live > 0); /* C6 */
    block->live--;
    block->live_bytes -= (uint32_t)size;
    shard->record_live--;
    firn_cache_block_settle(cache, shard, number);
}

void firn_cache_group_used(firn_cache *cache, firn_cache_block *block, uint32_t slot)
{
    if (block->data == NULL) /* without memory, the use is forgotten */
        block->data = firn_allocate_zeroed(cache->allocator, (block->count + 7) / 8, 1);
    if (block->data != NULL)
        block->data[slot / 8] |= (uint8_t)(1 << slot % 8);
}

bool firn_cache_group_was_used(const firn_cache_block *block, uint32_t slot)
{
    return block->data != NULL && (block->data[slot / 8] >> slot % 8 & 1) != 0;
}

uint32_t firn_cache_block_oldest(const firn_cache_shard *shard, firn_queue_kind queue,
                                 uint32_t without)
{
    uint32_t number =
        shard->queues[queue].count > 0 ? shard->queues[queue].oldest : FIRN_BLOCK_NONE;
    while (number != FIRN_BLOCK_NONE && (shard->blocks[number].flags & without) != 0)
        number = shard->blocks[number].newer;
    return number;
}
