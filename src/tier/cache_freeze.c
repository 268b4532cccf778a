/* Dirty items become durable: they are written as records into segments of 128 KB, and one commit
 * takes several. Nothing is given up for that: the items stay where they are, clean.
 *
 *   collect   under a shard's lock: copy the dirty items of a block, mark it (C7)
 *   put       the full segment, packed with zstd-9, no lock held
 *   commit    then mark the items clean, and count what they replace as dead in its batch
 *
 * When a put or the commit fails, all is dropped and the marks are taken back: nothing was lost,
 * and the next freezing writes it anew. All of a block's items go into one segment, so that a group
 * needs no more than its number; two keys of one hash never do (C2).
 *
 * Called by cache_room.c, cache_tick.c and firn_cache_flush; calls cache_frozen.c and
 * cache_batch.c. Threads: `freeze` lets one at a time. Memory: a segment, and 12 bytes a block that
 * is frozen. */
#include "tier/cache.h"
#include "tier/cache_frozen.h"
#include "tier/cache_list.h"

#include <assert.h>
#include <string.h>

enum {
    COMMIT_BYTES = 8 << 20, /* of a flush: what others may have to wait for */
    SEEN_COUNT = 1 << 15,
};

typedef struct frozen_block {
    uint32_t shard, block;
    uint32_t segment; /* index into segments */
} frozen_block;

typedef struct frozen_segment {
    uint32_t segment, list, count, gone;
    uint32_t batch;
} frozen_segment;

/* A transaction. */
typedef struct freezing {
    firn_cache *cache;
    firn_cache_work *work;   /* its plain buffer is the segment that is being filled */
    firn_cache_work *reader; /* unpacks groups */
    frozen_block *blocks;
    size_t block_count, block_capacity;
    frozen_segment *segments;
    size_t segment_count, segment_capacity;
    uint32_t *replaced; /* batches that lose an item each */
    size_t replaced_count, replaced_capacity;
    size_t size;   /* of the segment, header included; 0: none begun */
    bool is_flush; /* holds the shards' move throughout */
    uint32_t count, gone;
    uint64_t bytes;                 /* of all segments */
    uint64_t seen[SEEN_COUNT / 64]; /* hashes in the segment, by 15 bits of hash and shard */
    firn_error *ret_error;
} freezing;

/* --- the segment that is being filled --- */

static uint64_t *seen_word(freezing *f, uint32_t shard, uint32_t hash, uint64_t *ret_bit)
{
    uint32_t at = (hash ^ shard * 0x9e3779b9u) & (SEEN_COUNT - 1);
    *ret_bit = (uint64_t)1 << (at % 64);
    return &f->seen[at / 64];
}

static bool is_seen(freezing *f, uint32_t shard, uint32_t hash)
{
    uint64_t bit;
    return (*seen_word(f, shard, hash, &bit) & bit) != 0;
}

static void seen_add(freezing *f, uint32_t shard, uint32_t hash)
{
    uint64_t bit;
    *seen_word(f, shard, hash, &bit) |= bit;
}

static firn_status segment_end(freezing *f)
{
    if (f->count == 0)
        return FIRN_OK;
    if (!firn_grow(f->cache->allocator, (void **)&f->segments, &f->segment_capacity,
                   f->segment_count + 1, sizeof *f->segments))
        return FIRN_NO_MEMORY;
    firn_cache_segment_header(f->work->plain, f->count, f->gone);
    uint32_t segment, list;
    firn_status status = firn_cache_frozen_put(f->cache, f->work->codec, f->work->plain, f->size,
                                               &segment, f->ret_error);
    firn_bytes records = {f->work->plain + FIRN_CACHE_SEGMENT_HEADER_BYTES,
                          f->size - FIRN_CACHE_SEGMENT_HEADER_BYTES};
    if (status == FIRN_OK)
        status = firn_cache_list_put(f->cache, records, f->count, segment, &list, f->ret_error);
    if (status != FIRN_OK)
        return status;
    f->segments[f->segment_count++] = (frozen_segment){segment, list, f->count, f->gone, 0};
    f->bytes += f->size;
    f->size = 0;
    f->count = f->gone = 0;
    memset(f->seen, 0, sizeof f->seen);
    return FIRN_OK;
}

/* Makes the segment's buffer large enough for size bytes more. A segment that has something in it
 * is never made larger than a batch: then FIRN_LIMIT. */
