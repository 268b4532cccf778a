/* Editions of a store. Commits are seen by inotify: the events of a commit are there before its
 * writer goes on, so a look at the queue before each answer misses none, and costs 0.5 µs where
 * opening the store to see costs 200.
 *
 * Invariants, whenever the mutex is free:
 *   S1  current is NULL or counted once in its users
 *   S2  an edition whose users are 0 is gone
 *
 * Memory: an edition's is that of its store's cache. While a new one of a resident store is made,
 * the one before stands, so that both are there for a moment. */
#include "code/serve/served.h"

#include "code/memory.h"

#include <errno.h>
#include <string.h>
#include <sys/inotify.h>
#include <unistd.h>

#define EVENTS_BYTES 4096u

struct served {
    struct served_options options;
    pthread_mutex_t mutex;
    struct edition *current;
    bool is_stale;
    int watch; /* of the folder */
};

/* --- editions --- */

static void edition_destroy(struct edition *edition)
{
    for (size_t i = 0; i < edition->pinned_count; i++)
        firn_store_unpin(edition->opened.store, &edition->pinned[i]);
    views_destroy(edition->views);
    firn_release(NULL, edition->pinned, edition->pinned_capacity * sizeof *edition->pinned);
    opened_fini(&edition->opened);
    firn_release(NULL, edition, sizeof *edition);
}

/* What a resident store keeps: trees, names and the catalog. */
static bool is_kept(const firn_segment_info *info)
{
    return info->kind == SEGMENT_TREE || info->kind == SEGMENT_NAMES ||
           info->kind == SEGMENT_NAMES + 1 || info->kind == SEGMENT_CATALOG ||
           info->kind == SEGMENT_CATALOG + 1;
}

static size_t kept_bytes(const firn_store *store)
{
    firn_segment_info info;
    size_t bytes = 0;
    for (uint32_t from = 0; firn_store_next(store, from, &info) == FIRN_OK; from = info.segment + 1)
        bytes += is_kept(&info) ? info.plain_bytes : 0;
    return bytes;
}

/* Decodes and pins what is kept. A damaged segment is left out: whoever needs it is told. */
static firn_status pin_all(struct edition *edition, firn_error *ret_error)
{
    firn_store *store = edition->opened.store;
    firn_segment_info info;
    for (uint32_t from = 0; firn_store_next(store, from, &info) == FIRN_OK;
         from = info.segment + 1) {
        void *pinned = edition->pinned;
        if (!is_kept(&info))
            continue;
        if (!firn_grow(NULL, &pinned, &edition->pinned_capacity, edition->pinned_count + 1,
                       sizeof *edition->pinned))
            return firn_error_set(ret_error, FIRN_NO_MEMORY, 0, "out of memory");
        edition->pinned = pinned;
        firn_status status =
            firn_store_pin(store, info.segment, &edition->pinned[edition->pinned_count], ret_error);
        if (status == FIRN_OK)
            edition->pinned_count++;
        else if (status == FIRN_NO_MEMORY)
            return status;
    }
    return FIRN_OK;
}

static firn_status edition_create(const struct served_options *options, size_t kept,
                                  struct edition **ret_edition, firn_error *ret_error)
{
    const size_t views_bytes = options->ram_bytes / 3;
    firn_store_summary summary;
    struct edition *edition = firn_allocate_zeroed(NULL, 1, sizeof *edition);
    if (edition == NULL)
        return firn_error_set(ret_error, FIRN_NO_MEMORY, 0, "out of memory");
    firn_status status = opened_init(&edition->opened, options->path, firn_allocator_system(),
                                     options->ram_bytes - views_bytes + kept, ret_error);
    if (status != FIRN_OK) {
        firn_release(NULL, edition, sizeof *edition);
        return status;
    }
    firn_store_summary_get(edition->opened.store, &summary);
    edition->generation = summary.generation;
    edition->users = 1; /* S1 */
    status = views_create(views_bytes, &edition->views);
    if (status != FIRN_OK)
        firn_error_set(ret_error, status, 0, "out of memory");
    if (status == FIRN_OK && options->is_resident)
        status = pin_all(edition, ret_error);
    if (status == FIRN_OK)
        *ret_edition = edition;
    else
        edition_destroy(edition);
    return status;
}

