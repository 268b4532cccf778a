/* Reading a store's folder: the newest whole copy of the manifest, the log that goes on from it,
 * and the data files they name.
 *
 * Stands below the store's opening and refreshing. Calls core's files and the encodings.
 *
 * A writer may replace any of these meanwhile: each file is whole by itself, since it was renamed
 * to its name or is only appended to, and a file that is no more means that all must be read again.
 * The same store in the same generation that lacks a file twice has lost it. Threads: no state.
 * Memory: the manifest's and the log's bytes while a call runs. Complexity: linear in manifest, log
 * and data files. */
#include "tier/load.h"

#include "core/bytes.h"
#include "core/file_error.h"
#include "tier/folder.h"

#include <errno.h>
#include <inttypes.h>
#include <string.h>

enum { LOAD_TRIES = 16, COPIES = 2 };

#define WAY_OUT "write the store anew"
#define LOG_MAX_BYTES (2 * FIRN_MANIFEST_MAX_BYTES)

static const char *const COPY_NAMES[COPIES] = {FIRN_STORE_MANIFEST, FIRN_STORE_MANIFEST_COPY};

void firn_loaded_fini(firn_loaded *loaded, const firn_allocator *allocator)
{
    firn_state_fini(&loaded->state, allocator);
}

uint64_t firn_loaded_manifest_bytes(const firn_loaded *loaded)
{
    return loaded->log.bytes == 0 ? loaded->checkpoint_bytes
                                  : COPIES * loaded->checkpoint_bytes + loaded->log.bytes;
}

static const char *way_out(firn_status status)
{
    switch (status) {
    case FIRN_NO_MEMORY:
        return "free some memory";
    case FIRN_VERSION:
        return "use that version, or " WAY_OUT;
    case FIRN_NOT_STORE:
        return "name a store's folder";
    default:
        return WAY_OUT;
    }
}

static firn_status explain(firn_status status, const char *file, const char *cause,
                           firn_error *ret_error)
{
    char shown[FIRN_PATH_SHOWN_BYTES];
    return firn_error_set(ret_error, status, 0, "%s: %s; %s", firn_path_shown(file, shown), cause,
                          way_out(status));
}

/* --- the manifest --- */

/* One of the two copies. */
typedef struct copy {
    firn_status status;
    firn_state state;
    firn_file_info info;
    uint32_t crc;
    firn_error error;
} copy;

static firn_status copy_read(const char *folder, const char *name, const firn_allocator *allocator,
                             copy *read)
{
    char file[FIRN_STORE_PATH_BYTES];
    const char *cause;
    void *data;
    size_t size;
    firn_error *error = &read->error;
    *read = (copy){.state = {.root = FIRN_SEGMENT_NONE}};
    firn_status status = firn_store_path(folder, name, file, error);
    if (status != FIRN_OK)
        return status;
    status = firn_file_read_all(file, FIRN_MANIFEST_MAX_BYTES, allocator, &data, &size, &read->info,
                                error);
    if (status == FIRN_UNSUPPORTED)
        return explain(FIRN_NOT_STORE, file, "no manifest (not a file)", error);
    if (status == FIRN_LIMIT)
        return explain(FIRN_CORRUPT, file, "damaged (too large)", error);
    if (status != FIRN_OK)
        return status;
    status = firn_checkpoint_read(data, size, allocator, &read->state, &cause);
    if (status == FIRN_OK)
        read->crc = get_u32((const uint8_t *)data + size - FIRN_MANIFEST_CRC_BYTES);
    firn_release(allocator, data, size);
    return status == FIRN_OK ? FIRN_OK : explain(status, file, cause, error);
}

/* What one copy's failure leaves to the other. */
static bool other_may_do(firn_status status)
{
    return status == FIRN_NOT_FOUND || status == FIRN_CORRUPT || status == FIRN_NOT_STORE ||
           status == FIRN_IO;
}

/* Which of the copies tells why none is whole. */
static const copy *telling(const copy copies[COPIES])
{
    for (int i = 0; i < COPIES; i++)
        if (copies[i].status != FIRN_OK && !other_may_do(copies[i].status))
            return &copies[i];
    if (copies[0].status == FIRN_NOT_FOUND ||
        (copies[0].status == FIRN_NOT_STORE && copies[1].status == FIRN_CORRUPT))
        return &copies[1];
    return &copies[0];
}

/* The newest copy that is whole, or NULL. */
static copy *newest(copy copies[COPIES])
{
    copy *best = NULL;
    for (int i = 0; i < COPIES; i++)
        if (copies[i].status == FIRN_OK &&
            (best == NULL || copies[i].state.generation > best->state.generation))
            best = &copies[i];
    return best;
}

static firn_status manifest_missing(const char *path, firn_error *ret_error)
{
    firn_store_folder folder;
    char shown[FIRN_PATH_SHOWN_BYTES];
    firn_status status = firn_store_folder_read(path, &folder, ret_error);
    if (status != FIRN_OK)
        return status;
    return firn_error_set(ret_error, FIRN_NOT_STORE, 0,
                          "%s: not a Firn store (no manifest in it); name another folder",
                          firn_path_shown(path, shown));
}

