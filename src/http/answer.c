/* What handlers answer: a head in the loop's buffer, and then a body from memory, a file or a
 * producer. Called by handlers and exchange.c; calls output.c.
 *
 * Bodies: with a length where it is known; in chunks where not, to HTTP/1.0 up to the end of the
 * connection. None goes with HEAD, 204 and 304 (RFC 9110, 6.4.1), whatever the handler gives. */
#include "core/os.h"
#include "http/class.h"
#include "http/transport.h"

#include <errno.h>
#include <string.h>

#define FILE_COPY_MAX 16384u /* bytes that go through memory, in one write with their head */
#define FILE_PART_MAX (1u << 20)
#define PRODUCE_BYTES 16384u
#define PRODUCE_ROUNDS 16 /* before others have their turn */

static bool put(struct firn_http_exchange *exchange, const void *data, size_t size)
{
    if (!output_put(exchange->connection, data, size))
        exchange->is_broken = true;
    return !exchange->is_broken;
}

static bool put_text(struct firn_http_exchange *exchange, const char *text)
{
    return put(exchange, text, strlen(text));
}

/* --- heads --- */

static size_t write_number(char *out, uint64_t value)
{
    size_t count = 1;
    for (uint64_t rest = value; rest >= 10; rest /= 10)
        count++;
    for (size_t i = count; i-- > 0; value /= 10)
        out[i] = (char)('0' + value % 10);
    return count;
}

/* The status line of any but 200. */
static void put_status(struct firn_http_exchange *exchange, uint16_t status)
{
    char line[64];
    const char *reason = firn_http_reason(status);
    const size_t reason_size = strlen(reason);
    memcpy(line, "HTTP/1.1 ", 9);
    size_t size = 9 + write_number(line + 9, status);
    line[size++] = ' ';
    memcpy(line + size, reason, reason_size);
    size += reason_size;
    memcpy(line + size, "\r\n", 2);
    put(exchange, line, size + 2);
}

firn_status firn_http_answer_begin(firn_http_exchange *exchange, uint16_t status)
{
    const struct loop *loop = exchange->connection->loop;
    if (exchange->answer != ANSWER_NONE || status < 200 || status > 599)
        return FIRN_INVALID;
    exchange->answer = ANSWER_BEGUN;
    exchange->status = status;
    /* In one piece with what follows: 1,660 instructions a request, for 1,820. */
    if (status == 200)
        return put(exchange, loop->lead, loop->lead_size) ? FIRN_OK : FIRN_NO_MEMORY;
    put_status(exchange, status);
    return put(exchange, loop->lead + LEAD_STATUS_BYTES, loop->lead_size - LEAD_STATUS_BYTES)
               ? FIRN_OK
               : FIRN_NO_MEMORY;
}

static bool is_name(const char *name, size_t size)
{
    uint8_t all = FIRN_HTTP_CLASS_TOKEN;
    for (size_t i = 0; i < size; i++)
        all &= firn_http_class[(uint8_t)name[i]];
    return size > 0 && all != 0;
}

bool firn_http_is_text(const char *value, size_t size)
{
    const uint64_t ones = UINT64_MAX / 255, tops = ones << 7;
    size_t at = 0;
    for (; size - at >= 8; at += 8) { /* as long as there is neither a control nor a tab */
        uint64_t eight;
        memcpy(&eight, value + at, 8);
        uint64_t below_space = (eight - ones * 32) & ~eight;
        uint64_t not_delete = eight ^ ones * 127;
        if (((below_space | ((not_delete - ones) & ~not_delete)) & tops) != 0)
            break;
    }
    for (; at < size; at++)
        if ((firn_http_class[(uint8_t)value[at]] & FIRN_HTTP_CLASS_TEXT) == 0)
            return false;
    return true;
}

