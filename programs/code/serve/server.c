/* The loop: one thread that waits for connections and for requests, and hands each client that sent
 * something to a worker. While a worker has it, the loop does not look at it (EPOLLONESHOT), so
 * that a client's requests are answered one after the other and its answers do not pile up.
 *
 * Invariants:
 *   V1  a client is in the list of all; it is busy from its event until its worker gives it back or
 *       closes it, and only the one that has it closes it
 *   V2  the mutex guards the list and is_busy
 *
 * Limits: CLIENT_MAX connections, a line of REQUEST_MAX_BYTES, of which a client may keep a part
 * for PARTIAL_MS, REPLY_BYTES of an answer, which a client may leave unread for STALL_MS. */
#include "code/serve/server.h"

#include "code/memory.h"
#include "code/serve/answering.h"

#include <errno.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

#include <firn/system.h>

#define EVENTS_AT_ONCE 64
#define TICK_MS 1000

struct server {
    struct server_options options;
    struct answering answering;
    struct pool *pool;
    int epoll;
    int wake; /* an eventfd, by which a client ends the server */
    pthread_mutex_t mutex;
    struct client *clients;
    unsigned long long trimmed; /* how many answers had ended then */
};

/* What an event is about, where it is no client's. */
enum source { SOURCE_LISTENING, SOURCE_STOP, SOURCE_WAKE, SOURCE_STORE, SOURCE_COUNT };
static char sources[SOURCE_COUNT];

static bool watch(const struct server *server, int descriptor, void *what, uint32_t events, int how)
{
    struct epoll_event event = {.events = events, .data.ptr = what};
    return epoll_ctl(server->epoll, how, descriptor, &event) == 0;
}

/* --- clients --- */

static void forget(struct server *server, struct client *client)
{
    pthread_mutex_lock(&server->mutex);
    if (client->previous != NULL)
        client->previous->next = client->next;
    else
        server->clients = client->next;
    if (client->next != NULL)
        client->next->previous = client->previous;
    pthread_mutex_unlock(&server->mutex);
    atomic_fetch_sub(&server->answering.clients, 1);
    client_destroy(client);
}

/* In a worker: answers, and gives the client back to the loop. */
static void serve(void *context, struct worker *worker, struct client *client)
{
    struct server *server = context;
    bool is_kept = answer_client(&server->answering, worker, client);
    if (is_kept) {
        pthread_mutex_lock(&server->mutex);
        client->is_busy = false; /* V1 */
        is_kept = watch(server, client->descriptor, client, EPOLLIN | EPOLLONESHOT, EPOLL_CTL_MOD);
        client->is_busy = !is_kept;
        pthread_mutex_unlock(&server->mutex);
    }
    if (!is_kept)
        forget(server, client);
}

static void admit(struct server *server, int descriptor)
{
    struct client *client = client_create(descriptor);
    if (client == NULL)
        return;
    if (atomic_load(&server->answering.clients) >= CLIENT_MAX) {
        answer_refusal(client, "busy", "too many clients");
        client_destroy(client);
        return;
    }
    atomic_fetch_add(&server->answering.clients, 1);
    pthread_mutex_lock(&server->mutex);
    client->next = server->clients;
    if (client->next != NULL)
        client->next->previous = client;
    server->clients = client;
    pthread_mutex_unlock(&server->mutex);
    if (!watch(server, descriptor, client, EPOLLIN | EPOLLONESHOT, EPOLL_CTL_ADD))
        forget(server, client);
}

static void admit_all(struct server *server)
{
    int descriptor;
    while ((descriptor = accept4(server->options.listening, NULL, NULL, SOCK_CLOEXEC)) >= 0)
        admit(server, descriptor);
    if (errno == EMFILE || errno == ENFILE || errno == ENOMEM || errno == ENOBUFS)
        (void)usleep(50 * 1000); /* the connection stays in the queue, and would wake the loop */
}

static void hand_over(struct server *server, struct client *client)
{
    pthread_mutex_lock(&server->mutex);
    client->is_busy = true; /* V1 */
    pthread_mutex_unlock(&server->mutex);
    pool_push(server->pool, client);
}

/* Closes clients that began a line long ago. */
static void drop_slow(struct server *server)
{
    const uint64_t now = firn_clock_ns();
    struct client *slow;
    do {
        pthread_mutex_lock(&server->mutex);
        slow = server->clients;
        while (slow != NULL && (slow->is_busy || slow->partial_ns == 0 ||
                                now - slow->partial_ns < PARTIAL_MS * UINT64_C(1000000)))
            slow = slow->next;
        pthread_mutex_unlock(&server->mutex);
        if (slow != NULL)
            forget(server, slow);
    } while (slow != NULL);
}

