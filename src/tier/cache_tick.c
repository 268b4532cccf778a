/* Ageing: once a second, in the cache's thread or its user's loop.
 *
 * Time is counted in steps of the clock: a step back counts as none, one far ahead as the longest
 * age, so that a clock that jumps ages everything at most once and never holds the ageing up.
 * Ages follow the promotions, as in Google's far memory (Lagar-Cavilla et al., ASPLOS 2019): while
 * more than 0.2 % of hot's items a minute are brought up again, what was sent down was not quiet,
 * and ages grow by half; below a quarter of that they come back. Pressure is stalls (PSI), as in
 * Meta's TMO, or memory that runs out: the target shrinks by an eighth a second, to a quarter at
 * the least, and comes back by a 32nd.
 *
 * Called by its thread and by firn_cache_tick; calls cache_move.c, cache_pack.c, cache_room.c,
 * cache_freeze.c, cache_compact.c. Threads: any may tick; ticks of one shard take turns. */
#include "tier/cache_tick.h"

#include "core/pressure.h"
#include "tier/cache_frozen.h"

#include <firn/system.h>

#include <time.h>

enum {
    TICK_MS = 1000,
    WAITING_DS = 100,       /* what waits to be packed is packed by then, full or not */
    FREEZE_BYTES = 4 << 20, /* a commit's worth */
    COMPACT_STEPS = 4,
    AGE_GROWTH_MAX = 32,
    STALL_SHARE = 1000, /* of 10,000 */
};

#define NS_OF_SECOND UINT64_C(1000000000)

/* --- time --- */

void firn_cache_time_init(firn_cache *cache)
{
    cache->raw_ns = cache->clock_ns(cache->clock_context);
    cache->time_ns = NS_OF_SECOND;
    atomic_store(&cache->now, 10);
}

static uint32_t age_of(const firn_cache *cache, int tier)
{
    return atomic_load(&cache->age[tier].now_ms);
}

/* Takes the clock's step. *ret_minute, *ret_second: whether one is over. */
static void time_step(firn_cache *cache, bool *ret_minute, bool *ret_second)
{
    pthread_mutex_lock(&cache->time_lock);
    uint64_t raw_ns = cache->clock_ns(cache->clock_context);
    uint64_t step_ns = raw_ns > cache->raw_ns ? raw_ns - cache->raw_ns : 0;
    uint64_t most_ms = 0;
    for (int tier = 0; tier < 3; tier++)
        most_ms = age_of(cache, tier) > most_ms ? age_of(cache, tier) : most_ms;
    if (step_ns > (most_ms + TICK_MS) * UINT64_C(1000000))
        step_ns = (most_ms + TICK_MS) * UINT64_C(1000000);
    cache->raw_ns = raw_ns;
    cache->time_ns += step_ns;
    atomic_store(&cache->now, (unsigned)(cache->time_ns / (NS_OF_SECOND / 10)));
    *ret_minute = cache->time_ns - cache->steered_ns >= 60 * NS_OF_SECOND;
    *ret_second = cache->time_ns - cache->pressure_ns >= NS_OF_SECOND;
    if (*ret_minute)
        cache->steered_ns = cache->time_ns;
    if (*ret_second)
        cache->pressure_ns = cache->time_ns;
    pthread_mutex_unlock(&cache->time_lock);
}

/* --- steering --- */

uint32_t firn_cache_age_steer(uint32_t base_ms, uint32_t now_ms, uint64_t promoted, uint64_t hot)
{
    uint64_t age = now_ms;
    if (promoted * 500 > hot)
        age += age / 2;
    else if (promoted * 2000 < hot)
        age -= age / 8;
    if (age > (uint64_t)base_ms * AGE_GROWTH_MAX)
        age = (uint64_t)base_ms * AGE_GROWTH_MAX;
    if (age < base_ms)
        age = base_ms;
    return age > INT32_MAX ? INT32_MAX : (uint32_t)age;
}

