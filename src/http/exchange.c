/* Connections: what came is read and taken through the stages of an exchange, one after the other,
 * for as long as there is something to do; then what was gathered is sent in one write.
 *
 * A request is read when the one before is answered and sent, so that one who does not read what he
 * asked for is not read from either. With TLS a connection begins with its handshake. Called by
 * loop.c; calls block.c, answer.c, output.c.
 */
#include "core/os.h"
#include "http/transport.h"

#include <firn/system.h>

#include <errno.h>
#include <string.h>

#define BODY_LIMIT ((uint64_t)1 << 30)
#define LINGER_BYTES (64u << 10) /* read into nothing, in one go */

/* --- beginning and ending an exchange --- */

static void begin_message(struct connection *connection)
{
    struct block *block = connection->block;
    const firn_http_profile_info *profile = connection->loop->profile;
    const firn_http_limits limits = {profile->head_limit, profile->target_limit};
    struct firn_http_exchange *exchange = &block->exchange;
    memset(exchange, 0, offsetof(struct firn_http_exchange, head));
    exchange->connection = connection;
    exchange->file = -1;
    firn_status status = firn_http_head_begin(&exchange->head, FIRN_HTTP_REQUEST, &limits,
                                              block->fields, block->field_capacity);
    (void)status; /* the limits are the profiles' own */
    block->read_at = block->start;
}

static void forget_wakes(struct loop *loop, const struct firn_http_exchange *exchange)
{
    pthread_mutex_lock(&loop->mutex);
    for (struct wake *wake = loop->wakes; wake != NULL; wake = wake->next)
        if (wake->exchange == exchange)
            wake->exchange = NULL;
    pthread_mutex_unlock(&loop->mutex);
}

static void record(const struct firn_http_exchange *exchange)
{
    const struct loop *loop = exchange->connection->loop;
    if (loop->options->record == NULL || exchange->status == 0)
        return;
    const firn_http_record is = {.exchange = exchange,
                                 .data = firn_http_exchange_data(exchange),
                                 .head = &exchange->head,
                                 .status = exchange->status,
                                 .body_bytes = exchange->sent_bytes,
                                 .duration_ns = firn_clock_ns() - exchange->start_ns};
    loop->options->record(loop->options->record_context, &is);
}

static void close_file(struct firn_http_exchange *exchange)
{
    if (exchange->file >= 0)
        (void)firn_os_close(exchange->file);
    exchange->file = -1;
}

/* Tells those who asked that the exchange is over. */
static void end_exchange(struct connection *connection, bool whole)
{
    struct firn_http_exchange *exchange = &connection->block->exchange;
    if (exchange->connection == NULL) /* it never began, or has ended */
        return;
    record(exchange);
    close_file(exchange);
    if (exchange->wake_count > 0)
        forget_wakes(connection->loop, exchange);
    if (exchange->ended != NULL)
        exchange->ended(exchange->ended_context, whole);
    exchange->connection = NULL;
}

void firn_http_connection_close(struct connection *connection)
{
    struct loop *loop = connection->loop;
    if (connection->phase == PHASE_CLOSED)
        return;
    if (connection->block != NULL) {
        loop->out_size = 0; /* I2 */
        end_exchange(connection, false);
        firn_http_block_return(connection);
    }
    firn_http_deadline_end(connection);
    if (connection->phase == PHASE_IDLE) /* what is cut off must look so */
        transport_bye(connection);
    if (transport_is_secure(connection))
        firn_http_tls_end(transport_tls(connection));
    phase_set(connection, PHASE_CLOSED);
    (void)firn_os_close(connection->fd);
    connection->next = loop->dead;
    loop->dead = connection;
    loop->closed_count++;
    count(&loop->stats.connections, -1);
}

/* --- what the kernel is asked to tell --- */

static void set_interest(struct connection *connection, enum interest interest)
{
    static const uint32_t events[] = {[INTEREST_READ] = EPOLLIN,
                                      [INTEREST_WRITE] = EPOLLOUT,
                                      [INTEREST_NONE] = 0,
                                      [INTEREST_MORE] = EPOLLIN | EPOLLOUT};
    if (connection->interest == interest)
        return;
    connection->interest = (uint8_t)interest;
    if (firn_os_epoll_change(connection->loop->epoll, EPOLL_CTL_MOD, connection->fd,
                             events[interest], connection) != 0)
        firn_http_connection_close(connection);
}

