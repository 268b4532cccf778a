/* Regions: making, allocating, the root, sleeping and waking, figures. state.h says who calls whom.
 * Threads: as firn/region.h says; each call stands between firn_calls_begin and firn_calls_end.
 */
#include "region/state.h"

#include "core/entropy.h"
#include "core/os_map.h"
#include "region/calls.h"
#include "region/make.h"
#include "region/sleep.h"
#include "region/source.h"
#include "region/unpack.h"
#include "region/wake.h"

#define LEVEL_DEFAULT 1
#define LEVEL_MAX 19

firn_status firn_region_create(const firn_region_options *options, firn_region **ret_region)
{
    static const firn_region_options defaults;
    options = options != NULL ? options : &defaults;
    if (!firn_make_valid(options))
        return FIRN_INVALID;
    if (!firn_calls_enter())
        return FIRN_NO_MEMORY;
    firn_region *region;
    firn_status status = firn_make(options, NULL, &region);
    if (status != FIRN_OK)
        goto done;
    region->id = firn_entropy();
    firn_page_source source = firn_region_source(region);
    status = firn_slab_init(&region->slab, &(firn_slab_options){
                                               .source = &source,
                                               .limit_bytes = options->limit_bytes,
                                           });
    if (status == FIRN_OK)
        *ret_region = region;
    else
        firn_unmake(region);
done:
    firn_calls_leave();
    return status;
}

void firn_region_destroy(firn_region *region)
{
    if (region == NULL)
        return;
    (void)firn_calls_enter();
    firn_unmake(region);
    firn_calls_leave();
}

/* --- what lies in it --- */

static bool is_closed(const firn_region *region)
{
    return region->mode == FIRN_REGION_EAGER && firn_region_image(region) != NULL;
}

static void *allocate(void *context, size_t size)
{
    firn_region *region = context;
    if (is_closed(region))
        return NULL;
    firn_calls_slab_begin(region);
    void *object = firn_slab_alloc(&region->slab, size);
    firn_calls_slab_end(region);
    return object;
}

/* What is freed while a part sleeps wakes, so that it is zeroed before the next sleep. */
static void wake_object(const firn_region *region, const void *object)
{
    if (object == NULL || firn_region_image(region) == NULL)
        return;
    const volatile uint8_t *bytes = object;
    (void)bytes[0];
    (void)bytes[firn_slab_usable_size(&region->slab, object) - 1];
}

static void *reallocate(void *context, void *block, size_t old_size, size_t new_size)
{
    firn_region *region = context;
    (void)old_size;
    if (is_closed(region) || (block != NULL && !firn_region_contains(region, block)))
        return NULL;
    firn_calls_slab_begin(region);
    wake_object(region, block);
    void *object = firn_slab_realloc(&region->slab, block, new_size);
    firn_calls_slab_end(region);
    return object;
}

static void release(void *context, void *block, size_t size)
{
    firn_region *region = context;
    (void)size;
    if (!firn_region_contains(region, block)) /* NULL, or another's */
        return;
    firn_calls_slab_begin(region);
    wake_object(region, block);
    (void)firn_slab_release(&region->slab, block);
    firn_calls_slab_end(region);
}

firn_allocator firn_region_allocator(firn_region *region)
{
    return (firn_allocator){allocate, reallocate, release, region};
}

void *firn_region_alloc_aligned(firn_region *region, size_t size, size_t alignment)
{
    if (is_closed(region))
        return NULL;
    firn_calls_slab_begin(region);
    void *object = firn_slab_alloc_aligned(&region->slab, size, alignment);
    firn_calls_slab_end(region);
    return object;
}

size_t firn_region_usable_size(firn_region *region, const void *object)
{
    uint32_t block = (uint32_t)((size_t)((const uint8_t *)object - region->base) / FIRN_BLOCK);
    if (!firn_region_contains(region, object) || !firn_region_taken(region, block) ||
        is_closed(region))
        return 0;
    return firn_slab_usable_size(&region->slab, object);
}

void *firn_region_root(const firn_region *region)
{
    return region->root;
}

firn_status firn_region_root_set(firn_region *region, void *root)
{
    if (root != NULL && !firn_region_contains(region, root))
        return FIRN_INVALID;
    region->root = root;
    return FIRN_OK;
}

