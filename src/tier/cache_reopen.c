/* Fills the index of a new cache from its store.
 *
 * Every segment is read, in the order of their numbers: of several records of one key, the one in
 * the latest segment holds. Which records are of one key is told by 128 bits of hash under a fresh
 * random seed; comparing the keys themselves would mean reading most segments again (that two of
 * 10^9 keys agree in them has a chance of 10^-21, less than that of an undetected error of the
 * disk). The list that this takes, 28 bytes a record, may have half of the limit: when it grows
 * beyond, the upper half of the shards waits for another round.
 *
 * Called by firn_cache_open; calls cache_frozen.c and cache_batch.c. Threads: there is one yet.
 * Complexity: linear in the plain bytes of the store, times the rounds. */
#include "tier/cache.h"
#include "tier/cache_frozen.h"

enum { SHARDS_MAX = 256 };

typedef struct seen_record {
    uint64_t hash, other_hash;
    uint32_t batch;
    uint32_t shard_and_gone; /* shard << 1 | gone */
} seen_record;

typedef struct reopening {
    firn_cache *cache;
    firn_hash_seed other_seed;
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

static firn_status segment_read(reopening *r, uint32_t batch, firn_bytes records, bool first_round)
{
    const uint8_t *at = records.data;
    const uint8_t *end = at + records.size;
    firn_cache_record record;
    firn_status status;
    while ((status = firn_cache_record_next(&at, end, &record)) == FIRN_OK) {
        uint64_t hash = firn_cache_hash(r->cache, record.key);
        uint32_t shard = (uint32_t)(firn_cache_shard_of(r->cache, hash) - r->cache->shards);
        bool gone = record.state == FIRN_CACHE_STATE_GONE;
        if (first_round) {
            r->cache->batches[batch].count++;
            r->cache->batches[batch].gone += gone;
        }
        if (shard < r->first_shard)
            continue;
        status = record_add(r, &(seen_record){.hash = hash,
                                              .other_hash = firn_hash_bytes(
                                                  r->other_seed, record.key.data, record.key.size),
                                              .batch = batch,
                                              .shard_and_gone = shard << 1 | gone});
        if (status != FIRN_OK)
            return status;
    }
    if (status == FIRN_END_OF_DATA)
        return FIRN_OK;
    return firn_error_set(r->ret_error, status, 0, "cache: segment %u holds damaged records",
                          (unsigned)r->cache->batches[batch].segment);
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

static firn_status segments_read(reopening *r, bool first_round)
{
    firn_cache *cache = r->cache;
    uint32_t segment = 0, batch = 0;
    firn_status status;
    while ((status = firn_cache_frozen_next(cache, segment, &segment, r->ret_error)) == FIRN_OK) {
        firn_segment pinned;
        firn_bytes records = {NULL, 0};
        uint32_t count = 0;
        batch = first_round ? firn_cache_batch_add(cache, &(firn_cache_batch){.segment = segment})
                            : batch + 1;
        if (batch == 0)
            return no_memory(r);
        status = firn_cache_frozen_pin(cache, segment, &pinned, r->ret_error);
        if (status != FIRN_OK)
            return status;
        status = firn_cache_segment_open(pinned.data, pinned.size, &records, &count);
        if (status == FIRN_OK)
            status = segment_read(r, batch, records, first_round);
        else
            firn_error_set(r->ret_error, status, 0,
                           "cache: segment %u does not hold what a cache writes",
                           (unsigned)segment);
        firn_cache_frozen_unpin(cache, &pinned);
        if (status != FIRN_OK)
            return status;
        segment++;
    }
    return status == FIRN_END_OF_DATA ? FIRN_OK : status;
}

firn_status firn_cache_reopen(firn_cache *cache, firn_error *ret_error)
{
    reopening r = {.cache = cache,
                   .other_seed = {cache->seed.second * UINT64_C(0x9e3779b97f4a7c15) + 1,
                                  cache->seed.first ^ UINT64_C(0xd1b54a32d192ed03)},
                   .ret_error = ret_error};
    firn_status status = FIRN_OK;
    while (status == FIRN_OK && r.end_shard < cache->shard_count) {
        r.first_shard = r.end_shard;
        r.end_shard = cache->shard_count;
        status = segments_read(&r, r.first_shard == 0);
        if (status == FIRN_OK)
            status = records_take(&r);
    }
    firn_release(cache->allocator, r.records, r.capacity * sizeof *r.records);
    return status;
}
