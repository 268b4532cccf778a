/* glibc raises its bound between the heap and blocks of their own each time a large one is freed,
 * up to 32 MiB, after which large blocks lie in the heaps of the threads and stay there. Setting
 * the bounds keeps them; the chunks of a parser's heap, of 256 KiB, are to be beyond: indexing 10 M
 * lines of C then peaks at 74 MB, instead of 107. */
#include "code/memory.h"

#include <malloc.h>

void memory_return_large_blocks(void)
{
#ifdef __GLIBC__
    mallopt(M_MMAP_THRESHOLD, 256 << 10);
    mallopt(M_TRIM_THRESHOLD, 1 << 20);
#endif
}

void memory_share(void)
{
#ifdef __GLIBC__
    mallopt(M_ARENA_MAX, 1);
#endif
}

/* A server with all of 10 M lines in memory rises to 51 MB while it answers, instead of 59. */
void memory_share_little(void)
{
    memory_share();
#ifdef __GLIBC__
    mallopt(M_MMAP_THRESHOLD, 128 << 10);
    mallopt(M_TRIM_THRESHOLD, 128 << 10);
#endif
}

void memory_trim(void)
{
#ifdef __GLIBC__
    malloc_trim(0);
#endif
}
