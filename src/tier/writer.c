/* The frozen store's writing side: segments appended to new data files, made the store's content by
 * one replacement of the manifest.
 *
 * Called by users (firn/store.h). Calls core's files and lock, the codec, the manifest's and
 * segment's encodings.
 *
 * Order of a commit: data files written under temporary names, each synced and renamed; the folder
 * synced; the manifest replaced (written, synced, renamed, the folder synced); the files of earlier
 * generations removed. Whoever dies in between leaves files that no manifest names, and the next
 * writer sweeps them.
 *
 * Nouns: a generation is what one commit writes; no file of another generation has its number.
 * Invariants:
 *   W1  a data file of an earlier generation is neither written nor, before the manifest is
 *       replaced, removed
 *   W2  the records in the manifest are of segments that were written whole, unless `failed` is set
 *   W3  a writer that has not begun removes nothing
 *   W4  `open` is the last file of the manifest, and its position is the file's size there
 * Threads: puts may run in parallel; packing and syncing happen outside the mutex, appending under
 * it. Begin, commit and abort are one thread's, with no put under way.
 * Memory: the manifest, and for each put under way the packed segment.
 * Complexity: put O(size); commit O(files + segments). */
#include "core/entropy.h"
#include "core/file_error.h"
#include "tier/folder.h"
#include "tier/manifest_file.h"

#include <firn/file.h>
#include <firn/store.h>

#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>

/* A data file being written; number tells which. */
typedef struct data_file {
    firn_file file;
    uint32_t number;
} data_file;

struct firn_store_writer {
    const firn_allocator *allocator;
    char *path;
    size_t path_size;
    firn_lock lock;
    bool begun; /* the generation is decided; the folder is this writer's to clean */
    pthread_mutex_t mutex;
    bool mutex_ready;
    firn_status failed; /* FIRN_OK, or why this can only be aborted */
    firn_manifest manifest;
    data_file open; /* fd -1: none */
};

static firn_status no_memory(const char *path, firn_error *ret_error)
{
    return firn_file_error(ret_error, ENOMEM, path, "write");
}

/* --- begin --- */

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

/* Reads what stands in the folder, decides the new generation, and sweeps what no manifest names.
 * A damaged store is replaced, since that is its user's way out; its files stay until the commit.
 * The manifest's own commit may have ended before its last sync: that is made up for before any
 * file goes that the manifest before it may need. */
static firn_status earlier_read(firn_store_writer *writer, firn_error *ret_error)
{
    firn_store_folder folder;
    firn_manifest earlier = {0};
    firn_store_keep keep = {.below = UINT64_MAX};
    char shown[FIRN_PATH_SHOWN_BYTES];
    uint64_t size;
    firn_status status = firn_store_folder_read(writer->path, &folder, ret_error);
    if (status != FIRN_OK)
        return status;
    status = firn_manifest_load(writer->path, writer->allocator, &earlier, &size, ret_error);
    bool replaceable = status == FIRN_NOT_FOUND || status == FIRN_CORRUPT ||
                       (status == FIRN_NOT_STORE && folder.has_data);
    if (status != FIRN_OK && !replaceable)
        return status;
    if (status == FIRN_OK)
        keep = (firn_store_keep){.generation = earlier.generation,
                                 .file_count = (uint32_t)earlier.file_count};
    uint64_t latest = folder.generation_max;
    if (earlier.generation > latest)
        latest = earlier.generation;
    writer->manifest.store_id = status == FIRN_OK ? earlier.store_id : firn_entropy();
    writer->manifest.generation = latest + 1;
    firn_manifest_fini(&earlier, writer->allocator);
    if (latest >= FIRN_GENERATION_MAX)
        return firn_error_set(ret_error, FIRN_LIMIT, 0,
                              "%s: no generation is left; write to another folder",
                              firn_path_shown(writer->path, shown));
    status = firn_folder_sync(writer->path, ret_error);
    if (status != FIRN_OK)
        return status;
    firn_store_sweep(writer->path, keep);
    writer->begun = true;
    return FIRN_OK;
}

