/* The calls of a cache on single keys. The rest of it, from the bottom up:
 *
 *   cache_memory, cache_index, cache_cells, cache_record   counted memory; hashes to places; packed
 *                              groups in cells; the form of records (none knows the others)
 *   cache_block                spans, groups, queues, entries
 *   cache_frozen, cache_batch  the store; its segments as places name them
 *   cache_dictionary, cache_work, cache_find   unpacking, and from a key to its item
 *   cache_pack, cache_move     items going down
 *   cache_freeze, cache_reopen, cache_compact, cache_repack   to the store, and back
 *   cache_room, cache_tick     who decides that something has to move
 *   cache_open, cache_cursor, cache_stats, cache_verify    the other calls
 *
 * The nouns and rules are in cache.h. Threads: all calls may be made by any. Complexity: O(1) for
 * what is in hot; one unpacking, and a copy to hot, for what is below. */
#include "tier/cache.h"

#include <firn/system.h>

#include <string.h>

typedef struct place_of_key {
    firn_cache_shard *shard;
    uint32_t hash;
    uint64_t started_ns; /* 0: this call is not measured */
} place_of_key;

static firn_status begin(firn_cache *cache, firn_bytes key, place_of_key *ret_where,
                         firn_error *ret_error)
{
    if (*cache->here == 0)
        return firn_error_set(ret_error, FIRN_UNSUPPORTED, 0,
                              "cache: a child of fork can only close it");
    if (key.size == 0 || key.size > FIRN_CACHE_KEY_MAX_BYTES)
        return firn_error_set(ret_error, FIRN_INVALID, 0,
                              "cache: a key of %zu bytes; it must have 1 to %d", key.size,
                              FIRN_CACHE_KEY_MAX_BYTES);
    uint64_t hash = firn_cache_hash(cache, key);
    ret_where->shard = firn_cache_shard_of(cache, hash);
    ret_where->hash = (uint32_t)(hash >> 32);
    /* Other keys' turn every tenth of a second, so that a call costs no clock and no counter. */
    bool measured = (ret_where->hash & 31) == (firn_cache_now(cache) & 31);
    ret_where->started_ns = measured ? firn_clock_ns() : 0;
    return FIRN_OK;
}

/* Counts how long a call took. work: what it unpacked with; such calls are all measured. */
static void measure(firn_cache *cache, unsigned kind, const place_of_key *where,
                    const firn_cache_work *work)
{
    uint64_t started_ns = where->started_ns;
    if (started_ns == 0 && work != NULL)
        started_ns = work->started_ns;
    if (started_ns == 0)
        return;
    uint64_t ns = firn_clock_ns() - started_ns;
    unsigned bits = 63 - (unsigned)__builtin_clzll(ns | 1);
    unsigned half = bits > 0 && (double)ns >= 1.4142135623730951 * (double)((uint64_t)1 << bits);
    unsigned bucket = 2 * bits + half;
    if (bucket >= FIRN_CACHE_LATENCY_COUNT)
        bucket = FIRN_CACHE_LATENCY_COUNT - 1;
    atomic_fetch_add_explicit(&cache->latency[kind][bucket], 1, memory_order_relaxed);
}

static firn_status not_found(firn_error *ret_error)
{
    return firn_error_set(ret_error, FIRN_NOT_FOUND, 0, "cache: there is no such key");
}

/* --- what a found item is. The shard's lock is held --- */

static firn_cache_entry *found_entry(const firn_cache_shard *shard, const firn_cache_found *found)
{
    if (found->position == FIRN_CACHE_INDEX_NONE ||
        firn_place_kind_of(found->place) != FIRN_PLACE_SPAN)
        return NULL;
    return firn_cache_entry_at(shard, found->place);
}

/* Whether the key is there: a note of its removal is none. */
static bool is_there(const firn_cache_shard *shard, const firn_cache_found *found)
{
    const firn_cache_entry *entry = found_entry(shard, found);
    return found->position != FIRN_CACHE_INDEX_NONE &&
           (entry == NULL || (entry->flags & FIRN_ENTRY_GONE) == 0);
}

/* C7: it must not be replaced now. */
static bool is_being_frozen(const firn_cache_shard *shard, const firn_cache_found *found)
{
    const firn_cache_entry *entry = found_entry(shard, found);
    uint32_t group = 0;
    if (found->position == FIRN_CACHE_INDEX_NONE)
        return false;
    if (entry != NULL && (entry->flags & FIRN_ENTRY_FROZEN_SOON) != 0)
        return true;
    if (entry != NULL)
        group = entry->below;
    else if (firn_place_kind_of(found->place) == FIRN_PLACE_GROUP)
        group = found->place;
    return group != 0 &&
           (shard->blocks[firn_place_number(group)].flags & FIRN_BLOCK_FROZEN_SOON) != 0;
}

