/* What a sleeping region is: its packed blocks. image.c (memory, look-up), pack.c, unpack.c.
 *
 *   entries   one for each block that is not all zero, by block, ascending
 *   pieces    the payloads of up to 32 entries behind each other, a piece an allocation
 *   states    one for each entry: asleep, awake, or the process in which a thread wakes it
 *
 * Invariants:
 *   I1  blocks ascend and are below used_blocks
 *   I2  an entry's payload lies within its piece
 *   I3  a state goes from asleep to a process's id to awake, or back to asleep when waking failed;
 *       only who set the id may write the block
 *   I4  all but the states and flags of heat is fixed once the image belongs to a region
 */
#ifndef FIRN_REGION_IMAGE_H
#define FIRN_REGION_IMAGE_H

#include "region/words.h"

#include <firn/region.h>

#include <stdatomic.h>

#define FIRN_PIECE_ENTRIES 32
#define FIRN_PIECE_BYTES (FIRN_PIECE_ENTRIES * FIRN_REGION_BLOCK_BYTES)

typedef enum firn_block_kind {
    FIRN_BLOCK_RAW = 0,
    FIRN_BLOCK_LZ4 = 1,
    FIRN_BLOCK_ZSTD = 2,
    FIRN_BLOCK_SIBLING = 3, /* zstd, with the template's block as what stands before */
    FIRN_BLOCK_SAME = 4,    /* no payload: the template's block */
    FIRN_BLOCK_KIND_COUNT
} firn_block_kind;

typedef struct firn_entry {
    uint32_t block;
    uint32_t crc; /* CRC-32C of the base-free block */
    uint64_t piece : 22, offset : 21, size : 17, kind : 3;
    uint64_t is_hot : 1; /* a touch woke it the last time */
} firn_entry;
_Static_assert(sizeof(firn_entry) == 16, "as many as there are blocks");

typedef struct firn_piece {
    uint8_t *bytes;
    size_t size;
} firn_piece;

enum { FIRN_ENTRY_ASLEEP = 0, FIRN_ENTRY_AWAKE = -1, FIRN_ENTRY_TOUCHED = -2 };

typedef struct firn_image {
    const firn_allocator *allocator;
    firn_region_template *sibling; /* held; NULL: none */
    firn_words_range range;
    int level;
    uint32_t used_blocks; /* of the range: those behind are not in use */
    uint32_t entry_count, piece_count;
    uint32_t entry_room, piece_room; /* as allocated */
    firn_entry *entries;
    firn_piece *pieces;
    _Atomic int32_t *states;
    uint64_t payload_bytes, memory_bytes; /* memory: all that is allocated for it */
    uint32_t raw_count, same_count;
} firn_image;

/* Makes an image with room for that many; all is zero. NULL: no memory. */
firn_image *firn_image_create(const firn_allocator *allocator, uint32_t entry_count,
                              uint32_t piece_count);
/* NULL is let pass. */
void firn_image_destroy(firn_image *image);
/* The first entry of this block or a later one; entry_count when there is none. Async-signal-safe.
 */
uint32_t firn_image_from(const firn_image *image, uint32_t block);
/* The entry of a block; entry_count when it has none. Async-signal-safe. */
uint32_t firn_image_find(const firn_image *image, uint32_t block);
/* Counts what the fields at the end tell, once all entries and pieces are there. */
void firn_image_count(firn_image *image);
static inline const uint8_t *firn_image_payload(const firn_image *image, const firn_entry *entry)
{
    const uint8_t *bytes = image->pieces[entry->piece].bytes;
    return bytes != NULL ? bytes + entry->offset : NULL;
}
/* The number that stands for its content. */
uint64_t firn_image_digest(const firn_image *image);
/* One step of it: for a block that is not zero. */
static inline uint64_t firn_digest_add(uint64_t digest, uint32_t block, uint32_t crc)
{
    digest = (digest ^ (((uint64_t)block << 32) | crc)) * 0x9e3779b97f4a7c15u;
    return digest ^ digest >> 29;
}

#endif
