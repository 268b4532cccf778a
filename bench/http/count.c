/* Counts the calls for memory of whatever it is preloaded into: malloc and its kin, and mappings.
 * They go to glibc by the names that it has for such libraries, so that nothing is looked up. */
#include "http/ledger.h"

#include <errno.h>
#include <malloc.h>
#include <stddef.h>
#include <sys/syscall.h>

void *__libc_malloc(size_t size);
void *__libc_calloc(size_t count, size_t size);
void *__libc_realloc(void *memory, size_t size);
void *__libc_memalign(size_t alignment, size_t size);

static struct ledger *ledger;

__attribute__((constructor)) static void open_ledger(void)
{
    ledger = ledger_open();
}

static void count(void)
{
    if (ledger != NULL)
        atomic_fetch_add_explicit(&ledger->calls, 1, memory_order_relaxed);
}

void *malloc(size_t size)
{
    count();
    return __libc_malloc(size);
}

void *calloc(size_t number, size_t size)
{
    count();
    return __libc_calloc(number, size);
}

void *realloc(void *memory, size_t size)
{
    count();
    return __libc_realloc(memory, size);
}

void *memalign(size_t alignment, size_t size)
{
    count();
    return __libc_memalign(alignment, size);
}

void *aligned_alloc(size_t alignment, size_t size)
{
    return memalign(alignment, size);
}

int posix_memalign(void **ret_memory, size_t alignment, size_t size)
{
    void *memory = memalign(alignment, size);
    if (memory == NULL)
        return ENOMEM;
    *ret_memory = memory;
    return 0;
}

void *mmap(void *at, size_t size, int protection, int flags, int fd, off_t offset)
{
    count();
    return (void *)syscall(SYS_mmap, at, size, protection, flags, fd, offset);
}
