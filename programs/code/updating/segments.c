/* See segments.h. The table is sorted, as segments are listed by ascending numbers, and is searched
 * by halves. Memory: 24 bytes a segment. */
#include "code/updating/segments.h"

#include <firn/store.h>

#define SMALL_BYTES (16u << 10) /* a quarter of what files that share a segment fill */

static firn_status add(struct segments *segments, const firn_segment_info *info)
{
    void *uses = segments->uses;
    if (!firn_grow(segments->allocator, &uses, &segments->capacity, segments->count + 1,
                   sizeof *segments->uses))
        return FIRN_NO_MEMORY;
    segments->uses = uses;
    segments->uses[segments->count++] = (struct segment_use){
        .segment = info->segment, .kind = info->kind, .plain_bytes = info->plain_bytes};
    return FIRN_OK;
}

firn_status segments_list(struct segments *segments, const firn_store *store,
                          const firn_allocator *allocator)
{
    firn_segment_info info;
    firn_status status = FIRN_OK;
    *segments = (struct segments){.allocator = allocator};
    for (uint32_t from = 0; status == FIRN_OK && firn_store_next(store, from, &info) == FIRN_OK;
         from = info.segment + 1)
        status = add(segments, &info);
    return status;
}

void segments_fini(struct segments *segments)
{
    firn_release(segments->allocator, segments->uses, segments->capacity * sizeof *segments->uses);
    *segments = (struct segments){.allocator = segments->allocator};
}

static struct segment_use *find(const struct segments *segments, uint32_t segment)
{
    size_t low = 0, high = segments->count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (segments->uses[middle].segment < segment)
            low = middle + 1;
        else
            high = middle;
    }
    bool is_found = low < segments->count && segments->uses[low].segment == segment;
    return is_found ? &segments->uses[low] : NULL;
}

static void count_bytes(struct segments *segments, uint32_t segment, uint64_t bytes, bool is_needed)
{
    struct segment_use *use = find(segments, segment);
    if (use != NULL && is_needed)
        use->live_bytes += bytes;
    else if (use != NULL)
        use->live_bytes -= bytes < use->live_bytes ? bytes : use->live_bytes;
}

void segments_count_place(struct segments *segments, const struct place *place, uint64_t size,
                          bool is_needed)
{
    if (size == 0)
        return;
    /* What goes on in further segments has each of them, and the first, for itself. */
    count_bytes(segments, place->segment, place->more_count > 0 ? FIRN_SEGMENT_BYTES : size,
                is_needed);
    for (uint32_t i = 0; i < place->more_count; i++)
        count_bytes(segments, place->more[i], FIRN_SEGMENT_BYTES, is_needed);
}

void segments_count(struct segments *segments, const struct file_record *record, bool is_needed)
{
    const struct place_edits *edits = record->source.edits;
    segments_count_place(segments, &record->source, edits != NULL ? edits->base_size : record->size,
                         is_needed);
    if (edits != NULL)
        segments_count_place(segments, &edits->place, edits->size, is_needed);
    segments_count_place(segments, &record->tree, record->tree_size, is_needed);
}

void segments_need(struct segments *segments, uint32_t segment)
{
    struct segment_use *use = find(segments, segment);
    if (use != NULL)
        use->live_bytes = 1;
}

bool segments_should_move(const struct segments *segments, const struct place *place, uint64_t size)
{
    const struct segment_use *use = find(segments, place->segment);
    return size > 0 && place->more_count == 0 && use != NULL &&
           (use->plain_bytes < SMALL_BYTES || use->live_bytes < use->plain_bytes / 2);
}

static bool is_of_index(uint32_t kind)
{
    return (kind >= SEGMENT_META && kind <= SEGMENT_FAMILY) ||
           (kind >= SEGMENT_NAMES && kind <= SEGMENT_CHANGES);
}

firn_status segments_sweep(const struct segments *segments, firn_store *store)
{
    firn_status status = FIRN_OK;
    for (size_t i = 0; i < segments->count && status == FIRN_OK; i++)
        if (segments->uses[i].live_bytes == 0 && is_of_index(segments->uses[i].kind))
            status = firn_store_remove(store, segments->uses[i].segment);
    return status;
}