/* A field whose name is known to be one. */
static firn_status put_field(struct firn_http_exchange *exchange, const char *name,
                             size_t name_size, const char *value, size_t size)
{
    if (exchange->answer != ANSWER_BEGUN || !firn_http_is_text(value, size))
        return FIRN_INVALID;
    char *room = output_room(exchange->connection, name_size + size + 4);
    if (room != NULL) {
        memcpy(room, name, name_size);
        memcpy(room + name_size, ": ", 2);
        memcpy(room + name_size + 2, value, size);
        memcpy(room + name_size + 2 + size, "\r\n", 2);
    } else {
        put(exchange, name, name_size);
        put(exchange, ": ", 2);
        put(exchange, value, size);
        put(exchange, "\r\n", 2);
    }
    return exchange->is_broken ? FIRN_NO_MEMORY : FIRN_OK;
}

firn_status firn_http_answer_field(firn_http_exchange *exchange, const char *name,
                                   const char *value, size_t size)
{
    const size_t name_size = strlen(name);
    return is_name(name, name_size) ? put_field(exchange, name, name_size, value, size)
                                    : FIRN_INVALID;
}

/* Whether there is a body at all, whatever its size. */
static bool may_have_body(const struct firn_http_exchange *exchange)
{
    return exchange->head.method != FIRN_HTTP_HEAD && exchange->status != 204 &&
           exchange->status != 304;
}

/* Tells what becomes of the connection, and ends the head. */
static bool put_last_lines(struct firn_http_exchange *exchange)
{
    struct connection *connection = exchange->connection;
    if (connection->loop->is_stopping)
        connection->closes = true;
    if (connection->closes)
        put_text(exchange, "Connection: close\r\n");
    else if (exchange->head.minor == 0)
        put_text(exchange, "Connection: keep-alive\r\n");
    return put(exchange, "\r\n", 2);
}

/* Ends the head of an answer whose body has a length. */
static bool end_head(struct firn_http_exchange *exchange, uint64_t length)
{
    char line[48];
    if (exchange->status != 204 && (exchange->status != 304 || length > 0)) {
        memcpy(line, "Content-Length: ", 16);
        size_t size = 16 + write_number(line + 16, length);
        memcpy(line + size, "\r\n", 2);
        put(exchange, line, size + 2);
    }
    return put_last_lines(exchange);
}

firn_status firn_http_answer_body(firn_http_exchange *exchange, const void *data, size_t size)
{
    if (exchange->answer != ANSWER_BEGUN)
        return FIRN_INVALID;
    end_head(exchange, size);
    if (may_have_body(exchange) && size > 0 && put(exchange, data, size))
        exchange->sent_bytes = size;
    exchange->answer = ANSWER_DONE;
    return exchange->is_broken ? FIRN_NO_MEMORY : FIRN_OK;
}

firn_status firn_http_answer(firn_http_exchange *exchange, uint16_t status, const char *type,
                             const void *body, size_t size)
{
    firn_status result = firn_http_answer_begin(exchange, status);
    if (result == FIRN_OK && type != NULL)
        result = put_field(exchange, "Content-Type", 12, type, strlen(type));
    return result == FIRN_OK ? firn_http_answer_body(exchange, body, size) : result;
}

void firn_http_answer_refusal(struct connection *connection, uint16_t status)
{
    struct firn_http_exchange *exchange = &connection->block->exchange;
    const char *reason = firn_http_reason(status);
    char text[80];
    size_t size = write_number(text, status);
    text[size++] = ' ';
    memcpy(text + size, reason, strlen(reason) + 1);
    size += strlen(reason);
    text[size++] = '\n';
    connection->closes = true;
    exchange->head.method = FIRN_HTTP_GET; /* whatever it was */
    if (firn_http_answer(exchange, status, "text/plain", text, size) != FIRN_OK)
        exchange->is_broken = true;
}

/* --- files --- */

static void close_file(struct firn_http_exchange *exchange)
{
    if (exchange->file >= 0)
        (void)firn_os_close(exchange->file);
    exchange->file = -1;
}

