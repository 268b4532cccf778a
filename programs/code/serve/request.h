/* A request of the server's protocol (docs/code-server.md): one line of JSON, from any program, so
 * hostile until it was checked. */
#ifndef CODE_SERVE_REQUEST_H
#define CODE_SERVE_REQUEST_H

#include <jansson.h>

#include "code/answer.h"

#define REQUEST_MAX_BYTES (64u << 10) /* of a line */
#define REQUEST_DEPTH_MAX 8u          /* of arrays and objects in each other */
#define REQUEST_ID_BYTES 256u         /* of an id as JSON, with its NUL */

enum verb {
    VERB_ASK, /* a command's answer */
    VERB_HEALTH,
    VERB_REFRESH,
    VERB_SHUTDOWN,
};

struct request {
    char id[REQUEST_ID_BYTES]; /* as JSON; "null" until it is known */
    enum verb verb;
    const struct method *method; /* of VERB_ASK */
    struct question question;
    bool in_text;        /* the answer is what the command prints, not a value */
    bool is_json;        /* then: as with --json */
    bool is_quiet;       /* then: as with --quiet */
    const char *store;   /* the folder that the asker means; NULL: the one that is served */
    const char *version; /* of the asker; NULL: any */
    json_t *document;    /* private: holds the texts */
};

/* Why a request is refused. */
struct refusal {
    const char *code; /* static: as the protocol lists them */
    char message[200];
};

/* Reads a line, without its end. False with *ret_refusal when it is no request; request->id is then
 * the line's as far as it has a valid one. request_fini in any case. */
bool request_read(const char *line, size_t size, struct request *request,
                  struct refusal *ret_refusal);
void request_fini(struct request *request);

/* Fills *ret_refusal and returns false. */
FIRN_PRINTF(3, 4)
bool refuse(struct refusal *ret_refusal, const char *code, const char *format, ...);

#endif
