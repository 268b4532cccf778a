/* The server with clients on real sockets: what is answered in which order, what is refused, how
 * long it waits for whom, and that it stops. */
#include "support/http_messages.h"
#include "support/http_serving.h"

#include <firn/system.h>

#include <fcntl.h>
#include <stdatomic.h>

#define TEXT (1u << 20)

static char text[TEXT];

/* --- a handler that does what its path says --- */

struct upload {
    uint64_t bytes, sum;
};

static void uploaded(void *context, firn_http_exchange *exchange, const char *data, size_t size)
{
    struct upload *upload = context;
    for (size_t i = 0; i < size; i++)
        upload->sum += (uint8_t)data[i];
    upload->bytes += size;
    if (size > 0)
        return;
    char answer[64];
    int length = snprintf(answer, sizeof answer, "%llu bytes, sum %llu\n",
                          (unsigned long long)upload->bytes, (unsigned long long)upload->sum);
    assert_int_equal(firn_http_answer(exchange, 200, NULL, answer, (size_t)length), FIRN_OK);
}

static void upload_ended(void *context, bool whole)
{
    (void)whole;
    free(context);
}

struct stream {
    uint64_t left;
    bool breaks;
};

static size_t produced(void *context, char *data, size_t size)
{
    struct stream *stream = context;
    size_t part = stream->left < size ? (size_t)stream->left : size;
    if (part == 0 && stream->breaks)
        return FIRN_HTTP_BROKEN;
    memset(data, 'x', part);
    stream->left -= part;
    return part;
}

static void begin_stream(firn_http_exchange *exchange, uint64_t bytes, uint64_t length, bool breaks)
{
    struct stream *stream = malloc(sizeof *stream);
    assert_non_null(stream);
    *stream = (struct stream){bytes, breaks};
    firn_http_exchange_on_end(exchange, upload_ended, stream);
    assert_int_equal(firn_http_answer_begin(exchange, 200), FIRN_OK);
    assert_int_equal(firn_http_answer_stream(exchange, length, produced, stream), FIRN_OK);
}

static void answer_later(void *context, firn_http_exchange *exchange)
{
    (void)context;
    assert_int_equal(firn_http_answer(exchange, 200, NULL, "later\n", 6), FIRN_OK);
}

static void *wait_and_wake(void *context)
{
    usleep(20000);
    assert_int_equal(firn_http_exchange_wake(context, answer_later, NULL), FIRN_OK);
    return NULL;
}

static void wake_later(firn_http_exchange *exchange)
{
    pthread_t thread;
    assert_int_equal(pthread_create(&thread, NULL, wait_and_wake, exchange), 0);
    pthread_detach(thread);
}

static void answer_fields(firn_http_exchange *exchange)
{
    const firn_http_head *head = firn_http_exchange_head(exchange);
    const char *data = firn_http_exchange_data(exchange);
    size_t size = 0;
    char *all = malloc(TEXT);
    assert_non_null(all);
    for (uint32_t i = 0; i < head->field_count; i++)
        size +=
            (size_t)snprintf(all + size, TEXT - size, "%.*s: %.*s\n",
                             (int)head->fields[i].name.size, data + head->fields[i].name.offset,
                             (int)head->fields[i].value.size, data + head->fields[i].value.offset);
    assert_int_equal(firn_http_answer(exchange, 200, NULL, all, size), FIRN_OK);
    free(all);
}

static char *big;

static void answer_file(firn_http_exchange *exchange)
{
    char name[] = "/tmp/firn-http-XXXXXX";
    int fd = mkstemp(name);
    assert_true(fd >= 0);
    unlink(name);
    assert_int_equal(write(fd, big, TEXT), (ssize_t)TEXT);
    assert_int_equal(firn_http_answer_begin(exchange, 200), FIRN_OK);
    assert_int_equal(firn_http_answer_file(exchange, fd, 1, TEXT - 1), FIRN_OK);
}

