/* All keys of a cache: shard by shard, and in a shard block by block, so that each group is
 * unpacked once. A shard's index is copied when its turn comes, ordered by place; what has left its
 * place by the time that this is reached is looked up by its hash, wherever it is then.
 *
 * Called by users and cache_verify.c; calls cache_find.c and cache_batch.c. Threads: a cursor
 * belongs to one. Memory: 8 bytes an item of a shard, and what the largest block takes. */
#include "tier/cache.h"

#include <string.h>

struct firn_cache_cursor {
    firn_cache *cache;
    uint32_t shard;
    firn_cache_slot *slots; /* of this shard, by place and hash */
    size_t count, capacity;
    size_t next;
    firn_cache_work *work; /* holds the records of `place` */
    uint32_t place;        /* 0: none is held */
    uint32_t generation;
    const uint8_t *records;
    size_t records_size;
    uint8_t *copy; /* of an entry */
    size_t copy_capacity;
};

firn_status firn_cache_cursor_open(firn_cache *cache, firn_cache_cursor **ret_cursor)
{
    if (*cache->here == 0)
        return FIRN_UNSUPPORTED;
    firn_cache_cursor *cursor = firn_allocate_zeroed(cache->allocator, 1, sizeof *cursor);
    if (cursor == NULL)
        return FIRN_NO_MEMORY;
    cursor->cache = cache;
    cursor->shard = UINT32_MAX; /* before the first */
    *ret_cursor = cursor;
    return FIRN_OK;
}

void firn_cache_cursor_close(firn_cache_cursor *cursor)
{
    if (cursor == NULL)
        return;
    firn_cache *cache = cursor->cache;
    firn_cache_work_give(cache, cursor->work);
    firn_release(cache->allocator, cursor->slots, cursor->capacity * sizeof *cursor->slots);
    firn_release(cache->allocator, cursor->copy, cursor->copy_capacity);
    firn_release(cache->allocator, cursor, sizeof *cursor);
}

/* --- a shard's slots in order --- */

static bool is_before(const firn_cache_slot *x, const firn_cache_slot *y)
{
    return x->place != y->place ? x->place < y->place : x->hash < y->hash;
}

static void sift(firn_cache_slot *slots, size_t at, size_t count)
{
    firn_cache_slot slot = slots[at];
    for (size_t child; (child = 2 * at + 1) < count; at = child) {
        if (child + 1 < count && is_before(&slots[child], &slots[child + 1]))
            child++;
        if (!is_before(&slot, &slots[child]))
            break;
        slots[at] = slots[child];
    }
    slots[at] = slot;
}

/* Heap sort: the order of places is not random, and takes no memory. */
static void sort(firn_cache_slot *slots, size_t count)
{
    for (size_t i = count / 2; i > 0; i--)
        sift(slots, i - 1, count);
    for (size_t left = count; left > 1; left--) {
        firn_cache_slot last = slots[left - 1];
        slots[left - 1] = slots[0];
        slots[0] = last;
        sift(slots, 0, left - 1);
    }
}

static firn_status shard_begin(firn_cache_cursor *cursor)
{
    firn_cache_shard *shard = &cursor->cache->shards[cursor->shard];
    size_t wanted;
    cursor->count = cursor->next = 0;
    cursor->place = 0;
    pthread_mutex_lock(&shard->lock);
    while ((wanted = shard->index.count) > cursor->capacity) {
        pthread_mutex_unlock(&shard->lock);
        if (!firn_grow(cursor->cache->allocator, (void **)&cursor->slots, &cursor->capacity, wanted,
                       sizeof *cursor->slots))
            return FIRN_NO_MEMORY;
        pthread_mutex_lock(&shard->lock);
    }
    for (uint32_t i = 0; i < shard->index.capacity; i++) {
        if (shard->index.slots[i].place != 0)
            cursor->slots[cursor->count++] = shard->index.slots[i];
    }
    pthread_mutex_unlock(&shard->lock);
    sort(cursor->slots, cursor->count);
    return FIRN_OK;
}

/* --- the item of a slot --- */

static bool hash_is(const firn_cache_cursor *cursor, firn_bytes key, uint32_t hash)
{
    return (uint32_t)(firn_cache_hash(cursor->cache, key) >> 32) == hash;
}

/* Holds the records of a place, and searches them for one of that hash. The shard's lock is held
 * before and after. FIRN_NOT_FOUND when the place is another by now. */
static firn_status records_hold(firn_cache_cursor *cursor, firn_cache_shard *shard, uint32_t place,
                                firn_error *ret_error)
{
    bool group = firn_place_kind_of(place) == FIRN_PLACE_GROUP;
    uint32_t number = firn_place_number(place);
    uint32_t generation = group ? shard->blocks[number].generation : 0;
    firn_status status;
    if (cursor->place == place && cursor->generation == generation)
        return FIRN_OK;
    cursor->place = 0;
    if (cursor->work == NULL)
        cursor->work = firn_cache_work_take(cursor->cache, FIRN_WORK_READ);
    if (cursor->work == NULL)
        return firn_error_set(ret_error, FIRN_NO_MEMORY, 0, "cache: no memory to unpack a group");
    if (group) {
        status = firn_cache_group_unpack(cursor->cache, shard, number, cursor->work, ret_error);
        cursor->records = cursor->work->plain;
        cursor->records_size = cursor->work->plain_size;
    } else {
        firn_bytes records = {NULL, 0};
        pthread_mutex_unlock(&shard->lock);
        status = firn_cache_batch_pin(cursor->cache, number, cursor->work, &records, ret_error);
        pthread_mutex_lock(&shard->lock);
        cursor->records = records.data;
        cursor->records_size = records.size;
    }
    if (status != FIRN_OK)
        return status;
    cursor->place = place;
    cursor->generation = generation;
    return FIRN_OK;
}

