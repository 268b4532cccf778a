/* Packing: the blocks of a region go, 32 at a time, to as many threads as there are, each of which
 * has a packer; what they give is an image when all went well. Called by region.c and template.c;
 * calls block.c and liblz4, unpack.c for what sleeps already.
 *
 * Invariants:
 *   I1  entries of group g are written by the thread that took g, at 32 * g; filled[g] tells how
 * many I2  groups that turn out empty leave gaps, which compact() closes before anybody else looks
 *
 * Threads: those of work.h. Memory: a packer is 2.1 MiB and what zstd takes at that level, mapped
 * for the call. Complexity: 64 KiB take 100 us at zstd's level 1, 400 at 9.
 */
#include "region/pack.h"

#include "core/os_map.h"
#include "region/block.h"
#include "region/template.h"
#include "region/unpack.h"
#include "region/work.h"

#include <firn/checksum.h>

#include <lz4.h>

#include <string.h>

#define BLOCK ((size_t)FIRN_REGION_BLOCK_BYTES)
#define RAW_ABOVE (BLOCK - BLOCK * 27 / 100) /* as zswap does: less than 27 % do not pay */
#define GROUPS_A_THREAD 2                    /* fewer are not worth a thread */

struct packer {
    size_t bytes; /* of all of this, mapped */
    firn_block_packer *zstd;
    _Alignas(64) uint8_t plain[BLOCK];
    _Alignas(64) uint8_t lz4[1 << 15];
    _Alignas(64) uint8_t out[FIRN_PIECE_BYTES];
    _Alignas(64) uint8_t workspace[];
};

struct packing {
    const firn_pack_input *input;
    firn_image *image;
    uint8_t *filled; /* entries of each group */
    atomic_uint next_group;
    _Atomic(firn_status) status;
};

static struct packer *packer_create(int level)
{
    size_t workspace = level > 0 ? firn_block_packer_bytes(level) : 0;
    size_t bytes = (sizeof(struct packer) + workspace + 4095) & ~(size_t)4095;
    void *at;
    if (firn_os_map(bytes, &at) != 0)
        return NULL;
    struct packer *packer = at;
    packer->bytes = bytes;
    if (level <= 0)
        return packer;
    packer->zstd = firn_block_packer_init(packer->workspace, workspace, level);
    if (packer->zstd == NULL) {
        firn_os_unmap(packer, bytes);
        return NULL;
    }
    return packer;
}

static void packer_destroy(struct packer *packer)
{
    if (packer != NULL)
        firn_os_unmap(packer, packer->bytes);
}

/* --- a block --- */

/* The sleeping entry of a block in the old image; NULL when it is awake or has none. */
static const firn_entry *sleeping(const firn_image *old, uint32_t block)
{
    if (old == NULL)
        return NULL;
    uint32_t at = firn_image_find(old, block);
    return at < old->entry_count && atomic_load(&old->states[at]) == FIRN_ENTRY_ASLEEP
               ? &old->entries[at]
               : NULL;
}

/* Whether an old payload will do as it is. */
static bool reusable(const firn_pack_input *input)
{
    return input->old != NULL && input->old->level == input->level &&
           input->old->sibling == input->sibling;
}

firn_status firn_pack_plain(const firn_pack_input *input, uint32_t block, uint8_t *plain,
                            bool *ret_full)
{
    const firn_entry *old = sleeping(input->old, block);
    if (old == NULL) {
        *ret_full = firn_words_swap(input->range, plain, input->base + block * BLOCK);
        return FIRN_OK;
    }
    firn_unpacker *unpacker = firn_unpacker_take();
    if (unpacker == NULL)
        return FIRN_NO_MEMORY;
    const uint8_t *unpacked = firn_unpack_plain(unpacker, input->old, old);
    if (unpacked != NULL)
        memcpy(plain, unpacked, BLOCK);
    firn_unpacker_give(unpacker);
    *ret_full = true;
    return unpacked != NULL ? FIRN_OK : FIRN_CORRUPT;
}

/* Packs packer->plain to out, which has room for a block; fills in the entry. */
static void pack_block(const firn_pack_input *input, struct packer *packer, uint8_t *out,
                       firn_entry *entry)
{
    const uint8_t *before = firn_template_block(input->sibling, entry->block);
    size_t size = 0;
    firn_block_kind kind = FIRN_BLOCK_RAW;
    if (before != NULL && memcmp(before, packer->plain, BLOCK) == 0) {
        entry->kind = FIRN_BLOCK_SAME;
        return;
    }
    if (input->level == FIRN_REGION_LEVEL_LZ4) {
        kind = FIRN_BLOCK_LZ4;
        size = (size_t)LZ4_compress_fast_extState(packer->lz4, (const char *)packer->plain,
                                                  (char *)out, (int)BLOCK, (int)RAW_ABOVE, 1);
    } else if (input->level > 0) {
        kind = before != NULL ? FIRN_BLOCK_SIBLING : FIRN_BLOCK_ZSTD;
        size = firn_block_pack(packer->zstd, before, before != NULL ? BLOCK : 0, packer->plain,
                               BLOCK, out, BLOCK);
    }
    if (size == 0 || size > RAW_ABOVE) {
        kind = FIRN_BLOCK_RAW;
        size = BLOCK;
        memcpy(out, packer->plain, BLOCK);
    }
    entry->kind = kind & 7;
    entry->size = size & 0x1ffff;
}

