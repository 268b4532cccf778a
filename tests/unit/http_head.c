/* Heads of HTTP messages: what is found in them, limits, responses, and that few bytes at a time
 * cost no more. The verdicts on hostile ones are in unit/http_messages.c. */
#include "http/class.h"
#include "http/head.h"

#include <firn/system.h>

#include <stdio.h>
#include <stdlib.h>

#include <setjmp.h>
#include <stdarg.h>
#include <cmocka.h>

#define FIELDS 8

static firn_http_field fields[FIELDS];

static firn_status parse(firn_http_head *head, firn_http_kind kind, const char *data)
{
    assert_int_equal(firn_http_head_begin(head, kind, NULL, fields, FIELDS), FIRN_OK);
    return firn_http_head_parse(head, data, strlen(data));
}

static void expect(const char *data, firn_http_text text, const char *wanted)
{
    assert_int_equal(text.size, strlen(wanted));
    assert_memory_equal(data + text.offset, wanted, text.size);
}

static void a_request_is_told_whole(void **state)
{
    (void)state;
    static const char data[] = "POST /a?b HTTP/1.1\r\nHost: x.example:80\r\nAccept:  */* \t\r\n"
                               "Content-Length: 3\r\nExpect: 100-Continue\r\n\r\nabcGET";
    firn_http_head head;
    assert_int_equal(parse(&head, FIRN_HTTP_REQUEST, data), FIRN_OK);
    assert_int_equal(head.method, FIRN_HTTP_POST);
    assert_int_equal(head.minor, 1);
    assert_int_equal(head.form, FIRN_HTTP_ORIGIN);
    expect(data, head.method_text, "POST");
    expect(data, head.target, "/a?b");
    expect(data, head.host, "x.example:80");
    assert_int_equal(head.field_count, 4);
    expect(data, fields[1].name, "Accept");
    expect(data, fields[1].value, "*/*");
    assert_int_equal(head.body, FIRN_HTTP_BODY_LENGTH);
    assert_int_equal(head.length, 3);
    assert_true(head.has_continue && head.keep_alive && !head.has_upgrade);
    assert_int_equal(head.size, sizeof data - 1 - 6);
    assert_ptr_equal(firn_http_head_find(&head, data, "accept", 0), &fields[1]);
    assert_null(firn_http_head_find(&head, data, "accept", 2));
    assert_null(firn_http_head_find(&head, data, "cookie", 0));
    assert_int_equal(firn_http_head_parse(&head, data, sizeof data - 1), FIRN_OK); /* again */
}

static void methods_and_targets_are_told(void **state)
{
    (void)state;
    static const struct {
        const char *line;
        firn_http_method method;
        firn_http_target form;
        const char *host;
    } cases[] = {{"GET /", FIRN_HTTP_GET, FIRN_HTTP_ORIGIN, "h"},
                 {"HEAD /", FIRN_HTTP_HEAD, FIRN_HTTP_ORIGIN, "h"},
                 {"PUT /", FIRN_HTTP_PUT, FIRN_HTTP_ORIGIN, "h"},
                 {"DELETE /", FIRN_HTTP_DELETE, FIRN_HTTP_ORIGIN, "h"},
                 {"PATCH /", FIRN_HTTP_PATCH, FIRN_HTTP_ORIGIN, "h"},
                 {"TRACE /", FIRN_HTTP_TRACE, FIRN_HTTP_ORIGIN, "h"},
                 {"get /", FIRN_HTTP_OTHER, FIRN_HTTP_ORIGIN, "h"},
                 {"OPTIONS *", FIRN_HTTP_OPTIONS, FIRN_HTTP_ASTERISK, "h"},
                 {"GET https://H/x", FIRN_HTTP_GET, FIRN_HTTP_ABSOLUTE, "H"}};
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        char data[256];
        firn_http_head head;
        snprintf(data, sizeof data, "%s HTTP/1.1\r\nHost: h\r\n\r\n", cases[i].line);
        assert_int_equal(parse(&head, FIRN_HTTP_REQUEST, data), FIRN_OK);
        assert_int_equal(head.method, cases[i].method);
        assert_int_equal(head.form, cases[i].form);
        expect(data, head.host, cases[i].host);
    }
}

