/* What the client receives: a reply's head, past interim ones, and its body as it is framed. See
 * client.h for the buffer. Called by client.c and client_request.c, and by users. */
#include "http/client.h"

#include <firn/system.h>

#include <errno.h>
#include <stdio.h>
#include <string.h>

#define INTERIM_MAX 16u  /* replies with 1xx before the final one */
#define READ_BYTES 1024u /* room to read into, at least */
#define PARSER_HEAD_MAX (1u << 24)

static firn_status fail_at(firn_http_reply *reply, firn_status status)
{
    reply->phase = PHASE_BROKEN;
    reply->failure = status;
    return status;
}

static firn_status malformed(firn_http_reply *reply, firn_error *ret_error, const char *because)
{
    char why[120];
    snprintf(why, sizeof why, "the reply is not as HTTP has it: %s", because);
    return fail_at(reply, firn_http_tell(ret_error, &reply->url, FIRN_CORRUPT, 0, why));
}

static firn_status beyond(firn_http_reply *reply, firn_error *ret_error, firn_status status)
{
    return fail_at(reply, firn_http_tell(ret_error, &reply->url, status, 0,
                                         status == FIRN_LIMIT
                                             ? "the fields of the reply are beyond the limits of "
                                               "the profile; choose a larger one"
                                             : "out of memory"));
}

/* Reads once, behind what is used or to where the caller wants it. */
static firn_status read_some(firn_http_reply *reply, void *data, size_t size, size_t *ret_size,
                             firn_error *ret_error)
{
    const uint64_t until = firn_http_connection_patience(reply);
    /* What comes without end must end as well: reading does not look at the time while it comes. */
    const bool late = until == reply->deadline_ns && until != 0 && firn_clock_ns() >= until;
    int error =
        late ? ETIMEDOUT : firn_http_stream_read(&reply->stream, data, size, until, ret_size);
    if (error == 0)
        return FIRN_OK;
    if (error == ETIMEDOUT)
        return fail_at(reply, firn_http_tell(ret_error, &reply->url, FIRN_TIMEOUT, error,
                                             "the server did not go on within the time"));
    return fail_at(reply, firn_http_tell(ret_error, &reply->url,
                                         error == ENOMEM ? FIRN_NO_MEMORY : FIRN_IO, error,
                                         strerror(error)));
}

/* --- the head --- */

static firn_status begin_head(firn_http_reply *reply, firn_http_method method)
{
    const firn_http_limits limits = {.head_bytes = PARSER_HEAD_MAX};
    firn_status status = firn_http_head_begin(&reply->head, FIRN_HTTP_RESPONSE, &limits,
                                              reply->fields, reply->field_capacity);
    reply->head.method = method;
    return status;
}

void firn_http_reply_begin(firn_http_reply *reply, firn_http_method method)
{
    (void)!begin_head(reply, method); /* its limits are in range */
    memset(&reply->trailers, 0, sizeof reply->trailers);
    memset(&reply->chunks, 0, sizeof reply->chunks);
    reply->body_at = reply->read_at = reply->used = reply->start;
    reply->part = 0;
    reply->left = reply->sent_bytes = 0;
    reply->interim_count = 0;
    reply->phase = PHASE_HEAD;
    reply->has_continue = reply->is_sent = false;
    reply->failure = FIRN_OK;
}

/* Passes over an interim reply, whose size is known; what follows it goes to its place. */
static firn_status pass_interim(firn_http_reply *reply, firn_error *ret_error)
{
    const uint32_t size = reply->head.size;
    if (reply->head.status == 101)
        return malformed(reply, ret_error, "another protocol, which nobody asked for");
    if (++reply->interim_count > INTERIM_MAX)
        return malformed(reply, ret_error, "too many interim replies");
    reply->has_continue |= reply->head.status == 100;
    memmove(reply->buffer + reply->start, reply->buffer + reply->start + size,
            reply->used - reply->start - size);
    reply->used -= size;
    return begin_head(reply, reply->head.method);
}

static void begin_body(firn_http_reply *reply)
{
    reply->body_at = reply->read_at = reply->start + reply->head.size;
    reply->left = reply->head.length;
    reply->phase = reply->head.body == FIRN_HTTP_BODY_NONE ? PHASE_DONE : PHASE_BODY;
}