static void wait_for(struct connection *connection, enum deadline deadline, enum interest interest)
{
    if (transport_is_secure(connection) && interest == INTEREST_READ &&
        firn_http_tls_has_more(transport_tls(connection)))
        interest = INTEREST_MORE;
    firn_http_deadline_go_on(connection, deadline);
    set_interest(connection, interest);
}

/* --- the stages; each returns whether there is more to be done at once --- */

static bool call_handler(struct connection *connection)
{
    struct loop *loop = connection->loop;
    struct firn_http_exchange *exchange = &connection->block->exchange;
    const firn_http_head *head = &exchange->head;
    connection->closes |= !head->keep_alive;
    exchange->has_body = head->body != FIRN_HTTP_BODY_NONE;
    exchange->body_left = head->length;
    if (head->body == FIRN_HTTP_BODY_CHUNKED)
        exchange->chunks = (firn_http_chunks){0};
    connection->block->read_at = connection->block->start + head->size;
    count(&loop->stats.requests, 1);
    phase_set(connection, exchange->has_body ? PHASE_BODY : PHASE_HANDLING);
    connection->holds = exchange->has_body;
    exchange->in_call = true;
    loop->options->handle(loop->options->context, exchange);
    exchange->in_call = false;
    if (exchange->has_body && head->has_continue && exchange->receive == NULL) {
        connection->closes = true; /* whether the body comes is the client's to choose */
        exchange->has_body = false;
        connection->holds = false;
        phase_set(connection, PHASE_HANDLING);
    }
    return true;
}

static bool refuse_request(struct connection *connection, uint16_t status)
{
    count(&connection->loop->stats.refused, 1);
    struct firn_http_exchange *exchange = &connection->block->exchange;
    if (connection->holds)
        firn_http_output_drop(connection);
    connection->holds = false;
    connection->closes = true;
    exchange->has_body = false;
    exchange->is_refused = true;
    exchange->answer = ANSWER_NONE;
    close_file(exchange);
    firn_http_answer_refusal(connection, status);
    phase_set(connection, PHASE_HANDLING);
    return true;
}

static uint64_t body_limit(const struct loop *loop)
{
    return loop->options->body_limit > 0 ? loop->options->body_limit : BODY_LIMIT;
}

/* Room for more fields, up to the profile's limit. */
static bool grow_fields(struct connection *connection)
{
    uint32_t limit = connection->loop->profile->field_limit;
    uint32_t fields = connection->block->field_capacity;
    if (fields >= limit)
        return false;
    return firn_http_block_grow_fields(connection, fields * 2 < limit ? fields * 2 : limit);
}

static bool read_head(struct connection *connection)
{
    struct block *block = connection->block;
    struct firn_http_exchange *exchange = &block->exchange;
    if (exchange->start_ns == 0 && connection->loop->options->record != NULL)
        exchange->start_ns = connection->loop->now_ns;
    firn_status status = firn_http_head_parse(&exchange->head, block->data + block->start,
                                              block->used - block->start);
    if (status == FIRN_LIMIT)
        return grow_fields(connection) || refuse_request(connection, 431);
    if (status == FIRN_CORRUPT)
        return refuse_request(connection, exchange->head.refusal);
    if (status != FIRN_OK)
        return false;
    if (exchange->head.body == FIRN_HTTP_BODY_LENGTH &&
        exchange->head.length > body_limit(connection->loop))
        return refuse_request(connection, 413);
    if (exchange->head.body != FIRN_HTTP_BODY_NONE) { /* I5 */
        enum sent sent = firn_http_output_flush(connection, false);
        if (sent == SENT_BROKEN)
            firn_http_connection_close(connection);
        if (sent != SENT_ALL)
            return false;
    }
    return call_handler(connection);
}

static void hand_piece(struct firn_http_exchange *exchange, const char *data, size_t size)
{
    if (exchange->receive == NULL)
        return;
    exchange->in_call = true;
    exchange->receive(exchange->receive_context, exchange, data, size);
    exchange->in_call = false;
}

static bool end_body(struct connection *connection)
{
    struct firn_http_exchange *exchange = &connection->block->exchange;
    exchange->has_body = false;
    connection->holds = false;
    phase_set(connection, PHASE_HANDLING);
    hand_piece(exchange, NULL, 0);
    return true;
}

