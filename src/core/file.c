/* Files: opening without waiting for a FIFO's other end, reading and writing whole ranges, reading
 * a whole file that stands still, and replacing one so that a crash leaves the old or the new.
 *
 * Called by tier/ and the programs; calls os.c, which handles EINTR and short transfers, and
 * file_error.c for texts. Threads: a firn_file is its owner's; reads at an offset may run in
 * parallel. Memory: the block that firn_file_read_all returns.
 *
 * The order of firn_file_replace is the usual one (write, fsync, rename, fsync of the folder); see
 * Pillai et al., "All file systems are not created equal" (OSDI 2014), for what breaks without it.
 */
#include <firn/file.h>

#include "core/file_error.h"
#include "core/os.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>

static firn_file_info info_of(const struct stat *stat)
{
    return (firn_file_info){
        .size = (uint64_t)stat->st_size,
        .mtime_ns = (int64_t)stat->st_mtim.tv_sec * 1000000000 + stat->st_mtim.tv_nsec,
        .device = (uint64_t)stat->st_dev,
        .inode = (uint64_t)stat->st_ino,
        .ctime_ns = (int64_t)stat->st_ctim.tv_sec * 1000000000 + stat->st_ctim.tv_nsec,
    };
}

static firn_status not_regular(const char *path, firn_error *ret_error)
{
    char shown[FIRN_PATH_SHOWN_BYTES];
    return firn_error_set(ret_error, FIRN_UNSUPPORTED, 0,
                          "%s: not a regular file; name a file with content",
                          firn_path_shown(path, shown));
}

/* Opens and makes sure that it is a regular file; *ret_info is what fstat says. */
static firn_status open_regular(const char *path, int flags, mode_t mode, int *ret_fd,
                                firn_file_info *ret_info, firn_error *ret_error)
{
    /* O_NONBLOCK: the open of a FIFO would else wait for a writer, perhaps for ever. */
    int fd = -1;
    int error = firn_os_open(path, flags | O_NONBLOCK | O_NOCTTY, mode, &fd);
    if (error == EISDIR || error == ENXIO) /* a folder; a socket or a FIFO without reader */
        return not_regular(path, ret_error);
    if (error != 0)
        return firn_file_error(ret_error, error, path, "open");

    struct stat stat;
    firn_status status = FIRN_OK;
    error = firn_os_fstat(fd, &stat);
    if (error != 0)
        status = firn_file_error(ret_error, error, path, "stat");
    else if (!S_ISREG(stat.st_mode))
        status = not_regular(path, ret_error);
    if (status != FIRN_OK) {
        firn_os_close(fd);
        return status;
    }
    *ret_info = info_of(&stat);
    *ret_fd = fd;
    return FIRN_OK;
}

firn_status firn_file_open(const char *path, firn_file_mode mode, firn_file *ret_file,
                           firn_error *ret_error)
{
    int flags;
    switch (mode) {
    case FIRN_FILE_READ:
        flags = O_RDONLY;
        break;
    case FIRN_FILE_CREATE:
        flags = O_RDWR | O_CREAT | O_EXCL;
        break;
    case FIRN_FILE_OVERWRITE:
        flags = O_RDWR | O_CREAT | O_TRUNC;
        break;
    case FIRN_FILE_APPEND:
        flags = O_RDWR | O_APPEND;
        break;
    default:
        return firn_error_set(ret_error, FIRN_INVALID, 0, "%d is no firn_file_mode", (int)mode);
    }
    firn_file_info info;
    int fd = -1;
    firn_status status = open_regular(path, flags, 0666, &fd, &info, ret_error);
    if (status == FIRN_OK)
        ret_file->fd = fd;
    return status;
}

void firn_file_close(firn_file *file)
{
    if (file->fd < 0)
        return;
    /* What an error could tell about lost data, firn_file_sync has told before. */
    firn_os_close(file->fd);
    file->fd = -1;
}

