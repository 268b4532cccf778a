/* Any bytes as a frame, as they are and with a header that fits: refused, or unpacked to exactly
 * the plain size that the header told. The same bytes as content: every kind gives them back. */
#include "core/bytes.h"

#include <firn/checksum.h>
#include <firn/codec.h>

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void unpack(firn_codec *codec, const uint8_t *frame, size_t size)
{
    size_t plain;
    if (firn_codec_plain_size(frame, size, &plain) != FIRN_OK || plain > (4u << 20))
        return;
    uint8_t *out = malloc(plain + (plain == 0));
    if (out == NULL)
        abort();
    firn_status status = firn_codec_unpack(codec, frame, size, out, plain);
    if (status != FIRN_OK && status != FIRN_CORRUPT)
        abort();
    free(out);
}

/* So that the payload's decoders are reached: the header's check is a wall that a fuzzer finds no
 * way through. */
static void unpack_fitting(firn_codec *codec, const uint8_t *data, size_t size)
{
    if (size < FIRN_FRAME_HEADER_BYTES)
        return;
    uint8_t *frame = malloc(size);
    if (frame == NULL)
        abort();
    memcpy(frame, data, size);
    frame[0] %= 3;
    frame[1] = 1;
    put_u32(frame + 8, (uint32_t)(size - FIRN_FRAME_HEADER_BYTES));
    uint32_t check = firn_crc32c(firn_crc32c(0, frame, 2), frame + 4, 12);
    put_u16(frame + 2, (uint16_t)(check ^ check >> 16));
    unpack(codec, frame, size);
    free(frame);
}

static void round_trip(firn_codec *codec, const uint8_t *data, size_t size)
{
    uint8_t *frame = malloc(firn_codec_bound(size));
    uint8_t *out = malloc(size + (size == 0));
    if (frame == NULL || out == NULL)
        abort();
    for (int kind = FIRN_CODEC_RAW; kind <= FIRN_CODEC_ZSTD; kind++) {
        size_t packed;
        if (firn_codec_pack(codec, (firn_codec_kind)kind, kind == FIRN_CODEC_ZSTD ? 3 : 0, data,
                            size, frame, &packed) != FIRN_OK ||
            firn_codec_unpack(codec, frame, packed, out, size) != FIRN_OK ||
            (size > 0 && memcmp(out, data, size) != 0))
            abort();
    }
    free(out);
    free(frame);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    firn_codec *codec;
    if (firn_codec_create(NULL, &codec) != FIRN_OK)
        abort();
    unpack(codec, data, size);
    unpack_fitting(codec, data, size);
    round_trip(codec, data, size);
    firn_codec_destroy(codec);
    return 0;
}
