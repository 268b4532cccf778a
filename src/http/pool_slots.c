/* Which slot is whose: origins, idle slots, and the lines of those who wait. Called by pool.c under
 * the pool's mutex; what must be done without it (closing, waking) is noted as an errand. All
 * but end_idle take constant time, and one step for each origin that waits for the limit of all. */
#include "http/pool.h"

#include <firn/system.h>

#include <string.h>

/* --- origins --- */

struct origin *firn_http_pool_origin(firn_http_pool *pool, const void *key, size_t size)
{
    const uint64_t hash = firn_hash_bytes(pool->seed, key, size);
    struct origin **bucket = &pool->buckets[hash & (pool->bucket_count - 1)];
    struct origin *origin = *bucket;
    for (; origin != NULL; origin = origin->chain)
        if (origin->hash == hash && origin->key_size == size && memcmp(origin->key, key, size) == 0)
            return origin;
    origin = pool->spare;
    if (origin != NULL) {
        pool->spare = origin->chain;
    } else {
        origin = firn_allocate(pool->options.allocator, sizeof *origin);
        if (origin == NULL)
            return NULL;
        pool->stats.memory_bytes += sizeof *origin;
    }
    memset(origin, 0, offsetof(struct origin, key));
    memcpy(origin->key, key, size);
    origin->key_size = (uint16_t)size;
    origin->hash = hash;
    origin->chain = *bucket;
    *bucket = origin;
    pool->stats.origins++;
    return origin;
}

void firn_http_pool_let_go(firn_http_pool *pool, struct origin *origin)
{
    if (origin->slots > 0 || origin->first != NULL)
        return;
    struct origin **at = &pool->buckets[origin->hash & (pool->bucket_count - 1)];
    while (*at != origin)
        at = &(*at)->chain;
    *at = origin->chain;
    origin->chain = pool->spare;
    pool->spare = origin;
    pool->stats.origins--;
}

/* Puts an origin among the starved or takes it from them, after its slots or waiters changed. */
static void settle(firn_http_pool *pool, struct origin *origin)
{
    const bool starves = origin->first != NULL && origin->slots < pool->options.origin_limit;
    if (starves == origin->is_starved)
        return;
    origin->is_starved = starves;
    if (starves) {
        origin->starved_previous = NULL;
        origin->starved_next = pool->starved;
        if (pool->starved != NULL)
            pool->starved->starved_previous = origin;
        pool->starved = origin;
        return;
    }
    *(origin->starved_previous != NULL ? &origin->starved_previous->starved_next : &pool->starved) =
        origin->starved_next;
    if (origin->starved_next != NULL)
        origin->starved_next->starved_previous = origin->starved_previous;
}

/* --- waiters --- */

void firn_http_pool_wait(firn_http_pool *pool, struct origin *origin, struct waiter *waiter)
{
    *waiter = (struct waiter){
        .origin = origin, .previous = origin->last, .ticket = pool->ticket++, .state = WAITS};
    *(origin->last != NULL ? &origin->last->next : &origin->first) = waiter;
    origin->last = waiter;
    pool->stats.waiting++;
    settle(pool, origin);
}

static void leave_line(firn_http_pool *pool, struct waiter *waiter)
{
    struct origin *origin = waiter->origin;
    *(waiter->previous != NULL ? &waiter->previous->next : &origin->first) = waiter->next;
    *(waiter->next != NULL ? &waiter->next->previous : &origin->last) = waiter->previous;
    pool->stats.waiting--;
}

void firn_http_pool_give_up(firn_http_pool *pool, struct waiter *waiter)
{
    leave_line(pool, waiter);
    settle(pool, waiter->origin);
    firn_http_pool_let_go(pool, waiter->origin);
}

/* Whom a slot of this origin is for: of those that it can serve, who has waited longest. */
static struct waiter *next_in_line(const firn_http_pool *pool, const struct origin *origin)
{
    struct waiter *oldest = origin->first;
    for (const struct origin *at = pool->starved; at != NULL; at = at->starved_next)
        if (oldest == NULL || at->first->ticket < oldest->ticket)
            oldest = at->first;
    return oldest;
}

/* --- slots --- */

