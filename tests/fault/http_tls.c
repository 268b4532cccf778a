/* TLS while allocations fail, GnuTLS's and the library's own, each in turn: a context is not made,
 * or a handshake fails, with a status; nothing wrong is received; and the next try succeeds. What
 * nettle and p11-kit allocate cannot be made to fail. GnuTLS 3.7 itself dies in
 * gnutls_x509_rdn_get2 when an allocation of a client's verifying fails, so the client here trusts
 * anybody, and it leaks where reading a certificate fails, which is let pass. */
#include "support/tls_peer.h"

#include <firn/http_client.h>

#include <sys/socket.h>

static struct tls_files files;

FIRN_API const char *__lsan_default_suppressions(void);
const char *__lsan_default_suppressions(void)
{
    return "leak:libgnutls\nleak:libtasn1\n";
}

/* --- GnuTLS's allocations --- */

static unsigned long calls, failing; /* of which one fails; 0: none */

static bool fails(void)
{
    return ++calls == failing;
}

static void *failing_malloc(size_t size)
{
    return fails() ? NULL : malloc(size);
}

static void *failing_calloc(size_t count, size_t size)
{
    return fails() ? NULL : calloc(count, size);
}

static void *failing_realloc(void *old, size_t size)
{
    return fails() ? NULL : realloc(old, size);
}

/* --- one exchange between a server's session and a client's, in this thread --- */

static bool step(struct tls *tls, struct tls_context *context, int *error)
{
    if (*error == EAGAIN)
        *error = firn_http_tls_handshake(tls, context);
    return *error == 0 || *error == EAGAIN;
}

static bool shake(struct tls *server, struct tls_context *at_server, struct tls *client,
                  struct tls_context *at_client)
{
    int server_error = EAGAIN, client_error = EAGAIN;
    for (int i = 0; i < 100 && (server_error == EAGAIN || client_error == EAGAIN); i++)
        if (!step(client, at_client, &client_error) || !step(server, at_server, &server_error))
            return false;
    assert_int_equal(server_error | client_error, 0);
    return true;
}

/* What was received is what was sent, or nothing. */
static bool send_over(struct tls *from, struct tls *to)
{
    char sent[3000], got[3000];
    size_t size = 0;
    memset(sent, 'y', sizeof sent);
    const struct iovec part = {sent, sizeof sent};
    if (firn_http_tls_send(from, &part, 1, &size) != 0 || size != sizeof sent)
        return false;
    int error = EAGAIN; /* as long as what came is no content, such as a ticket */
    for (int i = 0; i < 10 && error == EAGAIN; i++)
        error = firn_http_tls_recv(to, got, sizeof got, &size);
    if (error != 0)
        return false;
    assert_int_equal(size, sizeof sent);
    assert_memory_equal(got, sent, size);
    return true;
}

static void forget(void *context, const void *data, size_t size)
{
    (void)context;
    (void)data;
    (void)size;
}

static bool exchange(struct tls_context *at_server, struct tls_context *at_client)
{
    int fds[2];
    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, fds), 0);
    struct tls server = {.fd = fds[0]}, client = {.fd = fds[1]};
    bool fine =
        firn_http_tls_connect(&client, at_client, fds[1], "localhost", NULL, 0) == FIRN_OK &&
        shake(&server, at_server, &client, at_client) && send_over(&client, &server) &&
        send_over(&server, &client);
    if (fine)
        firn_http_tls_ticket(&client, forget, NULL);
    firn_http_tls_bye(&client);
    firn_http_tls_bye(&server);
    firn_http_tls_end(&client);
    firn_http_tls_end(&server);
    close(fds[0]);
    close(fds[1]);
    return fine;
}

static bool make_all(void)
{
    struct tls_context *at_server = NULL, *at_client = NULL;
    firn_error error;
    bool fine = firn_http_tls_server(files.both, NULL, &at_server, &error) == FIRN_OK;
    if (fine)
        fine = firn_http_tls_client(files.ca, true, &at_client, &error) == FIRN_OK;
    if (!fine)
        assert_true(strlen(error.text) > 0);
    fine = fine && exchange(at_server, at_client);
    firn_http_tls_context_destroy(at_client);
    firn_http_tls_context_destroy(at_server);
    return fine;
}

static void each_allocation_of_gnutls_fails_in_turn(void **state)
{
    (void)state;
    unsigned long failed = 0;
    assert_true(make_all()); /* what is made once */
    gnutls_malloc = failing_malloc;
    gnutls_calloc = failing_calloc;
    gnutls_realloc = failing_realloc;
    calls = failing = 0;
    assert_true(make_all());
    const unsigned long all = calls;
    assert_true(all > 100);
    print_message("%lu allocations\n", all);
    const char *samples = getenv("FIRN_FAULT_SAMPLES");
    const unsigned long wanted = samples != NULL ? strtoul(samples, NULL, 10) : 400;
    const unsigned long stride = wanted >= all ? 1 : (all + wanted - 1) / wanted;
    for (unsigned long n = 1 + (unsigned long)getpid() % stride; n <= all; n += stride) {
        calls = 0;
        failing = n;
        failed += !make_all();
    }
    failing = 0;
    print_message("%lu failed\n", failed);
    assert_true(failed > all / stride / 2); /* it does without some, such as a ticket's */
    assert_true(make_all());
    gnutls_malloc = malloc;
    gnutls_calloc = calloc;
    gnutls_realloc = realloc;
}

static int begin(void **state)
{
    (void)state;
    tls_files_make(&files);
    return 0;
}

static int end(void **state)
{
    (void)state;
    tempdir_remove(files.folder);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_allocation_of_gnutls_fails_in_turn),
    };
    return cmocka_run_group_tests(tests, begin, end);
}
