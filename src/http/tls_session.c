/* A connection's TLS session; see tls.h. Calls GnuTLS and os_net.h.
 *
 * GnuTLS asks for the five bytes of a record's head and then for the record; so that this is not
 * two system calls, what the socket has is read ahead, as much as there is room for its content. As
 * content is smaller than its records, GnuTLS mostly takes all of it; what it leaves is kept.
 *
 * Invariants:
 *   I1  ahead lies in room within a call only; between calls it lies in kept
 *   I2  while GnuTLS has content that was not taken, or something is kept, nothing is read from the
 *       socket: so a connection holds two records at most */
#include "http/tls.h"

#include "core/os_net.h"
#include "http/tls_context.h"

#include <firn/allocator.h>

#include <arpa/inet.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>

#define ROOM_LEAST 1024u /* bytes to read at once, however few are asked for */
#define HANDSHAKE_RECORD 0x16

/* --- the socket, as GnuTLS sees it --- */

static int read_ahead(struct tls *tls)
{
    size_t got = 0;
    if (tls->room == NULL)
        return EAGAIN;
    int error = firn_os_recv(tls->fd, tls->room, tls->room_size, &got);
    if (error != 0)
        return error;
    tls->ahead = tls->room;
    tls->ahead_size = (uint32_t)got;
    if (got < tls->room_size) /* that was all: one call less */
        tls->room = NULL;
    return 0;
}

static ssize_t pull(gnutls_transport_ptr_t pointer, void *data, size_t size)
{
    struct tls *tls = pointer;
    int error = tls->ahead_size > 0 ? 0 : read_ahead(tls);
    if (error != 0) {
        tls->os_errno = error;
        errno = error;
        return -1;
    }
    size_t part = size < tls->ahead_size ? size : tls->ahead_size;
    memcpy(data, tls->ahead, part);
    tls->ahead += part;
    tls->ahead_size -= (uint32_t)part;
    return (ssize_t)part;
}

static ssize_t push(gnutls_transport_ptr_t pointer, const giovec_t *parts, int count)
{
    struct tls *tls = pointer;
    size_t sent = 0;
    int error = firn_os_send(tls->fd, parts, (size_t)count, false, &sent);
    if (error == 0)
        return (ssize_t)sent;
    tls->os_errno = error;
    errno = error;
    return -1;
}

static void begin_reading(struct tls *tls, char *room, size_t size)
{
    const bool reads = !firn_http_tls_has_more(tls); /* I2 */
    tls->room = reads ? room : NULL;
    tls->room_size = reads ? (uint32_t)size : 0;
}

/* False when there is no memory to keep what was read. */
static bool end_reading(struct tls *tls)
{
    tls->room = NULL;
    if (tls->ahead_size == 0) {
        firn_release(NULL, tls->kept, tls->kept_bytes);
        tls->kept = NULL;
        tls->kept_bytes = 0;
    } else if (tls->kept == NULL) {
        tls->kept = firn_allocate(NULL, tls->ahead_size);
        if (tls->kept == NULL) {
            tls->ahead_size = 0;
            tls->is_broken = true;
            return false;
        }
        tls->kept_bytes = tls->ahead_size;
        memcpy(tls->kept, tls->ahead, tls->ahead_size);
        tls->ahead = tls->kept;
    }
    return true;
}

/* The errno value for a call of GnuTLS that failed. */
static int error_of(struct tls *tls, ssize_t result)
{
    if (result == GNUTLS_E_AGAIN)
        return EAGAIN;
    tls->is_broken = true;
    if (result == GNUTLS_E_PULL_ERROR || result == GNUTLS_E_PUSH_ERROR)
        return tls->os_errno;
    if (result == GNUTLS_E_PREMATURE_TERMINATION)
        return ECONNRESET;
    return result == GNUTLS_E_MEMORY_ERROR ? ENOMEM : EPROTO;
}

/* --- beginning --- */

