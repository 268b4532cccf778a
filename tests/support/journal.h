/* A store with a journal whose table is the store's root. Calls that must succeed end the test when
 * they do not. Header-only. */
#ifndef FIRN_TESTS_JOURNAL_H
#define FIRN_TESTS_JOURNAL_H

#include "support/tempdir.h"

#include <firn/journal.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

typedef struct kept {
    firn_store *store;
    firn_journal *journal;
} kept;

static inline void kept_check(firn_status status, const firn_error *error, const char *what)
{
    if (status == FIRN_OK)
        return;
    fprintf(stderr, "%s: %s: %s\n", what, firn_status_name(status), error->text);
    abort();
}

static inline void kept_close(kept *k)
{
    firn_journal_close(k->journal);
    firn_store_close(k->store);
    *k = (kept){NULL, NULL};
}

/* Nothing stays open on failure. */
static inline firn_status kept_try(kept *k, const char *path, firn_store_mode mode,
                                   const firn_allocator *allocator, firn_error *error)
{
    firn_store_options store_options = {.allocator = allocator, .mode = mode};
    firn_journal_options options = {.allocator = allocator, .kind = 70, .level = 1};
    *error = (firn_error){.status = FIRN_OK};
    *k = (kept){NULL, NULL};
    firn_status status = firn_store_open(path, &store_options, &k->store, error);
    if (status == FIRN_OK)
        status =
            firn_journal_open(k->store, firn_store_root(k->store), &options, &k->journal, error);
    if (status != FIRN_OK)
        kept_close(k);
    return status;
}

static inline void kept_open(kept *k, const char *path, firn_store_mode mode)
{
    firn_error error;
    kept_check(kept_try(k, path, mode, NULL, &error), &error, "open");
}

static inline firn_status kept_commit_try(kept *k, firn_error *error)
{
    uint32_t table = FIRN_SEGMENT_NONE;
    *error = (firn_error){.status = FIRN_OK};
    firn_status status = firn_journal_flush(k->journal, &table, error);
    return status == FIRN_OK ? firn_store_commit(k->store, table, error) : status;
}

static inline void kept_commit(kept *k)
{
    firn_error error;
    kept_check(kept_commit_try(k, &error), &error, "commit");
}

static inline void kept_put(kept *k, uint64_t id, const void *data, size_t size)
{
    firn_error error = {.status = FIRN_OK};
    kept_check(firn_journal_put(k->journal, id, data, size, &error), &error, "put");
}

/* Whether the blob is there and is this. */
static inline bool kept_is(const kept *k, uint64_t id, const void *data, size_t size)
{
    void *got;
    size_t got_size;
    firn_error error = {.status = FIRN_OK};
    firn_status status = firn_journal_get(k->journal, id, NULL, &got, &got_size, &error);
    if (status == FIRN_NOT_FOUND)
        return false;
    kept_check(status, &error, "get");
    bool same = got_size == size && (size == 0 || memcmp(got, data, size) == 0);
    firn_release(NULL, got, got_size);
    return same;
}

static inline firn_journal_info kept_info(const kept *k, uint64_t id)
{
    firn_journal_info info = {0};
    if (firn_journal_next(k->journal, id, &info) != FIRN_OK || info.id != id)
        abort();
    return info;
}

#endif
