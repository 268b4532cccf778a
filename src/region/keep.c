/* Snapshots in a cache and in a store, cut into parts that these take. Calls restore.c,
 * firn/cache.h and firn/store.h.
 *
 *   cache   key → head: u32 count of parts, u64 size; key + u32 i → part i of 1 MiB; a snapshot of
 * up to 1 MiB stands behind its head, which says 0 parts store   segments of 256 KiB, raw, since
 * they are packed; one that lists them: u64 size, u32 each
 *
 * Threads: any; the region is locked only while the snapshot is taken and let go. Memory: the whole
 * snapshot for the time of a call.
 */
#include "core/bytes.h"
#include "region/restore.h"

#include <string.h>

#define PART_BYTES ((size_t)1 << 20)
#define HEAD_BYTES 12

static size_t count_of(size_t size, size_t part)
{
    return size / part + (size % part != 0);
}

static size_t part_size(size_t size, size_t part, size_t i)
{
    return size - i * part < part ? size - i * part : part;
}

/* --- cache --- */

/* The key of a part, in a buffer of key.size + 4 bytes. */
static firn_bytes part_key(firn_bytes key, uint8_t *buffer, uint32_t i)
{
    memcpy(buffer, key.data, key.size);
    put_u32(buffer + key.size, i);
    return (firn_bytes){buffer, key.size + 4};
}

static bool key_valid(firn_bytes key)
{
    return key.size > 0 && key.size <= FIRN_CACHE_KEY_MAX_BYTES - 4;
}

struct parts {
    uint32_t count; /* 0: in the head */
    uint64_t size;
};

static firn_status head_get(firn_cache *cache, firn_bytes key, struct parts *ret_parts,
                            firn_error *ret_error)
{
    uint8_t head[HEAD_BYTES];
    size_t size = 0;
    firn_status status = firn_cache_get(cache, key, head, sizeof(head), &size, ret_error);
    if (status != FIRN_OK)
        return status;
    struct parts parts = {0, 0};
    if (size >= sizeof(head)) {
        parts.count = get_u32(head);
        parts.size = get_u64(head + 4);
    }
    bool is_right =
        size >= sizeof(head) &&
        (parts.count == 0 ? parts.size == size - sizeof(head)
                          : size == sizeof(head) && parts.size <= SIZE_MAX - PART_BYTES &&
                                count_of(parts.size, PART_BYTES) == parts.count);
    if (!is_right)
        return firn_error_set(ret_error, FIRN_NOT_STORE, 0, "no snapshot lies under this key");
    *ret_parts = parts;
    return FIRN_OK;
}

static firn_status cache_remove(firn_cache *cache, firn_bytes key, uint8_t *buffer,
                                firn_error *ret_error)
{
    struct parts parts = {0, 0};
    firn_status status = head_get(cache, key, &parts, ret_error);
    for (uint32_t i = 0; i < parts.count && status == FIRN_OK; i++) {
        status = firn_cache_remove(cache, part_key(key, buffer, i), ret_error);
        status = status == FIRN_NOT_FOUND ? FIRN_OK : status;
    }
    return status == FIRN_OK ? firn_cache_remove(cache, key, ret_error) : status;
}

firn_status firn_region_cache_remove(firn_cache *cache, firn_bytes key, firn_error *ret_error)
{
    if (!key_valid(key))
        return firn_error_set(ret_error, FIRN_INVALID, 0, "a key of %zu bytes", key.size);
    uint8_t *buffer = firn_allocate(NULL, key.size + 4);
    if (buffer == NULL)
        return firn_error_set(ret_error, FIRN_NO_MEMORY, 0, "no memory for a key");
    firn_status status = cache_remove(cache, key, buffer, ret_error);
    firn_release(NULL, buffer, key.size + 4);
    return status;
}

/* snapshot: with HEAD_BYTES of room before it. */
static firn_status cache_write(firn_cache *cache, firn_bytes key, uint8_t *buffer,
                               uint8_t *with_head, size_t size, firn_error *ret_error)
{
    firn_status status = cache_remove(cache, key, buffer, ret_error);
    if (status != FIRN_OK && status != FIRN_NOT_FOUND)
        return status;
    bool is_small = size <= PART_BYTES;
    size_t count = is_small ? 0 : count_of(size, PART_BYTES);
    if (count > UINT32_MAX)
        return firn_error_set(ret_error, FIRN_LIMIT, 0, "the snapshot has too many parts");
    put_u32(with_head, (uint32_t)count);
    put_u64(with_head + 4, size);
    for (size_t i = 0; i < count; i++) {
        firn_bytes part = {with_head + HEAD_BYTES + i * PART_BYTES, part_size(size, PART_BYTES, i)};
        status = firn_cache_put(cache, part_key(key, buffer, (uint32_t)i), part, ret_error);
        if (status != FIRN_OK)
            return status;
    }
    firn_bytes head = {with_head, is_small ? HEAD_BYTES + size : HEAD_BYTES};
    return firn_cache_put(cache, key, head, ret_error);
}