void *firn_region_base(const firn_region *region)
{
    return region->base;
}

uint64_t firn_region_reserve_bytes(const firn_region *region)
{
    return firn_region_bytes(region);
}

bool firn_region_contains(const firn_region *region, const void *address)
{
    return (uintptr_t)address - (uintptr_t)region->base < firn_region_bytes(region);
}

uint64_t firn_region_id(const firn_region *region)
{
    return region->id;
}

/* --- sleeping and waking --- */

static bool hibernate_options_valid(const firn_region_hibernate_options *options)
{
    bool is_zstd = options->level >= 0 && options->level <= LEVEL_MAX;
    bool is_other = options->sibling == NULL && (options->level == FIRN_REGION_LEVEL_LZ4 ||
                                                 options->level == FIRN_REGION_LEVEL_RAW);
    return (is_zstd || is_other) && options->reserved[0] == 0 && options->reserved[1] == 0;
}

static firn_region_state state_of(const firn_region *region)
{
    const firn_image *image = firn_region_image(region);
    if (image == NULL)
        return FIRN_REGION_AWAKE;
    if (atomic_load(&region->is_away))
        return FIRN_REGION_AWAY;
    if (atomic_load(&region->begun) == FIRN_WAKE_NOT_BEGUN)
        return FIRN_REGION_ASLEEP;
    for (uint32_t i = 0; i < image->entry_count; i++) {
        if (atomic_load(&image->states[i]) >= 0)
            return FIRN_REGION_PARTLY;
    }
    return FIRN_REGION_AWAKE;
}

firn_region_state firn_region_state_get(const firn_region *region)
{
    firn_region *locked = (firn_region *)(uintptr_t)region;
    firn_calls_begin(locked);
    firn_region_state state = state_of(region);
    firn_calls_end(locked);
    return state;
}

firn_status firn_region_hibernate(firn_region *region, const firn_region_hibernate_options *options)
{
    static const firn_region_hibernate_options defaults;
    options = options != NULL ? options : &defaults;
    if (!hibernate_options_valid(options))
        return FIRN_INVALID;
    firn_calls_begin(region);
    firn_region_state state = state_of(region);
    firn_status status = FIRN_OK;
    if (region->pins > 0)
        status = FIRN_BUSY;
    else if (state == FIRN_REGION_AWAKE || state == FIRN_REGION_PARTLY)
        status = firn_sleep(region, options->level != 0 ? options->level : LEVEL_DEFAULT,
                            options->sibling);
    firn_calls_end(region);
    return status;
}

firn_status firn_region_wake(firn_region *region)
{
    firn_calls_begin(region);
    firn_status status = firn_wake_all(region);
    firn_calls_end(region);
    return status;
}

firn_status firn_region_pin(firn_region *region, const void *address, size_t size)
{
    bool is_all = address == NULL && size == 0;
    uint64_t offset = (uint64_t)((const uint8_t *)address - region->base);
    if (!is_all &&
        (!firn_region_contains(region, address) || size > firn_region_bytes(region) - offset))
        return FIRN_INVALID;
    firn_calls_begin(region);
    firn_status status = region->pins == UINT32_MAX ? FIRN_LIMIT : FIRN_OK;
    if (status == FIRN_OK)
        status = is_all
                     ? firn_wake_all(region)
                     : firn_wake_range(region, (uint32_t)(offset / FIRN_BLOCK),
                                       (uint32_t)((offset + size + FIRN_BLOCK - 1) / FIRN_BLOCK));
    region->pins += status == FIRN_OK;
    firn_calls_end(region);
    return status;
}

firn_status firn_region_unpin(firn_region *region)
{
    firn_calls_begin(region);
    firn_status status = region->pins > 0 ? FIRN_OK : FIRN_INVALID;
    region->pins -= status == FIRN_OK;
    firn_calls_end(region);
    return status;
}

/* --- looking after it --- */

