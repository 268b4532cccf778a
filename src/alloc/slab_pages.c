/* The slab's segments: mapped from the source, cut into runs of units, given back. See slab.h for
 * the layout. Called by slab.c and slab_span.c; calls only the source.
 *
 * Invariants:
 *   I1  a unit's kind is FIRN_UNIT_FREE if and only if its bit in free is set
 *   I2  a segment is in the open list if and only if it has free units and is not huge
 *   I3  reserved is the sum of all segments and at most the limit
 *   I4  dirty units are free, and no more than dirty_max after each call, if the source can discard
 *   I5  used_units is the number of units in runs
 *
 * Threads: the slab's own. Complexity: first fit, a word of 64 units at a step, over the segments
 * with free units. Follows mimalloc's segments (Leijen, Zorn, de Moura, 2019).
 */
#include "alloc/slab.h"

#include <assert.h>
#include <string.h>

#define SOURCE_UNIT ((size_t)64 << 10)

static bool bit_get(const uint64_t *bits, uint32_t at)
{
    return bits[at / 64] >> at % 64 & 1;
}

static void bits_set(uint64_t *bits, uint32_t from, size_t count, bool to)
{
    for (size_t i = from; i < from + count; i++) {
        uint64_t bit = (uint64_t)1 << i % 64;
        bits[i / 64] = to ? bits[i / 64] | bit : bits[i / 64] & ~bit;
    }
}

static size_t header_bytes(size_t unit_count, size_t state_bytes)
{
    size_t words = (unit_count + 63) / 64;
    size_t kinds = (offsetof(firn_segment, kinds) + unit_count + 63) & ~(size_t)63;
    size_t bits = (words * 2 * sizeof(uint64_t) + 63) & ~(size_t)63;
    return kinds + bits + unit_count * sizeof(firn_span) + state_bytes;
}

static size_t dirty_max(const firn_slab_state *state)
{
    size_t part = state->kept_part != 0 ? state->used_units / state->kept_part : 0;
    return part > state->kept_units ? part : state->kept_units;
}

static void open_segment(firn_slab_state *state, firn_segment *segment)
{
    segment->previous_open = NULL;
    segment->next_open = state->open;
    if (state->open != NULL)
        state->open->previous_open = segment;
    state->open = segment;
}

static void close_segment(firn_slab_state *state, firn_segment *segment)
{
    if (segment->previous_open != NULL)
        segment->previous_open->next_open = segment->next_open;
    else
        state->open = segment->next_open;
    if (segment->next_open != NULL)
        segment->next_open->previous_open = segment->previous_open;
}

/* Lays out a segment over mapped memory; its header, with state_bytes at its end, takes the first
 * units. */
static firn_segment *lay_out(uint8_t *memory, size_t bytes, size_t state_bytes)
{
    firn_segment *segment = (firn_segment *)(void *)memory;
    size_t unit_count = bytes / FIRN_UNIT_BYTES, words = (unit_count + 63) / 64;
    size_t header = header_bytes(unit_count, state_bytes);
    *segment = (firn_segment){.bytes = bytes, .memory = memory};
    segment->unit_count = (uint32_t)unit_count;
    segment->header_units = (uint32_t)((header + FIRN_UNIT_BYTES - 1) / FIRN_UNIT_BYTES);
    segment->free_units = segment->unit_count - segment->header_units;
    segment->first_free = segment->header_units;
    uintptr_t kinds_end = ((uintptr_t)segment->kinds + unit_count + 63) & ~(uintptr_t)63;
    segment->free = (uint64_t *)kinds_end;
    segment->dirty = segment->free + words;
    segment->spans = (firn_span *)(((uintptr_t)(segment->dirty + words) + 63) & ~(uintptr_t)63);
    memset(segment->free, 0, words * 2 * sizeof(uint64_t));
    memset(segment->kinds, FIRN_UNIT_HEADER, segment->header_units);
    memset(segment->kinds + segment->header_units, FIRN_UNIT_FREE, segment->free_units);
    bits_set(segment->free, segment->header_units, segment->free_units, true);
    return segment;
}

static void link_segment(firn_slab_state *state, firn_segment *segment)
{
    segment->previous = NULL;
    segment->next = state->segments;
    if (state->segments != NULL)
        state->segments->previous = segment;
    state->segments = segment;
    state->reserved_bytes += segment->bytes;
    assert(state->limit_bytes == 0 || state->reserved_bytes <= state->limit_bytes); /* I3 */
}

