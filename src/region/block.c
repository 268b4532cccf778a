/* Blocks by zstd in memory of the caller's; see block.h. Called by pack.c, unpack.c and
 * process_image.c; calls libzstd.
 *
 * A block is a zstd frame without size and checksum, of which whoever keeps it has his own. The
 * prefix is a dictionary of plain content; one that begins as a trained dictionary would is left
 * out, since zstd would take it for one.
 *
 * Tables are sized for a block and its prefix: the same sizes and times as by the level alone (at
 * 19 with a prefix 0.3 % more), for 1.3 MB at level 9 and not 13, 2.4 MB at 19 and not 85. Threads:
 * no state. Memory: the caller's. Complexity: linear. */
#define ZSTD_STATIC_LINKING_ONLY /* for working in given memory; exported by libzstd */
#include "core/bytes.h"
#include "region/block.h"

#include <zstd.h>

struct firn_block_packer {
    ZSTD_CCtx *context;
};
struct firn_block_unpacker {
    ZSTD_DCtx *context;
};

enum {
    HEAD = 64, /* before zstd's own, which stays aligned */
    WINDOW_LOG_MIN = 17,
    WINDOW_LOG_MAX = 31,
    FAR_RATE_LOG = 7,          /* one position in 128 is remembered, */
    FAR_ENTRY_BYTES = 9,       /* in so much, */
    FAR_SLACK_BYTES = 1 << 20, /* beside what zstd lays out for matches at hand */
};

static ZSTD_compressionParameters parameters_of(int level)
{
    ZSTD_compressionParameters parameters = ZSTD_getCParams(level, FIRN_BLOCK_BYTES, 0);
    parameters.windowLog = 17; /* the prefix and the block */
    return parameters;
}

/* For some megabytes at once. Tables have an entry for four bytes at most, and so fewer than the
 * level's: 0.6 MB are packed in 11 ms, not 22, to 0.1 % more. */
static ZSTD_compressionParameters whole_parameters_of(int level, uint64_t bytes)
{
    ZSTD_compressionParameters parameters = ZSTD_getCParams(level, ZSTD_CONTENTSIZE_UNKNOWN, 0);
    parameters.windowLog = WINDOW_LOG_MIN;
    while (parameters.windowLog < WINDOW_LOG_MAX && (uint64_t)1 << parameters.windowLog < bytes)
        parameters.windowLog++;
    if (parameters.hashLog > parameters.windowLog - 2)
        parameters.hashLog = parameters.windowLog - 2;
    if (parameters.chainLog > parameters.windowLog - 3)
        parameters.chainLog = parameters.windowLog - 3;
    return parameters;
}

static unsigned far_log_of(const ZSTD_compressionParameters *parameters, bool is_far)
{
    return is_far ? parameters->windowLog - FAR_RATE_LOG : 0;
}

size_t firn_block_packer_bytes(int level)
{
    return HEAD + ZSTD_estimateCCtxSize_usingCParams(parameters_of(level));
}

size_t firn_block_whole_packer_bytes(int level, uint64_t bytes, bool is_far)
{
    const ZSTD_compressionParameters parameters = whole_parameters_of(level, bytes);
    size_t far_bytes = 0;
    if (is_far)
        far_bytes = ((size_t)FAR_ENTRY_BYTES << far_log_of(&parameters, true)) + FAR_SLACK_BYTES;
    return HEAD + ZSTD_estimateCCtxSize_usingCParams(parameters) + far_bytes;
}

size_t firn_block_unpacker_bytes(void)
{
    return HEAD + ZSTD_estimateDCtxSize();
}

/* far_log: of the table for matches from far away; 0: none. */
static firn_block_packer *packer_init(void *memory, size_t size,
                                      const ZSTD_compressionParameters *wanted, unsigned far_log)
{
    firn_block_packer *packer = memory;
    packer->context = ZSTD_initStaticCCtx((char *)memory + HEAD, size - HEAD);
    if (packer->context == NULL)
        return NULL;
    const struct {
        ZSTD_cParameter parameter;
        int value;
    } settings[] = {
        {ZSTD_c_contentSizeFlag, 0},
        {ZSTD_c_windowLog, (int)wanted->windowLog},
        {ZSTD_c_chainLog, (int)wanted->chainLog},
        {ZSTD_c_hashLog, (int)wanted->hashLog},
        {ZSTD_c_searchLog, (int)wanted->searchLog},
        {ZSTD_c_minMatch, (int)wanted->minMatch},
        {ZSTD_c_targetLength, (int)wanted->targetLength},
        {ZSTD_c_strategy, (int)wanted->strategy},
        {ZSTD_c_enableLongDistanceMatching, far_log != 0},
        {ZSTD_c_ldmHashLog, (int)far_log},
        {ZSTD_c_ldmHashRateLog, far_log != 0 ? FAR_RATE_LOG : 0},
    };
    for (size_t i = 0; i < sizeof settings / sizeof settings[0]; i++) {
        if (ZSTD_isError(
                ZSTD_CCtx_setParameter(packer->context, settings[i].parameter, settings[i].value)))
            return NULL;
    }
    return packer;
}

firn_block_packer *firn_block_packer_init(void *memory, size_t size, int level)
{
    const ZSTD_compressionParameters wanted = parameters_of(level);
    if (size < firn_block_packer_bytes(level))
        return NULL;
    return packer_init(memory, size, &wanted, 0);
}

firn_block_packer *firn_block_whole_packer_init(void *memory, size_t size, int level,
                                                uint64_t bytes, bool is_far)
{
    const ZSTD_compressionParameters wanted = whole_parameters_of(level, bytes);
    if (size < firn_block_whole_packer_bytes(level, bytes, is_far))
        return NULL;
    return packer_init(memory, size, &wanted, far_log_of(&wanted, is_far));
}

firn_block_unpacker *firn_block_unpacker_init(void *memory, size_t size)
{
    if (size < firn_block_unpacker_bytes())
        return NULL;
    firn_block_unpacker *unpacker = memory;
    unpacker->context = ZSTD_initStaticDCtx((char *)memory + HEAD, size - HEAD);
    return unpacker->context != NULL ? unpacker : NULL;
}

static bool prefix_usable(const void *prefix, size_t size)
{
    return size >= 8 && get_u32(prefix) != ZSTD_MAGIC_DICTIONARY;
}

size_t firn_block_pack(firn_block_packer *packer, const void *prefix, size_t prefix_size,
                       const void *data, size_t size, void *out, size_t capacity)
{
    size_t result = 0;
    if (prefix_usable(prefix, prefix_size))
        result = ZSTD_CCtx_refPrefix(packer->context, prefix, prefix_size);
    if (!ZSTD_isError(result))
        result = ZSTD_compress2(packer->context, out, capacity, data, size);
    return ZSTD_isError(result) ? 0 : result;
}

bool firn_block_unpack(firn_block_unpacker *unpacker, const void *prefix, size_t prefix_size,
                       const void *packed, size_t packed_size, void *out, size_t size)
{
    /* Not one of zstd's early formats, whose decoders allocate by malloc. */
    if (packed_size < 4 || get_u32(packed) != ZSTD_MAGICNUMBER)
        return false;
    if (!prefix_usable(prefix, prefix_size))
        prefix_size = 0;
    /* ZSTD_DCtx_refPrefix would call malloc, whatever memory the context has. */
    return ZSTD_decompress_usingDict(unpacker->context, out, size, packed, packed_size, prefix,
                                     prefix_size) == size;
}
