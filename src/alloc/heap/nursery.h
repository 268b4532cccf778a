/* Minor collections. */
#ifndef FIRN_ALLOC_HEAP_NURSERY_H
#define FIRN_ALLOC_HEAP_NURSERY_H

#include "alloc/heap/space.h"

typedef enum promotion {
    PROMOTE_AGED, /* what has survived often enough */
    PROMOTE_ALL,  /* everything that is reachable */
    PROMOTE_DEAD  /* also what has a finaliser, as a marking follows that tells the dead */
} promotion;

/* Empties eden: what is reachable is copied into a survivor half or the old space. Needs the
 * reserve of blocks. */
void firn_nursery_collect(struct heap *heap, promotion which);

/* Bytes of objects in eden and the survivor half in use. */
static inline size_t firn_nursery_held(const struct heap *heap)
{
    return (size_t)(heap->from_end - heap->survivors[heap->from]) +
           (size_t)(heap->front.next - heap->eden);
}

#endif
