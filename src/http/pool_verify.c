/* Whether a pool agrees with itself: a walk over all slots, origins and waiters, against the
 * invariants of pool.h. Takes time in proportion to all of them, with the mutex held. */
#include "http/pool.h"

struct sums {
    uint64_t slots, idle, waiting, origins, starved;
};

static bool line_is_right(const struct origin *origin, struct sums *sums)
{
    const struct waiter *previous = NULL;
    for (const struct waiter *at = origin->first; at != NULL; at = at->next) {
        if (at->previous != previous || at->origin != origin || atomic_load(&at->state) != WAITS ||
            (previous != NULL && previous->ticket >= at->ticket))
            return false;
        previous = at;
        sums->waiting++;
    }
    return origin->last == previous;
}

static bool idle_is_right(const struct origin *origin, struct sums *sums, uint64_t *idle)
{
    const firn_http_slot *previous = NULL;
    *idle = 0;
    for (const firn_http_slot *at = origin->idle; at != NULL; at = at->next) {
        if (!at->is_idle || at->origin != origin || at->connection == NULL ||
            at->previous != previous)
            return false;
        previous = at;
        ++*idle;
    }
    sums->idle += *idle;
    return true;
}

static bool origin_is_right(const firn_http_pool *pool, const struct origin *origin,
                            struct sums *sums)
{
    uint64_t idle;
    if (!line_is_right(origin, sums) || !idle_is_right(origin, sums, &idle))
        return false;
    sums->origins++;
    sums->slots += origin->slots; /* I1 */
    if (idle > origin->slots || origin->slots > pool->options.origin_limit ||
        (origin->slots == 0 && origin->first == NULL))
        return false;
    const bool starves = origin->first != NULL && origin->slots < pool->options.origin_limit;
    if (origin->first != NULL && idle > 0)
        return false;
    if (starves && (pool->oldest != NULL || pool->stats.slots < pool->options.limit))
        return false;
    sums->starved += starves;
    return starves == origin->is_starved; /* I3 */
}

static bool order_is_right(const firn_http_pool *pool) /* I4 */
{
    uint64_t idle = 0, since = 0;
    const firn_http_slot *last = NULL;
    for (const firn_http_slot *at = pool->oldest; at != NULL; at = at->newer) {
        if (at->older != last || at->idle_since_ns < since)
            return false;
        since = at->idle_since_ns;
        last = at;
        idle++;
    }
    return pool->newest == last && idle == pool->stats.idle;
}

static bool is_right(const firn_http_pool *pool)
{
    struct sums sums = {0};
    uint64_t starved = 0, spare = 0, used = 0;
    for (uint32_t i = 0; i < pool->bucket_count; i++)
        for (const struct origin *at = pool->buckets[i]; at != NULL; at = at->chain)
            if (!origin_is_right(pool, at, &sums))
                return false;
    for (const struct origin *at = pool->starved; at != NULL; at = at->starved_next)
        starved++;
    for (const firn_http_slot *at = pool->free; at != NULL; at = at->next)
        spare++;
    for (uint32_t i = 0; i < pool->options.limit; i++)
        used += pool->all[i].origin != NULL;
    return order_is_right(pool) && starved == sums.starved && sums.slots == pool->stats.slots &&
           used == sums.slots && used + spare == pool->options.limit && /* I2 */
           sums.idle == pool->stats.idle && sums.waiting == pool->stats.waiting &&
           sums.origins == pool->stats.origins;
}

firn_status firn_http_pool_verify(firn_http_pool *pool)
{
    (void)pthread_mutex_lock(&pool->mutex);
    const bool right = is_right(pool);
    (void)pthread_mutex_unlock(&pool->mutex);
    return right ? FIRN_OK : FIRN_CORRUPT;
}
