/* A connection's socket, or the TLS session over it. A plain one pays a branch for each call. */
#ifndef FIRN_HTTP_TRANSPORT_H
#define FIRN_HTTP_TRANSPORT_H

#include "core/os_net.h"
#include "http/connection.h"

static inline bool transport_is_secure(const struct connection *connection)
{
    return __builtin_expect(connection->loop->tls != NULL, 0);
}

/* Of a secure one. */
static inline struct tls *transport_tls(struct connection *connection)
{
    return &((struct secure_connection *)(void *)connection)->tls;
}

static inline int transport_recv(struct connection *connection, void *data, size_t size,
                                 size_t *ret_size)
{
    return transport_is_secure(connection)
               ? firn_http_tls_recv(transport_tls(connection), data, size, ret_size)
               : firn_os_recv(connection->fd, data, size, ret_size);
}

static inline int transport_send(struct connection *connection, const struct iovec *parts,
                                 size_t count, bool more, size_t *ret_size)
{
    return transport_is_secure(connection)
               ? firn_http_tls_send(transport_tls(connection), parts, count, ret_size)
               : firn_os_send(connection->fd, parts, count, more, ret_size);
}

/* Tells a secure one's other side that all was sent. */
static inline void transport_bye(struct connection *connection)
{
    if (transport_is_secure(connection))
        firn_http_tls_bye(transport_tls(connection));
}

#endif
