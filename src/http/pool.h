/* What the two rooms of the pool share: pool.c, what users call, and pool_slots.c, which slot is
 * whose. All of it is under the pool's mutex, but for a waiter's word.
 *
 * A slot is the right to one connection: free, or of an origin, and then in use or idle with its
 * connection. An origin is there while it has slots or waiters.
 *
 * Invariants:
 *   I1  a slot that is not free counts in its origin; the sum of all origins is pool->slots
 *   I2  no origin has more than origin_limit slots, and the pool no more than limit
 *   I3  an origin with waiters has no idle slot, and is at its limit, or the pool is at its own and
 *       has no idle slot at all; in the second case it is among the starved
 *   I4  idle slots stand in pool->oldest in the order in which they became idle
 *   I5  a waiter is in its origin's line until it is handed a slot or gives up */
#ifndef FIRN_HTTP_POOL_ROOMS_H
#define FIRN_HTTP_POOL_ROOMS_H

#include <firn/http_pool.h>

#include "pack/hash.h"

#include <pthread.h>
#include <stdatomic.h>

struct origin;

struct firn_http_slot {
    void *connection; /* of an idle one, or on the way to a waiter */
    struct origin *origin;
    firn_http_slot *next, *previous; /* idle: in its origin, the latest first; next: free */
    firn_http_slot *older, *newer;   /* idle: in the pool */
    uint64_t idle_since_ns;
    bool is_idle;
};

enum { WAITS, HANDED };

/* On the stack of the thread that waits. */
struct waiter {
    struct waiter *next, *previous;
    struct origin *origin;
    firn_http_slot *slot; /* handed */
    uint64_t ticket;
    atomic_uint state;
};

struct origin {
    struct origin *chain; /* in its bucket; of the spare ones */
    struct origin *starved_next, *starved_previous;
    firn_http_slot *idle;
    struct waiter *first, *last;
    uint64_t hash;
    uint32_t slots;
    uint16_t key_size;
    bool is_starved;
    uint8_t key[FIRN_HTTP_POOL_KEY_BYTES];
};

struct firn_http_pool {
    firn_http_pool_options options;
    pthread_mutex_t mutex;
    firn_hash_seed seed;
    firn_http_slot *all; /* options.limit of them */
    firn_http_slot *free;
    firn_http_slot *oldest, *newest; /* I4 */
    struct origin *starved;
    struct origin *spare;
    struct origin **buckets;
    uint32_t bucket_count; /* a power of two */
    uint64_t ticket;
    firn_http_pool_stats stats;
};

/* What a call has to do once it has let the mutex go. */
#define DOOMED_MAX 8u
struct errands {
    void *doomed[DOOMED_MAX]; /* connections to close */
    unsigned doomed_count;
    struct waiter *woken;
};

/* The origin of this name, made where there is none; NULL when there is no memory. */
struct origin *firn_http_pool_origin(firn_http_pool *pool, const void *key, size_t size);
/* Forgets it where it has neither slots nor waiters. */
void firn_http_pool_let_go(firn_http_pool *pool, struct origin *origin);
/* A slot for an origin, with its latest connection or NULL; NULL when it has to wait. */
firn_http_slot *firn_http_pool_take(firn_http_pool *pool, struct origin *origin,
                                    struct errands *errands);
/* Takes an idle slot out of its lists; its connection is the caller's. */
void firn_http_pool_unidle(firn_http_pool *pool, firn_http_slot *slot);
/* Gives a slot to whoever waited longest, or keeps it. */
void firn_http_pool_give(firn_http_pool *pool, firn_http_slot *slot, void *connection,
                         struct errands *errands);
void firn_http_pool_wait(firn_http_pool *pool, struct origin *origin, struct waiter *waiter);
void firn_http_pool_give_up(firn_http_pool *pool, struct waiter *waiter);
/* Ends what was idle for too long, as many as the errands have room for. */
void firn_http_pool_end_idle(firn_http_pool *pool, uint64_t now_ns, struct errands *errands);

#endif
