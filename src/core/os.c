/* System calls on files, with EINTR, short transfers and injected failures handled once; see os.h.
 * Called by file.c, folder.c, lock.c and kernel_text.c; calls the kernel and fault.h.
 *
 * Threads: no state. Memory: opendir's own.
 */
#include "core/os.h"

#include "core/fault.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <sys/file.h>
#include <unistd.h>

/* Linux transfers at most this much in one call. */
#define TRANSFER_MAX_BYTES ((size_t)0x7ffff000)

int firn_os_open(const char *path, int flags, mode_t mode, int *ret_fd)
{
    bool writing = (flags & O_ACCMODE) != O_RDONLY;
    for (;;) {
        int error = firn_fault_io(FIRN_FAULT_OPEN, writing, NULL);
        int fd = -1;
        if (error == 0) {
            fd = open(path, flags | O_CLOEXEC, mode);
            error = fd < 0 ? errno : 0;
        }
        if (error == 0)
            *ret_fd = fd;
        if (error != EINTR)
            return error;
    }
}

int firn_os_close(int fd)
{
    int injected = firn_fault_io(FIRN_FAULT_CLOSE, false, NULL);
    int error = close(fd) != 0 ? errno : 0;
    if (injected != 0)
        error = injected;
    /* On Linux the descriptor is gone then, and a second close could hit another file's. */
    return error == EINTR ? 0 : error;
}

int firn_os_fstat(int fd, struct stat *ret_stat)
{
    int error = firn_fault_io(FIRN_FAULT_STAT, false, NULL);
    if (error != 0)
        return error;
    return fstat(fd, ret_stat) != 0 ? errno : 0;
}

int firn_os_lstat(const char *path, struct stat *ret_stat)
{
    int error = firn_fault_io(FIRN_FAULT_STAT, false, NULL);
    if (error != 0)
        return error;
    return lstat(path, ret_stat) != 0 ? errno : 0;
}

int firn_os_stat(const char *path, struct stat *ret_stat)
{
    int error = firn_fault_io(FIRN_FAULT_STAT, false, NULL);
    if (error != 0)
        return error;
    return stat(path, ret_stat) != 0 ? errno : 0;
}

/* One pread; EINTR is the caller's to try again. */
static int read_once(int fd, uint64_t offset, void *buffer, size_t size, size_t *ret_read)
{
    size = size < TRANSFER_MAX_BYTES ? size : TRANSFER_MAX_BYTES;
    int error = firn_fault_io(FIRN_FAULT_READ, false, &size);
    if (error != 0)
        return error;
    ssize_t got = pread(fd, buffer, size, (off_t)offset); /* EINVAL beyond what off_t holds */
    if (got < 0)
        return errno;
    *ret_read = (size_t)got;
    return 0;
}

int firn_os_read_at(int fd, uint64_t offset, void *buffer, size_t size, size_t *ret_read)
{
    size_t total = 0;
    while (total < size) {
        size_t got = 0;
        int error = read_once(fd, offset + total, (char *)buffer + total, size - total, &got);
        if (error == EINTR)
            continue;
        if (error != 0)
            return error;
        if (got == 0)
            break;
        total += got;
    }
    *ret_read = total;
    return 0;
}

void firn_os_will_read(int fd, uint64_t offset, size_t size)
{
    (void)posix_fadvise(fd, (off_t)offset, (off_t)size, POSIX_FADV_WILLNEED);
}

int firn_os_read_some(int fd, void *buffer, size_t size, size_t *ret_read)
{
    for (;;) {
        size_t wanted = size < TRANSFER_MAX_BYTES ? size : TRANSFER_MAX_BYTES;
        int error = firn_fault_io(FIRN_FAULT_READ, false, &wanted);
        ssize_t got = -1;
        if (error == 0) {
            got = read(fd, buffer, wanted);
            error = got < 0 ? errno : 0;
        }
        if (error == 0)
            *ret_read = (size_t)got;
        if (error != EINTR)
            return error;
    }
}

/* One write; EINTR is the caller's to try again. */
static int write_once(int fd, const void *data, size_t size, size_t *ret_written)
{
    size = size < TRANSFER_MAX_BYTES ? size : TRANSFER_MAX_BYTES;
    int error = firn_fault_io(FIRN_FAULT_WRITE, true, &size);
    if (error != 0)
        return error;
    ssize_t put = write(fd, data, size);
    if (put < 0)
        return errno;
    *ret_written = (size_t)put;
    return 0;
}

int firn_os_write(int fd, const void *data, size_t size)
{
    size_t total = 0;
    while (total < size) {
        size_t put = 0;
        int error = write_once(fd, (const char *)data + total, size - total, &put);
        if (error == EINTR)
            continue;
        if (error != 0)
            return error;
        if (put == 0) /* cannot be on a regular file, and would go on for ever */
            return EIO;
        total += put;
    }
    return 0;
}

int firn_os_truncate(int fd, uint64_t size)
{
    for (;;) {
        int error = firn_fault_io(FIRN_FAULT_TRUNCATE, true, NULL);
        if (error == 0)
            error = ftruncate(fd, (off_t)size) != 0 ? errno : 0;
        if (error != EINTR)
            return error;
    }
}

int firn_os_fsync(int fd)
{
    for (;;) {
        int error = firn_fault_io(FIRN_FAULT_FSYNC, true, NULL);
        if (error == 0)
            error = fsync(fd) != 0 ? errno : 0;
        /* EINTR is said before anything is written; after other failures a second try would
         * report success for data that is lost. */
        if (error != EINTR)
            return error;
    }
}

int firn_os_rename(const char *from, const char *to)
{
    int error = firn_fault_io(FIRN_FAULT_RENAME, true, NULL);
    if (error != 0)
        return error;
    return rename(from, to) != 0 ? errno : 0;
}

int firn_os_unlink(const char *path)
{
    int error = firn_fault_io(FIRN_FAULT_UNLINK, true, NULL);
    if (error != 0)
        return error;
    return unlink(path) != 0 ? errno : 0;
}

int firn_os_mkdir(const char *path, mode_t mode)
{
    int error = firn_fault_io(FIRN_FAULT_MKDIR, true, NULL);
    if (error != 0)
        return error;
    return mkdir(path, mode) != 0 ? errno : 0;
}

int firn_os_lock(int fd)
{
    for (;;) {
        int error = firn_fault_io(FIRN_FAULT_FLOCK, false, NULL);
        if (error == 0)
            error = flock(fd, LOCK_EX | LOCK_NB) != 0 ? errno : 0;
        if (error != EINTR)
            return error;
    }
}

int firn_os_opendir(const char *path, DIR **ret_folder)
{
    for (;;) {
        int error = firn_fault_io(FIRN_FAULT_OPENDIR, false, NULL);
        DIR *folder = NULL;
        if (error == 0) {
            folder = opendir(path);
            error = folder == NULL ? errno : 0;
        }
        if (error == 0)
            *ret_folder = folder;
        if (error != EINTR)
            return error;
    }
}

int firn_os_readdir(DIR *folder, struct dirent **ret_entry)
{
    int error = firn_fault_io(FIRN_FAULT_READDIR, false, NULL);
    if (error != 0)
        return error;
    errno = 0;
    struct dirent *entry = readdir(folder);
    if (entry == NULL && errno != 0)
        return errno;
    *ret_entry = entry;
    return 0;
}

long firn_os_process(void)
{
    return (long)getpid();
}
