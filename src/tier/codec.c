/* Packing of single blocks: LZ4 and zstd, the latter also with a dictionary, behind one frame whose
 * header and content are checked.
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
#include "tier/dictionary.h"

#include <firn/checksum.h>

#include <lz4.h>
#include <zstd_errors.h>

#include <assert.h>
#include <string.h>

enum {
    FRAME_VERSION = 1,
    DICTIONARY_BYTES = 4, /* the id before the zstd frame of kind 3 */
};

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

enum { TABLES_BYTES = 256 << 10 };
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
    if (header[AT_VERSION] > FRAME_VERSION || header[AT_KIND] > FIRN_CODEC_ZSTD_DICTIONARY)
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

static firn_status zstd_packer_make(firn_codec *codec)
{
    if (codec->zstd_packer == NULL)
        codec->zstd_packer = ZSTD_createCCtx_advanced(zstd_memory(codec));
    return codec->zstd_packer != NULL ? FIRN_OK : FIRN_NO_MEMORY;
}

static firn_status zstd_packed(size_t packed, size_t *ret_packed)
{
    if (ZSTD_getErrorCode(packed) == ZSTD_error_memory_allocation)
        return FIRN_NO_MEMORY;
    *ret_packed = ZSTD_isError(packed) ? 0 : packed;
    return FIRN_OK;
}

/* The tables of what is larger than a segment as large as a segment's: at level 9, 1 MB would take
 * 13 MB of them instead of 3.5, and be 0.1 % smaller. */
static size_t pack_large(ZSTD_CCtx *packer, int level, const void *data, size_t size, void *out,
                         size_t capacity)
{
    ZSTD_compressionParameters tables = ZSTD_getCParams(level, TABLES_BYTES, 0);
    ZSTD_CCtx_reset(packer, ZSTD_reset_session_and_parameters);
    size_t result = ZSTD_CCtx_setParameter(packer, ZSTD_c_compressionLevel, level);
    if (!ZSTD_isError(result))
        result = ZSTD_CCtx_setParameter(packer, ZSTD_c_hashLog, (int)tables.hashLog);
    if (!ZSTD_isError(result))
        result = ZSTD_CCtx_setParameter(packer, ZSTD_c_chainLog, (int)tables.chainLog);
    if (!ZSTD_isError(result))
        result = ZSTD_compress2(packer, out, capacity, data, size);
    ZSTD_CCtx_reset(packer, ZSTD_reset_session_and_parameters);
    return result;
}

static firn_status pack_zstd(firn_codec *codec, int level, const void *data, size_t size, void *out,
                             size_t capacity, size_t *ret_packed)
{
    if (zstd_packer_make(codec) != FIRN_OK)
        return FIRN_NO_MEMORY;
    return zstd_packed(size <= TABLES_BYTES
                           ? ZSTD_compressCCtx(codec->zstd_packer, out, capacity, data, size, level)
                           : pack_large(codec->zstd_packer, level, data, size, out, capacity),
                       ret_packed);
}

/* At the level that the dictionary is prepared for. The deprecated call is the one that takes
 * tables as they are, in memory of our own, and leaves zstd's id of a dictionary out. */
static size_t pack_prepared(ZSTD_CCtx *packer, const firn_dictionary *dictionary, const void *data,
                            size_t size, void *out, size_t capacity)
{
    ZSTD_frameParameters parameters = {.contentSizeFlag = 1, .noDictIDFlag = 1};
    return ZSTD_compress_usingCDict_advanced(packer, out, capacity, data, size, dictionary->packer,
                                             parameters);
}

/* At any other level: the same size, but 4 KiB take thrice the time at level 3. */
static size_t pack_loaded(ZSTD_CCtx *packer, const firn_dictionary *dictionary, int level,
                          const void *data, size_t size, void *out, size_t capacity)
{
    ZSTD_CCtx_reset(packer, ZSTD_reset_session_and_parameters);
    size_t result = ZSTD_CCtx_setParameter(packer, ZSTD_c_compressionLevel, level);
    if (!ZSTD_isError(result))
        result = ZSTD_CCtx_setParameter(packer, ZSTD_c_dictIDFlag, 0);
    if (!ZSTD_isError(result))
        result =
            ZSTD_CCtx_refPrefix_advanced(packer, dictionary->data, dictionary->size, ZSTD_dct_auto);
    if (!ZSTD_isError(result))
        result = ZSTD_compress2(packer, out, capacity, data, size);
    ZSTD_CCtx_reset(packer, ZSTD_reset_session_and_parameters); /* lets the prefix go */
    return result;
}