static firn_status segment_fit(freezing *f, size_t size)
{
    size_t whole = (f->size > 0 ? f->size : FIRN_CACHE_SEGMENT_HEADER_BYTES) + size;
    if (f->count > 0 && whole > FIRN_BATCH_BYTES)
        return FIRN_LIMIT;
    if (f->count == 0) {
        firn_status status = firn_cache_work_fit(
            f->cache, f->work, 0, whole > FIRN_BATCH_BYTES ? whole : FIRN_BATCH_BYTES);
        if (status != FIRN_OK)
            return status;
        f->size = FIRN_CACHE_SEGMENT_HEADER_BYTES;
    }
    return FIRN_OK;
}

static bool replaced_fit(freezing *f, size_t count)
{
    return firn_grow(f->cache->allocator, (void **)&f->replaced, &f->replaced_capacity,
                     f->replaced_count + count, sizeof *f->replaced);
}

static void record_add(freezing *f, uint32_t shard, uint32_t hash, const firn_cache_record *record,
                       uint32_t replaced)
{
    f->size += firn_cache_record_put(f->work->plain + f->size, record);
    f->count++;
    f->gone += record->state == FIRN_CACHE_STATE_GONE;
    seen_add(f, shard, hash);
    if (replaced != 0)
        f->replaced[f->replaced_count++] = replaced;
}

static bool block_add(freezing *f, uint32_t shard, uint32_t block)
{
    if (!firn_grow(f->cache->allocator, (void **)&f->blocks, &f->block_capacity, f->block_count + 1,
                   sizeof *f->blocks))
        return false;
    f->blocks[f->block_count++] = (frozen_block){shard, block, (uint32_t)f->segment_count};
    return true;
}

/* --- collecting. The shard's lock is held before and after; FIRN_LIMIT: end the segment first ---
 */

typedef struct due {
    size_t bytes, count;
    bool meets; /* some hash is in the segment already */
} due;

static bool entry_is_due(const firn_cache_entry *entry)
{
    return (entry->flags & (FIRN_ENTRY_DEAD | FIRN_ENTRY_DIRTY | FIRN_ENTRY_FROZEN_SOON)) ==
           FIRN_ENTRY_DIRTY;
}

static firn_cache_record entry_record(const firn_cache_entry *entry)
{
    return (firn_cache_record){
        .key = {firn_entry_key(entry), entry->key_size},
        .value = {firn_entry_value(entry), entry->value_size},
        .state = (entry->flags & FIRN_ENTRY_GONE) != 0 ? FIRN_CACHE_STATE_GONE : 0};
}

static due span_content(const firn_cache_block *block)
{
    due content = {0, 0, false};
    for (uint32_t offset = 0; offset < block->size;) {
        const firn_cache_entry *entry = (const void *)(block->data + offset);
        offset += (uint32_t)firn_entry_bytes(entry->key_size, entry->value_size);
        if (!entry_is_due(entry))
            continue;
        content.bytes += FIRN_CACHE_RECORD_HEAD_MAX_BYTES + entry->key_size + entry->value_size;
        content.count++;
    }
    return content;
}

/* An entry whose hash the segment has waits for another: the block stays marked for the flush. */
static firn_status span_collect(freezing *f, uint32_t number_of_shard, uint32_t number)
{
    firn_cache_shard *shard = &f->cache->shards[number_of_shard];
    firn_cache_block *block = &shard->blocks[number];
    due all = span_content(block);
    if (all.count == 0) {
        block->flags &= (uint8_t) ~(FIRN_BLOCK_FLUSH | FIRN_BLOCK_DIRTY);
        return FIRN_OK;
    }
    firn_status status = segment_fit(f, all.bytes);
    if (status != FIRN_OK)
        return status;
    if (!replaced_fit(f, all.count) || !block_add(f, number_of_shard, number))
        return FIRN_NO_MEMORY;
    bool left = false;
    for (uint32_t offset = 0; offset < block->size;) {
        firn_cache_entry *entry = firn_cache_entry_at(shard, firn_place_span(number, offset));
        offset += (uint32_t)firn_entry_bytes(entry->key_size, entry->value_size);
        if (!entry_is_due(entry))
            continue;
        if (is_seen(f, number_of_shard, entry->hash)) {
            left = true;
            continue;
        }
        firn_cache_record record = entry_record(entry);
        record_add(f, number_of_shard, entry->hash, &record, entry->frozen);
        entry->flags |= FIRN_ENTRY_FROZEN_SOON;
    }
    block->flags |= FIRN_BLOCK_FROZEN_SOON;
    if (!left)
        block->flags &= (uint8_t)~FIRN_BLOCK_FLUSH;
    return FIRN_OK;
}

