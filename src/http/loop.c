/* A loop: waits for what the kernel tells and for deadlines, takes connections in, and calls what
 * other threads asked for. Called by server.c; calls exchange.c, deadline.c.
 *
 * A connection that is closed is freed at the end of the round, when no event that the kernel told
 * of can name it any more. Memory that connections gave back goes to the kernel a quarter of a
 * second later, so that the next wave need not take it again at once. */
#include "http/loop.h"

#include "core/os.h"
#include "core/os_net.h"
#include "core/system.h"
#include "core/trim.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#define EVENTS 256
#define ACCEPTS 64    /* in a round */
#define PAUSE_MS 100u /* of accepting, where descriptors or memory are short */
#define TRIM_MS 250u
#define CONNECTIONS 65536u
#define STOP_MS 10000u

/* --- taking connections in --- */

static bool is_full(const struct loop *loop)
{
    uint32_t limit = loop->options->connection_limit;
    limit = limit > 0 ? limit : CONNECTIONS;
    return atomic_load_explicit(&loop->stats.connections, memory_order_relaxed) >= limit;
}

static void listen_for(struct loop *loop, bool listens)
{
    if (loop->listens == listens || loop->listener < 0)
        return;
    int error = firn_os_epoll_change(loop->epoll, listens ? EPOLL_CTL_ADD : EPOLL_CTL_DEL,
                                     loop->listener, EPOLLIN, loop);
    if (error == 0)
        loop->listens = listens;
    if (!listens || error != 0)
        loop->paused_ms = loop->now_ms;
}

static size_t entry_bytes(const struct loop *loop)
{
    return loop->tls != NULL ? sizeof(struct secure_connection) : sizeof(struct connection);
}

static bool take_in(struct loop *loop, int fd)
{
    const enum phase phase = loop->tls != NULL ? PHASE_SHAKING : PHASE_IDLE;
    struct connection *connection = firn_slab_alloc(&loop->slab, entry_bytes(loop));
    if (connection == NULL) {
        (void)firn_os_close(fd);
        return false;
    }
    *connection = (struct connection){.loop = loop, .fd = fd, .phase = (uint8_t)phase};
    if (loop->tls != NULL)
        ((struct secure_connection *)(void *)connection)->tls = (struct tls){.fd = fd};
    if (firn_os_epoll_change(loop->epoll, EPOLL_CTL_ADD, fd, EPOLLIN, connection) != 0) {
        (void)firn_os_close(fd);
        (void)!firn_slab_release(&loop->slab, connection);
        return false;
    }
    firn_http_deadline_begin(connection,
                             DEADLINE_HEAD); /* a client that says nothing is soon given up */
    count(&loop->stats.phases[phase], 1);
    count(&loop->stats.connections, 1);
    count(&loop->stats.accepted, 1);
    count(&loop->stats.allocations, 1);
    count(&loop->stats.entry_bytes, (int64_t)entry_bytes(loop));
    return true;
}

static void accept_some(struct loop *loop)
{
    for (int i = 0; i < ACCEPTS; i++) {
        int fd;
        if (is_full(loop)) {
            listen_for(loop, false);
            return;
        }
        int error = firn_os_accept(loop->listener, &fd);
        if (error == EAGAIN)
            return;
        if (error != 0 || !take_in(loop, fd)) { /* of descriptors or memory there are too few */
            listen_for(loop, false);
            return;
        }
    }
}

/* --- what other threads ask for --- */

firn_status firn_http_exchange_wake(firn_http_exchange *exchange, firn_http_wake_fn call,
                                    void *context)
{
    struct loop *loop = exchange->connection->loop;
    struct wake *wake = firn_allocate(NULL, sizeof *wake);
    if (wake == NULL)
        return FIRN_NO_MEMORY;
    *wake = (struct wake){.exchange = exchange, .call = call, .context = context};
    pthread_mutex_lock(&loop->mutex);
    exchange->wake_count++;
    *loop->wakes_end = wake;
    loop->wakes_end = &wake->next;
    pthread_mutex_unlock(&loop->mutex);
    firn_os_event_raise(loop->event);
    return FIRN_OK;
}

static struct wake *next_wake(struct loop *loop, struct firn_http_exchange **ret_exchange)
{
    pthread_mutex_lock(&loop->mutex);
    struct wake *wake = loop->wakes;
    if (wake != NULL) {
        loop->wakes = wake->next;
        if (loop->wakes == NULL)
            loop->wakes_end = &loop->wakes;
        *ret_exchange = wake->exchange;
        if (wake->exchange != NULL)
            wake->exchange->wake_count--;
    }
    pthread_mutex_unlock(&loop->mutex);
    return wake;
}

