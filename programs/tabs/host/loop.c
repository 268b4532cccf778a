/* The loop of the host: what comes from pages, from the zygote, and from the threads that fetch.
 *
 * I1  a page's frame is believed in nothing but that it is the page's: numbers are checked, texts
 *     are cut to limits, and a page that sends no frames is ended
 * I2  a page that sends without end gets TURN_BYTES a turn, so that the others get theirs
 * I3  a page for which the host would hold more than most_held is ended (H4) */
#include "tabs/host/host.h"

#include <errno.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

enum {
    TURN_BYTES = 1 << 20,
    READ_BYTES = 64 << 10,
    CONSOLE_BYTES = 8 << 10,
    GONE_MS = 3000,
    SPARE_BYTES = 64 << 20, /* beyond what a tab may have: what an image has around it */
    FETCHES_MAX = 1000,     /* of a page at once; browsers have some such limit, too */
    HOPS_MAX = 20,
};

/* --- frames of a page --- */

/* Keeps the last lines, each with its level before it. */
static void keep_line(struct tab *tab, message *from)
{
    size_t size;
    const char *level = message_take_text(from), *text = message_take(from, &size);
    if (from->broken)
        return;
    const size_t kept = tab->console != NULL ? strlen(tab->console) : 0;
    char line[CONSOLE_BYTES / 4];
    int length = snprintf(line, sizeof line, "%.8s: %.*s\n", level,
                          (int)(size < sizeof line - 16 ? size : sizeof line - 16), text);
    const char *old = tab->console != NULL ? tab->console : "";
    while (kept > 0 && strlen(old) + (size_t)length > CONSOLE_BYTES) {
        const char *end = strchr(old, '\n');
        old = end != NULL ? end + 1 : "";
    }
    const size_t bytes = strlen(old) + (size_t)length;
    char *all = firn_allocate(NULL, bytes + 1);
    if (all == NULL)
        return;
    snprintf(all, bytes + 1, "%s%s", old, line);
    tab_drop_text(&tab->console);
    tab_set_text(&tab->console, all);
    firn_release(NULL, all, bytes + 1);
}

/* What the host holds for a page at most. */
static uint64_t most_held(const struct host *host)
{
    return (host->tab_memory_bytes > 0 ? host->tab_memory_bytes : MESSAGE_MAX_BYTES) + SPARE_BYTES;
}

/* Ends a page that does not take what it asks for. */
static bool holds_too_much(struct host *host, struct tab *tab, size_t more)
{
    const uint64_t held = tab->out.size - tab->sent + tab->held.size;
    if (held + more <= most_held(host))
        return false;
    tab_lose(host, tab, "it asks for more than it takes");
    return true;
}

static void hand_over(struct host *host, fetch_job *job);

/* A fetch that is not begun. */
static void refuse_fetch(struct host *host, struct tab *tab, uint32_t id, const char *why)
{
    fetch_job job = {.tab = tab->number, .instance = tab->instance, .id = id, .failed = true};
    job.url = (char *)"";
    snprintf(job.why, sizeof job.why, "%s", why);
    tab->fetching++;
    hand_over(host, &job);
}

static void begin_fetch(struct host *host, struct tab *tab, message *from)
{
    char origin[300];
    fetch_job job = {.tab = tab->number, .instance = tab->instance, .id = from->id};
    resource_origin(tab->url, origin, sizeof origin);
    job.origin = origin;
    job.destination = (uint32_t)message_take_number(from);
    job.method = (char *)message_take_text(from);
    job.url = (char *)message_take_text(from);
    job.headers = (char *)message_take_text(from);
    job.body = (char *)message_take(from, &job.body_bytes);
    job.sent_bytes = job.body_bytes;
    if (from->broken)
        return;
    if (tab->fetching >= FETCHES_MAX || tab->fetching_bytes + job.body_bytes > most_held(host)) {
        refuse_fetch(host, tab, from->id, "the page fetches too much at once");
        return;
    }
    if (strlen(job.url) > URL_MAX_BYTES) {
        refuse_fetch(host, tab, from->id, "the URL is too long");
        return;
    }
    tab->fetching++;
    tab->fetching_bytes += job.body_bytes;
    fetch_add(host, &job);
}

static void navigate(struct host *host, struct tab *tab, message *from)
{
    struct document document = {0};
    document.method = message_take_text(from);
    document.url = message_take_text(from);
    document.headers = message_take_text(from);
    document.body = message_take(from, &document.body_bytes);
    const bool replaces = message_take_number(from) != 0;
    if (!from->broken)
        load_begin(host, tab, &document, replaces);
}

