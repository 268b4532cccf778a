/* Blocks of 64 KiB, packed by zstd with bytes that are expected to be alike before them: for images
 * of regions and of processes. In working memory that the caller gives, without any allocation, so
 * that it works in handlers of faults and while a process has no heap of its own. Confined to one
 * thread at a time.
 */
#ifndef FIRN_REGION_BLOCK_H
#define FIRN_REGION_BLOCK_H

#include <firn/status.h>

#define FIRN_BLOCK_BYTES ((size_t)64 << 10)

typedef struct firn_block_packer firn_block_packer;
typedef struct firn_block_unpacker firn_block_unpacker;

/* Bytes of memory that init needs, which is aligned to 8 and stays the caller's. level: 1 to 19. */
size_t firn_block_packer_bytes(int level);
size_t firn_block_unpacker_bytes(void);
/* NULL when the memory is too small. */
firn_block_packer *firn_block_packer_init(void *memory, size_t size, int level);
firn_block_unpacker *firn_block_unpacker_init(void *memory, size_t size);

/* The same for blocks of any size; bytes: of the largest with its prefix. is_far: finds what is the
 * same far away, as in a prefix of megabytes, which tables of the level would have forgotten. */
size_t firn_block_whole_packer_bytes(int level, uint64_t bytes, bool is_far);
firn_block_packer *firn_block_whole_packer_init(void *memory, size_t size, int level,
                                                uint64_t bytes, bool is_far);

/* Packs size bytes (at most FIRN_BLOCK_BYTES, or what the packer was made for) into out, which has
 * room for capacity. prefix: the bytes before them, as many at most in a block of FIRN_BLOCK_BYTES;
 * none where prefix_size is 0. Returns the packed size, 0 where that would be more than capacity.
 */
size_t firn_block_pack(firn_block_packer *packer, const void *prefix, size_t prefix_size,
                       const void *data, size_t size, void *out, size_t capacity);

/* The reverse, for exactly the same prefix: false when the bytes cannot be what was packed. */
FIRN_NODISCARD bool firn_block_unpack(firn_block_unpacker *unpacker, const void *prefix,
                                      size_t prefix_size, const void *packed, size_t packed_size,
                                      void *out, size_t size);

#endif
