/* See damage.h. Reading a segment compares its checksum; nothing of it is kept. */
#include "code/updating/damage.h"

#include "code/index/meta.h"

#include <stdlib.h>

static firn_status add(struct damage *damage, uint32_t segment)
{
    void *segments = damage->segments;
    if (!firn_grow(damage->allocator, &segments, &damage->capacity, damage->count + 1,
                   sizeof *damage->segments))
        return FIRN_NO_MEMORY;
    damage->segments = segments;
    damage->segments[damage->count++] = segment;
    return FIRN_OK;
}

static firn_status look(struct damage *damage, firn_store *store, const firn_segment_info *info,
                        firn_error *ret_error)
{
    firn_segment pinned;
    firn_status status = firn_store_pin(store, info->segment, &pinned, ret_error);
    if (status == FIRN_OK)
        firn_store_unpin(store, &pinned);
    if (status == FIRN_OK || status == FIRN_NO_MEMORY)
        return status;
    if (info->kind != SEGMENT_SOURCE && info->kind != SEGMENT_TREE)
        return FIRN_CORRUPT;
    status = add(damage, info->segment);
    return status == FIRN_OK
               ? FIRN_OK
               : firn_error_set(ret_error, status, 0, "out of memory while looking for damage");
}

firn_status damage_find(struct damage *damage, firn_store *store, firn_error *ret_error)
{
    firn_segment_info info;
    firn_status status = FIRN_OK;
    for (uint32_t from = 0; status == FIRN_OK && firn_store_next(store, from, &info) == FIRN_OK;
         from = info.segment + 1)
        status = look(damage, store, &info, ret_error);
    return status;
}

void damage_fini(struct damage *damage)
{
    firn_release(damage->allocator, damage->segments, damage->capacity * sizeof *damage->segments);
    *damage = (struct damage){.allocator = damage->allocator};
}

static int compare(const void *left, const void *right)
{
    const uint32_t a = *(const uint32_t *)left, b = *(const uint32_t *)right;
    return (a > b) - (a < b);
}

static bool hits_segment(const struct damage *damage, uint32_t segment)
{
    return bsearch(&segment, damage->segments, damage->count, sizeof segment, compare) != NULL;
}

static bool hits_place(const struct damage *damage, const struct place *place, uint64_t size)
{
    if (size == 0)
        return false;
    bool is_hit = hits_segment(damage, place->segment);
    for (uint32_t i = 0; i < place->more_count && !is_hit; i++)
        is_hit = hits_segment(damage, place->more[i]);
    return is_hit;
}

bool damage_hits(const struct damage *damage, const struct file_record *record)
{
    const struct place_edits *edits = record->source.edits;
    if (damage->count == 0)
        return false;
    return hits_place(damage, &record->source, edits != NULL ? edits->base_size : record->size) ||
           (edits != NULL && hits_place(damage, &edits->place, edits->size)) ||
           hits_place(damage, &record->tree, record->tree_size);
}
