/* What the client sends: a head, gathered in the buffer before anything is read into it, and a body
 * from memory or a producer. While a body is sent, a reply that comes early is looked at: one that
 * refuses (300 and above) ends the sending. Called by client.c. */
#include "http/client.h"

#include "http/class.h"

#include <firn/system.h>

#include <errno.h>
#include <string.h>

#define PIECE_BYTES 16384u
#define CONTINUE_MS 1000u

/* --- what cannot be sent --- */

static bool is_token(const char *text)
{
    if (*text == '\0')
        return false;
    for (; *text != '\0'; text++)
        if ((firn_http_class[(uint8_t)*text] & FIRN_HTTP_CLASS_TOKEN) == 0)
            return false;
    return true;
}

static bool is_value(const char *text)
{
    for (; *text != '\0'; text++)
        if ((firn_http_class[(uint8_t)*text] & FIRN_HTTP_CLASS_TEXT) == 0)
            return false;
    return true;
}

static bool is_named(const char *name, const char *lower)
{
    for (; *name != '\0' && *lower != '\0'; name++, lower++)
        if ((*name >= 'A' && *name <= 'Z' ? *name | 0x20 : *name) != *lower)
            return false;
    return *name == *lower;
}

static bool is_any_of(const char *name, const char *const *list)
{
    for (; *list != NULL; list++)
        if (is_named(name, *list))
            return true;
    return false;
}

static const char *const owned[] = {
    "host", "content-length", "transfer-encoding", "connection", "expect", "upgrade",
    "te",   "trailer",        "keep-alive",        NULL};
static const char *const secrets[] = {"authorization", "cookie", "proxy-authorization", NULL};
static const char *const of_body[] = {"content-type", "content-encoding", "content-language",
                                      "content-location", NULL};

/* The host goes into Host and to the resolver: escapes and what no name has are refused. */
static bool is_host(const firn_url *url)
{
    if (url->host.size >= HOST_BYTES)
        return false;
    for (size_t i = 0; i < url->host.size && url->kind == FIRN_URL_NAME; i++) {
        const char byte = url->text[url->host.offset + i];
        if (byte == '%' || (firn_http_class[(uint8_t)byte] & FIRN_HTTP_CLASS_HOST) == 0)
            return false;
    }
    return true;
}

firn_status firn_http_url_check(const firn_url *url, firn_error *ret_error)
{
    if (url->has_userinfo)
        return firn_http_tell(ret_error, url, FIRN_INVALID, 0,
                              "a name or password in the URL; give it as a field Authorization");
    if (!is_host(url))
        return firn_http_tell(ret_error, url, FIRN_INVALID, 0, "not the name of a host");
    return FIRN_OK;
}

firn_status firn_http_request_check(const firn_http_request *request, firn_error *ret_error)
{
    for (size_t i = 0; i < sizeof request->reserved / sizeof request->reserved[0]; i++)
        if (request->reserved[i] != 0)
            return firn_error_set(ret_error, FIRN_INVALID, 0, "a reserved field is not 0");
    if (request->method != NULL &&
        (!is_token(request->method) || strcmp(request->method, "CONNECT") == 0))
        return firn_error_set(ret_error, FIRN_INVALID, 0, "%.40s: not a method to send",
                              request->method);
    if (request->body_size > INT64_MAX &&
        (request->produce == NULL || request->body_size != FIRN_HTTP_UNKNOWN_LENGTH))
        return firn_error_set(ret_error, FIRN_INVALID, 0, "a body beyond all bounds");
    if (request->produce == NULL && request->body == NULL && request->body_size > 0)
        return firn_error_set(ret_error, FIRN_INVALID, 0, "a body of which only the size is there");
    for (size_t i = 0; i < request->field_count; i++) {
        const firn_http_pair *field = &request->fields[i];
        if (!is_token(field->name) || !is_value(field->value))
            return firn_error_set(ret_error, FIRN_INVALID, 0, "%.60s: not a field to send",
                                  field->name);
        if (is_any_of(field->name, owned))
            return firn_error_set(ret_error, FIRN_INVALID, 0, "%s: a field that the client sends",
                                  field->name);
    }
    return FIRN_OK;
}

/* --- the head --- */

/* Gathers the head in the buffer, as long as there is memory. */
struct gathering {
    firn_http_reply *reply;
    firn_status status;
};

static void put(struct gathering *to, const char *text, size_t size)
{
    firn_http_reply *reply = to->reply;
    if (to->status == FIRN_OK)
        to->status = firn_http_connection_grow(reply, (uint32_t)size);
    if (to->status != FIRN_OK)
        return;
    memcpy(reply->buffer + reply->used, text, size);
    reply->used += (uint32_t)size;
}

static void put_text(struct gathering *to, const char *text)
{
    put(to, text, strlen(text));
}

static void put_number(struct gathering *to, uint64_t value)
{
    char digits[20];
    size_t at = sizeof digits;
    do
        digits[--at] = (char)('0' + value % 10);
    while ((value /= 10) != 0);
    put(to, digits + at, sizeof digits - at);
}

