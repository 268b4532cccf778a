/* A server of the test's own in a thread, and clients of plain sockets. */
#ifndef FIRN_TESTS_HTTP_SERVING_H
#define FIRN_TESTS_HTTP_SERVING_H

#include <firn/http_server.h>

#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>
#include <cmocka.h>

struct serving {
    firn_http_server *server;
    pthread_t thread;
    firn_status status;
};

static inline void *serving_run(void *context)
{
    struct serving *serving = context;
    serving->status = firn_http_server_run(serving->server, NULL);
    return NULL;
}

static inline void serving_begin(struct serving *serving, const firn_http_server_options *options)
{
    firn_error error;
    if (firn_http_server_create(options, &serving->server, &error) != FIRN_OK)
        fail_msg("%s", error.text);
    assert_int_equal(pthread_create(&serving->thread, NULL, serving_run, serving), 0);
}

/* Stops it and tells its last figures. */
static inline firn_http_server_stats serving_end(struct serving *serving)
{
    firn_http_server_stats stats;
    firn_http_server_stop(serving->server);
    pthread_join(serving->thread, NULL);
    assert_int_equal(serving->status, FIRN_OK);
    firn_http_server_stats_get(serving->server, &stats);
    firn_http_server_destroy(serving->server);
    assert_int_equal(stats.connections, 0);
    assert_int_equal(stats.entry_bytes, 0);
    return stats;
}

static inline int client_open(const struct serving *serving)
{
    struct sockaddr_in at = {.sin_family = AF_INET,
                             .sin_port = htons(firn_http_server_port(serving->server)),
                             .sin_addr = {.s_addr = htonl(INADDR_LOOPBACK)}};
    int fd = socket(AF_INET, SOCK_STREAM, 0);
    assert_true(fd >= 0);
    assert_int_equal(connect(fd, (struct sockaddr *)&at, sizeof at), 0);
    return fd;
}

static inline void client_send(int fd, const void *data, size_t size)
{
    size_t sent = 0;
    while (sent < size) {
        ssize_t got = send(fd, (const char *)data + sent, size - sent, MSG_NOSIGNAL);
        if (got < 0) /* the server has closed: what it said is to be read */
            return;
        sent += (size_t)got;
    }
}

static inline void client_say(int fd, const char *text)
{
    client_send(fd, text, strlen(text));
}

/* Reads until the other side closes, or nothing came for so long; returns the size, and ends the
 * text with a NUL. */
static inline size_t client_read(int fd, char *data, size_t capacity, int quiet_ms,
                                 bool *ret_closed)
{
    size_t size = 0;
    *ret_closed = false;
    while (size + 1 < capacity) {
        struct pollfd wait = {.fd = fd, .events = POLLIN};
        if (poll(&wait, 1, quiet_ms) <= 0)
            break;
        ssize_t got = recv(fd, data + size, capacity - 1 - size, 0);
        if (got <= 0) {
            *ret_closed = true;
            break;
        }
        size += (size_t)got;
    }
    data[size] = '\0';
    return size;
}

/* Reads until this text has come. */
static inline void client_expect(int fd, char *data, size_t capacity, const char *text)
{
    size_t size = 0;
    data[0] = '\0';
    while (strstr(data, text) == NULL) {
        struct pollfd wait = {.fd = fd, .events = POLLIN};
        assert_true(size + 1 < capacity);
        assert_true(poll(&wait, 1, 20000) > 0);
        ssize_t got = recv(fd, data + size, capacity - 1 - size, 0);
        assert_true(got > 0);
        size += (size_t)got;
        data[size] = '\0';
    }
}

#endif
