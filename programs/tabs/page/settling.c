/* A page that has nothing to do gives back what the work before has left behind: it collects, drops
 * what scripts were compiled to, and the memory that is free then, as browsers do for pages that
 * are idle. What it has left to itself is what differs from the zygote. Then it tells the host,
 * which may have it share what it has alike with other pages of the same document.
 *
 * Invariants:
 *   I1  it is done once behind work, when the page has been idle for WAIT_NS, or busy for BUSY_NS,
 *       and takes at most a fiftieth of the time; where only timers work, less often each time
 *   I2  work is what has made pages of memory its own: a timer that only looks is none
 *   I3  a page that has more than LARGE_BYTES collects behind all that it was asked for, since a
 *       script may let go of much without taking any: 60 MB stayed
 *   I4  not while a document loads, unless nothing comes for LOADING_NS: where pages collect in the
 *       middle of that, each does at another place, and they have less alike
 */
#include "tabs/page/page.h"

#include <firn/system.h>

#include <sys/resource.h>
#include <unistd.h>

enum {
    WAIT_NS = 250 * 1000 * 1000,
    BUSY_NS = 1500 * 1000 * 1000, /* a chart is drawn anew in each frame of its first second */
    LOADING_NS = 2000 * 1000 * 1000,
    COST_FACTOR = 50,
    WORK_PAGES = 32,         /* I2 */
    COLLECT_BYTES = 1 << 20, /* of growth since the last collection, from which it pays */
    LARGE_BYTES = 32 << 20   /* I3 */
};
#define WAIT_MAX_NS (UINT64_C(600) * 1000 * 1000 * 1000)

/* Pages of memory that the process has touched first, or made its own. */
static uint64_t touched_pages(void)
{
    struct rusage used;
    return getrusage(RUSAGE_SELF, &used) == 0 ? (uint64_t)used.ru_minflt : 0;
}

/* What the process has worked, which is no longer where others work beside it. */
static uint64_t worked_ns(void)
{
    struct rusage used;
    if (getrusage(RUSAGE_SELF, &used) != 0)
        return 0;
    const uint64_t us = (uint64_t)(used.ru_utime.tv_usec + used.ru_stime.tv_usec);
    return (uint64_t)(used.ru_utime.tv_sec + used.ru_stime.tv_sec) * 1000000000 + us * 1000;
}

void page_worked(struct page *page, bool is_asked)
{
    struct settling *settling = &page->settling;
    const uint64_t now_ns = firn_clock_ns();
    if (is_asked || settling->wait_ns == 0)
        settling->wait_ns = WAIT_NS;
    settling->was_asked |= is_asked;
    const bool may_free = settling->was_asked && page->heap_bytes > LARGE_BYTES; /* I3 */
    if (settling->due_ns == UINT64_MAX && !may_free &&
        touched_pages() < settling->touched_pages + WORK_PAGES)
        return; /* I2 */
    if (settling->due_ns == UINT64_MAX || page->is_loading)
        settling->begun_ns = now_ns;
    uint64_t wait_ns =
        settling->wait_ns > settling->cost_ns ? settling->wait_ns : settling->cost_ns;
    if (page->is_loading && wait_ns < LOADING_NS)
        wait_ns = LOADING_NS; /* I4 */
    const uint64_t last_ns = settling->begun_ns + (wait_ns > BUSY_NS ? wait_ns : BUSY_NS);
    settling->due_ns = now_ns + wait_ns < last_ns ? now_ns + wait_ns : last_ns; /* I1 */
}

void page_collect(struct page *page, size_t grown_bytes, bool forgets)
{
    const bool may_free = page->settling.was_asked && page->heap_bytes > LARGE_BYTES; /* I3 */
    if (page_heap_bytes() <= page->heap_bytes + grown_bytes && !may_free)
        return;
    if (forgets)
        engine_forget(page->engine);
    else
        engine_collect(page->engine);
    page->heap_bytes = page_heap_bytes();
    page->settling.was_asked = false;
}

static void give_back(struct page *page)
{
    uint64_t bytes;
    page_collect(page, COLLECT_BYTES, true);
    message_fini(&page->in);
    message_fini(&page->answer);
    page_trim(false);
    (void)!firn_process_merge(page->zygote, &bytes, NULL); /* it is whole all the same */
}

void page_settle(struct page *page)
{
    struct settling *settling = &page->settling;
    const uint64_t began_ns = worked_ns();
    settling->due_ns = UINT64_MAX;
    confine_time(page->about.seconds);
    give_back(page);
    confine_time(0);
    settling->touched_pages = touched_pages();
    settling->cost_ns = (worked_ns() - began_ns) * COST_FACTOR;
    settling->wait_ns =
        settling->wait_ns < WAIT_MAX_NS / 2 ? 2 * settling->wait_ns : WAIT_MAX_NS; /* I1 */
    message_begin(&page->out, MESSAGE_SETTLED, 0);
    message_end(&page->out);
    page_send(page);
}

/* Answers with how much it was; with nothing where it failed, and the page is whole all the same.
 */
static void share(struct page *page, message *from)
{
    firn_process_share_result result = {0};
    const bool writes = from->kind == MESSAGE_WRITE;
    const firn_process_share_options options = {
        .least_percent = writes ? 0 : (unsigned)message_take_number(from)};
    firn_status status =
        writes ? firn_process_share_write(page->zygote, NULL, from->descriptor, &result, NULL)
               : firn_process_share_map(page->zygote, &options, from->descriptor, &result, NULL);
    if (status != FIRN_OK)
        result = (firn_process_share_result){0};
    message_begin(&page->out, writes ? MESSAGE_WRITTEN : MESSAGE_SHARED, 0);
    if (!writes)
        message_add_number(&page->out, result.private_bytes);
    message_add_number(&page->out, result.shared_bytes);
    message_end(&page->out);
}

void page_share(struct page *page, message *from)
{
    struct settling *settling = &page->settling;
    const uint64_t began_ns = worked_ns();
    confine_time(page->about.seconds);
    confine_memory(false);
    share(page, from);
    confine_memory(true);
    confine_time(0);
    (void)close(from->descriptor);
    settling->touched_pages = touched_pages(); /* I2 */
    settling->cost_ns += (worked_ns() - began_ns) * COST_FACTOR;
    page_send(page);
}
