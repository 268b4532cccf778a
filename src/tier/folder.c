/* What the names in a store's folder mean, and the sweep of what is no longer needed.
 *
 * Stands below the store's reader and writer; calls core's folder functions. A name is the store's
 * own only when it has exactly the form that the writer gives it, so that a sweep can never remove
 * a file that somebody else put there.
 *
 * Complexity: a look or a sweep reads the folder once or, where names were removed, once more. */
#include "tier/folder.h"

#include "core/file_error.h"

#include <firn/file.h>

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

/* --- names --- */

/* Reads a decimal number of at most max, without leading zeros; advances *text. */
static bool number_read(const char **text, uint64_t max, uint64_t *ret_number)
{
    const char *at = *text;
    uint64_t number = 0;

    if (*at < '0' || *at > '9' || (at[0] == '0' && at[1] >= '0' && at[1] <= '9'))
        return false;
    for (; *at >= '0' && *at <= '9'; at++) {
        uint64_t digit = (uint64_t)(*at - '0');
        if (number > (max - digit) / 10)
            return false;
        number = number * 10 + digit;
    }
    *text = at;
    *ret_number = number;
    return true;
}

static bool text_read(const char **text, const char *expected)
{
    size_t length = strlen(expected);
    if (strncmp(*text, expected, length) != 0)
        return false;
    *text += length;
    return true;
}

/* "data-FILE.firn", and of the first version "data-GENERATION-FILE.firn" and that with ".tmp". */
static bool data_name_read(const char *name, firn_store_name *ret_name)
{
    uint64_t generation;
    uint64_t file;
    if (!text_read(&name, "data-") || !number_read(&name, FIRN_GENERATION_MAX, &generation))
        return false;
    if (strcmp(name, ".firn") == 0) {
        bool fits = generation < UINT32_MAX;
        if (fits)
            *ret_name =
                (firn_store_name){.kind = FIRN_STORE_NAME_DATA, .file = (uint32_t)generation};
        return fits;
    }
    if (!text_read(&name, "-") || !number_read(&name, FIRN_STATE_FILES_MAX, &file) ||
        !text_read(&name, ".firn"))
        return false;
    bool temporary = text_read(&name, ".tmp");
    if (*name != '\0')
        return false;
    *ret_name = (firn_store_name){
        .kind = temporary ? FIRN_STORE_NAME_TEMPORARY : FIRN_STORE_NAME_DATA_V1,
        .generation = generation,
        .file = (uint32_t)file,
    };
    return true;
}

static bool log_name_read(const char *name, firn_store_name *ret_name)
{
    uint64_t generation;
    if (!text_read(&name, "log-") || !number_read(&name, FIRN_GENERATION_MAX, &generation) ||
        *name != '\0')
        return false;
    *ret_name = (firn_store_name){.kind = FIRN_STORE_NAME_LOG, .generation = generation};
    return true;
}

static bool scratch_name(const char *name)
{
    size_t length = strlen(name);
    return strncmp(name, "scratch-", 8) == 0 && length > 12 &&
           strcmp(name + length - 4, ".tmp") == 0;
}

firn_store_name firn_store_name_read(const char *name)
{
    firn_store_name result = {.kind = FIRN_STORE_NAME_FOREIGN};
    if (data_name_read(name, &result) || log_name_read(name, &result))
        return result;
    if (strcmp(name, FIRN_STORE_MANIFEST) == 0 || strcmp(name, FIRN_STORE_MANIFEST_COPY) == 0)
        result.kind = FIRN_STORE_NAME_MANIFEST;
    else if (strcmp(name, "lock") == 0)
        result.kind = FIRN_STORE_NAME_LOCK;
    else if (strcmp(name, "socket") == 0)
        result.kind = FIRN_STORE_NAME_SOCKET;
    else if (strcmp(name, FIRN_STORE_MANIFEST ".tmp") == 0 ||
             strcmp(name, FIRN_STORE_MANIFEST_COPY ".tmp") == 0 || scratch_name(name))
        result.kind = FIRN_STORE_NAME_TEMPORARY;
    return result;
}

firn_status firn_store_path(const char *folder, const char *name, char *path, firn_error *ret_error)
{
    char shown[FIRN_PATH_SHOWN_BYTES];
    int length = snprintf(path, FIRN_STORE_PATH_BYTES, "%s/%s", folder, name);
    if (length >= 0 && length < FIRN_STORE_PATH_BYTES)
        return FIRN_OK;
    return firn_error_set(ret_error, FIRN_LIMIT, ENAMETOOLONG,
                          "%s: the path is too long; use a shorter path",
                          firn_path_shown(folder, shown));
}

firn_status firn_store_log_path(const char *folder, uint64_t generation, char *path,
                                firn_error *ret_error)
{
    char name[FIRN_STORE_FILE_NAME_BYTES];
    snprintf(name, sizeof name, "log-%" PRIu64, generation);
    return firn_store_path(folder, name, path, ret_error);
}

