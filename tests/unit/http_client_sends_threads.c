/* What the client sends: heads and bodies byte by byte, again where a kept connection was too old,
 * elsewhere where a redirect leads, and no more than the server wants. */
#include "support/http_asking.h"

#include <firn/system.h>

#define OK_EMPTY "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"

/* Whether what the server saw is this, with its port for a '@'. */
static void check_seen(const struct script *script, const char *expected)
{
    char text[8192];
    size_t size = 0;
    for (; *expected != '\0'; expected++) {
        if (*expected == '@')
            size += (size_t)snprintf(text + size, sizeof text - size, "%u", script->port);
        else
            text[size++] = *expected;
    }
    text[size] = '\0';
    assert_string_equal(script->seen, text);
}

struct produced {
    size_t pieces, left, size; /* of a piece */
    unsigned rewinds;
    bool breaks;
};

static size_t produce(void *context, char *data, size_t size)
{
    struct produced *produced = context;
    if (produced->left == 0)
        return produced->breaks ? FIRN_HTTP_BROKEN : 0;
    produced->left--;
    size_t part = produced->size < size ? produced->size : size;
    memset(data, 'p', part);
    return part;
}

static bool rewind_it(void *context)
{
    struct produced *produced = context;
    produced->rewinds++;
    produced->left = produced->pieces;
    return true;
}

static void requests_are_written_as_they_must_be(void **state)
{
    (void)state;
    const struct step steps[] = {{ACCEPT, NULL, 0},  {REQUEST, NULL, 0}, {SAY, OK_EMPTY, 0},
                                 {REQUEST, NULL, 0}, {BODY, NULL, 4},    {SAY, OK_EMPTY, 0},
                                 {REQUEST, NULL, 0}, {SAY, OK_EMPTY, 0}, {REQUEST, NULL, 0},
                                 {BODY, NULL, 6},    {SAY, OK_EMPTY, 0}, {REQUEST, NULL, 0},
                                 {BODY, NULL, 21},   {SAY, OK_EMPTY, 0}};
    struct script script;
    char url[128];
    script_begin(&script, STEPS(steps));
    const firn_http_client_options options = {.user_agent = "t/1"};
    firn_http_client *client = client_new(&options);
    const firn_http_pair fields[] = {{"accept", "text/html"}, {"X-A", ""}, {"User-agent", "mine"}};
    snprintf(url, sizeof url, "%sa%%20b?c=d#e", script.url);
    firn_http_request request = {.url = url, .fields = fields, .field_count = 3};
    assert_int_equal(ask(client, &request, NULL), FIRN_OK);
    snprintf(url, sizeof url, "http://127.0.0.1:%u?q", script.port);
    request = (firn_http_request){.url = url, .method = "PUT", .body = "data", .body_size = 4};
    assert_int_equal(ask(client, &request, NULL), FIRN_OK);
    request = (firn_http_request){.url = url, .method = "POST"};
    assert_int_equal(ask(client, &request, NULL), FIRN_OK);
    struct produced produced = {.left = 2, .size = 3};
    request = (firn_http_request){.url = url,
                                  .method = "POST",
                                  .produce = produce,
                                  .produce_context = &produced,
                                  .body_size = 6};
    assert_int_equal(ask(client, &request, NULL), FIRN_OK);
    produced = (struct produced){.left = 2, .size = 3};
    request.body_size = FIRN_HTTP_UNKNOWN_LENGTH;
    assert_int_equal(ask(client, &request, NULL), FIRN_OK);
    script_end(&script);
    check_seen(&script,
               "GET /a%20b?c=d HTTP/1.1\r\nHost: 127.0.0.1:@\r\naccept: text/html\r\nX-A: \r\n"
               "User-agent: mine\r\n\r\n"
               "PUT /?q HTTP/1.1\r\nHost: 127.0.0.1:@\r\nUser-Agent: t/1\r\nAccept: */*\r\n"
               "Content-Length: 4\r\n\r\ndata"
               "POST /?q HTTP/1.1\r\nHost: 127.0.0.1:@\r\nUser-Agent: t/1\r\nAccept: */*\r\n"
               "Content-Length: 0\r\n\r\n"
               "POST /?q HTTP/1.1\r\nHost: 127.0.0.1:@\r\nUser-Agent: t/1\r\nAccept: */*\r\n"
               "Content-Length: 6\r\n\r\npppppp"
               "POST /?q HTTP/1.1\r\nHost: 127.0.0.1:@\r\nUser-Agent: t/1\r\nAccept: */*\r\n"
               "Transfer-Encoding: chunked\r\n\r\n3\r\nppp\r\n3\r\nppp\r\n0\r\n\r\n");
    assert_int_equal(stats_of(client).connect_count, 1);
    assert_int_equal(stats_of(client).request_count, 5);
    firn_http_client_destroy(client);
    script_free(&script);
}

