/* Included before every scanner: what it takes comes from the tree-sitter core's allocator, so that
 * the bound on a file's memory counts it and dropping the heap of a parse frees it. */
#ifndef FIRN_SCANNER_ALLOCATOR_H
#define FIRN_SCANNER_ALLOCATOR_H

#include <stdlib.h>
#include <string.h>

extern void *(*ts_current_malloc)(size_t size);
extern void *(*ts_current_calloc)(size_t count, size_t size);
extern void *(*ts_current_realloc)(void *block, size_t size);
extern void (*ts_current_free)(void *block);

#define malloc(size) ts_current_malloc(size)
#define calloc(count, size) ts_current_calloc(count, size)
#define realloc(block, size) ts_current_realloc(block, size)
#define free(block) ts_current_free(block)

#endif
