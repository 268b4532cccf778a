/* TLS 1.2 and 1.3 by GnuTLS: what one end of connections has in common (its certificate and key, or
 * whom it trusts), and a connection's session over a socket that does not block. Under the server
 * (transport.c) and under the client's stream.
 *
 * Threads: a context may be used by many; a session by one at a time. Memory: GnuTLS's own, by
 * malloc; what was read ahead of it, seldom, by the system's allocator.
 *
 * Errors are errno values: EAGAIN, when the socket must first become readable or, where
 * firn_http_tls_sends tells so, writable; EPROTO, when the other side broke the protocol;
 * ECONNRESET, when the connection ended without its saying that this was all; those of the socket.
 */
#ifndef FIRN_HTTP_TLS_H
#define FIRN_HTTP_TLS_H

#include <firn/status.h>

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/uio.h>

#define TLS_RECORD_BYTES 16384u /* of a record, at most */

struct tls_context;

/* A server's: its certificate, with those that lead to its issuer, and its key, each in PEM; key
 * NULL: in the file of the certificate. FIRN_UNSUPPORTED when GnuTLS is not installed; FIRN_INVALID
 * for what is no certificate, no key, a key of another certificate, and what is expired. */
FIRN_NODISCARD firn_status firn_http_tls_server(const char *certificate_file, const char *key_file,
                                                struct tls_context **ret_context,
                                                firn_error *ret_error);
/* A client's: trusts those whom the system trusts, or those in ca_file where it is not NULL, or
 * (is_unverified) anybody. */
FIRN_NODISCARD firn_status firn_http_tls_client(const char *ca_file, bool is_unverified,
                                                struct tls_context **ret_context,
                                                firn_error *ret_error);
/* NULL is let pass. No session may be left. */
void firn_http_tls_context_destroy(struct tls_context *context);

/* Begin with all bytes 0 and fd set; the rest is private. */
struct tls {
    struct gnutls_session_int *session; /* NULL: not begun */
    const struct tls_context *context;
    const char *ahead; /* read from the socket, and not yet taken by GnuTLS */
    char *kept;        /* where that lies between calls; NULL: there is nothing */
    char *room;        /* to read into, in this call; NULL: nothing is to be read */
    uint32_t ahead_size, kept_bytes, room_size;
    int fd;
    int failure;       /* GnuTLS's code, of a handshake that failed */
    int os_errno;      /* of the last call on the socket that failed */
    bool is_half_sent; /* a record is on its way whose bytes do not yet count as sent */
    bool is_broken;
};

/* Begins a client's session with a host, a name or an address in numbers without brackets, whose
 * certificate must be of that name, and whose text must stay until the handshake is over; `resumes`
 * (may be NULL) with its size is what a session with the same host left behind. The handshake
 * follows. FIRN_NO_MEMORY. */
FIRN_NODISCARD firn_status firn_http_tls_connect(struct tls *tls, struct tls_context *context,
                                                 int fd, const char *host, const void *resumes,
                                                 size_t resumes_size);
/* Goes on with the handshake. A server's session begins with the first bytes of the client, so that
 * one who says nothing costs nothing; EPROTONOSUPPORT is one that speaks plain HTTP. */
int firn_http_tls_handshake(struct tls *tls, struct tls_context *context);
/* Why a client's handshake failed: sets ret_error; FIRN_PERMISSION where the certificate is not to
 * be trusted, else FIRN_IO. */
firn_status firn_http_tls_explain(const struct tls *tls, const char *host, firn_error *ret_error);
/* Whether the session goes on with an earlier one. */
bool firn_http_tls_is_resumed(const struct tls *tls);
/* What a later session with the same host may go on with: calls keep, with size 0 when there is
 * nothing. Of use once an answer has come. */
void firn_http_tls_ticket(struct tls *tls,
                          void (*keep)(void *context, const void *data, size_t size),
                          void *context);

/* Reads what there is, up to size bytes; 0 bytes: the other side has ended its part. */
int firn_http_tls_recv(struct tls *tls, void *data, size_t size, size_t *ret_size);
/* Takes bytes of the parts, in order. Where fewer were taken than there are, and after EAGAIN, the
 * socket must become writable, and the next call must begin with those that were left. */
int firn_http_tls_send(struct tls *tls, const struct iovec *parts, size_t count, size_t *ret_size);
/* Whether there is something to read that the socket does not tell of. */
bool firn_http_tls_has_more(const struct tls *tls);
/* Whether what gave EAGAIN waits for room to send. */
bool firn_http_tls_sends(const struct tls *tls);
/* Tells the other side, where the socket has room for it, that all was sent. */
void firn_http_tls_bye(struct tls *tls);
/* Frees what it has; the socket stays. May be called for one that never began. */
void firn_http_tls_end(struct tls *tls);

#endif
