/* Stores with known content: segment i of version v is always the same bytes, also those of the
 * stores in golden/. Nothing here asserts, so that it also serves where calls are made to fail. */
#ifndef FIRN_TESTS_STORE_CONTENT_H
#define FIRN_TESTS_STORE_CONTENT_H

#include <firn/store.h>

#include <string.h>

enum { STORE_CONTENT_MAX = 4096 };

static inline size_t store_content(uint32_t version, uint32_t i, uint8_t out[STORE_CONTENT_MAX])
{
    size_t size = (size_t)((i * 37 + version) % 4000);
    for (size_t k = 0; k < size; k++)
        out[k] = (uint8_t)(k % 61 * (i + 1) / 7 + k / 500 + version * 101);
    return size;
}

static inline firn_codec_kind store_content_codec(uint32_t i)
{
    return (firn_codec_kind)(i % 3);
}

static inline firn_status store_put_one(firn_store *store, firn_codec *codec, uint32_t version,
                                        uint32_t i, uint32_t *ret_segment, firn_error *ret_error)
{
    uint8_t data[STORE_CONTENT_MAX];
    size_t size = store_content(version, i, data);
    firn_codec_kind kind = store_content_codec(i);
    const firn_store_put_options put = {
        .kind = i * 5, .codec = kind, .level = kind == FIRN_CODEC_ZSTD ? 3 : 0};
    return firn_store_put(store, codec, &put, data, size, ret_segment, ret_error);
}

static inline firn_status store_put_all(firn_store *store, const firn_allocator *allocator,
                                        uint32_t version, uint32_t count, firn_error *ret_error)
{
    firn_codec *codec;
    uint32_t segment;
    firn_status status = firn_codec_create(allocator, &codec);
    if (status != FIRN_OK)
        return firn_error_set(ret_error, status, 0, "no codec");
    for (uint32_t i = 0; status == FIRN_OK && i < count; i++)
        status = store_put_one(store, codec, version, i, &segment, ret_error);
    firn_codec_destroy(codec);
    return status;
}

/* Replaces the store's content. */
static inline firn_status store_write(const char *path, const firn_allocator *allocator,
                                      uint32_t version, uint32_t count, firn_error *ret_error)
{
    const firn_store_options options = {.allocator = allocator, .mode = FIRN_STORE_REPLACE};
    firn_store *store;
    firn_status status = firn_store_open(path, &options, &store, ret_error);
    if (status != FIRN_OK)
        return status;
    status = store_put_all(store, allocator, version, count, ret_error);
    if (status == FIRN_OK)
        status = firn_store_commit(store, FIRN_SEGMENT_NONE, ret_error);
    firn_store_close(store);
    return status;
}

/* The number of segment i, of those that were put one after the other. */
static inline uint32_t store_number(const firn_store *store, uint32_t i)
{
    firn_segment_info info;
    return firn_store_next(store, 0, &info) == FIRN_OK ? info.segment + i : i;
}

static inline uint32_t store_count(const firn_store *store)
{
    firn_store_summary summary;
    firn_store_summary_get(store, &summary);
    return summary.segment_count;
}

/* FIRN_OK when segment i can be read and is version's; FIRN_CHANGED when it is read as other bytes;
 * else why it cannot be read. */
static inline firn_status store_check_one(firn_store *store, uint32_t version, uint32_t i,
                                          firn_error *ret_error)
{
    uint8_t data[STORE_CONTENT_MAX];
    size_t size = store_content(version, i, data);
    firn_segment segment;
    firn_segment_info info;
    const uint32_t number = store_number(store, i);
    firn_status status = firn_store_pin(store, number, &segment, ret_error);
    if (status != FIRN_OK)
        return status;
    status = firn_store_segment_info(store, number, &info);
    bool same = status == FIRN_OK && segment.size == size &&
                (segment.data == NULL) == (size == 0) &&
                (size == 0 || memcmp(segment.data, data, size) == 0) && info.kind == i * 5 &&
                info.plain_bytes == size && info.packed_bytes <= size + 68;
    firn_store_unpin(store, &segment);
    return same ? FIRN_OK : FIRN_CHANGED;
}

/* The same for all segments of an open store. */
static inline firn_status store_check_open(firn_store *store, uint32_t version, uint32_t count,
                                           firn_error *ret_error)
{
    firn_status status = FIRN_OK;
    if (store_count(store) != count)
        return FIRN_CHANGED;
    for (uint32_t i = 0; status == FIRN_OK && i < count; i++)
        status = store_check_one(store, version, i, ret_error);
    return status;
}

/* The same for the store in a folder. */
static inline firn_status store_check(const char *path, const firn_allocator *allocator,
                                      uint32_t version, uint32_t count, firn_error *ret_error)
{
    firn_store_options options = {.allocator = allocator};
    firn_store *store;
    firn_status status = firn_store_open(path, &options, &store, ret_error);
    if (status != FIRN_OK)
        return status;
    status = store_check_open(store, version, count, ret_error);
    firn_store_close(store);
    return status;
}

#endif
