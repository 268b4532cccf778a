/* One client's requests, read and answered by a worker. */
#ifndef CODE_SERVE_ANSWERING_H
#define CODE_SERVE_ANSWERING_H

#include <stdatomic.h>

#include "code/serve/pool.h"
#include "code/serve/repairing.h"

#define STALL_MS 10000 /* that a client may leave an answer unread */

/* What the answers are made from; shared by all workers. */
struct answering {
    struct served *served;
    struct repairing repairing;
    const char *store; /* absolute path of its folder */
    bool is_resident;
    uint64_t start_ns;
    atomic_uint clients;   /* connected */
    atomic_ullong answers; /* begun */
    atomic_ullong ended;   /* of them */
    atomic_bool is_stopping;
    int stop; /* a descriptor to write to when a client wants the server to end */
};

/* Reads what a client sent and answers each whole line. False when the connection is to be closed:
 * the client has, or does not read, or sent no lines. */
bool answer_client(struct answering *answering, struct worker *worker, struct client *client);

/* Sends a refusal to a client that is not served; what does not fit at once is dropped. */
void answer_refusal(struct client *client, const char *code, const char *message);

#endif