static void put_target(struct gathering *to, const firn_url *url)
{
    if (url->path.size == 0)
        put(to, "/", 1);
    put(to, url->text + url->path.offset, url->path.size);
    if (url->has_query)
        put(to, url->text + url->query.offset - 1, url->query.size + (size_t)1);
}

static void put_host(struct gathering *to, const firn_url *url)
{
    const bool in_brackets = url->kind == FIRN_URL_IPV6;
    put_text(to, in_brackets ? "\r\nHost: [" : "\r\nHost: ");
    put(to, url->text + url->host.offset, url->host.size);
    if (in_brackets)
        put(to, "]", 1);
    if (url->port != (url->scheme == FIRN_URL_HTTPS ? 443 : 80)) {
        put(to, ":", 1);
        put_number(to, url->port);
    }
    put(to, "\r\n", 2);
}

static void put_field(struct gathering *to, const char *name, const char *value)
{
    put_text(to, name);
    put(to, ": ", 2);
    put_text(to, value);
    put(to, "\r\n", 2);
}

static void put_fields(struct gathering *to, const struct call *call)
{
    const firn_http_request *request = call->request;
    bool has_agent = call->client->user_agent == NULL, has_accept = false;
    for (size_t i = 0; i < request->field_count; i++) {
        const firn_http_pair *field = &request->fields[i];
        has_agent |= is_named(field->name, "user-agent");
        has_accept |= is_named(field->name, "accept");
        if ((call->drops_secrets && is_any_of(field->name, secrets)) ||
            (call->drops_body && is_any_of(field->name, of_body)))
            continue;
        put_field(to, field->name, field->value);
    }
    if (!has_agent)
        put_field(to, "User-Agent", call->client->user_agent);
    if (!has_accept)
        put_field(to, "Accept", "*/*");
}

static bool has_body(const struct call *call)
{
    return !call->drops_body && (call->request->produce != NULL || call->request->body_size > 0);
}

static bool is_chunked(const struct call *call)
{
    return call->request->produce != NULL && call->request->body_size == FIRN_HTTP_UNKNOWN_LENGTH;
}

static void put_framing(struct gathering *to, const struct call *call)
{
    const firn_http_method method = call->method;
    const bool expected =
        method == FIRN_HTTP_POST || method == FIRN_HTTP_PUT || method == FIRN_HTTP_PATCH;
    if (has_body(call) && is_chunked(call)) {
        put_text(to, "Transfer-Encoding: chunked\r\n");
    } else if (has_body(call) || expected) {
        put_text(to, "Content-Length: ");
        put_number(to, has_body(call) ? call->request->body_size : 0);
        put(to, "\r\n", 2);
    }
    if (has_body(call) && call->wants_continue)
        put_text(to, "Expect: 100-continue\r\n");
    put(to, "\r\n", 2);
}

static firn_status gather_head(const struct call *call, firn_http_reply *reply)
{
    struct gathering to = {.reply = reply};
    put_text(&to, call->method_text);
    put(&to, " ", 1);
    put_target(&to, &reply->url);
    put_text(&to, " HTTP/1.1");
    put_host(&to, &reply->url);
    put_fields(&to, call);
    put_framing(&to, call);
    return to.status;
}

/* --- sending --- */

/* What is being sent. */
struct sending {
    struct call *call;
    firn_http_reply *reply;
    int broken;   /* errno; 0: not */
    bool is_over; /* the reply ends it, or it is broken */
};

static firn_status tell_slow(struct sending *sending)
{
    return firn_http_tell(sending->call->ret_error, &sending->reply->url, FIRN_TIMEOUT, ETIMEDOUT,
                          "the server did not take the request within the time");
}

/* Looks at what came while the body is sent. */
static firn_status look(struct sending *sending)
{
    firn_status status = firn_http_reply_receive(sending->reply, sending->call->ret_error);
    if (status == FIRN_END_OF_DATA)
        return FIRN_OK;
    if (status == FIRN_OK && sending->reply->head.status < 300)
        return FIRN_OK; /* it takes the body, and answers already */
    sending->is_over = true;
    return status;
}

/* Sends parts, and looks at what comes once no more than so many parts are left. */
static firn_status send_parts(struct sending *sending, struct iovec *parts, size_t count,
                              size_t watched)
{
    firn_http_reply *reply = sending->reply;
    uint64_t until = firn_http_connection_patience(reply);
    count = firn_http_parts_take(&parts, count, 0);
    while (count > 0 && !sending->is_over) {
        size_t sent = 0;
        unsigned ready = 0, wanted = FIRN_HTTP_WRITABLE;
        int error = firn_http_stream_send(&reply->stream, parts, count, &sent);
        if (error == EAGAIN) {
            if (count <= watched && reply->phase == PHASE_HEAD)
                wanted |= FIRN_HTTP_READABLE;
            error = firn_http_stream_wait(&reply->stream, wanted, until, &ready);
            if (error == ETIMEDOUT || firn_clock_ns() >= until)
                return tell_slow(sending);
        }
        if (error != 0) {
            sending->broken = error;
            sending->is_over = true;
            return FIRN_OK;
        }
        reply->sent_bytes += sent;
        if (sent > 0 && count > 0)
            until = firn_http_connection_patience(reply);
        count = firn_http_parts_take(&parts, count, sent);
        if ((ready & FIRN_HTTP_READABLE) != 0) {
            firn_status status = look(sending);
            if (status != FIRN_OK)
                return status;
        }
    }
    return FIRN_OK;
}

