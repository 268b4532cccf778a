/* The ghosts of S3-FIFO: which ids left a cache lately, in 8 bytes each. An id is a fingerprint of
 * 16 bits in one of four places of its bucket, with the time of its leaving, counted in departures;
 * so one of some 16,000 strangers is taken for a ghost, which costs a better place in the cache and
 * nothing else. Confined to one thread at a time. */
#ifndef FIRN_TIER_GHOST_H
#define FIRN_TIER_GHOST_H

#include <firn/allocator.h>

typedef struct firn_ghost {
    uint32_t *places;      /* fingerprint in the upper half, time in the lower; 0: empty */
    uint32_t bucket_count; /* of four places each */
    uint32_t step;         /* departures to a step of the time */
    uint32_t window;       /* steps after which a ghost is forgotten */
    uint32_t tick_count;   /* departures since the time last went on */
    uint16_t time;
} firn_ghost;

/* Remembers about the last `count` departures. False when there is no memory. A ghost
 * that is all zero holds nothing and may be asked. */
bool firn_ghost_init(firn_ghost *ghost, const firn_allocator *allocator, size_t count);
/* Remembers the last `count` from now on, at most as many as it was made for. */
void firn_ghost_limit(firn_ghost *ghost, size_t count);
void firn_ghost_fini(firn_ghost *ghost, const firn_allocator *allocator);

/* hash: 64 good bits of the id. */
void firn_ghost_add(firn_ghost *ghost, uint64_t hash);
/* Whether the id left lately; it is forgotten then. */
bool firn_ghost_take(firn_ghost *ghost, uint64_t hash);

#endif
