/* System calls on sockets; see os_net.h. Called by http/; calls the kernel and fault.h.
 *
 * Threads: no state. Memory: none.
 */
#include "core/os_net.h"

#include "core/fault.h"
#include "core/os.h"
#include "core/system.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netdb.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/sendfile.h>
#include <time.h>
#include <unistd.h>

#define BACKLOG 4096

/* Bytes that the kernel takes of an answer beyond what it can send now. Without a bound a client
 * that does not read holds 2.2 MB there: a thousand of them took all that the machine gives to TCP,
 * and others waited for seconds, where they now wait for milliseconds. More wake-ups cost 0.1 s of
 * processor time for each GB to this machine itself. */
#define UNSENT_BYTES (256 << 10)

static bool read_address(const char *text, uint16_t port, firn_os_address *address)
{
    memset(address, 0, sizeof *address);
    if (inet_pton(AF_INET, text, &address->v4.sin_addr) == 1) {
        address->v4.sin_family = AF_INET;
        address->v4.sin_port = htons(port);
        address->size = sizeof address->v4;
        return true;
    }
    if (inet_pton(AF_INET6, text, &address->v6.sin6_addr) != 1)
        return false;
    address->v6.sin6_family = AF_INET6;
    address->v6.sin6_port = htons(port);
    address->size = sizeof address->v6;
    return true;
}

/* What it accepts inherits what is set here. */
static int listen_at(int fd, const firn_os_address *address, uint16_t *port)
{
    const int on = 1, unsent = UNSENT_BYTES;
    firn_os_address bound;
    socklen_t bound_size = sizeof bound.v6;
    if (setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on) != 0 ||
        setsockopt(fd, SOL_SOCKET, SO_REUSEPORT, &on, sizeof on) != 0 ||
        setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on) != 0 ||
        setsockopt(fd, IPPROTO_TCP, TCP_NOTSENT_LOWAT, &unsent, sizeof unsent) != 0 ||
        bind(fd, &address->any, address->size) != 0 || listen(fd, BACKLOG) != 0 ||
        getsockname(fd, &bound.any, &bound_size) != 0)
        return errno;
    *port = ntohs(bound.any.sa_family == AF_INET ? bound.v4.sin_port : bound.v6.sin6_port);
    return 0;
}

/* Whether nobody has the port, those that would share it included. */
static int try_alone(const firn_os_address *address)
{
    const int on = 1;
    int fd = socket(address->any.sa_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (fd < 0)
        return errno;
    int error = 0;
    if (setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on) != 0 ||
        bind(fd, &address->any, address->size) != 0)
        error = errno;
    close(fd);
    return error;
}

