/* Threads over one list of waiting clients.
 *
 * Invariants, whenever the mutex is free:
 *   P1  running <= running_max, but for threads that came back from a wait
 *   P2  a waiting client has an idle thread that was woken, or all that may run do, or no thread
 *       can be made
 *   P3  there is one thread at least until the pool stops
 *
 * A thread that had nothing to do for IDLE_SECONDS goes, and its stack and buffers with it. */
#include "code/serve/pool.h"

#include <errno.h>
#include <pthread.h>
#include <string.h>
#include <time.h>

#define IDLE_SECONDS 5
#define STACK_BYTES (1u << 20) /* of which what is touched counts */

struct pool {
    struct pool_options options;
    pthread_mutex_t mutex;
    pthread_cond_t work; /* somebody waits, or a slot is free */
    pthread_cond_t gone; /* a thread is */
    struct client *first;
    struct client *last;
    unsigned threads;
    unsigned idle;
    unsigned running;
    bool is_stopping;
};

static void deadline_after(struct timespec *ret_time, uint64_t milliseconds)
{
    clock_gettime(CLOCK_MONOTONIC, ret_time);
    ret_time->tv_sec += (time_t)(milliseconds / 1000);
    ret_time->tv_nsec += (long)(milliseconds % 1000) * 1000000;
    if (ret_time->tv_nsec >= 1000000000) {
        ret_time->tv_sec++;
        ret_time->tv_nsec -= 1000000000;
    }
}

/* Waits for a client to serve. NULL: the thread is to end. The caller holds the mutex. */
static struct client *take(struct pool *pool)
{
    struct timespec deadline;
    bool is_late = false;
    deadline_after(&deadline, IDLE_SECONDS * 1000);
    pool->idle++;
    while (!pool->is_stopping &&
           (pool->first == NULL || pool->running >= pool->options.running_max)) { /* P1 */
        if (is_late && pool->first == NULL && pool->threads > 1)                  /* P3 */
            break;
        is_late = pthread_cond_timedwait(&pool->work, &pool->mutex, &deadline) == ETIMEDOUT;
        if (is_late && pool->threads == 1)
            deadline_after(&deadline, 3600 * 1000);
    }
    pool->idle--;
    struct client *client =
        pool->is_stopping || pool->running >= pool->options.running_max ? NULL : pool->first;
    if (client == NULL)
        return NULL;
    pool->first = client->waiting;
    client->waiting = NULL;
    pool->running++;
    return client;
}

static void *run(void *context)
{
    struct worker *worker = context;
    struct pool *pool = worker->pool;
    struct client *client;
    pthread_mutex_lock(&pool->mutex);
    while ((client = take(pool)) != NULL) {
        pthread_mutex_unlock(&pool->mutex);
        pool->options.serve(pool->options.context, worker, client);
        pthread_mutex_lock(&pool->mutex);
        pool->running--;
    }
    /* The worker goes before the thread is counted out: pool_stop waits for that. */
    reply_fini(&worker->reply);
    firn_release(NULL, worker, sizeof *worker);
    pool->threads--;
    pthread_cond_signal(&pool->gone);
    pthread_mutex_unlock(&pool->mutex);
    return NULL;
}

/* The caller holds the mutex. */
static bool start_thread(struct pool *pool)
{
    pthread_attr_t attributes;
    pthread_t thread;
    if (pool->threads >= pool->options.thread_max)
        return false;
    struct worker *worker = firn_allocate(NULL, sizeof *worker);
    if (worker == NULL)
        return false;
    worker->pool = pool;
    if (reply_init(&worker->reply) != FIRN_OK) {
        firn_release(NULL, worker, sizeof *worker);
        return false;
    }
    pthread_attr_init(&attributes);
    pthread_attr_setstacksize(&attributes, STACK_BYTES);
    pthread_attr_setdetachstate(&attributes, PTHREAD_CREATE_DETACHED);
    const bool is_started = pthread_create(&thread, &attributes, run, worker) == 0;
    pthread_attr_destroy(&attributes);
    if (!is_started) {
        reply_fini(&worker->reply);
        firn_release(NULL, worker, sizeof *worker);
        return false;
    }
    pool->threads++;
    return true;
}

/* Sees to it that a waiting client is served. The caller holds the mutex. */
static void wake(struct pool *pool)
{
    if (pool->first == NULL || pool->running >= pool->options.running_max)
        return;
    if (pool->idle > 0)
        pthread_cond_signal(&pool->work);
    else
        (void)start_thread(pool); /* P2 */
}

void pool_push(struct pool *pool, struct client *client)
{
    pthread_mutex_lock(&pool->mutex);
    client->waiting = NULL;
    if (pool->first == NULL)
        pool->first = client;
    else
        pool->last->waiting = client;
    pool->last = client;
    wake(pool);
    pthread_mutex_unlock(&pool->mutex);
}

void pool_pause(struct pool *pool)
{
    pthread_mutex_lock(&pool->mutex);
    pool->running--;
    wake(pool);
    pthread_mutex_unlock(&pool->mutex);
}

void pool_resume(struct pool *pool)
{
    pthread_mutex_lock(&pool->mutex);
    pool->running++;
    pthread_mutex_unlock(&pool->mutex);
}

unsigned pool_thread_count(struct pool *pool)
{
    pthread_mutex_lock(&pool->mutex);
    const unsigned count = pool->threads;
    pthread_mutex_unlock(&pool->mutex);
    return count;
}

firn_status pool_create(const struct pool_options *options, struct pool **ret_pool)
{
    pthread_condattr_t attributes;
    struct pool *pool = firn_allocate_zeroed(NULL, 1, sizeof *pool);
    if (pool == NULL)
        return FIRN_NO_MEMORY;
    pool->options = *options;
    pthread_mutex_init(&pool->mutex, NULL);
    pthread_condattr_init(&attributes);
    pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
    pthread_cond_init(&pool->work, &attributes);
    pthread_cond_init(&pool->gone, &attributes);
    pthread_condattr_destroy(&attributes);
    pthread_mutex_lock(&pool->mutex);
    const bool is_started = start_thread(pool);
    pthread_mutex_unlock(&pool->mutex);
    if (!is_started) {
        pool_destroy(pool);
        return FIRN_NO_MEMORY;
    }
    *ret_pool = pool;
    return FIRN_OK;
}

bool pool_stop(struct pool *pool, uint64_t milliseconds)
{
    struct timespec deadline;
    bool is_late = false;
    deadline_after(&deadline, milliseconds);
    pthread_mutex_lock(&pool->mutex);
    pool->is_stopping = true;
    pthread_cond_broadcast(&pool->work);
    while (pool->threads > 0 && !is_late)
        is_late = pthread_cond_timedwait(&pool->gone, &pool->mutex, &deadline) == ETIMEDOUT;
    const bool is_done = pool->threads == 0;
    pthread_mutex_unlock(&pool->mutex);
    return is_done;
}

void pool_destroy(struct pool *pool)
{
    if (pool == NULL)
        return;
    pthread_cond_destroy(&pool->work);
    pthread_cond_destroy(&pool->gone);
    pthread_mutex_destroy(&pool->mutex);
    firn_release(NULL, pool, sizeof *pool);
}
