/* System calls on sockets; see os_net.h. Called by http/; calls the kernel and fault.h.
 *
 * Threads: no state. Memory: none.
 */
#include "core/os_net.h"

#include "core/fault.h"
#include "core/os.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/sendfile.h>
#include <unistd.h>

#define BACKLOG 4096

typedef union socket_address {
    struct sockaddr any;
    struct sockaddr_in v4;
    struct sockaddr_in6 v6;
} socket_address;

static bool read_address(const char *text, uint16_t port, socket_address *address, socklen_t *size)
{
    memset(address, 0, sizeof *address);
    if (inet_pton(AF_INET, text, &address->v4.sin_addr) == 1) {
        address->v4.sin_family = AF_INET;
        address->v4.sin_port = htons(port);
        *size = sizeof address->v4;
        return true;
    }
    if (inet_pton(AF_INET6, text, &address->v6.sin6_addr) != 1)
        return false;
    address->v6.sin6_family = AF_INET6;
    address->v6.sin6_port = htons(port);
    *size = sizeof address->v6;
    return true;
}

static int listen_at(int fd, const socket_address *address, socklen_t size, uint16_t *port)
{
    const int on = 1;
    socket_address bound;
    socklen_t bound_size = sizeof bound;
    if (setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on) != 0 ||
        setsockopt(fd, SOL_SOCKET, SO_REUSEPORT, &on, sizeof on) != 0 ||
        bind(fd, &address->any, size) != 0 || listen(fd, BACKLOG) != 0 ||
        getsockname(fd, &bound.any, &bound_size) != 0)
        return errno;
    *port = ntohs(bound.any.sa_family == AF_INET ? bound.v4.sin_port : bound.v6.sin6_port);
    return 0;
}

/* Whether nobody has the port, those that would share it included. */
static int try_alone(const socket_address *address, socklen_t size)
{
    const int on = 1;
    int fd = socket(address->any.sa_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (fd < 0)
        return errno;
    int error = 0;
    if (setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on) != 0 ||
        bind(fd, &address->any, size) != 0)
        error = errno;
    close(fd);
    return error;
}

int firn_os_listen(const char *address, uint16_t *port, bool alone, int *ret_fd)
{
    socket_address where;
    socklen_t size;
    if (!read_address(address, *port, &where, &size))
        return EADDRNOTAVAIL;
    int error = firn_fault_io(FIRN_FAULT_SOCKET, false, NULL);
    if (error == 0 && alone)
        error = try_alone(&where, size);
    if (error != 0)
        return error;
    int fd = socket(where.any.sa_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (fd < 0)
        return errno;
    error = listen_at(fd, &where, size, port);
    if (error != 0)
        close(fd);
    else
        *ret_fd = fd;
    return error;
}

int firn_os_accept(int fd, int *ret_fd)
{
    const int on = 1;
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
        (void)setsockopt(got, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
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
            got = sendmsg(fd, &message, MSG_NOSIGNAL | (more ? MSG_MORE : 0));
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
    socket_address peer;
    socklen_t peer_size = sizeof peer;
    if (getpeername(fd, &peer.any, &peer_size) != 0)
        return errno;
    const void *address = peer.any.sa_family == AF_INET ? (const void *)&peer.v4.sin_addr
                                                        : (const void *)&peer.v6.sin6_addr;
    return inet_ntop(peer.any.sa_family, address, text, (socklen_t)size) != NULL ? 0 : errno;
}

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