static bool record_is_due(const freezing *f, uint32_t shard, uint32_t number,
                          const firn_cache_record *record, uint32_t *ret_hash)
{
    *ret_hash = (uint32_t)(firn_cache_hash(f->cache, record->key) >> 32);
    return (record->state & 1) != 0 &&
           firn_cache_record_item(&f->cache->shards[shard], *ret_hash, record->key,
                                  firn_place_group(number)) != FIRN_CACHE_INDEX_NONE;
}

static firn_status group_content(freezing *f, uint32_t shard, uint32_t number, due *ret)
{
    const uint8_t *at = f->reader->plain;
    const uint8_t *end = at + f->reader->plain_size;
    firn_cache_record record;
    firn_status status;
    due content = {0, 0, false};
    while ((status = firn_cache_record_next(&at, end, &record)) == FIRN_OK) {
        uint32_t hash;
        if (!record_is_due(f, shard, number, &record, &hash))
            continue;
        content.bytes += FIRN_CACHE_RECORD_HEAD_MAX_BYTES + record.key.size + record.value.size;
        content.count++;
        content.meets |= is_seen(f, shard, hash);
    }
    *ret = content;
    return status == FIRN_END_OF_DATA ? FIRN_OK : status;
}

/* The group is unpacked in f->reader. */
static firn_status group_collect(freezing *f, uint32_t number_of_shard, uint32_t number)
{
    firn_cache_block *block = &f->cache->shards[number_of_shard].blocks[number];
    due all;
    firn_status status = group_content(f, number_of_shard, number, &all);
    if (status != FIRN_OK)
        return status;
    block->flags &= (uint8_t)~FIRN_BLOCK_FLUSH;
    if (all.count == 0) {
        block->flags &= (uint8_t)~FIRN_BLOCK_DIRTY;
        return FIRN_OK;
    }
    status = all.meets && f->count > 0 ? FIRN_LIMIT : segment_fit(f, all.bytes);
    if (status != FIRN_OK)
        return status;
    if (!replaced_fit(f, all.count) || !block_add(f, number_of_shard, number))
        return FIRN_NO_MEMORY;
    const uint8_t *at = f->reader->plain;
    const uint8_t *end = at + f->reader->plain_size;
    firn_cache_record record;
    while (firn_cache_record_next(&at, end, &record) == FIRN_OK) {
        uint32_t hash;
        if (!record_is_due(f, number_of_shard, number, &record, &hash))
            continue;
        uint32_t replaced = record.state >> 1;
        record.state = 0;
        record_add(f, number_of_shard, hash, &record, replaced);
    }
    block->flags |= FIRN_BLOCK_FROZEN_SOON;
    return FIRN_OK;
}

/* Ends the segment, with the shard's lock free, and its move, too, but for a flush: packing takes
 * 10 ms and more, in which others make room. */
static firn_status segment_end_unlocked(freezing *f, firn_cache_shard *shard)
{
    pthread_mutex_unlock(&shard->lock);
    if (!f->is_flush)
        pthread_mutex_unlock(&shard->move);
    firn_status status = segment_end(f);
    if (!f->is_flush) {
        pthread_mutex_unlock(&f->cache->commit); /* the order of locks: move comes first */
        pthread_mutex_lock(&shard->move);
        pthread_mutex_lock(&f->cache->commit);
    }
    pthread_mutex_lock(&shard->lock);
    return status;
}