firn_status firn_region_digest(firn_region *region, uint64_t *ret_digest)
{
    firn_calls_begin(region);
    firn_region_state state = state_of(region);
    firn_status status = FIRN_OK;
    firn_pack_input input;
    if (state == FIRN_REGION_AWAY) {
        status = FIRN_NOT_FOUND;
    } else if (state == FIRN_REGION_ASLEEP) {
        *ret_digest = firn_image_digest(firn_region_image(region));
    } else if ((status = firn_sleep_prepare(region, &input)) == FIRN_OK) {
        status = firn_pack_digest(&input, ret_digest);
        firn_sleep_release(&input);
    }
    firn_calls_end(region);
    return status;
}

static firn_status verify_image(const firn_image *image)
{
    firn_unpacker *unpacker = firn_unpacker_take();
    if (unpacker == NULL)
        return FIRN_NO_MEMORY;
    firn_status status = FIRN_OK;
    for (uint32_t i = 0; i < image->entry_count && status == FIRN_OK; i++) {
        if (atomic_load(&image->states[i]) >= 0 &&
            firn_unpack_plain(unpacker, image, &image->entries[i]) == NULL)
            status = FIRN_CORRUPT;
    }
    firn_unpacker_give(unpacker);
    return status;
}

firn_status firn_region_verify(firn_region *region)
{
    firn_calls_begin(region);
    const firn_image *image = firn_region_image(region);
    firn_status status;
    if (image == NULL) {
        firn_calls_slab_begin(region);
        status = firn_slab_verify(&region->slab);
        firn_calls_slab_end(region);
    } else {
        status = atomic_load(&region->is_away) ? FIRN_NOT_FOUND : verify_image(image);
    }
    firn_calls_end(region);
    return status;
}

/* What the image takes, and the blocks that woke. */
static firn_usage usage_of_image(const firn_image *image)
{
    uint64_t awake = 0;
    for (uint32_t i = 0; i < image->entry_count; i++)
        awake += atomic_load(&image->states[i]) < 0 ? FIRN_BLOCK : 0;
    return (firn_usage){
        .live_bytes = image->payload_bytes + awake,
        .overhead_bytes = image->memory_bytes - image->payload_bytes,
        .reserved_bytes = image->memory_bytes + awake,
        .resident_bytes = image->memory_bytes + awake,
        .compressed_bytes = image->payload_bytes,
    };
}

void firn_region_usage(firn_region *region, firn_usage *ret_usage)
{
    firn_calls_begin(region);
    const firn_image *image = firn_region_image(region);
    firn_usage usage;
    firn_calls_slab_begin(region);
    if (image == NULL)
        firn_slab_usage(&region->slab, &usage);
    else
        usage = usage_of_image(image);
    uint64_t handle =
        sizeof(*region) + (region->taken_words + region->heat_words) * sizeof(uint64_t);
    firn_calls_slab_end(region);
    /* Where the kernel does not tell, what was handed out or woke stands for what is in RAM. */
    size_t pages_bytes;
    if (firn_os_resident(region->base, atomic_load(&region->usable) * FIRN_BLOCK, &pages_bytes) ==
        0) {
        usage.resident_bytes = pages_bytes + (image != NULL ? image->memory_bytes : 0);
        if (usage.reserved_bytes < usage.resident_bytes) /* large pages, blocks that are new */
            usage.reserved_bytes = usage.resident_bytes;
    }
    usage.overhead_bytes += handle;
    usage.reserved_bytes += handle;
    usage.resident_bytes += handle;
    firn_calls_end(region);
    *ret_usage = usage;
}

void firn_region_stats_get(firn_region *region, firn_region_stats *ret_stats)
{
    firn_calls_begin(region);
    const firn_image *image = firn_region_image(region);
    firn_region_stats stats = {
        .hibernate_count = region->hibernate_count,
        .wake_count = atomic_load(&region->wake_count),
        .touch_count = atomic_load(&region->touch_count),
        .prefetch_count = atomic_load(&region->prefetch_count),
    };
    if (image != NULL) {
        stats.block_count = image->entry_count;
        stats.zero_count = image->used_blocks - image->entry_count;
        stats.raw_count = image->raw_count;
        stats.sibling_count = image->same_count;
        stats.plain_bytes = image->entry_count * FIRN_BLOCK;
        stats.packed_bytes = image->payload_bytes;
    }
    firn_calls_end(region);
    *ret_stats = stats;
}
