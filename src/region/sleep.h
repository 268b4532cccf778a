/* How a region falls asleep. The caller holds the region's lock. */
#ifndef FIRN_REGION_SLEEP_H
#define FIRN_REGION_SLEEP_H

#include "region/pack.h"
#include "region/state.h"

/* Zeroes what is free and lists what may hold something, of a region that is awake at least in
 * part; *ret_input is to be given to firn_sleep_release. */
firn_status firn_sleep_prepare(firn_region *region, firn_pack_input *ret_input);
void firn_sleep_release(firn_pack_input *input);

firn_status firn_sleep(firn_region *region, int level, firn_region_template *sibling);

#endif