static void connections_are_kept_as_is_asked(void **state)
{
    (void)state;
    static const struct {
        const char *version, *fields;
        bool keep_alive, has_upgrade;
    } cases[] = {{"1.1", "", true, false},
                 {"1.1", "Connection: close\r\n", false, false},
                 {"1.1", "Connection: x, Close\r\n", false, false},
                 {"1.1", "Connection: x\r\nConnection: close\r\n", false, false},
                 {"1.1", "Connection: \"close\"\r\n", true, false},
                 {"1.1", "Connection: closed\r\n", true, false},
                 {"1.1", "Connection: Upgrade\r\nUpgrade: websocket\r\n", true, true},
                 {"1.1", "Upgrade: websocket\r\n", true, false},
                 {"1.0", "", false, false},
                 {"1.0", "Connection: Keep-Alive\r\n", true, false},
                 {"1.0", "Connection: keep-alive, close\r\n", false, false}};
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        char data[256];
        firn_http_head head;
        snprintf(data, sizeof data, "GET / HTTP/%s\r\nHost: h\r\n%s\r\n", cases[i].version,
                 cases[i].fields);
        assert_int_equal(parse(&head, FIRN_HTTP_REQUEST, data), FIRN_OK);
        assert_int_equal(head.keep_alive, cases[i].keep_alive);
        assert_int_equal(head.has_upgrade, cases[i].has_upgrade);
    }
}

static void lists_are_searched_by_tokens(void **state)
{
    (void)state;
    static const struct {
        const char *value;
        bool has;
    } cases[] = {{"gzip", true},
                 {"a, gzip", true},
                 {"a,GZIP;q=1", true},
                 {"gzip ,a", true},
                 {"", false},
                 {"xgzip", false},
                 {"gzipx", false},
                 {"a gzip", false},
                 {"\"gzip\"", false},
                 {"\"a, gzip\"", false},
                 {"a=\"\\\", gzip\"", false},
                 {"a;gzip", false}};
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        firn_http_text text = {0, (uint32_t)strlen(cases[i].value)};
        assert_int_equal(firn_http_list_has(cases[i].value, text, "gzip"), cases[i].has);
    }
}

static void responses_end_as_they_say(void **state)
{
    (void)state;
    static const struct {
        const char *data;
        firn_http_method method;
        firn_http_body body;
        bool keep_alive;
    } cases[] = {
        {"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n", FIRN_HTTP_GET, FIRN_HTTP_BODY_LENGTH,
         true},
        {"HTTP/1.1 200\r\nContent-Length: 0\r\n\r\n", FIRN_HTTP_GET, FIRN_HTTP_BODY_NONE, true},
        {"HTTP/1.1 200 \r\n\r\n", FIRN_HTTP_GET, FIRN_HTTP_BODY_CLOSE, false},
        {"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", FIRN_HTTP_GET,
         FIRN_HTTP_BODY_CHUNKED, true},
        {"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n", FIRN_HTTP_HEAD, FIRN_HTTP_BODY_NONE, true},
        {"HTTP/1.1 304 Not Modified\r\nContent-Length: 5\r\n\r\n", FIRN_HTTP_GET,
         FIRN_HTTP_BODY_NONE, true},
        {"HTTP/1.1 204 No Content\r\n\r\n", FIRN_HTTP_GET, FIRN_HTTP_BODY_NONE, true},
        {"HTTP/1.1 204 No Content\r\nContent-Length: 5\r\n\r\n", FIRN_HTTP_GET, FIRN_HTTP_BODY_NONE,
         false},
        {"HTTP/1.1 100 Continue\r\n\r\n", FIRN_HTTP_POST, FIRN_HTTP_BODY_NONE, true},
        {"HTTP/1.1 200 OK\r\n\r\n", FIRN_HTTP_CONNECT, FIRN_HTTP_BODY_NONE, false},
        {"HTTP/1.0 200 OK\r\nContent-Length: 5\r\n\r\n", FIRN_HTTP_GET, FIRN_HTTP_BODY_LENGTH,
         false},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        firn_http_head head;
        assert_int_equal(firn_http_head_begin(&head, FIRN_HTTP_RESPONSE, NULL, fields, FIELDS),
                         FIRN_OK);
        head.method = cases[i].method;
        assert_int_equal(firn_http_head_parse(&head, cases[i].data, strlen(cases[i].data)),
                         FIRN_OK);
        assert_int_equal(head.body, cases[i].body);
        assert_int_equal(head.keep_alive, cases[i].keep_alive);
    }
}