/* The batch of the newest durable value, 0 for none. */
static uint32_t durable_of(const firn_cache_shard *shard, const firn_cache_found *found)
{
    if (found->position == FIRN_CACHE_INDEX_NONE)
        return 0;
    switch (firn_place_kind_of(found->place)) {
    case FIRN_PLACE_SPAN:
        return firn_cache_entry_durable(shard, firn_cache_entry_at(shard, found->place));
    case FIRN_PLACE_GROUP: {
        uint32_t flushed = shard->blocks[firn_place_number(found->place)].flushed;
        return (found->state & 1) != 0 && flushed != 0 ? flushed : found->state >> 1;
    }
    default:
        return firn_place_number(found->place);
    }
}

/* The first copy's memory is given up; the index is the caller's. */
static void found_drop(firn_cache *cache, firn_cache_shard *shard, const firn_cache_found *found,
                       size_t key_size)
{
    if (firn_place_kind_of(found->place) == FIRN_PLACE_SPAN)
        firn_cache_entry_kill(cache, shard, found->place, true);
    else if (firn_place_kind_of(found->place) == FIRN_PLACE_GROUP)
        firn_cache_group_less(cache, shard, firn_place_number(found->place),
                              key_size + found->value.size);
}

/* Finds a key that is to be replaced, after waiting for its freezing. */
static firn_status find_to_replace(firn_cache *cache, const place_of_key *where, firn_bytes key,
                                   firn_cache_work **work, firn_cache_found *ret_found,
                                   firn_error *ret_error)
{
    for (;;) {
        firn_status status =
            firn_cache_find(cache, where->shard, where->hash, key, work, ret_found, ret_error);
        if (status != FIRN_OK || !is_being_frozen(where->shard, ret_found))
            return status;
        pthread_mutex_unlock(&where->shard->lock);
        if (*work != NULL)
            firn_cache_batch_unpin(cache, *work);
        firn_cache_freeze_wait(cache);
    }
}

/* --- put and remove --- */

static firn_status no_memory(firn_error *ret_error)
{
    return firn_error_set(ret_error, FIRN_NO_MEMORY, 0, "cache: out of memory");
}

/* Puts a dirty entry in the place of what was found. The lock is held. */
static firn_status replace(firn_cache *cache, const place_of_key *where, firn_bytes key,
                           firn_bytes value, const firn_cache_found *found, uint8_t flags)
{
    firn_cache_shard *shard = where->shard;
    bool is_new = found->position == FIRN_CACHE_INDEX_NONE;
    if (is_new && !firn_cache_index_reserve(&shard->index))
        return FIRN_NO_MEMORY;
    firn_queue_kind queue = FIRN_QUEUE_SMALL;
    if ((flags & FIRN_ENTRY_GONE) != 0)
        queue = FIRN_QUEUE_GONE;
    else if (firn_ghost_take(&shard->ghost, firn_cache_ghost_hash(where->hash)))
        queue = FIRN_QUEUE_MAIN;
    uint32_t place;
    firn_cache_entry *entry =
        firn_cache_entry_add(cache, shard, queue, key, where->hash, value.size, &place);
    if (entry == NULL)
        return FIRN_NO_MEMORY;
    if (value.size > 0)
        memcpy(firn_entry_value(entry), value.data, value.size);
    entry->flags = flags;
    entry->frozen = durable_of(shard, found);
    shard->blocks[firn_place_block(place)].flags |= FIRN_BLOCK_DIRTY;
    if (is_new) {
        firn_cache_index_insert(&shard->index, where->hash, place);
    } else {
        shard->index.slots[found->position].place = place;
        found_drop(cache, shard, found, key.size);
    }
    return FIRN_OK;
}

static firn_status value_check(const firn_cache *cache, firn_bytes value, firn_error *ret_error)
{
    uint64_t most = cache->limit_bytes / 4;
    if (most > FIRN_CACHE_VALUE_MAX_BYTES)
        most = FIRN_CACHE_VALUE_MAX_BYTES;
    if (value.size <= most)
        return FIRN_OK;
    return firn_error_set(ret_error, FIRN_LIMIT, 0,
                          "cache: a value of %zu bytes; it may have %llu here", value.size,
                          (unsigned long long)most);
}

