/* The frozen store's writing side: segments appended to data files, removed, and forgotten again.
 *
 * Called by users (firn/store.h), compact.c and commit.c. Calls core's files and lock, the codec,
 * the segment's encoding. What makes changes durable and visible is in commit.c.
 *
 * Nouns: pending are the changes since the last commit, in the order of their doing, so that they
 * can be undone backwards; the current file is the one that takes the next segment.
 * Invariants:
 *   W1  nothing is written but behind the committed end of a data file, and not there either once a
 *       sync of it has failed or other bytes than this writer's were found there (retired)
 *   W2  a pending change is in the state already; the state without what is pending is that of the
 *       last commit
 *   W3  a segment is in the state only when all its bytes were written
 *   W4  a writer whose opening failed, or that belongs to another process, changes no file
 * Threads: puts may run in parallel: they pack at the same time and append one by one.
 * Memory: 56 bytes for each pending change, and for each put under way the packed segment.
 * Complexity: put O(size); remove O(log n), of a dictionary O(n). */
#include "core/file_error.h"
#include "core/os.h"
#include "tier/folder.h"
#include "tier/frozen.h"

#include <firn/checksum.h>

#include <assert.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>

enum {
    FILE_BYTES_MIN = 4 << 20,
    FILE_BYTES_MAX = 256 << 20,
    FILE_BYTES_QUOTA_MIN = 64 << 10,
    FILES_PER_DOUBLING = 32, /* so many are made while a large store becomes twice as large */
    QUOTA_FILES = 8,         /* so many at least share a quota */
};

firn_status firn_writer_check(const firn_store *store, firn_error *ret_error)
{
    char shown[FIRN_PATH_SHOWN_BYTES];
    if (store->writer != NULL && store->writer->process == firn_os_process())
        return FIRN_OK;
    return firn_error_set(ret_error, FIRN_INVALID, 0, "%s: %s", firn_path_shown(store->path, shown),
                          store->writer == NULL ? "open for reading only"
                                                : "open for writing in another process");
}

/* --- data files --- */

uint64_t firn_writer_file_bytes(const firn_store *store)
{
    const firn_writer *writer = store->writer;
    uint64_t bytes = FILE_BYTES_MIN;
    while (bytes < FILE_BYTES_MAX && bytes * 2 <= writer->data_bytes / FILES_PER_DOUBLING)
        bytes *= 2;
    while (writer->quota_bytes != 0 && bytes > FILE_BYTES_QUOTA_MIN &&
           bytes > writer->quota_bytes / QUOTA_FILES)
        bytes /= 2;
    return bytes;
}

/* The caller holds append_mutex and mutex. */
static void current_close(firn_writer *writer)
{
    firn_file_close(&writer->append);
    writer->current = NULL;
}

/* Takes a file that nobody needs out of the state; false when there is none. */
static bool file_drop(firn_store *store, uint32_t *ret_number)
{
    firn_writer *writer = store->writer;
    firn_state *state = &store->state;
    bool found = false;
    pthread_mutex_lock(&store->mutex);
    /* What a commit that failed in doubt has named must stay until the next one. */
    for (size_t i = writer->is_doubtful ? 0 : state->file_count; i-- > 0 && !found;) {
        firn_data_file *file = state->files[i];
        if (file->live_segments > 0 || file->committed > 0 || file == writer->current)
            continue;
        found = true;
        *ret_number = file->number;
        writer->data_bytes -= file->size;
        firn_state_file_remove(state, store->allocator, file);
    }
    pthread_mutex_unlock(&store->mutex);
    return found;
}

void firn_writer_drop_files(firn_store *store)
{
    uint32_t number;
    char path[FIRN_STORE_PATH_BYTES];
    while (file_drop(store, &number)) {
        if (firn_store_data_path(store->path, &store->form, number, path, NULL) == FIRN_OK &&
            firn_file_remove(path, NULL) == FIRN_OK)
            continue;
        pthread_mutex_lock(&store->mutex);
        store->writer->sweep_needed = true;
        pthread_mutex_unlock(&store->mutex);
    }
}

