/* Blocks of an image: up to 64 KiB packed by zstd with the template's bytes before them, in
 * working memory that the caller gives. Confined to one thread at a time.
 */
#ifndef FIRN_REGION_PROCESS_BLOCK_H
#define FIRN_REGION_PROCESS_BLOCK_H

#include <firn/status.h>

#define FIRN_PROCESS_BLOCK_BYTES ((size_t)64 << 10)

typedef struct firn_process_block_packer firn_process_block_packer;
typedef struct firn_process_block_unpacker firn_process_block_unpacker;

/* Bytes of memory that init needs, which is aligned to 8 and stays the caller's. level: 1 to 19. */
size_t firn_process_block_packer_bytes(int level);
size_t firn_process_block_unpacker_bytes(void);
/* NULL when the memory is too small. */
firn_process_block_packer *firn_process_block_packer_init(void *memory, size_t size, int level);
firn_process_block_unpacker *firn_process_block_unpacker_init(void *memory, size_t size);

/* Packs size bytes into out, which has room for size. prefix: bytes that are expected to be alike,
 * none where prefix_size is 0. Returns the packed size; size itself where the data went in raw. */
size_t firn_process_block_pack(firn_process_block_packer *packer, const void *prefix,
                               size_t prefix_size, const void *data, size_t size, void *out);

/* The reverse, for exactly the same prefix: false when the bytes cannot be what was packed. */
FIRN_NODISCARD bool firn_process_block_unpack(firn_process_block_unpacker *unpacker,
                                              const void *prefix, size_t prefix_size,
                                              const void *packed, size_t packed_size, void *out,
                                              size_t size);

#endif