static firn_store_writer *writer_create(const char *path, const firn_allocator *allocator)
{
    size_t path_size = strlen(path) + 1;
    firn_store_writer *writer = firn_allocate_zeroed(allocator, 1, sizeof *writer);
    if (writer == NULL)
        return NULL;
    *writer = (firn_store_writer){
        .allocator = allocator, .path_size = path_size, .lock = {-1}, .open = {{-1}, 0}};
    writer->path = firn_allocate(allocator, path_size);
    if (writer->path != NULL)
        memcpy(writer->path, path, path_size);
    writer->mutex_ready = pthread_mutex_init(&writer->mutex, NULL) == 0;
    if (writer->path != NULL && writer->mutex_ready)
        return writer;
    firn_store_abort(writer);
    return NULL;
}

static firn_status writer_begin(firn_store_writer *writer, const char *what, firn_error *ret_error)
{
    char path[FIRN_STORE_PATH_BYTES];
    if (firn_store_path(writer->path, "lock", path, sizeof path) != FIRN_OK)
        return firn_store_path_too_long(writer->path, ret_error);
    firn_status status = folder_prepare(writer->path, ret_error);
    if (status == FIRN_OK)
        status = firn_lock_acquire(path, what, &writer->lock, ret_error);
    return status == FIRN_OK ? earlier_read(writer, ret_error) : status;
}

firn_status firn_store_begin(const char *path, const firn_store_writer_options *options,
                             firn_store_writer **ret_writer, firn_error *ret_error)
{
    static const firn_store_writer_options defaults = {0};
    if (options == NULL)
        options = &defaults;
    if (options->reserved[0] != 0 || options->reserved[1] != 0)
        return firn_error_set(ret_error, FIRN_INVALID, 0,
                              "%s: the writer's reserved options must be 0", path);
    const firn_allocator *allocator = options->allocator;
    if (allocator == NULL)
        allocator = firn_allocator_system();
    firn_store_writer *writer = writer_create(path, allocator);
    if (writer == NULL)
        return no_memory(path, ret_error);
    const char *what = options->what != NULL ? options->what : "a writer";
    firn_status status = writer_begin(writer, what, ret_error);
    if (status != FIRN_OK) {
        firn_store_abort(writer);
        return status;
    }
    *ret_writer = writer;
    return FIRN_OK;
}

firn_status firn_store_scratch(const firn_store_writer *writer, const char *name, char *ret_path,
                               size_t size)
{
    if (name[0] == '\0' || strchr(name, '/') != NULL)
        return FIRN_INVALID;
    int length = snprintf(ret_path, size, "%s/scratch-%s.tmp", writer->path, name);
    return length >= 0 && (size_t)length < size ? FIRN_OK : FIRN_LIMIT;
}

/* --- data files --- */

static firn_status data_path(const firn_store_writer *writer, uint32_t number, const char *suffix,
                             char *path, firn_error *ret_error)
{
    if (firn_store_data_path(writer->path, writer->manifest.generation, number, suffix, path,
                             FIRN_STORE_PATH_BYTES) == FIRN_OK)
        return FIRN_OK;
    return firn_store_path_too_long(writer->path, ret_error);
}

/* The text for a write or sync that failed, whose errno core keeps to itself. */
static firn_status data_failed(const firn_store_writer *writer, uint32_t number, const char *what,
                               firn_status status, firn_error *ret_error)
{
    char path[FIRN_STORE_PATH_BYTES];
    if (data_path(writer, number, "", path, ret_error) != FIRN_OK)
        return status;
    return firn_file_error(ret_error, status == FIRN_NO_SPACE ? ENOSPC : EIO, path, what);
}

static firn_status record_failed(const firn_store_writer *writer, firn_status status,
                                 firn_error *ret_error)
{
    char shown[FIRN_PATH_SHOWN_BYTES];
    if (status == FIRN_NO_MEMORY)
        return no_memory(writer->path, ret_error);
    return firn_error_set(ret_error, status, 0,
                          "%s: a store can hold no more files or segments; write another one",
                          firn_path_shown(writer->path, shown));
}

/* Begins the manifest's next data file. */
static firn_status data_open(firn_store_writer *writer, firn_error *ret_error)
{
    char path[FIRN_STORE_PATH_BYTES];
    uint32_t number = (uint32_t)writer->manifest.file_count;
    firn_status status = data_path(writer, number, ".tmp", path, ret_error);
    if (status != FIRN_OK)
        return status;
    status = firn_file_open(path, FIRN_FILE_CREATE, &writer->open.file, ret_error);
    if (status != FIRN_OK)
        return status;
    writer->open.number = number;
    status = firn_manifest_add_file(&writer->manifest, writer->allocator);
    if (status != FIRN_OK)
        return record_failed(writer, status, ret_error);
    return FIRN_OK;
}

