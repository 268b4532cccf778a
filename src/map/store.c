/* Slots for a tree's nodes; see store.h. Called by the files of a tree; calls the allocator.
 *
 * An extent that has become empty is given back at once; those that are nearly empty are emptied by
 * move.c.
 *
 * Invariants: S1 a slot is in use, in its extent's list of freed ones, or fresh. S2 the lists of
 * classes hold exactly their extents with room, but for the victim. S3 the counts of slots in use
 * are right in extent, class and store.
 */
#include "map/store.h"

#include <assert.h>
#include <string.h>

static size_t block_bytes(const firn_extent *extent)
{
    return (size_t)extent->slots * extent->slot_bytes;
}

void firn_node_store_init(const firn_map_type *type, firn_node_store *store)
{
    memset(store, 0, sizeof(*store));
    store->unused = store->victim = FIRN_EXTENT_NONE;
    for (unsigned i = 0; i < type->class_count; i++)
        store->classes[i].open = FIRN_EXTENT_NONE;
}

void firn_node_store_fini(const firn_map_type *type, firn_node_store *store)
{
    for (uint32_t i = 0; i < store->extent_count; i++) {
        const firn_extent *extent = &store->extents[i];
        if (extent->base != NULL)
            firn_release(type->allocator, extent->base, block_bytes(extent));
    }
    firn_release(type->allocator, store->extents, store->extent_capacity * sizeof(firn_extent));
}

/* --- lists of extents --- */

void firn_extent_close(firn_node_store *store, uint32_t number)
{
    firn_extent *extent = &store->extents[number];
    if (extent->previous != FIRN_EXTENT_NONE)
        store->extents[extent->previous].next = extent->next;
    else
        store->classes[extent->class].open = extent->next;
    if (extent->next != FIRN_EXTENT_NONE)
        store->extents[extent->next].previous = extent->previous;
}

void firn_extent_open(firn_node_store *store, uint32_t number)
{
    firn_extent *extent = &store->extents[number];
    uint32_t *first = &store->classes[extent->class].open;
    extent->previous = FIRN_EXTENT_NONE;
    extent->next = *first;
    if (*first != FIRN_EXTENT_NONE)
        store->extents[*first].previous = number;
    *first = number;
}

/* --- extents --- */

static uint32_t root_of(uint64_t square)
{
    uint64_t root = 0;
    for (uint64_t bit = (uint64_t)1 << 31; bit > 0; bit >>= 1)
        if ((root | bit) * (root | bit) <= square)
            root |= bit;
    return (uint32_t)root;
}

/* Of the next extent: 16 sqrt(class bytes) bytes, as store.h says. */
static uint16_t extent_slots(const firn_class *class, uint32_t slot_bytes)
{
    uint32_t slots = root_of((uint64_t) class->slots * 256 / slot_bytes);
    slots = slots < 1 ? 1 : slots;
    return (uint16_t)(slots > FIRN_EXTENT_SLOTS ? FIRN_EXTENT_SLOTS : slots);
}

static firn_status take_entry(const firn_map_type *type, firn_node_store *store,
                              uint32_t *ret_number)
{
    if (store->unused != FIRN_EXTENT_NONE) {
        *ret_number = store->unused;
        return FIRN_OK;
    }
    if (store->extent_count == store->extent_capacity) {
        if (store->extent_count == FIRN_EXTENT_MAX)
            return FIRN_LIMIT;
        uint32_t capacity = store->extent_count + store->extent_count / 8 + 4;
        capacity = capacity > FIRN_EXTENT_MAX ? FIRN_EXTENT_MAX : capacity;
        firn_extent *extents = firn_reallocate(type->allocator, store->extents,
                                               store->extent_capacity * sizeof(firn_extent),
                                               capacity * sizeof(firn_extent));
        if (extents == NULL)
            return FIRN_NO_MEMORY;
        store->extents = extents;
        store->extent_capacity = capacity;
    }
    *ret_number = store->extent_count;
    return FIRN_OK;
}

static firn_status add_extent(const firn_map_type *type, firn_node_store *store, unsigned class)
{
    uint32_t number;
    firn_status status = take_entry(type, store, &number);
    if (status != FIRN_OK)
        return status;
    firn_extent extent = {
        .slot_bytes = firn_class_bytes(type, class),
        .class = (uint8_t) class,
        .free = FIRN_SLOT_NONE,
    };
    extent.slots = extent_slots(&store->classes[class], extent.slot_bytes);
    extent.base = firn_allocate(type->allocator, block_bytes(&extent));
    if (extent.base == NULL)
        return FIRN_NO_MEMORY;
    if (number == store->unused)
        store->unused = store->extents[number].next;
    else
        store->extent_count++;
    store->extents[number] = extent;
    store->classes[class].slots += extent.slots;
    store->slot_bytes += (uint64_t)extent.slots * extent.slot_bytes;
    firn_extent_open(store, number);
    return FIRN_OK;
}

void firn_extent_release(const firn_map_type *type, firn_node_store *store, uint32_t number)
{
    firn_extent *extent = &store->extents[number];
    assert(extent->live == 0);
    if (number == store->victim)
        store->victim = FIRN_EXTENT_NONE;
    else
        firn_extent_close(store, number);
    store->classes[extent->class].slots -= extent->slots;
    store->slot_bytes -= (uint64_t)extent->slots * extent->slot_bytes;
    firn_release(type->allocator, extent->base, block_bytes(extent));
    *extent = (firn_extent){.next = store->unused};
    store->unused = number;
    if (store->patience > store->slot_bytes / 8)
        store->patience = store->slot_bytes / 8;
}