static firn_status records_search(const firn_cache_cursor *cursor, uint32_t hash,
                                  firn_cache_record *ret_record)
{
    const uint8_t *at = cursor->records;
    firn_status status;
    while ((status = firn_cache_record_next(&at, cursor->records + cursor->records_size,
                                            ret_record)) == FIRN_OK) {
        if (hash_is(cursor, ret_record->key, hash))
            return FIRN_OK;
    }
    return status == FIRN_END_OF_DATA ? FIRN_NOT_FOUND : status;
}

/* Copies an entry, which may go as soon as the lock is free. */
static firn_status entry_give(firn_cache_cursor *cursor, const firn_cache_entry *entry,
                              firn_cache_record *ret_record)
{
    size_t size = entry->key_size + (size_t)entry->value_size;
    if ((entry->flags & FIRN_ENTRY_GONE) != 0)
        return FIRN_NOT_FOUND;
    if (!firn_grow(cursor->cache->allocator, (void **)&cursor->copy, &cursor->copy_capacity, size,
                   1))
        return FIRN_NO_MEMORY;
    memcpy(cursor->copy, firn_entry_key(entry), size);
    ret_record->key = (firn_bytes){cursor->copy, entry->key_size};
    ret_record->value = (firn_bytes){cursor->copy + entry->key_size, entry->value_size};
    return FIRN_OK;
}

/* Where an item of that hash is now: its place as it was copied, or any that was not there then.
 * 0: it is no more. */
static uint32_t place_now(const firn_cache_cursor *cursor, const firn_cache_shard *shard,
                          firn_cache_slot slot)
{
    const firn_cache_index *index = &shard->index;
    if (firn_cache_index_find(index, slot.hash, slot.place) != FIRN_CACHE_INDEX_NONE)
        return slot.place;
    for (uint32_t at = firn_cache_index_first(index, slot.hash); at != FIRN_CACHE_INDEX_NONE;
         at = firn_cache_index_next(index, slot.hash, at)) {
        bool other = false; /* another slot of the copy leads there */
        for (size_t i = 0; i < cursor->count && !other; i++)
            other = cursor->slots[i].hash == slot.hash &&
                    cursor->slots[i].place == index->slots[at].place;
        if (!other)
            return index->slots[at].place;
    }
    return 0;
}

static firn_status slot_give(firn_cache_cursor *cursor, firn_cache_slot slot,
                             firn_cache_record *ret_record, firn_tier *ret_tier,
                             firn_error *ret_error)
{
    firn_cache_shard *shard = &cursor->cache->shards[cursor->shard];
    firn_status status = FIRN_NOT_FOUND;
    pthread_mutex_lock(&shard->lock);
    uint32_t place = place_now(cursor, shard, slot);
    while (place != 0) {
        firn_tier tier = firn_cache_place_tier(shard, place);
        if (firn_place_kind_of(place) == FIRN_PLACE_SPAN) {
            status = entry_give(cursor, firn_cache_entry_at(shard, place), ret_record);
        } else {
            status = records_hold(cursor, shard, place, ret_error);
            uint32_t now = place_now(cursor, shard, slot);
            if (now != place || (status == FIRN_NOT_FOUND && now != 0)) {
                cursor->place = 0;
                place = now; /* it moved while the lock was free */
                status = FIRN_NOT_FOUND;
                continue;
            }
            if (status == FIRN_OK)
                status = records_search(cursor, slot.hash, ret_record);
        }
        if (ret_tier != NULL && status == FIRN_OK)
            *ret_tier = tier;
        break;
    }
    pthread_mutex_unlock(&shard->lock);
    return status;
}

firn_status firn_cache_cursor_next(firn_cache_cursor *cursor, firn_bytes *ret_key,
                                   firn_bytes *ret_value, firn_tier *ret_tier,
                                   firn_error *ret_error)
{
    if (*cursor->cache->here == 0)
        return FIRN_UNSUPPORTED;
    for (;;) {
        while (cursor->next == cursor->count) {
            if (cursor->shard + 1 == cursor->cache->shard_count)
                return FIRN_END_OF_DATA;
            cursor->shard++;
            if (shard_begin(cursor) != FIRN_OK) {
                cursor->shard--;
                return firn_error_set(ret_error, FIRN_NO_MEMORY, 0, "cache: no memory to iterate");
            }
        }
        firn_cache_record record;
        firn_status status =
            slot_give(cursor, cursor->slots[cursor->next], &record, ret_tier, ret_error);
        if (status == FIRN_NO_MEMORY)
            return firn_error_set(ret_error, status, 0, "cache: no memory to iterate");
        cursor->next++;
        if (status == FIRN_NOT_FOUND)
            continue;
        if (status != FIRN_OK)
            return status;
        if (ret_key != NULL)
            *ret_key = record.key;
        if (ret_value != NULL)
            *ret_value = record.value;
        return FIRN_OK;
    }
}
