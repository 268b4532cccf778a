/* What the rooms of the server share: loops, connections, and the blocks that are lent to them.
 *
 *   server.c     creates, runs, stops: what users call
 *   loop.c       waits, accepts, hands on what the kernel tells and what other threads ask for
 *   deadline.c   who waits for how long
 *   block.c      blocks, lent, grown and taken back
 *   exchange.c   reads requests and takes them through their stages
 *   answer.c     what handlers answer
 *   output.c     what is sent, and what must wait
 *   transport.h  the socket, or the TLS session over it
 *
 * Each may call those below it; loop.c and exchange.c are told by pointers of the events.
 *
 * Invariants:
 *   I1  a connection has a block if and only if a request or its answer is under way
 *   I2  loop->out holds bytes of one connection only, of the one being worked on
 *   I3  bytes that the kernel did not take wait in the block (wait), in front of loop->out
 *   I4  each connection is in just one of the loop's lists of deadlines
 *   I5  an answer is held back until the request's body has come, so that a request whose body is
 *       broken is refused, whatever its handler said; then nothing of an earlier answer waits
 */
#ifndef FIRN_HTTP_CONNECTION_H
#define FIRN_HTTP_CONNECTION_H

#include "http/tls.h"

#include <firn/http_server.h>
#include <firn/slab.h>

#include <pthread.h>
#include <stdatomic.h>
#include <string.h>

/* What a connection waits for. */
enum phase {
    PHASE_IDLE,     /* a request */
    PHASE_HEAD,     /* the rest of a head */
    PHASE_BODY,     /* of the request */
    PHASE_HANDLING, /* its answer */
    PHASE_SENDING,  /* room to send */
    PHASE_LINGER,   /* the other side to have read the last answer */
    PHASE_SHAKING,  /* the handshake of TLS */
    PHASE_CLOSED
};

/* The lists of deadlines; within one all wait for the same time, so each is in order. */
enum deadline {
    DEADLINE_IDLE,
    DEADLINE_HEAD,
    DEADLINE_BODY,
    DEADLINE_SEND,
    DEADLINE_LINGER,
    DEADLINE_NEVER, /* the handler's turn */
    DEADLINES
};

struct block;
struct loop;

/* All that an idle connection has. */
struct connection {
    struct connection *next, *previous; /* in its list of deadlines */
    struct block *block;
    struct loop *loop;
    int fd;
    uint32_t since_ms; /* by the loop's clock */
    uint8_t phase, deadline;
    uint8_t interest; /* enum interest */
    bool closes;      /* after the exchange under way */
    bool holds;       /* I5 */
};
_Static_assert(sizeof(struct connection) <= 48, "an idle connection is small");

/* With TLS. */
struct secure_connection {
    struct connection connection;
    struct tls tls;
};

/* INTEREST_MORE: to be read at once, since the session has what the socket does not tell of. */
enum interest { INTEREST_READ, INTEREST_WRITE, INTEREST_NONE, INTEREST_MORE };

/* How far an answer is. */
enum answer { ANSWER_NONE, ANSWER_BEGUN, ANSWER_STREAM, ANSWER_FILE, ANSWER_DONE };

/* Up to head all is 0 when one begins; what follows is set when it is begun itself, as clearing
 * the whole of it took 0.02 us of a request. */
struct firn_http_exchange {
    struct connection *connection;
    uint64_t body_left;  /* of a body with a length */
    uint64_t body_bytes; /* of the body that came */
    firn_http_receive_fn receive;
    void *receive_context;
    firn_http_ended_fn ended;
    void *ended_context;
    firn_http_produce_fn produce;
    void *produce_context;
    uint64_t answer_left; /* of a length that was told; of a file */
    uint64_t file_offset;
    uint64_t sent_bytes; /* of the answer's body */
    uint64_t start_ns;
    int file;
    uint16_t status;
    uint8_t answer;
    bool has_body; /* the request's is not yet all there */
    bool in_trailers;
    bool is_chunked;     /* the answer */
    bool is_later;       /* the producer waits */
    bool is_broken;      /* the answer cannot be completed */
    bool is_refused;     /* the request */
    bool in_call;        /* the handler's, or one of those it set */
    uint32_t wake_count; /* in the loop's queue */
    firn_http_head head;
    firn_http_head trailers;
    firn_http_chunks chunks;
};

/* Lent to a connection from the first byte of a request to the last of its answer. It stays where
 * it is, since handlers know the exchange; its array of fields, then its bytes follow it, or lie
 * apart once they were too few. */
struct block {
    struct block *next;                 /* of the spare ones */
    struct firn_http_exchange exchange; /* the one under way */
    firn_http_field *fields;
    char *data;
    uint32_t field_capacity, capacity; /* of fields; of data */
    uint32_t used;                     /* bytes of data */
    uint32_t start;                    /* where the message under way begins in data */
    uint32_t read_at;                  /* behind what of it was taken */
    uint32_t wait_size, wait_capacity, wait_at;
    char *wait; /* I3; from the slab */
};

/* Asked for by another thread. */
struct wake {
    struct wake *next;
    struct firn_http_exchange *exchange; /* NULL: gone */
    firn_http_wake_fn call;
    void *context;
};

struct deadline_list {
    struct connection *first, *last;
    uint32_t after_ms;
};

/* Counters that other threads read. */
struct loop_stats {
    atomic_uint_fast64_t accepted, requests, refused, timeouts, received, sent, spills;
    atomic_uint_fast64_t connections, entry_bytes, block_bytes, allocations;
    atomic_uint_fast64_t handshakes, resumed, handshakes_failed;
    atomic_uint_fast64_t phases[PHASE_CLOSED + 1];
};

