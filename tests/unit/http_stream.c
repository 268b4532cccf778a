/* Streams, with sockets of the test's own: connecting and why it fails, moments that pass, what
 * encrypts, and whether one that is idle still lives. */
#include "http/stream.h"

#include <firn/system.h>

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>
#include <cmocka.h>

#define SECOND ((uint64_t)1000000000)

static int listener_open(uint16_t *port)
{
    struct sockaddr_in at = {.sin_family = AF_INET, .sin_addr = {htonl(INADDR_LOOPBACK)}};
    socklen_t size = sizeof at;
    int fd = socket(AF_INET, SOCK_STREAM, 0);
    assert_true(fd >= 0);
    assert_int_equal(bind(fd, (struct sockaddr *)&at, size), 0);
    assert_int_equal(listen(fd, 8), 0);
    assert_int_equal(getsockname(fd, (struct sockaddr *)&at, &size), 0);
    *port = ntohs(at.sin_port);
    return fd;
}

struct pair {
    firn_http_stream stream;
    int other;
};

static struct pair pair_open(void)
{
    struct pair pair;
    uint16_t port;
    int listener = listener_open(&port);
    firn_error error;
    firn_http_stream_init(&pair.stream);
    if (firn_http_stream_connect(&pair.stream, "127.0.0.1", port, firn_clock_ns() + 10 * SECOND,
                                 &error) != FIRN_OK)
        fail_msg("%s", error.text);
    pair.other = accept(listener, NULL, NULL);
    assert_true(pair.other >= 0);
    close(listener);
    return pair;
}

static void pair_close(struct pair *pair)
{
    firn_http_stream_close(&pair->stream);
    assert_int_equal(pair->stream.fd, -1);
    firn_http_stream_close(&pair->stream);
    close(pair->other);
}

static void a_stream_carries_bytes_both_ways(void **state)
{
    (void)state;
    struct pair pair = pair_open();
    const size_t size = 4u << 20;
    char *sent = malloc(size), *got = malloc(size);
    assert_true(sent != NULL && got != NULL);
    for (size_t i = 0; i < size; i++)
        sent[i] = (char)(i * 7 + i / 251);
    struct iovec parts[3] = {{sent, 10}, {sent + 10, 0}, {sent + 10, size - 10}};
    size_t there = 0, part = 0;
    pid_t child = fork();
    assert_true(child >= 0);
    if (child == 0)
        _exit(firn_http_stream_write(&pair.stream, parts, 3, UINT64_MAX) == 0 ? 0 : 1);
    while (there < size) {
        ssize_t now = recv(pair.other, got + there, size - there, 0);
        assert_true(now > 0);
        there += (size_t)now;
    }
    assert_memory_equal(got, sent, size);
    assert_int_equal(send(pair.other, "back", 4, 0), 4);
    assert_int_equal(firn_http_stream_read(&pair.stream, got, 100, UINT64_MAX, &part), 0);
    assert_int_equal(part, 4);
    assert_memory_equal(got, "back", 4);
    shutdown(pair.other, SHUT_WR);
    assert_int_equal(firn_http_stream_read(&pair.stream, got, 100, UINT64_MAX, &part), 0);
    assert_int_equal(part, 0);
    free(sent);
    free(got);
    pair_close(&pair);
}

static void reading_and_writing_end_at_their_moments(void **state)
{
    (void)state;
    struct pair pair = pair_open();
    char data[65536] = {0};
    size_t part;
    unsigned ready;
    uint64_t begin = firn_clock_ns();
    assert_int_equal(
        firn_http_stream_read(&pair.stream, data, sizeof data, begin + SECOND / 20, &part),
        ETIMEDOUT);
    assert_true(firn_clock_ns() - begin >= SECOND / 20);
    assert_int_equal(firn_http_stream_wait(&pair.stream, FIRN_HTTP_READABLE, 0, &ready), ETIMEDOUT);
    int error = 0;
    begin = firn_clock_ns();
    while (error == 0) {
        struct iovec all = {data, sizeof data};
        error = firn_http_stream_write(&pair.stream, &all, 1, begin + SECOND / 10);
    }
    assert_int_equal(error, ETIMEDOUT);
    struct iovec all = {data, sizeof data};
    while (firn_http_stream_send(&pair.stream, &all, 1, &part) == 0)
        continue;
    assert_int_equal(firn_http_stream_send(&pair.stream, &all, 1, &part), EAGAIN);
    assert_int_equal(send(pair.other, "x", 1, 0), 1);
    assert_int_equal(firn_http_stream_wait(&pair.stream, FIRN_HTTP_READABLE | FIRN_HTTP_WRITABLE,
                                           begin + 10 * SECOND, &ready),
                     0);
    assert_int_equal(ready, FIRN_HTTP_READABLE);
    pair_close(&pair);
}

static void it_says_why_it_cannot_connect(void **state)
{
    (void)state;
    firn_http_stream stream;
    firn_error error;
    uint16_t port;
    int listener = listener_open(&port);
    close(listener);
    firn_http_stream_init(&stream);
    const uint64_t until = firn_clock_ns() + 10 * SECOND;
    assert_int_equal(firn_http_stream_connect(&stream, "127.0.0.1", port, until, &error), FIRN_IO);
    assert_int_equal(error.os_errno, ECONNREFUSED);
    assert_non_null(strstr(error.text, "connection refused"));
    assert_int_equal(firn_http_stream_connect(&stream, "", port, until, &error), FIRN_NOT_FOUND);
    assert_non_null(strstr(error.text, "host not found"));
    /* A listener whose queue is full does not answer. */
    struct sockaddr_in at = {.sin_family = AF_INET, .sin_addr = {htonl(INADDR_LOOPBACK)}};
    socklen_t size = sizeof at;
    int full = socket(AF_INET, SOCK_STREAM, 0);
    assert_int_equal(bind(full, (struct sockaddr *)&at, size), 0);
    assert_int_equal(listen(full, 0), 0);
    assert_int_equal(getsockname(full, (struct sockaddr *)&at, &size), 0);
    int waiting[8];
    for (int i = 0; i < 8; i++) {
        waiting[i] = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
        (void)connect(waiting[i], (struct sockaddr *)&at, size);
    }
    assert_int_equal(firn_http_stream_connect(&stream, "127.0.0.1", ntohs(at.sin_port),
                                              firn_clock_ns() + SECOND / 20, &error),
                     FIRN_TIMEOUT);
    assert_int_equal(stream.fd, -1);
    for (int i = 0; i < 8; i++)
        close(waiting[i]);
    close(full);
}

