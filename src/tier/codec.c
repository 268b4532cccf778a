/* Packing of single blocks: LZ4 and zstd behind one frame whose header and content are checked.
 *
 * Stands below the store, which wraps each frame in a segment. Calls liblz4 and libzstd.
 *
 * Nouns: a frame is a header of 16 bytes and a payload; plain is what went in, packed is the
 * payload. docs/formats/frame.md is the format's description.
 *
 * Threads: a codec belongs to one thread at a time; codecs share nothing.
 * Memory: contexts are made at their first use, from the codec's allocator, and kept. zstd sizes
 * its tables by the data: packing 256 KiB takes 1.0 MiB at level 3, 3.5 at 9, 5.3 at 19 (and 4 MiB
 * at level 19: 49); LZ4 takes 16 KiB. Unpacking zstd takes 94 KiB and writes only into the caller's
 * buffer: decoding in one pass needs no window, whatever size a hostile frame asks for.
 * Complexity: linear in the plain size. */
#include "core/bytes.h"

#include <firn/checksum.h>
#include <firn/codec.h>

#include <lz4.h>
#define ZSTD_STATIC_LINKING_ONLY /* for the contexts' own allocator; exported by libzstd */
#include <zstd.h>
#include <zstd_errors.h>

#include <assert.h>
#include <string.h>

enum { FRAME_VERSION = 1, LEVEL_MAX = 19 };

/* The header, little-endian. */
enum {
    AT_KIND = 0,    /* u8 */
    AT_VERSION = 1, /* u8 */
    AT_CHECK = 2,   /* u16, over the other 14 bytes */
    AT_PLAIN = 4,   /* u32 */
    AT_PACKED = 8,  /* u32 */
    AT_CRC = 12,    /* u32, CRC-32C of the plain data */
    HEADER = FIRN_FRAME_HEADER_BYTES,
};
_Static_assert(AT_CRC + 4 == HEADER, "the header is 16 bytes");
_Static_assert(FIRN_FRAME_MAX_BYTES <= LZ4_MAX_INPUT_SIZE, "LZ4 takes a frame's data whole");

struct firn_codec {
    const firn_allocator *allocator;
    ZSTD_CCtx *zstd_packer; /* these three are made when first needed */
    ZSTD_DCtx *zstd_unpacker;
    void *lz4_packer;
};

typedef struct frame_header {
    firn_codec_kind kind;
    uint32_t plain;
    uint32_t packed;
    uint32_t crc;
} frame_header;

/* --- zstd's allocations, which are not told their size at release --- */

enum { SIZE_PREFIX = 16 }; /* keeps the alignment of 16 */

static void *zstd_allocate(void *context, size_t size)
{
    uint8_t *block = firn_allocate(context, size + SIZE_PREFIX);
    if (block == NULL)
        return NULL;
    memcpy(block, &size, sizeof size);
    return block + SIZE_PREFIX;
}

static void zstd_release(void *context, void *address)
{
    if (address == NULL)
        return;
    uint8_t *block = (uint8_t *)address - SIZE_PREFIX;
    size_t size;
    memcpy(&size, block, sizeof size);
    firn_release(context, block, size + SIZE_PREFIX);
}

static ZSTD_customMem zstd_memory(const firn_codec *codec)
{
    return (ZSTD_customMem){zstd_allocate, zstd_release, (void *)(uintptr_t)codec->allocator};
}

firn_status firn_codec_create(const firn_allocator *allocator, firn_codec **ret_codec)
{
    if (allocator == NULL)
        allocator = firn_allocator_system();
    firn_codec *codec = firn_allocate_zeroed(allocator, 1, sizeof *codec);
    if (codec == NULL)
        return FIRN_NO_MEMORY;
    codec->allocator = allocator;
    *ret_codec = codec;
    return FIRN_OK;
}

