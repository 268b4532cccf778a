/* Blocks of bytes packed by LZ4 or zstd, or left raw where packing does not pay, with the plain
 * size and the CRC-32C checked at every decode. A packed block is a frame of its own: 16 bytes of
 * header, then the payload (docs/formats/frame.md). Thread-safe: there is no state but in
 * firn_codec. */
#ifndef FIRN_CODEC_H
#define FIRN_CODEC_H

#include <firn/allocator.h>
#include <firn/status.h>

FIRN_BEGIN

typedef enum firn_codec_kind {
    FIRN_CODEC_RAW = 0,
    FIRN_CODEC_LZ4 = 1,
    FIRN_CODEC_ZSTD = 2,
} firn_codec_kind;

#define FIRN_FRAME_HEADER_BYTES 16
#define FIRN_FRAME_MAX_BYTES (64u << 20) /* of plain data in one frame */

/* The working memory of packing and unpacking, kept between calls. Confined to one thread at a
 * time. */
typedef struct firn_codec firn_codec;
FIRN_API FIRN_NODISCARD firn_status firn_codec_create(const firn_allocator *allocator,
                                                      firn_codec **ret_codec);
FIRN_API void firn_codec_destroy(firn_codec *codec);

/* The most bytes that a frame of size plain bytes takes. */
FIRN_API size_t firn_codec_bound(size_t size);

/* Packs size bytes (up to FIRN_FRAME_MAX_BYTES, else FIRN_LIMIT) as a frame into out, which must
 * have room for firn_codec_bound(size). level: zstd's 1 to 19; ignored by the others (0). Data that
 * would not shrink by an eighth is stored raw. FIRN_NO_MEMORY, FIRN_INVALID for an unknown kind or
 * level. */
FIRN_API FIRN_NODISCARD firn_status firn_codec_pack(firn_codec *codec, firn_codec_kind kind,
                                                    int level, const void *data, size_t size,
                                                    void *out, size_t *ret_size);

/* Reads the plain size from a frame's header after checking the header. FIRN_CORRUPT, FIRN_VERSION.
 */
FIRN_API FIRN_NODISCARD firn_status firn_codec_plain_size(const void *frame, size_t frame_size,
                                                          size_t *ret_size);

/* Unpacks a frame of exactly frame_size bytes into out, which must have room for exactly the plain
 * size. FIRN_CORRUPT when anything disagrees (header, payload, size, CRC); out is then undefined
 * and must not be used. FIRN_VERSION, FIRN_NO_MEMORY. */
FIRN_API FIRN_NODISCARD firn_status firn_codec_unpack(firn_codec *codec, const void *frame,
                                                      size_t frame_size, void *out,
                                                      size_t out_size);

FIRN_END

#endif
