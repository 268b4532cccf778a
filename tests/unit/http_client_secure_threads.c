/* Redirects between https and http: up they are followed, down they are told, and a connection of
 * the one is never used for the other. */
#include "support/tls_peer.h"

#include <firn/http_client.h>

static struct tls_files files;
static uint16_t plain_port, secure_port;

static void handle(void *context, firn_http_exchange *exchange)
{
    const bool secure = context != NULL;
    const firn_http_head *head = firn_http_exchange_head(exchange);
    const char *path = firn_http_exchange_data(exchange) + head->target.offset;
    char place[80];
    const char *down = "http", *up = "https";
    if (head->target.size == 1) {
        assert_int_equal(firn_http_answer(exchange, 200, NULL, secure ? "s" : "p", 1), FIRN_OK);
        return;
    }
    int size = snprintf(place, sizeof place, "%s://localhost:%u/", path[1] == 'd' ? down : up,
                        path[1] == 'd' ? plain_port : secure_port);
    assert_int_equal(firn_http_answer_begin(exchange, 301), FIRN_OK);
    assert_int_equal(firn_http_answer_field(exchange, "Location", place, (size_t)size), FIRN_OK);
    assert_int_equal(firn_http_answer_body(exchange, "moved", 5), FIRN_OK);
}

static firn_status ask(firn_http_client *client, const char *scheme, uint16_t port,
                       const char *path, char *ret_answer, firn_error *ret_error)
{
    char url[80], data[16];
    firn_http_reply *reply;
    size_t size;
    snprintf(url, sizeof url, "%s://localhost:%u/%s", scheme, port, path);
    const firn_http_request request = {.url = url};
    firn_status status = firn_http_client_open(client, &request, &reply, ret_error);
    if (status != FIRN_OK)
        return status;
    status = firn_http_reply_read(reply, data, sizeof data, &size, ret_error);
    if (status == FIRN_OK)
        *ret_answer = data[0];
    firn_http_reply_close(reply);
    return status;
}

static void redirects_lead_up_to_https_and_not_down(void **state)
{
    (void)state;
    struct serving plain, secure;
    firn_http_client *client;
    firn_error error = {.status = FIRN_OK};
    char answer = 0;
    static char is_secure;
    tls_files_make(&files);
    const firn_http_server_options of_plain = {.handle = handle, .loop_count = 1};
    const firn_http_server_options of_secure = {.handle = handle,
                                                .context = &is_secure,
                                                .loop_count = 1,
                                                .certificate_file = files.good,
                                                .key_file = files.good_key};
    serving_begin(&plain, &of_plain);
    serving_begin(&secure, &of_secure);
    plain_port = firn_http_server_port(plain.server);
    secure_port = firn_http_server_port(secure.server);
    const firn_http_client_options options = {.ca_file = files.ca};
    assert_int_equal(firn_http_client_create(&options, &client, NULL), FIRN_OK);
    if (ask(client, "http", plain_port, "up", &answer, &error) != FIRN_OK)
        fail_msg("%s", error.text);
    assert_int_equal(answer, 's');
    assert_int_equal(ask(client, "https", secure_port, "down", &answer, &error), FIRN_PERMISSION);
    assert_non_null(strstr(error.text, "http://localhost"));
    assert_non_null(strstr(error.text, "leads here from https"));
    assert_int_equal(ask(client, "http", plain_port, "down", &answer, &error), FIRN_OK);
    assert_int_equal(answer, 'p');
    /* The same host and port, by the other scheme: no kept connection is taken for it. */
    assert_int_not_equal(ask(client, "https", plain_port, "", &answer, &error), FIRN_OK);
    answer = 0;
    (void)ask(client, "http", secure_port, "", &answer, &error); /* told so, in plain HTTP */
    assert_int_not_equal(answer, 's');
    firn_http_client_destroy(client);
    (void)serving_end(&plain);
    (void)serving_end(&secure);
    tempdir_remove(files.folder);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(redirects_lead_up_to_https_and_not_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