/* Makes the next data file and lets it be the current one. The caller holds append_mutex. */
static firn_status current_create(firn_store *store, firn_error *ret_error)
{
    firn_writer *writer = store->writer;
    firn_data_file *file = NULL;
    char path[FIRN_STORE_PATH_BYTES];
    char shown[FIRN_PATH_SHOWN_BYTES];
    pthread_mutex_lock(&store->mutex);
    uint32_t number = store->state.file_next;
    firn_status status = number < UINT32_MAX - 1
                             ? firn_state_file_add(&store->state, store->allocator, number, &file)
                             : FIRN_LIMIT;
    if (status == FIRN_OK) {
        store->state.file_next++;
        writer->current = file; /* so that it is not dropped */
        writer->folder_dirty = true;
    }
    pthread_mutex_unlock(&store->mutex);
    if (status == FIRN_NO_MEMORY)
        return firn_store_no_memory(store, ret_error);
    if (status != FIRN_OK)
        return firn_error_set(ret_error, status, 0, "%s: holds no more files; compact it",
                              firn_path_shown(store->path, shown));
    status = firn_store_data_path(store->path, &store->form, number, path, ret_error);
    if (status == FIRN_OK)
        status = firn_file_open(path, FIRN_FILE_CREATE, &writer->append, ret_error);
    if (status == FIRN_OK)
        status = firn_file_open(path, FIRN_FILE_READ, &file->file, ret_error);
    if (status == FIRN_OK)
        return FIRN_OK;
    pthread_mutex_lock(&store->mutex);
    current_close(writer);
    pthread_mutex_unlock(&store->mutex);
    firn_writer_drop_files(store);
    return status;
}

/* Goes on with the last data file where that can be; false when not. */
static bool current_reopen(firn_store *store, uint32_t packed)
{
    firn_writer *writer = store->writer;
    firn_state *state = &store->state;
    char path[FIRN_STORE_PATH_BYTES];
    pthread_mutex_lock(&store->mutex);
    firn_data_file *last = state->file_count > 0 ? state->files[state->file_count - 1] : NULL;
    bool fits = last != NULL && !last->retired &&
                (uint64_t)last->size + packed <= firn_writer_file_bytes(store);
    if (fits)
        writer->current = last;
    pthread_mutex_unlock(&store->mutex);
    if (!fits)
        return false;
    if (firn_store_data_path(store->path, &store->form, last->number, path, NULL) == FIRN_OK &&
        firn_file_open(path, FIRN_FILE_APPEND, &writer->append, NULL) == FIRN_OK)
        return true;
    pthread_mutex_lock(&store->mutex);
    writer->current = NULL;
    last->retired = true;
    pthread_mutex_unlock(&store->mutex);
    return false;
}

/* Makes sure that there is a current file with room. A full one is handed to *ret_full, with a
 * reference. The caller holds append_mutex. */
static firn_status current_choose(firn_store *store, uint32_t packed, firn_data_file **ret_full,
                                  firn_error *ret_error)
{
    firn_writer *writer = store->writer;
    firn_data_file *current = writer->current;
    if (current == NULL && current_reopen(store, packed))
        return FIRN_OK;
    if (current != NULL) {
        pthread_mutex_lock(&store->mutex);
        bool fits =
            current->size == 0 || (uint64_t)current->size + packed <= firn_writer_file_bytes(store);
        if (!fits) {
            current->retired = true;
            current->refs++;
            *ret_full = current;
            current_close(writer);
        }
        pthread_mutex_unlock(&store->mutex);
        if (fits)
            return FIRN_OK;
    }
    return current_create(store, ret_error);
}

