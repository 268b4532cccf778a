/* Spans that wait to be packed become groups.
 *
 *   lock    copy the live entries as records        unlock   pack      lock   lead the index to the
 *           (those used meanwhile go back to hot)                             group, end the
 * entries
 *
 * What dies while the lock is free is a dead record from the start. Called by movers; calls the
 * blocks and the codec. Threads: the shard's move is held. Complexity: for 64 KiB some 150 us to
 * warm, 600 us to cold. */
#include "tier/cache.h"
#include "tier/cache_dictionary.h"

#include <assert.h>
#include <string.h>

/* Hashes in a group, by 16 bits of each: what might be equal to another waits for the next (C2). */
typedef struct seen_hashes {
    uint64_t bits[1024];
} seen_hashes;

static bool seen_add(seen_hashes *seen, uint32_t hash)
{
    uint64_t *word = &seen->bits[(hash & 0xffff) / 64];
    uint64_t bit = (uint64_t)1 << (hash % 64);
    bool is_new = (*word & bit) == 0;
    *word |= bit;
    return is_new;
}

/* Copies the entries of a span into work->plain. What was used while it waited goes back to hot.
 * FIRN_NO_MEMORY leaves them all usable. */
static firn_status gather(firn_cache *cache, firn_cache_shard *shard, uint32_t number,
                          firn_cache_work *work, uint32_t *ret_count)
{
    seen_hashes seen = {{0}};
    firn_queue_kind queue = (firn_queue_kind)shard->blocks[number].queue;
    uint32_t size = shard->blocks[number].size;
    uint32_t generation = shard->blocks[number].generation;
    work->plain_size = 0;
    *ret_count = 0;
    for (uint32_t offset = 0; offset < size;) {
        if (shard->blocks[number].generation != generation)
            return FIRN_OK; /* the last of them went */
        uint32_t place = firn_place_span(number, offset);
        firn_cache_entry *entry = firn_cache_entry_at(shard, place);
        offset += (uint32_t)firn_entry_bytes(entry->key_size, entry->value_size);
        if ((entry->flags & FIRN_ENTRY_DEAD) != 0)
            continue;
        assert(entry->below == 0);
        if (entry->uses > 0 || !seen_add(&seen, entry->hash)) {
            if (!firn_cache_entry_move(cache, shard, place,
                                       entry->uses > 0 ? FIRN_QUEUE_MAIN : queue, 0))
                return FIRN_NO_MEMORY;
            continue;
        }
        bool dirty = (entry->flags & FIRN_ENTRY_DIRTY) != 0;
        firn_cache_record record = {.key = {firn_entry_key(entry), entry->key_size},
                                    .value = {firn_entry_value(entry), entry->value_size},
                                    .state = firn_state_make(entry->frozen, dirty)};
        work->plain_size += firn_cache_record_put(work->plain + work->plain_size, &record);
        entry->flags |= FIRN_ENTRY_PACKING;
        ++*ret_count;
    }
    return FIRN_OK;
}

/* Ends the packing of a span: its entries become the records of a group, or, with NONE, stay. */
static void settle(firn_cache *cache, firn_cache_shard *shard, uint32_t number, uint32_t group)
{
    uint32_t generation = shard->blocks[number].generation;
    uint32_t size = shard->blocks[number].size;
    uint32_t slot = 0;
    for (uint32_t offset = 0; offset < size && shard->blocks[number].generation == generation &&
                              shard->blocks[number].data != NULL;) {
        uint32_t place = firn_place_span(number, offset);
        firn_cache_entry *entry = firn_cache_entry_at(shard, place);
        offset += (uint32_t)firn_entry_bytes(entry->key_size, entry->value_size);
        if ((entry->flags & FIRN_ENTRY_PACKING) == 0)
            continue;
        entry->flags &= (uint8_t)~FIRN_ENTRY_PACKING;
        if (group == FIRN_BLOCK_NONE)
            continue;
        uint32_t this_slot = slot++;
        if ((entry->flags & FIRN_ENTRY_DEAD) != 0)
            continue;
        firn_cache_block *block = &shard->blocks[group];
        uint32_t at = firn_cache_index_find(&shard->index, entry->hash, place);
        assert(at != FIRN_CACHE_INDEX_NONE); /* C3 */
        shard->index.slots[at].place = firn_place_group(group);
        block->live++;
        block->live_bytes += entry->key_size + entry->value_size;
        shard->record_live++;
        if ((entry->flags & FIRN_ENTRY_DIRTY) != 0)
            block->flags |= FIRN_BLOCK_DIRTY;
        if (entry->frozen != 0)
            block->flags |= FIRN_BLOCK_HAS_FROZEN;
        if (entry->uses > 0)
            firn_cache_group_used(cache, block, this_slot);
        firn_cache_entry_kill(cache, shard, place, false);
    }
}

