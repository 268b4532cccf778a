/* What a child of fork finds of its parent's objects: a lock that another thread of the parent held
 * is held forever, and what it guards may be half changed. */
#ifndef FIRN_TIER_FORKED_H
#define FIRN_TIER_FORKED_H

#include <pthread.h>
#include <stdbool.h>

static inline bool firn_lock_was_free(pthread_mutex_t *lock)
{
    if (pthread_mutex_trylock(lock) != 0)
        return false;
    pthread_mutex_unlock(lock);
    return true;
}

#endif
