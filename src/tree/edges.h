/* The table of a family's edges: (label, field, flags) to a dense 16-bit number and back. */
#ifndef FIRN_TREE_EDGES_H
#define FIRN_TREE_EDGES_H

#include <firn/tree.h>

#define FIRN_EDGE_LIMIT 65535u /* edges in a table; the number itself stands for none */
#define FIRN_EDGE_NONE UINT16_MAX

#define FIRN_EDGE_PLACE_SHIFT 26u /* in a key */
#define FIRN_EDGE_KEY_BITS 49u
#define FIRN_EDGE_FLAGS_MAX ((1u << 26) - 1) /* 3 bits of flags and 23 of place */

/* An edge as one word: 23 bits of place, label, then 10 bits of field, then 3 of flags. */
static inline uint64_t firn_edge_key(firn_label label, firn_field field, unsigned flags)
{
    return (uint64_t)(flags >> 3) << FIRN_EDGE_PLACE_SHIFT | (uint64_t)label << 13 |
           (uint64_t)field << 3 | (flags & 7);
}
static inline firn_label firn_edge_key_label(uint64_t key)
{
    return (firn_label)(key >> 13 & FIRN_LABEL_MAX);
}
/* The field that queries see: that of a rule around it, too. */
static inline firn_field firn_edge_key_field(uint64_t key)
{
    return (firn_field)(key >> 3 & FIRN_FIELD_MAX);
}
static inline unsigned firn_edge_key_flags(uint64_t key)
{
    return (unsigned)(key >> FIRN_EDGE_PLACE_SHIFT) << 3 | (key & 7);
}

/* What a firn_node has of it: its label and flags. */
static inline uint16_t firn_edge_key_node(uint64_t key)
{
    return (uint16_t)((unsigned)firn_edge_key_label(key) << 3 | (key & 7));
}

struct firn_edges {
    uint64_t *key; /* of each edge */
    size_t capacity;
    uint32_t count;
    firn_edge *slots; /* a hash table of edges, FIRN_EDGE_NONE where free */
    uint32_t slot_count;
};

/* Finds or adds; FIRN_LIMIT when the table is full, FIRN_NO_MEMORY. */
FIRN_NODISCARD firn_status firn_edges_put(struct firn_edges *edges, uint64_t key,
                                          const firn_allocator *allocator, firn_edge *ret_edge);
void firn_edges_fini(struct firn_edges *edges, const firn_allocator *allocator);

#endif