/* --- slots --- */

static uint16_t *link_of(const firn_extent *extent, uint16_t slot)
{
    return (uint16_t *)(void *)(extent->base + (size_t)slot * extent->slot_bytes);
}

firn_status firn_node_alloc(const firn_map_type *type, firn_node_store *store, size_t bytes,
                            uint32_t kind, uint32_t *ret_ref)
{
    unsigned class = firn_type_class(type, bytes);
    if (store->classes[class].open == FIRN_EXTENT_NONE) {
        firn_status status = add_extent(type, store, class);
        if (status != FIRN_OK)
            return status;
    }
    uint32_t number = store->classes[class].open;
    firn_extent *extent = &store->extents[number];
    uint16_t slot = extent->free;
    if (slot != FIRN_SLOT_NONE)
        extent->free = *link_of(extent, slot);
    else
        slot = extent->fresh++;
    extent->live++;
    store->classes[class].live++;
    store->live_bytes += extent->slot_bytes;
    if (extent->live == extent->slots)
        firn_extent_close(store, number);
    *(firn_node *)(void *)link_of(extent, slot) =
        (firn_node){.units = kind == FIRN_REF_LEAF ? 0 : FIRN_NODE_INNER};
    *ret_ref = kind | number << FIRN_EXTENT_SLOT_BITS | slot;
    return FIRN_OK;
}

void firn_node_free(const firn_map_type *type, firn_node_store *store, uint32_t ref)
{
    firn_extent *extent = firn_extent_of(store, ref);
    uint32_t number = (uint32_t)(extent - store->extents);
    uint16_t slot = (uint16_t)(ref & (FIRN_EXTENT_SLOTS - 1));
    assert(extent->base != NULL && slot < extent->fresh && extent->live > 0); /* S1 */
    *link_of(extent, slot) = extent->free;
    extent->free = slot;
    store->classes[extent->class].live--;
    store->live_bytes -= extent->slot_bytes;
    if (extent->live-- == extent->slots && number != store->victim)
        firn_extent_open(store, number);
    if (extent->live == 0)
        firn_extent_release(type, store, number);
}

/* --- looking at it --- */

bool firn_extent_live(const firn_extent *extent, uint64_t live[FIRN_EXTENT_SLOTS / 64])
{
    memset(live, 0, FIRN_EXTENT_SLOTS / 8);
    unsigned free_slots = 0;
    for (unsigned i = 0; i < extent->fresh; i++)
        live[i / 64] |= (uint64_t)1 << (i % 64);
    for (uint16_t slot = extent->free; slot != FIRN_SLOT_NONE; free_slots++) {
        if (slot >= extent->fresh || (live[slot / 64] >> (slot % 64) & 1) == 0)
            return false;
        live[slot / 64] &= ~((uint64_t)1 << (slot % 64));
        slot = *link_of(extent, slot);
    }
    return extent->live + free_slots == extent->fresh;
}

const char *firn_node_store_check(const firn_map_type *type, const firn_node_store *store)
{
    uint64_t slots[FIRN_CLASS_MAX] = {0}, live[FIRN_CLASS_MAX] = {0};
    uint64_t slot_bytes = 0, live_bytes = 0, open = 0, bits[FIRN_EXTENT_SLOTS / 64];
    for (uint32_t i = 0; i < store->extent_count; i++) {
        const firn_extent *extent = &store->extents[i];
        if (extent->base == NULL)
            continue;
        if (extent->class >= type->class_count || extent->fresh > extent->slots ||
            extent->slot_bytes != firn_class_bytes(type, extent->class) ||
            !firn_extent_live(extent, bits))
            return "an extent's slots in use and free ones are not all of its slots"; /* S1 */
        slots[extent->class] += extent->slots;
        live[extent->class] += extent->live;
        slot_bytes += (uint64_t)extent->slots * extent->slot_bytes;
        live_bytes += (uint64_t)extent->live * extent->slot_bytes;
        open += extent->live < extent->slots && i != store->victim;
    }
    for (unsigned i = 0; i < type->class_count; i++) {
        const firn_class *class = &store->classes[i];
        if (class->slots != slots[i] || class->live != live[i])
            return "a class counts other slots than its extents have"; /* S3 */
        uint32_t previous = FIRN_EXTENT_NONE;
        for (uint32_t at = class->open; at != FIRN_EXTENT_NONE; at = store->extents[at].next) {
            if (at >= store->extent_count || open-- == 0 || at == store->victim ||
                store->extents[at].class != i || store->extents[at].previous != previous ||
                store->extents[at].live == store->extents[at].slots)
                return "a class lists other extents than those with room"; /* S2 */
            previous = at;
        }
    }
    if (open != 0)
        return "an extent with room is not listed"; /* S2 */
    if (store->slot_bytes != slot_bytes || store->live_bytes != live_bytes)
        return "the store counts other bytes than its extents have"; /* S3 */
    return NULL;
}

uint64_t firn_node_store_reserved(const firn_node_store *store)
{
    uint64_t bytes = store->extent_capacity * sizeof(firn_extent);
    for (uint32_t i = 0; i < store->extent_count; i++)
        if (store->extents[i].base != NULL)
            bytes += block_bytes(&store->extents[i]);
    return bytes;
}
