/* The client against servers that do just what a script says: every framing, cut and stalled and
 * reset at each byte; what is kept, sent again and followed; what is refused. */
#include "support/http_asking.h"

#include <firn/system.h>

/* --- framing --- */

struct framing {
    const char *text; /* from the server */
    bool closes;      /* behind it */
    uint16_t status;
    const char *body;
    bool kept; /* may serve another request */
};

static const struct framing framings[] = {
    {"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello", false, 200, "hello", true},
    {"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n", false, 200, "", true},
    {"HTTP/1.1 200 OK\r\nContent-Length: 5\r\nConnection: close\r\n\r\nhello", true, 200, "hello",
     false},
    {"HTTP/1.1 200 OK\r\n\r\nup to the end", true, 200, "up to the end", false},
    {"HTTP/1.0 200 OK\r\nContent-Length: 2\r\n\r\nhi", true, 200, "hi", false},
    {"HTTP/1.0 200 OK\r\nConnection: keep-alive\r\nContent-Length: 2\r\n\r\nhi", false, 200, "hi",
     true},
    {"HTTP/1.1 204 None\r\n\r\n", false, 204, "", true},
    {"HTTP/1.1 304 Same\r\nContent-Length: 100\r\n\r\n", false, 304, "", true},
    {"HTTP/1.1 200 OK\r\nTransfer-Encoding: "
     "chunked\r\n\r\n5\r\nhello\r\n1;x=\"y\"\r\n!\r\n0\r\n\r\n",
     false, 200, "hello!", true},
    {"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\nSum: 1\r\n\r\n",
     false, 200, "hello", true},
    {"HTTP/1.1 100 Go on\r\n\r\nHTTP/1.1 103 Hints\r\nLink: x\r\n\r\nHTTP/1.1 404 No\r\n"
     "Content-Length: 2\r\n\r\nno",
     false, 404, "no", true},
    {"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhelloHTTP/1.1 200 OK\r\nContent-Length: "
     "3\r\n\r\nbad",
     false, 200, "hello", false},
    {"HTTP/1.1 204 None\r\n\r\nsmuggled", false, 204, "", false},
};

static void every_framing_is_read_and_kept_where_it_may_be(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof framings / sizeof framings[0]; i++) {
        const struct framing *framing = &framings[i];
        for (int slowly = 0; slowly <= 1; slowly++) {
            /* In one piece, so that what is behind is there; or in many. */
            const struct step first = {slowly ? SLOWLY : SAY, framing->text, 0};
            const struct step kept[] = {{ACCEPT, NULL, 0},
                                        {REQUEST, NULL, 0},
                                        first,
                                        {REQUEST, NULL, 0},
                                        {SAY, "HTTP/1.1 204 x\r\n\r\n", 0}};
            const struct step other[] = {{ACCEPT, NULL, 0},
                                         {REQUEST, NULL, 0},
                                         first,
                                         {framing->closes ? CLOSE : UNTIL_CLOSED, NULL, 0},
                                         {ACCEPT, NULL, 0},
                                         {REQUEST, NULL, 0},
                                         {SAY, "HTTP/1.1 204 x\r\n\r\n", 0}};
            struct script script;
            uint16_t status = 0;
            firn_http_client *client = client_new(NULL);
            if (framing->kept)
                script_begin(&script, STEPS(kept));
            else
                script_begin(&script, STEPS(other));
            if (get(client, script.url, &status) != FIRN_OK)
                fail_msg("framing %zu: %s", i, error.text);
            assert_int_equal(status, framing->status);
            assert_string_equal(body, framing->body);
            if (slowly && !framing->kept) /* let what is behind come */
                usleep(30000);
            assert_int_equal(get(client, script.url, &status), FIRN_OK);
            assert_int_equal(status, 204);
            script_end(&script);
            assert_int_equal(stats_of(client).connect_count, framing->kept ? 1 : 2);
            script_free(&script);
            firn_http_client_destroy(client);
        }
    }
}

static void a_head_request_has_no_body_whatever_its_head_says(void **state)
{
    (void)state;
    const struct step steps[] = {{ACCEPT, NULL, 0},
                                 {REQUEST, NULL, 0},
                                 {SAY, "HTTP/1.1 200 OK\r\nContent-Length: 500\r\n\r\n", 0},
                                 {REQUEST, NULL, 0},
                                 {SAY, "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", 0}};
    struct script script;
    script_begin(&script, STEPS(steps));
    firn_http_client *client = client_new(NULL);
    const firn_http_request request = {.url = script.url, .method = "HEAD"};
    for (int i = 0; i < 2; i++) {
        assert_int_equal(ask(client, &request, NULL), FIRN_OK);
        assert_string_equal(body, "");
    }
    script_end(&script);
    assert_int_equal(stats_of(client).connect_count, 1);
    firn_http_client_destroy(client);
    script_free(&script);
}

