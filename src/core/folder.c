/* Folders: making one, visiting its names, making its changes durable.
 *
 * Called by tier/ and the programs; calls os.c and file_error.c. Threads: no state. Memory: what
 * opendir takes while a visit runs.
 */
#include <firn/file.h>

#include "core/file_error.h"
#include "core/os.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>

firn_status firn_folder_sync(const char *path, firn_error *ret_error)
{
    int fd;
    int error = firn_os_open(path, O_RDONLY | O_DIRECTORY, 0, &fd);
    if (error != 0)
        return firn_file_error(ret_error, error, path, "open");
    error = firn_os_fsync(fd);
    firn_os_close(fd);
    /* EINVAL: a file system that has nothing to sync in a folder. */
    if (error != 0 && error != EINVAL)
        return firn_file_error(ret_error, error, path, "sync");
    return FIRN_OK;
}

firn_status firn_folder_create(const char *path, firn_error *ret_error)
{
    int error = firn_os_mkdir(path, 0777);
    return error != 0 ? firn_file_error(ret_error, error, path, "create") : FIRN_OK;
}

static bool is_self_or_parent(const char *name)
{
    return strcmp(name, ".") == 0 || strcmp(name, "..") == 0;
}

firn_status firn_folder_visit(const char *path, firn_folder_visit_fn visit, void *context,
                              firn_error *ret_error)
{
    DIR *folder;
    int error = firn_os_opendir(path, &folder);
    if (error != 0)
        return firn_file_error(ret_error, error, path, "open");
    firn_status status = FIRN_OK;
    while (status == FIRN_OK) {
        struct dirent *entry = NULL;
        error = firn_os_readdir(folder, &entry);
        if (error != 0)
            status = firn_file_error(ret_error, error, path, "read");
        if (entry == NULL)
            break;
        if (!is_self_or_parent(entry->d_name))
            status = visit(context, entry->d_name);
    }
    closedir(folder);
    return status;
}
