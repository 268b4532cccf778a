/* An image, and the base that it may stand on, as plain tables and words in the window; for
 * restores, and for packing against a base. */
#ifndef FIRN_REGION_PROCESS_UNPACK_H
#define FIRN_REGION_PROCESS_UNPACK_H

#include "region/process_work.h"

typedef struct firn_process_unpacked {
    const uint8_t *image;
    firn_process_image_header header;
    firn_process_image_tables tables;
    uint64_t *firsts; /* of each run: pages of data before its own */
    uint8_t *masks;   /* of all pages of data, one after the other */
    uint8_t *words;   /* theirs, likewise */
    uint64_t *places; /* of each page of data: where in words its own begin */
    uint64_t words_bytes;
    uint32_t found_at;           /* the run where a page was found last */
    firn_block_unpacker *blocks; /* private */
} firn_process_unpacked;

/* Checks an image of image_bytes and unpacks its tables. False with work's status. */
bool firn_process_unpack_tables(firn_process_work *work, const void *image, uint64_t image_bytes,
                                firn_process_unpacked *ret_unpacked);
/* What differs in its pages as well. base is NULL where the image stands on none. */
bool firn_process_unpack_pages(firn_process_work *work, firn_process_unpacked *unpacked,
                               firn_process_unpacked *base);

/* Gives a page, which has what the template has there or zeros, the words that differ in the data
 * run at an address. False: there is none, and nothing was changed. Calls nothing of the C library.
 */
bool firn_process_unpacked_apply(firn_process_unpacked *unpacked, uint64_t address, void *page);

#endif
