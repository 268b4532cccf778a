/* The whole way to a value for u32 and u64 keys, without a call at each node; see find.c. */
#ifndef FIRN_MAP_FIND_H
#define FIRN_MAP_FIND_H

#include "map/tree.h"

/* Sets a type's find and descend to the best for this machine; `portable` asks for those that run
 * on all machines. */
void firn_find_set(firn_map_type *type, bool portable);

#endif
