/* Snapshots: header, bits of the blocks in use, entries, payloads, under one CRC-32C. See
 * snapshot.h and docs/formats/region.md. Called by restore.c and region.c; calls core.
 *
 * Invariant: what firn_snapshot_check let pass, firn_snapshot_read can read without a further look:
 * entries ascend, lie in blocks in use and in payloads that are there.
 *
 * Threads: no state. Complexity: linear.
 */
#include "region/snapshot.h"

#include "alloc/poison.h"
#include "core/bytes.h"
#include "core/program.h"
#include "region/template.h"

#include <firn/checksum.h>

#include <string.h>

#define VERSION 1
#define ENTRY_BYTES 12
#define BLOCK FIRN_REGION_BLOCK_BYTES
#define ADDRESS_BITS 47

static const uint8_t magic[8] = {'F', 'I', 'R', 'N', 'R', 'G', 'N', '\n'};

enum {
    AT_VERSION = 8,
    AT_CRC = 12, /* of all other bytes */
    AT_SIZE = 16,
    AT_REGION = 24,
    AT_GENERATION = 32,
    AT_BASE = 40,
    AT_RESERVE = 48,
    AT_LIMIT = 56,
    AT_ROOT = 64,
    AT_FRONT = 72,
    AT_BUILD_ID = 80,
    AT_BUILD = 88,
    AT_MACHINE = 96,
    AT_TEMPLATE = 104,
    AT_LEVEL = 112,
    AT_USED = 116,
    AT_ENTRIES = 120,
    AT_ZERO = 124,
    HEADER = 128,
};

/* The layout of the slab's bookkeeping goes with the version, and with what a checked build adds.
 */
uint64_t firn_snapshot_build(void)
{
#ifdef FIRN_CHECKED
    static const char library[] = FIRN_VERSION_STRING " checked";
#else
    static const char library[] = FIRN_VERSION_STRING;
#endif
    return firn_program_build() ^ firn_crc32c(0, library, sizeof(library));
}

static uint64_t words_of(uint32_t used_blocks)
{
    return ((uint64_t)used_blocks + 63) / 64;
}

static uint64_t tables_size(uint32_t used_blocks, uint32_t entry_count)
{
    return HEADER + words_of(used_blocks) * 8 + (uint64_t)entry_count * ENTRY_BYTES;
}

uint64_t firn_snapshot_size(const firn_image *image)
{
    return tables_size(image->used_blocks, image->entry_count) + image->payload_bytes;
}

static uint32_t crc_of(const uint8_t *bytes, size_t size)
{
    uint32_t crc = firn_crc32c(0, bytes, AT_CRC);
    return firn_crc32c(crc, bytes + AT_SIZE, size - AT_SIZE);
}

void firn_snapshot_write(const firn_snapshot_head *head, const firn_image *image,
                         const uint64_t *taken, uint8_t *out)
{
    uint64_t size = firn_snapshot_size(image);
    memcpy(out, magic, sizeof(magic));
    put_u32(out + AT_VERSION, VERSION);
    put_u64(out + AT_SIZE, size);
    put_u64(out + AT_REGION, head->region_id);
    put_u64(out + AT_GENERATION, head->generation);
    put_u64(out + AT_BASE, head->base);
    put_u64(out + AT_RESERVE, head->reserve_bytes);
    put_u64(out + AT_LIMIT, head->limit_bytes);
    put_u64(out + AT_ROOT, head->root);
    put_u64(out + AT_FRONT, head->front);
    put_u64(out + AT_BUILD_ID, head->build_id);
    put_u64(out + AT_BUILD, head->build);
    put_u64(out + AT_MACHINE, head->machine);
    put_u64(out + AT_TEMPLATE, head->template_id);
    put_u32(out + AT_LEVEL, (uint32_t)head->level);
    put_u32(out + AT_USED, image->used_blocks);
    put_u32(out + AT_ENTRIES, image->entry_count);
    put_u32(out + AT_ZERO, 0);
    uint8_t *at = out + HEADER;
    for (uint64_t i = 0; i < words_of(image->used_blocks); i++, at += 8)
        put_u64(at, taken[i]);
    for (uint32_t i = 0; i < image->entry_count; i++, at += ENTRY_BYTES) {
        const firn_entry *entry = &image->entries[i];
        put_u32(at, entry->block);
        put_u32(at + 4, entry->crc);
        put_u32(at + 8, (uint32_t)(entry->size | entry->kind << 17 | entry->is_hot << 20));
    }
    for (uint32_t i = 0; i < image->piece_count; i++) {
        if (image->pieces[i].size > 0)
            memcpy(at, image->pieces[i].bytes, image->pieces[i].size);
        at += image->pieces[i].size;
    }
    put_u32(out + AT_CRC, crc_of(out, size));
}

