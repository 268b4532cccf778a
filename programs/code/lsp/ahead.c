/* See ahead.h. The thread is made with the first file, and ends with the request. What it shares
 * with the session's is the opened index, which any number may read; names are extracted with
 * memory of its own. */
#include "code/lsp/ahead.h"

#include <signal.h>

static void make_ready(struct ahead *ahead)
{
    ahead->error = (firn_error){.status = FIRN_OK};
    ahead->status = source_of_index(&ahead->source, ahead->workspace, &ahead->file, &ahead->error);
    if (ahead->status == FIRN_OK)
        ahead->status = source_names_by(&ahead->source, &ahead->scratch, &ahead->error);
}

static void *run(void *context)
{
    struct ahead *ahead = context;
    pthread_mutex_lock(&ahead->mutex);
    while (ahead->state != AHEAD_ENDS) {
        if (ahead->state == AHEAD_GIVEN) {
            pthread_mutex_unlock(&ahead->mutex);
            make_ready(ahead);
            pthread_mutex_lock(&ahead->mutex);
            ahead->state = AHEAD_READY;
            pthread_cond_broadcast(&ahead->changed);
        }
        while (ahead->state != AHEAD_GIVEN && ahead->state != AHEAD_ENDS)
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

static void tell(struct ahead *ahead, enum ahead_state state)
{
    pthread_mutex_lock(&ahead->mutex);
    ahead->state = state;
    pthread_cond_broadcast(&ahead->changed);
    pthread_mutex_unlock(&ahead->mutex);
}

void ahead_init(struct ahead *ahead, struct workspace *workspace)
{
    *ahead = (struct ahead){.workspace = workspace, .scratch = {.allocator = workspace->allocator}};
    pthread_mutex_init(&ahead->mutex, NULL);
    pthread_cond_init(&ahead->changed, NULL);
}

void ahead_fini(struct ahead *ahead)
{
    tell(ahead, AHEAD_ENDS);
    if (ahead->is_running)
        pthread_join(ahead->thread, NULL);
    source_release(&ahead->source);
    extract_scratch_fini(&ahead->scratch);
    pthread_cond_destroy(&ahead->changed);
    pthread_mutex_destroy(&ahead->mutex);
}

void ahead_give(struct ahead *ahead, struct opened_file *file)
{
    ahead->file = *file;
    *file = (struct opened_file){.path = NULL};
    if (!ahead->is_running)
        start(ahead);
    if (!ahead->is_running)
        make_ready(ahead);
    tell(ahead, ahead->is_running ? AHEAD_GIVEN : AHEAD_READY);
}

firn_status ahead_wait(struct ahead *ahead, struct source **ret_source, firn_error *ret_error)
{
    pthread_mutex_lock(&ahead->mutex);
    while (ahead->state != AHEAD_READY)
        pthread_cond_wait(&ahead->changed, &ahead->mutex);
    ahead->state = AHEAD_IDLE;
    pthread_mutex_unlock(&ahead->mutex);
    *ret_source = &ahead->source;
    if (ahead->status != FIRN_OK && ret_error != NULL)
        *ret_error = ahead->error;
    return ahead->status;
}
