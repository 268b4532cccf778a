/* Tables of productions: child lists in one pool, found by an open-addressing hash table at most
 * half full. The family has one while it learns (values are counts), one of what it settled on and
 * one of what came later (values are ranks). Only added to; the caller serialises writers, and
 * finding is safe while nobody adds. */
#include "tree/productions.h"

#include <string.h>

uint64_t firn_production_hash(firn_label label, struct firn_children children)
{
    uint64_t hash = (label + UINT64_C(1)) * UINT64_C(0x9E3779B97F4A7C15);
    for (uint32_t i = 0; i < children.count; i++) {
        hash = (hash ^ children.edge[i]) * UINT64_C(0xD6E8FEB86659FD93);
        hash ^= hash >> 29;
    }
    return hash ^ hash >> 32;
}

static bool equal(const struct firn_productions *table, uint32_t index, firn_label label,
                  struct firn_children children)
{
    const struct firn_production *item = &table->item[index];
    return item->label == label && item->count == children.count &&
           (children.count == 0 || memcmp(table->pool + item->first, children.edge,
                                          children.count * sizeof *children.edge) == 0);
}

uint32_t firn_productions_find(const struct firn_productions *table, uint64_t hash,
                               firn_label label, struct firn_children children)
{
    if (table->slot_count == 0)
        return FIRN_PRODUCTION_NONE;
    size_t slot = hash & (table->slot_count - 1);
    while (table->slots[slot] != FIRN_PRODUCTION_NONE) {
        if (equal(table, table->slots[slot], label, children))
            return table->slots[slot];
        slot = (slot + 1) & (table->slot_count - 1);
    }
    return FIRN_PRODUCTION_NONE;
}

static void fill_slot(struct firn_productions *table, uint64_t hash, uint32_t index)
{
    size_t slot = hash & (table->slot_count - 1);
    while (table->slots[slot] != FIRN_PRODUCTION_NONE)
        slot = (slot + 1) & (table->slot_count - 1);
    table->slots[slot] = index;
}

static bool grow_slots(struct firn_productions *table, const firn_allocator *allocator)
{
    size_t slot_count = table->slot_count == 0 ? 64 : table->slot_count * 2;
    uint32_t *slots = firn_allocate(allocator, slot_count * sizeof *slots);
    if (slots == NULL)
        return false;
    memset(slots, 0xFF, slot_count * sizeof *slots);
    firn_release(allocator, table->slots, table->slot_count * sizeof *slots);
    table->slots = slots;
    table->slot_count = slot_count;
    for (uint32_t i = 0; i < table->count; i++) {
        uint64_t hash =
            firn_production_hash(table->item[i].label, firn_production_children(table, i));
        fill_slot(table, hash, i);
    }
    return true;
}

bool firn_productions_add(struct firn_productions *table, uint64_t hash, firn_label label,
                          struct firn_children children, uint32_t value,
                          const firn_allocator *allocator)
{
    if (table->count == FIRN_PRODUCTION_NONE - 1 || table->pool_count + children.count > UINT32_MAX)
        return false;
    if (table->count * (size_t)2 >= table->slot_count && !grow_slots(table, allocator))
        return false;
    if (!firn_grow(allocator, (void **)&table->item, &table->item_capacity, table->count + 1u,
                   sizeof *table->item) ||
        !firn_grow(allocator, (void **)&table->pool, &table->pool_capacity,
                   table->pool_count + children.count + 1, sizeof *table->pool))
        return false;
    if (children.count > 0)
        memcpy(table->pool + table->pool_count, children.edge,
               children.count * sizeof *children.edge);
    table->item[table->count] =
        (struct firn_production){(uint32_t)table->pool_count, children.count, value, label};
    table->pool_count += children.count;
    fill_slot(table, hash, table->count++);
    return true;
}

size_t firn_productions_bytes(const struct firn_productions *table)
{
    return table->item_capacity * sizeof *table->item + table->pool_capacity * sizeof *table->pool +
           table->slot_count * sizeof *table->slots;
}

void firn_productions_fini(struct firn_productions *table, const firn_allocator *allocator)
{
    firn_release(allocator, table->item, table->item_capacity * sizeof *table->item);
    firn_release(allocator, table->pool, table->pool_capacity * sizeof *table->pool);
    firn_release(allocator, table->slots, table->slot_count * sizeof *table->slots);
    *table = (struct firn_productions){0};
}
