/* File records: the payloads of the catalog, which maps paths to them.
 *
 *   record: varint language | u32 crc | u64 mtime_ns | varints size, lines, nodes, tree size |
 *   place of the source | place of the tree | varint size of the labels, labels | for an edited
 *   source: varint size of the version that lies there, varint size of the edits, their place
 * (what stands behind the tree is left out when there are neither labels nor edits)
 *   place: varint segment | varint offset | varint count of further segments | each a varint,
 * zigzag difference to the segment before
 *
 * Most files lie in one segment; those above 256 KB, and their trees, go on in others. The CRC and
 * the time stand at fixed width, because they do not shrink. Reading takes hostile bytes. */
#include "code/index/record.h"

firn_status place_put(struct bytes *bytes, const struct place *place)
{
    firn_status status = bytes_put_varint(bytes, place->segment);
    if (status == FIRN_OK)
        status = bytes_put_varint(bytes, place->offset);
    if (status == FIRN_OK)
        status = bytes_put_varint(bytes, place->more_count);
    uint32_t before = place->segment;
    for (uint32_t i = 0; i < place->more_count && status == FIRN_OK; i++) {
        status = bytes_put_varint(bytes, firn_zigzag((int64_t)place->more[i] - before));
        before = place->more[i];
    }
    return status;
}

static firn_status put_edits(struct bytes *bytes, const struct place_edits *edits)
{
    firn_status status = bytes_put_varint(bytes, edits->base_size);
    if (status == FIRN_OK)
        status = bytes_put_varint(bytes, edits->size);
    return status == FIRN_OK ? place_put(bytes, &edits->place) : status;
}

static firn_status put_labels(struct bytes *bytes, const struct file_record *record)
{
    firn_status status = bytes_put_varint(bytes, record->labels_size);
    return status == FIRN_OK ? bytes_put(bytes, record->labels, record->labels_size) : status;
}

firn_status record_put(struct bytes *bytes, const struct file_record *record)
{
    uint8_t fixed[12];
    bytes_put_u32(fixed, record->crc);
    bytes_put_u64(fixed + 4, (uint64_t)record->mtime_ns);
    firn_status status = bytes_put_varint(bytes, record->language);
    if (status == FIRN_OK)
        status = bytes_put(bytes, fixed, sizeof fixed);
    const uint64_t figures[] = {record->size, record->lines, record->nodes, record->tree_size};
    for (unsigned i = 0; i < 4 && status == FIRN_OK; i++)
        status = bytes_put_varint(bytes, figures[i]);
    if (status == FIRN_OK)
        status = place_put(bytes, &record->source);
    if (status == FIRN_OK)
        status = place_put(bytes, &record->tree);
    if (status == FIRN_OK && (record->labels_size > 0 || record->source.edits != NULL))
        status = put_labels(bytes, record);
    return status == FIRN_OK && record->source.edits != NULL
               ? put_edits(bytes, record->source.edits)
               : status;
}

/* --- reading --- */

static const uint8_t *get_u32(const uint8_t *in, const uint8_t *end, uint32_t *ret_value)
{
    uint64_t value;
    in = firn_varint_get(in, end, &value);
    if (in == NULL || value > UINT32_MAX)
        return NULL;
    *ret_value = (uint32_t)value;
    return in;
}

static const uint8_t *get_more(const uint8_t *in, const uint8_t *end, struct place *place)
{
    int64_t segment = place->segment;
    for (uint32_t i = 0; i < place->more_count; i++) {
        uint64_t step;
        in = firn_varint_get(in, end, &step);
        if (in == NULL || step > 2 * (uint64_t)UINT32_MAX)
            return NULL;
        segment += firn_unzigzag(step);
        if (segment < 0 || segment > UINT32_MAX)
            return NULL;
        place->more[i] = (uint32_t)segment;
    }
    return in;
}

firn_status place_get(const uint8_t *in, const uint8_t *end, const firn_allocator *allocator,
                      struct place *ret_place, const uint8_t **ret_next)
{
    struct place place = {.more = NULL};
    if ((in = get_u32(in, end, &place.segment)) == NULL ||
        (in = get_u32(in, end, &place.offset)) == NULL ||
        (in = get_u32(in, end, &place.more_count)) == NULL || place.more_count > end - in)
        return FIRN_CORRUPT;
    if (place.more_count > 0) {
        place.more = firn_allocate(allocator, place.more_count * sizeof *place.more);
        if (place.more == NULL)
            return FIRN_NO_MEMORY;
        in = get_more(in, end, &place);
        if (in == NULL) {
            place_fini(&place, allocator);
            return FIRN_CORRUPT;
        }
    }
    *ret_place = place;
    *ret_next = in;
    return FIRN_OK;
}

