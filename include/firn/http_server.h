/* An HTTP/1.1 server: a loop of epoll for each thread, each with a listening socket of its own
 * (SO_REUSEPORT), which answers many connections without a call for memory a request. What a
 * request needs lies in a block that the loop lends to the connection while it is read or answered;
 * one that waits has only its entry, some 200 bytes. Requests that came in one piece are answered
 * in one write, in their order.
 *
 *     static void hello(void *context, firn_http_exchange *exchange)
 *     {
 *         firn_http_answer(exchange, 200, "text/plain", "hello\n", 6);
 *     }
 *
 *     firn_http_server_options options = {.port = 8080, .handle = hello};
 *     if (firn_http_server_create(&options, &server, &error) == FIRN_OK)
 *         status = firn_http_server_run(server, &error);
 *
 * Ambiguous and broken messages are refused as firn/http_message.h says; clients that are slow to
 * ask, to send or to read are given up after a time, and those that do not read what they asked for
 * are not read from either.
 *
 * Threads: a server is created, run and destroyed by one thread; stop, stats and exchange_wake may
 * be called from any, stop in a signal handler too. The handler and all that is called for an
 * exchange run in the loop of its connection, one at a time for each loop, and must not block. The
 * server ignores SIGPIPE for its own writes without touching the process's handlers. */
#ifndef FIRN_HTTP_SERVER_H
#define FIRN_HTTP_SERVER_H

#include <firn/http_message.h>
#include <firn/usage.h>

FIRN_BEGIN

typedef struct firn_http_server firn_http_server;
/* A request and its answer; gone when the answer is. */
typedef struct firn_http_exchange firn_http_exchange;

/* --- profiles: what a connection holds inline while it is read; beyond that it spills into larger
 * blocks, up to the limits, and nothing is cut off --- */

typedef enum firn_http_profile {
    FIRN_HTTP_BALANCED = 0,
    FIRN_HTTP_LOW,
    FIRN_HTTP_HIGH,
    FIRN_HTTP_MAX,
    FIRN_HTTP_PROFILE_COUNT
} firn_http_profile;

typedef struct firn_http_profile_info {
    const char *name;      /* "balanced", ... */
    uint32_t field_count;  /* inline */
    uint32_t input_bytes;  /* of a head and what follows it, inline */
    uint32_t output_bytes; /* of a loop, for all answers of one read */
    uint32_t field_limit;  /* 431 beyond it */
    uint32_t head_limit;   /* bytes; 431 beyond it */
    uint32_t target_limit; /* bytes; 414 beyond it */
    uint32_t entry_bytes;  /* of memory, of each connection */
    uint32_t block_bytes;  /* besides, while it is read or answered */
    uint32_t loop_bytes;   /* of each loop, with the blocks that it keeps for the next */
} firn_http_profile_info;
/* NULL for none. Static. */
FIRN_API const firn_http_profile_info *firn_http_profile_get(firn_http_profile profile);

/* --- the server --- */

/* Called when a head is whole; the exchange must be answered, now or later. */
typedef void (*firn_http_handle_fn)(void *context, firn_http_exchange *exchange);

/* What became of an exchange; valid during the call, in which the exchange may still be asked. */
typedef struct firn_http_record {
    const firn_http_exchange *exchange;
    const char *data; /* of the head */
    const firn_http_head *head;
    uint16_t status;
    uint64_t body_bytes; /* of the answer, as sent */
    uint64_t duration_ns;
} firn_http_record;
typedef void (*firn_http_record_fn)(void *context, const firn_http_record *record);

