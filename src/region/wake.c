/* Waking all of a region. An eager one is unpacked where it lies, since nobody may touch it before
 * that is done, by as many threads as there are, 32 blocks at a time.
 *
 * Called by region.c and sleep.c; calls unpack.c and core. See state.h for the invariants.
 *
 * Threads: under the region's lock. Memory: an unpacker a thread. Complexity: a block takes 20 to
 * 60 us, half of a cold one being the kernel's zeroing.
 */
#include "region/wake.h"

#include "core/os_map.h"
#include "region/unpack.h"
#include "region/work.h"

#define GROUP_ENTRIES 32

struct waking {
    firn_region *region;
    firn_image *image;
    atomic_uint next;
    _Atomic(firn_status) status;
};

bool firn_wake_drop(firn_region *region)
{
    if (firn_os_vacate(region->base, firn_region_bytes(region)) != 0)
        return false;
    atomic_store(&region->usable, 0);
    atomic_store(&region->begun, FIRN_WAKE_NOT_BEGUN);
    return true;
}

static void wake_groups(void *context)
{
    struct waking *waking = context;
    firn_region *region = waking->region;
    const firn_image *image = waking->image;
    firn_unpacker *unpacker = firn_unpacker_take();
    firn_status status = unpacker != NULL ? FIRN_OK : FIRN_NO_MEMORY;
    while (status == FIRN_OK && atomic_load(&waking->status) == FIRN_OK) {
        uint32_t first = atomic_fetch_add(&waking->next, GROUP_ENTRIES);
        if (first >= image->entry_count)
            break;
        uint32_t end = first + GROUP_ENTRIES;
        end = end < image->entry_count ? end : image->entry_count;
        for (uint32_t i = first; i < end && status == FIRN_OK; i++) {
            const firn_entry *entry = &image->entries[i];
            const uint8_t *plain = firn_unpack_block(unpacker, image, entry);
            if (plain == NULL)
                status = FIRN_CORRUPT;
            else
                firn_words_swap(region->range, region->base + entry->block * FIRN_BLOCK, plain);
        }
    }
    if (unpacker != NULL)
        firn_unpacker_give(unpacker);
    if (status != FIRN_OK)
        atomic_store(&waking->status, status);
}

static firn_status wake_in_place(firn_region *region, firn_image *image)
{
    size_t bytes = image->used_blocks * FIRN_BLOCK;
    if (firn_os_protect(region->base, bytes, true) != 0)
        return FIRN_NO_MEMORY;
    struct waking waking = {.region = region, .image = image};
    uint32_t threads = image->entry_count / GROUP_ENTRIES / 2;
    firn_work_run(wake_groups, &waking,
                  threads < region->thread_count ? threads : region->thread_count);
    firn_status status = atomic_load(&waking.status);
    if (status != FIRN_OK) {
        /* What was unpacked goes again: by the second way, if need be, which cannot fail. */
        if (!firn_wake_drop(region)) {
            (void)firn_os_protect(region->base, bytes, false);
            (void)firn_os_discard(region->base, bytes);
        }
        return status;
    }
    atomic_store(&region->usable, image->used_blocks);
    return FIRN_OK;
}

firn_status firn_wake_all(firn_region *region)
{
    firn_image *image = firn_region_image(region);
    if (image == NULL)
        return FIRN_OK;
    if (atomic_load(&region->is_away))
        return FIRN_NOT_FOUND;
    firn_status status = wake_in_place(region, image);
    if (status != FIRN_OK)
        return status;
    atomic_store(&region->image, NULL);
    firn_image_destroy(image);
    region->wake_count++;
    return FIRN_OK;
}