/* A write failed: what is whole in the file stays, and it takes no more. */
static firn_status write_failed(firn_store *store, firn_status status, firn_error *ret_error)
{
    firn_writer *writer = store->writer;
    firn_data_file *file = writer->current;
    char path[FIRN_STORE_PATH_BYTES];
    if (firn_store_data_path(store->path, &store->form, file->number, path, ret_error) == FIRN_OK)
        firn_file_error(ret_error, status == FIRN_NO_SPACE ? ENOSPC : EIO, path, "write");
    (void)!firn_file_truncate(&writer->append, file->size);
    pthread_mutex_lock(&store->mutex);
    current_close(writer);
    file->retired = true;
    pthread_mutex_unlock(&store->mutex);
    firn_writer_drop_files(store);
    return status;
}

/* --- appending --- */

/* What all files would take with so many bytes more, and what commits and compaction need beside:
 * both copies of the manifest written anew while the old ones stand, a log, and a data file to move
 * segments to. The caller holds mutex. */
static bool quota_allows(const firn_store *store, uint32_t packed, bool is_move)
{
    const firn_writer *writer = store->writer;
    uint64_t manifest = FIRN_CHECKPOINT_HEADER_BYTES + FIRN_MANIFEST_CRC_BYTES +
                        (store->state.live_count + 1) * FIRN_MANIFEST_SEGMENT_BYTES;
    uint64_t wanted =
        writer->data_bytes + writer->earlier_bytes + writer->manifest_bytes + packed + 2 * manifest;
    if (!is_move)
        wanted += firn_writer_file_bytes(store) + FIRN_STORE_LOG_MIN_BYTES;
    return writer->quota_bytes == 0 || wanted <= writer->quota_bytes;
}

static bool pending_reserve(firn_store *store)
{
    firn_writer *writer = store->writer;
    void *block = writer->pending;
    bool grown = firn_grow(store->allocator, &block, &writer->pending_capacity,
                           writer->pending_count + 1, sizeof *writer->pending);
    writer->pending = block;
    return grown;
}

static void pending_add(firn_store *store, firn_pending_kind kind,
                        const firn_segment_record *before)
{
    firn_writer *writer = store->writer;
    assert(writer->pending_count < writer->pending_capacity);
    writer->pending[writer->pending_count++] = (firn_pending){.kind = kind, .before = *before};
}

/* Decides where a segment goes, and makes sure that it can be noted. The caller holds append_mutex.
 */
static firn_status append_prepare(firn_store *store, firn_segment_record *record, bool is_move,
                                  firn_data_file **ret_full, firn_error *ret_error)
{
    firn_writer *writer = store->writer;
    char shown[FIRN_PATH_SHOWN_BYTES];
    firn_status status = FIRN_OK;
    pthread_mutex_lock(&store->mutex);
    bool allowed = quota_allows(store, record->packed, is_move);
    if (record->dictionary != FIRN_SEGMENT_NONE &&
        firn_state_segment(&store->state, record->dictionary) == NULL)
        status = FIRN_NOT_FOUND;
    else if (!is_move && store->state.segment_next >= UINT32_MAX - 1)
        status = FIRN_LIMIT;
    else if (!is_move)
        status = firn_state_reserve(&store->state, store->allocator);
    if (status == FIRN_OK && !pending_reserve(store))
        status = FIRN_NO_MEMORY;
    writer->appending_dictionary = record->dictionary;
    pthread_mutex_unlock(&store->mutex);
    if (status == FIRN_NOT_FOUND)
        return firn_error_set(ret_error, status, 0, "%s: the dictionary was removed meanwhile",
                              firn_path_shown(store->path, shown));
    if (!allowed)
        return firn_error_set(ret_error, FIRN_LIMIT, 0,
                              "%s: the quota of %llu bytes is used up; remove segments, commit and "
                              "compact",
                              firn_path_shown(store->path, shown),
                              (unsigned long long)writer->quota_bytes);
    if (status == FIRN_NO_MEMORY)
        return firn_store_no_memory(store, ret_error);
    if (status != FIRN_OK)
        return firn_error_set(ret_error, status, 0,
                              "%s: a store can hold no more segments; write another one",
                              firn_path_shown(store->path, shown));
    status = current_choose(store, record->packed, ret_full, ret_error);
    if (status != FIRN_OK)
        return status;
    pthread_mutex_lock(&store->mutex);
    if (!is_move)
        record->segment = store->state.segment_next++;
    record->generation = writer->generation + 1;
    record->file = writer->current->number;
    record->offset = writer->current->size;
    pthread_mutex_unlock(&store->mutex);
    return FIRN_OK;
}

