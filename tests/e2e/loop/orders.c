/* Orders in a cache, half of whose gets go to an eighth of them, each with WORK_NS of other work:
 * CACHE says its options. */
#include "measured.h"

#include <firn/cache.h>

static char value[1024], found[1024];

static size_t make_order(uint64_t number)
{
    uint64_t random = (number + 1) * 11400714819323198485u | 1;
    const size_t size = 300 + measured_random(&random) % 401;
    for (size_t at = 0; at < size;) {
        const unsigned long long word = measured_random(&random) >> 11;
        at += (size_t)snprintf(value + at, 128, "{\"order\":%llu,\"state\":\"%s\",\"amount\":%llu}",
                               word % 100000, word % 3 == 0 ? "shipped" : "waiting for payment",
                               word % 977);
    }
    return size;
}

static double work(void)
{
    const double end = measured_seconds() + WORK_NS / 1e9;
    double sum = 0;
    while (measured_seconds() < end)
        for (int i = 1; i < 100; i++)
            sum += 1.0 / i;
    return sum;
}

int main(int count, char **words)
{
    const firn_cache_options options = {.store = count > 1 ? words[1] : NULL,
                                        .no_thread = true,
                                        .ignore_pressure = true,
                                        .no_repack = true,
                                        CACHE};
    firn_cache *cache;
    char key[24];
    size_t size;
    uint64_t random = 88172645463325252u;
    measured_begin();
    if (firn_cache_open(&options, &cache, NULL) != FIRN_OK)
        return 1;
    for (uint64_t i = 0; i < ORDERS; i++) {
        const firn_bytes name = {key, (size_t)snprintf(key, sizeof key, "order:%u", (unsigned)i)};
        if (firn_cache_put(cache, name, (firn_bytes){value, make_order(i)}, NULL) != FIRN_OK)
            return 1;
    }
    for (uint64_t i = 0; i < GETS; i++) {
        const double at = (double)(measured_random(&random) >> 11) / 9007199254740992.0;
        const firn_bytes name = {
            key, (size_t)snprintf(key, sizeof key, "order:%u", (unsigned)(at * at * at * ORDERS))};
        if (firn_cache_get(cache, name, found, sizeof found, &size, NULL) != FIRN_OK || work() < 0)
            return 1;
    }
    measured_end();
    firn_cache_close(cache);
    return 0;
}
