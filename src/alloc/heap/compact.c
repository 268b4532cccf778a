/* Compaction: blocks of cells that are less than half full are emptied into the free cells of
 * others, then every slot of the heap and of the roots is updated, all in one pause. Pinned and
 * large objects stay. Called by collect.c after a full collection; calls old.c, blocks.c and all
 * that knows slots.
 *
 * Invariants, while it goes on:
 *   I1  a moved object's old header is forwarded, and its old cell has no alloc bit
 *   I2  only blocks with `evacuating` hold forwarded headers, and no new cell lies in them
 *
 * When cells run out, the blocks not yet begun stay as they are. Threads: one. Complexity: O(heap).
 */
#include "alloc/heap/compact.h"

#include "alloc/heap/blocks.h"
#include "alloc/heap/finalise.h"
#include "alloc/heap/old.h"
#include "alloc/heap/roots.h"
#include "alloc/heap/slots.h"
#include "alloc/heap/weak.h"

typedef struct update_tracer {
    firn_tracer tracer;
    struct heap *heap;
} update_tracer;

static inline void update_slot(void *context, void **slot)
{
    struct heap *heap = context;
    if (!is_old(heap, *slot) || !heap->blocks[block_index(heap, *slot)].evacuating)
        return;
    header_word h = *header_of(*slot);
    if (h & HEADER_FORWARDED)
        *slot = (void *)(uintptr_t)(h - HEADER_FORWARDED);
}

static void trace_slot(firn_tracer *tracer, void **slot)
{
    update_slot(((update_tracer *)tracer)->heap, slot);
}

static bool move(struct heap *heap, uint32_t index, uint32_t cell)
{
    void *object = cell_object(heap, index, cell);
    header_word *from = header_of(object);
    struct block *block = &heap->blocks[index];
    size_t bytes = header_bytes(*from);
    if (*from & HEADER_PINNED)
        return true;
    uint8_t *to = firn_old_cell(heap, bytes, block->leaf, true);
    if (to == NULL)
        return false;
    memcpy(to, from, bytes);
    *from = (uintptr_t)(to + HEADER_BYTES) | HEADER_FORWARDED; /* I1 */
    alloc_bits(heap, index)[cell / 64] &= ~((uint64_t)1 << (cell % 64));
    block->live--;
    heap->old_bytes -= block->cell_bytes;
    heap->stats.moved_bytes += bytes;
    return true;
}

static bool empty_block(struct heap *heap, uint32_t index)
{
    const uint64_t *alloc = alloc_bits(heap, index);
    for (uint32_t cell = 0; cell < heap->blocks[index].cell_count; cell++) {
        if ((alloc[cell / 64] >> (cell % 64) & 1) && !move(heap, index, cell))
            return false;
    }
    return true;
}

static void choose(struct heap *heap, bool everything)
{
    for (uint32_t index = 0; index < heap->frontier; index++) {
        struct block *block = &heap->blocks[index];
        block->evacuating =
            block->kind == BLOCK_CELLS && (everything || block->live < block->cell_count / 2);
    }
    firn_old_relist(heap); /* I2 */
}

static void move_all(struct heap *heap)
{
    bool room = true;
    uint32_t end = heap->frontier;
    for (uint32_t index = 0; index < end; index++) {
        if (!heap->blocks[index].evacuating)
            continue;
        if (room)
            room = empty_block(heap, index);
        else
            heap->blocks[index].evacuating = 0;
    }
}

static void update_all(struct heap *heap)
{
    update_tracer tracer = {{trace_slot}, heap};
    firn_roots_visit(heap, &tracer.tracer);
    firn_weak_visit(heap, &tracer.tracer);
    firn_final_visit(heap, &tracer.tracer);
    for (uint32_t index = 0; index < heap->frontier; index++) {
        const struct block *block = &heap->blocks[index];
        if ((block->kind != BLOCK_CELLS && block->kind != BLOCK_LARGE) || block->leaf)
            continue;
        const uint64_t *alloc = alloc_bits(heap, index);
        for (uint32_t cell = 0; cell < block->cell_count; cell++) {
            if (alloc[cell / 64] >> (cell % 64) & 1)
                slots_all(heap, cell_object(heap, index, cell), update_slot, heap, &tracer.tracer);
        }
    }
}

static void release_emptied(struct heap *heap)
{
    for (uint32_t index = 0; index < heap->frontier; index++) {
        struct block *block = &heap->blocks[index];
        if (!block->evacuating)
            continue;
        block->evacuating = 0;
        if (block->kind == BLOCK_CELLS && block->live == 0)
            firn_blocks_give(heap, index, 1);
    }
    firn_old_relist(heap);
}

void firn_compact(struct heap *heap, bool everything)
{
    assert(heap->phase == PHASE_IDLE && heap->front.next == heap->eden);
    assert(heap->from_end == heap->survivors[heap->from]);
    choose(heap, everything);
    move_all(heap);
    update_all(heap);
    release_emptied(heap);
    heap->live_bytes = heap->old_bytes;
    heap->stats.compact_count++;
}
