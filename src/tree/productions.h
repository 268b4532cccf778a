/* Tables of productions: the child lists that each label has been seen with. */
#ifndef FIRN_TREE_PRODUCTIONS_H
#define FIRN_TREE_PRODUCTIONS_H

#include "tree/edges.h"

#define FIRN_PRODUCTION_NONE UINT32_MAX

/* The children of a node, as edges; an empty list is a leaf. */
struct firn_children {
    const firn_edge *edge;
    uint32_t count;
};

struct firn_production {
    uint32_t first; /* edge in the table's pool */
    uint32_t count; /* of children */
    uint32_t value; /* times seen while learning; then the rank within its label */
    firn_label label;
};

struct firn_productions {
    struct firn_production *item;
    size_t item_capacity;
    uint32_t count;
    firn_edge *pool; /* the child lists, one behind the other */
    size_t pool_capacity;
    size_t pool_count;
    uint32_t *slots; /* a hash table of indices, FIRN_PRODUCTION_NONE where free */
    size_t slot_count;
};

static inline struct firn_children firn_production_children(const struct firn_productions *table,
                                                            uint32_t index)
{
    return (struct firn_children){table->pool + table->item[index].first, table->item[index].count};
}

uint64_t firn_production_hash(firn_label label, struct firn_children children);

/* Returns the index of a production or FIRN_PRODUCTION_NONE. hash: as above. */
uint32_t firn_productions_find(const struct firn_productions *table, uint64_t hash,
                               firn_label label, struct firn_children children);

/* Adds a production that is not in the table. False and no change when there is no memory. */
FIRN_NODISCARD bool firn_productions_add(struct firn_productions *table, uint64_t hash,
                                         firn_label label, struct firn_children children,
                                         uint32_t value, const firn_allocator *allocator);

/* Bytes that the table holds. */
size_t firn_productions_bytes(const struct firn_productions *table);

void firn_productions_fini(struct firn_productions *table, const firn_allocator *allocator);

#endif