firn_status firn_cache_put(firn_cache *cache, firn_bytes key, firn_bytes value,
                           firn_error *ret_error)
{
    place_of_key where;
    firn_cache_work *work = NULL;
    firn_cache_found found;
    firn_status status = begin(cache, key, &where, ret_error);
    if (status == FIRN_OK)
        status = value_check(cache, value, ret_error);
    if (status == FIRN_OK)
        status = firn_cache_room(cache, where.shard, firn_entry_bytes(key.size, value.size),
                                 FIRN_ROOM_PUT, ret_error);
    if (status != FIRN_OK)
        return status;
    status = find_to_replace(cache, &where, key, &work, &found, ret_error);
    if (status == FIRN_OK) {
        status = replace(cache, &where, key, value, &found, FIRN_ENTRY_DIRTY);
        where.shard->puts += status == FIRN_OK;
        bool is_short = firn_cache_room_is_short(cache, where.shard);
        pthread_mutex_unlock(&where.shard->lock);
        if (status == FIRN_NO_MEMORY)
            status = no_memory(ret_error);
        if (status == FIRN_OK && is_short)
            firn_cache_room_try(cache, where.shard);
        measure(cache, FIRN_TIER_COUNT, &where, work);
    }
    firn_cache_work_give(cache, work);
    return status;
}

/* The lock is held. */
static firn_status remove_found(firn_cache *cache, const place_of_key *where, firn_bytes key,
                                const firn_cache_found *found)
{
    firn_cache_shard *shard = where->shard;
    if (!is_there(shard, found))
        return FIRN_NOT_FOUND;
    if (durable_of(shard, found) != 0)
        return replace(cache, where, key, (firn_bytes){NULL, 0}, found,
                       FIRN_ENTRY_DIRTY | FIRN_ENTRY_GONE);
    firn_cache_index_remove(&shard->index, found->position);
    found_drop(cache, shard, found, key.size);
    return FIRN_OK;
}

firn_status firn_cache_remove(firn_cache *cache, firn_bytes key, firn_error *ret_error)
{
    place_of_key where;
    firn_cache_work *work = NULL;
    firn_cache_found found;
    firn_status status = begin(cache, key, &where, ret_error);
    if (status == FIRN_OK && cache->store != NULL)
        status = firn_cache_room(cache, where.shard, firn_entry_bytes(key.size, 0), FIRN_ROOM_PUT,
                                 ret_error);
    if (status != FIRN_OK)
        return status;
    status = find_to_replace(cache, &where, key, &work, &found, ret_error);
    if (status == FIRN_OK) {
        status = remove_found(cache, &where, key, &found);
        where.shard->removes += status == FIRN_OK;
        pthread_mutex_unlock(&where.shard->lock);
        if (status == FIRN_NO_MEMORY)
            status = no_memory(ret_error);
        if (status == FIRN_NOT_FOUND)
            status = not_found(ret_error);
    }
    firn_cache_work_give(cache, work);
    return status;
}

/* --- get and pin --- */

static bool is_promotable(const firn_cache *cache, size_t size)
{
    uint64_t share = cache->tier_bytes[FIRN_TIER_HOT] / cache->shard_count;
    return size <= share / 4;
}

/* Brings what lies in a group or a batch up to hot; what was found leads there then. The copy below
 * stays. False when there is no memory. */
static bool promote(firn_cache *cache, const place_of_key *where, firn_bytes key,
                    firn_cache_found *found)
{
    firn_cache_shard *shard = where->shard;
    uint32_t from = found->place;
    bool frozen = firn_place_kind_of(from) == FIRN_PLACE_FROZEN;
    firn_queue_kind queue = FIRN_QUEUE_SMALL;
    if (frozen && firn_ghost_take(&shard->ghost, firn_cache_ghost_hash(where->hash)))
        queue = FIRN_QUEUE_MAIN;
    firn_cache_entry *entry = firn_cache_entry_add(cache, shard, queue, key, where->hash,
                                                   found->value.size, &found->place);
    if (entry == NULL)
        return false;
    if (found->value.size > 0)
        memcpy(firn_entry_value(entry), found->value.data, found->value.size);
    if (frozen) {
        entry->frozen = firn_place_number(from);
    } else {
        entry->below = from;
        entry->frozen = found->state >> 1;
        entry->flags = (found->state & 1) != 0 ? FIRN_ENTRY_BELOW_DIRTY : 0;
        firn_cache_group_used(cache, &shard->blocks[firn_place_number(from)], found->slot);
    }
    shard->index.slots[found->position].place = found->place;
    shard->promotions++;
    return true;
}