static void what_cannot_be_sent_is_invalid(void **state)
{
    (void)state;
    firn_http_client *client = client_new(NULL);
    firn_http_reply *reply;
    static const firn_http_pair bad[] = {{"Host", "x"},
                                         {"content-length", "1"},
                                         {"Transfer-Encoding", "chunked"},
                                         {"Connection", ""},
                                         {"Expect", "x"},
                                         {"Upgrade", "x"},
                                         {"TE", "x"},
                                         {"Keep-Alive", "x"},
                                         {"", "x"},
                                         {"a b", "x"},
                                         {"a:", "x"},
                                         {"a", "x\r\nEvil: y"},
                                         {"a", "\x01"},
                                         {"Trailer", "x"}};
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        const firn_http_request request = {
            .url = "http://127.0.0.1:1/", .fields = &bad[i], .field_count = 1};
        assert_int_equal(firn_http_client_open(client, &request, &reply, &error), FIRN_INVALID);
    }
    static const char *const urls[] = {"http://me:pw@127.0.0.1/", "http://a%41/", "http://a!b/",
                                       "http://127.1/",           "nothing",      "http://a b/"};
    for (size_t i = 0; i < sizeof urls / sizeof urls[0]; i++) {
        const firn_http_request request = {.url = urls[i]};
        assert_int_equal(firn_http_client_open(client, &request, &reply, &error), FIRN_INVALID);
    }
    firn_http_request request = {.url = "ftp://a/"};
    assert_int_equal(firn_http_client_open(client, &request, &reply, &error), FIRN_UNSUPPORTED);
    request = (firn_http_request){.url = "http://127.0.0.1/", .method = "CONNECT"};
    assert_int_equal(firn_http_client_open(client, &request, &reply, &error), FIRN_INVALID);
    request.method = "GE T";
    assert_int_equal(firn_http_client_open(client, &request, &reply, &error), FIRN_INVALID);
    request = (firn_http_request){.url = "http://127.0.0.1/", .body_size = 1};
    assert_int_equal(firn_http_client_open(client, &request, &reply, &error), FIRN_INVALID);
    request = (firn_http_request){.url = "http://127.0.0.1/", .body = "", .body_size = UINT64_MAX};
    assert_int_equal(firn_http_client_open(client, &request, &reply, &error), FIRN_INVALID);
    request = (firn_http_request){.url = "http://127.0.0.1/", .reserved = {1}};
    assert_int_equal(firn_http_client_open(client, &request, &reply, &error), FIRN_INVALID);
    assert_int_equal(stats_of(client).connect_count, 0);
    firn_http_client_destroy(client);
    firn_http_client_options options = {.profile = FIRN_HTTP_PROFILE_COUNT};
    assert_int_equal(firn_http_client_create(&options, &client, &error), FIRN_INVALID);
    options = (firn_http_client_options){.user_agent = "a\nb"};
    assert_int_equal(firn_http_client_create(&options, &client, &error), FIRN_INVALID);
    options = (firn_http_client_options){.limit = 100000};
    assert_int_equal(firn_http_client_create(&options, &client, &error), FIRN_INVALID);
    options = (firn_http_client_options){.reserved = {0, 1}};
    assert_int_equal(firn_http_client_create(&options, &client, &error), FIRN_INVALID);
}

static void nobody_there_is_told_in_a_line(void **state)
{
    (void)state;
    const struct step steps[] = {{ACCEPT, NULL, 0}};
    struct script script;
    script_begin(&script, STEPS(steps));
    firn_http_client *client = client_new(NULL);
    firn_http_reply *reply;
    firn_http_request request = {.url = script.url};
    assert_int_equal(firn_http_client_open(client, &request, &reply, &error), FIRN_IO);
    script_end(&script);
    assert_int_equal(firn_http_client_open(client, &request, &reply, &error), FIRN_IO);
    assert_non_null(strstr(error.text, "refused"));
    request.url = "http://no-such-host.invalid/";
    firn_status status = firn_http_client_open(client, &request, &reply, &error);
    assert_true(status == FIRN_NOT_FOUND || status == FIRN_IO); /* without a network, who knows */
    assert_non_null(strstr(error.text, "no-such-host.invalid"));
    assert_int_equal(stats_of(client).pool.slots, 0);
    firn_http_client_destroy(client);
    script_free(&script);
}