static void steer(firn_cache *cache)
{
    uint64_t hits[FIRN_TIER_COUNT] = {0}, hot = 0;
    for (uint32_t i = 0; i < cache->shard_count; i++) {
        firn_cache_shard *shard = &cache->shards[i];
        pthread_mutex_lock(&shard->lock);
        for (int tier = 0; tier < FIRN_TIER_COUNT; tier++)
            hits[tier] += shard->hits[tier];
        for (int queue = FIRN_QUEUE_SMALL; queue <= FIRN_QUEUE_MAIN; queue++) {
            uint32_t number =
                shard->queues[queue].count > 0 ? shard->queues[queue].oldest : FIRN_BLOCK_NONE;
            for (; number != FIRN_BLOCK_NONE; number = shard->blocks[number].newer)
                hot += shard->blocks[number].live;
        }
        pthread_mutex_unlock(&shard->lock);
    }
    pthread_mutex_lock(&cache->time_lock);
    for (int tier = 0; tier < 3; tier++) { /* what comes up from below a tier left it too early */
        firn_cache_age *age = &cache->age[tier];
        uint64_t promoted = hits[tier + 1] - age->promotions_before;
        age->promotions_before = hits[tier + 1];
        atomic_store(&age->now_ms,
                     firn_cache_age_steer(age->base_ms, age_of(cache, tier), promoted, hot));
    }
    pthread_mutex_unlock(&cache->time_lock);
}

uint64_t firn_cache_target_steer(uint64_t full, uint64_t now, uint32_t share, uint64_t available,
                                 uint64_t limit)
{
    bool pressed = share >= STALL_SHARE || (available > 0 && available < limit / 32);
    if (pressed)
        now -= now / 8;
    else
        now += full / 32;
    if (now < full / 4)
        now = full / 4;
    return now < full ? now : full;
}

static void press(firn_cache *cache)
{
    uint32_t share = 0;
    (void)firn_pressure_memory("", &share); /* stays 0 */
    uint64_t full = cache->limit_bytes - cache->limit_bytes / 16;
    uint64_t now = atomic_load(&cache->target_bytes);
    atomic_store(&cache->target_bytes,
                 firn_cache_target_steer(full, now, share, firn_memory_available_bytes(),
                                         firn_memory_limit_bytes()));
}

/* --- a shard's ageing. Its move is held --- */

static bool waits_long(firn_cache *cache, const firn_cache_shard *shard, firn_queue_kind queue)
{
    uint32_t open = shard->queues[queue].open;
    return open != FIRN_BLOCK_NONE &&
           firn_cache_now(cache) - shard->blocks[open].stamp >= WAITING_DS;
}

static firn_status pack_what_waits(firn_cache *cache, firn_cache_shard *shard)
{
    pthread_mutex_lock(&shard->lock);
    bool all = waits_long(cache, shard, FIRN_QUEUE_TO_WARM) ||
               waits_long(cache, shard, FIRN_QUEUE_TO_COLD);
    pthread_mutex_unlock(&shard->lock);
    return firn_cache_pack_waiting(cache, shard, all);
}

typedef firn_status (*move_fn)(firn_cache *cache, firn_cache_shard *shard);

static firn_status age_hot(firn_cache *cache, firn_cache_shard *shard)
{
    return firn_cache_move_hot(cache, shard, true);
}
static firn_status age_warm(firn_cache *cache, firn_cache_shard *shard)
{
    return firn_cache_move_warm(cache, shard, true);
}
static firn_status age_cold(firn_cache *cache, firn_cache_shard *shard)
{
    return firn_cache_move_cold(cache, shard, true, false);
}

/* Moves all that is due; *ret_busy: some of it must be frozen first. What fails is tried again at
 * the next tick. */
static void age_shard(firn_cache *cache, firn_cache_shard *shard, bool *ret_busy)
{
    static const move_fn moves[] = {age_hot, age_warm, age_cold, firn_cache_move_sparse};
    firn_status status = pack_what_waits(cache, shard);
    for (size_t i = 0; i < sizeof moves / sizeof *moves; i++) {
        while ((status = moves[i](cache, shard)) == FIRN_OK) {
            status = firn_cache_pack_waiting(cache, shard, false);
            if (status != FIRN_OK && status != FIRN_END_OF_DATA)
                break;
        }
        *ret_busy |= status == FIRN_BUSY;
    }
}

static bool age_all(firn_cache *cache)
{
    bool busy = false;
    for (uint32_t i = 0; i < cache->shard_count; i++) {
        firn_cache_shard *shard = &cache->shards[i];
        pthread_mutex_lock(&shard->move);
        age_shard(cache, shard, &busy);
        pthread_mutex_unlock(&shard->move);
        firn_cache_room_try(cache, shard);
        pthread_mutex_lock(&shard->lock);
        firn_cache_index_shrink(&shard->index);
        pthread_mutex_unlock(&shard->lock);
    }
    return busy;
}

/* --- the store --- */

