/* Objects whose type has a finaliser. */
#ifndef FIRN_ALLOC_HEAP_FINALISE_H
#define FIRN_ALLOC_HEAP_FINALISE_H

#include "alloc/heap/space.h"

/* Makes room for one more such object. */
FIRN_NODISCARD bool firn_final_ensure(struct heap *heap);
/* Lists an object, room having been made. */
void firn_final_put(struct heap *heap, void *object);

/* Visits the slots of all lists but those that are due, which are roots. */
void firn_final_visit(struct heap *heap, firn_tracer *tracer);

/* Runs up to `count` finalisers that are due, unless one is running; returns whether more are. */
bool firn_final_run(struct heap *heap, size_t count);

void firn_final_fini(struct heap *heap);

#endif
