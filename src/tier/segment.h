/* The header that stands before each segment's frame in a data file (docs/formats/frozen.md). */
#ifndef FIRN_TIER_SEGMENT_H
#define FIRN_TIER_SEGMENT_H

#include <firn/status.h>

enum { FIRN_SEGMENT_HEADER_BYTES = 52, FIRN_SEGMENT_HEADER_V1_BYTES = 44 };

/* What a segment is and where it belongs. */
typedef struct firn_segment_header {
    uint64_t store_id;
    uint64_t generation; /* of the commit that it was written for */
    uint32_t segment;    /* its number in the store */
    uint32_t kind;
    uint32_t plain;      /* bytes after unpacking */
    uint32_t packed;     /* bytes in the file: this header and the frame */
    uint32_t dictionary; /* the segment of its dictionary, or FIRN_SEGMENT_NONE */
    uint32_t frame_crc;  /* of the frame's bytes; 0 in the first version, which has none */
} firn_segment_header;

/* The bytes of a header of a version of the format. */
static inline uint32_t firn_segment_header_bytes(uint32_t version)
{
    return version == 1 ? FIRN_SEGMENT_HEADER_V1_BYTES : FIRN_SEGMENT_HEADER_BYTES;
}

/* Writes FIRN_SEGMENT_HEADER_BYTES to out. */
void firn_segment_header_write(const firn_segment_header *header, uint8_t *out);

/* Reads a header, as a store of this version (1 or 2) has it, from at most size bytes.
 * FIRN_CORRUPT (cut off, no segment, checksum), FIRN_VERSION. */
FIRN_NODISCARD firn_status firn_segment_header_read(const uint8_t *data, size_t size,
                                                    uint32_t version,
                                                    firn_segment_header *ret_header);

#endif