/* --- a group --- */

static firn_status pack_group(struct packing *packing, struct packer *packer, uint32_t group)
{
    const firn_pack_input *input = packing->input;
    uint32_t first = group * FIRN_PIECE_ENTRIES, end = first + FIRN_PIECE_ENTRIES;
    end = end < input->block_count ? end : input->block_count;
    uint32_t filled = 0;
    size_t used = 0;
    for (uint32_t i = first; i < end; i++) {
        firn_entry *entry = &packing->image->entries[first + filled];
        *entry = (firn_entry){.block = input->blocks[i], .piece = group & 0x3fffff};
        entry->offset = used & 0x1fffff;
        const firn_entry *old = sleeping(input->old, input->blocks[i]);
        if (old != NULL && reusable(input)) {
            entry->crc = old->crc;
            entry->kind = old->kind;
            entry->size = old->size;
            if (old->size > 0)
                memcpy(packer->out + used, firn_image_payload(input->old, old), old->size);
        } else {
            bool is_full;
            firn_status status = firn_pack_plain(input, input->blocks[i], packer->plain, &is_full);
            if (status != FIRN_OK)
                return status;
            if (!is_full)
                continue;
            entry->crc = firn_crc32c(0, packer->plain, BLOCK);
            pack_block(input, packer, packer->out + used, entry);
        }
        used += entry->size;
        filled++;
    }
    packing->filled[group] = (uint8_t)filled;
    if (used == 0)
        return FIRN_OK;
    firn_piece *piece = &packing->image->pieces[group];
    piece->bytes = firn_allocate(input->allocator, used);
    if (piece->bytes == NULL)
        return FIRN_NO_MEMORY;
    piece->size = used;
    memcpy(piece->bytes, packer->out, used);
    return FIRN_OK;
}

static void pack_groups(void *context)
{
    struct packing *packing = context;
    struct packer *packer = packer_create(packing->input->level);
    firn_status status = packer != NULL ? FIRN_OK : FIRN_NO_MEMORY;
    while (status == FIRN_OK && atomic_load(&packing->status) == FIRN_OK) {
        uint32_t group = atomic_fetch_add(&packing->next_group, 1);
        if (group >= packing->image->piece_count)
            break;
        status = pack_group(packing, packer, group);
    }
    if (status != FIRN_OK)
        atomic_store(&packing->status, status);
    packer_destroy(packer);
}

/* Closes the gaps that blocks of zeros left between the groups' entries (I2). */
static void compact(struct packing *packing)
{
    firn_image *image = packing->image;
    uint32_t count = 0;
    for (uint32_t group = 0; group < image->piece_count; group++) {
        uint32_t first = group * FIRN_PIECE_ENTRIES;
        memmove(image->entries + count, image->entries + first,
                packing->filled[group] * sizeof(firn_entry));
        count += packing->filled[group];
    }
    image->entry_count = count;
}

firn_status firn_pack(const firn_pack_input *input, firn_image **ret_image)
{
    uint32_t groups = (input->block_count + FIRN_PIECE_ENTRIES - 1) / FIRN_PIECE_ENTRIES;
    struct packing packing = {.input = input};
    packing.image = firn_image_create(input->allocator, input->block_count, groups);
    packing.filled = firn_allocate_zeroed(input->allocator, groups + 1, 1);
    firn_status status = FIRN_NO_MEMORY;
    if (packing.image == NULL || packing.filled == NULL)
        goto done;
    firn_image *image = packing.image;
    image->range = input->range;
    image->level = input->level;
    image->used_blocks = input->used_blocks;
    uint32_t threads = groups / GROUPS_A_THREAD;
    firn_work_run(pack_groups, &packing,
                  threads < input->thread_count ? threads : input->thread_count);
    status = atomic_load(&packing.status);
    if (status != FIRN_OK)
        goto done;
    compact(&packing);
    if (input->sibling != NULL) {
        firn_region_template_retain(input->sibling);
        image->sibling = input->sibling;
    }
    firn_image_count(image);
    *ret_image = image;
done:
    firn_release(input->allocator, packing.filled, groups + 1);
    if (status != FIRN_OK)
        firn_image_destroy(packing.image);
    return status;
}

firn_status firn_pack_digest(const firn_pack_input *input, uint64_t *ret_digest)
{
    uint8_t *plain;
    void *at;
    if (firn_os_map(BLOCK, &at) != 0)
        return FIRN_NO_MEMORY;
    plain = at;
    uint64_t digest = 0;
    firn_status status = FIRN_OK;
    for (uint32_t i = 0; i < input->block_count && status == FIRN_OK; i++) {
        bool is_full = false;
        status = firn_pack_plain(input, input->blocks[i], plain, &is_full);
        if (status == FIRN_OK && is_full)
            digest = firn_digest_add(digest, input->blocks[i], firn_crc32c(0, plain, BLOCK));
    }
    firn_os_unmap(plain, BLOCK);
    if (status == FIRN_OK)
        *ret_digest = digest;
    return status;
}