static bool begin(struct tls *tls, const struct tls_context *context)
{
    static const gnutls_datum_t protocol = {(unsigned char *)(uintptr_t) "http/1.1", 8};
    const struct gnutls_table *gnutls = context->gnutls;
    const unsigned flags =
        (context->is_server ? GNUTLS_SERVER : GNUTLS_CLIENT) | GNUTLS_NONBLOCK | GNUTLS_NO_SIGNAL;
    tls->context = context;
    if (gnutls->init(&tls->session, flags) < 0) {
        tls->session = NULL;
        return false;
    }
    gnutls->transport_set_ptr(tls->session, tls);
    gnutls->transport_set_pull_function(tls->session, pull);
    gnutls->transport_set_vec_push_function(tls->session, push);
    /* Mandatory: what was meant for another protocol is not taken for HTTP (RFC 7301, 3.2). */
    return gnutls->priority_set(tls->session, context->priority) >= 0 &&
           gnutls->credentials_set(tls->session, GNUTLS_CRD_CERTIFICATE, context->credentials) >=
               0 &&
           gnutls->alpn_set_protocols(tls->session, &protocol, 1,
                                      context->is_server ? GNUTLS_ALPN_MANDATORY : 0) >= 0 &&
           (!context->is_server ||
            gnutls->session_ticket_enable_server(tls->session, &context->ticket_key) >= 0);
}

static bool is_numeric(const char *host)
{
    unsigned char address[sizeof(struct in6_addr)];
    return inet_pton(AF_INET, host, address) == 1 || inet_pton(AF_INET6, host, address) == 1;
}

firn_status firn_http_tls_connect(struct tls *tls, struct tls_context *context, int fd,
                                  const char *host, const void *resumes, size_t resumes_size)
{
    *tls = (struct tls){.fd = fd};
    const struct gnutls_table *gnutls = context->gnutls;
    if (!begin(tls, context) ||
        (!is_numeric(host) &&
         gnutls->server_name_set(tls->session, GNUTLS_NAME_DNS, host, strlen(host)) < 0)) {
        firn_http_tls_end(tls);
        return FIRN_NO_MEMORY;
    }
    if (!context->is_unverified)
        gnutls->session_set_verify_cert(tls->session, host, 0);
    if (resumes != NULL) /* what cannot be gone on with is begun anew */
        (void)gnutls->session_set_data(tls->session, resumes, resumes_size);
    return FIRN_OK;
}

/* A server's, with the first bytes. */
static int begin_server(struct tls *tls, const struct tls_context *context)
{
    int error = read_ahead(tls);
    if (error != 0)
        return error;
    if (tls->ahead_size == 0)
        return EPROTO;
    if (tls->ahead[0] >= 'A' && tls->ahead[0] <= 'Z') /* a method */
        return EPROTONOSUPPORT;
    if (tls->ahead[0] != HANDSHAKE_RECORD)
        return EPROTO;
    return begin(tls, context) ? 0 : ENOMEM;
}

/* --- the handshake --- */

static int shake(struct tls *tls)
{
    const struct gnutls_table *gnutls = tls->context->gnutls;
    int result;
    do
        result = gnutls->handshake(tls->session);
    while (result < 0 && result != GNUTLS_E_AGAIN && gnutls->error_is_fatal(result) == 0);
    if (result == GNUTLS_E_SUCCESS)
        return 0;
    if (result != GNUTLS_E_AGAIN) {
        tls->failure = result;
        (void)gnutls->alert_send_appropriate(tls->session, result);
    }
    return error_of(tls, result);
}

int firn_http_tls_handshake(struct tls *tls, struct tls_context *context)
{
    char room[TLS_RECORD_BYTES];
    begin_reading(tls, room, sizeof room);
    int error = tls->session == NULL ? begin_server(tls, context) : 0;
    if (error == 0)
        error = shake(tls);
    if (error != 0 && error != EAGAIN)
        tls->ahead_size = 0; /* nobody wants it any more */
    return end_reading(tls) ? error : ENOMEM;
}

