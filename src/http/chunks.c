/* Bodies in chunks (RFC 9112, 7.1), byte by byte where they are framed and in one piece where they
 * are data. Nothing of the framing is kept but a state, so that it may be cut anywhere. */
#include <firn/http_message.h>

#include "http/class.h"

enum {
    SIZE,      /* digits */
    EXTENSION, /* behind ';', up to CR, outside of quotes */
    QUOTED,    /* inside of them */
    ESCAPED,   /* behind a backslash in them */
    SIZE_LF,   /* behind the CR of the line */
    DATA,      /* of the chunk */
    DATA_CR,   /* behind it */
    DATA_LF,
    DONE,
    REFUSED
};

static firn_status refuse_body(firn_http_chunks *chunks, uint16_t status, const char *because)
{
    chunks->state = REFUSED;
    chunks->refusal = status;
    chunks->because = because;
    return FIRN_CORRUPT;
}

static int digit_of(uint8_t byte)
{
    if ((uint8_t)(byte - '0') <= 9)
        return byte - '0';
    byte |= 0x20;
    return byte >= 'a' && byte <= 'f' ? byte - 'a' + 10 : -1;
}

static firn_status take_size(firn_http_chunks *chunks, uint8_t byte)
{
    int digit = digit_of(byte);
    if (digit >= 0) {
        if (chunks->left >> 58 != 0 || chunks->digits == 32)
            return refuse_body(chunks, 413, "a chunk beyond all bounds");
        chunks->left = chunks->left << 4 | (uint64_t)digit;
        chunks->digits++;
        return FIRN_OK;
    }
    if (chunks->digits == 0)
        return refuse_body(chunks, 400, "no size of a chunk where one must be");
    if (byte == '\r')
        chunks->state = SIZE_LF;
    else if (byte == ';')
        chunks->state = EXTENSION;
    else
        return refuse_body(chunks, 400,
                           byte == '\n' ? "the line of a chunk's size ends in a bare LF"
                                        : "an invalid size of a chunk");
    return FIRN_OK;
}

/* Extensions are passed over; what could end their line early is refused. */
static firn_status take_extension(firn_http_chunks *chunks, uint8_t byte)
{
    if (++chunks->extensions > FIRN_HTTP_EXTENSION_BYTES)
        return refuse_body(chunks, 413, "too many chunk extensions");
    if (chunks->state == EXTENSION && byte == '\r')
        chunks->state = SIZE_LF;
    else if ((firn_http_class[byte] & FIRN_HTTP_CLASS_TEXT) == 0)
        return refuse_body(chunks, 400, "a control byte in a chunk extension");
    else if (chunks->state == ESCAPED)
        chunks->state = QUOTED;
    else if (chunks->state == QUOTED)
        chunks->state = byte == '\\' ? ESCAPED : byte == '"' ? EXTENSION : QUOTED;
    else if (byte == '"')
        chunks->state = QUOTED;
    return FIRN_OK;
}

static firn_status take_framing(firn_http_chunks *chunks, uint8_t byte)
{
    switch (chunks->state) {
    case SIZE:
        return take_size(chunks, byte);
    case EXTENSION:
    case QUOTED:
    case ESCAPED:
        return take_extension(chunks, byte);
    case SIZE_LF:
        if (byte != '\n')
            return refuse_body(chunks, 400, "a bare CR behind the size of a chunk");
        chunks->is_done = chunks->left == 0;
        chunks->state = chunks->is_done ? DONE : DATA;
        return FIRN_OK;
    case DATA_CR:
        if (byte != '\r')
            return refuse_body(chunks, 400, "a chunk longer than its size");
        chunks->state = DATA_LF;
        return FIRN_OK;
    case DATA_LF:
        if (byte != '\n')
            return refuse_body(chunks, 400, "a bare CR behind a chunk");
        chunks->state = SIZE;
        chunks->digits = 0;
        return FIRN_OK;
    default:
        return FIRN_CORRUPT;
    }
}

firn_status firn_http_chunks_next(firn_http_chunks *chunks, const char *data, size_t size,
                                  size_t *ret_used, firn_http_text *ret_part)
{
    size_t used = 0;
    while (used < size && chunks->state != DATA && chunks->state != DONE) {
        firn_status status = take_framing(chunks, (uint8_t)data[used]);
        if (status != FIRN_OK)
            return status;
        used++;
    }
    firn_http_text part = {(uint32_t)used, 0};
    if (chunks->state == REFUSED)
        return FIRN_CORRUPT;
    if (chunks->state == DATA && used < size) {
        uint64_t there = size - used < UINT32_MAX / 2 ? size - used : UINT32_MAX / 2;
        part.size = (uint32_t)(there < chunks->left ? there : chunks->left);
        chunks->left -= part.size;
        chunks->state = chunks->left == 0 ? DATA_CR : DATA;
    }
    *ret_used = used + part.size;
    *ret_part = part;
    return part.size > 0 || chunks->state == DONE ? FIRN_OK : FIRN_END_OF_DATA;
}

size_t firn_http_chunk_head(char *out, uint64_t size)
{
    size_t digits = 1;
    while (digits < 16 && size >> (4 * digits) != 0)
        digits++;
    for (size_t i = 0; i < digits; i++)
        out[i] = "0123456789abcdef"[size >> (4 * (digits - 1 - i)) & 15];
    out[digits] = '\r';
    out[digits + 1] = '\n';
    return digits + 2;
}
