/* The pages of a region's slab: blocks of its range. */
#ifndef FIRN_REGION_SOURCE_H
#define FIRN_REGION_SOURCE_H

#include "region/state.h"

#include <firn/page_source.h>

firn_page_source firn_region_source(firn_region *region);

/* Whether a block belongs to a mapping. */
static inline bool firn_region_taken(const firn_region *region, uint32_t block)
{
    return block / 64 < region->taken_words && (region->taken[block / 64] >> block % 64 & 1);
}

/* The number of blocks up to the last one that does. */
uint32_t firn_region_taken_end(const firn_region *region);

/* Makes room in taken for blocks below end. */
bool firn_region_taken_grow(firn_region *region, uint32_t end);

#endif
