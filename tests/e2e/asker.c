/* The library's client at work in many threads, for get_peers.py: asks for one URL over and over,
 * and counts the replies that are not as the first.
 *
 *     asker URL THREADS TIMES [BYTES]
 *
 * With BYTES each request is a POST of so many, of a length that is not told where it is an odd
 * number; the server is to send them back. Prints one line of JSON. */
#include <firn/checksum.h>
#include <firn/http_client.h>

#include <inttypes.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { THREADS_MAX = 64, CONNECTIONS = 8 };

static firn_http_client *client;
static const char *url;
static unsigned long times, body_bytes;
static atomic_ulong failed, different, trailers;
static _Atomic uint64_t bytes, first; /* of bodies; of the first, its size and CRC, 0: none yet */

/* --- what is sent --- */

struct sending {
    unsigned long at;
};

static uint8_t byte_at(unsigned long at)
{
    return (uint8_t)((at * 2654435761u) >> 11);
}

static size_t produce(void *context, char *data, size_t room)
{
    struct sending *sending = context;
    size_t size = 0;
    while (size < room && sending->at < body_bytes)
        data[size++] = (char)byte_at(sending->at++);
    return size;
}

static bool begin_anew(void *context)
{
    ((struct sending *)context)->at = 0;
    return true;
}

static uint64_t expected(void)
{
    uint32_t crc = 0;
    for (unsigned long at = 0; at < body_bytes; at++) {
        const uint8_t byte = byte_at(at);
        crc = firn_crc32c(crc, &byte, 1);
    }
    return (uint64_t)body_bytes << 32 | crc;
}

/* --- what comes --- */

static firn_status read_body(firn_http_reply *reply, uint64_t *ret_sum, firn_error *error)
{
    static _Thread_local char data[32768];
    uint64_t all = 0;
    uint32_t crc = 0;
    for (;;) {
        size_t size = 0;
        firn_status status = firn_http_reply_read(reply, data, sizeof data, &size, error);
        if (status != FIRN_OK)
            return status;
        if (size == 0)
            break;
        crc = firn_crc32c(crc, data, size);
        all += size;
    }
    atomic_fetch_add(&bytes, all);
    *ret_sum = all << 32 | crc;
    return FIRN_OK;
}

static firn_status ask(firn_error *error)
{
    struct sending sending = {0};
    firn_http_request request = {.url = url};
    if (body_bytes > 0) {
        request.method = "POST";
        request.body_size = body_bytes % 2 != 0 ? FIRN_HTTP_UNKNOWN_LENGTH : body_bytes;
        request.produce = produce;
        request.produce_context = &sending;
        request.rewind = begin_anew;
    }
    firn_http_reply *reply;
    firn_status status = firn_http_client_open(client, &request, &reply, error);
    if (status != FIRN_OK)
        return status;
    uint64_t sum = 0, none = 0;
    const char *data;
    status = read_body(reply, &sum, error);
    if (status == FIRN_OK && firn_http_reply_trailers(reply, &data) != NULL)
        atomic_fetch_add(&trailers, firn_http_reply_trailers(reply, &data)->field_count);
    if (status == FIRN_OK && (firn_http_reply_head(reply)->status != 200 ||
                              (!atomic_compare_exchange_strong(&first, &none, sum) && none != sum)))
        atomic_fetch_add(&different, 1);
    firn_http_reply_close(reply);
    return status;
}

static void *ask_often(void *context)
{
    (void)context;
    for (unsigned long i = 0; i < times; i++) {
        firn_error error = {.text = ""};
        if (ask(&error) != FIRN_OK && atomic_fetch_add(&failed, 1) == 0)
            fprintf(stderr, "asker: %s\n", error.text);
    }
    return NULL;
}

int main(int count, char **words)
{
    const firn_http_client_options options = {.origin_limit = CONNECTIONS};
    pthread_t threads[THREADS_MAX];
    firn_http_client_stats stats;
    unsigned long thread_count = count >= 4 ? strtoul(words[2], NULL, 10) : 0, started = 0;
    if (thread_count == 0 || thread_count > THREADS_MAX ||
        firn_http_client_create(&options, &client, NULL) != FIRN_OK)
        return 2;
    url = words[1];
    times = strtoul(words[3], NULL, 10);
    body_bytes = count == 5 ? strtoul(words[4], NULL, 10) : 0;
    if (body_bytes > 0)
        atomic_store(&first, expected());
    while (started < thread_count && pthread_create(&threads[started], NULL, ask_often, NULL) == 0)
        started++;
    for (unsigned long i = 0; i < started; i++)
        pthread_join(threads[i], NULL);
    firn_http_client_stats_get(client, &stats);
    printf("{\"replies\": %lu, \"failed\": %lu, \"different\": %lu, \"bytes\": %" PRIu64
           ", \"trailers\": %lu, \"connects\": %" PRIu64 ", \"retries\": %" PRIu64
           ", \"redirects\": %" PRIu64 "}\n",
           started * times, atomic_load(&failed), atomic_load(&different), atomic_load(&bytes),
           atomic_load(&trailers), stats.connect_count, stats.retry_count, stats.redirect_count);
    firn_http_client_destroy(client);
    return started == thread_count ? 0 : 1;
}
