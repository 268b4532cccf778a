/* Keeps the file of trace.h: see store.h. Called by record.c, under its lock but for the start.
 *
 * The file has all of its blocks before they are mapped (posix_fallocate), since a page that has no
 * room on the disk is a SIGBUS for the program. No descriptor stays open: programs close and number
 * them as they like.
 *
 * Memory: addresses of up to 4 GiB, of which the file takes what is needed. */
#include "tune/preload/store.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

#define STEP_BYTES ((size_t)1 << 20) /* that the file grows by, or an eighth */
#define FIRST_BYTES ((TRACE_RECORDS_AT + STEP_BYTES) / 4096 * 4096)

struct trace_head *track_head;
struct trace_thread *track_threads;

static struct {
    char *base;
    size_t reserved, mapped; /* mapped: of the file; 0: there is none */
    size_t pending;          /* the end of a record that does not count yet */
    char path[PATH_MAX];
    bool tried;
} store;

static bool reserve(void)
{
    const int flags = MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE;
    for (size_t bytes = (size_t)4 << 30; bytes >= 2 * FIRST_BYTES; bytes /= 4) {
        void *base = mmap(NULL, bytes, PROT_NONE, flags, -1, 0);
        if (base == MAP_FAILED)
            continue;
        store.base = base;
        store.reserved = bytes;
        return true;
    }
    return false;
}

bool track_store_begin(void)
{
    if (!reserve() || mprotect(store.base, TRACE_RECORDS_AT, PROT_READ | PROT_WRITE) != 0)
        return false;
    track_head = (struct trace_head *)(void *)store.base;
    track_threads = (struct trace_thread *)(void *)(store.base + TRACE_THREADS_AT);
    return true;
}

/* A file above the limit that the program was given would be a SIGXFSZ for it. */
static bool is_allowed(size_t bytes)
{
    struct rlimit limit;
    return getrlimit(RLIMIT_FSIZE, &limit) != 0 || limit.rlim_cur == RLIM_INFINITY ||
           bytes <= limit.rlim_cur;
}

/* Makes the file `bytes` long and maps all of it. */
static bool map(int fd, size_t bytes)
{
    if (bytes > store.reserved || posix_fallocate(fd, 0, (off_t)bytes) != 0)
        return false;
    const int flags = MAP_SHARED | MAP_FIXED;
    /* What lies there already is the same. */
    if (mmap(store.base, bytes, PROT_READ | PROT_WRITE, flags, fd, 0) == MAP_FAILED)
        return false;
    store.mapped = bytes;
    return true;
}

static void name_file(void)
{
    struct timespec now = {0, 0};
    const char *folder = getenv(TRACK_FOLDER);
    store.path[0] = '\0';
    clock_gettime(CLOCK_MONOTONIC, &now);
    if (folder != NULL)
        snprintf(store.path, sizeof store.path, "%s/%ld.%ld%09ld", folder, (long)getpid(),
                 (long)now.tv_sec, now.tv_nsec);
}

void track_store_open(void)
{
    if (store.mapped > 0 || store.tried)
        return;
    store.tried = true;
    name_file();
    track_head->used_bytes = TRACE_RECORDS_AT;
    const int fd = is_allowed(FIRST_BYTES)
                       ? open(store.path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600)
                       : -1;
    if (fd < 0)
        return;
    if (posix_fallocate(fd, 0, FIRST_BYTES) != 0 ||
        pwrite(fd, store.base, TRACE_RECORDS_AT, 0) != (ssize_t)TRACE_RECORDS_AT ||
        !map(fd, FIRST_BYTES))
        (void)unlink(store.path);
    close(fd);
}

bool track_store_is_open(void)
{
    return store.mapped > 0;
}

static bool grow(size_t bytes)
{
    const size_t step = store.mapped / 8 > STEP_BYTES ? store.mapped / 8 : STEP_BYTES;
    const size_t wanted = (store.mapped + step + bytes) / 4096 * 4096;
    const int fd = is_allowed(wanted) ? open(store.path, O_RDWR | O_CLOEXEC | O_NOFOLLOW) : -1;
    const bool is_grown = fd >= 0 && map(fd, wanted);
    if (fd >= 0)
        close(fd);
    return is_grown;
}

void *track_store_add(enum trace_kind kind, size_t bytes)
{
    bytes = (bytes + 7) & ~(size_t)7;
    const size_t at = (size_t)track_head->used_bytes;
    if (store.mapped == 0 || (at + bytes > store.mapped && !grow(bytes)))
        return NULL;
    struct trace_record *record = (struct trace_record *)(void *)(store.base + at);
    memset(record, 0, bytes);
    *record = (struct trace_record){.kind = kind, .bytes = (uint32_t)bytes};
    store.pending = at + bytes;
    return record;
}

void track_store_commit(void)
{
    /* A reader sees whole records, whenever the process ends. */
    __atomic_store_n(&track_head->used_bytes, store.pending, __ATOMIC_RELEASE);
}

void *track_store_at(uint32_t words)
{
    return store.base + (size_t)words * 8;
}

uint32_t track_store_place(const void *record)
{
    return (uint32_t)(((uintptr_t)record - (uintptr_t)store.base) / 8);
}

void track_store_renew(void)
{
    const int flags = MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED;
    const size_t bytes = store.mapped > TRACE_RECORDS_AT ? store.mapped : TRACE_RECORDS_AT;
    if (mmap(store.base, bytes, PROT_READ | PROT_WRITE, flags, -1, 0) == MAP_FAILED)
        abort(); /* the parent's file must not be written to */
    store.mapped = 0;
    store.tried = false;
}
