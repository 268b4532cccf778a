/* Pages of anonymous memory, straight from the kernel. Thread-safe: there is no state. */
#ifndef FIRN_CORE_PAGE_H
#define FIRN_CORE_PAGE_H

#include <stdbool.h>
#include <stddef.h>

/* Bytes of a page; a power of two. */
size_t firn_page_size(void);

/* size, rounded up to whole pages; 0 when that overflows. */
size_t firn_page_round(size_t size);

/* Maps zeroed memory of size bytes (a multiple of the page size); NULL when there is none. */
void *firn_page_map(size_t size);

/* The same at a multiple of alignment, a power of two. */
void *firn_page_map_aligned(size_t size, size_t alignment);

/* Makes a mapping longer where it lies; false when what follows is taken or there is no memory. */
bool firn_page_extend(void *pages, size_t old_size, size_t new_size);

/* Gives a mapping, or whole pages of one, back. */
void firn_page_unmap(void *pages, size_t size);

/* Gives the memory of whole pages back and keeps the mapping: they read as zero afterwards. */
void firn_page_discard(void *pages, size_t size);

/* Asks the kernel to back whole pages by huge ones, or not to; it may do as it likes. */
void firn_page_prefer_huge(void *pages, size_t size, bool huge);

/* Has a child of fork find these whole pages zeroed. False where the kernel cannot (before Linux
 * 4.14). */
bool firn_page_wipe_on_fork(void *pages, size_t size);

/* Reserves address space of size bytes (a multiple of the page size) that cannot be touched yet and
 * costs no memory; NULL when there is none. Given back by firn_page_unmap. */
void *firn_page_reserve(size_t size);

/* Whether the process may only have so much address space (ulimit -v), of which a reservation takes
 * its part. */
bool firn_page_space_is_limited(void);

/* Makes whole pages of a reservation usable; they read as zero at first. Harmless where they are
 * already. Returns false when there is no memory. */
bool firn_page_commit(void *pages, size_t size);

#endif