/* Collects a block, the shard's lock being held, which is free while a segment ends. */
static firn_status block_collect(freezing *f, uint32_t number_of_shard, uint32_t number)
{
    firn_cache_shard *shard = &f->cache->shards[number_of_shard];
    bool group = shard->blocks[number].queue >= FIRN_QUEUE_WARM;
    uint32_t generation = shard->blocks[number].generation;
    firn_status status = FIRN_OK;
    if (group) {
        status = firn_cache_group_unpack(f->cache, shard, number, f->reader, f->ret_error);
        if (status == FIRN_CORRUPT && shard->blocks[number].generation == generation) {
            shard->blocks[number].flags |= FIRN_BLOCK_DAMAGED;
            shard->blocks[number].flags &= (uint8_t)~FIRN_BLOCK_FLUSH;
        }
        if (status != FIRN_OK && status != FIRN_NOT_FOUND)
            return status;
    }
    for (;;) {
        if (shard->blocks[number].generation != generation ||
            shard->blocks[number].queue == FIRN_QUEUE_NONE)
            return FIRN_OK; /* its last item went */
        status = group ? group_collect(f, number_of_shard, number)
                       : span_collect(f, number_of_shard, number);
        if (status != FIRN_LIMIT)
            return status;
        status = segment_end_unlocked(f, shard);
        if (status != FIRN_OK)
            return status;
    }
}

/* --- the end of a transaction --- */

static void span_settle(freezing *f, const frozen_block *frozen, uint32_t batch)
{
    firn_cache_shard *shard = &f->cache->shards[frozen->shard];
    firn_cache_block *block = &shard->blocks[frozen->block];
    uint32_t size = block->size;
    bool dirty = false;
    block->pins++; /* it must not go while this goes through it */
    for (uint32_t offset = 0; offset < size;) {
        uint32_t place = firn_place_span(frozen->block, offset);
        firn_cache_entry *entry = firn_cache_entry_at(shard, place);
        offset += (uint32_t)firn_entry_bytes(entry->key_size, entry->value_size);
        bool ours = (entry->flags & FIRN_ENTRY_FROZEN_SOON) != 0;
        entry->flags &= (uint8_t)~FIRN_ENTRY_FROZEN_SOON;
        if (batch == 0 || !ours) {
            dirty |= entry_is_due(entry);
            continue;
        }
        assert((entry->flags & FIRN_ENTRY_DEAD) == 0); /* C7 */
        if ((entry->flags & FIRN_ENTRY_GONE) != 0) {
            uint32_t at = firn_cache_index_find(&shard->index, entry->hash, place);
            firn_cache_index_remove(&shard->index, at);
            firn_cache_entry_kill(f->cache, shard, place, false);
        } else {
            entry->frozen = batch;
            entry->flags &= (uint8_t)~FIRN_ENTRY_DIRTY;
        }
    }
    block->flags &= (uint8_t) ~(FIRN_BLOCK_FROZEN_SOON | FIRN_BLOCK_DIRTY);
    block->flags |= dirty ? FIRN_BLOCK_DIRTY : 0;
    block->pins--;
    firn_cache_block_settle(f->cache, shard, frozen->block);
}

/* batch 0: it failed. */
static void block_settle(freezing *f, const frozen_block *frozen, uint32_t batch)
{
    firn_cache_shard *shard = &f->cache->shards[frozen->shard];
    pthread_mutex_lock(&shard->lock);
    firn_cache_block *block = &shard->blocks[frozen->block];
    if (block->queue < FIRN_QUEUE_WARM) {
        span_settle(f, frozen, batch);
    } else {
        block->flags &= (uint8_t)~FIRN_BLOCK_FROZEN_SOON;
        if (batch != 0)
            block->flushed = batch;
        firn_cache_block_settle(f->cache, shard, frozen->block);
    }
    pthread_mutex_unlock(&shard->lock);
}

/* Gives each segment its batch, before the commit, since that takes memory. */
static firn_status batches_add(freezing *f)
{
    for (size_t i = 0; i < f->segment_count; i++) {
        frozen_segment *segment = &f->segments[i];
        segment->batch = firn_cache_batch_add(
            f->cache, &(firn_cache_batch){.segment = segment->segment,
                                          .list = segment->list,
                                          .live = segment->count - segment->gone,
                                          .count = segment->count,
                                          .gone = segment->gone});
        if (segment->batch == 0)
            return FIRN_NO_MEMORY;
    }
    return FIRN_OK;
}

static void batches_drop(freezing *f)
{
    for (size_t i = f->segment_count; i > 0; i--) {
        if (f->segments[i - 1].batch != 0)
            firn_cache_batch_drop(f->cache, f->segments[i - 1].batch);
    }
}