static void broken_responses_are_refused(void **state)
{
    (void)state;
    static const char *const cases[] = {
        "HTTP/1.1 2000 OK\r\n\r\n",
        "HTTP/1.1 20 OK\r\n\r\n",
        "HTTP/1.1 600 X\r\n\r\n",
        "HTTP/1.1 099 X\r\n\r\n",
        "HTTP/1.1  200 OK\r\n\r\n",
        "HTTP/2 200\r\n\r\n",
        "HTTP/2.0 200 OK\r\n\r\n",
        "ICY 200 OK\r\n\r\n",
        "HTTP/1.1 200 O\x01K\r\n\r\n",
        "HTTP/1.1 200 OK\n\r\n",
        "\r\nHTTP/1.1 200 OK\r\n\r\n",
        "HTTP/1.1 200 OK\r\nContent-Length: 5\r\nContent-Length: 5\r\n\r\n",
        "HTTP/1.1 200 OK\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip\r\n\r\n",
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        firn_http_head head;
        assert_int_equal(parse(&head, FIRN_HTTP_RESPONSE, cases[i]), FIRN_CORRUPT);
        assert_int_equal(head.refusal, 502);
        assert_non_null(head.because);
        assert_int_equal(firn_http_head_parse(&head, cases[i], strlen(cases[i])), FIRN_CORRUPT);
    }
}

static void limits_are_kept(void **state)
{
    (void)state;
    const firn_http_limits limits = {.head_bytes = 64, .target_bytes = 10};
    firn_http_head head;
    firn_http_field one[1];
    assert_int_equal(firn_http_head_begin(&head, FIRN_HTTP_REQUEST,
                                          &(firn_http_limits){.head_bytes = (1u << 24) + 1}, one,
                                          1),
                     FIRN_INVALID);
    assert_int_equal(firn_http_head_begin(&head, FIRN_HTTP_REQUEST, NULL, NULL, 1), FIRN_INVALID);
    assert_int_equal(firn_http_head_begin(&head, (firn_http_kind)3, NULL, one, 1), FIRN_INVALID);

    static const char target[] = "GET /123456789 HTTP/1.1\r\nHost: h\r\n\r\n";
    assert_int_equal(firn_http_head_begin(&head, FIRN_HTTP_REQUEST, &limits, one, 1), FIRN_OK);
    assert_int_equal(firn_http_head_parse(&head, target, sizeof target - 1), FIRN_OK);
    static const char longer[] = "GET /1234567890 HTTP/1.1\r\nHost: h\r\n\r\n";
    assert_int_equal(firn_http_head_begin(&head, FIRN_HTTP_REQUEST, &limits, one, 1), FIRN_OK);
    assert_int_equal(firn_http_head_parse(&head, longer, sizeof longer - 1), FIRN_CORRUPT);
    assert_int_equal(head.refusal, 414);

    char data[256];
    for (int whole = 0; whole < 2; whole++) { /* a line without an end, and one with */
        int size = snprintf(data, sizeof data, "GET / HTTP/1.1\r\nHost: %060d%s", 0,
                            whole ? "\r\n\r\n" : "");
        assert_int_equal(firn_http_head_begin(&head, FIRN_HTTP_REQUEST, &limits, one, 1), FIRN_OK);
        assert_int_equal(firn_http_head_parse(&head, data, (size_t)size), FIRN_CORRUPT);
        assert_int_equal(head.refusal, 431);
    }
}

