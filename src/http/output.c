/* Output: the bytes of a connection's answers are gathered in the loop's buffer, sent in one write
 * when the connection has been worked through, and kept in its block where the kernel does not take
 * them. */
#include "http/transport.h"

#include <errno.h>
#include <string.h>

bool firn_http_output_waits(const struct connection *connection)
{
    return connection->block != NULL && connection->block->wait_size > 0;
}

/* Keeps bytes behind those that wait. */
static bool keep(struct connection *connection, const void *data, size_t size)
{
    struct loop *loop = connection->loop;
    struct block *block = connection->block;
    size_t needed = (size_t)block->wait_at + block->wait_size + size;
    if (needed > block->wait_capacity) {
        size_t capacity = needed > UINT32_MAX / 2 ? UINT32_MAX : needed + needed / 2;
        char *larger = needed > UINT32_MAX ? NULL : firn_slab_alloc(&loop->slab, capacity);
        if (larger == NULL)
            return false;
        if (block->wait != NULL) {
            memcpy(larger, block->wait + block->wait_at, block->wait_size);
            (void)!firn_slab_release(&loop->slab, block->wait);
        }
        count(&loop->stats.allocations, 1);
        count(&loop->stats.block_bytes, (int64_t)capacity - (int64_t)block->wait_capacity);
        block->wait = larger;
        block->wait_capacity = (uint32_t)capacity;
        block->wait_at = 0;
    }
    memcpy(block->wait + block->wait_at + block->wait_size, data, size);
    block->wait_size += (uint32_t)size;
    return true;
}

/* Sends up to three parts in one call, and keeps what the kernel does not take. */
static enum sent send_parts(struct connection *connection, const void *data, size_t size, bool more)
{
    struct loop *loop = connection->loop;
    struct block *block = connection->block;
    struct iovec parts[3];
    size_t count_parts = 0, sent = 0;
    const size_t waiting = block->wait_size, gathered = loop->out_size;
    if (waiting > 0)
        parts[count_parts++] = (struct iovec){block->wait + block->wait_at, waiting};
    if (gathered > 0)
        parts[count_parts++] = (struct iovec){loop->out, gathered};
    if (size > 0)
        parts[count_parts++] = (struct iovec){(void *)(uintptr_t)data, size};
    loop->out_size = 0;
    if (count_parts == 0)
        return SENT_ALL;
    int error = transport_send(connection, parts, count_parts, more, &sent);
    if (error != 0 && error != EAGAIN && error != EWOULDBLOCK)
        return SENT_BROKEN;
    if (error != 0)
        sent = 0;
    count(&loop->stats.sent, (int64_t)sent);
    const size_t all = sent;
    size_t part = sent < waiting ? sent : waiting;
    block->wait_at += (uint32_t)part;
    block->wait_size -= (uint32_t)part;
    block->wait_at = block->wait_size > 0 ? block->wait_at : 0;
    sent -= part;
    part = sent < gathered ? sent : gathered;
    if (part < gathered && !keep(connection, loop->out + part, gathered - part))
        return SENT_BROKEN;
    sent -= part;
    if (sent < size && !keep(connection, (const char *)data + sent, size - sent))
        return SENT_BROKEN;
    return all == waiting + gathered + size ? SENT_ALL : SENT_SOME;
}

enum sent firn_http_output_flush(struct connection *connection, bool more)
{
    return send_parts(connection, NULL, 0, more);
}

bool firn_http_output_overflow(struct connection *connection, const void *data, size_t size)
{
    if (connection->holds)
        return firn_http_output_hold(connection) && keep(connection, data, size);
    /* Together with what was gathered, without a copy. */
    return send_parts(connection, data, size, false) != SENT_BROKEN;
}

char *firn_http_output_room(struct connection *connection, size_t *ret_size)
{
    struct loop *loop = connection->loop;
    *ret_size = loop->profile->output_bytes - loop->out_size;
    return loop->out + loop->out_size;
}

void firn_http_output_fill(struct connection *connection, size_t size)
{
    connection->loop->out_size += (uint32_t)size;
}

bool firn_http_output_hold(struct connection *connection)
{
    struct loop *loop = connection->loop;
    const uint32_t size = loop->out_size;
    loop->out_size = 0;
    return size == 0 || keep(connection, loop->out, size);
}

void firn_http_output_drop(struct connection *connection)
{
    connection->loop->out_size = 0;
    connection->block->wait_size = connection->block->wait_at = 0;
}

bool firn_http_output_interject(struct connection *connection, const void *data, size_t size)
{
    const struct iovec part = {(void *)(uintptr_t)data, size};
    size_t sent = 0;
    return transport_send(connection, &part, 1, false, &sent) == 0 && sent == size;
}
