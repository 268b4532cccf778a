/* Unix sockets. The kernel takes paths of 107 bytes only; links are read rather than followed by
 * it, because a store's own path may be longer. */
#include "code/serve/socket.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#define BACKLOG 256
#define LINK_NAME "socket"

static bool address_of(const char *path, struct sockaddr_un *ret_address)
{
    const size_t size = strlen(path);
    *ret_address = (struct sockaddr_un){.sun_family = AF_UNIX};
    if (size == 0 || size >= sizeof ret_address->sun_path)
        return false;
    memcpy(ret_address->sun_path, path, size + 1);
    return true;
}

static int connect_to(const char *path)
{
    struct sockaddr_un address;
    if (!address_of(path, &address))
        return -1;
    const int descriptor = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (descriptor < 0)
        return -1;
    if (connect(descriptor, (const struct sockaddr *)&address, sizeof address) == 0)
        return descriptor;
    close(descriptor);
    return -1;
}

/* --- listening --- */

static firn_status fail(firn_error *ret_error, const char *path)
{
    return firn_error_set(ret_error, firn_status_from_errno(errno), errno, "%s: %s", path,
                          strerror(errno));
}

/* Makes path free to be bound: removes a socket that nobody listens on. */
static firn_status make_free(const char *path, firn_error *ret_error)
{
    struct stat info;
    if (lstat(path, &info) != 0)
        return errno == ENOENT ? FIRN_OK : fail(ret_error, path);
    if (!S_ISSOCK(info.st_mode))
        return firn_error_set(ret_error, FIRN_EXISTS, 0,
                              "%s: exists and is no socket; name another path", path);
    const int other = connect_to(path);
    if (other >= 0 || errno == EAGAIN) {
        if (other >= 0)
            close(other);
        return firn_error_set(ret_error, FIRN_BUSY, 0,
                              "%s: another server listens there; end it or name another path",
                              path);
    }
    if (errno != ECONNREFUSED)
        return fail(ret_error, path);
    return unlink(path) == 0 || errno == ENOENT ? FIRN_OK : fail(ret_error, path);
}

/* Binds with the mode that the file is to have from the start. */
static firn_status bind_to(struct listening *listening, firn_error *ret_error)
{
    struct sockaddr_un address;
    struct stat info;
    (void)address_of(listening->path, &address);
    const mode_t mask = umask(S_IXUSR | S_IRWXG | S_IRWXO);
    const int bound =
        bind(listening->descriptor, (const struct sockaddr *)&address, sizeof address);
    const int bind_errno = errno;
    (void)umask(mask);
    errno = bind_errno;
    if (bound != 0 && errno == EADDRINUSE)
        return firn_error_set(ret_error, FIRN_BUSY, EADDRINUSE,
                              "%s: another server has just begun to listen there", listening->path);
    if (bound != 0 || lstat(listening->path, &info) != 0 ||
        listen(listening->descriptor, BACKLOG) != 0)
        return fail(ret_error, listening->path);
    listening->device = info.st_dev;
    listening->inode = info.st_ino;
    return FIRN_OK;
}

static firn_status make_absolute(const char *path, char absolute[SOCKET_PATH_BYTES],
                                 firn_error *ret_error)
{
    char folder[PATH_MAX] = "";
    if (path[0] != '/' && getcwd(folder, sizeof folder) == NULL)
        return fail(ret_error, path);
    const int size =
        snprintf(absolute, SOCKET_PATH_BYTES, "%s%s%s", folder, path[0] == '/' ? "" : "/", path);
    if (path[0] != '\0' && size > 0 && size < SOCKET_PATH_BYTES)
        return FIRN_OK;
    return firn_error_set(ret_error, FIRN_LIMIT, 0,
                          "%.128s: a socket's path has 1 to 107 bytes; name a shorter one", path);
}

firn_status socket_listen(const char *path, struct listening *ret_listening, firn_error *ret_error)
{
    struct listening listening = {.descriptor = -1};
    firn_status status = make_absolute(path, listening.path, ret_error);
    if (status == FIRN_OK)
        status = make_free(listening.path, ret_error);
    if (status != FIRN_OK)
        return status;
    listening.descriptor = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (listening.descriptor < 0)
        return fail(ret_error, path);
    status = bind_to(&listening, ret_error);
    if (status == FIRN_OK)
        *ret_listening = listening;
    else
        close(listening.descriptor);
    return status;
}

void socket_close(struct listening *listening)
{
    struct stat info;
    if (lstat(listening->path, &info) == 0 && info.st_dev == listening->device &&
        info.st_ino == listening->inode)
        (void)unlink(listening->path);
    close(listening->descriptor);
}

/* --- the link --- */

/* Reads where the link leads. False when there is none, or its path does not fit. */
static bool read_link(const char *store, char target[SOCKET_PATH_BYTES])
{
    char link[PATH_MAX];
    const int size = snprintf(link, sizeof link, "%s/" LINK_NAME, store);
    if (size < 0 || (size_t)size >= sizeof link)
        return false;
    const ssize_t length = readlink(link, target, SOCKET_PATH_BYTES);
    if (length <= 0 || length >= SOCKET_PATH_BYTES)
        return false;
    target[length] = '\0';
    return true;
}

firn_status socket_announce(const char *store, const char *path, firn_error *ret_error)
{
    char link[PATH_MAX], fresh[PATH_MAX];
    snprintf(link, sizeof link, "%s/" LINK_NAME, store);
    const int size = snprintf(fresh, sizeof fresh, "%s/scratch-" LINK_NAME ".tmp", store);
    if (size < 0 || (size_t)size >= sizeof fresh)
        return firn_error_set(ret_error, FIRN_LIMIT, 0, "%.128s: too long a path", store);
    (void)unlink(fresh);
    if (symlink(path, fresh) == 0 && rename(fresh, link) == 0)
        return FIRN_OK;
    return fail(ret_error, link);
}

void socket_withdraw(const char *store, const char *path)
{
    char target[SOCKET_PATH_BYTES], link[PATH_MAX];
    if (!read_link(store, target) || strcmp(target, path) != 0)
        return;
    snprintf(link, sizeof link, "%s/" LINK_NAME, store);
    (void)unlink(link);
}

int socket_connect(const char *store)
{
    char target[SOCKET_PATH_BYTES];
    const char *named = getenv("FIRN_SOCKET");
    if (named != NULL)
        return connect_to(named);
    return read_link(store, target) ? connect_to(target) : -1;
}
