/* Cells of the old space, and sweeping. */
#ifndef FIRN_ALLOC_HEAP_OLD_H
#define FIRN_ALLOC_HEAP_OLD_H

#include "alloc/heap/space.h"

void firn_old_init(struct heap *heap);

/* A cell for an object of `bytes` with its header, at most CELL_MAX, with or without slots; not
 * zeroed, but marked while marking goes on. A collection may use the reserve. NULL: heap->status
 * tells why. */
void *firn_old_cell(struct heap *heap, size_t bytes, bool leaf, bool collecting);

/* The same in two parts, for many at once: a cell off the run of a bin, from refill where that has
 * come to its end; to be noted before anything else looks at the old space. */
static inline struct bin *old_bin(struct heap *heap, size_t bytes, bool leaf)
{
    unsigned size = heap->bin_of[bytes / 8];
    return &heap->bins[leaf && size < LEAF_SIZE_COUNT ? size + SIZE_COUNT : size];
}

static inline void *old_take(struct bin *bin)
{
    uint8_t *cell = bin->at;
    bin->at += bin->cell_bytes;
    HEAP_UNPOISON(cell, bin->cell_bytes);
    return cell;
}

void *firn_old_refill(struct heap *heap, struct bin *bin, bool collecting);
void firn_old_note(struct heap *heap);

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