static firn_status explain_certificate(const struct tls *tls, const char *host,
                                       firn_error *ret_error)
{
    static const struct {
        unsigned bit;
        const char *text;
    } reasons[] = {{GNUTLS_CERT_EXPIRED, "it has expired"},
                   {GNUTLS_CERT_NOT_ACTIVATED, "it is not valid yet"},
                   {GNUTLS_CERT_UNEXPECTED_OWNER, "it is that of another host"},
                   {GNUTLS_CERT_SIGNER_NOT_FOUND, "its issuer is unknown"},
                   {GNUTLS_CERT_SIGNER_NOT_CA, "its issuer may not issue any"},
                   {GNUTLS_CERT_REVOKED, "it was revoked"},
                   {GNUTLS_CERT_INSECURE_ALGORITHM, "its signature is of a kind that is broken"},
                   {GNUTLS_CERT_SIGNATURE_FAILURE, "its signature is wrong"},
                   {GNUTLS_CERT_PURPOSE_MISMATCH, "it is not for servers"}};
    const unsigned bits = tls->context->gnutls->session_get_verify_cert_status(tls->session);
    char text[160] = "";
    size_t size = 0;
    for (size_t i = 0; i < sizeof reasons / sizeof reasons[0]; i++)
        if ((bits & reasons[i].bit) != 0 && size < sizeof text)
            size += (size_t)snprintf(text + size, sizeof text - size, "%s%s", size > 0 ? ", " : "",
                                     reasons[i].text);
    return firn_error_set(ret_error, FIRN_PERMISSION, 0, "%s: certificate not trusted: %s", host,
                          size > 0 ? text : "it is invalid");
}

firn_status firn_http_tls_explain(const struct tls *tls, const char *host, firn_error *ret_error)
{
    const struct gnutls_table *gnutls = tls->context->gnutls;
    const char *alert;
    switch (tls->failure) {
    case GNUTLS_E_CERTIFICATE_VERIFICATION_ERROR:
        return explain_certificate(tls, host, ret_error);
    case GNUTLS_E_MEMORY_ERROR:
        return firn_error_set(ret_error, FIRN_NO_MEMORY, 0, "out of memory");
    case GNUTLS_E_FATAL_ALERT_RECEIVED:
        alert = gnutls->alert_get_name(gnutls->alert_get(tls->session));
        return firn_error_set(ret_error, FIRN_IO, 0, "%s: the server refuses TLS: %s", host,
                              alert != NULL ? alert : "an unknown alert");
    case GNUTLS_E_UNEXPECTED_PACKET_LENGTH:
    case GNUTLS_E_UNEXPECTED_PACKET:
    case GNUTLS_E_UNSUPPORTED_VERSION_PACKET:
        return firn_error_set(ret_error, FIRN_IO, 0, "%s: the server does not speak TLS there",
                              host);
    case GNUTLS_E_PREMATURE_TERMINATION:
        return firn_error_set(ret_error, FIRN_IO, 0,
                              "%s: the server closed the connection in the TLS handshake", host);
    case GNUTLS_E_PULL_ERROR:
    case GNUTLS_E_PUSH_ERROR:
        return firn_error_set(ret_error, FIRN_IO, tls->os_errno, "%s: %s", host,
                              strerror(tls->os_errno));
    default:
        return firn_error_set(ret_error, FIRN_IO, 0, "%s: the TLS handshake failed: %s", host,
                              gnutls->strerror(tls->failure));
    }
}

bool firn_http_tls_is_resumed(const struct tls *tls)
{
    return tls->context->gnutls->session_is_resumed(tls->session) != 0;
}

void firn_http_tls_ticket(struct tls *tls,
                          void (*keep)(void *context, const void *data, size_t size), void *context)
{
    gnutls_datum_t data = {NULL, 0};
    const struct gnutls_table *gnutls = tls->context->gnutls;
    /* Without a ticket the call would wait for one. */
    const bool has_one =
        (gnutls->session_get_flags(tls->session) & GNUTLS_SFLAGS_SESSION_TICKET) != 0;
    if (!has_one || gnutls->session_get_data2(tls->session, &data) < 0)
        data = (gnutls_datum_t){NULL, 0};
    keep(context, data.data, data.size);
    if (data.data != NULL)
        (*gnutls->release)(data.data);
}

/* --- reading --- */

