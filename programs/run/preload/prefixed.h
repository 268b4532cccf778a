/* The allocator's functions as the tests call them, beside those of the C library. */
#ifndef RUN_PREFIXED_H
#define RUN_PREFIXED_H

#include <malloc.h>
#include <stddef.h>

void *firn_run_malloc(size_t size);
void firn_run_free(void *block);
void *firn_run_calloc(size_t count, size_t size);
void *firn_run_realloc(void *block, size_t size);
void *firn_run_reallocarray(void *block, size_t count, size_t size);
int firn_run_posix_memalign(void **ret_block, size_t alignment, size_t size);
void *firn_run_aligned_alloc(size_t alignment, size_t size);
void *firn_run_memalign(size_t alignment, size_t size);
void *firn_run_valloc(size_t size);
void *firn_run_pvalloc(size_t size);
size_t firn_run_malloc_usable_size(void *block);
int firn_run_malloc_trim(size_t pad);
int firn_run_mallopt(int parameter, int value);
struct mallinfo2 firn_run_mallinfo2(void);
struct mallinfo firn_run_mallinfo(void);

#endif
