/* Making and unmaking; see make.h. Called by region.c and restore.c; calls core and touch.c.
 * Threads: of a handle that nobody else knows.
 */
#include "region/make.h"

#include "core/os_map.h"
#include "region/fault.h"
#include "region/touch.h"

#include <firn/system.h>

#include <errno.h>

#define ADDRESS_BITS 47 /* of a user's addresses */

bool firn_make_valid(const firn_region_options *options)
{
    bool is_zero = true;
    for (size_t i = 0; i < sizeof(options->reserved) / sizeof(options->reserved[0]); i++)
        is_zero &= options->reserved[i] == 0;
    uint64_t reserve = options->reserve_bytes, limit = options->limit_bytes;
    return is_zero && (unsigned)options->mode < FIRN_REGION_MODE_COUNT &&
           reserve % FIRN_REGION_RESERVE_BYTES == 0 && reserve < (uint64_t)1 << ADDRESS_BITS &&
           (limit == 0 || (limit >= FIRN_REGION_LIMIT_MIN_BYTES &&
                           limit <= (reserve != 0 ? reserve : FIRN_REGION_RESERVE_BYTES)));
}

void firn_unmake(firn_region *region)
{
    firn_touch_remove(region);
    if (region->mode == FIRN_REGION_ON_FAULT)
        firn_fault_remove(region);
    firn_touch_wait(region);
    firn_os_unmap(region->base, firn_region_bytes(region));
    firn_image_destroy(firn_region_image(region));
    firn_release(region->allocator, region->heat, region->heat_words * sizeof(uint64_t));
    firn_release(region->allocator, region->taken, region->taken_words * sizeof(uint64_t));
    (void)pthread_mutex_destroy(&region->lock);
    firn_release(region->allocator, region, sizeof(*region));
}

firn_status firn_make(const firn_region_options *options, void *at, firn_region **ret_region)
{
    const firn_allocator *allocator =
        options->allocator != NULL ? options->allocator : firn_allocator_system();
    uint64_t reserve =
        options->reserve_bytes != 0 ? options->reserve_bytes : FIRN_REGION_RESERVE_BYTES;
    firn_region *region = firn_allocate_zeroed(allocator, 1, sizeof(*region));
    if (region == NULL)
        return FIRN_NO_MEMORY;
    if (pthread_mutex_init(&region->lock, NULL) != 0) {
        firn_release(allocator, region, sizeof(*region));
        return FIRN_NO_MEMORY;
    }
    int error = at == NULL ? firn_os_reserve(reserve, FIRN_REGION_RESERVE_BYTES, &at)
                           : firn_os_reserve_at(at, reserve);
    if (error != 0) {
        (void)pthread_mutex_destroy(&region->lock);
        firn_release(allocator, region, sizeof(*region));
        return error == EEXIST ? FIRN_BUSY : FIRN_NO_MEMORY;
    }
    region->allocator = allocator;
    region->base = at;
    region->range = (firn_words_range){(uint32_t)((uintptr_t)at >> 32),
                                       (uint32_t)(reserve / FIRN_REGION_RESERVE_BYTES)};
    region->mode = options->mode;
    region->thread_count =
        options->thread_count != 0 ? options->thread_count : firn_processor_count();
    region->build_id = options->build_id;
    region->limit_bytes = options->limit_bytes;
    firn_status status = firn_touch_add(region);
    if (status == FIRN_OK && region->mode == FIRN_REGION_ON_FAULT)
        status = firn_fault_add(region);
    if (status != FIRN_OK) {
        firn_unmake(region);
        return status;
    }
    *ret_region = region;
    return FIRN_OK;
}
