/* Where the program holds objects. */
#ifndef FIRN_ALLOC_HEAP_ROOTS_H
#define FIRN_ALLOC_HEAP_ROOTS_H

#include "alloc/heap/space.h"

/* Visits every root: frames, handles, root slots, objects that wait for their finaliser. */
void firn_roots_visit(struct heap *heap, firn_tracer *tracer);

void firn_roots_fini(struct heap *heap);

#endif
