/* Bodies: packed by zstd, once each. Whether a content is there already is asked by its checksum
 * and size, and then by all its bytes. */
#include "tabs/resources/bodies.h"

#include <firn/checksum.h>

#include <string.h>

#define LEVEL 3
#define KIND_BODY 1u /* of segments */

firn_status bodies_init(bodies *all, firn_store *store, const firn_allocator *allocator)
{
    firn_map_type_options options = {
        .key = FIRN_KEY_U64, .value_bytes = sizeof(uint32_t), .allocator = allocator};
    *all = (bodies){.allocator = allocator, .store = store};
    firn_status status = firn_codec_create(allocator, &all->codec);
    if (status == FIRN_OK)
        status = firn_map_type_create(&options, &all->type);
    if (status == FIRN_OK &&
        !firn_grow(allocator, (void **)&all->items, &all->capacity, 1, sizeof *all->items))
        status = FIRN_NO_MEMORY;
    if (status != FIRN_OK) {
        bodies_fini(all);
        return status;
    }
    firn_map_init(&all->by_content, all->type);
    all->items[0] = (struct body){.users = 1};
    all->count = 1;
    return FIRN_OK;
}

void bodies_fini(bodies *all)
{
    for (size_t i = 0; i < all->count; i++)
        firn_release(all->allocator, all->items[i].frame, all->items[i].packed_bytes);
    firn_release(all->allocator, all->items, all->capacity * sizeof *all->items);
    firn_map_fini(&all->by_content);
    firn_map_type_destroy(all->type);
    firn_codec_destroy(all->codec);
    *all = (bodies){0};
}

static uint64_t key_of(uint32_t crc, uint32_t size)
{
    return (uint64_t)crc << 32 | size;
}

static firn_status find_place(bodies *all, uint32_t *ret_body)
{
    for (size_t i = 1; i < all->count; i++) {
        if (all->items[i].users == 0) {
            *ret_body = (uint32_t)i;
            return FIRN_OK;
        }
    }
    if (!firn_grow(all->allocator, (void **)&all->items, &all->capacity, all->count + 1,
                   sizeof *all->items))
        return FIRN_NO_MEMORY;
    all->items[all->count] = (struct body){.users = 0};
    *ret_body = (uint32_t)all->count++;
    return FIRN_OK;
}

/* Puts a body in its place; it is found by its content unless another has the same checksum. */
static firn_status settle(bodies *all, uint32_t body, const struct body *content)
{
    uint64_t key = key_of(content->crc, content->size);
    firn_status status = firn_map_put_new(&all->by_content, &key, &body);
    if (status != FIRN_OK && status != FIRN_EXISTS)
        return status;
    all->items[body] = *content;
    all->items[body].serial = ++all->last_serial;
    all->live_count++;
    all->plain_bytes += content->size;
    all->packed_bytes += content->packed_bytes;
    return FIRN_OK;
}

static firn_status pack_frame(bodies *all, const void *data, size_t size, struct body *content)
{
    size_t room = firn_codec_bound(size), packed;
    uint8_t *frame = firn_allocate(all->allocator, room);
    if (frame == NULL)
        return FIRN_NO_MEMORY;
    firn_status status =
        firn_codec_pack(all->codec, FIRN_CODEC_ZSTD, LEVEL, data, size, frame, &packed);
    void *fitted = status == FIRN_OK ? firn_reallocate(all->allocator, frame, room, packed) : NULL;
    if (fitted == NULL) {
        firn_release(all->allocator, frame, room);
        return status != FIRN_OK ? status : FIRN_NO_MEMORY;
    }
    content->frame = fitted;
    content->packed_bytes = (uint32_t)packed;
    return FIRN_OK;
}

static firn_status pack_segment(bodies *all, const void *data, size_t size, struct body *content)
{
    firn_store_put_options options = {.kind = KIND_BODY, .codec = FIRN_CODEC_ZSTD, .level = LEVEL};
    firn_segment_info info;
    firn_status status =
        firn_store_put(all->store, all->codec, &options, data, size, &content->segment, NULL);
    if (status == FIRN_OK)
        status = firn_store_segment_info(all->store, content->segment, &info);
    if (status == FIRN_OK)
        content->packed_bytes = info.packed_bytes;
    return status;
}

