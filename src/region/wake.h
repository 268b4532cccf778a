/* How a region wakes. */
#ifndef FIRN_REGION_WAKE_H
#define FIRN_REGION_WAKE_H

#include "region/state.h"

/* Gives all memory of the range to the kernel, so that none of it can be touched; the wake from the
 * region's next image has not begun. False, having changed nothing, when the kernel refuses. Under
 * the region's lock. */
bool firn_wake_drop(firn_region *region);

/* Wakes all that sleeps and destroys the image. Under the region's lock. */
firn_status firn_wake_all(firn_region *region);
/* Wakes blocks from first up to end; all of an eager region. */
firn_status firn_wake_range(firn_region *region, uint32_t first, uint32_t end);

#endif
