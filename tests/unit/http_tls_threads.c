/* The server with a certificate, and the client's side of TLS: what is exchanged, whom either side
 * does not trust, what is resumed, and how long a handshake may take. */
#include "support/tls_peer.h"

#include "http/connection.h"

#include <firn/http_client.h>
#include <firn/system.h>

#define BIG (3u << 20)

static char *big;
static struct tls_files files;

/* /big: a text of 3 MB; /late: a stream; else the path. */
static size_t produced(void *context, char *data, size_t size)
{
    (void)context;
    memset(data, 'x', size);
    return size;
}

struct upload {
    uint64_t sum;
};

static void uploaded(void *context, firn_http_exchange *exchange, const char *data, size_t size)
{
    struct upload *upload = context;
    for (size_t i = 0; i < size; i++)
        upload->sum += (uint8_t)data[i];
    if (size > 0)
        return;
    char text[32];
    int length = snprintf(text, sizeof text, "%llu", (unsigned long long)upload->sum);
    assert_int_equal(firn_http_answer(exchange, 200, NULL, text, (size_t)length), FIRN_OK);
}

static void upload_ended(void *context, bool whole)
{
    (void)whole;
    free(context);
}

static void handle(void *context, firn_http_exchange *exchange)
{
    (void)context;
    const firn_http_head *head = firn_http_exchange_head(exchange);
    const char *path = firn_http_exchange_data(exchange) + head->target.offset;
#define AT(name) (head->target.size == strlen(name) && memcmp(path, name, strlen(name)) == 0)
    if (AT("/big")) {
        assert_int_equal(firn_http_answer(exchange, 200, NULL, big, BIG), FIRN_OK);
    } else if (AT("/stream")) {
        assert_int_equal(firn_http_answer_begin(exchange, 200), FIRN_OK);
        assert_int_equal(firn_http_answer_stream(exchange, BIG, produced, NULL), FIRN_OK);
    } else if (AT("/upload")) {
        struct upload *upload = calloc(1, sizeof *upload);
        assert_non_null(upload);
        firn_http_exchange_receive(exchange, uploaded, upload);
        firn_http_exchange_on_end(exchange, upload_ended, upload);
    } else {
        assert_int_equal(firn_http_answer(exchange, 200, NULL, path, head->target.size), FIRN_OK);
    }
#undef AT
}

static firn_http_server_options options_with(const char *certificate, const char *key)
{
    return (firn_http_server_options){
        .handle = handle, .loop_count = 1, .certificate_file = certificate, .key_file = key};
}

static struct tls_context *trusting(const char *ca_file, bool unverified)
{
    struct tls_context *context;
    firn_error error;
    if (firn_http_tls_client(ca_file, unverified, &context, &error) != FIRN_OK)
        fail_msg("%s", error.text);
    return context;
}

/* Asks for a path, with a body (NULL: none); the body of the answer is at the end of text. */
static size_t ask(struct tls *tls, const char *path, const char *body, size_t body_size, char *text,
                  size_t wanted)
{
    char head[200];
    int size = snprintf(head, sizeof head,
                        "POST %s HTTP/1.0\r\nHost: a\r\nContent-Length: %zu\r\n"
                        "\r\n",
                        path, body_size);
    tls_write(tls, head, (size_t)size);
    if (body_size > 0)
        tls_write(tls, body, body_size);
    return tls_read(tls, text, wanted);
}

static void large_bodies_go_both_ways(void **state)
{
    (void)state;
    struct serving serving;
    struct tls tls;
    const firn_http_server_options options = options_with(files.both, NULL);
    struct tls_context *context = trusting(files.ca, false);
    char *text = malloc(BIG + 4096);
    assert_non_null(text);
    serving_begin(&serving, &options);
    assert_int_equal(tls_open(&tls, &serving, context, "localhost", NULL, 0), 0);
    size_t size = ask(&tls, "/big", NULL, 0, text, BIG + 4096);
    assert_true(size > BIG && memcmp(text + size - BIG, big, BIG) == 0);
    tls_shut(&tls);
    assert_int_equal(tls_open(&tls, &serving, context, "localhost", NULL, 0), 0);
    size = ask(&tls, "/stream", NULL, 0, text, BIG + 4096);
    assert_true(size > BIG && text[size - BIG] == 'x' && text[size - 1] == 'x');
    tls_shut(&tls);
    assert_int_equal(tls_open(&tls, &serving, context, "localhost", NULL, 0), 0);
    uint64_t sum = 0;
    for (size_t i = 0; i < BIG; i++)
        sum += (uint8_t)big[i];
    size = ask(&tls, "/upload", big, BIG, text, 4096);
    text[size] = '\0';
    assert_int_equal(strtoull(strstr(text, "\r\n\r\n") + 4, NULL, 10), sum);
    tls_shut(&tls);
    free(text);
    firn_http_tls_context_destroy(context);
    assert_int_equal(serving_end(&serving).handshake_count, 3);
}

