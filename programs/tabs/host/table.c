/* The tabs of a host, by number. */
#include "tabs/host/host.h"

#include <string.h>
#include <unistd.h>

const char *tab_state_name(tab_state state)
{
    static const char *const names[] = {"active", "warm", "cold", "frozen", "lost"};
    return names[state];
}

void tab_drop_text(char **kept)
{
    if (*kept != NULL)
        firn_release(NULL, *kept, strlen(*kept) + 1);
    *kept = NULL;
}

void tab_set_text_sized(char **kept, const char *text, size_t size)
{
    size = strnlen(text, size);
    char *copy = firn_allocate(NULL, size + 1);
    if (copy == NULL)
        return;
    memcpy(copy, text, size);
    copy[size] = '\0';
    tab_drop_text(kept);
    *kept = copy;
}

void tab_set_text(char **kept, const char *text)
{
    tab_set_text_sized(kept, text, strlen(text));
}

struct tab *tab_add(struct host *host)
{
    void *tabs = host->tabs;
    struct tab *tab = firn_allocate_zeroed(NULL, 1, sizeof *tab);
    if (tab == NULL ||
        !firn_grow(NULL, &tabs, &host->tab_room, host->tab_count + 1, sizeof *host->tabs)) {
        firn_release(NULL, tab, sizeof *tab);
        return NULL;
    }
    host->tabs = tabs;
    *tab = (struct tab){.number = ++host->next_number,
                        .state = TAB_LOST,
                        .socket = -1,
                        .due_ns = UINT64_MAX,
                        .used_ns = firn_clock_ns()};
    tab_set_text(&tab->url, "about:blank");
    tab_set_text(&tab->title, "");
    if (tab->url == NULL || tab->title == NULL) {
        tab_drop_text(&tab->url);
        tab_drop_text(&tab->title);
        firn_release(NULL, tab, sizeof *tab);
        return NULL;
    }
    host->tabs[host->tab_count++] = tab;
    return tab;
}

struct tab *tab_find(struct host *host, uint64_t number)
{
    size_t low = 0, high = host->tab_count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (host->tabs[middle]->number < number)
            low = middle + 1;
        else
            high = middle;
    }
    return low < host->tab_count && host->tabs[low]->number == number ? host->tabs[low] : NULL;
}

static void drop_visits(struct visits *visits)
{
    for (size_t i = 0; i < visits->count; i++)
        tab_drop_text(&visits->urls[i]);
    firn_release(NULL, visits->urls, visits->room * sizeof *visits->urls);
}

void tab_remove(struct host *host, struct tab *tab)
{
    size_t at = 0;
    while (host->tabs[at] != tab)
        at++;
    memmove(host->tabs + at, host->tabs + at + 1, (--host->tab_count - at) * sizeof *host->tabs);
    pages_stop(host, tab);
    if (tab->document != 0)
        fetch_abort_document(tab->document);
    images_let_go(host, tab);
    message_fini(&tab->in);
    message_fini(&tab->out);
    message_fini(&tab->held);
    message_fini(&tab->reply);
    message_fini(&tab->leaving);
    message_fini(&tab->image);
    drop_visits(&tab->visits);
    storage_drop(tab->session);
    tab_drop_text(&tab->url);
    tab_drop_text(&tab->title);
    tab_drop_text(&tab->failed);
    tab_drop_text(&tab->console);
    firn_release(NULL, tab, sizeof *tab);
    host->list_changed = true;
}

void tab_lose(struct host *host, struct tab *tab, const char *why)
{
    pages_stop(host, tab);
    if (tab->document != 0)
        fetch_abort_document(tab->document);
    images_let_go(host, tab);
    message_fini(&tab->image);
    message_fini(&tab->held);
    tab->state = TAB_LOST;
    tab->is_loading = false;
    tab->document = 0;
    tab_set_text(&tab->failed, why);
    if (!host->quiet)
        report("tab %u (%s): is lost: %s; `reload %u` opens it again", tab->number, tab->url, why,
               tab->number);
}
