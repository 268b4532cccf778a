/* Visiting the slots of an object by its type. Inlined, so that a visitor known at compile time
 * costs no call. */
#ifndef FIRN_ALLOC_HEAP_SLOTS_H
#define FIRN_ALLOC_HEAP_SLOTS_H

#include "alloc/heap/space.h"

typedef void (*slot_visitor)(void *context, void **slot);

#define SLOTS_INLINE static inline __attribute__((always_inline))

/* Visits the slots of object at addresses from low to below high, or all where the type does not
 * tell them apart. tracer calls the same visitor. */
SLOTS_INLINE void slots_between(const struct heap *heap, void *object, uintptr_t low,
                                uintptr_t high, slot_visitor visit, void *context,
                                firn_tracer *tracer)
{
    header_word h = *header_of(object);
    const struct type *type = header_type(heap, h);
    size_t size = header_size(h);
    switch (type->kind) {
    case FIRN_TYPE_MAP:
        if (size >= type->extent) {
            for (size_t i = 0, count = type->offset_count; i < count; i++)
                visit(context, (void **)((uintptr_t)object + type->offsets[i]));
            break;
        }
        for (size_t i = 0; i < type->offset_count; i++) {
            if (type->offsets[i] + sizeof(void *) <= size)
                visit(context, (void **)((uintptr_t)object + type->offsets[i]));
        }
        break;
    case FIRN_TYPE_POINTERS: {
        uintptr_t start = (uintptr_t)object, end = start + (size & ~(size_t)7);
        start = start < low ? low : start;
        end = end > high ? high : end;
        for (; start < end; start += sizeof(void *))
            visit(context, (void **)start);
        break;
    }
    case FIRN_TYPE_TRACE:
        type->trace(object, size, tracer);
        break;
    default:
        break;
    }
}

SLOTS_INLINE void slots_all(const struct heap *heap, void *object, slot_visitor visit,
                            void *context, firn_tracer *tracer)
{
    slots_between(heap, object, 0, UINTPTR_MAX, visit, context, tracer);
}

static inline void slots_call(void *context, void **slot)
{
    firn_tracer *tracer = context;
    tracer->visit(tracer, slot);
}

/* The same for a visitor that is only known at run time. */
static inline void slots_trace(const struct heap *heap, void *object, firn_tracer *tracer)
{
    slots_all(heap, object, slots_call, tracer, tracer);
}

typedef void (*object_visitor)(void *context, void *object, uintptr_t low, uintptr_t high);

/* Calls visit for each object of `bits` (live or marked) that reaches into a card of the old space,
 * with the card's bounds. */
SLOTS_INLINE void card_objects(const struct heap *heap, size_t card, bool marked,
                               object_visitor visit, void *context)
{
    uintptr_t low = heap->base + (card << CARD_SHIFT), high = low + CARD_BYTES;
    uint32_t index = block_index(heap, (void *)low);
    const struct block *block = &heap->blocks[index];
    if (block->leaf) {
        return;
    } else if (block->kind == BLOCK_CELLS) {
        const uint64_t *bits = marked ? mark_bits(heap, index) : live_bits(heap, index);
        size_t offset = low & (BLOCK_BYTES - 1);
        uint32_t cell = cell_at(block, offset);
        uint32_t last = cell_at(block, offset + CARD_BYTES - 1);
        last = last < block->cell_count ? last : block->cell_count - 1u;
        for (; cell <= last; cell++) {
            if (bits[cell / 64] >> (cell % 64) & 1)
                visit(context, cell_object(heap, index, cell), low, high);
        }
    } else if (block->kind != BLOCK_FREE) {
        index = block->kind == BLOCK_TAIL ? block->head : index;
        const uint64_t *bits = marked ? mark_bits(heap, index) : live_bits(heap, index);
        if (bits[0] & 1)
            visit(context, cell_object(heap, index, 0), low, high);
    }
}

/* --- dirty cards --- */

typedef void (*card_visitor)(void *context, size_t card);

/* Cards fetched ahead of the one visited, with the bits of their cells: they are cold as a rule.
 * Measured on a map with churn: 0.6 of the time of a minor collection without. */
#define CARDS_AHEAD 16

typedef struct card_queue {
    size_t cards[CARDS_AHEAD];
    size_t count; /* ever */
} card_queue;

static inline void card_fetch(const struct heap *heap, size_t card, bool marked)
{
    const uint8_t *start = (const uint8_t *)heap->base + (card << CARD_SHIFT);
    for (size_t offset = 0; offset < CARD_BYTES; offset += 64)
        __builtin_prefetch(start + offset);
    uint32_t index = block_index(heap, start);
    uint32_t cell = cell_at(&heap->blocks[index], (uintptr_t)start & (BLOCK_BYTES - 1));
    const uint64_t *bits = marked ? mark_bits(heap, index) : live_bits(heap, index);
    __builtin_prefetch(bits + cell / 64);
}

/* Takes `bit` off the cards of a sheet that have it, and visits them, later ones of the queue
 * first. */
SLOTS_INLINE void sheet_visit(const struct heap *heap, size_t sheet, uint8_t bit, card_queue *queue,
                              card_visitor visit, void *context)
{
    size_t end = (sheet + 1) * SHEET_CARDS;
    size_t card = next_dirty(heap->cards, sheet * SHEET_CARDS, end, bit);
    for (; card < end; card = next_dirty(heap->cards, card + 1, end, bit)) {
        heap->cards[card] &= (uint8_t)~bit;
        size_t *place = &queue->cards[queue->count % CARDS_AHEAD];
        if (queue->count++ >= CARDS_AHEAD)
            visit(context, *place);
        *place = card;
        card_fetch(heap, card, bit == CARD_MARKED);
    }
}

SLOTS_INLINE void card_queue_empty(card_queue *queue, card_visitor visit, void *context)
{
    size_t left = queue->count < CARDS_AHEAD ? queue->count : CARDS_AHEAD;
    for (; left > 0; left--)
        visit(context, queue->cards[(queue->count - left) % CARDS_AHEAD]);
    queue->count = 0;
}

#endif
