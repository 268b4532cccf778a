/* The server makes no call for memory in the steady state, in any profile: neither of the C
 * library, nor of the kernel, nor of its own slabs. The former are wrapped and counted, the latter
 * it counts itself. */
#include "support/http_serving.h"

#include <stdatomic.h>
#include <sys/mman.h>

enum { ROUNDS = 400, DEPTH = 16 };

static atomic_uint calls;

#define COUNTED(type, name, parameters, arguments)                                                 \
    type __real_##name parameters;                                                                 \
    type __wrap_##name parameters;                                                                 \
    type __wrap_##name parameters                                                                  \
    {                                                                                              \
        atomic_fetch_add(&calls, 1);                                                               \
        return __real_##name arguments;                                                            \
    }

COUNTED(void *, malloc, (size_t size), (size))
COUNTED(void *, calloc, (size_t count, size_t size), (count, size))
COUNTED(void *, realloc, (void *memory, size_t size), (memory, size))
COUNTED(void *, aligned_alloc, (size_t alignment, size_t size), (alignment, size))
void __real_free(void *memory);
void __wrap_free(void *memory);
void __wrap_free(void *memory)
{
    atomic_fetch_add(&calls, 1);
    __real_free(memory);
}
COUNTED(void *, mmap, (void *at, size_t size, int protection, int flags, int fd, off_t offset),
        (at, size, protection, flags, fd, offset))
COUNTED(int, munmap, (void *at, size_t size), (at, size))
COUNTED(int, madvise, (void *at, size_t size, int advice), (at, size, advice))

static void hello(void *context, firn_http_exchange *exchange)
{
    (void)context;
    (void)!firn_http_answer(exchange, 200, "text/plain", "hello, world\n", 13);
}

static const char request[] = "GET /some/where?a=b HTTP/1.1\r\nHost: a.example\r\n"
                              "User-Agent: test\r\nAccept: */*\r\nAccept-Encoding: gzip\r\n"
                              "Accept-Language: en\r\nCookie: a=b; c=d\r\n\r\n";

/* So many rounds of so many requests at once. */
static void ask(int fd, unsigned rounds, unsigned depth)
{
    static char requests[DEPTH * sizeof request], text[1 << 16];
    const size_t size = sizeof request - 1;
    for (unsigned i = 0; i < depth; i++)
        memcpy(requests + i * size, request, size);
    for (unsigned round = 0; round < rounds; round++) {
        unsigned answers = 0;
        client_send(fd, requests, depth * size);
        while (answers < depth) { /* there is one exclamation mark in an answer */
            ssize_t got = recv(fd, text, sizeof text, 0);
            assert_true(got > 0);
            for (ssize_t i = 0; i < got; i++)
                answers += text[i] == '!';
        }
    }
}

static void requests_take_no_memory(void **state)
{
    (void)state;
    for (unsigned profile = 0; profile < FIRN_HTTP_PROFILE_COUNT; profile++) {
        const firn_http_server_options options = {
            .handle = hello, .loop_count = 1, .profile = profile, .name = "!"};
        struct serving serving;
        serving_begin(&serving, &options);
        int fd = client_open(&serving);
        ask(fd, 1, DEPTH);
        const unsigned before = atomic_load(&calls);
        firn_http_server_stats first, last;
        firn_http_server_stats_get(serving.server, &first);
        ask(fd, ROUNDS, DEPTH);
        ask(fd, ROUNDS, 1);
        firn_http_server_stats_get(serving.server, &last);
        assert_int_equal(atomic_load(&calls) - before, 0);
        assert_int_equal(last.allocation_count, first.allocation_count);
        assert_true(first.allocation_count >= 2); /* an entry and a block */
        close(fd);
        assert_int_equal(serving_end(&serving).request_count, DEPTH + ROUNDS * DEPTH + ROUNDS);
        assert_true(atomic_load(&calls) - before > 0); /* its end shows that they are counted */
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(requests_take_no_memory)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
