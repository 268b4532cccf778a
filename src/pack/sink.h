/* Bytes that grow at the end while something is packed. A failure is kept and told once, at the
 * end, so that packing code need not look at each step. */
#ifndef FIRN_PACK_SINK_H
#define FIRN_PACK_SINK_H

#include <firn/allocator.h>
#include <firn/varint.h>

#include <string.h>

typedef struct firn_sink {
    const firn_allocator *allocator;
    uint8_t *data;
    size_t size, capacity;
    bool failed;
} firn_sink;

/* Room for `size` bytes at the end, which now belong to the sink; NULL when there is no memory. */
static inline uint8_t *firn_sink_extend(firn_sink *sink, size_t size)
{
    void *block = sink->data;
    if (sink->failed ||
        !firn_grow(sink->allocator, &block, &sink->capacity, sink->size + size, 1)) {
        sink->failed = true;
        return NULL;
    }
    sink->data = block;
    sink->size += size;
    return sink->data + (sink->size - size);
}

static inline void firn_sink_put(firn_sink *sink, const void *data, size_t size)
{
    uint8_t *at = size > 0 ? firn_sink_extend(sink, size) : NULL;
    if (at != NULL)
        memcpy(at, data, size);
}

static inline void firn_sink_varint(firn_sink *sink, uint64_t value)
{
    uint8_t bytes[FIRN_VARINT_MAX_BYTES];
    firn_sink_put(sink, bytes, firn_varint_put(bytes, value));
}

static inline void firn_sink_fini(firn_sink *sink)
{
    firn_release(sink->allocator, sink->data, sink->capacity);
}

#endif
