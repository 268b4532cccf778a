/* Snapshots of regions from hostile bytes: whatever they say, they are refused, or their image can
 * be read, its blocks unpacked and found damaged. What is no matter of the bytes' sense (size,
 * checksum, build, machine) is set right first, but in every eighth input. */
#include "core/bytes.h"
#include "core/program.h"
#include "region/snapshot.h"
#include "region/unpack.h"

#include <firn/checksum.h>

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void set_right(uint8_t *bytes, size_t size)
{
    put_u64(bytes + 16, size);
    put_u64(bytes + 88, firn_snapshot_build());
    put_u64(bytes + 96, firn_machine_kind());
    put_u64(bytes + 104, 0);
    put_u32(bytes + 12, firn_crc32c(firn_crc32c(0, bytes, 12), bytes + 16, size - 16));
}

static void read_all(firn_bytes snapshot, const firn_snapshot_head *head)
{
    firn_image *image = firn_snapshot_read(snapshot, head, firn_allocator_system(), NULL);
    firn_unpacker *unpacker = firn_unpacker_take();
    if (image == NULL || unpacker == NULL)
        abort();
    for (uint32_t i = 0; i < image->entry_count; i++) {
        const firn_entry *entry = &image->entries[i];
        if (firn_image_find(image, entry->block) != i)
            abort();
        const uint8_t *plain = firn_unpack_plain(unpacker, image, entry);
        if (plain != NULL && firn_crc32c(0, plain, FIRN_REGION_BLOCK_BYTES) != entry->crc)
            abort();
        static _Alignas(16) uint8_t place[FIRN_REGION_BLOCK_BYTES];
        if (firn_unpack_block(unpacker, image, entry, place) != (plain != NULL))
            abort();
    }
    if (firn_snapshot_size(image) != snapshot.size)
        abort();
    firn_unpacker_give(unpacker);
    firn_image_destroy(image);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    uint8_t *bytes = malloc(size + 1);
    memcpy(bytes, data, size);
    if (size >= 128 && size % 8 != 0)
        set_right(bytes, size);
    const firn_bytes snapshot = {bytes, size};
    firn_snapshot_head head;
    firn_error error;
    firn_status status = firn_snapshot_check(snapshot, &head, &error);
    if (status == FIRN_OK)
        read_all(snapshot, &head);
    else if (error.status != status)
        abort();
    free(bytes);
    return 0;
}
