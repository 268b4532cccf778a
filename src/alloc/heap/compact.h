/* Compaction of the old space. */
#ifndef FIRN_ALLOC_HEAP_COMPACT_H
#define FIRN_ALLOC_HEAP_COMPACT_H

#include "alloc/heap/space.h"

/* Empties sparse blocks (with `everything`, all blocks) by moving their objects and updating all
 * that refers to them. The nursery must be empty, the old space swept, and no marking go on. */
void firn_compact(struct heap *heap, bool everything);

#endif
