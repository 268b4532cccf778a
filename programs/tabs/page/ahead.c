/* What another processor does while the zygote starts the engine: the C library of languages and
 * times (ICU) reads once what the names of their settings mean, when first a time is written by
 * Intl, as it is to be in the zygote. That is a fifth of all that starting takes, 8 ms of 65.
 *
 * I1  the thread has ended, and the kernel counts it no more, before the template is made and
 * before anything forks Without ICU's headers, or without a thread, the engine does it when it
 * comes to it. */
#include "tabs/page/page.h"

#ifdef FIRN_ICU

#include <malloc.h>
#include <pthread.h>
#include <sys/stat.h>
#include <time.h>
#include <unicode/uloc.h>

enum { STACK_BYTES = 128 << 10, LOOK_NS = 50000, LOOKS_MAX = 20000, LINKS_ALONE = 3 };

static pthread_t thread;
static bool is_running;

static void *run(void *context)
{
    (void)context;
    heap_not_here();
    (void)uloc_toLegacyKey("ca");
    return NULL;
}

void ahead_begin(void)
{
    pthread_attr_t attributes;
    if (pthread_attr_init(&attributes) != 0)
        return;
    (void)mallopt(M_ARENA_MAX, 1); /* what it allocates stays for all pages: beside the rest */
    is_running = pthread_attr_setstacksize(&attributes, STACK_BYTES) == 0 &&
                 pthread_create(&thread, &attributes, run, NULL) == 0;
    (void)pthread_attr_destroy(&attributes);
}

void ahead_end(void)
{
    const struct timespec pause = {.tv_nsec = LOOK_NS};
    struct stat tasks;
    if (!is_running)
        return;
    (void)pthread_join(thread, NULL);
    for (int i = 0; i < LOOKS_MAX; i++) { /* I1: joined, it may still be on its way out */
        if (stat("/proc/self/task", &tasks) != 0 || tasks.st_nlink == LINKS_ALONE)
            break;
        (void)nanosleep(&pause, NULL);
    }
}

#else

void ahead_begin(void)
{
}

void ahead_end(void)
{
}

#endif
