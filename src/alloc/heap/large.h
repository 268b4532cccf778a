/* Objects above CELL_MAX, in blocks of their own. */
#ifndef FIRN_ALLOC_HEAP_LARGE_H
#define FIRN_ALLOC_HEAP_LARGE_H

#include "alloc/heap/space.h"

/* Room for an object of `bytes` with its header, with or without slots, zeroed, marked while
 * marking goes on. NULL: heap->status tells why. */
void *firn_large_alloc(struct heap *heap, size_t bytes, bool leaf);

#endif
