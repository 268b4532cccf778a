/* Walking over all objects. */
#ifndef FIRN_ALLOC_HEAP_WALK_H
#define FIRN_ALLOC_HEAP_WALK_H

#include "alloc/heap/space.h"

/* Calls visit for each object until it returns false; returns false then. */
bool firn_walk_young(struct heap *heap, bool (*visit)(void *context, void *object), void *context);
bool firn_walk_old(struct heap *heap, bool (*visit)(void *context, void *object), void *context);

#endif
