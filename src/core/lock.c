/* Lock files by flock, which the kernel takes back when the holder dies, so that no stale lock is
 * ever left; the holder's name in the file is for people only. The file itself stays, because
 * removing it would let two processes hold "the" lock, each on a file of its own.
 *
 * Called by tier/; calls os.c and file_error.c. Threads: a firn_lock is its owner's; a second
 * acquire in the same process is refused like another's. Memory: none.
 */
#include <firn/file.h>

#include "core/file_error.h"
#include "core/os.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define HOLDER_MAX_BYTES 96

static firn_status held_by_another(int fd, const char *path, firn_error *ret_error)
{
    char holder[HOLDER_MAX_BYTES + 1];
    size_t size = 0;
    if (firn_os_read_at(fd, 0, holder, HOLDER_MAX_BYTES, &size) != 0)
        size = 0;
    while (size > 0 && holder[size - 1] == '\n')
        size--;
    holder[size] = '\0';
    char shown[FIRN_PATH_SHOWN_BYTES];
    return firn_error_set(ret_error, FIRN_BUSY, 0, "%s: held by %s%s; wait until it has ended",
                          firn_path_shown(path, shown), size > 0 ? "process " : "another process",
                          holder);
}

/* Writes who holds the lock in place of who held it before. */
static int write_holder(int fd, const char *what)
{
    char holder[HOLDER_MAX_BYTES + 1];
    int size = snprintf(holder, sizeof(holder), "%ld (%.64s)\n", (long)getpid(), what);
    if (size < 0)
        return EINVAL;
    int error = firn_os_truncate(fd, 0);
    return error != 0 ? error : firn_os_write(fd, holder, (size_t)size);
}

/* Sets *ret_named to whether path still names the file that was locked: its folder may have been
 * removed and made anew between the open and the lock. Returns the errno of what cannot be told. */
static int still_named(int fd, const char *path, bool *ret_named)
{
    struct stat by_fd, by_path;
    *ret_named = false;
    int error = firn_os_fstat(fd, &by_fd);
    if (error == 0)
        error = firn_os_stat(path, &by_path);
    if (error == 0)
        *ret_named = by_fd.st_dev == by_path.st_dev && by_fd.st_ino == by_path.st_ino;
    return error == ENOENT || error == ENOTDIR ? 0 : error;
}

firn_status firn_lock_acquire(const char *path, const char *what, firn_lock *ret_lock,
                              firn_error *ret_error)
{
    int fd;
    int error = firn_os_open(path, O_RDWR | O_CREAT | O_NONBLOCK | O_NOCTTY, 0666, &fd);
    if (error != 0)
        return firn_file_error(ret_error, error, path, "open");
    firn_status status;
    bool named;
    error = firn_os_lock(fd);
    if (error == EWOULDBLOCK) {
        status = held_by_another(fd, path, ret_error);
        goto fail;
    }
    if (error != 0) {
        status = firn_file_error(ret_error, error, path, "lock");
        goto fail;
    }
    error = still_named(fd, path, &named);
    if (error != 0) {
        status = firn_file_error(ret_error, error, path, "stat");
        goto fail;
    }
    if (!named) {
        char shown[FIRN_PATH_SHOWN_BYTES];
        status =
            firn_error_set(ret_error, FIRN_BUSY, 0, "%s: removed while it was locked; try again",
                           firn_path_shown(path, shown));
        goto fail;
    }
    error = write_holder(fd, what);
    if (error != 0) {
        status = firn_file_error(ret_error, error, path, "write");
        goto fail;
    }
    ret_lock->fd = fd;
    return FIRN_OK;
fail:
    firn_os_close(fd);
    return status;
}

void firn_lock_release(firn_lock *lock)
{
    if (lock->fd < 0)
        return;
    firn_os_close(lock->fd);
    lock->fd = -1;
}