static void call_wakes(struct loop *loop)
{
    struct wake *wake;
    struct firn_http_exchange *exchange = NULL;
    while ((wake = next_wake(loop, &exchange)) != NULL) {
        if (exchange != NULL) {
            struct connection *connection = exchange->connection;
            exchange->in_call = true;
            wake->call(wake->context, exchange);
            exchange->in_call = false;
            firn_http_connection_advance(connection);
        }
        firn_release(NULL, wake, sizeof *wake);
    }
}

/* --- time --- */

_Static_assert(sizeof LEAD_STATUS "Date: \r\nServer: \r\n" + FIRN_HTTP_DATE_BYTES +
                       NAME_BYTES_MAX <=
                   LEAD_BYTES,
               "what leads an answer has room");

/* Once a second: the clock of the day is read no more often. */
static void write_lead(struct loop *loop)
{
    char date[FIRN_HTTP_DATE_BYTES];
    const uint64_t second = 1000000000u, wall_ns = (uint64_t)firn_clock_wall_ns();
    const char *name = loop->options->name;
    firn_http_date((int64_t)(wall_ns / second), date);
    loop->lead_size = (uint32_t)snprintf(
        loop->lead, sizeof loop->lead, LEAD_STATUS "Date: %s\r\n%s%s%s", date,
        name != NULL ? "Server: " : "", name != NULL ? name : "", name != NULL ? "\r\n" : "");
    loop->lead_until_ns = loop->now_ns + second - wall_ns % second;
}

static void tell_time(struct loop *loop)
{
    loop->now_ns = firn_clock_ns();
    loop->now_ms = (uint32_t)(loop->now_ns / 1000000);
    if (loop->now_ns >= loop->lead_until_ns)
        write_lead(loop);
}

static uint32_t sooner(uint32_t next, uint32_t since_ms, uint32_t after_ms, uint32_t now_ms)
{
    uint32_t waited = now_ms - since_ms;
    uint32_t left = waited < after_ms ? after_ms - waited : 0;
    return left < next ? left : next;
}

static uint32_t stop_after_ms(const struct loop *loop)
{
    return loop->options->stop_ms > 0 ? loop->options->stop_ms : STOP_MS;
}

static int timeout_ms(const struct loop *loop)
{
    uint32_t next = firn_http_deadline_next(loop);
    if (!loop->listens && !loop->is_stopping)
        next = sooner(next, loop->paused_ms, PAUSE_MS, loop->now_ms);
    if (loop->closed_count > 0)
        next = sooner(next, loop->trimmed_ms, TRIM_MS, loop->now_ms);
    if (loop->is_stopping)
        next = sooner(next, loop->stop_ms, stop_after_ms(loop), loop->now_ms);
    return next == UINT32_MAX ? -1 : next > 60000 ? 60000 : (int)next;
}

static void trim(struct loop *loop)
{
    if (loop->closed_count == 0) {
        loop->trimmed_ms = loop->now_ms;
        return;
    }
    if (loop->now_ms - loop->trimmed_ms < TRIM_MS)
        return;
    /* GnuTLS's sessions, some 10 KB each, lie in the system's heap: after most have gone. */
    if (loop->tls != NULL &&
        loop->closed_count > atomic_load_explicit(&loop->stats.connections, memory_order_relaxed))
        firn_system_heap_trim();
    loop->closed_count = 0;
    loop->trimmed_ms = loop->now_ms;
    firn_slab_trim(&loop->slab);
}

/* --- rounds --- */

static void free_dead(struct loop *loop)
{
    while (loop->dead != NULL) {
        struct connection *connection = loop->dead;
        loop->dead = connection->next;
        count(&loop->stats.phases[PHASE_CLOSED], -1);
        count(&loop->stats.entry_bytes, -(int64_t)entry_bytes(loop));
        (void)!firn_slab_release(&loop->slab, connection);
    }
}

static void handle_event(struct loop *loop, const struct epoll_event *event)
{
    struct connection *connection = event->data.ptr;
    if (event->data.ptr == loop) {
        accept_some(loop);
    } else if (event->data.ptr == &loop->event) {
        firn_os_event_clear(loop->event);
    } else if (connection->phase == PHASE_CLOSED) {
        return;
    } else if (((event->events & EPOLLIN) != 0 && connection->interest != INTEREST_WRITE) ||
               connection->interest == INTEREST_MORE) {
        firn_http_connection_readable(connection);
    } else if ((event->events & EPOLLOUT) != 0) {
        firn_http_connection_writable(connection);
    } else {
        firn_http_connection_close(connection); /* it has gone */
    }
}

