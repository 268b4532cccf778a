// bench/map: Abseil's B-tree.
#include <absl/container/btree_map.h>

#define MAP_TEMPLATE absl::btree_map
#include "map/ordered.h"
