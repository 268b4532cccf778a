/* Changes of a layer: hidden files as bits, times as a sorted array, both small beside the catalog.
 *
 *   varint count of hidden files | each a varint gap | varint count of times | each a varint gap
 * and a varint zigzag time
 *
 * A gap is the file's number less the least that it could be. opened.c reads them, finish.c and
 * updating/ write them. Reading takes hostile bytes. */
#include "code/index/changes.h"

void changes_init(struct changes *changes, const firn_allocator *allocator, uint32_t file_count)
{
    *changes = (struct changes){.allocator = allocator, .file_count = file_count};
}

static size_t hidden_bytes(const struct changes *changes)
{
    return changes->file_count / 8 + 1;
}

void changes_fini(struct changes *changes)
{
    firn_release(changes->allocator, changes->hidden, hidden_bytes(changes));
    firn_release(changes->allocator, changes->times,
                 changes->time_capacity * sizeof *changes->times);
    changes_init(changes, changes->allocator, 0);
}

bool changes_is_hidden(const struct changes *changes, uint32_t file)
{
    return changes->hidden != NULL && file < changes->file_count &&
           (changes->hidden[file / 8] >> (file % 8) & 1) != 0;
}

firn_status changes_hide(struct changes *changes, uint32_t file)
{
    if (file >= changes->file_count)
        return FIRN_INVALID;
    if (changes->hidden == NULL)
        changes->hidden = firn_allocate_zeroed(changes->allocator, hidden_bytes(changes), 1);
    if (changes->hidden == NULL)
        return FIRN_NO_MEMORY;
    changes->hidden_count += changes_is_hidden(changes, file) ? 0 : 1;
    changes->hidden[file / 8] |= (uint8_t)(1u << (file % 8));
    return FIRN_OK;
}

firn_status changes_set_time(struct changes *changes, uint32_t file, int64_t mtime_ns)
{
    void *times = changes->times;
    const size_t count = changes->time_count;
    if (file >= changes->file_count || (count > 0 && file <= changes->times[count - 1].file))
        return FIRN_INVALID;
    if (!firn_grow(changes->allocator, &times, &changes->time_capacity, count + 1,
                   sizeof *changes->times))
        return FIRN_NO_MEMORY;
    changes->times = times;
    changes->times[changes->time_count++] = (struct changes_time){file, mtime_ns};
    return FIRN_OK;
}

const int64_t *changes_time(const struct changes *changes, uint32_t file)
{
    size_t low = 0, high = changes->time_count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (changes->times[middle].file < file)
            low = middle + 1;
        else
            high = middle;
    }
    bool is_set = low < changes->time_count && changes->times[low].file == file;
    return is_set ? &changes->times[low].mtime_ns : NULL;
}

/* --- packing --- */

firn_status changes_put(const struct changes *changes, struct bytes *bytes)
{
    uint64_t next = 0;
    if (changes->hidden_count == 0 && changes->time_count == 0)
        return FIRN_OK;
    firn_status status = bytes_put_varint(bytes, changes->hidden_count);
    for (uint32_t i = 0; i < changes->file_count && status == FIRN_OK; i++)
        if (changes_is_hidden(changes, i)) {
            status = bytes_put_varint(bytes, i - next);
            next = (uint64_t)i + 1;
        }
    if (status == FIRN_OK)
        status = bytes_put_varint(bytes, changes->time_count);
    next = 0;
    for (size_t i = 0; i < changes->time_count && status == FIRN_OK; i++) {
        status = bytes_put_varint(bytes, changes->times[i].file - next);
        if (status == FIRN_OK)
            status = bytes_put_varint(bytes, firn_zigzag(changes->times[i].mtime_ns));
        next = (uint64_t)changes->times[i].file + 1;
    }
    return status;
}

/* Reads a gap and makes *file of it, which it was counted from. NULL for damage. */
static const uint8_t *get_file(const uint8_t *in, const uint8_t *end, uint64_t *next,
                               uint32_t *ret_file)
{
    uint64_t gap;
    in = firn_varint_get(in, end, &gap);
    if (in == NULL || gap > UINT32_MAX || *next + gap > UINT32_MAX)
        return NULL;
    *ret_file = (uint32_t)(*next + gap);
    *next = (uint64_t)*ret_file + 1;
    return in;
}

static firn_status get_hidden(struct changes *changes, const uint8_t **in, const uint8_t *end)
{
    uint64_t count, next = 0;
    uint32_t file;
    const uint8_t *at = firn_varint_get(*in, end, &count);
    if (at == NULL || count > (size_t)(end - at))
        return FIRN_CORRUPT;
    for (uint64_t i = 0; i < count; i++) {
        if ((at = get_file(at, end, &next, &file)) == NULL)
            return FIRN_CORRUPT;
        firn_status status = changes_hide(changes, file);
        if (status != FIRN_OK)
            return status == FIRN_INVALID ? FIRN_CORRUPT : status;
    }
    *in = at;
    return FIRN_OK;
}

firn_status changes_get(struct changes *changes, const void *data, size_t size)
{
    const uint8_t *in = data, *end = in + size;
    uint64_t count, time, next = 0;
    uint32_t file;
    firn_status status = get_hidden(changes, &in, end);
    if (status != FIRN_OK)
        return status;
    in = firn_varint_get(in, end, &count);
    if (in == NULL || count > (size_t)(end - in))
        return FIRN_CORRUPT;
    for (uint64_t i = 0; i < count; i++) {
        if ((in = get_file(in, end, &next, &file)) == NULL ||
            (in = firn_varint_get(in, end, &time)) == NULL)
            return FIRN_CORRUPT;
        status = changes_set_time(changes, file, firn_unzigzag(time));
        if (status != FIRN_OK)
            return status == FIRN_INVALID ? FIRN_CORRUPT : status;
    }
    return in == end ? FIRN_OK : FIRN_CORRUPT;
}
