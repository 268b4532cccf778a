/* Commits: what makes a writer's changes durable and visible in one step.
 *
 * Called by users (firn/store.h) and at the opening of a store that was not closed well. Calls
 * core's files, the manifest's and the log's encodings, writer.c to forget what failed.
 *
 * A commit syncs the data files and, if there are new ones, the folder; then it appends a record to
 * the log and syncs that; then its seal. Where there is no log that can be gone on with, or it has
 * grown larger than a checkpoint, the commit writes a checkpoint instead: a new empty log, then
 * both copies of the manifest, renamed and the folder synced. Files that nobody needs any more go
 * last. Invariants: C1  a file that the manifest on disk may need is not removed before a commit
 * without it is durable; after a commit that failed in doubt, not before the next one C2  nothing
 * that failed to be synced is synced again: data go to new files, the manifest to a checkpoint,
 * with a generation of its own C3  both copies of the manifest are the same before anything is
 * appended to their log Threads: one commit at a time; puts and pins go on beside it, and only its
 * beginning and its end hold the store's mutex. Memory: the record, or the checkpoint and 40 bytes
 * a segment. Complexity: O(changes), and O(segments) once in as many changes. */
#include "core/file_error.h"
#include "tier/folder.h"
#include "tier/frozen.h"

#include "core/bytes.h"

#include <assert.h>
#include <errno.h>
#include <string.h>

/* One commit. */
typedef struct commit {
    firn_changes record;     /* for the log */
    firn_changes checkpoint; /* for the manifest */
    bool has_record;
    bool has_checkpoint;
    size_t pending_count; /* of the writer's, that it takes in */
    firn_data_file **dirty;
    size_t dirty_count;
    size_t file_capacity; /* of dirty and of the changes' files */
    bool sync_folder;
    bool sync_failed; /* of a file that was full before */
    bool is_doubtful; /* it may have become visible, or may after a crash */
    uint64_t old_log; /* a log that is of no more use; 0: none */
} commit;

/* --- what has changed --- */

static void changes_release(const firn_allocator *allocator, firn_changes *changes)
{
    firn_release(allocator, changes->files, changes->file_room * sizeof *changes->files);
    firn_release(allocator, changes->segments, changes->segment_room * sizeof *changes->segments);
    changes->files = NULL;
    changes->segments = NULL;
}

static bool changes_allocate(const firn_allocator *allocator, firn_changes *changes,
                             size_t file_room, size_t segment_room)
{
    changes->file_room = changes->segment_room = 0;
    if (file_room > 0)
        changes->files = firn_allocate(allocator, file_room * sizeof *changes->files);
    if (changes->files != NULL)
        changes->file_room = file_room;
    if (segment_room > 0)
        changes->segments = firn_allocate(allocator, segment_room * sizeof *changes->segments);
    if (changes->segments != NULL)
        changes->segment_room = segment_room;
    if (changes->file_room == file_room && changes->segment_room == segment_room)
        return true;
    changes_release(allocator, changes);
    return false;
}

static void changes_begin(const firn_store *store, uint32_t root, firn_changes *changes)
{
    *changes = (firn_changes){
        .store_id = store->form.store_id,
        .generation = store->writer->generation,
        .root = root,
        .segment_next = store->state.segment_next,
        .file_next = store->state.file_next,
    };
}

static void file_change_add(firn_changes *changes, const firn_data_file *file, uint32_t size)
{
    changes->files[changes->file_count++] =
        (firn_file_change){.number = file->number, .size = size};
}

/* All that is in the state: for a checkpoint. */
static bool collect_all(const firn_store *store, uint32_t root, size_t file_capacity,
                        firn_changes *changes)
{
    const firn_state *state = &store->state;
    changes_begin(store, root, changes);
    if (!changes_allocate(store->allocator, changes, file_capacity, state->live_count))
        return false;
    for (size_t i = 0; i < state->file_count; i++)
        if (state->files[i]->committing > 0)
            file_change_add(changes, state->files[i], state->files[i]->committing);
    for (size_t i = 0; i < state->segment_count; i++)
        if ((state->segments[i].flags & FIRN_RECORD_DEAD) == 0)
            changes->segments[changes->segment_count++] = state->segments[i];
    return true;
}

/* What is pending: for the log. A segment that was put and removed again is not told of; one that
 * was changed twice is told of twice, as it is now. */
