/* See indexer.h. The same steps as `firn code index` and `update`. */
#include "code/lsp/indexer.h"

#include <string.h>

#include "code/interrupt.h"
#include "code/updating.h"

#define UPDATE_BYTES ((size_t)16 << 20) /* beside what the session takes */

static char *copy_text(const firn_allocator *allocator, const char *text)
{
    size_t size = strlen(text) + 1;
    char *copy = firn_allocate(allocator, size);
    if (copy != NULL)
        memcpy(copy, text, size);
    return copy;
}

static void release_texts(struct indexer *indexer)
{
    if (indexer->root != NULL)
        firn_release(indexer->allocator, indexer->root, strlen(indexer->root) + 1);
    if (indexer->store != NULL)
        firn_release(indexer->allocator, indexer->store, strlen(indexer->store) + 1);
    indexer->root = indexer->store = NULL;
}

/* Makes the folders above the store, as far as they are missing. */
static void make_folders(const char *root, char *store)
{
    size_t size = strlen(root);
    if (strncmp(store, root, size) != 0 || store[size] != '/')
        return;
    for (char *slash = strchr(store + size + 1, '/'); slash != NULL;
         slash = strchr(slash + 1, '/')) {
        *slash = '\0';
        (void)!firn_folder_create(store, NULL); /* what is missing then, indexing tells */
        *slash = '/';
    }
}

static firn_status build(struct indexer *indexer)
{
    struct finish_result result;
    const struct job_options options = {
        .allocator = indexer->allocator, .root = indexer->root, .store = indexer->store};
    make_folders(indexer->root, indexer->store);
    indexer->has_begun = true;
    firn_status status = indexing_begin(&indexer->job, &options, &indexer->error);
    if (status == FIRN_OK) {
        atomic_store(&indexer->has_job, true);
        status = indexing_run(&indexer->job, &result, &indexer->error);
    }
    if (status == FIRN_OK)
        indexer->files = result.totals.files;
    return status;
}

static firn_status update(struct indexer *indexer)
{
    struct updating_result result;
    const struct updating_options options = {.allocator = indexer->allocator,
                                             .store = indexer->store,
                                             .what = "firn code lsp",
                                             .ram_bytes = UPDATE_BYTES,
                                             .workers = 1,
                                             .repairs = indexer->work == INDEXER_REPAIR};
    firn_status status = updating_run(&options, &result, &indexer->error);
    if (status == FIRN_OK)
        indexer->files = indexer->work == INDEXER_REPAIR ? result.repaired : result.files;
    return status;
}

static void *run(void *context)
{
    struct indexer *indexer = context;
    firn_status status = FIRN_CORRUPT;
    if (indexer->work != INDEXER_BUILD)
        status = update(indexer);
    bool is_lost = status == FIRN_CORRUPT || status == FIRN_NOT_FOUND || status == FIRN_NOT_STORE ||
                   status == FIRN_VERSION;
    if (is_lost && indexer->work != INDEXER_FOLLOW)
        status = build(indexer);
    indexer->error.status = status;
    atomic_store(&indexer->is_done, true);
    return NULL;
}

firn_status indexer_begin(struct indexer *indexer, enum indexer_work work, const char *root,
                          const char *store, const firn_allocator *allocator, firn_error *ret_error)
{
    if (indexer->is_running)
        return firn_error_set(ret_error, FIRN_BUSY, 0, "the index is being built");
    *indexer = (struct indexer){.allocator = allocator, .work = work};
    indexer->root = copy_text(allocator, root);
    indexer->store = copy_text(allocator, store);
    if (indexer->root == NULL || indexer->store == NULL ||
        pthread_create(&indexer->thread, NULL, run, indexer) != 0) {
        release_texts(indexer);
        return FIRN_NO_MEMORY;
    }
    indexer->is_running = true;
    return FIRN_OK;
}

unsigned indexer_percent(const struct indexer *indexer)
{
    if (!atomic_load(&indexer->has_job))
        return 0;
    const uint64_t done = atomic_load(&indexer->job.progress.done);
    const uint64_t total = atomic_load(&indexer->job.progress.total);
    return total == 0 || done >= total ? 0 : (unsigned)(100 * done / total);
}

firn_status indexer_end(struct indexer *indexer, uint64_t *ret_files, firn_error *ret_error)
{
    pthread_join(indexer->thread, NULL);
    if (indexer->has_begun)
        indexing_end(&indexer->job);
    release_texts(indexer);
    indexer->is_running = false;
    if (indexer->error.status == FIRN_OK)
        *ret_files = indexer->files;
    else if (ret_error != NULL)
        *ret_error = indexer->error;
    return indexer->error.status;
}

void indexer_fini(struct indexer *indexer)
{
    uint64_t files;
    if (!indexer->is_running)
        return;
    interrupt_ask();
    (void)!indexer_end(indexer, &files, NULL);
}
