/* System calls on sockets and what waits for them, with EINTR tried again and failures injected as
 * in os.h. All return 0 or an errno value; ret_ parameters are written only on success. No call
 * raises SIGPIPE. Thread-safe: there is no state. */
#ifndef FIRN_CORE_OS_NET_H
#define FIRN_CORE_OS_NET_H

#include <netinet/in.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/uio.h>

/* A socket that listens on a numeric address (IPv4 or IPv6; EADDRNOTAVAIL for what is neither),
 * does not block, and shares its port with others that are made so; alone: EADDRINUSE where there
 * are any. *port of 0 is set to the one that the kernel chose. */
int firn_os_listen(const char *address, uint16_t *port, bool alone, int *ret_fd);
/* Takes a connection that does not block and sends at once; EAGAIN when there is none. */
int firn_os_accept(int fd, int *ret_fd);
int firn_os_recv(int fd, void *data, size_t size, size_t *ret_size);
/* Sends parts, once; more: further bytes follow soon. */
int firn_os_send(int fd, const struct iovec *parts, size_t count, bool more, size_t *ret_size);
int firn_os_sendfile(int fd, int file, uint64_t offset, size_t size, size_t *ret_size);
/* Tells the other side that nothing more comes. */
int firn_os_shutdown(int fd);
/* The other side's numeric address. */
int firn_os_peer(int fd, char *text, size_t size);

typedef struct firn_os_address {
    union {
        struct sockaddr any;
        struct sockaddr_in v4;
        struct sockaddr_in6 v6;
    };
    socklen_t size;
} firn_os_address;

/* The addresses of a host, a name or a numeric address, in the order in which they are to be tried;
 * at most capacity of them, at least one. ENOENT: it has none; EAGAIN: nobody who knows can be
 * asked now. A name is looked up for as long as the system's resolver takes. */
int firn_os_resolve(const char *host, uint16_t port, firn_os_address *addresses, size_t capacity,
                    size_t *ret_count);
/* Begins to connect, without blocking; what it is that sends does so at once. It is connected or
 * has failed when it can be written to, and firn_os_connect_end then tells. */
int firn_os_connect_begin(const firn_os_address *address, int *ret_fd);
int firn_os_connect_end(int fd);
/* Waits for events (POLLIN, POLLOUT) up to a moment of the clock of firn_clock_ns, UINT64_MAX being
 * none: ETIMEDOUT. *ret_events has POLLERR and POLLHUP too; it may be 0, after a signal. */
int firn_os_poll(int fd, short events, uint64_t deadline_ns, short *ret_events);
/* Whether the other side has neither closed nor sent anything. */
bool firn_os_is_quiet(int fd);

int firn_os_epoll_create(int *ret_fd);
/* operation as epoll_ctl's. */
int firn_os_epoll_change(int epoll, int operation, int fd, uint32_t events, void *data);
/* timeout_ms of -1 is none; *ret_count is 0 after it, and after a signal. */
int firn_os_epoll_wait(int epoll, struct epoll_event *events, int capacity, int timeout_ms,
                       int *ret_count);
/* A descriptor that becomes readable by firn_os_event_raise, which is async-signal-safe. */
int firn_os_event_create(int *ret_fd);
void firn_os_event_raise(int fd);
void firn_os_event_clear(int fd);

#endif
