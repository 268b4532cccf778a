/* The texts of an interner, which never move once they are read: see intern_text.c. */
#ifndef FIRN_PACK_INTERN_TEXT_H
#define FIRN_PACK_INTERN_TEXT_H

#include "pack/intern_blocks.h"

#include <stdatomic.h>

#define FIRN_TEXT_GROUP 16u

typedef struct firn_texts {
    _Atomic(uint8_t **) windows;   /* where each MiB of the text space lies */
    _Atomic(atomic_uint *) places; /* where in the text space each group begins */
    uint32_t window_count, window_capacity;
    size_t place_capacity;
    firn_block *chunks;   /* the newest first */
    firn_block *spares;   /* from before a reset */
    uint64_t next, end;   /* in the text space: of the newest chunk, what is free */
    uint64_t chunk_bytes; /* of all chunks */
    uint64_t live_bytes;  /* of the texts alone */
    atomic_uint count;
} firn_texts;

/* Makes room for another text of `size` bytes: FIRN_NO_MEMORY, FIRN_LIMIT. */
firn_status firn_texts_reserve(firn_texts *texts, firn_blocks *blocks, size_t size);
/* Adds it; its id is the count, which goes up. There is room. */
void firn_texts_append(firn_texts *texts, const void *text, size_t size);
const uint8_t *firn_texts_get(const firn_texts *texts, uint32_t id, size_t *ret_size);
/* Forgets all texts, keeps their chunks. Nobody reads, here and below. */
void firn_texts_clear(firn_texts *texts);
/* Frees all, or retires it: the blocks are settled next. */
void firn_texts_fini(firn_texts *texts, firn_blocks *blocks);

#endif