/* Parses what there is. */
static firn_status take_head(firn_http_reply *reply, firn_error *ret_error)
{
    const uint32_t limit = reply->client->profile->head_limit;
    while (reply->used > reply->start) {
        const uint32_t there = reply->used - reply->start;
        firn_status status =
            firn_http_head_parse(&reply->head, reply->buffer + reply->start, there);
        if (status == FIRN_LIMIT) {
            status = firn_http_connection_grow_fields(reply);
            if (status != FIRN_OK)
                return beyond(reply, ret_error, status);
            continue;
        }
        if (status == FIRN_CORRUPT)
            return malformed(reply, ret_error, reply->head.because);
        if ((status == FIRN_OK ? reply->head.size : there) > limit)
            return beyond(reply, ret_error, FIRN_LIMIT);
        if (status != FIRN_OK)
            return status;
        if (reply->head.status >= 200) {
            begin_body(reply);
            return FIRN_OK;
        }
        status = pass_interim(reply, ret_error);
        if (status != FIRN_OK)
            return status;
    }
    return FIRN_END_OF_DATA;
}

firn_status firn_http_reply_receive(firn_http_reply *reply, firn_error *ret_error)
{
    size_t got = 0;
    firn_status status = firn_http_connection_grow(reply, READ_BYTES);
    if (status != FIRN_OK)
        return beyond(reply, ret_error, status);
    status = read_some(reply, reply->buffer + reply->used, reply->capacity - reply->used, &got,
                       ret_error);
    if (status != FIRN_OK)
        return status;
    if (got == 0)
        return fail_at(reply, firn_http_tell(ret_error, &reply->url, FIRN_IO, ECONNRESET,
                                             "the server ended the connection before its reply"));
    reply->used += (uint32_t)got;
    return take_head(reply, ret_error);
}

/* --- the body --- */

static firn_status cut_short(firn_http_reply *reply, firn_error *ret_error)
{
    return fail_at(reply, firn_http_tell(ret_error, &reply->url, FIRN_IO, ECONNRESET,
                                         "the server ended the connection before the end of the "
                                         "body"));
}

/* Reads more behind what is not yet taken, which is kept. */
static firn_status refill(firn_http_reply *reply, firn_error *ret_error)
{
    size_t got = 0;
    const uint32_t kept = reply->used - reply->read_at;
    memmove(reply->buffer + reply->body_at, reply->buffer + reply->read_at, kept);
    reply->read_at = reply->body_at;
    reply->used = reply->body_at + kept;
    firn_status status = kept > reply->client->profile->head_limit
                             ? FIRN_LIMIT
                             : firn_http_connection_grow(reply, READ_BYTES);
    if (status != FIRN_OK)
        return beyond(reply, ret_error, status);
    status = read_some(reply, reply->buffer + reply->used, reply->capacity - reply->used, &got,
                       ret_error);
    if (status == FIRN_OK && got == 0)
        status = cut_short(reply, ret_error);
    reply->used += (uint32_t)got;
    return status;
}

static firn_status take_trailers(firn_http_reply *reply, firn_error *ret_error)
{
    for (;;) {
        const uint32_t there = reply->used - reply->read_at;
        firn_status status =
            firn_http_head_parse(&reply->trailers, reply->buffer + reply->read_at, there);
        if (status == FIRN_LIMIT) {
            status = firn_http_connection_grow_fields(reply);
            if (status != FIRN_OK)
                return beyond(reply, ret_error, status);
        } else if (status == FIRN_END_OF_DATA) {
            status = refill(reply, ret_error);
            if (status != FIRN_OK)
                return status;
        } else if (status == FIRN_CORRUPT) {
            return malformed(reply, ret_error, reply->trailers.because);
        } else {
            reply->body_at = reply->read_at; /* where they stand */
            reply->read_at += reply->trailers.size;
            reply->phase = PHASE_DONE;
            return FIRN_OK;
        }
    }
}

static firn_status begin_trailers(firn_http_reply *reply)
{
    const firn_http_limits limits = {.head_bytes = PARSER_HEAD_MAX};
    const uint32_t before = reply->head.field_count;
    reply->phase = PHASE_TRAILERS;
    return firn_http_head_begin(&reply->trailers, FIRN_HTTP_TRAILERS, &limits,
                                reply->fields + before, reply->field_capacity - before);
}

/* Finds the next piece of a body in chunks, of which part bytes stand at read_at; at its end, the
 * trailers are taken. */
