/* Bodies in chunks from hostile bytes: cutting them anywhere changes neither the body nor the
 * verdict, pieces lie inside of what came, and what was read comes back when it is written in
 * chunks and read again. The first byte says where the bytes are cut. */
#include <firn/http_message.h>

#include <stdlib.h>
#include <string.h>

#define ROOM (1u << 16)

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check(bool holds)
{
    if (!holds)
        abort();
}

struct body {
    firn_http_chunks chunks;
    char data[ROOM];
    size_t size, used; /* of the body; of the bytes it came in */
    firn_status status;
};

/* Goes on with bytes of which `used` were taken already. */
static void go_on(struct body *body, const char *data, size_t size)
{
    body->status = FIRN_OK;
    while (body->status == FIRN_OK && !body->chunks.is_done) {
        size_t used = SIZE_MAX;
        firn_http_text part = {0, 0};
        const size_t left = size - body->used;
        body->status = firn_http_chunks_next(&body->chunks, data + body->used, left, &used, &part);
        if (body->status == FIRN_CORRUPT) {
            check(body->chunks.refusal >= 400 && body->chunks.because != NULL);
            return;
        }
        check(used <= left && part.offset <= used && part.size <= used - part.offset);
        check(body->status == FIRN_OK || used == left);
        memcpy(body->data + body->size, data + body->used + part.offset, part.size);
        body->size += part.size;
        body->used += used;
    }
}

static void check_same(const struct body *a, const struct body *b)
{
    check(a->chunks.is_done == b->chunks.is_done && a->chunks.refusal == b->chunks.refusal);
    check(a->size == b->size && memcmp(a->data, b->data, a->size) == 0);
    check(a->chunks.refusal != 0 || a->used == b->used);
}

/* In chunks of so many bytes. */
static size_t write_chunks(const struct body *body, size_t step, char *out)
{
    size_t size = 0;
    for (size_t at = 0; at < body->size; at += step) {
        const size_t part = body->size - at < step ? body->size - at : step;
        size += firn_http_chunk_head(out + size, part);
        memcpy(out + size, body->data + at, part);
        memcpy(out + size + part, "\r\n", 2);
        size += part + 2;
    }
    memcpy(out + size, FIRN_HTTP_CHUNK_LAST, sizeof FIRN_HTTP_CHUNK_LAST - 1);
    return size + sizeof FIRN_HTTP_CHUNK_LAST - 1;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct body whole, cut, again;
    static char text[8 * ROOM];
    if (size < 1 || size > ROOM)
        return 0;
    const size_t step = data[0] + 1u;
    memcpy(text, data + 1, --size);
    memset(&whole, 0, offsetof(struct body, data));
    memset(&cut, 0, offsetof(struct body, data));
    memset(&again, 0, offsetof(struct body, data));
    whole.size = whole.used = cut.size = cut.used = again.size = again.used = 0;
    go_on(&whole, text, size);
    for (size_t at = 0; at < size && cut.chunks.refusal == 0; at += step)
        go_on(&cut, text, at);
    if (cut.chunks.refusal == 0)
        go_on(&cut, text, size);
    check_same(&whole, &cut);
    if (!whole.chunks.is_done)
        return 0;
    size = write_chunks(&whole, step, text);
    go_on(&again, text, size);
    check(again.chunks.is_done && again.used + 2 == size); /* the empty line is the trailers' */
    check(again.size == whole.size && memcmp(again.data, whole.data, whole.size) == 0);
    return 0;
}
