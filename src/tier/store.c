/* The frozen store: opening, refreshing and closing it, and telling what it holds.
 *
 * Called by users (firn/store.h). Its reading is in read.c, its writing in writer.c and commit.c,
 * how a folder becomes a state in load.c.
 *
 * Nouns: the state is what the store holds now, a writer's uncommitted changes included; a
 * generation is what one commit makes.
 * Invariants:
 *   O1  every data file of the state is open, and at least as long as the manifest says
 *   O2  a reader's state is that of one generation
 * Threads: everything but open and close may be called by any number.
 * Memory: 40 bytes a segment, a block and a descriptor a data file, decoded segments.
 * Complexity: open and refresh O(files + segments); next O(log n). */
#include "core/file_error.h"
#include "core/os.h"
#include "tier/folder.h"
#include "tier/forked.h"
#include "tier/frozen.h"

#include <errno.h>
#include <string.h>

enum { CACHE_BYTES_DEFAULT = 16 << 20 };

firn_status firn_store_no_memory(const firn_store *store, firn_error *ret_error)
{
    return firn_file_error(ret_error, ENOMEM, store->path,
                           store->writer != NULL ? "write" : "read");
}

/* --- opening and closing --- */

static firn_store *store_create(const char *path, const firn_allocator *allocator)
{
    firn_store *store = firn_allocate_zeroed(allocator, 1, sizeof *store);
    if (store == NULL)
        return NULL;
    store->allocator = allocator;
    store->state.root = FIRN_SEGMENT_NONE;
    store->path_size = strlen(path) + 1;
    store->path = firn_allocate(allocator, store->path_size);
    if (store->path == NULL) {
        firn_release(allocator, store, sizeof *store);
        return NULL;
    }
    memcpy(store->path, path, store->path_size);
    return store;
}

/* Takes over what was loaded. */
static void state_take(firn_store *store, firn_loaded *loaded)
{
    store->state = loaded->state;
    store->loaded = *loaded;
    store->loaded.state = (firn_state){.root = FIRN_SEGMENT_NONE};
}

static firn_status store_fill(firn_store *store, const firn_store_options *options,
                              firn_error *ret_error)
{
    size_t cache_bytes = options->cache_bytes != 0 ? options->cache_bytes : CACHE_BYTES_DEFAULT;
    store->mode = options->mode;
    store->mutex_ready = pthread_mutex_init(&store->mutex, NULL) == 0;
    if (!store->mutex_ready ||
        firn_decoded_init(&store->decoded, store->allocator, cache_bytes) != FIRN_OK)
        return firn_store_no_memory(store, ret_error);
    store->decoded_ready = true;
    if (store->mode != FIRN_STORE_READ)
        return firn_writer_open(store, options, ret_error);
    firn_loaded loaded;
    firn_status status =
        firn_content_load(store->path, store->allocator, false, &loaded, ret_error);
    if (status != FIRN_OK)
        return status;
    state_take(store, &loaded);
    store->form = store->state.form;
    return FIRN_OK;
}

static firn_status options_check(const char *path, const firn_store_options *options,
                                 firn_error *ret_error)
{
    char shown[FIRN_PATH_SHOWN_BYTES];
    const char *cause = NULL;
    if (options->reserved[0] != 0 || options->reserved[1] != 0)
        cause = "the reserved options must be 0";
    else if ((unsigned)options->mode > FIRN_STORE_REPLACE)
        cause = "no such mode";
    else if (options->quota_bytes != 0 && options->mode == FIRN_STORE_READ)
        cause = "a quota is for writers";
    else if (options->quota_bytes != 0 && options->quota_bytes < FIRN_STORE_QUOTA_MIN_BYTES)
        cause = "a quota must be at least 1 MiB";
    if (cause == NULL)
        return FIRN_OK;
    return firn_error_set(ret_error, FIRN_INVALID, 0, "%s: %s", firn_path_shown(path, shown),
                          cause);
}

firn_status firn_store_open(const char *path, const firn_store_options *options,
                            firn_store **ret_store, firn_error *ret_error)
{
    static const firn_store_options defaults = {0};
    if (options == NULL)
        options = &defaults;
    firn_status status = options_check(path, options, ret_error);
    if (status != FIRN_OK)
        return status;
    const firn_allocator *allocator = options->allocator;
    if (allocator == NULL)
        allocator = firn_allocator_system();
    firn_store *store = store_create(path, allocator);
    if (store == NULL)
        return firn_file_error(ret_error, ENOMEM, path, "open");
    status = store_fill(store, options, ret_error);
    if (status != FIRN_OK) {
        firn_store_close(store);
        return status;
    }
    *ret_store = store;
    return FIRN_OK;
}

static void tools_release(firn_store *store)
{
    while (store->unpackers != NULL) {
        firn_unpacker *idle = store->unpackers;
        store->unpackers = idle->next;
        firn_codec_destroy(idle->codec);
        firn_release(store->allocator, idle, sizeof *idle);
    }
    while (store->prepared != NULL) {
        firn_prepared *prepared = store->prepared;
        store->prepared = prepared->next;
        firn_dictionary_destroy(prepared->dictionary);
        firn_release(store->allocator, prepared, sizeof *prepared);
    }
}

