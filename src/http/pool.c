/* The pool of connections: what users call. Each call takes the mutex for a few steps and does what
 * takes long (closing, asking whether a connection lives, waking) without it. A waiter sleeps on a
 * word of its own, so that one is woken for each slot that is given back, and takes no mutex then:
 * the slot is its own already. Calls pool_slots.c, whose header lists the invariants. */
#include "http/pool.h"

#include "core/entropy.h"
#include "core/os_word.h"

#include <firn/system.h>

#include <assert.h>
#include <string.h>

#define ORIGIN_LIMIT 8u
#define LIMIT 256u
#define LIMIT_MAX 65536u
#define IDLE_MS 60000u

/* --- making one --- */

static bool read_options(const firn_http_pool_options *options, firn_http_pool_options *chosen)
{
    *chosen = *options;
    for (size_t i = 0; i < sizeof options->reserved / sizeof options->reserved[0]; i++)
        if (options->reserved[i] != 0)
            return false;
    chosen->limit = chosen->limit > 0 ? chosen->limit : LIMIT;
    chosen->origin_limit = chosen->origin_limit > 0 ? chosen->origin_limit : ORIGIN_LIMIT;
    chosen->idle_ms = chosen->idle_ms > 0 ? chosen->idle_ms : IDLE_MS;
    return chosen->close != NULL && chosen->limit <= LIMIT_MAX;
}

static void release_all(firn_http_pool *pool)
{
    const firn_allocator *allocator = pool->options.allocator;
    while (pool->spare != NULL) {
        struct origin *origin = pool->spare;
        pool->spare = origin->chain;
        firn_release(allocator, origin, sizeof *origin);
    }
    if (pool->buckets != NULL)
        firn_release(allocator, pool->buckets, pool->bucket_count * sizeof(struct origin *));
    if (pool->all != NULL)
        firn_release(allocator, pool->all, pool->options.limit * sizeof *pool->all);
    firn_release(allocator, pool, sizeof *pool);
}

firn_status firn_http_pool_create(const firn_http_pool_options *options, firn_http_pool **ret_pool)
{
    firn_http_pool_options chosen;
    if (!read_options(options, &chosen))
        return FIRN_INVALID;
    firn_http_pool *pool = firn_allocate_zeroed(chosen.allocator, 1, sizeof *pool);
    if (pool == NULL)
        return FIRN_NO_MEMORY;
    pool->options = chosen;
    pool->bucket_count = 16;
    while (pool->bucket_count < chosen.limit)
        pool->bucket_count *= 2;
    pool->all = firn_allocate_zeroed(chosen.allocator, chosen.limit, sizeof *pool->all);
    pool->buckets =
        firn_allocate_zeroed(chosen.allocator, pool->bucket_count, sizeof(struct origin *));
    if (pool->all == NULL || pool->buckets == NULL || pthread_mutex_init(&pool->mutex, NULL) != 0) {
        release_all(pool);
        return FIRN_NO_MEMORY;
    }
    for (uint32_t i = chosen.limit; i-- > 0;) {
        pool->all[i].next = pool->free;
        pool->free = &pool->all[i];
    }
    pool->seed = (firn_hash_seed){firn_entropy(), firn_entropy()};
    pool->stats.memory_bytes = sizeof *pool + chosen.limit * sizeof *pool->all +
                               pool->bucket_count * sizeof(struct origin *);
    *ret_pool = pool;
    return FIRN_OK;
}

void firn_http_pool_destroy(firn_http_pool *pool)
{
    if (pool == NULL)
        return;
    struct errands none = {0};
    while (pool->oldest != NULL) {
        firn_http_slot *slot = pool->oldest;
        void *connection = slot->connection;
        firn_http_pool_unidle(pool, slot);
        firn_http_pool_give(pool, slot, NULL, &none);
        pool->options.close(pool->options.context, connection);
    }
    assert(pool->stats.slots == 0 && pool->stats.waiting == 0);
    (void)pthread_mutex_destroy(&pool->mutex);
    release_all(pool);
}

/* --- using it --- */

static void let_mutex_go(firn_http_pool *pool, const struct errands *errands)
{
    (void)pthread_mutex_unlock(&pool->mutex);
    if (errands->woken != NULL) /* named, not touched: it may be gone; see os_word.h */
        firn_os_word_wake(&errands->woken->state);
    for (unsigned i = 0; i < errands->doomed_count; i++)
        pool->options.close(pool->options.context, errands->doomed[i]);
}

