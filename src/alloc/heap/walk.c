/* Walks over all objects, and the figures that come from them. Called by verify.c and the program.
 * Threads: one. Complexity: O(heap).
 */
#include "alloc/heap/walk.h"

typedef bool (*walker)(void *context, void *object);

static bool walk_between(uint8_t *at, const uint8_t *end, walker visit, void *context)
{
    while (at < end) {
        void *object = at + HEADER_BYTES;
        at += header_bytes(*header_of(object));
        if (!visit(context, object))
            return false;
    }
    return true;
}

bool firn_walk_young(struct heap *heap, walker visit, void *context)
{
    return walk_between(heap->survivors[heap->from], heap->from_end, visit, context) &&
           walk_between(heap->eden, heap->front.next, visit, context);
}

bool firn_walk_old(struct heap *heap, walker visit, void *context)
{
    for (uint32_t index = 0; index < heap->frontier; index++) {
        const struct block *block = &heap->blocks[index];
        if (block->kind != BLOCK_CELLS && block->kind != BLOCK_LARGE)
            continue;
        const uint64_t *live = live_bits(heap, index);
        for (uint32_t cell = 0; cell < block->cell_count; cell++) {
            if ((live[cell / 64] >> (cell % 64) & 1) &&
                !visit(context, cell_object(heap, index, cell)))
                return false;
        }
    }
    return true;
}

/* --- for the program --- */

struct visitor {
    firn_heap *heap;
    firn_heap_visit_fn visit;
    void *context;
};

static bool visit_object(void *context, void *object)
{
    const struct visitor *visitor = context;
    return visitor->visit(visitor->context, object, firn_heap_type(visitor->heap, object),
                          firn_heap_size(object));
}

void firn_heap_visit(firn_heap *front, firn_heap_visit_fn visit, void *context)
{
    struct visitor visitor = {front, visit, context};
    if (firn_walk_young(heap_of(front), visit_object, &visitor))
        firn_walk_old(heap_of(front), visit_object, &visitor);
}

struct rows {
    firn_type_stats *rows;
    size_t capacity;
    uint64_t live_bytes;
};

static bool count_object(void *context, void *object, firn_type type, size_t size)
{
    struct rows *rows = context;
    (void)object;
    rows->live_bytes += size;
    if ((type & 0xffff) < rows->capacity) {
        rows->rows[type & 0xffff].count++;
        rows->rows[type & 0xffff].bytes += size;
    }
    return true;
}

size_t firn_heap_type_stats(firn_heap *front, firn_type_stats *types, size_t capacity)
{
    const struct heap *heap = heap_of(front);
    struct rows rows = {types, capacity < front->type_count ? capacity : front->type_count, 0};
    for (size_t i = 0; i < rows.capacity; i++)
        types[i] = (firn_type_stats){heap->types[i].name, 0, 0};
    firn_heap_visit(front, count_object, &rows);
    return front->type_count;
}

static uint64_t young_bytes(const struct heap *heap)
{
    return (uint64_t)(heap->from_end - heap->survivors[heap->from]) +
           (uint64_t)(heap->front.next - heap->eden);
}

void firn_heap_stats_get(const firn_heap *front, firn_heap_stats *ret_stats)
{
    const struct heap *heap = (const struct heap *)front;
    *ret_stats = heap->stats;
    ret_stats->young_bytes = young_bytes(heap);
    ret_stats->old_bytes = heap->old_bytes;
    ret_stats->live_bytes = heap->live_bytes;
    ret_stats->goal_bytes = heap->goal_bytes;
    ret_stats->growth_percent = heap->growth;
    ret_stats->eden_bytes = (uint64_t)(heap->eden_limit - heap->eden);
    ret_stats->block_bytes = (uint64_t)heap->used << BLOCK_SHIFT;
    ret_stats->spare_bytes = (uint64_t)heap->warm_count << BLOCK_SHIFT;
}

void firn_heap_usage(firn_heap *front, firn_usage *ret_usage)
{
    struct heap *heap = heap_of(front);
    struct rows rows = {NULL, 0, 0};
    firn_heap_visit(front, count_object, &rows);
    uint64_t blocks = (uint64_t)(heap->used + heap->warm_count) * (BLOCK_BYTES + BLOCK_TABLES);
    uint64_t tables = sizeof *heap + heap->types_capacity * sizeof(struct type) +
                      heap->stack_capacity * sizeof(void *) + heap->block_max / 4;
    memset(ret_usage, 0, sizeof *ret_usage);
    ret_usage->live_bytes = rows.live_bytes;
    ret_usage->resident_bytes =
        blocks + tables + 2 * heap->copied_most + (size_t)(heap->eden_touched - heap->eden);
    ret_usage->reserved_bytes =
        heap->nursery_bytes + (uint64_t)heap->frontier * (BLOCK_BYTES + BLOCK_TABLES) + tables;
    ret_usage->overhead_bytes = ret_usage->resident_bytes - rows.live_bytes;
}
