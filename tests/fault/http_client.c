/* Each allocation and each system call of the client made to fail in turn, in all the ways that the
 * kernel has: a request is answered rightly or fails with a line, nothing is leaked, and the next
 * one is answered. The server's own calls are plain ones, which nothing injects into. */
#include "support/failing.h"
#include "support/http_asking.h"

#include "core/fault.h"

#include <dirent.h>

/* --- a server that answers whatever comes --- */

static char page[3000];
static uint16_t port;
static int listener;

static bool ends_with(const char *text, size_t size, const char *end)
{
    size_t length = strlen(end);
    return size >= length && memcmp(text + size - length, end, length) == 0;
}

/* Reads a request; false at the end of the connection. */
static bool take_request(int fd, char *text, size_t capacity)
{
    size_t size = 0;
    while (size + 1 < capacity) {
        if (recv(fd, text + size, 1, 0) != 1)
            return false;
        size++;
        text[size] = '\0';
        const bool chunked = strstr(text, "chunked") != NULL;
        if (ends_with(text, size, chunked ? "\r\n0\r\n\r\n" : "\r\n\r\n"))
            return true;
    }
    return false;
}

static void *serve(void *context)
{
    static char text[65536];
    (void)context;
    for (;;) {
        int fd = accept(listener, NULL, NULL);
        if (fd < 0)
            return NULL;
        while (take_request(fd, text, sizeof text)) {
            char answer[4096];
            int size =
                strstr(text, "/r HTTP") != NULL
                    ? snprintf(answer, sizeof answer,
                               "HTTP/1.1 307 x\r\nLocation: /c\r\nContent-Length: 2\r\n\r\nno")
                    : snprintf(answer, sizeof answer,
                               "HTTP/1.1 200 x\r\nTransfer-Encoding: chunked\r\n\r\n"
                               "%x\r\n%s\r\n0\r\nSum: 1\r\n\r\n",
                               (unsigned)sizeof page - 1, page);
            if (send(fd, answer, (size_t)size, MSG_NOSIGNAL) != size)
                break;
        }
        close(fd);
    }
}

static pthread_t serve_begin(void)
{
    struct sockaddr_in at = {.sin_family = AF_INET, .sin_addr = {htonl(INADDR_LOOPBACK)}};
    socklen_t size = sizeof at;
    pthread_t thread;
    memset(page, 'p', sizeof page - 1);
    listener = socket(AF_INET, SOCK_STREAM, 0);
    assert_int_equal(bind(listener, (struct sockaddr *)&at, size), 0);
    assert_int_equal(listen(listener, 16), 0);
    assert_int_equal(getsockname(listener, (struct sockaddr *)&at, &size), 0);
    port = ntohs(at.sin_port);
    assert_int_equal(pthread_create(&thread, NULL, serve, NULL), 0);
    return thread;
}

static void serve_end(pthread_t thread)
{
    shutdown(listener, SHUT_RDWR);
    pthread_join(thread, NULL);
    close(listener);
}

/* --- what is done meanwhile --- */

static size_t produce(void *context, char *data, size_t size)
{
    unsigned *left = context;
    if (*left == 0 || size < 70)
        return 0;
    --*left;
    memset(data, 'u', 70);
    return 70;
}

static bool produce_again(void *context)
{
    *(unsigned *)context = 3;
    return true;
}

/* One request; what it gives must be right where it gives something. */
static firn_status ask_right(firn_http_client *client, const char *path, bool posts)
{
    char url[64];
    unsigned left = 3;
    uint16_t code = 0;
    snprintf(url, sizeof url, "http://127.0.0.1:%u/%s", port, path);
    firn_http_request request = {.url = url, .time_ms = 2000};
    if (posts) {
        request.method = "PUT";
        request.produce = produce;
        request.produce_context = &left;
        request.rewind = produce_again;
        request.body_size = FIRN_HTTP_UNKNOWN_LENGTH;
    }
    error = (firn_error){0};
    firn_status status = ask(client, &request, &code);
    if (status == FIRN_OK) {
        assert_int_equal(code, 200);
        assert_string_equal(body, page);
    } else {
        assert_int_equal(error.status, status);
        assert_true(error.text[0] != '\0');
    }
    return status;
}

