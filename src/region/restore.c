/* The image elsewhere: snapshots of a region that sleeps, the region without its image, and back; a
 * region out of a snapshot. Calls snapshot.c for the bytes.
 * Threads: as firn/region.h says; each call stands between firn_calls_begin and firn_calls_end.
 */
#include "region/restore.h"

#include "region/calls.h"
#include "region/fault.h"
#include "region/make.h"
#include "region/snapshot.h"
#include "region/source.h"
#include "region/template.h"
#include "region/touch.h"

#include "core/program.h"

/* FIRN_BUSY unless all of it sleeps, with its image at hand. */
static firn_status whole_image(const firn_region *region, firn_image **ret_image)
{
    firn_image *image = firn_region_image(region);
    if (image == NULL || atomic_load(&region->is_away) ||
        atomic_load(&region->begun) != FIRN_WAKE_NOT_BEGUN)
        return FIRN_BUSY;
    *ret_image = image;
    return FIRN_OK;
}

firn_status firn_region_snapshot_size(firn_region *region, uint64_t *ret_size)
{
    firn_calls_begin(region);
    firn_image *image;
    firn_status status = whole_image(region, &image);
    if (status == FIRN_OK)
        *ret_size = firn_snapshot_size(image);
    firn_calls_end(region);
    return status;
}

static firn_snapshot_head head_of(const firn_region *region, const firn_image *image)
{
    return (firn_snapshot_head){
        .region_id = region->id,
        .generation = region->generation,
        .base = (uintptr_t)region->base,
        .reserve_bytes = firn_region_bytes(region),
        .limit_bytes = region->limit_bytes,
        .root = (uintptr_t)region->root,
        .front = (uintptr_t)region->slab.front,
        .build_id = region->build_id,
        .build = firn_snapshot_build(),
        .machine = firn_machine_kind(),
        .template_id = image->sibling != NULL ? image->sibling->id : 0,
        .level = image->level,
    };
}

firn_status firn_region_snapshot(firn_region *region, void *out, size_t capacity, size_t *ret_size)
{
    firn_calls_begin(region);
    firn_image *image;
    firn_status status = whole_image(region, &image);
    if (status == FIRN_OK && firn_snapshot_size(image) > capacity)
        status = FIRN_LIMIT;
    if (status == FIRN_OK) {
        firn_snapshot_head head = head_of(region, image);
        firn_snapshot_write(&head, image, region->taken, out);
        *ret_size = firn_snapshot_size(image);
    }
    firn_calls_end(region);
    return status;
}

firn_status firn_restore_take(firn_region *region, size_t before, uint8_t **ret_bytes,
                              size_t *ret_size, uint64_t *ret_generation)
{
    firn_calls_begin(region);
    firn_image *image;
    uint8_t *bytes = NULL;
    firn_status status = whole_image(region, &image);
    if (status == FIRN_OK) {
        bytes = firn_allocate(region->allocator, before + firn_snapshot_size(image));
        status = bytes != NULL ? FIRN_OK : FIRN_NO_MEMORY;
    }
    if (status == FIRN_OK) {
        firn_snapshot_head head = head_of(region, image);
        firn_snapshot_write(&head, image, region->taken, bytes + before);
        *ret_bytes = bytes;
        *ret_size = firn_snapshot_size(image);
        *ret_generation = region->generation;
    }
    firn_calls_end(region);
    return status;
}

/* In place of the image stands one without entries, which holds the sibling on. */
static firn_status away(firn_region *region)
{
    firn_image *image;
    firn_status status = whole_image(region, &image);
    if (status != FIRN_OK)
        return status;
    firn_image *husk = firn_image_create(region->allocator, 0, 0);
    if (husk == NULL)
        return FIRN_NO_MEMORY;
    husk->used_blocks = image->used_blocks;
    husk->range = image->range;
    husk->level = image->level;
    if (image->sibling != NULL) {
        firn_region_template_retain(image->sibling);
        husk->sibling = image->sibling;
    }
    atomic_store(&region->is_away, true);
    atomic_store(&region->image, husk);
    firn_touch_wait(region);
    firn_image_destroy(image);
    return FIRN_OK;
}

firn_status firn_region_away(firn_region *region)
{
    firn_calls_begin(region);
    firn_status status = region->pins > 0 ? FIRN_BUSY : away(region);
    firn_calls_end(region);
    return status;
}

firn_status firn_restore_away(firn_region *region, uint64_t generation)
{
    firn_calls_begin(region);
    firn_status status =
        region->pins > 0 || region->generation != generation ? FIRN_BUSY : away(region);
    firn_calls_end(region);
    return status;
}

/* --- back --- */