static void handle(void *context, firn_http_exchange *exchange)
{
    (void)context;
    const firn_http_head *head = firn_http_exchange_head(exchange);
    const char *path = firn_http_exchange_data(exchange) + head->target.offset;
#define AT(name) (head->target.size == strlen(name) && memcmp(path, name, strlen(name)) == 0)
    if (AT("/upload")) {
        struct upload *upload = calloc(1, sizeof *upload);
        assert_non_null(upload);
        firn_http_exchange_receive(exchange, uploaded, upload);
        firn_http_exchange_on_end(exchange, upload_ended, upload);
    } else if (AT("/chunked")) {
        begin_stream(exchange, 100000, FIRN_HTTP_UNKNOWN_LENGTH, false);
    } else if (AT("/stream")) {
        begin_stream(exchange, 100000, 100000, false);
    } else if (AT("/short")) {
        begin_stream(exchange, 1000, 2000, false);
    } else if (AT("/broken")) {
        begin_stream(exchange, 1000, FIRN_HTTP_UNKNOWN_LENGTH, true);
    } else if (AT("/later")) {
        wake_later(exchange);
    } else if (AT("/fields")) {
        answer_fields(exchange);
    } else if (AT("/file")) {
        answer_file(exchange);
    } else if (AT("/big")) {
        assert_int_equal(firn_http_answer(exchange, 200, NULL, big, TEXT), FIRN_OK);
    } else if (AT("/empty")) {
        assert_int_equal(firn_http_answer(exchange, 204, NULL, NULL, 0), FIRN_OK);
    } else {
        assert_int_equal(firn_http_answer(exchange, 200, "text/plain", path, head->target.size),
                         FIRN_OK);
    }
#undef AT
}

static const firn_http_server_options plain = {.handle = handle, .loop_count = 2};

/* --- the tests --- */

static unsigned answers_in(const char *data, size_t size)
{
    unsigned answers = 0;
    for (size_t at = 0; at + 9 <= size; at++)
        answers += memcmp(data + at, "HTTP/1.1 ", 9) == 0 && memcmp(data + at + 9, "100", 3) != 0;
    return answers;
}

static struct message message;

static void messages_are_answered_or_refused(void **state)
{
    (void)state;
    struct serving serving;
    serving_begin(&serving, &plain);
    FILE *file = messages_open(__FILE__);
    assert_non_null(file);
    while (message_read(file, &message)) {
        const bool refused = message.verdict >= 100;
        bool closed;
        int fd = client_open(&serving);
        client_send(fd, message.data, message.size);
        if (!refused)
            shutdown(fd, SHUT_WR);
        size_t size = client_read(fd, text, TEXT, 5000, &closed);
        unsigned answers = answers_in(text, size);
        if (!closed || answers != (refused ? 1 : message.verdict))
            fail_msg("%s: %u answers: %s", message.name, answers, text);
        unsigned status = (unsigned)strtoul(text + 9, NULL, 10);
        if (refused && status != message.verdict)
            fail_msg("%s: %u, wanted %u", message.name, status, message.verdict);
        close(fd);
    }
    fclose(file);
    assert_true(serving_end(&serving).refused_count >= 150);
}

static void pipelined_answers_come_in_order(void **state)
{
    (void)state;
    struct serving serving;
    serving_begin(&serving, &plain);
    enum { COUNT = 2000 };
    int fd = client_open(&serving);
    static char requests[COUNT * 48];
    size_t size = 0;
    for (int i = 0; i < COUNT; i++)
        size += (size_t)snprintf(requests + size, sizeof requests - size,
                                 "GET /%06d HTTP/1.1\r\nHost: a\r\n%s\r\n", i,
                                 i == COUNT - 1 ? "Connection: close\r\n" : "");
    client_send(fd, requests, size);
    bool closed;
    client_read(fd, text, TEXT, 10000, &closed);
    assert_true(closed);
    const char *at = text;
    for (int i = 0; i < COUNT; i++) {
        char wanted[32];
        snprintf(wanted, sizeof wanted, "\r\n\r\n/%06d", i);
        at = strstr(at, wanted);
        assert_non_null(at);
        at++;
    }
    assert_null(strstr(at, "HTTP/1.1"));
    close(fd);
    assert_int_equal(serving_end(&serving).request_count, COUNT);
}