static firn_status work(const firn_allocator *allocator, void *context)
{
    /* The low profile's fields and bytes do not hold all of it. */
    static const firn_http_client_options base = {.profile = FIRN_HTTP_LOW, .wait_ms = 100};
    firn_http_client_options options = base;
    firn_http_client *client = NULL;
    firn_status *worst = context;
    options.allocator = allocator;
    firn_status status = firn_http_client_create(&options, &client, &error);
    *worst = status;
    if (status != FIRN_OK)
        return status;
    static const struct {
        const char *path;
        bool posts;
    } asked[] = {{"a", false}, {"b", true}, {"r", false}, {"r", true}};
    for (size_t i = 0; i < 4; i++) {
        firn_status got = ask_right(client, asked[i].path, asked[i].posts);
        *worst = got != FIRN_OK ? got : *worst;
    }
    firn_http_client_stats stats = stats_of(client);
    assert_int_equal(stats.pool.slots, stats.pool.idle);
    firn_http_client_destroy(client);
    return *worst;
}

static void each_allocation_may_fail(void **state)
{
    (void)state;
    pthread_t thread = serve_begin();
    firn_status worst;
    assert_true(failing_each(work, &worst) >= 5);
    serve_end(thread);
}

#if defined(FIRN_FAULTS) && FIRN_FAULTS

static unsigned open_files(void)
{
    unsigned count = 0;
    DIR *folder = opendir("/proc/self/fd");
    assert_non_null(folder);
    while (readdir(folder) != NULL)
        count++;
    closedir(folder);
    return count;
}

/* The server closes its side of what the client closed, though not at once. */
static void wait_for_files(unsigned files)
{
    for (int i = 0; i < 5000 && open_files() != files; i++)
        usleep(1000);
    assert_int_equal(open_files(), files);
}

static void inject(const char *what)
{
    if (what != NULL)
        assert_int_equal(setenv("FIRN_FAULT_IO", what, 1), 0);
    else
        assert_int_equal(unsetenv("FIRN_FAULT_IO"), 0);
    firn_fault_reload();
}

static void each_system_call_may_fail(void **state)
{
    (void)state;
    static const char *const calls[] = {"connect", "poll", "recv", "send"};
    static const char *const ways[] = {"EIO",    "ECONNRESET", "EPIPE",  "EINTR",
                                       "EAGAIN", "ENOMEM",     "EMFILE", "short"};
    pthread_t thread = serve_begin();
    const unsigned files = open_files();
    unsigned tried = 0;
    for (size_t call = 0; call < 4; call++)
        for (size_t way = 0; way < 8; way++) {
            const bool moves = call >= 2;
            if (!moves && way == 7)
                continue;
            firn_status worst = FIRN_IO;
            for (unsigned n = 1; n < 24 && (worst != FIRN_OK || n < 12); n++) {
                char what[64];
                failing memory;
                failing_init(&memory, 0);
                snprintf(what, sizeof what, "%s:%u:%s", calls[call], n, ways[way]);
                inject(what);
                (void)work(&memory.allocator, &worst);
                inject(NULL);
                failing_check(&memory);
                /* What the kernel says of itself now and then is no failure at all. */
                if ((way == 7 || (way == 4 && moves) || (way == 3 && call > 0)) && worst != FIRN_OK)
                    fail_msg("%s: %s %s", what, firn_status_name(worst), error.text);
                tried++;
            }
            wait_for_files(files);
        }
    assert_true(tried > 250);
    serve_end(thread);
}

static void a_storm_of_calls_that_must_be_tried_again_ends_in_time(void **state)
{
    (void)state;
    static const char *const storms[] = {"recv:1+:EAGAIN", "send:1+:EAGAIN", "recv:1+:short",
                                         "send:1+:short", "send:4+:EAGAIN"};
    pthread_t thread = serve_begin();
    for (size_t i = 0; i < 5; i++) {
        failing memory;
        firn_status worst;
        failing_init(&memory, 0);
        inject(storms[i]);
        (void)work(&memory.allocator, &worst);
        inject(NULL);
        failing_check(&memory);
        assert_int_equal(worst, strstr(storms[i], "short") != NULL ? FIRN_OK : FIRN_TIMEOUT);
    }
    serve_end(thread);
}

#endif

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_allocation_may_fail),
#if defined(FIRN_FAULTS) && FIRN_FAULTS
        cmocka_unit_test(each_system_call_may_fail),
        cmocka_unit_test(a_storm_of_calls_that_must_be_tried_again_ends_in_time),
#endif
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