static firn_status none_whole(const char *path, const copy copies[COPIES], firn_error *ret_error)
{
    const copy *told = telling(copies);
    if (told->status == FIRN_NOT_FOUND ||
        (told->status == FIRN_IO && told->error.os_errno == ENOTDIR))
        return manifest_missing(path, ret_error);
    if (ret_error != NULL)
        *ret_error = told->error;
    return told->status;
}

static firn_status copies_read(const char *path, const firn_allocator *allocator,
                               firn_loaded *loaded, firn_error *ret_error)
{
    copy copies[COPIES];
    for (int i = 0; i < COPIES; i++)
        copies[i].status = copy_read(path, COPY_NAMES[i], allocator, &copies[i]);
    copy *best = newest(copies);
    const copy *told = telling(copies);
    firn_status status = FIRN_OK;
    if (best == NULL || (told->status != FIRN_OK && !other_may_do(told->status))) {
        status = none_whole(path, copies, ret_error);
    } else {
        *loaded = (firn_loaded){
            .state = best->state,
            .log_generation = best->state.generation,
            .checkpoint_crc = best->crc,
            .checkpoint_bytes = best->info.size,
            .whole = copies[0].status == FIRN_OK && copies[1].status == FIRN_OK &&
                     copies[0].state.generation == copies[1].state.generation &&
                     copies[0].crc == copies[1].crc,
            .manifest_device = copies[0].info.device,
            .manifest_inode = copies[0].info.inode,
            .manifest_mtime_ns = copies[0].info.mtime_ns,
        };
        best->state = (firn_state){.root = FIRN_SEGMENT_NONE};
    }
    for (int i = 0; i < COPIES; i++)
        if (copies[i].status == FIRN_OK)
            firn_state_fini(&copies[i].state, allocator);
    return status;
}

firn_status firn_manifest_copies_verify(const char *path, const firn_allocator *allocator,
                                        firn_error *ret_error)
{
    firn_status worst = FIRN_OK;
    for (int i = 0; i < COPIES; i++) {
        copy read;
        char file[FIRN_STORE_PATH_BYTES];
        char shown[FIRN_PATH_SHOWN_BYTES];
        firn_status status = copy_read(path, COPY_NAMES[i], allocator, &read);
        if (status == FIRN_OK) {
            uint32_t version = read.state.form.version;
            firn_state_fini(&read.state, allocator);
            if (version == 1)
                return worst; /* which had no copy */
            continue;
        }
        if (worst != FIRN_OK)
            continue;
        bool lost = status == FIRN_NOT_FOUND || status == FIRN_NOT_STORE;
        worst = lost ? FIRN_CORRUPT : status;
        if (worst == FIRN_CORRUPT && firn_store_path(path, COPY_NAMES[i], file, NULL) == FIRN_OK)
            firn_error_set(&read.error, worst, 0,
                           "%s: %s; the other copy stands in, and the next writer mends it",
                           firn_path_shown(file, shown), lost ? "missing" : "damaged");
        if (ret_error != NULL)
            *ret_error = read.error;
    }
    return worst;
}

/* A file that the manifest names, but which is not there, or not any more. */
static firn_status missing(const char *file, firn_error *ret_error)
{
    char shown[FIRN_PATH_SHOWN_BYTES];
    return firn_error_set(ret_error, FIRN_CHANGED, 0, "%s is missing; " WAY_OUT,
                          firn_path_shown(file, shown));
}

/* --- the log --- */

/* Reads what the log has now; a writer may append to it at any time. */
static firn_status log_read(const char *file, const firn_allocator *allocator, uint8_t **ret_data,
                            size_t *ret_size, firn_error *ret_error)
{
    firn_file log;
    firn_file_info info;
    size_t got = 0;
    firn_status status = firn_file_open(file, FIRN_FILE_READ, &log, ret_error);
    if (status == FIRN_NOT_FOUND)
        return missing(file, ret_error);
    if (status == FIRN_UNSUPPORTED)
        return explain(FIRN_CORRUPT, file, "damaged (not a file)", ret_error);
    if (status != FIRN_OK)
        return status;
    uint8_t *data = NULL;
    if (firn_file_info_get(&log, &info) != FIRN_OK)
        status = firn_file_error(ret_error, EIO, file, "stat");
    else if (info.size > LOG_MAX_BYTES || info.size < FIRN_LOG_HEADER_BYTES)
        status = explain(FIRN_CORRUPT, file, "the log is damaged (size)", ret_error);
    if (status == FIRN_OK) {
        data = firn_allocate(allocator, (size_t)info.size);
        if (data == NULL)
            status = firn_file_error(ret_error, ENOMEM, file, "read");
        else if (firn_file_read_at(&log, 0, data, (size_t)info.size, &got) != FIRN_OK)
            status = firn_file_error(ret_error, EIO, file, "read");
        else if (got != info.size)
            status = explain(FIRN_CORRUPT, file, "the log is damaged (cut off)", ret_error);
    }
    firn_file_close(&log);
    if (status == FIRN_OK) {
        *ret_data = data;
        *ret_size = (size_t)info.size;
    } else {
        firn_release(allocator, data, data != NULL ? (size_t)info.size : 0);
    }
    return status;
}

