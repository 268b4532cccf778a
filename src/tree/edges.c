/* The edge table: an array of keys and an open-addressing hash table of indices into it, at most
 * half full. Edges are only added, so a number once given stays; the keys have their full room from
 * the start and never move, so that whoever was told a number may read its key while others add.
 * The caller serialises puts. */
#include "tree/edges.h"

static uint32_t slot_of(uint64_t key, uint32_t slot_count)
{
    return (uint32_t)((key * UINT64_C(0x9E3779B97F4A7C15)) >> 40) & (slot_count - 1);
}

static firn_edge *find_slot(const struct firn_edges *edges, uint64_t key)
{
    uint32_t slot = slot_of(key, edges->slot_count);
    while (edges->slots[slot] != FIRN_EDGE_NONE && edges->key[edges->slots[slot]] != key)
        slot = (slot + 1) & (edges->slot_count - 1);
    return &edges->slots[slot];
}

static bool grow_slots(struct firn_edges *edges, const firn_allocator *allocator)
{
    struct firn_edges grown = *edges;
    grown.slot_count = edges->slot_count == 0 ? 64 : edges->slot_count * 2;
    grown.slots = firn_allocate(allocator, grown.slot_count * sizeof *grown.slots);
    if (grown.slots == NULL)
        return false;
    for (uint32_t i = 0; i < grown.slot_count; i++)
        grown.slots[i] = FIRN_EDGE_NONE;
    for (uint32_t i = 0; i < edges->count; i++)
        *find_slot(&grown, edges->key[i]) = (firn_edge)i;
    firn_release(allocator, edges->slots, edges->slot_count * sizeof *edges->slots);
    *edges = grown;
    return true;
}

firn_status firn_edges_put(struct firn_edges *edges, uint64_t key, const firn_allocator *allocator,
                           firn_edge *ret_edge)
{
    if (edges->capacity == 0) {
        edges->key = firn_allocate(allocator, FIRN_EDGE_LIMIT * sizeof *edges->key);
        if (edges->key == NULL)
            return FIRN_NO_MEMORY;
        edges->capacity = FIRN_EDGE_LIMIT;
    }
    if (edges->count * 2 >= edges->slot_count && !grow_slots(edges, allocator))
        return FIRN_NO_MEMORY;
    firn_edge *slot = find_slot(edges, key);
    if (*slot == FIRN_EDGE_NONE) {
        if (edges->count >= FIRN_EDGE_LIMIT)
            return FIRN_LIMIT;
        *slot = (firn_edge)edges->count;
        edges->key[edges->count++] = key;
    }
    *ret_edge = *slot;
    return FIRN_OK;
}

void firn_edges_fini(struct firn_edges *edges, const firn_allocator *allocator)
{
    firn_release(allocator, edges->key, edges->capacity * sizeof *edges->key);
    firn_release(allocator, edges->slots, edges->slot_count * sizeof *edges->slots);
    *edges = (struct firn_edges){0};
}
