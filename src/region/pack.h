/* An image out of a region's memory. */
#ifndef FIRN_REGION_PACK_H
#define FIRN_REGION_PACK_H

#include "region/image.h"

typedef struct firn_pack_input {
    const firn_allocator *allocator;
    const uint8_t *base;
    firn_words_range range;
    const uint32_t *blocks; /* that may hold something, ascending */
    uint32_t block_count;
    uint32_t used_blocks;
    int level;                     /* 1 to 19, or one of FIRN_REGION_LEVEL_... */
    firn_region_template *sibling; /* NULL: none; the image holds it */
    const firn_image *old;         /* NULL: none; of this region, before it woke in part */
    uint32_t thread_count;
} firn_pack_input;

/* Packs the blocks; those whose state in the old image is asleep are taken from there, and the
 * memory where they would be is not touched. FIRN_NO_MEMORY; FIRN_CORRUPT when the old image is. */
firn_status firn_pack(const firn_pack_input *input, firn_image **ret_image);

/* Has a look at each block's checksum, unpacking and packing nothing else: the digest that
 * firn_pack would give. */
firn_status firn_pack_digest(const firn_pack_input *input, uint64_t *ret_digest);

/* Copies the block, base-free, to plain; *ret_full tells whether there is anything but zeros. */
firn_status firn_pack_plain(const firn_pack_input *input, uint32_t block, uint8_t *plain,
                            bool *ret_full);

#endif