/* A small one leaves in one write with its head. */
static void copy_file(struct firn_http_exchange *exchange)
{
    char data[FILE_COPY_MAX];
    size_t got = 0;
    int error = firn_os_read_at(exchange->file, exchange->file_offset, data,
                                (size_t)exchange->answer_left, &got);
    if (error != 0 || got < exchange->answer_left)
        exchange->is_broken = true;
    else if (put(exchange, data, got))
        exchange->sent_bytes = got;
    exchange->answer_left = 0;
}

firn_status firn_http_answer_file(firn_http_exchange *exchange, int fd, uint64_t offset,
                                  uint64_t size)
{
    if (exchange->answer != ANSWER_BEGUN) {
        (void)firn_os_close(fd);
        return FIRN_INVALID;
    }
    end_head(exchange, size);
    exchange->file = fd;
    exchange->file_offset = offset;
    exchange->answer_left = may_have_body(exchange) ? size : 0;
    if (exchange->answer_left > 0 && exchange->answer_left <= FILE_COPY_MAX)
        copy_file(exchange);
    exchange->answer = exchange->answer_left > 0 ? ANSWER_FILE : ANSWER_DONE;
    if (exchange->answer == ANSWER_DONE)
        close_file(exchange);
    return exchange->is_broken ? FIRN_NO_MEMORY : FIRN_OK;
}

/* The next part of a file, in one go with the head and, as it is encrypted, through memory. */
static enum sent send_part(struct firn_http_exchange *exchange)
{
    struct connection *connection = exchange->connection;
    size_t room, got = 0;
    char *data = firn_http_output_room(connection, &room);
    if (room > exchange->answer_left)
        room = (size_t)exchange->answer_left;
    int error = firn_os_read_at(exchange->file, exchange->file_offset, data, room, &got);
    if (error != 0 || (got == 0 && room > 0)) /* the file is shorter than it was */
        return SENT_BROKEN;
    firn_http_output_fill(connection, got);
    exchange->file_offset += got;
    exchange->answer_left -= got;
    exchange->sent_bytes += got;
    return firn_http_output_flush(connection, false);
}

static enum sent send_file_secure(struct firn_http_exchange *exchange)
{
    enum sent sent = SENT_ALL;
    if (firn_http_output_waits(exchange->connection))
        sent = firn_http_output_flush(exchange->connection, true);
    for (int round = 0; sent == SENT_ALL && exchange->answer_left > 0; round++) {
        if (round == PRODUCE_ROUNDS)
            return SENT_SOME;
        sent = send_part(exchange);
    }
    if (sent == SENT_ALL) {
        close_file(exchange);
        exchange->answer = ANSWER_DONE;
    }
    return sent;
}

static enum sent send_file(struct firn_http_exchange *exchange)
{
    struct connection *connection = exchange->connection;
    if (transport_is_secure(connection))
        return send_file_secure(exchange);
    enum sent sent = firn_http_output_flush(connection, true);
    for (int round = 0; sent == SENT_ALL && exchange->answer_left > 0; round++) {
        size_t got = 0;
        uint64_t left = exchange->answer_left;
        if (round == PRODUCE_ROUNDS)
            return SENT_SOME;
        int error = firn_os_sendfile(connection->fd, exchange->file, exchange->file_offset,
                                     left < FILE_PART_MAX ? (size_t)left : FILE_PART_MAX, &got);
        if (error == EAGAIN)
            return SENT_SOME;
        if (error != 0 || got == 0) /* the file is shorter than it was */
            return SENT_BROKEN;
        exchange->file_offset += got;
        exchange->answer_left -= got;
        exchange->sent_bytes += got;
        count(&connection->loop->stats.sent, (int64_t)got);
    }
    if (sent == SENT_ALL) {
        close_file(exchange);
        exchange->answer = ANSWER_DONE;
    }
    return sent;
}

/* --- streams --- */