/* --- many at a time --- */

struct client {
    const struct serving *serving;
    struct tls_context *context;
};

static void *run_client(void *argument)
{
    const struct client *client = argument;
    for (int i = 0; i < 20; i++) {
        struct tls tls;
        char text[4096];
        assert_int_equal(tls_open(&tls, client->serving, client->context, "localhost", NULL, 0), 0);
        size_t size = ask(&tls, "/path", NULL, 0, text, sizeof text - 1);
        text[size] = '\0';
        assert_non_null(strstr(text, "\r\n\r\n/path"));
        tls_shut(&tls);
    }
    return NULL;
}

static void threads_share_both_contexts(void **state)
{
    (void)state;
    struct serving serving;
    firn_http_server_options options = options_with(files.good, files.good_key);
    options.loop_count = 2;
    struct tls_context *context = trusting(files.ca, false);
    serving_begin(&serving, &options);
    struct client client = {&serving, context};
    pthread_t threads[4];
    for (int i = 0; i < 4; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, run_client, &client), 0);
    for (int i = 0; i < 4; i++)
        pthread_join(threads[i], NULL);
    firn_http_tls_context_destroy(context);
    assert_int_equal(serving_end(&serving).handshake_count, 80);
}

/* --- trust --- */

static void expect_distrust(const struct serving *serving, const char *ca_file, const char *host,
                            const char *words)
{
    struct tls tls;
    firn_error error = {.status = FIRN_OK};
    struct tls_context *context = trusting(ca_file, false);
    assert_int_not_equal(tls_open(&tls, serving, context, host, NULL, 0), 0);
    assert_int_equal(firn_http_tls_explain(&tls, host, &error), FIRN_PERMISSION);
    if (strstr(error.text, words) == NULL || strstr(error.text, host) == NULL)
        fail_msg("%s", error.text);
    tls_shut(&tls);
    firn_http_tls_context_destroy(context);
}

static void a_client_trusts_only_whom_it_should(void **state)
{
    (void)state;
    struct serving serving;
    struct tls tls;
    const firn_http_server_options options = options_with(files.good, files.good_key);
    serving_begin(&serving, &options);
    expect_distrust(&serving, files.foreign, "localhost", "issuer is unknown");
    expect_distrust(&serving, NULL, "localhost", "issuer is unknown");
    expect_distrust(&serving, files.ca, "example.org", "of another host");
    expect_distrust(&serving, files.ca, "127.0.0.1", "of another host");
    struct tls_context *context = trusting(NULL, true);
    char text[100];
    assert_int_equal(tls_open(&tls, &serving, context, "example.org", NULL, 0), 0);
    assert_true(ask(&tls, "/path", NULL, 0, text, sizeof text) > 0);
    tls_shut(&tls);
    firn_http_tls_context_destroy(context);
    assert_int_equal(serving_end(&serving).handshake_count, 1);
}

static void expect_refusal(const char *certificate, const char *key, firn_status status,
                           const char *words)
{
    firn_http_server *server = NULL;
    firn_error error = {.status = FIRN_OK};
    const firn_http_server_options options = options_with(certificate, key);
    assert_int_equal(firn_http_server_create(&options, &server, &error), status);
    if (strstr(error.text, words) == NULL)
        fail_msg("%s", error.text);
    assert_null(server);
}

static void a_server_needs_a_certificate_and_its_key(void **state)
{
    (void)state;
    char none[700];
    snprintf(none, sizeof none, "%s/none", files.folder);
    expect_refusal(none, files.good_key, FIRN_NOT_FOUND, "none");
    expect_refusal(files.good, none, FIRN_NOT_FOUND, "none");
    expect_refusal(files.good, NULL, FIRN_INVALID, "no key in PEM");
    expect_refusal(files.good_key, files.good_key, FIRN_INVALID, "no certificate in PEM");
    expect_refusal(files.good, files.expired_key, FIRN_INVALID, "not the key of");
    expect_refusal(files.expired, files.expired_key, FIRN_INVALID, "has expired");
    expect_refusal(NULL, files.good_key, FIRN_INVALID, "out of range");
    struct tls_context *context = NULL;
    firn_error error;
    assert_int_equal(firn_http_tls_client(files.good_key, false, &context, &error), FIRN_INVALID);
    assert_non_null(strstr(error.text, "no certificates in PEM"));
    assert_int_equal(firn_http_tls_client(none, false, &context, NULL), FIRN_NOT_FOUND);
    assert_null(context);
}