/* --- kept connections that are too old --- */

static void only_what_may_be_repeated_is_sent_again(void **state)
{
    (void)state;
    static const struct {
        const char *method;
        bool produced, rewinds, repeated;
    } cases[] = {{"GET", false, false, true},       {"HEAD", false, false, true},
                 {"PUT", false, false, true},       {"DELETE", false, false, true},
                 {"POST", false, false, false},     {"PATCH", false, false, false},
                 {"INVENTED", false, false, false}, {"PUT", true, false, false},
                 {"PUT", true, true, true}};
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        const size_t size = cases[i].produced ? 6 : 0;
        /* The server closes when the second request has come, as if it had been on its way. */
        const struct step steps[] = {{ACCEPT, NULL, 0},  {REQUEST, NULL, 0},
                                     {SAY, OK_EMPTY, 0}, {REQUEST, NULL, 0},
                                     {BODY, NULL, size}, {i % 2 == 0 ? CLOSE : RESET, NULL, 0},
                                     {ACCEPT, NULL, 0},  {REQUEST, NULL, 0},
                                     {BODY, NULL, size}, {SAY, OK_EMPTY, 0}};
        struct script script;
        script_begin(&script, steps, cases[i].repeated ? 10 : 6);
        firn_http_client *client = client_new(NULL);
        assert_int_equal(get(client, script.url, NULL), FIRN_OK);
        struct produced produced = {.pieces = 2, .left = 2, .size = 3};
        firn_http_request request = {.url = script.url, .method = cases[i].method};
        if (cases[i].produced) {
            request.produce = produce;
            request.produce_context = &produced;
            request.body_size = 6;
            request.rewind = cases[i].rewinds ? rewind_it : NULL;
        }
        error.line = 77;
        firn_status status = ask(client, &request, NULL);
        assert_int_equal(error.line, cases[i].repeated ? 77 : 0); /* told only if it failed */
        if (status != (cases[i].repeated ? FIRN_OK : FIRN_IO))
            fail_msg("%s: %s", cases[i].method, error.text);
        script_end(&script);
        assert_int_equal(stats_of(client).retry_count, cases[i].repeated);
        assert_int_equal(produced.rewinds, cases[i].rewinds);
        firn_http_client_destroy(client);
        script_free(&script);
    }
}

static void a_new_connection_that_breaks_is_not_tried_again(void **state)
{
    (void)state;
    const struct step steps[] = {{ACCEPT, NULL, 0}, {REQUEST, NULL, 0}, {CLOSE, NULL, 0}};
    struct script script;
    script_begin(&script, STEPS(steps));
    firn_http_client *client = client_new(NULL);
    assert_int_equal(get(client, script.url, NULL), FIRN_IO);
    script_end(&script);
    assert_int_equal(stats_of(client).retry_count, 0);
    assert_int_equal(stats_of(client).request_count, 1);
    firn_http_client_destroy(client);
    script_free(&script);
}

static void what_broke_after_a_byte_of_the_reply_is_not_repeated(void **state)
{
    (void)state;
    static const char *const texts[] = {"H", "HTTP/1.1 102 x\r\n\r\n"};
    for (size_t i = 0; i < 2; i++) {
        const struct step steps[] = {{ACCEPT, NULL, 0},  {REQUEST, NULL, 0}, {SAY, OK_EMPTY, 0},
                                     {REQUEST, NULL, 0}, {SAY, texts[i], 0}, {CLOSE, NULL, 0}};
        struct script script;
        script_begin(&script, STEPS(steps));
        firn_http_client *client = client_new(NULL);
        assert_int_equal(get(client, script.url, NULL), FIRN_OK);
        assert_int_equal(get(client, script.url, NULL), FIRN_IO);
        script_end(&script);
        assert_int_equal(stats_of(client).retry_count, 0);
        firn_http_client_destroy(client);
        script_free(&script);
    }
}