static bool read_length(struct connection *connection)
{
    struct block *block = connection->block;
    struct firn_http_exchange *exchange = &block->exchange;
    size_t there = block->used - block->read_at;
    size_t size = there < exchange->body_left ? there : (size_t)exchange->body_left;
    if (size > 0) {
        const char *data = block->data + block->read_at;
        block->read_at += (uint32_t)size;
        exchange->body_left -= size;
        hand_piece(exchange, data, size);
    }
    return exchange->body_left == 0 && end_body(connection);
}

static bool read_trailers(struct connection *connection)
{
    struct block *block = connection->block;
    struct firn_http_exchange *exchange = &block->exchange;
    firn_status status = firn_http_head_parse(&exchange->trailers, block->data + block->read_at,
                                              block->used - block->read_at);
    if (status == FIRN_LIMIT)
        return grow_fields(connection) || refuse_request(connection, 431);
    if (status == FIRN_CORRUPT)
        return refuse_request(connection, exchange->trailers.refusal);
    if (status != FIRN_OK)
        return false;
    block->read_at += exchange->trailers.size;
    return end_body(connection);
}

static bool read_chunks(struct connection *connection)
{
    struct block *block = connection->block;
    struct firn_http_exchange *exchange = &block->exchange;
    size_t used;
    firn_http_text part;
    if (exchange->in_trailers)
        return read_trailers(connection);
    const char *data = block->data + block->read_at;
    firn_status status =
        firn_http_chunks_next(&exchange->chunks, data, block->used - block->read_at, &used, &part);
    if (status == FIRN_CORRUPT)
        return refuse_request(connection, exchange->chunks.refusal);
    block->read_at += (uint32_t)used;
    exchange->body_bytes += part.size;
    if (exchange->body_bytes > body_limit(connection->loop))
        return refuse_request(connection, 413);
    if (part.size > 0)
        hand_piece(exchange, data + part.offset, part.size);
    if (exchange->chunks.is_done) {
        const firn_http_profile_info *profile = connection->loop->profile;
        const firn_http_limits limits = {profile->head_limit, profile->target_limit};
        uint32_t fields = exchange->head.field_count;
        exchange->in_trailers = true;
        return firn_http_head_begin(&exchange->trailers, FIRN_HTTP_TRAILERS, &limits,
                                    block->fields + fields,
                                    block->field_capacity - fields) == FIRN_OK;
    }
    return status == FIRN_OK;
}

/* Bytes of the body that were taken make room for those that come. */
static void drop_taken(struct block *block)
{
    uint32_t front = block->start + block->exchange.head.size;
    if (block->exchange.in_trailers || block->read_at == front)
        return;
    memmove(block->data + front, block->data + block->read_at, block->used - block->read_at);
    block->used -= block->read_at - front;
    block->read_at = front;
}

static bool read_body(struct connection *connection)
{
    struct firn_http_exchange *exchange = &connection->block->exchange;
    bool more = exchange->head.body == FIRN_HTTP_BODY_CHUNKED ? read_chunks(connection)
                                                              : read_length(connection);
    if (!more && connection->phase == PHASE_BODY)
        drop_taken(connection->block);
    return more;
}

/* Waits until the other side has read the last answer: closing at once would have the kernel drop
 * it where more has come than was read. */
static void linger(struct connection *connection)
{
    firn_http_block_return(connection);
    phase_set(connection, PHASE_LINGER);
    if (firn_os_shutdown(connection->fd) != 0)
        firn_http_connection_close(connection);
    else
        wait_for(connection, DEADLINE_LINGER, INTEREST_READ);
}

/* The last answer of a connection. */
static bool end_connection(struct connection *connection)
{
    struct block *block = connection->block;
    const bool is_clean = !block->exchange.is_refused && block->used == block->read_at;
    enum sent sent = firn_http_output_flush(connection, false);
    if (sent == SENT_SOME) {
        phase_set(connection, PHASE_SENDING);
        return false;
    }
    end_exchange(connection, sent == SENT_ALL && !block->exchange.is_refused);
    if (sent == SENT_ALL)
        transport_bye(connection);
    if (sent == SENT_BROKEN || is_clean)
        firn_http_connection_close(connection);
    else
        linger(connection);
    return false;
}

/* The answer is made, the request was read: on to the next. */
static bool next_message(struct connection *connection)
{
    struct block *block = connection->block;
    if (connection->closes)
        return end_connection(connection);
    end_exchange(connection, true);
    if (block->used == block->read_at) {
        block->start = block->read_at = block->used = 0;
        phase_set(connection, PHASE_IDLE);
        return false;
    }
    block->start = block->read_at;
    begin_message(connection);
    firn_http_deadline_go_on(connection, DEADLINE_IDLE); /* its head has all its time */
    phase_set(connection, PHASE_HEAD);
    return true;
}