/* Makes a whole data file durable under its own name, and closes it. */
static firn_status data_finish(const firn_store_writer *writer, data_file *data,
                               firn_error *ret_error)
{
    char from[FIRN_STORE_PATH_BYTES];
    char to[FIRN_STORE_PATH_BYTES];
    if (data->file.fd < 0)
        return FIRN_OK;
    firn_status status = firn_file_sync(&data->file);
    firn_file_close(&data->file);
    if (status != FIRN_OK)
        return data_failed(writer, data->number, "sync", status, ret_error);
    status = data_path(writer, data->number, ".tmp", from, ret_error);
    if (status == FIRN_OK)
        status = data_path(writer, data->number, "", to, ret_error);
    return status == FIRN_OK ? firn_file_rename(from, to, ret_error) : status;
}

/* --- put --- */

/* Appends a segment whose frame is ready; its header, in front, becomes known only here. A file
 * that is full goes to ret_full, to be finished without the mutex. */
static firn_status append(firn_store_writer *writer, uint8_t *bytes,
                          const firn_manifest_segment *packed, data_file *ret_full,
                          firn_error *ret_error)
{
    firn_manifest *manifest = &writer->manifest;
    firn_manifest_segment record = *packed;
    firn_status status;

    bool full = writer->open.file.fd >= 0 &&
                manifest->files[writer->open.number] + record.packed > FIRN_DATA_FILE_BYTES;
    if (full) {
        *ret_full = writer->open;
        writer->open.file.fd = -1;
    }
    if (writer->open.file.fd < 0) {
        status = data_open(writer, ret_error);
        if (status != FIRN_OK)
            return status;
    }
    record.file = writer->open.number;
    record.offset = manifest->files[record.file]; /* W4 */
    firn_segment_header_write(&(firn_segment_header){.store_id = manifest->store_id,
                                                     .generation = manifest->generation,
                                                     .segment = (uint32_t)manifest->segment_count,
                                                     .kind = record.kind,
                                                     .plain = record.plain,
                                                     .packed = record.packed},
                              bytes);
    status = firn_file_write(&writer->open.file, bytes, record.packed);
    if (status != FIRN_OK)
        return data_failed(writer, record.file, "write", status, ret_error);
    status = firn_manifest_add_segment(manifest, writer->allocator, &record); /* W2 */
    if (status != FIRN_OK)
        return record_failed(writer, status, ret_error);
    return FIRN_OK;
}

static firn_status failed_before(const firn_store_writer *writer, firn_error *ret_error)
{
    char shown[FIRN_PATH_SHOWN_BYTES];
    return firn_error_set(ret_error, writer->failed, 0,
                          "%s: an earlier put failed (%s); abort and write anew",
                          firn_path_shown(writer->path, shown), firn_status_text(writer->failed));
}

/* Appends under the mutex, and finishes a file that became full, without it. */
static firn_status append_shared(firn_store_writer *writer, uint8_t *bytes,
                                 const firn_manifest_segment *packed, uint32_t *ret_segment,
                                 firn_error *ret_error)
{
    data_file full = {.file = {-1}};
    uint32_t segment;

    pthread_mutex_lock(&writer->mutex);
    firn_status status = writer->failed != FIRN_OK
                             ? failed_before(writer, ret_error)
                             : append(writer, bytes, packed, &full, ret_error);
    segment = (uint32_t)writer->manifest.segment_count - 1;
    pthread_mutex_unlock(&writer->mutex);
    if (status == FIRN_OK)
        status = data_finish(writer, &full, ret_error);
    firn_file_close(&full.file);
    if (status == FIRN_OK)
        *ret_segment = segment;
    return status;
}

