/* Requests of all kinds, 20,000 or as many as FIRN_REQUESTS says, without a call for memory by the
 * client's thread, and without a byte more at the end than after the first: all calls are wrapped
 * by the linker (see tests/CMakeLists.txt) and counted, those of the server's thread apart. */
#include "support/failing.h"
#include "support/http_serving.h"

#include <firn/http_client.h>

#include <sys/mman.h>

/* Volatile, as the compiler knows that malloc neither reads nor writes them. */
static _Thread_local volatile bool watching;
static volatile size_t calls_for_memory;

/* X(result, name, parameters, arguments) */
#define MEMORY_CALLS(X)                                                                            \
    X(void *, malloc, (size_t size), (size))                                                       \
    X(void *, calloc, (size_t count, size_t size), (count, size))                                  \
    X(void *, realloc, (void *block, size_t size), (block, size))                                  \
    X(void *, aligned_alloc, (size_t alignment, size_t size), (alignment, size))                   \
    X(int, posix_memalign, (void **block, size_t alignment, size_t size),                          \
      (block, alignment, size))                                                                    \
    X(void *, mmap, (void *at, size_t size, int protection, int flags, int fd, off_t offset),      \
      (at, size, protection, flags, fd, offset))                                                   \
    X(int, munmap, (void *at, size_t size), (at, size))                                            \
    X(int, madvise, (void *at, size_t size, int advice), (at, size, advice))

#define WRAP(result, name, parameters, arguments)                                                  \
    result __real_##name parameters;                                                               \
    result __wrap_##name parameters;                                                               \
    result __wrap_##name parameters                                                                \
    {                                                                                              \
        calls_for_memory += watching;                                                              \
        return __real_##name arguments;                                                            \
    }
MEMORY_CALLS(WRAP)

void __real_free(void *block);
void __wrap_free(void *block);
void __wrap_free(void *block)
{
    calls_for_memory += watching;
    __real_free(block);
}

/* --- the server --- */

static char page[3000];

static size_t produced(void *context, char *data, size_t size)
{
    bool *done = context;
    if (*done)
        return 0;
    *done = true;
    assert_true(size >= sizeof page);
    memcpy(data, page, sizeof page);
    return sizeof page;
}

static void handle(void *context, firn_http_exchange *exchange)
{
    static bool done; /* one client, one request at a time */
    const firn_http_head *head = firn_http_exchange_head(exchange);
    const char *path = firn_http_exchange_data(exchange) + head->target.offset;
    (void)context;
    if (path[1] == 'c') {
        done = false;
        assert_int_equal(firn_http_answer_begin(exchange, 200), FIRN_OK);
        assert_int_equal(
            firn_http_answer_stream(exchange, FIRN_HTTP_UNKNOWN_LENGTH, produced, &done), FIRN_OK);
    } else if (path[1] == 'r') {
        assert_int_equal(firn_http_answer_begin(exchange, 307), FIRN_OK);
        assert_int_equal(firn_http_answer_field(exchange, "Location", "/c", 2), FIRN_OK);
        assert_int_equal(firn_http_answer_body(exchange, "there", 5), FIRN_OK);
    } else {
        assert_int_equal(firn_http_answer(exchange, 200, "text/plain", page, sizeof page), FIRN_OK);
    }
}

/* --- the client --- */

static const char *const kinds[][2] = {{"GET", ""},   {"GET", "c"}, {"HEAD", ""},
                                       {"POST", "x"}, {"GET", "r"}, {"POST", "r"}};
#define KINDS (sizeof kinds / sizeof kinds[0])

static size_t produce_once(void *context, char *data, size_t size)
{
    size_t *left = context, part = *left < size ? *left : size;
    memset(data, 'u', part);
    *left -= part;
    return part;
}

static bool produce_again(void *context)
{
    *(size_t *)context = 500;
    return true;
}

static void ask(firn_http_client *client, const char *base, size_t kind)
{
    char url[80], data[4096];
    firn_http_reply *reply;
    firn_error error;
    size_t left = 500, size = 0, got = 1;
    const firn_http_pair fields[] = {{"X-One", "1"}, {"Cookie", "a=b"}};
    snprintf(url, sizeof url, "%s%s", base, kinds[kind][1]);
    firn_http_request request = {
        .url = url, .method = kinds[kind][0], .fields = fields, .field_count = 2};
    if (kinds[kind][0][0] == 'P') {
        request.produce = produce_once;
        request.produce_context = &left;
        request.rewind = produce_again;
        request.body_size = FIRN_HTTP_UNKNOWN_LENGTH;
    }
    if (firn_http_client_open(client, &request, &reply, &error) != FIRN_OK)
        fail_msg("%s", error.text);
    while (got > 0) {
        if (firn_http_reply_read(reply, data, sizeof data, &got, &error) != FIRN_OK)
            fail_msg("%s", error.text);
        size += got;
    }
    assert_int_equal(size, kinds[kind][0][0] == 'H' ? 0 : sizeof page);
    firn_http_reply_close(reply);
}

static void requests_make_no_call_for_memory(void **state)
{
    (void)state;
    const char *given = getenv("FIRN_REQUESTS");
    const size_t requests = given != NULL ? strtoul(given, NULL, 0) : 20000;
    struct serving serving;
    const firn_http_server_options server_options = {.loop_count = 1, .handle = handle};
    char base[64];
    memset(page, 'p', sizeof page);
    serving_begin(&serving, &server_options);
    snprintf(base, sizeof base, "http://127.0.0.1:%u/", firn_http_server_port(serving.server));
    for (int profile = 0; profile < FIRN_HTTP_PROFILE_COUNT; profile++) {
        failing memory;
        failing_init(&memory, 0);
        const firn_http_client_options options = {.profile = (firn_http_profile)profile,
                                                  .allocator = &memory.allocator};
        firn_http_client *client;
        firn_http_client_stats stats;
        assert_int_equal(firn_http_client_create(&options, &client, NULL), FIRN_OK);
        for (size_t kind = 0; kind < KINDS; kind++)
            ask(client, base, kind);
        const size_t bytes = memory.live_bytes, calls = memory.calls;
        calls_for_memory = 0;
        watching = true;
        for (size_t i = 0; i < requests / FIRN_HTTP_PROFILE_COUNT; i++)
            ask(client, base, i % KINDS);
        watching = false;
        assert_int_equal(calls_for_memory, 0);
        assert_int_equal(memory.calls, calls);
        assert_int_equal(memory.live_bytes, bytes);
        firn_http_client_stats_get(client, &stats);
        assert_int_equal(stats.connect_count, 1);
        assert_int_equal(stats.spill_count, 0);
        printf("%s: %zu bytes for a client with one connection\n",
               firn_http_profile_get((firn_http_profile)profile)->name, bytes);
        firn_http_client_destroy(client);
        failing_check(&memory);
    }
    (void)serving_end(&serving);
}

static void the_count_sees_a_call_for_memory(void **state)
{
    (void)state;
    calls_for_memory = 0;
    watching = true;
    void *volatile block = malloc(10);
    free(block);
    watching = false;
    assert_int_equal(calls_for_memory, 2);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(requests_make_no_call_for_memory),
        cmocka_unit_test(the_count_sees_a_call_for_memory),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