firn_status firn_region_cache_put(firn_region *region, firn_cache *cache, firn_bytes key,
                                  firn_error *ret_error)
{
    if (!key_valid(key))
        return firn_error_set(ret_error, FIRN_INVALID, 0, "a key of %zu bytes", key.size);
    uint8_t *bytes = NULL, *buffer = firn_allocate(region->allocator, key.size + 4);
    size_t size = 0;
    uint64_t generation;
    firn_status status = FIRN_NO_MEMORY;
    if (buffer != NULL)
        status = firn_restore_take(region, HEAD_BYTES, &bytes, &size, &generation);
    if (status == FIRN_OK)
        status = cache_write(cache, key, buffer, bytes, size, ret_error);
    else
        (void)firn_error_set(ret_error, status, 0, "no snapshot can be taken");
    firn_release(region->allocator, bytes, HEAD_BYTES + size);
    firn_release(region->allocator, buffer, key.size + 4);
    if (status == FIRN_OK) {
        status = firn_restore_away(region, generation);
        if (status != FIRN_OK)
            (void)firn_error_set(ret_error, status, 0, "the region woke meanwhile");
    }
    return status;
}

static firn_status cache_read(firn_cache *cache, firn_bytes key, uint8_t *buffer,
                              const struct parts *parts, uint8_t *out, firn_error *ret_error)
{
    if (parts->count == 0) {
        size_t size = 0;
        firn_status status =
            firn_cache_get(cache, key, out, HEAD_BYTES + parts->size, &size, ret_error);
        return status == FIRN_OK && size != HEAD_BYTES + parts->size
                   ? firn_error_set(ret_error, FIRN_CHANGED, 0, "it is put anew meanwhile")
                   : status;
    }
    for (uint32_t i = 0; i < parts->count; i++) {
        size_t wanted = part_size(parts->size, PART_BYTES, i), size = 0;
        firn_status status =
            firn_cache_get(cache, part_key(key, buffer, i), out + HEAD_BYTES + i * PART_BYTES,
                           wanted, &size, ret_error);
        if (status != FIRN_OK)
            return status;
        if (size != wanted)
            return firn_error_set(ret_error, FIRN_CHANGED, 0, "it is put anew meanwhile");
    }
    return FIRN_OK;
}

firn_status firn_region_cache_get(firn_region *region, firn_cache *cache, firn_bytes key,
                                  firn_error *ret_error)
{
    if (!key_valid(key))
        return firn_error_set(ret_error, FIRN_INVALID, 0, "a key of %zu bytes", key.size);
    struct parts parts;
    firn_status status = head_get(cache, key, &parts, ret_error);
    if (status != FIRN_OK)
        return status;
    uint8_t *buffer = firn_allocate(region->allocator, key.size + 4);
    uint8_t *bytes = firn_allocate(region->allocator, HEAD_BYTES + parts.size);
    if (buffer == NULL || bytes == NULL)
        status = firn_error_set(ret_error, FIRN_NO_MEMORY, 0, "no memory for the snapshot");
    if (status == FIRN_OK)
        status = cache_read(cache, key, buffer, &parts, bytes, ret_error);
    if (status == FIRN_OK)
        status =
            firn_region_restore(region, (firn_bytes){bytes + HEAD_BYTES, parts.size}, ret_error);
    firn_release(region->allocator, bytes, HEAD_BYTES + parts.size);
    firn_release(region->allocator, buffer, key.size + 4);
    return status;
}

/* --- store --- */

static firn_status store_write(firn_store *store, uint32_t kind, const uint8_t *bytes, size_t size,
                               uint8_t *list, uint32_t *ret_segment, firn_error *ret_error)
{
    firn_codec *codec = NULL;
    if (firn_codec_create(NULL, &codec) != FIRN_OK)
        return firn_error_set(ret_error, FIRN_NO_MEMORY, 0, "no memory for a codec");
    const firn_store_put_options options = {.kind = kind, .codec = FIRN_CODEC_RAW};
    size_t count = count_of(size, FIRN_SEGMENT_BYTES);
    firn_status status = FIRN_OK;
    uint32_t segment = 0;
    size_t made = 0;
    put_u64(list, size);
    for (; made < count && status == FIRN_OK; made += status == FIRN_OK) {
        status = firn_store_put(store, codec, &options, bytes + made * FIRN_SEGMENT_BYTES,
                                part_size(size, FIRN_SEGMENT_BYTES, made), &segment, ret_error);
        if (status == FIRN_OK)
            put_u32(list + 8 + made * 4, segment);
    }
    if (status == FIRN_OK)
        status = firn_store_put(store, codec, &options, list, 8 + count * 4, &segment, ret_error);
    for (size_t i = 0; i < made && status != FIRN_OK; i++) {
        firn_status removed = firn_store_remove(store, get_u32(list + 8 + i * 4));
        (void)removed; /* nobody names what stays */
    }
    firn_codec_destroy(codec);
    if (status == FIRN_OK)
        *ret_segment = segment;
    return status;
}

