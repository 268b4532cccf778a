/* Fills the index of a new cache from its store.
 *
 * Of several records of one key, the one in the latest segment holds. Keys are known by 95 bits of
 * hash under the store's random seed, as the segments' lists have them, or, where a list is missing
 * or damaged, as the unpacked segment tells; comparing the keys themselves would mean reading most
 * segments (that two of 10^9 keys agree in 95 bits has a chance of 10^-11). The table that this
 * takes, 24 bytes a record, may have half of the limit: when it grows beyond, the upper half of the
 * shards waits for another round.
 *
 * Called by firn_cache_open; calls cache_frozen.c, cache_list.c and cache_batch.c. Threads: there
 * is one yet. Complexity: linear in the records of the store, times the rounds; in the plain bytes
 * of segments without a list. */
#include "tier/cache.h"
#include "tier/cache_frozen.h"
#include "tier/cache_list.h"

enum { SHARDS_MAX = 256 };

typedef struct seen_record {
    uint64_t hash;
    uint32_t other_hash;
    uint32_t batch;
    uint32_t shard_and_gone; /* shard << 1 | gone */
} seen_record;
_Static_assert(sizeof(seen_record) == 24, "what an opening takes for each record");

typedef struct reopening {
    firn_cache *cache;
    bool has_seed; /* that of the store */
    seen_record *records;
    size_t count, capacity;
    uint32_t first_shard, end_shard; /* of this round */
    firn_error *ret_error;
} reopening;

static firn_status no_memory(const reopening *r)
{
    return firn_error_set(r->ret_error, FIRN_NO_MEMORY, 0, "cache: no memory to open its store");
}

/* --- the records of a round --- */

static void shards_halve(reopening *r)
{
    r->end_shard = r->first_shard + (r->end_shard - r->first_shard) / 2;
    size_t kept = 0;
    for (size_t i = 0; i < r->count; i++) {
        if (r->records[i].shard_and_gone >> 1 < r->end_shard)
            r->records[kept++] = r->records[i];
    }
    r->count = kept;
}

static firn_status record_add(reopening *r, const seen_record *record)
{
    uint64_t most = r->cache->limit_bytes / 2 / sizeof(seen_record);
    while (r->count >= most && r->end_shard - r->first_shard > 1)
        shards_halve(r);
    if (record->shard_and_gone >> 1 >= r->end_shard)
        return FIRN_OK;
    if (!firn_grow(r->cache->allocator, (void **)&r->records, &r->capacity, r->count + 1,
                   sizeof *r->records))
        return no_memory(r);
    r->records[r->count++] = *record;
    return FIRN_OK;
}

static firn_status key_add(reopening *r, uint32_t batch, const firn_cache_listed *key)
{
    uint32_t shard = (uint32_t)(firn_cache_shard_of(r->cache, key->hash) - r->cache->shards);
    if (r->first_shard == 0) { /* the first round */
        r->cache->batches[batch].count++;
        r->cache->batches[batch].gone += key->gone;
    }
    if (shard < r->first_shard)
        return FIRN_OK;
    return record_add(r, &(seen_record){.hash = key->hash,
                                        .other_hash = key->other_hash,
                                        .batch = batch,
                                        .shard_and_gone = shard << 1 | key->gone});
}

static firn_status records_read(reopening *r, uint32_t batch, firn_bytes records)
{
    const uint8_t *at = records.data;
    const uint8_t *end = at + records.size;
    firn_cache_record record;
    firn_status status;
    while ((status = firn_cache_record_next(&at, end, &record)) == FIRN_OK) {
        firn_cache_listed key = firn_cache_list_entry(r->cache, &record);
        status = key_add(r, batch, &key);
        if (status != FIRN_OK)
            return status;
    }
    if (status == FIRN_END_OF_DATA)
        return FIRN_OK;
    return firn_error_set(r->ret_error, status, 0, "cache: segment %u holds damaged records",
                          (unsigned)r->cache->batches[batch].segment);
}

static firn_status segment_read(reopening *r, uint32_t batch)
{
    const uint32_t segment = r->cache->batches[batch].segment;
    firn_segment pinned;
    firn_bytes records = {NULL, 0};
    uint32_t count = 0;
    firn_status status = firn_cache_frozen_pin(r->cache, segment, &pinned, r->ret_error);
    if (status != FIRN_OK)
        return status;
    status = firn_cache_segment_open(pinned.data, pinned.size, &records, &count);
    if (status == FIRN_OK)
        status = records_read(r, batch, records);
    else
        firn_error_set(r->ret_error, status, 0,
                       "cache: segment %u does not hold what a cache writes", (unsigned)segment);
    firn_cache_frozen_unpin(r->cache, &pinned);
    return status;
}

/* --- lists --- */

static bool is_usable(const firn_cache *cache, const firn_cache_list *list, uint32_t segment)
{
    return list->segment == segment && list->seed.first == cache->seed.first &&
           list->seed.second == cache->seed.second;
}

/* FIRN_NOT_FOUND: the segment must be read. */
static firn_status list_read(reopening *r, uint32_t batch)
{
    const firn_cache_batch *of = &r->cache->batches[batch];
    firn_segment pinned;
    firn_cache_list list;
    if (of->list == FIRN_SEGMENT_NONE ||
        firn_cache_frozen_pin(r->cache, of->list, &pinned, NULL) != FIRN_OK)
        return FIRN_NOT_FOUND;
    firn_status status = firn_cache_list_open(pinned.data, pinned.size, &list);
    if (status != FIRN_OK || !is_usable(r->cache, &list, of->segment)) {
        status = FIRN_NOT_FOUND;
    } else {
        for (uint32_t i = 0; i < list.count && status == FIRN_OK; i++) {
            firn_cache_listed key = firn_cache_list_at(&list, i);
            status = key_add(r, batch, &key);
        }
    }
    firn_cache_frozen_unpin(r->cache, &pinned);
    return status;
}

