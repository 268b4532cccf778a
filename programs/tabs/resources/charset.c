/* Documents to UTF-8: which encoding it is (sniff.c), and the decoding: UTF-8 is looked through,
 * windows-1252 and x-user-defined have a table or rule, the rest is iconv's. */
#include "tabs/resources/charset.h"
#include "tabs/resources/sniff.h"

#include <errno.h>
#include <iconv.h>
#include <string.h>

struct out {
    const firn_allocator *allocator;
    char *text;
    size_t size, capacity;
};

static bool make_room(struct out *out, size_t bytes)
{
    return firn_grow(out->allocator, (void **)&out->text, &out->capacity, out->size + bytes + 1, 1);
}

/* Room must have been made for three bytes. */
static void put(struct out *out, uint32_t code)
{
    char *at = out->text + out->size;
    if (code < 0x80) {
        at[0] = (char)code;
        out->size += 1;
    } else if (code < 0x800) {
        at[0] = (char)(0xc0 | code >> 6);
        at[1] = (char)(0x80 | (code & 0x3f));
        out->size += 2;
    } else {
        at[0] = (char)(0xe0 | code >> 12);
        at[1] = (char)(0x80 | (code >> 6 & 0x3f));
        at[2] = (char)(0x80 | (code & 0x3f));
        out->size += 3;
    }
}

/* The bytes of the character of UTF-8 that begins here, or below 0 those of a malformed one's
 * longest right beginning, at least one. */
static int character_size(const uint8_t *data, size_t size)
{
    uint8_t lead = data[0], low = 0x80, high = 0xbf;
    int more = lead < 0x80 ? 0 : lead < 0xc2 ? -1 : lead < 0xe0 ? 1 : lead < 0xf0 ? 2 : 3;
    if (more == 0)
        return 1;
    if (more < 0 || lead > 0xf4)
        return -1;
    if (lead == 0xe0)
        low = 0xa0;
    if (lead == 0xed)
        high = 0x9f;
    if (lead == 0xf0)
        low = 0x90;
    if (lead == 0xf4)
        high = 0x8f;
    for (int i = 1; i <= more; i++) {
        if ((size_t)i >= size || data[i] < low || data[i] > high)
            return -i;
        low = 0x80;
        high = 0xbf;
    }
    return more + 1;
}

static firn_status from_utf8(struct out *out, const uint8_t *data, size_t size)
{
    if (!make_room(out, size))
        return FIRN_NO_MEMORY;
    for (size_t at = 0; at < size;) {
        int bytes = character_size(data + at, size - at);
        if (bytes > 0) {
            memcpy(out->text + out->size, data + at, (size_t)bytes);
            out->size += (size_t)bytes;
            at += (size_t)bytes;
            continue;
        }
        at += (size_t)-bytes;
        if (!make_room(out, size - at + 3)) /* what is left, and what stands for this */
            return FIRN_NO_MEMORY;
        put(out, 0xfffd);
    }
    return FIRN_OK;
}

static firn_status from_bytes(struct out *out, const uint8_t *data, size_t size, bool user_defined)
{
    /* 0x80 to 0x9f of windows-1252 */
    static const uint16_t upper[32] = {
        0x20ac, 0x81,   0x201a, 0x192,  0x201e, 0x2026, 0x2020, 0x2021, 0x2c6,  0x2030, 0x160,
        0x2039, 0x152,  0x8d,   0x17d,  0x8f,   0x90,   0x2018, 0x2019, 0x201c, 0x201d, 0x2022,
        0x2013, 0x2014, 0x2dc,  0x2122, 0x161,  0x203a, 0x153,  0x9d,   0x17e,  0x178};
    size_t above = 0;
    for (size_t i = 0; i < size; i++)
        above += data[i] >> 7;
    if (!make_room(out, size + 2 * above))
        return FIRN_NO_MEMORY;
    for (size_t i = 0; i < size; i++) {
        uint8_t byte = data[i];
        if (user_defined && byte >= 0x80)
            put(out, 0xf700u + byte);
        else
            put(out, byte >= 0x80 && byte < 0xa0 ? upper[byte - 0x80] : byte);
    }
    return FIRN_OK;
}

