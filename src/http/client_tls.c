/* https for the client; see client_tls.h. Called by client.c and client_connect.c; calls tls.h. */
#include "http/client_tls.h"

#include "core/os_net.h"

#include <errno.h>
#include <poll.h>
#include <string.h>

/* Under a stream. */
struct session {
    struct tls tls;
    struct client_tls *shared;
    uint16_t port;
    char host[CLIENT_HOST_BYTES]; /* GnuTLS has only its address */
};

/* --- what is shared --- */

firn_status firn_http_client_tls_init(struct client_tls *shared, const char *ca_file,
                                      bool is_unverified, const firn_allocator *allocator,
                                      firn_error *ret_error)
{
    *shared = (struct client_tls){
        .allocator = allocator, .ca_file = ca_file, .is_unverified = is_unverified};
    pthread_mutex_init(&shared->mutex, NULL);
    return ca_file == NULL
               ? FIRN_OK
               : firn_http_tls_client(ca_file, is_unverified, &shared->context, ret_error);
}

void firn_http_client_tls_fini(struct client_tls *shared)
{
    for (uint32_t i = 0; i < CLIENT_TICKETS; i++)
        firn_release(shared->allocator, shared->tickets[i].data, shared->tickets[i].size);
    firn_http_tls_context_destroy(shared->context);
    pthread_mutex_destroy(&shared->mutex);
}

static firn_status context_get(struct client_tls *shared, struct tls_context **ret_context,
                               firn_error *ret_error)
{
    firn_status status = FIRN_OK;
    pthread_mutex_lock(&shared->mutex);
    if (shared->context == NULL)
        status = firn_http_tls_client(NULL, shared->is_unverified, &shared->context, ret_error);
    *ret_context = shared->context;
    pthread_mutex_unlock(&shared->mutex);
    return status;
}

/* --- tickets --- */

/* Of a host; else the one that is the next to be given up. Under the lock. */
static struct client_ticket *ticket_of(struct client_tls *shared, const char *host, uint16_t port)
{
    for (uint32_t i = 0; i < CLIENT_TICKETS; i++) {
        struct client_ticket *ticket = &shared->tickets[i];
        if (ticket->data != NULL && ticket->port == port && strcmp(ticket->host, host) == 0)
            return ticket;
    }
    return &shared->tickets[shared->next_ticket++ % CLIENT_TICKETS];
}

static void keep_ticket(void *context, const void *data, size_t size)
{
    struct session *session = context;
    struct client_tls *shared = session->shared;
    void *copy = size > 0 ? firn_allocate(shared->allocator, size) : NULL;
    if (copy == NULL) /* the next one shakes hands in full */
        return;
    memcpy(copy, data, size);
    pthread_mutex_lock(&shared->mutex);
    struct client_ticket *ticket = ticket_of(shared, session->host, session->port);
    firn_release(shared->allocator, ticket->data, ticket->size);
    ticket->data = copy;
    ticket->size = size;
    ticket->port = session->port;
    memcpy(ticket->host, session->host, sizeof ticket->host);
    pthread_mutex_unlock(&shared->mutex);
}

/* A ticket is used once (RFC 8446, C.4), so that nobody can tell connections to be one client's. */
static struct client_ticket take_ticket(struct client_tls *shared, const char *host, uint16_t port)
{
    struct client_ticket taken = {.data = NULL};
    pthread_mutex_lock(&shared->mutex);
    for (uint32_t i = 0; i < CLIENT_TICKETS; i++) {
        struct client_ticket *ticket = &shared->tickets[i];
        if (ticket->data != NULL && ticket->port == port && strcmp(ticket->host, host) == 0) {
            taken = *ticket;
            ticket->data = NULL;
            ticket->size = 0;
            break;
        }
    }
    pthread_mutex_unlock(&shared->mutex);
    return taken;
}

/* --- under a stream --- */

static int session_recv(void *context, void *data, size_t size, size_t *ret_size)
{
    return firn_http_tls_recv(&((struct session *)context)->tls, data, size, ret_size);
}

static int session_send(void *context, const struct iovec *parts, size_t count, size_t *ret_size)
{
    return firn_http_tls_send(&((struct session *)context)->tls, parts, count, ret_size);
}

static bool session_wants_send(const void *context)
{
    return firn_http_tls_sends(&((const struct session *)context)->tls);
}

static bool session_is_pending(const void *context)
{
    return firn_http_tls_has_more(&((const struct session *)context)->tls);
}

static void session_close(void *context)
{
    struct session *session = context;
    firn_http_tls_ticket(&session->tls, keep_ticket, session);
    firn_http_tls_bye(&session->tls);
    firn_http_tls_end(&session->tls);
    firn_release(session->shared->allocator, session, sizeof *session);
}

static const firn_http_layer layer = {.recv = session_recv,
                                      .send = session_send,
                                      .wants_send = session_wants_send,
                                      .is_pending = session_is_pending,
                                      .close = session_close};

static firn_status shake_hands(struct session *session, struct tls_context *context,
                               uint64_t deadline_ns, firn_error *ret_error)
{
    for (;;) {
        short events = 0;
        int error = firn_http_tls_handshake(&session->tls, context);
        if (error == 0)
            return FIRN_OK;
        if (error == ENOMEM)
            return firn_error_set(ret_error, FIRN_NO_MEMORY, 0, "out of memory");
        if (error != EAGAIN)
            return firn_http_tls_explain(&session->tls, session->host, ret_error);
        error = firn_os_poll(session->tls.fd, firn_http_tls_sends(&session->tls) ? POLLOUT : POLLIN,
                             deadline_ns, &events);
        if (error == ETIMEDOUT)
            return firn_error_set(ret_error, FIRN_TIMEOUT, error,
                                  "%s: the TLS handshake was not over within the time",
                                  session->host);
        if (error != 0)
            return firn_error_set(ret_error, FIRN_IO, error, "%s: %s", session->host,
                                  strerror(error));
    }
}

firn_status firn_http_client_tls_begin(struct client_tls *shared, firn_http_stream *stream,
                                       const char *host, uint16_t port, uint64_t deadline_ns,
                                       firn_error *ret_error)
{
    struct tls_context *context;
    firn_status status = context_get(shared, &context, ret_error);
    if (status != FIRN_OK)
        return status;
    struct session *session = firn_allocate_zeroed(shared->allocator, 1, sizeof *session);
    if (session == NULL)
        return firn_error_set(ret_error, FIRN_NO_MEMORY, 0, "out of memory");
    session->shared = shared;
    session->port = port;
    strncpy(session->host, host, sizeof session->host - 1);
    struct client_ticket ticket = take_ticket(shared, session->host, port);
    status = firn_http_tls_connect(&session->tls, context, stream->fd, session->host, ticket.data,
                                   ticket.size);
    firn_release(shared->allocator, ticket.data, ticket.size);
    if (status == FIRN_OK)
        status = shake_hands(session, context, deadline_ns, ret_error);
    else
        firn_error_set(ret_error, status, 0, "out of memory");
    if (status != FIRN_OK) {
        firn_http_tls_end(&session->tls);
        firn_release(shared->allocator, session, sizeof *session);
        return status;
    }
    stream->layer = &layer;
    stream->session = session;
    return FIRN_OK;
}
