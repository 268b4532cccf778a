/* The server: its loops, each in a thread. What users call. */
#include "core/os.h"
#include "core/os_net.h"
#include "http/loop.h"

#include <firn/system.h>

#include <errno.h>
#include <string.h>

#define LOOPS_MAX 256u

struct firn_http_server {
    firn_http_server_options options;
    struct loop *loops;
    uint32_t loop_count;     /* made */
    struct tls_context *tls; /* NULL: none */
    uint16_t port;
    atomic_bool stops;
    firn_status *results;
};

static firn_status explain(int error, const char *address, uint16_t port, firn_error *ret_error)
{
    switch (error) {
    case EADDRINUSE:
        return firn_error_set(ret_error, FIRN_BUSY, error,
                              "%s port %u: in use; end who has it, or name another", address,
                              (unsigned)port);
    case EACCES:
        return firn_error_set(ret_error, FIRN_PERMISSION, error,
                              "%s port %u: ports below 1024 need privileges; name a higher one",
                              address, (unsigned)port);
    case EADDRNOTAVAIL:
        return firn_error_set(ret_error, FIRN_NOT_FOUND, error,
                              "%s: not an address of this machine; name one in numbers", address);
    default:
        return firn_error_set(ret_error, firn_status_from_errno(error), error, "%s port %u: %s",
                              address, (unsigned)port, strerror(error));
    }
}

static bool is_valid(const firn_http_server_options *options)
{
    return options != NULL && options->handle != NULL &&
           (options->key_file == NULL || options->certificate_file != NULL) &&
           firn_http_profile_get(options->profile) != NULL && options->loop_count <= LOOPS_MAX &&
           (options->name == NULL || (strlen(options->name) <= NAME_BYTES_MAX &&
                                      firn_http_is_text(options->name, strlen(options->name)))) &&
           options->reserved[0] == 0 && options->reserved[1] == 0 && options->reserved[2] == 0 &&
           options->reserved[3] == 0;
}

static firn_status make_loops(firn_http_server *server, uint32_t count, firn_error *ret_error)
{
    const char *address = server->options.address;
    firn_status status = FIRN_OK;
    while (server->loop_count < count && status == FIRN_OK) {
        int listener;
        int error = firn_os_listen(address, &server->port, server->loop_count == 0, &listener);
        if (error != 0)
            return explain(error, address, server->port, ret_error);
        struct loop *loop = &server->loops[server->loop_count++];
        status = firn_http_loop_init(loop, server, &server->options, listener);
        loop->tls = server->tls;
        if (status != FIRN_OK)
            firn_error_set(ret_error, status, 0, "%s port %u: cannot start a loop: %s", address,
                           (unsigned)server->port, firn_status_text(status));
    }
    return status;
}

firn_status firn_http_server_create(const firn_http_server_options *options,
                                    firn_http_server **ret_server, firn_error *ret_error)
{
    if (!is_valid(options))
        return firn_error_set(ret_error, FIRN_INVALID, 0,
                              "an option of the server is out of range");
    firn_http_server *server = firn_allocate_zeroed(NULL, 1, sizeof *server);
    if (server == NULL)
        return firn_error_set(ret_error, FIRN_NO_MEMORY, 0, "out of memory");
    uint32_t count = options->loop_count > 0 ? options->loop_count : firn_processor_count();
    count = count < LOOPS_MAX ? count : LOOPS_MAX;
    server->options = *options;
    server->options.loop_count = count;
    server->options.address = options->address != NULL ? options->address : "127.0.0.1";
    server->port = options->port;
    atomic_init(&server->stops, false);
    server->loops = firn_allocate_zeroed(NULL, count, sizeof *server->loops);
    server->results = firn_allocate_zeroed(NULL, count, sizeof *server->results);
    firn_status status = FIRN_OK;
    if (server->loops == NULL || server->results == NULL)
        status = firn_error_set(ret_error, FIRN_NO_MEMORY, 0, "out of memory");
    if (status == FIRN_OK && options->certificate_file != NULL)
        status = firn_http_tls_server(options->certificate_file, options->key_file, &server->tls,
                                      ret_error);
    if (status == FIRN_OK)
        status = make_loops(server, count, ret_error);
    if (status == FIRN_OK)
        *ret_server = server;
    else
        firn_http_server_destroy(server);
    return status;
}