int firn_os_listen(const char *address, uint16_t *port, bool alone, int *ret_fd)
{
    firn_os_address where;
    if (!read_address(address, *port, &where))
        return EADDRNOTAVAIL;
    int error = firn_fault_io(FIRN_FAULT_SOCKET, false, NULL);
    if (error == 0 && alone)
        error = try_alone(&where);
    if (error != 0)
        return error;
    int fd = socket(where.any.sa_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (fd < 0)
        return errno;
    error = listen_at(fd, &where, port);
    if (error != 0)
        close(fd);
    else
        *ret_fd = fd;
    return error;
}

int firn_os_accept(int fd, int *ret_fd)
{
    for (;;) {
        int error = firn_fault_io(FIRN_FAULT_ACCEPT, false, NULL);
        int got = -1;
        if (error == 0) {
            got = accept4(fd, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
            error = got < 0 ? errno : 0;
        }
        if (error == EINTR || error == ECONNABORTED)
            continue;
        if (error != 0)
            return error;
        *ret_fd = got;
        return 0;
    }
}

int firn_os_recv(int fd, void *data, size_t size, size_t *ret_size)
{
    for (;;) {
        int error = firn_fault_io(FIRN_FAULT_RECV, false, &size);
        ssize_t got = -1;
        if (error == 0) {
            got = recv(fd, data, size, 0);
            error = got < 0 ? errno : 0;
        }
        if (error == 0)
            *ret_size = (size_t)got;
        if (error != EINTR)
            return error;
    }
}

int firn_os_send(int fd, const struct iovec *parts, size_t count, bool more, size_t *ret_size)
{
    for (;;) {
        struct iovec first = parts[0];
        struct msghdr message = {.msg_iov = (struct iovec *)(uintptr_t)parts, .msg_iovlen = count};
        size_t whole = first.iov_len;
        int error = firn_fault_io(FIRN_FAULT_SEND, false, &first.iov_len);
        ssize_t got = -1;
        if (first.iov_len != whole) { /* a short one is asked for */
            message.msg_iov = &first;
            message.msg_iovlen = 1;
        }
        if (error == 0) {
            const int flags = MSG_NOSIGNAL | (more ? MSG_MORE : 0);
            got = message.msg_iovlen == 1 /* without a copy of the message's head */
                      ? send(fd, message.msg_iov[0].iov_base, message.msg_iov[0].iov_len, flags)
                      : sendmsg(fd, &message, flags);
            error = got < 0 ? errno : 0;
        }
        if (error == 0)
            *ret_size = (size_t)got;
        if (error != EINTR)
            return error;
    }
}

int firn_os_sendfile(int fd, int file, uint64_t offset, size_t size, size_t *ret_size)
{
    for (;;) {
        off_t at = (off_t)offset;
        int error = firn_fault_io(FIRN_FAULT_SENDFILE, false, &size);
        ssize_t got = -1;
        if (error == 0) {
            got = sendfile(fd, file, &at, size);
            error = got < 0 ? errno : 0;
        }
        if (error == 0)
            *ret_size = (size_t)got;
        if (error != EINTR)
            return error;
    }
}

int firn_os_shutdown(int fd)
{
    return shutdown(fd, SHUT_WR) != 0 ? errno : 0;
}

int firn_os_peer(int fd, char *text, size_t size)
{
    firn_os_address peer;
    socklen_t peer_size = sizeof peer.v6;
    if (getpeername(fd, &peer.any, &peer_size) != 0)
        return errno;
    const void *address = peer.any.sa_family == AF_INET ? (const void *)&peer.v4.sin_addr
                                                        : (const void *)&peer.v6.sin6_addr;
    return inet_ntop(peer.any.sa_family, address, text, (socklen_t)size) != NULL ? 0 : errno;
}

/* --- connecting --- */

static int resolve_error(int code)
{
    switch (code) {
    case EAI_MEMORY:
        return ENOMEM;
    case EAI_SYSTEM:
        return errno != 0 ? errno : EIO;
    case EAI_AGAIN:
        return EAGAIN;
    default:
        return ENOENT;
    }
}

int firn_os_resolve(const char *host, uint16_t port, firn_os_address *addresses, size_t capacity,
                    size_t *ret_count)
{
    const struct addrinfo hints = {.ai_socktype = SOCK_STREAM};
    struct addrinfo *list = NULL;
    size_t count = 0;
    if (read_address(host, port, &addresses[0])) {
        *ret_count = 1;
        return 0;
    }
    int error = firn_fault_io(FIRN_FAULT_RESOLVE, false, NULL);
    if (error != 0)
        return error;
    int code = getaddrinfo(host, NULL, &hints, &list);
    if (code != 0)
        return resolve_error(code);
    for (const struct addrinfo *at = list; at != NULL && count < capacity; at = at->ai_next) {
        if (at->ai_family != AF_INET && at->ai_family != AF_INET6)
            continue;
        firn_os_address *address = &addresses[count++];
        memset(address, 0, sizeof *address);
        memcpy(&address->any, at->ai_addr, at->ai_addrlen);
        address->size = at->ai_addrlen;
        *(at->ai_family == AF_INET ? &address->v4.sin_port : &address->v6.sin6_port) = htons(port);
    }
    freeaddrinfo(list);
    *ret_count = count;
    return count > 0 ? 0 : ENOENT;
}

int firn_os_connect_begin(const firn_os_address *address, int *ret_fd)
{
    const int on = 1;
    int error = firn_fault_io(FIRN_FAULT_CONNECT, false, NULL);
    if (error != 0)
        return error;
    int fd = socket(address->any.sa_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (fd < 0)
        return errno;
    (void)setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    if (connect(fd, &address->any, address->size) != 0 && errno != EINPROGRESS && errno != EINTR) {
        error = errno;
        close(fd);
        return error;
    }
    *ret_fd = fd;
    return 0;
}

int firn_os_connect_end(int fd)
{
    int error = 0;
    socklen_t size = sizeof error;
    return getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &size) != 0 ? errno : error;
}

int firn_os_poll(int fd, short events, uint64_t deadline_ns, short *ret_events)
{
    struct pollfd wait = {.fd = fd, .events = events};
    struct timespec left = {0, 0};
    int error = firn_fault_io(FIRN_FAULT_POLL, false, NULL);
    if (error != 0 && error != EINTR)
        return error;
    if (deadline_ns != UINT64_MAX) {
        uint64_t now = firn_clock_ns();
        uint64_t left_ns = deadline_ns > now ? deadline_ns - now : 0;
        left.tv_sec = (time_t)(left_ns / 1000000000u);
        left.tv_nsec = (long)(left_ns % 1000000000u);
    }
    int count = error == 0 ? ppoll(&wait, 1, deadline_ns != UINT64_MAX ? &left : NULL, NULL) : -1;
    if (error == 0 && count < 0)
        error = errno;
    if (error != 0 && error != EINTR)
        return error;
    if (count == 0)
        return ETIMEDOUT;
    *ret_events = count > 0 ? wait.revents : 0;
    return 0;
}

bool firn_os_is_quiet(int fd)
{
    char byte;
    ssize_t got;
    do
        got = recv(fd, &byte, 1, MSG_PEEK | MSG_DONTWAIT);
    while (got < 0 && errno == EINTR);
    return got < 0 && (errno == EAGAIN || errno == EWOULDBLOCK);
}

/* --- waiting for many --- */

int firn_os_epoll_create(int *ret_fd)
{
    int error = firn_fault_io(FIRN_FAULT_EPOLL, false, NULL);
    int fd = error == 0 ? epoll_create1(EPOLL_CLOEXEC) : -1;
    if (error == 0 && fd < 0)
        error = errno;
    if (error == 0)
        *ret_fd = fd;
    return error;
}

int firn_os_epoll_change(int epoll, int operation, int fd, uint32_t events, void *data)
{
    struct epoll_event event = {.events = events, .data = {.ptr = data}};
    int error = firn_fault_io(FIRN_FAULT_EPOLL, false, NULL);
    if (error != 0)
        return error;
    return epoll_ctl(epoll, operation, fd, &event) != 0 ? errno : 0;
}

int firn_os_epoll_wait(int epoll, struct epoll_event *events, int capacity, int timeout_ms,
                       int *ret_count)
{
    int error = firn_fault_io(FIRN_FAULT_EPOLL, false, NULL);
    int count = error == 0 ? epoll_wait(epoll, events, capacity, timeout_ms) : -1;
    if (error == 0 && count < 0)
        error = errno;
    if (error != 0 && error != EINTR)
        return error;
    *ret_count = count > 0 ? count : 0;
    return 0;
}

int firn_os_event_create(int *ret_fd)
{
    int error = firn_fault_io(FIRN_FAULT_SOCKET, false, NULL);
    int fd = error == 0 ? eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC) : -1;
    if (error == 0 && fd < 0)
        error = errno;
    if (error == 0)
        *ret_fd = fd;
    return error;
}

void firn_os_event_raise(int fd)
{
    const uint64_t one = 1;
    int before = errno;
    while (write(fd, &one, sizeof one) < 0 && errno == EINTR)
        continue;
    errno = before;
}

void firn_os_event_clear(int fd)
{
    uint64_t count;
    while (read(fd, &count, sizeof count) < 0 && errno == EINTR)
        continue;
}