/* --- resumption --- */

struct ticket {
    char data[8192];
    size_t size;
};

static void keep_ticket(void *context, const void *data, size_t size)
{
    struct ticket *ticket = context;
    assert_true(size <= sizeof ticket->data);
    if (size > 0)
        memcpy(ticket->data, data, size);
    ticket->size = size;
}

static void a_session_goes_on_in_the_next_connection(void **state)
{
    (void)state;
    struct serving serving;
    struct tls tls;
    char text[4096];
    struct ticket ticket;
    const firn_http_server_options options = options_with(files.good, files.good_key);
    struct tls_context *context = trusting(files.ca, false);
    serving_begin(&serving, &options);
    for (int i = 0; i < 3; i++) {
        assert_int_equal(tls_open(&tls, &serving, context, "localhost", i > 0 ? ticket.data : NULL,
                                  i > 0 ? ticket.size : 0),
                         0);
        assert_int_equal(firn_http_tls_is_resumed(&tls), i > 0);
        size_t size = ask(&tls, "/path", NULL, 0, text, sizeof text - 1);
        assert_true(size > 0);
        firn_http_tls_ticket(&tls, keep_ticket, &ticket);
        assert_true(ticket.size > 0);
        tls_shut(&tls);
    }
    assert_int_equal(tls_open(&tls, &serving, context, "localhost", "rubbish", 7), 0);
    assert_false(firn_http_tls_is_resumed(&tls));
    firn_http_tls_ticket(&tls, keep_ticket, &ticket); /* none has come: it does not wait for one */
    tls_shut(&tls);
    firn_http_tls_context_destroy(context);
    assert_int_equal(serving_end(&serving).resumed_count, 2);
}

/* --- the client of whole messages --- */

static void expect_reply(firn_http_client *client, const char *url)
{
    const firn_http_request request = {.url = url};
    firn_http_reply *reply = NULL;
    firn_error error;
    char data[100];
    size_t size = 0;
    if (firn_http_client_open(client, &request, &reply, &error) != FIRN_OK)
        fail_msg("%s", error.text);
    assert_int_equal(firn_http_reply_read(reply, data, sizeof data, &size, NULL), FIRN_OK);
    assert_true(size == 5 && memcmp(data, "/path", 5) == 0);
    assert_int_equal(firn_http_reply_read(reply, data, sizeof data, &size, NULL), FIRN_OK);
    assert_int_equal(size, 0);
    firn_http_reply_close(reply);
}

static void expect_no_reply(const firn_http_client_options *options, const char *url,
                            firn_status status, const char *words)
{
    const firn_http_request request = {.url = url};
    firn_http_reply *reply = NULL;
    firn_http_client *client;
    firn_error error = {.status = FIRN_OK};
    assert_int_equal(firn_http_client_create(options, &client, NULL), FIRN_OK);
    assert_int_equal(firn_http_client_open(client, &request, &reply, &error), status);
    assert_null(reply);
    if (strstr(error.text, words) == NULL)
        fail_msg("%s", error.text);
    firn_http_client_destroy(client);
}

static void a_client_asks_by_https(void **state)
{
    (void)state;
    struct serving serving, bare;
    firn_http_client *client = NULL;
    firn_http_client_stats stats;
    char url[100], to_plain[100];
    firn_http_server_options options = options_with(files.good, files.good_key);
    const firn_http_server_options plain = {.handle = handle, .loop_count = 1};
    options.idle_ms = 100;
    serving_begin(&serving, &options);
    serving_begin(&bare, &plain);
    snprintf(url, sizeof url, "https://localhost:%u/path", firn_http_server_port(serving.server));
    snprintf(to_plain, sizeof to_plain, "https://localhost:%u/",
             firn_http_server_port(bare.server));
    firn_http_client_options trusting_it = {.ca_file = files.ca};
    assert_int_equal(firn_http_client_create(&trusting_it, &client, NULL), FIRN_OK);
    expect_reply(client, url);
    expect_reply(client, url);
    usleep(300000);
    expect_reply(client, url); /* by another connection, with the session of the first */
    firn_http_client_stats_get(client, &stats);
    assert_int_equal(stats.connect_count, 2);
    firn_http_client_destroy(client);
    const firn_http_client_options systems = {.idle_ms = 0}, anybodys = {.is_unverified = true};
    expect_no_reply(&systems, url, FIRN_PERMISSION, "issuer is unknown");
    expect_no_reply(&trusting_it, to_plain, FIRN_IO, "does not speak TLS");
    memcpy(url + 8, "127.0.0.1", 9); /* as long as localhost */
    expect_no_reply(&trusting_it, url, FIRN_PERMISSION, "of another host");
    assert_int_equal(firn_http_client_create(&anybodys, &client, NULL), FIRN_OK);
    expect_reply(client, url);
    firn_http_client_destroy(client);
    trusting_it.ca_file = files.good_key;
    assert_int_equal(firn_http_client_create(&trusting_it, &client, NULL), FIRN_INVALID);
    (void)serving_end(&bare);
    assert_int_equal(serving_end(&serving).resumed_count, 1);
}