void firn_http_server_destroy(firn_http_server *server)
{
    if (server == NULL)
        return;
    uint32_t count = server->options.loop_count;
    for (uint32_t i = 0; i < server->loop_count; i++)
        firn_http_loop_fini(&server->loops[i]);
    firn_release(NULL, server->loops, count * sizeof *server->loops);
    firn_release(NULL, server->results, count * sizeof *server->results);
    firn_http_tls_context_destroy(server->tls);
    firn_release(NULL, server, sizeof *server);
}

uint16_t firn_http_server_port(const firn_http_server *server)
{
    return server->port;
}

static void *run_loop(void *context)
{
    struct loop *loop = context;
    firn_http_server *server = loop->server;
    firn_status status = firn_http_loop_run(loop, &server->stops);
    server->results[loop - server->loops] = status;
    if (status != FIRN_OK) /* a server with a dead loop would let clients wait */
        firn_http_server_stop(server);
    return NULL;
}

firn_status firn_http_server_run(firn_http_server *server, firn_error *ret_error)
{
    uint32_t started = 1;
    firn_status status = FIRN_OK;
    while (started < server->loop_count && status == FIRN_OK) {
        struct loop *loop = &server->loops[started];
        if (pthread_create(&loop->thread, NULL, run_loop, loop) == 0)
            started++;
        else
            status = FIRN_NO_MEMORY;
    }
    if (status != FIRN_OK)
        firn_http_server_stop(server);
    run_loop(&server->loops[0]);
    for (uint32_t i = 1; i < started; i++)
        pthread_join(server->loops[i].thread, NULL);
    for (uint32_t i = 0; i < started && status == FIRN_OK; i++)
        status = server->results[i];
    return status == FIRN_OK ? FIRN_OK
                             : firn_error_set(ret_error, status, 0, "the server had to stop: %s",
                                              firn_status_text(status));
}

void firn_http_server_stop(firn_http_server *server)
{
    atomic_store_explicit(&server->stops, true, memory_order_release);
    for (uint32_t i = 0; i < server->loop_count; i++)
        firn_os_event_raise(server->loops[i].event);
}

void firn_http_server_stats_get(const firn_http_server *server, firn_http_server_stats *ret_stats)
{
    firn_http_server_stats all = {0};
    for (uint32_t i = 0; i < server->loop_count; i++) {
        const struct loop_stats *stats = &server->loops[i].stats;
#define ADD(to, from) all.to += atomic_load_explicit(&stats->from, memory_order_relaxed)
        ADD(accepted_count, accepted);
        ADD(request_count, requests);
        ADD(refused_count, refused);
        ADD(timeout_count, timeouts);
        ADD(received_bytes, received);
        ADD(sent_bytes, sent);
        ADD(connections, connections);
        ADD(idle, phases[PHASE_IDLE]);
        ADD(reading, phases[PHASE_SHAKING]);
        ADD(reading, phases[PHASE_HEAD]);
        ADD(reading, phases[PHASE_BODY]);
        ADD(handling, phases[PHASE_HANDLING]);
        ADD(sending, phases[PHASE_SENDING]);
        ADD(entry_bytes, entry_bytes);
        ADD(block_bytes, block_bytes);
        ADD(spill_count, spills);
        ADD(handshake_count, handshakes);
        ADD(resumed_count, resumed);
        ADD(handshake_failed_count, handshakes_failed);
        ADD(allocation_count, allocations);
#undef ADD
    }
    *ret_stats = all;
}
