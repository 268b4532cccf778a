/* Replies from hostile bytes, as the client takes them off a stream, in reads of as many bytes as
 * the first byte says: it ends, gives no more than came, and what it gives does not depend on how
 * the bytes are cut. */
#include "http/client.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check(bool holds)
{
    if (!holds)
        abort();
}

/* --- a stream of these bytes --- */

struct bytes {
    const uint8_t *data;
    size_t size, at, step;
};

static int bytes_recv(void *session, void *data, size_t size, size_t *ret_size)
{
    struct bytes *bytes = session;
    size_t part = bytes->size - bytes->at;
    part = part < size ? part : size;
    part = part < bytes->step ? part : bytes->step;
    memcpy(data, bytes->data + bytes->at, part);
    bytes->at += part;
    *ret_size = part;
    return 0;
}

static int bytes_send(void *session, const struct iovec *parts, size_t count, size_t *ret_size)
{
    (void)session;
    (void)parts;
    (void)count;
    (void)ret_size;
    abort(); /* nothing is sent */
}

static bool says_no(const void *session)
{
    (void)session;
    return false;
}

static void bytes_close(void *session)
{
    (void)session;
}

static const firn_http_layer layer = {bytes_recv, bytes_send, says_no, says_no, bytes_close};

/* --- a reply from it --- */

struct outcome {
    firn_status head, body;
    uint16_t status;
    uint64_t hash, size; /* of the body */
    size_t field_count, trailer_count;
};

static void read_body(firn_http_reply *reply, struct outcome *outcome)
{
    char data[300];
    size_t got = 1;
    outcome->hash = 1469598103934665603u;
    while (got > 0 && outcome->body == FIRN_OK) {
        outcome->body = firn_http_reply_read(reply, data, sizeof data, &got, NULL);
        for (size_t i = 0; i < got && outcome->body == FIRN_OK; i++)
            outcome->hash = (outcome->hash ^ (uint8_t)data[i]) * 1099511628211u;
        outcome->size += outcome->body == FIRN_OK ? got : 0;
    }
    const char *base;
    const firn_http_head *trailers = firn_http_reply_trailers(reply, &base);
    outcome->trailer_count = trailers != NULL ? trailers->field_count : 0;
    for (size_t i = 0; i < outcome->trailer_count; i++)
        check(trailers->fields[i].value.offset + trailers->fields[i].value.size <= trailers->size);
}

static struct outcome run(firn_http_client *client, const uint8_t *data, size_t size, size_t step,
                          bool head)
{
    static const char text[] = "http://a/";
    struct outcome outcome = {.head = FIRN_END_OF_DATA};
    struct bytes bytes = {.data = data, .size = size, .step = step};
    struct call call = {.client = client, .method = head ? FIRN_HTTP_HEAD : FIRN_HTTP_GET};
    firn_http_slot *slot;
    void *connection;
    check(firn_url_parse(text, sizeof text - 1, &call.url, NULL) == FIRN_OK);
    check(firn_http_pool_get(client->pool, "x", 1, 0, &slot, &connection) == FIRN_OK);
    firn_http_reply *reply = firn_http_connection_make(&call);
    check(connection == NULL && reply != NULL);
    reply->slot = slot;
    reply->stream.layer = &layer;
    reply->stream.session = &bytes;
    check(firn_http_connection_begin(&call, reply) == FIRN_OK);
    while (outcome.head == FIRN_END_OF_DATA)
        outcome.head = firn_http_reply_receive(reply, NULL);
    if (outcome.head == FIRN_OK) {
        outcome.status = reply->head.status;
        outcome.field_count = reply->head.field_count;
        check(outcome.status >= 200 && outcome.status < 600);
        read_body(reply, &outcome);
        check(outcome.size <= size);
    }
    firn_http_connection_put(reply, false);
    return outcome;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static firn_http_client *client;
    const firn_http_client_options options = {.profile = FIRN_HTTP_LOW};
    if (client == NULL)
        check(firn_http_client_create(&options, &client, NULL) == FIRN_OK);
    if (size < 1)
        return 0;
    const bool head = data[0] >= 128;
    const size_t step = data[0] % 128 + (size_t)1;
    struct outcome whole = run(client, data + 1, size - 1, size, head);
    struct outcome cut = run(client, data + 1, size - 1, step, head);
    /* A line that is wrong may be refused before its end has come, and else be found cut off. */
    check((whole.head == FIRN_OK) == (cut.head == FIRN_OK));
    check((whole.body == FIRN_OK) == (cut.body == FIRN_OK) && whole.status == cut.status);
    check(whole.body != FIRN_OK || (whole.size == cut.size && whole.hash == cut.hash));
    check(whole.field_count == cut.field_count && whole.trailer_count == cut.trailer_count);
    return 0;
}