/* --- the loop --- */

/* Opens a new edition as soon as there is one, so that what the one before held goes. */
static void follow(struct server *server)
{
    struct edition *edition;
    if (served_take(server->options.served, &edition, NULL) == FIRN_OK)
        served_give(server->options.served, edition);
}

/* Gives back what answers have left, once a second at most, when there were any. */
static void trim(struct server *server)
{
    const unsigned long long ended = atomic_load(&server->answering.ended);
    if (ended != server->trimmed)
        memory_trim();
    server->trimmed = ended;
}

/* False when the server is to end. */
static bool handle(struct server *server, void *what)
{
    if (what == &sources[SOURCE_STOP] || what == &sources[SOURCE_WAKE])
        return false;
    if (what == &sources[SOURCE_LISTENING])
        admit_all(server);
    else if (what == &sources[SOURCE_STORE])
        follow(server);
    else
        hand_over(server, what);
    return true;
}

static void wait_for_events(struct server *server)
{
    struct epoll_event events[EVENTS_AT_ONCE];
    uint64_t looked_ns = firn_clock_ns();
    for (bool is_on = true; is_on;) {
        const int count = epoll_wait(server->epoll, events, EVENTS_AT_ONCE, TICK_MS);
        for (int i = 0; i < count && is_on; i++)
            is_on = handle(server, events[i].data.ptr);
        if (firn_clock_ns() - looked_ns > TICK_MS * UINT64_C(1000000)) {
            looked_ns = firn_clock_ns();
            drop_slow(server);
            trim(server);
        }
    }
}

bool server_run(struct server *server)
{
    wait_for_events(server);
    atomic_store(&server->answering.is_stopping, true);
    if (pool_stop(server->pool, STOP_MS))
        return true;
    /* Whoever waits for a client that does not read is freed of it. */
    pthread_mutex_lock(&server->mutex);
    for (struct client *client = server->clients; client != NULL; client = client->next)
        shutdown(client->descriptor, SHUT_RDWR);
    pthread_mutex_unlock(&server->mutex);
    return pool_stop(server->pool, STOP_MS);
}

static bool watch_sources(struct server *server)
{
    const int descriptors[SOURCE_COUNT] = {[SOURCE_LISTENING] = server->options.listening,
                                           [SOURCE_STOP] = server->options.stop,
                                           [SOURCE_WAKE] = server->wake,
                                           [SOURCE_STORE] =
                                               served_descriptor(server->options.served)};
    for (unsigned i = 0; i < SOURCE_COUNT; i++) {
        if (!watch(server, descriptors[i], &sources[i], EPOLLIN, EPOLL_CTL_ADD))
            return false;
    }
    return true;
}

firn_status server_create(const struct server_options *options, struct server **ret_server,
                          firn_error *ret_error)
{
    struct server *server = firn_allocate_zeroed(NULL, 1, sizeof *server);
    if (server == NULL)
        return firn_error_set(ret_error, FIRN_NO_MEMORY, 0, "out of memory");
    server->options = *options;
    server->epoll = epoll_create1(EPOLL_CLOEXEC);
    server->wake = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    pthread_mutex_init(&server->mutex, NULL);
    server->answering = (struct answering){.served = options->served,
                                           .store = options->store,
                                           .is_resident = options->is_resident,
                                           .start_ns = firn_clock_ns(),
                                           .stop = server->wake};
    repairing_init(&server->answering.repairing, options->served);
    firn_status status = FIRN_OK;
    if (server->epoll < 0 || server->wake < 0 || !watch_sources(server))
        status = firn_error_set(ret_error, FIRN_IO, errno, "cannot wait for clients: %s",
                                strerror(errno));
    if (status == FIRN_OK) {
        const unsigned processors = firn_processor_count();
        const struct pool_options pool = {.running_max = processors < 4 ? 4 : processors,
                                          .thread_max = THREAD_MAX,
                                          .serve = serve,
                                          .context = server};
        status = pool_create(&pool, &server->pool);
        if (status != FIRN_OK)
            firn_error_set(ret_error, status, 0, "cannot start a thread");
    }
    if (status == FIRN_OK)
        *ret_server = server;
    else
        server_destroy(server);
    return status;
}

void server_destroy(struct server *server)
{
    if (server == NULL)
        return;
    while (server->clients != NULL)
        forget(server, server->clients);
    pool_destroy(server->pool);
    if (server->epoll >= 0)
        close(server->epoll);
    if (server->wake >= 0)
        close(server->wake);
    repairing_fini(&server->answering.repairing);
    pthread_mutex_destroy(&server->mutex);
    firn_release(NULL, server, sizeof *server);
}
