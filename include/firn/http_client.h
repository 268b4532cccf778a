/* An HTTP/1.1 client that blocks, for as many threads as like: connections are kept and handed on
 * by a pool (firn/http_pool.h), and a reply lives inside its connection, so that in the steady
 * state a request makes no call for memory.
 *
 *     firn_http_request request = {.url = "http://127.0.0.1:8080/"};
 *     status = firn_http_client_open(client, &request, &reply, &error);
 *     while (status == FIRN_OK)
 *         if ((status = firn_http_reply_read(reply, data, sizeof data, &size, &error)) == FIRN_OK)
 *             if (size == 0)
 *                 break;
 *     firn_http_reply_close(reply);
 *
 * Replies are read as strictly as firn/http_message.h says. A request that a kept connection turns
 * out to be too old for is sent again on a new one, where its method may be repeated or none of it
 * was sent. Redirects are followed: 303, and 301 and 302 of a POST, by GET; to another origin
 * without Authorization and Cookie; never from https to http. Interim replies (1xx) are passed
 * over, a few of them.
 *
 * Threads: a client is shared; create and destroy are one thread's. A reply belongs to the thread
 * that opened it, or to one that it was passed on to, and has its connection until it is closed:
 * who opens more replies than the limits have connections, and closes none, waits for himself. */
#ifndef FIRN_HTTP_CLIENT_H
#define FIRN_HTTP_CLIENT_H

#include <firn/http_pool.h>
#include <firn/http_server.h>
#include <firn/url.h>

FIRN_BEGIN

typedef struct firn_http_client firn_http_client;
typedef struct firn_http_reply firn_http_reply;

#define FIRN_HTTP_NO_REDIRECTS UINT32_MAX

typedef struct firn_http_client_options {
    firn_http_profile profile; /* of the replies: what a connection holds inline, and limits */
    uint32_t origin_limit;     /* connections to one origin; 0: 8 */
    uint32_t limit;            /* in all; 0: 256 */
    uint32_t idle_ms;          /* for which a connection is kept; 0: 60,000 */
    uint32_t connect_ms;       /* 0: 10,000; a name is looked up as the system's resolver does */
    uint32_t wait_ms;          /* without a byte either way; 0: 60,000 */
    uint32_t redirect_limit;   /* 0: 10; FIRN_HTTP_NO_REDIRECTS: a redirect is a reply as others */
    const char *user_agent;    /* NULL: "firn/" and the version; "": none */
    const char *ca_file;       /* of certificates in PEM, whose owners are trusted to vouch for the
                                * hosts of https; NULL: those whom the system trusts */
    bool is_unverified;        /* anybody may say to be the host: for tests */
    const firn_allocator *allocator; /* shared by threads; NULL: the system's */
    uint32_t reserved[8];            /* must be 0 */
} firn_http_client_options;

/* FIRN_INVALID, FIRN_NO_MEMORY; the errors of reading ca_file, where there is one. */
FIRN_API FIRN_NODISCARD firn_status firn_http_client_create(const firn_http_client_options *options,
                                                            firn_http_client **ret_client,
                                                            firn_error *ret_error);
/* All replies must be closed. NULL is let pass. */
FIRN_API void firn_http_client_destroy(firn_http_client *client);

typedef struct firn_http_pair {
    const char *name, *value; /* end with a NUL */
} firn_http_pair;

typedef struct firn_http_request {
    const char *method; /* NULL: "GET"; any token but CONNECT */
    const char *url;    /* ends with a NUL */
    const firn_http_pair *fields;
    size_t field_count; /* Host, Content-Length, Transfer-Encoding, Connection, Expect, Upgrade, TE,
                         * Trailer and Keep-Alive are the client's to send: FIRN_INVALID */
    const void *body;   /* of body_size bytes, and stays as it is until the reply is there */
    uint64_t body_size;
    /* Or it is produced, as in firn_http_answer_stream, though FIRN_HTTP_LATER breaks it:
     * body_size bytes, or FIRN_HTTP_UNKNOWN_LENGTH. */
    firn_http_produce_fn produce;
    void *produce_context;
    /* Has the body begin anew, for a redirect or to send it again; false: it cannot. NULL: never.
     */
    bool (*rewind)(void *produce_context);
    bool wants_continue;  /* ask the server before the body is sent, and wait a second at most */
    uint32_t time_ms;     /* for all of it, the reply's body included; 0: no limit */
    uint32_t reserved[4]; /* must be 0 */
} firn_http_request;

/* Sends a request and gives its reply, once the head is there. A final status of any kind is
 * FIRN_OK. FIRN_INVALID: the request or its URL is; FIRN_UNSUPPORTED: another scheme;
 * FIRN_NOT_FOUND: no such host; FIRN_TIMEOUT; FIRN_CORRUPT: the reply is not as HTTP has it;
 * FIRN_LIMIT: a head or a chain of redirects beyond the limits; FIRN_PERMISSION: a redirect from
 * https to http, or a certificate that is not to be trusted (expired, of another host, of an
 * unknown issuer: ret_error says which); FIRN_NO_MEMORY; FIRN_IO for all else. ret_error says it in
 * a line. */
FIRN_API FIRN_NODISCARD firn_status firn_http_client_open(firn_http_client *client,
                                                          const firn_http_request *request,
                                                          firn_http_reply **ret_reply,
                                                          firn_error *ret_error);

/* The head, and what its texts are places in; valid until the next call for this reply. */
FIRN_API const firn_http_head *firn_http_reply_head(const firn_http_reply *reply);
FIRN_API const char *firn_http_reply_data(const firn_http_reply *reply);
/* Where it came from: after redirects, the last. Valid as above. */
FIRN_API const firn_url *firn_http_reply_url(const firn_http_reply *reply);

/* Reads up to size bytes of the body, at least one; *ret_size is 0 at its end only. FIRN_TIMEOUT,
 * FIRN_CORRUPT (chunks that are none), FIRN_LIMIT (trailers), FIRN_NO_MEMORY, FIRN_IO (the
 * connection ended before the body, too). After a failure every further call fails. */
FIRN_API FIRN_NODISCARD firn_status firn_http_reply_read(firn_http_reply *reply, void *data,
                                                         size_t size, size_t *ret_size,
                                                         firn_error *ret_error);
/* The fields behind a body in chunks, once all of it was read, and what they are places in; NULL
 * where there are none. */
FIRN_API const firn_http_head *firn_http_reply_trailers(const firn_http_reply *reply,
                                                        const char **ret_data);
/* Ends a reply, whose connection is kept if its body was read or is there to the end. NULL is let
 * pass. */
FIRN_API void firn_http_reply_close(firn_http_reply *reply);

typedef struct firn_http_client_stats {
    uint64_t request_count;  /* sent, those of redirects and repeated ones included */
    uint64_t connect_count;  /* connections made */
    uint64_t retry_count;    /* sent again, as the kept connection was too old */
    uint64_t redirect_count; /* followed */
    uint64_t spill_count;    /* heads that needed more than their profile has inline */
    firn_http_pool_stats pool;
    firn_url_cache_stats urls;
} firn_http_client_stats;
FIRN_API void firn_http_client_stats_get(firn_http_client *client,
                                         firn_http_client_stats *ret_stats);
/* Closes connections that were idle for too long; the client does so itself when it is used. */
FIRN_API void firn_http_client_expire(firn_http_client *client);

FIRN_END

#endif
