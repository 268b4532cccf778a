/* The address range of a heap: the nursery, then blocks; and beside it the tables: cards,
 * descriptors, bit maps, the mark stack. Both are reserved at once and made usable chunk by chunk,
 * so that a table never moves and the place of a block is its index. Called by all that takes
 * blocks; calls core/page.
 *
 * Invariants:
 *   I1  blocks below the frontier are usable, their table entries too; the others are not
 *   I2  a block below the frontier is in use or has its bit in free_blocks; used and free_count
 *       count them
 *   I3  warm_blocks is a part of free_blocks; a free block outside of it reads as zero
 *   I4  used is at most block_limit, and block_limit blocks with their tables, the nursery and the
 *       largest mark stack fit into the limit
 *
 * A block that is given back stays warm until many are: giving memory to the kernel and taking it
 * again costs two page faults' time a page. Threads: one. Complexity: taking one O(words of the
 * map) at worst, O(1) as a rule.
 */
#include "alloc/heap/blocks.h"

#include "core/page.h"

#include <firn/system.h>

/* Beyond this many warm free blocks, and those that will be wanted before the next marking is done
 * or were in use lately, memory is given back. */
#define WARM_MIN 32

#define FAULT_LEAST 250 /* ns a page, and what is expected at first */

static size_t round_up(size_t size, size_t to)
{
    return (size + to - 1) / to * to;
}

/* Commits what of a table lies within bytes `from` to `to` of it. */
static bool commit(const struct heap *heap, void *table, size_t from, size_t to)
{
    size_t mask = heap->page_bytes - 1;
    uint8_t *start = (uint8_t *)table + (from & ~mask);
    return firn_page_commit(start, (to - (from & ~mask) + mask) & ~mask);
}

static bool grow(struct heap *heap)
{
    uint32_t from = heap->frontier, to = from + CHUNK_BLOCKS;
    size_t sheet_from = first_sheet(heap) + (size_t)from * BLOCK_SHEETS;
    size_t sheet_to = sheet_from + CHUNK_BLOCKS * BLOCK_SHEETS;
    size_t map_bytes = 2 * MAP_WORDS * sizeof(uint64_t);
    if (!commit(heap, block_start(heap, 0), from * BLOCK_BYTES, to * BLOCK_BYTES) ||
        !commit(heap, heap->cards, sheet_from * SHEET_CARDS, sheet_to * SHEET_CARDS) ||
        !commit(heap, heap->sheets, sheet_from, sheet_to) ||
        !commit(heap, heap->blocks, from * sizeof(struct block), to * sizeof(struct block)) ||
        !commit(heap, heap->maps, from * map_bytes, to * map_bytes))
        return false;
    HEAP_POISON(block_start(heap, from), CHUNK_BLOCKS * BLOCK_BYTES);
    heap->free_blocks[from / 64] = ~(uint64_t)0;
    heap->free_count += CHUNK_BLOCKS;
    heap->frontier = to;
    if (from / 64 < heap->take_hint)
        heap->take_hint = from / 64;
    return true;
}

firn_status firn_blocks_ensure(struct heap *heap, uint32_t count)
{
    while (heap->free_count < count) {
        if (heap->frontier == heap->block_max)
            return FIRN_LIMIT;
        if (!grow(heap))
            return FIRN_NO_MEMORY;
    }
    return FIRN_OK;
}

firn_status firn_blocks_allow(struct heap *heap, uint32_t count)
{
    if ((uint64_t)heap->used + count + heap->reserve > heap->block_limit)
        return FIRN_LIMIT;
    return firn_blocks_ensure(heap, count + heap->reserve);
}

/* Takes the bits of a block out of the maps; returns whether its memory is zero. */
static bool unfree(struct heap *heap, uint32_t index)
{
    uint64_t bit = (uint64_t)1 << (index % 64);
    bool warm = (heap->warm_blocks[index / 64] & bit) != 0;
    assert(heap->free_blocks[index / 64] & bit); /* I2 */
    heap->free_blocks[index / 64] &= ~bit;
    heap->warm_blocks[index / 64] &= ~bit;
    heap->warm_count -= warm;
    heap->free_count--;
    heap->used++;
    heap->used_lately = heap->used > heap->used_lately ? heap->used : heap->used_lately;
    memset(mark_bits(heap, index), 0, 2 * MAP_WORDS * sizeof(uint64_t));
    heap->blocks[index].epoch = heap->epoch;
    return !warm;
}

/* Learns what the kernel takes for a page, by the first one: goes to the median of these by small
 * steps, whatever another program makes of one of them. */
