/* Items going down: out of hot, from warm to cold, from cold to the store, which holds them
 * already.
 *
 * A group is taken apart record by record. A record whose item was read is a copy of an entry in
 * hot: the entry then stands for itself. What was read in cold gets another round there, as in
 * CLOCK; what leaves RAM is remembered as a ghost.
 *
 * Called by cache_room.c and cache_tick.c; calls the blocks, cache_find.c and cache_pack.c.
 * Threads: the shard's move is held; its lock is taken here. */
#include "tier/cache.h"
#include "tier/s3fifo.h"

#include <assert.h>
#include <string.h>

enum { GHOST_PER_BYTES = 1024 }; /* of the limit, so that the ghosts take less than 1 % of it */

static uint32_t age_of(firn_cache *cache, firn_tier tier)
{
    return atomic_load(&cache->age[tier].now_ms) / 100;
}

static bool is_quiet(firn_cache *cache, uint32_t stamp, firn_tier tier)
{
    return firn_cache_now(cache) - stamp >= age_of(cache, tier);
}

/* Remembers what had to leave RAM. The ghosts are made when there is the first; without memory,
 * nothing is remembered. */
static void ghost_add(firn_cache *cache, firn_cache_shard *shard, uint32_t hash)
{
    size_t count = (size_t)(cache->limit_bytes / cache->shard_count / GHOST_PER_BYTES);
    if (shard->ghost.places != NULL || firn_ghost_init(&shard->ghost, cache->allocator, count))
        firn_ghost_add(&shard->ghost, firn_cache_ghost_hash(hash));
}

/* --- out of hot --- */

static void lead(firn_cache_shard *shard, uint32_t hash, uint32_t from, uint32_t to)
{
    uint32_t at = firn_cache_index_find(&shard->index, hash, from);
    assert(at != FIRN_CACHE_INDEX_NONE); /* C3 */
    shard->index.slots[at].place = to;
}

static bool entry_demote(firn_cache *cache, firn_cache_shard *shard, uint32_t place, bool small,
                         bool aged)
{
    const firn_cache_entry *entry = firn_cache_entry_at(shard, place);
    uint32_t hash = entry->hash;
    shard->demotions[FIRN_TIER_HOT]++;
    if (entry->below != 0) {
        lead(shard, hash, place, entry->below);
        firn_cache_entry_kill(cache, shard, place, false);
        return true;
    }
    if ((entry->flags & FIRN_ENTRY_DIRTY) == 0 && small && !aged) {
        lead(shard, hash, place, firn_place_frozen(entry->frozen));
        ghost_add(cache, shard, hash);
        firn_cache_entry_kill(cache, shard, place, false);
        return true;
    }
    return firn_cache_entry_move(cache, shard, place, FIRN_QUEUE_TO_WARM, 0);
}

static bool entry_pass(firn_cache *cache, firn_cache_shard *shard, uint32_t place, bool small,
                       bool aged)
{
    const firn_cache_entry *entry = firn_cache_entry_at(shard, place);
    bool stays = aged ? !is_quiet(cache, entry->stamp, FIRN_TIER_HOT)
                      : entry->uses >= (small ? FIRN_S3FIFO_SMALL_USES : 1);
    if (!stays)
        return entry_demote(cache, shard, place, small, aged);
    uint8_t uses = aged ? entry->uses : small ? 0 : (uint8_t)(entry->uses - 1);
    if (firn_cache_entry_move(cache, shard, place, FIRN_QUEUE_MAIN, uses))
        return true;
    /* At the very limit there is no room to stay in; what has a copy below goes without any. */
    return !aged && entry->below != 0 && entry_demote(cache, shard, place, small, aged);
}

/* The oldest span of a queue that may go. */
static uint32_t oldest_span(firn_cache *cache, firn_cache_shard *shard, firn_queue_kind queue,
                            bool aged)
{
    uint32_t number =
        shard->queues[queue].count > 0 ? shard->queues[queue].oldest : FIRN_BLOCK_NONE;
    while (number != FIRN_BLOCK_NONE) {
        const firn_cache_block *block = &shard->blocks[number];
        bool free = block->pins == 0 && (block->flags & FIRN_BLOCK_FROZEN_SOON) == 0;
        if (free && (!aged || is_quiet(cache, block->stamp, FIRN_TIER_HOT)))
            return number;
        number = block->newer;
    }
    return FIRN_BLOCK_NONE;
}