typedef struct firn_http_server_options {
    const char *address; /* numeric, IPv4 or IPv6; NULL: "127.0.0.1" */
    uint16_t port;       /* 0: any that is free */
    firn_http_profile profile;
    uint32_t loop_count;       /* threads; 0: one a processor; at most 256 */
    uint32_t connection_limit; /* of a loop; 0: 65,536; further ones wait in the kernel's queue */
    uint64_t memory_limit;     /* bytes of a loop, for entries and blocks; 0: none. Connections that
                                * find none left are closed */
    uint64_t body_limit;       /* of a request, bytes; 0: 1 GiB; refused with 413 */
    uint32_t head_ms;          /* from a head's first byte to its last; 0: 10,000 */
    uint32_t idle_ms;          /* between requests; 0: 75,000 */
    uint32_t body_ms;          /* without a byte of a body; 0: 30,000 */
    uint32_t send_ms;          /* without a byte of an answer taken; 0: 30,000 */
    uint32_t stop_ms;          /* for exchanges under way at a stop; 0: 10,000 */
    firn_http_handle_fn handle;
    void *context;
    firn_http_record_fn record; /* NULL: none; in the loop, as the handler */
    void *record_context;
    const char *name; /* of the Server field, at most 200 bytes; NULL: none is sent */
    /* In PEM, with those that lead to its issuer: what is served is HTTPS, by TLS 1.2 and 1.3, and
     * a connection also holds what GnuTLS allocates for it, which memory_limit does not count;
     * those who ask in plain HTTP are told so. NULL: HTTP. */
    const char *certificate_file;
    const char *key_file; /* in PEM; NULL: in certificate_file */
    uint32_t reserved[4]; /* must be 0 */
} firn_http_server_options;

/* Binds and listens. FIRN_INVALID, FIRN_NO_MEMORY, FIRN_BUSY (the port is in use), FIRN_PERMISSION
 * (a privileged port), FIRN_NOT_FOUND (an address that is not this machine's), FIRN_IO; ret_error
 * names the address and the way out. With a certificate also the errors of reading it and its key,
 * FIRN_INVALID for what is none, for a key of another one and for one that is expired, and
 * FIRN_UNSUPPORTED where GnuTLS is not installed. */
FIRN_API FIRN_NODISCARD firn_status firn_http_server_create(const firn_http_server_options *options,
                                                            firn_http_server **ret_server,
                                                            firn_error *ret_error);
/* The port that it listens on. */
FIRN_API uint16_t firn_http_server_port(const firn_http_server *server);
/* Serves until a stop: in this thread, and in further ones for further loops. FIRN_NO_MEMORY and
 * FIRN_IO when a loop cannot be started or go on. */
FIRN_API FIRN_NODISCARD firn_status firn_http_server_run(firn_http_server *server,
                                                         firn_error *ret_error);
/* Takes no further connections, closes those that wait, lets exchanges under way end within
 * stop_ms, and has run return. Async-signal-safe. */
FIRN_API void firn_http_server_stop(firn_http_server *server);
/* Not while it runs. NULL is let pass. */
FIRN_API void firn_http_server_destroy(firn_http_server *server);

/* --- asking about an exchange, while it lasts --- */

FIRN_API const firn_http_head *firn_http_exchange_head(const firn_http_exchange *exchange);
/* What the head's texts are places in; it may lie elsewhere after each return to the loop. */
FIRN_API const char *firn_http_exchange_data(const firn_http_exchange *exchange);
/* The other side's address, without the port; FIRN_IO when it is gone. */
FIRN_API FIRN_NODISCARD firn_status firn_http_exchange_peer(const firn_http_exchange *exchange,
                                                            char *ret_text, size_t size);

/* Called with each piece of a request's body as it comes, and with size 0 at its end. */
typedef void (*firn_http_receive_fn)(void *context, firn_http_exchange *exchange, const char *data,
                                     size_t size);
/* Has the body of the request given to receive; from within the handler. Without it a body is
 * passed over. Where the client waits for 100 (Continue), it gets that then. */
FIRN_API void firn_http_exchange_receive(firn_http_exchange *exchange, firn_http_receive_fn receive,
                                         void *context);

/* Called when an exchange ends in any way, once, with whether its answer was sent whole. */
typedef void (*firn_http_ended_fn)(void *context, bool whole);
FIRN_API void firn_http_exchange_on_end(firn_http_exchange *exchange, firn_http_ended_fn ended,
                                        void *context);