static void bodies_are_given_in_pieces(void **state)
{
    (void)state;
    struct serving serving;
    serving_begin(&serving, &plain);
    int fd = client_open(&serving);
    for (int chunked = 0; chunked < 2; chunked++) {
        enum { SIZE = 300000 };
        char head[128];
        snprintf(head, sizeof head, "POST /upload HTTP/1.1\r\nHost: a\r\n%s%d\r\n\r\n",
                 chunked ? "Transfer-Encoding: chunked\r\nX: " : "Content-Length: ", SIZE);
        client_say(fd, head);
        for (int sent = 0; sent < SIZE; sent += 1000) {
            char part[1000];
            memset(part, 1, sizeof part);
            if (chunked)
                client_say(fd, "3e8\r\n");
            client_send(fd, part, sizeof part);
            if (chunked)
                client_say(fd, "\r\n");
        }
        if (chunked)
            client_say(fd, "0\r\nX-Trailer: y\r\n\r\n");
        client_expect(fd, text, TEXT, "300000 bytes, sum 300000\n");
    }
    client_say(fd, "POST /upload HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\nExpect: "
                   "100-continue\r\n\r\n");
    client_expect(fd, text, TEXT, "HTTP/1.1 100 Continue\r\n\r\n");
    client_send(fd, "\1\1\1", 3);
    client_expect(fd, text, TEXT, "3 bytes, sum 3\n");
    /* whoever is answered without being asked to go on may not send it */
    client_say(fd,
               "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\nExpect: 100-continue\r\n\r\n");
    bool closed;
    client_read(fd, text, TEXT, 5000, &closed);
    assert_true(closed);
    assert_int_equal(answers_in(text, strlen(text)), 1);
    close(fd);
    serving_end(&serving);
}

static void answers_of_all_kinds_are_whole(void **state)
{
    (void)state;
    struct serving serving;
    serving_begin(&serving, &plain);
    int fd = client_open(&serving);
    client_say(fd, "GET /chunked HTTP/1.1\r\nHost: a\r\n\r\n");
    client_expect(fd, text, TEXT, "\r\n0\r\n\r\n");
    assert_non_null(strstr(text, "Transfer-Encoding: chunked\r\n"));
    size_t letters = 0;
    for (const char *at = strstr(text, "\r\n\r\n"); *at != '\0'; at++)
        letters += *at == 'x';
    assert_int_equal(letters, 100000);
    client_say(fd, "HEAD /chunked HTTP/1.1\r\nHost: a\r\n\r\nHEAD /big HTTP/1.1\r\nHost: a\r\n\r\n"
                   "GET /empty HTTP/1.1\r\nHost: a\r\n\r\nGET /later HTTP/1.1\r\nHost: a\r\n\r\n"
                   "GET /after HTTP/1.1\r\nHost: a\r\n\r\n");
    client_expect(fd, text, TEXT, "\r\n\r\n/after");
    assert_non_null(strstr(text, "Content-Length: 1048576\r\n\r\nHTTP/1.1 204 No Content\r\n"));
    assert_non_null(strstr(text, "later\nHTTP/1.1 200"));
    client_say(fd, "GET /stream HTTP/1.0\r\n\r\n");
    bool closed;
    size_t size = client_read(fd, text, TEXT, 5000, &closed);
    assert_true(closed && strstr(text, "Connection: close\r\n") != NULL);
    assert_int_equal(size - (size_t)(strstr(text, "\r\n\r\n") + 4 - text), 100000);
    close(fd);
    static const char *const cut[] = {"/short", "/broken"};
    for (int i = 0; i < 2; i++) {
        char request[64];
        fd = client_open(&serving);
        snprintf(request, sizeof request, "GET %s HTTP/1.1\r\nHost: a\r\n\r\n", cut[i]);
        client_say(fd, request);
        client_read(fd, text, TEXT, 5000, &closed);
        assert_true(closed); /* and so is seen not to be whole */
        assert_null(strstr(text, "\r\n0\r\n\r\n"));
        close(fd);
    }
    serving_end(&serving);
}