static void begin(freezing *f)
{
    f->block_count = f->segment_count = f->replaced_count = 0;
    f->size = 0;
    f->count = f->gone = 0;
    f->bytes = 0;
    memset(f->seen, 0, sizeof f->seen);
}

/* Commits what was collected, or drops it when status is an error. */
static firn_status end(freezing *f, firn_status status)
{
    if (status == FIRN_OK)
        status = segment_end(f);
    if (status == FIRN_OK)
        status = batches_add(f);
    if (status == FIRN_OK && f->segment_count > 0)
        status = firn_cache_frozen_commit(f->cache, f->ret_error);
    else if (status != FIRN_OK)
        firn_cache_frozen_abort(f->cache);
    bool done = status == FIRN_OK;
    if (!done)
        batches_drop(f);
    for (size_t i = 0; i < f->block_count; i++) {
        const frozen_block *block = &f->blocks[i];
        block_settle(f, block, done ? f->segments[block->segment].batch : 0);
    }
    for (size_t i = 0; done && i < f->replaced_count; i++)
        firn_cache_batch_less(f->cache, f->replaced[i]);
    if (done && f->segment_count > 0)
        atomic_fetch_add(&f->cache->commits, 1);
    if (status == FIRN_NO_MEMORY)
        return firn_error_set(f->ret_error, status, 0, "cache: no memory to freeze");
    return status;
}

static freezing *freezing_create(firn_cache *cache, firn_error *ret_error)
{
    freezing *f = firn_allocate_zeroed(cache->allocator, 1, sizeof *f);
    if (f == NULL)
        return NULL;
    f->cache = cache;
    f->ret_error = ret_error;
    f->work = firn_cache_work_take(cache, FIRN_WORK_FREEZE);
    f->reader = firn_cache_work_take(cache, FIRN_WORK_READ);
    return f;
}

static void freezing_destroy(freezing *f)
{
    firn_cache *cache = f->cache;
    firn_cache_work_give(cache, f->work);
    firn_cache_work_give(cache, f->reader);
    firn_release(cache->allocator, f->blocks, f->block_capacity * sizeof *f->blocks);
    firn_release(cache->allocator, f->segments, f->segment_capacity * sizeof *f->segments);
    firn_release(cache->allocator, f->replaced, f->replaced_capacity * sizeof *f->replaced);
    firn_release(cache->allocator, f, sizeof *f);
}

/* --- some: the oldest of cold --- */

static bool group_is_due(const firn_cache_block *block)
{
    return (block->flags & (FIRN_BLOCK_DIRTY | FIRN_BLOCK_DAMAGED | FIRN_BLOCK_FROZEN_SOON)) ==
               FIRN_BLOCK_DIRTY &&
           block->flushed == 0;
}

/* Marks blocks of a queue until they hold `bytes`. */
static void mark(firn_cache_shard *shard, firn_queue_kind queue, uint64_t bytes)
{
    uint32_t number =
        shard->queues[queue].count > 0 ? shard->queues[queue].oldest : FIRN_BLOCK_NONE;
    for (uint64_t marked = 0; number != FIRN_BLOCK_NONE && marked < bytes;
         number = shard->blocks[number].newer) {
        firn_cache_block *block = &shard->blocks[number];
        if (!group_is_due(block))
            continue;
        block->flags |= FIRN_BLOCK_FLUSH;
        marked += block->live_bytes + 1;
    }
}

/* Collects the marked blocks of a shard, up to the transaction's size. *ret_all: none is left. */
static firn_status marked_collect(freezing *f, uint32_t number_of_shard, bool *ret_all)
{
    firn_cache_shard *shard = &f->cache->shards[number_of_shard];
    firn_status status = FIRN_OK;
    *ret_all = true;
    pthread_mutex_lock(&shard->lock);
    for (uint32_t number = 0; number < shard->block_count && status == FIRN_OK; number++) {
        firn_cache_block *block = &shard->blocks[number];
        if (block->queue == FIRN_QUEUE_NONE || (block->flags & FIRN_BLOCK_FLUSH) == 0)
            continue;
        if ((block->flags & FIRN_BLOCK_FROZEN_SOON) != 0 || f->bytes >= COMMIT_BYTES) {
            *ret_all = false;
            continue;
        }
        status = block_collect(f, number_of_shard, number);
        if (status == FIRN_CORRUPT)
            status = FIRN_OK; /* it stays where it is, for whoever asks for its keys */
        *ret_all &= (shard->blocks[number].flags & FIRN_BLOCK_FLUSH) == 0;
    }
    pthread_mutex_unlock(&shard->lock);
    return status;
}

