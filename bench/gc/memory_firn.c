/* Firn's heap. */
#include "gc/kinds.h"
#include "gc/memory.h"

#define PAUSE_TARGET_NS 2000000u
#define FIXED_NURSERY ((size_t)2 << 20)

firn_heap *heap;
firn_type types[KINDS];

void memory_begin(bool fixed)
{
    const firn_heap_options options = {.pause_target_ns = PAUSE_TARGET_NS,
                                       .nursery_bytes = fixed ? FIXED_NURSERY : 0,
                                       .fixed_nursery = fixed};
    if (firn_heap_create(&options, &heap) != FIRN_OK)
        need(NULL);
    for (enum kind kind = 0; kind < KINDS; kind++) {
        const firn_type_options type = kind_type(kind);
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
