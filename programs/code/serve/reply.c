/* The lines of an answer:
 *
 *   value   {"id":ID,"result":VALUE}            or {"id":ID,"error":{"code":C,"message":M}};
 *           {"id":ID,"result":PART,"error":…}   when it fails after a part was sent
 *   text    {"id":ID,"output":BYTES}            any number of them, then
 *           {"id":ID,"result":{"exit":N,"message":BYTES or null}}
 *
 * BYTES: each byte is the character of its number, so that any output survives. A value's PART is
 * made whole by the emitter before. */
#include "code/serve/reply.h"

#include "common/emitter.h"

#include <errno.h>
#include <stdio_ext.h>
#include <string.h>

#define FILE_BYTES 4096u
#define ESCAPE_BYTES 6u /* of one byte at most */
#define TAIL_BYTES 8u   /* kept free for a line's end */

static bool flush(struct reply *reply)
{
    if (!reply->is_lost && reply->used > 0) {
        reply->is_sent = reply->is_told = true;
        reply->is_lost = !reply->send(reply->context, reply->buffer, reply->used);
    }
    reply->used = 0;
    return !reply->is_lost;
}

static void put(struct reply *reply, const char *data, size_t size)
{
    while (size > 0) {
        if (reply->used == REPLY_BYTES)
            (void)flush(reply);
        size_t piece = REPLY_BYTES - reply->used;
        piece = piece < size ? piece : size;
        memcpy(reply->buffer + reply->used, data, piece);
        reply->used += piece;
        data += piece;
        size -= piece;
    }
}

static void put_text(struct reply *reply, const char *text)
{
    put(reply, text, strlen(text));
}

static void begin_line(struct reply *reply, const char *key)
{
    put_text(reply, "{\"id\":");
    put_text(reply, reply->id);
    put_text(reply, key);
    reply->is_begun = true;
}

static void put_byte(struct reply *reply, unsigned char byte)
{
    char escape[ESCAPE_BYTES + 1];
    if (byte == '"' || byte == '\\')
        put(reply, (const char[]){'\\', (char)byte}, 2);
    else if (byte == '\n')
        put(reply, "\\n", 2);
    else if (byte >= 0x80)
        put(reply, (const char[]){(char)(0xc0 | byte >> 6), (char)(0x80 | (byte & 0x3f))}, 2);
    else if (byte >= 0x20)
        put(reply, (const char *)&byte, 1);
    else
        put(reply, escape, (size_t)snprintf(escape, sizeof escape, "\\u%04x", byte));
}

/* A piece never runs over the buffer's end, so that each line is sent whole. */
static void put_pieces(struct reply *reply, const char *data, size_t size)
{
    for (size_t i = 0; i < size; i++) {
        if (reply->is_begun && reply->used + ESCAPE_BYTES + TAIL_BYTES > REPLY_BYTES) {
            put_text(reply, "\"}\n");
            reply->is_begun = false;
            (void)flush(reply);
        }
        if (!reply->is_begun)
            begin_line(reply, ",\"output\":\"");
        put_byte(reply, (unsigned char)data[i]);
    }
}

/* A value stands on one line: a line end can only come behind it. */
static void put_value(struct reply *reply, const char *data, size_t size)
{
    if (!reply->is_begun)
        begin_line(reply, ",\"result\":");
    while (size > 0) {
        const char *line_end = memchr(data, '\n', size);
        const size_t piece = line_end != NULL ? (size_t)(line_end - data) : size;
        put(reply, data, piece);
        data += line_end != NULL ? piece + 1 : piece;
        size -= line_end != NULL ? piece + 1 : piece;
    }
}

static ssize_t write_answer(void *cookie, const char *data, size_t size)
{
    struct reply *reply = cookie;
    if (reply->in_text)
        put_pieces(reply, data, size);
    else
        put_value(reply, data, size);
    if (!reply->is_lost)
        return (ssize_t)size;
    errno = EPIPE;
    return 0;
}

firn_status reply_init(struct reply *reply)
{
    const cookie_io_functions_t functions = {.write = write_answer};
    *reply = (struct reply){.buffer = firn_allocate(NULL, REPLY_BYTES + FILE_BYTES)};
    if (reply->buffer == NULL)
        return FIRN_NO_MEMORY;
    reply->out = fopencookie(reply, "w", functions);
    if (reply->out == NULL) {
        reply_fini(reply);
        return FIRN_NO_MEMORY;
    }
    (void)setvbuf(reply->out, reply->buffer + REPLY_BYTES, _IOFBF, FILE_BYTES);
    return FIRN_OK;
}

void reply_fini(struct reply *reply)
{
    if (reply->out != NULL)
        (void)fclose(reply->out);
    firn_release(NULL, reply->buffer, REPLY_BYTES + FILE_BYTES);
    *reply = (struct reply){.out = NULL};
}

void reply_begin(struct reply *reply, reply_send_fn send, void *context, const char *id,
                 bool in_text)
{
    reply->send = send;
    reply->context = context;
    reply->id = id;
    reply->in_text = in_text;
    reply->is_begun = reply->is_sent = reply->is_told = reply->is_lost = false;
    reply->used = 0;
    __fpurge(reply->out); /* of an answer that was left */
    clearerr(reply->out);
}

/* Takes over what the stream holds. */
static void drain(struct reply *reply)
{
    (void)fflush(reply->out);
}

static void end_piece(struct reply *reply)
{
    drain(reply);
    if (reply->is_begun)
        put_text(reply, "\"}\n");
    reply->is_begun = false;
}

void reply_announce(struct reply *reply)
{
    if (!reply->is_begun)
        begin_line(reply, ",\"output\":\"");
    end_piece(reply);
    (void)flush(reply);
    reply->is_told = false;
}

bool reply_restart(struct reply *reply)
{
    if (reply->is_told || reply->is_lost)
        return false;
    reply->is_begun = false;
    reply->used = 0;
    __fpurge(reply->out);
    clearerr(reply->out);
    return true;
}

bool reply_end(struct reply *reply)
{
    drain(reply);
    put_text(reply, "}\n");
    return flush(reply);
}

bool reply_end_text(struct reply *reply, int exit_status, const char *message)
{
    char text[48];
    end_piece(reply);
    begin_line(reply, ",\"result\":{\"exit\":");
    (void)snprintf(text, sizeof text, "%d,\"message\":%s", exit_status,
                   message != NULL ? "\"" : "null}}\n");
    put_text(reply, text);
    for (; message != NULL && *message != '\0'; message++)
        put_byte(reply, (unsigned char)*message);
    if (message != NULL)
        put_text(reply, "\"}}\n");
    return flush(reply);
}

bool reply_fail(struct reply *reply, const char *code, const char *message)
{
    struct emitter emitter;
    if (reply->in_text)
        end_piece(reply);
    else
        drain(reply);
    if (!reply->is_sent || reply->in_text) {
        reply->used = reply->is_sent ? reply->used : 0;
        begin_line(reply, "");
    }
    reply->in_text = false;
    put_text(reply, ",\"error\":");
    emitter_begin_line(&emitter, reply->out, true);
    emitter_object_begin(&emitter, NULL);
    emitter_text(&emitter, "code", code);
    emitter_text(&emitter, "message", message);
    emitter_object_end(&emitter);
    drain(reply);
    put_text(reply, "}\n");
    return flush(reply);
}
