/* Work on many pieces by several threads, the caller's among them. */
#ifndef FIRN_REGION_WORK_H
#define FIRN_REGION_WORK_H

#include <firn/api.h>

/* Takes pieces of the context until there are none or it failed. Called once by each thread. */
typedef void (*firn_work_fn)(void *context);

/* Runs work in up to thread_count threads (fewer when they cannot be made) and returns when all are
 * done. The threads that it makes have every signal blocked. */
void firn_work_run(firn_work_fn work, void *context, uint32_t thread_count);

#endif
