/* Opening a store for writing and closing it: the lock, what stands in the folder, what is mended.
 *
 * Called by store.c. Calls core's files and lock, load.c to read the folder, commit.c to mend.
 *
 * What a crash has left is told apart by the manifest alone. When both its copies are the same and
 * the log ends with a seal, all that they name is durable once the folder is synced, and the rest
 * of the folder can go. Otherwise a record may be visible that the disk does not have: then a new
 * checkpoint is written first, and only its success removes anything. Where even that fails, for
 * want of space perhaps, the first commit does it.
 * Threads: one. Memory: the writer. Complexity: as the loading's. */
#include "core/entropy.h"
#include "core/file_error.h"
#include "core/os.h"
#include "tier/folder.h"
#include "tier/frozen.h"

#include <stdio.h>
#include <string.h>

static firn_writer *writer_create(const firn_allocator *allocator,
                                  const firn_store_options *options)
{
    firn_writer *writer = firn_allocate_zeroed(allocator, 1, sizeof *writer);
    if (writer == NULL)
        return NULL;
    writer->lock.fd = writer->append.fd = writer->log.fd = -1;
    writer->process = firn_os_process();
    writer->quota_bytes = options->quota_bytes;
    writer->appending_dictionary = FIRN_SEGMENT_NONE;
    if (pthread_mutex_init(&writer->commit_mutex, NULL) != 0)
        goto fail_commit;
    if (pthread_mutex_init(&writer->append_mutex, NULL) != 0)
        goto fail_append;
    return writer;
fail_append:
    pthread_mutex_destroy(&writer->commit_mutex);
fail_commit:
    firn_release(allocator, writer, sizeof *writer);
    return NULL;
}

/* --- the folder --- */

static void parent_of(const char *path, char *parent, size_t size)
{
    size_t length = strlen(path);
    while (length > 1 && path[length - 1] == '/')
        length--;
    while (length > 0 && path[length - 1] != '/')
        length--;
    while (length > 1 && path[length - 1] == '/')
        length--;
    if (length == 0 || length >= size)
        snprintf(parent, size, "%s", length == 0 ? "." : "/");
    else
        snprintf(parent, size, "%.*s", (int)length, path);
}

/* Makes the folder, or finds one that holds nothing but what a store does. */
static firn_status folder_prepare(const char *path, firn_error *ret_error)
{
    char parent[FIRN_STORE_PATH_BYTES];
    char shown[FIRN_PATH_SHOWN_BYTES];
    firn_store_folder folder;
    firn_status status = firn_folder_create(path, ret_error);
    if (status == FIRN_OK) {
        parent_of(path, parent, sizeof parent);
        return firn_folder_sync(parent, ret_error);
    }
    if (status != FIRN_EXISTS)
        return status;
    status = firn_store_folder_read(path, &folder, ret_error);
    if (status == FIRN_OK && folder.foreign[0] != '\0')
        return firn_error_set(ret_error, FIRN_NOT_STORE, 0,
                              "%s: not a Firn store (%s is in it); move that away or name "
                              "another folder",
                              firn_path_shown(path, shown), folder.foreign);
    return status;
}

/* --- what stands there --- */

/* Whether what could not be loaded may be written over by the first commit: always where there is
 * no manifest, and what is damaged when that is what the user wants. */
static bool is_replaceable(const firn_store *store, firn_status status,
                           const firn_store_folder *folder)
{
    if (status == FIRN_NOT_STORE && !folder->has_manifest)
        return true;
    return store->mode == FIRN_STORE_REPLACE &&
           (status == FIRN_CORRUPT || (status == FIRN_NOT_STORE && folder->has_data));
}

/* Begins with nothing; all that is in the folder stays until the first commit. */
static firn_status start_empty(firn_store *store, const firn_state *earlier, firn_error *ret_error)
{
    firn_writer *writer = store->writer;
    firn_store_unused all = {0};
    store->form = (firn_store_form){
        .version = 2, .store_id = earlier != NULL ? earlier->form.store_id : firn_entropy()};
    store->state.form = store->form;
    if (earlier != NULL)
        store->state.segment_next = earlier->segment_next;
    firn_store_sweep(store->path, (firn_store_keep){.state = NULL});
    writer->must_publish = writer->sweep_needed = true;
    const firn_store_keep nothing = {.state = &store->state};
    firn_status status = firn_store_folder_unused(store->path, nothing, &all, ret_error);
    writer->earlier_bytes = all.bytes;
    return status;
}

