/* See load.h. The size of an answer is learned from the first. A server may close a connection
 * after so many requests: another takes its place, and what was not answered does not count. */
#include "http/load.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "support/measure.h"

enum { DEPTH_MAX = 64, EVENTS = 256, FDS = 4096 };

static const char request[] = "GET / HTTP/1.1\r\nHost: 127.0.0.1\r\nUser-Agent: bench\r\n"
                              "Accept: */*\r\n\r\n";
static int *opened;
static unsigned opened_count;

static void fail(const char *what)
{
    perror(what);
    exit(1);
}

static struct sockaddr_in loopback(uint16_t port)
{
    return (struct sockaddr_in){.sin_family = AF_INET,
                                .sin_port = htons(port),
                                .sin_addr = {.s_addr = htonl(INADDR_LOOPBACK)}};
}

static int open_socket(void)
{
    int fd = socket(AF_INET, SOCK_STREAM, 0);
    if (fd < 0)
        fail("socket");
    return fd;
}

static int open_connection(uint16_t port)
{
    const int on = 1;
    const struct sockaddr_in at = loopback(port);
    int fd = open_socket();
    if (connect(fd, (const struct sockaddr *)&at, sizeof at) != 0) {
        close(fd);
        return -1;
    }
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    return fd;
}

void load_wait(uint16_t port)
{
    const struct timespec pause = {.tv_nsec = 10000000};
    for (int i = 0; i < 500; i++) {
        int fd = open_connection(port);
        if (fd >= 0) {
            close(fd);
            return;
        }
        nanosleep(&pause, NULL);
    }
    fail("no server");
}

/* Whether the port could be had, as a server asks for it. */
static bool is_free(uint16_t port)
{
    const int on = 1;
    const struct sockaddr_in at = loopback(port);
    int fd = open_socket();
    setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
    bool free = bind(fd, (const struct sockaddr *)&at, sizeof at) == 0;
    close(fd);
    return free;
}

void load_wait_gone(uint16_t port)
{
    const struct timespec pause = {.tv_nsec = 10000000};
    for (int i = 0; i < 7000; i++) {
        if (is_free(port))
            return;
        nanosleep(&pause, NULL);
    }
    fail("the port does not become free");
}

static int open_or_fail(uint16_t port)
{
    int fd = open_connection(port);
    if (fd < 0)
        fail("connect");
    return fd;
}

static void ask(int fd, unsigned depth)
{
    static char requests[DEPTH_MAX * sizeof request];
    const size_t size = sizeof request - 1;
    for (unsigned i = 0; i < depth; i++)
        memcpy(requests + i * size, request, size);
    ssize_t sent = send(fd, requests, depth * size, MSG_NOSIGNAL);
    if (sent != (ssize_t)(depth * size) && errno != EPIPE && errno != ECONNRESET)
        fail("send"); /* what has been closed is seen to be so when it is read */
}

/* The size of the answer to one request. */
static size_t learn_size(uint16_t port)
{
    char data[4096];
    int fd = open_or_fail(port);
    ask(fd, 1);
    usleep(100000);
    ssize_t size = read(fd, data, sizeof data);
    if (size < 13 || memcmp(data, "HTTP/1.1 200 ", 13) != 0)
        fail("the first answer");
    close(fd);
    return (size_t)size;
}

/* Reads what there is; true when a round of answers is whole. *ret_closed: the server has closed.
 */
static bool read_some(int fd, size_t wanted, size_t *got, bool *ret_closed)
{
    static char data[1 << 16];
    ssize_t size = read(fd, data, sizeof data);
    *ret_closed = size <= 0;
    if (size <= 0)
        return false;
    *got += (size_t)size;
    if (*got < wanted)
        return false;
    *got = 0;
    return true;
}

static struct {
    uint16_t port;
    unsigned depth;
    int epoll;
    size_t wanted;   /* bytes of a round */
    size_t got[FDS]; /* of it, by descriptor; SIZE_MAX: not open */
} load;

static void open_one(void)
{
    int fd = open_or_fail(load.port);
    struct epoll_event event = {.events = EPOLLIN, .data = {.fd = fd}};
    epoll_ctl(load.epoll, EPOLL_CTL_ADD, fd, &event);
    load.got[fd] = 0;
    ask(fd, load.depth);
}

void load_begin(uint16_t port, unsigned connections, unsigned depth)
{
    load.port = port;
    load.depth = depth;
    load.wanted = learn_size(port) * depth;
    load.epoll = epoll_create1(0);
    for (unsigned i = 0; i < FDS; i++)
        load.got[i] = SIZE_MAX;
    for (unsigned i = 0; i < connections; i++)
        open_one();
}

uint64_t load_go_on(uint64_t requests)
{
    uint64_t done = 0;
    while (done < requests) {
        struct epoll_event events[EVENTS];
        int count = epoll_wait(load.epoll, events, EVENTS, 5000);
        if (count <= 0)
            fail("no answer");
        for (int i = 0; i < count; i++) {
            int fd = events[i].data.fd;
            bool closed;
            if (read_some(fd, load.wanted, &load.got[fd], &closed)) {
                done += load.depth;
                ask(fd, load.depth);
            } else if (closed) {
                close(fd);
                load.got[fd] = SIZE_MAX;
                open_one();
            }
        }
    }
    return done;
}

void load_end(void)
{
    for (unsigned fd = 0; fd < FDS; fd++)
        if (load.got[fd] != SIZE_MAX)
            close((int)fd);
    close(load.epoll);
}

uint64_t load_run(uint16_t port, unsigned connections, unsigned depth, uint64_t requests)
{
    load_begin(port, connections, depth);
    uint64_t done = load_go_on(requests);
    load_end();
    return done;
}

void load_open(uint16_t port, unsigned connections)
{
    struct rlimit limit;
    size_t wanted = learn_size(port);
    getrlimit(RLIMIT_NOFILE, &limit);
    limit.rlim_cur = limit.rlim_max;
    setrlimit(RLIMIT_NOFILE, &limit);
    opened = need(calloc(connections, sizeof *opened));
    opened_count = connections;
    for (unsigned i = 0; i < connections; i++) {
        size_t got = 0;
        bool closed = false;
        opened[i] = open_or_fail(port);
        ask(opened[i], 1);
        while (!read_some(opened[i], wanted, &got, &closed))
            if (closed)
                fail("a connection that does not stay");
    }
}

void load_close(void)
{
    for (unsigned i = 0; i < opened_count; i++)
        close(opened[i]);
    free(opened);
}
