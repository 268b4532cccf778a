/* A cache's store: the segments that hold its frozen items (docs/formats/cache.md). */
#ifndef FIRN_TIER_CACHE_FROZEN_H
#define FIRN_TIER_CACHE_FROZEN_H

#include "tier/cache.h"

enum {
    FIRN_CACHE_SEGMENT_HEADER_BYTES = 16,
    FIRN_CACHE_STATE_GONE = 1 /* the state of a record whose key was removed; else 0 */
};

/* Opens the store at path, or makes one. */
FIRN_NODISCARD firn_status firn_cache_frozen_open(firn_cache *cache, const char *path,
                                                  uint64_t quota_bytes, firn_error *ret_error);
void firn_cache_frozen_close(firn_cache *cache);
/* In a child of fork: closes what descriptors of the store it can, and leaves its memory. */
void firn_cache_frozen_leave(firn_cache *cache);

/* Writes the header of a segment of records; data begins with room for it. */
void firn_cache_segment_header(uint8_t *data, uint32_t count, uint32_t gone);
/* Checks it and gives the records. FIRN_CORRUPT, FIRN_VERSION. */
FIRN_NODISCARD firn_status firn_cache_segment_open(const void *data, size_t size,
                                                   firn_bytes *ret_records, uint32_t *ret_count);

FIRN_NODISCARD firn_status firn_cache_frozen_put(firn_cache *cache, firn_codec *codec,
                                                 const void *data, size_t size,
                                                 uint32_t *ret_segment, firn_error *ret_error);
/* The same for a list of keys (cache_list.h). */
FIRN_NODISCARD firn_status firn_cache_frozen_put_list(firn_cache *cache, const void *data,
                                                      size_t size, uint32_t *ret_segment,
                                                      firn_error *ret_error);
FIRN_NODISCARD firn_status firn_cache_frozen_remove(firn_cache *cache, uint32_t segment);
FIRN_NODISCARD firn_status firn_cache_frozen_commit(firn_cache *cache, firn_error *ret_error);
void firn_cache_frozen_abort(firn_cache *cache);
/* Frees what removed segments take, a step at a time, and commits that. *ret_moved: there was some.
 */
FIRN_NODISCARD firn_status firn_cache_frozen_compact(firn_cache *cache, bool *ret_moved,
                                                     firn_error *ret_error);

/* Packs the next segment again by zstd-19; that belongs to the next commit. *ret_bytes: of that
 * segment; 0: all were. */
FIRN_NODISCARD firn_status firn_cache_frozen_repack(firn_cache *cache, firn_codec *codec,
                                                    uint64_t *ret_bytes, firn_error *ret_error);

/* The segment with the smallest number from `from` on, and whether it is a list. FIRN_END_OF_DATA;
 * FIRN_NOT_STORE for one that no cache wrote. */
FIRN_NODISCARD firn_status firn_cache_frozen_next(firn_cache *cache, uint32_t from,
                                                  uint32_t *ret_segment, bool *ret_is_list,
                                                  firn_error *ret_error);
FIRN_NODISCARD firn_status firn_cache_frozen_pin(firn_cache *cache, uint32_t segment,
                                                 firn_segment *ret_segment, firn_error *ret_error);
void firn_cache_frozen_unpin(firn_cache *cache, firn_segment *segment);
uint64_t firn_cache_frozen_disk_bytes(firn_cache *cache);
FIRN_NODISCARD firn_status firn_cache_frozen_verify(firn_cache *cache, uint32_t *ret_damaged,
                                                    firn_error *ret_error);

/* cache_reopen.c: fills batches and index from the store. */
FIRN_NODISCARD firn_status firn_cache_reopen(firn_cache *cache, firn_error *ret_error);

/* cache_repack.c: packs segments again while nobody uses the cache. */
FIRN_NODISCARD firn_status firn_cache_repack_due(firn_cache *cache, firn_error *ret_error);

/* cache_compact.c: takes segments that are more than half dead together. Does a step; the caller
 * holds `freeze`. *ret_more tells whether there was one to do. */
FIRN_NODISCARD firn_status firn_cache_compact(firn_cache *cache, bool *ret_more,
                                              firn_error *ret_error);

#endif
