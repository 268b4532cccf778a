/* The fields that tell how a message is framed and what becomes of its connection (RFC 9112, 3.2,
 * 6 and 9; RFC 9110, 10.1.1). Called by lines.h for each field whose name has the size of one of
 * them, and at the empty line. */
#include "http/head.h"

static bool is_refused(firn_http_head *head, uint16_t status, const char *because)
{
    refuse(head, status, because);
    return false;
}

/* The value as it stands on its line, but for one blank before it. */
static bool is_bare(const firn_http_field *field, const uint8_t *data, const uint8_t *raw,
                    const uint8_t *raw_end)
{
    const uint8_t *value = data + field->value.offset;
    return value + field->value.size == raw_end &&
           (value == raw || (value == raw + 1 && *raw == ' '));
}

static bool note_host(firn_http_head *head, const uint8_t *data, const firn_http_field *field)
{
    const uint8_t *value = data + field->value.offset;
    if ((head->found & FOUND_HOST) != 0)
        return is_refused(head, 400, "more than one Host");
    head->found |= FOUND_HOST;
    if (head->kind == FIRN_HTTP_RESPONSE)
        return true;
    if (!firn_http_is_authority(value, field->value.size))
        return is_refused(head, 400, "an invalid Host");
    if (head->form == FIRN_HTTP_ABSOLUTE || head->form == FIRN_HTTP_AUTHORITY) {
        bool same = head->host.size == field->value.size;
        for (uint32_t i = 0; i < field->value.size && same; i++) {
            uint8_t a = data[head->host.offset + i], b = value[i];
            a |= a >= 'A' && a <= 'Z' ? 0x20 : 0;
            b |= b >= 'A' && b <= 'Z' ? 0x20 : 0;
            same = a == b;
        }
        return same || is_refused(head, 400, "a Host other than the target's");
    }
    head->host = field->value;
    return true;
}

static bool note_length(firn_http_head *head, const uint8_t *value, size_t size, bool bare)
{
    uint64_t length = 0;
    if ((head->found & FOUND_LENGTH) != 0)
        return is_refused(head, 400, "more than one Content-Length");
    if ((head->found & FOUND_CODING) != 0)
        return is_refused(head, 400, "Content-Length beside Transfer-Encoding");
    head->found |= FOUND_LENGTH;
    if (!bare || size == 0 || size > 19)
        return is_refused(head, 400, "an invalid Content-Length");
    for (size_t i = 0; i < size; i++) {
        if ((uint8_t)(value[i] - '0') > 9)
            return is_refused(head, 400, "an invalid Content-Length");
        length = length * 10 + (uint64_t)(value[i] - '0');
    }
    if (length > INT64_MAX)
        return is_refused(head, 413, "a Content-Length beyond all bounds");
    head->length = length;
    return true;
}

static bool note_coding(firn_http_head *head, const uint8_t *value, size_t size, bool bare)
{
    if ((head->found & FOUND_CODING) != 0)
        return is_refused(head, 400, "more than one Transfer-Encoding");
    if ((head->found & FOUND_LENGTH) != 0)
        return is_refused(head, 400, "Transfer-Encoding beside Content-Length");
    head->found |= FOUND_CODING;
    if (head->minor == 0)
        return is_refused(head, 400, "Transfer-Encoding in HTTP/1.0");
    if (!bare || size == 0)
        return is_refused(head, 400, "an empty Transfer-Encoding, or white space round it");
    if (size != 7 || !token_is(value, "chunked", 7))
        return is_refused(head, 501, "a transfer coding other than chunked alone");
    return true;
}

static bool note_expect(firn_http_head *head, const uint8_t *value, size_t size)
{
    if (head->kind != FIRN_HTTP_REQUEST || head->minor == 0)
        return true;
    if (size != 12 || !token_is(value, "100-continue", 12))
        return is_refused(head, 417, "an Expect other than 100-continue");
    head->found |= FOUND_CONTINUE;
    return true;
}

static void note_connection(firn_http_head *head, const uint8_t *data, firn_http_text value)
{
    const char *text = (const char *)data;
    const uint8_t *bytes = data + value.offset;
    if (value.size == 10 && token_is(bytes, "keep-alive", 10)) {
        head->found |= FOUND_KEEP_ALIVE;
        return;
    }
    if (value.size == 5 && token_is(bytes, "close", 5)) {
        head->found |= FOUND_CLOSE;
        return;
    }
    head->found |= firn_http_list_has(text, value, "close") ? FOUND_CLOSE : 0;
    head->found |= firn_http_list_has(text, value, "keep-alive") ? FOUND_KEEP_ALIVE : 0;
    head->found |= firn_http_list_has(text, value, "upgrade") ? FOUND_UPGRADE : 0;
}