static firn_status pack(firn_cache *cache, firn_queue_kind to, firn_cache_work *work,
                        size_t *ret_size, uint8_t *ret_dictionary)
{
    *ret_dictionary = 0;
    if (to == FIRN_QUEUE_WARM)
        return firn_codec_pack(work->codec, FIRN_CODEC_LZ4, 0, work->plain, work->plain_size,
                               work->packed, ret_size);
    return firn_cache_dictionary_pack(cache, work->codec, work->plain, work->plain_size,
                                      work->packed, ret_size, ret_dictionary);
}

static firn_status span_pack(firn_cache *cache, firn_cache_shard *shard, uint32_t number,
                             firn_cache_work *work)
{
    firn_cache_block *block = &shard->blocks[number];
    firn_queue_kind to = block->queue == FIRN_QUEUE_TO_WARM ? FIRN_QUEUE_WARM : FIRN_QUEUE_COLD;
    uint32_t generation = block->generation;
    uint32_t count;
    size_t room = block->size; /* a record is smaller than its entry */
    firn_status status = firn_cache_work_fit(cache, work, firn_codec_bound(room), room);
    if (status == FIRN_OK)
        status = gather(cache, shard, number, work, &count);
    if (status != FIRN_OK || shard->blocks[number].generation != generation)
        return status;
    size_t size = 0;
    uint8_t dictionary = 0;
    if (count > 0) {
        pthread_mutex_unlock(&shard->lock);
        status = pack(cache, to, work, &size, &dictionary);
        pthread_mutex_lock(&shard->lock);
    }
    if (count == 0 || shard->blocks[number].generation != generation)
        return status;
    uint32_t group = FIRN_BLOCK_NONE;
    if (status == FIRN_OK) {
        group = firn_cache_group_add(cache, shard, to, work->packed, size, work->plain_size);
        status = group != FIRN_BLOCK_NONE ? FIRN_OK : FIRN_NO_MEMORY;
    }
    if (group != FIRN_BLOCK_NONE) {
        shard->blocks[group].dictionary = dictionary;
        shard->blocks[group].count = count;
        shard->record_count += count;
    }
    settle(cache, shard, number, group);
    if (group != FIRN_BLOCK_NONE)
        firn_cache_block_settle(cache, shard, group);
    return status;
}

/* The oldest span of a queue that may be packed now. */
static uint32_t next_waiting(const firn_cache_shard *shard, firn_queue_kind queue)
{
    return firn_cache_block_oldest(shard, queue, FIRN_BLOCK_OPEN | FIRN_BLOCK_FROZEN_SOON);
}

firn_status firn_cache_pack_waiting(firn_cache *cache, firn_cache_shard *shard, bool all)
{
    static const firn_queue_kind queues[] = {FIRN_QUEUE_TO_WARM, FIRN_QUEUE_TO_COLD};
    firn_cache_work *work = NULL;
    firn_status status = FIRN_END_OF_DATA;
    pthread_mutex_lock(&shard->lock);
    for (int i = 0; i < 2; i++) {
        if (all)
            firn_cache_span_seal(cache, shard, queues[i]);
        uint32_t number;
        while ((number = next_waiting(shard, queues[i])) != FIRN_BLOCK_NONE) {
            if (work == NULL)
                work = firn_cache_work_take(cache, FIRN_WORK_PACK);
            status = work != NULL ? span_pack(cache, shard, number, work) : FIRN_NO_MEMORY;
            if (status != FIRN_OK)
                goto end;
        }
    }
end:
    pthread_mutex_unlock(&shard->lock);
    firn_cache_work_give(cache, work);
    return status;
}