static bool send_answer(struct connection *connection)
{
    struct firn_http_exchange *exchange = &connection->block->exchange;
    enum sent sent = firn_http_answer_go_on(connection);
    if (sent == SENT_BROKEN) {
        firn_http_connection_close(connection);
        return false;
    }
    phase_set(connection, sent == SENT_SOME ? PHASE_SENDING : PHASE_HANDLING);
    return sent == SENT_ALL && exchange->answer == ANSWER_DONE && next_message(connection);
}

/* --- all stages --- */

/* Sends what was gathered, and waits for what comes next. Returns whether requests that had to wait
 * for room can be gone on with. */
static bool settle(struct connection *connection)
{
    if (connection->block == NULL)
        return false;
    if (connection->phase == PHASE_BODY && firn_http_output_hold(connection)) {
        wait_for(connection, DEADLINE_BODY, INTEREST_READ);
        return false;
    }
    const bool waited = firn_http_output_waits(connection);
    enum sent sent = firn_http_output_flush(connection, false);
    if (sent == SENT_BROKEN || connection->phase == PHASE_BODY) {
        firn_http_connection_close(connection);
    } else if (sent == SENT_SOME || connection->phase == PHASE_SENDING) {
        if (connection->phase == PHASE_IDLE) /* what waits is in the block */
            begin_message(connection);
        phase_set(connection, connection->phase == PHASE_IDLE ? PHASE_HEAD : connection->phase);
        wait_for(connection, DEADLINE_SEND, INTEREST_WRITE);
    } else if (connection->phase == PHASE_HANDLING) {
        wait_for(connection, DEADLINE_NEVER, INTEREST_NONE);
    } else if (connection->phase == PHASE_IDLE || connection->block->used == 0) {
        phase_set(connection, PHASE_IDLE);
        firn_http_block_return(connection);
        wait_for(connection, DEADLINE_IDLE, INTEREST_READ);
    } else if (!waited) {
        wait_for(connection, DEADLINE_HEAD, INTEREST_READ);
    } else {
        return true;
    }
    return false;
}

static bool is_answered(const struct connection *connection)
{
    uint8_t answer = connection->block->exchange.answer;
    return answer != ANSWER_NONE && answer != ANSWER_BEGUN;
}

static void take_stages(struct connection *connection)
{
    bool more = true;
    while (more) {
        switch (connection->phase) {
        case PHASE_HEAD:
            more = !firn_http_output_waits(connection) && read_head(connection);
            break;
        case PHASE_BODY:
            more = read_body(connection);
            break;
        case PHASE_HANDLING:
        case PHASE_SENDING:
            more = is_answered(connection) && send_answer(connection);
            break;
        default:
            more = false;
            break;
        }
    }
}

static void work(struct connection *connection)
{
    do
        take_stages(connection);
    while (settle(connection));
}

void firn_http_connection_advance(struct connection *connection)
{
    if (connection->block != NULL)
        work(connection);
}

/* --- TLS --- */

/* One that speaks plain HTTP is told so, in plain HTTP. */
static void answer_plain(struct connection *connection)
{
    static const char text[] = "HTTP/1.1 400 Bad Request\r\n"
                               "Content-Type: text/plain\r\n"
                               "Content-Length: 42\r\n"
                               "Connection: close\r\n"
                               "\r\n"
                               "this port takes HTTPS; ask by https://...\n";
    const struct iovec part = {(void *)(uintptr_t)text, sizeof text - 1};
    size_t sent = 0;
    count(&connection->loop->stats.refused, 1);
    (void)firn_os_send(connection->fd, &part, 1, false, &sent);
    linger(connection);
}

static void shake_hands(struct connection *connection)
{
    struct loop_stats *stats = &connection->loop->stats;
    struct tls *tls = transport_tls(connection);
    int error = firn_http_tls_handshake(tls, connection->loop->tls);
    if (error == EAGAIN) {
        set_interest(connection, firn_http_tls_sends(tls) ? INTEREST_WRITE : INTEREST_READ);
    } else if (error == EPROTONOSUPPORT) {
        answer_plain(connection);
    } else if (error != 0) { /* with an alert, which it is to read */
        count(&stats->handshakes_failed, 1);
        linger(connection);
    } else {
        count(&stats->handshakes, 1);
        count(&stats->resumed, firn_http_tls_is_resumed(tls));
        phase_set(connection, PHASE_IDLE);
        wait_for(connection, DEADLINE_HEAD, INTEREST_READ);
        if (connection->interest == INTEREST_MORE) /* the first request came with it */
            firn_http_connection_readable(connection);
    }
}