static void header_write(const firn_store *store, const firn_segment_record *record, uint8_t *bytes)
{
    const uint8_t *frame = bytes + FIRN_SEGMENT_HEADER_BYTES;
    firn_segment_header_write(
        &(firn_segment_header){
            .store_id = store->form.store_id,
            .generation = record->generation,
            .segment = record->segment,
            .kind = record->kind,
            .plain = record->plain,
            .packed = record->packed,
            .dictionary = record->dictionary,
            .frame_crc = firn_crc32c(0, frame, record->packed - FIRN_SEGMENT_HEADER_BYTES),
        },
        bytes);
}

/* Notes a segment whose bytes are written (W3). A move whose segment went elsewhere, or away, is
 * none; its bytes are garbage. */
static bool append_note(firn_store *store, firn_segment_record *record,
                        const firn_segment_record *moved)
{
    firn_writer *writer = store->writer;
    bool done = true;
    pthread_mutex_lock(&store->mutex);
    writer->current->size += record->packed;
    writer->current->dirty = true;
    writer->data_bytes += record->packed;
    if (moved == NULL) {
        record->flags |= FIRN_RECORD_PENDING;
        firn_state_put(&store->state, record);
        pending_add(store, FIRN_PENDING_PUT, record);
    } else {
        const firn_segment_record *found = firn_state_segment(&store->state, moved->segment);
        done = found != NULL && found->file == moved->file && found->offset == moved->offset;
        if (done) {
            firn_segment_record before = *found;
            record->flags = before.flags | (record->flags & FIRN_RECORD_REPACKED);
            firn_state_move(&store->state, record);
            pending_add(store, FIRN_PENDING_MOVE, &before);
        }
    }
    pthread_mutex_unlock(&store->mutex);
    return done;
}

/* Syncs a full file in the thread that filled it, while others put on, unless a commit is at it. */
static void full_sync(firn_store *store, firn_data_file *full)
{
    firn_writer *writer = store->writer;
    if (pthread_mutex_trylock(&writer->commit_mutex) == 0) {
        pthread_mutex_lock(&store->mutex);
        bool dirty = full->dirty;
        full->dirty = false;
        pthread_mutex_unlock(&store->mutex);
        firn_status status = dirty ? firn_file_sync(&full->file) : FIRN_OK;
        pthread_mutex_lock(&store->mutex);
        full->failed = full->failed || status != FIRN_OK;
        pthread_mutex_unlock(&store->mutex);
        pthread_mutex_unlock(&writer->commit_mutex);
    }
    firn_segment_give(store, full);
}

firn_status firn_writer_append(firn_store *store, uint8_t *bytes, firn_segment_record *record,
                               const firn_segment_record *moved, bool *ret_done,
                               firn_error *ret_error)
{
    firn_writer *writer = store->writer;
    firn_data_file *full = NULL;
    pthread_mutex_lock(&writer->append_mutex);
    firn_status status = append_prepare(store, record, moved != NULL, &full, ret_error);
    if (status == FIRN_OK) {
        header_write(store, record, bytes);
        status = firn_file_write(&writer->append, bytes, record->packed);
        if (status != FIRN_OK)
            status = write_failed(store, status, ret_error);
        else if (ret_done != NULL)
            *ret_done = append_note(store, record, moved);
        else
            append_note(store, record, moved);
    }
    pthread_mutex_lock(&store->mutex);
    writer->appending_dictionary = FIRN_SEGMENT_NONE;
    pthread_mutex_unlock(&store->mutex);
    pthread_mutex_unlock(&writer->append_mutex);
    if (full != NULL)
        full_sync(store, full);
    return status;
}