/* Goes on with what was loaded. */
static firn_status start_loaded(firn_store *store, const firn_loaded *loaded, firn_error *ret_error)
{
    firn_writer *writer = store->writer;
    char path[FIRN_STORE_PATH_BYTES];
    store->state = loaded->state;
    store->form = store->state.form;
    for (size_t i = 0; i < store->state.file_count; i++)
        writer->data_bytes += store->state.files[i]->size;
    writer->log_generation = loaded->log_generation;
    writer->log_bytes = loaded->log.bytes;
    writer->log_crc = loaded->log.crc;
    writer->checkpoint_bytes = loaded->checkpoint_bytes;
    writer->manifest_bytes = firn_loaded_manifest_bytes(loaded);
    if (!loaded->whole) {
        firn_store_sweep(store->path, (firn_store_keep){.state = NULL});
        writer->sweep_needed = true;
        return FIRN_OK;
    }
    firn_status status = firn_folder_sync(store->path, ret_error);
    if (status == FIRN_OK)
        status = firn_store_log_path(store->path, loaded->log_generation, path, ret_error);
    if (status == FIRN_OK)
        status = firn_file_open(path, FIRN_FILE_APPEND, &writer->log, ret_error);
    if (status == FIRN_OK)
        firn_store_sweep(store->path, (firn_store_keep){.state = &store->state,
                                                        .log_generation = writer->log_generation});
    return status;
}

static firn_status first_version(const firn_store *store, firn_error *ret_error)
{
    char shown[FIRN_PATH_SHOWN_BYTES];
    return firn_error_set(ret_error, FIRN_UNSUPPORTED, 0,
                          "%s: of the first format, which is only read; write the store anew",
                          firn_path_shown(store->path, shown));
}

static firn_status start(firn_store *store, firn_error *ret_error)
{
    firn_writer *writer = store->writer;
    firn_store_folder folder;
    firn_loaded loaded = {.state = {.root = FIRN_SEGMENT_NONE}};
    firn_error error = {0};
    char shown[FIRN_PATH_SHOWN_BYTES];
    firn_status status = firn_store_folder_read(store->path, &folder, ret_error);
    if (status != FIRN_OK)
        return status;
    status = firn_content_load(store->path, store->allocator, true, &loaded, &error);
    const bool is_loaded = status == FIRN_OK;
    if (!is_loaded && !is_replaceable(store, status, &folder)) {
        if (ret_error != NULL)
            *ret_error = error;
        return status;
    }
    writer->generation = folder.generation_max;
    if (is_loaded && loaded.state.generation > writer->generation)
        writer->generation = loaded.state.generation;
    uint32_t file_next = loaded.state.file_next;
    if (is_loaded && store->mode == FIRN_STORE_WRITE && loaded.state.form.version != 1) {
        status = start_loaded(store, &loaded, ret_error);
    } else {
        status = is_loaded && store->mode == FIRN_STORE_WRITE
                     ? first_version(store, ret_error)
                     : start_empty(store, is_loaded ? &loaded.state : NULL, ret_error);
        firn_loaded_fini(&loaded, store->allocator);
    }
    store->state.file_next = file_next > folder.file_next ? file_next : folder.file_next;
    if (status == FIRN_OK && writer->generation >= FIRN_GENERATION_MAX)
        return firn_error_set(ret_error, FIRN_LIMIT, 0,
                              "%s: no generation is left; write to another folder",
                              firn_path_shown(store->path, shown));
    return status;
}

firn_status firn_writer_open(firn_store *store, const firn_store_options *options,
                             firn_error *ret_error)
{
    char path[FIRN_STORE_PATH_BYTES];
    const char *what = options->what != NULL ? options->what : "a writer";
    store->writer = writer_create(store->allocator, options);
    if (store->writer == NULL)
        return firn_store_no_memory(store, ret_error);
    firn_status status = firn_store_path(store->path, "lock", path, ret_error);
    if (status == FIRN_OK)
        status = folder_prepare(store->path, ret_error);
    if (status == FIRN_OK)
        status = firn_lock_acquire(path, what, &store->writer->lock, ret_error);
    if (status == FIRN_OK)
        status = start(store, ret_error);
    if (status != FIRN_OK)
        return status;
    store->writer->is_open = true;
    if (store->writer->log.fd < 0 && !store->writer->must_publish)
        (void)!firn_commit_mend(store, NULL);
    return FIRN_OK;
}

void firn_writer_close(firn_store *store)
{
    firn_writer *writer = store->writer;
    if (writer == NULL)
        return;
    if (writer->is_open && writer->process == firn_os_process()) { /* W4 */
        firn_store_abort(store);
        /* Without its seal, the log is not gone on with by the next writer, nor synced again. */
        if (writer->seal_dirty && writer->log.fd >= 0 && firn_file_sync(&writer->log) != FIRN_OK)
            (void)!firn_file_truncate(&writer->log, writer->log_bytes - FIRN_LOG_SEAL_BYTES);
        firn_store_sweep(store->path, (firn_store_keep){.state = NULL});
    }
    firn_file_close(&writer->append);
    firn_file_close(&writer->log);
    firn_lock_release(&writer->lock);
    firn_release(store->allocator, writer->pending,
                 writer->pending_capacity * sizeof *writer->pending);
    pthread_mutex_destroy(&writer->append_mutex);
    pthread_mutex_destroy(&writer->commit_mutex);
    firn_release(store->allocator, writer, sizeof *writer);
    store->writer = NULL;
}