static void more_fields_can_be_given_room(void **state)
{
    (void)state;
    enum { COUNT = 100 };
    static const char start[] = "GET / HTTP/1.1\r\nHost: h\r\n";
    char data[COUNT * 16 + sizeof start + 2];
    size_t size = sizeof start - 1;
    memcpy(data, start, size);
    for (int i = 1; i < COUNT; i++)
        size += (size_t)snprintf(data + size, sizeof data - size, "X-%d: %d\r\n", i, i);
    memcpy(data + size, "\r\n", 2);
    size += 2;

    firn_http_head head;
    uint32_t capacity = 1;
    firn_http_field *room = malloc(sizeof *room);
    assert_non_null(room);
    assert_int_equal(firn_http_head_begin(&head, FIRN_HTTP_REQUEST, NULL, room, capacity), FIRN_OK);
    firn_status status;
    while ((status = firn_http_head_parse(&head, data, size)) == FIRN_LIMIT) {
        assert_int_equal(head.field_count, capacity);
        capacity *= 2;
        room = realloc(room, capacity * sizeof *room);
        assert_non_null(room);
        head.fields = room;
        head.field_capacity = capacity;
    }
    assert_int_equal(status, FIRN_OK);
    assert_int_equal(head.field_count, COUNT);
    for (int i = 1; i < COUNT; i++) {
        char text[16];
        snprintf(text, sizeof text, "%d", i);
        expect(data, room[i].value, text);
    }
    free(room);
}

/* A head of 60 KB that comes in single bytes takes a few times what it takes whole, and would take
 * thousands of times that if each byte made all before it be read again. */
static void single_bytes_cost_no_more_each(void **state)
{
    (void)state;
    static char data[60000];
    static const char start[] = "GET / HTTP/1.1\r\nHost: h\r\nX: ";
    memset(data, 'x', sizeof data);
    memcpy(data, start, sizeof start - 1);
    memcpy(data + sizeof data - 4, "\r\n\r\n", 4);
    firn_http_head head;
    uint64_t begin = firn_clock_thread_ns();
    assert_int_equal(firn_http_head_begin(&head, FIRN_HTTP_REQUEST, NULL, fields, FIELDS), FIRN_OK);
    for (size_t size = 1; size < sizeof data; size++)
        assert_int_equal(firn_http_head_parse(&head, data, size), FIRN_END_OF_DATA);
    assert_int_equal(firn_http_head_parse(&head, data, sizeof data), FIRN_OK);
    /* 60,000 calls and as many assertions; all of it again and again were 1.8 * 10^9 bytes */
    assert_true(firn_clock_thread_ns() - begin < UINT64_C(400000000));
}

static void reasons_are_known(void **state)
{
    (void)state;
    assert_string_equal(firn_http_reason(200), "OK");
    assert_string_equal(firn_http_reason(431), "Request Header Fields Too Large");
    assert_string_equal(firn_http_reason(299), "");
}

static void dates_are_written_as_the_rfc_has_them(void **state)
{
    (void)state;
    char date[FIRN_HTTP_DATE_BYTES];
    firn_http_date(784111777, date);
    assert_string_equal(date, "Sun, 06 Nov 1994 08:49:37 GMT");
    firn_http_date(0, date);
    assert_string_equal(date, "Thu, 01 Jan 1970 00:00:00 GMT");
}