/* --- reading --- */

static uint32_t packed_at(const uint8_t *entry)
{
    return get_u32(entry + 8);
}

static bool entry_valid(const firn_snapshot_head *head, const uint8_t *bits, const uint8_t *entry)
{
    uint32_t block = get_u32(entry), packed = packed_at(entry), size = packed & 0x1ffff;
    if (block >= head->used_blocks || packed >> 21 != 0 ||
        !(bits[block / 8] >> block % 8 & 1)) /* words are little-endian */
        return false;
    switch (packed >> 17 & 7) {
    case FIRN_BLOCK_RAW:
        return size == BLOCK;
    case FIRN_BLOCK_LZ4:
    case FIRN_BLOCK_ZSTD:
        return size > 0 && size < BLOCK;
    case FIRN_BLOCK_SIBLING:
        return size > 0 && size < BLOCK && head->template_id != 0;
    case FIRN_BLOCK_SAME:
        return size == 0 && head->template_id != 0;
    default:
        return false;
    }
}

static bool in_range(const firn_snapshot_head *head, uint64_t address)
{
    return address - head->base < head->reserve_bytes;
}

static bool head_valid(const firn_snapshot_head *head)
{
    uint64_t end = (uint64_t)1 << ADDRESS_BITS;
    return head->base % FIRN_REGION_RESERVE_BYTES == 0 && head->base != 0 && head->base < end &&
           head->reserve_bytes % FIRN_REGION_RESERVE_BYTES == 0 && head->reserve_bytes != 0 &&
           head->reserve_bytes <= end - head->base &&
           head->used_blocks <= head->reserve_bytes / BLOCK &&
           head->entry_count <= head->used_blocks && head->limit_bytes <= head->reserve_bytes &&
           (head->root == 0 || in_range(head, head->root)) && head->front % 8 == 0 &&
           head->front - head->base < (uint64_t)head->used_blocks * BLOCK &&
           head->level >= FIRN_REGION_LEVEL_RAW && head->level <= 19 && head->level != 0;
}

static bool tables_valid(const firn_snapshot_head *head, firn_bytes snapshot)
{
    uint64_t tables = tables_size(head->used_blocks, head->entry_count), payloads = 0;
    if (tables > snapshot.size)
        return false;
    const uint8_t *bits = (const uint8_t *)snapshot.data + HEADER;
    const uint8_t *entries = bits + words_of(head->used_blocks) * 8;
    uint64_t tail = head->used_blocks % 64; /* bits behind the last block are 0 */
    if (tail != 0 && get_u64(entries - 8) >> tail != 0)
        return false;
    for (uint32_t i = 0; i < head->entry_count; i++) {
        const uint8_t *entry = entries + (uint64_t)i * ENTRY_BYTES;
        if (!entry_valid(head, bits, entry) ||
            (i > 0 && get_u32(entry) <= get_u32(entry - ENTRY_BYTES)))
            return false;
        payloads += packed_at(entry) & 0x1ffff;
    }
    return tables + payloads == snapshot.size;
}

static firn_snapshot_head read_head(const uint8_t *at)
{
    return (firn_snapshot_head){
        .region_id = get_u64(at + AT_REGION),
        .generation = get_u64(at + AT_GENERATION),
        .base = get_u64(at + AT_BASE),
        .reserve_bytes = get_u64(at + AT_RESERVE),
        .limit_bytes = get_u64(at + AT_LIMIT),
        .root = get_u64(at + AT_ROOT),
        .front = get_u64(at + AT_FRONT),
        .build_id = get_u64(at + AT_BUILD_ID),
        .build = get_u64(at + AT_BUILD),
        .machine = get_u64(at + AT_MACHINE),
        .template_id = get_u64(at + AT_TEMPLATE),
        .level = (int32_t)get_u32(at + AT_LEVEL),
        .used_blocks = get_u32(at + AT_USED),
        .entry_count = get_u32(at + AT_ENTRIES),
    };
}

