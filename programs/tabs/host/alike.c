/* Tabs of the same document that are awake hold once what they have alike.
 *
 * A page that has settled says so. Of two of one URL (without query and fragment; images.c says why
 * no others) one writes its pages into a file in memory, which is sealed and offered to both, and
 * to those that settle later: each maps what it has alike, and tells how much. Where two of them
 * still have much to themselves, as pages of one document run in one of a few ways, by what came
 * first, or have all worked since, one of these writes that into another file.
 *
 *     page                        host
 *     SETTLED                  ->
 *                              <- WRITE, a new file
 *     WRITTEN                  ->  seals it
 *                              <- SHARE, to it and to the others that have settled
 *     SHARED                   ->  goes on with the next file
 *
 * Invariants:
 *   A1  nobody waits: a page that does not answer within ANSWER_MS is one that shares nothing
 *   A2  a page gets files of its own document only, and only sealed ones to map. It could read
 * there all that the writer had in memory, as in the image that its own stands on A3  a file is
 * kept while an awake tab maps from it, or was just told to */
#include "tabs/host/host.h"

#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum {
    WRITES_MAX = 2,         /* of a page */
    LEAST_PERCENT = 10,     /* of what a page has to itself, for which it maps */
    MUCH_BYTES = 512 << 10, /* to itself, for which it writes */
    ANSWER_MS = 10000,
};

struct alike_file {
    struct alike_file *next;
    char *url;       /* of the document */
    uint64_t number; /* counts them */
    int descriptor;
    bool is_sealed;
    uint64_t began_ns;
};

static struct alike_file *files;
static uint64_t last_number;

static bool is_over(uint64_t since_ns)
{
    return firn_clock_ns() - since_ns > ANSWER_MS * UINT64_C(1000000);
}

static uint64_t file_bytes(const struct alike_file *file)
{
    struct stat about;
    return fstat(file->descriptor, &about) == 0 ? (uint64_t)about.st_blocks * 512 : 0;
}

/* --- files --- */

static struct alike_file *find(uint64_t number)
{
    struct alike_file *file = files;
    while (file != NULL && file->number != number)
        file = file->next;
    return file;
}

static void drop(struct alike_file *file)
{
    struct alike_file **at = &files;
    while (*at != file)
        at = &(*at)->next;
    *at = file->next;
    (void)close(file->descriptor);
    tab_drop_text(&file->url);
    firn_release(NULL, file, sizeof *file);
}

static struct alike_file *add(const struct tab *writer)
{
    firn_error error;
    struct alike_file *file = firn_allocate_zeroed(NULL, 1, sizeof *file);
    if (file == NULL)
        return NULL;
    tab_set_text(&file->url, writer->url);
    if (file->url == NULL || firn_process_share_create(&file->descriptor, &error) != FIRN_OK) {
        tab_drop_text(&file->url);
        firn_release(NULL, file, sizeof *file);
        return NULL;
    }
    file->number = ++last_number;
    file->began_ns = firn_clock_ns();
    file->next = files;
    files = file;
    return file;
}

static bool has_use(const struct tab *tab, uint64_t number)
{
    bool has = false;
    for (size_t i = 0; i < tab->sharing.use_count; i++)
        has |= tab->sharing.uses[i] == number;
    return has;
}

/* A3, and A1 for those that write. */
static void sweep(const struct host *host)
{
    for (struct alike_file *file = files, *next; file != NULL; file = next) {
        bool is_used = !file->is_sealed && !is_over(file->began_ns);
        next = file->next;
        for (size_t i = 0; i < host->tab_count && !is_used; i++)
            is_used =
                host->tabs[i]->sharing.file == file->number || has_use(host->tabs[i], file->number);
        if (!is_used)
            drop(file);
    }
}

/* --- what pages are told --- */

static bool tell(struct tab *tab, message_kind kind, uint64_t number, const struct alike_file *file)
{
    if (tab->socket < 0 || tab->out.size > tab->sent)
        return false;
    message_fini(&tab->out);
    tab->sent = 0;
    message_begin(&tab->out, kind, 0);
    message_add_number(&tab->out, number);
    message_end(&tab->out);
    const bool is_sent = message_send_with(tab->socket, &tab->out, file->descriptor);
    message_fini(&tab->out);
    if (!is_sent)
        return false;
    tab->sharing.file = file->number;
    tab->sharing.told_ns = firn_clock_ns();
    return true;
}

static bool may_be_told(const struct tab *tab)
{
    const struct sharing *is = &tab->sharing;
    return tab->state == TAB_ACTIVE && is->is_settled && (is->file == 0 || is_over(is->told_ns));
}