static firn_status restore(firn_region *region, firn_bytes snapshot, firn_error *ret_error)
{
    firn_snapshot_head head;
    firn_status status = firn_snapshot_check(snapshot, &head, ret_error);
    if (status != FIRN_OK)
        return status;
    if (head.build_id != region->build_id)
        return firn_error_set(ret_error, FIRN_UNSUPPORTED, 0,
                              "the snapshot is of another build (build_id)");
    if (head.region_id != region->id || head.base != (uintptr_t)region->base ||
        head.reserve_bytes != firn_region_bytes(region))
        return firn_error_set(ret_error, FIRN_INVALID, 0,
                              "the snapshot is of region %llx, this is %llx",
                              (unsigned long long)head.region_id, (unsigned long long)region->id);
    if (!atomic_load(&region->is_away))
        return firn_error_set(ret_error, FIRN_BUSY, 0, "the region has its image");
    firn_image *husk = firn_region_image(region);
    if (head.generation != region->generation)
        return firn_error_set(ret_error, FIRN_CHANGED, 0,
                              "the snapshot is of sleep %llu of the region, not of the last, %llu",
                              (unsigned long long)head.generation,
                              (unsigned long long)region->generation);
    if (head.template_id != (husk->sibling != NULL ? husk->sibling->id : 0))
        return firn_error_set(ret_error, FIRN_CORRUPT, 0, "the snapshot names another template");
    firn_image *image = firn_snapshot_read(snapshot, &head, region->allocator, husk->sibling);
    if (image == NULL || !firn_fault_reopen(region)) {
        firn_image_destroy(image);
        return firn_error_set(ret_error, FIRN_NO_MEMORY, 0, "no memory for the snapshot");
    }
    atomic_store(&region->image, image);
    atomic_store(&region->is_away, false);
    firn_touch_wait(region);
    firn_image_destroy(husk);
    return FIRN_OK;
}

firn_status firn_region_restore(firn_region *region, firn_bytes snapshot, firn_error *ret_error)
{
    firn_calls_begin(region);
    firn_status status = restore(region, snapshot, ret_error);
    firn_calls_end(region);
    return status;
}

/* --- out of a snapshot --- */

static firn_status open_options_check(const firn_region_options *options,
                                      const firn_snapshot_head *head,
                                      const firn_region_template *sibling, firn_error *ret_error)
{
    if (options->build_id != head->build_id)
        return firn_error_set(ret_error, FIRN_UNSUPPORTED, 0,
                              "the snapshot is of another build (build_id)");
    if ((options->reserve_bytes != 0 && options->reserve_bytes != head->reserve_bytes) ||
        (options->limit_bytes != 0 && options->limit_bytes != head->limit_bytes))
        return firn_error_set(ret_error, FIRN_INVALID, 0,
                              "the snapshot has another reserve or limit");
    if (head->template_id != (sibling != NULL ? sibling->id : 0))
        return firn_error_set(ret_error, FIRN_NOT_FOUND, 0, "the snapshot needs template %llx",
                              (unsigned long long)head->template_id);
    return FIRN_OK;
}

static firn_status open_at(const firn_region_options *options, const firn_snapshot_head *head,
                           firn_bytes snapshot, firn_region_template *sibling,
                           firn_region **ret_region, firn_error *ret_error)
{
    firn_region_options own = *options;
    own.reserve_bytes = head->reserve_bytes;
    own.limit_bytes = head->limit_bytes;
    firn_region *region;
    firn_status status = firn_make(&own, (void *)(uintptr_t)head->base, &region);
    if (status == FIRN_BUSY)
        return firn_error_set(ret_error, status, 0, "the region's addresses, from %llx, are taken",
                              (unsigned long long)head->base);
    if (status != FIRN_OK)
        return firn_error_set(ret_error, status, 0, "no region can be made at its addresses");
    region->id = head->region_id;
    region->generation = head->generation;
    region->root = (void *)(uintptr_t)head->root;
    region->slab.front = (struct firn_slab_front *)(uintptr_t)head->front;
    region->slab.source = firn_region_source(region);
    firn_image *image = firn_snapshot_read(snapshot, head, region->allocator, sibling);
    if (image == NULL || !firn_region_taken_grow(region, head->used_blocks)) {
        firn_image_destroy(image);
        firn_unmake(region);
        return firn_error_set(ret_error, FIRN_NO_MEMORY, 0, "no memory for the snapshot");
    }
    for (size_t i = 0; i < ((size_t)head->used_blocks + 63) / 64; i++)
        region->taken[i] = firn_snapshot_taken(snapshot, i);
    atomic_store(&region->image, image);
    *ret_region = region;
    return FIRN_OK;
}

firn_status firn_region_open(const firn_region_options *options, firn_bytes snapshot,
                             firn_region_template *sibling, firn_region **ret_region,
                             firn_error *ret_error)
{
    static const firn_region_options defaults;
    options = options != NULL ? options : &defaults;
    if (!firn_make_valid(options))
        return firn_error_set(ret_error, FIRN_INVALID, 0, "options out of range");
    if (!firn_calls_enter())
        return firn_error_set(ret_error, FIRN_NO_MEMORY, 0, "no memory");
    firn_snapshot_head head;
    firn_status status = firn_snapshot_check(snapshot, &head, ret_error);
    if (status == FIRN_OK)
        status = open_options_check(options, &head, sibling, ret_error);
    if (status == FIRN_OK)
        status = open_at(options, &head, snapshot, sibling, ret_region, ret_error);
    firn_calls_leave();
    return status;
}