/* 20 answers of a megabyte for a client that reads slowly: the server holds one at most. */
static void slow_readers_are_waited_for(void **state)
{
    (void)state;
    struct serving serving;
    serving_begin(&serving, &plain);
    static const char *const paths[] = {"/big", "/file"};
    for (int which = 0; which < 2; which++) {
        enum { COUNT = 20 };
        int fd = client_open(&serving);
        for (int i = 0; i < COUNT; i++) {
            char request[64];
            snprintf(request, sizeof request, "GET %s HTTP/1.1\r\nHost: a\r\n\r\n", paths[which]);
            client_say(fd, request);
        }
        usleep(100000);
        firn_http_server_stats stats;
        firn_http_server_stats_get(serving.server, &stats);
        assert_true(stats.block_bytes < 3 * TEXT);
        size_t wanted = which == 0 ? TEXT : TEXT - 1, all = 0, heads = 0;
        while (heads < COUNT || all < COUNT * wanted) {
            ssize_t got = recv(fd, text, TEXT, 0);
            assert_true(got > 0);
            for (ssize_t i = 0; i < got; i++) {
                all += text[i] == 'b';
                heads += text[i] == 'H'; /* of HTTP alone */
            }
        }
        assert_int_equal(all, COUNT * wanted);
        close(fd);
    }
    serving_end(&serving);
}

static void fields_beyond_the_profile_are_all_there(void **state)
{
    (void)state;
    for (unsigned profile = 0; profile < FIRN_HTTP_PROFILE_COUNT; profile++) {
        const firn_http_profile_info *info = firn_http_profile_get(profile);
        firn_http_server_options options = plain;
        options.profile = profile;
        struct serving serving;
        serving_begin(&serving, &options);
        static char request[TEXT], wanted[TEXT];
        size_t size = 0, wanted_size = 0;
        uint32_t count_fields = info->field_limit - 1, room = info->head_limit / 2 / count_fields;
        size += (size_t)snprintf(request, TEXT, "GET /fields HTTP/1.1\r\nHost: a\r\n");
        wanted_size += (size_t)snprintf(wanted, TEXT, "Host: a\n");
        for (uint32_t i = 0; i < count_fields; i++) {
            const int width = (int)room - 12;
            size += (size_t)snprintf(request + size, TEXT - size, "X-%u: %0*u\r\n", i, width, i);
            wanted_size += (size_t)snprintf(wanted + wanted_size, TEXT - wanted_size,
                                            "X-%u: %0*u\n", i, width, i);
        }
        size += (size_t)snprintf(request + size, TEXT - size, "Connection: close\r\n\r\n");
        int fd = client_open(&serving);
        client_send(fd, request, size);
        bool closed;
        client_read(fd, text, TEXT, 5000, &closed);
        if (strncmp(text, "HTTP/1.1 431", 12) != 0) /* one field too many, with Connection */
            fail_msg("%s: %.80s", info->name, text);
        close(fd);
        size -= strlen("Connection: close\r\n\r\n");
        memcpy(request + size, "\r\n", 2);
        size += 2;
        fd = client_open(&serving);
        client_send(fd, request, size);
        client_expect(fd, text, TEXT, wanted);
        close(fd);
        assert_true(serving_end(&serving).spill_count > 0);
    }
}

static void the_slow_are_given_up(void **state)
{
    (void)state;
    firn_http_server_options options = plain;
    options.idle_ms = options.head_ms = options.body_ms = options.send_ms = 200;
    struct serving serving;
    serving_begin(&serving, &options);
    static const struct {
        const char *request;
        unsigned answers;
    } cases[] = {{"", 0},
                 {"GET / HT", 1}, /* 408 */
                 {"GET / HTTP/1.1\r\nHost: a\r\n\r\n", 1},
                 {"POST /upload HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nabc", 1}};
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        int fd = client_open(&serving);
        bool closed;
        client_say(fd, cases[i].request);
        size_t size = client_read(fd, text, TEXT, 10000, &closed);
        assert_true(closed);
        assert_int_equal(answers_in(text, size), cases[i].answers);
        close(fd);
    }
    int fd = client_open(&serving); /* single bytes do not make the head's time longer */
    uint64_t begin = firn_clock_ns();
    bool closed = false;
    for (int i = 0; i < 200 && !closed; i++) {
        client_say(fd, i == 0 ? "GET /" : "a");
        client_read(fd, text, TEXT, 20, &closed);
    }
    assert_true(closed && firn_clock_ns() - begin < UINT64_C(4000000000));
    close(fd);
    assert_true(serving_end(&serving).timeout_count >= 3);
}