firn_status place_copy(const struct place *from, struct place *ret_place,
                       const firn_allocator *allocator)
{
    const size_t size = from->more_count * sizeof *from->more;
    struct place place = {
        .segment = from->segment, .offset = from->offset, .more_count = from->more_count};
    if (size > 0) {
        place.more = firn_allocate(allocator, size);
        if (place.more == NULL)
            return FIRN_NO_MEMORY;
        memcpy(place.more, from->more, size);
    }
    *ret_place = place;
    return FIRN_OK;
}

struct place_edits *place_add_edits(struct place *place, const firn_allocator *allocator)
{
    place->edits = firn_allocate_zeroed(allocator, 1, sizeof *place->edits);
    return place->edits;
}

void place_fini(struct place *place, const firn_allocator *allocator)
{
    struct place_edits *edits = place->edits;
    if (edits != NULL) {
        firn_release(allocator, edits->place.more,
                     edits->place.more_count * sizeof *edits->place.more);
        firn_release(allocator, edits, sizeof *edits);
    }
    place->edits = NULL;
    firn_release(allocator, place->more, place->more_count * sizeof *place->more);
    place->more = NULL;
    place->more_count = 0;
}

void record_fini(struct file_record *record, const firn_allocator *allocator)
{
    place_fini(&record->source, allocator);
    place_fini(&record->tree, allocator);
    firn_release(allocator, record->labels, record->labels_size);
    record->labels = NULL;
    record->labels_size = 0;
}

static const uint8_t *get_figures(const uint8_t *in, const uint8_t *end, struct file_record *record)
{
    in = get_u32(in, end, &record->language);
    if (in == NULL || end - in < 12)
        return NULL;
    record->crc = bytes_get_u32(in);
    record->mtime_ns = (int64_t)bytes_get_u64(in + 4);
    in += 12;
    uint64_t *figures[] = {&record->size, &record->lines, &record->nodes, &record->tree_size};
    for (unsigned i = 0; i < 4 && in != NULL; i++)
        in = firn_varint_get(in, end, figures[i]);
    return in;
}

static firn_status get_edits(const uint8_t *in, const uint8_t *end, const firn_allocator *allocator,
                             struct place *source, const uint8_t **ret_next)
{
    uint64_t base_size, size;
    if ((in = firn_varint_get(in, end, &base_size)) == NULL ||
        (in = firn_varint_get(in, end, &size)) == NULL)
        return FIRN_CORRUPT;
    struct place_edits *edits = place_add_edits(source, allocator);
    if (edits == NULL)
        return FIRN_NO_MEMORY;
    edits->base_size = base_size;
    edits->size = size;
    return place_get(in, end, allocator, &edits->place, ret_next);
}

/* What stands behind the tree's place, unless that is nothing. */
static firn_status get_labels_and_edits(const uint8_t *in, const uint8_t *end,
                                        const firn_allocator *allocator, struct file_record *record,
                                        const uint8_t **ret_next)
{
    uint32_t size;
    if ((in = get_u32(in, end, &size)) == NULL || size > RECORD_LABELS_MAX_BYTES ||
        size > (size_t)(end - in) || (size > 0 && in[size - 1] == 0) || (size == 0 && in == end))
        return FIRN_CORRUPT;
    if (size > 0) {
        record->labels = firn_allocate(allocator, size);
        if (record->labels == NULL)
            return FIRN_NO_MEMORY;
        memcpy(record->labels, in, size);
        record->labels_size = size;
    }
    *ret_next = in + size;
    return *ret_next == end ? FIRN_OK
                            : get_edits(in + size, end, allocator, &record->source, ret_next);
}

firn_status record_get(const void *data, size_t size, const firn_allocator *allocator,
                       struct file_record *ret_record)
{
    struct file_record record = {.language = 0};
    const uint8_t *end = (const uint8_t *)data + size;
    const uint8_t *in = get_figures(data, end, &record);
    if (in == NULL)
        return FIRN_CORRUPT;
    firn_status status = place_get(in, end, allocator, &record.source, &in);
    if (status == FIRN_OK)
        status = place_get(in, end, allocator, &record.tree, &in);
    if (status == FIRN_OK && in != end)
        status = get_labels_and_edits(in, end, allocator, &record, &in);
    if (status == FIRN_OK && in != end)
        status = FIRN_CORRUPT;
    if (status != FIRN_OK)
        record_fini(&record, allocator);
    else
        *ret_record = record;
    return status;
}
