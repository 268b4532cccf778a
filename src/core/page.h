/* Pages of anonymous memory, straight from the kernel. Thread-safe: there is no state. */
#ifndef FIRN_CORE_PAGE_H
#define FIRN_CORE_PAGE_H

#include <stddef.h>

/* Bytes of a page; a power of two. */
size_t firn_page_size(void);

/* size, rounded up to whole pages; 0 when that overflows. */
size_t firn_page_round(size_t size);

/* Maps zeroed memory of size bytes (a multiple of the page size); NULL when there is none. */
void *firn_page_map(size_t size);

/* Gives a mapping, or whole pages of one, back. */
void firn_page_unmap(void *pages, size_t size);

/* Gives the memory of whole pages back and keeps the mapping: they read as zero afterwards. */
void firn_page_discard(void *pages, size_t size);

#endif
