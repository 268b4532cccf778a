/* One client and many threads: each gets its own reply whole, no more connections are made than the
 * limits allow, and whoever waits for one too long is told. */
#include "support/http_serving.h"
#include "support/random.h"

#include <firn/http_client.h>
#include <firn/system.h>

#include <stdatomic.h>

enum { THREADS = 16, REQUESTS = 150, LIMIT = 3 };

/* Answers with its path, over and over, in as many bytes as the path says. */
static void handle(void *context, firn_http_exchange *exchange)
{
    static _Thread_local char text[70000];
    const firn_http_head *head = firn_http_exchange_head(exchange);
    const char *path = firn_http_exchange_data(exchange) + head->target.offset;
    const size_t size = strtoul(path + 1, NULL, 10);
    (void)context;
    assert_true(size < sizeof text);
    for (size_t i = 0; i < size; i++)
        text[i] = path[i % head->target.size];
    assert_int_equal(firn_http_answer(exchange, 200, NULL, text, size), FIRN_OK);
}

struct shared {
    firn_http_client *client;
    uint16_t port;
    atomic_uint next;
    atomic_uint failed;
};

static bool ask(struct shared *shared, rng *random, unsigned thread, unsigned request)
{
    char url[80], path[40];
    static _Thread_local char data[4000];
    firn_http_reply *reply;
    const size_t size = rng_below(random, 8) == 0 ? rng_below(random, 60000) : 100;
    int length = snprintf(path, sizeof path, "/%zu?%u-%u", size, thread, request);
    snprintf(url, sizeof url, "http://%s:%u%s", request % 2 ? "127.0.0.1" : "localhost",
             shared->port, path);
    const firn_http_request asked = {.url = url};
    if (firn_http_client_open(shared->client, &asked, &reply, NULL) != FIRN_OK)
        return false;
    size_t at = 0, got = 1;
    const bool stops = rng_below(random, 32) == 0; /* in the middle: the connection ends */
    bool right = true;
    while (right && got > 0 && !(stops && at > 0)) {
        right = firn_http_reply_read(reply, data, sizeof data, &got, NULL) == FIRN_OK;
        for (size_t i = 0; right && i < got; i++)
            right = data[i] == path[(at + i) % (size_t)length];
        at += got;
    }
    firn_http_reply_close(reply);
    return right && (stops || at == size);
}

static void *run(void *context)
{
    struct shared *shared = context;
    const unsigned thread = atomic_fetch_add(&shared->next, 1);
    rng random;
    rng_seed(&random, thread + 1);
    for (unsigned i = 0; i < REQUESTS; i++)
        if (!ask(shared, &random, thread, i))
            atomic_fetch_add(&shared->failed, 1);
    return NULL;
}

static void threads_share_a_client(void **state)
{
    (void)state;
    struct serving serving;
    struct shared shared = {0};
    pthread_t threads[THREADS];
    const firn_http_server_options server_options = {.loop_count = 2, .handle = handle};
    const firn_http_client_options options = {.origin_limit = LIMIT, .profile = FIRN_HTTP_LOW};
    serving_begin(&serving, &server_options);
    shared.port = firn_http_server_port(serving.server);
    assert_int_equal(firn_http_client_create(&options, &shared.client, NULL), FIRN_OK);
    for (unsigned i = 0; i < THREADS; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, run, &shared), 0);
    for (unsigned i = 0; i < THREADS; i++)
        pthread_join(threads[i], NULL);
    assert_int_equal(atomic_load(&shared.failed), 0);
    firn_http_client_stats stats;
    firn_http_client_stats_get(shared.client, &stats);
    assert_int_equal(stats.pool.get_count, THREADS * REQUESTS);
    assert_int_equal(stats.pool.slots, stats.pool.idle);
    assert_true(stats.pool.idle <= 2 * LIMIT);
    assert_true(stats.pool.waited_count > 0);
    assert_true(stats.connect_count < THREADS * REQUESTS / 4);
    firn_http_client_destroy(shared.client);
    (void)serving_end(&serving);
}

static void who_waits_too_long_for_a_connection_is_told(void **state)
{
    (void)state;
    struct serving serving;
    char url[64];
    firn_http_client *client;
    firn_http_reply *first, *second;
    firn_error error;
    const firn_http_server_options server_options = {.loop_count = 1, .handle = handle};
    const firn_http_client_options options = {.origin_limit = 1};
    serving_begin(&serving, &server_options);
    snprintf(url, sizeof url, "http://127.0.0.1:%u/10", firn_http_server_port(serving.server));
    assert_int_equal(firn_http_client_create(&options, &client, NULL), FIRN_OK);
    const firn_http_request request = {.url = url, .time_ms = 30}, patient = {.url = url};
    assert_int_equal(firn_http_client_open(client, &patient, &first, &error), FIRN_OK);
    const uint64_t begin = firn_clock_ns();
    assert_int_equal(firn_http_client_open(client, &request, &second, &error), FIRN_TIMEOUT);
    assert_true(firn_clock_ns() - begin >= 30000000u);
    assert_non_null(strstr(error.text, "no connection was free"));
    firn_http_reply_close(first);
    assert_int_equal(firn_http_client_open(client, &patient, &second, &error), FIRN_OK);
    firn_http_reply_close(second);
    firn_http_client_destroy(client);
    (void)serving_end(&serving);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(threads_share_a_client),
        cmocka_unit_test(who_waits_too_long_for_a_connection_is_told),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
