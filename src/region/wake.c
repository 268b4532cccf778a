/* Waking all of a region, by as many threads as there are, some blocks at a time. An eager one is
 * unpacked where it lies, in large pages where they are nearly full, since nobody may touch it
 * before that is done; others by touch.c.
 *
 * Called by region.c and sleep.c; calls unpack.c and core. See state.h for the invariants.
 *
 * Threads: under the region's lock. Memory: an unpacker a thread. Complexity: a block takes 20 to
 * 60 us; 273 MB of a node process's pages 0.20 s of processor time, of which zstd has 0.16.
 */
#include "region/wake.h"

#include "core/os_map.h"
#include "core/os_signal.h"
#include "region/fault.h"
#include "region/touch.h"
#include "region/unpack.h"
#include "region/work.h"

#define GROUP_ENTRIES 32    /* what one move brings into its place */
#define ENTRIES_A_THREAD 16 /* fewer are not worth a thread */

/* In place: */
#define LARGE_BLOCKS 32                 /* a large page */
#define LARGE_ENTRIES_MIN (32 - 32 / 8) /* of it in use, for it to be taken for them */
#define STEP_BLOCKS 4                   /* that a thread takes at a time elsewhere */

struct waking {
    firn_region *region;
    firn_image *image;
    uint32_t end; /* of the entries, or of the blocks when they wake in place */
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

/* Whether the large page around a block is for that many of its blocks that it pays: a page of 4
 * KiB takes the kernel 1.7 us, one of 2 MiB 260. */
static bool is_large(const firn_image *image, uint32_t block)
{
    uint32_t first = block - block % LARGE_BLOCKS;
    return first + LARGE_BLOCKS <= image->used_blocks &&
           firn_image_from(image, first + LARGE_BLOCKS) - firn_image_from(image, first) >=
               LARGE_ENTRIES_MIN;
}

/* Asks for large pages, by runs of them. */
static void prefer_large(const firn_region *region, const firn_image *image)
{
    for (uint32_t block = 0, end; block < image->used_blocks; block = end + LARGE_BLOCKS) {
        end = block;
        while (end < image->used_blocks && is_large(image, end))
            end += LARGE_BLOCKS;
        if (end > block)
            firn_os_prefer_large(region->base + block * FIRN_BLOCK, (end - block) * FIRN_BLOCK);
    }
}

static firn_status wake_blocks(struct waking *waking, firn_unpacker *unpacker, uint32_t first,
                               uint32_t end)
{
    const firn_image *image = waking->image;
    for (uint32_t i = firn_image_from(image, first);
         i < image->entry_count && image->entries[i].block < end; i++) {
        uint8_t *place = waking->region->base + image->entries[i].block * FIRN_BLOCK;
        if (!firn_unpack_block(unpacker, image, &image->entries[i], place))
            return FIRN_CORRUPT;
    }
    return FIRN_OK;
}

/* A large page is one thread's: two that touch it at once would both have the kernel zero one. */
static void wake_steps(void *context)
{
    struct waking *waking = context;
    firn_unpacker *unpacker = firn_unpacker_take();
    firn_status status = unpacker != NULL ? FIRN_OK : FIRN_NO_MEMORY;
    while (status == FIRN_OK && atomic_load(&waking->status) == FIRN_OK) {
        uint32_t first = atomic_fetch_add(&waking->next, STEP_BLOCKS);
        if (first >= waking->end)
            break;
        if (!is_large(waking->image, first))
            status = wake_blocks(waking, unpacker, first, first + STEP_BLOCKS);
        else if (first % LARGE_BLOCKS == 0)
            status = wake_blocks(waking, unpacker, first, first + LARGE_BLOCKS);
    }
    if (unpacker != NULL)
        firn_unpacker_give(unpacker);
    if (status != FIRN_OK)
        atomic_store(&waking->status, status);
}

static uint32_t threads_for(const firn_region *region, uint32_t entry_count, uint32_t each)
{
    uint32_t threads = entry_count / each;
    return threads < region->thread_count ? threads : region->thread_count;
}

static firn_status wake_in_place(firn_region *region, firn_image *image)
{
    size_t bytes = image->used_blocks * FIRN_BLOCK;
    if (firn_os_protect(region->base, bytes, true) != 0)
        return FIRN_NO_MEMORY;
    struct waking waking = {.region = region, .image = image, .end = image->used_blocks};
    prefer_large(region, image);
    firn_work_run(wake_steps, &waking, threads_for(region, image->entry_count, ENTRIES_A_THREAD));
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

/* --- of one that wakes on touch: others may be at it at the same time --- */

static void touch_groups(void *context)
{
    struct waking *waking = context;
    firn_status status = FIRN_OK;
    while (status == FIRN_OK && atomic_load(&waking->status) == FIRN_OK) {
        uint32_t first = atomic_fetch_add(&waking->next, GROUP_ENTRIES);
        if (first >= waking->end)
            break;
        uint32_t count = waking->end - first;
        count = count < GROUP_ENTRIES ? count : GROUP_ENTRIES;
        firn_signals before = firn_os_signals_block();
        status =
            firn_touch_wake(waking->region, waking->image, first, count, FIRN_ENTRY_AWAKE, NULL);
        firn_os_signals_restore(&before);
    }
    if (status != FIRN_OK)
        atomic_store(&waking->status, status);
}

static firn_status wake_entries(firn_region *region, firn_image *image, uint32_t first,
                                uint32_t end)
{
    if (!firn_fault_reopen(region))
        return FIRN_NO_MEMORY;
    firn_signals before = firn_os_signals_block();
    firn_status status = firn_touch_begin(region, image, NULL);
    firn_os_signals_restore(&before);
    if (status != FIRN_OK)
        return status;
    struct waking waking = {.region = region, .image = image, .end = end};
    atomic_init(&waking.next, first);
    firn_work_run(touch_groups, &waking,
                  threads_for(region, end > first ? end - first : 0, GROUP_ENTRIES));
    return atomic_load(&waking.status);
}

/* What the next sleep is to know of touches; without memory for that, it knows nothing. */
static void save_heat(firn_region *region, const firn_image *image)
{
    size_t words = ((size_t)image->used_blocks + 63) / 64;
    uint64_t *heat = firn_allocate_zeroed(region->allocator, words, sizeof(uint64_t));
    if (heat == NULL)
        return;
    for (uint32_t i = 0; i < image->entry_count; i++) {
        uint32_t block = image->entries[i].block;
        if (atomic_load(&image->states[i]) == FIRN_ENTRY_TOUCHED)
            heat[block / 64] |= (uint64_t)1 << block % 64;
    }
    firn_release(region->allocator, region->heat, region->heat_words * sizeof(uint64_t));
    region->heat = heat;
    region->heat_words = words;
}

firn_status firn_wake_range(firn_region *region, uint32_t first, uint32_t end)
{
    firn_image *image = firn_region_image(region);
    if (image == NULL || region->mode == FIRN_REGION_EAGER)
        return firn_wake_all(region);
    if (atomic_load(&region->is_away))
        return FIRN_NOT_FOUND;
    uint32_t from = 0, to = image->entry_count;
    while (from < to && image->entries[from].block < first)
        from++;
    while (to > from && image->entries[to - 1].block >= end)
        to--;
    return wake_entries(region, image, from, to);
}

firn_status firn_wake_all(firn_region *region)
{
    firn_image *image = firn_region_image(region);
    if (image == NULL)
        return FIRN_OK;
    if (atomic_load(&region->is_away))
        return FIRN_NOT_FOUND;
    bool is_eager = region->mode == FIRN_REGION_EAGER;
    firn_status status = is_eager ? wake_in_place(region, image)
                                  : wake_entries(region, image, 0, image->entry_count);
    if (status != FIRN_OK)
        return status;
    if (!is_eager)
        save_heat(region, image);
    atomic_store(&region->image, NULL);
    firn_touch_wait(region);
    firn_image_destroy(image);
    if (region->mode == FIRN_REGION_ON_FAULT)
        firn_fault_end(region);
    if (is_eager)
        atomic_fetch_add(&region->wake_count, 1);
    return FIRN_OK;
}