static bool is_forked(const firn_store *store)
{
    return store->writer != NULL && store->writer->process != firn_os_process();
}

/* Whether no other thread was changing anything when this child was forked. */
static bool was_at_rest(firn_store *store)
{
    return firn_lock_was_free(&store->mutex) && firn_decoded_at_rest(&store->decoded) &&
           firn_lock_was_free(&store->writer->append_mutex) &&
           firn_lock_was_free(&store->writer->commit_mutex);
}

void firn_store_leave(firn_store *store)
{
    firn_writer *writer = store->writer;
    firn_lock_release(&writer->lock);
    if (firn_lock_was_free(&writer->commit_mutex))
        firn_file_close(&writer->log);
    if (firn_lock_was_free(&writer->append_mutex))
        firn_file_close(&writer->append);
    if (firn_lock_was_free(&store->mutex))
        for (size_t i = 0; i < store->state.file_count; i++)
            firn_file_close(&store->state.files[i]->file);
}

void firn_store_close(firn_store *store)
{
    if (store == NULL)
        return;
    if (is_forked(store) && !was_at_rest(store)) {
        firn_store_leave(store);
        return;
    }
    firn_writer_close(store);
    tools_release(store);
    if (store->decoded_ready)
        firn_decoded_fini(&store->decoded);
    firn_state_fini(&store->state, store->allocator);
    if (store->mutex_ready)
        pthread_mutex_destroy(&store->mutex);
    firn_release(store->allocator, store->path, store->path_size);
    firn_release(store->allocator, store, sizeof *store);
}

/* --- refreshing --- */

/* Whether manifest and log are still those that the state was read from: two looks at the disk. */
static bool is_current(const firn_store *store, const firn_loaded *loaded)
{
    char path[FIRN_STORE_PATH_BYTES];
    firn_path_kind kind;
    firn_file_info info;
    if (firn_store_path(store->path, FIRN_STORE_MANIFEST, path, NULL) != FIRN_OK ||
        firn_path_kind_get(path, &kind, &info, NULL) != FIRN_OK ||
        info.inode != loaded->manifest_inode || info.device != loaded->manifest_device ||
        info.mtime_ns != loaded->manifest_mtime_ns)
        return false;
    if (store->form.version == 1)
        return true;
    return firn_store_log_path(store->path, loaded->log_generation, path, NULL) == FIRN_OK &&
           firn_path_kind_get(path, &kind, &info, NULL) == FIRN_OK &&
           info.size == loaded->log.bytes;
}

static firn_status refresh(firn_store *store, bool *ret_changed, firn_error *ret_error)
{
    firn_loaded loaded;
    char shown[FIRN_PATH_SHOWN_BYTES];
    pthread_mutex_lock(&store->mutex);
    loaded = store->loaded;
    pthread_mutex_unlock(&store->mutex);
    *ret_changed = false;
    if (is_current(store, &loaded))
        return FIRN_OK;
    firn_status status =
        firn_content_load(store->path, store->allocator, false, &loaded, ret_error);
    if (status != FIRN_OK)
        return status;
    if (loaded.state.form.store_id != store->form.store_id ||
        loaded.state.form.version != store->form.version ||
        loaded.state.form.generation != store->form.generation) {
        firn_loaded_fini(&loaded, store->allocator);
        return firn_error_set(ret_error, FIRN_CHANGED, 0,
                              "%s: another store stands there now; open it anew",
                              firn_path_shown(store->path, shown));
    }
    pthread_mutex_lock(&store->mutex);
    firn_state superseded = loaded.state; /* by what another thread has loaded meanwhile */
    if (store->state.generation <= loaded.state.generation) {
        superseded = store->state;
        *ret_changed = superseded.generation != loaded.state.generation;
        state_take(store, &loaded);
    }
    firn_state_fini(&superseded, store->allocator);
    pthread_mutex_unlock(&store->mutex);
    return FIRN_OK;
}

firn_status firn_store_refresh(firn_store *store, bool *ret_changed, firn_error *ret_error)
{
    bool changed = false;
    char shown[FIRN_PATH_SHOWN_BYTES];
    if (store->writer != NULL)
        return firn_error_set(ret_error, FIRN_INVALID, 0,
                              "%s: open for writing, and so never behind",
                              firn_path_shown(store->path, shown));
    firn_status status = refresh(store, &changed, ret_error);
    if (status == FIRN_OK && ret_changed != NULL)
        *ret_changed = changed;
    return status;
}

/* --- what is in it --- */

/* The mutex is all that these change. */
static firn_store *locked(const firn_store *store)
{
    firn_store *mutable = (firn_store *)(uintptr_t)store;
    pthread_mutex_lock(&mutable->mutex);
    return mutable;
}