static firn_status from_iconv(struct out *out, iconv_t from, const uint8_t *data, size_t size)
{
    char *in = (char *)(uintptr_t)data; /* iconv does not write there */
    while (size > 0) {
        if (!make_room(out, size + 16))
            return FIRN_NO_MEMORY;
        char *to = out->text + out->size;
        size_t room = out->capacity - out->size - 1;
        size_t done = iconv(from, &in, &size, &to, &room);
        int why = done == (size_t)-1 ? errno : 0;
        out->size = (size_t)(to - out->text);
        if (why == 0 || why == E2BIG)
            continue;
        if (!make_room(out, 3))
            return FIRN_NO_MEMORY;
        put(out, 0xfffd);
        if (why == EINVAL) /* cut off at the end */
            break;
        in++;
        size--;
    }
    if (!make_room(out, 16))
        return FIRN_NO_MEMORY;
    char *to = out->text + out->size;
    size_t room = out->capacity - out->size - 1;
    (void)iconv(from, NULL, NULL, &to, &room); /* what some encodings hold back */
    out->size = (size_t)(to - out->text);
    return FIRN_OK;
}

static firn_status decode(struct out *out, const encoding *as, const uint8_t *data, size_t size)
{
    if (strcmp(as->name, "UTF-8") == 0)
        return from_utf8(out, data, size);
    if (strcmp(as->name, "replacement") == 0) {
        if (!make_room(out, 3))
            return FIRN_NO_MEMORY;
        if (size > 0)
            put(out, 0xfffd);
        return FIRN_OK;
    }
    iconv_t from = as->iconv != NULL ? iconv_open("UTF-8", as->iconv) : (iconv_t)-1;
    if (from == (iconv_t)-1) /* also where the system lacks it */
        return from_bytes(out, data, size, strcmp(as->name, "x-user-defined") == 0);
    firn_status status = from_iconv(out, from, data, size);
    iconv_close(from);
    return status;
}

static const encoding *find(const uint8_t *data, size_t size, const char *content_type,
                            bool is_html, const char *fallback, size_t *ret_mark)
{
    *ret_mark = 0;
    const encoding *found = sniff_mark(data, size, ret_mark);
    if (found == NULL)
        found = sniff_type(content_type);
    if (found == NULL && is_html)
        found = sniff_meta(data, size);
    if (found == NULL && !is_html && fallback != NULL)
        found = encoding_find(fallback, strlen(fallback));
    if (found == NULL)
        found = is_html ? encoding_find("windows-1252", 12) : encoding_find("utf-8", 5);
    return found;
}

firn_status charset_decode(const void *data, size_t size, const char *content_type, bool is_html,
                           const char *fallback, const firn_allocator *allocator,
                           charset_text *ret_text)
{
    const uint8_t *bytes = data;
    size_t mark;
    if (size > CHARSET_MAX_BYTES)
        return FIRN_LIMIT;
    const encoding *as = find(bytes, size, content_type, is_html, fallback, &mark);
    struct out out = {.allocator = allocator};
    firn_status status = make_room(&out, 1) ? FIRN_OK : FIRN_NO_MEMORY;
    if (status == FIRN_OK && size > mark)
        status = decode(&out, as, bytes + mark, size - mark);
    if (status != FIRN_OK) {
        firn_release(allocator, out.text, out.capacity);
        return status;
    }
    out.text[out.size] = 0;
    *ret_text = (charset_text){
        .text = out.text,
        .size = out.size,
        .block_bytes = out.capacity,
        .charset = as->name,
        .is_binary = strncmp(as->name, "UTF-16", 6) != 0 && mark == 0 && sniff_binary(bytes, size),
    };
    return FIRN_OK;
}

const char *charset_find(const char *label, size_t size)
{
    const encoding *as = encoding_find(label, size);
    return as != NULL ? as->name : NULL;
}
