/* Cells of the old space, and sweeping. */
#ifndef FIRN_ALLOC_HEAP_OLD_H
#define FIRN_ALLOC_HEAP_OLD_H

#include "alloc/heap/space.h"

void firn_old_init(struct heap *heap);

/* A cell for an object of `bytes` with its header, at most CELL_MAX, with or without slots; not
 * zeroed, but marked while marking goes on. A collection may use the reserve. NULL: heap->status
 * tells why. */
void *firn_old_cell(struct heap *heap, size_t bytes, bool leaf, bool collecting);

/* Begins a new epoch: what is not marked now is dead, blocks are to be swept. */
void firn_old_flip(struct heap *heap);

/* Sweeps one block, if it is not swept. */
void firn_sweep_block(struct heap *heap, uint32_t index);
/* Sweeps up to `count` blocks; returns whether any is left. */
bool firn_sweep_some(struct heap *heap, uint32_t count);
void firn_sweep_all(struct heap *heap);

/* Makes the lists of blocks with free cells anew, when everything is swept; without those that
 * are being emptied. */
void firn_old_relist(struct heap *heap);

#endif
