/* Threads that fetch, so that a slow server holds up nobody but the page that waits for it.
 *
 * I1  a job is in one place: the queue, a thread (`running`), the list of those done, or the loop's
 * hands
 * I2  threads touch nothing of the host but the fetcher's lists, under its lock
 * I3  the fetcher lives until the process ends: a thread may be waiting for a server until then
 * I4  a tab has PER_TAB threads at most, so that one that asks for much leaves some to the others
 * I5  files of a tab are read one after the other: a document that is opened again then goes the
 * same way, and the images of both have more in common
 * I6  a thread that had nothing to do for IDLE_S ends: with its stack it takes 60 KB
 */
#include "tabs/host/host.h"

#include <pthread.h>
#include <string.h>
#include <sys/eventfd.h>
#include <time.h>
#include <unistd.h>

enum { THREADS = 32, PER_TAB = 6, CONNECT_MS = 10000, WAIT_MS = 30000, IDLE_S = 2 };

struct worker {
    bool is_there;
    fetch_job *job; /* NULL: none at hand */
};

struct fetcher {
    pthread_mutex_t lock;
    pthread_cond_t more;
    fetch_job *first, **last; /* that wait */
    fetch_job *done, **done_last;
    struct worker workers[THREADS];
    unsigned thread_count, idle_count, waiting_count;
    int event; /* is written to when a job is done */
    firn_http_client *client;
};

static struct fetcher fetcher; /* I3 */

/* The lock is held. */
static void put_done(struct fetcher *is, fetch_job *job)
{
    const uint64_t one = 1;
    job->next = NULL;
    *is->done_last = job;
    is->done_last = &job->next;
    (void)!write(is->event, &one, sizeof one);
}

static bool may_run(const struct fetcher *is, const fetch_job *job)
{
    unsigned count = 0, files = 0;
    for (unsigned i = 0; i < THREADS; i++) {
        const fetch_job *other = is->workers[i].job;
        if (other != NULL && other->tab == job->tab) {
            count++;
            files += other->is_file;
        }
    }
    return count < PER_TAB && (files == 0 || !job->is_file); /* I4, I5 */
}

/* Takes the first job that may run; NULL: there is none. The lock is held. */
static fetch_job *take_next(struct fetcher *is)
{
    for (fetch_job **at = &is->first; *at != NULL; at = &(*at)->next) {
        fetch_job *job = *at;
        if (!may_run(is, job))
            continue;
        *at = job->next;
        if (*at == NULL)
            is->last = at;
        is->waiting_count--;
        return job;
    }
    return NULL;
}

/* Waits for a job that may run; NULL: there was none for IDLE_S. The lock is held. */
static fetch_job *wait_for_next(struct fetcher *is)
{
    struct timespec until;
    clock_gettime(CLOCK_MONOTONIC, &until);
    until.tv_sec += IDLE_S;
    int error = 0;
    fetch_job *job = take_next(is);
    while (job == NULL && error == 0) {
        is->idle_count++;
        error = pthread_cond_timedwait(&is->more, &is->lock, &until);
        is->idle_count--;
        job = take_next(is);
    }
    return job;
}

static void *run(void *context)
{
    struct fetcher *is = &fetcher;
    struct worker *own = context;
    pthread_mutex_lock(&is->lock);
    while ((own->job = wait_for_next(is)) != NULL) {
        fetch_job *job = own->job;
        pthread_mutex_unlock(&is->lock);
        resource_bring(is->client, job);
        pthread_mutex_lock(&is->lock);
        own->job = NULL;
        put_done(is, job);
    }
    own->is_there = false; /* I6 */
    is->thread_count--;
    pthread_mutex_unlock(&is->lock);
    return NULL;
}

static bool make_queue(struct fetcher *is)
{
    pthread_condattr_t attributes;
    if (pthread_mutex_init(&is->lock, NULL) != 0 || pthread_condattr_init(&attributes) != 0)
        return false;
    (void)pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
    const bool is_made = pthread_cond_init(&is->more, &attributes) == 0;
    (void)pthread_condattr_destroy(&attributes);
    return is_made;
}

bool fetch_begin(struct host *host)
{
    firn_error error;
    const firn_http_client_options options = {.origin_limit = THREADS,
                                              .connect_ms = CONNECT_MS,
                                              .wait_ms = WAIT_MS,
                                              .redirect_limit = FIRN_HTTP_NO_REDIRECTS};
    if (host->fetcher != NULL)
        return true;
    fetcher.last = &fetcher.first;
    fetcher.done_last = &fetcher.done;
    fetcher.event = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    if (fetcher.event < 0 || !make_queue(&fetcher) ||
        firn_http_client_create(&options, &fetcher.client, &error) != FIRN_OK)
        return false;
    host->fetcher = &fetcher;
    return true;
}

