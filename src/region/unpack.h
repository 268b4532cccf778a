/* Single blocks out of an image. Async-signal-safe: working memory comes from the kernel, and a few
 * are kept for the next who needs one. */
#ifndef FIRN_REGION_UNPACK_H
#define FIRN_REGION_UNPACK_H

#include "region/image.h"

typedef struct firn_unpacker firn_unpacker;

/* NULL: no memory. */
firn_unpacker *firn_unpacker_take(void);
void firn_unpacker_give(firn_unpacker *unpacker);

/* Gives the base-free block of an entry, in the unpacker's memory or where it lies already; valid
 * until the next call. NULL: what is there is not what was packed. */
const uint8_t *firn_unpack_block(firn_unpacker *unpacker, const firn_image *image,
                                 const firn_entry *entry);

#endif
