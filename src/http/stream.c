/* Streams: connecting, and waiting where the kernel or what encrypts has nothing yet. Called by the
 * client; calls core/os_net. Threads: no state of its own. Memory: none. */
#include "http/stream.h"

#include "core/os.h"
#include "core/os_net.h"

#include <firn/system.h>

#include <errno.h>
#include <poll.h>
#include <string.h>

#define ADDRESSES_MAX 8u

/* --- connecting --- */

static int connect_to(const firn_os_address *address, uint64_t deadline_ns, int *ret_fd)
{
    int fd = -1;
    short events = 0;
    int error = firn_os_connect_begin(address, &fd);
    if (error != 0)
        return error;
    while (error == 0 && events == 0)
        error = firn_os_poll(fd, POLLOUT, deadline_ns, &events);
    if (error == 0)
        error = firn_os_connect_end(fd);
    if (error != 0)
        (void)firn_os_close(fd);
    else
        *ret_fd = fd;
    return error;
}

static uint64_t part_of(uint64_t deadline_ns, size_t addresses)
{
    uint64_t now = firn_clock_ns();
    if (deadline_ns == UINT64_MAX || deadline_ns <= now)
        return deadline_ns;
    return now + (deadline_ns - now) / addresses;
}

static firn_status tell_unresolved(firn_error *ret_error, const char *host, int error)
{
    if (error == ENOENT)
        return firn_error_set(ret_error, FIRN_NOT_FOUND, 0, "%s: host not found; check its name",
                              host);
    if (error == EAGAIN)
        return firn_error_set(ret_error, FIRN_IO, error,
                              "%s: its address cannot be looked up now; is the network there?",
                              host);
    return firn_error_set(ret_error, firn_status_from_errno(error), error,
                          "%s: its address cannot be looked up: %s", host, strerror(error));
}

static firn_status tell_unconnected(firn_error *ret_error, const char *host, unsigned port,
                                    int error)
{
    if (error == ECONNREFUSED)
        return firn_error_set(ret_error, FIRN_IO, error,
                              "%s: connection refused at port %u; does a server run there?", host,
                              port);
    if (error == ETIMEDOUT)
        return firn_error_set(ret_error, FIRN_TIMEOUT, error,
                              "%s: no connection to port %u within the time", host, port);
    return firn_error_set(ret_error, error == ENOMEM ? FIRN_NO_MEMORY : FIRN_IO, error,
                          "%s: no connection to port %u: %s", host, port, strerror(error));
}

firn_status firn_http_stream_connect(firn_http_stream *stream, const char *host, uint16_t port,
                                     uint64_t deadline_ns, firn_error *ret_error)
{
    firn_os_address addresses[ADDRESSES_MAX];
    size_t count = 0;
    int error = firn_os_resolve(host, port, addresses, ADDRESSES_MAX, &count);
    if (error != 0)
        return tell_unresolved(ret_error, host, error);
    for (size_t i = 0; i < count; i++) {
        error = connect_to(&addresses[i], part_of(deadline_ns, count - i), &stream->fd);
        if (error == 0)
            return FIRN_OK;
    }
    return tell_unconnected(ret_error, host, port, error);
}

/* --- reading and writing --- */

static int wait_for(firn_http_stream *stream, short events, uint64_t deadline_ns, short *ret_events)
{
    if (stream->layer != NULL && stream->layer->wants_send(stream->session))
        events = POLLOUT;
    return firn_os_poll(stream->fd, events, deadline_ns, ret_events);
}

int firn_http_stream_wait(firn_http_stream *stream, unsigned wanted, uint64_t deadline_ns,
                          unsigned *ret_ready)
{
    short events = 0;
    const bool reads = (wanted & FIRN_HTTP_READABLE) != 0;
    if (reads && stream->layer != NULL && stream->layer->is_pending(stream->session)) {
        *ret_ready = FIRN_HTTP_READABLE;
        return 0;
    }
    short asked = (short)((reads ? POLLIN : 0) | (wanted & FIRN_HTTP_WRITABLE ? POLLOUT : 0));
    int error = wait_for(stream, asked, deadline_ns, &events);
    if (error != 0)
        return error;
    const bool broken =
        (events & (POLLERR | POLLHUP)) != 0 || (events != 0 && (events & asked) == 0);
    *ret_ready = (broken || (events & POLLIN) != 0 ? FIRN_HTTP_READABLE : 0) |
                 (broken || (events & POLLOUT) != 0 ? FIRN_HTTP_WRITABLE : 0);
    *ret_ready &= wanted;
    return 0;
}

/* A descriptor that is ready and then has nothing, again and again, ends at its moment, too. */
static bool is_over(uint64_t deadline_ns, unsigned round)
{
    return round > 0 && deadline_ns != UINT64_MAX && firn_clock_ns() >= deadline_ns;
}

int firn_http_stream_read(firn_http_stream *stream, void *data, size_t size, uint64_t deadline_ns,
                          size_t *ret_size)
{
    for (unsigned round = 0;; round++) {
        short events;
        int error = stream->layer != NULL
                        ? stream->layer->recv(stream->session, data, size, ret_size)
                        : firn_os_recv(stream->fd, data, size, ret_size);
        if (error != EAGAIN && error != EWOULDBLOCK)
            return error;
        if (is_over(deadline_ns, round))
            return ETIMEDOUT;
        error = wait_for(stream, POLLIN, deadline_ns, &events);
        if (error != 0)
            return error;
    }
}

int firn_http_stream_send(firn_http_stream *stream, const struct iovec *parts, size_t count,
                          size_t *ret_size)
{
    int error = stream->layer != NULL ? stream->layer->send(stream->session, parts, count, ret_size)
                                      : firn_os_send(stream->fd, parts, count, false, ret_size);
    return error == EWOULDBLOCK ? EAGAIN : error;
}

size_t firn_http_parts_take(struct iovec **parts, size_t count, size_t sent)
{
    while (count > 0 && sent >= (*parts)->iov_len) {
        sent -= (*parts)->iov_len;
        (*parts)++;
        count--;
    }
    if (count > 0) {
        (*parts)->iov_base = (char *)(*parts)->iov_base + sent;
        (*parts)->iov_len -= sent;
    }
    return count;
}

int firn_http_stream_write(firn_http_stream *stream, struct iovec *parts, size_t count,
                           uint64_t deadline_ns)
{
    count = firn_http_parts_take(&parts, count, 0);
    for (unsigned round = 0; count > 0; round++) {
        short events;
        size_t sent = 0;
        int error = firn_http_stream_send(stream, parts, count, &sent);
        if (error == EAGAIN && is_over(deadline_ns, round))
            return ETIMEDOUT;
        if (error == EAGAIN)
            error = wait_for(stream, POLLOUT, deadline_ns, &events);
        if (error != 0)
            return error;
        count = firn_http_parts_take(&parts, count, sent);
    }
    return 0;
}

bool firn_http_stream_is_idle_alive(const firn_http_stream *stream)
{
    if (stream->layer != NULL && stream->layer->is_pending(stream->session))
        return false;
    return stream->fd >= 0 && firn_os_is_quiet(stream->fd);
}

void firn_http_stream_close(firn_http_stream *stream)
{
    if (stream->layer != NULL)
        stream->layer->close(stream->session);
    if (stream->fd >= 0)
        (void)firn_os_close(stream->fd);
    firn_http_stream_init(stream);
}
