/* A tree-sitter tree as a stream of the nodes that its cursor shows, in preorder: what a
 * TSTreeCursor tells at a quarter of its cost, because nothing is asked twice. It reads the core's
 * private structures, so it belongs to the core's pinned version. */
#ifndef TREE_WALK_H
#define TREE_WALK_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

struct TSTree;
typedef struct tree_walk tree_walk;

enum { TREE_WALK_MISSING = 1, TREE_WALK_ERROR = 2, TREE_WALK_EXTRA = 4 };

/* What only queries ask of a node: where it stands in the hidden rules around it. */
enum {
    TREE_WALK_OUTER_FIELD =
        1,                    /* field is that of a hidden rule around an extra node; it has none */
    TREE_WALK_FIELD_ENDS = 2, /* nodes behind it have its field by the same hidden rule alone */
    TREE_WALK_LAST = 4,       /* the rest of the innermost rule that goes on holds no named node */
    TREE_WALK_SUPERTYPES = 3  /* shift; from here 4 bits for each supertype that it is of, the
                                 innermost first: its rank among the grammar's, from 1 */
};
enum { TREE_WALK_SUPERTYPE_BITS = 4, TREE_WALK_SUPERTYPES_MAX = 5 };

typedef struct tree_walk_node {
    uint32_t start; /* bytes */
    uint32_t end;
    uint32_t leave;      /* how many open nodes end before this one begins */
    uint16_t label;      /* the public symbol; the number of symbols for ERROR */
    uint16_t field;      /* 0: none */
    uint32_t flags : 8;  /* TREE_WALK_MISSING, … */
    uint32_t place : 24; /* TREE_WALK_OUTER_FIELD, … */
} tree_walk_node;

/* Starts at the root; memory comes from the core's allocator. */
tree_walk *tree_walk_begin(const struct TSTree *tree);

/* Gives the next nodes, up to count, and how many they are; 0 at the end. */
size_t tree_walk_next(tree_walk *walk, tree_walk_node *ret_nodes, size_t count);

void tree_walk_end(tree_walk *walk);

#ifdef __cplusplus
}
#endif

#endif
