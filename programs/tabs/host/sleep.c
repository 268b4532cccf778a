/* Tabs fall asleep and wake.
 *
 *     active -> warm     packed quickly; a husk of the process stays, the image is in RAM
 *            -> cold     packed well, the image in RAM, and no process: a husk takes 0.3 MB, most
 * of it the kernel's, and a new process in its place 2 ms
 *            -> frozen   the image is in the store
 *
 * A tab that is to go from warm to another state wakes first, as only its own process can pack it
 * anew; a cold one's image goes to the store as it is.
 *
 * I1  from the sending of MESSAGE_SLEEP on the tab has the state that it is going to: all else that
 *     is sent to it is held
 * I2  a tab that was told to be frozen is listed by the next host, whenever this one is killed */
#include "tabs/host/host.h"

#include <malloc.h>
#include <string.h>

enum { LEVEL_WARM = 1, LEVEL_COLD = 9, FETCH_MS = 5000 };
enum { REPLY_MS = 300000 }; /* a large page on a busy machine: it would be lost with its state */

static bool refuse(char *why, size_t size, const char *text)
{
    snprintf(why, size, "%s", text);
    return false;
}

/* A page that waits for an answer goes to sleep when it has it; not for ever. */
static void wait_for_fetches(struct host *host, struct tab *tab)
{
    const uint64_t end_ns = firn_clock_ns() + FETCH_MS * UINT64_C(1000000);
    while ((tab->fetching > 0 || tab->is_loading) && tab->state == TAB_ACTIVE &&
           firn_clock_ns() < end_ns)
        (void)loop_turn(host, 100, -1);
}

/* Gives back what the buffer has beyond its image. */
static void trim_image(message_buffer *image)
{
    if (image->size == 0 || image->size == image->room)
        return;
    char *trimmed = firn_reallocate(NULL, image->data, image->room, image->size);
    if (trimmed == NULL)
        return;
    image->data = trimmed;
    image->room = image->size;
}

/* Takes the page's word about its image. base: what it was told to stand on, or NULL. */
static bool note_asleep(struct host *host, struct tab *tab, struct image *base)
{
    message reply;
    size_t used;
    if (message_find(tab->reply.data, tab->reply.size, &reply, &used) != MESSAGE_WHOLE)
        return false;
    const uint64_t due_us = message_take_number(&reply);
    tab->plain_bytes = message_take_number(&reply);
    tab->packed_crc = (uint32_t)message_take_number(&reply);
    tab->image_bytes = tab->image.size;
    tab->asleep_ns = firn_clock_ns();
    tab->due_ns = due_us >= UINT64_MAX / 2000 ? UINT64_MAX : tab->asleep_ns + due_us * 1000;
    message_fini(&tab->reply);
    trim_image(&tab->image);
    tab->own = images_add(tab->url, &tab->image);
    if (tab->own == NULL)
        return false;
    tab->own->number = ++host->next_image;
    tab->own->is_quick = tab->state == TAB_WARM;
    if (base != NULL && tab->own->base_id == base->id) {
        images_hold(base);
        tab->base = base;
    }
    return true;
}

static message_kind reply_kind(const struct tab *tab)
{
    message reply;
    size_t used;
    if (message_find(tab->reply.data, tab->reply.size, &reply, &used) != MESSAGE_WHOLE)
        return MESSAGE_KIND_END;
    return reply.kind;
}

static void reply_text(const struct tab *tab, char *why, size_t size)
{
    message reply;
    size_t used;
    if (message_find(tab->reply.data, tab->reply.size, &reply, &used) == MESSAGE_WHOLE)
        snprintf(why, size, "%s", message_take_text(&reply));
}

/* --- waking --- */

static void release_held(struct host *host, struct tab *tab)
{
    tab->state = TAB_ACTIVE;
    images_let_go(host, tab);
    message_fini(&tab->reply);
    tab->due_ns = UINT64_MAX;
    message_add_raw(&tab->out, tab->held.data, tab->held.size);
    message_fini(&tab->held);
    loop_send(host, tab);
}

static bool lose(struct host *host, struct tab *tab, char *why, size_t size)
{
    char text[300];
    snprintf(text, sizeof text, "%.250s", why[0] != '\0' ? why : "it does not wake");
    tab_lose(host, tab, text);
    return refuse(why, size, text);
}

static void add_images(struct tab *tab)
{
    const struct image *const both[] = {tab->own, tab->base};
    message_head head = {.kind = MESSAGE_WAKE};
    for (size_t i = 0; i < 2; i++)
        head.size += both[i] != NULL ? both[i]->data.size : 0;
    head.id = tab->own != NULL ? (uint32_t)tab->own->data.size : 0;
    (void)!message_reserve(&tab->out, sizeof head + (size_t)head.size); /* at once */
    message_add_raw(&tab->out, &head, sizeof head);
    for (size_t i = 0; i < 2; i++) {
        if (both[i] != NULL)
            message_add_raw(&tab->out, both[i]->data.data, both[i]->data.size);
    }
}

