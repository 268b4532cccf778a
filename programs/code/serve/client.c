/* See client.h. A client that is idle costs this struct and what the kernel keeps for its socket;
 * the room for a request is the worker's. */
#include "code/serve/client.h"

#include <errno.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <firn/system.h>

struct client *client_create(int descriptor)
{
    struct client *client = firn_allocate_zeroed(NULL, 1, sizeof *client);
    if (client == NULL)
        close(descriptor);
    else
        client->descriptor = descriptor;
    return client;
}

static void drop_partial(struct client *client)
{
    firn_release(NULL, client->partial, client->partial_bytes);
    client->partial = NULL;
    client->partial_bytes = 0;
    client->partial_ns = 0;
}

void client_destroy(struct client *client)
{
    drop_partial(client);
    close(client->descriptor);
    firn_release(NULL, client, sizeof *client);
}

bool client_read(struct client *client, struct incoming *incoming)
{
    incoming->size = client->partial_bytes;
    if (client->partial_bytes > 0)
        memcpy(incoming->data, client->partial, client->partial_bytes);
    ssize_t got;
    do
        got = recv(client->descriptor, incoming->data + incoming->size,
                   sizeof incoming->data - incoming->size, MSG_DONTWAIT);
    while (got < 0 && errno == EINTR);
    if (got > 0)
        incoming->size += (size_t)got;
    return got > 0 || (got < 0 && errno == EAGAIN);
}

bool client_keep(struct client *client, const struct incoming *incoming, size_t from)
{
    const size_t size = incoming->size - from;
    const uint64_t since = from == 0 && client->partial_ns != 0 ? client->partial_ns : 0;
    drop_partial(client);
    if (size == 0)
        return true;
    client->partial = firn_allocate(NULL, size);
    if (client->partial == NULL)
        return false;
    memcpy(client->partial, incoming->data + from, size);
    client->partial_bytes = size;
    client->partial_ns = since != 0 ? since : firn_clock_ns();
    return true;
}

bool client_send_some(struct client *client, const char *data, size_t size, size_t *at)
{
    while (*at < size) {
        const ssize_t sent =
            send(client->descriptor, data + *at, size - *at, MSG_DONTWAIT | MSG_NOSIGNAL);
        if (sent < 0 && errno == EINTR)
            continue;
        if (sent < 0)
            return errno == EAGAIN;
        *at += (size_t)sent;
    }
    return true;
}

bool client_wait(struct client *client, int milliseconds)
{
    struct pollfd poll_for = {.fd = client->descriptor, .events = POLLOUT};
    const int ready = poll(&poll_for, 1, milliseconds);
    return (ready > 0 && (poll_for.revents & (POLLERR | POLLHUP | POLLNVAL)) == 0) ||
           (ready < 0 && errno == EINTR);
}

bool client_is_owner(const struct client *client)
{
    struct ucred other;
    socklen_t size = sizeof other;
    return getsockopt(client->descriptor, SOL_SOCKET, SO_PEERCRED, &other, &size) == 0 &&
           (other.uid == geteuid() || other.uid == 0);
}
