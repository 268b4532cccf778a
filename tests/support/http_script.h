/* A server of plain sockets in a thread, which does what a script says, step by step: so a test of
 * a client decides each byte that it gets and when. What the client sent is kept as text.
 *
 *     static const struct step steps[] = {{ACCEPT}, {REQUEST}, {SAY, "HTTP/1.1 204 x\r\n\r\n"}};
 *     struct script script;
 *     script_begin(&script, steps, 3);
 *     ... script.url names it ...
 *     script_end(&script);                 joins it: all steps must have been made
 */
#ifndef FIRN_TESTS_HTTP_SCRIPT_H
#define FIRN_TESTS_HTTP_SCRIPT_H

#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>
#include <cmocka.h>

enum step_kind {
    ACCEPT,  /* the next connection; the one before it is closed */
    REQUEST, /* a head, up to its empty line */
    BODY,    /* so many bytes more */
    SAY,     /* a text; with a number, so many bytes of it */
    SLOWLY,  /* a text, byte by byte */
    PAUSE,   /* so many milliseconds */
    CLOSE,
    RESET,       /* the client gets ECONNRESET */
    UNTIL_CLOSED /* reads until the client has closed */
};

struct step {
    enum step_kind kind;
    const char *text;
    size_t number;
};

struct script {
    const struct step *steps;
    size_t step_count, done;
    int listener, fd;
    uint16_t port;
    pthread_t thread;
    char url[64];
    char *seen; /* all that the client sent, on all connections */
    size_t seen_size, seen_capacity;
};

static inline bool script_read(struct script *script, char *data, size_t size)
{
    struct pollfd wait = {.fd = script->fd, .events = POLLIN};
    if (poll(&wait, 1, 20000) <= 0)
        return false;
    ssize_t got = recv(script->fd, data, size, 0);
    if (got <= 0)
        return false;
    if (script->seen_size + (size_t)got + 1 > script->seen_capacity) {
        script->seen_capacity = (script->seen_size + (size_t)got + 1) * 2;
        script->seen = realloc(script->seen, script->seen_capacity);
    }
    memcpy(script->seen + script->seen_size, data, (size_t)got);
    script->seen_size += (size_t)got;
    script->seen[script->seen_size] = '\0';
    return true;
}

/* One byte at a time, so that nothing behind is taken. */
static inline bool script_read_head(struct script *script)
{
    size_t from = script->seen_size;
    char byte;
    do
        if (!script_read(script, &byte, 1))
            return false;
    while (script->seen_size < from + 4 ||
           memcmp(script->seen + script->seen_size - 4, "\r\n\r\n", 4) != 0);
    return true;
}

static inline bool script_read_body(struct script *script, size_t size)
{
    char data[4096];
    while (size > 0) {
        size_t before = script->seen_size;
        if (!script_read(script, data, size < sizeof data ? size : sizeof data))
            return false;
        size -= script->seen_size - before;
    }
    return true;
}

static inline void script_say(struct script *script, const char *text, size_t size, bool slowly)
{
    size_t at = 0;
    while (at < size) {
        ssize_t got = send(script->fd, text + at, slowly ? 1 : size - at, MSG_NOSIGNAL);
        if (got <= 0)
            return;
        at += (size_t)got;
        if (slowly)
            usleep(200);
    }
}

static inline void script_close(struct script *script, bool reset)
{
    const struct linger at_once = {.l_onoff = 1, .l_linger = 0};
    if (script->fd < 0)
        return;
    if (reset)
        setsockopt(script->fd, SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once);
    close(script->fd);
    script->fd = -1;
}

static inline bool script_step(struct script *script, const struct step *step)
{
    const int on = 1;
    char data[4096];
    switch (step->kind) {
    case ACCEPT:
        script_close(script, false);
        struct pollfd wait = {.fd = script->listener, .events = POLLIN};
        if (poll(&wait, 1, 20000) <= 0)
            return false;
        script->fd = accept(script->listener, NULL, NULL);
        setsockopt(script->fd, IPPROTO_TCP, 1 /* TCP_NODELAY */, &on, sizeof on);
        return script->fd >= 0;
    case REQUEST:
        return script_read_head(script);
    case BODY:
        return script_read_body(script, step->number);
    case SAY:
    case SLOWLY:
        script_say(script, step->text, step->number > 0 ? step->number : strlen(step->text),
                   step->kind == SLOWLY);
        return true;
    case PAUSE:
        usleep((useconds_t)step->number * 1000);
        return true;
    case UNTIL_CLOSED:
        while (script_read(script, data, sizeof data))
            continue;
        return true;
    default:
        script_close(script, step->kind == RESET);
        return true;
    }
}

static inline void *script_run(void *context)
{
    struct script *script = context;
    while (script->done < script->step_count && script_step(script, &script->steps[script->done]))
        script->done++;
    script_close(script, false);
    return NULL;
}

static inline void script_begin(struct script *script, const struct step *steps, size_t count)
{
    struct sockaddr_in at = {.sin_family = AF_INET, .sin_addr = {htonl(INADDR_LOOPBACK)}};
    socklen_t size = sizeof at;
    *script = (struct script){.steps = steps, .step_count = count, .fd = -1};
    script->seen = calloc(1, script->seen_capacity = 1024);
    script->listener = socket(AF_INET, SOCK_STREAM, 0);
    assert_true(script->listener >= 0);
    assert_int_equal(bind(script->listener, (struct sockaddr *)&at, size), 0);
    assert_int_equal(listen(script->listener, 16), 0);
    assert_int_equal(getsockname(script->listener, (struct sockaddr *)&at, &size), 0);
    script->port = ntohs(at.sin_port);
    snprintf(script->url, sizeof script->url, "http://127.0.0.1:%u/", script->port);
    assert_int_equal(pthread_create(&script->thread, NULL, script_run, script), 0);
}

/* Waits until it is through; what it saw is freed by script_free. */
static inline void script_end(struct script *script)
{
    assert_int_equal(pthread_join(script->thread, NULL), 0);
    close(script->listener);
    if (script->done != script->step_count)
        fail_msg("the script ended at step %zu of %zu; it saw: %s", script->done,
                 script->step_count, script->seen);
}

static inline void script_free(struct script *script)
{
    free(script->seen);
}

#endif