/* Has `call` called in the exchange's loop, soon; from any thread, while the exchange lasts (which
 * it does at least until it is answered, or on_end told that the client went). FIRN_NO_MEMORY. */
typedef void (*firn_http_wake_fn)(void *context, firn_http_exchange *exchange);
FIRN_API FIRN_NODISCARD firn_status firn_http_exchange_wake(firn_http_exchange *exchange,
                                                            firn_http_wake_fn call, void *context);

/* --- answering: begin, then fields, then one of body, file and stream. Each returns FIRN_INVALID
 * out of this order or for what cannot be sent (a status below 200, line ends in a field), and
 * FIRN_NO_MEMORY when there is no room, after which the connection is closed. What is answered
 * before the request's body has come is held back until then: a broken body is refused. Date,
 * Server, Content-Length, Transfer-Encoding and Connection are the server's to send. --- */

FIRN_API FIRN_NODISCARD firn_status firn_http_answer_begin(firn_http_exchange *exchange,
                                                           uint16_t status);
/* value has `size` bytes; the name ends with a NUL. */
FIRN_API FIRN_NODISCARD firn_status firn_http_answer_field(firn_http_exchange *exchange,
                                                           const char *name, const char *value,
                                                           size_t size);
/* The body, copied; to HEAD only its size is told. */
FIRN_API FIRN_NODISCARD firn_status firn_http_answer_body(firn_http_exchange *exchange,
                                                          const void *data, size_t size);
/* size bytes of a file from offset on, sent without a copy; fd is the server's from here on, in any
 * case. A file that turns out shorter ends the connection, so that the client sees it. */
FIRN_API FIRN_NODISCARD firn_status firn_http_answer_file(firn_http_exchange *exchange, int fd,
                                                          uint64_t offset, uint64_t size);

/* Called whenever there is room: fills data with up to size bytes and returns how many; 0 is the
 * end, FIRN_HTTP_LATER has it called again after firn_http_answer_more, FIRN_HTTP_BROKEN closes the
 * connection, so that the client sees that the body is not whole. */
typedef size_t (*firn_http_produce_fn)(void *context, char *data, size_t size);
#define FIRN_HTTP_LATER SIZE_MAX
#define FIRN_HTTP_BROKEN (SIZE_MAX - 1)
#define FIRN_HTTP_UNKNOWN_LENGTH UINT64_MAX
/* length bytes, or FIRN_HTTP_UNKNOWN_LENGTH: in chunks (to HTTP/1.0, up to the connection's end).
 */
FIRN_API FIRN_NODISCARD firn_status firn_http_answer_stream(firn_http_exchange *exchange,
                                                            uint64_t length,
                                                            firn_http_produce_fn produce,
                                                            void *context);
/* In the exchange's loop: there is more to produce. */
FIRN_API void firn_http_answer_more(firn_http_exchange *exchange);

/* All at once: a status, a type (NULL: none) and a body. Fails as the calls above. */
FIRN_API firn_status firn_http_answer(firn_http_exchange *exchange, uint16_t status,
                                      const char *type, const void *body, size_t size);

/* --- looking at it --- */

typedef struct firn_http_server_stats {
    uint64_t accepted_count, request_count, refused_count, timeout_count;
    uint64_t received_bytes, sent_bytes;
    uint64_t connections, idle, reading, handling, sending; /* now */
    uint64_t entry_bytes;                                   /* of connections, each one's entry */
    uint64_t block_bytes;      /* lent to connections, or kept for the next */
    uint64_t spill_count;      /* heads that needed more than their profile has inline */
    uint64_t allocation_count; /* for entries and blocks, ever: a steady load adds none */
    uint64_t handshake_count, resumed_count; /* of TLS: that succeeded, and those among them that
                                              * went on with an earlier session */
    uint64_t handshake_failed_count;
} firn_http_server_stats;
/* Of all loops together; each figure right, though not all of the same moment. */
FIRN_API void firn_http_server_stats_get(const firn_http_server *server,
                                         firn_http_server_stats *ret_stats);

FIRN_END

#endif
