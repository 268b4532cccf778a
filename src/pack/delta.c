/* Sequences of numbers as gaps: each value is stored as the zigzag LEB128 of its difference from
 * the one before it (the first: from 0), modulo 2^64. Any order is right; sorted and nearly sorted
 * ones are small. docs/formats/delta.md gives the bytes.
 *
 * Called by tree/, tier/ and the programs; calls only its allocator. Threads: no state. Memory: the
 * block that a pack returns, which is exact. Complexity: O(count).
 */
#include <firn/delta.h>
#include <firn/varint.h>

static uint64_t gap(uint64_t from, uint64_t to)
{
    return firn_zigzag((int64_t)(to - from));
}

firn_status firn_delta_pack(const uint64_t *values, size_t count, const firn_allocator *allocator,
                            void **ret_data, size_t *ret_size)
{
    if (count == 0) {
        *ret_data = NULL;
        *ret_size = 0;
        return FIRN_OK;
    }
    uint64_t before = 0;
    size_t size = 0;
    for (size_t i = 0; i < count; before = values[i++])
        size += firn_varint_size(gap(before, values[i]));
    uint8_t *data = firn_allocate(allocator, size);
    if (data == NULL)
        return FIRN_NO_MEMORY;
    before = 0;
    uint8_t *out = data;
    for (size_t i = 0; i < count; before = values[i++])
        out += firn_varint_put(out, gap(before, values[i]));
    *ret_data = data;
    *ret_size = size;
    return FIRN_OK;
}

firn_status firn_delta_unpack(const void *data, size_t size, size_t count, uint64_t *ret_values)
{
    const uint8_t *at = data;
    const uint8_t *end = size > 0 ? at + size : at;
    uint64_t value = 0, coded;
    for (size_t i = 0; i < count; i++) {
        at = firn_varint_get(at, end, &coded);
        if (at == NULL)
            return FIRN_CORRUPT;
        value += (uint64_t)firn_unzigzag(coded);
        ret_values[i] = value;
    }
    return at == end ? FIRN_OK : FIRN_CORRUPT;
}
