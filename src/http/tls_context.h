/* What contexts and sessions of TLS share; see tls.h. */
#ifndef FIRN_HTTP_TLS_CONTEXT_H
#define FIRN_HTTP_TLS_CONTEXT_H

#include "http/gnutls.h"

#include <stdbool.h>

/* Constant once it is made, so that many threads may use it. */
struct tls_context {
    const struct gnutls_table *gnutls;
    gnutls_certificate_credentials_t credentials;
    gnutls_priority_t priority;
    gnutls_datum_t ticket_key; /* a server's; the keys that GnuTLS takes from it change with time */
    bool is_server;
    bool is_unverified;
};

#endif
