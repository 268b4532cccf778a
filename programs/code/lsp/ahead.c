/* See ahead.h. The thread is made with the first file, and ends with the request. What it shares
 * with the session's is the opened index, which any number may read; names are extracted with
 * memory of its own. Where there can be no thread, all is done by who waits. */
#include "code/lsp/ahead.h"

#include <assert.h>
#include <signal.h>

static void make_ready(const struct ahead *ahead, struct ahead_slot *slot,
                       struct extract_scratch *scratch)
{
    slot->error = (firn_error){.status = FIRN_OK};
    slot->status = source_of_index(&slot->source, ahead->workspace, &slot->file, &slot->error);
    if (slot->status == FIRN_OK)
        slot->status =
            source_spelled(&slot->source, ahead->name, ahead->name_size, scratch, &slot->error);
}

/* The first slot, from the oldest, that nobody has taken yet; NULL when there is none. */
static struct ahead_slot *find_given(struct ahead *ahead)
{
    for (unsigned i = 0; i < ahead->count; i++) {
        struct ahead_slot *slot = &ahead->slots[(ahead->first + i) % AHEAD_MAX];
        if (slot->state == AHEAD_GIVEN)
            return slot;
    }
    return NULL;
}

/* Makes one that was given ready; called and left with the mutex. */
static void work_on(struct ahead *ahead, struct ahead_slot *slot, struct extract_scratch *scratch)
{
    slot->state = AHEAD_TAKEN;
    pthread_mutex_unlock(&ahead->mutex);
    make_ready(ahead, slot, scratch);
    pthread_mutex_lock(&ahead->mutex);
    slot->state = AHEAD_READY;
    pthread_cond_broadcast(&ahead->changed);
}

static void *run(void *context)
{
    struct ahead *ahead = context;
    pthread_mutex_lock(&ahead->mutex);
    while (!ahead->ends) {
        struct ahead_slot *slot = find_given(ahead);
        if (slot != NULL)
            work_on(ahead, slot, &ahead->scratch);
        else
            pthread_cond_wait(&ahead->changed, &ahead->mutex);
    }
    pthread_mutex_unlock(&ahead->mutex);
    return NULL;
}

/* Signals are the other threads' to take. */
static void start(struct ahead *ahead)
{
    sigset_t all, before;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    ahead->is_running = pthread_create(&ahead->thread, NULL, run, ahead) == 0;
    pthread_sigmask(SIG_SETMASK, &before, NULL);
}

void ahead_init(struct ahead *ahead, struct workspace *workspace, const char *name,
                size_t name_size)
{
    *ahead = (struct ahead){.workspace = workspace,
                            .name = name,
                            .name_size = name_size,
                            .scratch = {.allocator = workspace->allocator}};
    pthread_mutex_init(&ahead->mutex, NULL);
    pthread_cond_init(&ahead->changed, NULL);
}

void ahead_fini(struct ahead *ahead)
{
    pthread_mutex_lock(&ahead->mutex);
    ahead->ends = true;
    pthread_cond_broadcast(&ahead->changed);
    pthread_mutex_unlock(&ahead->mutex);
    if (ahead->is_running)
        pthread_join(ahead->thread, NULL);
    for (unsigned i = 0; i < AHEAD_MAX; i++) {
        opened_file_fini(&ahead->workspace->opened, &ahead->slots[i].file);
        source_release(&ahead->slots[i].source);
    }
    extract_scratch_fini(&ahead->scratch);
    pthread_cond_destroy(&ahead->changed);
    pthread_mutex_destroy(&ahead->mutex);
}

bool ahead_is_full(const struct ahead *ahead)
{
    return ahead->count == AHEAD_MAX || ahead->bytes > AHEAD_MAX_BYTES;
}

void ahead_give(struct ahead *ahead, struct opened_file *file)
{
    assert(!ahead_is_full(ahead));
    if (!ahead->is_running && ahead->count > 0) /* one file needs none */
        start(ahead);
    pthread_mutex_lock(&ahead->mutex);
    struct ahead_slot *slot = &ahead->slots[(ahead->first + ahead->count++) % AHEAD_MAX];
    slot->file = *file;
    slot->bytes = file->record.size;
    ahead->bytes += slot->bytes;
    slot->state = AHEAD_GIVEN;
    *file = (struct opened_file){.path = NULL};
    pthread_cond_broadcast(&ahead->changed);
    pthread_mutex_unlock(&ahead->mutex);
}

firn_status ahead_next(struct ahead *ahead, struct source **ret_source, firn_error *ret_error)
{
    struct ahead_slot *slot = &ahead->slots[ahead->first];
    if (ahead->count == 0)
        return FIRN_END_OF_DATA;
    pthread_mutex_lock(&ahead->mutex);
    while (slot->state != AHEAD_READY) {
        struct ahead_slot *given = find_given(ahead);
        if (given != NULL)
            work_on(ahead, given, &ahead->workspace->scratch);
        else
            pthread_cond_wait(&ahead->changed, &ahead->mutex);
    }
    pthread_mutex_unlock(&ahead->mutex);
    *ret_source = &slot->source;
    if (slot->status != FIRN_OK && ret_error != NULL)
        *ret_error = slot->error;
    return slot->status;
}

void ahead_drop(struct ahead *ahead)
{
    struct ahead_slot *slot = &ahead->slots[ahead->first];
    source_close(&slot->source);
    if (source_bytes(&slot->source) > AHEAD_KEPT_BYTES)
        source_release(&slot->source);
    pthread_mutex_lock(&ahead->mutex);
    slot->state = AHEAD_FREE;
    ahead->bytes -= slot->bytes;
    ahead->first = (ahead->first + 1) % AHEAD_MAX;
    ahead->count--;
    pthread_mutex_unlock(&ahead->mutex);
}