firn_status firn_region_store_put(firn_region *region, firn_store *store, uint32_t kind,
                                  uint32_t *ret_segment, firn_error *ret_error)
{
    uint8_t *bytes = NULL;
    size_t size = 0;
    uint64_t generation;
    firn_status status = firn_restore_take(region, 0, &bytes, &size, &generation);
    if (status != FIRN_OK)
        return firn_error_set(ret_error, status, 0, "no snapshot can be taken");
    size_t list_bytes = 8 + count_of(size, FIRN_SEGMENT_BYTES) * 4;
    uint8_t *list = firn_allocate(region->allocator, list_bytes);
    status = list != NULL
                 ? store_write(store, kind, bytes, size, list, ret_segment, ret_error)
                 : firn_error_set(ret_error, FIRN_NO_MEMORY, 0, "no memory for the snapshot");
    firn_release(region->allocator, list, list_bytes);
    firn_release(region->allocator, bytes, size);
    return status;
}

/* The size of a snapshot whose list was pinned; 0 when it is none. */
static uint64_t listed_size(const firn_segment *list)
{
    uint64_t size = list->size >= 8 ? get_u64(list->data) : 0;
    if (size == 0 || size > SIZE_MAX / 2 ||
        list->size != 8 + count_of(size, FIRN_SEGMENT_BYTES) * 4)
        return 0;
    return size;
}

static firn_status store_read(firn_store *store, const firn_segment *list, uint8_t *out,
                              size_t size, firn_error *ret_error)
{
    for (size_t i = 0; i < count_of(size, FIRN_SEGMENT_BYTES); i++) {
        firn_segment part;
        firn_status status =
            firn_store_pin(store, get_u32(list->data + 8 + i * 4), &part, ret_error);
        if (status != FIRN_OK)
            return status;
        size_t wanted = part_size(size, FIRN_SEGMENT_BYTES, i);
        bool is_right = part.size == wanted;
        if (is_right)
            memcpy(out + i * FIRN_SEGMENT_BYTES, part.data, wanted);
        firn_store_unpin(store, &part);
        if (!is_right)
            return firn_error_set(ret_error, FIRN_NOT_STORE, 0, "a part is no snapshot's");
    }
    return FIRN_OK;
}

firn_status firn_region_store_get(firn_region *region, firn_store *store, uint32_t segment,
                                  firn_error *ret_error)
{
    firn_segment list;
    firn_status status = firn_store_pin(store, segment, &list, ret_error);
    if (status != FIRN_OK)
        return status;
    uint64_t size = listed_size(&list);
    uint8_t *bytes = NULL;
    if (size == 0)
        status =
            firn_error_set(ret_error, FIRN_NOT_STORE, 0, "segment %u lists no snapshot", segment);
    else if ((bytes = firn_allocate(region->allocator, size)) == NULL)
        status = firn_error_set(ret_error, FIRN_NO_MEMORY, 0, "no memory for the snapshot");
    if (status == FIRN_OK)
        status = store_read(store, &list, bytes, size, ret_error);
    if (status == FIRN_OK)
        status = firn_region_restore(region, (firn_bytes){bytes, size}, ret_error);
    firn_release(region->allocator, bytes, size);
    firn_store_unpin(store, &list);
    return status;
}

firn_status firn_region_store_remove(firn_store *store, uint32_t segment, firn_error *ret_error)
{
    firn_segment list;
    firn_status status = firn_store_pin(store, segment, &list, ret_error);
    if (status != FIRN_OK)
        return status;
    uint64_t size = listed_size(&list);
    if (size == 0)
        status =
            firn_error_set(ret_error, FIRN_NOT_STORE, 0, "segment %u lists no snapshot", segment);
    for (size_t i = 0; i < count_of(size, FIRN_SEGMENT_BYTES) && status == FIRN_OK; i++)
        status = firn_store_remove(store, get_u32(list.data + 8 + i * 4));
    firn_store_unpin(store, &list);
    if (status == FIRN_OK)
        status = firn_store_remove(store, segment);
    if (status != FIRN_OK && size != 0)
        (void)firn_error_set(ret_error, status, 0, "a part cannot be removed");
    return status;
}
