/* Segments whose items have died, or moved on, are taken together. A segment without live items is
 * removed; one that is less than half live has its live items copied to a new segment, which its
 * batch forwards to from then on (C8 tells what is live, and nothing that dies meanwhile is missed,
 * since that takes `freeze`, too).
 *
 * The note that a key was removed must stay as long as an older segment may hold the key: it goes
 * when its segment is the oldest. So that this comes about, the oldest segment is copied, too, when
 * more than a quarter of all records are notes.
 *
 * When a commit has failed, removals may have been forgotten with it, and no note goes any more.
 *
 * The copies are committed before the originals are removed; after a crash between the two, both
 * are there, and the later segment counts. Called by cache_tick.c, which holds `freeze`; calls
 * cache_frozen.c and cache_batch.c. Memory: a segment. */
#include "tier/cache.h"
#include "tier/cache_frozen.h"
#include "tier/cache_list.h"

#include <string.h>

enum { STEP_BATCHES = 16, SEEN_COUNT = 1 << 15 };

typedef struct compacting {
    firn_cache *cache;
    firn_cache_work *work;   /* the new segment */
    firn_cache_work *reader; /* a batch */
    firn_cache_work *groups; /* unpacks groups, to see what they stand above */
    size_t size;
    uint32_t count, gone;
    uint32_t from[STEP_BATCHES];
    uint32_t from_count;
    uint64_t seen[SEEN_COUNT / 64];
    firn_error *ret_error;
} compacting;

/* --- which batches --- */

static bool is_gone(const firn_cache_batch *batch)
{
    return batch->forward != 0 || batch->segment == FIRN_SEGMENT_NONE;
}

typedef struct choices {
    uint32_t number[STEP_BATCHES];
    uint32_t count;
    uint32_t oldest; /* segment */
} choices;

/* Up to STEP_BATCHES that should go; their live items together fill about a segment. */
static choices choose(firn_cache *cache)
{
    choices choice = {.count = 0, .oldest = FIRN_SEGMENT_NONE};
    uint64_t records = 0, gone = 0, live = 0;
    uint32_t oldest = 0;
    pthread_mutex_lock(&cache->batches_lock);
    for (uint32_t i = 1; i < cache->batch_count; i++) {
        const firn_cache_batch *batch = &cache->batches[i];
        if (is_gone(batch))
            continue;
        records += batch->count;
        gone += batch->gone;
        if (batch->segment < choice.oldest) {
            choice.oldest = batch->segment;
            oldest = i;
        }
    }
    for (uint32_t i = 1; i < cache->batch_count && choice.count < STEP_BATCHES; i++) {
        const firn_cache_batch *batch = &cache->batches[i];
        uint32_t kept = batch->live + (i == oldest ? 0 : batch->gone);
        bool due = kept * 2 < batch->count || (i == oldest && gone * 4 > records);
        if (is_gone(batch) || !due || (choice.count > 0 && live + kept > batch->count))
            continue;
        live += kept;
        choice.number[choice.count++] = i;
    }
    pthread_mutex_unlock(&cache->batches_lock);
    return choice;
}

/* --- what is live in a batch --- */

/* The durable batch of a group's record; the shard's lock is held before and after. */
static firn_status group_durable(compacting *c, firn_cache_shard *shard, uint32_t number,
                                 firn_bytes key, uint32_t *ret_durable)
{
    firn_cache_record record;
    uint32_t slot;
    uint32_t flushed = shard->blocks[number].flushed;
    firn_status status = firn_cache_group_unpack(c->cache, shard, number, c->groups, c->ret_error);
    if (status != FIRN_OK)
        return status;
    status = firn_cache_record_find(c->groups->plain, c->groups->plain_size, key, &record, &slot);
    *ret_durable = 0;
    if (status == FIRN_OK)
        *ret_durable = (record.state & 1) != 0 && flushed != 0 ? flushed : record.state >> 1;
    return status == FIRN_NOT_FOUND ? FIRN_OK : status;
}

