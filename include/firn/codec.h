/* Blocks of bytes packed by LZ4 or zstd, the latter also with a dictionary, or left raw where
 * packing does not pay, with the plain size and the CRC-32C checked at every decode. A packed block
 * is a frame of its own: 16 bytes of header, then the payload (docs/formats/frame.md). Thread-safe:
 * there is no state but in firn_codec. */
#ifndef FIRN_CODEC_H
#define FIRN_CODEC_H

#include <firn/allocator.h>
#include <firn/status.h>
#include <firn/usage.h>

FIRN_BEGIN

typedef enum firn_codec_kind {
    FIRN_CODEC_RAW = 0,
    FIRN_CODEC_LZ4 = 1,
    FIRN_CODEC_ZSTD = 2,
    FIRN_CODEC_ZSTD_DICTIONARY = 3, /* for firn_codec_pack_with */
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
 * and must not be used. FIRN_NOT_FOUND when the frame needs a dictionary; FIRN_VERSION,
 * FIRN_NO_MEMORY. */
FIRN_API FIRN_NODISCARD firn_status firn_codec_unpack(firn_codec *codec, const void *frame,
                                                      size_t frame_size, void *out,
                                                      size_t out_size);

/* --- dictionaries: bytes that zstd packs as if they stood before the data. They pay for small
 * blocks: Debian's package lists and sources shrink at level 3 to 0.84 of what they take without
 * one in blocks of 1 KiB, to 0.97 in blocks of 64 KiB. Whoever keeps frames keeps the dictionary;
 * a frame names it by the CRC-32C of its bytes. --- */

#define FIRN_DICTIONARY_MIN_BYTES 8
#define FIRN_DICTIONARY_MAX_BYTES (1u << 20)

/* Prepared for use; never changes; may be shared between threads. */
typedef struct firn_dictionary firn_dictionary;

/* Prepares a copy of the bytes: what firn_dictionary_train gave, or any bytes as they may occur in
 * the data. level: 1 to 19, at which packing is prepared, too (64 KiB then take 0.4 MiB more at
 * level 3, 1.0 at 9); 0: for unpacking alone. FIRN_INVALID for another level, less than
 * FIRN_DICTIONARY_MIN_BYTES or bytes whose CRC-32C is 0; FIRN_LIMIT above
 * FIRN_DICTIONARY_MAX_BYTES; FIRN_CORRUPT for bytes that begin as a trained dictionary and are
 * none; FIRN_NO_MEMORY. */
FIRN_API FIRN_NODISCARD firn_status firn_dictionary_create(const firn_allocator *allocator,
                                                           const void *data, size_t size, int level,
                                                           firn_dictionary **ret_dictionary);
FIRN_API void firn_dictionary_destroy(firn_dictionary *dictionary);

/* The CRC-32C of its bytes, by which frames name it; never 0. */
FIRN_API uint32_t firn_dictionary_id(const firn_dictionary *dictionary);
/* live: its bytes; overhead: the tables. */
FIRN_API void firn_dictionary_usage(const firn_dictionary *dictionary, firn_usage *ret_usage);

/* Trains a dictionary of at most capacity bytes (FIRN_DICTIONARY_MAX_BYTES) into out from count
 * samples that lie behind each other, each as large as a block that will be packed. A hundred times
 * the dictionary's size is a good amount. 25 ns a byte; 9 MiB of the system's memory beside the
 * samples. FIRN_INVALID when the samples are too few or too small to make one of, or are 2 GiB and
 * more; FIRN_NO_MEMORY. */
FIRN_API FIRN_NODISCARD firn_status firn_dictionary_train(const void *samples, const size_t *sizes,
                                                          size_t count, void *out, size_t capacity,
                                                          size_t *ret_size);

/* Packs by zstd with a dictionary, else as firn_codec_pack does. Fastest at the level at which the
 * dictionary was prepared: at others its tables are made anew for each call. */
FIRN_API FIRN_NODISCARD firn_status firn_codec_pack_with(firn_codec *codec,
                                                         const firn_dictionary *dictionary,
                                                         int level, const void *data, size_t size,
                                                         void *out, size_t *ret_size);

/* Tells the id of the dictionary that a frame needs, 0 when it needs none. FIRN_CORRUPT,
 * FIRN_VERSION. */
FIRN_API FIRN_NODISCARD firn_status firn_codec_frame_dictionary(const void *frame,
                                                                size_t frame_size,
                                                                uint32_t *ret_id);

/* As firn_codec_unpack, for a frame that needs this dictionary or none. FIRN_NOT_FOUND when it
 * needs another one. */
FIRN_API FIRN_NODISCARD firn_status firn_codec_unpack_with(firn_codec *codec,
                                                           const firn_dictionary *dictionary,
                                                           const void *frame, size_t frame_size,
                                                           void *out, size_t out_size);

FIRN_END

#endif
