/* From a key to its item: the index gives places by hash, an entry is compared at once, a group or
 * a batch has to be unpacked. That happens outside the shard's lock: the packed form is copied out,
 * and when the lock is taken again, the index must still lead there (C2 makes that enough), or all
 * begins anew.
 *
 * Called by the calls of cache.c; calls cache_work.c, cache_batch.c and the codec.
 * Threads: any number. Complexity: one unpacking for an item that is not in hot; one more for each
 * other key of the shard with the same 32 bits of hash. */
#include "tier/cache.h"
#include "tier/cache_dictionary.h"

#include <firn/system.h>

#include <string.h>

enum { PASSED_MAX = 16, LINE_BYTES = 64, LINES_AHEAD_MAX = 16 };

/* Places that were looked into and do not hold the key. */
typedef struct passed_places {
    uint32_t place[PASSED_MAX];
    uint32_t generation[PASSED_MAX];
    uint32_t count;
} passed_places;

static uint32_t generation_of(const firn_cache_shard *shard, uint32_t place)
{
    if (firn_place_kind_of(place) != FIRN_PLACE_GROUP)
        return 0; /* numbers of batches are not used again */
    return shard->blocks[firn_place_number(place)].generation;
}

static bool is_passed(const passed_places *passed, uint32_t place, uint32_t generation)
{
    for (uint32_t i = 0; i < passed->count; i++) {
        if (passed->place[i] == place && passed->generation[i] == generation)
            return true;
    }
    return false;
}

static bool entry_has(const firn_cache_entry *entry, firn_bytes key)
{
    return entry->key_size == key.size && memcmp(firn_entry_key(entry), key.data, key.size) == 0;
}

/* Fetches so much of an entry as one usually has, before its header has come, which only tells how
 * much that is: 20 ns less for one of 555 bytes. */
static void fetch_ahead(const firn_cache_shard *shard, const firn_cache_entry *entry)
{
    uint32_t lines = shard->usual_bytes / LINE_BYTES + 1;
    if (lines > LINES_AHEAD_MAX)
        lines = LINES_AHEAD_MAX; /* of more, the processor notes the direction by itself */
    for (uint32_t i = 0; i < lines; i++)
        __builtin_prefetch((const uint8_t *)entry + (size_t)i * LINE_BYTES);
}

/* Goes through the slots of a hash. True when an entry has the key. Else *ret_found's place is the
 * next to look into, or 0. */
static bool find_entry(const firn_cache_shard *shard, uint32_t hash, firn_bytes key,
                       const passed_places *passed, firn_cache_found *ret_found)
{
    const firn_cache_index *index = &shard->index;
    ret_found->place = 0;
    ret_found->position = FIRN_CACHE_INDEX_NONE;
    for (uint32_t at = firn_cache_index_first(index, hash); at != FIRN_CACHE_INDEX_NONE;
         at = firn_cache_index_next(index, hash, at)) {
        uint32_t place = index->slots[at].place;
        if (firn_place_kind_of(place) != FIRN_PLACE_SPAN) {
            if (ret_found->place == 0 && !is_passed(passed, place, generation_of(shard, place)))
                ret_found->place = place;
            continue;
        }
        const firn_cache_entry *entry = firn_cache_entry_at(shard, place);
        fetch_ahead(shard, entry);
        if (!entry_has(entry, key))
            continue;
        *ret_found = (firn_cache_found){
            .position = at, .place = place, .value = {firn_entry_value(entry), entry->value_size}};
        return true;
    }
    return false;
}

firn_cache_entry *firn_cache_find_near(const firn_cache_shard *shard, uint32_t hash, firn_bytes key)
{
    const firn_cache_index *index = &shard->index;
    if (index->count == 0)
        return NULL;
    const firn_cache_slot *line = index->slots + firn_cache_index_home(hash, index->capacity);
    uint32_t same = 0;
    for (unsigned i = 0; i < FIRN_CACHE_SLOTS_OF_LINE; i++)
        same |= (uint32_t)(line[i].hash == hash) << i;
    if (same == 0)
        return NULL;
    uint32_t place = line[__builtin_ctz(same)].place;
    if (firn_place_kind_of(place) != FIRN_PLACE_SPAN)
        return NULL;
    firn_cache_entry *entry = firn_cache_entry_at(shard, place);
    fetch_ahead(shard, entry);
    return entry_has(entry, key) && (entry->flags & FIRN_ENTRY_GONE) == 0 ? entry : NULL;
}

static firn_status damaged(firn_tier tier, firn_error *ret_error)
{
    return firn_error_set(ret_error, FIRN_CORRUPT, 0,
                          "cache: a group of tier %s is damaged in memory", firn_tier_name(tier));
}

