/* Proves that a heap is whole, and that the program stores by the barrier. Called by tests, by the
 * program, and by nobody else; reads only, and takes memory from the allocator for its maps.
 *
 * Invariants that it checks:
 *   V1  eden and the survivor half hold objects of known types, end to end
 *   V2  a block is free or used as its bits, its descriptor and the counts say
 *   V3  the alloc bits of a swept block tell its objects, and old_bytes is the sum of all cells
 *   V4  every slot of an object, root, weak reference and finaliser refers to an object
 *   V5  an old object refers to a young one only on a card with CARD_YOUNG
 *   V6  while marking, a black object refers to a white one only on a card with CARD_MARKED
 *   V7  weak references and finalisers stand in the list of their object's age
 *   V8  blocks in use keep the limit; an open eden has its reserve
 *
 * Threads: one. Complexity: O(heap).
 */
#include "alloc/heap/finalise.h"
#include "alloc/heap/roots.h"
#include "alloc/heap/slots.h"
#include "alloc/heap/walk.h"
#include "alloc/heap/weak.h"

struct check {
    firn_tracer tracer;
    struct heap *heap;
    firn_error *error;
    firn_status status;
    uint64_t *starts; /* a bit a word of the nursery: an object starts there */
    uint64_t *grey;   /* laid out as the mark bits; NULL: no marking goes on */
    void *holder;     /* the object whose slots are visited, or NULL */
    bool black;       /* it is */
    uint64_t old_bytes;
};

/* Notes the first thing that is wrong; always false, to be returned. */
static bool wrong(struct check *check, const char *what, const void *where)
{
    if (check->status == FIRN_OK)
        check->status =
            firn_error_set(check->error, FIRN_CORRUPT, 0, "heap: %s (at %p)", what, where);
    return false;
}

static bool is_header(const struct heap *heap, header_word h)
{
    return !(h & HEADER_FORWARDED) && ((h >> 16) & 0xffff) < heap->front.type_count &&
           header_size(h) > 0;
}

/* --- the nursery: V1 --- */

static bool check_stretch(struct check *check, uint8_t *at, const uint8_t *end)
{
    const struct heap *heap = check->heap;
    while (at < end) {
        header_word h = *header_of(at + HEADER_BYTES);
        if (!is_header(heap, h) || header_bytes(h) > (size_t)(end - at))
            return wrong(check, "a young object has a bad header (V1)", at + HEADER_BYTES);
        size_t word = ((uintptr_t)at - heap->base) / 8;
        check->starts[word / 64] |= (uint64_t)1 << (word % 64);
        at += header_bytes(h);
    }
    return true;
}

static bool check_nursery(struct check *check)
{
    struct heap *heap = check->heap;
    if (heap->front.next < heap->eden || heap->front.next > heap->eden_limit ||
        heap->eden_limit > heap->eden_end)
        return wrong(check, "the next object lies outside of eden (V1)", heap->front.next);
    return check_stretch(check, heap->survivors[heap->from], heap->from_end) &&
           check_stretch(check, heap->eden, heap->front.next);
}

/* --- blocks: V2, V3, V8 --- */

static bool check_cells(struct check *check, uint32_t index)
{
    const struct heap *heap = check->heap;
    const struct block *block = &heap->blocks[index];
    const uint64_t *live = live_bits(heap, index), *mark = mark_bits(heap, index);
    bool swept = block->epoch == heap->epoch;
    uint32_t count = 0;
    for (uint32_t cell = 0; cell < MAP_WORDS * 64; cell++) {
        uint64_t bit = (uint64_t)1 << (cell % 64);
        if (swept && (mark[cell / 64] & bit) &&
            (heap->phase == PHASE_IDLE || !(live[cell / 64] & bit)))
            return wrong(check, "a mark bit without its object (V3)", block_start(heap, index));
        if (!(live[cell / 64] & bit))
            continue;
        if (cell >= block->cell_count)
            return wrong(check, "an object beyond its block (V3)", block_start(heap, index));
        void *object = cell_object(heap, index, cell);
        if (!is_header(heap, *header_of(object)) ||
            header_bytes(*header_of(object)) > block->cell_bytes)
            return wrong(check, "an old object has a bad header (V3)", object);
        count++;
    }
    check->old_bytes += (uint64_t)count * block->cell_bytes;
    return !swept || count == block->live ||
           wrong(check, "the count of a block is off (V3)", block_start(heap, index));
}