static firn_status next_chunk(firn_http_reply *reply, firn_error *ret_error)
{
    while (reply->part == 0 && reply->phase == PHASE_BODY) {
        size_t used = 0;
        firn_http_text part;
        firn_status status =
            reply->read_at == reply->used
                ? FIRN_END_OF_DATA
                : firn_http_chunks_next(&reply->chunks, reply->buffer + reply->read_at,
                                        reply->used - reply->read_at, &used, &part);
        if (status == FIRN_CORRUPT)
            return malformed(reply, ret_error, reply->chunks.because);
        reply->read_at += (uint32_t)used;
        if (status == FIRN_OK) {
            reply->read_at -= part.size;
            reply->part = part.size;
            if (reply->chunks.is_done)
                status = begin_trailers(reply);
        } else {
            status = refill(reply, ret_error);
        }
        if (status != FIRN_OK)
            return status;
    }
    return reply->phase == PHASE_TRAILERS ? take_trailers(reply, ret_error) : FIRN_OK;
}

/* Takes up to so many bytes from the buffer. */
static size_t take_buffered(firn_http_reply *reply, void *data, uint64_t size)
{
    const uint32_t there = reply->used - reply->read_at;
    const size_t part = size < there ? (size_t)size : there;
    memcpy(data, reply->buffer + reply->read_at, part);
    reply->read_at += (uint32_t)part;
    return part;
}

/* A body with a length, or up to the connection's end: without a copy where nothing is buffered. */
static firn_status read_plain(firn_http_reply *reply, void *data, size_t size, size_t *ret_size,
                              firn_error *ret_error)
{
    const bool has_length = reply->head.body == FIRN_HTTP_BODY_LENGTH;
    size_t got = 0;
    if (has_length && size > reply->left)
        size = (size_t)reply->left;
    if (reply->read_at < reply->used) {
        got = take_buffered(reply, data, size);
    } else {
        firn_status status = read_some(reply, data, size, &got, ret_error);
        if (status != FIRN_OK)
            return status;
        if (got == 0 && has_length)
            return cut_short(reply, ret_error);
    }
    reply->left -= has_length ? got : 0;
    if (has_length ? reply->left == 0 : got == 0)
        reply->phase = PHASE_DONE;
    *ret_size = got;
    return FIRN_OK;
}

firn_status firn_http_reply_read(firn_http_reply *reply, void *data, size_t size, size_t *ret_size,
                                 firn_error *ret_error)
{
    if (size == 0)
        return FIRN_INVALID;
    if (reply->phase == PHASE_BROKEN)
        return firn_http_tell(ret_error, &reply->url, reply->failure, 0, "the reply failed before");
    if (reply->phase == PHASE_DONE) {
        *ret_size = 0;
        return FIRN_OK;
    }
    if (reply->head.body != FIRN_HTTP_BODY_CHUNKED)
        return read_plain(reply, data, size, ret_size, ret_error);
    firn_status status = next_chunk(reply, ret_error);
    if (status != FIRN_OK)
        return status;
    const size_t got = take_buffered(reply, data, size < reply->part ? size : reply->part);
    reply->part -= (uint32_t)got;
    *ret_size = got;
    return FIRN_OK;
}

/* --- looking at it, and its end --- */

const firn_http_head *firn_http_reply_head(const firn_http_reply *reply)
{
    return &reply->head;
}

const char *firn_http_reply_data(const firn_http_reply *reply)
{
    return reply->buffer + reply->start;
}

const firn_url *firn_http_reply_url(const firn_http_reply *reply)
{
    return &reply->url;
}

const firn_http_head *firn_http_reply_trailers(const firn_http_reply *reply, const char **ret_data)
{
    if (reply->phase != PHASE_DONE || reply->head.body != FIRN_HTTP_BODY_CHUNKED)
        return NULL;
    *ret_data = reply->buffer + reply->body_at;
    return &reply->trailers;
}

bool firn_http_reply_drain(firn_http_reply *reply, uint64_t limit_bytes)
{
    char data[4096];
    uint64_t taken = 0;
    while (reply->phase == PHASE_BODY) {
        size_t got = 0;
        const bool waits = reply->read_at == reply->used;
        if (taken >= limit_bytes && waits)
            return false;
        if (firn_http_reply_read(reply, data, sizeof data, &got, NULL) != FIRN_OK)
            return false;
        taken += got;
    }
    return reply->phase == PHASE_DONE;
}

void firn_http_reply_close(firn_http_reply *reply)
{
    if (reply == NULL)
        return;
    reply->deadline_ns = 0; /* nothing is waited for any more */
    const bool whole = reply->is_sent && reply->head.keep_alive && firn_http_reply_drain(reply, 0);
    firn_http_connection_put(reply, whole && reply->read_at == reply->used); /* I3 */
}
