/* Where a tree's nodes lie: slots of some sizes (classes) in extents of slots of one class.
 *
 * A reference has 32 bits: | leaf: 1 | extent: 21 | slot in the extent: 10 |. An extent is one
 * block of the allocator. Its size grows with the square root of what its class holds, from a
 * single slot on: that keeps the sum of unused slots and of the extents' own bookkeeping least, at
 * 2 % of a megabyte and 0.5 % of 16.
 */
#ifndef FIRN_MAP_STORE_H
#define FIRN_MAP_STORE_H

#include "map/type.h"

#define FIRN_REF_LEAF ((uint32_t)1 << 31)
#define FIRN_REF_NONE ((uint32_t)0x7fffffff)
#define FIRN_EXTENT_SLOT_BITS 10u
#define FIRN_EXTENT_SLOTS ((uint32_t)1 << FIRN_EXTENT_SLOT_BITS)
#define FIRN_EXTENT_MAX (((uint32_t)1 << (31 - FIRN_EXTENT_SLOT_BITS)) - 1)
#define FIRN_EXTENT_NONE UINT32_MAX

typedef struct firn_extent {
    uint8_t *base; /* of slot 0; NULL: the entry is unused, and listed by next */
    uint32_t slot_bytes;
    uint16_t slots, live;
    uint16_t fresh; /* slots from it on were never used */
    uint16_t free;  /* the first of the freed ones, each naming the next one; or SLOT_NONE */
    uint32_t previous, next; /* those of the class with room; of no use in a full one */
    uint8_t class;
} firn_extent;
_Static_assert(sizeof(void *) != 8 || sizeof(firn_extent) == 32, "two extents a cache line");

#define FIRN_SLOT_NONE UINT16_MAX

typedef struct firn_class {
    uint32_t open; /* the first extent with room */
    uint32_t slots, live;
} firn_class;

typedef struct firn_node_store {
    firn_extent *extents;
    uint32_t extent_count, extent_capacity; /* entries, unused ones included */
    uint32_t unused;                        /* the first unused entry */
    uint32_t victim;                        /* the extent that is being emptied; see move.c */
    uint64_t slot_bytes, live_bytes;        /* of all slots, of those in use */
    uint64_t patience; /* no extent can be emptied until this much is free; see move.c */
    firn_class classes[FIRN_CLASS_MAX];
} firn_node_store;

static inline firn_extent *firn_extent_of(const firn_node_store *store, uint32_t ref)
{
    return &store->extents[(ref & ~FIRN_REF_LEAF) >> FIRN_EXTENT_SLOT_BITS];
}

static inline firn_slot firn_slot_of(const firn_node_store *store, uint32_t ref)
{
    const firn_extent *extent = firn_extent_of(store, ref);
    size_t at = (size_t)(ref & (FIRN_EXTENT_SLOTS - 1)) * extent->slot_bytes;
    return (firn_slot){(firn_node *)(void *)(extent->base + at), extent->slot_bytes};
}

void firn_node_store_init(const firn_map_type *type, firn_node_store *store);
/* Gives all memory back. */
void firn_node_store_fini(const firn_map_type *type, firn_node_store *store);

/* Takes a slot for an empty node of up to `bytes`; kind is FIRN_REF_LEAF or 0 for an inner one.
 * FIRN_NO_MEMORY, FIRN_LIMIT. */
firn_status firn_node_alloc(const firn_map_type *type, firn_node_store *store, size_t bytes,
                            uint32_t kind, uint32_t *ret_ref);
void firn_node_free(const firn_map_type *type, firn_node_store *store, uint32_t ref);

/* An extent with room leaves its class' list, or comes back; for move.c. */
void firn_extent_close(firn_node_store *store, uint32_t number);
void firn_extent_open(firn_node_store *store, uint32_t number);
/* Gives an extent without nodes back; it must be open or the victim. */
void firn_extent_release(const firn_map_type *type, firn_node_store *store, uint32_t number);
/* Sets bits of the slots in use. Returns false when the extent's list of freed slots is broken. */
bool firn_extent_live(const firn_extent *extent, uint64_t live[FIRN_EXTENT_SLOTS / 64]);

/* The first thing wrong with the extents; NULL: nothing. */
const char *firn_node_store_check(const firn_map_type *type, const firn_node_store *store);
/* Bytes taken from the allocator, without the store itself. */
uint64_t firn_node_store_reserved(const firn_node_store *store);

#endif
