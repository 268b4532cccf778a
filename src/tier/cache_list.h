/* The list of a segment's keys, by which an opening need not unpack it (docs/formats/cache.md). */
#ifndef FIRN_TIER_CACHE_LIST_H
#define FIRN_TIER_CACHE_LIST_H

#include "tier/cache.h"

typedef struct firn_cache_listed {
    uint64_t hash;
    uint32_t other_hash; /* 31 bits */
    bool gone;
} firn_cache_listed;

/* What a list says of one key. */
firn_cache_listed firn_cache_list_entry(const firn_cache *cache, const firn_cache_record *record);

/* Writes the list of a segment's records, which was put just before. */
FIRN_NODISCARD firn_status firn_cache_list_put(firn_cache *cache, firn_bytes records,
                                               uint32_t count, uint32_t segment, uint32_t *ret_list,
                                               firn_error *ret_error);

typedef struct firn_cache_list {
    uint32_t segment; /* whose list it is */
    uint32_t count;
    firn_hash_seed seed;
    const uint8_t *entries;
} firn_cache_list;

/* Checks the form of a list. FIRN_CORRUPT; FIRN_VERSION. */
FIRN_NODISCARD firn_status firn_cache_list_open(const void *data, size_t size,
                                                firn_cache_list *ret_list);
firn_cache_listed firn_cache_list_at(const firn_cache_list *list, uint32_t at);

#endif
