/* Falling asleep: freed memory is zeroed, what is in use is packed, and then the memory goes, in
 * one step that nothing after it can undo. Called by region.c and sibling.c.
 *
 * Invariant: up to firn_os_vacate nothing has changed but memory that is free, so any failure
 * leaves the region as awake as it was.
 *
 * Threads: under the region's lock, nobody else using the memory. Complexity: O(memory in use).
 */
#include "region/sleep.h"

#include "alloc/poison.h"
#include "alloc/slab_idle.h"
#include "core/os_map.h"
#include "region/fault.h"
#include "region/source.h"
#include "region/touch.h"
#include "region/wake.h"

static bool is_asleep(const firn_image *image, size_t block)
{
    uint32_t entry = firn_image_find(image, (uint32_t)block);
    return entry < image->entry_count && atomic_load(&image->states[entry]) == FIRN_ENTRY_ASLEEP;
}

/* Whether a part of these pages is awake. Where none is, nothing was freed since the last sleep
 * (firn_region_allocator sees to that), so what is free is zeroed. */
static bool is_awake(void *context, const void *pages, size_t size)
{
    const firn_region *region = context;
    const firn_image *image = firn_region_image(region);
    size_t at = (size_t)((const uint8_t *)pages - region->base);
    bool is_any = image == NULL;
    for (size_t block = at / FIRN_BLOCK; block <= (at + size - 1) / FIRN_BLOCK && !is_any; block++)
        is_any = !is_asleep(image, block);
    return is_any;
}

/* Zeroes what is awake of a free slot. A build with assertions has a pattern there, which must
 * stay.
 */
static void zero(void *context, const void *slot, size_t size)
{
#if defined(FIRN_POISON_ASAN) || !defined(FIRN_CHECKED)
    const firn_region *region = context;
    const firn_image *image = firn_region_image(region);
    size_t at = (size_t)((const uint8_t *)slot - region->base), end = at + size;
    for (size_t next; at < end; at = next) {
        next = (at / FIRN_BLOCK + 1) * FIRN_BLOCK;
        next = next < end ? next : end;
        if (image != NULL && is_asleep(image, at / FIRN_BLOCK))
            continue;
        firn_unpoison(region->base + at, next - at);
        memset(region->base + at, 0, next - at);
        firn_poison(region->base + at, next - at);
    }
#else
    (void)context;
    (void)slot;
    (void)size;
#endif
}

struct list {
    const firn_region *region;
    uint64_t *bits;
};

static void mark(void *context, const void *pages, size_t size)
{
    const struct list *list = context;
    size_t at = (size_t)((const uint8_t *)pages - list->region->base);
    for (size_t block = at / FIRN_BLOCK; block <= (at + size - 1) / FIRN_BLOCK; block++)
        list->bits[block / 64] |= (uint64_t)1 << block % 64;
}

firn_status firn_sleep_prepare(firn_region *region, firn_pack_input *ret_input)
{
    firn_slab_trim(&region->slab);
    firn_slab_visit_free(&region->slab, is_awake, zero, region);
    uint32_t end = firn_region_taken_end(region);
    size_t words = ((size_t)end + 63) / 64;
    uint64_t *bits = firn_allocate_zeroed(region->allocator, words, sizeof(uint64_t));
    if (bits == NULL)
        return FIRN_NO_MEMORY;
    firn_slab_visit_used(&region->slab, mark, &(struct list){region, bits});
    uint32_t count = 0;
    for (size_t i = 0; i < words; i++)
        count += (uint32_t)__builtin_popcountll(bits[i]);
    uint32_t *blocks = firn_allocate(region->allocator, count * sizeof(uint32_t));
    if (blocks != NULL) {
        count = 0;
        for (uint32_t i = 0; i < end; i++) {
            if (bits[i / 64] >> i % 64 & 1)
                blocks[count++] = i;
        }
    }
    firn_release(region->allocator, bits, words * sizeof(uint64_t));
    if (blocks == NULL)
        return FIRN_NO_MEMORY;
    *ret_input = (firn_pack_input){
        .allocator = region->allocator,
        .base = region->base,
        .range = region->range,
        .blocks = blocks,
        .block_count = count,
        .used_blocks = end,
        .old = firn_region_image(region),
        .thread_count = region->thread_count,
    };
    return FIRN_OK;
}

void firn_sleep_release(firn_pack_input *input)
{
    firn_release(input->allocator, (void *)(uintptr_t)input->blocks,
                 input->block_count * sizeof(uint32_t));
}

/* Blocks that a touch woke the last time are fetched first the next time. */
static void keep_heat(firn_region *region, firn_image *image)
{
    firn_image *old = firn_region_image(region);
    for (uint32_t i = 0; i < image->entry_count; i++) {
        uint32_t block = image->entries[i].block;
        bool is_hot =
            block / 64 < region->heat_words && (region->heat[block / 64] >> block % 64 & 1);
        if (old != NULL) {
            uint32_t at = firn_image_find(old, block);
            is_hot |= at < old->entry_count && atomic_load(&old->states[at]) == FIRN_ENTRY_TOUCHED;
        }
        image->entries[i].is_hot = is_hot;
    }
}

static bool drop(firn_region *region, firn_image *image, firn_image **ret_old)
{
    if (region->mode == FIRN_REGION_ON_FAULT)
        return firn_fault_drop(region, image, ret_old);
    if (!firn_wake_drop(region))
        return false;
    *ret_old = atomic_exchange(&region->image, image);
    return true;
}

firn_status firn_sleep(firn_region *region, int level, firn_region_template *sibling)
{
    /* In the child of a fork, where SIGSEGV wakes what userfaultfd was to wake. */
    bool is_handed_down =
        region->mode == FIRN_REGION_ON_FAULT && atomic_load(&region->fault_fd) == 0;
    firn_pack_input input;
    firn_status status = is_handed_down ? firn_wake_all(region) : FIRN_OK;
    if (status == FIRN_OK)
        status = firn_sleep_prepare(region, &input);
    if (status != FIRN_OK)
        return status;
    input.level = level;
    input.sibling = sibling;
    firn_image *image = NULL;
    status = firn_pack(&input, &image);
    firn_sleep_release(&input);
    if (status != FIRN_OK)
        return status;
    keep_heat(region, image);
    firn_image *old = NULL;
    if (!drop(region, image, &old)) {
        firn_image_destroy(image);
        return FIRN_NO_MEMORY;
    }
    firn_touch_wait(region);
    firn_image_destroy(old);
    firn_release(region->allocator, region->heat, region->heat_words * sizeof(uint64_t));
    region->heat = NULL;
    region->heat_words = 0;
    region->generation++;
    region->hibernate_count++;
    return FIRN_OK;
}