static void touch(firn_cache *cache, firn_cache_entry *entry)
{
    if (entry->uses < 3)
        entry->uses++;
    entry->stamp = firn_cache_now(cache);
}

static void entry_got(firn_cache *cache, firn_cache_shard *shard, firn_cache_entry *entry)
{
    uint32_t size = (uint32_t)firn_entry_bytes(entry->key_size, entry->value_size);
    shard->usual_bytes += size / 8 - shard->usual_bytes / 8;
    touch(cache, entry);
}

static void copy_out(firn_bytes value, void *out, size_t capacity, size_t *ret_size)
{
    size_t size = value.size < capacity ? value.size : capacity;
    if (size > 0)
        memcpy(out, value.data, size);
    *ret_size = value.size;
}

/* A get of what is below hot, or was not found near. The lock is held, and free afterwards. */
static firn_status get_far(firn_cache *cache, const place_of_key *where, firn_bytes key, void *out,
                           size_t capacity, size_t *ret_size, firn_error *ret_error)
{
    firn_cache_shard *shard = where->shard;
    firn_cache_work *work = NULL;
    firn_cache_found found;
    firn_status status =
        firn_cache_find_held(cache, shard, where->hash, key, &work, &found, ret_error);
    if (status != FIRN_OK) {
        firn_cache_work_give(cache, work);
        return status;
    }
    firn_tier tier = FIRN_TIER_COUNT;
    bool is_short = false;
    if (is_there(shard, &found)) {
        firn_cache_entry *entry = found_entry(shard, &found);
        tier = entry != NULL ? firn_cache_queue_tier(entry->queue)
                             : firn_cache_place_tier(shard, found.place);
        shard->hits[tier]++;
        copy_out(found.value, out, capacity, ret_size);
        if (entry != NULL)
            entry_got(cache, shard, entry);
        else if (is_promotable(cache, found.value.size))
            is_short =
                !firn_cache_room_is_left(cache, found.value.size) ||
                (promote(cache, where, key, &found) && firn_cache_room_is_short(cache, shard));
    } else {
        shard->misses++;
        status = FIRN_NOT_FOUND;
    }
    pthread_mutex_unlock(&shard->lock);
    if (tier != FIRN_TIER_COUNT)
        measure(cache, tier, where, work);
    firn_cache_work_give(cache, work);
    if (is_short)
        firn_cache_room_try(cache, shard);
    return status == FIRN_NOT_FOUND ? not_found(ret_error) : status;
}

firn_status firn_cache_get(firn_cache *cache, firn_bytes key, void *out, size_t capacity,
                           size_t *ret_size, firn_error *ret_error)
{
    place_of_key where;
    firn_status status = begin(cache, key, &where, ret_error);
    if (status != FIRN_OK)
        return status;
    firn_cache_shard *shard = where.shard;
    firn_cache_index_fetch(&shard->index, where.hash);
    pthread_mutex_lock(&shard->lock);
    firn_cache_entry *entry = firn_cache_find_near(shard, where.hash, key);
    if (entry == NULL)
        return get_far(cache, &where, key, out, capacity, ret_size, ret_error);
    firn_tier tier = firn_cache_queue_tier(entry->queue);
    shard->hits[tier]++;
    copy_out((firn_bytes){firn_entry_value(entry), entry->value_size}, out, capacity, ret_size);
    entry_got(cache, shard, entry);
    pthread_mutex_unlock(&shard->lock);
    if (where.started_ns != 0)
        measure(cache, tier, &where, NULL);
    return FIRN_OK;
}

static void entry_pin(firn_cache *cache, firn_cache_shard *shard, const firn_cache_found *found,
                      firn_cache_pinned *ret_pinned)
{
    firn_cache_entry *entry = firn_cache_entry_at(shard, found->place);
    uint32_t number = firn_place_block(found->place);
    touch(cache, entry);
    shard->blocks[number].pins++;
    ret_pinned->data = entry->value_size > 0 ? firn_entry_value(entry) : NULL;
    ret_pinned->size = entry->value_size;
    ret_pinned->shard = (uint32_t)(shard - cache->shards);
    ret_pinned->block = number;
}

