/* Single blocks out of an image. Async-signal-safe: working memory comes from the kernel, and a few
 * are kept for the next who needs one. */
#ifndef FIRN_REGION_UNPACK_H
#define FIRN_REGION_UNPACK_H

#include "region/image.h"

typedef struct firn_unpacker firn_unpacker;

/* NULL: no memory. */
firn_unpacker *firn_unpacker_take(void);
void firn_unpacker_give(firn_unpacker *unpacker);

/* Unpacks the block of an entry into its place, which is aligned to 16, with the words as the
 * region has them. False: what is there is not what was packed; the place has anything then. */
bool firn_unpack_block(firn_unpacker *unpacker, const firn_image *image, const firn_entry *entry,
                       void *place);

/* Gives the base-free block of an entry, in the unpacker's memory or where it lies already; valid
 * until the next call. NULL: what is there is not what was packed. */
const uint8_t *firn_unpack_plain(firn_unpacker *unpacker, const firn_image *image,
                                 const firn_entry *entry);

#endif