static void a_connection_that_ended_while_idle_is_not_used(void **state)
{
    (void)state;
    const struct step steps[] = {{ACCEPT, NULL, 0}, {REQUEST, NULL, 0}, {SAY, OK_EMPTY, 0},
                                 {CLOSE, NULL, 0},  {ACCEPT, NULL, 0},  {REQUEST, NULL, 0},
                                 {SAY, OK_EMPTY, 0}};
    struct script script;
    script_begin(&script, STEPS(steps));
    firn_http_client *client = client_new(NULL);
    const firn_http_request request = {.url = script.url, .method = "POST"};
    assert_int_equal(ask(client, &request, NULL), FIRN_OK);
    usleep(50000);
    assert_int_equal(ask(client, &request, NULL), FIRN_OK);
    script_end(&script);
    assert_int_equal(stats_of(client).pool.dead_count, 1);
    assert_int_equal(stats_of(client).retry_count, 0);
    firn_http_client_destroy(client);
    script_free(&script);
}

/* --- redirects --- */

#define TO(status, place)                                                                          \
    "HTTP/1.1 " status " x\r\nLocation: " place "\r\nContent-Length: 3\r\n\r\nold"

static void redirects_are_followed_by_the_right_method(void **state)
{
    (void)state;
    static const struct {
        const char *text, *method, *then;
        bool keeps_body;
    } cases[] = {{TO("301", "/b"), "GET", "GET", true},  {TO("301", "/b"), "POST", "GET", false},
                 {TO("302", "b"), "POST", "GET", false}, {TO("302", "b"), "PUT", "PUT", true},
                 {TO("303", "b"), "PUT", "GET", false},  {TO("303", "b"), "HEAD", "HEAD", true},
                 {TO("307", "b"), "POST", "POST", true}, {TO("308", "./b"), "POST", "POST", true}};
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        const bool head = strcmp(cases[i].method, "HEAD") == 0;
        const size_t size = head ? 0 : 4, then = head || !cases[i].keeps_body ? 0 : 4;
        const struct step steps[] = {
            {ACCEPT, NULL, 0},  {REQUEST, NULL, 0},
            {BODY, NULL, size}, {SAY, cases[i].text, head ? strlen(cases[i].text) - 3 : 0},
            {REQUEST, NULL, 0}, {BODY, NULL, then},
            {SAY, OK_EMPTY, 0}};
        const firn_http_pair fields[] = {
            {"Content-Type", "x/y"}, {"Authorization", "secret"}, {"User-Agent", "t"}};
        struct script script;
        char expected[1024], url[80];
        script_begin(&script, STEPS(steps));
        snprintf(url, sizeof url, "%sd/a", script.url);
        firn_http_client *client = client_new(NULL);
        const firn_http_request request = {.url = url,
                                           .method = cases[i].method,
                                           .fields = fields,
                                           .field_count = 3,
                                           .body = "data",
                                           .body_size = size};
        firn_http_reply *reply;
        if (firn_http_client_open(client, &request, &reply, &error) != FIRN_OK)
            fail_msg("%zu: %s", i, error.text);
        const firn_url *now = firn_http_reply_url(reply);
        const char *place =
            cases[i].text[strlen("HTTP/1.1 301 x\r\nLocation: ")] == '/' ? "/b" : "/d/b";
        assert_int_equal(now->path.size, strlen(place));
        assert_memory_equal(now->text + now->path.offset, place, now->path.size);
        firn_http_reply_close(reply);
        script_end(&script);
        snprintf(expected, sizeof expected,
                 "%s /d/a HTTP/1.1\r\nHost: 127.0.0.1:@\r\nContent-Type: x/y\r\n"
                 "Authorization: secret\r\nUser-Agent: t\r\nAccept: */*\r\n%s\r\n%s"
                 "%s %s HTTP/1.1\r\nHost: 127.0.0.1:@\r\n%sAuthorization: secret\r\n"
                 "User-Agent: t\r\nAccept: */*\r\n%s\r\n%s",
                 cases[i].method, size > 0 ? "Content-Length: 4\r\n" : "", size > 0 ? "data" : "",
                 cases[i].then, place, cases[i].keeps_body ? "Content-Type: x/y\r\n" : "",
                 then > 0 ? "Content-Length: 4\r\n" : "", then > 0 ? "data" : "");
        check_seen(&script, expected);
        assert_int_equal(stats_of(client).connect_count, 1);
        assert_int_equal(stats_of(client).redirect_count, 1);
        firn_http_client_destroy(client);
        script_free(&script);
    }
}

