/* Sources or packed trees on their way into segments: small ones share a segment, larger ones have
 * their own, and one larger than a segment goes on in further ones. Confined to one thread; the
 * store's writer may be shared. */
#ifndef CODE_STREAM_H
#define CODE_STREAM_H

#include <firn/store.h>

#include "code/index/record.h"

struct stream_options {
    const firn_allocator *allocator;
    firn_store *store;
    firn_codec *codec; /* of the thread */
    uint32_t kind;     /* of the segments */
    int level;         /* of zstd */
    size_t
        group_bytes; /* what a segment that is shared holds at most; FIRN_SEGMENT_BYTES or less */
};

struct stream {
    struct stream_options options;
    struct bytes held;     /* what the next segment will hold */
    struct place **places; /* which wait for its number */
    size_t place_count;
    size_t place_capacity;
};

void stream_init(struct stream *stream, const struct stream_options *options);
void stream_fini(struct stream *stream);

/* Adds bytes; *place, which must stay where it is until the next flush, is then complete. Its
 * further segments come from the allocator. FIRN_NO_MEMORY, or as firn_store_put. */
FIRN_NODISCARD firn_status stream_put(struct stream *stream, const void *data, size_t size,
                                      struct place *place, firn_error *ret_error);

/* Writes what is held. */
FIRN_NODISCARD firn_status stream_flush(struct stream *stream, firn_error *ret_error);

#endif