static void touch(struct heap *heap, uint32_t index)
{
    uint8_t *start = block_start(heap, index);
    HEAP_UNPOISON(start, 1);
    uint64_t begin = firn_clock_ns(), known = heap->fault_ns, step = known / 16;
    *(volatile uint8_t *)start = 0;
    uint64_t ns = firn_clock_ns() - begin;
    HEAP_POISON(start, 1);
    heap->fault_ns = ns > known ? known + step : known > FAULT_LEAST ? known - step : known;
    heap->cold_taken++;
}

uint32_t firn_blocks_take(struct heap *heap)
{
    if (heap->free_count == 0 || heap->used == heap->block_limit)
        return NO_BLOCK;
    const uint64_t *map = heap->warm_count > 0 ? heap->warm_blocks : heap->free_blocks;
    while (heap->free_blocks[heap->take_hint] == 0)
        heap->take_hint++;
    uint32_t word = heap->take_hint;
    while (map[word] == 0)
        word++;
    uint32_t index = word * 64 + (uint32_t)__builtin_ctzll(map[word]);
    if (unfree(heap, index))
        touch(heap, index);
    return index;
}

static bool is_free(const struct heap *heap, uint32_t index)
{
    return heap->free_blocks[index / 64] >> (index % 64) & 1;
}

/* The first of `count` adjacent free blocks below the frontier, or the start of the free blocks
 * that end there. */
static uint32_t find_run(const struct heap *heap, uint32_t count, uint32_t *ret_length)
{
    uint32_t start = 0, length = 0;
    for (uint32_t index = heap->take_hint * 64; index < heap->frontier; index++) {
        if (index % 64 == 0 && heap->free_blocks[index / 64] == 0) {
            length = 0;
            index += 63;
        } else if (!is_free(heap, index)) {
            length = 0;
        } else {
            start = length == 0 ? index : start;
            if (++length == count)
                break;
        }
    }
    *ret_length = length;
    return length == 0 ? heap->frontier : start;
}

uint32_t firn_blocks_take_run(struct heap *heap, uint32_t count, bool *ret_zeroed)
{
    if (heap->used + (uint64_t)count > heap->block_limit)
        return NO_BLOCK;
    uint32_t length;
    uint32_t first = find_run(heap, count, &length);
    if (heap->block_max - first < count)
        return NO_BLOCK;
    while (heap->frontier - first < count) {
        if (!grow(heap))
            return NO_BLOCK;
    }
    bool zeroed = true;
    for (uint32_t i = 0; i < count; i++)
        zeroed &= unfree(heap, first + i);
    *ret_zeroed = zeroed;
    return first;
}

void firn_blocks_give(struct heap *heap, uint32_t first, uint32_t count)
{
    for (uint32_t index = first; index < first + count; index++) {
        uint64_t bit = (uint64_t)1 << (index % 64);
        heap->blocks[index].kind = BLOCK_FREE;
        heap->free_blocks[index / 64] |= bit;
        heap->warm_blocks[index / 64] |= bit;
        HEAP_POISON(block_start(heap, index), BLOCK_BYTES);
    }
    heap->used -= count;
    heap->free_count += count;
    heap->warm_count += count;
    if (first / 64 < heap->take_hint)
        heap->take_hint = first / 64;
}

void firn_blocks_age(struct heap *heap, bool forget)
{
    uint32_t spared = heap->used_lately - heap->used;
    heap->used_lately = heap->used + (forget ? 0 : spared / 8 * 7);
}

/* From the top downwards, so that what is used gathers at the bottom. What comes and goes with each
 * marking stays: measured on GCBench, 31,000 page faults instead of 46,000. */
bool firn_blocks_trim(struct heap *heap, uint32_t count)
{
    size_t runway = heap->goal_bytes > heap->old_bytes ? heap->goal_bytes - heap->old_bytes : 0;
    uint32_t wanted = (uint32_t)(runway >> BLOCK_SHIFT), lately = heap->used_lately - heap->used;
    uint32_t keep = WARM_MIN + (lately > wanted ? lately : wanted);
    uint32_t word = heap->frontier / 64;
    while (count > 0 && heap->warm_count > keep && word-- > 0) {
        while (count > 0 && heap->warm_count > keep && heap->warm_blocks[word] != 0) {
            uint32_t bit = 63 - (uint32_t)__builtin_clzll(heap->warm_blocks[word]);
            firn_page_discard(block_start(heap, word * 64 + bit), BLOCK_BYTES);
            heap->warm_blocks[word] &= ~((uint64_t)1 << bit);
            heap->warm_count--;
            count--;
        }
    }
    return heap->warm_count > keep;
}

/* --- life --- */