static bool collect_pending(const firn_store *store, uint32_t root, size_t file_capacity,
                            firn_changes *changes)
{
    const firn_state *state = &store->state;
    const firn_writer *writer = store->writer;
    changes_begin(store, root, changes);
    if (!changes_allocate(store->allocator, changes, file_capacity, writer->pending_count))
        return false;
    for (size_t i = 0; i < state->file_count; i++) {
        const firn_data_file *file = state->files[i];
        if (file->committing != file->committed)
            file_change_add(changes, file, file->committing);
    }
    for (size_t i = 0; i < writer->pending_count; i++) {
        const firn_pending *pending = &writer->pending[i];
        const firn_segment_record *now = firn_state_segment(state, pending->before.segment);
        if (now != NULL)
            changes->segments[changes->segment_count++] = *now;
        else if (pending->kind == FIRN_PENDING_REMOVE &&
                 (pending->before.flags & FIRN_RECORD_PENDING) == 0)
            changes->segments[changes->segment_count++] =
                (firn_segment_record){.segment = pending->before.segment};
    }
    return true;
}

/* From now on these are the commit's; a removal of one of them belongs to the next. */
static void pending_claim(firn_store *store)
{
    const firn_writer *writer = store->writer;
    for (size_t i = 0; i < writer->pending_count; i++) {
        firn_segment_record *now =
            firn_state_segment(&store->state, writer->pending[i].before.segment);
        if (now != NULL)
            now->flags &= (uint16_t)~FIRN_RECORD_PENDING;
    }
}

/* Decides for each data file how large it will be: as large as it is, or 0 when nothing is in it.
 */
static void files_claim(firn_store *store, commit *work)
{
    firn_writer *writer = store->writer;
    const firn_state *state = &store->state;
    if (writer->current != NULL && writer->current->live_segments == 0) {
        writer->current->retired = true;
        firn_file_close(&writer->append);
        writer->current = NULL;
    }
    for (size_t i = 0; i < state->file_count; i++) {
        firn_data_file *file = state->files[i];
        file->committing = file->live_segments > 0 ? file->size : 0;
        work->sync_failed = work->sync_failed || file->failed;
        if (file->dirty && file->committing > 0) {
            file->dirty = false;
            file->refs++;
            work->dirty[work->dirty_count++] = file;
        }
    }
    work->sync_folder = writer->folder_dirty;
    writer->folder_dirty = false;
}

static bool has_changed(const firn_store *store, uint32_t root)
{
    const firn_writer *writer = store->writer;
    return writer->pending_count > 0 || writer->must_publish || root != store->state.root;
}

/* Takes down what this commit has to write. The caller holds append_mutex and mutex. */
static firn_status commit_begin(firn_store *store, commit *work, uint32_t root, bool mends)
{
    firn_writer *writer = store->writer;
    const firn_allocator *allocator = store->allocator;
    if (writer->generation >= FIRN_GENERATION_MAX)
        return FIRN_LIMIT;
    writer->generation++;
    work->file_capacity = store->state.file_count;
    if (work->file_capacity > 0)
        work->dirty = firn_allocate(allocator, work->file_capacity * sizeof(void *));
    if (work->file_capacity > 0 && work->dirty == NULL)
        return FIRN_NO_MEMORY;
    files_claim(store, work);
    bool log_usable = writer->log.fd >= 0 && !mends;
    bool log_large = writer->log_bytes > FIRN_STORE_LOG_MIN_BYTES &&
                     writer->log_bytes > writer->checkpoint_bytes;
    if (log_usable)
        work->has_record = collect_pending(store, root, work->file_capacity, &work->record);
    if (!log_usable || log_large)
        work->has_checkpoint = collect_all(store, root, work->file_capacity, &work->checkpoint);
    if (!work->has_record && !work->has_checkpoint)
        return FIRN_NO_MEMORY;
    work->pending_count = writer->pending_count;
    pending_claim(store);
    return FIRN_OK;
}

/* --- data --- */

static firn_status data_failed(const firn_store *store, uint32_t number, firn_status status,
                               firn_error *ret_error)
{
    char path[FIRN_STORE_PATH_BYTES];
    if (firn_store_data_path(store->path, &store->form, number, path, ret_error) != FIRN_OK)
        return status;
    return firn_file_error(ret_error, status == FIRN_NO_SPACE ? ENOSPC : EIO, path, "sync");
}

static firn_status data_sync(firn_store *store, const commit *work, firn_error *ret_error)
{
    if (work->sync_failed)
        return firn_file_error(ret_error, EIO, store->path, "sync of a data file");
    for (size_t i = 0; i < work->dirty_count; i++) {
        firn_status status = firn_file_sync(&work->dirty[i]->file);
        if (status != FIRN_OK)
            return data_failed(store, work->dirty[i]->number, status, ret_error);
    }
    return work->sync_folder ? firn_folder_sync(store->path, ret_error) : FIRN_OK;
}