static void close_list(struct loop *loop, enum deadline which)
{
    while (loop->deadlines[which].first != NULL)
        firn_http_connection_close(loop->deadlines[which].first);
}

static void begin_stop(struct loop *loop)
{
    loop->is_stopping = true;
    loop->stop_ms = loop->now_ms;
    listen_for(loop, false);
    (void)firn_os_close(loop->listener);
    loop->listener = -1;
    close_list(loop, DEADLINE_IDLE);
    struct connection *connection = loop->deadlines[DEADLINE_HEAD].first;
    while (connection != NULL) {
        struct connection *next = connection->next;
        if (connection->block == NULL) /* it has not begun to ask */
            firn_http_connection_close(connection);
        connection = next;
    }
}

static bool is_over(struct loop *loop)
{
    if (loop->now_ms - loop->stop_ms >= stop_after_ms(loop))
        for (unsigned which = 0; which < DEADLINES; which++)
            close_list(loop, which);
    close_list(loop, DEADLINE_IDLE); /* those whose answer has ended since */
    return atomic_load_explicit(&loop->stats.connections, memory_order_relaxed) == 0;
}

static void look_at_time(struct loop *loop)
{
    struct connection *missed;
    while ((missed = firn_http_deadline_missed(loop)) != NULL)
        firn_http_connection_missed(missed);
    if (!loop->listens && !loop->is_stopping && !is_full(loop) &&
        loop->now_ms - loop->paused_ms >= PAUSE_MS)
        listen_for(loop, true);
    trim(loop);
}

firn_status firn_http_loop_run(struct loop *loop, const atomic_bool *stops)
{
    static _Thread_local struct epoll_event events[EVENTS];
    tell_time(loop);
    listen_for(loop, true);
    for (;;) {
        int got = 0;
        int error = firn_os_epoll_wait(loop->epoll, events, EVENTS, timeout_ms(loop), &got);
        if (error != 0)
            return FIRN_IO;
        tell_time(loop);
        if (atomic_load_explicit(stops, memory_order_acquire) && !loop->is_stopping)
            begin_stop(loop); /* what it closes is passed over below */
        for (int i = 0; i < got; i++)
            handle_event(loop, &events[i]);
        call_wakes(loop);
        look_at_time(loop);
        bool over = loop->is_stopping && is_over(loop);
        free_dead(loop);
        if (over)
            return FIRN_OK;
    }
}

/* --- life --- */

firn_status firn_http_loop_init(struct loop *loop, firn_http_server *server,
                                const firn_http_server_options *options, int listener)
{
    memset(loop, 0, sizeof *loop);
    loop->server = server;
    loop->options = options;
    loop->profile = firn_http_profile_get(options->profile);
    loop->listener = listener;
    loop->epoll = loop->event = -1;
    loop->wakes_end = &loop->wakes;
    firn_http_deadlines_init(loop);
    pthread_mutex_init(&loop->mutex, NULL);
    const firn_slab_options slab = {.limit_bytes = options->memory_limit};
    firn_status status = firn_slab_init(&loop->slab, &slab);
    if (status != FIRN_OK)
        return status;
    loop->out = firn_allocate(NULL, loop->profile->output_bytes);
    if (loop->out == NULL)
        return FIRN_NO_MEMORY;
    int error = firn_os_epoll_create(&loop->epoll);
    if (error == 0)
        error = firn_os_event_create(&loop->event);
    if (error == 0)
        error =
            firn_os_epoll_change(loop->epoll, EPOLL_CTL_ADD, loop->event, EPOLLIN, &loop->event);
    return error == 0 ? FIRN_OK : error == ENOMEM ? FIRN_NO_MEMORY : FIRN_IO;
}

void firn_http_loop_fini(struct loop *loop)
{
    for (unsigned which = 0; which < DEADLINES; which++)
        close_list(loop, which);
    free_dead(loop);
    firn_http_blocks_fini(loop);
    while (loop->wakes != NULL) {
        struct wake *wake = loop->wakes;
        loop->wakes = wake->next;
        firn_release(NULL, wake, sizeof *wake);
    }
    const int fds[] = {loop->listener, loop->epoll, loop->event};
    for (size_t i = 0; i < sizeof fds / sizeof fds[0]; i++)
        if (fds[i] >= 0)
            (void)firn_os_close(fds[i]);
    firn_release(NULL, loop->out, loop->profile->output_bytes);
    firn_slab_fini(&loop->slab);
    pthread_mutex_destroy(&loop->mutex);
}
