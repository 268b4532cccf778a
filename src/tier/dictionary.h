/* Dictionaries as packing and unpacking see them. Private to codec.c and dictionary.c. */
#ifndef FIRN_TIER_DICTIONARY_H
#define FIRN_TIER_DICTIONARY_H

#include <firn/codec.h>

#define ZSTD_STATIC_LINKING_ONLY        /* for working in given memory; exported by libzstd */
#define ZSTD_DISABLE_DEPRECATE_WARNINGS /* codec.c says why */
#include <zstd.h>

enum { FIRN_ZSTD_LEVEL_MAX = 19 };

/* One block: this, the bytes, and what the two point to, which refers to the bytes. */
struct firn_dictionary {
    const firn_allocator *allocator;
    const ZSTD_CDict *packer; /* NULL for level 0 */
    const ZSTD_DDict *unpacker;
    size_t size;
    size_t block_bytes;
    uint32_t id;
    int level;
    uint8_t data[];
};

#endif
