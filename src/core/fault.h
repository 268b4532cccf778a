/* Failures on demand, for tests. Where the build sets FIRN_FAULTS=1, the environment decides which
 * allocation or system call of the library fails; elsewhere all of this compiles to nothing.
 *
 *   FIRN_FAULT_ALLOC=N       the N-th allocation (allocate or reallocate, from 1) of the system
 *                            allocator fails; N+ fails all from the N-th on
 *   FIRN_FAULT_IO=CALL:N     the N-th system call of a kind made by src/core fails with EIO; N+ as
 *                            above; CALL is one of the names in FIRN_FAULT_CALLS
 *   FIRN_FAULT_IO=CALL:N:HOW HOW is an errno's name (ENOSPC, EINTR, ...), or `short`: the read,
 *                            write, recv, send or sendfile is made, with half its bytes
 *   FIRN_FAULT_KILL=N        SIGKILL to the process just before its N-th mutating system call
 *                            (open for writing, write, truncate, fsync, rename, unlink,
 *                            mkdir)
 *   FIRN_FAULT_COUNT=FILE    appends, when the process exits, how often each was reached: lines
 *                            `alloc 123`, `write 4`, ..., `mutating 9`
 *
 * A value that cannot be read ends the process with a message, because a test that injects nothing
 * proves nothing. Counts are of the whole process, atomic, and go on in a forked child.
 */
#ifndef FIRN_CORE_FAULT_H
#define FIRN_CORE_FAULT_H

#include <stdbool.h>
#include <stddef.h>

/* X(code, name) */
#define FIRN_FAULT_CALLS(X)                                                                        \
    X(OPEN, open)                                                                                  \
    X(CLOSE, close)                                                                                \
    X(STAT, stat)                                                                                  \
    X(READ, read)                                                                                  \
    X(WRITE, write)                                                                                \
    X(TRUNCATE, truncate)                                                                          \
    X(FSYNC, fsync)                                                                                \
    X(RENAME, rename)                                                                              \
    X(UNLINK, unlink)                                                                              \
    X(MKDIR, mkdir)                                                                                \
    X(OPENDIR, opendir)                                                                            \
    X(READDIR, readdir)                                                                            \
    X(FLOCK, flock)                                                                                \
    X(MMAP, mmap)                                                                                  \
    X(MPROTECT, mprotect)                                                                          \
    X(MREMAP, mremap)                                                                              \
    X(MADVISE, madvise)                                                                            \
    X(MINCORE, mincore)                                                                            \
    X(USERFAULTFD, userfaultfd)                                                                    \
    X(MUNMAP, munmap)                                                                              \
    X(IOCTL, ioctl)                                                                                \
    X(BRK, brk)                                                                                    \
    X(SIGNAL, signal)                                                                              \
    X(SOCKET, socket)                                                                              \
    X(ACCEPT, accept)                                                                              \
    X(RECV, recv)                                                                                  \
    X(SEND, send)                                                                                  \
    X(SENDFILE, sendfile)                                                                          \
    X(EPOLL, epoll)                                                                                \
    X(RESOLVE, resolve)                                                                            \
    X(CONNECT, connect)                                                                            \
    X(POLL, poll)

typedef enum firn_fault_call {
#define FIRN_FAULT_ENUM(code, name) FIRN_FAULT_##code,
    FIRN_FAULT_CALLS(FIRN_FAULT_ENUM)
#undef FIRN_FAULT_ENUM
        FIRN_FAULT_CALL_COUNT
} firn_fault_call;

#if defined(FIRN_FAULTS) && FIRN_FAULTS

/* Whether this allocation is to fail. */
bool firn_fault_alloc(void);

/* The errno that this system call is to fail with, or 0; size (may be NULL) is halved for a short
 * read or write. Does not return where the process is to die. */
int firn_fault_io(firn_fault_call call, bool mutating, size_t *size);

/* Reads the environment again and counts from 0. Not while another thread is in the library. */
void firn_fault_reload(void);

#else

static inline bool firn_fault_alloc(void)
{
    return false;
}

static inline int firn_fault_io(firn_fault_call call, bool mutating, size_t *size)
{
    (void)call;
    (void)mutating;
    (void)size;
    return 0;
}

#endif

#endif
