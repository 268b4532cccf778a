/* System calls on sockets and what waits for them, with EINTR tried again and failures injected as
 * in os.h. All return 0 or an errno value; ret_ parameters are written only on success. No call
 * raises SIGPIPE. Thread-safe: there is no state. */
#ifndef FIRN_CORE_OS_NET_H
#define FIRN_CORE_OS_NET_H

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