/* Packs into bytes, behind the room for the segment's header. */
static firn_status pack(firn_codec *codec, firn_codec_kind codec_kind, int level, const void *data,
                        size_t size, uint8_t *bytes, firn_manifest_segment *record)
{
    size_t frame = 0;
    uint8_t *out = bytes + FIRN_SEGMENT_HEADER_BYTES;
    firn_status status = firn_codec_pack(codec, codec_kind, level, data, size, out, &frame);
    if (status != FIRN_OK)
        return status;
    record->plain = (uint32_t)size;
    record->packed = (uint32_t)(FIRN_SEGMENT_HEADER_BYTES + frame);
    record->codec = out[0]; /* what it became, perhaps raw */
    return FIRN_OK;
}

static firn_status put(firn_store_writer *writer, firn_codec *codec, uint32_t kind,
                       firn_codec_kind codec_kind, int level, const void *data, size_t size,
                       uint32_t *ret_segment, firn_error *ret_error)
{
    firn_manifest_segment record = {.kind = kind};
    char shown[FIRN_PATH_SHOWN_BYTES];
    size_t room = FIRN_SEGMENT_HEADER_BYTES + firn_codec_bound(size);
    if (size > FIRN_SEGMENT_MAX_BYTES)
        return firn_error_set(ret_error, FIRN_LIMIT, 0,
                              "%s: a segment of %zu bytes; put at most %u at once",
                              firn_path_shown(writer->path, shown), size, FIRN_SEGMENT_MAX_BYTES);
    uint8_t *bytes = firn_allocate(writer->allocator, room);
    if (bytes == NULL)
        return no_memory(writer->path, ret_error);
    firn_status status = pack(codec, codec_kind, level, data, size, bytes, &record);
    if (status != FIRN_OK)
        firn_error_set(ret_error, status, 0, "%s: a segment cannot be packed: %s",
                       firn_path_shown(writer->path, shown), firn_status_text(status));
    else
        status = append_shared(writer, bytes, &record, ret_segment, ret_error);
    firn_release(writer->allocator, bytes, room);
    return status;
}

firn_status firn_store_put(firn_store_writer *writer, firn_codec *codec, uint32_t kind,
                           firn_codec_kind codec_kind, int level, const void *data, size_t size,
                           uint32_t *ret_segment, firn_error *ret_error)
{
    firn_status status =
        put(writer, codec, kind, codec_kind, level, data, size, ret_segment, ret_error);
    if (status != FIRN_OK) {
        pthread_mutex_lock(&writer->mutex);
        if (writer->failed == FIRN_OK)
            writer->failed = status;
        pthread_mutex_unlock(&writer->mutex);
    }
    return status;
}

/* --- commit and abort --- */

/* Ends the writer; the folder keeps the data files that `keep` names. */
static void writer_end(firn_store_writer *writer, firn_store_keep keep)
{
    firn_file_close(&writer->open.file);
    if (writer->begun) /* W3 */
        firn_store_sweep(writer->path, keep);
    firn_lock_release(&writer->lock);
    firn_manifest_fini(&writer->manifest, writer->allocator);
    if (writer->mutex_ready)
        pthread_mutex_destroy(&writer->mutex);
    firn_release(writer->allocator, writer->path, writer->path_size);
    firn_release(writer->allocator, writer, sizeof *writer);
}

static firn_status publish(firn_store_writer *writer, bool *ret_replaced, firn_error *ret_error)
{
    if (writer->failed != FIRN_OK)
        return failed_before(writer, ret_error);
    firn_status status = data_finish(writer, &writer->open, ret_error);
    if (status == FIRN_OK)
        status = firn_folder_sync(writer->path, ret_error);
    if (status == FIRN_OK)
        status = firn_manifest_store(writer->path, writer->allocator, &writer->manifest,
                                     ret_replaced, ret_error);
    return status;
}

firn_status firn_store_commit(firn_store_writer *writer, firn_error *ret_error)
{
    bool replaced = false;
    uint64_t generation = writer->manifest.generation;
    firn_store_keep keep = {.below = generation}; /* W1: what was there before */
    firn_status status = publish(writer, &replaced, ret_error);
    if (status == FIRN_OK)
        keep = (firn_store_keep){.generation = generation,
                                 .file_count = (uint32_t)writer->manifest.file_count};
    else if (replaced)
        keep.below = UINT64_MAX; /* the old manifest or the new one may survive a crash now */
    writer_end(writer, keep);
    return status;
}

void firn_store_abort(firn_store_writer *writer)
{
    if (writer == NULL)
        return;
    writer_end(writer, (firn_store_keep){.below = writer->manifest.generation});
}
