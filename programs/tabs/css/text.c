/* Texts that grow; numbers, strings and identifiers as CSS writes them. Complexity: O(size). */
#include "tabs/css/text.h"

#include <firn/allocator.h>

#include <math.h>
#include <stdio.h>
#include <string.h>

void css_text_fini(css_text *text)
{
    firn_release(NULL, text->bytes, text->room);
    *text = (css_text){0};
}

void css_put(css_text *text, const char *bytes, size_t size)
{
    if (text->failed ||
        !firn_grow(NULL, (void **)&text->bytes, &text->room, text->size + size + 1, 1)) {
        text->failed = true;
        return;
    }
    if (size > 0)
        memcpy(text->bytes + text->size, bytes, size);
    text->size += size;
    text->bytes[text->size] = 0;
}

void css_put_text(css_text *text, const char *string)
{
    css_put(text, string, strlen(string));
}

void css_put_lower(css_text *text, const char *bytes, size_t size)
{
    size_t start = text->size;
    css_put(text, bytes, size);
    for (size_t i = start; i < text->size; i++) {
        char byte = text->bytes[i];
        text->bytes[i] = byte >= 'A' && byte <= 'Z' ? (char)(byte + 'a' - 'A') : byte;
    }
}

void css_put_number(css_text *text, double number)
{
    char digits[48];
    if (number == 0 || !isfinite(number)) /* -0, too */
        number = number > 0 ? 3.40282e38 : number < 0 ? -3.40282e38 : 0;
    int size = snprintf(digits, sizeof digits, "%.6g", number);
    if (fabs(number) >= 1e6 && number == floor(number) && fabs(number) < 1e15)
        size = snprintf(digits, sizeof digits, "%.0f", number); /* whole ones stay whole */
    css_put(text, digits, (size_t)size);
}

static void put_escaped(css_text *text, unsigned code)
{
    char digits[16];
    int size = snprintf(digits, sizeof digits, "\\%x ", code);
    css_put(text, digits, (size_t)size);
}

void css_put_string(css_text *text, const char *bytes, size_t size)
{
    css_put(text, "\"", 1);
    for (size_t i = 0; i < size; i++) {
        unsigned char byte = (unsigned char)bytes[i];
        if (byte < 0x20 || byte == 0x7f) {
            put_escaped(text, byte);
        } else {
            if (byte == '"' || byte == '\\')
                css_put(text, "\\", 1);
            css_put(text, bytes + i, 1);
        }
    }
    css_put(text, "\"", 1);
}

void css_put_ident(css_text *text, const char *bytes, size_t size)
{
    for (size_t i = 0; i < size; i++) {
        unsigned char byte = (unsigned char)bytes[i];
        bool digit = byte >= '0' && byte <= '9', dashed = i == 1 && bytes[0] == '-';
        bool letter = (byte | 0x20) >= 'a' && (byte | 0x20) <= 'z';
        if (byte < 0x20 || byte == 0x7f || (digit && (i == 0 || dashed))) {
            put_escaped(text, byte);
        } else {
            bool plain = letter || digit || byte == '_' || byte >= 0x80 ||
                         (byte == '-' && !(size == 1 && i == 0));
            if (!plain)
                css_put(text, "\\", 1);
            css_put(text, bytes + i, 1);
        }
    }
}

bool css_text_is(const css_text *text, const char *string)
{
    size_t size = strlen(string);
    return text->size == size && memcmp(text->bytes, string, size) == 0;
}