/* A span of hot that must go next: of the small queue while that has more than its share. */
static uint32_t hot_span(firn_cache *cache, firn_cache_shard *shard, bool aged)
{
    const firn_cache_queue *queues = shard->queues;
    uint64_t small = queues[FIRN_QUEUE_SMALL].used_bytes;
    uint64_t all = small + queues[FIRN_QUEUE_MAIN].used_bytes;
    firn_queue_kind first =
        small * 100 >= all * FIRN_CACHE_SMALL_PERCENT ? FIRN_QUEUE_SMALL : FIRN_QUEUE_MAIN;
    firn_queue_kind second = first == FIRN_QUEUE_SMALL ? FIRN_QUEUE_MAIN : FIRN_QUEUE_SMALL;
    uint32_t number = oldest_span(cache, shard, first, aged);
    return number != FIRN_BLOCK_NONE ? number : oldest_span(cache, shard, second, aged);
}

firn_status firn_cache_move_hot(firn_cache *cache, firn_cache_shard *shard, bool aged)
{
    firn_status status = FIRN_OK;
    pthread_mutex_lock(&shard->lock);
    uint32_t number = hot_span(cache, shard, aged);
    if (number == FIRN_BLOCK_NONE) {
        pthread_mutex_unlock(&shard->lock);
        return FIRN_END_OF_DATA;
    }
    firn_queue_kind queue = (firn_queue_kind)shard->blocks[number].queue;
    uint32_t generation = shard->blocks[number].generation;
    if (shard->queues[queue].open == number)
        firn_cache_span_seal(cache, shard, queue);
    uint32_t size = shard->blocks[number].size;
    for (uint32_t offset = 0; offset < size && shard->blocks[number].generation == generation &&
                              shard->blocks[number].data != NULL;) {
        uint32_t place = firn_place_span(number, offset);
        const firn_cache_entry *entry = firn_cache_entry_at(shard, place);
        offset += (uint32_t)firn_entry_bytes(entry->key_size, entry->value_size);
        if ((entry->flags & FIRN_ENTRY_DEAD) == 0 &&
            !entry_pass(cache, shard, place, queue == FIRN_QUEUE_SMALL, aged)) {
            status = FIRN_NO_MEMORY;
            break;
        }
    }
    pthread_mutex_unlock(&shard->lock);
    return status;
}

/* --- groups taken apart --- */

uint32_t firn_cache_record_item(const firn_cache_shard *shard, uint32_t hash, firn_bytes key,
                                uint32_t group_place)
{
    const firn_cache_index *index = &shard->index;
    uint32_t at = firn_cache_index_first(index, hash);
    for (; at != FIRN_CACHE_INDEX_NONE; at = firn_cache_index_next(index, hash, at)) {
        uint32_t place = index->slots[at].place;
        if (place == group_place)
            return at; /* C2 */
        if (firn_place_kind_of(place) != FIRN_PLACE_SPAN)
            continue;
        const firn_cache_entry *entry = firn_cache_entry_at(shard, place);
        if (entry->below == group_place && entry->key_size == key.size &&
            memcmp(firn_entry_key(entry), key.data, key.size) == 0)
            return at;
    }
    return FIRN_CACHE_INDEX_NONE;
}

static void entry_lift(firn_cache_shard *shard, uint32_t place, uint32_t frozen, bool dirty)
{
    firn_cache_entry *entry = firn_cache_entry_at(shard, place);
    entry->below = 0;
    entry->frozen = frozen;
    entry->flags &= (uint8_t)~FIRN_ENTRY_BELOW_DIRTY;
    if (dirty) {
        entry->flags |= FIRN_ENTRY_DIRTY;
        shard->blocks[firn_place_block(place)].flags |= FIRN_BLOCK_DIRTY;
    }
}

