/* Threads for packing and waking a large region; see work.h. Called by pack.c and wake.c.
 * Threads: each call has its own. Complexity: a thread takes some 20 us to make.
 */
#include "region/work.h"

#include "core/os_signal.h"

#include <pthread.h>

#define THREADS_MAX 16

struct job {
    firn_work_fn work;
    void *context;
};

static void *run(void *context)
{
    struct job *job = context;
    job->work(job->context);
    return NULL;
}

void firn_work_run(firn_work_fn work, void *context, uint32_t thread_count)
{
    pthread_t threads[THREADS_MAX];
    struct job job = {work, context};
    uint32_t made = 0, wanted = thread_count < THREADS_MAX ? thread_count : THREADS_MAX;
    if (wanted > 1) {
        firn_signals before = firn_os_signals_block();
        while (made + 1 < wanted && pthread_create(&threads[made], NULL, run, &job) == 0)
            made++;
        firn_os_signals_restore(&before);
    }
    work(context);
    for (uint32_t i = 0; i < made; i++)
        (void)pthread_join(threads[i], NULL);
}
