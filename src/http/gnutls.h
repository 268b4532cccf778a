/* The functions of GnuTLS that are called, as a table that is filled by the dynamic linker when TLS
 * is first spoken: with the library among those that a program is linked with, every start of every
 * program takes 2.0 ms of processor time more, and a server without TLS its memory. Called by tls.c
 * and tls_session.c. Thread-safe. */
#ifndef FIRN_HTTP_GNUTLS_H
#define FIRN_HTTP_GNUTLS_H

#include <gnutls/gnutls.h>
#include <gnutls/x509.h>

#define FIRN_GNUTLS_LIBRARY "libgnutls.so.30"

/* X(name without its gnutls_) */
#define FIRN_GNUTLS_FUNCTIONS(X)                                                                   \
    X(alert_get)                                                                                   \
    X(alert_get_name)                                                                              \
    X(alert_send_appropriate)                                                                      \
    X(alpn_set_protocols)                                                                          \
    X(bye)                                                                                         \
    X(certificate_allocate_credentials)                                                            \
    X(certificate_free_credentials)                                                                \
    X(certificate_set_x509_key_mem2)                                                               \
    X(certificate_set_x509_system_trust)                                                           \
    X(certificate_set_x509_trust_mem)                                                              \
    X(credentials_set)                                                                             \
    X(deinit)                                                                                      \
    X(error_is_fatal)                                                                              \
    X(handshake)                                                                                   \
    X(init)                                                                                        \
    X(priority_deinit)                                                                             \
    X(priority_init2)                                                                              \
    X(priority_set)                                                                                \
    X(record_check_pending)                                                                        \
    X(record_get_direction)                                                                        \
    X(record_recv)                                                                                 \
    X(record_send)                                                                                 \
    X(server_name_set)                                                                             \
    X(session_get_data2)                                                                           \
    X(session_get_flags)                                                                           \
    X(session_get_verify_cert_status)                                                              \
    X(session_is_resumed)                                                                          \
    X(session_set_data)                                                                            \
    X(session_set_verify_cert)                                                                     \
    X(session_ticket_enable_server)                                                                \
    X(session_ticket_key_generate)                                                                 \
    X(strerror)                                                                                    \
    X(transport_set_ptr)                                                                           \
    X(transport_set_pull_function)                                                                 \
    X(transport_set_vec_push_function)                                                             \
    X(x509_crt_deinit)                                                                             \
    X(x509_crt_get_activation_time)                                                                \
    X(x509_crt_get_expiration_time)                                                                \
    X(x509_crt_import)                                                                             \
    X(x509_crt_init)

struct gnutls_table {
#define FIRN_GNUTLS_MEMBER(name) __typeof__(gnutls_##name) *name;
    FIRN_GNUTLS_FUNCTIONS(FIRN_GNUTLS_MEMBER)
#undef FIRN_GNUTLS_MEMBER
    gnutls_free_function *release; /* its variable gnutls_free */
};

/* NULL where the library is not installed, or is one without these. */
const struct gnutls_table *firn_http_gnutls(void);

#endif