/* Of what must be packed for the store, the oldest quarter of cold. */
static bool oldest_are_dirty(firn_cache *cache)
{
    bool dirty = false;
    for (uint32_t i = 0; i < cache->shard_count && !dirty; i++) {
        firn_cache_shard *shard = &cache->shards[i];
        pthread_mutex_lock(&shard->lock);
        const firn_cache_queue *cold = &shard->queues[FIRN_QUEUE_COLD];
        uint32_t left = cold->count / 4;
        for (uint32_t number = cold->oldest; left > 0 && !dirty; left--) {
            const firn_cache_block *block = &shard->blocks[number];
            dirty = (block->flags & FIRN_BLOCK_DIRTY) != 0 && block->flushed == 0 &&
                    (block->flags & FIRN_BLOCK_DAMAGED) == 0;
            number = block->newer;
        }
        pthread_mutex_unlock(&shard->lock);
    }
    return dirty;
}

static firn_status freeze_due(firn_cache *cache, bool busy, bool *ret_any, firn_error *ret_error)
{
    firn_status status = FIRN_OK;
    *ret_any = false;
    while (status == FIRN_OK && !cache->stop &&
           (busy || (firn_cache_room_is_near(cache) && oldest_are_dirty(cache)))) {
        uint64_t written;
        status = firn_cache_freeze_some(cache, FREEZE_BYTES, &written, ret_error);
        if (status == FIRN_OK && written == 0)
            break;
        *ret_any = true;
        busy = busy && age_all(cache);
    }
    return status;
}

static firn_status compact_due(firn_cache *cache, firn_error *ret_error)
{
    firn_status status = FIRN_OK;
    bool more = true;
    pthread_mutex_lock(&cache->freeze);
    for (int i = 0; i < COMPACT_STEPS && more && status == FIRN_OK; i++)
        status = firn_cache_compact(cache, &more, ret_error);
    pthread_mutex_unlock(&cache->freeze);
    return status;
}

static firn_status tick(firn_cache *cache, firn_error *ret_error)
{
    bool minute, second, any = false;
    time_step(cache, &minute, &second);
    if (second && !cache->ignore_pressure)
        press(cache);
    if (minute)
        steer(cache);
    bool busy = age_all(cache);
    firn_status status = FIRN_OK;
    if (cache->store != NULL) {
        status = freeze_due(cache, busy, &any, ret_error);
        if (status == FIRN_OK)
            status = compact_due(cache, ret_error);
        if (status == FIRN_OK && !any)
            status = firn_cache_repack_due(cache, ret_error);
    }
    if (!any)
        firn_cache_works_trim(cache, FIRN_WORK_FREEZE);
    if (!firn_cache_room_is_near(cache)) {
        firn_cache_works_trim(cache, FIRN_WORK_PACK);
        firn_cache_memory_trim(&cache->memory);
    }
    return status;
}

firn_status firn_cache_tick(firn_cache *cache, firn_error *ret_error)
{
    if (*cache->here == 0)
        return firn_error_set(ret_error, FIRN_UNSUPPORTED, 0,
                              "cache: a child of fork can only close it");
    return tick(cache, ret_error);
}

/* --- the thread --- */

static struct timespec after_ms(uint64_t ms)
{
    uint64_t ns = firn_clock_ns() + ms * UINT64_C(1000000);
    return (struct timespec){.tv_sec = (time_t)(ns / NS_OF_SECOND),
                             .tv_nsec = (long)(ns % NS_OF_SECOND)};
}

static void *run(void *context)
{
    firn_cache *cache = context;
    pthread_mutex_lock(&cache->thread_lock);
    while (!cache->stop) {
        struct timespec until = after_ms(TICK_MS);
        while (!cache->stop && !cache->woken &&
               pthread_cond_timedwait(&cache->wake, &cache->thread_lock, &until) == 0)
            continue;
        cache->woken = false;
        if (cache->stop)
            break;
        pthread_mutex_unlock(&cache->thread_lock);
        (void)(tick(cache, NULL) == FIRN_OK); /* the next put or flush tells of what fails */
        pthread_mutex_lock(&cache->thread_lock);
    }
    pthread_mutex_unlock(&cache->thread_lock);
    return NULL;
}

firn_status firn_cache_thread_start(firn_cache *cache)
{
    if (pthread_create(&cache->thread, NULL, run, cache) != 0)
        return FIRN_NO_MEMORY;
    cache->has_thread = true;
    return FIRN_OK;
}

void firn_cache_thread_stop(firn_cache *cache)
{
    if (!cache->has_thread)
        return;
    pthread_mutex_lock(&cache->thread_lock);
    cache->stop = true;
    pthread_cond_signal(&cache->wake);
    pthread_mutex_unlock(&cache->thread_lock);
    pthread_join(cache->thread, NULL);
    cache->has_thread = false;
}
