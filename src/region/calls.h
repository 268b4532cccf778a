/* What each public call is made between: the region's lock, and a gate that a fork closes, so that
 * a child never finds a call half done. */
#ifndef FIRN_REGION_CALLS_H
#define FIRN_REGION_CALLS_H

#include "region/state.h"

void firn_calls_begin(firn_region *region);
void firn_calls_end(firn_region *region);

/* The gate alone, for a region that nobody else knows; the first time, it is set up. False when
 * there is no memory for that. */
bool firn_calls_enter(void);
void firn_calls_leave(void);

#endif