/* The equation of I4. */
static void divide_limit(struct heap *heap)
{
    size_t nursery = heap->nursery_bytes;
    size_t fixed = nursery + nursery / CARD_BYTES + nursery / SHEET_BYTES;
    heap->stack_max = round_up(heap->limit_bytes / 64, BLOCK_BYTES) / sizeof(void *);
    fixed += heap->stack_max * sizeof(void *);
    heap->block_limit = (uint32_t)((heap->limit_bytes - fixed) / (BLOCK_BYTES + BLOCK_TABLES));
    heap->block_max = (uint32_t)round_up((size_t)heap->block_limit * 2, CHUNK_BLOCKS);
    heap->reserve = (uint32_t)((nursery / 4 * 5) >> BLOCK_SHIFT) + BIN_COUNT;
}

static void *carve(const struct heap *heap, uint8_t **at, size_t size)
{
    void *table = *at;
    *at += round_up(size, heap->page_bytes);
    return table;
}

static firn_status map_tables(struct heap *heap)
{
    size_t cards = heap->range_bytes / CARD_BYTES, sheets = heap->range_bytes / SHEET_BYTES;
    size_t bits = heap->block_max / 8;
    size_t maps = (size_t)heap->block_max * 2 * MAP_WORDS * sizeof(uint64_t);
    size_t stack = heap->stack_max * sizeof(void *);
    heap->side_bytes =
        round_up(cards + sheets + heap->block_max * sizeof(struct block) + maps + 2 * bits + stack,
                 heap->page_bytes) +
        7 * heap->page_bytes;
    heap->side = firn_page_reserve(heap->side_bytes);
    if (heap->side == NULL)
        return FIRN_NO_MEMORY;
    uint8_t *at = heap->side;
    heap->cards = carve(heap, &at, cards);
    heap->sheets = carve(heap, &at, sheets);
    heap->blocks = carve(heap, &at, heap->block_max * sizeof(struct block));
    heap->maps = carve(heap, &at, maps);
    heap->free_blocks = carve(heap, &at, bits);
    heap->warm_blocks = carve(heap, &at, bits);
    heap->stack = carve(heap, &at, stack);
    if (!commit(heap, heap->cards, 0, heap->nursery_bytes / CARD_BYTES) ||
        !commit(heap, heap->sheets, 0, heap->nursery_bytes / SHEET_BYTES) ||
        !commit(heap, heap->free_blocks, 0, bits) || !commit(heap, heap->warm_blocks, 0, bits))
        return FIRN_NO_MEMORY;
    heap->front.cards = (uintptr_t)heap->cards - (heap->base >> CARD_SHIFT);
    heap->front.sheets = (uintptr_t)heap->sheets - (heap->base >> SHEET_SHIFT);
    return FIRN_OK;
}

static void lay_out_nursery(struct heap *heap)
{
    uint8_t *start = (uint8_t *)heap->base;
    heap->survivor_bytes = heap->nursery_bytes / 8;
    heap->survivors[0] = start;
    heap->eden = start + heap->survivor_bytes;
    heap->survivors[1] = start + heap->nursery_bytes - heap->survivor_bytes;
    heap->eden_end = heap->survivors[1];
    size_t eden = (size_t)(heap->eden_end - heap->eden);
    if (!heap->fixed_nursery) /* it grows while pauses are short; the first must not be long */
        eden = eden / 12 > EDEN_MIN ? eden / 12 : EDEN_MIN;
    heap->eden_limit = heap->eden_touched = heap->eden + eden;
    heap->from_end = heap->survivors[0];
    heap->front.next = heap->front.end = heap->eden;
    HEAP_POISON(start, heap->nursery_bytes);
}

firn_status firn_blocks_init(struct heap *heap)
{
    heap->page_bytes = firn_page_size();
    heap->fault_ns = FAULT_LEAST;
    divide_limit(heap);
    size_t wanted = heap->nursery_bytes + heap->block_max * BLOCK_BYTES;
    heap->range_bytes = wanted + BLOCK_BYTES; /* to align it */
    heap->range = firn_page_reserve(heap->range_bytes);
    if (heap->range == NULL)
        return FIRN_NO_MEMORY;
    heap->base = ((uintptr_t)heap->range + BLOCK_BYTES - 1) & ~(uintptr_t)(BLOCK_BYTES - 1);
    heap->old_base = heap->base + heap->nursery_bytes;
    if (!firn_page_commit((void *)heap->base, heap->nursery_bytes))
        return FIRN_NO_MEMORY;
    firn_status status = map_tables(heap);
    if (status == FIRN_OK)
        lay_out_nursery(heap);
    return status;
}

void firn_blocks_fini(struct heap *heap)
{
    if (heap->range != NULL) {
        HEAP_UNPOISON((void *)heap->base,
                      heap->nursery_bytes + (size_t)heap->frontier * BLOCK_BYTES);
        firn_page_unmap(heap->range, heap->range_bytes);
    }
    if (heap->side != NULL)
        firn_page_unmap(heap->side, heap->side_bytes);
}
