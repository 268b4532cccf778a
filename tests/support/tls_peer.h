/* A client of TLS over a plain socket, by the library's own sessions; and certificates in a folder:
 * ca.pem, good.pem (of localhost), its key good.key, expired.pem with its key, both.pem. */
#ifndef FIRN_TESTS_TLS_PEER_H
#define FIRN_TESTS_TLS_PEER_H

#include "http/tls.h"
#include "support/http_serving.h"
#include "support/tempdir.h"
#include "support/tls_certificates.h"

#include <errno.h>
#include <fcntl.h>
#include <netinet/tcp.h>

struct tls_files {
    char folder[TEMPDIR_PATH_BYTES];
    char ca[600], good[600], good_key[600], expired[600], expired_key[600], both[600], foreign[600];
};

static inline void tls_files_make(struct tls_files *files)
{
    struct certificate ca, good, expired, foreign;
    tempdir_make(files->folder);
#define PATH(member, name) snprintf(files->member, sizeof files->member, "%s/" name, files->folder)
    PATH(ca, "ca.pem");
    PATH(good, "good.pem");
    PATH(good_key, "good.key");
    PATH(expired, "expired.pem");
    PATH(expired_key, "expired.key");
    PATH(both, "both.pem");
    PATH(foreign, "foreign.pem");
#undef PATH
    certificate_make(&ca, "an issuer", NULL, time(NULL) + 86400);
    certificate_make(&foreign, "another issuer", NULL, time(NULL) + 86400);
    certificate_make(&good, "localhost", &ca, time(NULL) + 86400);
    certificate_make(&expired, "localhost", &ca, time(NULL) - 3600);
    certificate_write(&ca, files->ca, true, false);
    certificate_write(&foreign, files->foreign, true, false);
    certificate_write(&good, files->good, true, false);
    certificate_write(&good, files->good_key, false, true);
    certificate_write(&good, files->both, true, true);
    certificate_write(&expired, files->expired, true, false);
    certificate_write(&expired, files->expired_key, false, true);
    certificate_free(&ca);
    certificate_free(&foreign);
    certificate_free(&good);
    certificate_free(&expired);
}

static inline void tls_wait(const struct tls *tls, bool sends)
{
    struct pollfd wait = {.fd = tls->fd, .events = sends ? POLLOUT : POLLIN};
    assert_true(poll(&wait, 1, 20000) > 0);
}

/* Connects; the errno of the handshake. */
static inline int tls_open(struct tls *tls, const struct serving *serving,
                           struct tls_context *context, const char *host, const void *resumes,
                           size_t resumes_size)
{
    const int on = 1;
    int fd = client_open(serving), error;
    assert_int_equal(fcntl(fd, F_SETFL, O_NONBLOCK), 0);
    assert_int_equal(setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on), 0);
    assert_int_equal(firn_http_tls_connect(tls, context, fd, host, resumes, resumes_size), FIRN_OK);
    while ((error = firn_http_tls_handshake(tls, context)) == EAGAIN)
        tls_wait(tls, firn_http_tls_sends(tls));
    return error;
}

static inline void tls_write(struct tls *tls, const void *data, size_t size)
{
    struct iovec part = {(void *)(uintptr_t)data, size};
    while (part.iov_len > 0) {
        size_t sent = 0;
        int error = firn_http_tls_send(tls, &part, 1, &sent);
        assert_true(error == 0 || error == EAGAIN);
        if (sent < part.iov_len)
            tls_wait(tls, true);
        part.iov_base = (char *)part.iov_base + sent;
        part.iov_len -= sent;
    }
}

/* Reads up to this many bytes; fewer: the other side has ended. */
static inline size_t tls_read(struct tls *tls, char *data, size_t size)
{
    size_t all = 0;
    while (all < size) {
        size_t got = 0;
        int error = firn_http_tls_recv(tls, data + all, size - all, &got);
        if (error == EAGAIN) {
            tls_wait(tls, false);
            continue;
        }
        if (error != 0 || got == 0)
            break;
        all += got;
    }
    return all;
}

static inline void tls_shut(struct tls *tls)
{
    firn_http_tls_bye(tls);
    firn_http_tls_end(tls);
    close(tls->fd);
}

#endif