static void unmap_segment(firn_slab *slab, firn_segment *segment)
{
    firn_slab_state *state = firn_slab_state_of(slab);
    if (segment->previous != NULL)
        segment->previous->next = segment->next;
    else
        state->segments = segment->next;
    if (segment->next != NULL)
        segment->next->previous = segment->previous;
    state->reserved_bytes -= segment->bytes;
    firn_unpoison(segment->memory, segment->bytes);
    slab->source.unmap(slab->source.context, segment->memory, segment->bytes);
}

firn_status firn_pages_init(firn_slab *slab, size_t limit_bytes, size_t state_bytes)
{
    const firn_page_source *source = &slab->source;
    bool ranged = source->range != NULL;
    size_t bytes = FIRN_SEGMENT_BYTES;
    uint8_t *memory;
    if (ranged) {
        size_t skip = (size_t)(-(uintptr_t)source->range & (FIRN_UNIT_BYTES - 1));
        bytes = source->range_bytes > skip ? source->range_bytes - skip : 0;
        bytes = limit_bytes != 0 && bytes > limit_bytes ? limit_bytes : bytes;
        bytes &= ~(FIRN_UNIT_BYTES - 1);
        bytes = bytes / FIRN_UNIT_BYTES > UINT32_MAX ? UINT32_MAX * FIRN_UNIT_BYTES : bytes;
        if (header_bytes(bytes / FIRN_UNIT_BYTES, state_bytes) + FIRN_UNIT_BYTES > bytes)
            return FIRN_INVALID;
        memory = (uint8_t *)source->range + skip;
    } else {
        while (limit_bytes != 0 && bytes > limit_bytes / 8 && bytes > FIRN_SEGMENT_MIN_BYTES)
            bytes /= 2;
        if (limit_bytes != 0 && bytes > limit_bytes)
            return FIRN_INVALID;
        memory = source->map(source->context, bytes, bytes);
        if (memory == NULL)
            return FIRN_NO_MEMORY;
    }
    firn_segment *segment = lay_out(memory, bytes, state_bytes);
    firn_slab_state *state = (firn_slab_state *)(void *)(segment->spans + segment->unit_count);
    memset(state, 0, state_bytes);
    state->segment_bytes = bytes;
    state->limit_bytes = limit_bytes;
    state->ranged = ranged;
#ifndef FIRN_CHECKED
    state->front.low = ranged ? (uintptr_t)memory : 1;
    state->front.extent = ranged ? bytes : UINTPTR_MAX;
#endif
    state->front.segment_mask = ranged ? 0 : ~(uintptr_t)(bytes - 1);
    state->front.segment_base = ranged ? (uintptr_t)segment : 0;
    slab->front = &state->front;
    link_segment(state, segment);
    open_segment(state, segment);
    return FIRN_OK;
}

/* The state lies in the oldest segment, so this one goes last. */
void firn_pages_fini(firn_slab *slab)
{
    firn_slab_state *state = firn_slab_state_of(slab);
    if (state->ranged) {
        firn_unpoison(state->segments->memory, state->segments->bytes);
        return;
    }
    while (state->segments->next != NULL)
        unmap_segment(slab, state->segments);
    firn_segment *last = state->segments;
    uint8_t *memory = last->memory;
    size_t bytes = last->bytes;
    firn_unpoison(memory, bytes);
    slab->source.unmap(slab->source.context, memory, bytes);
}

bool firn_pages_know(const firn_slab_state *state, const void *at)
{
    for (const firn_segment *i = state->segments; i != NULL; i = i->next) {
        if ((uintptr_t)at - (uintptr_t)i->memory < i->bytes)
            return true;
    }
    return false;
}

/* --- runs of units --- */

/* The next unit from `from` on that is free (or is not); unit_count when there is none. */
static uint32_t next_unit(const firn_segment *segment, uint32_t from, bool is_free)
{
    while (from < segment->unit_count) {
        uint64_t word = segment->free[from / 64];
        word = (is_free ? word : ~word) >> from % 64;
        if (word != 0) {
            from += (uint32_t)__builtin_ctzll(word);
            return from < segment->unit_count ? from : segment->unit_count;
        }
        from = (from / 64 + 1) * 64;
    }
    return segment->unit_count;
}

