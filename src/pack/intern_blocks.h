/* The memory of an interner: blocks that are counted against its limit and, in a shared one,
 * outlive their replacement until no reader can hold on to them. Header-only; for intern*.c.
 *
 * Invariant B1: reserved_bytes is the sum of all blocks, retired ones included, and at most the
 * limit.
 */
#ifndef FIRN_PACK_INTERN_BLOCKS_H
#define FIRN_PACK_INTERN_BLOCKS_H

#include <firn/allocator.h>
#include <firn/status.h>

typedef struct firn_block {
    struct firn_block *next; /* while it is retired */
    size_t bytes;            /* with this head */
} firn_block;

typedef struct firn_blocks {
    const firn_allocator *allocator;
    size_t limit_bytes, reserved_bytes;
    firn_block *retired;
    bool shared;
} firn_blocks;

/* Gets a block with room for `bytes`; *ret_data is what lies behind its head. */
static inline firn_status firn_block_get(firn_blocks *blocks, size_t bytes, void **ret_data)
{
    size_t all = bytes + sizeof(firn_block);
    if (bytes > SIZE_MAX / 2 || all > blocks->limit_bytes ||
        blocks->reserved_bytes > blocks->limit_bytes - all)
        return FIRN_LIMIT;
    firn_block *block = firn_allocate(blocks->allocator, all);
    if (block == NULL)
        return FIRN_NO_MEMORY;
    *block = (firn_block){NULL, all};
    blocks->reserved_bytes += all; /* B1 */
    *ret_data = block + 1;
    return FIRN_OK;
}

static inline void firn_block_free(firn_blocks *blocks, firn_block *block)
{
    blocks->reserved_bytes -= block->bytes;
    firn_release(blocks->allocator, block, block->bytes);
}

/* Gives back what firn_block_get gave, or keeps it while readers may still look at it; data may be
 * NULL. */
static inline void firn_block_retire(firn_blocks *blocks, void *data)
{
    if (data == NULL)
        return;
    firn_block *block = (firn_block *)data - 1;
    if (!blocks->shared) {
        firn_block_free(blocks, block);
        return;
    }
    block->next = blocks->retired;
    blocks->retired = block;
}

static inline void firn_blocks_settle(firn_blocks *blocks)
{
    while (blocks->retired != NULL) {
        firn_block *block = blocks->retired;
        blocks->retired = block->next;
        firn_block_free(blocks, block);
    }
}

#endif
