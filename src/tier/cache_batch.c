/* Batches: the segments of the store, as places name them.
 *
 * A batch keeps its number for the life of the cache, while its items may move to another segment:
 * then it forwards to the batch of that, and nothing that names it has to be changed.
 *
 * Called by all that reads and writes frozen items; calls cache_frozen.c. Threads: all functions
 * may be called by any; live counts change under `freeze` alone. Memory: 24 bytes a batch of 128
 * KB. */
#include "tier/cache.h"
#include "tier/cache_frozen.h"

#include <assert.h>

uint32_t firn_cache_batch_add(firn_cache *cache, const firn_cache_batch *batch)
{
    uint32_t number = 0;
    pthread_mutex_lock(&cache->batches_lock);
    if (cache->batch_count < FIRN_PLACE_NUMBER_MAX &&
        firn_grow(cache->allocator, (void **)&cache->batches, &cache->batch_capacity,
                  (size_t)cache->batch_count + 1, sizeof *cache->batches)) {
        if (cache->batch_count == 0)
            cache->batch_count = 1; /* 0 is none */
        number = cache->batch_count++;
        cache->batches[number] = *batch;
    }
    pthread_mutex_unlock(&cache->batches_lock);
    return number;
}

void firn_cache_batch_drop(firn_cache *cache, uint32_t number)
{
    pthread_mutex_lock(&cache->batches_lock);
    assert(number + 1 == cache->batch_count);
    (void)number;
    cache->batch_count--;
    pthread_mutex_unlock(&cache->batches_lock);
}

/* The lock is held. */
static uint32_t resolve(const firn_cache *cache, uint32_t number)
{
    assert(number > 0 && number < cache->batch_count);
    while (cache->batches[number].forward != 0)
        number = cache->batches[number].forward;
    return number;
}

uint32_t firn_cache_batch_resolve(firn_cache *cache, uint32_t number)
{
    pthread_mutex_lock(&cache->batches_lock);
    number = resolve(cache, number);
    pthread_mutex_unlock(&cache->batches_lock);
    return number;
}

void firn_cache_batch_less(firn_cache *cache, uint32_t number)
{
    pthread_mutex_lock(&cache->batches_lock);
    firn_cache_batch *batch = &cache->batches[resolve(cache, number)];
    assert(batch->live > 0); /* C8 */
    batch->live--;
    pthread_mutex_unlock(&cache->batches_lock);
}

static uint32_t segment_of(firn_cache *cache, uint32_t number)
{
    pthread_mutex_lock(&cache->batches_lock);
    uint32_t segment = cache->batches[resolve(cache, number)].segment;
    pthread_mutex_unlock(&cache->batches_lock);
    return segment;
}

firn_status firn_cache_batch_pin(firn_cache *cache, uint32_t number, firn_cache_work *work,
                                 firn_bytes *ret_records, firn_error *ret_error)
{
    firn_cache_batch_unpin(cache, work);
    for (;;) {
        uint32_t segment = segment_of(cache, number);
        uint32_t count;
        firn_status status = firn_cache_frozen_pin(cache, segment, &work->segment, ret_error);
        if (status == FIRN_NOT_FOUND && segment_of(cache, number) != segment)
            continue; /* it was moved meanwhile */
        if (status == FIRN_NOT_FOUND)
            return firn_error_set(ret_error, FIRN_CORRUPT, 0, "cache: segment %u is missing",
                                  (unsigned)segment);
        if (status != FIRN_OK)
            return status;
        status =
            firn_cache_segment_open(work->segment.data, work->segment.size, ret_records, &count);
        if (status != FIRN_OK)
            return firn_error_set(ret_error, status, 0,
                                  "cache: segment %u does not hold what a cache writes",
                                  (unsigned)segment);
        return FIRN_OK;
    }
}

void firn_cache_batch_unpin(firn_cache *cache, firn_cache_work *work)
{
    if (work->segment.entry != NULL)
        firn_cache_frozen_unpin(cache, &work->segment);
    work->segment.entry = NULL;
}
