/* Minor collections. */
#ifndef FIRN_ALLOC_HEAP_NURSERY_H
#define FIRN_ALLOC_HEAP_NURSERY_H

#include "alloc/heap/space.h"

/* Empties eden: what is reachable is copied into a survivor half or the old space; with promote_all
 * all of it becomes old. Needs the reserve of blocks. */
void firn_nursery_collect(struct heap *heap, bool promote_all);

#endif
