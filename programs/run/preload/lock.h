/* A mutex that the thread which forks holds already: see fork in threads.c. A handler that another
 * library registered with pthread_atfork may allocate while all locks are held for the fork.
 *
 * Order, each before those behind it: registry (threads.c), a heap's, large.c's, range.c's. Nobody
 * holds the locks of two heaps but for the fork. */
#ifndef RUN_LOCK_H
#define RUN_LOCK_H

#include <pthread.h>
#include <stdbool.h>

#define RUN_TLS __attribute__((tls_model("initial-exec"))) _Thread_local

extern RUN_TLS bool run_forking;

static inline void run_lock(pthread_mutex_t *mutex)
{
    if (!run_forking)
        pthread_mutex_lock(mutex);
}

static inline bool run_try_lock(pthread_mutex_t *mutex)
{
    return run_forking || pthread_mutex_trylock(mutex) == 0;
}

static inline void run_unlock(pthread_mutex_t *mutex)
{
    if (!run_forking)
        pthread_mutex_unlock(mutex);
}

#endif