static void note_place(struct host *host, struct tab *tab, message *from)
{
    const char *url = message_take_text(from), *title = message_take_text(from);
    char old[300], new[300];
    if (from->broken)
        return;
    resource_origin(tab->url, old, sizeof old);
    resource_origin(url, new, sizeof new);
    if (strcmp(old, new) == 0 &&
        strlen(url) <= URL_MAX_BYTES) { /* I1: a script cannot become another origin's */
        tab_set_text(&tab->url, url);
        if (tab->visits.count > 0)
            tab_set_text(&tab->visits.urls[tab->visits.at], url);
    }
    tab_set_text_sized(&tab->title, title, 1000);
    host->list_moved = true;
}

static void note_loaded(struct host *host, struct tab *tab, message *from)
{
    const char *text = message_take_text(from);
    const bool failed = message_take_number(from) != 0;
    const bool was_loading = tab->is_loading;
    if (tab->document != 0)
        return; /* of the document that is being left */
    tab->is_loading = false;
    tab->hops = 0;
    if (failed)
        tab_set_text_sized(&tab->failed, text, 1000);
    else
        tab_set_text_sized(&tab->title, text, 1000);
    host->list_moved = true;
    if (was_loading) /* I1: a document is visited once */
        kept_visit(host, tab);
}

static void answer_storage(struct host *host, struct tab *tab, message *from)
{
    message_buffer *out = pages_out(tab);
    const bool session = message_take_number(from) != 0;
    message_begin(out, MESSAGE_STORED, 0);
    storage_tell(host, tab, session, out);
    message_end(out);
    if (!holds_too_much(host, tab, 0)) /* I3 */
        loop_send(host, tab);
}

/* Keeps a frame that somebody waits for. */
static void keep_reply(struct tab *tab, const message *from)
{
    if (from->kind == MESSAGE_PACKED) { /* H3: the image is the tab's now; ASLEEP stays the reply */
        tab->image.size = 0;
        message_add_raw(&tab->image, from->payload, from->size);
        tab->has_reply = true;
        return;
    }
    tab->reply.size = 0;
    message_begin(&tab->reply, from->kind, from->id);
    message_add_raw(&tab->reply, from->payload, from->size);
    message_end(&tab->reply);
    tab->has_reply = from->kind != MESSAGE_ASLEEP;
}

static void leave(struct host *host, struct tab *tab, message *from)
{
    if (tab->is_asked) {
        tab->leaving.size = 0; /* the last one counts */
        message_begin(&tab->leaving, from->kind, 0);
        message_add_raw(&tab->leaving, from->payload, from->size);
        message_end(&tab->leaving);
    } else if (tab->hops > HOPS_MAX) {
        load_give_up(host, tab);
    } else if (from->kind == MESSAGE_NAVIGATE) {
        navigate(host, tab, from);
    } else {
        const uint64_t delta = message_take_number(from);
        if (!from->broken && delta <= UINT32_MAX)
            (void)load_traverse(host, tab, (int64_t)delta - INT32_MAX - 1);
    }
}

void loop_leave(struct host *host, struct tab *tab)
{
    message_buffer leaving = tab->leaving;
    message from;
    size_t used;
    tab->is_asked = false;
    tab->leaving = (message_buffer){0};
    if (leaving.size > 0 && tab->state != TAB_LOST &&
        message_find(leaving.data, leaving.size, &from, &used) == MESSAGE_WHOLE)
        leave(host, tab, &from);
    message_fini(&leaving);
}

static void handle(struct host *host, struct tab *tab, message *from)
{
    switch ((int)from->kind) {
    case MESSAGE_PRINT:
        keep_line(tab, from);
        break;
    case MESSAGE_FETCH:
        begin_fetch(host, tab, from);
        break;
    case MESSAGE_ABORT:
        fetch_abort(tab->number, tab->instance, from->id);
        break;
    case MESSAGE_NAVIGATE:
    case MESSAGE_TRAVERSE:
        leave(host, tab, from);
        break;
    case MESSAGE_MOVED:
        note_place(host, tab, from);
        break;
    case MESSAGE_LOADED:
        note_loaded(host, tab, from);
        break;
    case MESSAGE_STORE:
        storage_change(host, tab, from);
        break;
    case MESSAGE_ASK:
        answer_storage(host, tab, from);
        break;
    case MESSAGE_WAKING:
        tab->woken_crc = (uint32_t)message_take_number(from);
        break;
    case MESSAGE_PACKED:
        if (from->size > 0)
            keep_reply(tab, from);
        else
            tab_lose(host, tab, "its process sent an image of nothing");
        break;
    case MESSAGE_VALUE:
    case MESSAGE_ASLEEP:
    case MESSAGE_AWAKE:
    case MESSAGE_REFUSED:
        keep_reply(tab, from);
        break;
    case MESSAGE_SETTLED:
    case MESSAGE_WRITTEN:
    case MESSAGE_SHARED:
        alike_heard(host, tab, from);
        break;
    default: /* what only the host sends */
        break;
    }
}

