/* The inside of a builder, for the files of src/tree/ alone. */
#ifndef FIRN_TREE_BUILDER_H
#define FIRN_TREE_BUILDER_H

#include "tree/family.h"

#define FIRN_EDGE_CACHE_SLOTS 2048u

struct firn_edge_cache_slot {
    uint64_t key; /* plus one; 0 where free */
    firn_edge edge;
};

/* A growing array of bytes. */
struct firn_bytes {
    uint8_t *data;
    size_t capacity;
    size_t size;
};

/* An open node while a finished tree is walked: for checkpoints. */
struct firn_open_node {
    uint32_t node;
    uint32_t reference;  /* rank of its production + 1, or 0 and: */
    size_t spelled_at;   /* where its children are spelled in the exceptions */
    int64_t tail_delta;  /* of its end, against the prediction */
    uint32_t next_child; /* ordinal of the child that comes next */
};

struct firn_builder {
    firn_family *family;
    const firn_allocator *allocator;
    struct firn_text text;
    firn_nodes nodes;
    uint32_t *open; /* indices of the open nodes, the root first */
    size_t open_capacity;
    size_t open_count;
    uint32_t last_end; /* of the newest child of the open node, or that node's start */
    bool failed;
    struct firn_edge_cache_slot cache[FIRN_EDGE_CACHE_SLOTS];
    firn_edge *children; /* of the node at hand, gathered */
    size_t children_capacity;
    /* packing: */
    struct firn_open_node *path;
    size_t path_capacity;
    struct firn_bit_writer codes;
    struct firn_bytes exceptions;
    struct firn_bytes checkpoints;
    struct firn_bytes packed;
};

/* The edges of a node's children, and its last child's index in *ret_last (unless it is a leaf).
 * False when there is no memory. */
FIRN_NODISCARD bool firn_builder_children(firn_builder *builder, uint32_t node,
                                          struct firn_children *ret_children, uint32_t *ret_last);

#endif
