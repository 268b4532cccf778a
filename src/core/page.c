/* Pages of anonymous memory: mapping, reserving, unmapping, giving the memory back. See page.h.
 * Called by alloc/, tier/ and region/. Threads: no state.
 */
#include "core/page.h"

#include "core/fault.h"

#include <assert.h>
#include <stdint.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <unistd.h>

size_t firn_page_size(void)
{
    return (size_t)sysconf(_SC_PAGESIZE);
}

size_t firn_page_round(size_t size)
{
    size_t page = firn_page_size();
    return (size + page - 1) & ~(page - 1); /* what wraps around is below a page, so becomes 0 */
}

void *firn_page_map(size_t size)
{
    if (firn_fault_io(FIRN_FAULT_MMAP, false, NULL) != 0)
        return NULL;
    void *pages = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    return pages == MAP_FAILED ? NULL : pages;
}

void *firn_page_map_aligned(size_t size, size_t alignment)
{
    size_t page = firn_page_size();
    if (alignment <= page)
        return firn_page_map(size);
    size_t slack = alignment - page;
    if (size > SIZE_MAX - slack)
        return NULL;
    char *mapped = firn_page_map(size + slack);
    if (mapped == NULL)
        return NULL;
    size_t before = (size_t)(-(uintptr_t)mapped & (alignment - 1));
    if (before > 0)
        firn_page_unmap(mapped, before);
    if (before < slack)
        firn_page_unmap(mapped + before + size, slack - before);
    return mapped + before;
}

bool firn_page_extend(void *pages, size_t old_size, size_t new_size)
{
    if (firn_fault_io(FIRN_FAULT_MMAP, false, NULL) != 0)
        return false;
    return mremap(pages, old_size, new_size, 0) != MAP_FAILED;
}

void firn_page_unmap(void *pages, size_t size)
{
    int failed = munmap(pages, size);
    assert(failed == 0);
    (void)failed;
}

void firn_page_discard(void *pages, size_t size)
{
    if (madvise(pages, size, MADV_DONTNEED) != 0) /* as on memory that is locked */
        memset(pages, 0, size);
}

void firn_page_prefer_huge(void *pages, size_t size, bool huge)
{
    (void)madvise(pages, size, huge ? MADV_HUGEPAGE : MADV_NOHUGEPAGE);
}

bool firn_page_wipe_on_fork(void *pages, size_t size)
{
    return madvise(pages, size, MADV_WIPEONFORK) == 0;
}

void *firn_page_reserve(size_t size)
{
    if (firn_fault_io(FIRN_FAULT_MMAP, false, NULL) != 0)
        return NULL;
    int flags = MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE;
    void *pages = mmap(NULL, size, PROT_NONE, flags, -1, 0);
    return pages == MAP_FAILED ? NULL : pages;
}

bool firn_page_space_is_limited(void)
{
    struct rlimit limit;
    return getrlimit(RLIMIT_AS, &limit) == 0 && limit.rlim_cur != RLIM_INFINITY;
}

bool firn_page_commit(void *pages, size_t size)
{
    if (firn_fault_io(FIRN_FAULT_MMAP, false, NULL) != 0)
        return false;
    return mprotect(pages, size, PROT_READ | PROT_WRITE) == 0;
}
