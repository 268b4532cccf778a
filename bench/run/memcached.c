/* 40 connections in turn, each sending 32 requests in one piece, every fourth a set and the others
 * gets of one to eight keys; connections are closed and opened again, and all answers are read. */
#include "run/memcached.h"

#include <firn/api.h>

#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#include "support/measure.h"

enum { CONNECTIONS = 40, BATCH = 32, BATCHES = 10000, KEYS = 20000, VALUE_MAX = 20000 };

static char requests[BATCH * (VALUE_MAX + 200)], values[VALUE_MAX];

const char *memcached_socket(void)
{
    static char path[64];
    snprintf(path, sizeof path, "/tmp/firn-bench-%d.socket", (int)getpid());
    return path;
}

/* Waits up to five seconds for the server. */
static int open_connection(void)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    const struct timespec pause = {.tv_nsec = 10000000};
    snprintf(address.sun_path, sizeof address.sun_path, "%s", memcached_socket());
    for (int i = 0; i < 500; i++) {
        int connection = socket(AF_UNIX, SOCK_STREAM, 0);
        if (connect(connection, (struct sockaddr *)&address, sizeof address) == 0)
            return connection;
        close(connection);
        nanosleep(&pause, NULL);
    }
    return -1;
}

static FIRN_PRINTF(2, 3) size_t append(size_t size, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    size += (size_t)vsnprintf(requests + size, sizeof requests - size, format, arguments);
    va_end(arguments);
    return size;
}

static size_t write_set(uint32_t *sequence, size_t size)
{
    bool is_long = random_below(sequence, 20) == 0;
    unsigned bytes = 1 + random_below(sequence, is_long ? VALUE_MAX : 900);
    size = append(size, "set key-%u 0 0 %u\r\n", random_below(sequence, KEYS), bytes);
    memcpy(requests + size, values, bytes);
    return append(size + bytes, "\r\n");
}

static size_t write_get(uint32_t *sequence, size_t size)
{
    unsigned count = 1 + random_below(sequence, 8);
    size = append(size, "get");
    for (unsigned i = 0; i < count; i++)
        size = append(size, " key-%u", random_below(sequence, KEYS));
    return append(size, "\r\n");
}

/* Reads until so many requests are answered: by STORED, or by END behind the values. */
static bool read_answers(int connection, unsigned count)
{
    static char buffer[65536];
    uint64_t last = 0; /* eight bytes */
    const uint64_t stored = 0x53544f5245440d0a, end = 0x454e440d0a;
    while (count > 0) {
        ssize_t size = read(connection, buffer, sizeof buffer);
        if (size <= 0)
            return false;
        for (ssize_t i = 0; i < size; i++) {
            last = last << 8 | (uint8_t)buffer[i];
            count -= last == stored || (last & 0xffffffffff) == end;
        }
    }
    return true;
}

static bool send_batch(int connection, uint32_t *sequence)
{
    size_t size = 0;
    for (unsigned i = 0; i < BATCH; i++)
        size = i % 4 == 0 ? write_set(sequence, size) : write_get(sequence, size);
    for (size_t sent = 0; sent < size;) {
        ssize_t more = write(connection, requests + sent, size - sent);
        if (more <= 0)
            return false;
        sent += (size_t)more;
    }
    return read_answers(connection, BATCH);
}

bool memcached_load(pid_t server)
{
    int connections[CONNECTIONS];
    uint32_t sequence = 1;
    bool is_well = true;
    memset(values, 'x', sizeof values);
    for (unsigned i = 0; i < CONNECTIONS; i++)
        connections[i] = open_connection();
    for (unsigned i = 0; i < BATCHES && is_well; i++) {
        int *connection = &connections[i % CONNECTIONS];
        is_well = *connection >= 0 && send_batch(*connection, &sequence);
        if (random_below(&sequence, 50) == 0) {
            close(*connection);
            *connection = open_connection();
        }
    }
    for (unsigned i = 0; i < CONNECTIONS; i++)
        close(connections[i]);
    kill(server, SIGINT);
    unlink(memcached_socket());
    return is_well;
}
