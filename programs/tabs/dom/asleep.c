/* Complexity: O(bytes). */
#include "tabs/dom/asleep.h"

#include <firn/codec.h>
#include <firn/varint.h>

#include <string.h>

/* Of a part, from which a frame of its own pays: Font Awesome's sheet takes 9.3 KB so and 10.3 in
 * one frame; 2,048 changes nothing for it, and makes a sheet of 9 KB 2 % larger. */
#define OWN_BYTES 4096u

firn_status asleep_put(const firn_allocator *allocator, asleep_bytes *to, const void *data,
                       size_t size)
{
    if (size == 0)
        return FIRN_OK;
    if (!firn_grow(allocator, (void **)&to->data, &to->capacity, to->size + size, 1))
        return FIRN_NO_MEMORY;
    memcpy(to->data + to->size, data, size);
    to->size += size;
    return FIRN_OK;
}

firn_status asleep_put_number(const firn_allocator *allocator, asleep_bytes *to, uint64_t number)
{
    uint8_t bytes[FIRN_VARINT_MAX_BYTES];
    return asleep_put(allocator, to, bytes, firn_varint_put(bytes, number));
}

firn_status asleep_put_text(const firn_allocator *allocator, asleep_bytes *to, const char *text,
                            size_t size, uint8_t end)
{
    while (size > 0) {
        size_t plain = 0;
        while (plain < size && (uint8_t)text[plain] > ASLEEP_ENDS_TOO)
            plain++;
        firn_status status = asleep_put(allocator, to, text, plain);
        if (status == FIRN_OK && plain < size) {
            const uint8_t escaped[2] = {ASLEEP_ESCAPE, (uint8_t)(text[plain++] + 3)};
            status = asleep_put(allocator, to, escaped, 2);
        }
        if (status != FIRN_OK)
            return status;
        text += plain;
        size -= plain;
    }
    return asleep_put(allocator, to, &end, 1);
}

void asleep_release(const firn_allocator *allocator, asleep_bytes *bytes)
{
    firn_release(allocator, bytes->data, bytes->capacity);
    *bytes = (asleep_bytes){0};
}

/* Adds a frame of bytes, with its size before it. */
static firn_status put_frame(const firn_allocator *allocator, firn_codec *codec, int level,
                             const asleep_bytes *bytes, asleep_bytes *to)
{
    size_t room = firn_codec_bound(bytes->size), size;
    if (bytes->size > FIRN_FRAME_MAX_BYTES)
        return FIRN_LIMIT;
    void *frame = firn_allocate(allocator, room);
    firn_status status = frame == NULL ? FIRN_NO_MEMORY
                                       : firn_codec_pack(codec, FIRN_CODEC_ZSTD, level, bytes->data,
                                                         bytes->size, frame, &size);
    if (status == FIRN_OK)
        status = asleep_put_number(allocator, to, size);
    if (status == FIRN_OK)
        status = asleep_put(allocator, to, frame, size);
    firn_release(allocator, frame, room);
    return status;
}

static firn_status put_common(const firn_allocator *allocator, const uint64_t about[2],
                              const asleep_bytes *parts, size_t count, asleep_bytes *to)
{
    firn_status status = asleep_put_number(allocator, to, about[0]);
    if (status == FIRN_OK)
        status = asleep_put_number(allocator, to, about[1]);
    for (size_t i = 0; i < count && status == FIRN_OK; i++)
        status = asleep_put_number(allocator, to,
                                   (uint64_t)parts[i].size * 2 + (parts[i].size >= OWN_BYTES));
    for (size_t i = 0; i < count && status == FIRN_OK; i++) {
        if (parts[i].size < OWN_BYTES)
            status = asleep_put(allocator, to, parts[i].data, parts[i].size);
    }
    return status;
}

firn_status asleep_pack(const firn_allocator *allocator, int level, const uint64_t about[2],
                        const asleep_bytes *parts, size_t count, void **ret_data, size_t *ret_size)
{
    firn_codec *codec = NULL;
    asleep_bytes common = {.size = 0}, whole = {.size = 0};
    void *fitted = NULL;
    firn_status status = firn_codec_create(allocator, &codec);
    if (status == FIRN_OK)
        status = put_common(allocator, about, parts, count, &common);
    if (status == FIRN_OK)
        status = put_frame(allocator, codec, level, &common, &whole);
    for (size_t i = 0; i < count && status == FIRN_OK; i++) {
        if (parts[i].size >= OWN_BYTES)
            status = put_frame(allocator, codec, level, &parts[i], &whole);
    }
    firn_codec_destroy(codec);
    asleep_release(allocator, &common);
    if (status == FIRN_OK) {
        fitted = firn_reallocate(allocator, whole.data, whole.capacity, whole.size);
        status = fitted != NULL ? FIRN_OK : FIRN_NO_MEMORY;
    }
    if (status != FIRN_OK) {
        asleep_release(allocator, &whole);
        return status;
    }
    *ret_data = fitted;
    *ret_size = whole.size;
    return FIRN_OK;
}