static firn_status log_load(const char *path, const firn_allocator *allocator, firn_loaded *loaded,
                            firn_error *ret_error)
{
    char file[FIRN_STORE_PATH_BYTES];
    uint8_t *data = NULL;
    size_t size = 0;
    const char *cause;
    const firn_log_base base = {.store_id = loaded->state.form.store_id,
                                .generation = loaded->log_generation,
                                .crc = loaded->checkpoint_crc};
    firn_status status = firn_store_log_path(path, base.generation, file, ret_error);
    if (status == FIRN_OK)
        status = log_read(file, allocator, &data, &size, ret_error);
    if (status != FIRN_OK)
        return status;
    status = firn_log_replay(data, size, &base, allocator, &loaded->state, &loaded->log, &cause);
    firn_release(allocator, data, size);
    if (status != FIRN_OK)
        return explain(status, file, cause, ret_error);
    loaded->whole = loaded->whole && loaded->log.sealed && !loaded->log.torn;
    return FIRN_OK;
}

static firn_status manifest_load(const char *path, const firn_allocator *allocator,
                                 firn_loaded *ret_loaded, firn_error *ret_error)
{
    firn_loaded loaded;
    firn_status status = copies_read(path, allocator, &loaded, ret_error);
    if (status != FIRN_OK)
        return status;
    if (loaded.state.form.version != 1)
        status = log_load(path, allocator, &loaded, ret_error);
    if (status == FIRN_OK)
        *ret_loaded = loaded;
    else
        firn_loaded_fini(&loaded, allocator);
    return status;
}

/* --- data files --- */

static firn_status data_open(const char *path, const firn_state *state, firn_data_file *file,
                             bool writable, firn_error *ret_error)
{
    char name[FIRN_STORE_PATH_BYTES];
    char shown[FIRN_PATH_SHOWN_BYTES];
    firn_file_info info;
    firn_status status = firn_store_data_path(path, &state->form, file->number, name, ret_error);
    if (status != FIRN_OK)
        return status;
    status = firn_file_open(name, FIRN_FILE_READ, &file->file, ret_error);
    if (status == FIRN_NOT_FOUND)
        return missing(name, ret_error);
    if (status == FIRN_UNSUPPORTED)
        return explain(FIRN_CORRUPT, name, "damaged (not a file)", ret_error);
    if (status != FIRN_OK)
        return status;
    if (firn_file_info_get(&file->file, &info) != FIRN_OK)
        return firn_file_error(ret_error, EIO, name, "stat");
    bool fits =
        state->form.version == 1 ? info.size == file->committed : info.size >= file->committed;
    if (!fits)
        return firn_error_set(ret_error, FIRN_CORRUPT, 0,
                              "%s: damaged (%" PRIu64 " bytes where %" PRIu32 " were); " WAY_OUT,
                              firn_path_shown(name, shown), info.size, file->committed);
    if (writable && info.size > file->committed) {
        /* Behind what was committed there may be what could not be synced. */
        file->retired = true;
        file->size = info.size > UINT32_MAX ? UINT32_MAX : (uint32_t)info.size;
    }
    return FIRN_OK;
}

/* FIRN_CHANGED when a data file is not there. */
static firn_status files_open(const char *path, bool writable, firn_state *state,
                              firn_error *ret_error)
{
    firn_status status = FIRN_OK;
    for (size_t i = 0; i < state->file_count && status == FIRN_OK; i++)
        status = data_open(path, state, state->files[i], writable, ret_error);
    return status;
}

firn_status firn_content_load(const char *path, const firn_allocator *allocator, bool writable,
                              firn_loaded *ret_loaded, firn_error *ret_error)
{
    uint64_t lacking = 0; /* the generation that lacked a file, and what was told of it */
    firn_error error = {0}, before = {0};
    for (int tries = 0; tries < LOAD_TRIES; tries++) {
        firn_loaded loaded;
        uint64_t generation = 0;
        firn_status status = manifest_load(path, allocator, &loaded, &error);
        if (status == FIRN_OK) {
            generation = loaded.state.generation;
            status = files_open(path, writable, &loaded.state, &error);
            if (status == FIRN_OK) {
                *ret_loaded = loaded;
                return FIRN_OK;
            }
            firn_loaded_fini(&loaded, allocator);
        }
        bool same = tries > 0 && lacking == generation && strcmp(before.text, error.text) == 0;
        if (status != FIRN_CHANGED || same) {
            error.status = status == FIRN_CHANGED ? FIRN_CORRUPT : status;
            if (ret_error != NULL)
                *ret_error = error;
            return error.status;
        }
        lacking = generation;
        before = error;
    }
    char shown[FIRN_PATH_SHOWN_BYTES];
    return firn_error_set(ret_error, FIRN_CHANGED, 0,
                          "%s: changed again and again while it was opened; try again",
                          firn_path_shown(path, shown));
}
