/* What the files of a region share. A call goes from region.c (what there is), sleep.c and wake.c
 * (what is done), snapshot.c and keep.c (the image elsewhere) down to source.c, pack.c, touch.c and
 * unpack.c; touch.c is also called by the handler of SIGSEGV, and then takes no lock.
 *
 * Invariants:
 *   I1  image is NULL if and only if the region is awake, and its memory holds all there is
 *   I2  while there is an image, blocks whose entries are asleep, and before the wake has begun all
 *       blocks, cannot be touched; what can be touched holds what the user wrote
 *   I3  when the wake has begun, and no image or one whose entries all are awake is there, the
 * first `usable` blocks can be touched, and no others I4  bit b of taken: block b belongs to a
 * mapping of the slab; kept while the region sleeps I5  an image is destroyed only when no handler
 * is at work in the region (users)
 *
 * Threads: lock guards all but what is atomic, calls_begin the process's forks; the slab and taken
 * belong to whoever has the slab's turn, and while nothing uses the memory to the lock's holder.
 */
#ifndef FIRN_REGION_STATE_H
#define FIRN_REGION_STATE_H

#include "region/image.h"

#include <firn/slab.h>

#include <pthread.h>

#define FIRN_BLOCK ((size_t)FIRN_REGION_BLOCK_BYTES)

enum { FIRN_WAKE_NOT_BEGUN = 0, FIRN_WAKE_BEGUN = -1 }; /* else: a process's id */

struct firn_region {
    const firn_allocator *allocator;
    uint8_t *base;
    firn_words_range range;
    firn_region_wake_mode mode;
    uint32_t thread_count;
    uint64_t id, build_id, limit_bytes;
    uint64_t generation; /* of the image: counts the sleeps */
    void *root;
    firn_slab slab;
    _Atomic uint32_t slab_user; /* whose turn the slab is: see calls.h; 0: nobody's */
    pthread_mutex_t lock;

    uint64_t *taken; /* a bit a block */
    size_t taken_words;
    _Atomic uint32_t usable;     /* blocks at the start that can be touched, as far as awake */
    _Atomic(firn_image *) image; /* NULL: awake */
    atomic_bool is_away;         /* the image has no payloads: they are a snapshot elsewhere */
    _Atomic int32_t begun;       /* the wake from image */
    _Atomic uint64_t users;      /* handlers at work: process's id << 32 | count */
    uint32_t pins;
    uint64_t *heat; /* bit b: a touch woke block b in the last wake; kept while all is awake */
    size_t heat_words;
    _Atomic uint32_t wakes_to_record; /* until the touched blocks are found out anew */

    uint64_t hibernate_count;
    atomic_uint_least64_t wake_count, touch_count, prefetch_count;

    firn_region *next;    /* of those of FIRN_REGION_ON_FAULT */
    _Atomic int fault_fd; /* userfaultfd's, plus 1, if that wakes the image; 0: SIGSEGV does */
    uint32_t watched;     /* blocks that it watches */
    atomic_bool is_shut;  /* a block was made unusable since it could not be served */
};

static inline uint64_t firn_region_bytes(const firn_region *region)
{
    return region->range.count * FIRN_REGION_RESERVE_BYTES;
}

static inline firn_image *firn_region_image(const firn_region *region)
{
    return atomic_load((_Atomic(firn_image *) *)&region->image);
}

#endif
