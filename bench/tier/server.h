/* A server that the bench starts, listens on a socket in the bench's folder and ends with it. */
#ifndef FIRN_BENCH_SERVER_H
#define FIRN_BENCH_SERVER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

struct server {
    pid_t process;
    int connection;
    char *input; /* what was read and not taken yet */
    size_t begin, end;
    char *output; /* what was not sent yet */
    size_t output_size;
    unsigned gathered; /* puts */
};

/* Starts the command and connects to the socket that it makes; ends this program with STORE_ABSENT
 * when the command is not there. */
void server_start(struct server *server, const char *const *command, const char *socket_path);
void server_stop(struct server *server);

/* Gathers what is to be sent. */
void server_add(struct server *server, const char *data, size_t size);
void server_send(struct server *server);

/* Gathers a put: its head, the value and CR LF. True when it is time to take the answers. */
bool server_add_put(struct server *server, const char *head, int head_size, const char *value,
                    size_t size);
/* Sends the puts and takes a line for each, which must be `wanted` if that is not NULL. */
void server_take_answers(struct server *server, const char *wanted);

/* The next line of the answer, without its CR LF, valid until the next call. */
const char *server_line(struct server *server);
/* The next bytes of the answer, of which so much as there is room for is copied, and the CR LF
 * behind them. Returns their size. */
ptrdiff_t server_copy(struct server *server, size_t size, char *out, size_t capacity);

#endif
