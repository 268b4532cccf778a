/* The range of a heap, and which blocks of it are in use. */
#ifndef FIRN_ALLOC_HEAP_BLOCKS_H
#define FIRN_ALLOC_HEAP_BLOCKS_H

#include "alloc/heap/space.h"

/* Reserves the range and its tables for the options in heap, and lays out the nursery. */
FIRN_NODISCARD firn_status firn_blocks_init(struct heap *heap);
void firn_blocks_fini(struct heap *heap);

/* Makes the range usable until `count` blocks are free. FIRN_NO_MEMORY, FIRN_LIMIT. */
FIRN_NODISCARD firn_status firn_blocks_ensure(struct heap *heap, uint32_t count);

/* Whether the program may take `count` blocks, the reserve of the next minor collection being left:
 * FIRN_OK, FIRN_LIMIT or FIRN_NO_MEMORY. */
FIRN_NODISCARD firn_status firn_blocks_allow(struct heap *heap, uint32_t count);

/* Takes a free block that is usable already, or NO_BLOCK; also from the reserve. */
uint32_t firn_blocks_take(struct heap *heap);
/* Takes `count` adjacent ones, making more usable where necessary; *ret_zeroed tells whether all of
 * their bytes are 0. NO_BLOCK when there are none. */
uint32_t firn_blocks_take_run(struct heap *heap, uint32_t count, bool *ret_zeroed);
void firn_blocks_give(struct heap *heap, uint32_t first, uint32_t count);

/* Forgets, at once or an eighth of it, how many blocks were in use before. */
void firn_blocks_age(struct heap *heap, bool forget);

/* Gives the memory of up to `count` free blocks back, when there are many. Returns whether there is
 * more to give. */
bool firn_blocks_trim(struct heap *heap, uint32_t count);

#endif
