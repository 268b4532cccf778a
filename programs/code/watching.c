/* A watch a folder, added by the scan itself just before it reads the folder: what is created in it
 * afterwards makes an event, what was there before is found. So a new or moved folder needs nothing
 * of its own, as the update that its event brings about scans and watches it; and a queue that ran
 * over is as good as any event. What no scan has seen again is watched no more.
 *
 * Events of names without a known suffix are passed over, as compilers and editors make many.
 * Memory: 8 bytes a folder here, about 1 KB in the kernel. */
#include "code/watching.h"

#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/inotify.h>
#include <unistd.h>

#include <firn/system.h>

#include "code/ignore.h"
#include "code/language.h"

#define EVENTS                                                                                     \
    (IN_CREATE | IN_CLOSE_WRITE | IN_MODIFY | IN_ATTRIB | IN_DELETE | IN_MOVED_FROM |              \
     IN_MOVED_TO | IN_DELETE_SELF | IN_MOVE_SELF | IN_ONLYDIR | IN_DONT_FOLLOW | IN_EXCL_UNLINK)
#define READ_BYTES 65536u

firn_status watching_init(struct watching *watching, const firn_allocator *allocator,
                          firn_error *ret_error)
{
    *watching = (struct watching){.allocator = allocator};
    watching->descriptor = inotify_init1(IN_CLOEXEC | IN_NONBLOCK);
    if (watching->descriptor >= 0)
        return FIRN_OK;
    if (errno == EMFILE)
        return firn_error_set(ret_error, FIRN_LIMIT, errno,
                              "too many programs watch folders; raise the limit: sysctl "
                              "fs.inotify.max_user_instances");
    return firn_error_set(ret_error, FIRN_IO, errno, "cannot watch folders: %s", strerror(errno));
}

void watching_fini(struct watching *watching)
{
    if (watching->descriptor >= 0)
        close(watching->descriptor);
    watching->descriptor = -1;
    firn_release(watching->allocator, watching->watches,
                 watching->capacity * sizeof *watching->watches);
    firn_release(watching->allocator, watching->former,
                 watching->former_capacity * sizeof *watching->former);
    watching->watches = watching->former = NULL;
    watching->count = watching->capacity = watching->former_count = watching->former_capacity = 0;
}

/* --- watches --- */

void watching_begin(struct watching *watching)
{
    watching->count = 0;
}

firn_status watching_folder(void *context, const char *path, firn_error *ret_error)
{
    struct watching *watching = context;
    void *watches = watching->watches;
    if (!firn_grow(watching->allocator, &watches, &watching->capacity, watching->count + 1,
                   sizeof *watching->watches))
        return firn_error_set(ret_error, FIRN_NO_MEMORY, 0, "out of memory while watching");
    watching->watches = watches;
    int watch = inotify_add_watch(watching->descriptor, path, EVENTS);
    if (watch < 0 && errno == ENOSPC)
        return firn_error_set(
            ret_error, FIRN_LIMIT, errno,
            "%s: no more than %zu folders can be watched; raise the limit: sysctl "
            "fs.inotify.max_user_watches",
            path, watching->count);
    if (watch < 0 && errno == ENOMEM)
        return firn_error_set(ret_error, FIRN_NO_MEMORY, errno, "out of memory while watching");
    if (watch >= 0) /* else it vanished or cannot be read, which the scan finds as well */
        watching->watches[watching->count++] = watch;
    return FIRN_OK;
}

static int compare(const void *left, const void *right)
{
    int a = *(const int *)left, b = *(const int *)right;
    return (a > b) - (a < b);
}

void watching_end(struct watching *watching)
{
    if (watching->count > 0)
        qsort(watching->watches, watching->count, sizeof *watching->watches, compare);
    for (size_t i = 0; i < watching->former_count; i++)
        if (watching->count == 0 ||
            bsearch(&watching->former[i], watching->watches, watching->count,
                    sizeof *watching->watches, compare) == NULL)
            (void)inotify_rm_watch(watching->descriptor, watching->former[i]); /* or it is gone */
    int *watches = watching->former;
    size_t capacity = watching->former_capacity;
    watching->former = watching->watches;
    watching->former_count = watching->count;
    watching->former_capacity = watching->capacity;
    watching->watches = watches;
    watching->capacity = capacity;
    watching->count = 0;
}

/* --- events --- */

static bool matters(const struct inotify_event *event)
{
    if ((event->mask & IN_IGNORED) != 0)
        return false;
    if ((event->mask & (IN_Q_OVERFLOW | IN_ISDIR | IN_DELETE_SELF | IN_MOVE_SELF)) != 0)
        return true;
    return event->len > 0 && (language_by_path(event->name) != NULL || ignore_is_file(event->name));
}

/* Reads all events that wait; *ret_matters tells whether one of them matters. */
static firn_status read_events(struct watching *watching, bool *ret_matters, firn_error *ret_error)
{
    union {
        struct inotify_event event;
        char bytes[READ_BYTES];
    } buffer;
    ssize_t size;
    *ret_matters = false;
    while ((size = read(watching->descriptor, &buffer, sizeof buffer)) > 0)
        for (size_t at = 0; at < (size_t)size;) {
            const struct inotify_event *event = (const void *)(buffer.bytes + at);
            *ret_matters = *ret_matters || matters(event);
            at += sizeof *event + event->len;
        }
    if (size < 0 && errno != EAGAIN && errno != EINTR)
        return firn_error_set(ret_error, FIRN_IO, errno, "cannot watch folders: %s",
                              strerror(errno));
    return FIRN_OK;
}

/* Waits for events: FIRN_NOT_FOUND when there were none in time. */
static firn_status wait_once(struct watching *watching, int timeout_ms, const sigset_t *mask,
                             bool *ret_matters, firn_error *ret_error)
{
    struct pollfd poll = {.fd = watching->descriptor, .events = POLLIN};
    const struct timespec timeout = {timeout_ms / 1000, (timeout_ms % 1000) * 1000000L};
    int ready = ppoll(&poll, 1, timeout_ms < 0 ? NULL : &timeout, mask);
    *ret_matters = false;
    if (ready < 0)
        return errno == EINTR ? FIRN_END_OF_DATA
                              : firn_error_set(ret_error, FIRN_IO, errno,
                                               "cannot watch folders: %s", strerror(errno));
    return ready == 0 ? FIRN_NOT_FOUND : read_events(watching, ret_matters, ret_error);
}

static int ms_since(uint64_t start_ns)
{
    uint64_t ms = (firn_clock_ns() - start_ns) / 1000000;
    return ms > INT32_MAX ? INT32_MAX : (int)ms;
}

firn_status watching_wait(struct watching *watching, const struct watching_times *times,
                          const sigset_t *mask, firn_error *ret_error)
{
    const uint64_t begun = firn_clock_ns();
    bool is_changed = false;
    firn_status status = FIRN_OK;
    while (status == FIRN_OK && !is_changed) {
        int left = times->timeout_ms;
        if (left >= 0)
            left = ms_since(begun) < left ? left - ms_since(begun) : 0;
        status = wait_once(watching, left, mask, &is_changed, ret_error);
    }
    const uint64_t first = firn_clock_ns();
    uint64_t last = first;
    while (status == FIRN_OK) {
        int quiet = times->quiet_ms - ms_since(last), most = times->most_ms - ms_since(first);
        int left = quiet < most ? quiet : most;
        if (left <= 0)
            break;
        status = wait_once(watching, left, mask, &is_changed, ret_error);
        last = is_changed ? firn_clock_ns() : last;
        if (status == FIRN_NOT_FOUND)
            return FIRN_OK;
    }
    return status;
}