firn_status firn_file_info_get(const firn_file *file, firn_file_info *ret_info)
{
    struct stat stat;
    if (firn_os_fstat(file->fd, &stat) != 0)
        return FIRN_IO;
    *ret_info = info_of(&stat);
    return FIRN_OK;
}

firn_status firn_file_read_at(const firn_file *file, uint64_t offset, void *buffer, size_t size,
                              size_t *ret_read)
{
    return firn_os_read_at(file->fd, offset, buffer, size, ret_read) != 0 ? FIRN_IO : FIRN_OK;
}

void firn_file_will_read(const firn_file *file, uint64_t offset, size_t size)
{
    firn_os_will_read(file->fd, offset, size);
}

/* What a caller can do about the failure of an open file is a matter of space or of the device. */
static firn_status space_or_io(int error)
{
    firn_status status = firn_status_from_errno(error);
    return status == FIRN_OK || status == FIRN_NO_SPACE ? status : FIRN_IO;
}

firn_status firn_file_write(firn_file *file, const void *data, size_t size)
{
    return space_or_io(firn_os_write(file->fd, data, size));
}

firn_status firn_file_truncate(firn_file *file, uint64_t size)
{
    return space_or_io(firn_os_truncate(file->fd, size));
}

firn_status firn_file_sync(firn_file *file)
{
    return space_or_io(firn_os_fsync(file->fd));
}

firn_status firn_file_rename(const char *from, const char *to, firn_error *ret_error)
{
    int error = firn_os_rename(from, to);
    return error != 0 ? firn_file_error(ret_error, error, to, "rename") : FIRN_OK;
}

firn_status firn_file_remove(const char *path, firn_error *ret_error)
{
    int error = firn_os_unlink(path);
    return error != 0 ? firn_file_error(ret_error, error, path, "remove") : FIRN_OK;
}

firn_status firn_path_kind_get(const char *path, firn_path_kind *ret_kind, firn_file_info *ret_info,
                               firn_error *ret_error)
{
    struct stat stat;
    int error = firn_os_lstat(path, &stat);
    if (error != 0)
        return firn_file_error(ret_error, error, path, "stat");
    *ret_kind = S_ISREG(stat.st_mode)   ? FIRN_PATH_FILE
                : S_ISDIR(stat.st_mode) ? FIRN_PATH_FOLDER
                : S_ISLNK(stat.st_mode) ? FIRN_PATH_LINK
                                        : FIRN_PATH_OTHER;
    if (ret_info != NULL)
        *ret_info = info_of(&stat);
    return FIRN_OK;
}

static bool same_content(const firn_file_info *a, const firn_file_info *b)
{
    return a->size == b->size && a->mtime_ns == b->mtime_ns;
}

/* Reads exactly info->size bytes into data and makes sure that the file is still what info says. */
static firn_status read_unchanged(int fd, const char *path, const firn_file_info *info, void *data,
                                  firn_error *ret_error)
{
    size_t size = (size_t)info->size;
    size_t got = 0, beyond = 0;
    char extra;
    int error = firn_os_read_at(fd, 0, data, size, &got);
    if (error == 0 && got == size)
        error = firn_os_read_at(fd, size, &extra, 1, &beyond);
    if (error != 0)
        return firn_file_error(ret_error, error, path, "read");

    struct stat stat;
    error = firn_os_fstat(fd, &stat);
    if (error != 0)
        return firn_file_error(ret_error, error, path, "stat");
    firn_file_info after = info_of(&stat);
    if (got == size && beyond == 0 && same_content(info, &after))
        return FIRN_OK;
    char shown[FIRN_PATH_SHOWN_BYTES];
    return firn_error_set(ret_error, FIRN_CHANGED, 0, "%s: changed while it was read; try again",
                          firn_path_shown(path, shown));
}

