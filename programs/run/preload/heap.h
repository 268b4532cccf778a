/* What a thread allocates from: its slab, and in the mode `compiler` its arena. One thread owns a
 * heap at a time; when the thread ends, another one takes the heap over with all that lives in it.
 *
 * Only the owner allocates from a heap, and uses its arena and its slab's caches without a lock.
 * The slab's back is under the heap's lock, so that other threads can take back what they freed
 * into it, and so that a fork finds it whole. */
#ifndef RUN_HEAP_H
#define RUN_HEAP_H

#include "run/preload/bump.h"
#include "run/preload/lock.h"

#include <firn/slab.h>

#include <stdatomic.h>

enum run_count { /* what is counted of a program's calls */
                 RUN_ALLOCATIONS,
                 RUN_FREES,
                 RUN_RESIZES,
                 RUN_RESIZES_IN_PLACE,
                 RUN_COUNTS,
};

struct run_heap {
    firn_slab slab;  /* its front is that of run_heap_nobody until it is needed */
    size_t bump_max; /* blocks up to this come from the arena at once; 0: not any more, or never */
    bool has_arena;
    struct run_bump bump;
    _Atomic(uint64_t) counts[RUN_COUNTS]; /* written by the owner, read by the summary */
    pthread_mutex_t lock;
    struct run_heap *next;        /* of all heaps */
    struct run_heap *next_orphan; /* of those without an owner */
    unsigned end_rounds;
    bool is_owned;
};

/* The heap of this thread; run_heap_nobody, which has nothing to give, until it first allocates and
 * after it ended. */
extern RUN_TLS struct run_heap *run_heap_mine;
extern struct run_heap run_heap_nobody;

/* Gives this thread a heap, and makes it run_heap_mine. NULL when there is no memory, or the thread
 * has ended: destructors of other libraries, and the C library itself, still allocate and free
 * then, in run_heap_late. */
struct run_heap *run_heap_take(void);
bool run_heap_thread_ended(void);

/* The heap of threads that have ended. It has no owner: all is done under its lock. NULL: no
 * memory. */
struct run_heap *run_heap_late(void);

/* Makes the heap's slab if there is none yet, under the heap's lock. False: no memory. */
bool run_heap_need_slab(struct run_heap *heap);

/* What the heap's slab holds; nothing when its lock is taken. */
firn_usage run_heap_usage(struct run_heap *heap);

/* The first of all heaps; the others hang from it. Heaps are never unmade. */
struct run_heap *run_heap_first(void);

/* Gives free memory to the kernel, as far as no other thread is using it. */
void run_heap_trim(void);

/* Turns arenas on, in this thread's heap and in those to come. */
void run_heap_use_arenas(void);

/* Registers what a fork needs. */
void run_heap_watch_forks(void);

/* Counts a call in the heap of a thread that has one. */
static inline void run_count(struct run_heap *heap, enum run_count which)
{
    uint64_t value = atomic_load_explicit(&heap->counts[which], memory_order_relaxed);
    atomic_store_explicit(&heap->counts[which], value + 1, memory_order_relaxed);
}

#endif
