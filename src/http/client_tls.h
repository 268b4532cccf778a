/* https for the client: what its connections share, made when the first is opened, and a session
 * under a stream. Threads: as the client, any number; what is shared has a lock. */
#ifndef FIRN_HTTP_CLIENT_TLS_H
#define FIRN_HTTP_CLIENT_TLS_H

#include "http/stream.h"
#include "http/tls.h"

#include <firn/allocator.h>

#include <pthread.h>

#define CLIENT_TICKETS 16u     /* hosts whose sessions can be gone on with */
#define CLIENT_HOST_BYTES 256u /* of a host's name, with its NUL */

struct client_ticket {
    char host[CLIENT_HOST_BYTES];
    uint16_t port;
    void *data; /* NULL: none */
    size_t size;
};

struct client_tls {
    const firn_allocator *allocator;
    const char *ca_file; /* the caller's, read when it is begun */
    bool is_unverified;
    pthread_mutex_t mutex;       /* over what follows */
    struct tls_context *context; /* NULL: not made yet */
    struct client_ticket tickets[CLIENT_TICKETS];
    uint32_t next_ticket; /* to be given up */
};

/* A file of certificates to trust is read here; those of the system when they are needed. Fails as
 * firn_http_tls_client; fini is to be called in any case. */
FIRN_NODISCARD firn_status firn_http_client_tls_init(struct client_tls *shared, const char *ca_file,
                                                     bool is_unverified,
                                                     const firn_allocator *allocator,
                                                     firn_error *ret_error);
void firn_http_client_tls_fini(struct client_tls *shared);

/* Begins a session over a connected stream, whose layer it becomes. FIRN_PERMISSION: the host's
 * certificate is not to be trusted; FIRN_TIMEOUT; FIRN_UNSUPPORTED; FIRN_NO_MEMORY; FIRN_IO. The
 * stream is closed by the caller in any case. */
FIRN_NODISCARD firn_status firn_http_client_tls_begin(struct client_tls *shared,
                                                      firn_http_stream *stream, const char *host,
                                                      uint16_t port, uint64_t deadline_ns,
                                                      firn_error *ret_error);

#endif