int fetch_descriptor(const struct host *host)
{
    return host->fetcher != NULL ? host->fetcher->event : -1;
}

static char *copy(const void *data, size_t size)
{
    char *made = firn_allocate(NULL, size + 1);
    if (made != NULL) {
        if (size > 0)
            memcpy(made, data, size);
        made[size] = '\0';
    }
    return made;
}

static char *copy_text(const char *text)
{
    return copy(text, text != NULL ? strlen(text) : 0);
}

/* Starts another thread where all are busy. The lock is held. */
static void add_thread(struct fetcher *is)
{
    pthread_t thread;
    struct worker *own = is->workers;
    if (is->waiting_count <= is->idle_count || is->thread_count == THREADS)
        return;
    while (own->is_there)
        own++;
    if (pthread_create(&thread, NULL, run, own) != 0)
        return;
    pthread_detach(thread);
    own->is_there = true;
    is->thread_count++;
}

void fetch_add(struct host *host, const fetch_job *job)
{
    struct fetcher *is = host->fetcher;
    fetch_job *made = firn_allocate(NULL, sizeof *made);
    if (made == NULL)
        return;
    *made = *job;
    made->next = NULL;
    made->method = copy_text(job->method);
    made->url = copy_text(job->url);
    made->headers = copy_text(job->headers);
    made->origin = copy_text(job->origin);
    made->body = copy(job->body, job->body_bytes);
    made->asked_url = NULL;
    if (made->method == NULL || made->url == NULL || made->headers == NULL ||
        made->origin == NULL || made->body == NULL) {
        fetch_let_go(made);
        return;
    }
    made->is_file = resource_is_file(made->url);
    const bool is_here = kept_find(host, made);
    made->is_kept = is_here;
    pthread_mutex_lock(&is->lock);
    if (is_here) {
        put_done(is, made);
    } else {
        *is->last = made;
        is->last = &made->next;
        is->waiting_count++;
        if (may_run(is, made)) {
            add_thread(is);
            pthread_cond_signal(&is->more);
        }
    }
    pthread_mutex_unlock(&is->lock);
}

fetch_job *fetch_done(struct host *host)
{
    struct fetcher *is = host->fetcher;
    uint64_t count;
    pthread_mutex_lock(&is->lock);
    fetch_job *job = is->done;
    if (job != NULL)
        is->done = job->next;
    if (is->done == NULL) {
        is->done_last = &is->done;
        (void)!read(is->event, &count, sizeof count);
    }
    pthread_mutex_unlock(&is->lock);
    return job;
}

/* Marks what `is_it` says of the jobs that are not done. */
static void abort_some(bool (*is_it)(const fetch_job *job, const fetch_job *like),
                       const fetch_job *like)
{
    struct fetcher *is = &fetcher;
    pthread_mutex_lock(&is->lock);
    for (fetch_job *job = is->first; job != NULL; job = job->next) {
        if (is_it(job, like))
            job->is_aborted = true;
    }
    for (fetch_job *job = is->done; job != NULL; job = job->next) {
        if (is_it(job, like))
            job->is_aborted = true;
    }
    for (unsigned i = 0; i < THREADS; i++) {
        if (is->workers[i].job != NULL && is_it(is->workers[i].job, like))
            is->workers[i].job->is_aborted = true;
    }
    pthread_mutex_unlock(&is->lock);
}

static bool is_same_fetch(const fetch_job *job, const fetch_job *like)
{
    return job->number == 0 && job->tab == like->tab && job->instance == like->instance &&
           job->id == like->id;
}

void fetch_abort(uint32_t tab, uint32_t instance, uint32_t id)
{
    abort_some(is_same_fetch, &(fetch_job){.tab = tab, .instance = instance, .id = id});
}

static bool is_same_document(const fetch_job *job, const fetch_job *like)
{
    return job->number == like->number;
}

void fetch_abort_document(uint64_t number)
{
    abort_some(is_same_document, &(fetch_job){.number = number});
}

static bool is_same_page(const fetch_job *job, const fetch_job *like)
{
    return job->number == 0 && job->tab == like->tab && job->instance == like->instance;
}

void fetch_abort_all(uint32_t tab, uint32_t instance)
{
    abort_some(is_same_page, &(fetch_job){.tab = tab, .instance = instance});
}

void fetch_let_go(fetch_job *job)
{
    tab_drop_text(&job->method);
    tab_drop_text(&job->url);
    tab_drop_text(&job->headers);
    tab_drop_text(&job->origin);
    tab_drop_text(&job->final_url);
    tab_drop_text(&job->asked_url);
    firn_release(NULL, job->body, job->body != NULL ? job->body_bytes + 1 : 0);
    message_fini(&job->got_headers);
    message_fini(&job->got);
    firn_release(NULL, job, sizeof *job);
}
