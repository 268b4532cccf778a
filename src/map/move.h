/* Keeping a tree's extents filled; see move.c. */
#ifndef FIRN_MAP_MOVE_H
#define FIRN_MAP_MOVE_H

#include "map/tree.h"

/* Does a bounded piece of the work, if there is any. Nodes move: only before an operation. */
void firn_tree_tidy_step(const firn_map_type *type, firn_tree *tree);

static inline void firn_tree_tidy(const firn_map_type *type, firn_tree *tree)
{
    const firn_node_store *store = &tree->store;
    uint64_t unused = store->slot_bytes - store->live_bytes;
    if (unused * 16 > store->slot_bytes && unused > store->patience)
        firn_tree_tidy_step(type, tree);
}

#endif
