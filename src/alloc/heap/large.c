/* Large objects: adjacent blocks, of which the first tells the object and the others point to it.
 * To the marking and the sweeping, the first block is one with a single cell. They never move; they
 * are split only by their cards, and by the marking, which scans an array piece by piece. Called by
 * collect.c, for the program only, so that the reserve stays. Threads: one. Complexity: O(blocks).
 */
#include "alloc/heap/large.h"

#include "alloc/heap/blocks.h"

void *firn_large_alloc(struct heap *heap, size_t bytes, bool leaf)
{
    uint32_t count = (uint32_t)((bytes + BLOCK_BYTES - 1) >> BLOCK_SHIFT);
    heap->status = firn_blocks_allow(heap, count);
    if (heap->status != FIRN_OK)
        return NULL;
    bool zeroed;
    uint32_t first = firn_blocks_take_run(heap, count, &zeroed);
    if (first == NO_BLOCK) {
        heap->status = heap->frontier == heap->block_max ? FIRN_LIMIT : FIRN_NO_MEMORY;
        return NULL;
    }
    /* The run may have used up free blocks that lay before the reserve's; it is made up for, or
     * the run given back. */
    heap->status = firn_blocks_ensure(heap, heap->reserve);
    if (heap->status != FIRN_OK) {
        firn_blocks_give(heap, first, count);
        return NULL;
    }
    for (uint32_t i = 0; i < count; i++) {
        struct block *block = &heap->blocks[first + i];
        memset(block, 0, sizeof *block);
        block->kind = i == 0 ? BLOCK_LARGE : BLOCK_TAIL;
        block->epoch = heap->epoch;
        block->head = first;
    }
    struct block *head = &heap->blocks[first];
    head->span = count;
    head->leaf = leaf;
    head->cell_bytes = (uint32_t)(count * BLOCK_BYTES);
    head->cell_count = head->live = 1;
    alloc_bits(heap, first)[0] = 1;
    heap->old_bytes += head->cell_bytes;
    heap->old_allocated += head->cell_bytes;
    if (heap->phase == PHASE_MARK) {
        mark_bits(heap, first)[0] = 1;
        heap->marked_bytes += head->cell_bytes;
    }
    uint8_t *start = block_start(heap, first);
    HEAP_UNPOISON(start, count * BLOCK_BYTES);
    if (!zeroed)
        memset(start, 0, bytes);
    return start;
}
