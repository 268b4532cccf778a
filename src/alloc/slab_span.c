/* Spans: runs of units whose slots have one size, with a bitmap of the free ones. Called by slab.c
 * when a cache runs empty or full, so that objects move in batches; calls slab_pages.c.
 *
 * Invariants:
 *   I1  used of a span is the number of slots that are not free in its bitmap
 *   I2  a span is in its class's list of partial ones if and only if it has a free slot
 *   I3  in checked builds free slots are poisoned or filled
 *
 * Threads: the slab's own. Complexity: O(1) an object but for the search of a bitmap, 64 slots at a
 * step. A full bitmap search starts at low addresses, so that spans fill densely and untouched
 * pages stay untouched.
 */
#include "alloc/slab.h"

#include <assert.h>
#include <string.h>

/* Classes with too many slots for the span itself: 16, 32 and 48 bytes. */
#define OUTSIDE_CLASSES 3

static size_t room_words(uint32_t class)
{
    return (FIRN_UNIT_BYTES / firn_class_size(class) + 63) / 64;
}

size_t firn_span_capacity(uint32_t class, size_t units)
{
    size_t behind = class < OUTSIDE_CLASSES ? room_words(class) * sizeof(uint64_t) : 0;
    return (units * FIRN_UNIT_BYTES - behind) / firn_class_size(class);
}

static uint8_t *slots_of(const firn_slab_state *state, const firn_span *span)
{
    return firn_unit_at(firn_segment_of(state, span), span->first);
}

static uint64_t *room_of(const firn_slab_state *state, firn_span *span)
{
    if (span->kind >= OUTSIDE_CLASSES)
        return span->room;
    size_t bytes = room_words(span->kind) * sizeof(uint64_t);
    return (uint64_t *)(void *)(slots_of(state, span) + span->units * FIRN_UNIT_BYTES - bytes);
}

static void list(firn_slab_state *state, firn_span *span)
{
    firn_span **first = &state->partial[span->kind];
    span->previous = NULL;
    span->next = *first;
    if (*first != NULL)
        (*first)->previous = span;
    *first = span;
    span->listed = true;
}

static void unlist(firn_slab_state *state, firn_span *span)
{
    if (span->previous != NULL)
        span->previous->next = span->next;
    else
        state->partial[span->kind] = span->next;
    if (span->next != NULL)
        span->next->previous = span->previous;
    span->listed = false;
}

static firn_span *add_span(firn_slab *slab, uint32_t class)
{
    firn_slab_state *state = firn_slab_state_of(slab);
    size_t units = state->span_units[class];
    firn_span *span = firn_pages_take(slab, (uint8_t) class, units, FIRN_UNIT_BYTES);
    if (span == NULL)
        return NULL;
    span->capacity = (uint16_t)firn_span_capacity(class, units);
    uint64_t *room = room_of(state, span);
    memset(room, 0, class < OUTSIDE_CLASSES ? room_words(class) * 8 : sizeof(span->room));
    for (size_t left = span->capacity, i = 0; left > 0; i++) {
        room[i] = left < 64 ? ((uint64_t)1 << left) - 1 : UINT64_MAX;
        left -= left < 64 ? left : 64;
    }
    firn_poison(slots_of(state, span), span->capacity * firn_class_size(class)); /* I3 */
    list(state, span);
    return span;
}

/* Takes up to count free slots of a span that has some; returns how many. */
static size_t take_from(firn_slab_state *state, firn_span *span, void **objects, size_t count)
{
    uint64_t *room = room_of(state, span);
    uint8_t *slots = slots_of(state, span);
    size_t size = firn_class_size(span->kind), taken = 0, slot = 0;
    for (size_t word = 0; taken < count && word * 64 < span->capacity; word++) {
        for (; taken < count && room[word] != 0; taken++) {
            slot = word * 64 + (size_t)__builtin_ctzll(room[word]);
            room[word] &= room[word] - 1;
            objects[taken] = slots + slot * size;
        }
    }
    assert(taken > 0); /* I2 */
    span->used = (uint16_t)(span->used + taken);
    span->touched = slot >= span->touched ? (uint16_t)(slot + 1) : span->touched;
    if (span->used == span->capacity)
        unlist(state, span);
    return taken;
}

size_t firn_span_take(firn_slab *slab, uint32_t class, void **objects, size_t count)
{
    firn_slab_state *state = firn_slab_state_of(slab);
    size_t taken = 0;
    while (taken < count) {
        firn_span *span = state->partial[class];
        if (span == NULL && (taken > 0 || (span = add_span(slab, class)) == NULL))
            break;
        taken += take_from(state, span, objects + taken, count - taken);
    }
    for (size_t i = 0; i < taken / 2; i++) { /* low addresses come last */
        void *object = objects[i];
        objects[i] = objects[taken - 1 - i];
        objects[taken - 1 - i] = object;
    }
    return taken;
}

/* The span and slot of an object; NULL when there is none. */
static firn_span *find_slot(const firn_slab_state *state, const void *object, size_t *ret_slot)
{
    const firn_segment *segment = firn_segment_of(state, object);
    firn_span *span = &segment->spans[segment->spans[firn_unit_of(segment, object)].first];
    size_t offset = (size_t)((const uint8_t *)object - slots_of(state, span));
    size_t slot = (size_t)(offset * state->reciprocal[span->kind] >> 40);
    if (slot * firn_class_size(span->kind) != offset || slot >= span->capacity)
        return NULL;
    *ret_slot = slot;
    return span;
}

bool firn_span_holds(const firn_slab_state *state, const void *object)
{
    size_t slot;
    firn_span *span = find_slot(state, object, &slot);
    return span != NULL && !(room_of(state, span)[slot / 64] >> slot % 64 & 1);
}

firn_status firn_span_give(firn_slab *slab, void *object)
{
    firn_slab_state *state = firn_slab_state_of(slab);
    size_t slot;
    firn_span *span = find_slot(state, object, &slot);
    if (span == NULL)
        return FIRN_INVALID;
    uint64_t *word = &room_of(state, span)[slot / 64], bit = (uint64_t)1 << slot % 64;
    if (*word & bit)
        return FIRN_INVALID;
    *word |= bit;
    if (span->used-- == span->capacity)
        list(state, span);
    if (span->used == 0 && (state->partial[span->kind] != span || span->next != NULL ||
                            span->units > 1)) { /* a class keeps its last span, if small */
        unlist(state, span);
        firn_pages_give(slab, span);
    }
    return FIRN_OK;
}

void firn_span_trim(firn_slab *slab)
{
    firn_slab_state *state = firn_slab_state_of(slab);
    for (uint32_t class = 0; class < FIRN_SLAB_CLASSES; class ++) {
        firn_span *next;
        for (firn_span *span = state->partial[class]; span != NULL; span = next) {
            next = span->next;
            if (span->used == 0) {
                unlist(state, span);
                firn_pages_give(slab, span);
            }
        }
    }
}