/* --- the log --- */

static firn_status log_failed(const firn_store *store, firn_status status, const char *what,
                              firn_error *ret_error)
{
    char path[FIRN_STORE_PATH_BYTES];
    if (firn_store_log_path(store->path, store->writer->log_generation, path, ret_error) != FIRN_OK)
        return status;
    return firn_file_error(ret_error, status == FIRN_NO_SPACE ? ENOSPC : EIO, path, what);
}

/* The record is durable; what says so may be lost again, since the next sync makes it durable. */
static void seal_write(firn_store *store, uint64_t generation)
{
    firn_writer *writer = store->writer;
    uint8_t seal[FIRN_LOG_SEAL_BYTES];
    firn_log_seal_write(store->form.store_id, generation, writer->log_crc, seal);
    if (firn_file_write(&writer->log, seal, sizeof seal) != FIRN_OK) {
        firn_file_close(&writer->log); /* nothing can be appended to half a seal */
        return;
    }
    writer->log_bytes += sizeof seal;
    writer->seal_dirty = true;
}

static firn_status record_publish(firn_store *store, commit *work, firn_error *ret_error)
{
    firn_writer *writer = store->writer;
    const size_t bytes = firn_log_record_bytes(&work->record);
    const char *what = "write";
    uint8_t *record = firn_allocate(store->allocator, bytes);
    if (record == NULL)
        return firn_store_no_memory(store, ret_error);
    uint32_t crc = firn_log_record_write(&work->record, writer->log_crc, record);
    work->is_doubtful = true;
    firn_status status = firn_file_write(&writer->log, record, bytes);
    firn_release(store->allocator, record, bytes);
    if (status == FIRN_OK) {
        what = "sync";
        status = firn_file_sync(&writer->log);
    }
    if (status != FIRN_OK) {
        log_failed(store, status, what, ret_error);
        firn_file_close(&writer->log); /* C2 */
        return status;
    }
    work->is_doubtful = false;
    writer->log_crc = crc;
    writer->log_bytes += bytes;
    seal_write(store, work->record.generation);
    return FIRN_OK;
}

/* --- the checkpoint --- */

static firn_status file_write_synced(const char *path, const uint8_t *data, size_t size,
                                     firn_file *ret_file, firn_error *ret_error)
{
    firn_file file;
    const char *what = "write";
    firn_error removing;
    firn_status status = firn_file_remove(path, &removing); /* what a crash has left */
    if (status != FIRN_OK && status != FIRN_NOT_FOUND) {
        if (ret_error != NULL)
            *ret_error = removing;
        return status;
    }
    status = firn_file_open(path, FIRN_FILE_CREATE, &file, ret_error);
    if (status != FIRN_OK)
        return status;
    status = firn_file_write(&file, data, size);
    if (status == FIRN_OK) {
        what = "sync";
        status = firn_file_sync(&file);
    }
    if (status != FIRN_OK) {
        firn_file_error(ret_error, status == FIRN_NO_SPACE ? ENOSPC : EIO, path, what);
        firn_file_close(&file);
        (void)!firn_file_remove(path, NULL);
        return status;
    }
    *ret_file = file;
    return FIRN_OK;
}

/* The paths that a checkpoint writes to. */
typedef struct checkpoint_paths {
    char log[FIRN_STORE_PATH_BYTES];
    char manifest[2][FIRN_STORE_PATH_BYTES];
    char temporary[2][FIRN_STORE_PATH_BYTES];
} checkpoint_paths;

static firn_status paths_make(const firn_store *store, uint64_t generation, checkpoint_paths *paths,
                              firn_error *ret_error)
{
    const char *folder = store->path;
    firn_status status = firn_store_log_path(folder, generation, paths->log, ret_error);
    if (status == FIRN_OK)
        status = firn_store_path(folder, FIRN_STORE_MANIFEST, paths->manifest[0], ret_error);
    if (status == FIRN_OK)
        status = firn_store_path(folder, FIRN_STORE_MANIFEST_COPY, paths->manifest[1], ret_error);
    if (status == FIRN_OK)
        status =
            firn_store_path(folder, FIRN_STORE_MANIFEST ".tmp", paths->temporary[0], ret_error);
    if (status == FIRN_OK)
        status = firn_store_path(folder, FIRN_STORE_MANIFEST_COPY ".tmp", paths->temporary[1],
                                 ret_error);
    return status;
}