/* Whether a batch, whose slot has the key's hash, has the key. The shard's lock is held before and
 * after. */
static firn_status batch_has(compacting *c, firn_cache_shard *shard, uint32_t batch, firn_bytes key,
                             bool *ret_has)
{
    firn_bytes records;
    firn_cache_record record;
    uint32_t slot;
    pthread_mutex_unlock(&shard->lock);
    firn_status status = firn_cache_batch_pin(c->cache, batch, c->groups, &records, c->ret_error);
    if (status == FIRN_OK)
        status = firn_cache_record_find(records.data, records.size, key, &record, &slot);
    *ret_has = status == FIRN_OK;
    firn_cache_batch_unpin(c->cache, c->groups);
    pthread_mutex_lock(&shard->lock);
    return status == FIRN_NOT_FOUND ? FIRN_OK : status;
}

/* The durable batch of a key as a slot of its hash tells it, 0 when the slot is another key's. The
 * shard's lock is held before and after, and may be free between: *ret_freed. `own`: the batch that
 * is being copied, where the hash alone is enough (C2). */
static firn_status slot_durable(compacting *c, firn_cache_shard *shard, uint32_t place,
                                firn_bytes key, uint32_t own, uint32_t *ret_durable,
                                bool *ret_freed)
{
    *ret_durable = 0;
    *ret_freed = false;
    if (firn_place_kind_of(place) == FIRN_PLACE_SPAN) {
        const firn_cache_entry *entry = firn_cache_entry_at(shard, place);
        if (entry->key_size == key.size && memcmp(firn_entry_key(entry), key.data, key.size) == 0)
            *ret_durable = firn_cache_entry_durable(shard, entry);
        return FIRN_OK;
    }
    if (firn_place_kind_of(place) == FIRN_PLACE_GROUP) {
        *ret_freed = true;
        return group_durable(c, shard, firn_place_number(place), key, ret_durable);
    }
    uint32_t batch = firn_place_number(place);
    bool has = true;
    firn_status status = FIRN_OK;
    if (firn_cache_batch_resolve(c->cache, batch) != own) {
        *ret_freed = true;
        status = batch_has(c, shard, batch, key, &has);
    }
    *ret_durable = has ? batch : 0;
    return status;
}

/* The batch of the newest durable value of a key, or 0. */
static firn_status key_durable(compacting *c, firn_bytes key, uint32_t own, uint32_t *ret_durable)
{
    uint64_t whole = firn_cache_hash(c->cache, key);
    uint32_t hash = (uint32_t)(whole >> 32);
    firn_cache_shard *shard = firn_cache_shard_of(c->cache, whole);
    const firn_cache_index *index = &shard->index;
    firn_status status = FIRN_OK;
    uint32_t durable = 0;
    pthread_mutex_lock(&shard->lock);
    uint32_t at = firn_cache_index_first(index, hash);
    while (at != FIRN_CACHE_INDEX_NONE && status == FIRN_OK && durable == 0) {
        uint32_t place = index->slots[at].place;
        bool freed;
        status = slot_durable(c, shard, place, key, own, &durable, &freed);
        uint32_t now = freed ? firn_cache_index_find(index, hash, place) : at;
        if (now == FIRN_CACHE_INDEX_NONE) {
            status = FIRN_OK; /* it moved while the lock was free: all anew */
            durable = 0;
            at = firn_cache_index_first(index, hash);
            continue;
        }
        at = firn_cache_index_next(index, hash, now);
    }
    pthread_mutex_unlock(&shard->lock);
    *ret_durable = durable != 0 ? firn_cache_batch_resolve(c->cache, durable) : 0;
    return status;
}

/* Whether a record of the batch must be kept: a value that is the newest durable one of its key; a
 * note, unless the key has a durable value again, which would then be older than the copy. */
