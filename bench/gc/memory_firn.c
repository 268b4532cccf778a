/* Firn's heap. */
#include "gc/memory.h"

#define PAUSE_TARGET_NS 2000000u

firn_heap *heap;
firn_type types[KINDS];

void memory_begin(bool fixed)
{
    static const uint32_t offsets[] = {0, 8, 16};
    const firn_heap_options options = {.pause_target_ns = PAUSE_TARGET_NS, .fixed_nursery = fixed};
    if (firn_heap_create(&options, &heap) != FIRN_OK)
        need(NULL);
    for (size_t kind = 0; kind < KINDS; kind++) {
        firn_type_options type = {.kind = FIRN_TYPE_MAP, .offsets = offsets, .offset_count = kind};
        if (kind == KIND_LEAF)
            type = (firn_type_options){.kind = FIRN_TYPE_LEAF};
        else if (kind == KIND_ARRAY)
            type = (firn_type_options){.kind = FIRN_TYPE_POINTERS};
        if (firn_heap_type_put(heap, &type, &types[kind]) != FIRN_OK)
            need(NULL);
    }
}

void hold(void **slot)
{
    if (firn_heap_root_put(heap, slot) != FIRN_OK)
        need(NULL);
}

void free_all(void)
{
    if (firn_heap_collect(heap, FIRN_COLLECT_FULL) != FIRN_OK)
        need(NULL);
}

struct collections collections(void)
{
    firn_heap_stats stats;
    firn_heap_stats_get(heap, &stats);
    return (struct collections){stats.minor_count, stats.step_count + stats.mark_count};
}

void memory_report(void)
{
    firn_heap_stats stats;
    firn_heap_stats_get(heap, &stats);
    printf("own_pause_ns %.0f\n", (double)stats.all.longest_ns);
    printf("minor_p999_ns %.0f\n", (double)firn_heap_pause_percentile(&stats.minor, 99.9));
    printf("minor_count %.0f\n", (double)stats.minor_count);
    printf("eden_bytes %.0f\n", (double)stats.eden_bytes);
    printf("mark_count %.0f\n", (double)stats.mark_count);
}
