/* The memory of an image, and how a block is found in it; see image.h. Called by all of region/.
 * Threads: as the region's. Complexity: a search is O(log entries).
 */
#include "region/image.h"

#include "region/template.h"

firn_image *firn_image_create(const firn_allocator *allocator, uint32_t entry_count,
                              uint32_t piece_count)
{
    size_t bytes = sizeof(firn_image) + entry_count * (sizeof(firn_entry) + sizeof(int32_t)) +
                   piece_count * sizeof(firn_piece);
    firn_image *image = firn_allocate_zeroed(allocator, 1, bytes);
    if (image == NULL)
        return NULL;
    image->allocator = allocator;
    image->entry_count = image->entry_room = entry_count;
    image->piece_count = image->piece_room = piece_count;
    image->entries = (firn_entry *)(image + 1);
    image->pieces = (firn_piece *)(image->entries + entry_count);
    image->states = (_Atomic int32_t *)(image->pieces + piece_count);
    image->memory_bytes = bytes;
    return image;
}

void firn_image_destroy(firn_image *image)
{
    if (image == NULL)
        return;
    for (uint32_t i = 0; i < image->piece_count; i++)
        firn_release(image->allocator, image->pieces[i].bytes, image->pieces[i].size);
    firn_region_template_release(image->sibling);
    size_t bytes = sizeof(firn_image) + image->entry_room * (sizeof(firn_entry) + sizeof(int32_t)) +
                   image->piece_room * sizeof(firn_piece);
    firn_release(image->allocator, image, bytes);
}

uint32_t firn_image_from(const firn_image *image, uint32_t block)
{
    uint32_t from = 0, count = image->entry_count;
    while (count > 0) {
        uint32_t half = count / 2;
        if (image->entries[from + half].block < block) {
            from += half + 1;
            count -= half + 1;
        } else {
            count = half;
        }
    }
    return from;
}

uint32_t firn_image_find(const firn_image *image, uint32_t block)
{
    uint32_t at = firn_image_from(image, block);
    return at < image->entry_count && image->entries[at].block == block ? at : image->entry_count;
}

void firn_image_count(firn_image *image)
{
    image->payload_bytes = 0;
    image->raw_count = image->same_count = 0;
    for (uint32_t i = 0; i < image->entry_count; i++) {
        image->raw_count += image->entries[i].kind == FIRN_BLOCK_RAW;
        image->same_count += image->entries[i].kind == FIRN_BLOCK_SAME;
    }
    for (uint32_t i = 0; i < image->piece_count; i++)
        image->payload_bytes += image->pieces[i].size;
    image->memory_bytes = sizeof(firn_image) +
                          image->entry_room * (sizeof(firn_entry) + sizeof(int32_t)) +
                          image->piece_room * sizeof(firn_piece) + image->payload_bytes;
}

uint64_t firn_image_digest(const firn_image *image)
{
    uint64_t digest = 0;
    for (uint32_t i = 0; i < image->entry_count; i++)
        digest = firn_digest_add(digest, image->entries[i].block, image->entries[i].crc);
    return digest;
}
