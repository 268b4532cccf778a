/* Any bytes as a frame, as they are and with a header that fits: refused, or unpacked to exactly
 * the plain size that the header told. The same bytes as content: every kind gives them back. And
 * as a dictionary: refused, or what it packs comes back. */
#include "core/bytes.h"

#include <firn/checksum.h>
#include <firn/codec.h>

#include <stdlib.h>
#include <string.h>

static const char COMMON[] = "a dictionary of some words: static const struct thing of value";

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void unpack(firn_codec *codec, const firn_dictionary *dictionary, const uint8_t *frame,
                   size_t size)
{
    size_t plain;
    if (firn_codec_plain_size(frame, size, &plain) != FIRN_OK || plain > (4u << 20))
        return;
    uint8_t *out = malloc(plain + (plain == 0));
    if (out == NULL)
        abort();
    uint32_t id;
    firn_status named = firn_codec_frame_dictionary(frame, size, &id);
    firn_status status = firn_codec_unpack_with(codec, dictionary, frame, size, out, plain);
    bool missing = named == FIRN_OK && id != 0 && id != firn_dictionary_id(dictionary);
    if (status != (missing ? FIRN_NOT_FOUND : FIRN_CORRUPT) && status != FIRN_OK)
        abort();
    free(out);
}

/* So that the payload's decoders are reached: the header's check is a wall that a fuzzer finds no
 * way through. */
static void unpack_fitting(firn_codec *codec, const firn_dictionary *dictionary,
                           const uint8_t *data, size_t size)
{
    if (size < FIRN_FRAME_HEADER_BYTES)
        return;
    uint8_t *frame = malloc(size);
    if (frame == NULL)
        abort();
    memcpy(frame, data, size);
    frame[0] %= 4;
    frame[1] = 1;
    put_u32(frame + 8, (uint32_t)(size - FIRN_FRAME_HEADER_BYTES));
    if (frame[0] == FIRN_CODEC_ZSTD_DICTIONARY && size >= FIRN_FRAME_HEADER_BYTES + 4)
        put_u32(frame + FIRN_FRAME_HEADER_BYTES, firn_dictionary_id(dictionary));
    uint32_t check = firn_crc32c(firn_crc32c(0, frame, 2), frame + 4, 12);
    put_u16(frame + 2, (uint16_t)(check ^ check >> 16));
    unpack(codec, dictionary, frame, size);
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

static void pack_with(firn_codec *codec, const firn_dictionary *dictionary, int level,
                      const uint8_t *data, size_t size)
{
    uint8_t *frame = malloc(firn_codec_bound(size));
    uint8_t *out = malloc(size + (size == 0));
    size_t packed;
    if (frame == NULL || out == NULL ||
        firn_codec_pack_with(codec, dictionary, level, data, size, frame, &packed) != FIRN_OK ||
        firn_codec_unpack_with(codec, dictionary, frame, packed, out, size) != FIRN_OK ||
        (size > 0 && memcmp(out, data, size) != 0))
        abort();
    free(out);
    free(frame);
}

/* The first half as a dictionary for the second. */
static void as_dictionary(firn_codec *codec, const uint8_t *data, size_t size)
{
    firn_dictionary *dictionary;
    size_t half = size / 2;
    firn_status status = firn_dictionary_create(NULL, data, half, 1, &dictionary);
    if (status == FIRN_OK) {
        pack_with(codec, dictionary, 1, data + half, size - half);
        pack_with(codec, dictionary, 2, data + half, size - half);
        firn_dictionary_destroy(dictionary);
    } else if (status != FIRN_INVALID && status != FIRN_CORRUPT) {
        abort();
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    firn_codec *codec;
    firn_dictionary *dictionary;
    if (firn_codec_create(NULL, &codec) != FIRN_OK ||
        firn_dictionary_create(NULL, COMMON, sizeof COMMON, 3, &dictionary) != FIRN_OK)
        abort();
    unpack(codec, dictionary, data, size);
    unpack_fitting(codec, dictionary, data, size);
    round_trip(codec, data, size);
    pack_with(codec, dictionary, 3, data, size);
    as_dictionary(codec, data, size);
    firn_dictionary_destroy(dictionary);
    firn_codec_destroy(codec);
    return 0;
}
