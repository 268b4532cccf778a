/* An image, and the base that it may stand on, as plain tables and pages in the window; for
 * restores, and for packing against a base. */
#ifndef FIRN_REGION_PROCESS_UNPACK_H
#define FIRN_REGION_PROCESS_UNPACK_H

#include "region/process_work.h"

typedef struct firn_process_unpacked {
    const uint8_t *image;
    firn_process_image_header header;
    firn_process_image_tables tables;
    uint64_t *firsts;  /* of each run: pages of data before its own */
    uint8_t *pages;    /* plain, those of all data runs one after the other */
    uint32_t found_at; /* the run where a page was found last */
    /* private */
    firn_block_unpacker *blocks;
    uint8_t *prefix;
} firn_process_unpacked;

/* Checks an image of image_bytes and unpacks its tables. False with work's status. */
bool firn_process_unpack_tables(firn_process_work *work, const void *image, uint64_t image_bytes,
                                firn_process_unpacked *ret_unpacked);
/* The pages as well. base, of which nothing was taken since its pages were, is NULL where the image
 * stands on none. */
bool firn_process_unpack_pages(firn_process_work *work, firn_process_unpacked *unpacked,
                               firn_process_unpacked *base);

/* The page of a data run at an address; NULL: there is none. */
const uint8_t *firn_process_unpacked_page(firn_process_unpacked *unpacked, uint64_t address);

/* Copies what the template has for page_count pages of a mapping, zeros where it has none. */
bool firn_process_unpack_prefix(firn_process_work *work, const firn_mapping *mapping,
                                uint64_t address, uint32_t page_count, uint8_t *prefix,
                                bool *ret_based);

#endif