static firn_status is_kept(compacting *c, uint32_t batch, const firn_cache_record *record,
                           bool keep_gone, bool *ret_kept)
{
    bool is_note = record->state == FIRN_CACHE_STATE_GONE;
    uint32_t durable;
    *ret_kept = false;
    if (is_note && !keep_gone)
        return FIRN_OK;
    firn_status status = key_durable(c, record->key, is_note ? 0 : batch, &durable);
    *ret_kept = is_note ? durable == 0 : durable == batch;
    return status;
}

/* --- the copy --- */

static uint64_t *seen_word(compacting *c, firn_bytes key, uint64_t *ret_bit)
{
    uint64_t hash = firn_cache_hash(c->cache, key);
    uint32_t shard = (uint32_t)hash & (c->cache->shard_count - 1);
    uint32_t at = ((uint32_t)(hash >> 32) ^ shard * 0x9e3779b9u) & (SEEN_COUNT - 1);
    *ret_bit = (uint64_t)1 << (at % 64);
    return &c->seen[at / 64];
}

/* Copies what is live of a batch behind what is there. FIRN_LIMIT: a hash of it is there already
 * (C2), or it is too much; then nothing was added. */
static firn_status batch_copy(compacting *c, uint32_t number, bool keep_gone)
{
    firn_bytes records;
    firn_status status = firn_cache_batch_pin(c->cache, number, c->reader, &records, c->ret_error);
    if (status != FIRN_OK)
        return status;
    size_t most = c->size + records.size;
    if (c->count > 0 && most > c->work->plain_capacity)
        return FIRN_LIMIT;
    if (c->count == 0) {
        status = firn_cache_work_fit(c->cache, c->work, 0,
                                     most > 2 * FIRN_BATCH_BYTES ? most : 2 * FIRN_BATCH_BYTES);
        if (status != FIRN_OK)
            return status;
    }
    const uint8_t *at = records.data, *end = at + records.size;
    size_t size = c->size;
    uint32_t count = c->count, gone = c->gone;
    firn_cache_record record;
    while ((status = firn_cache_record_next(&at, end, &record)) == FIRN_OK) {
        bool live;
        status = is_kept(c, number, &record, keep_gone, &live);
        if (status != FIRN_OK)
            return status;
        uint64_t bit;
        if (!live)
            continue;
        if (c->count > 0 && (*seen_word(c, record.key, &bit) & bit) != 0)
            return FIRN_LIMIT;
        size += firn_cache_record_put(c->work->plain + size, &record);
        count++;
        gone += record.state == FIRN_CACHE_STATE_GONE;
    }
    if (status != FIRN_END_OF_DATA)
        return status;
    at = c->work->plain + c->size;
    while (firn_cache_record_next(&at, c->work->plain + size, &record) == FIRN_OK) {
        uint64_t bit;
        *seen_word(c, record.key, &bit) |= bit;
    }
    c->size = size;
    c->count = count;
    c->gone = gone;
    c->from[c->from_count++] = number;
    return FIRN_OK;
}

