/* Marking the old space, in steps. */
#ifndef FIRN_ALLOC_HEAP_MARK_H
#define FIRN_ALLOC_HEAP_MARK_H

#include "alloc/heap/space.h"

#define NO_DEADLINE UINT64_MAX

/* Makes the least stack usable that marking can do with. */
FIRN_NODISCARD bool firn_mark_init(struct heap *heap);

/* Begins a marking; everything must be swept. */
void firn_mark_start(struct heap *heap);
/* Forgets the marking that goes on. */
void firn_mark_abort(struct heap *heap);

/* Notes a marked object whose slots are to be looked at. */
void firn_mark_push(struct heap *heap, void *object);

/* Marks about `work` bytes of objects, or until the clock reaches the deadline (ns). Returns true
 * when it knows of nothing more to mark. */
bool firn_mark_some(struct heap *heap, size_t work, uint64_t deadline);

/* Looks at what was written since, from where it left off, until the deadline. Returns true when it
 * came to the end. */
bool firn_mark_clean(struct heap *heap, uint64_t deadline);

/* With eden empty: looks at the roots, the survivors and what was written, and marks what it finds.
 * Returns true when nothing is left, so that the marking can be finished before anything else
 * happens. */
bool firn_mark_final(struct heap *heap, uint64_t deadline);

/* Ends the marking: weak references, finalisers; what is not marked is dead then. */
void firn_mark_finish(struct heap *heap);

#endif
