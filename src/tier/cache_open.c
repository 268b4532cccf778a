/* A cache's beginning and end. Called by users; calls all parts once. Threads: opening and closing
 * belong to one. */
#include "tier/cache.h"
#include "tier/cache_dictionary.h"
#include "tier/cache_frozen.h"
#include "tier/cache_tick.h"
#include "tier/forked.h"

#include "core/entropy.h"
#include "core/page.h"

#include <firn/system.h>

#include <string.h>

enum { SHARDS_MAX = 256, SHARDS_CHOSEN_MAX = 64, SHARD_BYTES = 16 << 20, WAIT_MS = 10000 };
enum { SHARDS_OF_PROCESSOR = 16 };

static const uint32_t AGES_MS[3] = {30 * 1000, 5 * 60 * 1000, 60 * 60 * 1000};

static uint64_t system_clock(void *context)
{
    (void)context;
    return firn_clock_ns();
}

/* --- options --- */

static firn_status invalid(firn_error *ret_error, const char *what)
{
    return firn_error_set(ret_error, FIRN_INVALID, 0, "cache: %s", what);
}

static firn_status options_check(const firn_cache_options *options, firn_error *ret_error)
{
    uint64_t least =
        options->store != NULL ? FIRN_CACHE_STORE_MIN_BYTES : FIRN_CACHE_LIMIT_MIN_BYTES;
    if (options->limit_bytes < least)
        return firn_error_set(ret_error, FIRN_INVALID, 0,
                              "cache: a limit of %llu bytes; it must be at least %llu",
                              (unsigned long long)options->limit_bytes, (unsigned long long)least);
    uint64_t left = options->limit_bytes;
    for (int tier = 0; tier < 3; tier++) {
        if (options->tier_bytes[tier] > left)
            return invalid(ret_error, "the tiers' budgets are larger than its limit");
        if (options->tier_bytes[tier] > 0 && options->tier_bytes[tier] < FIRN_GROUP_BYTES)
            return invalid(ret_error, "a tier's budget is smaller than a group of 64 KiB");
        left -= options->tier_bytes[tier];
        if (options->age_ms[tier] > INT32_MAX)
            return invalid(ret_error, "an age of more than 24 days");
    }
    uint32_t shards = options->shard_count;
    if ((shards & (shards - 1)) != 0 || shards > SHARDS_MAX)
        return invalid(ret_error, "the number of shards is no power of two up to 256");
    if (options->store == NULL && options->store_quota_bytes > 0)
        return invalid(ret_error, "a quota without a store");
    for (int i = 0; i < 4; i++) {
        if (options->reserved[i] != 0)
            return invalid(ret_error, "a reserved option is not 0");
    }
    return FIRN_OK;
}

/* Shards of 16 MiB and more, so that what each keeps open (64 KiB in some queues, and half a span
 * of cells) is small; and no more than keep the threads of this machine apart: 32 instead of 64 are
 * 3 bytes less for each of 10^6 items in warm. */
static uint32_t shards_for(uint64_t limit_bytes)
{
    uint32_t count = 1, most = SHARDS_OF_PROCESSOR * firn_processor_count();
    while (count < SHARDS_CHOSEN_MAX && count < most && limit_bytes / (count * 2) >= SHARD_BYTES)
        count *= 2;
    return count;
}

static void options_take(firn_cache *cache, const firn_cache_options *options)
{
    cache->limit_bytes = options->limit_bytes;
    atomic_init(&cache->target_bytes, options->limit_bytes - options->limit_bytes / 16);
    uint64_t left = options->limit_bytes;
    for (int tier = 0; tier < 3; tier++) {
        uint64_t share = tier == FIRN_TIER_COLD ? left : options->limit_bytes / 8;
        if (share > left)
            share = left;
        cache->tier_given[tier] = options->tier_bytes[tier] > 0;
        cache->tier_bytes[tier] = options->tier_bytes[tier] > 0 ? options->tier_bytes[tier] : share;
        left -= cache->tier_bytes[tier];
        uint32_t age_ms = options->age_ms[tier] > 0 ? options->age_ms[tier] : AGES_MS[tier];
        cache->age[tier].base_ms = age_ms;
        atomic_init(&cache->age[tier].now_ms, age_ms);
    }
    cache->wait_ms = options->wait_ms > 0 ? options->wait_ms : WAIT_MS;
    cache->ignore_pressure = options->ignore_pressure;
    cache->no_repack = options->no_repack;
    cache->shard_count =
        options->shard_count > 0 ? options->shard_count : shards_for(options->limit_bytes);
    cache->clock_ns = options->clock_ns != NULL ? options->clock_ns : system_clock;
    cache->clock_context = options->clock_context;
}

/* --- opening and closing --- */

static firn_status locks_init(firn_cache *cache)
{
    pthread_mutex_t *const locks[] = {&cache->time_lock, &cache->works_lock,   &cache->freeze,
                                      &cache->commit,    &cache->batches_lock, &cache->thread_lock};
    size_t made = 0;
    while (made < sizeof locks / sizeof *locks && pthread_mutex_init(locks[made], NULL) == 0)
        made++;
    pthread_condattr_t attributes;
    if (made < sizeof locks / sizeof *locks || pthread_condattr_init(&attributes) != 0)
        goto fail;
    bool timed = pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC) == 0 &&
                 pthread_cond_init(&cache->wake, &attributes) == 0;
    pthread_condattr_destroy(&attributes);
    if (timed)
        return FIRN_OK;
fail:
    while (made > 0)
        pthread_mutex_destroy(locks[--made]);
    return FIRN_NO_MEMORY;
}