firn_status firn_snapshot_check(firn_bytes snapshot, firn_snapshot_head *ret_head,
                                firn_error *ret_error)
{
    const uint8_t *at = snapshot.data;
    if (snapshot.size < sizeof(magic) || memcmp(at, magic, sizeof(magic)) != 0)
        return firn_error_set(ret_error, FIRN_NOT_STORE, 0, "no snapshot of a region");
    if (snapshot.size < HEADER)
        return firn_error_set(ret_error, FIRN_CORRUPT, 0, "the snapshot is cut off");
    uint32_t version = get_u32(at + AT_VERSION);
    bool is_whole =
        get_u64(at + AT_SIZE) == snapshot.size && get_u32(at + AT_CRC) == crc_of(at, snapshot.size);
    if (is_whole && version > VERSION)
        return firn_error_set(ret_error, FIRN_VERSION, 0,
                              "the snapshot is of version %u, this library knows %u", version,
                              VERSION);
    firn_snapshot_head head = read_head(at);
    if (!is_whole || version != VERSION || get_u32(at + AT_ZERO) != 0)
        return firn_error_set(ret_error, FIRN_CORRUPT, 0,
                              "the snapshot is damaged or cut off: its size or checksum is wrong");
    if (head.machine != firn_machine_kind())
        return firn_error_set(ret_error, FIRN_UNSUPPORTED, 0,
                              "the snapshot is of another kind of machine (%llx, this is %llx)",
                              (unsigned long long)head.machine,
                              (unsigned long long)firn_machine_kind());
    if (head.build != firn_snapshot_build())
        return firn_error_set(ret_error, FIRN_UNSUPPORTED, 0,
                              "the snapshot is of another build of the program or of Firn");
    if (!head_valid(&head) || !tables_valid(&head, snapshot))
        return firn_error_set(ret_error, FIRN_CORRUPT, 0, "the snapshot's tables are wrong");
    *ret_head = head;
    return FIRN_OK;
}

uint64_t firn_snapshot_taken(firn_bytes snapshot, size_t word)
{
    return get_u64((const uint8_t *)snapshot.data + HEADER + word * 8);
}

firn_image *firn_snapshot_read(firn_bytes snapshot, const firn_snapshot_head *head,
                               const firn_allocator *allocator, firn_region_template *sibling)
{
    uint32_t pieces = (head->entry_count + FIRN_PIECE_ENTRIES - 1) / FIRN_PIECE_ENTRIES;
    firn_image *image = firn_image_create(allocator, head->entry_count, pieces);
    if (image == NULL)
        return NULL;
    image->range = (firn_words_range){(uint32_t)(head->base >> 32),
                                      (uint32_t)(head->reserve_bytes / FIRN_REGION_RESERVE_BYTES)};
    image->level = head->level;
    image->used_blocks = head->used_blocks;
    const uint8_t *entries =
        (const uint8_t *)snapshot.data + HEADER + words_of(head->used_blocks) * 8;
    const uint8_t *payload = entries + (uint64_t)head->entry_count * ENTRY_BYTES;
    for (uint32_t i = 0; i < head->entry_count; i++) {
        const uint8_t *at = entries + (uint64_t)i * ENTRY_BYTES;
        uint32_t packed = packed_at(at), number = i / FIRN_PIECE_ENTRIES;
        firn_piece *piece = &image->pieces[number];
        image->entries[i] = (firn_entry){.block = get_u32(at),
                                         .crc = get_u32(at + 4),
                                         .piece = number & 0x3fffff,
                                         .offset = piece->size & 0x1fffff,
                                         .size = packed & 0x1ffff,
                                         .kind = packed >> 17 & 7,
                                         .is_hot = packed >> 20 & 1};
        piece->size += packed & 0x1ffff;
    }
    for (uint32_t i = 0; i < pieces; i++) {
        firn_piece *piece = &image->pieces[i];
        if (piece->size > 0 && (piece->bytes = firn_allocate(allocator, piece->size)) == NULL) {
            firn_image_destroy(image);
            return NULL;
        }
        if (piece->size > 0)
            memcpy(piece->bytes, payload, piece->size);
        payload += piece->size;
    }
    if (sibling != NULL) {
        firn_region_template_retain(sibling);
        image->sibling = sibling;
    }
    firn_image_count(image);
    return image;
}