static void a_name_stands_for_its_addresses(void **state)
{
    (void)state;
    firn_http_stream stream;
    firn_error error;
    uint16_t port;
    int listener = listener_open(&port);
    firn_http_stream_init(&stream);
    if (firn_http_stream_connect(&stream, "localhost", port, firn_clock_ns() + 10 * SECOND,
                                 &error) != FIRN_OK)
        fail_msg("%s", error.text);
    firn_http_stream_close(&stream);
    close(listener);
}

static void an_idle_stream_is_alive_until_something_comes(void **state)
{
    (void)state;
    struct pair pair = pair_open();
    assert_true(firn_http_stream_is_idle_alive(&pair.stream));
    assert_int_equal(send(pair.other, "x", 1, 0), 1);
    while (firn_http_stream_is_idle_alive(&pair.stream))
        continue;
    pair_close(&pair);
    assert_false(firn_http_stream_is_idle_alive(&pair.stream));
    pair = pair_open();
    shutdown(pair.other, SHUT_RDWR);
    while (firn_http_stream_is_idle_alive(&pair.stream))
        continue;
    struct iovec all = {(char[]){"x"}, 1};
    int error = 0;
    for (int i = 0; i < 100 && error == 0; i++, usleep(1000)) {
        all = (struct iovec){(char[]){"x"}, 1};
        error = firn_http_stream_write(&pair.stream, &all, 1, UINT64_MAX);
    }
    assert_true(error == EPIPE || error == ECONNRESET); /* and no SIGPIPE */
    pair_close(&pair);
}

/* --- what encrypts: here, what adds one to each byte, and is slow to begin --- */

struct adder {
    int fd, delays;
    bool has_pending, is_closed;
};

static int adder_recv(void *session, void *data, size_t size, size_t *ret_size)
{
    struct adder *adder = session;
    if (adder->delays > 0 && adder->delays-- > 0)
        return EAGAIN;
    ssize_t got = recv(adder->fd, data, size, MSG_DONTWAIT);
    for (ssize_t i = 0; i < got; i++)
        ((char *)data)[i]++;
    if (got < 0)
        return errno;
    *ret_size = (size_t)got;
    return 0;
}

static int adder_send(void *session, const struct iovec *parts, size_t count, size_t *ret_size)
{
    struct adder *adder = session;
    char byte = (char)(*(const char *)parts[0].iov_base + 1);
    (void)count;
    *ret_size = 1;
    return send(adder->fd, &byte, 1, 0) == 1 ? 0 : errno;
}

static bool adder_wants_send(const void *session)
{
    return ((const struct adder *)session)->delays > 0;
}

static bool adder_is_pending(const void *session)
{
    return ((const struct adder *)session)->has_pending;
}

static void adder_close(void *session)
{
    ((struct adder *)session)->is_closed = true;
}

static void what_encrypts_stands_between(void **state)
{
    (void)state;
    static const firn_http_layer layer = {adder_recv, adder_send, adder_wants_send,
                                          adder_is_pending, adder_close};
    struct pair pair = pair_open();
    struct adder adder = {.fd = pair.stream.fd, .delays = 3};
    char data[16];
    size_t size;
    unsigned ready;
    pair.stream.layer = &layer;
    pair.stream.session = &adder;
    struct iovec all = {(char[]){"HAL"}, 3};
    assert_int_equal(firn_http_stream_write(&pair.stream, &all, 1, UINT64_MAX), 0);
    assert_int_equal(recv(pair.other, data, 3, MSG_WAITALL), 3);
    assert_memory_equal(data, "IBM", 3);
    assert_int_equal(send(pair.other, "VMS", 3, 0), 3);
    assert_int_equal(firn_http_stream_wait(&pair.stream, FIRN_HTTP_READABLE, UINT64_MAX, &ready),
                     0);
    assert_int_equal(ready, FIRN_HTTP_READABLE); /* it wanted to send, so reading goes on */
    assert_int_equal(firn_http_stream_read(&pair.stream, data, 16, UINT64_MAX, &size), 0);
    assert_int_equal(size, 3);
    assert_memory_equal(data, "WNT", 3);
    assert_true(firn_http_stream_is_idle_alive(&pair.stream));
    adder.has_pending = true;
    assert_false(firn_http_stream_is_idle_alive(&pair.stream));
    assert_int_equal(firn_http_stream_wait(&pair.stream, FIRN_HTTP_READABLE, 0, &ready), 0);
    assert_int_equal(ready, FIRN_HTTP_READABLE);
    pair_close(&pair);
    assert_true(adder.is_closed);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_stream_carries_bytes_both_ways),
        cmocka_unit_test(reading_and_writing_end_at_their_moments),
        cmocka_unit_test(it_says_why_it_cannot_connect),
        cmocka_unit_test(a_name_stands_for_its_addresses),
        cmocka_unit_test(an_idle_stream_is_alive_until_something_comes),
        cmocka_unit_test(what_encrypts_stands_between),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
