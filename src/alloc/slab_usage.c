/* What a slab holds, and whether its structure is right: walks over its segments, units and spans.
 * Calls nothing; see slab.h for the layout. Threads: the slab's own. Complexity: O(units).
 */
#include "alloc/slab.h"

/* The runs of a segment, one after the other. Sets *unit, which starts at header_units, to the
 * unit behind; NULL after the last. */
static const firn_span *next_run(const firn_segment *segment, uint32_t *unit)
{
    while (*unit < segment->unit_count && segment->kinds[*unit] == FIRN_UNIT_FREE)
        ++*unit;
    if (*unit >= segment->unit_count)
        return NULL;
    const firn_span *run = &segment->spans[*unit];
    *unit += run->units;
    return run;
}

static void add_segment(const firn_segment *segment, firn_usage *usage)
{
    usage->reserved_bytes += segment->bytes;
    if (segment->huge_offset != 0) {
        usage->live_bytes += segment->bytes - segment->huge_offset;
        usage->overhead_bytes += segment->huge_offset;
        usage->resident_bytes += segment->bytes - segment->huge_offset + FIRN_UNIT_BYTES / 4;
        return;
    }
    uint64_t header = segment->header_units * FIRN_UNIT_BYTES, resident = header;
    usage->overhead_bytes += header;
    uint32_t unit = segment->header_units;
    for (const firn_span *run; (run = next_run(segment, &unit)) != NULL;) {
        uint64_t bytes = run->units * FIRN_UNIT_BYTES;
        if (run->kind == FIRN_UNIT_RUN) {
            usage->live_bytes += bytes;
            resident += bytes;
            continue;
        }
        uint32_t size = firn_class_size(run->kind);
        usage->live_bytes += (uint64_t)run->used * size;
        usage->overhead_bytes += bytes - (uint64_t)run->capacity * size;
        uint64_t touched = ((uint64_t)run->touched * size + 4095) / 4096 * 4096;
        resident += touched < bytes ? touched : bytes;
    }
    for (uint32_t i = 0; i < (segment->unit_count + 63) / 64; i++)
        resident += (uint64_t)__builtin_popcountll(segment->dirty[i]) * FIRN_UNIT_BYTES;
    usage->resident_bytes += resident;
}

void firn_slab_usage(const firn_slab *slab, firn_usage *ret_usage)
{
    const firn_slab_state *state = firn_slab_state_of(slab);
    firn_usage usage = {0};
    for (const firn_segment *i = state->segments; i != NULL; i = i->next)
        add_segment(i, &usage);
    for (uint32_t class = 0; class < FIRN_SLAB_CLASSES; class ++) {
        const struct firn_slab_cache *cache = &state->front.caches[class];
        usage.live_bytes -= (uint64_t)(cache->top - cache->begin) * firn_class_size(class);
    }
    *ret_usage = usage;
}

static bool all_of_class(const firn_slab_state *state, void **at, void **end, uint32_t class)
{
    for (; at < end; at++) {
        const firn_segment *segment = firn_segment_of(state, *at);
        if (segment->kinds[firn_unit_of(segment, *at)] != class || !firn_span_holds(state, *at))
            return false;
    }
    return true;
}

static bool span_is_right(const firn_segment *segment, const firn_span *span)
{
    const uint64_t *room = firn_span_room(segment, span);
    uint32_t size = firn_class_size(span->kind);
    size_t words = sizeof(span->room) / sizeof(uint64_t), free_slots = 0;
    if (size < 64)
        words = (FIRN_UNIT_BYTES / size + 63) / 64;
    for (size_t i = 0; i < words; i++)
        free_slots += (size_t)__builtin_popcountll(room[i]);
    return span->used + free_slots == span->capacity &&
           span->listed == (span->used < span->capacity);
}

static bool segment_is_right(const firn_segment *segment)
{
    uint32_t free_units = 0, unit = segment->header_units;
    for (uint32_t i = 0; i < segment->unit_count; i++) {
        bool is_free = segment->free[i / 64] >> i % 64 & 1;
        bool is_dirty = segment->dirty[i / 64] >> i % 64 & 1;
        if (is_free != (segment->kinds[i] == FIRN_UNIT_FREE) || (is_dirty && !is_free) ||
            (is_free && i < segment->first_free))
            return false;
        free_units += is_free;
    }
    for (const firn_span *run; (run = next_run(segment, &unit)) != NULL;) {
        if (run->first != run - segment->spans || run->first + run->units > segment->unit_count ||
            run->kind != segment->kinds[run->first] ||
            (run->kind < FIRN_SLAB_CLASSES && !span_is_right(segment, run)))
            return false;
        for (uint32_t i = run->first; i < run->first + run->units; i++) {
            if (segment->kinds[i] != run->kind || segment->spans[i].first != run->first)
                return false;
        }
    }
    return free_units == segment->free_units;
}

firn_status firn_slab_verify(const firn_slab *slab)
{
    const firn_slab_state *state = firn_slab_state_of(slab);
    size_t reserved = 0;
    for (const firn_segment *i = state->segments; i != NULL; i = i->next) {
        reserved += i->bytes;
        if (firn_segment_of(state, i) != i || (i->huge_offset == 0 && !segment_is_right(i)))
            return FIRN_CORRUPT;
    }
    for (uint32_t class = 0; class < FIRN_SLAB_CLASSES; class ++) {
        const struct firn_slab_cache *cache = &state->front.caches[class];
        if (!all_of_class(state, cache->begin, cache->top, class))
            return FIRN_CORRUPT;
    }
    return reserved == state->reserved_bytes ? FIRN_OK : FIRN_CORRUPT;
}