typedef struct group_taking {
    firn_cache *cache;
    firn_cache_shard *shard;
    uint32_t number, flushed;
    firn_queue_kind to; /* where the items go; NONE: to the store, unless they were used */
    firn_tier from;
    bool aged;
} group_taking;

static bool record_take(const group_taking *taking, const firn_cache_record *record, bool used)
{
    firn_cache_shard *shard = taking->shard;
    uint32_t group_place = firn_place_group(taking->number);
    uint32_t hash = (uint32_t)(firn_cache_hash(taking->cache, record->key) >> 32);
    uint32_t at = firn_cache_record_item(shard, hash, record->key, group_place);
    if (at == FIRN_CACHE_INDEX_NONE)
        return true;
    bool dirty = (record->state & 1) != 0;
    uint32_t frozen = record->state >> 1;
    if (dirty && taking->flushed != 0) {
        dirty = false;
        frozen = taking->flushed;
    }
    uint32_t place = shard->index.slots[at].place;
    if (place != group_place) {
        entry_lift(shard, place, frozen, dirty);
    } else if (taking->to == FIRN_QUEUE_NONE && !used) {
        assert(!dirty && frozen != 0);
        shard->index.slots[at].place = firn_place_frozen(frozen);
        shard->demotions[taking->from]++;
        if (!taking->aged)
            ghost_add(taking->cache, shard, hash);
    } else {
        firn_queue_kind to = taking->to == FIRN_QUEUE_NONE ? FIRN_QUEUE_TO_COLD : taking->to;
        firn_cache_entry *entry = firn_cache_entry_add(taking->cache, shard, to, record->key, hash,
                                                       record->value.size, &place);
        if (entry == NULL)
            return false;
        if (record->value.size > 0)
            memcpy(firn_entry_value(entry), record->value.data, record->value.size);
        entry->frozen = frozen;
        entry->flags = dirty ? FIRN_ENTRY_DIRTY : 0;
        if (dirty)
            shard->blocks[firn_place_block(place)].flags |= FIRN_BLOCK_DIRTY;
        shard->index.slots[at].place = place;
        shard->demotions[taking->from]++;
    }
    firn_cache_group_less(taking->cache, shard, taking->number,
                          record->key.size + record->value.size);
    return true;
}

/* Takes a group apart; the lock is held before and after, and free while it is unpacked. */
static firn_status group_take(firn_cache *cache, firn_cache_shard *shard, uint32_t number,
                              firn_queue_kind to, bool aged)
{
    uint32_t generation = shard->blocks[number].generation;
    firn_cache_work *work = firn_cache_work_take(cache, FIRN_WORK_READ);
    if (work == NULL)
        return FIRN_NO_MEMORY;
    firn_status status = firn_cache_group_unpack(cache, shard, number, work, NULL);
    if (shard->blocks[number].generation != generation) {
        firn_cache_work_give(cache, work);
        return FIRN_OK; /* it went by itself */
    }
    group_taking taking = {.cache = cache,
                           .shard = shard,
                           .number = number,
                           .flushed = shard->blocks[number].flushed,
                           .to = to,
                           .aged = aged,
                           .from = shard->blocks[number].queue == FIRN_QUEUE_WARM ? FIRN_TIER_WARM
                                                                                  : FIRN_TIER_COLD};
    const uint8_t *at = work->plain;
    firn_cache_record record;
    for (uint32_t slot = 0;
         status == FIRN_OK && shard->blocks[number].generation == generation &&
         shard->blocks[number].queue != FIRN_QUEUE_NONE && shard->blocks[number].live > 0;
         slot++) {
        status = firn_cache_record_next(&at, work->plain + work->plain_size, &record);
        bool used = status == FIRN_OK && firn_cache_group_was_used(&shard->blocks[number], slot);
        if (status == FIRN_OK && !record_take(&taking, &record, used))
            status = FIRN_NO_MEMORY;
    }
    firn_cache_work_give(cache, work);
    return status == FIRN_END_OF_DATA ? FIRN_CORRUPT : status;
}

