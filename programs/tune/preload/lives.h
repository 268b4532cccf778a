/* The blocks that were noted and live: a table by address. Confined to one thread at a time. */
#ifndef TRACK_LIVES_H
#define TRACK_LIVES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct life {
    uintptr_t block; /* 0: an empty slot */
    uint64_t size;
    uint64_t born;     /* allocations up to and with it */
    uint32_t site;     /* track_store_place */
    uint32_t lifetime; /* the slot that its end was counted in */
    uint32_t span;     /* track_slabs_alloc */
    uint32_t reserved;
};

/* False: no memory. The block is in no other life. */
bool track_lives_put(const struct life *life);
/* Takes it out; false when it is not there. */
bool track_lives_take(uintptr_t block, struct life *ret_life);
/* In a child of fork: there is none. */
void track_lives_reset(void);

/* The same table for sites: places by hash. visit tells whether a place is the one looked for. */
typedef bool (*track_place_fn)(void *context, uint32_t place);
uint32_t track_places_find(uint64_t hash, track_place_fn is_it, void *context); /* 0: none */
bool track_places_put(uint64_t hash, uint32_t place);
void track_places_reset(void);

#endif
