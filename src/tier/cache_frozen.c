/* The store under a cache: its segments, and their header. Called by the parts that freeze, read
 * and compact; calls <firn/store.h>. Threads: pins by any; puts, removals and commits by one at a
 * time
 * (`freeze`). Memory: decoded segments, a 64th of the limit up to 4 MiB. */
#include "tier/cache_frozen.h"

#include "core/bytes.h"
#include "tier/frozen.h"

struct firn_cache_frozen {
    firn_store *store;
};

enum {
    SEGMENT_KIND = 0x4346, /* FC */
    LIST_KIND = 0x4c43,    /* CL */
    SEGMENT_VERSION = 1,
    AT_VERSION = 4, /* u16 */
    AT_ZERO = 6,    /* u16 */
    AT_COUNT = 8,   /* u32 */
    AT_GONE = 12,   /* u32 */
    LEVEL = 9,
    REPACK_LEVEL = 19,
    REPACK_GARBAGE_PERCENT = 5,
    CACHE_BYTES_MIN = 512 << 10,
    CACHE_BYTES_MAX = 4 << 20,
    MOVE_BYTES = 4 << 20
};
static const uint32_t MAGIC = 0x31434346; /* "FCC1" */

firn_status firn_cache_frozen_open(firn_cache *cache, const char *path, uint64_t quota_bytes,
                                   firn_error *ret_error)
{
    firn_cache_frozen *frozen = firn_allocate(cache->allocator, sizeof *frozen);
    if (frozen == NULL)
        return firn_error_set(ret_error, FIRN_NO_MEMORY, 0, "cache: out of memory");
    uint64_t held = cache->limit_bytes / 64;
    if (held > CACHE_BYTES_MAX)
        held = CACHE_BYTES_MAX;
    if (held < CACHE_BYTES_MIN)
        held = CACHE_BYTES_MIN;
    firn_store_options options = {.allocator = cache->allocator,
                                  .mode = FIRN_STORE_WRITE,
                                  .cache_bytes = (size_t)held,
                                  .quota_bytes = quota_bytes,
                                  .what = "a cache"};
    firn_status status = firn_store_open(path, &options, &frozen->store, ret_error);
    if (status != FIRN_OK) {
        firn_release(cache->allocator, frozen, sizeof *frozen);
        return status;
    }
    cache->store = frozen;
    return FIRN_OK;
}

void firn_cache_frozen_close(firn_cache *cache)
{
    if (cache->store == NULL)
        return;
    firn_store_close(cache->store->store);
    firn_release(cache->allocator, cache->store, sizeof *cache->store);
    cache->store = NULL;
}

void firn_cache_frozen_leave(firn_cache *cache)
{
    if (cache->store != NULL)
        firn_store_leave(cache->store->store);
}

/* --- segments --- */

void firn_cache_segment_header(uint8_t *data, uint32_t count, uint32_t gone)
{
    put_u32(data, MAGIC);
    put_u16(data + AT_VERSION, SEGMENT_VERSION);
    put_u16(data + AT_ZERO, 0);
    put_u32(data + AT_COUNT, count);
    put_u32(data + AT_GONE, gone);
}

firn_status firn_cache_segment_open(const void *data, size_t size, firn_bytes *ret_records,
                                    uint32_t *ret_count)
{
    const uint8_t *at = data;
    if (size < FIRN_CACHE_SEGMENT_HEADER_BYTES || get_u32(at) != MAGIC)
        return FIRN_CORRUPT;
    if (get_u16(at + AT_VERSION) > SEGMENT_VERSION)
        return FIRN_VERSION;
    if (get_u16(at + AT_VERSION) != SEGMENT_VERSION || get_u16(at + AT_ZERO) != 0 ||
        get_u32(at + AT_GONE) > get_u32(at + AT_COUNT))
        return FIRN_CORRUPT;
    *ret_records =
        (firn_bytes){at + FIRN_CACHE_SEGMENT_HEADER_BYTES, size - FIRN_CACHE_SEGMENT_HEADER_BYTES};
    *ret_count = get_u32(at + AT_COUNT);
    return FIRN_OK;
}

/* --- the store's calls --- */