void firn_codec_destroy(firn_codec *codec)
{
    if (codec == NULL)
        return;
    ZSTD_freeCCtx(codec->zstd_packer);
    ZSTD_freeDCtx(codec->zstd_unpacker);
    firn_release(codec->allocator, codec->lz4_packer, (size_t)LZ4_sizeofState());
    firn_release(codec->allocator, codec, sizeof *codec);
}

size_t firn_codec_bound(size_t size)
{
    return HEADER + size; /* what does not shrink is raw */
}

/* --- the header --- */

static uint16_t header_check(const uint8_t *header)
{
    uint32_t crc = firn_crc32c(0, header, AT_CHECK);
    crc = firn_crc32c(crc, header + AT_PLAIN, HEADER - AT_PLAIN);
    return (uint16_t)(crc ^ crc >> 16);
}

static void header_write(uint8_t *header, const frame_header *values)
{
    header[AT_KIND] = (uint8_t)values->kind;
    header[AT_VERSION] = FRAME_VERSION;
    put_u32(header + AT_PLAIN, values->plain);
    put_u32(header + AT_PACKED, values->packed);
    put_u32(header + AT_CRC, values->crc);
    put_u16(header + AT_CHECK, header_check(header));
}

static firn_status header_read(const uint8_t *header, size_t frame_size, frame_header *ret)
{
    if (frame_size < HEADER || get_u16(header + AT_CHECK) != header_check(header))
        return FIRN_CORRUPT;
    if (header[AT_VERSION] > FRAME_VERSION || header[AT_KIND] > FIRN_CODEC_ZSTD)
        return FIRN_VERSION;
    frame_header values = {
        .kind = (firn_codec_kind)header[AT_KIND],
        .plain = get_u32(header + AT_PLAIN),
        .packed = get_u32(header + AT_PACKED),
        .crc = get_u32(header + AT_CRC),
    };
    bool sizes_fit = values.kind == FIRN_CODEC_RAW ? values.packed == values.plain
                                                   : values.packed < values.plain;
    if (header[AT_VERSION] != FRAME_VERSION || values.plain > FIRN_FRAME_MAX_BYTES || !sizes_fit ||
        values.packed != frame_size - HEADER)
        return FIRN_CORRUPT;
    *ret = values;
    return FIRN_OK;
}

/* --- packing: each writes at most capacity bytes; *ret_packed 0 means that it would not fit --- */

static firn_status pack_lz4(firn_codec *codec, const void *data, size_t size, void *out,
                            size_t capacity, size_t *ret_packed)
{
    if (codec->lz4_packer == NULL)
        codec->lz4_packer = firn_allocate(codec->allocator, (size_t)LZ4_sizeofState());
    if (codec->lz4_packer == NULL)
        return FIRN_NO_MEMORY;
    int packed =
        LZ4_compress_fast_extState(codec->lz4_packer, data, out, (int)size, (int)capacity, 1);
    *ret_packed = packed > 0 ? (size_t)packed : 0;
    return FIRN_OK;
}

static firn_status pack_zstd(firn_codec *codec, int level, const void *data, size_t size, void *out,
                             size_t capacity, size_t *ret_packed)
{
    if (codec->zstd_packer == NULL)
        codec->zstd_packer = ZSTD_createCCtx_advanced(zstd_memory(codec));
    if (codec->zstd_packer == NULL)
        return FIRN_NO_MEMORY;
    size_t packed = ZSTD_compressCCtx(codec->zstd_packer, out, capacity, data, size, level);
    if (ZSTD_getErrorCode(packed) == ZSTD_error_memory_allocation)
        return FIRN_NO_MEMORY;
    *ret_packed = ZSTD_isError(packed) ? 0 : packed;
    return FIRN_OK;
}

static bool arguments_valid(firn_codec_kind kind, int level)
{
    if (kind == FIRN_CODEC_ZSTD)
        return level >= 1 && level <= LEVEL_MAX;
    return kind == FIRN_CODEC_RAW || kind == FIRN_CODEC_LZ4;
}

