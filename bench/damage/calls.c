/* A killed write has written half of its bytes. On a full disk what removes still works. */
#include "damage/calls.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

struct calls calls;

int __real_open(const char *path, int flags, ...);
ssize_t __real_write(int fd, const void *data, size_t size);
int __real_ftruncate(int fd, off_t size);
int __real_fsync(int fd);
int __real_rename(const char *from, const char *to);
int __real_unlink(const char *path);
int __wrap_open(const char *path, int flags, ...);
ssize_t __wrap_write(int fd, const void *data, size_t size);
int __wrap_ftruncate(int fd, off_t size);
int __wrap_fsync(int fd);
int __wrap_rename(const char *from, const char *to);
int __wrap_unlink(const char *path);

/* Whether this call fails, errno being set. */
static bool fails(bool needs_room)
{
    calls.made++;
    if (calls.wrong == CALLS_KILL && calls.made == calls.at)
        kill(getpid(), SIGKILL);
    const bool full = calls.wrong == CALLS_FULL && calls.made >= calls.at && needs_room;
    const bool error = calls.wrong == CALLS_ERROR && calls.made == calls.at;
    if (full || error)
        errno = full ? ENOSPC : EIO;
    return full || error;
}

int __wrap_open(const char *path, int flags, ...)
{
    va_list list;
    va_start(list, flags);
    const mode_t mode = (flags & O_CREAT) != 0 ? va_arg(list, mode_t) : 0;
    va_end(list);
    if ((flags & O_ACCMODE) != O_RDONLY && fails((flags & O_CREAT) != 0))
        return -1;
    return __real_open(path, flags, mode);
}

ssize_t __wrap_write(int fd, const void *data, size_t size)
{
    if (calls.wrong == CALLS_KILL && calls.made + 1 == calls.at &&
        __real_write(fd, data, size / 2) < 0)
        return -1;
    return fails(true) ? -1 : __real_write(fd, data, size);
}

int __wrap_ftruncate(int fd, off_t size)
{
    return fails(false) ? -1 : __real_ftruncate(fd, size);
}

int __wrap_fsync(int fd)
{
    return fails(false) ? -1 : __real_fsync(fd);
}

int __wrap_rename(const char *from, const char *to)
{
    return fails(false) ? -1 : __real_rename(from, to);
}

int __wrap_unlink(const char *path)
{
    return fails(false) ? -1 : __real_unlink(path);
}
