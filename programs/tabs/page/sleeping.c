/* A page falls asleep: it collects what it does not need, packs itself, hands its image to the
 * host, and stays as a husk until the image comes back, or the host ends it. A page that is rebuilt
 * in another process goes on where the image was made.
 *
 * I1  in the husk nothing is there that was made after the template: what it needs is in its
 * context I2  the socket has the same number in every process of a page */
#include "tabs/dom/dormant.h"
#include "tabs/page/page.h"

#include <firn/checksum.h>
#include <firn/system.h>

#include <string.h>
#include <unistd.h>

enum {
    COLLECT_BYTES = 2 << 20, /* of growth since the last collection, from which it pays */
    SLEEP_NODES = 4096,      /* whose own packing pays */
    OWN_SECONDS = 60,        /* more, for what is no script's doing: to collect, to pack */
};

struct husk_about {
    uint64_t due_us; /* until its next timer */
};

static void send_or_end(message_buffer *out)
{
    if (!message_send(ZYGOTE_SOCKET, out))
        _exit(0);
}

static void hand_out(const firn_process_husk *husk, message_buffer *out)
{
    const struct husk_about *about = husk->context; /* I1 */
    firn_process_image_info info = {0};
    firn_error error;
    (void)!firn_process_image_look(husk->image, husk->image_bytes, &info, &error);
    message_begin(out, MESSAGE_ASLEEP, 0);
    message_add_number(out, about->due_us);
    message_add_number(out, info.private_bytes);
    message_add_number(out, firn_crc32c(0, husk->image, husk->image_bytes));
    message_end(out);
    const message_head head = {.kind = MESSAGE_PACKED, .size = husk->image_bytes};
    message_add_raw(out, &head, sizeof head);
    send_or_end(out);
    if (!message_send_bytes(ZYGOTE_SOCKET, husk->image, husk->image_bytes))
        _exit(0);
}

/* Tells what came to be woken from: the husk as well as another process does, before they become
 * what it holds. */
static void tell_what_came(message_buffer *out, const message *image)
{
    message_begin(out, MESSAGE_WAKING, 0);
    const size_t own = image->id < image->size ? image->id : image->size; /* without its base */
    message_add_number(out, firn_crc32c(0, image->payload, own));
    message_end(out);
    send_or_end(out);
}

static void be_husk(firn_process_husk *husk, const void **ret_image, size_t *ret_image_bytes)
{
    char space[512]; /* the heap's pages would become the husk's own */
    message_buffer out = {.data = space, .room = sizeof space}, in = {0};
    message from;
    if (husk->refused == FIRN_OK) {
        hand_out(husk, &out);
    } else {
        message_begin(&out, MESSAGE_REFUSED, 0);
        message_add_text(&out, husk->error.text);
        message_end(&out);
        send_or_end(&out);
    }
    firn_process_husk_drop(husk);
    if (!message_receive(ZYGOTE_SOCKET, &in, &from) || from.kind != MESSAGE_WAKE)
        _exit(0);
    tell_what_came(&out, &from);
    *ret_image = from.payload;
    *ret_image_bytes = from.size;
}

static void give_back(struct page *page, bool for_long)
{
    message_fini(&page->in);
    message_fini(&page->answer);
    page_trim(for_long); /* zeros take no room in an image: that of a dashboard is an eighth less */
}

/* What has forms of its own asleep: nodes as long as the page is, style sheets until a script asks
 * for them. The image of the documentation of Python's os, with 31,000 nodes, is 18 % smaller by
 * that of the nodes, that of a dashboard no smaller; but 13 % by that of the style sheets, which it
 * has asked for computed style. */
struct asleep {
    void *nodes; /* NULL: not put to sleep */
    size_t nodes_bytes;
};

/* Nothing may be collected from here on. */
static struct asleep put_to_sleep(struct page *page)
{
    struct asleep asleep = {0};
    dom *all = engine_dom(page->engine);
    dom_usage usage;
    engine_sheets_sleep(page->engine);
    dom_usage_get(all, &usage);
    if (usage.node_count >= SLEEP_NODES &&
        dom_dormant_pack(all, NULL, &asleep.nodes, &asleep.nodes_bytes) == FIRN_OK)
        dom_dormant_empty(all);
    return asleep;
}

static void wake(struct page *page, struct asleep *asleep)
{
    firn_status status = FIRN_OK;
    if (asleep->nodes != NULL)
        status = dom_dormant_restore(engine_dom(page->engine), asleep->nodes, asleep->nodes_bytes);
    if (status != FIRN_OK)
        _exit(1); /* no memory: the tab is lost, as for any other page that runs out of it */
    firn_release(NULL, asleep->nodes, asleep->nodes_bytes);
}

/* What the socket still has of the image to be packed against. */
static size_t base_left;

static bool read_base(void *context, void *to, size_t bytes)
{
    (void)context;
    base_left = 0;
    return message_receive_bytes(ZYGOTE_SOCKET, to, bytes);
}

/* Packing failed before it came to that. */
static void pass_over_base(void)
{
    char some[512];
    while (base_left > 0) {
        const size_t part = base_left < sizeof some ? base_left : sizeof some;
        if (!message_receive_bytes(ZYGOTE_SOCKET, some, part))
            _exit(0);
        base_left -= part;
    }
}

void page_sleep(struct page *page, int level, size_t base_bytes)
{
    firn_process_result result;
    firn_error error = {0};
    struct asleep asleep = {0};
    confine_time(page->about.seconds + OWN_SECONDS);
    confine_memory(false);
    (void)!firn_process_share_end(page->zygote, NULL); /* what is free is to become zeros */
    confine_memory(true);
    page_collect(page, COLLECT_BYTES, level > 1); /* an image holds all that is not given back */
    if (level > 1)
        asleep = put_to_sleep(page);
    give_back(page, level > 1);
    page->settling.due_ns = UINT64_MAX; /* that was it: what wakes it has an answer at once */
    page->settling.touched_pages = 0;   /* a new process counts anew */
    confine_time(0);
    confine_memory(false);
    const uint64_t now_ns = firn_clock_ns();
    const struct husk_about about = {
        .due_us = page->wake_ns == UINT64_MAX ? UINT64_MAX
                  : page->wake_ns <= now_ns   ? 0
                                              : (page->wake_ns - now_ns) / 1000,
    };
    const firn_process_hibernate_options options = {
        .husk = be_husk,
        .context = &about,
        .context_bytes = sizeof about,
        .level = level,
        .base_bytes = base_bytes,
        .base_read = read_base,
    };
    base_left = base_bytes;
    firn_status status = firn_process_hibernate(page->zygote, &options, &result, &error);
    if (status != FIRN_OK)
        pass_over_base();
    wake(page, &asleep); /* they may need more than they had for a moment */
    confine_memory(true);
    message_begin(&page->out, status == FIRN_OK ? MESSAGE_AWAKE : MESSAGE_REFUSED, 0);
    if (status == FIRN_OK)
        message_add_number(&page->out, result.restore_ns);
    else
        message_add_text(&page->out, error.text);
    message_end(&page->out);
    page_send(page);         /* I2 */
    page_worked(page, true); /* all of it is its own again, to be shared */
}

void page_rebuild(struct page *page, const message *image)
{
    firn_error error = {0};
    confine_memory(false);
    tell_what_came(&page->out, image);
    (void)!firn_process_rebuild(page->zygote, image->payload, image->size, &error);
    message_begin(&page->out, MESSAGE_REFUSED, 0);
    message_add_text(&page->out, error.text);
    message_end(&page->out);
    page_send(page);
    _exit(1);
}
