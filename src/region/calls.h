/* What each public call is made between: the region's lock, and a gate that a fork closes, so that
 * a child never finds a call half done. */
#ifndef FIRN_REGION_CALLS_H
#define FIRN_REGION_CALLS_H

#include "region/state.h"

void firn_calls_begin(firn_region *region);
void firn_calls_end(firn_region *region);

/* The gate alone, for a region that nobody else knows; the first time, it is set up. False when
 * there is no memory for that. */
bool firn_calls_enter(void);
void firn_calls_leave(void);

/* The slab's turn, for which the allocator's calls and those of other threads that look at the slab
 * wait, the lock being no concern of the former: 1.2 ns where nobody else wants it. Whoever had it
 * in another thread at a fork is not in the child, where the turn is free. */
extern uint32_t firn_calls_life; /* counts the forks that led to this process, from 1 */
void firn_calls_slab_wait(firn_region *region);

static inline void firn_calls_slab_begin(firn_region *region)
{
    uint32_t nobody = 0;
    if (!atomic_compare_exchange_strong_explicit(&region->slab_user, &nobody, firn_calls_life,
                                                 memory_order_acquire, memory_order_relaxed))
        firn_calls_slab_wait(region);
}

static inline void firn_calls_slab_end(firn_region *region)
{
    atomic_store_explicit(&region->slab_user, 0, memory_order_release);
}

#endif