static void trailers_are_given_with_the_head_still_there(void **state)
{
    (void)state;
    const struct step steps[] = {
        {ACCEPT, NULL, 0},
        {REQUEST, NULL, 0},
        {SAY, "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nA: b\r\n\r\n", 0},
        {SLOWLY, "2\r\nhi\r\n0\r\nSum: 17\r\nOther: x\r\n\r\n", 0}};
    struct script script;
    script_begin(&script, STEPS(steps));
    firn_http_client *client = client_new(NULL);
    const firn_http_request request = {.url = script.url};
    firn_http_reply *reply;
    const char *data;
    size_t size;
    assert_int_equal(firn_http_client_open(client, &request, &reply, &error), FIRN_OK);
    assert_null(firn_http_reply_trailers(reply, &data));
    assert_int_equal(read_all(reply, &size), FIRN_OK);
    const firn_http_head *trailers = firn_http_reply_trailers(reply, &data);
    assert_non_null(trailers);
    assert_int_equal(trailers->field_count, 2);
    const firn_http_field *sum = firn_http_head_find(trailers, data, "sum", 0);
    assert_non_null(sum);
    assert_memory_equal(data + sum->value.offset, "17", 2);
    const firn_http_head *head = firn_http_reply_head(reply);
    const firn_http_field *a = firn_http_head_find(head, firn_http_reply_data(reply), "a", 0);
    assert_non_null(a);
    assert_memory_equal(firn_http_reply_data(reply) + a->value.offset, "b", 1);
    firn_http_reply_close(reply);
    script_end(&script);
    script_free(&script);
    firn_http_client_destroy(client);
}

/* --- cut, reset, stalled --- */

static void a_reply_cut_at_any_byte_is_no_whole_one(void **state)
{
    (void)state;
    static const char *const texts[] = {
        "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello",
        "HTTP/1.1 103 x\r\n\r\nHTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
        "5\r\nhello\r\n0\r\nA: b\r\n\r\n"};
    for (size_t which = 0; which < 2; which++) {
        const size_t size = strlen(texts[which]);
        for (size_t cut = 0; cut < size; cut++) {
            const struct step steps[] = {{ACCEPT, NULL, 0},
                                         {REQUEST, NULL, 0},
                                         {cut > 0 ? SAY : PAUSE, texts[which], cut},
                                         {cut % 2 == 0 ? CLOSE : RESET, NULL, 0}};
            struct script script;
            firn_http_client *client = client_new(NULL);
            script_begin(&script, STEPS(steps));
            firn_status status = get(client, script.url, NULL);
            script_end(&script);
            if (status != FIRN_IO)
                fail_msg("text %zu cut at %zu: %s", which, cut, firn_status_name(status));
            assert_non_null(strstr(error.text, script.url));
            assert_int_equal(stats_of(client).pool.slots, 0);
            script_free(&script);
            firn_http_client_destroy(client);
        }
    }
}