void firn_http_connection_writable(struct connection *connection)
{
    if (connection->phase == PHASE_SHAKING)
        shake_hands(connection);
    if (connection->block == NULL)
        return;
    enum sent sent = firn_http_output_flush(connection, false);
    if (sent == SENT_BROKEN)
        firn_http_connection_close(connection);
    else if (sent == SENT_SOME)
        firn_http_deadline_go_on(connection, connection->deadline);
    else
        work(connection);
}

/* --- reading --- */

static void drain(struct connection *connection)
{
    char nothing[4096];
    size_t got = 0, all = 0;
    int error = 0;
    while (all < LINGER_BYTES && error == 0) {
        error = firn_os_recv(connection->fd, nothing, sizeof nothing, &got);
        if (error == 0 && got == 0)
            error = EPIPE;
        all += error == 0 ? got : 0;
    }
    if (error != 0 && error != EAGAIN)
        firn_http_connection_close(connection);
}

void firn_http_connection_readable(struct connection *connection)
{
    size_t got = 0;
    if (connection->phase >= PHASE_LINGER) {
        if (connection->phase == PHASE_LINGER)
            drain(connection);
        else
            shake_hands(connection);
        return;
    }
    if (connection->phase == PHASE_IDLE) {
        if (!firn_http_block_lend(connection)) {
            firn_http_connection_close(connection);
            return;
        }
        begin_message(connection);
        phase_set(connection, PHASE_HEAD);
    }
    struct block *block = connection->block;
    if (block->capacity == block->used && !firn_http_block_grow_data(connection)) {
        firn_http_connection_close(connection);
        return;
    }
    int error =
        transport_recv(connection, block->data + block->used, block->capacity - block->used, &got);
    if (error == EAGAIN && block->used == 0) { /* a part of a record gives it no more time */
        phase_set(connection, PHASE_IDLE);
        firn_http_block_return(connection);
        set_interest(connection, INTEREST_READ);
        return;
    }
    if (error == EAGAIN) {
        firn_http_connection_advance(connection);
        return;
    }
    if (error != 0 || got == 0) { /* the other side has gone, or will send no more */
        if (error == 0)
            transport_bye(connection);
        firn_http_connection_close(connection);
        return;
    }
    block->used += (uint32_t)got;
    count(&connection->loop->stats.received, (int64_t)got);
    work(connection);
}

void firn_http_connection_missed(struct connection *connection)
{
    bool asks = connection->deadline == DEADLINE_HEAD || connection->deadline == DEADLINE_BODY;
    bool tells = asks && connection->block != NULL;
    if (tells || connection->deadline == DEADLINE_SEND || connection->phase == PHASE_SHAKING)
        count(&connection->loop->stats.timeouts, 1);
    if (!tells || connection->block->exchange.answer != ANSWER_NONE) {
        firn_http_connection_close(connection);
        return;
    }
    refuse_request(connection, 408);
    work(connection);
}

/* --- asking about an exchange --- */

const firn_http_head *firn_http_exchange_head(const firn_http_exchange *exchange)
{
    return &exchange->head;
}

const char *firn_http_exchange_data(const firn_http_exchange *exchange)
{
    const struct block *block = exchange->connection->block;
    return block->data + block->start;
}

firn_status firn_http_exchange_peer(const firn_http_exchange *exchange, char *ret_text, size_t size)
{
    return firn_os_peer(exchange->connection->fd, ret_text, size) == 0 ? FIRN_OK : FIRN_IO;
}

void firn_http_exchange_receive(firn_http_exchange *exchange, firn_http_receive_fn receive,
                                void *context)
{
    static const char go_on[] = "HTTP/1.1 100 Continue\r\n\r\n";
    exchange->receive = receive;
    exchange->receive_context = context;
    if (exchange->head.has_continue && exchange->answer == ANSWER_NONE &&
        !firn_http_output_interject(exchange->connection, go_on, sizeof go_on - 1))
        exchange->is_broken = true;
}

void firn_http_exchange_on_end(firn_http_exchange *exchange, firn_http_ended_fn ended,
                               void *context)
{
    exchange->ended = ended;
    exchange->ended_context = context;
}
