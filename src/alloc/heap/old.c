/* Old objects of up to 32 KiB: cells of 65 sizes in blocks of 64 KiB, taken by scanning a map of
 * bits, as Go's allocator does; swept by making the mark bits of the last marking the new map,
 * which touches no object. Called by nursery.c (promotion), compact.c and collect.c; calls
 * blocks.c.
 *
 * Invariants:
 *   I1  a block is swept when its epoch is the heap's; unswept ones lie in sweep_at to sweep_end
 *   I2  the alloc bits of a swept block tell exactly its objects; `live` counts them; its mark bits
 *       are 0 unless a marking goes on
 *   I3  a bin's list holds only swept blocks of its size with a free cell, not its current block
 *   I4  the run of a bin lies in its current block and has no alloc bits; between collections, no
 *       cell of it is taken
 *   I5  old_bytes is the sum of the cells of all objects, and unswept dead ones are not counted
 *
 * Threads: one. Complexity: a cell O(1) amortised, sweeping a block O(words of its map).
 */
#include "alloc/heap/old.h"

#include "alloc/heap/blocks.h"

#include <limits.h>

/* Blocks swept in search of a free cell before a fresh block is taken. */
#define SWEPT_FOR_A_CELL 16

static const uint16_t bin_bytes[SIZE_COUNT] = {
    16,   24,   32,   40,   48,   56,   64,   72,   80,    88,    96,    104,   112,
    120,  128,  144,  160,  176,  192,  208,  224,  240,   256,   288,   320,   352,
    384,  416,  448,  480,  512,  576,  640,  704,  768,   832,   896,   960,   1024,
    1152, 1280, 1408, 1536, 1664, 1792, 1920, 2048, 2336,  2616,  2976,  3272,  3640,
    4096, 4680, 5456, 5952, 6552, 7280, 8192, 9360, 10920, 13104, 16384, 21840, CELL_MAX,
};

static void bin_reset(struct bin *bin)
{
    assert(bin->at == bin->noted); /* I4 */
    bin->at = bin->end = bin->noted = NULL;
    bin->current = NO_BLOCK;
    bin->first = NO_BLOCK;
}

void firn_old_init(struct heap *heap)
{
    size_t words = 0;
    for (unsigned i = 0; i < BIN_COUNT; i++) {
        heap->bins[i].cell_bytes = bin_bytes[i < SIZE_COUNT ? i : i - SIZE_COUNT];
        bin_reset(&heap->bins[i]);
    }
    for (unsigned i = 0; i < SIZE_COUNT; i++) {
        for (; words * 8 <= bin_bytes[i]; words++)
            heap->bin_of[words] = (uint8_t)i;
    }
}

/* --- sweeping --- */

static void list_block(struct heap *heap, uint32_t index)
{
    struct block *block = &heap->blocks[index];
    struct bin *bin = &heap->bins[block->bin];
    block->next = bin->first;
    bin->first = index;
}

#ifdef FIRN_HEAP_POISONED
static void poison_dead(struct heap *heap, uint32_t index)
{
    const uint64_t *mark = mark_bits(heap, index), *alloc = alloc_bits(heap, index);
    for (uint32_t cell = 0; cell < heap->blocks[index].cell_count; cell++) {
        if (~mark[cell / 64] & alloc[cell / 64] & (uint64_t)1 << (cell % 64))
            HEAP_POISON(header_of(cell_object(heap, index, cell)), heap->blocks[index].cell_bytes);
    }
}
#else
#define poison_dead(heap, index) ((void)0)
#endif

static void sweep_cells(struct heap *heap, uint32_t index)
{
    struct block *block = &heap->blocks[index];
    uint64_t *mark = mark_bits(heap, index), *alloc = alloc_bits(heap, index);
    uint32_t live = 0;
    poison_dead(heap, index);
    for (uint32_t word = 0; word < map_words(block); word++) {
        live += (uint32_t)__builtin_popcountll(mark[word]);
        alloc[word] = mark[word];
        mark[word] = 0;
    }
    block->live = (uint16_t)live;
    if (live == 0)
        firn_blocks_give(heap, index, 1);
    else if (live < block->cell_count)
        list_block(heap, index); /* I3 */
}

void firn_sweep_block(struct heap *heap, uint32_t index)
{
    struct block *block = &heap->blocks[index];
    if (block->epoch == heap->epoch)
        return;
    block->epoch = heap->epoch; /* I1 */
    if (block->kind == BLOCK_CELLS) {
        sweep_cells(heap, index);
    } else if (block->kind == BLOCK_LARGE) {
        if (!(mark_bits(heap, index)[0] & 1))
            firn_blocks_give(heap, index, block->span);
        else
            mark_bits(heap, index)[0] = 0;
    }
}

bool firn_sweep_some(struct heap *heap, uint32_t count)
{
    for (; count > 0 && heap->sweep_at < heap->sweep_end; count--)
        firn_sweep_block(heap, heap->sweep_at++);
    return heap->sweep_at < heap->sweep_end;
}

void firn_sweep_all(struct heap *heap)
{
    while (firn_sweep_some(heap, UINT32_MAX))
        continue;
}

void firn_old_flip(struct heap *heap)
{
    assert(heap->sweep_at == heap->sweep_end);
    for (unsigned i = 0; i < BIN_COUNT; i++)
        bin_reset(&heap->bins[i]);
    heap->epoch++;
    heap->sweep_at = 0;
    heap->sweep_end = heap->frontier;
}

void firn_old_relist(struct heap *heap)
{
    assert(heap->sweep_at == heap->sweep_end);
    for (unsigned i = 0; i < BIN_COUNT; i++)
        bin_reset(&heap->bins[i]);
    for (uint32_t index = heap->frontier; index-- > 0;) {
        const struct block *block = &heap->blocks[index];
        if (block->kind == BLOCK_CELLS && !block->evacuating && block->live < block->cell_count)
            list_block(heap, index);
    }
}

