/* The whole way to a value for u32 and u64 keys, without a call at each node; see find.c. */
#ifndef FIRN_MAP_FIND_H
#define FIRN_MAP_FIND_H

#include "map/tree.h"

typedef void *(*firn_find_fn)(const firn_map_type *type, const firn_tree *tree, const void *key);

/* The best for this machine, NULL for other kinds of keys; `portable` asks for the one that runs on
 * all machines. */
firn_find_fn firn_find_for(firn_key_kind key, bool portable);

#endif