static firn_status pack_dictionary(firn_codec *codec, const firn_dictionary *dictionary, int level,
                                   const void *data, size_t size, uint8_t *out, size_t capacity,
                                   size_t *ret_packed)
{
    if (capacity <= DICTIONARY_BYTES)
        return FIRN_OK; /* not packed */
    if (zstd_packer_make(codec) != FIRN_OK)
        return FIRN_NO_MEMORY;
    put_u32(out, dictionary->id);
    out += DICTIONARY_BYTES;
    capacity -= DICTIONARY_BYTES;
    size_t packed =
        level == dictionary->level
            ? pack_prepared(codec->zstd_packer, dictionary, data, size, out, capacity)
            : pack_loaded(codec->zstd_packer, dictionary, level, data, size, out, capacity);
    firn_status status = zstd_packed(packed, ret_packed);
    if (status == FIRN_OK && *ret_packed > 0)
        *ret_packed += DICTIONARY_BYTES;
    return status;
}

static bool level_valid(int level)
{
    return level >= 1 && level <= FIRN_ZSTD_LEVEL_MAX;
}

static size_t payload_capacity(size_t size)
{
    return size - (size + 7) / 8;
}

/* Completes a frame around a payload of `packed` bytes; where that is 0, around the plain data. */
static size_t frame_finish(uint8_t *frame, firn_codec_kind kind, const void *data, size_t size,
                           size_t packed)
{
    if (packed == 0) {
        kind = FIRN_CODEC_RAW;
        packed = size;
        if (size > 0)
            memcpy(frame + HEADER, data, size);
    }
    assert(packed <= size);
    header_write(
        frame, &(frame_header){kind, (uint32_t)size, (uint32_t)packed, firn_crc32c(0, data, size)});
    return HEADER + packed;
}

firn_status firn_codec_pack(firn_codec *codec, firn_codec_kind kind, int level, const void *data,
                            size_t size, void *out, size_t *ret_size)
{
    bool kind_valid = kind == FIRN_CODEC_RAW || kind == FIRN_CODEC_LZ4 || kind == FIRN_CODEC_ZSTD;
    if (!kind_valid || (kind == FIRN_CODEC_ZSTD && !level_valid(level)))
        return FIRN_INVALID;
    if (size > FIRN_FRAME_MAX_BYTES)
        return FIRN_LIMIT;
    uint8_t *payload = (uint8_t *)out + HEADER;
    size_t capacity = payload_capacity(size);
    size_t packed = 0;
    firn_status status = FIRN_OK;
    if (capacity > 0 && kind == FIRN_CODEC_LZ4)
        status = pack_lz4(codec, data, size, payload, capacity, &packed);
    else if (capacity > 0 && kind == FIRN_CODEC_ZSTD)
        status = pack_zstd(codec, level, data, size, payload, capacity, &packed);
    if (status == FIRN_OK)
        *ret_size = frame_finish(out, kind, data, size, packed);
    return status;
}

