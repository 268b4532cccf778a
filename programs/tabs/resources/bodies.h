/* Bodies of responses by content, each once: packed, as segments of a frozen store or as frames in
 * memory. A body has a number and is counted by who has it. */
#ifndef TABS_RESOURCES_BODIES_H
#define TABS_RESOURCES_BODIES_H

#include <firn/codec.h>
#include <firn/map.h>
#include <firn/store.h>

#define BODY_NONE 0u /* the empty one */

struct body {
    uint32_t crc, size; /* of the content */
    uint32_t users;     /* 0: a free place */
    uint64_t serial;    /* which never comes again */
    uint32_t segment;   /* with a store */
    void *frame;        /* without one */
    uint32_t packed_bytes;
};

typedef struct bodies {
    const firn_allocator *allocator;
    firn_store *store; /* NULL: in memory */
    firn_codec *codec;
    firn_map_type *type;
    firn_map by_content; /* from CRC and size to the number */
    struct body *items;  /* the first is the empty one */
    size_t count, capacity;
    uint64_t last_serial, live_count, plain_bytes, packed_bytes;
} bodies;

/* FIRN_NO_MEMORY. */
firn_status bodies_init(bodies *all, firn_store *store, const firn_allocator *allocator);
void bodies_fini(bodies *all);

/* Finds or adds a content, which has a user more then. FIRN_NO_MEMORY, FIRN_NO_SPACE, FIRN_IO. */
firn_status bodies_put(bodies *all, const void *data, size_t size, uint32_t *ret_body);
/* Takes up what lies in a segment of the store already. FIRN_NO_MEMORY; FIRN_CORRUPT for a segment
 * that is none, or of another size. */
firn_status bodies_take(bodies *all, uint32_t segment, uint32_t crc, uint32_t size,
                        uint32_t *ret_body);
/* Has a user less; the last one frees it. */
void bodies_drop(bodies *all, uint32_t body);
/* Copies a content to out, which has room for all of it. FIRN_CORRUPT, FIRN_IO, FIRN_NO_MEMORY. */
firn_status bodies_get(bodies *all, uint32_t body, void *out);

#endif
