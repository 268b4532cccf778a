/* What `firn run --mode runtime` would hold for the blocks that live: the rule of its slabs, by
 * counts alone. Blocks stand in spans of their class; a span that is not all free stays, and so
 * holes are counted that no other class can use. Confined to one thread at a time; one heap, where
 * `firn run` has one for each thread. */
#ifndef TRACK_SLABS_H
#define TRACK_SLABS_H

#include <stdint.h>

/* A block of the size comes: the span that it stands in, 0 where it stands in none. */
uint32_t track_slabs_alloc(uint64_t size);
/* It goes. */
void track_slabs_free(uint64_t size, uint32_t span);

/* What is held now, large blocks included that live, but not those that are kept: see kept.h. */
uint64_t track_slabs_bytes(void);

/* In a child of fork: nothing is. */
void track_slabs_reset(void);

#endif