static void a_server_that_stalls_is_given_up_at_the_deadline(void **state)
{
    (void)state;
    static const char *const texts[] = {"H", "HTTP/1.1 200 OK\r\nContent-Le",
                                        "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhel",
                                        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r"};
    for (size_t i = 0; i < 8; i++) {
        const struct step steps[] = {
            {ACCEPT, NULL, 0}, {REQUEST, NULL, 0}, {SAY, texts[i % 4], 0}, {UNTIL_CLOSED, NULL, 0}};
        const firn_http_client_options options = {.wait_ms = i < 4 ? 50 : 0};
        struct script script;
        script_begin(&script, STEPS(steps));
        firn_http_client *client = client_new(&options);
        const firn_http_request request = {.url = script.url, .time_ms = i < 4 ? 0 : 50};
        const uint64_t begin = firn_clock_ns();
        assert_int_equal(ask(client, &request, NULL), FIRN_TIMEOUT);
        const uint64_t took = firn_clock_ns() - begin;
        assert_true(took >= 49000000u && took < 5000000000u);
        script_end(&script);
        script_free(&script);
        firn_http_client_destroy(client);
    }
}

static void a_slow_drip_does_not_outlast_the_time_for_all(void **state)
{
    (void)state;
    const struct step steps[] = {
        {ACCEPT, NULL, 0},      {REQUEST, NULL, 0}, {SAY, "HTTP/1.1 200 OK\r\n\r\n", 0},
        {PAUSE, NULL, 30},      {SAY, "a", 0},      {PAUSE, NULL, 30},
        {SAY, "a", 0},          {PAUSE, NULL, 30},  {SAY, "a", 0},
        {UNTIL_CLOSED, NULL, 0}};
    struct script script;
    script_begin(&script, STEPS(steps));
    firn_http_client *client = client_new(NULL);
    const firn_http_request request = {.url = script.url, .time_ms = 80};
    assert_int_equal(ask(client, &request, NULL), FIRN_TIMEOUT);
    script_end(&script);
    script_free(&script);
    firn_http_client_destroy(client);
}

static void what_has_come_is_not_read_when_the_time_is_over(void **state)
{
    (void)state;
    static char zeros[100000];
    const struct step steps[] = {{ACCEPT, NULL, 0},
                                 {REQUEST, NULL, 0},
                                 {SAY, "HTTP/1.1 200 OK\r\n\r\n", 0},
                                 {SAY, zeros, sizeof zeros},
                                 {UNTIL_CLOSED, NULL, 0}};
    struct script script;
    script_begin(&script, STEPS(steps));
    firn_http_client *client = client_new(NULL);
    const firn_http_request request = {.url = script.url, .time_ms = 300};
    firn_http_reply *reply;
    size_t got = 1, size = 0;
    assert_int_equal(firn_http_client_open(client, &request, &reply, &error), FIRN_OK);
    usleep(320000);
    firn_status status = FIRN_OK;
    while (status == FIRN_OK && got > 0) {
        status = firn_http_reply_read(reply, body, 1000, &got, &error);
        size += status == FIRN_OK ? got : 0;
    }
    assert_int_equal(status, FIRN_TIMEOUT);
    assert_true(size < sizeof zeros); /* but for what lay in the buffer */
    firn_http_reply_close(reply);
    script_end(&script);
    script_free(&script);
    firn_http_client_destroy(client);
}

static void a_broken_reply_stays_broken(void **state)
{
    (void)state;
    const struct step steps[] = {
        {ACCEPT, NULL, 0},
        {REQUEST, NULL, 0},
        {SAY, "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\nx", 0},
        {UNTIL_CLOSED, NULL, 0}};
    struct script script;
    script_begin(&script, STEPS(steps));
    firn_http_client *client = client_new(NULL);
    const firn_http_request request = {.url = script.url};
    firn_http_reply *reply;
    size_t size;
    assert_int_equal(firn_http_client_open(client, &request, &reply, &error), FIRN_OK);
    assert_int_equal(read_all(reply, &size), FIRN_CORRUPT);
    assert_int_equal(firn_http_reply_read(reply, body, 10, &size, &error), FIRN_CORRUPT);
    assert_int_equal(firn_http_reply_read(reply, body, 0, &size, NULL), FIRN_INVALID);
    firn_http_reply_close(reply);
    script_end(&script);
    script_free(&script);
    assert_int_equal(stats_of(client).pool.slots, 0);
    firn_http_client_destroy(client);
}

/* --- refused --- */

static void what_is_no_reply_is_refused(void **state)
{
    (void)state;
    static const char *const texts[] = {
        "SSH-2.0-x\r\n",
        "HTTP/2.0 200 OK\r\n\r\n",
        "HTTP/1.1 2000 OK\r\n\r\n",
        "HTTP/1.1 200 OK\nContent-Length: 0\n\n",
        "HTTP/1.1 200 OK\r\nContent-Length: 5\r\nContent-Length: 5\r\n\r\nhello",
        "HTTP/1.1 200 OK\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nxyz\r\n",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nhix0\r\n\r\n",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\nContent-Length: 3\r\n\r\n",
        "HTTP/1.1 200 OK\r\nName : x\r\n\r\n",
        "HTTP/1.1 101 Switch\r\nUpgrade: h2c\r\nConnection: upgrade\r\n\r\n",
        "HTTP/1.1 302 Found\r\nLocation: /a\r\nLocation: /b\r\nContent-Length: 0\r\n\r\n",
    };
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
        const struct step steps[] = {
            {ACCEPT, NULL, 0}, {REQUEST, NULL, 0}, {SAY, texts[i], 0}, {PAUSE, NULL, 1}};
        struct script script;
        firn_http_client *client = client_new(NULL);
        script_begin(&script, STEPS(steps));
        firn_status status = get(client, script.url, NULL);
        script_end(&script);
        if (status != FIRN_CORRUPT)
            fail_msg("text %zu: %s", i, firn_status_name(status));
        assert_non_null(strstr(error.text, script.url));
        script_free(&script);
        firn_http_client_destroy(client);
    }
}