firn_status firn_cache_group_unpack(firn_cache *cache, firn_cache_shard *shard, uint32_t number,
                                    firn_cache_work *work, firn_error *ret_error)
{
    uint32_t generation = shard->blocks[number].generation;
    for (;;) { /* room for both forms, which may have to be made outside the lock */
        size_t packed = shard->blocks[number].size;
        size_t plain = shard->blocks[number].capacity;
        if (packed <= work->packed_capacity && plain <= work->plain_capacity)
            break;
        pthread_mutex_unlock(&shard->lock);
        firn_status status =
            firn_cache_work_fit(cache, work, packed > FIRN_GROUP_BYTES ? packed : FIRN_GROUP_BYTES,
                                plain > FIRN_GROUP_BYTES ? plain : FIRN_GROUP_BYTES);
        pthread_mutex_lock(&shard->lock);
        if (status != FIRN_OK)
            return firn_error_set(ret_error, status, 0, "cache: no memory to unpack a group");
        if (shard->blocks[number].generation != generation)
            return FIRN_NOT_FOUND;
    }
    firn_cache_block block = shard->blocks[number];
    firn_cache_cells_get(&shard->cells, block.first_cell, block.size, work->packed);
    pthread_mutex_unlock(&shard->lock);
    work->plain_size = block.capacity;
    firn_status status =
        firn_cache_dictionary_unpack(cache, work->codec, block.dictionary, work->packed, block.size,
                                     work->plain, work->plain_size);
    pthread_mutex_lock(&shard->lock);
    if (status == FIRN_NO_MEMORY)
        return firn_error_set(ret_error, status, 0, "cache: no memory to unpack a group");
    if (status != FIRN_OK)
        return damaged(block.queue == FIRN_QUEUE_WARM ? FIRN_TIER_WARM : FIRN_TIER_COLD, ret_error);
    return FIRN_OK;
}

/* Unpacks what lies at a place and searches it. The lock is held before and after. FIRN_NOT_FOUND
 * when the key is not in it; *ret_changed when it may be another by now. */
static firn_status look_into(firn_cache *cache, firn_cache_shard *shard, uint32_t place,
                             firn_bytes key, firn_cache_work *work, firn_cache_found *ret_found,
                             bool *ret_changed, firn_error *ret_error)
{
    firn_bytes records = {NULL, 0};
    firn_status status;
    *ret_changed = false;
    if (firn_place_kind_of(place) == FIRN_PLACE_GROUP) {
        status = firn_cache_group_unpack(cache, shard, firn_place_number(place), work, ret_error);
        *ret_changed = status == FIRN_NOT_FOUND;
        records = (firn_bytes){work->plain, work->plain_size};
    } else {
        pthread_mutex_unlock(&shard->lock);
        status = firn_cache_batch_pin(cache, firn_place_number(place), work, &records, ret_error);
        pthread_mutex_lock(&shard->lock);
    }
    if (status != FIRN_OK)
        return status;
    firn_cache_record record;
    status = firn_cache_record_find(records.data, records.size, key, &record, &ret_found->slot);
    if (status == FIRN_CORRUPT)
        return firn_error_set(ret_error, status, 0, "cache: the records of a group are damaged");
    if (status == FIRN_OK) {
        ret_found->state = record.state;
        ret_found->value = record.value;
    }
    return status;
}

static firn_status work_begin(firn_cache *cache, firn_cache_work **work)
{
    if (*work == NULL)
        *work = firn_cache_work_take(cache, FIRN_WORK_READ);
    if (*work == NULL)
        return FIRN_NO_MEMORY;
    if ((*work)->started_ns == 0)
        (*work)->started_ns = firn_clock_ns();
    firn_cache_batch_unpin(cache, *work);
    return FIRN_OK;
}

firn_status firn_cache_find(firn_cache *cache, firn_cache_shard *shard, uint32_t hash,
                            firn_bytes key, firn_cache_work **work, firn_cache_found *ret_found,
                            firn_error *ret_error)
{
    firn_cache_index_fetch(&shard->index, hash);
    pthread_mutex_lock(&shard->lock);
    return firn_cache_find_held(cache, shard, hash, key, work, ret_found, ret_error);
}

firn_status firn_cache_find_held(firn_cache *cache, firn_cache_shard *shard, uint32_t hash,
                                 firn_bytes key, firn_cache_work **work,
                                 firn_cache_found *ret_found, firn_error *ret_error)
{
    passed_places passed = {.count = 0};
    firn_status status = FIRN_OK;
    while (!find_entry(shard, hash, key, &passed, ret_found) && ret_found->place != 0) {
        uint32_t place = ret_found->place;
        uint32_t generation = generation_of(shard, place);
        bool changed;
        status = work_begin(cache, work);
        if (status != FIRN_OK)
            break;
        status = look_into(cache, shard, place, key, *work, ret_found, &changed, ret_error);
        uint32_t at = firn_cache_index_find(&shard->index, hash, place);
        if (changed || at == FIRN_CACHE_INDEX_NONE || generation_of(shard, place) != generation) {
            status = FIRN_OK; /* whatever was read, or not, it is no longer what the index has */
            continue;
        }
        if (status == FIRN_OK) {
            ret_found->position = at;
            break;
        }
        if (status != FIRN_NOT_FOUND)
            break;
        status = FIRN_OK;
        if (passed.count == PASSED_MAX) { /* so many of 2^32 hashes do not meet by chance */
            status = firn_error_set(ret_error, FIRN_LIMIT, 0, "cache: too many keys of one hash");
            break;
        }
        passed.place[passed.count] = place;
        passed.generation[passed.count++] = generation;
    }
    if (status != FIRN_OK)
        pthread_mutex_unlock(&shard->lock);
    if (status == FIRN_NO_MEMORY)
        return firn_error_set(ret_error, status, 0, "cache: no memory to unpack a group");
    return status;
}