static bool check_large(struct check *check, uint32_t index)
{
    const struct heap *heap = check->heap;
    const struct block *block = &heap->blocks[index];
    for (uint32_t i = 1; i < block->span; i++) {
        if (heap->blocks[index + i].kind != BLOCK_TAIL || heap->blocks[index + i].head != index)
            return wrong(check, "a large object lacks a tail (V2)", block_start(heap, index));
    }
    return check_cells(check, index);
}

static bool check_blocks(struct check *check)
{
    const struct heap *heap = check->heap;
    uint32_t used = 0, warm = 0;
    for (uint32_t index = 0; index < heap->frontier; index++) {
        const struct block *block = &heap->blocks[index];
        uint64_t bit = (uint64_t)1 << (index % 64);
        bool is_free = (heap->free_blocks[index / 64] & bit) != 0;
        bool is_warm = (heap->warm_blocks[index / 64] & bit) != 0;
        warm += is_warm;
        used += !is_free;
        if (is_free != (block->kind == BLOCK_FREE) || (is_warm && !is_free))
            return wrong(check, "a block is free and is not (V2)", block_start(heap, index));
        if (block->kind == BLOCK_CELLS && !check_cells(check, index))
            return false;
        if (block->kind == BLOCK_LARGE && !check_large(check, index))
            return false;
    }
    if (used != heap->used || warm != heap->warm_count || heap->frontier - used != heap->free_count)
        return wrong(check, "the counts of blocks are off (V2)", NULL);
    if (check->old_bytes != heap->old_bytes)
        return wrong(check, "the bytes of old objects are off (V3)", NULL);
    if (used > heap->block_limit || (!heap->closed && (used + heap->reserve > heap->block_limit ||
                                                       heap->free_count < heap->reserve)))
        return wrong(check, "blocks do not keep the limit (V8)", NULL);
    return true;
}

/* --- slots: V4, V5, V6 --- */

static bool is_grey(const struct check *check, uint32_t index, uint32_t cell)
{
    return check->heap->blocks[index].overflowed ||
           (check->grey[(size_t)index * MAP_WORDS + cell / 64] >> (cell % 64) & 1);
}

static bool is_dirty(const struct heap *heap, void **slot, uint8_t bit)
{
    return (*card_of(heap, slot) & *sheet_of(heap, slot) & bit) != 0;
}

static bool check_old_target(struct check *check, void **slot)
{
    const struct heap *heap = check->heap;
    void *object = *slot;
    uint32_t index = block_index(heap, object);
    const struct block *block = &heap->blocks[index];
    if (block->kind != BLOCK_CELLS && block->kind != BLOCK_LARGE)
        return wrong(check, "a slot refers to a free block (V4)", slot);
    uint32_t cell = cell_of(heap, object, index);
    if (cell >= block->cell_count || cell_object(heap, index, cell) != object ||
        !(live_bits(heap, index)[cell / 64] >> (cell % 64) & 1))
        return wrong(check, "a slot refers to no object (V4)", slot);
    if (check->grey != NULL && check->black && !is_marked(heap, object) &&
        !is_dirty(heap, slot, CARD_MARKED))
        return wrong(check,
                     "a black object refers to a white one: a store went round the "
                     "barrier (V6)",
                     slot);
    return true;
}

static void check_slot(firn_tracer *tracer, void **slot)
{
    struct check *check = (struct check *)tracer;
    const struct heap *heap = check->heap;
    if (is_old(heap, *slot)) {
        check_old_target(check, slot);
    } else if (is_young(heap, *slot)) {
        size_t word = ((uintptr_t)*slot - HEADER_BYTES - heap->base) / 8;
        if (*slot == (void *)heap->base || !(check->starts[word / 64] >> (word % 64) & 1))
            wrong(check, "a slot refers to no young object (V4)", slot);
        else if (check->holder != NULL && is_old(heap, check->holder) &&
                 !is_dirty(heap, slot, CARD_YOUNG))
            wrong(check, "an old object refers to a young one: a store went round the barrier (V5)",
                  slot);
    }
}