/* A try to pin. FIRN_BUSY: *ret_size bytes of room are needed first. */
static firn_status pin_try(firn_cache *cache, const place_of_key *where, firn_bytes key,
                           bool has_room, firn_cache_pinned *ret_pinned, uint64_t *ret_size,
                           firn_error *ret_error)
{
    firn_cache_shard *shard = where->shard;
    firn_cache_work *work = NULL;
    firn_cache_found found;
    firn_status status = firn_cache_find(cache, shard, where->hash, key, &work, &found, ret_error);
    if (status == FIRN_OK) {
        firn_tier tier = FIRN_TIER_HOT;
        if (!is_there(shard, &found)) {
            shard->misses++;
            status = not_found(ret_error);
        } else {
            tier = firn_cache_place_tier(shard, found.place);
            *ret_size = firn_entry_bytes(key.size, found.value.size);
            if (found_entry(shard, &found) == NULL && !has_room)
                status = FIRN_BUSY;
            else if (found_entry(shard, &found) == NULL && !promote(cache, where, key, &found))
                status = no_memory(ret_error);
        }
        if (status == FIRN_OK) {
            shard->hits[tier]++;
            entry_pin(cache, shard, &found, ret_pinned);
        }
        pthread_mutex_unlock(&shard->lock);
        if (status == FIRN_OK)
            measure(cache, tier, where, work);
    }
    firn_cache_work_give(cache, work);
    return status;
}

firn_status firn_cache_pin(firn_cache *cache, firn_bytes key, firn_cache_pinned *ret_pinned,
                           firn_error *ret_error)
{
    place_of_key where;
    uint64_t size = 0;
    firn_status status = begin(cache, key, &where, ret_error);
    if (status == FIRN_OK)
        status = pin_try(cache, &where, key,
                         firn_cache_memory_used(&cache->memory) < atomic_load(&cache->target_bytes),
                         ret_pinned, &size, ret_error);
    if (status != FIRN_BUSY)
        return status;
    status = firn_cache_room(cache, where.shard, size, FIRN_ROOM_PIN, ret_error);
    return status == FIRN_OK ? pin_try(cache, &where, key, true, ret_pinned, &size, ret_error)
                             : status;
}

void firn_cache_unpin(firn_cache *cache, firn_cache_pinned *pinned)
{
    if (*cache->here == 0)
        return;
    firn_cache_shard *shard = &cache->shards[pinned->shard];
    pthread_mutex_lock(&shard->lock);
    shard->blocks[pinned->block].pins--;
    firn_cache_block_settle(cache, shard, pinned->block);
    pthread_mutex_unlock(&shard->lock);
    *pinned = (firn_cache_pinned){0};
}

/* --- questions --- */

firn_status firn_cache_tier_of(firn_cache *cache, firn_bytes key, firn_tier *ret_tier,
                               firn_error *ret_error)
{
    place_of_key where;
    firn_cache_work *work = NULL;
    firn_cache_found found;
    firn_status status = begin(cache, key, &where, ret_error);
    if (status == FIRN_OK)
        status = firn_cache_find(cache, where.shard, where.hash, key, &work, &found, ret_error);
    if (status == FIRN_OK) {
        if (is_there(where.shard, &found))
            *ret_tier = firn_cache_place_tier(where.shard, found.place);
        else
            status = not_found(ret_error);
        pthread_mutex_unlock(&where.shard->lock);
    }
    firn_cache_work_give(cache, work);
    return status;
}

firn_status firn_cache_contains(firn_cache *cache, firn_bytes key, bool *ret_contains,
                                firn_error *ret_error)
{
    firn_tier tier;
    firn_status status = firn_cache_tier_of(cache, key, &tier, ret_error);
    if (status != FIRN_OK && status != FIRN_NOT_FOUND)
        return status;
    *ret_contains = status == FIRN_OK;
    return FIRN_OK;
}

firn_status firn_cache_prefetch(firn_cache *cache, const firn_bytes *keys, size_t key_count,
                                firn_error *ret_error)
{
    for (size_t i = 0; i < key_count; i++) {
        size_t size;
        firn_status status = firn_cache_get(cache, keys[i], NULL, 0, &size, ret_error);
        if (status != FIRN_OK && status != FIRN_NOT_FOUND)
            return status;
    }
    return FIRN_OK;
}

firn_status firn_cache_flush(firn_cache *cache, firn_error *ret_error)
{
    if (*cache->here == 0)
        return firn_error_set(ret_error, FIRN_UNSUPPORTED, 0,
                              "cache: a child of fork can only close it");
    if (cache->store == NULL)
        return firn_error_set(ret_error, FIRN_UNSUPPORTED, 0, "cache: it has no store to flush to");
    return firn_cache_freeze_all(cache, ret_error);
}