/* Commits the copy, leads the batches to it and removes their segments. */
static firn_status finish(compacting *c)
{
    firn_cache *cache = c->cache;
    firn_cache_batch batch = {.segment = FIRN_SEGMENT_NONE,
                              .list = FIRN_SEGMENT_NONE,
                              .count = c->count,
                              .gone = c->gone,
                              .live = c->count - c->gone};
    uint32_t number = 0;
    firn_status status = FIRN_OK;
    if (c->count > 0) {
        firn_cache_segment_header(c->work->plain, c->count, c->gone);
        status = firn_cache_frozen_put(cache, c->work->codec, c->work->plain, c->size,
                                       &batch.segment, c->ret_error);
        firn_bytes records = {c->work->plain + FIRN_CACHE_SEGMENT_HEADER_BYTES,
                              c->size - FIRN_CACHE_SEGMENT_HEADER_BYTES};
        if (status == FIRN_OK) {
            status = firn_cache_list_put(cache, records, c->count, batch.segment, &batch.list,
                                         c->ret_error);
            if (status != FIRN_OK)
                firn_cache_frozen_abort(cache);
        }
        if (status != FIRN_OK)
            return status;
        number = firn_cache_batch_add(cache, &batch);
        if (number == 0) {
            firn_cache_frozen_abort(cache);
            return FIRN_NO_MEMORY;
        }
        status = firn_cache_frozen_commit(cache, c->ret_error);
        if (status != FIRN_OK) {
            firn_cache_batch_drop(cache, number);
            return status;
        }
        atomic_fetch_add(&cache->commits, 1);
    }
    for (uint32_t i = 0; i < c->from_count; i++) {
        pthread_mutex_lock(&cache->batches_lock);
        firn_cache_batch *from = &cache->batches[c->from[i]];
        uint32_t segment = from->segment, list = from->list;
        from->segment = from->list = FIRN_SEGMENT_NONE;
        from->forward = number;
        pthread_mutex_unlock(&cache->batches_lock);
        status = firn_cache_frozen_remove(cache, segment);
        if (status == FIRN_OK && list != FIRN_SEGMENT_NONE)
            status = firn_cache_frozen_remove(cache, list);
        if (status != FIRN_OK)
            return status; /* it stays as garbage, which the next opening finds */
    }
    return FIRN_OK;
}

static firn_status copy_all(compacting *c, const choices *choice)
{
    firn_status status = FIRN_OK;
    c->size = FIRN_CACHE_SEGMENT_HEADER_BYTES;
    for (uint32_t i = 0; i < choice->count && status == FIRN_OK; i++) {
        pthread_mutex_lock(&c->cache->batches_lock);
        firn_cache_batch batch = c->cache->batches[choice->number[i]];
        pthread_mutex_unlock(&c->cache->batches_lock);
        bool keep_gone = batch.segment != choice->oldest || c->cache->keep_gone;
        if (batch.live == 0 && (batch.gone == 0 || !keep_gone))
            c->from[c->from_count++] = choice->number[i];
        else
            status = batch_copy(c, choice->number[i], keep_gone);
        if (status == FIRN_LIMIT)
            status = FIRN_OK; /* it waits for another step */
    }
    return status;
}

firn_status firn_cache_compact(firn_cache *cache, bool *ret_more, firn_error *ret_error)
{
    choices choice = choose(cache);
    bool moved = false;
    firn_status status = FIRN_OK;
    compacting *c = NULL;
    *ret_more = choice.count > 0;
    if (choice.count > 0) {
        c = firn_allocate_zeroed(cache->allocator, 1, sizeof *c);
        if (c == NULL)
            return firn_error_set(ret_error, FIRN_NO_MEMORY, 0, "cache: no memory to compact");
        c->cache = cache;
        c->ret_error = ret_error;
        c->work = firn_cache_work_take(cache, FIRN_WORK_FREEZE);
        c->reader = firn_cache_work_take(cache, FIRN_WORK_READ);
        c->groups = firn_cache_work_take(cache, FIRN_WORK_READ);
        status =
            c->work != NULL && c->reader != NULL && c->groups != NULL ? FIRN_OK : FIRN_NO_MEMORY;
        if (status == FIRN_OK)
            status = copy_all(c, &choice);
        if (status == FIRN_OK)
            status = finish(c);
        firn_cache_work_give(cache, c->work);
        firn_cache_work_give(cache, c->reader);
        firn_cache_work_give(cache, c->groups);
        firn_release(cache->allocator, c, sizeof *c);
    }
    if (status == FIRN_OK)
        status = firn_cache_frozen_compact(cache, &moved, ret_error);
    *ret_more = *ret_more || moved;
    if (status == FIRN_NO_MEMORY)
        return firn_error_set(ret_error, status, 0, "cache: no memory to compact");
    return status;
}
