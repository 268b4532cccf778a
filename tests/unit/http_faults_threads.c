/* The server when its peers and its system calls fail: peers that reset their connection behind any
 * byte of what they ask and of what is answered, storms of EAGAIN, pieces of a few bytes, and a
 * table of descriptors that is full now and then. */
#include "support/http_serving.h"
#include "support/random.h"

#include "core/os_net.h"

#include <dirent.h>
#include <errno.h>
#include <stdatomic.h>

#define ROOM (1u << 20)
#define FILE_BYTES 60000u /* so many that they are sent by sendfile */
#define STREAM_BYTES 40000u

/* --- system calls, as bad as they may be --- */

static atomic_bool storms;
static atomic_uint dice_seed;

static uint32_t throw_dice(void)
{
    uint32_t value = atomic_fetch_add(&dice_seed, 0x9e3779b9u);
    value = (value ^ value >> 16) * 0x85ebca6bu;
    return (value ^ value >> 13) * 0xc2b2ae35u >> 8;
}

/* Whether the call is to fail; else *size is made small. */
static bool fails(size_t *size, uint32_t most)
{
    if (!atomic_load(&storms))
        return false;
    if (throw_dice() % 4 != 0)
        return true;
    const size_t small = 1 + throw_dice() % most;
    *size = small < *size ? small : *size;
    return false;
}

int __real_firn_os_recv(int fd, void *data, size_t size, size_t *ret_size);
int __wrap_firn_os_recv(int fd, void *data, size_t size, size_t *ret_size);
int __real_firn_os_send(int fd, const struct iovec *parts, size_t count, bool more,
                        size_t *ret_size);
int __wrap_firn_os_send(int fd, const struct iovec *parts, size_t count, bool more,
                        size_t *ret_size);
int __real_firn_os_sendfile(int fd, int file, uint64_t offset, size_t size, size_t *ret_size);
int __wrap_firn_os_sendfile(int fd, int file, uint64_t offset, size_t size, size_t *ret_size);
int __real_firn_os_accept(int fd, int *ret_fd);
int __wrap_firn_os_accept(int fd, int *ret_fd);

int __wrap_firn_os_recv(int fd, void *data, size_t size, size_t *ret_size)
{
    return fails(&size, 20) ? EAGAIN : __real_firn_os_recv(fd, data, size, ret_size);
}

int __wrap_firn_os_send(int fd, const struct iovec *parts, size_t count, bool more,
                        size_t *ret_size)
{
    struct iovec first = parts[0];
    if (fails(&first.iov_len, 3000))
        return EAGAIN;
    if (first.iov_len < parts[0].iov_len)
        return __real_firn_os_send(fd, &first, 1, more, ret_size);
    return __real_firn_os_send(fd, parts, count, more, ret_size);
}

int __wrap_firn_os_sendfile(int fd, int file, uint64_t offset, size_t size, size_t *ret_size)
{
    return fails(&size, 3000) ? EAGAIN : __real_firn_os_sendfile(fd, file, offset, size, ret_size);
}

int __wrap_firn_os_accept(int fd, int *ret_fd)
{
    if (atomic_load(&storms) && throw_dice() % 4 == 0)
        return EMFILE;
    return __real_firn_os_accept(fd, ret_fd);
}

/* --- a handler --- */

static size_t produced(void *context, char *data, size_t size)
{
    size_t *left = context;
    const size_t part = *left < size ? *left : size;
    memset(data, 's', part);
    *left -= part;
    return part;
}

static void ended(void *context, bool whole)
{
    (void)whole;
    free(context);
}

static void received(void *context, firn_http_exchange *exchange, const char *data, size_t size)
{
    size_t *sum = context;
    for (size_t i = 0; i < size; i++)
        *sum = *sum * 31 + (uint8_t)data[i];
    if (size > 0)
        return;
    char answer[32];
    const int length = snprintf(answer, sizeof answer, "%zu\n", *sum);
    (void)!firn_http_answer(exchange, 200, NULL, answer, (size_t)length);
}

static void answer_file(firn_http_exchange *exchange)
{
    char name[] = "/tmp/firn-http-XXXXXX", *data = malloc(FILE_BYTES);
    int fd = mkstemp(name);
    assert_true(fd >= 0 && data != NULL);
    unlink(name);
    for (unsigned i = 0; i < FILE_BYTES; i++)
        data[i] = (char)('a' + i % 26);
    assert_int_equal(write(fd, data, FILE_BYTES), FILE_BYTES);
    free(data);
    assert_int_equal(firn_http_answer_begin(exchange, 200), FIRN_OK);
    (void)!firn_http_answer_file(exchange, fd, 0, FILE_BYTES);
}