/* The first run of free units at a multiple of alignment; unit_count when there is none. */
static uint32_t find_run(firn_segment *segment, size_t units, size_t alignment)
{
    uint32_t from = next_unit(segment, segment->first_free, true);
    segment->first_free = from;
    while (from < segment->unit_count) {
        uintptr_t at = (uintptr_t)firn_unit_at(segment, from);
        size_t skip = (size_t)(-at & (alignment - 1)) / FIRN_UNIT_BYTES;
        uint32_t end = next_unit(segment, from, false);
        if (end - from >= skip + units)
            return from + (uint32_t)skip;
        from = next_unit(segment, end, true);
    }
    return segment->unit_count;
}

/* Marks free units as used by a run. */
static void use_units(firn_slab_state *state, firn_segment *segment, uint32_t from, size_t units,
                      uint32_t first)
{
    uint8_t kind = segment->kinds[first];
    for (uint32_t i = from; i < from + units; i++) {
        assert(bit_get(segment->free, i)); /* I1 */
        bool is_dirty = bit_get(segment->dirty, i);
        state->dirty_units -= is_dirty;
        segment->kinds[i] = kind;
        segment->spans[i].first = first;
        segment->spans[i].dirty = is_dirty;
    }
    bits_set(segment->free, from, units, false);
    bits_set(segment->dirty, from, units, false);
    firn_unpoison(firn_unit_at(segment, from), units * FIRN_UNIT_BYTES);
    segment->free_units -= (uint32_t)units;
    state->used_units += units;
    if (segment->free_units == 0)
        close_segment(state, segment); /* I2 */
}

static firn_segment *add_segment(firn_slab *slab)
{
    firn_slab_state *state = firn_slab_state_of(slab);
    size_t bytes = state->segment_bytes;
    if (state->ranged ||
        (state->limit_bytes != 0 && state->limit_bytes - state->reserved_bytes < bytes))
        return NULL;
    uint8_t *memory = slab->source.map(slab->source.context, bytes, bytes);
    if (memory == NULL)
        return NULL;
    firn_segment *segment = lay_out(memory, bytes, 0);
    link_segment(state, segment);
    open_segment(state, segment);
    return segment;
}

firn_span *firn_pages_take(firn_slab *slab, uint8_t kind, size_t units, size_t alignment)
{
    firn_slab_state *state = firn_slab_state_of(slab);
    firn_segment *segment = state->open;
    uint32_t first = 0;
    for (; segment != NULL; segment = segment->next_open) {
        first = segment->free_units >= units ? find_run(segment, units, alignment)
                                             : segment->unit_count;
        if (first != segment->unit_count)
            break;
    }
    if (segment == NULL) {
        segment = add_segment(slab);
        if (segment == NULL)
            return NULL;
        first = find_run(segment, units, alignment);
        if (first == segment->unit_count)
            return NULL;
    }
    segment->kinds[first] = kind;
    use_units(state, segment, first, units, first);
    firn_span *run = &segment->spans[first];
    *run = (firn_span){.first = first, .units = (uint32_t)units, .kind = kind, .dirty = run->dirty};
    return run;
}

static void free_units(firn_slab *slab, firn_segment *segment, uint32_t from, size_t units)
{
    firn_slab_state *state = firn_slab_state_of(slab);
    memset(segment->kinds + from, FIRN_UNIT_FREE, units);
    bits_set(segment->free, from, units, true);
    if (segment->free_units == 0)
        open_segment(state, segment); /* I2 */
    segment->free_units += (uint32_t)units;
    state->used_units -= units;
    segment->first_free = from < segment->first_free ? from : segment->first_free;
    firn_poison(firn_unit_at(segment, from), units * FIRN_UNIT_BYTES);
    if (slab->source.discard != NULL) {
        bits_set(segment->dirty, from, units, true);
        state->dirty_units += units;
        if (state->dirty_units > dirty_max(state))
            firn_pages_trim(slab); /* I4 */
    }
}

void firn_pages_give(firn_slab *slab, firn_span *run)
{
    firn_segment *segment = firn_segment_of(firn_slab_state_of(slab), run);
    free_units(slab, segment, run->first, run->units);
}

