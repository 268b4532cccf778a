/* The client's connections: lent by the pool, made where it has none, given back. A connection is
 * one block with its fields and buffer inline, as its profile has them; what spills beyond lies
 * apart until the reply is closed. */
#include "http/client.h"

#include <firn/system.h>

#include <string.h>

#define WINDOW_BYTES 1024u /* of a body, at least, behind its head */

static size_t connection_bytes(const firn_http_client *client)
{
    return sizeof(firn_http_reply) + client->profile->field_count * sizeof(firn_http_field) +
           client->profile->input_bytes;
}

static firn_http_field *own_fields(firn_http_reply *reply)
{
    return (firn_http_field *)(reply + 1);
}

static char *own_buffer(firn_http_reply *reply)
{
    return (char *)(own_fields(reply) + reply->client->profile->field_count);
}

static void use_own(firn_http_reply *reply)
{
    reply->fields = own_fields(reply);
    reply->field_capacity = reply->client->profile->field_count;
    reply->buffer = own_buffer(reply);
    reply->capacity = reply->client->profile->input_bytes;
}

/* Gives back what lies apart. */
static void shrink(firn_http_reply *reply)
{
    const firn_allocator *allocator = reply->client->options.allocator;
    if (reply->fields != own_fields(reply))
        firn_release(allocator, reply->fields, reply->field_capacity * sizeof *reply->fields);
    if (reply->buffer != own_buffer(reply))
        firn_release(allocator, reply->buffer, reply->capacity);
    use_own(reply);
}

/* --- origins --- */

/* The name of the call's origin in the pool: what must be the same for a connection to serve. */
static size_t write_key(const firn_url *url, char key[FIRN_HTTP_POOL_KEY_BYTES])
{
    const char *host = url->text + url->host.offset;
    key[0] = url->scheme == FIRN_URL_HTTPS ? 's' : 'h';
    memcpy(key + 1, &url->port, sizeof url->port);
    for (size_t i = 0; i < url->host.size; i++)
        key[3 + i] = (char)(host[i] >= 'A' && host[i] <= 'Z' ? host[i] | 0x20 : host[i]);
    return 3 + (size_t)url->host.size;
}

static uint64_t earlier(uint64_t deadline_ns, uint32_t ms)
{
    const uint64_t other = firn_clock_ns() + ms * (uint64_t)1000000;
    return other < deadline_ns ? other : deadline_ns;
}

uint64_t firn_http_connection_patience(const firn_http_reply *reply)
{
    return earlier(reply->deadline_ns, reply->client->options.wait_ms);
}

static firn_status connect_stream(struct call *call, firn_http_reply *reply)
{
    const firn_url *url = &call->url;
    char host[HOST_BYTES];
    memcpy(host, url->text + url->host.offset, url->host.size);
    host[url->host.size] = '\0';
    const uint64_t deadline_ns = earlier(call->deadline_ns, call->client->options.connect_ms);
    count_one(&call->client->connects);
    firn_status status =
        firn_http_stream_connect(&reply->stream, host, url->port, deadline_ns, call->ret_error);
    if (status == FIRN_OK && url->scheme == FIRN_URL_HTTPS)
        status = firn_http_client_tls_begin(&call->client->tls, &reply->stream, host, url->port,
                                            deadline_ns, call->ret_error);
    return status;
}

/* --- replies --- */

firn_http_reply *firn_http_connection_make(const struct call *call)
{
    firn_http_client *client = call->client;
    firn_http_reply *reply = firn_allocate(client->options.allocator, connection_bytes(client));
    if (reply == NULL)
        return NULL;
    memset(reply, 0, sizeof *reply);
    reply->client = client;
    firn_http_stream_init(&reply->stream);
    use_own(reply);
    return reply;
}

firn_status firn_http_connection_begin(const struct call *call, firn_http_reply *reply)
{
    const uint32_t size = call->url.size;
    reply->deadline_ns = call->deadline_ns;
    reply->used = reply->start = 0;
    firn_status status = firn_http_connection_grow(reply, size + WINDOW_BYTES);
    if (status != FIRN_OK)
        return firn_http_tell(call->ret_error, &call->url, status, 0, "out of memory");
    memcpy(reply->buffer, call->url.text, size);
    reply->url = call->url;
    reply->url.text = reply->buffer;
    reply->start = size;
    firn_http_reply_begin(reply, call->method);
    return FIRN_OK;
}

