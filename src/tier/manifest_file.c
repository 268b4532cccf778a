/* Reading and replacing the manifest of a store's folder.
 *
 * Stands between manifest.c, which knows the bytes, and the store's reader and writer. Calls core's
 * files. Threads: no state. Memory: the manifest's bytes while a call runs. */
#include "tier/manifest_file.h"

#include "core/file_error.h"
#include "tier/folder.h"

#include <firn/file.h>

#include <errno.h>

static const char *way_out(firn_status status)
{
    switch (status) {
    case FIRN_NO_MEMORY:
        return "free some memory";
    case FIRN_VERSION:
        return "use that version, or write the store anew";
    case FIRN_NOT_STORE:
        return "name a store's folder";
    default:
        return "write the store anew";
    }
}

static firn_status path_of(const char *folder, char *path, firn_error *ret_error)
{
    if (firn_store_path(folder, "manifest", path, FIRN_STORE_PATH_BYTES) == FIRN_OK)
        return FIRN_OK;
    return firn_store_path_too_long(folder, ret_error);
}

firn_status firn_manifest_load(const char *path, const firn_allocator *allocator,
                               firn_manifest *ret_manifest, uint64_t *ret_bytes,
                               firn_error *ret_error)
{
    char file[FIRN_STORE_PATH_BYTES];
    char shown[FIRN_PATH_SHOWN_BYTES];
    const char *cause;
    void *data;
    size_t size;
    firn_status status = path_of(path, file, ret_error);
    if (status != FIRN_OK)
        return status;
    status =
        firn_file_read_all(file, FIRN_MANIFEST_MAX_BYTES, allocator, &data, &size, NULL, ret_error);
    if (status == FIRN_UNSUPPORTED)
        return firn_error_set(ret_error, FIRN_NOT_STORE, 0, "%s: no manifest (not a file); %s",
                              firn_path_shown(file, shown), way_out(FIRN_NOT_STORE));
    if (status == FIRN_LIMIT)
        return firn_error_set(ret_error, FIRN_CORRUPT, 0, "%s: damaged (too large); %s",
                              firn_path_shown(file, shown), way_out(FIRN_CORRUPT));
    if (status != FIRN_OK)
        return status;
    status = firn_manifest_read(data, size, allocator, ret_manifest, &cause);
    firn_release(allocator, data, size);
    if (status != FIRN_OK)
        return firn_error_set(ret_error, status, 0, "%s: %s; %s", firn_path_shown(file, shown),
                              cause, way_out(status));
    *ret_bytes = size;
    return FIRN_OK;
}

/* Whether a reader may find the manifest of this generation now; true where that is unknown. */
static bool generation_visible(const char *path, const firn_allocator *allocator,
                               uint64_t generation)
{
    firn_manifest found;
    uint64_t size;
    firn_status status = firn_manifest_load(path, allocator, &found, &size, NULL);
    if (status == FIRN_OK) {
        bool visible = found.generation == generation;
        firn_manifest_fini(&found, allocator);
        return visible;
    }
    /* A manifest that is missing or damaged is not the one that was written and synced. */
    return status != FIRN_NOT_FOUND && status != FIRN_NOT_STORE && status != FIRN_CORRUPT;
}

firn_status firn_manifest_store(const char *path, const firn_allocator *allocator,
                                const firn_manifest *manifest, bool *ret_replaced,
                                firn_error *ret_error)
{
    char file[FIRN_STORE_PATH_BYTES];
    size_t size = firn_manifest_bytes(manifest);
    *ret_replaced = false;
    firn_status status = path_of(path, file, ret_error);
    if (status != FIRN_OK)
        return status;
    uint8_t *data = firn_allocate(allocator, size);
    if (data == NULL)
        return firn_file_error(ret_error, ENOMEM, file, "write");
    firn_manifest_write(manifest, data);
    status = firn_file_replace(file, data, size, ret_error);
    firn_release(allocator, data, size);
    /* A failure of the last step, the folder's sync, leaves the new manifest in place. */
    *ret_replaced = status == FIRN_OK || generation_visible(path, allocator, manifest->generation);
    return status;
}