static bool check_object(void *context, void *object)
{
    struct check *check = context;
    check->holder = object;
    check->black = false;
    if (check->grey != NULL && is_old(check->heap, object)) {
        uint32_t index = block_index(check->heap, object);
        uint32_t cell = cell_of(check->heap, object, index);
        check->black = is_marked(check->heap, object) && !is_grey(check, index, cell);
    }
    slots_trace(check->heap, object, &check->tracer);
    check->holder = NULL;
    check->black = false;
    return check->status == FIRN_OK;
}

static void note_grey(struct check *check)
{
    const struct heap *heap = check->heap;
    for (size_t i = 0; i < heap->stack_count; i++) {
        void *object = heap->stack[i];
        if ((uintptr_t)object & 7)
            continue; /* a position: its array lies below */
        uint32_t index = block_index(heap, object), cell = cell_of(heap, object, index);
        check->grey[(size_t)index * MAP_WORDS + cell / 64] |= (uint64_t)1 << (cell % 64);
    }
}

/* --- lists: V7 --- */

static bool check_lists(struct check *check)
{
    const struct heap *heap = check->heap;
    for (firn_weak *weak = heap->weak_young; weak != NULL; weak = weak->next) {
        if (!is_young(heap, weak->target))
            return wrong(check, "a weak reference is in the wrong list (V7)", weak);
    }
    for (firn_weak *weak = heap->weak_old; weak != NULL; weak = weak->next) {
        if (!is_old(heap, weak->target))
            return wrong(check, "a weak reference is in the wrong list (V7)", weak);
    }
    for (size_t i = 0; i < heap->final_young.count; i++) {
        if (!is_young(heap, heap->final_young.items[i]))
            return wrong(check, "a finaliser is in the wrong list (V7)", NULL);
    }
    for (size_t i = 0; i < heap->final_old.count; i++) {
        if (!is_old(heap, heap->final_old.items[i]))
            return wrong(check, "a finaliser is in the wrong list (V7)", NULL);
    }
    return true;
}

static bool check_all(struct check *check)
{
    struct heap *heap = check->heap;
    if (!check_nursery(check) || !check_blocks(check))
        return false;
    if (check->grey != NULL)
        note_grey(check);
    firn_roots_visit(heap, &check->tracer);
    firn_weak_visit(heap, &check->tracer);
    firn_final_visit(heap, &check->tracer);
    return check->status == FIRN_OK && firn_walk_young(heap, check_object, check) &&
           firn_walk_old(heap, check_object, check) && check_lists(check);
}

firn_status firn_heap_verify(firn_heap *front, firn_error *ret_error)
{
    struct heap *heap = heap_of(front);
    struct check check = {.tracer = {check_slot}, .heap = heap, .error = ret_error};
    size_t starts = heap->nursery_bytes / 64 / 8, grey = (size_t)heap->frontier * MAP_WORDS;
    firn_status status = FIRN_NO_MEMORY;
    check.starts = firn_allocate_zeroed(heap->allocator, starts, sizeof(uint64_t));
    if (check.starts == NULL)
        goto done;
    if (heap->phase == PHASE_MARK && heap->frontier > 0) {
        check.grey = firn_allocate_zeroed(heap->allocator, grey, sizeof(uint64_t));
        if (check.grey == NULL)
            goto done;
    }
    check_all(&check);
    status = check.status;
done:
    if (status == FIRN_NO_MEMORY)
        firn_error_set(ret_error, status, 0, "heap: no memory to verify it with");
    if (check.starts != NULL)
        firn_release(heap->allocator, check.starts, starts * sizeof(uint64_t));
    if (check.grey != NULL)
        firn_release(heap->allocator, check.grey, grey * sizeof(uint64_t));
    return status;
}