/* --- sockets --- */

static void note_gone(struct tab *tab)
{
    tab->is_gone = true;
    tab->gone_ns = firn_clock_ns();
    (void)close(tab->socket);
    tab->socket = -1;
}

void loop_send(struct host *host, struct tab *tab)
{
    (void)host;
    while (tab->socket >= 0 && tab->sent < tab->out.size) {
        ssize_t sent = send(tab->socket, tab->out.data + tab->sent, tab->out.size - tab->sent,
                            MSG_NOSIGNAL | MSG_DONTWAIT);
        if (sent < 0 && errno == EINTR)
            continue;
        if (sent < 0 && (errno == EAGAIN || errno == EWOULDBLOCK))
            return;
        if (sent <= 0) {
            note_gone(tab);
            return;
        }
        tab->sent += (size_t)sent;
    }
    message_fini(&tab->out);
    tab->sent = 0;
}

/* Whether the frame that begins in the tab's buffer is one that no page of its size sends. */
static bool is_too_large(const struct host *host, const struct tab *tab)
{
    message_head head;
    if (tab->in.size - tab->taken < sizeof head)
        return false;
    memcpy(&head, tab->in.data + tab->taken, sizeof head);
    return head.size > most_held(host);
}

/* Handles what is whole in the tab's buffer. A handler may end the process that it came from. */
static void handle_frames(struct host *host, struct tab *tab)
{
    const uint32_t instance = tab->instance;
    while (tab->instance == instance && tab->state != TAB_LOST) {
        message found;
        size_t used;
        message_found what =
            message_find(tab->in.data + tab->taken, tab->in.size - tab->taken, &found, &used);
        if (what == MESSAGE_BROKEN || (what == MESSAGE_PART && is_too_large(host, tab))) {
            tab_lose(host, tab, "its process sent what is no message");
            return;
        }
        if (what == MESSAGE_PART)
            break;
        tab->taken += used;
        handle(host, tab, &found);
    }
    if (tab->instance != instance || tab->state == TAB_LOST || tab->taken == 0)
        return;
    tab->in.size -= tab->taken;
    memmove(tab->in.data, tab->in.data + tab->taken, tab->in.size);
    tab->taken = 0;
    if (tab->in.size == 0)
        message_fini(&tab->in);
}

/* Makes room for a frame at once, where its head says how long it is. */
static size_t room_for(const struct tab *tab)
{
    message_head head;
    if (tab->in.size < sizeof head)
        return READ_BYTES;
    memcpy(&head, tab->in.data, sizeof head);
    const uint64_t whole = head.size + sizeof head;
    if (head.size > MESSAGE_MAX_BYTES || whole <= tab->in.size || whole - tab->in.size < READ_BYTES)
        return READ_BYTES;
    return whole - tab->in.size > TURN_BYTES ? TURN_BYTES : (size_t)(whole - tab->in.size);
}

static void receive(struct host *host, struct tab *tab)
{
    size_t taken = 0;
    while (tab->socket >= 0 && taken < TURN_BYTES) { /* I2 */
        size_t room = room_for(tab);
        if (!message_reserve(&tab->in, room)) {
            tab_lose(host, tab, "the host is out of memory");
            return;
        }
        ssize_t got = recv(tab->socket, tab->in.data + tab->in.size, room, MSG_DONTWAIT);
        if (got < 0 && errno == EINTR)
            continue;
        if (got < 0 && (errno == EAGAIN || errno == EWOULDBLOCK))
            break;
        if (got <= 0) {
            note_gone(tab);
            break;
        }
        tab->in.size += (size_t)got;
        taken += (size_t)got;
        handle_frames(host, tab);
    }
    if (tab->in.size == 0)
        message_fini(&tab->in);
}

/* --- fetches --- */