/* Writes the log and both copies of the manifest under temporary names, all synced. */
static firn_status checkpoint_write(const firn_store *store, const checkpoint_paths *paths,
                                    const uint8_t *data, size_t bytes, const uint8_t *header,
                                    firn_file *ret_log, firn_error *ret_error)
{
    firn_file written;
    firn_status status =
        file_write_synced(paths->log, header, FIRN_LOG_HEADER_BYTES, ret_log, ret_error);
    if (status != FIRN_OK)
        return status;
    for (int i = 0; i < 2 && status == FIRN_OK; i++) {
        status = file_write_synced(paths->temporary[i], data, bytes, &written, ret_error);
        if (status == FIRN_OK)
            firn_file_close(&written);
    }
    if (status == FIRN_OK)
        status = firn_folder_sync(store->path, ret_error);
    if (status == FIRN_OK)
        return FIRN_OK;
    firn_file_close(ret_log);
    (void)!firn_file_remove(paths->log, NULL);
    for (int i = 0; i < 2; i++)
        (void)!firn_file_remove(paths->temporary[i], NULL);
    return status;
}

/* Gives both copies their names (C3). */
static firn_status checkpoint_rename(const firn_store *store, commit *work,
                                     const checkpoint_paths *paths, firn_error *ret_error)
{
    firn_status status = FIRN_OK;
    for (int i = 0; i < 2 && status == FIRN_OK; i++) {
        status = firn_file_rename(paths->temporary[i], paths->manifest[i], ret_error);
        work->is_doubtful = work->is_doubtful || status == FIRN_OK;
    }
    if (status == FIRN_OK)
        status = firn_folder_sync(store->path, ret_error);
    if (status == FIRN_OK) {
        work->is_doubtful = false;
        return FIRN_OK;
    }
    for (int i = 0; i < 2; i++)
        (void)!firn_file_remove(paths->temporary[i], NULL);
    return status;
}

static firn_status checkpoint_publish(firn_store *store, commit *work, firn_error *ret_error)
{
    firn_writer *writer = store->writer;
    const firn_changes *all = &work->checkpoint;
    const size_t bytes = firn_checkpoint_bytes(all);
    checkpoint_paths paths;
    uint8_t header[FIRN_LOG_HEADER_BYTES];
    firn_file log = {-1};
    firn_status status = paths_make(store, all->generation, &paths, ret_error);
    if (status != FIRN_OK)
        return status;
    uint8_t *data = firn_allocate(store->allocator, bytes);
    if (data == NULL)
        return firn_store_no_memory(store, ret_error);
    firn_checkpoint_write(all, data);
    firn_log_base base = {.store_id = store->form.store_id,
                          .generation = all->generation,
                          .crc = get_u32(data + bytes - FIRN_MANIFEST_CRC_BYTES)};
    firn_log_header_write(&base, header);
    status = checkpoint_write(store, &paths, data, bytes, header, &log, ret_error);
    firn_release(store->allocator, data, bytes);
    if (status == FIRN_OK) {
        status = checkpoint_rename(store, work, &paths, ret_error);
        if (status != FIRN_OK && !work->is_doubtful) {
            (void)!firn_file_remove(paths.log, NULL);
        } else if (status != FIRN_OK) {
            firn_file_close(&writer->log); /* which one is gone on with, a crash would decide */
        }
        if (status != FIRN_OK)
            firn_file_close(&log);
    }
    if (status != FIRN_OK)
        return status;
    firn_file_close(&writer->log);
    work->old_log = writer->log_generation;
    writer->log = log;
    writer->log_bytes = FIRN_LOG_HEADER_BYTES;
    writer->log_crc = base.crc;
    writer->checkpoint_bytes = bytes;
    writer->seal_dirty = false;
    return FIRN_OK;
}

/* --- the commit --- */

/* Publishes as a checkpoint or, where that cannot be or need not be, as a record. */
static firn_status publish(firn_store *store, commit *work, firn_error *ret_error)
{
    firn_status status = FIRN_NO_MEMORY;
    if (work->has_checkpoint)
        status = checkpoint_publish(store, work, ret_error);
    if (status != FIRN_OK && work->has_record && !work->is_doubtful) {
        work->has_checkpoint = false;
        status = record_publish(store, work, ret_error);
    }
    return status;
}

/* The caller holds append_mutex and mutex. */
static void commit_done(firn_store *store, commit *work)
{
    firn_writer *writer = store->writer;
    const firn_changes *done = work->has_checkpoint ? &work->checkpoint : &work->record;
    firn_state *state = &store->state;
    for (size_t i = 0; i < state->file_count; i++) {
        firn_data_file *file = state->files[i];
        if (file->committing > 0 || file->committed > 0)
            file->committed = file->committing;
    }
    writer->pending_count -= work->pending_count;
    if (writer->pending_count > 0)
        memmove(writer->pending, writer->pending + work->pending_count,
                writer->pending_count * sizeof *writer->pending);
    else
        firn_state_purge(state);
    state->generation = done->generation;
    state->root = done->root;
    if (work->has_checkpoint) {
        writer->log_generation = done->generation;
        writer->earlier_bytes = 0;
    }
    writer->manifest_bytes = 2 * writer->checkpoint_bytes + writer->log_bytes;
    writer->must_publish = writer->is_doubtful = false;
}

