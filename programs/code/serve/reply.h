/* An answer on its way to a client: what an emitter prints becomes lines of the protocol
 * (docs/code-server.md), of which at most one buffer waits in memory. Confined to one thread. */
#ifndef CODE_SERVE_REPLY_H
#define CODE_SERVE_REPLY_H

#include <stdio.h>

#include <firn/status.h>

#define REPLY_BYTES (64u << 10) /* that gather before they are sent */

/* Sends bytes; false when the client is gone or has stopped reading. */
typedef bool (*reply_send_fn)(void *context, const char *data, size_t size);

struct reply {
    FILE *out;          /* what is written to it goes into the answer */
    reply_send_fn send; /* private, and what follows */
    void *context;
    const char *id;
    bool in_text;
    bool is_begun; /* the line at hand has its beginning */
    bool is_sent;  /* part of the answer is gone */
    bool is_told;  /* more than an announcement is */
    bool is_lost;  /* the client is */
    size_t used;
    char *buffer; /* REPLY_BYTES */
};

/* Prepares a reply for any number of answers. FIRN_NO_MEMORY. */
FIRN_NODISCARD firn_status reply_init(struct reply *reply);
void reply_fini(struct reply *reply);

/* Begins an answer; id is JSON and stays until the end. in_text: the bytes printed are sent as they
 * are, in pieces; else they are one JSON value without line ends that count. */
void reply_begin(struct reply *reply, reply_send_fn send, void *context, const char *id,
                 bool in_text);

/* Sends what is printed so far, or an empty piece, so that a client sees that somebody is there.
 * Only for answers in text. */
void reply_announce(struct reply *reply);

/* Drops what is printed, to begin the answer again; false when part of it is gone. */
FIRN_NODISCARD bool reply_restart(struct reply *reply);

/* End an answer: whole; as text with an exit status and a message (NULL: none); refused or failed,
 * in which case of a value what was not sent is dropped. False when the client is lost. */
bool reply_end(struct reply *reply);
bool reply_end_text(struct reply *reply, int exit_status, const char *message);
bool reply_fail(struct reply *reply, const char *code, const char *message);

#endif