static uint32_t oldest_group(const firn_cache_shard *shard, firn_queue_kind queue)
{
    return firn_cache_block_oldest(shard, queue, FIRN_BLOCK_FROZEN_SOON | FIRN_BLOCK_DAMAGED);
}

/* A group that turns out damaged stays where it is, for whoever asks for its keys. */
static firn_status take_or_leave(firn_cache *cache, firn_cache_shard *shard, uint32_t number,
                                 firn_queue_kind to, bool aged)
{
    firn_status status = group_take(cache, shard, number, to, aged);
    if (status == FIRN_CORRUPT) {
        shard->blocks[number].flags |= FIRN_BLOCK_DAMAGED;
        status = FIRN_OK;
    }
    return status;
}

firn_status firn_cache_move_warm(firn_cache *cache, firn_cache_shard *shard, bool aged)
{
    firn_status status = FIRN_END_OF_DATA;
    pthread_mutex_lock(&shard->lock);
    uint32_t number = oldest_group(shard, FIRN_QUEUE_WARM);
    if (number != FIRN_BLOCK_NONE &&
        (!aged || is_quiet(cache, shard->blocks[number].stamp, FIRN_TIER_WARM)))
        status = take_or_leave(cache, shard, number, FIRN_QUEUE_TO_COLD, false);
    pthread_mutex_unlock(&shard->lock);
    return status;
}

static bool is_dirty(const firn_cache_block *group)
{
    return (group->flags & FIRN_BLOCK_DIRTY) != 0 && group->flushed == 0;
}

firn_status firn_cache_move_cold(firn_cache *cache, firn_cache_shard *shard, bool aged, bool any)
{
    if (cache->store == NULL)
        return FIRN_END_OF_DATA;
    firn_status status = FIRN_END_OF_DATA;
    pthread_mutex_lock(&shard->lock);
    uint32_t number = oldest_group(shard, FIRN_QUEUE_COLD);
    while (any && number != FIRN_BLOCK_NONE &&
           (is_dirty(&shard->blocks[number]) ||
            (shard->blocks[number].flags & (FIRN_BLOCK_FROZEN_SOON | FIRN_BLOCK_DAMAGED)) != 0))
        number = shard->blocks[number].newer;
    if (number != FIRN_BLOCK_NONE &&
        (!aged || is_quiet(cache, shard->blocks[number].stamp, FIRN_TIER_COLD)))
        status = is_dirty(&shard->blocks[number])
                     ? FIRN_BUSY
                     : take_or_leave(cache, shard, number, FIRN_QUEUE_NONE, aged);
    pthread_mutex_unlock(&shard->lock);
    return status;
}

static uint32_t sparse_group(const firn_cache_shard *shard, firn_queue_kind queue)
{
    uint32_t number =
        shard->queues[queue].count > 0 ? shard->queues[queue].oldest : FIRN_BLOCK_NONE;
    while (number != FIRN_BLOCK_NONE) {
        const firn_cache_block *block = &shard->blocks[number];
        if (block->live * 2 < block->count &&
            (block->flags & (FIRN_BLOCK_FROZEN_SOON | FIRN_BLOCK_DAMAGED)) == 0)
            return number;
        number = block->newer;
    }
    return FIRN_BLOCK_NONE;
}

firn_status firn_cache_move_sparse(firn_cache *cache, firn_cache_shard *shard)
{
    firn_status status = FIRN_END_OF_DATA;
    pthread_mutex_lock(&shard->lock);
    if (shard->record_live * 4 < shard->record_count * 3) {
        uint32_t warm = sparse_group(shard, FIRN_QUEUE_WARM);
        uint32_t cold = sparse_group(shard, FIRN_QUEUE_COLD);
        if (warm != FIRN_BLOCK_NONE)
            status = take_or_leave(cache, shard, warm, FIRN_QUEUE_TO_WARM, false);
        else if (cold != FIRN_BLOCK_NONE)
            status = take_or_leave(cache, shard, cold, FIRN_QUEUE_TO_COLD, false);
    }
    pthread_mutex_unlock(&shard->lock);
    return status;
}