static void locks_fini(firn_cache *cache)
{
    pthread_mutex_t *const locks[] = {&cache->time_lock, &cache->works_lock,   &cache->freeze,
                                      &cache->commit,    &cache->batches_lock, &cache->thread_lock};
    for (size_t i = 0; i < sizeof locks / sizeof *locks; i++)
        pthread_mutex_destroy(locks[i]);
    pthread_cond_destroy(&cache->wake);
}

/* In a child of fork: whether no other thread was changing anything. */
static bool was_at_rest(firn_cache *cache)
{
    pthread_mutex_t *const locks[] = {&cache->time_lock, &cache->works_lock,   &cache->freeze,
                                      &cache->commit,    &cache->batches_lock, &cache->thread_lock};
    bool at_rest =
        firn_cache_memory_at_rest(&cache->memory) && firn_cache_dictionaries_at_rest(cache);
    for (size_t i = 0; i < sizeof locks / sizeof *locks && at_rest; i++)
        at_rest = firn_lock_was_free(locks[i]);
    for (uint32_t i = 0; i < cache->shard_count && at_rest; i++)
        at_rest = firn_lock_was_free(&cache->shards[i].move) &&
                  firn_lock_was_free(&cache->shards[i].lock);
    return at_rest;
}

static firn_status here_init(firn_cache *cache)
{
    size_t size = firn_page_size();
    cache->here = firn_page_map(size);
    if (cache->here == NULL)
        return FIRN_NO_MEMORY;
    (void)firn_page_wipe_on_fork(cache->here, size); /* else a child must not use it, and may */
    *cache->here = 1;
    return FIRN_OK;
}

static firn_status shards_init(firn_cache *cache)
{
    cache->shards =
        firn_allocate_zeroed(cache->allocator, cache->shard_count, sizeof *cache->shards);
    if (cache->shards == NULL)
        return FIRN_NO_MEMORY;
    for (uint32_t i = 0; i < cache->shard_count; i++) {
        firn_status status = firn_cache_shard_init(cache, &cache->shards[i]);
        if (status == FIRN_OK)
            continue;
        while (i > 0)
            firn_cache_shard_fini(cache, &cache->shards[--i]);
        firn_release(cache->allocator, cache->shards, cache->shard_count * sizeof *cache->shards);
        cache->shards = NULL;
        return status;
    }
    return FIRN_OK;
}

static void cache_fini(firn_cache *cache)
{
    for (int kind = 0; kind < FIRN_WORK_COUNT; kind++)
        firn_cache_works_trim(cache, (firn_work_kind)kind);
    if (cache->shards != NULL) {
        for (uint32_t i = 0; i < cache->shard_count; i++)
            firn_cache_shard_fini(cache, &cache->shards[i]);
        firn_release(cache->allocator, cache->shards, cache->shard_count * sizeof *cache->shards);
    }
    firn_cache_dictionaries_fini(cache);
    firn_cache_frozen_close(cache);
    firn_release(cache->allocator, cache->batches, cache->batch_capacity * sizeof *cache->batches);
    if (cache->here != NULL)
        firn_page_unmap(cache->here, firn_page_size());
}

firn_status firn_cache_open(const firn_cache_options *options, firn_cache **ret_cache,
                            firn_error *ret_error)
{
    if (options == NULL)
        return invalid(ret_error, "options are required");
    firn_status status = options_check(options, ret_error);
    if (status != FIRN_OK)
        return status;
    firn_cache *cache = firn_allocate_zeroed(options->allocator, 1, sizeof *cache);
    if (cache == NULL)
        return firn_error_set(ret_error, FIRN_NO_MEMORY, 0, "cache: out of memory");
    cache->own = options->allocator;
    firn_error_set(ret_error, FIRN_NO_MEMORY, 0, "cache: out of memory");
    status = firn_cache_memory_init(&cache->memory, options->allocator, options->limit_bytes);
    if (status == FIRN_OK) {
        status = locks_init(cache);
        if (status != FIRN_OK)
            firn_cache_memory_fini(&cache->memory);
    }
    if (status != FIRN_OK) {
        firn_release(options->allocator, cache, sizeof *cache);
        return status;
    }
    cache->allocator = &cache->memory.counted;
    cache->seed = (firn_hash_seed){firn_entropy(), firn_entropy()};
    options_take(cache, options);
    firn_cache_time_init(cache);
    status = here_init(cache);
    if (status == FIRN_OK)
        status = firn_cache_dictionaries_init(cache);
    if (status == FIRN_OK && options->store != NULL)
        status =
            firn_cache_frozen_open(cache, options->store, options->store_quota_bytes, ret_error);
    if (status == FIRN_OK)
        status = shards_init(cache);
    if (status == FIRN_OK && cache->store != NULL)
        status = firn_cache_reopen(cache, ret_error);
    if (status == FIRN_OK && !options->no_thread)
        status = firn_cache_thread_start(cache);
    if (status != FIRN_OK) {
        cache_fini(cache);
        locks_fini(cache);
        firn_cache_memory_fini(&cache->memory);
        firn_release(options->allocator, cache, sizeof *cache);
        return status;
    }
    *ret_cache = cache;
    return FIRN_OK;
}

void firn_cache_close(firn_cache *cache)
{
    if (cache == NULL)
        return;
    bool forked = *cache->here == 0;
    if (!forked) {
        firn_cache_thread_stop(cache);
    } else if (!was_at_rest(cache)) { /* what is half changed cannot be given back */
        firn_cache_frozen_leave(cache);
        return;
    }
    cache_fini(cache);
    if (!forked) {
        locks_fini(cache);
        firn_cache_memory_fini(&cache->memory);
    }
    firn_release(cache->own, cache, sizeof *cache);
}