firn_status firn_cache_frozen_put(firn_cache *cache, firn_codec *codec, const void *data,
                                  size_t size, uint32_t *ret_segment, firn_error *ret_error)
{
    firn_store_put_options options = {
        .kind = SEGMENT_KIND, .codec = FIRN_CODEC_ZSTD, .level = LEVEL};
    return firn_store_put(cache->store->store, codec, &options, data, size, ret_segment, ret_error);
}

firn_status firn_cache_frozen_put_list(firn_cache *cache, const void *data, size_t size,
                                       uint32_t *ret_segment, firn_error *ret_error)
{
    /* Hashes do not shrink. */
    firn_store_put_options options = {.kind = LIST_KIND, .codec = FIRN_CODEC_RAW};
    firn_codec *codec;
    firn_status status = firn_codec_create(cache->allocator, &codec);
    if (status != FIRN_OK)
        return status;
    status =
        firn_store_put(cache->store->store, codec, &options, data, size, ret_segment, ret_error);
    firn_codec_destroy(codec);
    return status;
}

firn_status firn_cache_frozen_remove(firn_cache *cache, uint32_t segment)
{
    return firn_store_remove(cache->store->store, segment);
}

firn_status firn_cache_frozen_commit(firn_cache *cache, firn_error *ret_error)
{
    firn_status status = firn_store_commit(cache->store->store, FIRN_SEGMENT_NONE, ret_error);
    cache->keep_gone |= status != FIRN_OK;
    return status;
}

void firn_cache_frozen_abort(firn_cache *cache)
{
    firn_store_abort(cache->store->store);
    cache->keep_gone = true; /* removals of an earlier compaction may have gone with it */
}

firn_status firn_cache_frozen_compact(firn_cache *cache, bool *ret_moved, firn_error *ret_error)
{
    firn_store_compact_options options = {.move_bytes = MOVE_BYTES};
    uint64_t moved = 0;
    *ret_moved = false;
    firn_status status = firn_store_compact(cache->store->store, NULL, &options, &moved, ret_error);
    if (status != FIRN_OK || moved == 0)
        return status;
    *ret_moved = true;
    return firn_cache_frozen_commit(cache, ret_error);
}

firn_status firn_cache_frozen_repack(firn_cache *cache, firn_codec *codec, uint64_t *ret_bytes,
                                     firn_error *ret_error)
{
    /* A file of which a part was packed again is emptied then: else what is gained stays garbage.
     */
    firn_store_compact_options options = {
        .garbage_percent = REPACK_GARBAGE_PERCENT, .level = REPACK_LEVEL, .move_bytes = 1};
    return firn_store_compact(cache->store->store, codec, &options, ret_bytes, ret_error);
}

firn_status firn_cache_frozen_next(firn_cache *cache, uint32_t from, uint32_t *ret_segment,
                                   bool *ret_is_list, firn_error *ret_error)
{
    firn_segment_info info;
    firn_status status = firn_store_next(cache->store->store, from, &info);
    if (status != FIRN_OK)
        return status;
    if (info.kind != SEGMENT_KIND && info.kind != LIST_KIND)
        return firn_error_set(ret_error, FIRN_NOT_STORE, 0,
                              "cache: its store holds segment %u of another program",
                              (unsigned)info.segment);
    *ret_segment = info.segment;
    *ret_is_list = info.kind == LIST_KIND;
    return FIRN_OK;
}

firn_status firn_cache_frozen_pin(firn_cache *cache, uint32_t segment, firn_segment *ret_segment,
                                  firn_error *ret_error)
{
    return firn_store_pin(cache->store->store, segment, ret_segment, ret_error);
}

void firn_cache_frozen_unpin(firn_cache *cache, firn_segment *segment)
{
    firn_store_unpin(cache->store->store, segment);
}

uint64_t firn_cache_frozen_disk_bytes(firn_cache *cache)
{
    firn_usage usage;
    firn_store_usage(cache->store->store, &usage);
    return usage.disk_bytes;
}

firn_status firn_cache_frozen_verify(firn_cache *cache, uint32_t *ret_damaged,
                                     firn_error *ret_error)
{
    return firn_store_verify(cache->store->store, ret_damaged, ret_error);
}
