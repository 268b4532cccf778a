/* A growing run of bytes, for what is packed piece by piece. Confined to one thread. */
#ifndef CODE_BYTES_H
#define CODE_BYTES_H

#include <string.h>

#include <firn/allocator.h>
#include <firn/status.h>
#include <firn/varint.h>

/* Zeroed it is empty, with the system's allocator. */
struct bytes {
    uint8_t *data;
    size_t size;
    size_t capacity;
    const firn_allocator *allocator;
};

static inline void bytes_fini(struct bytes *bytes)
{
    firn_release(bytes->allocator, bytes->data, bytes->capacity);
    bytes->data = NULL;
    bytes->size = bytes->capacity = 0;
}

/* Makes room for size more bytes. FIRN_NO_MEMORY. */
static inline FIRN_NODISCARD firn_status bytes_reserve(struct bytes *bytes, size_t size)
{
    if (bytes->capacity - bytes->size >= size)
        return FIRN_OK;
    if (size > PTRDIFF_MAX - bytes->size)
        return FIRN_NO_MEMORY;
    void *block = bytes->data;
    if (!firn_grow(bytes->allocator, &block, &bytes->capacity, bytes->size + size, 1))
        return FIRN_NO_MEMORY;
    bytes->data = block;
    return FIRN_OK;
}

static inline FIRN_NODISCARD firn_status bytes_put(struct bytes *bytes, const void *data,
                                                   size_t size)
{
    firn_status status = bytes_reserve(bytes, size);
    if (status != FIRN_OK || size == 0)
        return status;
    memcpy(bytes->data + bytes->size, data, size);
    bytes->size += size;
    return FIRN_OK;
}

static inline FIRN_NODISCARD firn_status bytes_put_varint(struct bytes *bytes, uint64_t value)
{
    firn_status status = bytes_reserve(bytes, FIRN_VARINT_MAX_BYTES);
    if (status == FIRN_OK)
        bytes->size += firn_varint_put(bytes->data + bytes->size, value);
    return status;
}

/* Little-endian integers of 32 and 64 bits, wherever they lie. */
static inline void bytes_put_u32(uint8_t *out, uint32_t value)
{
    for (unsigned i = 0; i < 4; i++)
        out[i] = (uint8_t)(value >> (8 * i));
}

static inline uint32_t bytes_get_u32(const uint8_t *in)
{
    return (uint32_t)in[0] | (uint32_t)in[1] << 8 | (uint32_t)in[2] << 16 | (uint32_t)in[3] << 24;
}

static inline void bytes_put_u64(uint8_t *out, uint64_t value)
{
    bytes_put_u32(out, (uint32_t)value);
    bytes_put_u32(out + 4, (uint32_t)(value >> 32));
}

static inline uint64_t bytes_get_u64(const uint8_t *in)
{
    return bytes_get_u32(in) | (uint64_t)bytes_get_u32(in + 4) << 32;
}

#endif
