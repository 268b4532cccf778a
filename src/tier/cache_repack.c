/* What lies in the store is packed again by zstd-19, which takes 20 times as long as zstd-9 and so
 * is left for when nobody wants anything: no call for 10 s. It is given up between two segments as
 * soon as there is one. Each segment is tried once; the store remembers which were (JSON, HTML and
 * C: 5 % less disk).
 *
 * Called by cache_tick.c; calls cache_frozen.c. Threads: ticks of several threads take turns by
 * `freeze`, which whoever has to freeze then waits for, one segment's time (100 ms). Memory: 5.5
 * MiB of a codec while it is at it, and only where the limit has room for them. */
#include "tier/cache_frozen.h"

enum { IDLE_MS = 10 * 1000, BYTES_A_SECOND = 256 << 10, MEMORY_BYTES = 7 << 20 };

static uint64_t calls_of(firn_cache *cache)
{
    uint64_t calls = 0;
    for (uint32_t i = 0; i < cache->shard_count; i++) {
        firn_cache_shard *shard = &cache->shards[i];
        pthread_mutex_lock(&shard->lock);
        calls += shard->misses + shard->puts + shard->removes;
        for (int tier = 0; tier < FIRN_TIER_COUNT; tier++)
            calls += shard->hits[tier];
        pthread_mutex_unlock(&shard->lock);
    }
    return calls;
}

/* Whether it is time to go on, for about a second's bytes. */
static bool is_due(firn_cache *cache, uint64_t calls)
{
    pthread_mutex_lock(&cache->time_lock);
    if (calls != cache->calls_before)
        cache->busy_ns = cache->time_ns;
    cache->calls_before = calls;
    bool due = cache->time_ns - cache->busy_ns >= IDLE_MS * UINT64_C(1000000) &&
               cache->time_ns - cache->repacked_ns >= UINT64_C(1000000000);
    if (due)
        cache->repacked_ns = cache->time_ns;
    pthread_mutex_unlock(&cache->time_lock);
    return due && firn_cache_memory_used(&cache->memory) + MEMORY_BYTES <= cache->limit_bytes;
}

/* One segment's time; *bytes: 0 when all were packed again. */
static firn_status step(firn_cache *cache, firn_codec *codec, bool commit, uint64_t *bytes,
                        firn_error *ret_error)
{
    pthread_mutex_lock(&cache->freeze);
    firn_status status = commit ? firn_cache_frozen_commit(cache, ret_error)
                                : firn_cache_frozen_repack(cache, codec, bytes, ret_error);
    pthread_mutex_unlock(&cache->freeze);
    return status;
}

firn_status firn_cache_repack_due(firn_cache *cache, firn_error *ret_error)
{
    const uint64_t calls = calls_of(cache);
    uint64_t all = 0, bytes = 1;
    firn_codec *codec;
    if (cache->no_repack || !is_due(cache, calls) ||
        firn_codec_create(cache->allocator, &codec) != FIRN_OK)
        return FIRN_OK;
    firn_status status = FIRN_OK;
    while (status == FIRN_OK && bytes > 0 && all < BYTES_A_SECOND && !atomic_load(&cache->stop) &&
           calls_of(cache) == calls) {
        status = step(cache, codec, false, &bytes, ret_error);
        all += status == FIRN_OK ? bytes : 0;
    }
    firn_codec_destroy(codec);
    if (all > 0 && status == FIRN_OK)
        status = step(cache, NULL, true, NULL, ret_error);
    return status == FIRN_NO_MEMORY || status == FIRN_LIMIT ? FIRN_OK : status; /* tried again */
}
