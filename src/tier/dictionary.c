/* Dictionaries for packing small blocks by zstd: prepared from bytes, or trained from samples.
 *
 * Stands beside codec.c, which packs and unpacks with them. Calls libzstd.
 *
 * Threads: a dictionary never changes once it is made; training has no state.
 * Memory: one block of the bytes and zstd's tables, which refer to them: 27 KiB for unpacking; for
 * packing, of 64 KiB, 0.4 MiB at level 3, 1.0 at 9, 1.5 at 19. It is laid out here because zstd
 * 1.5.4 writes through NULL where its allocator fails for a ZSTD_CDict. Training works in memory
 * that libzstd takes from the system.
 * Complexity: linear in the bytes, or in those of the samples. */
#include "tier/dictionary.h"

#include <firn/checksum.h>

#define ZDICT_STATIC_LINKING_ONLY /* for the parameters; exported by libzstd */
#include <zdict.h>
#include <zstd_errors.h>

#include <assert.h>
#include <string.h>

enum { ALIGNMENT = 16 };

/* What zstd's parts of the block take. */
struct layout {
    ZSTD_compressionParameters parameters;
    size_t unpacker_at, packer_at; /* from the block's start */
    size_t unpacker_bytes, packer_bytes;
};

static size_t aligned(size_t size)
{
    return (size + ALIGNMENT - 1) / ALIGNMENT * ALIGNMENT;
}

/* The tables for packing are of the dictionary's size, not of the data's that are to come: for the
 * least size that zstd assumes of unknown data. */
static struct layout layout_of(size_t size, int level)
{
    enum { LEAST_DATA = 513 };
    struct layout layout = {.unpacker_at = aligned(sizeof(firn_dictionary) + size)};
    layout.unpacker_bytes = aligned(ZSTD_estimateDDictSize(size, ZSTD_dlm_byRef));
    layout.packer_at = layout.unpacker_at + layout.unpacker_bytes;
    if (level == 0)
        return layout;
    layout.parameters = ZSTD_getCParams(level, LEAST_DATA, size);
    layout.packer_bytes =
        aligned(ZSTD_estimateCDictSize_advanced(size, layout.parameters, ZSTD_dlm_byRef));
    return layout;
}

/* False for bytes that begin as a trained dictionary and are none. */
static bool tables_make(firn_dictionary *dictionary, const struct layout *layout)
{
    uint8_t *block = (uint8_t *)dictionary;
    dictionary->unpacker =
        ZSTD_initStaticDDict(block + layout->unpacker_at, layout->unpacker_bytes, dictionary->data,
                             dictionary->size, ZSTD_dlm_byRef, ZSTD_dct_auto);
    if (dictionary->level > 0)
        dictionary->packer = ZSTD_initStaticCDict(
            block + layout->packer_at, layout->packer_bytes, dictionary->data, dictionary->size,
            ZSTD_dlm_byRef, ZSTD_dct_auto, layout->parameters);
    return dictionary->unpacker != NULL && (dictionary->packer != NULL || dictionary->level == 0);
}

firn_status firn_dictionary_create(const firn_allocator *allocator, const void *data, size_t size,
                                   int level, firn_dictionary **ret_dictionary)
{
    if (level < 0 || level > FIRN_ZSTD_LEVEL_MAX || size < FIRN_DICTIONARY_MIN_BYTES)
        return FIRN_INVALID;
    if (size > FIRN_DICTIONARY_MAX_BYTES)
        return FIRN_LIMIT;
    uint32_t id = firn_crc32c(0, data, size);
    if (id == 0)
        return FIRN_INVALID;
    struct layout layout = layout_of(size, level);
    size_t block_bytes = layout.packer_at + layout.packer_bytes;
    firn_dictionary *dictionary = firn_allocate(allocator, block_bytes);
    if (dictionary == NULL)
        return FIRN_NO_MEMORY;
    *dictionary = (firn_dictionary){
        .allocator = allocator, .size = size, .block_bytes = block_bytes, .id = id, .level = level};
    memcpy(dictionary->data, data, size);
    if (!tables_make(dictionary, &layout)) {
        firn_dictionary_destroy(dictionary);
        return FIRN_CORRUPT;
    }
    *ret_dictionary = dictionary;
    return FIRN_OK;
}

void firn_dictionary_destroy(firn_dictionary *dictionary)
{
    if (dictionary != NULL)
        firn_release(dictionary->allocator, dictionary, dictionary->block_bytes);
}

uint32_t firn_dictionary_id(const firn_dictionary *dictionary)
{
    return dictionary->id;
}

void firn_dictionary_usage(const firn_dictionary *dictionary, firn_usage *ret_usage)
{
    *ret_usage = (firn_usage){.live_bytes = dictionary->size,
                              .overhead_bytes = dictionary->block_bytes - dictionary->size,
                              .reserved_bytes = dictionary->block_bytes,
                              .resident_bytes = dictionary->block_bytes};
}

/* Fixed parameters instead of ZDICT_trainFromBuffer's search for the best: a quarter of its time,
 * and what the dictionaries are worth differs by less than a hundredth. */
static size_t train(const void *samples, const size_t *sizes, unsigned count, void *out,
                    size_t capacity)
{
    ZDICT_fastCover_params_t parameters = {
        .k = 800, .d = 8, .f = 20, .accel = 1, .zParams = {.compressionLevel = 3}};
    return ZDICT_trainFromBuffer_fastCover(out, capacity, samples, sizes, count, parameters);
}

firn_status firn_dictionary_train(const void *samples, const size_t *sizes, size_t count, void *out,
                                  size_t capacity, size_t *ret_size)
{
    size_t total = 0;
    for (size_t i = 0; i < count; i++) {
        if (sizes[i] >= (1u << 31) - total)
            return FIRN_INVALID;
        total += sizes[i];
    }
    if (capacity > FIRN_DICTIONARY_MAX_BYTES)
        capacity = FIRN_DICTIONARY_MAX_BYTES;
    if (count > UINT32_MAX)
        return FIRN_INVALID;
    size_t size = train(samples, sizes, (unsigned)count, out, capacity);
    if (ZDICT_isError(size))
        return ZSTD_getErrorCode(size) == ZSTD_error_memory_allocation ? FIRN_NO_MEMORY
                                                                       : FIRN_INVALID;
    assert(size <= capacity);
    *ret_size = size;
    return FIRN_OK;
}