firn_status firn_codec_pack(firn_codec *codec, firn_codec_kind kind, int level, const void *data,
                            size_t size, void *out, size_t *ret_size)
{
    if (!arguments_valid(kind, level))
        return FIRN_INVALID;
    if (size > FIRN_FRAME_MAX_BYTES)
        return FIRN_LIMIT;
    uint8_t *payload = (uint8_t *)out + HEADER;
    size_t capacity = size - (size + 7) / 8;
    size_t packed = 0;
    firn_status status = FIRN_OK;
    if (capacity > 0 && kind == FIRN_CODEC_LZ4)
        status = pack_lz4(codec, data, size, payload, capacity, &packed);
    else if (capacity > 0 && kind == FIRN_CODEC_ZSTD)
        status = pack_zstd(codec, level, data, size, payload, capacity, &packed);
    if (status != FIRN_OK)
        return status;
    if (packed == 0) {
        kind = FIRN_CODEC_RAW;
        packed = size;
        if (size > 0)
            memcpy(payload, data, size);
    }
    assert(packed <= size);
    header_write(
        out, &(frame_header){kind, (uint32_t)size, (uint32_t)packed, firn_crc32c(0, data, size)});
    *ret_size = HEADER + packed;
    return FIRN_OK;
}

/* --- unpacking --- */

firn_status firn_codec_plain_size(const void *frame, size_t frame_size, size_t *ret_size)
{
    frame_header header;
    firn_status status = header_read(frame, frame_size, &header);
    if (status == FIRN_OK)
        *ret_size = header.plain;
    return status;
}

/* One zstd frame of today's format that says its size, and nothing behind it. libzstd alone would
 * also take frames of its early formats, whose decoders allocate by malloc. */
static bool zstd_payload_valid(const uint8_t *payload, const frame_header *header)
{
    return header->packed >= 4 && get_u32(payload) == ZSTD_MAGICNUMBER &&
           ZSTD_getFrameContentSize(payload, header->packed) == header->plain &&
           ZSTD_findFrameCompressedSize(payload, header->packed) == header->packed;
}

static firn_status unpack_zstd(firn_codec *codec, const uint8_t *payload,
                               const frame_header *header, void *out)
{
    if (!zstd_payload_valid(payload, header))
        return FIRN_CORRUPT;
    if (codec->zstd_unpacker == NULL)
        codec->zstd_unpacker = ZSTD_createDCtx_advanced(zstd_memory(codec));
    if (codec->zstd_unpacker == NULL)
        return FIRN_NO_MEMORY;
    size_t plain =
        ZSTD_decompressDCtx(codec->zstd_unpacker, out, header->plain, payload, header->packed);
    return plain == header->plain ? FIRN_OK : FIRN_CORRUPT;
}

static firn_status unpack_payload(firn_codec *codec, const uint8_t *payload,
                                  const frame_header *header, void *out)
{
    if (header->kind == FIRN_CODEC_ZSTD)
        return unpack_zstd(codec, payload, header, out);
    if (header->kind == FIRN_CODEC_LZ4) {
        int plain = LZ4_decompress_safe((const char *)payload, out, (int)header->packed,
                                        (int)header->plain);
        return plain == (int)header->plain ? FIRN_OK : FIRN_CORRUPT;
    }
    if (header->plain > 0)
        memcpy(out, payload, header->plain);
    return FIRN_OK;
}

firn_status firn_codec_unpack(firn_codec *codec, const void *frame, size_t frame_size, void *out,
                              size_t out_size)
{
    frame_header header;
    firn_status status = header_read(frame, frame_size, &header);
    if (status != FIRN_OK)
        return status;
    if (header.plain != out_size)
        return FIRN_CORRUPT;
    status = unpack_payload(codec, (const uint8_t *)frame + HEADER, &header, out);
    if (status != FIRN_OK)
        return status;
    return firn_crc32c(0, out, out_size) == header.crc ? FIRN_OK : FIRN_CORRUPT;
}