/* Sleeps until the waiter is handed a slot; NULL when its time is over. */
static firn_http_slot *sleep_in_line(firn_http_pool *pool, struct waiter *waiter,
                                     uint64_t deadline_ns)
{
    int error = 0;
    while (error == 0 && atomic_load_explicit(&waiter->state, memory_order_acquire) == WAITS)
        error = firn_os_word_wait(&waiter->state, WAITS, deadline_ns);
    if (error == 0)
        return waiter->slot;
    (void)pthread_mutex_lock(&pool->mutex);
    const bool handed = atomic_load_explicit(&waiter->state, memory_order_acquire) == HANDED;
    if (!handed) {
        firn_http_pool_give_up(pool, waiter); /* I5 */
        pool->stats.timeout_count++;
    }
    (void)pthread_mutex_unlock(&pool->mutex);
    return handed ? waiter->slot : NULL;
}

/* Asks whether the connection of a slot lives, and where it does not, takes the next idle one of
 * its origin, or none. */
static void *living(firn_http_pool *pool, firn_http_slot **slot)
{
    const firn_http_pool_options *options = &pool->options;
    void *connection = (*slot)->connection;
    if (options->is_alive == NULL)
        return connection;
    while (connection != NULL && !options->is_alive(options->context, connection)) {
        struct errands errands = {.doomed = {connection}, .doomed_count = 1};
        (void)pthread_mutex_lock(&pool->mutex);
        pool->stats.dead_count++;
        firn_http_slot *other = (*slot)->origin->idle;
        if (other != NULL) {
            firn_http_pool_unidle(pool, other);
            firn_http_pool_give(pool, *slot, NULL, &errands);
            *slot = other;
            connection = other->connection;
        } else {
            connection = NULL;
            pool->stats.kept_count--;
        }
        let_mutex_go(pool, &errands);
    }
    return connection;
}

static void turn_away(firn_http_pool *pool, struct origin *origin)
{
    pool->stats.timeout_count++;
    firn_http_pool_let_go(pool, origin);
}

firn_status firn_http_pool_get(firn_http_pool *pool, const void *key, size_t key_size,
                               uint64_t deadline_ns, firn_http_slot **ret_slot,
                               void **ret_connection)
{
    struct errands errands = {0};
    struct waiter waiter;
    if (key_size == 0 || key_size > FIRN_HTTP_POOL_KEY_BYTES)
        return FIRN_INVALID;
    (void)pthread_mutex_lock(&pool->mutex);
    if (pool->oldest != NULL)
        firn_http_pool_end_idle(pool, firn_clock_ns(), &errands);
    struct origin *origin = firn_http_pool_origin(pool, key, key_size);
    firn_http_slot *slot = origin != NULL ? firn_http_pool_take(pool, origin, &errands) : NULL;
    const bool waits = origin != NULL && slot == NULL && deadline_ns > 0;
    if (waits)
        firn_http_pool_wait(pool, origin, &waiter);
    else if (origin != NULL && slot == NULL)
        turn_away(pool, origin);
    const bool idled = slot != NULL && slot->connection != NULL;
    pool->stats.get_count += slot != NULL;
    pool->stats.kept_count += idled;
    let_mutex_go(pool, &errands);
    if (origin == NULL)
        return FIRN_NO_MEMORY;
    if (waits)
        slot = sleep_in_line(pool, &waiter, deadline_ns);
    if (slot == NULL)
        return FIRN_TIMEOUT;
    *ret_connection = idled ? living(pool, &slot) : slot->connection;
    *ret_slot = slot;
    return FIRN_OK;
}

void firn_http_pool_put(firn_http_pool *pool, firn_http_slot *slot, void *connection)
{
    struct errands errands = {0};
    (void)pthread_mutex_lock(&pool->mutex);
    firn_http_pool_give(pool, slot, connection, &errands);
    if (pool->oldest != NULL)
        firn_http_pool_end_idle(pool, firn_clock_ns(), &errands);
    let_mutex_go(pool, &errands);
}

void firn_http_pool_expire(firn_http_pool *pool)
{
    bool more = true;
    while (more) {
        struct errands errands = {0};
        (void)pthread_mutex_lock(&pool->mutex);
        firn_http_pool_end_idle(pool, firn_clock_ns(), &errands);
        more = errands.doomed_count == DOOMED_MAX - 1;
        let_mutex_go(pool, &errands);
    }
}

/* --- looking at it --- */

void firn_http_pool_stats_get(firn_http_pool *pool, firn_http_pool_stats *ret_stats)
{
    (void)pthread_mutex_lock(&pool->mutex);
    *ret_stats = pool->stats;
    (void)pthread_mutex_unlock(&pool->mutex);
}
