/* Where a slab gets its pages: from the kernel, from a piece of memory that the caller owns, or
 * from the caller's own functions.
 *
 * A source is a plain value that its user copies. One with a range is that range's only owner: give
 * it to one slab, and keep the memory until that slab's fini. */
#ifndef FIRN_PAGE_SOURCE_H
#define FIRN_PAGE_SOURCE_H

#include <firn/api.h>

FIRN_BEGIN

/* All sizes are multiples of 64 KiB. */
typedef struct firn_page_source {
    /* Gives size bytes at a multiple of alignment (a power of two, at least 64 KiB), of any
     * content; NULL when there are none. */
    void *(*map)(void *context, size_t size, size_t alignment);
    /* Takes back a whole mapping of that size, or the end of one. */
    void (*unmap)(void *context, void *pages, size_t size);
    /* The memory of these pages (multiples of 16 KiB) holds nothing any more; it stays mapped and
     * reads as anything. NULL: the memory is kept. */
    void (*discard)(void *context, void *pages, size_t size);
    /* Makes a mapping longer where it lies; false when that cannot be done. NULL: it never can. */
    bool (*extend)(void *context, void *pages, size_t old_size, size_t new_size);
    void *context;
    bool zeroed; /* what map gives, and what was discarded, reads as zero */

    void *range; /* not NULL: all pages there are; map, unmap and extend are not used */
    size_t range_bytes;
} firn_page_source;

/* The kernel's anonymous memory. */
FIRN_API firn_page_source firn_page_source_system(void);

/* The size bytes at memory, and nothing else, ever: the kernel is not asked, neither for memory nor
 * to take some back, and an allocation that finds no room is answered with NULL. */
FIRN_API firn_page_source firn_page_source_fixed(void *memory, size_t size);

FIRN_END

#endif
