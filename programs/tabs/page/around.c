/* What the engine asks of its page: time, random bytes, and, of the host, all else. */
#include "tabs/page/page.h"

#include <firn/system.h>

#include <string.h>
#include <sys/random.h>
#include <time.h>
#include <unistd.h>

void page_send(struct page *page)
{
    if (!message_send(ZYGOTE_SOCKET, &page->out))
        _exit(0);
}

static void print(void *context, const char *level, const char *text, size_t size)
{
    struct page *page = context;
    message_begin(&page->out, MESSAGE_PRINT, 0);
    message_add_text(&page->out, level);
    message_add(&page->out, text, size);
    message_end(&page->out);
    page_send(page);
}

static void wake_in(void *context, double ms)
{
    struct page *page = context;
    if (ms < 0 || !(ms < 1e15))
        page->wake_ns = UINT64_MAX;
    else
        page->wake_ns = firn_clock_ns() + (uint64_t)(ms * 1e6);
}

static double now(void *context)
{
    const struct page *page = context;
    return (double)(firn_clock_ns() - page->began_ns) / 1e6;
}

static double wall_time(void *context)
{
    struct timespec is;
    (void)context;
    clock_gettime(CLOCK_REALTIME, &is);
    return (double)is.tv_sec * 1e3 + (double)(is.tv_nsec / 1000000);
}

static void fill_random(void *context, void *data, size_t size)
{
    char *at = data;
    (void)context;
    while (size > 0) {
        ssize_t got = getrandom(at, size < 256 ? size : 256, 0);
        if (got <= 0)
            _exit(1); /* bytes that are not random would be worse */
        at += got;
        size -= (size_t)got;
    }
}

/* --- fetching --- */

static void add_request(message_buffer *out, const engine_request *request)
{
    message_add_text(out, request->method);
    message_add_text(out, request->url);
    message_add_text(out, request->headers);
    message_add(out, request->body, request->body_bytes);
}

static void send_fetch(struct page *page, uint32_t id, const engine_request *request)
{
    message_begin(&page->out, MESSAGE_FETCH, id);
    message_add_number(&page->out, (uint64_t)request->destination);
    add_request(&page->out, request);
    message_end(&page->out);
    page_send(page);
}

static void fetch(void *context, uint32_t id, const engine_request *request)
{
    send_fetch(context, id & INT32_MAX, request);
}

static void abort_fetch(void *context, uint32_t id)
{
    struct page *page = context;
    message_begin(&page->out, MESSAGE_ABORT, id & INT32_MAX);
    message_end(&page->out);
    page_send(page);
}

/* Waits for one frame; all others are held. */
static void wait_for(struct page *page, message_kind kind, uint32_t id, message *ret_message)
{
    for (;;) {
        if (!message_receive(ZYGOTE_SOCKET, &page->answer, ret_message))
            _exit(0);
        if (ret_message->kind == kind && ret_message->id == id)
            return;
        if (ret_message->descriptor >= 0) { /* what is shared is shared another time */
            (void)close(ret_message->descriptor);
            continue;
        }
        message_begin(&page->held, ret_message->kind, ret_message->id);
        message_add_raw(&page->held, ret_message->payload, ret_message->size);
        message_end(&page->held);
        if (page->held.failed)
            _exit(1);
    }
}

static void fetch_now(void *context, const engine_request *request, engine_response *ret_response)
{
    struct page *page = context;
    message got;
    const uint32_t id = (uint32_t)INT32_MAX + 1 + (page->waiting_id++ & INT32_MAX);
    send_fetch(page, id, request);
    confine_time(0); /* the host has limits of its own for it */
    wait_for(page, MESSAGE_FETCHED, id, &got);
    confine_time(page->about.seconds);
    page_response(&got, ret_response);
}

/* --- going elsewhere --- */

static void navigate(void *context, const engine_request *request, bool replace)
{
    struct page *page = context;
    message_begin(&page->out, MESSAGE_NAVIGATE, 0);
    add_request(&page->out, request);
    message_add_number(&page->out, replace);
    message_end(&page->out);
    page_send(page);
}

static void traverse(void *context, int delta)
{
    struct page *page = context;
    message_begin(&page->out, MESSAGE_TRAVERSE, 0);
    message_add_number(&page->out, (uint64_t)((int64_t)delta + INT32_MAX + 1));
    message_end(&page->out);
    page_send(page);
}

static void moved(void *context, const char *url, const char *title)
{
    struct page *page = context;
    message_begin(&page->out, MESSAGE_MOVED, 0);
    message_add_text(&page->out, url);
    message_add_text(&page->out, title);
    message_end(&page->out);
    page_send(page);
}

/* --- storage --- */

static void store(void *context, bool session, const char *key, size_t key_bytes, const char *value,
                  size_t value_bytes)
{
    struct page *page = context;
    const message_store what = key == NULL     ? MESSAGE_STORE_CLEAR
                               : value == NULL ? MESSAGE_STORE_REMOVE
                                               : MESSAGE_STORE_SET;
    message_begin(&page->out, MESSAGE_STORE, 0);
    message_add_number(&page->out, session);
    message_add_number(&page->out, (uint64_t)what);
    message_add(&page->out, key, key != NULL ? key_bytes : 0);
    message_add(&page->out, value, value != NULL ? value_bytes : 0);
    message_end(&page->out);
    page_send(page);
}

static void stored(void *context, bool session,
                   void (*visit)(void *visitor, const char *key, size_t key_bytes,
                                 const char *value, size_t value_bytes),
                   void *visitor)
{
    struct page *page = context;
    message got;
    message_begin(&page->out, MESSAGE_ASK, 0);
    message_add_number(&page->out, session);
    message_end(&page->out);
    page_send(page);
    wait_for(page, MESSAGE_STORED, 0, &got);
    message_buffer pairs = page->answer; /* a visitor may ask for something itself */
    page->answer = (message_buffer){0};
    while (!message_is_at_end(&got)) {
        size_t key_bytes, value_bytes;
        const char *key = message_take(&got, &key_bytes);
        const char *value = message_take(&got, &value_bytes);
        if (!got.broken)
            visit(visitor, key, key_bytes, value, value_bytes);
    }
    message_fini(&pairs);
}

void page_response(message *from, engine_response *ret_response)
{
    *ret_response = (engine_response){0};
    const bool failed = message_take_number(from) != 0;
    const char *error = message_take_text(from);
    ret_response->error = failed ? error : NULL;
    ret_response->status = (unsigned)message_take_number(from);
    ret_response->url = message_take_text(from);
    ret_response->headers = message_take_text(from);
    ret_response->body = message_take(from, &ret_response->body_bytes);
    ret_response->width = (unsigned)message_take_number(from);
    ret_response->height = (unsigned)message_take_number(from);
}

void page_hooks(struct page *page, engine_hooks *ret_hooks)
{
    *ret_hooks = (engine_hooks){
        .print = print,
        .wake_in = wake_in,
        .now = now,
        .time = wall_time,
        .random = fill_random,
        .fetch = fetch,
        .abort = abort_fetch,
        .fetch_now = fetch_now,
        .navigate = navigate,
        .traverse = traverse,
        .moved = moved,
        .store = store,
        .stored = stored,
        .context = page,
    };
}
