/* The segment header's bytes: pure encoding, no state, no I/O.
 *
 * Store id, generation and segment number lie inside the checksum, so that a reader can refuse a
 * segment that is whole but stale or in the wrong place; the frame's checksum does, too, so that
 * its bytes can be checked before they are decoded. docs/formats/frozen.md has the layout. */
#include "tier/segment.h"

#include "core/bytes.h"

#include <firn/checksum.h>
#include <firn/store.h>

enum { SEGMENT_MAGIC = 0x47455346 /* "FSEG" */, SEGMENT_VERSION = 2 };

enum {
    AT_MAGIC = 0,
    AT_VERSION = 4,
    AT_STORE_ID = 8,
    AT_GENERATION = 16,
    AT_SEGMENT = 24,
    AT_KIND = 28,
    AT_PLAIN = 32,
    AT_PACKED = 36,
    AT_DICTIONARY = 40,
    AT_FRAME_CRC = 44,
    AT_CRC = 48, /* over all before it */
    AT_CRC_V1 = 40,
};
_Static_assert(AT_CRC + 4 == FIRN_SEGMENT_HEADER_BYTES, "the header is 52 bytes");
_Static_assert(AT_CRC_V1 + 4 == FIRN_SEGMENT_HEADER_V1_BYTES, "it was 44 bytes");

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
    put_u32(out + AT_DICTIONARY, header->dictionary);
    put_u32(out + AT_FRAME_CRC, header->frame_crc);
    put_u32(out + AT_CRC, firn_crc32c(0, out, AT_CRC));
}

firn_status firn_segment_header_read(const uint8_t *data, size_t size, uint32_t version,
                                     firn_segment_header *ret_header)
{
    size_t crc_at = version == 1 ? AT_CRC_V1 : AT_CRC;
    if (size < crc_at + 4 || get_u32(data + AT_MAGIC) != SEGMENT_MAGIC ||
        get_u32(data + crc_at) != firn_crc32c(0, data, crc_at))
        return FIRN_CORRUPT;
    if (get_u32(data + AT_VERSION) != version)
        return FIRN_VERSION;
    *ret_header = (firn_segment_header){
        .store_id = get_u64(data + AT_STORE_ID),
        .generation = get_u64(data + AT_GENERATION),
        .segment = get_u32(data + AT_SEGMENT),
        .kind = get_u32(data + AT_KIND),
        .plain = get_u32(data + AT_PLAIN),
        .packed = get_u32(data + AT_PACKED),
        .dictionary = version == 1 ? FIRN_SEGMENT_NONE : get_u32(data + AT_DICTIONARY),
        .frame_crc = version == 1 ? 0 : get_u32(data + AT_FRAME_CRC),
    };
    return FIRN_OK;
}
