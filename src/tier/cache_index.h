/* A shard's table from hashes to places: 8 bytes a slot, keys are where the values are. */
#ifndef FIRN_TIER_CACHE_INDEX_H
#define FIRN_TIER_CACHE_INDEX_H

#include <firn/allocator.h>

typedef struct firn_cache_slot {
    uint32_t hash;
    uint32_t place; /* 0: the slot is empty */
} firn_cache_slot;
_Static_assert(sizeof(firn_cache_slot) == 8, "an item costs 8 bytes and the load");

#define FIRN_CACHE_INDEX_NONE UINT32_MAX

typedef struct firn_cache_index {
    const firn_allocator *allocator;
    firn_cache_slot *slots;
    uint32_t capacity;
    uint32_t count;
} firn_cache_index;

void firn_cache_index_init(firn_cache_index *index, const firn_allocator *allocator);
void firn_cache_index_fini(firn_cache_index *index);

/* Makes room for one more; false when there is no memory. Positions change. */
FIRN_NODISCARD bool firn_cache_index_reserve(firn_cache_index *index);
/* Makes room for so many in all; false when there is no memory. Positions change. */
FIRN_NODISCARD bool firn_cache_index_fit(firn_cache_index *index, uint64_t count);
/* Takes less memory where much was removed. Positions change. */
void firn_cache_index_shrink(firn_cache_index *index);

/* The first slot of that hash, then the others, then NONE. */
uint32_t firn_cache_index_first(const firn_cache_index *index, uint32_t hash);
uint32_t firn_cache_index_next(const firn_cache_index *index, uint32_t hash, uint32_t position);
/* The slot of that hash and place, or NONE. */
uint32_t firn_cache_index_find(const firn_cache_index *index, uint32_t hash, uint32_t place);

/* There must be room; two slots may be the same. */
void firn_cache_index_insert(firn_cache_index *index, uint32_t hash, uint32_t place);
void firn_cache_index_remove(firn_cache_index *index, uint32_t position);

#endif