static void secrets_do_not_go_to_another_origin(void **state)
{
    (void)state;
    const struct step last[] = {{ACCEPT, NULL, 0}, {REQUEST, NULL, 0}, {SAY, OK_EMPTY, 0}};
    struct script first, second;
    script_begin(&second, STEPS(last));
    char text[200];
    snprintf(text, sizeof text, "HTTP/1.1 302 x\r\nLocation: %sb\r\nContent-Length: 0\r\n\r\n",
             second.url);
    const struct step steps[] = {{ACCEPT, NULL, 0}, {REQUEST, NULL, 0}, {SAY, text, 0}};
    script_begin(&first, STEPS(steps));
    firn_http_client *client = client_new(NULL);
    const firn_http_pair fields[] = {
        {"authorization", "s"}, {"Cookie", "s"}, {"X-Other", "o"}, {"Proxy-Authorization", "s"}};
    const firn_http_request request = {.url = first.url, .fields = fields, .field_count = 4};
    assert_int_equal(ask(client, &request, NULL), FIRN_OK);
    script_end(&first);
    script_end(&second);
    assert_non_null(strstr(first.seen, "authorization: s\r\nCookie: s\r\n"));
    assert_null(strstr(second.seen, "uthorization"));
    assert_null(strstr(second.seen, "Cookie"));
    assert_non_null(strstr(second.seen, "X-Other: o"));
    firn_http_client_destroy(client);
    script_free(&first);
    script_free(&second);
}

static void redirects_that_must_not_be_followed_are_told(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        firn_status status;
    } cases[] = {{TO("302", "http://me:pw@127.0.0.1/"), FIRN_INVALID},
                 {TO("302", "ftp://127.0.0.1/"), FIRN_UNSUPPORTED},
                 {TO("302", "/a b"), FIRN_INVALID},
                 {TO("302", ""), FIRN_LIMIT}, /* to itself, again and again */
                 {"HTTP/1.1 302 x\r\nContent-Length: 0\r\n\r\n", FIRN_OK},
                 {"HTTP/1.1 300 x\r\nLocation: /\r\nContent-Length: 0\r\n\r\n", FIRN_OK},
                 {"HTTP/1.1 304 x\r\nLocation: /\r\n\r\n", FIRN_OK}};
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct step steps[] = {{ACCEPT, NULL, 0},       {REQUEST, NULL, 0},
                               {SAY, cases[i].text, 0}, {REQUEST, NULL, 0},
                               {SAY, cases[i].text, 0}, {REQUEST, NULL, 0},
                               {SAY, cases[i].text, 0}};
        struct script script;
        script_begin(&script, steps, cases[i].status == FIRN_LIMIT ? 7 : 3);
        const firn_http_client_options options = {.redirect_limit = 2};
        firn_http_client *client = client_new(&options);
        firn_status status = get(client, script.url, NULL);
        if (status != cases[i].status)
            fail_msg("%zu: %s %s", i, firn_status_name(status), error.text);
        script_end(&script);
        firn_http_client_destroy(client);
        script_free(&script);
    }
    const struct step steps[] = {{ACCEPT, NULL, 0}, {REQUEST, NULL, 0}, {SAY, TO("302", "/b"), 0}};
    struct script script;
    uint16_t got = 0;
    script_begin(&script, STEPS(steps));
    const firn_http_client_options options = {.redirect_limit = FIRN_HTTP_NO_REDIRECTS};
    firn_http_client *client = client_new(&options);
    assert_int_equal(get(client, script.url, &got), FIRN_OK);
    assert_int_equal(got, 302);
    assert_string_equal(body, "old");
    script_end(&script);
    firn_http_client_destroy(client);
    script_free(&script);
}

