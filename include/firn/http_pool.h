/* A pool of connections, or of whatever else is dear to make and serves one user at a time: so many
 * for each origin and in all. A freed one is handed to the waiter who has waited longest, who is
 * woken and need not ask again; so none waits much longer than another, and no wake-up is lost.
 *
 *     firn_http_slot *slot;
 *     void *connection;
 *     status = firn_http_pool_get(pool, "http://a:80", 11, deadline_ns, &slot, &connection);
 *     if (status == FIRN_OK && connection == NULL)
 *         connection = connect_somehow();             the slot is the right to have one more
 *     ...
 *     firn_http_pool_put(pool, slot, connection);     or NULL when it is closed
 *
 * The pool knows nothing of what the connections are but how to close them. In the steady state it
 * allocates nothing; a get and a put take one short lock each.
 *
 * Threads: a pool is shared by as many as like; create and destroy are one thread's. The callbacks
 * are called by whoever calls the pool, without its lock, for several connections at a time. */
#ifndef FIRN_HTTP_POOL_H
#define FIRN_HTTP_POOL_H

#include <firn/allocator.h>
#include <firn/status.h>

FIRN_BEGIN

typedef struct firn_http_pool firn_http_pool;
typedef struct firn_http_slot firn_http_slot;

#define FIRN_HTTP_POOL_KEY_BYTES 288u /* of an origin's name, at most */

typedef struct firn_http_pool_options {
    uint32_t origin_limit; /* connections to one origin; 0: 8 */
    uint32_t limit;        /* in all; 0: 256; at most 65,536. An origin that needs one takes the
                            * place of the connection that is idle for longest */
    uint32_t idle_ms;      /* what was idle for so long is closed at the next call; 0: 60,000 */
    /* Closes a connection that was kept. Must be there. */
    void (*close)(void *context, void *connection);
    /* Whether one that was idle can be used again; NULL: always. */
    bool (*is_alive)(void *context, void *connection);
    void *context;
    const firn_allocator *allocator; /* shared by threads; NULL: the system's */
    uint32_t reserved[4];            /* must be 0 */
} firn_http_pool_options;

/* FIRN_INVALID, FIRN_NO_MEMORY. */
FIRN_API FIRN_NODISCARD firn_status firn_http_pool_create(const firn_http_pool_options *options,
                                                          firn_http_pool **ret_pool);
/* Closes what is idle. No slot may be out, and nobody wait. NULL is let pass. */
FIRN_API void firn_http_pool_destroy(firn_http_pool *pool);

/* Gets a slot for a connection to an origin, named by key_size bytes: *ret_connection is one that
 * was kept, that of the latest use first, or NULL, when the caller may make one. Waits for it up to
 * a moment of firn_clock_ns (0: not at all; UINT64_MAX: for good). FIRN_TIMEOUT; FIRN_NO_MEMORY;
 * FIRN_INVALID for a key that is empty or too long. */
FIRN_API FIRN_NODISCARD firn_status firn_http_pool_get(firn_http_pool *pool, const void *key,
                                                       size_t key_size, uint64_t deadline_ns,
                                                       firn_http_slot **ret_slot,
                                                       void **ret_connection);
/* Gives a slot back, with a connection that may be used again, or NULL where there is none. */
FIRN_API void firn_http_pool_put(firn_http_pool *pool, firn_http_slot *slot, void *connection);

/* Closes what was idle for too long; for those who make no other call for a while. */
FIRN_API void firn_http_pool_expire(firn_http_pool *pool);

typedef struct firn_http_pool_stats {
    uint64_t get_count;    /* slots that were got */
    uint64_t kept_count;   /* of them with a connection */
    uint64_t waited_count; /* of them after waiting */
    uint64_t timeout_count;
    uint64_t expired_count; /* connections closed when their idle time was over */
    uint64_t evicted_count; /* connections closed for another origin's sake */
    uint64_t dead_count;    /* connections closed because they were not alive */
    uint32_t slots;         /* now: in use, or with an idle connection */
    uint32_t idle;          /* now */
    uint32_t waiting;       /* now */
    uint32_t origins;       /* now */
    uint64_t memory_bytes;  /* of the pool itself */
} firn_http_pool_stats;
FIRN_API void firn_http_pool_stats_get(firn_http_pool *pool, firn_http_pool_stats *ret_stats);

/* Walks all that the pool holds: FIRN_CORRUPT when it contradicts itself. */
FIRN_API FIRN_NODISCARD firn_status firn_http_pool_verify(firn_http_pool *pool);

FIRN_END

#endif
