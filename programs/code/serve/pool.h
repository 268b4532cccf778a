/* The threads that answer: as many at work as there are processors, and more only for those that
 * wait for a client to read. They come when they are needed and go when they are not. */
#ifndef CODE_SERVE_POOL_H
#define CODE_SERVE_POOL_H

#include "code/serve/client.h"
#include "code/serve/reply.h"

struct pool;

/* What a thread has of its own. */
struct worker {
    struct pool *pool;
    struct reply reply;
    struct incoming incoming;
};

struct pool_options {
    unsigned running_max; /* at work at once */
    unsigned thread_max;
    void (*serve)(void *context, struct worker *worker, struct client *client);
    void *context;
};

/* FIRN_NO_MEMORY, also when not even one thread can be made. */
FIRN_NODISCARD firn_status pool_create(const struct pool_options *options, struct pool **ret_pool);

/* Hands a client to a thread; it must not wait for one already. */
void pool_push(struct pool *pool, struct client *client);

/* Around a wait in `serve`: another thread may run meanwhile. */
void pool_pause(struct pool *pool);
void pool_resume(struct pool *pool);

unsigned pool_thread_count(struct pool *pool);

/* Takes no more, and waits until no thread is at work; false after the time. */
bool pool_stop(struct pool *pool, uint64_t milliseconds);

/* After a pool_stop that was true. NULL is let pass. */
void pool_destroy(struct pool *pool);

#endif
