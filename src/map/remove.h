/* Removal from a tree; see remove.c. */
#ifndef FIRN_MAP_REMOVE_H
#define FIRN_MAP_REMOVE_H

#include "map/tree.h"

/* Removes entries [at, end) of the leaf that path ends in, at least one. The tree may be without a
 * root (of height 0) afterwards. Needs no memory, but uses what there is. */
void firn_tree_remove_at(const firn_map_type *type, firn_tree *tree, firn_path *path, unsigned end);

#endif
