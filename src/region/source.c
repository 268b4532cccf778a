/* The source of pages over a region's range: first fit, a bit a block, made usable by mprotect up
 * to the highest block that was ever taken since the region woke. Called by the slab; calls core
 * and, for what sleeps, touches. See state.h for the invariants.
 *
 * Threads: the slab's. Complexity: O(blocks before the first that fits), a word at a step where all
 * are taken.
 */
#include "region/source.h"

#include "alloc/poison.h"
#include "core/os_map.h"

#include <string.h>

#define DISCARD_UNIT ((size_t)16384)

static void taken_set(firn_region *region, uint32_t from, uint32_t count, bool to)
{
    for (uint32_t i = from; i < from + count; i++) {
        uint64_t bit = (uint64_t)1 << i % 64;
        uint64_t *word = &region->taken[i / 64];
        *word = to ? *word | bit : *word & ~bit;
    }
}

bool firn_region_taken_grow(firn_region *region, uint32_t end)
{
    size_t words = ((size_t)end + 63) / 64, before = region->taken_words;
    void *taken = region->taken;
    if (!firn_grow(region->allocator, &taken, &region->taken_words, words, sizeof(uint64_t)))
        return false;
    region->taken = taken;
    memset(region->taken + before, 0, (region->taken_words - before) * sizeof(uint64_t));
    return true;
}

uint32_t firn_region_taken_end(const firn_region *region)
{
    for (size_t i = region->taken_words; i > 0; i--) {
        if (region->taken[i - 1] != 0)
            return (uint32_t)(i * 64) - (uint32_t)__builtin_clzll(region->taken[i - 1]);
    }
    return 0;
}

static bool all_free(const firn_region *region, uint32_t from, uint32_t count)
{
    for (uint32_t i = from; i < from + count; i++) {
        if (firn_region_taken(region, i))
            return false;
    }
    return true;
}

/* Makes blocks up to end usable, and room for their bits. */
static bool make_usable(firn_region *region, uint32_t end)
{
    uint32_t usable = atomic_load(&region->usable);
    if (!firn_region_taken_grow(region, end))
        return false;
    if (end <= usable)
        return true;
    if (firn_os_protect(region->base + usable * FIRN_BLOCK, (end - usable) * FIRN_BLOCK, true) != 0)
        return false;
    atomic_store(&region->usable, end);
    return true;
}

static void *source_map(void *context, size_t size, size_t alignment)
{
    firn_region *region = context;
    if (size > firn_region_bytes(region))
        return NULL;
    uint64_t count = size / FIRN_BLOCK, step = alignment / FIRN_BLOCK;
    uint64_t all = firn_region_bytes(region) / FIRN_BLOCK;
    for (uint64_t at = 0; at + count <= all; at += step) {
        if (!all_free(region, (uint32_t)at, (uint32_t)count))
            continue;
        if (!make_usable(region, (uint32_t)(at + count)))
            return NULL;
        taken_set(region, (uint32_t)at, (uint32_t)count, true);
        return region->base + at * FIRN_BLOCK;
    }
    return NULL;
}

/* The pages may be poisoned. */
__attribute__((no_sanitize("address"))) static void touch_all(const void *pages, size_t size)
{
    for (size_t at = 0; at < size; at += DISCARD_UNIT)
        (void)*((const volatile uint8_t *)pages + at);
}

/* Drops the content of pages, which then read as zero. What sleeps among them wakes first, so that
 * its packed form does not come back later. */
static void source_discard(void *context, void *pages, size_t size)
{
    firn_region *region = context;
    if (firn_region_image(region) != NULL)
        touch_all(pages, size);
    if (firn_os_discard(pages, size) != 0) {
        firn_unpoison(pages, size);
        memset(pages, 0, size);
    }
}

static void source_unmap(void *context, void *pages, size_t size)
{
    firn_region *region = context;
    uint32_t first = (uint32_t)((size_t)((uint8_t *)pages - region->base) / FIRN_BLOCK);
    source_discard(context, pages, size);
    taken_set(region, first, (uint32_t)(size / FIRN_BLOCK), false);
}

static bool source_extend(void *context, void *pages, size_t old_size, size_t new_size)
{
    firn_region *region = context;
    uint64_t first = (size_t)((uint8_t *)pages - region->base) / FIRN_BLOCK;
    uint64_t end = first + old_size / FIRN_BLOCK, new_end = first + new_size / FIRN_BLOCK;
    if (new_end > firn_region_bytes(region) / FIRN_BLOCK ||
        !all_free(region, (uint32_t)end, (uint32_t)(new_end - end)) ||
        !make_usable(region, (uint32_t)new_end))
        return false;
    taken_set(region, (uint32_t)end, (uint32_t)(new_end - end), true);
    return true;
}

firn_page_source firn_region_source(firn_region *region)
{
    return (firn_page_source){
        .map = source_map,
        .unmap = source_unmap,
        .discard = source_discard,
        .extend = source_extend,
        .context = region,
        .zeroed = true,
    };
}