firn_status firn_cache_freeze_some(firn_cache *cache, uint64_t bytes, uint64_t *ret_bytes,
                                   firn_error *ret_error)
{
    pthread_mutex_lock(&cache->freeze);
    freezing *f = freezing_create(cache, ret_error);
    firn_status status =
        f != NULL && f->work != NULL && f->reader != NULL ? FIRN_OK : FIRN_NO_MEMORY;
    if (status != FIRN_OK) {
        status = firn_error_set(ret_error, status, 0, "cache: no memory to freeze");
        goto done;
    }
    begin(f);
    pthread_mutex_lock(&cache->commit);
    uint64_t each = bytes / cache->shard_count;
    for (uint32_t i = 0; i < cache->shard_count && status == FIRN_OK; i++) {
        uint32_t number = (cache->freeze_shard + i) & (cache->shard_count - 1);
        firn_cache_shard *shard = &cache->shards[number];
        bool all;
        pthread_mutex_unlock(&cache->commit); /* the order of locks: move comes first */
        pthread_mutex_lock(&shard->move);
        pthread_mutex_lock(&cache->commit);
        pthread_mutex_lock(&shard->lock);
        firn_cache_span_seal(cache, shard, FIRN_QUEUE_GONE);
        mark(shard, FIRN_QUEUE_GONE, UINT64_MAX);
        mark(shard, FIRN_QUEUE_COLD, each);
        pthread_mutex_unlock(&shard->lock);
        status = marked_collect(f, number, &all);
        pthread_mutex_unlock(&shard->move);
    }
    cache->freeze_shard++;
    status = end(f, status);
    if (status == FIRN_OK)
        *ret_bytes = f->bytes;
    pthread_mutex_unlock(&cache->commit);
done:
    if (f != NULL)
        freezing_destroy(f);
    pthread_mutex_unlock(&cache->freeze);
    return status;
}

/* --- all: a flush --- */

static void mark_all(firn_cache *cache)
{
    for (uint32_t i = 0; i < cache->shard_count; i++) {
        firn_cache_shard *shard = &cache->shards[i];
        pthread_mutex_lock(&shard->lock);
        for (int queue = 0; queue < FIRN_QUEUE_COUNT; queue++) {
            if (queue < FIRN_QUEUE_WARM)
                firn_cache_span_seal(cache, shard, (firn_queue_kind)queue);
            mark(shard, (firn_queue_kind)queue, UINT64_MAX);
        }
        pthread_mutex_unlock(&shard->lock);
    }
}

firn_status firn_cache_freeze_all(firn_cache *cache, firn_error *ret_error)
{
    pthread_mutex_lock(&cache->freeze);
    for (uint32_t i = 0; i < cache->shard_count; i++) /* nothing moves past this */
        pthread_mutex_lock(&cache->shards[i].move);
    freezing *f = freezing_create(cache, ret_error);
    firn_status status =
        f != NULL && f->work != NULL && f->reader != NULL ? FIRN_OK : FIRN_NO_MEMORY;
    if (status != FIRN_OK)
        status = firn_error_set(ret_error, status, 0, "cache: no memory to freeze");
    if (status == FIRN_OK) {
        f->is_flush = true;
        mark_all(cache);
    }
    for (bool all = false; status == FIRN_OK && !all;) {
        all = true;
        begin(f);
        pthread_mutex_lock(&cache->commit);
        for (uint32_t i = 0; i < cache->shard_count && status == FIRN_OK; i++) {
            bool all_here = true;
            status = marked_collect(f, i, &all_here);
            all &= all_here;
        }
        status = end(f, status);
        pthread_mutex_unlock(&cache->commit);
    }
    if (f != NULL)
        freezing_destroy(f);
    for (uint32_t i = 0; i < cache->shard_count; i++)
        pthread_mutex_unlock(&cache->shards[i].move);
    pthread_mutex_unlock(&cache->freeze);
    return status;
}

void firn_cache_freeze_wait(firn_cache *cache)
{
    pthread_mutex_lock(&cache->commit);
    pthread_mutex_unlock(&cache->commit);
}