/* Removes what only the manifest before needed. */
static void earlier_remove(firn_store *store, const commit *work)
{
    firn_writer *writer = store->writer;
    char path[FIRN_STORE_PATH_BYTES];
    if (!work->has_checkpoint)
        return;
    if (work->old_log != 0 &&
        firn_store_log_path(store->path, work->old_log, path, NULL) == FIRN_OK)
        (void)!firn_file_remove(path, NULL);
    pthread_mutex_lock(&store->mutex);
    bool sweep = writer->sweep_needed;
    writer->sweep_needed = false;
    /* Under the mutex, so that no data file is made meanwhile that the state does not know. */
    if (sweep)
        firn_store_sweep(store->path,
                         (firn_store_keep){&store->state, writer->log_generation, true});
    pthread_mutex_unlock(&store->mutex);
}

static void commit_end(firn_store *store, commit *work, firn_status status)
{
    firn_writer *writer = store->writer;
    const firn_allocator *allocator = store->allocator;
    pthread_mutex_lock(&writer->append_mutex);
    pthread_mutex_lock(&store->mutex);
    for (size_t i = 0; i < work->dirty_count; i++)
        firn_data_file_release(work->dirty[i], allocator);
    if (status == FIRN_OK) {
        commit_done(store, work);
    } else {
        writer->is_doubtful = writer->is_doubtful || work->is_doubtful;
        writer->folder_dirty = true;
        writer->must_publish = writer->must_publish || writer->is_doubtful;
        firn_writer_undo(store, true);
    }
    pthread_mutex_unlock(&store->mutex);
    pthread_mutex_unlock(&writer->append_mutex);
    firn_writer_drop_files(store); /* C1 */
    firn_release(allocator, work->dirty, work->file_capacity * sizeof(void *));
    changes_release(allocator, &work->record);
    changes_release(allocator, &work->checkpoint);
    if (status == FIRN_OK)
        earlier_remove(store, work);
}

static firn_status begin_failed(const firn_store *store, firn_status status, firn_error *ret_error)
{
    char shown[FIRN_PATH_SHOWN_BYTES];
    if (status == FIRN_NO_MEMORY)
        return firn_store_no_memory(store, ret_error);
    return firn_error_set(ret_error, status, 0,
                          "%s: no generation is left; write to another folder",
                          firn_path_shown(store->path, shown));
}

static firn_status commit_run(firn_store *store, uint32_t root, bool mends, firn_error *ret_error)
{
    firn_writer *writer = store->writer;
    commit work = {.old_log = 0};
    char shown[FIRN_PATH_SHOWN_BYTES];
    pthread_mutex_lock(&writer->append_mutex);
    pthread_mutex_lock(&store->mutex);
    bool root_known = root == FIRN_SEGMENT_NONE || firn_state_segment(&store->state, root) != NULL;
    bool needed = mends || has_changed(store, root);
    firn_status status = FIRN_OK;
    if (root_known && needed)
        status = commit_begin(store, &work, root, mends);
    pthread_mutex_unlock(&store->mutex);
    pthread_mutex_unlock(&writer->append_mutex);
    if (!root_known)
        return firn_error_set(ret_error, FIRN_NOT_FOUND, 0, "%s: the root is no segment",
                              firn_path_shown(store->path, shown));
    if (!needed)
        return FIRN_OK;
    if (status != FIRN_OK)
        begin_failed(store, status, ret_error);
    else
        status = data_sync(store, &work, ret_error);
    if (status == FIRN_OK)
        status = publish(store, &work, ret_error);
    commit_end(store, &work, status);
    return status;
}

firn_status firn_store_commit(firn_store *store, uint32_t root, firn_error *ret_error)
{
    firn_status status = firn_writer_check(store, ret_error);
    if (status != FIRN_OK)
        return status;
    pthread_mutex_lock(&store->writer->commit_mutex);
    status = commit_run(store, root, false, ret_error);
    pthread_mutex_unlock(&store->writer->commit_mutex);
    return status;
}

firn_status firn_commit_mend(firn_store *store, firn_error *ret_error)
{
    return commit_run(store, store->state.root, true, ret_error);
}