/* The oldest sealed file that the tab has not tried. */
static struct alike_file *untried(const struct tab *tab)
{
    struct alike_file *found = NULL;
    for (struct alike_file *file = files; file != NULL; file = file->next) {
        if (file->is_sealed && file->number > tab->sharing.tried &&
            images_alike(file->url, tab->url) && (found == NULL || file->number < found->number))
            found = file;
    }
    return found;
}

/* What it has to itself is not known before it has tried a file. */
static bool has_much(const struct tab *tab)
{
    return tab->sharing.tried == 0 || tab->sharing.own_bytes >= MUCH_BYTES;
}

/* Whether another tab would gain by a file that this one writes. */
static bool has_mate(const struct host *host, const struct tab *tab)
{
    for (size_t i = 0; i < host->tab_count; i++) {
        const struct tab *other = host->tabs[i];
        if (other != tab && may_be_told(other) && has_much(other) &&
            images_alike(other->url, tab->url))
            return true;
    }
    return false;
}

static void have_written(const struct host *host, struct tab *tab)
{
    size_t count = 0;
    bool is_written = false; /* one is */
    for (const struct alike_file *file = files; file != NULL; file = file->next) {
        if (images_alike(file->url, tab->url)) {
            count++;
            is_written |= !file->is_sealed;
        }
    }
    if (count >= ALIKE_FILES_MAX || is_written || tab->sharing.writes >= WRITES_MAX ||
        !has_much(tab) || !has_mate(host, tab))
        return;
    struct alike_file *file = add(tab);
    tab->sharing.writes++;
    if (file != NULL && !tell(tab, MESSAGE_WRITE, 0, file))
        drop(file);
}

/* Has a tab try the next file, or write one. */
static void offer(const struct host *host, struct tab *tab)
{
    if (!may_be_told(tab) || !images_alike(tab->url, tab->url))
        return;
    struct alike_file *file = untried(tab);
    if (file == NULL)
        have_written(host, tab);
    else
        (void)tell(tab, MESSAGE_SHARE, has_use(tab, file->number) ? 0 : LEAST_PERCENT, file);
}

/* --- what pages say --- */

static void note_settled(const struct host *host, struct tab *tab)
{
    tab->sharing.is_settled = true;
    if (tab->sharing.file == 0)
        tab->sharing.tried = 0; /* it has worked: all once more */
    offer(host, tab);
}

static void note_written(struct host *host, struct tab *tab, uint64_t bytes)
{
    firn_error error;
    struct alike_file *file = find(tab->sharing.file);
    if (file == NULL || file->is_sealed)
        return; /* that was not asked for, or came too late */
    tab->sharing.file = 0;
    if (bytes == 0 || firn_process_share_seal(file->descriptor, &error) != FIRN_OK ||
        (host->tab_memory_bytes > 0 && file_bytes(file) > host->tab_memory_bytes)) {
        drop(file);
        return;
    }
    file->is_sealed = true; /* A2 */
    offer(host, tab);
    for (size_t i = 0; i < host->tab_count; i++)
        offer(host, host->tabs[i]);
}

static void note_shared(const struct host *host, struct tab *tab, uint64_t own, uint64_t shared)
{
    struct sharing *is = &tab->sharing;
    const struct alike_file *file = find(is->file);
    if (file != NULL && !file->is_sealed)
        return; /* that was not asked for */
    if (is->file > is->tried)
        is->tried = is->file;
    if (shared > 0 && !has_use(tab, is->file) && is->use_count < ALIKE_FILES_MAX)
        is->uses[is->use_count++] = is->file;
    is->own_bytes = own > shared ? own - shared : 0;
    is->file = 0;
    offer(host, tab);
}

void alike_heard(struct host *host, struct tab *tab, message *from)
{
    if (tab->state != TAB_ACTIVE)
        return;
    if (from->kind == MESSAGE_SETTLED) {
        note_settled(host, tab);
    } else if (tab->sharing.file != 0) {
        const uint64_t first = message_take_number(from);
        if (from->kind == MESSAGE_WRITTEN)
            note_written(host, tab, first);
        else
            note_shared(host, tab, first, message_take_number(from));
    }
    sweep(host);
}

void alike_leave(const struct host *host, struct tab *tab)
{
    struct alike_file *file = tab->sharing.file != 0 ? find(tab->sharing.file) : NULL;
    if (file != NULL && !file->is_sealed)
        drop(file); /* nobody writes it any more */
    tab->sharing = (struct sharing){0};
    sweep(host);
}

uint64_t alike_bytes(void)
{
    uint64_t bytes = 0;
    for (const struct alike_file *file = files; file != NULL; file = file->next)
        bytes += file_bytes(file);
    return bytes;
}
