/* LEB128 integers and arrays of them with checkpoints; docs/formats/varint.md gives the bytes.
 * Called by tree/, tier/ and the programs; calls only its allocator.
 *
 * An array is count, width, checkpoints, values:
 *
 *   | count: LEB128 | width: 1 byte | checkpoints: width bytes each | values: LEB128 each |
 *
 * A checkpoint says where the values of a group of 64 begin, in bytes from the first value; the
 * first group has none, as it begins at 0. width is the bytes that the size of all values needs.
 *
 * Threads: no state. Memory: the block that a pack returns. Complexity: a pack O(count), a get
 * O(64 + count), an open O(1).
 */
#include <firn/varint.h>

#define GROUP_VALUES 64
#define PACKED_LIMIT_BYTES ((uint64_t)1 << 32)

size_t firn_varint_size(uint64_t value)
{
    unsigned bits = 64 - (unsigned)__builtin_clzll(value | 1);
    return (bits + 6) / 7;
}

const uint8_t *firn_varint_get_slow(const uint8_t *in, const uint8_t *end, uint64_t *ret_value)
{
    uint64_t value = 0;
    for (unsigned shift = 0; shift < 64 && in < end; shift += 7) {
        uint8_t byte = *in++;
        uint64_t bits = byte & 0x7f;
        if (shift == 63 && bits > 1) /* above 64 bits */
            return NULL;
        value |= bits << shift;
        if (byte < 0x80) {
            if (byte == 0 && shift > 0) /* could be shorter */
                return NULL;
            *ret_value = value;
            return in;
        }
    }
    return NULL;
}

/* The parts of a packed array. */
struct layout {
    size_t count;
    unsigned width;
    const uint8_t *checkpoints;
    const uint8_t *values;
    const uint8_t *end;
};

static size_t checkpoint_count(size_t count)
{
    return count > 0 ? (count - 1) / GROUP_VALUES : 0;
}

/* Bytes that a number below 2^32 needs, at least 1. */
static unsigned width_of(uint64_t number)
{
    return number < 1u << 8 ? 1 : number < 1u << 16 ? 2 : number < 1u << 24 ? 3 : 4;
}

static uint8_t *put_checkpoint(uint8_t *out, uint64_t offset, unsigned width)
{
    for (unsigned i = 0; i < width; i++)
        *out++ = (uint8_t)(offset >> (8 * i));
    return out;
}

/* Where group begins, in bytes from the first value. */
static size_t checkpoint_get(const struct layout *layout, size_t group)
{
    if (group == 0)
        return 0;
    const uint8_t *at = layout->checkpoints + (group - 1) * layout->width;
    size_t offset = 0;
    for (unsigned i = 0; i < layout->width; i++)
        offset |= (size_t)at[i] << (8 * i);
    return offset;
}

firn_status firn_varint_array_pack(const uint64_t *values, size_t count,
                                   const firn_allocator *allocator, void **ret_data,
                                   size_t *ret_size)
{
    if (count >= PACKED_LIMIT_BYTES)
        return FIRN_LIMIT;
    uint64_t value_bytes = 0;
    for (size_t i = 0; i < count; i++)
        value_bytes += firn_varint_size(values[i]);
    unsigned width = width_of(value_bytes);
    uint64_t size =
        firn_varint_size(count) + 1 + (uint64_t)checkpoint_count(count) * width + value_bytes;
    if (size >= PACKED_LIMIT_BYTES)
        return FIRN_LIMIT;
    uint8_t *data = firn_allocate(allocator, (size_t)size);
    if (data == NULL)
        return FIRN_NO_MEMORY;

    uint8_t *checkpoint = data + firn_varint_put(data, count);
    *checkpoint++ = (uint8_t)width;
    uint8_t *first = checkpoint + checkpoint_count(count) * width;
    uint8_t *out = first;
    for (size_t i = 0; i < count; i++) {
        if (i > 0 && i % GROUP_VALUES == 0)
            checkpoint = put_checkpoint(checkpoint, (uint64_t)(out - first), width);
        out += firn_varint_put(out, values[i]);
    }
    *ret_data = data;
    *ret_size = (size_t)size;
    return FIRN_OK;
}

static bool read_layout(const uint8_t *data, size_t size, struct layout *ret_layout)
{
    const uint8_t *end = data + size;
    uint64_t count;
    const uint8_t *at = firn_varint_get(data, end, &count);
    if (at == NULL || at == end)
        return false;
    unsigned width = *at++;
    size_t left = (size_t)(end - at);
    /* A value takes a byte or more; so 64 of them and a checkpoint of 4 always fit. */
    if (count > left || width < 1 || width > 4)
        return false;
    size_t value_bytes = left - checkpoint_count((size_t)count) * width;
    if (count > value_bytes || (count == 0 && value_bytes > 0) ||
        value_bytes >= PACKED_LIMIT_BYTES || width != width_of(value_bytes))
        return false;
    *ret_layout = (struct layout){(size_t)count, width, at, end - value_bytes, end};
    return true;
}

firn_status firn_varint_array_open(const void *data, size_t size, firn_varint_array *ret_array)
{
    struct layout layout;
    if (size == 0 || !read_layout(data, size, &layout))
        return FIRN_CORRUPT;
    *ret_array = (firn_varint_array){data, size, layout.count};
    return FIRN_OK;
}

/* Reads values from `from` to `to` of one group, which must take exactly the bytes between its
 * checkpoint and the next one's if it is read to its end. */
static bool read_group(const struct layout *layout, size_t group, size_t from, size_t to,
                       uint64_t *ret_values)
{
    size_t value_bytes = (size_t)(layout->end - layout->values);
    bool last = group == checkpoint_count(layout->count);
    size_t start = checkpoint_get(layout, group);
    size_t stop = last ? value_bytes : checkpoint_get(layout, group + 1);
    if (start > stop || stop > value_bytes)
        return false;
    const uint8_t *at = layout->values + start;
    const uint8_t *end = layout->values + stop;
    uint64_t value;
    for (size_t i = 0; i < to; i++) {
        at = firn_varint_get(at, end, &value);
        if (at == NULL)
            return false;
        if (i >= from)
            ret_values[i - from] = value;
    }
    size_t in_group = last ? layout->count - group * GROUP_VALUES : GROUP_VALUES;
    return to < in_group || at == end;
}

firn_status firn_varint_array_get(const firn_varint_array *array, size_t first, size_t count,
                                  uint64_t *ret_values)
{
    if (first > array->count || count > array->count - first)
        return FIRN_INVALID;
    struct layout layout;
    if (!read_layout(array->data, array->size, &layout))
        return FIRN_CORRUPT;
    while (count > 0) {
        size_t from = first % GROUP_VALUES;
        size_t some = count < GROUP_VALUES - from ? count : GROUP_VALUES - from;
        if (!read_group(&layout, first / GROUP_VALUES, from, from + some, ret_values))
            return FIRN_CORRUPT;
        ret_values += some;
        first += some;
        count -= some;
    }
    return FIRN_OK;
}
