/* A region's handle and range, without what lies in it. */
#ifndef FIRN_REGION_MAKE_H
#define FIRN_REGION_MAKE_H

#include "region/state.h"

bool firn_make_valid(const firn_region_options *options);

/* Makes a handle over a range at an address (NULL: anywhere), in the table, with neither id nor
 * slab. FIRN_BUSY when the address is taken, FIRN_NO_MEMORY, FIRN_UNSUPPORTED. */
firn_status firn_make(const firn_region_options *options, void *at, firn_region **ret_region);
void firn_unmake(firn_region *region);

#endif
