/* Pauses: measured, and counted in a histogram whose slots grow by a quarter of a power of two, as
 * HdrHistogram does. Called by collect.c; calls the clock. Threads: one. Complexity: O(1).
 */
#include "alloc/heap/pause.h"

#include <firn/system.h>

#define SLOT_BITS 2 /* of the length below its highest bit */
#define SLOT_PER_POWER (1u << SLOT_BITS)

uint64_t firn_heap_pause_ns(size_t slot)
{
    if (slot < SLOT_PER_POWER)
        return slot;
    size_t power = slot / SLOT_PER_POWER - 1;
    return (uint64_t)(SLOT_PER_POWER + slot % SLOT_PER_POWER) << power;
}

static size_t slot_of(uint64_t ns)
{
    if (ns < SLOT_PER_POWER)
        return (size_t)ns;
    size_t power = 63 - (size_t)__builtin_clzll(ns) - SLOT_BITS;
    size_t slot = (power + 1) * SLOT_PER_POWER + ((size_t)(ns >> power) & (SLOT_PER_POWER - 1));
    return slot < FIRN_HEAP_PAUSE_SLOTS ? slot : FIRN_HEAP_PAUSE_SLOTS - 1;
}

void firn_pause_count(firn_heap_pauses *pauses, uint64_t ns)
{
    pauses->count++;
    pauses->total_ns += ns;
    pauses->longest_ns = ns > pauses->longest_ns ? ns : pauses->longest_ns;
    pauses->slots[slot_of(ns)]++;
}

uint64_t firn_pause_begin(struct heap *heap)
{
    if (heap->pause_depth++ == 0)
        heap->pause_start = firn_clock_ns();
    return heap->pause_start;
}

void firn_pause_end(struct heap *heap)
{
    if (--heap->pause_depth == 0)
        firn_pause_count(&heap->stats.all, firn_clock_ns() - heap->pause_start);
}

uint64_t firn_heap_pause_percentile(const firn_heap_pauses *pauses, double percent)
{
    double wanted = (double)pauses->count * percent / 100;
    uint64_t seen = 0;
    for (size_t slot = 0; slot < FIRN_HEAP_PAUSE_SLOTS && pauses->count > 0; slot++) {
        seen += pauses->slots[slot];
        if (seen > 0 && (double)seen >= wanted) {
            uint64_t ns = firn_heap_pause_ns(slot + 1);
            return ns < pauses->longest_ns ? ns : pauses->longest_ns;
        }
    }
    return pauses->longest_ns;
}
