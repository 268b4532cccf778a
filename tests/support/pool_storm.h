/* Many threads on few connections of a pool: random deadlines, holds and closes, until so many
 * slots were handed to waiters. A connection that two use at once, one too many, a waiter that is
 * never woken, or one that comes late though its time was over, ends the process with a line.
 * Header-only. */
#ifndef FIRN_TESTS_POOL_STORM_H
#define FIRN_TESTS_POOL_STORM_H

#include "support/random.h"

#include <firn/http_pool.h>
#include <firn/system.h>

#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <unistd.h>

#define STORM_ORIGIN_LIMIT 8u
#define STORM_LIMIT 12u
#define STORM_THREADS_MAX 64u

struct storm_connection {
    atomic_int users;
    unsigned origin;
    unsigned uses; /* not atomic: whoever has the connection has it alone */
};

struct storm {
    firn_http_pool *pool;
    unsigned thread_count, origin_count;
    uint64_t handed_target;
    uint64_t seed;
    atomic_uint next_thread;
    atomic_bool stops;
    atomic_uint open;
    atomic_ulong uses, timeouts, closes;
};

static inline void storm_breach(const char *what)
{
    fprintf(stderr, "pool storm: %s\n", what);
    abort();
}

static inline void storm_close(void *context, void *connection)
{
    struct storm *storm = context;
    struct storm_connection *own = connection;
    if (atomic_fetch_add(&own->users, 1) != 0)
        storm_breach("a connection in use is closed");
    atomic_fetch_sub(&storm->open, 1);
    free(own);
}

/* Now and then a kept one turns out to be dead. */
static inline bool storm_is_alive(void *context, void *connection)
{
    (void)context;
    return ((struct storm_connection *)connection)->uses % 97 != 96;
}

static inline uint64_t storm_deadline(rng *random)
{
    switch (rng_below(random, 8)) {
    case 0:
        return 0;
    case 1:
        return firn_clock_ns() + rng_below(random, 50000);
    case 2:
        return firn_clock_ns() + rng_below(random, 2000000);
    default:
        return UINT64_MAX;
    }
}

static inline void storm_use(struct storm *storm, rng *random, firn_http_slot *slot,
                             struct storm_connection *own, unsigned origin)
{
    if (own == NULL) {
        own = calloc(1, sizeof *own);
        if (own == NULL)
            storm_breach("out of memory");
        own->origin = origin;
        if (atomic_fetch_add(&storm->open, 1) + 1 > STORM_LIMIT + STORM_THREADS_MAX)
            storm_breach("more connections than the limit allows");
    }
    if (atomic_fetch_add(&own->users, 1) != 0)
        storm_breach("two use a connection at once");
    if (own->origin != origin)
        storm_breach("a connection to another origin");
    own->uses++;
    if (rng_below(random, 4) == 0)
        sched_yield();
    atomic_fetch_add_explicit(&storm->uses, 1, memory_order_relaxed);
    atomic_fetch_sub(&own->users, 1);
    if (rng_below(random, 64) == 0) {
        atomic_fetch_add_explicit(&storm->closes, 1, memory_order_relaxed);
        storm_close(storm, own);
        own = NULL;
    }
    firn_http_pool_put(storm->pool, slot, own);
}

static inline void *storm_thread(void *context)
{
    struct storm *storm = context;
    rng random;
    rng_seed(&random, storm->seed + atomic_fetch_add(&storm->next_thread, 1));
    while (!atomic_load_explicit(&storm->stops, memory_order_relaxed)) {
        const unsigned origin =
            rng_below(&random, 8) == 0 ? (unsigned)rng_below(&random, storm->origin_count) : 0;
        const char key[] = {(char)('a' + origin), 'x'};
        firn_http_slot *slot;
        void *connection;
        const uint64_t deadline = storm_deadline(&random);
        firn_status status =
            firn_http_pool_get(storm->pool, key, sizeof key, deadline, &slot, &connection);
        if (status == FIRN_OK)
            storm_use(storm, &random, slot, connection, origin);
        else if (status == FIRN_TIMEOUT && deadline != UINT64_MAX)
            atomic_fetch_add_explicit(&storm->timeouts, 1, memory_order_relaxed);
        else
            storm_breach("a get fails that must not");
    }
    return NULL;
}

/* Looks after it from the outside: it must go on. */
static inline void storm_watch(struct storm *storm)
{
    uint64_t last = 0, still = 0, round = 0;
    firn_http_pool_stats stats;
    for (;; round++) {
        usleep(10000);
        firn_http_pool_stats_get(storm->pool, &stats);
        if (stats.waited_count >= storm->handed_target)
            break;
        if (round % 16 == 0 && firn_http_pool_verify(storm->pool) != FIRN_OK)
            storm_breach("the pool contradicts itself");
        still = stats.waited_count == last ? still + 1 : 0;
        last = stats.waited_count;
        if (still > 6000)
            storm_breach("nothing is handed on any more: a wake-up is lost");
    }
    atomic_store(&storm->stops, true);
}

static inline firn_http_pool_stats storm_run(uint64_t seed, unsigned threads, uint64_t handed)
{
    static struct storm storm;
    pthread_t ids[STORM_THREADS_MAX];
    firn_http_pool_stats stats;
    storm = (struct storm){
        .thread_count = threads, .origin_count = 5, .handed_target = handed, .seed = seed};
    const firn_http_pool_options options = {.origin_limit = STORM_ORIGIN_LIMIT,
                                            .limit = STORM_LIMIT,
                                            .idle_ms = 1,
                                            .close = storm_close,
                                            .is_alive = storm_is_alive,
                                            .context = &storm};
    if (firn_http_pool_create(&options, &storm.pool) != FIRN_OK)
        storm_breach("out of memory");
    const uint64_t begin = firn_clock_ns();
    for (unsigned i = 0; i < threads; i++)
        if (pthread_create(&ids[i], NULL, storm_thread, &storm) != 0)
            storm_breach("no thread can be started");
    storm_watch(&storm);
    for (unsigned i = 0; i < threads; i++) /* each of them must come to its end */
        pthread_join(ids[i], NULL);
    const double seconds = (double)(firn_clock_ns() - begin) / 1e9;
    firn_http_pool_stats_get(storm.pool, &stats);
    if (firn_http_pool_verify(storm.pool) != FIRN_OK)
        storm_breach("the pool contradicts itself at the end");
    if (stats.waiting != 0 || stats.slots != stats.idle)
        storm_breach("a slot or a waiter is left");
    if (atomic_load(&storm.uses) != stats.get_count ||
        atomic_load(&storm.timeouts) != stats.timeout_count)
        storm_breach("what was got is not what was given");
    firn_http_pool_destroy(storm.pool);
    if (atomic_load(&storm.open) != 0)
        storm_breach("a connection is left open");
    printf("%llu handed on, %llu got, %lu given up, %lu closed, %.1f s\n",
           (unsigned long long)stats.waited_count, (unsigned long long)stats.get_count,
           atomic_load(&storm.timeouts), atomic_load(&storm.closes), seconds);
    return stats;
}

#endif
