/* See out.h. */
#include "code/lsp/out.h"

#include <inttypes.h>
#include <stdio.h>

#include "code/lsp/utf8.h"

#define KEEP_BYTES ((size_t)256 << 10)

void out_fini(struct out *out)
{
    bytes_fini(&out->bytes);
    out->status = FIRN_OK;
    out->needs_comma = false;
}

void out_reset(struct out *out)
{
    if (out->bytes.capacity > KEEP_BYTES)
        bytes_fini(&out->bytes);
    out->bytes.size = 0;
    out->status = FIRN_OK;
    out->needs_comma = false;
}

void out_raw(struct out *out, const void *data, size_t size)
{
    if (out->status == FIRN_OK)
        out->status = bytes_put(&out->bytes, data, size);
}

static void begin_value(struct out *out)
{
    if (out->needs_comma)
        out_raw(out, ",", 1);
    out->needs_comma = true;
}

void out_open(struct out *out, char bracket)
{
    begin_value(out);
    out_raw(out, &bracket, 1);
    out->needs_comma = false;
}

void out_close(struct out *out, char bracket)
{
    out_raw(out, bracket == '{' ? "}" : "]", 1);
    out->needs_comma = true;
}

static void put_escaped(struct out *out, const char *text, size_t size)
{
    size_t plain = 0; /* bytes before the one at hand that stand as they are */
    for (size_t at = 0; at < size;) {
        const unsigned char byte = (unsigned char)text[at];
        const unsigned length = utf8_length(text + at, size - at);
        if (length > 0 && byte >= ' ' && byte != '"' && byte != '\\') {
            at += length;
            plain += length;
            continue;
        }
        char escape[8];
        int count = length == 0  ? snprintf(escape, sizeof escape, "\\ufffd")
                    : byte < ' ' ? snprintf(escape, sizeof escape, "\\u%04x", byte)
                                 : snprintf(escape, sizeof escape, "\\%c", byte);
        out_raw(out, text + at - plain, plain);
        out_raw(out, escape, (size_t)count);
        plain = 0;
        at++;
    }
    out_raw(out, text + size - plain, plain);
}

void out_text_sized(struct out *out, const char *text, size_t size)
{
    begin_value(out);
    out_raw(out, "\"", 1);
    put_escaped(out, text, size);
    out_raw(out, "\"", 1);
}

void out_text(struct out *out, const char *text)
{
    out_text_sized(out, text, strlen(text));
}

void out_key(struct out *out, const char *key)
{
    out_text(out, key);
    out_raw(out, ":", 1);
    out->needs_comma = false;
}

void out_number(struct out *out, int64_t number)
{
    char text[24];
    int size = snprintf(text, sizeof text, "%" PRId64, number);
    begin_value(out);
    out_raw(out, text, (size_t)size);
}

void out_flag(struct out *out, bool flag)
{
    out_json(out, flag ? "true" : "false", flag ? 4 : 5);
}

void out_null(struct out *out)
{
    out_json(out, "null", 4);
}

void out_json(struct out *out, const void *json, size_t size)
{
    begin_value(out);
    out_raw(out, json, size);
}