uint32_t firn_store_root(const firn_store *store)
{
    firn_store *held = locked(store);
    uint32_t root = held->state.root;
    pthread_mutex_unlock(&held->mutex);
    return root;
}

static firn_segment_info info_of(const firn_segment_record *record)
{
    return (firn_segment_info){
        .segment = record->segment,
        .kind = record->kind,
        .plain_bytes = record->plain,
        .packed_bytes = record->packed,
        .codec = (firn_codec_kind)record->codec,
        .dictionary = record->dictionary,
        .file = record->file,
        .offset_bytes = record->offset,
        .generation = record->generation,
        .is_dictionary = (record->flags & FIRN_RECORD_DICTIONARY) != 0,
    };
}

firn_status firn_store_next(const firn_store *store, uint32_t from, firn_segment_info *ret_info)
{
    firn_store *held = locked(store);
    const firn_state *state = &held->state;
    size_t at = firn_state_segment_at(state, from);
    while (at < state->segment_count && (state->segments[at].flags & FIRN_RECORD_DEAD) != 0)
        at++;
    bool found = at < state->segment_count;
    if (found)
        *ret_info = info_of(&state->segments[at]);
    pthread_mutex_unlock(&held->mutex);
    return found ? FIRN_OK : FIRN_END_OF_DATA;
}

firn_status firn_store_segment_info(const firn_store *store, uint32_t segment,
                                    firn_segment_info *ret_info)
{
    firn_store *held = locked(store);
    const firn_segment_record *found = firn_state_segment(&held->state, segment);
    if (found != NULL)
        *ret_info = info_of(found);
    pthread_mutex_unlock(&held->mutex);
    return found != NULL ? FIRN_OK : FIRN_NOT_FOUND;
}

static uint64_t manifest_bytes(const firn_store *store)
{
    return store->writer != NULL ? store->writer->manifest_bytes
                                 : firn_loaded_manifest_bytes(&store->loaded);
}

void firn_store_summary_get(const firn_store *store, firn_store_summary *ret_summary)
{
    firn_store *held = locked(store);
    const firn_state *state = &held->state;
    firn_store_summary summary = {
        .store_id = state->form.store_id,
        .generation = state->generation,
        .manifest_bytes = manifest_bytes(held),
        .live_bytes = state->live_bytes,
        .plain_bytes = state->plain_bytes,
        .segment_count = (uint32_t)state->live_count,
        .file_count = (uint32_t)state->file_count,
        .root = state->root,
        .version = state->form.version,
    };
    for (size_t i = 0; i < state->file_count; i++)
        summary.data_bytes += state->files[i]->size;
    pthread_mutex_unlock(&held->mutex);
    *ret_summary = summary;
}

firn_status firn_store_file_next(const firn_store *store, uint32_t from, firn_store_file *ret_file)
{
    firn_store *held = locked(store);
    const firn_state *state = &held->state;
    size_t at = firn_state_file_at(state, from);
    bool found = at < state->file_count;
    if (found) {
        const firn_data_file *file = state->files[at];
        *ret_file = (firn_store_file){.file = file->number,
                                      .segment_count = file->live_segments,
                                      .size_bytes = file->size,
                                      .live_bytes = file->live_bytes};
        firn_store_data_name(&state->form, file->number, ret_file->name);
    }
    pthread_mutex_unlock(&held->mutex);
    return found ? FIRN_OK : FIRN_END_OF_DATA;
}

firn_status firn_store_unused_get(const firn_store *store, firn_store_unused *ret_unused,
                                  firn_error *ret_error)
{
    firn_store *held = locked(store);
    const firn_store_keep keep = {
        .state = &held->state,
        .log_generation =
            held->writer != NULL ? held->writer->log_generation : held->loaded.log_generation,
    };
    firn_status status = firn_store_folder_unused(held->path, keep, ret_unused, ret_error);
    pthread_mutex_unlock(&held->mutex);
    return status;
}

void firn_store_usage(const firn_store *store, firn_usage *ret_usage)
{
    firn_store *held = locked(store);
    const firn_state *state = &held->state;
    firn_decoded_usage(&held->decoded, ret_usage);
    uint64_t own = sizeof *held + held->path_size + state->file_capacity * sizeof *state->files +
                   state->file_count * sizeof **state->files +
                   state->segment_capacity * sizeof *state->segments;
    if (held->writer != NULL)
        own += sizeof *held->writer + held->writer->pending_capacity * sizeof(firn_pending);
    for (const firn_prepared *at = held->prepared; at != NULL; at = at->next) {
        firn_usage part;
        firn_dictionary_usage(at->dictionary, &part);
        own += sizeof *at + part.reserved_bytes;
    }
    ret_usage->disk_bytes = manifest_bytes(held);
    for (size_t i = 0; i < state->file_count; i++)
        ret_usage->disk_bytes += state->files[i]->size;
    pthread_mutex_unlock(&held->mutex);
    ret_usage->overhead_bytes += own;
    ret_usage->reserved_bytes += own;
    ret_usage->resident_bytes += own;
}