/* --- following the store --- */

static void release(struct edition *edition)
{
    if (edition != NULL && --edition->users == 0) { /* S2 */
        edition_destroy(edition);
        memory_trim();
    }
}

/* Whether a name is of a file that a commit writes. */
static bool tells_of_commit(const char *name)
{
    return strncmp(name, "manifest", 8) == 0 || strncmp(name, "log-", 4) == 0;
}

/* Reads what has happened in the folder. */
static void look(struct served *served)
{
    _Alignas(struct inotify_event) char events[EVENTS_BYTES];
    ssize_t size;
    while ((size = read(served->watch, events, sizeof events)) > 0) {
        for (char *at = events; at < events + size;) {
            const struct inotify_event *event = (const struct inotify_event *)(const void *)at;
            if (event->len == 0 || tells_of_commit(event->name))
                served->is_stale = true;
            at += sizeof *event + event->len;
        }
    }
}

/* Makes the last commit's edition the current one. */
static firn_status follow(struct served *served, firn_error *ret_error)
{
    const firn_store_options options = {.cache_bytes = 1};
    const struct edition *current = served->current;
    firn_store_summary now, before;
    firn_store *store;
    firn_status status = firn_store_open(served->options.path, &options, &store, ret_error);
    if (status != FIRN_OK)
        return status;
    firn_store_summary_get(store, &now);
    const size_t kept = served->options.is_resident ? kept_bytes(store) : 0;
    firn_store_close(store);
    if (current != NULL) {
        firn_store_summary_get(current->opened.store, &before);
        if (before.generation == now.generation && before.store_id == now.store_id)
            return FIRN_OK;
    }
    struct edition *edition = NULL;
    status = edition_create(&served->options, kept, &edition, ret_error);
    if (status != FIRN_OK)
        return status;
    release(served->current);
    served->current = edition;
    return FIRN_OK;
}

firn_status served_take(struct served *served, struct edition **ret_edition, firn_error *ret_error)
{
    firn_status status = FIRN_OK;
    pthread_mutex_lock(&served->mutex);
    look(served);
    if (served->is_stale) {
        status = follow(served, ret_error);
        served->is_stale = status != FIRN_OK;
    }
    if (status == FIRN_OK) {
        served->current->users++;
        *ret_edition = served->current;
    }
    pthread_mutex_unlock(&served->mutex);
    return status;
}

void served_give(struct served *served, struct edition *edition)
{
    pthread_mutex_lock(&served->mutex);
    release(edition);
    pthread_mutex_unlock(&served->mutex);
}

int served_descriptor(const struct served *served)
{
    return served->watch;
}

firn_status served_create(const struct served_options *options, struct served **ret_served,
                          firn_error *ret_error)
{
    struct served *served = firn_allocate_zeroed(NULL, 1, sizeof *served);
    if (served == NULL)
        return firn_error_set(ret_error, FIRN_NO_MEMORY, 0, "out of memory");
    served->options = *options;
    served->is_stale = true;
    pthread_mutex_init(&served->mutex, NULL);
    served->watch = inotify_init1(IN_NONBLOCK | IN_CLOEXEC);
    firn_status status = follow(served, ret_error); /* says first what is wrong with the store */
    if (status == FIRN_OK &&
        (served->watch < 0 || inotify_add_watch(served->watch, options->path,
                                                IN_CREATE | IN_MOVED_TO | IN_MODIFY |
                                                    IN_DELETE_SELF | IN_MOVE_SELF) < 0))
        status = firn_error_set(ret_error, FIRN_IO, errno, "%s: cannot be watched: %s",
                                options->path, strerror(errno));
    if (status == FIRN_OK)
        *ret_served = served;
    else
        served_destroy(served);
    return status;
}

void served_destroy(struct served *served)
{
    if (served == NULL)
        return;
    release(served->current);
    if (served->watch >= 0)
        close(served->watch);
    pthread_mutex_destroy(&served->mutex);
    firn_release(NULL, served, sizeof *served);
}
