/* A page's loop: frames of the host, and timers.
 *
 * I1  a script has a limit of time whenever it may run, and none is set while the page waits
 * I2  frames are handled one after the other, as they came: what came while a script waited for an
 *     answer comes before what is still in the socket */
#include "tabs/page/page.h"

#include <firn/system.h>

#include <errno.h>
#include <malloc.h>
#include <poll.h>
#include <string.h>
#include <unistd.h>

enum { KEPT_BYTES = 64 << 10 }; /* of buffers, between frames */

/* --- what the host asks for --- */

static void tell_loaded(struct page *page, bool failed, const char *text, size_t size)
{
    page->is_loading = false;
    message_begin(&page->out, MESSAGE_LOADED, 0);
    message_add(&page->out, text, size);
    message_add_number(&page->out, failed);
    message_end(&page->out);
    page_send(page);
}

/* White space as a title has it; its new size. */
static size_t squeeze(char *text, size_t size)
{
    size_t kept = 0;
    for (size_t i = 0; i < size; i++) {
        const bool is_space = strchr(" \t\n\f\r", text[i]) != NULL && text[i] != '\0';
        if (!is_space)
            text[kept++] = text[i];
        else if (kept > 0 && text[kept - 1] != ' ')
            text[kept++] = ' ';
    }
    return kept > 0 && text[kept - 1] == ' ' ? kept - 1 : kept;
}

static void look_whether_loaded(struct page *page)
{
    char *title;
    size_t size;
    if (engine_loaded(page->engine, &title, &size) != FIRN_OK)
        return;
    tell_loaded(page, false, title, squeeze(title, size));
    firn_release(NULL, title, size + 1);
}

static void load(struct page *page, message *from)
{
    size_t size;
    const char *url = message_take_text(from);
    const char *html = message_take(from, &size);
    page->began_ns = firn_clock_ns(); /* a spare may have waited for long */
    confine_memory(true);
    if (size == 0 && strcmp(url, "about:blank") == 0 && !page->has_document) {
        page->has_document = true; /* the zygote's */
        tell_loaded(page, false, "", 0);
        return;
    }
    page->is_loading = page->has_document = true;
    firn_status status = engine_load(page->engine, url, html, size);
    if (status != FIRN_OK) {
        const char *why = firn_status_text(status);
        tell_loaded(page, true, why, strlen(why));
    }
}

static void evaluate(struct page *page, message *from)
{
    char *text = NULL;
    size_t size = 0;
    const char *script = message_take(from, &size);
    firn_status status = engine_eval(page->engine, script, size, &text, &size);
    if (page->wake_ns <=
        firn_clock_ns()) /* what follows at once, such as a link that was clicked */
        engine_run_timers(page->engine);
    const char *why = firn_status_text(status);
    const bool has_text = status == FIRN_OK || status == FIRN_INVALID;
    message_begin(&page->out, MESSAGE_VALUE, 0);
    message_add_number(&page->out, status != FIRN_OK);
    message_add(&page->out, has_text ? text : why, has_text ? size : strlen(why));
    message_end(&page->out);
    if (has_text)
        firn_release(NULL, text, size + 1);
    page_send(page);
}

static void fetched(struct page *page, message *from)
{
    engine_response response;
    page_response(from, &response);
    if (from->id <= INT32_MAX) /* no script waits for it any more */
        engine_fetched(page->engine, from->id, &response);
}

static void handle(struct page *page, message *from)
{
    if (from->kind == MESSAGE_SLEEP) {
        const int level = (int)message_take_number(from);
        page_sleep(page, level, (size_t)message_take_number(from));
        return;
    }
    if (from->kind == MESSAGE_WAKE && !page->has_document)
        page_rebuild(page, from);
    if (from->kind == MESSAGE_WRITE || from->kind == MESSAGE_SHARE) {
        page_share(page, from);
        return;
    }
    confine_time(page->about.seconds); /* I1 */
    if (from->kind == MESSAGE_LOAD)
        load(page, from);
    else if (from->kind == MESSAGE_EVAL)
        evaluate(page, from);
    else if (from->kind == MESSAGE_FETCHED)
        fetched(page, from);
    if (page->is_loading)
        look_whether_loaded(page);
    confine_time(0);
    page_worked(page, true);
}

/* --- the loop --- */

static void fire(struct page *page)
{
    page->wake_ns = UINT64_MAX;
    confine_time(page->about.seconds); /* I1 */
    engine_run_timers(page->engine);
    if (page->is_loading)
        look_whether_loaded(page);
    confine_time(0);
    page_worked(page, false);
}

/* Handles what came while scripts waited for something else. */
static void handle_held(struct page *page)
{
    while (page->held.size > 0) { /* I2 */
        message_buffer held = page->held;
        message found;
        size_t used, at = 0;
        page->held = (message_buffer){0};
        while (message_find(held.data + at, held.size - at, &found, &used) == MESSAGE_WHOLE) {
            handle(page, &found);
            at += used;
        }
        message_fini(&held);
    }
}

static void trim(message_buffer *buffer)
{
    if (buffer->room > KEPT_BYTES)
        message_fini(buffer);
}

/* Waits for the host, or for what is due next; false: that is due. */
static bool wait_for_host(const struct page *page)
{
    struct pollfd host = {.fd = ZYGOTE_SOCKET, .events = POLLIN};
    const uint64_t now_ns = firn_clock_ns(), settle_ns = page->settling.due_ns;
    const uint64_t due_ns = page->wake_ns < settle_ns ? page->wake_ns : settle_ns;
    uint64_t ms = due_ns <= now_ns ? 0 : (due_ns - now_ns + 999999) / 1000000;
    int timeout = due_ns == UINT64_MAX ? -1 : ms > INT32_MAX ? INT32_MAX : (int)ms;
    int ready = poll(&host, 1, timeout);
    if (ready < 0 && errno != EINTR)
        _exit(1);
    return ready > 0;
}

void page_serve(struct page *page)
{
    for (;;) {
        message from;
        if (wait_for_host(page)) {
            if (!message_receive(ZYGOTE_SOCKET, &page->in, &from))
                _exit(0);
            handle(page, &from);
        } else if (page->settling.due_ns <= firn_clock_ns()) {
            page_settle(page);
        }
        if (page->wake_ns <= firn_clock_ns())
            fire(page);
        handle_held(page);
        trim(&page->in);
        trim(&page->out);
        trim(&page->answer);
    }
}