/* --- cells --- */

/* The first cell from `cell` on whose alloc bit is `bit`, or cell_count. */
static uint32_t find_cell(const struct block *block, const uint64_t *alloc, uint32_t cell, bool bit)
{
    while (cell < block->cell_count) {
        uint64_t word = (bit ? alloc[cell / 64] : ~alloc[cell / 64]) >> (cell % 64);
        if (word != 0) {
            cell += (uint32_t)__builtin_ctzll(word);
            return cell < block->cell_count ? cell : block->cell_count;
        }
        cell = (cell / 64 + 1) * 64;
    }
    return block->cell_count;
}

/* Goes to the next run of free cells in the current block. */
static bool next_run(struct heap *heap, struct bin *bin)
{
    const struct block *block = &heap->blocks[bin->current];
    const uint64_t *alloc = alloc_bits(heap, bin->current);
    uint32_t cell = find_cell(block, alloc, bin->next_cell, false);
    if (cell == block->cell_count) {
        bin->current = NO_BLOCK;
        return false;
    }
    bin->next_cell = find_cell(block, alloc, cell, true);
    uint8_t *start = block_start(heap, bin->current);
    bin->at = bin->noted = start + (size_t)cell * bin->cell_bytes;
    bin->end = start + (size_t)bin->next_cell * bin->cell_bytes;
    return true;
}

static bool use_block(struct heap *heap, struct bin *bin, uint32_t index)
{
    bin->current = index;
    bin->next_cell = 0;
    return next_run(heap, bin);
}

static bool use_listed(struct heap *heap, struct bin *bin)
{
    uint32_t index = bin->first;
    if (index == NO_BLOCK)
        return false;
    bin->first = heap->blocks[index].next;
    return use_block(heap, bin, index);
}

static bool sweep_for(struct heap *heap, struct bin *bin, uint32_t count)
{
    while (count-- > 0 && heap->sweep_at < heap->sweep_end) {
        firn_sweep_block(heap, heap->sweep_at++);
        if (bin->first != NO_BLOCK)
            return use_listed(heap, bin);
    }
    return false;
}

static bool use_fresh(struct heap *heap, struct bin *bin, bool collecting)
{
    if (!collecting) {
        heap->status = firn_blocks_allow(heap, 1);
        if (heap->status != FIRN_OK)
            return false;
    }
    uint32_t index = firn_blocks_take(heap);
    if (index == NO_BLOCK)
        return false;
    struct block *block = &heap->blocks[index];
    block->kind = BLOCK_CELLS;
    block->bin = (uint8_t)(bin - heap->bins);
    block->leaf = block->bin >= SIZE_COUNT;
    block->cell_bytes = bin->cell_bytes;
    block->cell_count = (uint16_t)(BLOCK_BYTES / bin->cell_bytes);
    block->reciprocal = (uint32_t)((((uint64_t)1 << 32) + bin->cell_bytes - 1) / bin->cell_bytes);
    block->live = 0;
    block->overflowed = block->evacuating = 0;
    return use_block(heap, bin, index);
}

static void set_bits(uint64_t *bits, uint32_t from, uint32_t to)
{
    for (; from < to && from % 64 != 0; from++)
        bits[from / 64] |= (uint64_t)1 << (from % 64);
    for (; from + 64 <= to; from += 64)
        bits[from / 64] = ~(uint64_t)0;
    if (from < to)
        bits[from / 64] |= ((uint64_t)1 << (to - from)) - 1;
}

/* Notes the objects in the cells taken: I2. */
static void note(struct heap *heap, struct bin *bin)
{
    size_t bytes = (size_t)(bin->at - bin->noted);
    if (bytes == 0)
        return;
    uint32_t index = bin->current;
    uint32_t from = cell_at(&heap->blocks[index], (uintptr_t)bin->noted & (BLOCK_BYTES - 1));
    uint32_t count = cell_at(&heap->blocks[index], bytes - 1) + 1;
    set_bits(alloc_bits(heap, index), from, from + count);
    heap->blocks[index].live = (uint16_t)(heap->blocks[index].live + count);
    heap->old_bytes += bytes;
    heap->old_allocated += bytes;
    if (heap->phase == PHASE_MARK) {
        set_bits(mark_bits(heap, index), from, from + count);
        heap->marked_bytes += bytes;
    }
    bin->noted = bin->at;
}

void firn_old_note(struct heap *heap)
{
    for (unsigned i = 0; i < BIN_COUNT; i++)
        note(heap, &heap->bins[i]);
}

static bool refill(struct heap *heap, struct bin *bin, bool collecting)
{
    note(heap, bin);
    if (bin->current != NO_BLOCK && next_run(heap, bin))
        return true;
    return use_listed(heap, bin) || sweep_for(heap, bin, SWEPT_FOR_A_CELL) ||
           use_fresh(heap, bin, collecting) || sweep_for(heap, bin, UINT32_MAX) ||
           use_fresh(heap, bin, collecting);
}

void *firn_old_refill(struct heap *heap, struct bin *bin, bool collecting)
{
    assert(bin->at == bin->end);
    if (!refill(heap, bin, collecting))
        return NULL;
    return old_take(bin);
}

void *firn_old_cell(struct heap *heap, size_t bytes, bool leaf, bool collecting)
{
    struct bin *bin = old_bin(heap, bytes, leaf);
    void *cell = bin->at != bin->end ? old_take(bin) : firn_old_refill(heap, bin, collecting);
    note(heap, bin);
    return cell;
}