#define SPARE_BLOCKS 8u
#define NAME_BYTES_MAX 200u /* of Server */
#define LEAD_BYTES 288u
#define LEAD_STATUS "HTTP/1.1 200 OK\r\n"
#define LEAD_STATUS_BYTES (sizeof LEAD_STATUS - 1)

struct loop {
    firn_http_server *server;
    const firn_http_server_options *options;
    const firn_http_profile_info *profile;
    struct tls_context *tls; /* the server's; NULL: all connections are plain */
    pthread_t thread;
    int epoll, listener, event;
    bool listens; /* the listener is waited for */
    bool is_stopping;
    uint64_t now_ns;
    uint32_t now_ms;
    uint32_t paused_ms, stop_ms, trimmed_ms; /* since when */
    uint32_t closed_count;                   /* since the last trim */
    struct deadline_list deadlines[DEADLINES];
    struct connection *dead; /* freed once no event can name them any more */
    firn_slab slab;
    struct block *spare;
    uint32_t spare_count;
    char *out;
    uint32_t out_size;
    char lead[LEAD_BYTES]; /* a status line, and what follows each: Date and Server */
    uint32_t lead_size;
    uint64_t lead_until_ns; /* a second has passed then */
    pthread_mutex_t mutex;  /* over what follows */
    struct wake *wakes, **wakes_end;
    struct loop_stats stats;
};

/* Only the loop writes; so a load and a store are enough. */
static inline void count(atomic_uint_fast64_t *counter, int64_t by)
{
    uint64_t value = atomic_load_explicit(counter, memory_order_relaxed);
    atomic_store_explicit(counter, value + (uint64_t)by, memory_order_relaxed);
}

static inline void phase_set(struct connection *connection, enum phase phase)
{
    struct loop_stats *stats = &connection->loop->stats;
    if (connection->phase == phase)
        return;
    count(&stats->phases[connection->phase], -1);
    count(&stats->phases[phase], 1);
    connection->phase = (uint8_t)phase;
}

/* --- deadline.c --- */

void firn_http_deadlines_init(struct loop *loop);
void firn_http_deadline_begin(struct connection *connection, enum deadline which);
/* Begins it anew, unless it is this one and goes on. */
void firn_http_deadline_go_on(struct connection *connection, enum deadline which);
void firn_http_deadline_end(struct connection *connection);
/* Milliseconds to the next; UINT32_MAX: none. */
uint32_t firn_http_deadline_next(const struct loop *loop);
/* One whose time is over; NULL: none. */
struct connection *firn_http_deadline_missed(const struct loop *loop);

/* --- block.c --- */

/* Lends a block; false when there is no memory. */
bool firn_http_block_lend(struct connection *connection);
void firn_http_block_return(struct connection *connection);
/* Makes room for more bytes behind those that are there; for so many fields. False when there is no
 * memory. */
bool firn_http_block_grow_data(struct connection *connection);
bool firn_http_block_grow_fields(struct connection *connection, uint32_t fields);
void firn_http_blocks_fini(struct loop *loop);

/* --- output.c --- */

/* Adds bytes that loop->out has no room for; false when there is no memory for what must wait. */
bool firn_http_output_overflow(struct connection *connection, const void *data, size_t size);
/* Where size bytes may be written, which then count as put; NULL: put them. */
static inline char *output_room(struct connection *connection, size_t size)
{
    struct loop *loop = connection->loop;
    char *room = loop->out + loop->out_size;
    if (size > loop->profile->output_bytes - loop->out_size)
        return NULL;
    loop->out_size += (uint32_t)size;
    return room;
}
/* Adds bytes to what is to be sent; false as above. */
static inline bool output_put(struct connection *connection, const void *data, size_t size)
{
    char *room = output_room(connection, size);
    if (room == NULL)
        return firn_http_output_overflow(connection, data, size);
    memcpy(room, data, size);
    return true;
}
enum sent { SENT_ALL, SENT_SOME, SENT_BROKEN };
/* Sends what there is; more: further bytes follow at once. SENT_SOME: the kernel has no more room.
 */
enum sent firn_http_output_flush(struct connection *connection, bool more);
bool firn_http_output_waits(const struct connection *connection);
/* Holds back what is gathered, in the block; false when there is no memory. */
bool firn_http_output_hold(struct connection *connection);
/* Room in the loop's buffer, behind what is gathered, and that so much of it was filled. */
char *firn_http_output_room(struct connection *connection, size_t *ret_size);
void firn_http_output_fill(struct connection *connection, size_t size);
/* Drops what is gathered and what waits. */
void firn_http_output_drop(struct connection *connection);
/* Sends a few bytes now, ahead of what is held; false when the kernel has no room for them. */
bool firn_http_output_interject(struct connection *connection, const void *data, size_t size);

/* --- answer.c --- */

/* Whether bytes may be the value of a field. */
bool firn_http_is_text(const char *value, size_t size);

/* Answers a refused message, and has the connection close. */
void firn_http_answer_refusal(struct connection *connection, uint16_t status);
/* Goes on with a file or a stream: SENT_ALL when the answer is whole, or its producer waits. */
enum sent firn_http_answer_go_on(struct connection *connection);

/* --- exchange.c --- */

void firn_http_connection_readable(struct connection *connection);
void firn_http_connection_writable(struct connection *connection);
/* Goes on with what a handler has done outside of the events. */
void firn_http_connection_advance(struct connection *connection);
/* What becomes of it when its time is over. */
void firn_http_connection_missed(struct connection *connection);
void firn_http_connection_close(struct connection *connection);

#endif