firn_status firn_writer_mark(firn_store *store, const firn_segment_record *record,
                             firn_error *ret_error)
{
    firn_status status = FIRN_OK;
    pthread_mutex_lock(&store->mutex);
    const firn_segment_record *found = firn_state_segment(&store->state, record->segment);
    if (found != NULL && !pending_reserve(store)) {
        status = FIRN_NO_MEMORY;
    } else if (found != NULL) {
        firn_segment_record before = *found, marked = *found;
        marked.flags |= FIRN_RECORD_REPACKED;
        firn_state_move(&store->state, &marked);
        pending_add(store, FIRN_PENDING_MOVE, &before);
    }
    pthread_mutex_unlock(&store->mutex);
    return status == FIRN_OK ? FIRN_OK : firn_store_no_memory(store, ret_error);
}

/* --- put and remove --- */

static firn_status put_check(const firn_store *store, const firn_store_put_options *options,
                             size_t size, firn_error *ret_error)
{
    char shown[FIRN_PATH_SHOWN_BYTES];
    firn_status status = firn_writer_check(store, ret_error);
    if (status != FIRN_OK)
        return status;
    firn_path_shown(store->path, shown);
    if (size > FIRN_SEGMENT_MAX_BYTES)
        return firn_error_set(ret_error, FIRN_LIMIT, 0,
                              "%s: a segment of %zu bytes; put at most %u at once", shown, size,
                              FIRN_SEGMENT_MAX_BYTES);
    bool valid = options->reserved[0] == 0 && options->reserved[1] == 0 &&
                 (unsigned)options->codec <= FIRN_CODEC_ZSTD &&
                 (!options->use_dictionary ||
                  (options->codec == FIRN_CODEC_ZSTD && !options->is_dictionary));
    return valid ? FIRN_OK
                 : firn_error_set(ret_error, FIRN_INVALID, 0,
                                  "%s: a segment's options contradict each other", shown);
}

/* Packs into bytes, behind the room for the segment's header. */
static firn_status pack(firn_store *store, firn_codec *codec, const firn_store_put_options *options,
                        const void *data, size_t size, uint8_t *bytes, firn_segment_record *record,
                        firn_error *ret_error)
{
    size_t frame = 0;
    uint8_t *out = bytes + FIRN_SEGMENT_HEADER_BYTES;
    char shown[FIRN_PATH_SHOWN_BYTES];
    const firn_dictionary *dictionary = NULL;
    firn_status status;
    if (options->use_dictionary) {
        status = firn_store_dictionary(store, options->dictionary, options->level, &dictionary,
                                       ret_error);
        if (status != FIRN_OK)
            return status;
        status = firn_codec_pack_with(codec, dictionary, options->level, data, size, out, &frame);
    } else {
        status = firn_codec_pack(codec, options->codec, options->level, data, size, out, &frame);
    }
    if (status != FIRN_OK)
        return firn_error_set(ret_error, status, 0, "%s: a segment cannot be packed: %s",
                              firn_path_shown(store->path, shown), firn_status_text(status));
    *record = (firn_segment_record){
        .kind = options->kind,
        .plain = (uint32_t)size,
        .packed = (uint32_t)(FIRN_SEGMENT_HEADER_BYTES + frame),
        .codec = out[0], /* what it became, perhaps raw */
        .dictionary =
            out[0] == FIRN_CODEC_ZSTD_DICTIONARY ? options->dictionary : FIRN_SEGMENT_NONE,
        .flags = options->is_dictionary ? FIRN_RECORD_DICTIONARY : 0,
    };
    return FIRN_OK;
}