firn_status firn_http_answer_stream(firn_http_exchange *exchange, uint64_t length,
                                    firn_http_produce_fn produce, void *context)
{
    if (exchange->answer != ANSWER_BEGUN || produce == NULL)
        return FIRN_INVALID;
    exchange->produce = produce;
    exchange->produce_context = context;
    exchange->answer_left = length;
    exchange->is_chunked = length == FIRN_HTTP_UNKNOWN_LENGTH && exchange->head.minor > 0;
    if (length != FIRN_HTTP_UNKNOWN_LENGTH) {
        end_head(exchange, length);
    } else {
        if (exchange->is_chunked && may_have_body(exchange))
            put_text(exchange, "Transfer-Encoding: chunked\r\n");
        else if (!exchange->is_chunked)
            exchange->connection->closes = true;
        put_last_lines(exchange);
    }
    exchange->answer = may_have_body(exchange) && length > 0 ? ANSWER_STREAM : ANSWER_DONE;
    return exchange->is_broken ? FIRN_NO_MEMORY : FIRN_OK;
}

static void put_piece(struct firn_http_exchange *exchange, const char *data, size_t size)
{
    char head[FIRN_HTTP_CHUNK_HEAD_BYTES];
    if (exchange->is_chunked)
        put(exchange, head, firn_http_chunk_head(head, size));
    put(exchange, data, size);
    if (exchange->is_chunked)
        put(exchange, "\r\n", 2);
    exchange->sent_bytes += size;
}

static void end_stream(struct firn_http_exchange *exchange)
{
    bool is_short = exchange->answer_left != FIRN_HTTP_UNKNOWN_LENGTH && exchange->answer_left > 0;
    if (is_short)
        exchange->is_broken = true;
    else if (exchange->is_chunked)
        put_text(exchange, FIRN_HTTP_CHUNK_LAST);
    exchange->answer = ANSWER_DONE;
}

/* One piece from the producer. */
static void produce_piece(struct firn_http_exchange *exchange)
{
    char data[PRODUCE_BYTES];
    const uint64_t left = exchange->answer_left;
    const bool known = left != FIRN_HTTP_UNKNOWN_LENGTH;
    const size_t room = known && left < sizeof data ? (size_t)left : sizeof data;
    exchange->in_call = true;
    size_t got = exchange->produce(exchange->produce_context, data, room);
    exchange->in_call = false;
    if (got == FIRN_HTTP_LATER) {
        exchange->is_later = true;
    } else if (got == 0) {
        end_stream(exchange);
    } else if (got > room) { /* FIRN_HTTP_BROKEN, too */
        exchange->is_broken = true;
    } else {
        put_piece(exchange, data, got);
        exchange->answer_left -= known ? got : 0;
        if (known && exchange->answer_left == 0)
            end_stream(exchange);
    }
}

static enum sent send_stream(struct firn_http_exchange *exchange)
{
    struct connection *connection = exchange->connection;
    enum sent sent = firn_http_output_flush(connection, false);
    for (int round = 0; sent == SENT_ALL && exchange->answer == ANSWER_STREAM; round++) {
        if (exchange->is_later || exchange->is_broken)
            break;
        if (round == PRODUCE_ROUNDS)
            return SENT_SOME;
        produce_piece(exchange);
        if (!exchange->is_broken)
            sent = firn_http_output_flush(connection, false);
    }
    return exchange->is_broken ? SENT_BROKEN : sent;
}

enum sent firn_http_answer_go_on(struct connection *connection)
{
    struct firn_http_exchange *exchange = &connection->block->exchange;
    if (exchange->is_broken)
        return SENT_BROKEN;
    switch (exchange->answer) {
    case ANSWER_FILE:
        return send_file(exchange);
    case ANSWER_STREAM:
        return send_stream(exchange);
    default:
        return SENT_ALL;
    }
}

void firn_http_answer_more(firn_http_exchange *exchange)
{
    exchange->is_later = false;
    if (!exchange->in_call)
        firn_http_connection_advance(exchange->connection);
}