bool firn_pages_resize(firn_slab *slab, firn_span *run, size_t units)
{
    firn_slab_state *state = firn_slab_state_of(slab);
    firn_segment *segment = firn_segment_of(state, run);
    uint32_t old = run->units, end = run->first + old;
    if (units <= old) {
        run->units = (uint32_t)units;
        if (units < old)
            free_units(slab, segment, run->first + (uint32_t)units, old - units);
        return true;
    }
    if (units - old > segment->unit_count - end ||
        next_unit(segment, end, false) - end < units - old)
        return false;
    use_units(state, segment, end, units - old, run->first);
    run->units = (uint32_t)units;
    return true;
}

static void discard_dirty(firn_slab *slab, firn_segment *segment)
{
    firn_slab_state *state = firn_slab_state_of(slab);
    uint32_t from = 0;
    while (from < segment->unit_count) {
        uint32_t end = from;
        while (end < segment->unit_count && bit_get(segment->dirty, end))
            end++;
        if (end > from) {
            size_t bytes = (end - from) * FIRN_UNIT_BYTES;
            slab->source.discard(slab->source.context, firn_unit_at(segment, from), bytes);
            state->dirty_units -= end - from;
        }
        from = end + 1;
    }
    memset(segment->dirty, 0, (segment->unit_count + 63) / 64 * sizeof(uint64_t));
}

void firn_pages_trim(firn_slab *slab)
{
    firn_slab_state *state = firn_slab_state_of(slab);
    firn_segment *next;
    for (firn_segment *segment = state->segments; segment != NULL; segment = next) {
        next = segment->next;
        if (segment->huge_offset != 0)
            continue;
        bool empty = segment->free_units == segment->unit_count - segment->header_units;
        if (empty && next != NULL) { /* not the oldest one */
            for (uint32_t i = 0; i < segment->unit_count; i++)
                state->dirty_units -= bit_get(segment->dirty, i);
            close_segment(state, segment);
            unmap_segment(slab, segment);
        } else if (slab->source.discard != NULL) {
            discard_dirty(slab, segment);
        }
    }
    assert(state->dirty_units == 0);
}

/* --- huge objects --- */

static size_t huge_bytes(size_t offset, size_t size)
{
    size_t bytes = offset + size + SOURCE_UNIT - 1;
    return size > PTRDIFF_MAX - offset - SOURCE_UNIT ? 0 : bytes & ~(SOURCE_UNIT - 1);
}

void *firn_huge_take(firn_slab *slab, size_t size, size_t alignment)
{
    firn_slab_state *state = firn_slab_state_of(slab);
    size_t offset = alignment > FIRN_UNIT_BYTES ? alignment : FIRN_UNIT_BYTES;
    size_t bytes = huge_bytes(offset, size);
    if (state->ranged || bytes == 0 ||
        (state->limit_bytes != 0 && state->limit_bytes - state->reserved_bytes < bytes))
        return NULL;
    uint8_t *memory = slab->source.map(slab->source.context, bytes, state->segment_bytes);
    if (memory == NULL)
        return NULL;
    firn_segment *segment = (firn_segment *)(void *)memory;
    *segment = (firn_segment){.bytes = bytes, .memory = memory, .huge_offset = offset};
    memset(segment->kinds, FIRN_UNIT_HEADER, FIRN_SLAB_ALIGNMENT_MAX / FIRN_UNIT_BYTES + 1);
    segment->kinds[offset / FIRN_UNIT_BYTES] = FIRN_UNIT_HUGE;
    link_segment(state, segment);
    return memory + offset;
}

void firn_huge_give(firn_slab *slab, firn_segment *segment)
{
    unmap_segment(slab, segment);
}

bool firn_huge_resize(firn_slab *slab, firn_segment *segment, size_t size)
{
    firn_slab_state *state = firn_slab_state_of(slab);
    const firn_page_source *source = &slab->source;
    size_t bytes = huge_bytes(segment->huge_offset, size), old = segment->bytes;
    if (bytes == 0)
        return false;
    if (bytes < old)
        source->unmap(source->context, segment->memory + bytes, old - bytes);
    else if (bytes > old && (source->extend == NULL ||
                             (state->limit_bytes != 0 &&
                              state->limit_bytes - state->reserved_bytes < bytes - old) ||
                             !source->extend(source->context, segment->memory, old, bytes)))
        return false;
    segment->bytes = bytes;
    state->reserved_bytes = state->reserved_bytes - old + bytes;
    return true;
}