static void the_table_holds_the_grammar(void **state)
{
    (void)state;
    static const char letters[] = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
    for (int byte = 0; byte < 256; byte++) {
        bool letter = byte != 0 && strchr(letters, byte) != NULL;
        bool token = letter || (byte != 0 && strchr("!#$%&'*+-.^_`|~", byte) != NULL);
        bool text = byte == '\t' || (byte >= 32 && byte != 127);
        bool target = byte > 32 && byte < 127 && byte != '#';
        bool host = letter || (byte != 0 && strchr("-._~%", byte) != NULL);
        uint8_t wanted =
            (uint8_t)((token ? FIRN_HTTP_CLASS_TOKEN : 0) | (text ? FIRN_HTTP_CLASS_TEXT : 0) |
                      (target ? FIRN_HTTP_CLASS_TARGET : 0) | (host ? FIRN_HTTP_CLASS_HOST : 0));
        assert_int_equal(firn_http_class[byte], wanted);
    }
}

static void chunks_are_given_in_pieces(void **state)
{
    (void)state;
    static const char data[] = "5\r\nhello\r\n6;x=\"\r\n";
    static const char body[] = "3;a\r\nabc\r\n0a\r\n0123456789\r\n0\r\n\r\n";
    firn_http_chunks chunks = {0};
    size_t used;
    firn_http_text part;
    assert_int_equal(firn_http_chunks_next(&chunks, data, 5, &used, &part), FIRN_OK);
    assert_int_equal(used, 5);
    expect(data, part, "he");
    assert_int_equal(firn_http_chunks_next(&chunks, data + 5, 4, &used, &part), FIRN_OK);
    expect(data + 5, part, "llo");
    assert_int_equal(firn_http_chunks_next(&chunks, data + 8, sizeof data - 9, &used, &part),
                     FIRN_CORRUPT);
    assert_int_equal(chunks.refusal, 400);
    assert_int_equal(firn_http_chunks_next(&chunks, body, 1, &used, &part), FIRN_CORRUPT);

    for (size_t step = 1; step < sizeof body; step++) {
        char whole[32];
        size_t size = 0, at = 0;
        chunks = (firn_http_chunks){0};
        while (!chunks.is_done) {
            size_t there = sizeof body - 1 - at < step ? sizeof body - 1 - at : step;
            firn_status status = firn_http_chunks_next(&chunks, body + at, there, &used, &part);
            assert_true(status == FIRN_OK || (status == FIRN_END_OF_DATA && used == there));
            memcpy(whole + size, body + at + part.offset, part.size);
            size += part.size;
            at += used;
        }
        assert_int_equal(at, sizeof body - 1 - 2); /* the empty line is that of the trailers */
        assert_int_equal(size, 13);
        assert_memory_equal(whole, "abc0123456789", 13);
    }
}

static void heads_of_chunks_are_written(void **state)
{
    (void)state;
    char out[FIRN_HTTP_CHUNK_HEAD_BYTES];
    assert_int_equal(firn_http_chunk_head(out, 1), 3);
    assert_memory_equal(out, "1\r\n", 3);
    assert_int_equal(firn_http_chunk_head(out, 0x1a0), 5);
    assert_memory_equal(out, "1a0\r\n", 5);
    assert_int_equal(firn_http_chunk_head(out, UINT64_MAX), 18);
    assert_memory_equal(out, "ffffffffffffffff\r\n", 18);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_request_is_told_whole),
        cmocka_unit_test(methods_and_targets_are_told),
        cmocka_unit_test(connections_are_kept_as_is_asked),
        cmocka_unit_test(lists_are_searched_by_tokens),
        cmocka_unit_test(responses_end_as_they_say),
        cmocka_unit_test(broken_responses_are_refused),
        cmocka_unit_test(limits_are_kept),
        cmocka_unit_test(more_fields_can_be_given_room),
        cmocka_unit_test(single_bytes_cost_no_more_each),
        cmocka_unit_test(reasons_are_known),
        cmocka_unit_test(dates_are_written_as_the_rfc_has_them),
        cmocka_unit_test(the_table_holds_the_grammar),
        cmocka_unit_test(chunks_are_given_in_pieces),
        cmocka_unit_test(heads_of_chunks_are_written),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