/* Unpacks the next frame. */
static firn_status take_frame(const firn_allocator *allocator, firn_codec *codec,
                              asleep_reader *from, asleep_bytes *ret_bytes)
{
    uint64_t size;
    size_t plain;
    if (!asleep_number(from, UINT32_MAX, &size) || size > (uint64_t)(from->end - from->at))
        return FIRN_CORRUPT;
    firn_status status = firn_codec_plain_size(from->at, (size_t)size, &plain);
    if (status != FIRN_OK || plain == 0)
        return status == FIRN_OK ? FIRN_CORRUPT : status;
    uint8_t *out = firn_allocate(allocator, plain);
    if (out == NULL)
        return FIRN_NO_MEMORY;
    *ret_bytes = (asleep_bytes){out, plain, plain};
    status = firn_codec_unpack(codec, from->at, (size_t)size, out, plain);
    from->at += size;
    return status == FIRN_NOT_FOUND || status == FIRN_INVALID ? FIRN_CORRUPT : status;
}

static firn_status take_parts(const firn_allocator *allocator, firn_codec *codec,
                              asleep_reader *from, uint64_t version, asleep_bytes *frames,
                              asleep_reader *parts, size_t count, uint64_t *ret_number)
{
    uint64_t form, size;
    firn_status status = take_frame(allocator, codec, from, &frames[count]);
    if (status != FIRN_OK)
        return status;
    asleep_reader sizes = {frames[count].data, frames[count].data + frames[count].size}, common;
    if (!asleep_number(&sizes, UINT64_MAX, &form))
        return FIRN_CORRUPT;
    if (form != version)
        return form > version ? FIRN_VERSION : FIRN_CORRUPT;
    if (!asleep_number(&sizes, UINT64_MAX, ret_number))
        return FIRN_CORRUPT;
    common = sizes;
    for (size_t i = 0; i < count; i++) {
        if (!asleep_number(&common, UINT64_MAX, &size))
            return FIRN_CORRUPT;
    }
    for (size_t i = 0; i < count; i++) {
        (void)asleep_number(&sizes, UINT64_MAX, &size);
        if (size % 2 == 1) {
            status = take_frame(allocator, codec, from, &frames[i]);
            if (status != FIRN_OK)
                return status;
            parts[i] = (asleep_reader){frames[i].data, frames[i].data + frames[i].size};
        } else {
            if (size / 2 > (uint64_t)(common.end - common.at))
                return FIRN_CORRUPT;
            parts[i] = (asleep_reader){common.at, common.at + size / 2};
            common.at += size / 2;
        }
        if ((uint64_t)(parts[i].end - parts[i].at) != size / 2)
            return FIRN_CORRUPT;
    }
    return common.at == common.end && from->at == from->end ? FIRN_OK : FIRN_CORRUPT;
}

firn_status asleep_unpack(const firn_allocator *allocator, uint64_t version, const void *data,
                          size_t size, asleep_bytes *frames, asleep_reader *ret_parts, size_t count,
                          uint64_t *ret_number)
{
    firn_codec *codec;
    asleep_reader from = {data, (const uint8_t *)data + size};
    firn_status status = firn_codec_create(allocator, &codec);
    if (status != FIRN_OK)
        return status;
    status = take_parts(allocator, codec, &from, version, frames, ret_parts, count, ret_number);
    firn_codec_destroy(codec);
    return status;
}

bool asleep_number(asleep_reader *from, uint64_t below, uint64_t *ret_number)
{
    uint64_t value;
    const uint8_t *next = firn_varint_get(from->at, from->end, &value);
    if (next == NULL || value >= below)
        return false;
    from->at = next;
    *ret_number = value;
    return true;
}

firn_status asleep_text(const firn_allocator *allocator, asleep_reader *from, asleep_bytes *to,
                        uint8_t *ret_end)
{
    for (;;) {
        const uint8_t *start = from->at, *at = start;
        while (at<from->end && * at> ASLEEP_ENDS_TOO)
            at++;
        firn_status status = asleep_put(allocator, to, start, (size_t)(at - start));
        if (status != FIRN_OK)
            return status;
        if (at == from->end)
            return FIRN_CORRUPT;
        if (*at != ASLEEP_ESCAPE) {
            *ret_end = *at;
            from->at = at + 1;
            return FIRN_OK;
        }
        if (at + 1 == from->end || at[1] < 3 || at[1] > ASLEEP_ENDS_TOO + 3)
            return FIRN_CORRUPT;
        const uint8_t byte = (uint8_t)(at[1] - 3);
        status = asleep_put(allocator, to, &byte, 1);
        if (status != FIRN_OK)
            return status;
        from->at = at + 2;
    }
}