bool firn_http_tls_has_more(const struct tls *tls)
{
    return tls->ahead_size > 0 ||
           (tls->session != NULL && tls->context->gnutls->record_check_pending(tls->session) > 0);
}

/* Whether a call that brought nothing is to be made again. */
static bool goes_on(const struct tls *tls, ssize_t result)
{
    if (result == GNUTLS_E_AGAIN) /* it took something that is no content, such as a ticket */
        return tls->ahead_size > 0;
    /* A server lets nobody renegotiate; a client need not. */
    return result < 0 && tls->context->gnutls->error_is_fatal((int)result) == 0 &&
           (result != GNUTLS_E_REHANDSHAKE || !tls->context->is_server);
}

int firn_http_tls_recv(struct tls *tls, void *data, size_t size, size_t *ret_size)
{
    const struct gnutls_table *gnutls = tls->context->gnutls;
    char room[TLS_RECORD_BYTES];
    const size_t wanted = size > ROOM_LEAST ? size : ROOM_LEAST;
    size_t all = 0;
    ssize_t got = 0;
    if (tls->is_broken)
        return EPROTO;
    begin_reading(tls, room, wanted < sizeof room ? wanted : sizeof room);
    while (all < size) {
        got = gnutls->record_recv(tls->session, (char *)data + all, size - all);
        if (got > 0) {
            all += (size_t)got;
            if (tls->room == NULL && !firn_http_tls_has_more(tls))
                break;
        } else if (!goes_on(tls, got)) {
            break;
        }
    }
    if (!end_reading(tls))
        return ENOMEM;
    if (got < 0 && all == 0)
        return error_of(tls, got);
    *ret_size = all;
    return 0;
}

/* --- sending --- */

/* Ends a record that was half sent; its bytes count now. */
static int end_record(struct tls *tls, size_t *sent)
{
    if (!tls->is_half_sent)
        return 0;
    ssize_t got = tls->context->gnutls->record_send(tls->session, NULL, 0);
    if (got < 0)
        return error_of(tls, got);
    tls->is_half_sent = false;
    *sent = (size_t)got;
    return 0;
}

/* Sends a part in records. */
static int send_part(struct tls *tls, const char *data, size_t size, size_t *sent)
{
    while (size > 0) {
        size_t record = size < TLS_RECORD_BYTES ? size : TLS_RECORD_BYTES;
        ssize_t got = tls->context->gnutls->record_send(tls->session, data, record);
        if (got < 0) {
            tls->is_half_sent = got == GNUTLS_E_AGAIN;
            return error_of(tls, got);
        }
        data += got;
        size -= (size_t)got;
        *sent += (size_t)got;
    }
    return 0;
}

int firn_http_tls_send(struct tls *tls, const struct iovec *parts, size_t count, size_t *ret_size)
{
    size_t sent = 0;
    if (tls->is_broken)
        return EPROTO;
    int error = end_record(tls, &sent);
    size_t skipped = sent;
    for (size_t i = 0; i < count && error == 0; i++) {
        size_t front = skipped < parts[i].iov_len ? skipped : parts[i].iov_len;
        skipped -= front;
        error = send_part(tls, (const char *)parts[i].iov_base + front, parts[i].iov_len - front,
                          &sent);
    }
    if (error == EAGAIN && sent > 0)
        error = 0;
    if (error == 0)
        *ret_size = sent;
    return error;
}

bool firn_http_tls_sends(const struct tls *tls)
{
    return tls->session != NULL && tls->context->gnutls->record_get_direction(tls->session) == 1;
}

/* --- ending --- */

void firn_http_tls_bye(struct tls *tls)
{
    if (tls->session != NULL && !tls->is_broken && !tls->is_half_sent)
        (void)tls->context->gnutls->bye(tls->session, GNUTLS_SHUT_WR);
}

void firn_http_tls_end(struct tls *tls)
{
    if (tls->session != NULL)
        tls->context->gnutls->deinit(tls->session);
    firn_release(NULL, tls->kept, tls->kept_bytes);
    tls->session = NULL;
    tls->kept = NULL;
    tls->ahead_size = tls->kept_bytes = 0;
}
