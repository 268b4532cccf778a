/* Measuring pauses. */
#ifndef FIRN_ALLOC_HEAP_PAUSE_H
#define FIRN_ALLOC_HEAP_PAUSE_H

#include "alloc/heap/space.h"

/* Pauses nest; the outermost counts. Returns when the outermost began, ns. */
uint64_t firn_pause_begin(struct heap *heap);
void firn_pause_end(struct heap *heap);

/* Counts one pause of a kind. */
void firn_pause_count(firn_heap_pauses *pauses, uint64_t ns);

#endif