static void a_produced_body_is_produced_anew_for_a_redirect(void **state)
{
    (void)state;
    for (int rewinds = 0; rewinds <= 1; rewinds++) {
        const struct step steps[] = {
            {ACCEPT, NULL, 0},  {REQUEST, NULL, 0}, {BODY, NULL, 21},  {SAY, TO("307", "/b"), 0},
            {REQUEST, NULL, 0}, {BODY, NULL, 21},   {SAY, OK_EMPTY, 0}};
        struct script script;
        script_begin(&script, steps, rewinds ? 7 : 4);
        firn_http_client *client = client_new(NULL);
        struct produced produced = {.pieces = 2, .left = 2, .size = 3};
        const firn_http_request request = {.url = script.url,
                                           .method = "POST",
                                           .produce = produce,
                                           .produce_context = &produced,
                                           .rewind = rewinds ? rewind_it : NULL,
                                           .body_size = FIRN_HTTP_UNKNOWN_LENGTH};
        assert_int_equal(ask(client, &request, NULL), rewinds ? FIRN_OK : FIRN_IO);
        script_end(&script);
        firn_http_client_destroy(client);
        script_free(&script);
    }
}

/* --- bodies that the server does not want --- */

static void a_body_that_is_refused_early_is_not_sent_on(void **state)
{
    (void)state;
    const size_t size = 64u << 20;
    char *data = calloc(1, size);
    assert_non_null(data);
    for (int produced = 0; produced <= 1; produced++) {
        const struct step steps[] = {{ACCEPT, NULL, 0},
                                     {REQUEST, NULL, 0},
                                     {SAY, "HTTP/1.1 413 No\r\nContent-Length: 2\r\n\r\nno", 0},
                                     {UNTIL_CLOSED, NULL, 0}};
        struct script script;
        script_begin(&script, STEPS(steps));
        firn_http_client *client = client_new(NULL);
        struct produced body_of = {.left = size, .size = 4096};
        firn_http_request request = {
            .url = script.url, .method = "POST", .body = data, .body_size = size};
        if (produced) {
            request.produce = produce;
            request.produce_context = &body_of;
            request.body_size = FIRN_HTTP_UNKNOWN_LENGTH;
        }
        uint16_t status = 0;
        if (ask(client, &request, &status) != FIRN_OK)
            fail_msg("%s", error.text);
        assert_int_equal(status, 413);
        assert_string_equal(body, "no");
        script_end(&script);
        assert_true(produced || script.seen_size < size);
        assert_int_equal(stats_of(client).pool.idle, 0);
        firn_http_client_destroy(client);
        script_free(&script);
    }
    free(data);
}

static void an_early_answer_that_takes_the_body_gets_all_of_it(void **state)
{
    (void)state;
    const size_t size = 16u << 20;
    char *data = calloc(1, size);
    assert_non_null(data);
    const struct step steps[] = {{ACCEPT, NULL, 0},  {REQUEST, NULL, 0}, {SAY, OK_EMPTY, 0},
                                 {BODY, NULL, size}, {REQUEST, NULL, 0}, {SAY, OK_EMPTY, 0}};
    struct script script;
    script_begin(&script, STEPS(steps));
    firn_http_client *client = client_new(NULL);
    const firn_http_request request = {
        .url = script.url, .method = "PUT", .body = data, .body_size = size};
    assert_int_equal(ask(client, &request, NULL), FIRN_OK);
    assert_int_equal(get(client, script.url, NULL), FIRN_OK);
    script_end(&script);
    assert_int_equal(stats_of(client).connect_count, 1);
    firn_http_client_destroy(client);
    script_free(&script);
    free(data);
}

