/* bench/tier: firn_cache. A state is a tier: all values are let age until they lie there, by a
 * clock that is this program's own then. */
#include <firn/cache.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "tier/store.h"

enum {
    TICKS_MAX = 4000,
    WAIT_TICKS = 33,
    PATIENCE_MS = 60000 /* other programs may have the processors for longer than the usual 10 s */
};

static const uint64_t room_bytes = (uint64_t)4 << 30, second_ns = 1000000000;

static firn_cache *cache;
static firn_tier wanted;
static bool is_aged; /* by this program's clock */
static uint64_t now_ns = 1000000000;
static uint64_t disk_gets;

static void must(firn_status status, const firn_error *error)
{
    if (status == FIRN_OK)
        return;
    fprintf(stderr, "firn: %s: %s\n", firn_status_name(status), error->text);
    exit(1);
}

static uint64_t own_clock(void *context)
{
    (void)context;
    return now_ns;
}

void store_open(const struct store_options *options)
{
    firn_error error;
    firn_cache_options open = {
        .limit_bytes = options->limit_bytes, .ignore_pressure = true, .wait_ms = PATIENCE_MS};
    is_aged = options->state != NULL;
    if (is_aged) {
        for (wanted = FIRN_TIER_HOT; strcmp(options->state, firn_tier_name(wanted)) != 0;)
            if (++wanted == FIRN_TIER_COUNT)
                exit(2);
        open.limit_bytes = room_bytes;
        open.no_thread = true;
        open.clock_ns = own_clock;
    }
    if (!is_aged || wanted == FIRN_TIER_FROZEN)
        open.store = options->folder;
    must(firn_cache_open(&open, &cache, &error), &error);
}

void store_close(void)
{
    firn_cache_close(cache);
}

pid_t store_process(void)
{
    return getpid();
}

bool store_put(const char *key, size_t key_size, const char *value, size_t size)
{
    firn_error error;
    firn_status status =
        firn_cache_put(cache, (firn_bytes){key, key_size}, (firn_bytes){value, size}, &error);
    if (status != FIRN_LIMIT)
        must(status, &error);
    return status == FIRN_OK;
}

static void tick(uint64_t seconds)
{
    firn_error error;
    now_ns += seconds * second_ns;
    must(firn_cache_tick(cache, &error), &error);
}

/* Lets a tier's age pass, and then time until all have left it. What comes last to a tier waits up
 * to 10 s for others to be packed with, and one of two keys with alike hashes for another group;
 * that time passes too, or they would have to age for another hour by themselves. */
static void age(firn_tier tier)
{
    static const uint32_t age_seconds[] = {31, 301, 3601};
    firn_cache_stats stats;
    for (unsigned ticks = 0;; ticks++) {
        firn_cache_stats_get(cache, &stats);
        if (stats.tier[tier].item_count == 0)
            break;
        if (ticks == TICKS_MAX) {
            fprintf(stderr, "firn: %llu items stay %s\n",
                    (unsigned long long)stats.tier[tier].item_count, firn_tier_name(tier));
            exit(1);
        }
        tick(ticks == 0 ? age_seconds[tier] : 1);
    }
    for (unsigned ticks = 0; tier < FIRN_TIER_COLD && ticks < WAIT_TICKS; ticks++)
        tick(1);
}

/* Lets time pass until all lie in the tier that is wanted; without one, makes all durable. */
void store_settle(void)
{
    firn_error error;
    if (!is_aged)
        must(firn_cache_flush(cache, &error), &error);
    for (unsigned tier = 0; is_aged && tier < (unsigned)wanted; tier++)
        age((firn_tier)tier);
}

ptrdiff_t store_get(const char *key, size_t key_size, char *out, size_t capacity)
{
    size_t size;
    firn_error error;
    firn_status status =
        firn_cache_get(cache, (firn_bytes){key, key_size}, out, capacity, &size, &error);
    if (status == FIRN_NOT_FOUND)
        return -1;
    must(status, &error);
    return (ptrdiff_t)size;
}

bool store_round_trip(void)
{
    return false;
}

int64_t store_disk_gets(void)
{
    firn_cache_stats stats;
    firn_cache_stats_get(cache, &stats);
    uint64_t before = disk_gets;
    disk_gets = stats.tier[FIRN_TIER_FROZEN].hit_count;
    return (int64_t)(disk_gets - before);
}
