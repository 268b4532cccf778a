/* A map that is too large for one block: a B+ tree whose nodes lie in a store. What its files
 * share: tree.c (descent, insertion), remove.c, move.c, bulk.c, cursor.c, verify.c.
 */
#ifndef FIRN_MAP_TREE_H
#define FIRN_MAP_TREE_H

#include "map/store.h"

#include <string.h>

typedef struct firn_tree {
    uint64_t count;
    uint64_t version; /* changes with every change */
    uint32_t root;
    uint32_t height; /* levels of nodes: 1 for a leaf alone */
    firn_node_store store;
} firn_tree;

/* The way to an entry: the nodes from the root, and the entry in each. */
typedef struct firn_path {
    uint32_t ref[FIRN_MAP_HEIGHT_MAX];
    uint16_t at[FIRN_MAP_HEIGHT_MAX];
} firn_path;

static inline const firn_shape *firn_shape_of(const firn_map_type *type, uint32_t ref)
{
    return ref & FIRN_REF_LEAF ? &type->leaf : &type->inner;
}

static inline uint32_t firn_child(const firn_map_type *type, firn_slot slot, unsigned position)
{
    uint32_t ref;
    memcpy(&ref, type->inner.kind->value(&type->inner, slot, position), sizeof(ref));
    return ref;
}

static inline void firn_child_set(const firn_map_type *type, firn_slot slot, unsigned position,
                                  uint32_t ref)
{
    memcpy(type->inner.kind->value(&type->inner, slot, position), &ref, sizeof(ref));
}

static inline size_t firn_need(const firn_shape *shape, firn_slot slot)
{
    return shape->kind->need(shape, slot, 0, slot.node->count, 0, NULL);
}

/* Sets a path down to the leaf that a key is or would be in; but for where in the leaf. */
void firn_tree_descend_inner(const firn_map_type *type, const firn_tree *tree, const void *key,
                             firn_path *ret_path);
/* What type->descend is for keys of any kind. */
bool firn_tree_descend_any(const firn_map_type *type, const firn_tree *tree, const void *key,
                           firn_path *ret_path);

/* An empty tree without a root; NULL when there is no memory. */
firn_tree *firn_tree_create(const firn_map_type *type);
/* Gives the memory back; what the keys kept is dropped with them. */
void firn_tree_destroy(const firn_map_type *type, firn_tree *tree);
/* The same when the keys live on elsewhere. */
void firn_tree_forget(const firn_map_type *type, firn_tree *tree);

/* Finds or inserts a key; the value of a new one is not set. FIRN_NO_MEMORY, FIRN_LIMIT, with
 * nothing changed. */
firn_status firn_tree_put(const firn_map_type *type, firn_tree *tree, const void *key,
                          void **ret_value, bool *ret_new);

#endif
