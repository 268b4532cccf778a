/* The slow path of allocation: where eden's window is full, and for objects that are born old.
 * Called by the inlined firn_heap_alloc; calls collect.c for room. Before NULL is returned, a full
 * collection has been tried, and a compaction unless the options forbid it.
 *
 * Invariant I1: front.end is at most the window, and front.next where objects must be looked at one
 * by one (stress, AddressSanitizer), so that every allocation comes here.
 *
 * Threads: one. Complexity: O(size), and what the collections cost.
 */
#include "alloc/heap/collect.h"
#include "alloc/heap/compact.h"
#include "alloc/heap/finalise.h"
#include "alloc/heap/large.h"
#include "alloc/heap/old.h"
#include "alloc/heap/pause.h"
#include "alloc/heap/type.h"

/* Of old objects, between two steps. */
#define STEP_BYTES ((size_t)128 << 10)

/* Under stress: full collections with compaction, every so many objects. */
#define STRESS_COMPACT 61

/* What is tried, one after the other, for room. */
enum attempt { SWEEP, COLLECT, COMPACT, GIVE_UP };

static bool try_for_room(struct heap *heap, enum attempt attempt)
{
    if (attempt == SWEEP)
        firn_sweep_all(heap);
    else if (attempt == COLLECT)
        firn_collect_full(heap, false);
    else if (attempt == COMPACT && !heap->no_compaction)
        firn_collect_full(heap, true);
    return attempt != GIVE_UP;
}

/* --- young objects --- */

static size_t eden_room(const struct heap *heap)
{
    return heap->closed ? 0 : (size_t)(heap->eden_limit - heap->front.next);
}

/* Empties eden and opens it again, whatever that takes. */
static bool empty_eden(struct heap *heap)
{
    firn_pause_begin(heap); /* of all this, as the program feels it */
    firn_collect_minor(heap);
    firn_collect_step(heap);
    heap->status = firn_collect_open(heap);
    for (int attempt = SWEEP; heap->status != FIRN_OK; attempt++) {
        if (!try_for_room(heap, (enum attempt)attempt))
            break;
        heap->status = firn_collect_open(heap);
    }
    firn_pause_end(heap);
    return heap->status == FIRN_OK;
}

static bool make_room(struct heap *heap, size_t bytes)
{
    if (eden_room(heap) >= bytes) {
        firn_collect_step(heap);
        heap->status = firn_collect_open(heap);
        firn_final_run(heap, SIZE_MAX);
    }
    while (eden_room(heap) < bytes) {
        if (!empty_eden(heap))
            return false;
        firn_final_run(heap, SIZE_MAX);
    }
    return true;
}

static uint8_t *young_alloc(struct heap *heap, size_t bytes)
{
    bool fits = !heap->closed && bytes <= (size_t)(heap->window - heap->front.next);
    if (!fits && !make_room(heap, bytes))
        return NULL;
    uint8_t *at = heap->front.next;
    heap->front.next += bytes;
    if (heap->window < heap->front.next)
        heap->window = heap->front.next;
    heap->front.end = EVERY_OBJECT || heap->stress ? heap->front.next : heap->window; /* I1 */
    HEAP_UNPOISON(at, bytes);
    memset(at, 0, bytes);
    return at;
}

/* --- objects that are born old --- */

static uint8_t *take_old(struct heap *heap, size_t bytes, bool leaf)
{
    if (bytes > CELL_MAX)
        return firn_large_alloc(heap, bytes, leaf);
    uint8_t *cell = firn_old_cell(heap, bytes, leaf, false);
    return cell != NULL ? memset(cell, 0, bytes) : NULL;
}

/* As if all of the object was written. */
static void dirty(struct heap *heap, uint8_t *at, size_t bytes)
{
    uint8_t *first = card_of(heap, at), *last = card_of(heap, at + bytes - 1);
    memset(first, CARD_BOTH, (size_t)(last - first) + 1);
    first = sheet_of(heap, at);
    last = sheet_of(heap, at + bytes - 1);
    memset(first, CARD_BOTH, (size_t)(last - first) + 1);
}

/* Steps in proportion to what is born old, as the nursery's objects are followed by theirs. */
static void pay(struct heap *heap, size_t bytes)
{
    size_t steps = bytes / STEP_BYTES;
    if (steps == 0 && heap->old_allocated - heap->paced_at < STEP_BYTES)
        return;
    while (firn_collect_step(heap) && steps > 0)
        steps--;
    if (heap->phase == PHASE_IDLE)
        heap->paced_at = heap->old_allocated;
    firn_status status = firn_collect_open(heap);
    (void)status; /* of eden; this is about the old space */
    firn_final_run(heap, SIZE_MAX);
}

static uint8_t *old_alloc(struct heap *heap, size_t bytes, bool leaf)
{
    pay(heap, bytes);
    uint8_t *at = take_old(heap, bytes, leaf);
    for (int attempt = SWEEP; at == NULL; attempt++) {
        if (!try_for_room(heap, (enum attempt)attempt))
            return NULL;
        firn_status status = firn_collect_open(heap);
        (void)status;
        firn_final_run(heap, SIZE_MAX);
        at = take_old(heap, bytes, leaf);
    }
    if (bytes <= CELL_MAX && !leaf) /* larger ones would make the next pause long; they are told to
                                     * be written by the barrier */
        dirty(heap, at, bytes);
    return at;
}

/* --- any object --- */

static void stress(struct heap *heap)
{
    if (++heap->stress_count % STRESS_COMPACT == 0)
        firn_collect_full(heap, true);
    else
        firn_collect_minor(heap);
    firn_collect_step(heap);
    heap->status = firn_collect_open(heap);
    firn_final_run(heap, SIZE_MAX);
}

static void *make(struct heap *heap, firn_type type, size_t size, bool pinned)
{
    heap->status = FIRN_INVALID;
    if (!firn_type_known(heap, type) || size > FIRN_HEAP_OBJECT_MAX)
        return NULL;
    heap->status = FIRN_OK;
    if (heap->stress)
        stress(heap);
    size = size != 0 ? size : 1;
    size_t bytes = (size + HEADER_BYTES + 7) & ~(size_t)7;
    header_word h = header_make(type, size) | (pinned ? HEADER_PINNED : 0);
    uint8_t *at = pinned || size > FIRN_HEAP_YOUNG_MAX
                      ? old_alloc(heap, bytes, type_is_leaf(heap, h))
                      : young_alloc(heap, bytes);
    if (at == NULL)
        return NULL;
    memcpy(at, &h, HEADER_BYTES);
    heap->status = FIRN_OK;
    if (type & TYPE_FINAL) {
        if (!firn_final_ensure(heap)) {
            heap->status = FIRN_NO_MEMORY; /* the object is left as garbage */
            return NULL;
        }
        firn_final_put(heap, at + HEADER_BYTES);
    }
    return at + HEADER_BYTES;
}

void *firn_heap_alloc_slow(firn_heap *front, firn_type type, size_t size)
{
    return make(heap_of(front), type, size, false);
}

void *firn_heap_alloc_pinned(firn_heap *front, firn_type type, size_t size)
{
    return make(heap_of(front), type, size, true);
}

firn_status firn_heap_status(const firn_heap *front)
{
    return ((const struct heap *)front)->status;
}

void firn_heap_wrote(firn_heap *front, void *object, void *start, size_t size)
{
    (void)object;
    if (size > 0)
        dirty(heap_of(front), start, size);
}
