/* System calls on mappings, with injected failures handled once; see os_map.h. Called by region/,
 * in its signal handler, too. Threads: no state. Memory: the kernel's.
 */
#include "core/os_map.h"

#include "core/fault.h"
#include "core/page.h"

#include <assert.h>
#include <errno.h>
#include <sched.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#define RESERVED (MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE)

static int map(void *at, size_t size, int protection, int flags, void **ret_at)
{
    int error = firn_fault_io(FIRN_FAULT_MMAP, false, NULL);
    if (error != 0)
        return error;
    int before = errno;
    void *got = mmap(at, size, protection, flags, -1, 0);
    error = got == MAP_FAILED ? errno : 0;
    errno = before;
    if (error == 0)
        *ret_at = got;
    return error;
}

/* The errno of a call that returned `result`, errno itself being put back. */
static int outcome(int result, int before)
{
    int error = result != 0 ? errno : 0;
    errno = before;
    return error;
}

int firn_os_reserve(size_t size, size_t alignment, void **ret_at)
{
    if (size > SIZE_MAX - alignment)
        return ENOMEM;
    void *got;
    int error = map(NULL, size + alignment, PROT_NONE, RESERVED, &got);
    if (error != 0)
        return error;
    uint8_t *mapped = got;
    size_t before = (size_t)(-(uintptr_t)mapped & (alignment - 1));
    if (before > 0)
        firn_os_unmap(mapped, before);
    firn_os_unmap(mapped + before + size, alignment - before);
    *ret_at = mapped + before;
    return 0;
}

int firn_os_reserve_at(void *at, size_t size)
{
    void *got;
    int error = map(at, size, PROT_NONE, RESERVED | MAP_FIXED_NOREPLACE, &got);
    if (error != 0)
        return error;
    if (got != at) { /* as kernels before 4.17 do */
        firn_os_unmap(got, size);
        return EEXIST;
    }
    return 0;
}

int firn_os_vacate(void *at, size_t size)
{
    void *got;
    return map(at, size, PROT_NONE, RESERVED | MAP_FIXED, &got);
}

int firn_os_map(size_t size, void **ret_at)
{
    return map(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, ret_at);
}

void firn_os_unmap(void *at, size_t size)
{
    int before = errno, failed = munmap(at, size);
    assert(failed == 0);
    (void)failed;
    errno = before;
}

int firn_os_protect(void *at, size_t size, bool usable)
{
    int error = firn_fault_io(FIRN_FAULT_MPROTECT, false, NULL);
    if (error != 0)
        return error;
    int before = errno;
    return outcome(mprotect(at, size, usable ? PROT_READ | PROT_WRITE : PROT_NONE), before);
}

int firn_os_move(void *from, size_t size, void *to)
{
    int error = firn_fault_io(FIRN_FAULT_MREMAP, false, NULL);
    if (error != 0)
        return error;
    int before = errno;
    void *got = mremap(from, size, size, MREMAP_MAYMOVE | MREMAP_FIXED, to);
    return outcome(got == MAP_FAILED, before);
}

static int advise(void *at, size_t size, int advice)
{
    int error = firn_fault_io(FIRN_FAULT_MADVISE, false, NULL);
    if (error != 0)
        return error;
    int before = errno;
    return outcome(madvise(at, size, advice), before);
}

int firn_os_discard(void *at, size_t size)
{
    return advise(at, size, MADV_DONTNEED);
}

int firn_os_inherit(void *at, size_t size, bool inherited)
{
    return advise(at, size, inherited ? MADV_DOFORK : MADV_DONTFORK);
}

int firn_os_resident(void *at, size_t size, size_t *ret_bytes)
{
    unsigned char pages[4096]; /* of 16 MiB */
    size_t page_bytes = firn_page_size(), count = 0;
    int error = firn_fault_io(FIRN_FAULT_MINCORE, false, NULL), before = errno;
    for (size_t done = 0, part; done < size && error == 0; done += part) {
        part = size - done < sizeof pages * page_bytes ? size - done : sizeof pages * page_bytes;
        error = outcome(mincore((uint8_t *)at + done, part, pages), before);
        for (size_t i = 0; error == 0 && i < part / page_bytes; i++)
            count += pages[i] & 1;
    }
    if (error == 0)
        *ret_bytes = count * page_bytes;
    return error;
}

void firn_os_prefer_large(void *at, size_t size)
{
    (void)advise(at, size, MADV_HUGEPAGE);
}

/* The kernel reads the set of signals before it finds that there is no such way to change it. */
bool firn_os_readable(const void *at)
{
    int before = errno;
    long failed = syscall(SYS_rt_sigprocmask, -1, at, NULL, 8);
    bool is_readable = failed == 0 || errno != EFAULT;
    errno = before;
    return is_readable;
}

void firn_os_yield(void)
{
    int before = errno;
    (void)sched_yield();
    errno = before;
}