firn_status firn_store_put(firn_store *store, firn_codec *codec,
                           const firn_store_put_options *options, const void *data, size_t size,
                           uint32_t *ret_segment, firn_error *ret_error)
{
    firn_segment_record record;
    firn_status status = put_check(store, options, size, ret_error);
    if (status != FIRN_OK)
        return status;
    size_t room = FIRN_SEGMENT_HEADER_BYTES + firn_codec_bound(size);
    uint8_t *bytes = firn_allocate(store->allocator, room);
    if (bytes == NULL)
        return firn_store_no_memory(store, ret_error);
    status = pack(store, codec, options, data, size, bytes, &record, ret_error);
    if (status == FIRN_OK)
        status = firn_writer_append(store, bytes, &record, NULL, NULL, ret_error);
    firn_release(store->allocator, bytes, room);
    if (status == FIRN_OK)
        *ret_segment = record.segment;
    return status;
}

static bool dictionary_needed(const firn_store *store, uint32_t segment)
{
    const firn_state *state = &store->state;
    if (store->writer->appending_dictionary == segment)
        return true;
    for (size_t i = 0; i < state->segment_count; i++)
        if (state->segments[i].dictionary == segment &&
            (state->segments[i].flags & FIRN_RECORD_DEAD) == 0)
            return true;
    return false;
}

firn_status firn_store_remove(firn_store *store, uint32_t segment)
{
    firn_status status = firn_writer_check(store, NULL);
    if (status != FIRN_OK)
        return status;
    pthread_mutex_lock(&store->mutex);
    const firn_segment_record *found = firn_state_segment(&store->state, segment);
    if (found == NULL)
        status = FIRN_NOT_FOUND;
    else if ((found->flags & FIRN_RECORD_DICTIONARY) != 0 && dictionary_needed(store, segment))
        status = FIRN_BUSY;
    else if (!pending_reserve(store))
        status = FIRN_NO_MEMORY;
    if (status == FIRN_OK) {
        pending_add(store, FIRN_PENDING_REMOVE, found);
        firn_state_remove(&store->state, segment);
    }
    pthread_mutex_unlock(&store->mutex);
    return status;
}

/* --- forgetting --- */

void firn_writer_undo(firn_store *store, bool has_failed)
{
    firn_writer *writer = store->writer;
    firn_state *state = &store->state;
    while (writer->pending_count > 0) {
        const firn_pending *last = &writer->pending[--writer->pending_count];
        if (last->kind == FIRN_PENDING_PUT)
            firn_state_remove(state, last->before.segment);
        else if (last->kind == FIRN_PENDING_MOVE)
            firn_state_move(state, &last->before);
        else
            firn_state_restore(state, &last->before);
    }
    for (size_t i = 0; i < state->file_count; i++) {
        firn_data_file *file = state->files[i];
        if (file->failed || (has_failed && file->size > file->committed)) {
            file->retired = true; /* W1 */
            file->dirty = file->failed = false;
        }
    }
    firn_data_file *current = writer->current;
    if (current != NULL &&
        (current->retired || (current->committed == 0 && current->live_segments == 0)))
        current_close(writer);
    firn_state_purge(state);
}

void firn_store_abort(firn_store *store)
{
    if (firn_writer_check(store, NULL) != FIRN_OK)
        return;
    firn_writer *writer = store->writer;
    pthread_mutex_lock(&writer->append_mutex);
    pthread_mutex_lock(&store->mutex);
    firn_writer_undo(store, false);
    pthread_mutex_unlock(&store->mutex);
    pthread_mutex_unlock(&writer->append_mutex);
    firn_writer_drop_files(store);
}

firn_status firn_store_scratch(const firn_store *store, const char *name, char *ret_path,
                               size_t size)
{
    if (firn_writer_check(store, NULL) != FIRN_OK || name[0] == '\0' || strchr(name, '/') != NULL)
        return FIRN_INVALID;
    int length = snprintf(ret_path, size, "%s/scratch-%s.tmp", store->path, name);
    return length >= 0 && (size_t)length < size ? FIRN_OK : FIRN_LIMIT;
}
