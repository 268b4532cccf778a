/* Who is to sleep: tabs that no command has touched for long, and, where memory is short, those
 * touched longest ago first.
 *
 * I1  a tab that fetches or loads is left alone; so is one that was just touched
 * I2  a step moves one tab at most for want of memory, and looks again at the next */
#include "tabs/host/host.h"

enum { LOOK_MS = 2000, STEP_MS = 20, IDLE_MS = 60000, HUSK_BYTES = 200 << 10 };
enum { SAVE_MS = 5, SAVE_MAX_MS = 1000 };

static void note_failure(const struct host *host, const struct tab *tab, const char *why)
{
    if (!host->quiet && tab->state != TAB_LOST)
        report("tab %u: %s", tab->number, why);
}

static void move(struct host *host, struct tab *tab, tab_state to)
{
    char why[300];
    if (!sleep_move(host, tab, to, why, sizeof why)) {
        note_failure(host, tab, why);
        tab->used_ns = firn_clock_ns(); /* not at once again */
    }
}

/* --- by age --- */

static tab_state state_at(const struct host *host, uint64_t age_ns)
{
    return age_ns >= host->frozen_ns ? TAB_FROZEN
           : age_ns >= host->cold_ns ? TAB_COLD
           : age_ns >= host->warm_ns ? TAB_WARM
                                     : TAB_ACTIVE;
}

static uint64_t age_of(const struct host *host, tab_state state)
{
    return state == TAB_WARM ? host->warm_ns : state == TAB_COLD ? host->cold_ns : host->frozen_ns;
}

static bool may_sleep(const struct tab *tab)
{
    return tab->state != TAB_LOST && tab->fetching == 0 && !tab->is_loading; /* I1 */
}

/* Moves the first tab that is to move; *wait_ms becomes the time until the next is. */
static bool step_age(struct host *host, uint64_t now_ns, uint64_t *wait_ns)
{
    for (size_t i = 0; i < host->tab_count; i++) {
        struct tab *tab = host->tabs[i];
        if (!may_sleep(tab))
            continue;
        const uint64_t age_ns = now_ns - tab->used_ns;
        const tab_state to = state_at(host, age_ns);
        if (to > tab->state) {
            move(host, tab, to);
            return true;
        }
        if (tab->state < TAB_FROZEN) {
            const uint64_t next = age_of(host, (tab_state)(tab->state + 1));
            if (next > age_ns && next - age_ns < *wait_ns)
                *wait_ns = next - age_ns;
        }
    }
    return false;
}

/* --- by their timers --- */

static bool step_timers(struct host *host, uint64_t now_ns, uint64_t *wait_ns)
{
    char why[300];
    for (size_t i = 0; i < host->tab_count && host->wakes_timers; i++) {
        struct tab *tab = host->tabs[i];
        if (tab->state == TAB_ACTIVE || tab->state == TAB_LOST || tab->due_ns == UINT64_MAX)
            continue;
        if (tab->due_ns <= now_ns) {
            if (!sleep_wake(host, tab, why, sizeof why))
                note_failure(host, tab, why);
            (void)loop_turn(host, STEP_MS, -1); /* its timers run before it is too old again */
            return true;
        }
        if (tab->due_ns - now_ns < *wait_ns)
            *wait_ns = tab->due_ns - now_ns;
    }
    return false;
}

/* --- by memory --- */

static uint64_t bytes_of(const struct tab *tab, uint64_t *shared_bytes)
{
    if (tab->state == TAB_ACTIVE && tab->process > 0)
        return stats_pss(tab->process, shared_bytes);
    return images_bytes(tab) + (tab->state == TAB_WARM ? HUSK_BYTES : 0);
}

static bool is_short(struct host *host)
{
    uint64_t sum = 0, mapped = 0;
    const uint64_t limit = firn_memory_limit_bytes(), free_bytes = firn_memory_available_bytes();
    if (free_bytes > 0 && free_bytes < limit / 16)
        return true;
    for (size_t i = 0; i < host->tab_count && host->memory_bytes > 0; i++)
        sum += bytes_of(host->tabs[i], &mapped);
    const uint64_t alike = alike_bytes();
    sum += alike > mapped ? alike - mapped : 0; /* what of it no tab has mapped just now */
    return host->memory_bytes > 0 && sum > host->memory_bytes;
}

/* The tab of a state that was touched longest ago; never the one touched last of all. */
static struct tab *oldest(struct host *host, tab_state state)
{
    struct tab *found = NULL;
    uint64_t newest_ns = 0;
    for (size_t i = 0; i < host->tab_count; i++) {
        if (host->tabs[i]->used_ns > newest_ns)
            newest_ns = host->tabs[i]->used_ns;
    }
    for (size_t i = 0; i < host->tab_count; i++) {
        struct tab *tab = host->tabs[i];
        if (tab->state == state && may_sleep(tab) && tab->used_ns < newest_ns &&
            (found == NULL || tab->used_ns < found->used_ns))
            found = tab;
    }
    return found;
}

static bool step_memory(struct host *host)
{
    for (tab_state state = TAB_ACTIVE; state < TAB_FROZEN; state++) {
        struct tab *tab = oldest(host, state);
        if (tab != NULL) {
            move(host, tab, state == TAB_ACTIVE ? TAB_WARM : TAB_FROZEN);
            return true; /* I2 */
        }
    }
    return false;
}

/* Saves what has changed, which waits for the disk, once commands have paused: the next one would
 * wait with it. */
static void save(struct host *host, uint64_t now_ns, uint64_t *wait_ns)
{
    const uint64_t ms = UINT64_C(1000000);
    if (now_ns - host->asked_ns >= SAVE_MS * ms || now_ns - host->saved_ns >= SAVE_MAX_MS * ms) {
        if (host->list_changed || (host->list_moved && now_ns >= host->list_due_ns))
            saved_list_write(host);
        storage_save(host, false);
        host->saved_ns = now_ns;
    } else {
        *wait_ns = SAVE_MS * ms;
    }
}

static bool has_active(const struct host *host)
{
    for (size_t i = 0; i < host->tab_count; i++) {
        if (host->tabs[i]->state == TAB_ACTIVE)
            return true;
    }
    return false;
}

/* Keeps a spare process while tabs are opened; where nothing is awake there is none. */
static void keep_spare(struct host *host)
{
    host->wants_spare = host->wants_spare && has_active(host);
    if (host->wants_spare)
        pages_spare(host);
    else
        pages_spare_end(host);
}

int ageing_step(struct host *host)
{
    const uint64_t now_ns = firn_clock_ns();
    uint64_t wait_ns = IDLE_MS * UINT64_C(1000000);
    save(host, now_ns, &wait_ns);
    keep_spare(host);
    if (host->tab_count == 0)
        return (int)(wait_ns / 1000000);
    if (step_age(host, now_ns, &wait_ns) || step_timers(host, now_ns, &wait_ns))
        return 0;
    if (now_ns - host->looked_ns >= LOOK_MS * UINT64_C(1000000)) {
        if (is_short(host)) {
            pages_spare_end(host);
            host->wants_spare = false;
            if (step_memory(host))
                return 0;
        }
        host->looked_ns = now_ns;
    }
    if (wait_ns > LOOK_MS * UINT64_C(1000000))
        wait_ns = LOOK_MS * UINT64_C(1000000);
    return (int)(wait_ns / 1000000) + 1;
}