static bool is_known(const uint8_t *name, size_t size)
{
    switch (size) {
    case 4:
        return token_is(name, "host", 4);
    case 6:
        return token_is(name, "expect", 6);
    case 7:
        return token_is(name, "upgrade", 7);
    case 10:
        return token_is(name, "connection", 10);
    case 14:
        return token_is(name, "content-length", 14);
    default:
        return token_is(name, "transfer-encoding", 17);
    }
}

bool firn_http_note(firn_http_head *head, const uint8_t *data, const firn_http_field *field,
                    const uint8_t *raw, const uint8_t *raw_end)
{
    const uint8_t *value = data + field->value.offset;
    size_t size = field->value.size;
    if (!is_known(data + field->name.offset, field->name.size))
        return true;
    if (head->kind == FIRN_HTTP_TRAILERS)
        return is_refused(head, 400, "a trailer that frames or routes a message");
    switch (field->name.size) {
    case 4:
        return note_host(head, data, field);
    case 6:
        return note_expect(head, value, size);
    case 7:
        head->found |= FOUND_UPGRADE_FIELD;
        return true;
    case 10:
        note_connection(head, data, field->value);
        return true;
    case 14:
        return note_length(head, value, size, is_bare(field, data, raw, raw_end));
    default:
        return note_coding(head, value, size, is_bare(field, data, raw, raw_end));
    }
}

/* --- all of them together --- */

static void settle_connection(firn_http_head *head)
{
    bool wants = head->minor > 0 || (head->found & FOUND_KEEP_ALIVE) != 0;
    head->keep_alive = wants && (head->found & FOUND_CLOSE) == 0;
    head->has_upgrade = head->minor > 0 && (head->found & FOUND_UPGRADE) != 0 &&
                        (head->found & FOUND_UPGRADE_FIELD) != 0;
}

static bool settle_request(firn_http_head *head)
{
    bool has_body = (head->found & (FOUND_LENGTH | FOUND_CODING)) != 0;
    if (head->minor > 0 && (head->found & FOUND_HOST) == 0)
        return is_refused(head, 400, "no Host");
    if (has_body && (head->method == FIRN_HTTP_TRACE || head->method == FIRN_HTTP_CONNECT))
        return is_refused(head, 400, "a body that its method cannot have");
    if ((head->found & FOUND_CODING) != 0)
        head->body = FIRN_HTTP_BODY_CHUNKED;
    else if (head->length > 0)
        head->body = FIRN_HTTP_BODY_LENGTH;
    head->has_continue = (head->found & FOUND_CONTINUE) != 0 && head->body != FIRN_HTTP_BODY_NONE;
    return true;
}

static void settle_response(firn_http_head *head)
{
    bool framed = (head->found & (FOUND_LENGTH | FOUND_CODING)) != 0;
    bool success = head->status / 100 == 2;
    if (head->status < 200 || head->status == 204) {
        head->keep_alive &= !framed || head->length == 0; /* whoever sends it may mean it */
    } else if (head->status == 304 || head->method == FIRN_HTTP_HEAD) {
        head->body = FIRN_HTTP_BODY_NONE;
    } else if (head->method == FIRN_HTTP_CONNECT && success) {
        head->keep_alive = false; /* what follows is the tunnel */
    } else if ((head->found & FOUND_CODING) != 0) {
        head->body = FIRN_HTTP_BODY_CHUNKED;
    } else if ((head->found & FOUND_LENGTH) != 0) {
        head->body = head->length > 0 ? FIRN_HTTP_BODY_LENGTH : FIRN_HTTP_BODY_NONE;
    } else {
        head->body = FIRN_HTTP_BODY_CLOSE;
        head->keep_alive = false;
    }
}

bool firn_http_settle(firn_http_head *head)
{
    settle_connection(head);
    if (head->kind == FIRN_HTTP_REQUEST)
        return settle_request(head);
    if (head->kind == FIRN_HTTP_RESPONSE)
        settle_response(head);
    return true;
}