static firn_status too_large(const char *path, uint64_t limit_bytes, firn_error *ret_error)
{
    char shown[FIRN_PATH_SHOWN_BYTES];
    return firn_error_set(ret_error, FIRN_LIMIT, 0,
                          "%s: larger than %llu bytes; raise the limit or leave it out",
                          firn_path_shown(path, shown), (unsigned long long)limit_bytes);
}

firn_status firn_file_read_all(const char *path, uint64_t limit_bytes,
                               const firn_allocator *allocator, void **ret_data, size_t *ret_size,
                               firn_file_info *ret_info, firn_error *ret_error)
{
    firn_file_info info;
    int fd = -1;
    firn_status status = open_regular(path, O_RDONLY, 0, &fd, &info, ret_error);
    if (status != FIRN_OK)
        return status;

    void *data = NULL;
    size_t size = 0;
    if (info.size > limit_bytes || info.size > PTRDIFF_MAX) {
        status = too_large(path, limit_bytes, ret_error);
        goto done;
    }
    size = (size_t)info.size;
    if (size > 0) {
        data = firn_allocate(allocator, size);
        if (data == NULL) {
            status = firn_file_error(ret_error, ENOMEM, path, "read");
            goto done;
        }
    }
    status = read_unchanged(fd, path, &info, data, ret_error);
    if (status != FIRN_OK)
        goto done;
    *ret_data = data;
    *ret_size = size;
    if (ret_info != NULL)
        *ret_info = info;
    data = NULL;
done:
    firn_release(allocator, data, size);
    firn_os_close(fd);
    return status;
}

/* Makes a new file at path with data in it, durable but for its name; none on failure. */
static firn_status write_durably(const char *path, mode_t mode, const void *data, size_t size,
                                 firn_error *ret_error)
{
    /* What a crash left here is removed and not opened: it might be a link to somewhere else. */
    int error = firn_os_unlink(path);
    if (error != 0 && error != ENOENT)
        return firn_file_error(ret_error, error, path, "remove");
    int fd = -1;
    error = firn_os_open(path, O_WRONLY | O_CREAT | O_EXCL, mode, &fd);
    if (error != 0)
        return firn_file_error(ret_error, error, path, "open");
    const char *what = "write";
    error = firn_os_write(fd, data, size);
    if (error == 0) {
        what = "sync";
        error = firn_os_fsync(fd);
    }
    int close_error = firn_os_close(fd);
    if (error == 0) {
        what = "close";
        error = close_error;
    }
    if (error == 0)
        return FIRN_OK;
    firn_os_unlink(path);
    return firn_file_error(ret_error, error, path, what);
}

/* Writes to ret_folder, which has room for path, the folder that path is in. */
static void folder_of(const char *path, char *ret_folder)
{
    const char *slash = strrchr(path, '/');
    if (slash == NULL) {
        memcpy(ret_folder, ".", 2);
        return;
    }
    size_t size = slash == path ? 1 : (size_t)(slash - path);
    memcpy(ret_folder, path, size);
    ret_folder[size] = '\0';
}

firn_status firn_file_replace(const char *path, const void *data, size_t size,
                              firn_error *ret_error)
{
    char other[PATH_MAX]; /* first the temporary file, then the folder */
    int length = snprintf(other, sizeof(other), "%s.tmp", path);
    if (length < 0 || (size_t)length >= sizeof(other))
        return firn_file_error(ret_error, ENAMETOOLONG, path, "open");

    /* A file that others may not read must not become one that they may. */
    struct stat old;
    mode_t mode = firn_os_stat(path, &old) == 0 ? old.st_mode & 0777 : 0666;
    firn_status status = write_durably(other, mode, data, size, ret_error);
    if (status != FIRN_OK)
        return status;
    int error = firn_os_rename(other, path);
    if (error != 0) {
        firn_os_unlink(other);
        return firn_file_error(ret_error, error, path, "rename");
    }
    folder_of(path, other);
    return firn_folder_sync(other, ret_error);
}
