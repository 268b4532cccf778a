/* Integers in few bytes: LEB128 (7 bits a byte, low ones first, as in DWARF and protocol buffers),
 * zigzag for signed ones, and arrays of them with random access by checkpoints. Decoders never read
 * past the end they are given and refuse overlong or truncated forms. Thread-safe: there is no
 * state. */
#ifndef FIRN_VARINT_H
#define FIRN_VARINT_H

#include <firn/allocator.h>
#include <firn/status.h>

FIRN_BEGIN

#define FIRN_VARINT_MAX_BYTES 10 /* of a 64-bit value */

/* Bytes that value takes: 1 to 10. */
FIRN_API size_t firn_varint_size(uint64_t value);

/* Writes value at out, which must have room for FIRN_VARINT_MAX_BYTES, and returns the bytes
 * written. */
static inline size_t firn_varint_put(uint8_t *out, uint64_t value)
{
    size_t size = 0;
    while (value >= 0x80) {
        out[size++] = (uint8_t)(value | 0x80);
        value >>= 7;
    }
    out[size++] = (uint8_t)value;
    return size;
}

/* The way of firn_varint_get for values of two bytes and more; not for callers. */
FIRN_API const uint8_t *firn_varint_get_slow(const uint8_t *in, const uint8_t *end,
                                             uint64_t *ret_value);

/* Reads a value at in and returns where the next one starts, or NULL when the bytes end too early,
 * do not fit 64 bits, or could be shorter; *ret_value is then unchanged. */
static inline const uint8_t *firn_varint_get(const uint8_t *in, const uint8_t *end,
                                             uint64_t *ret_value)
{
    if (in < end && *in < 0x80) {
        *ret_value = *in;
        return in + 1;
    }
    return firn_varint_get_slow(in, end, ret_value);
}

/* Signed values with small magnitudes as small unsigned ones: 0, -1, 1, -2 become 0, 1, 2, 3. */
static inline uint64_t firn_zigzag(int64_t value)
{
    return ((uint64_t)value << 1) ^ (value < 0 ? UINT64_MAX : 0);
}
static inline int64_t firn_unzigzag(uint64_t value)
{
    return (int64_t)((value >> 1) ^ (0 - (value & 1)));
}

/* An array of varints with a checkpoint every 64 values, so that any value is reached in O(64).
 * Layout: see docs/formats/varint.md. */

/* Packs count values into one block from allocator, *ret_size bytes, which the caller releases.
 * FIRN_NO_MEMORY; FIRN_LIMIT for a packed form of 4 GiB or more. */
FIRN_API FIRN_NODISCARD firn_status firn_varint_array_pack(const uint64_t *values, size_t count,
                                                           const firn_allocator *allocator,
                                                           void **ret_data, size_t *ret_size);

/* A view of a packed array; the bytes must outlive it. */
typedef struct firn_varint_array {
    const uint8_t *data; /* private */
    size_t size;
    size_t count; /* of values; may be read */
} firn_varint_array;

/* Opens packed bytes after checking their frame. FIRN_CORRUPT. */
FIRN_API FIRN_NODISCARD firn_status firn_varint_array_open(const void *data, size_t size,
                                                           firn_varint_array *ret_array);
/* Reads count values from index first. FIRN_INVALID past the end, FIRN_CORRUPT for damaged bytes.
 */
FIRN_API FIRN_NODISCARD firn_status firn_varint_array_get(const firn_varint_array *array,
                                                          size_t first, size_t count,
                                                          uint64_t *ret_values);

FIRN_END

#endif
