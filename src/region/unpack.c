/* Unpacking of blocks, in calls and in the handler of a fault; see unpack.h. Calls block.c,
 * liblz4 and core, none of which allocate here.
 *
 * Threads: any; spare unpackers are exchanged atomically. Memory: an unpacker is 225 KiB, of which
 * SPARES_MAX are kept. A fork amid a take loses an unpacker in the child, and nothing else.
 * Complexity: a block takes 20 to 60 us.
 */
#include "region/unpack.h"

#include "core/os_map.h"
#include "region/block.h"
#include "region/template.h"

#include <firn/checksum.h>

#include <lz4.h>

#include <string.h>

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define FIRN_SANITIZED 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
#define FIRN_SANITIZED 1
#endif
#endif

#define SPARES_MAX 4
#define WORKSPACE_BYTES ((size_t)192 << 10)

struct firn_unpacker {
    firn_block_unpacker *zstd;
    _Alignas(64) uint8_t plain[FIRN_REGION_BLOCK_BYTES];
    _Alignas(64) uint8_t workspace[WORKSPACE_BYTES];
};

static _Atomic(firn_unpacker *) spares[SPARES_MAX];

firn_unpacker *firn_unpacker_take(void)
{
    for (int i = 0; i < SPARES_MAX; i++) {
        firn_unpacker *spare = atomic_exchange(&spares[i], NULL);
        if (spare != NULL)
            return spare;
    }
    void *at;
    if (firn_os_map(sizeof(firn_unpacker), &at) != 0)
        return NULL;
    firn_unpacker *unpacker = at;
    unpacker->zstd = firn_block_unpacker_init(unpacker->workspace, WORKSPACE_BYTES);
    if (unpacker->zstd == NULL) {
        firn_os_unmap(unpacker, sizeof(*unpacker));
        return NULL;
    }
    return unpacker;
}

void firn_unpacker_give(firn_unpacker *unpacker)
{
    for (int i = 0; i < SPARES_MAX; i++) {
        firn_unpacker *none = NULL;
        if (atomic_compare_exchange_strong(&spares[i], &none, unpacker))
            return;
    }
    firn_os_unmap(unpacker, sizeof(*unpacker));
}

/* Where sanitizers are told of each write, blocks are unpacked elsewhere: a place may be poisoned,
 * and belongs to no thread. */
static uint8_t *unpacked_at(firn_unpacker *unpacker, uint8_t *place)
{
#ifdef FIRN_SANITIZED
    (void)place;
    return unpacker->plain;
#else
    (void)unpacker;
    return place;
#endif
}

static bool unpack_zstd(firn_unpacker *unpacker, const uint8_t *payload, size_t size,
                        const uint8_t *before, uint8_t *out)
{
    return firn_block_unpack(unpacker->zstd, before, before != NULL ? FIRN_REGION_BLOCK_BYTES : 0,
                             payload, size, out, FIRN_REGION_BLOCK_BYTES);
}

/* Unpacks to out, unless the block lies somewhere as it is. */
static const uint8_t *unpack(firn_unpacker *unpacker, const firn_image *image,
                             const firn_entry *entry, uint8_t *out)
{
    const uint8_t *payload = firn_image_payload(image, entry);
    const uint8_t *before = firn_template_block(image->sibling, entry->block);
    switch ((firn_block_kind)entry->kind) {
    case FIRN_BLOCK_RAW:
        if (entry->size != FIRN_REGION_BLOCK_BYTES)
            return NULL;
        memcpy(out, payload, FIRN_REGION_BLOCK_BYTES); /* it may not be aligned */
        return out;
    case FIRN_BLOCK_LZ4: {
        int got = LZ4_decompress_safe((const char *)payload, (char *)out, (int)entry->size,
                                      (int)FIRN_REGION_BLOCK_BYTES);
        return got == (int)FIRN_REGION_BLOCK_BYTES ? out : NULL;
    }
    case FIRN_BLOCK_ZSTD:
        return unpack_zstd(unpacker, payload, entry->size, NULL, out) ? out : NULL;
    case FIRN_BLOCK_SIBLING:
        if (before == NULL || !unpack_zstd(unpacker, payload, entry->size, before, out))
            return NULL;
        return out;
    case FIRN_BLOCK_SAME:
        return before;
    case FIRN_BLOCK_KIND_COUNT:
        break;
    }
    return NULL;
}

static const uint8_t *unpack_checked(firn_unpacker *unpacker, const firn_image *image,
                                     const firn_entry *entry, uint8_t *out)
{
    const uint8_t *plain = unpack(unpacker, image, entry, out);
    if (plain == NULL || firn_crc32c(0, plain, FIRN_REGION_BLOCK_BYTES) != entry->crc)
        return NULL;
    return plain;
}

bool firn_unpack_block(firn_unpacker *unpacker, const firn_image *image, const firn_entry *entry,
                       void *place)
{
    const uint8_t *plain = unpack_checked(unpacker, image, entry, unpacked_at(unpacker, place));
    if (plain != NULL)
        firn_words_swap(image->range, place, plain);
    return plain != NULL;
}

const uint8_t *firn_unpack_plain(firn_unpacker *unpacker, const firn_image *image,
                                 const firn_entry *entry)
{
    return unpack_checked(unpacker, image, entry, unpacker->plain);
}
