// bench/map: the red-black tree of C++'s own library.
#include <map>

#define MAP_TEMPLATE std::map
#include "map/ordered.h"
