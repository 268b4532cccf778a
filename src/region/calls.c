/* The gate around calls: passed by any number of them side by side, and closed by a fork from
 * before it to after it, in parent and child. Called by all files with public calls.
 *
 * Threads: any. A fork waits until calls that are at work have ended, and new ones wait for it.
 */
#include "region/calls.h"

#include "core/os_map.h"
#include "region/fault.h"

static pthread_rwlock_t gate;
static pthread_once_t once = PTHREAD_ONCE_INIT;
static bool is_set_up;
uint32_t firn_calls_life = 1;

/* Writers first, or calls that overlap for ever would keep a fork waiting. */
static bool gate_init(void)
{
    pthread_rwlockattr_t attributes;
    if (pthread_rwlockattr_init(&attributes) != 0)
        return false;
    (void)pthread_rwlockattr_setkind_np(&attributes, PTHREAD_RWLOCK_PREFER_WRITER_NONRECURSIVE_NP);
    bool is_made = pthread_rwlock_init(&gate, &attributes) == 0;
    (void)pthread_rwlockattr_destroy(&attributes);
    return is_made;
}

static void before_fork(void)
{
    (void)pthread_rwlock_wrlock(&gate);
    firn_fault_before_fork();
}

static void in_parent(void)
{
    firn_fault_in_parent();
    (void)pthread_rwlock_unlock(&gate);
}

/* Threads that waited at the gate are not in the child, but counted in its copy. */
static void in_child(void)
{
    firn_calls_life++;
    firn_fault_in_child();
    (void)gate_init();
}

static void set_up(void)
{
    is_set_up = gate_init() && pthread_atfork(before_fork, in_parent, in_child) == 0;
}

bool firn_calls_enter(void)
{
    (void)pthread_once(&once, set_up);
    if (!is_set_up)
        return false;
    (void)pthread_rwlock_rdlock(&gate);
    return true;
}

void firn_calls_leave(void)
{
    (void)pthread_rwlock_unlock(&gate);
}

void firn_calls_begin(firn_region *region)
{
    (void)pthread_rwlock_rdlock(&gate);
    (void)pthread_mutex_lock(&region->lock);
}

void firn_calls_end(firn_region *region)
{
    (void)pthread_mutex_unlock(&region->lock);
    (void)pthread_rwlock_unlock(&gate);
}

void firn_calls_slab_wait(firn_region *region)
{
    uint32_t seen;
    do {
        firn_os_yield();
        seen = atomic_load_explicit(&region->slab_user, memory_order_relaxed);
    } while (seen == firn_calls_life ||
             !atomic_compare_exchange_strong_explicit(&region->slab_user, &seen, firn_calls_life,
                                                      memory_order_acquire, memory_order_relaxed));
}
