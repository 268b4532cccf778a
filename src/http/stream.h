/* A connected stream of bytes, as the client uses one: a socket, and what encrypts it where
 * something does. Reading and writing block up to a moment of firn_clock_ns (UINT64_MAX: for good);
 * the socket itself does not, so that what encrypts is the same here and in a server's loop.
 *
 * Calls return 0 or an errno: ETIMEDOUT when the moment has come, EPROTO when what encrypts finds
 * the bytes wrong. No call raises SIGPIPE. Threads: confined to one at a time. */
#ifndef FIRN_HTTP_STREAM_H
#define FIRN_HTTP_STREAM_H

#include <firn/status.h>

#include <sys/uio.h>

/* What encrypts a stream (TLS), over a descriptor that does not block. Its calls return 0 or an
 * errno; EAGAIN: call again when the descriptor can be read from, or written to (wants_send). */
typedef struct firn_http_layer {
    int (*recv)(void *session, void *data, size_t size, size_t *ret_size); /* 0 bytes: its end */
    int (*send)(void *session, const struct iovec *parts, size_t count, size_t *ret_size);
    bool (*wants_send)(const void *session);
    /* Whether it has bytes that came already, which the descriptor no longer tells of. */
    bool (*is_pending)(const void *session);
    /* Ends the session, before the descriptor is closed. */
    void (*close)(void *session);
} firn_http_layer;

/* Begin with firn_http_stream_init. */
typedef struct firn_http_stream {
    int fd;                       /* -1: none */
    const firn_http_layer *layer; /* NULL: plain; set with session once it is connected */
    void *session;
} firn_http_stream;

static inline void firn_http_stream_init(firn_http_stream *stream)
{
    *stream = (firn_http_stream){.fd = -1};
}

/* Connects to a host, a name or a numeric address without brackets, by each of its addresses until
 * one answers; the time goes to them in equal parts. FIRN_NOT_FOUND: no such host; FIRN_TIMEOUT;
 * FIRN_NO_MEMORY; FIRN_IO for all else, of the last address. */
FIRN_NODISCARD firn_status firn_http_stream_connect(firn_http_stream *stream, const char *host,
                                                    uint16_t port, uint64_t deadline_ns,
                                                    firn_error *ret_error);

/* Reads what there is, up to size bytes; 0 bytes: the other side has ended. */
int firn_http_stream_read(firn_http_stream *stream, void *data, size_t size, uint64_t deadline_ns,
                          size_t *ret_size);

/* Sends what there is room for now; EAGAIN: for nothing. */
int firn_http_stream_send(firn_http_stream *stream, const struct iovec *parts, size_t count,
                          size_t *ret_size);

/* Writes all; the parts are used up. */
int firn_http_stream_write(firn_http_stream *stream, struct iovec *parts, size_t count,
                           uint64_t deadline_ns);

#define FIRN_HTTP_READABLE 1u /* or at its end, or broken */
#define FIRN_HTTP_WRITABLE 2u
/* Waits until it is one of what is wanted; *ret_ready says which, and may be 0. */
int firn_http_stream_wait(firn_http_stream *stream, unsigned wanted, uint64_t deadline_ns,
                          unsigned *ret_ready);

/* Whether a stream on which nothing is due can be used again: nothing came, and it was not ended.
 */
bool firn_http_stream_is_idle_alive(const firn_http_stream *stream);

/* Ends the session and closes the socket; what is closed is let pass. */
void firn_http_stream_close(firn_http_stream *stream);

/* Takes sent bytes from the parts; how many are left. */
size_t firn_http_parts_take(struct iovec **parts, size_t count, size_t sent);

#endif