static void a_stop_lets_exchanges_end(void **state)
{
    (void)state;
    struct serving serving;
    serving_begin(&serving, &plain);
    int idle = client_open(&serving), busy = client_open(&serving);
    client_say(idle, "GET /x HTTP/1.1\r\nHost: a\r\n\r\n");
    client_expect(idle, text, TEXT, "\r\n\r\n/x");
    client_say(busy, "POST /upload HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\n\r\n");
    usleep(50000);
    firn_http_server_stop(serving.server);
    bool closed;
    client_read(idle, text, TEXT, 5000, &closed);
    assert_true(closed);
    client_send(busy, "\1\1\1", 3);
    client_read(busy, text, TEXT, 5000, &closed);
    assert_true(closed);
    assert_non_null(strstr(text, "Connection: close\r\n"));
    assert_non_null(strstr(text, "3 bytes, sum 3\n"));
    close(idle);
    close(busy);
    serving_end(&serving);
}

static void memory_goes_back(void **state)
{
    (void)state;
    struct serving serving;
    serving_begin(&serving, &plain);
    enum { COUNT = 400 };
    int fds[COUNT];
    for (int i = 0; i < COUNT; i++) {
        fds[i] = client_open(&serving);
        client_say(fds[i], "GET /x HTTP/1.1\r\nHost: a\r\n\r\n");
        client_expect(fds[i], text, TEXT, "\r\n\r\n/x");
    }
    firn_http_server_stats stats;
    firn_http_server_stats_get(serving.server, &stats);
    assert_int_equal(stats.connections, COUNT);
    assert_true(stats.entry_bytes <= COUNT * 64);
    assert_true(stats.block_bytes <= 2 * 8 * 12288);
    for (int i = 0; i < COUNT; i++)
        close(fds[i]);
    for (int i = 0; i < 100 && stats.connections > 0; i++) {
        usleep(20000);
        firn_http_server_stats_get(serving.server, &stats);
    }
    assert_int_equal(stats.connections, 0);
    assert_int_equal(stats.entry_bytes, 0);
    serving_end(&serving);
}

static void options_are_checked(void **state)
{
    (void)state;
    firn_http_server *server;
    firn_error error;
    firn_http_server_options options = {0};
    assert_int_equal(firn_http_server_create(NULL, &server, &error), FIRN_INVALID);
    assert_int_equal(firn_http_server_create(&options, &server, &error), FIRN_INVALID);
    options = plain;
    options.profile = FIRN_HTTP_PROFILE_COUNT;
    assert_int_equal(firn_http_server_create(&options, &server, &error), FIRN_INVALID);
    options = plain;
    options.address = "nowhere";
    assert_int_equal(firn_http_server_create(&options, &server, &error), FIRN_NOT_FOUND);
    options.address = "192.0.2.1";
    assert_int_equal(firn_http_server_create(&options, &server, &error), FIRN_NOT_FOUND);
    struct serving serving;
    serving_begin(&serving, &plain);
    options = plain;
    options.port = firn_http_server_port(serving.server);
    assert_int_equal(firn_http_server_create(&options, &server, &error), FIRN_BUSY);
    assert_non_null(strstr(error.text, "in use"));
    serving_end(&serving);
    firn_http_server_destroy(NULL);
}

int main(void)
{
    big = malloc(TEXT);
    if (big == NULL)
        return 1;
    memset(big, 'b', TEXT);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(messages_are_answered_or_refused),
        cmocka_unit_test(pipelined_answers_come_in_order),
        cmocka_unit_test(bodies_are_given_in_pieces),
        cmocka_unit_test(answers_of_all_kinds_are_whole),
        cmocka_unit_test(slow_readers_are_waited_for),
        cmocka_unit_test(fields_beyond_the_profile_are_all_there),
        cmocka_unit_test(the_slow_are_given_up),
        cmocka_unit_test(a_stop_lets_exchanges_end),
        cmocka_unit_test(memory_goes_back),
        cmocka_unit_test(options_are_checked),
    };
    int failed = cmocka_run_group_tests(tests, NULL, NULL);
    free(big);
    return failed;
}