firn_status firn_codec_pack_with(firn_codec *codec, const firn_dictionary *dictionary, int level,
                                 const void *data, size_t size, void *out, size_t *ret_size)
{
    if (dictionary == NULL || !level_valid(level))
        return FIRN_INVALID;
    if (size > FIRN_FRAME_MAX_BYTES)
        return FIRN_LIMIT;
    size_t packed = 0;
    firn_status status = pack_dictionary(codec, dictionary, level, data, size,
                                         (uint8_t *)out + HEADER, payload_capacity(size), &packed);
    if (status == FIRN_OK)
        *ret_size = frame_finish(out, FIRN_CODEC_ZSTD_DICTIONARY, data, size, packed);
    return status;
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

/* The id before the payload's zstd frame; 0, which is no id, where there is no room for one. */
static uint32_t dictionary_read(const uint8_t *payload, const frame_header *header)
{
    return header->packed > DICTIONARY_BYTES ? get_u32(payload) : 0;
}

firn_status firn_codec_frame_dictionary(const void *frame, size_t frame_size, uint32_t *ret_id)
{
    frame_header header;
    firn_status status = header_read(frame, frame_size, &header);
    if (status != FIRN_OK)
        return status;
    uint32_t id = 0;
    if (header.kind == FIRN_CODEC_ZSTD_DICTIONARY) {
        id = dictionary_read((const uint8_t *)frame + HEADER, &header);
        if (id == 0)
            return FIRN_CORRUPT;
    }
    *ret_id = id;
    return FIRN_OK;
}

/* One zstd frame of today's format that says its size and names no dictionary in zstd's own way,
 * and nothing behind it. libzstd alone would also take frames of its early formats, whose decoders
 * allocate by malloc. */
static bool zstd_payload_valid(const uint8_t *payload, size_t size, size_t plain)
{
    return size >= 4 && get_u32(payload) == ZSTD_MAGICNUMBER &&
           ZSTD_getFrameContentSize(payload, size) == plain &&
           ZSTD_getDictID_fromFrame(payload, size) == 0 &&
           ZSTD_findFrameCompressedSize(payload, size) == size;
}

/* dictionary: NULL for none. */
static firn_status unpack_zstd(firn_codec *codec, const firn_dictionary *dictionary,
                               const uint8_t *payload, size_t size, void *out, size_t out_size)
{
    if (!zstd_payload_valid(payload, size, out_size))
        return FIRN_CORRUPT;
    if (codec->zstd_unpacker == NULL)
        codec->zstd_unpacker = ZSTD_createDCtx_advanced(zstd_memory(codec));
    if (codec->zstd_unpacker == NULL)
        return FIRN_NO_MEMORY;
    size_t plain = ZSTD_decompress_usingDDict(codec->zstd_unpacker, out, out_size, payload, size,
                                              dictionary != NULL ? dictionary->unpacker : NULL);
    return plain == out_size ? FIRN_OK : FIRN_CORRUPT;
}

static firn_status unpack_dictionary(firn_codec *codec, const firn_dictionary *dictionary,
                                     const uint8_t *payload, const frame_header *header, void *out)
{
    uint32_t id = dictionary_read(payload, header);
    if (id == 0)
        return FIRN_CORRUPT;
    if (dictionary == NULL || dictionary->id != id)
        return FIRN_NOT_FOUND;
    return unpack_zstd(codec, dictionary, payload + DICTIONARY_BYTES,
                       header->packed - DICTIONARY_BYTES, out, header->plain);
}

static firn_status unpack_payload(firn_codec *codec, const firn_dictionary *dictionary,
                                  const uint8_t *payload, const frame_header *header, void *out)
{
    if (header->kind == FIRN_CODEC_ZSTD_DICTIONARY)
        return unpack_dictionary(codec, dictionary, payload, header, out);
    if (header->kind == FIRN_CODEC_ZSTD)
        return unpack_zstd(codec, NULL, payload, header->packed, out, header->plain);
    if (header->kind == FIRN_CODEC_LZ4) {
        int plain = LZ4_decompress_safe((const char *)payload, out, (int)header->packed,
                                        (int)header->plain);
        return plain == (int)header->plain ? FIRN_OK : FIRN_CORRUPT;
    }
    if (header->plain > 0)
        memcpy(out, payload, header->plain);
    return FIRN_OK;
}

firn_status firn_codec_unpack_with(firn_codec *codec, const firn_dictionary *dictionary,
                                   const void *frame, size_t frame_size, void *out, size_t out_size)
{
    frame_header header;
    firn_status status = header_read(frame, frame_size, &header);
    if (status != FIRN_OK)
        return status;
    if (header.plain != out_size)
        return FIRN_CORRUPT;
    status = unpack_payload(codec, dictionary, (const uint8_t *)frame + HEADER, &header, out);
    if (status != FIRN_OK)
        return status;
    return firn_crc32c(0, out, out_size) == header.crc ? FIRN_OK : FIRN_CORRUPT;
}

firn_status firn_codec_unpack(firn_codec *codec, const void *frame, size_t frame_size, void *out,
                              size_t out_size)
{
    return firn_codec_unpack_with(codec, NULL, frame, frame_size, out, out_size);
}
