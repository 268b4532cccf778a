/* What a region wants to know of its slab before it sleeps: which pages are in use, and that free
 * memory holds nothing. Calls nothing; see slab.h for the layout. Threads: the slab's own.
 * Complexity: O(units), and the bytes that are zeroed.
 */
#include "alloc/slab_idle.h"

#include "alloc/slab.h"

/* Visits the free slots of a span that were in use at some time. */
static void visit_slots(const firn_segment *segment, const firn_span *span,
                        firn_slab_visit_fn visit, void *context)
{
    uint32_t size = firn_class_size(span->kind);
    const uint8_t *slots = firn_unit_at(segment, span->first);
    const uint64_t *room = firn_span_room(segment, span);
    for (uint32_t slot = 0; slot < span->touched; slot++) {
        if (room[slot / 64] >> slot % 64 & 1)
            visit(context, slots + (size_t)slot * size, size);
    }
}

void firn_slab_visit_free(firn_slab *slab, firn_slab_wanted_fn wanted, firn_slab_visit_fn visit,
                          void *context)
{
    firn_slab_state *state = firn_slab_state_of(slab);
    for (uint32_t class = 0; class < FIRN_SLAB_CLASSES; class ++) {
        for (const firn_span *span = state->partial[class]; span != NULL; span = span->next) {
            const firn_segment *segment = firn_segment_of(state, span);
            if (wanted(context, firn_unit_at(segment, span->first), span->units * FIRN_UNIT_BYTES))
                visit_slots(segment, span, visit, context);
        }
        struct firn_slab_cache *cache = &state->front.caches[class];
        for (void **at = cache->top; at < cache->end; at++)
            *at = NULL;
    }
}

void firn_slab_visit_used(const firn_slab *slab, firn_slab_visit_fn visit, void *context)
{
    const firn_slab_state *state = firn_slab_state_of(slab);
    for (const firn_segment *i = state->segments; i != NULL; i = i->next) {
        if (i->huge_offset != 0) {
            visit(context, i->memory, i->bytes);
            continue;
        }
        uint32_t from = 0;
        while (from < i->unit_count) {
            uint32_t end = from;
            while (end < i->unit_count && i->kinds[end] != FIRN_UNIT_FREE)
                end++;
            if (end > from)
                visit(context, firn_unit_at(i, from), (end - from) * FIRN_UNIT_BYTES);
            from = end + 1;
        }
    }
}