void firn_store_data_name(const firn_store_form *form, uint32_t file,
                          char name[FIRN_STORE_FILE_NAME_BYTES])
{
    if (form->version == 1)
        snprintf(name, FIRN_STORE_FILE_NAME_BYTES, "data-%" PRIu64 "-%" PRIu32 ".firn",
                 form->generation, file);
    else
        snprintf(name, FIRN_STORE_FILE_NAME_BYTES, "data-%" PRIu32 ".firn", file);
}

firn_status firn_store_data_path(const char *folder, const firn_store_form *form, uint32_t file,
                                 char *path, firn_error *ret_error)
{
    char name[FIRN_STORE_FILE_NAME_BYTES];
    firn_store_data_name(form, file, name);
    return firn_store_path(folder, name, path, ret_error);
}

/* --- looking --- */

static firn_status visit_store(const char *path, firn_folder_visit_fn visit, void *context,
                               firn_error *ret_error)
{
    firn_error error = {0};
    char shown[FIRN_PATH_SHOWN_BYTES];
    firn_status status = firn_folder_visit(path, visit, context, &error);
    if (status != FIRN_OK && error.os_errno == ENOTDIR)
        return firn_error_set(ret_error, FIRN_NOT_STORE, ENOTDIR,
                              "%s: not a Firn store (it is no folder); name a folder",
                              firn_path_shown(path, shown));
    if (status != FIRN_OK && ret_error != NULL)
        *ret_error = error;
    return status;
}

static firn_status look(void *context, const char *name)
{
    firn_store_folder *folder = context;
    firn_store_name read = firn_store_name_read(name);

    if (read.kind == FIRN_STORE_NAME_FOREIGN && folder->foreign[0] == '\0')
        snprintf(folder->foreign, sizeof folder->foreign, "%s", name);
    if (read.generation > folder->generation_max)
        folder->generation_max = read.generation;
    if (read.kind == FIRN_STORE_NAME_DATA && read.file >= folder->file_next)
        folder->file_next = read.file + 1;
    folder->has_manifest = folder->has_manifest || read.kind == FIRN_STORE_NAME_MANIFEST;
    folder->has_data = folder->has_data || read.kind == FIRN_STORE_NAME_DATA ||
                       read.kind == FIRN_STORE_NAME_DATA_V1;
    return FIRN_OK;
}

firn_status firn_store_folder_read(const char *path, firn_store_folder *ret_folder,
                                   firn_error *ret_error)
{
    firn_store_folder folder = {0};
    firn_status status = visit_store(path, look, &folder, ret_error);
    if (status == FIRN_OK)
        *ret_folder = folder;
    return status;
}

/* --- sweeping --- */

typedef struct sweep_state {
    const char *path;
    firn_store_keep keep;
    uint32_t removed;
} sweep_state;

static bool name_kept(const firn_store_keep *keep, firn_store_name name)
{
    const firn_state *state = keep->state;
    switch (name.kind) {
    case FIRN_STORE_NAME_TEMPORARY:
        return keep->keep_temporary;
    case FIRN_STORE_NAME_LOG:
        return state == NULL || name.generation == keep->log_generation;
    case FIRN_STORE_NAME_DATA:
        return state == NULL ||
               (state->form.version != 1 && firn_state_file(state, name.file) != NULL);
    case FIRN_STORE_NAME_DATA_V1:
        return state == NULL ||
               (state->form.version == 1 && name.generation == state->form.generation &&
                firn_state_file(state, name.file) != NULL);
    default:
        return true;
    }
}

static firn_status sweep_name(void *context, const char *name)
{
    sweep_state *state = context;
    char path[FIRN_STORE_PATH_BYTES];

    if (!name_kept(&state->keep, firn_store_name_read(name)) &&
        firn_store_path(state->path, name, path, NULL) == FIRN_OK &&
        firn_file_remove(path, NULL) == FIRN_OK)
        state->removed++;
    return FIRN_OK;
}

void firn_store_sweep(const char *path, firn_store_keep keep)
{
    sweep_state state = {.path = path, .keep = keep};
    firn_status status;
    /* A file system may leave names out of a folder that shrinks while it is read. */
    do {
        state.removed = 0;
        status = firn_folder_visit(path, sweep_name, &state, NULL);
    } while (status == FIRN_OK && state.removed > 0);
}

/* --- counting --- */

typedef struct count_state {
    const char *path;
    firn_store_keep keep;
    firn_store_unused unused;
} count_state;

static firn_status count_name(void *context, const char *name)
{
    count_state *state = context;
    char path[FIRN_STORE_PATH_BYTES];
    firn_path_kind kind;
    firn_file_info info;

    if (name_kept(&state->keep, firn_store_name_read(name)) ||
        firn_store_path(state->path, name, path, NULL) != FIRN_OK ||
        firn_path_kind_get(path, &kind, &info, NULL) != FIRN_OK)
        return FIRN_OK; /* removed meanwhile, or beyond a sweep's reach too */
    state->unused.file_count++;
    state->unused.bytes += info.size;
    return FIRN_OK;
}

firn_status firn_store_folder_unused(const char *path, firn_store_keep keep,
                                     firn_store_unused *ret_unused, firn_error *ret_error)
{
    count_state state = {.path = path, .keep = keep};
    firn_status status = visit_store(path, count_name, &state, ret_error);
    if (status == FIRN_OK)
        *ret_unused = state.unused;
    return status;
}
