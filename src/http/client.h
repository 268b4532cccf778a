/* What the rooms of the client share: a reply, which is a connection with all that a request on it
 * needs, and the call that goes through redirects and repeated requests.
 *
 *   client.c          creates, opens, follows: what users call
 *   client_request.c  what is sent
 *   client_reply.c    what is received
 *   client_connect.c  connections: made, lent by the pool, given back
 *   client_tls.c      https
 *
 * client.c calls the others, client_request.c calls client_reply.c for what comes early, and all
 * call client_connect.c.
 *
 *   buffer:  | URL | head of the request, until it is sent                      |
 *            | URL | head of the reply | body, or trailers, as they come        |
 *            0   start               body_at        read_at ... used        capacity
 *
 * Invariants:
 *   I1  start <= body_at <= read_at <= used <= capacity, once the reply's head is there
 *   I2  nothing is read into the buffer before the request's head is sent
 *   I3  a connection goes back to the pool only when the reply's body was taken whole, nothing came
 *       behind it, and all of the request was sent */
#ifndef FIRN_HTTP_CLIENT_ROOMS_H
#define FIRN_HTTP_CLIENT_ROOMS_H

#include <firn/http_client.h>

#include "http/client_tls.h"
#include "http/stream.h"

#include <stdatomic.h>

#define REDIRECT_BYTES 8192u /* of a URL that a redirect names */
#define HOST_BYTES CLIENT_HOST_BYTES

struct firn_http_client {
    firn_http_client_options options; /* with the defaults in their places */
    const firn_http_profile_info *profile;
    firn_http_pool *pool;
    firn_url_cache *urls;
    atomic_flag urls_in_use; /* whoever finds it taken parses */
    char *user_agent;        /* NULL: none */
    size_t user_agent_bytes; /* with its NUL */
    struct client_tls tls;
    atomic_uint_fast64_t requests, connects, retries, redirects, spills;
};

enum phase {
    PHASE_HEAD, /* until the reply's is there */
    PHASE_BODY,
    PHASE_TRAILERS,
    PHASE_DONE,
    PHASE_BROKEN
};

struct firn_http_reply {
    firn_http_client *client;
    firn_http_slot *slot;
    firn_http_stream stream;
    firn_url url; /* its text is in the buffer */
    firn_http_head head, trailers;
    firn_http_chunks chunks;
    firn_http_field *fields;
    char *buffer;
    uint32_t field_capacity, capacity; /* of fields; of the buffer */
    uint32_t start, body_at, read_at, used;
    uint32_t part;        /* bytes from read_at on that are of the body: of a chunk */
    uint64_t left;        /* of a body with a length */
    uint64_t deadline_ns; /* of all of it */
    uint64_t sent_bytes;  /* of the request */
    uint16_t interim_count;
    uint8_t phase;
    bool has_continue;   /* 100 came */
    bool is_sent;        /* the request, whole */
    firn_status failure; /* of PHASE_BROKEN */
};

/* A request on its way. */
struct call {
    firn_http_client *client;
    const firn_http_request *request;
    firn_url url;
    const char *method_text;
    firn_http_method method;
    bool drops_body;    /* a redirect took it away */
    bool drops_secrets; /* it is at another origin by now */
    bool is_produced;   /* some of the body was asked for */
    bool is_given_up;   /* its body cannot be had */
    bool wants_continue;
    uint32_t redirects; /* so far */
    uint64_t deadline_ns;
    firn_error *ret_error;
    char text[REDIRECT_BYTES]; /* of url, after a redirect */
};

static inline void count_one(atomic_uint_fast64_t *counter)
{
    atomic_fetch_add_explicit(counter, 1, memory_order_relaxed);
}

/* --- client_connect.c --- */

/* The memory of a connection, which is not yet one; NULL when there is none. */
firn_http_reply *firn_http_connection_make(const struct call *call);
/* Begins the call's reply, with the URL in front of the buffer. */
FIRN_NODISCARD firn_status firn_http_connection_begin(const struct call *call,
                                                      firn_http_reply *reply);
/* Gets a connection to the call's origin, kept or new; begins its reply. */
FIRN_NODISCARD firn_status firn_http_connection_get(struct call *call, firn_http_reply **ret_reply,
                                                    bool *ret_kept);
/* Connects anew, in place of a connection that was too old, and begins its reply again. */
FIRN_NODISCARD firn_status firn_http_connection_renew(struct call *call, firn_http_reply *reply);
/* Gives it back, or closes it where it cannot be kept. */
void firn_http_connection_put(firn_http_reply *reply, bool keep);
/* What the pool calls. */
void firn_http_connection_end(void *context, void *connection);
bool firn_http_connection_lives(void *context, void *connection);
/* Make room for bytes behind what is used; for so many fields in all. FIRN_LIMIT beyond the
 * profile's limits; FIRN_NO_MEMORY. */
FIRN_NODISCARD firn_status firn_http_connection_grow(firn_http_reply *reply, uint32_t bytes);
FIRN_NODISCARD firn_status firn_http_connection_grow_fields(firn_http_reply *reply);
/* When the next byte must have come or gone. */
uint64_t firn_http_connection_patience(const firn_http_reply *reply);

/* --- client_reply.c --- */

/* Begins to receive, behind the URL. */
void firn_http_reply_begin(firn_http_reply *reply, firn_http_method method);
/* Reads once, and takes what came: FIRN_OK when the final head is there, FIRN_END_OF_DATA when not
 * yet. */
FIRN_NODISCARD firn_status firn_http_reply_receive(firn_http_reply *reply, firn_error *ret_error);
/* Takes what is left of the body, up to so many bytes; whether that was all. */
bool firn_http_reply_drain(firn_http_reply *reply, uint64_t limit_bytes);

/* --- client_request.c --- */

/* FIRN_INVALID where a request, or one to this URL, cannot be sent. */
FIRN_NODISCARD firn_status firn_http_request_check(const firn_http_request *request,
                                                   firn_error *ret_error);
FIRN_NODISCARD firn_status firn_http_url_check(const firn_url *url, firn_error *ret_error);
/* Sends it, or as much as the other side wants of it: the reply's head may be there then. A
 * connection that breaks meanwhile is no failure here, since a reply may have come before: it is
 * told in *ret_broken. */
FIRN_NODISCARD firn_status firn_http_request_send(struct call *call, firn_http_reply *reply,
                                                  int *ret_broken);

/* Tells a failure with the URL before it. */
static inline firn_status firn_http_tell(firn_error *ret_error, const firn_url *url,
                                         firn_status status, int os_errno, const char *why)
{
    return firn_error_set(ret_error, status, os_errno, "%.*s: %s",
                          url->size < 120 ? (int)url->size : 120, url->text, why);
}

#endif
