/* Values in a cache, once for each budget. Its files lie in a folder that goes at the end. */
#include "tune/strategy.h"

#include "common/readable.h"

#include <firn/firn.h>

#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define VALUE_MAX (1u << 20)

static char value[VALUE_MAX + 128], found[VALUE_MAX];

/* Values are the same for the same number. json: some two thirds of it repeat in others. */
static size_t make_value(const struct scenario *scenario, uint64_t number)
{
    uint64_t random = (number + 1) * UINT64_C(11400714819323198485) | 1;
    const size_t size = scenario_size(scenario, &random);
    for (size_t at = 0; at < size;) {
        const unsigned long long word = scenario_below(&random, UINT64_C(1) << 53);
        if (scenario->content == CONTENT_RANDOM) {
            memcpy(value + at, &word, 6);
            at += 6;
        } else {
            at += (size_t)snprintf(
                value + at, 128, "{\"order\":%llu,\"state\":\"%s\",\"amount\":%llu}", word % 100000,
                word % 3 == 0 ? "shipped" : "waiting for payment", word % 977);
        }
    }
    return size;
}

static firn_bytes make_key(uint64_t number, char text[24])
{
    return (firn_bytes){text, (size_t)snprintf(text, 24, "key:%llu", (unsigned long long)number)};
}

static int remove_entry(const char *path, const struct stat *info, int kind, struct FTW *place)
{
    (void)info;
    (void)kind;
    (void)place;
    return remove(path);
}

static bool run(const struct scenario *scenario, firn_cache *cache, struct strategy_result *ret)
{
    char text[24];
    uint64_t random = 88172645463325252u, hits = 0;
    size_t size;
    firn_cache_stats stats;
    for (uint64_t i = 0; i < scenario->count; i++) {
        const firn_bytes put = {value, make_value(scenario, i)};
        if (firn_cache_put(cache, make_key(i, text), put, NULL) != FIRN_OK)
            return false;
    }
    for (uint64_t i = 0; i < scenario->gets; i++)
        if (firn_cache_get(cache, make_key(scenario_pick(scenario, &random, scenario->count), text),
                           found, sizeof found, &size, NULL) != FIRN_OK)
            return false;
    firn_cache_stats_get(cache, &stats);
    for (int tier = 0; tier < FIRN_TIER_COUNT; tier++)
        hits += stats.tier[tier].hit_count;
    ret->from_hot = hits > 0 ? (double)stats.tier[FIRN_TIER_HOT].hit_count / (double)hits : 0;
    ret->operations = scenario->count + scenario->gets;
    return true;
}

static bool work_cache(const struct scenario *scenario, uint64_t budget,
                       struct strategy_result *ret)
{
    const char *base = getenv("TMPDIR");
    char folder[256];
    firn_cache *cache;
    snprintf(folder, sizeof folder, "%.200s/firn-tune-XXXXXX", base != NULL ? base : "/var/tmp");
    if (mkdtemp(folder) == NULL)
        return false;
    const firn_cache_options options = {.limit_bytes = budget,
                                        .store = folder,
                                        .no_thread = true,
                                        .ignore_pressure = true,
                                        .no_repack = true};
    bool good = firn_cache_open(&options, &cache, NULL) == FIRN_OK;
    if (good) {
        good = run(scenario, cache, ret);
        firn_cache_close(cache);
    }
    nftw(folder, remove_entry, 16, FTW_DEPTH | FTW_PHYS);
    return good;
}

unsigned strategies_of_cache(const struct scenario *scenario, struct strategy *strategies)
{
    for (unsigned i = 0; i < scenario->budget_count; i++) {
        char budget[READABLE_BYTES];
        struct strategy *strategy = &strategies[i];
        *strategy = (struct strategy){.work = work_cache, .parameter = scenario->budgets[i]};
        snprintf(strategy->name, sizeof strategy->name, "cache of %s",
                 readable_bytes(scenario->budgets[i], budget));
        snprintf(strategy->how, sizeof strategy->how,
                 "firn_cache_options: .limit_bytes = %llu (firn/cache.h)",
                 (unsigned long long)scenario->budgets[i]);
    }
    return scenario->budget_count;
}
