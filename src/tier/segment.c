/* The segment header's bytes: pure encoding, no state, no I/O.
 *
 * Store id, generation and segment number lie inside the checksum, so that a reader can refuse a
 * segment that is whole but stale or in the wrong place. docs/formats/store.md has the layout. */
#include "tier/segment.h"

#include "core/bytes.h"

#include <firn/checksum.h>

enum { SEGMENT_MAGIC = 0x47455346 /* "FSEG" */, SEGMENT_VERSION = 1 };

enum {
    AT_MAGIC = 0,
    AT_VERSION = 4,
    AT_STORE_ID = 8,
    AT_GENERATION = 16,
    AT_SEGMENT = 24,
    AT_KIND = 28,
    AT_PLAIN = 32,
    AT_PACKED = 36,
    AT_CRC = 40, /* over all before it */
};
_Static_assert(AT_CRC + 4 == FIRN_SEGMENT_HEADER_BYTES, "the header is 44 bytes");

void firn_segment_header_write(const firn_segment_header *header, uint8_t *out)
{
    put_u32(out + AT_MAGIC, SEGMENT_MAGIC);
    put_u32(out + AT_VERSION, SEGMENT_VERSION);
    put_u64(out + AT_STORE_ID, header->store_id);
    put_u64(out + AT_GENERATION, header->generation);
    put_u32(out + AT_SEGMENT, header->segment);
    put_u32(out + AT_KIND, header->kind);
    put_u32(out + AT_PLAIN, header->plain);
    put_u32(out + AT_PACKED, header->packed);
    put_u32(out + AT_CRC, firn_crc32c(0, out, AT_CRC));
}

firn_status firn_segment_header_read(const uint8_t *data, size_t size,
                                     firn_segment_header *ret_header)
{
    if (size < FIRN_SEGMENT_HEADER_BYTES || get_u32(data + AT_MAGIC) != SEGMENT_MAGIC ||
        get_u32(data + AT_CRC) != firn_crc32c(0, data, AT_CRC))
        return FIRN_CORRUPT;
    if (get_u32(data + AT_VERSION) != SEGMENT_VERSION)
        return FIRN_VERSION;
    *ret_header = (firn_segment_header){
        .store_id = get_u64(data + AT_STORE_ID),
        .generation = get_u64(data + AT_GENERATION),
        .segment = get_u32(data + AT_SEGMENT),
        .kind = get_u32(data + AT_KIND),
        .plain = get_u32(data + AT_PLAIN),
        .packed = get_u32(data + AT_PACKED),
    };
    return FIRN_OK;
}
