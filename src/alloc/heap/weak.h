/* Weak references: what a collection does about them. */
#ifndef FIRN_ALLOC_HEAP_WEAK_H
#define FIRN_ALLOC_HEAP_WEAK_H

#include "alloc/heap/space.h"

/* After a minor collection has copied what is reachable: clears references to dead young objects,
 * updates the others. */
void firn_weak_minor(struct heap *heap, uintptr_t from_start, size_t from_bytes);
/* After a marking: clears references to old objects that are not marked. */
void firn_weak_marked(struct heap *heap);
/* Visits the targets of all that are not cleared. */
void firn_weak_visit(struct heap *heap, firn_tracer *tracer);

void firn_weak_fini(struct heap *heap);

#endif
