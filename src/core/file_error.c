/* Texts of failed calls on files, with a way out for each cause that a user can do something about.
 * Called by file.c, folder.c and lock.c. Threads: no state. Memory: none.
 */
#include "core/file_error.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

const char *firn_path_shown(const char *path, char ret_shown[FIRN_PATH_SHOWN_BYTES])
{
    size_t length = strlen(path);
    if (length < FIRN_PATH_SHOWN_BYTES) {
        memcpy(ret_shown, path, length + 1);
        return ret_shown;
    }
    const char *tail = path + length - (FIRN_PATH_SHOWN_BYTES - 4);
    while (((unsigned char)*tail & 0xc0) == 0x80) /* not from the middle of a character */
        tail++;
    snprintf(ret_shown, FIRN_PATH_SHOWN_BYTES, "...%s", tail);
    return ret_shown;
}

static const char *way_out(int os_errno)
{
    switch (os_errno) {
    case ENOENT:
        return "check the path";
    case ENOTDIR:
        return "a part of the path is not a folder";
    case EISDIR:
        return "name a file, not a folder";
    case ELOOP:
        return "its links lead in a circle, remove one";
    case ENAMETOOLONG:
        return "use a shorter path";
    case EACCES:
    case EPERM:
        return "check its owner and mode";
    case EROFS:
        return "choose a place that can be written";
    case ENOSPC:
    case EDQUOT:
        return "free some space there";
    case EFBIG:
        return "raise the limit of file sizes (ulimit -f)";
    case EEXIST:
    case ENOTEMPTY:
        return "remove it or choose another name";
    case EMFILE:
    case ENFILE:
        return "raise the limit of open files (ulimit -n)";
    case ENOMEM:
        return "free some memory";
    case EXDEV:
        return "keep both names on one file system";
    case EBUSY:
        return "wait until it is no longer in use";
    default:
        return "check the disk and the kernel's log";
    }
}

firn_status firn_file_error(firn_error *ret_error, int os_errno, const char *path, const char *what)
{
    char shown[FIRN_PATH_SHOWN_BYTES];
    const char *cause = strerrordesc_np(os_errno);
    return firn_error_set(ret_error, firn_status_from_errno(os_errno), os_errno,
                          "%s: %s failed: %s; %s", firn_path_shown(path, shown), what,
                          cause != NULL ? cause : "unknown error", way_out(os_errno));
}