static void move_slot(firn_http_pool *pool, firn_http_slot *slot, struct origin *origin)
{
    struct origin *former = slot->origin;
    if (former == origin)
        return;
    slot->origin = origin;
    former->slots--;
    origin->slots++;
    settle(pool, former);
    firn_http_pool_let_go(pool, former);
}

void firn_http_pool_unidle(firn_http_pool *pool, firn_http_slot *slot)
{
    *(slot->previous != NULL ? &slot->previous->next : &slot->origin->idle) = slot->next;
    if (slot->next != NULL)
        slot->next->previous = slot->previous;
    *(slot->older != NULL ? &slot->older->newer : &pool->oldest) = slot->newer;
    *(slot->newer != NULL ? &slot->newer->older : &pool->newest) = slot->older;
    slot->is_idle = false;
    pool->stats.idle--;
}

static void keep_idle(firn_http_pool *pool, firn_http_slot *slot, void *connection)
{
    struct origin *origin = slot->origin;
    slot->connection = connection;
    slot->idle_since_ns = firn_clock_ns();
    slot->is_idle = true;
    slot->previous = NULL;
    slot->next = origin->idle;
    if (origin->idle != NULL)
        origin->idle->previous = slot;
    origin->idle = slot;
    slot->newer = NULL;
    slot->older = pool->newest;
    *(pool->newest != NULL ? &pool->newest->newer : &pool->oldest) = slot;
    pool->newest = slot;
    pool->stats.idle++;
}

/* With no waiters that it could serve. */
static void free_slot(firn_http_pool *pool, firn_http_slot *slot)
{
    struct origin *origin = slot->origin;
    slot->origin = NULL;
    slot->connection = NULL;
    slot->next = pool->free;
    pool->free = slot;
    pool->stats.slots--;
    origin->slots--;
    firn_http_pool_let_go(pool, origin);
}

firn_http_slot *firn_http_pool_take(firn_http_pool *pool, struct origin *origin,
                                    struct errands *errands)
{
    firn_http_slot *slot = origin->idle;
    if (slot != NULL) {
        firn_http_pool_unidle(pool, slot);
        return slot;
    }
    if (origin->slots >= pool->options.origin_limit)
        return NULL;
    slot = pool->free;
    if (slot != NULL) {
        pool->free = slot->next;
        pool->stats.slots++;
        origin->slots++;
        slot->origin = origin;
    } else if (pool->oldest != NULL) {
        slot = pool->oldest;
        firn_http_pool_unidle(pool, slot);
        errands->doomed[errands->doomed_count++] = slot->connection;
        pool->stats.evicted_count++;
        move_slot(pool, slot, origin);
    } else {
        return NULL;
    }
    slot->connection = NULL;
    return slot;
}

void firn_http_pool_give(firn_http_pool *pool, firn_http_slot *slot, void *connection,
                         struct errands *errands)
{
    struct waiter *waiter = next_in_line(pool, slot->origin);
    if (waiter == NULL) {
        if (connection != NULL)
            keep_idle(pool, slot, connection);
        else
            free_slot(pool, slot);
        return;
    }
    if (waiter->origin != slot->origin && connection != NULL) {
        errands->doomed[errands->doomed_count++] = connection;
        pool->stats.evicted_count++;
        connection = NULL;
    }
    slot->connection = connection;
    leave_line(pool, waiter);
    move_slot(pool, slot, waiter->origin);
    settle(pool, waiter->origin);
    pool->stats.get_count++;
    pool->stats.waited_count++;
    pool->stats.kept_count += connection != NULL;
    waiter->slot = slot;
    atomic_store_explicit(&waiter->state, HANDED, memory_order_release); /* and it may be gone */
    errands->woken = waiter;
}

void firn_http_pool_end_idle(firn_http_pool *pool, uint64_t now_ns, struct errands *errands)
{
    const uint64_t idle_ns = pool->options.idle_ms * (uint64_t)1000000;
    /* One place is left for what the call itself closes. */
    while (pool->oldest != NULL && errands->doomed_count < DOOMED_MAX - 1 &&
           now_ns - pool->oldest->idle_since_ns >= idle_ns) {
        firn_http_slot *slot = pool->oldest;
        firn_http_pool_unidle(pool, slot);
        errands->doomed[errands->doomed_count++] = slot->connection;
        pool->stats.expired_count++;
        free_slot(pool, slot); /* I3: where there are idle slots, nobody waits for the limit */
    }
}