static void interim_replies_without_end_are_refused(void **state)
{
    (void)state;
    static char flood[20000];
    size_t size = 0;
    while (size < sizeof flood - 64)
        size += (size_t)snprintf(flood + size, sizeof flood - size, "HTTP/1.1 102 Wait\r\n\r\n");
    const struct step steps[] = {
        {ACCEPT, NULL, 0}, {REQUEST, NULL, 0}, {SAY, flood, 0}, {UNTIL_CLOSED, NULL, 0}};
    struct script script;
    script_begin(&script, STEPS(steps));
    firn_http_client *client = client_new(NULL);
    assert_int_equal(get(client, script.url, NULL), FIRN_CORRUPT);
    assert_non_null(strstr(error.text, "interim"));
    script_end(&script);
    script_free(&script);
    firn_http_client_destroy(client);
}

static void large_heads_spill_and_huge_ones_are_refused(void **state)
{
    (void)state;
    for (int profile = 0; profile < FIRN_HTTP_PROFILE_COUNT; profile++) {
        const firn_http_profile_info *info = firn_http_profile_get((firn_http_profile)profile);
        for (int huge = 0; huge < 3; huge++) {
            /* Just within the limits; too many bytes; too many fields. */
            const uint32_t bytes = huge == 1 ? info->head_limit + 100 : info->head_limit - 200;
            const uint32_t fields = huge == 2 ? info->field_limit + 1 : info->field_limit - 2;
            const size_t room = bytes + 200 + fields * 16u;
            char *text = malloc(room), *at = text, *end = text + room;
            assert_non_null(text);
            const uint32_t each = huge == 2 ? 1 : bytes / fields - 16;
            at += snprintf(at, (size_t)(end - at), "HTTP/1.1 200 OK\r\nContent-Length: 4\r\n");
            for (uint32_t i = 0; i < fields - 1; i++)
                at += snprintf(at, (size_t)(end - at), "N%u: %0*u\r\n", i, (int)each, i);
            if (huge == 1)
                while ((size_t)(at - text) < bytes - 20)
                    at += snprintf(at, (size_t)(end - at), "X: %060d\r\n", 1);
            at += snprintf(at, (size_t)(end - at), "\r\ndone");
            const struct step steps[] = {
                {ACCEPT, NULL, 0}, {REQUEST, NULL, 0}, {SAY, text, 0}, {UNTIL_CLOSED, NULL, 0}};
            const firn_http_client_options options = {.profile = (firn_http_profile)profile};
            struct script script;
            script_begin(&script, STEPS(steps));
            firn_http_client *client = client_new(&options);
            const firn_http_request request = {.url = script.url};
            firn_http_reply *reply;
            size_t size;
            firn_status status = firn_http_client_open(client, &request, &reply, &error);
            assert_int_equal(status, huge == 0 ? FIRN_OK : FIRN_LIMIT);
            if (huge == 0) {
                const firn_http_head *head = firn_http_reply_head(reply);
                assert_int_equal(head->field_count, fields);
                assert_memory_equal(firn_http_reply_data(reply), text, head->size);
                assert_int_equal(read_all(reply, &size), FIRN_OK);
                assert_string_equal(body, "done");
                firn_http_reply_close(reply);
                assert_true(stats_of(client).spill_count > 0);
            }
            firn_http_client_destroy(client);
            script_end(&script);
            script_free(&script);
            free(text);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_framing_is_read_and_kept_where_it_may_be),
        cmocka_unit_test(a_head_request_has_no_body_whatever_its_head_says),
        cmocka_unit_test(trailers_are_given_with_the_head_still_there),
        cmocka_unit_test(a_reply_cut_at_any_byte_is_no_whole_one),
        cmocka_unit_test(a_server_that_stalls_is_given_up_at_the_deadline),
        cmocka_unit_test(a_slow_drip_does_not_outlast_the_time_for_all),
        cmocka_unit_test(what_has_come_is_not_read_when_the_time_is_over),
        cmocka_unit_test(a_broken_reply_stays_broken),
        cmocka_unit_test(what_is_no_reply_is_refused),
        cmocka_unit_test(interim_replies_without_end_are_refused),
        cmocka_unit_test(large_heads_spill_and_huge_ones_are_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