/* A new connection for the call. */
static firn_status connect_new(struct call *call, firn_http_reply **ret_reply)
{
    firn_http_reply *reply = firn_http_connection_make(call);
    if (reply == NULL)
        return firn_http_tell(call->ret_error, &call->url, FIRN_NO_MEMORY, 0, "out of memory");
    firn_status status = connect_stream(call, reply);
    if (status != FIRN_OK) {
        firn_http_connection_end(call->client, reply);
        return status;
    }
    *ret_reply = reply;
    return FIRN_OK;
}

firn_status firn_http_connection_get(struct call *call, firn_http_reply **ret_reply, bool *ret_kept)
{
    char key[FIRN_HTTP_POOL_KEY_BYTES];
    firn_http_slot *slot;
    void *connection;
    firn_http_pool *pool = call->client->pool;
    firn_status status = firn_http_pool_get(pool, key, write_key(&call->url, key),
                                            call->deadline_ns, &slot, &connection);
    if (status != FIRN_OK)
        return firn_http_tell(call->ret_error, &call->url, status, 0,
                              status == FIRN_TIMEOUT ? "no connection was free within the time"
                                                     : firn_status_text(status));
    firn_http_reply *reply = connection;
    *ret_kept = reply != NULL;
    if (reply == NULL) {
        status = connect_new(call, &reply);
        if (status != FIRN_OK) {
            firn_http_pool_put(pool, slot, NULL);
            return status;
        }
    }
    reply->slot = slot;
    status = firn_http_connection_begin(call, reply);
    if (status != FIRN_OK) {
        firn_http_connection_put(reply, false);
        return status;
    }
    *ret_reply = reply;
    return FIRN_OK;
}

firn_status firn_http_connection_renew(struct call *call, firn_http_reply *reply)
{
    firn_http_stream_close(&reply->stream);
    firn_status status = connect_stream(call, reply);
    if (status == FIRN_OK)
        firn_http_reply_begin(reply, call->method);
    return status;
}

void firn_http_connection_put(firn_http_reply *reply, bool keep)
{
    firn_http_client *client = reply->client;
    firn_http_slot *slot = reply->slot;
    shrink(reply);
    if (!keep)
        firn_http_connection_end(client, reply);
    firn_http_pool_put(client->pool, slot, keep ? reply : NULL);
}

void firn_http_connection_end(void *context, void *connection)
{
    firn_http_client *client = context;
    firn_http_reply *reply = connection;
    firn_http_stream_close(&reply->stream);
    firn_release(client->options.allocator, reply, connection_bytes(client));
}

bool firn_http_connection_lives(void *context, void *connection)
{
    const firn_http_reply *reply = connection;
    (void)context;
    return firn_http_stream_is_idle_alive(&reply->stream);
}

/* --- room --- */

firn_status firn_http_connection_grow(firn_http_reply *reply, uint32_t bytes)
{
    const firn_allocator *allocator = reply->client->options.allocator;
    if (bytes <= reply->capacity - reply->used)
        return FIRN_OK;
    uint32_t capacity = reply->capacity;
    while (capacity - reply->used < bytes)
        capacity *= 2;
    char *larger = firn_allocate(allocator, capacity);
    if (larger == NULL)
        return FIRN_NO_MEMORY;
    count_one(&reply->client->spills);
    memcpy(larger, reply->buffer, reply->used);
    if (reply->buffer != own_buffer(reply))
        firn_release(allocator, reply->buffer, reply->capacity);
    reply->buffer = larger;
    reply->capacity = capacity;
    reply->url.text = larger;
    return FIRN_OK;
}

firn_status firn_http_connection_grow_fields(firn_http_reply *reply)
{
    const firn_allocator *allocator = reply->client->options.allocator;
    const uint32_t limit = reply->client->profile->field_limit, former = reply->field_capacity;
    const uint32_t capacity = former * 2 < limit ? former * 2 : limit;
    if (capacity == former)
        return FIRN_LIMIT;
    firn_http_field *larger = firn_allocate(allocator, capacity * sizeof *larger);
    if (larger == NULL)
        return FIRN_NO_MEMORY;
    count_one(&reply->client->spills);
    memcpy(larger, reply->fields, former * sizeof *larger);
    if (reply->fields != own_fields(reply))
        firn_release(allocator, reply->fields, former * sizeof *larger);
    reply->fields = larger;
    reply->field_capacity = capacity;
    reply->head.fields = larger;
    reply->head.field_capacity = capacity;
    reply->trailers.fields = larger + reply->head.field_count; /* they stand behind the head's */
    reply->trailers.field_capacity = capacity - reply->head.field_count;
    return FIRN_OK;
}