bool sleep_wake(struct host *host, struct tab *tab, char *why, size_t size)
{
    firn_error error;
    why[0] = '\0';
    if (tab->state == TAB_LOST)
        return refuse(why, size, tab->failed != NULL ? tab->failed : "it is lost");
    if (tab->state == TAB_ACTIVE)
        return true;
    if (tab->state != TAB_WARM && !pages_start(host, tab, true)) /* while its image is read */
        return refuse(why, size, tab->failed);
    if (images_bring(host, tab->own, &error) != FIRN_OK ||
        images_bring(host, tab->base, &error) != FIRN_OK) {
        snprintf(why, size, "%s", error.text);
        return lose(host, tab, why, size);
    }
    const uint32_t instance = tab->instance;
    tab->has_reply = false;
    add_images(tab);
    loop_send(host, tab);
    const bool replied = loop_wait_reply(host, tab, REPLY_MS);
    if (tab->state != TAB_LOST && tab->instance != instance)
        return true; /* with another document */
    if (replied && reply_kind(tab) == MESSAGE_AWAKE) {
        release_held(host, tab);
        return true;
    }
    if (tab->state == TAB_LOST)
        return refuse(why, size, tab->failed);
    if (replied)
        reply_text(tab, why, size);
    return lose(host, tab, why, size);
}

/* --- falling asleep --- */

static bool freeze_image(struct host *host, struct tab *tab, char *why, size_t size)
{
    firn_error error;
    if (images_freeze(host, tab, &error) == FIRN_OK) {
        if (host->list_changed)
            saved_list_write(host); /* I2 */
        (void)malloc_trim(0);
        return true;
    }
    snprintf(why, size, "%s", error.text);
    return false;
}

/* Tells the page to sleep, with the base that it is to be packed against behind that. */
static void tell_to_sleep(struct host *host, struct tab *tab, const struct image *base)
{
    alike_leave(host, tab);
    message_begin(&tab->out, MESSAGE_SLEEP, 0);
    message_add_number(&tab->out, tab->state == TAB_WARM ? LEVEL_WARM : LEVEL_COLD);
    message_add_number(&tab->out, base != NULL ? base->data.size : 0);
    message_end(&tab->out);
    if (base != NULL)
        message_add_raw(&tab->out, base->data.data, base->data.size);
    loop_send(host, tab);
}

static bool pack_against(struct host *host, struct tab *tab, struct image *base, char *why,
                         size_t size)
{
    const uint32_t instance = tab->instance;
    tab->has_reply = false;
    tell_to_sleep(host, tab, base);
    const bool replied = loop_wait_reply(host, tab, REPLY_MS);
    if (tab->state == TAB_LOST)
        return refuse(why, size, tab->failed);
    if (tab->instance != instance)
        return refuse(why, size, "it goes to another document");
    if (!replied) {
        snprintf(why, size, "it does not fall asleep");
        return lose(host, tab, why, size);
    }
    if (reply_kind(tab) != MESSAGE_ASLEEP) {
        reply_text(tab, why, size);
        release_held(host, tab);
        return false;
    }
    if (!note_asleep(host, tab, base)) {
        snprintf(why, size, "%s", firn_status_text(FIRN_NO_MEMORY));
        return lose(host, tab, why, size);
    }
    if (tab->state != TAB_WARM)
        pages_stop(host, tab);
    (void)malloc_trim(0); /* of what it took to get there */
    return true;
}

static bool pack(struct host *host, struct tab *tab, tab_state to, char *why, size_t size)
{
    firn_error error;
    wait_for_fetches(host, tab);
    if (tab->state != TAB_ACTIVE)
        return refuse(why, size, tab->failed != NULL ? tab->failed : "it is lost");
    struct image *base = to != TAB_WARM ? images_base_for(host, tab) : NULL;
    if (base != NULL && images_bring(host, base, &error) != FIRN_OK)
        base = NULL; /* those that stand on it are told when they wake */
    if (base != NULL)
        images_hold(base);
    tab->state = to; /* I1 */
    const bool packed = pack_against(host, tab, base, why, size);
    images_settle(host, base);
    images_drop(host, &base);
    return packed;
}

bool sleep_move(struct host *host, struct tab *tab, tab_state to, char *why, size_t size)
{
    why[0] = '\0';
    if (tab->state == TAB_LOST)
        return refuse(why, size, tab->failed != NULL ? tab->failed : "it is lost");
    if (tab->state == to)
        return true;
    if (to == TAB_ACTIVE)
        return sleep_wake(host, tab, why, size);
    if (tab->state == TAB_COLD && to == TAB_FROZEN)
        return freeze_image(host, tab, why, size);
    if (!sleep_wake(host, tab, why, size))
        return false;
    if (!pack(host, tab, to == TAB_FROZEN ? TAB_COLD : to, why, size))
        return false;
    return to != TAB_FROZEN || freeze_image(host, tab, why, size);
}