/* Looks at what has come already, without waiting. */
static firn_status glance(struct sending *sending)
{
    unsigned ready = 0;
    if (sending->reply->phase != PHASE_HEAD ||
        firn_http_stream_wait(&sending->reply->stream, FIRN_HTTP_READABLE, 0, &ready) != 0 ||
        ready == 0)
        return FIRN_OK;
    return look(sending);
}

static firn_status break_off(struct sending *sending, const char *why)
{
    sending->is_over = sending->call->is_given_up = true;
    return firn_http_tell(sending->call->ret_error, &sending->reply->url, FIRN_IO, 0, why);
}

static firn_status send_piece(struct sending *sending, char *data, size_t size)
{
    char head[FIRN_HTTP_CHUNK_HEAD_BYTES];
    struct iovec parts[3] = {{head, 0}, {data, size}, {(void *)(uintptr_t) "\r\n", 0}};
    if (is_chunked(sending->call)) {
        parts[0].iov_len = firn_http_chunk_head(head, size);
        parts[2].iov_len = 2;
    }
    return send_parts(sending, parts, 3, 3);
}

static firn_status send_produced(struct sending *sending)
{
    char data[PIECE_BYTES];
    struct call *call = sending->call;
    const firn_http_request *request = call->request;
    const bool chunked = is_chunked(call);
    uint64_t left = request->body_size;
    firn_status status = FIRN_OK;
    while (status == FIRN_OK && !sending->is_over && left > 0) {
        const size_t room = left < sizeof data ? (size_t)left : sizeof data;
        call->is_produced = true;
        const size_t got = request->produce(request->produce_context, data, room);
        if (got > room)
            return break_off(sending, "the body of the request broke off");
        if (got == 0 && !chunked)
            return break_off(sending, "the body of the request is shorter than its size");
        if (got == 0)
            break;
        status = send_piece(sending, data, got);
        left -= chunked ? 0 : got;
        if (status == FIRN_OK && !sending->is_over)
            status = glance(sending);
    }
    if (status == FIRN_OK && !sending->is_over && chunked) {
        struct iovec last = {(void *)(uintptr_t)FIRN_HTTP_CHUNK_LAST, 5};
        status = send_parts(sending, &last, 1, 1);
    }
    return status;
}

/* Waits for 100 (Continue), for a reply that spares the body, or for a second. */
static firn_status await_continue(struct sending *sending)
{
    firn_http_reply *reply = sending->reply;
    uint64_t until = firn_clock_ns() + CONTINUE_MS * (uint64_t)1000000;
    until = until < reply->deadline_ns ? until : reply->deadline_ns;
    while (!reply->has_continue && !sending->is_over) {
        unsigned ready = 0;
        int error = firn_http_stream_wait(&reply->stream, FIRN_HTTP_READABLE, until, &ready);
        if (error == ETIMEDOUT)
            return FIRN_OK;
        if (error != 0) {
            sending->broken = error;
            sending->is_over = true;
            return FIRN_OK;
        }
        if (ready == 0)
            continue;
        firn_status status = firn_http_reply_receive(reply, sending->call->ret_error);
        sending->is_over = status != FIRN_END_OF_DATA;
        if (status != FIRN_END_OF_DATA && status != FIRN_OK)
            return status;
    }
    return FIRN_OK;
}

static firn_status send_all(struct sending *sending)
{
    const struct call *call = sending->call;
    firn_http_reply *reply = sending->reply;
    const bool waits = call->wants_continue && has_body(call);
    const bool together = has_body(call) && call->request->produce == NULL && !waits;
    struct iovec body = {(void *)(uintptr_t)call->request->body, (size_t)call->request->body_size};
    struct iovec parts[2] = {{reply->buffer + reply->start, reply->used - reply->start}, body};
    reply->used = reply->start; /* I2: from here on the buffer is the reply's, but for that */
    firn_status status = send_parts(sending, parts, together ? 2 : 1, together ? 1 : 0);
    if (status == FIRN_OK && waits && !sending->is_over)
        status = await_continue(sending);
    if (status != FIRN_OK || sending->is_over || !has_body(call) || together)
        return status;
    if (call->request->produce != NULL)
        return send_produced(sending);
    return send_parts(sending, &body, 1, 1);
}

firn_status firn_http_request_send(struct call *call, firn_http_reply *reply, int *ret_broken)
{
    struct sending sending = {.call = call, .reply = reply};
    firn_status status = gather_head(call, reply);
    if (status != FIRN_OK)
        return firn_http_tell(call->ret_error, &reply->url, status, 0, "out of memory");
    count_one(&call->client->requests);
    status = send_all(&sending);
    reply->is_sent = status == FIRN_OK && !sending.is_over;
    *ret_broken = sending.broken;
    return status;
}
