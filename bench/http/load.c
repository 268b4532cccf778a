/* See load.h. The size of an answer is learned from the first. */
#include "http/load.h"

#include <arpa/inet.h>
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

enum { DEPTH_MAX = 64, EVENTS = 256 };

static const char request[] = "GET / HTTP/1.1\r\nHost: 127.0.0.1\r\nUser-Agent: bench\r\n"
                              "Accept: */*\r\n\r\n";
static int *opened;
static unsigned opened_count;

static void fail(const char *what)
{
    perror(what);
    exit(1);
}

static int open_connection(uint16_t port)
{
    const int on = 1;
    struct sockaddr_in at = {.sin_family = AF_INET,
                             .sin_port = htons(port),
                             .sin_addr = {.s_addr = htonl(INADDR_LOOPBACK)}};
    int fd = socket(AF_INET, SOCK_STREAM, 0);
    if (fd < 0)
        fail("socket");
    if (connect(fd, (struct sockaddr *)&at, sizeof at) != 0) {
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
    if (write(fd, requests, depth * size) != (ssize_t)(depth * size))
        fail("write");
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

/* Reads what there is; true when a round of answers is whole. */
static bool read_some(int fd, size_t wanted, size_t *got)
{
    static char data[1 << 16];
    ssize_t size = read(fd, data, sizeof data);
    if (size <= 0)
        fail("read");
    *got += (size_t)size;
    if (*got < wanted)
        return false;
    *got = 0;
    return true;
}

uint64_t load_run(uint16_t port, unsigned connections, unsigned depth, uint64_t requests)
{
    size_t wanted = learn_size(port) * depth;
    size_t *got = need(calloc(connections + 1024, sizeof *got));
    int epoll = epoll_create1(0);
    uint64_t done = 0;
    for (unsigned i = 0; i < connections; i++) {
        int fd = open_or_fail(port);
        struct epoll_event event = {.events = EPOLLIN, .data = {.fd = fd}};
        epoll_ctl(epoll, EPOLL_CTL_ADD, fd, &event);
        ask(fd, depth);
    }
    while (done < requests) {
        struct epoll_event events[EVENTS];
        int count = epoll_wait(epoll, events, EVENTS, 5000);
        if (count <= 0)
            fail("no answer");
        for (int i = 0; i < count; i++) {
            int fd = events[i].data.fd;
            if (!read_some(fd, wanted, &got[fd]))
                continue;
            done += depth;
            ask(fd, depth);
        }
    }
    free(got);
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
        opened[i] = open_or_fail(port);
        ask(opened[i], 1);
        while (!read_some(opened[i], wanted, &got))
            continue;
    }
}

void load_close(void)
{
    for (unsigned i = 0; i < opened_count; i++)
        close(opened[i]);
    free(opened);
}
