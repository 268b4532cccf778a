/* How the workers of an indexing run and stop. See job.h. */
#include "code/job.h"

#include "code/interrupt.h"

bool job_stopped(const struct job *job)
{
    return atomic_load_explicit(&job->has_failed, memory_order_relaxed) || interrupt_came();
}

firn_status job_skip(struct job *job, size_t file, const char *reason, firn_error *ret_error)
{
    pthread_mutex_lock(&job->mutex);
    firn_status status = scan_skip(&job->scan, job->scan.files[file].path, reason);
    pthread_mutex_unlock(&job->mutex);
    return status == FIRN_OK ? FIRN_OK
                             : firn_error_set(ret_error, status, 0, "out of memory while indexing");
}

/* --- threads --- */

static void *run_worker(void *context)
{
    struct worker *worker = context;
    struct job *job = worker->job;
    firn_error error = {.status = FIRN_OK};
    firn_status status = job->work(worker, &error);
    if (status != FIRN_OK) {
        pthread_mutex_lock(&job->mutex);
        if (!job->has_failed)
            job->error = error;
        job->error.status = job->has_failed ? job->error.status : status;
        job->has_failed = true;
        pthread_mutex_unlock(&job->mutex);
    }
    return NULL;
}

firn_status job_run(struct job *job, job_work_fn work, firn_error *ret_error)
{
    unsigned started = 1;
    job->work = work;
    job->next = 0;
    for (; started < job->worker_count; started++)
        if (pthread_create(&job->workers[started].thread, NULL, run_worker,
                           &job->workers[started]) != 0)
            break; /* fewer threads take longer, no more */
    run_worker(&job->workers[0]);
    for (unsigned i = 1; i < started; i++)
        pthread_join(job->workers[i].thread, NULL);
    if (!job->has_failed && interrupt_came())
        return firn_error_set(ret_error, FIRN_CHANGED, 0,
                              "interrupted; %s holds what it held before", job->options.store);
    if (job->has_failed)
        *ret_error = job->error;
    return job->has_failed ? job->error.status : FIRN_OK;
}
