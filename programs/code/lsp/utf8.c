/* See utf8.h. Editors send what their buffers hold: bytes of Latin-1, half an emoji. */
#include "code/lsp/utf8.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

static bool is_continued(const char *text, unsigned length)
{
    for (unsigned i = 1; i < length; i++)
        if (((unsigned char)text[i] & 0xc0u) != 0x80u)
            return false;
    return true;
}

unsigned utf8_length(const char *text, size_t size)
{
    const unsigned char first = (unsigned char)text[0];
    if (first < 0x80)
        return 1;
    const unsigned length = first < 0xc2 ? 0 : first < 0xe0 ? 2 : first < 0xf0 ? 3 : 4;
    if (length == 0 || first > 0xf4 || size < length || !is_continued(text, length))
        return 0;
    const unsigned char second = (unsigned char)text[1];
    if ((first == 0xe0 && second < 0xa0) || (first == 0xed && second > 0x9f) ||
        (first == 0xf0 && second < 0x90) || (first == 0xf4 && second > 0x8f))
        return 0; /* too long a form, a surrogate, above U+10FFFF */
    return length;
}

/* Whether at text there is the escape of a surrogate: 'h' for a high one, 'l' for a low one, 0. */
static char surrogate_at(const char *text, size_t size)
{
    if (size < 6 || text[0] != '\\' || text[1] != 'u' || (text[2] | 32) != 'd')
        return 0;
    const char third = (char)(text[3] | 32);
    if (text[3] == '8' || text[3] == '9' || third == 'a' || third == 'b')
        return 'h';
    return third >= 'c' && third <= 'f' ? 'l' : 0;
}

/* Repairs the escape at text and tells its size. */
static size_t repair_escape(char *text, size_t size)
{
    const char kind = surrogate_at(text, size);
    if (kind == 0)
        return size > 1 && text[1] == '\\' ? 2 : 1;
    if (kind == 'h' && surrogate_at(text + 6, size - 6) == 'l')
        return 12;
    memcpy(text, "\\ufffd", 6);
    return 6;
}

void utf8_repair(char *json, size_t size)
{
    for (size_t at = 0; at < size;) {
        unsigned length = utf8_length(json + at, size - at);
        if (length == 0)
            json[at] = '?';
        at += json[at] == '\\' ? repair_escape(json + at, size - at) : length == 0 ? 1 : length;
    }
}
