/* The figures of a cache, added up when they are asked for. Calls nothing but the parts' own.
 * Threads: any; each shard is looked at under its lock, one after the other. Complexity: linear in
 * the index, 2 ns a slot. */
#include "tier/cache.h"
#include "tier/cache_dictionary.h"
#include "tier/cache_frozen.h"

#include <string.h>

const char *firn_tier_name(firn_tier tier)
{
    static const char *const names[FIRN_TIER_COUNT] = {"hot", "warm", "cold", "frozen"};
    return (unsigned)tier < FIRN_TIER_COUNT ? names[tier] : NULL;
}

/* The lock is held. */
static void add_items(const firn_cache_shard *shard, firn_cache_stats *stats)
{
    for (uint32_t i = 0; i < shard->index.capacity; i++) {
        uint32_t place = shard->index.slots[i].place;
        if (place == 0)
            continue;
        if (firn_place_kind_of(place) == FIRN_PLACE_SPAN &&
            shard->blocks[firn_place_block(place)].queue == FIRN_QUEUE_GONE)
            continue; /* a note of a removal */
        stats->tier[firn_cache_place_tier(shard, place)].item_count++;
        stats->item_count++;
    }
}

static void add_queues(const firn_cache_shard *shard, firn_cache_stats *stats)
{
    for (int queue = 0; queue < FIRN_QUEUE_COUNT; queue++) {
        firn_cache_tier_stats *tier = &stats->tier[firn_cache_queue_tier((unsigned)queue)];
        tier->used_bytes += shard->queues[queue].used_bytes;
        uint32_t number =
            shard->queues[queue].count > 0 ? shard->queues[queue].oldest : FIRN_BLOCK_NONE;
        for (; number != FIRN_BLOCK_NONE; number = shard->blocks[number].newer)
            tier->plain_bytes += shard->blocks[number].live_bytes;
    }
}

static void add_shard(firn_cache_shard *shard, firn_cache_stats *stats)
{
    pthread_mutex_lock(&shard->lock);
    add_items(shard, stats);
    add_queues(shard, stats);
    stats->index_bytes += (uint64_t)shard->index.capacity * sizeof(firn_cache_slot);
    for (int tier = 0; tier < FIRN_TIER_COUNT; tier++) {
        stats->tier[tier].hit_count += shard->hits[tier];
        stats->tier[tier].demote_count += shard->demotions[tier];
    }
    stats->miss_count += shard->misses;
    stats->put_count += shard->puts;
    stats->remove_count += shard->removes;
    stats->promote_count += shard->promotions;
    pthread_mutex_unlock(&shard->lock);
}

static void latency_copy(firn_cache *cache, int kind, firn_cache_latency *ret_latency)
{
    for (int i = 0; i < FIRN_CACHE_LATENCY_COUNT; i++)
        ret_latency->count[i] = atomic_load(&cache->latency[kind][i]);
}

void firn_cache_stats_get(firn_cache *cache, firn_cache_stats *ret_stats)
{
    firn_cache_stats stats;
    memset(&stats, 0, sizeof stats);
    if (*cache->here != 0) {
        for (uint32_t i = 0; i < cache->shard_count; i++)
            add_shard(&cache->shards[i], &stats);
        stats.dictionary_bytes = firn_cache_dictionaries_bytes(cache);
        stats.used_bytes = firn_cache_memory_kept(&cache->memory);
        if (cache->store != NULL)
            stats.tier[FIRN_TIER_FROZEN].used_bytes = firn_cache_frozen_disk_bytes(cache);
    }
    for (int tier = 0; tier < FIRN_TIER_COUNT; tier++)
        latency_copy(cache, tier, &stats.tier[tier].get);
    for (int tier = 0; tier < 3; tier++)
        stats.tier[tier].age_ms = atomic_load(&cache->age[tier].now_ms);
    latency_copy(cache, FIRN_TIER_COUNT, &stats.put);
    stats.refused_count = atomic_load(&cache->refused);
    stats.wait_count = atomic_load(&cache->waited);
    stats.commit_count = atomic_load(&cache->commits);
    stats.used_bytes += firn_cache_memory_used(&cache->memory);
    stats.target_bytes = atomic_load(&cache->target_bytes);
    *ret_stats = stats;
}

double firn_cache_latency_ns(const firn_cache_latency *latency, double part)
{
    uint64_t all = 0;
    for (int i = 0; i < FIRN_CACHE_LATENCY_COUNT; i++)
        all += latency->count[i];
    double left = (double)all * part;
    for (int i = 0; all > 0 && i < FIRN_CACHE_LATENCY_COUNT; i++) {
        double here = (double)latency->count[i];
        if (here > 0 && (left <= here || i == FIRN_CACHE_LATENCY_COUNT - 1)) {
            double low = (double)((uint64_t)1 << i / 2) * (i % 2 != 0 ? 1.4142135623730951 : 1.0);
            double share = left < here ? left / here : 1.0;
            return low * (1.0 + 0.4142135623730951 * share);
        }
        left -= here;
    }
    return 0;
}

void firn_cache_usage(firn_cache *cache, firn_usage *ret_usage)
{
    firn_cache_stats stats;
    firn_cache_stats_get(cache, &stats);
    const firn_cache_tier_stats *tiers = stats.tier;
    uint64_t plain = tiers[FIRN_TIER_HOT].plain_bytes;
    uint64_t packed = tiers[FIRN_TIER_WARM].used_bytes + tiers[FIRN_TIER_COLD].used_bytes;
    uint64_t held = plain + packed;
    if (held > stats.used_bytes)
        held = stats.used_bytes;
    *ret_usage = (firn_usage){.live_bytes = held,
                              .overhead_bytes = stats.used_bytes - held,
                              .reserved_bytes = stats.used_bytes,
                              .resident_bytes = stats.used_bytes,
                              .compressed_bytes = packed,
                              .disk_bytes = tiers[FIRN_TIER_FROZEN].used_bytes};
}