static void handle(void *context, firn_http_exchange *exchange)
{
    (void)context;
    const firn_http_head *head = firn_http_exchange_head(exchange);
    const char *path = firn_http_exchange_data(exchange) + head->target.offset;
    size_t *state = calloc(1, sizeof *state);
    assert_non_null(state);
    firn_http_exchange_on_end(exchange, ended, state);
    if (head->method == FIRN_HTTP_POST) {
        firn_http_exchange_receive(exchange, received, state);
    } else if (head->target.size == 5 && memcmp(path, "/file", 5) == 0) {
        answer_file(exchange);
    } else if (head->target.size == 7 && memcmp(path, "/stream", 7) == 0) {
        *state = STREAM_BYTES;
        assert_int_equal(firn_http_answer_begin(exchange, 200), FIRN_OK);
        (void)!firn_http_answer_stream(exchange, FIRN_HTTP_UNKNOWN_LENGTH, produced, state);
    } else {
        (void)!firn_http_answer(exchange, 200, "text/plain", path, head->target.size);
    }
}

static const firn_http_server_options plain = {.handle = handle, .loop_count = 2};

static const char requests[] =
    "GET /first HTTP/1.1\r\nHost: a\r\n\r\n"
    "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n5;x\r\nhello\r\n7\r\n, world"
    "\r\n0\r\nX-Sum: 1\r\n\r\n"
    "GET /file HTTP/1.1\r\nHost: a\r\n\r\n"
    "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 12\r\n\r\nhello, world"
    "GET /stream HTTP/1.1\r\nHost: a\r\n\r\n"
    "GET /last HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n";

/* --- clients --- */

static char text[ROOM], wanted[ROOM];

/* All answers, with their dates made the same. */
static size_t ask_all(const struct serving *serving, char *out)
{
    bool closed;
    int fd = client_open(serving);
    client_send(fd, requests, sizeof requests - 1);
    const size_t size = client_read(fd, out, ROOM, 20000, &closed);
    assert_true(closed);
    close(fd);
    for (char *at = out; (at = memmem(at, size - (size_t)(at - out), "\r\nDate: ", 8)) != NULL;)
        memset(at += 8, 'D', 29);
    return size;
}

static unsigned open_descriptors(void)
{
    unsigned count = 0;
    DIR *folder = opendir("/proc/self/fd");
    assert_non_null(folder);
    while (readdir(folder) != NULL)
        count++;
    closedir(folder);
    return count;
}

/* Sends some of the requests, reads some of the answers, and resets the connection. */
static void ask_and_reset(const struct serving *serving, size_t sent, size_t read)
{
    const struct linger now = {.l_onoff = 1, .l_linger = 0};
    int fd = client_open(serving);
    client_send(fd, requests, sent);
    if (read > 0)
        assert_int_equal(recv(fd, text, read, MSG_WAITALL), read);
    setsockopt(fd, SOL_SOCKET, SO_LINGER, &now, sizeof now);
    close(fd);
}

/* Until nobody is there; then nothing may be left of those who were. */
static void wait_until_gone(const struct serving *serving, unsigned descriptors)
{
    firn_http_server_stats stats = {.connections = 1};
    for (int i = 0; i < 500 && stats.connections > 0; i++) {
        usleep(10000);
        firn_http_server_stats_get(serving->server, &stats);
    }
    assert_int_equal(stats.connections, 0);
    assert_int_equal(stats.entry_bytes, 0);
    assert_true(stats.block_bytes <=
                2 * 8 * (uint64_t)firn_http_profile_get(FIRN_HTTP_BALANCED)->block_bytes);
    assert_int_equal(open_descriptors(), descriptors);
}

/* --- the tests --- */

static void peers_may_reset_behind_any_byte(void **state)
{
    (void)state;
    struct serving serving;
    serving_begin(&serving, &plain);
    const size_t size = ask_all(&serving, wanted);
    usleep(50000);
    const unsigned descriptors = open_descriptors();
    for (size_t sent = 0; sent < sizeof requests; sent++)
        ask_and_reset(&serving, sent, 0);
    for (size_t read = 1; read <= size; read += read < 500 ? 1 : 997)
        ask_and_reset(&serving, sizeof requests - 1, read);
    wait_until_gone(&serving, descriptors);
    assert_int_equal(ask_all(&serving, text), size);
    assert_memory_equal(text, wanted, size);
    serving_end(&serving);
}

static void storms_change_no_answer(void **state)
{
    (void)state;
    struct serving serving;
    rng random;
    rng_init(&random, "storms_change_no_answer");
    atomic_store(&dice_seed, (unsigned)rng_next(&random));
    serving_begin(&serving, &plain);
    const size_t size = ask_all(&serving, wanted);
    const unsigned descriptors = open_descriptors();
    atomic_store(&storms, true);
    for (int i = 0; i < 10; i++) {
        assert_int_equal(ask_all(&serving, text), size);
        assert_memory_equal(text, wanted, size);
    }
    wait_until_gone(&serving, descriptors);
    atomic_store(&storms, false);
    serving_end(&serving);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(peers_may_reset_behind_any_byte),
                                       cmocka_unit_test(storms_change_no_answer)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
