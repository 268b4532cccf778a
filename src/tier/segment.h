/* The header that stands before each segment's frame in a data file (docs/formats/store.md). */
#ifndef FIRN_TIER_SEGMENT_H
#define FIRN_TIER_SEGMENT_H

#include <firn/status.h>

enum { FIRN_SEGMENT_HEADER_BYTES = 44 };

/* What a segment is and where it belongs. */
typedef struct firn_segment_header {
    uint64_t store_id;
    uint64_t generation;
    uint32_t segment; /* its number in the store */
    uint32_t kind;
    uint32_t plain;  /* bytes after unpacking */
    uint32_t packed; /* bytes in the file: this header and the frame */
} firn_segment_header;

/* Writes FIRN_SEGMENT_HEADER_BYTES to out. */
void firn_segment_header_write(const firn_segment_header *header, uint8_t *out);

/* Reads a header from at most size bytes. FIRN_CORRUPT (cut off, no segment, checksum),
 * FIRN_VERSION.
 */
FIRN_NODISCARD firn_status firn_segment_header_read(const uint8_t *data, size_t size,
                                                    firn_segment_header *ret_header);

#endif