static void hand_over(struct host *host, fetch_job *job)
{
    struct tab *tab = tab_find(host, job->tab);
    if (tab == NULL || tab->instance != job->instance)
        return;
    if (tab->fetching > 0)
        tab->fetching--;
    tab->fetching_bytes -= job->sent_bytes;
    if (job->is_aborted || tab->state == TAB_LOST || holds_too_much(host, tab, job->got.size))
        return;
    message_buffer *out = pages_out(tab);
    message_begin(out, MESSAGE_FETCHED, job->id);
    message_add_number(out, job->failed);
    message_add_text(out, job->why);
    message_add_number(out, job->status);
    message_add_text(out, job->final_url != NULL ? job->final_url : job->url);
    message_add(out, job->got_headers.data, job->got_headers.size);
    message_add(out, job->got.data, job->got.size);
    message_add_number(out, job->width);
    message_add_number(out, job->height);
    message_end(out);
    loop_send(host, tab);
}

static void take_fetched(struct host *host)
{
    for (fetch_job *job; (job = fetch_done(host)) != NULL; fetch_let_go(job)) {
        kept_take(job, !job->is_kept);
        if (job->number != 0)
            load_arrived(host, job);
        else
            hand_over(host, job);
    }
}

/* --- turns --- */

enum { OTHERS = 3 }; /* the zygote, the fetches, and the commands stand before the tabs */

/* Fills the list of what to wait for. */
static size_t list(struct host *host, int commands, struct pollfd *into, uint32_t *numbers)
{
    size_t count = OTHERS;
    into[0] = (struct pollfd){.fd = host->zygote, .events = POLLIN};
    into[1] = (struct pollfd){.fd = fetch_descriptor(host), .events = POLLIN};
    into[2] = (struct pollfd){.fd = commands, .events = POLLIN};
    for (size_t i = 0; i < host->tab_count; i++) {
        const struct tab *tab = host->tabs[i];
        if (tab->socket < 0)
            continue;
        const bool sends = tab->sent < tab->out.size;
        into[count] =
            (struct pollfd){.fd = tab->socket, .events = (short)(POLLIN | (sends ? POLLOUT : 0))};
        numbers[count++] = tab->number;
    }
    return count;
}

/* A process that is gone without the zygote having said so within a while. */
static void lose_gone(struct host *host)
{
    const uint64_t now_ns = firn_clock_ns();
    for (size_t i = 0; i < host->tab_count; i++) {
        struct tab *tab = host->tabs[i];
        if (tab->is_gone && now_ns - tab->gone_ns > GONE_MS * UINT64_C(1000000))
            tab_lose(host, tab, "its process ended");
    }
}

static void serve(struct host *host, const struct pollfd *ready, const uint32_t *numbers,
                  size_t count)
{
    for (size_t i = OTHERS; i < count; i++) {
        struct tab *tab = ready[i].revents != 0 ? tab_find(host, numbers[i]) : NULL;
        if (tab == NULL || tab->socket != ready[i].fd)
            continue;
        if ((ready[i].revents & POLLOUT) != 0)
            loop_send(host, tab);
        if ((ready[i].revents & (POLLIN | POLLHUP | POLLERR)) != 0 && tab->socket >= 0)
            receive(host, tab);
    }
    if (ready[0].revents != 0)
        pages_notice(host); /* behind what the pages sent before they ended */
    if (ready[1].revents != 0)
        take_fetched(host);
    lose_gone(host);
}

bool loop_turn(struct host *host, int timeout_ms, int commands)
{
    const size_t room = host->tab_count + OTHERS;
    struct pollfd *ready = firn_allocate(NULL, room * sizeof *ready);
    uint32_t *numbers = firn_allocate(NULL, room * sizeof *numbers);
    bool has_commands = false;
    tabs_heed(host);
    if (ready != NULL && numbers != NULL) {
        size_t count = list(host, commands, ready, numbers);
        if (poll(ready, count, timeout_ms) > 0) {
            has_commands = ready[2].revents != 0;
            serve(host, ready, numbers, count);
        }
    }
    firn_release(NULL, ready, room * sizeof *ready);
    firn_release(NULL, numbers, room * sizeof *numbers);
    return has_commands;
}

bool loop_wait_reply(struct host *host, struct tab *tab, uint64_t limit_ms)
{
    const uint64_t end_ns = firn_clock_ns() + limit_ms * 1000000;
    const uint32_t instance = tab->instance;
    while (!tab->has_reply && tab->state != TAB_LOST && tab->instance == instance) {
        const uint64_t now_ns = firn_clock_ns();
        if (now_ns >= end_ns)
            return false;
        const uint64_t left_ms = (end_ns - now_ns) / 1000000 + 1;
        (void)loop_turn(host, left_ms < 500 ? (int)left_ms : 500, -1);
    }
    return tab->has_reply && tab->state != TAB_LOST && tab->instance == instance;
}
