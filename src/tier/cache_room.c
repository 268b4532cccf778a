/* Room for what comes: sends the oldest down until the memory taken is below the target.
 *
 * The target is 15/16 of the limit, less under the machine's pressure. A put that would exceed it
 * does the work, or waits for it; what is between target and limit is for the copies that gets
 * bring up, for pins, and for the buffers of those who unpack and pack. A shard gives first what
 * its tiers have above their shares (an eighth of the limit for hot and warm each), from the top,
 * then the oldest of cold, then what is left of hot and warm.
 *
 * Called by cache.c and cache_tick.c; calls cache_move.c, cache_pack.c and cache_freeze.c.
 * Threads: all functions may be called by any. */
#include "tier/cache.h"

#include <firn/system.h>

enum { FREEZE_BYTES = 4 << 20, ROUNDS_IDLE_MAX = 3, FREEZE_WORK_BYTES = 4 << 20 };

static uint64_t share_of(const firn_cache *cache, firn_tier tier)
{
    return cache->tier_bytes[tier] / cache->shard_count;
}

static bool is_over_share(const firn_cache *cache, const firn_cache_shard *shard, firn_tier tier)
{
    uint64_t share = share_of(cache, tier);
    uint64_t least = 2 * (uint64_t)FIRN_SPAN_BYTES; /* what an open span of each queue takes */
    return firn_cache_queue_bytes(shard, tier) > (share > least ? share : least);
}

/* The target, less what those who will need it must find free: who freezes, and who trains a
 * dictionary. */
static uint64_t target_of(const firn_cache *cache)
{
    uint64_t target = atomic_load(&cache->target_bytes);
    uint64_t kept_free = firn_cache_dictionaries_reserve(cache);
    if (cache->store != NULL && atomic_load(&cache->freeze_works) == 0)
        kept_free += FREEZE_WORK_BYTES;
    return target > 2 * kept_free ? target - kept_free : target / 2;
}

/* Whether there is less room below the target than what is needed. */
static bool is_over_target(const firn_cache *cache, uint64_t need)
{
    return firn_cache_memory_used(&cache->memory) + need > target_of(cache);
}

bool firn_cache_room_is_left(const firn_cache *cache, uint64_t size)
{
    uint64_t target = target_of(cache);
    uint64_t most = target + cache->limit_bytes / 32;
    return firn_cache_memory_used(&cache->memory) + size <= most;
}

bool firn_cache_room_is_near(const firn_cache *cache)
{
    uint64_t target = target_of(cache);
    return firn_cache_memory_used(&cache->memory) > target - target / 8;
}

/* Whether a tier with a budget of its own exceeds it. */
static bool is_over_given(const firn_cache *cache, const firn_cache_shard *shard, firn_tier tier)
{
    return cache->tier_given[tier] && is_over_share(cache, shard, tier);
}

static bool is_short(const firn_cache *cache, const firn_cache_shard *shard, uint64_t need)
{
    return is_over_target(cache, need) || is_over_given(cache, shard, FIRN_TIER_HOT) ||
           is_over_given(cache, shard, FIRN_TIER_WARM);
}

bool firn_cache_room_is_short(const firn_cache *cache, const firn_cache_shard *shard)
{
    return is_short(cache, shard, 0);
}

static bool is_over_share_locked(const firn_cache *cache, firn_cache_shard *shard, firn_tier tier,
                                 bool over_target)
{
    pthread_mutex_lock(&shard->lock);
    bool over = over_target ? is_over_share(cache, shard, tier) : is_over_given(cache, shard, tier);
    pthread_mutex_unlock(&shard->lock);
    return over;
}

/* One step of a shard whose move is held. FIRN_END_OF_DATA: it has nothing to give. FIRN_BUSY: the
 * store must take something first. */
static firn_status step(firn_cache *cache, firn_cache_shard *shard, uint64_t need)
{
    bool over = is_over_target(cache, need);
    firn_status status = firn_cache_pack_waiting(cache, shard, false);
    if (status != FIRN_END_OF_DATA)
        return status;
    if (is_over_share_locked(cache, shard, FIRN_TIER_HOT, over)) {
        status = firn_cache_move_hot(cache, shard, false);
        if (status != FIRN_END_OF_DATA)
            return status;
    }
    if (is_over_share_locked(cache, shard, FIRN_TIER_WARM, over)) {
        status = firn_cache_move_warm(cache, shard, false);
        if (status != FIRN_END_OF_DATA)
            return status;
    }
    if (is_over_share_locked(cache, shard, FIRN_TIER_COLD, false)) {
        status = firn_cache_move_cold(cache, shard, false, false);
        if (status != FIRN_END_OF_DATA)
            return status;
    }
    if (!over)
        return FIRN_END_OF_DATA;
    if ((status = firn_cache_move_sparse(cache, shard)) != FIRN_END_OF_DATA ||
        (status = firn_cache_move_cold(cache, shard, false, false)) != FIRN_END_OF_DATA ||
        (status = firn_cache_move_hot(cache, shard, false)) != FIRN_END_OF_DATA ||
        (status = firn_cache_move_warm(cache, shard, false)) != FIRN_END_OF_DATA)
        return status;
    return firn_cache_pack_waiting(cache, shard, true);
}

