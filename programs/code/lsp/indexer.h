/* An indexing, or an update of the index, beside the work of a session, in a thread of its own. */
#ifndef CODE_LSP_INDEXER_H
#define CODE_LSP_INDEXER_H

#include <pthread.h>
#include <stdatomic.h>

#include "code/indexing.h"

enum indexer_work {
    INDEXER_BUILD,  /* index the folder into the store, whose own folder is made if it is missing */
    INDEXER_UPDATE, /* bring the index up to date; build it where that cannot be done */
    INDEXER_FOLLOW, /* bring it up to date, or leave it as it is */
    INDEXER_REPAIR, /* index anew what is damaged in it, or all where that cannot be done */
};

/* Zeroed it is idle. One thread makes the calls. */
struct indexer {
    bool is_running;     /* may be read: indexer_begin succeeded, indexer_end was not called */
    atomic_bool is_done; /* may be read: the thread is at its end */
    pthread_t thread;    /* private from here */
    enum indexer_work work;
    bool has_begun; /* the job */
    struct job job;
    char *root, *store;
    const firn_allocator *allocator;
    firn_error error;
    uint64_t files;
    atomic_bool has_job; /* the job's progress may be read */
};

/* Begins. FIRN_BUSY, FIRN_NO_MEMORY. */
FIRN_NODISCARD firn_status indexer_begin(struct indexer *indexer, enum indexer_work work,
                                         const char *root, const char *store,
                                         const firn_allocator *allocator, firn_error *ret_error);
/* What part of it is done, 0 to 100. */
unsigned indexer_percent(const struct indexer *indexer);
/* Waits for the end and tells what came of it. */
FIRN_NODISCARD firn_status indexer_end(struct indexer *indexer, uint64_t *ret_files,
                                       firn_error *ret_error);
/* Gives up what is under way. */
void indexer_fini(struct indexer *indexer);

#endif