static void release(bodies *all, const struct body *content)
{
    if (all->store != NULL)
        (void)!firn_store_remove(all->store, content->segment);
    else
        firn_release(all->allocator, content->frame, content->packed_bytes);
}

static firn_status add(bodies *all, uint32_t crc, const void *data, size_t size, uint32_t *ret_body)
{
    struct body content = {.crc = crc, .size = (uint32_t)size, .users = 1};
    uint32_t body;
    firn_status status = find_place(all, &body);
    if (status != FIRN_OK)
        return status;
    status = all->store != NULL ? pack_segment(all, data, size, &content)
                                : pack_frame(all, data, size, &content);
    if (status != FIRN_OK)
        return status;
    status = settle(all, body, &content);
    if (status == FIRN_OK)
        *ret_body = body;
    else
        release(all, &content);
    return status;
}

/* Whether a body has these bytes; one that cannot be read has not. */
static bool has(bodies *all, uint32_t body, const void *data, size_t size)
{
    void *copy = firn_allocate(all->allocator, size);
    bool same =
        copy != NULL && bodies_get(all, body, copy) == FIRN_OK && memcmp(copy, data, size) == 0;
    firn_release(all->allocator, copy, size);
    return same;
}

firn_status bodies_put(bodies *all, const void *data, size_t size, uint32_t *ret_body)
{
    if (size == 0) {
        *ret_body = BODY_NONE;
        return FIRN_OK;
    }
    uint32_t crc = firn_crc32c(0, data, size);
    uint64_t key = key_of(crc, (uint32_t)size);
    const uint32_t *known = firn_map_get(&all->by_content, &key);
    if (known != NULL && has(all, *known, data, size)) {
        all->items[*known].users++;
        *ret_body = *known;
        return FIRN_OK;
    }
    return add(all, crc, data, size, ret_body);
}

firn_status bodies_take(bodies *all, uint32_t segment, uint32_t crc, uint32_t size,
                        uint32_t *ret_body)
{
    uint64_t key = key_of(crc, size);
    firn_segment_info info;
    if (size == 0) {
        *ret_body = BODY_NONE;
        return FIRN_OK;
    }
    const uint32_t *known = firn_map_get(&all->by_content, &key);
    if (known != NULL && all->items[*known].segment == segment) {
        all->items[*known].users++;
        *ret_body = *known;
        return FIRN_OK;
    }
    if (firn_store_segment_info(all->store, segment, &info) != FIRN_OK || info.kind != KIND_BODY ||
        info.plain_bytes != size)
        return FIRN_CORRUPT;
    struct body content = {.crc = crc,
                           .size = size,
                           .users = 1,
                           .segment = segment,
                           .packed_bytes = info.packed_bytes};
    uint32_t body;
    firn_status status = find_place(all, &body);
    if (status == FIRN_OK)
        status = settle(all, body, &content);
    if (status == FIRN_OK)
        *ret_body = body;
    return status;
}

void bodies_drop(bodies *all, uint32_t body)
{
    struct body *item = &all->items[body];
    if (body == BODY_NONE || --item->users > 0)
        return;
    uint64_t key = key_of(item->crc, item->size);
    const uint32_t *known = firn_map_get(&all->by_content, &key);
    if (known != NULL && *known == body)
        (void)!firn_map_remove(&all->by_content, &key);
    release(all, item);
    all->live_count--;
    all->plain_bytes -= item->size;
    all->packed_bytes -= item->packed_bytes;
    *item = (struct body){.users = 0};
}

static firn_status read_segment(bodies *all, const struct body *item, void *out)
{
    firn_segment pinned;
    firn_status status = firn_store_pin(all->store, item->segment, &pinned, NULL);
    if (status != FIRN_OK)
        return status;
    if (pinned.size == item->size)
        memcpy(out, pinned.data, item->size);
    else
        status = FIRN_CORRUPT;
    firn_store_unpin(all->store, &pinned);
    return status;
}

firn_status bodies_get(bodies *all, uint32_t body, void *out)
{
    const struct body *item = &all->items[body];
    if (body == BODY_NONE)
        return FIRN_OK;
    if (all->store != NULL)
        return read_segment(all, item, out);
    return firn_codec_unpack(all->codec, item->frame, item->packed_bytes, out, item->size);
}
