/* UTF-8 and UTF-16 of texts. Complexity: O(size). */
#include "tabs/script/text.h"

#include <firn/allocator.h>

#include <string.h>

#define KEPT_BYTES (16 << 10) /* of a text that is used again */

void script_text_fini(script_text *text)
{
    firn_release(NULL, text->bytes, text->room);
    *text = (script_text){0};
}

void script_text_trim(script_text *text)
{
    if (text->room > KEPT_BYTES)
        script_text_fini(text);
}

static bool make_room(script_text *text, size_t size)
{
    return firn_grow(NULL, (void **)&text->bytes, &text->room, size, 1);
}

firn_status script_text_append(script_text *text, const char *bytes, size_t size)
{
    if (!make_room(text, text->size + size + 1))
        return FIRN_NO_MEMORY;
    memcpy(text->bytes + text->size, bytes, size);
    text->size += size;
    text->bytes[text->size] = 0;
    return FIRN_OK;
}

static size_t put_code(char *out, uint32_t code)
{
    size_t size = code < 0x80 ? 1 : code < 0x800 ? 2 : code < 0x10000 ? 3 : 4;
    if (size == 1) {
        out[0] = (char)code;
        return 1;
    }
    for (size_t i = size - 1; i > 0; i--, code >>= 6)
        out[i] = (char)(0x80 | (code & 0x3f));
    out[0] = (char)(0xf00u >> size | code);
    return size;
}

firn_status script_text_set(script_text *text, JSStringRef string)
{
    size_t count = JSStringGetLength(string);
    const JSChar *in = JSStringGetCharactersPtr(string);
    if (count > SIZE_MAX / 4 || !make_room(text, count * 3 + 1))
        return FIRN_NO_MEMORY;
    text->size = 0;
    for (size_t i = 0; i < count; i++) {
        uint32_t code = in[i];
        bool high = (code & 0xfc00) == 0xd800 && i + 1 < count && (in[i + 1] & 0xfc00) == 0xdc00;
        if (high)
            code = 0x10000 + ((code & 0x3ff) << 10) + (in[++i] & 0x3ffu);
        text->size += put_code(text->bytes + text->size, code);
    }
    text->bytes[text->size] = 0;
    return FIRN_OK;
}

static bool is_plain(const char *bytes, size_t size)
{
    for (size_t i = 0; i < size; i++) {
        if ((uint8_t)bytes[i] >= 0x80 || bytes[i] == 0)
            return false;
    }
    return true;
}

/* The next character; what is no UTF-8 is U+FFFD, a byte at a time. */
static uint32_t take_code(const uint8_t **at, const uint8_t *end)
{
    uint32_t first = *(*at)++;
    size_t more = first < 0x80 ? 0 : first >= 0xf0 ? 3 : first >= 0xe0 ? 2 : 1;
    if (more == 0)
        return first;
    if (first < 0xc2 || first > 0xf4 || (size_t)(end - *at) < more)
        return 0xfffd;
    uint32_t code = first & (0x3fu >> more);
    for (size_t i = 0; i < more; i++) {
        if (((*at)[i] & 0xc0) != 0x80)
            return 0xfffd;
        code = code << 6 | ((*at)[i] & 0x3fu);
    }
    *at += more;
    return code;
}

JSStringRef script_string_make(script_text *scratch, const char *bytes, size_t size)
{
    scratch->size = 0;
    if (is_plain(bytes, size)) /* the engine keeps these a byte a character */
        return script_text_append(scratch, bytes, size) == FIRN_OK
                   ? JSStringCreateWithUTF8CString(scratch->bytes)
                   : NULL;
    if (size > SIZE_MAX / 4 || !make_room(scratch, (size + 1) * sizeof(JSChar)))
        return NULL;
    const uint8_t *at = (const uint8_t *)bytes, *end = at + size;
    size_t count = 0;
    while (at < end) {
        uint32_t code = take_code(&at, end);
        JSChar units[2] = {(JSChar)code, 0};
        size_t wide = code >= 0x10000;
        if (wide) {
            units[0] = (JSChar)(0xd800 + ((code - 0x10000) >> 10));
            units[1] = (JSChar)(0xdc00 + (code & 0x3ff));
        }
        memcpy(scratch->bytes + count * sizeof(JSChar), units, (1 + wide) * sizeof(JSChar));
        count += 1 + wide;
    }
    return JSStringCreateWithCharacters((const JSChar *)(const void *)scratch->bytes, count);
}
