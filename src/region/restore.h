/* Snapshots for keep.c, which puts them somewhere between two calls. */
#ifndef FIRN_REGION_RESTORE_H
#define FIRN_REGION_RESTORE_H

#include "region/state.h"

/* Gives the snapshot in memory of the region's allocator, with room before it, and the sleep that
 * it is of. FIRN_BUSY unless all sleeps; FIRN_NO_MEMORY. */
firn_status firn_restore_take(firn_region *region, size_t before, uint8_t **ret_bytes,
                              size_t *ret_size, uint64_t *ret_generation);
/* Drops the image if it still is of that sleep; else FIRN_BUSY. */
firn_status firn_restore_away(firn_region *region, uint64_t generation);

#endif
