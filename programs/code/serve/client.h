/* A connection to a client: reading lines of requests, sending answers to one that may read slowly
 * or not at all. A client is the loop's while it is idle, and one worker's while it is answered. */
#ifndef CODE_SERVE_CLIENT_H
#define CODE_SERVE_CLIENT_H

#include "code/serve/request.h"

struct client {
    struct client *next; /* of all */
    struct client *previous;
    struct client *waiting; /* the next one that waits for a worker */
    int descriptor;
    bool is_busy;        /* a worker's, or waits for one */
    uint64_t partial_ns; /* since when a part of a line is there; 0: none is */
    char *partial;       /* that part */
    size_t partial_bytes;
};

/* Takes a connection over. NULL without memory; the descriptor is then closed. */
struct client *client_create(int descriptor);
void client_destroy(struct client *client);

/* What came, with the part that was there before, at most REQUEST_MAX_BYTES + 1. */
struct incoming {
    char data[REQUEST_MAX_BYTES + 1];
    size_t size;
};

/* Reads what is there. False when the client has closed or is broken. */
bool client_read(struct client *client, struct incoming *incoming);

/* Keeps the bytes from `from` on for the next reading. False without memory. */
bool client_keep(struct client *client, const struct incoming *incoming, size_t from);

/* Sends what can be sent at once; *at counts. False when the client is broken. */
bool client_send_some(struct client *client, const char *data, size_t size, size_t *at);

/* Waits until more can be sent; false after the time, or when the client is broken. */
bool client_wait(struct client *client, int milliseconds);

/* Whether the one at the other end may end the server: its own user or root. */
bool client_is_owner(const struct client *client);

#endif