/* --- time --- */

static void a_slow_handshake_is_given_up(void **state)
{
    (void)state;
    struct serving serving;
    char text[4096];
    bool closed;
    firn_http_server_options options = options_with(files.good, files.good_key);
    options.head_ms = 150;
    serving_begin(&serving, &options);
    const uint64_t start_ns = firn_clock_ns();
    int silent = client_open(&serving), slow = client_open(&serving);
    static const char hello[] = {0x16, 3, 1, 2, 0, 1, 0, 1, (char)0xfc, 3, 3};
    for (size_t i = 0; i < sizeof hello; i++) { /* which gives it no more time */
        client_send(slow, hello + i, 1);
        usleep(10000);
    }
    client_read(silent, text, sizeof text, 5000, &closed);
    assert_true(closed);
    client_read(slow, text, sizeof text, 5000, &closed);
    assert_true(closed);
    assert_true(firn_clock_ns() - start_ns < 3000000000u);
    close(silent);
    close(slow);
    /* And so is one who has shaken hands, and sends a record a byte at a time. */
    struct tls tls;
    struct tls_context *context = trusting(files.ca, false);
    assert_int_equal(tls_open(&tls, &serving, context, "localhost", NULL, 0), 0);
    static const char record[] = {0x17, 3, 3, 0, 100, 1, 2, 3, 4, 5, 6, 7, 8, 9, 1, 2, 3, 4, 5, 6};
    for (size_t i = 0; i < sizeof record; i++) {
        client_send(tls.fd, record + i, 1);
        usleep(20000);
    }
    assert_int_equal(tls_read(&tls, text, sizeof text), 0);
    tls_shut(&tls);
    firn_http_tls_context_destroy(context);
    assert_int_equal(serving_end(&serving).timeout_count, 2);
}

static void an_idle_connection_has_only_its_entry(void **state)
{
    (void)state;
    struct serving serving;
    firn_http_server_stats stats;
    struct tls tls[20];
    const firn_http_server_options options = options_with(files.good, files.good_key);
    struct tls_context *context = trusting(files.ca, false);
    serving_begin(&serving, &options);
    for (int i = 0; i < 20; i++) {
        char text[64];
        assert_int_equal(tls_open(&tls[i], &serving, context, "localhost", NULL, 0), 0);
        tls_write(&tls[i], "GET /x HTTP/1.1\r\nHost: a\r\n\r\n", 28);
        assert_int_equal(tls_read(&tls[i], text, 20), 20);
    }
    for (int i = 0; i < 500; i++) {
        firn_http_server_stats_get(serving.server, &stats);
        if (stats.idle == 20)
            break;
        usleep(1000);
    }
    assert_int_equal(stats.idle, 20);
    assert_int_equal(stats.entry_bytes, 20 * sizeof(struct secure_connection));
    assert_true(stats.block_bytes < 2 * 16384);
    for (int i = 0; i < 20; i++)
        tls_shut(&tls[i]);
    firn_http_tls_context_destroy(context);
    serving_end(&serving);
}

static int begin(void **state)
{
    (void)state;
    big = malloc(BIG);
    assert_non_null(big);
    for (size_t i = 0; i < BIG; i++)
        big[i] = (char)(i * 2654435761u >> 13);
    tls_files_make(&files);
    return 0;
}

static int end(void **state)
{
    (void)state;
    free(big);
    tempdir_remove(files.folder);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(large_bodies_go_both_ways),
        cmocka_unit_test(threads_share_both_contexts),
        cmocka_unit_test(a_client_trusts_only_whom_it_should),
        cmocka_unit_test(a_server_needs_a_certificate_and_its_key),
        cmocka_unit_test(a_session_goes_on_in_the_next_connection),
        cmocka_unit_test(a_client_asks_by_https),
        cmocka_unit_test(a_slow_handshake_is_given_up),
        cmocka_unit_test(an_idle_connection_has_only_its_entry),
    };
    return cmocka_run_group_tests(tests, begin, end);
}
