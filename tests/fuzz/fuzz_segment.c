/* Any bytes as a segment, as they are and with a checksum that fits: refused, or a header that is
 * written back as the same bytes; then the header of the frame behind it. */
#include "core/bytes.h"
#include "tier/segment.h"

#include <firn/checksum.h>
#include <firn/codec.h>

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void read_first_version(const uint8_t *data, size_t size)
{
    firn_segment_header header;
    firn_status status = firn_segment_header_read(data, size, 1, &header);
    if (status == FIRN_OK && header.frame_crc != 0)
        abort();
}

static void read_one(const uint8_t *data, size_t size)
{
    firn_segment_header header;
    uint8_t again[FIRN_SEGMENT_HEADER_BYTES];
    size_t plain;
    firn_status status = firn_segment_header_read(data, size, 2, &header);
    if (status == FIRN_CORRUPT || status == FIRN_VERSION)
        return;
    if (status != FIRN_OK)
        abort();
    firn_segment_header_write(&header, again);
    if (memcmp(again, data, sizeof again) != 0)
        abort();
    status = firn_codec_plain_size(data + sizeof again, size - sizeof again, &plain);
    if (status == FIRN_OK && plain > FIRN_FRAME_MAX_BYTES)
        abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    read_one(data, size);
    read_first_version(data, size);
    if (size < FIRN_SEGMENT_HEADER_BYTES)
        return 0;
    uint8_t *fitting = malloc(size);
    if (fitting == NULL)
        abort();
    memcpy(fitting, data, size);
    put_u32(fitting + 48, firn_crc32c(0, fitting, 48));
    read_one(fitting, size);
    put_u32(fitting + 40, firn_crc32c(0, fitting, 40));
    read_first_version(fitting, size);
    free(fitting);
    return 0;
}
