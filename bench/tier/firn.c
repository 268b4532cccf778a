/* bench/tier: firn_cache. A state is a tier: all values are let age until they lie there, by a
 * clock that is this program's own then. */
#include <firn/cache.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "tier/store.h"

enum { TICKS_MAX = 4000 };

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
    firn_cache_options open = {.limit_bytes = options->limit_bytes, .ignore_pressure = true};
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

/* Lets time pass until all lie in the tier that is wanted; without one, makes all durable. */
void store_settle(void)
{
    static const uint32_t age_seconds[] = {31, 301, 3601};
    firn_error error;
    firn_cache_stats stats;
    if (!is_aged)
        must(firn_cache_flush(cache, &error), &error);
    for (unsigned tier = 0; is_aged && tier < (unsigned)wanted; tier++) {
        for (unsigned tick = 0;; tick++) {
            firn_cache_stats_get(cache, &stats);
            if (stats.tier[tier].item_count == 0)
                break;
            if (tick == TICKS_MAX) {
                fprintf(stderr, "firn: %llu items stay %s\n",
                        (unsigned long long)stats.tier[tier].item_count,
                        firn_tier_name((firn_tier)tier));
                exit(1);
            }
            now_ns += tick == 0 ? age_seconds[tier] * second_ns : second_ns;
            must(firn_cache_tick(cache, &error), &error);
        }
    }
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