/* A shard whose move is held, until nothing more goes or no more is asked. */
static firn_status steps(firn_cache *cache, firn_cache_shard *shard, uint64_t need)
{
    firn_status status = FIRN_OK;
    for (;;) {
        pthread_mutex_lock(&shard->lock);
        bool goes_on = is_short(cache, shard, need);
        pthread_mutex_unlock(&shard->lock);
        /* What waits to be packed is packed before the move ends, whether it is still short. */
        status = goes_on ? step(cache, shard, need) : firn_cache_pack_waiting(cache, shard, false);
        if (!goes_on || status != FIRN_OK)
            return status;
    }
}

static void give(firn_cache *cache, firn_cache_shard *shard, uint64_t need)
{
    if (pthread_mutex_trylock(&shard->move) != 0)
        return;                                   /* somebody is at it */
    (void)(steps(cache, shard, need) == FIRN_OK); /* what could not move now stays where it is */
    pthread_mutex_unlock(&shard->move);
}

void firn_cache_room_try(firn_cache *cache, firn_cache_shard *shard)
{
    give(cache, shard, 0);
}

/* Every shard in turn, beginning with `first`, until there is the room. */
static void all_give(firn_cache *cache, uint32_t first, uint64_t need)
{
    for (uint32_t i = 0; i < cache->shard_count && is_over_target(cache, need); i++) {
        firn_cache_shard *shard = &cache->shards[(first + i) & (cache->shard_count - 1)];
        pthread_mutex_lock(&shard->move);
        (void)(steps(cache, shard, need) == FIRN_OK);
        pthread_mutex_unlock(&shard->move);
    }
}

static void drop_any_clean(firn_cache *cache, uint64_t need)
{
    for (uint32_t i = 0; i < cache->shard_count && is_over_target(cache, need); i++) {
        firn_cache_shard *shard = &cache->shards[i];
        pthread_mutex_lock(&shard->move);
        while (is_over_target(cache, need) &&
               firn_cache_move_cold(cache, shard, false, true) == FIRN_OK &&
               firn_cache_pack_waiting(cache, shard, false) != FIRN_NO_MEMORY)
            continue;
        pthread_mutex_unlock(&shard->move);
    }
}

static bool fits(const firn_cache *cache, uint64_t size, firn_room_kind kind)
{
    uint64_t most = target_of(cache);
    if (kind == FIRN_ROOM_PIN)
        most += most / 15;
    return firn_cache_memory_used(&cache->memory) + size <= most;
}

static firn_status refuse(firn_cache *cache, firn_status status, firn_error *ret_error)
{
    atomic_fetch_add(&cache->refused, 1);
    if (status != FIRN_OK)
        return status; /* of the freezing, which has told why */
    return firn_error_set(ret_error, FIRN_LIMIT, 0,
                          cache->store != NULL
                              ? "cache: no room within its limit; freezing does not keep up"
                              : "cache: no room within its limit, and no store to freeze to");
}

firn_status firn_cache_room(firn_cache *cache, firn_cache_shard *shard, uint64_t size,
                            firn_room_kind kind, firn_error *ret_error)
{
    uint32_t first = (uint32_t)(shard - cache->shards);
    if (fits(cache, size, FIRN_ROOM_PUT))
        return FIRN_OK;
    uint64_t need = size > FIRN_SPAN_BYTES ? size : FIRN_SPAN_BYTES; /* not a put at a time */
    give(cache, shard, need);
    if (fits(cache, size, kind))
        return FIRN_OK;
    atomic_fetch_add(&cache->waited, 1);
    uint64_t until_ns = firn_clock_ns() + cache->wait_ms * UINT64_C(1000000);
    firn_status status = FIRN_OK;
    for (int idle = 0; idle < ROUNDS_IDLE_MAX;) {
        uint64_t before = firn_cache_memory_used(&cache->memory), written = 0;
        all_give(cache, first, need);
        if (fits(cache, size, kind))
            return FIRN_OK;
        if (cache->store != NULL && status == FIRN_OK)
            status = firn_cache_freeze_some(cache, FREEZE_BYTES, &written, ret_error);
        all_give(cache, first, need);
        if (status != FIRN_OK)
            drop_any_clean(cache, need);
        if (fits(cache, size, kind))
            return FIRN_OK;
        bool less = firn_cache_memory_used(&cache->memory) < before;
        idle = written > 0 || less ? 0 : idle + 1;
        if (status != FIRN_OK || firn_clock_ns() > until_ns)
            break;
    }
    if (kind == FIRN_ROOM_PIN) { /* puts would only fill what packing then needs again */
        firn_cache_works_trim(cache, FIRN_WORK_PACK);
        firn_cache_works_trim(cache, FIRN_WORK_READ);
        if (fits(cache, size, kind))
            return FIRN_OK;
    }
    return refuse(cache, status, ret_error);
}