static void the_server_is_asked_before_the_body_where_that_is_wanted(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        uint16_t status;
        bool sends, again;
    } cases[] = {{"HTTP/1.1 100 Go\r\n\r\n", 200, true, false},
                 {"HTTP/1.1 102 x\r\n\r\nHTTP/1.1 100 Go\r\n\r\n", 200, true, false},
                 {NULL, 200, true, false}, /* it says nothing: after a second the body comes */
                 {"HTTP/1.1 413 No\r\nContent-Length: 0\r\n\r\n", 413, false, false},
                 {"HTTP/1.1 200 Fine\r\nContent-Length: 0\r\n\r\n", 200, false, false},
                 {"HTTP/1.1 417 What\r\nContent-Length: 0\r\n\r\n", 200, false, true}};
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        const struct step sends[] = {{ACCEPT, NULL, 0},
                                     {REQUEST, NULL, 0},
                                     {cases[i].text != NULL ? SAY : PAUSE, cases[i].text, 0},
                                     {BODY, NULL, 4},
                                     {SAY, OK_EMPTY, 0}};
        const struct step not [] = {
            {ACCEPT, NULL, 0}, {REQUEST, NULL, 0}, {SAY, cases[i].text, 0}, {UNTIL_CLOSED, NULL, 0},
            {ACCEPT, NULL, 0}, {REQUEST, NULL, 0}, {BODY, NULL, 4},         {SAY, OK_EMPTY, 0}};
        struct script script;
        uint16_t status = 0;
        if (cases[i].sends)
            script_begin(&script, STEPS(sends));
        else
            script_begin(&script, not, cases[i].again ? 8 : 4);
        firn_http_client *client = client_new(NULL);
        const firn_http_request request = {.url = script.url,
                                           .method = "POST",
                                           .body = "data",
                                           .body_size = 4,
                                           .wants_continue = true};
        if (ask(client, &request, &status) != FIRN_OK)
            fail_msg("%zu: %s", i, error.text);
        assert_int_equal(status, cases[i].status);
        script_end(&script);
        const char *expect = strstr(script.seen, "Expect: 100-continue\r\n");
        assert_non_null(expect);
        assert_null(strstr(expect + 1, "Expect"));
        assert_int_equal(strstr(script.seen, "data") != NULL, cases[i].sends || cases[i].again);
        firn_http_client_destroy(client);
        script_free(&script);
    }
}

static void a_body_that_breaks_off_is_told(void **state)
{
    (void)state;
    for (int how = 0; how < 3; how++) {
        const struct step steps[] = {{ACCEPT, NULL, 0}, {UNTIL_CLOSED, NULL, 0}};
        struct script script;
        script_begin(&script, STEPS(steps));
        firn_http_client *client = client_new(NULL);
        struct produced produced = {.left = 1, .size = 3, .breaks = how < 2};
        const firn_http_request request = {.url = script.url,
                                           .method = "PUT",
                                           .produce = produce,
                                           .produce_context = &produced,
                                           .rewind = rewind_it,
                                           .body_size = how == 0 ? FIRN_HTTP_UNKNOWN_LENGTH : 9};
        assert_int_equal(ask(client, &request, NULL), FIRN_IO);
        assert_non_null(strstr(error.text, "the body of the request"));
        script_end(&script);
        assert_null(strstr(script.seen, "0\r\n\r\n"));
        assert_int_equal(produced.rewinds, 0);
        firn_http_client_destroy(client);
        script_free(&script);
    }
}

static void a_server_that_does_not_read_is_given_up(void **state)
{
    (void)state;
    const size_t size = 64u << 20;
    char *data = calloc(1, size);
    assert_non_null(data);
    const struct step steps[] = {{ACCEPT, NULL, 0}, {PAUSE, NULL, 200}};
    struct script script;
    script_begin(&script, STEPS(steps));
    const firn_http_client_options options = {.wait_ms = 50};
    firn_http_client *client = client_new(&options);
    const firn_http_request request = {
        .url = script.url, .method = "PUT", .body = data, .body_size = size};
    assert_int_equal(ask(client, &request, NULL), FIRN_TIMEOUT);
    script_end(&script);
    firn_http_client_destroy(client);
    script_free(&script);
    free(data);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(requests_are_written_as_they_must_be),
        cmocka_unit_test(what_cannot_be_sent_is_invalid),
        cmocka_unit_test(nobody_there_is_told_in_a_line),
        cmocka_unit_test(only_what_may_be_repeated_is_sent_again),
        cmocka_unit_test(a_new_connection_that_breaks_is_not_tried_again),
        cmocka_unit_test(what_broke_after_a_byte_of_the_reply_is_not_repeated),
        cmocka_unit_test(a_connection_that_ended_while_idle_is_not_used),
        cmocka_unit_test(redirects_are_followed_by_the_right_method),
        cmocka_unit_test(secrets_do_not_go_to_another_origin),
        cmocka_unit_test(redirects_that_must_not_be_followed_are_told),
        cmocka_unit_test(a_produced_body_is_produced_anew_for_a_redirect),
        cmocka_unit_test(a_body_that_is_refused_early_is_not_sent_on),
        cmocka_unit_test(an_early_answer_that_takes_the_body_gets_all_of_it),
        cmocka_unit_test(the_server_is_asked_before_the_body_where_that_is_wanted),
        cmocka_unit_test(a_body_that_breaks_off_is_told),
        cmocka_unit_test(a_server_that_does_not_read_is_given_up),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
