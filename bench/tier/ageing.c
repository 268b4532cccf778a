/* Values that go quiet, and where their memory goes: a contender of bench/tier.
 *
 *     tier_ageing COUNT
 *
 * COUNT values of json.c are put, and then three hours pass on the cache's clock, in steps of half
 * a minute with a tick each. In the first hour a tenth of them is asked for, over and over, in the
 * second a hundredth, in the third nothing. Prints what each tier takes, `point TIER HOURS MB`:
 * hot, warm and cold of RAM, frozen of disk. */
#include <firn/cache.h>

#include <stdio.h>
#include <stdlib.h>

#include "support/contender.h"
#include "support/measure.h"
#include "tier/folder.h"
#include "tier/json.h"

enum { STEP_SECONDS = 30, HOURS = 3, STEPS = HOURS * 3600 / STEP_SECONDS, SHOW_EVERY = 2 };

static uint64_t now_ns = 1000000000;

static uint64_t read_clock(void *context)
{
    (void)context;
    return now_ns;
}

static void check(firn_status status, const firn_error *error)
{
    if (status == FIRN_OK)
        return;
    fprintf(stderr, "tier_ageing: %s: %s\n", firn_status_name(status), error->text);
    exit(1);
}

static void show(firn_cache *cache, unsigned step)
{
    firn_cache_stats stats;
    firn_cache_stats_get(cache, &stats);
    for (int tier = 0; tier < FIRN_TIER_COUNT; tier++)
        printf("point %s %.4f %.4f\n", firn_tier_name((firn_tier)tier),
               (double)step * STEP_SECONDS / 3600, (double)stats.tier[tier].used_bytes / 1e6);
}

int main(int argc, char **words)
{
    static char value[JSON_MAX], key[JSON_KEY_MAX];
    const uint32_t count = argc == 2 ? (uint32_t)strtoul(words[1], NULL, 10) : 0;
    firn_cache_options options = {.limit_bytes = (uint64_t)count * 1000 + (64u << 20),
                                  .no_thread = true,
                                  .ignore_pressure = true,
                                  .no_repack = true,
                                  .clock_ns = read_clock};
    firn_cache *cache;
    firn_error error;
    size_t size;
    if (count == 0)
        return CONTENDER_ABSENT;
    options.store = folder_make();
    check(firn_cache_open(&options, &cache, &error), &error);
    for (uint32_t i = 0; i < count; i++) {
        size = json_value(i, value);
        check(firn_cache_put(cache, (firn_bytes){key, json_key(i, key)}, (firn_bytes){value, size},
                             &error),
              &error);
    }
    for (unsigned step = 0; step <= STEPS; step++) {
        const uint32_t wanted = step < STEPS / 3       ? count / 10
                                : step < STEPS * 2 / 3 ? count / 100
                                                       : 0;
        for (uint32_t i = 0; i < wanted; i++)
            check(firn_cache_get(cache, (firn_bytes){key, json_key(i, key)}, value, sizeof value,
                                 &size, &error),
                  &error);
        check(firn_cache_tick(cache, &error), &error);
        if (step % SHOW_EVERY == 0)
            show(cache, step);
        now_ns += (uint64_t)STEP_SECONDS * 1000000000;
    }
    firn_cache_close(cache);
    printf("values %u\n", count);
    return 0;
}