/* The batch of a segment, 0 for none: batches begin in the order of their segments. */
static uint32_t batch_of(const firn_cache *cache, uint32_t segment)
{
    uint32_t low = 1, high = cache->batch_count;
    while (low < high) {
        uint32_t middle = low + (high - low) / 2;
        if (cache->batches[middle].segment < segment)
            low = middle + 1;
        else
            high = middle;
    }
    return low < cache->batch_count && cache->batches[low].segment == segment ? low : 0;
}

/* Joins a list to its batch, which is there already, since it was put before. One that is damaged
 * stays for who verifies the store; one of a segment that is gone goes, too. */
static void list_join(reopening *r, uint32_t segment)
{
    firn_cache *cache = r->cache;
    firn_segment pinned;
    firn_cache_list list;
    if (firn_cache_frozen_pin(cache, segment, &pinned, NULL) != FIRN_OK)
        return;
    if (firn_cache_list_open(pinned.data, pinned.size, &list) == FIRN_OK) {
        uint32_t batch = batch_of(cache, list.segment);
        if (!r->has_seed)
            cache->seed = list.seed;
        r->has_seed = true;
        if (batch != 0)
            cache->batches[batch].list = segment;
        else
            (void)(firn_cache_frozen_remove(cache, segment) == FIRN_OK); /* or another time */
    }
    firn_cache_frozen_unpin(cache, &pinned);
}

static firn_status segments_find(reopening *r)
{
    uint32_t segment = 0;
    bool is_list;
    firn_status status;
    while ((status = firn_cache_frozen_next(r->cache, segment, &segment, &is_list, r->ret_error)) ==
           FIRN_OK) {
        if (is_list)
            list_join(r, segment);
        else if (firn_cache_batch_add(r->cache, &(firn_cache_batch){.segment = segment,
                                                                    .list = FIRN_SEGMENT_NONE}) ==
                 0)
            return no_memory(r);
        segment++;
    }
    return status == FIRN_END_OF_DATA ? FIRN_OK : status;
}

static firn_status segments_read(reopening *r)
{
    firn_status status = FIRN_OK;
    for (uint32_t batch = 1; batch < r->cache->batch_count && status == FIRN_OK; batch++) {
        status = list_read(r, batch);
        if (status == FIRN_NOT_FOUND)
            status = segment_read(r, batch);
    }
    return status;
}

/* --- of each key the last --- */

static bool is_before(const seen_record *x, const seen_record *y)
{
    if (x->hash != y->hash)
        return x->hash < y->hash;
    if (x->other_hash != y->other_hash)
        return x->other_hash < y->other_hash;
    return x->batch > y->batch; /* the last first */
}

/* Quicksort in place, where qsort takes as much memory again: hashes under a random seed are never
 * in an order that makes it slow. */
static void sort(seen_record *records, size_t count)
{
    while (count > 1) {
        seen_record pivot = records[(count - 1) / 2];
        size_t low = 0, high = count - 1;
        for (;; low++, high--) { /* Hoare's: the middle that is not the last ends within */
            while (is_before(&records[low], &pivot))
                low++;
            while (is_before(&pivot, &records[high]))
                high--;
            if (low >= high)
                break;
            seen_record swapped = records[low];
            records[low] = records[high];
            records[high] = swapped;
        }
        size_t first = high + 1;
        if (first <= count - first) { /* the smaller part by recursion, so that it is not deep */
            sort(records, first);
            records += first;
            count -= first;
        } else {
            sort(records + first, count - first);
            count = first;
        }
    }
}

static firn_status records_take(reopening *r)
{
    uint64_t counts[SHARDS_MAX] = {0};
    for (size_t i = 0; i < r->count; i++)
        counts[r->records[i].shard_and_gone >> 1]++;
    /* At once, since hashes that come in their order would crowd at the front of a small table. */
    for (uint32_t i = r->first_shard; i < r->end_shard; i++) {
        if (!firn_cache_index_fit(&r->cache->shards[i].index, counts[i]))
            return no_memory(r);
    }
    sort(r->records, r->count);
    for (size_t i = 0; i < r->count; i++) {
        const seen_record *record = &r->records[i];
        if (i > 0 && record[-1].hash == record->hash && record[-1].other_hash == record->other_hash)
            continue;
        if ((record->shard_and_gone & 1) != 0)
            continue;
        firn_cache_index *index = &r->cache->shards[record->shard_and_gone >> 1].index;
        uint32_t hash = (uint32_t)(record->hash >> 32);
        if (!firn_cache_index_reserve(index))
            return no_memory(r);
        firn_cache_index_insert(index, hash, firn_place_frozen(record->batch));
        r->cache->batches[record->batch].live++;
    }
    r->count = 0;
    if (firn_cache_memory_used(&r->cache->memory) > r->cache->limit_bytes)
        return firn_error_set(r->ret_error, FIRN_LIMIT, 0,
                              "cache: the index of its store takes more than its limit");
    return FIRN_OK;
}

firn_status firn_cache_reopen(firn_cache *cache, firn_error *ret_error)
{
    reopening r = {.cache = cache, .ret_error = ret_error};
    firn_status status = segments_find(&r);
    while (status == FIRN_OK && r.end_shard < cache->shard_count) {
        r.first_shard = r.end_shard;
        r.end_shard = cache->shard_count;
        status = segments_read(&r);
        if (status == FIRN_OK)
            status = records_take(&r);
    }
    firn_release(cache->allocator, r.records, r.capacity * sizeof *r.records);
    return status;
}
