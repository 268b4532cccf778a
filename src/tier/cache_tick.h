/* A cache's time, and what happens with it. */
#ifndef FIRN_TIER_CACHE_TICK_H
#define FIRN_TIER_CACHE_TICK_H

#include "tier/cache.h"

void firn_cache_time_init(firn_cache *cache);
FIRN_NODISCARD firn_status firn_cache_thread_start(firn_cache *cache);
/* Ends the thread, if there is one. */
void firn_cache_thread_stop(firn_cache *cache);

/* What an age becomes after a minute in which `promoted` of `hot` items came back up. */
uint32_t firn_cache_age_steer(uint32_t base_ms, uint32_t now_ms, uint64_t promoted, uint64_t hot);

/* What the target becomes after a second: full is the target without pressure; share is PSI's,
 * hundredths of a percent; available and limit are the machine's bytes of memory. */
uint64_t firn_cache_target_steer(uint64_t full, uint64_t now, uint32_t share, uint64_t available,
                                 uint64_t limit);

#endif
