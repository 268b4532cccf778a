/* A small store whose content is replaced version by version, while calls are made to fail. */
#ifndef FIRN_TESTS_STORE_FAULTS_H
#define FIRN_TESTS_STORE_FAULTS_H

#include "support/store_content.h"
#include "support/tempdir.h"

#include "core/fault.h"

/* Both copies of the manifest, the log, a data file, the lock. */
enum { STORE_FAULTS_COUNT = 8, STORE_FAULTS_FILES = 5 };

typedef struct store_faults {
    char root[TEMPDIR_PATH_BYTES];
    char path[TEMPDIR_PATH_BYTES + 8];
    uint32_t version; /* what the store holds; 0: there is none */
} store_faults;

static inline void store_faults_make(store_faults *store)
{
    tempdir_make_fast(store->root);
    snprintf(store->path, sizeof store->path, "%s/S", store->root);
    store->version = 0;
}

static inline void store_faults_fail(const char *what, const firn_error *error)
{
    fprintf(stderr, "%s: %s: %s\n", what, firn_status_name(error->status), error->text);
    abort();
}

/* Writes the next version; a scratch file is in the way, too. */
static inline firn_status store_faults_write(const store_faults *store,
                                             const firn_allocator *allocator, firn_error *error)
{
    const firn_store_options options = {.allocator = allocator, .mode = FIRN_STORE_REPLACE};
    firn_store *writer;
    char scratch[2 * TEMPDIR_PATH_BYTES];
    *error = (firn_error){0};
    firn_status status = firn_store_open(store->path, &options, &writer, error);
    if (status != FIRN_OK)
        return status;
    if (firn_store_scratch(writer, "fault", scratch, sizeof scratch) != FIRN_OK)
        store_faults_fail("scratch", error);
    tempdir_write(scratch, "x", 1);
    status = store_put_all(writer, allocator, store->version + 1, STORE_FAULTS_COUNT, error);
    if (status == FIRN_OK)
        status = firn_store_commit(writer, FIRN_SEGMENT_NONE, error);
    firn_store_close(writer);
    return status;
}

/* After an attempt to write: the store holds the old version whole, or the new one whole. Only what
 * was told to have failed may be the old one. */
static inline void store_faults_settle(store_faults *store, bool failed)
{
    firn_error error = {0};
    firn_status status =
        store_check(store->path, NULL, store->version + 1, STORE_FAULTS_COUNT, &error);
    if (status == FIRN_OK) {
        store->version++;
        return;
    }
    if (!failed)
        store_faults_fail("a write that was told to be done is not there", &error);
    if (store->version > 0)
        status = store_check(store->path, NULL, store->version, STORE_FAULTS_COUNT, &error);
    else
        status = status == FIRN_NOT_STORE || status == FIRN_NOT_FOUND ? FIRN_OK : status;
    if (status != FIRN_OK)
        store_faults_fail("neither the old content nor the new", &error);
}

/* The next writer finds nothing in its way and leaves nothing but its own files. */
static inline void store_faults_recover(store_faults *store)
{
    firn_error error;
    if (store_faults_write(store, NULL, &error) != FIRN_OK)
        store_faults_fail("the next write", &error);
    store_faults_settle(store, false);
    error.status = FIRN_EXISTS;
    if (tempdir_count(store->path) != STORE_FAULTS_FILES)
        store_faults_fail("files are left behind", &error);
}

/* The store of a test program, and cmocka's set-up and tear-down of it. */
static store_faults store;

static inline int set_up(void **state)
{
    (void)state;
    store_faults_make(&store);
    return 0;
}

static inline int tear_down(void **state)
{
    (void)state;
    tempdir_remove(store.root);
    return 0;
}

#endif
