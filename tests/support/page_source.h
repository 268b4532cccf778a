/* A source of pages for tests that counts, fails a chosen mapping, checks what it is told, fills
 * what it takes and gives, and knows what leaked. A breach aborts. Header-only.
 *
 *     failing_pages pages;
 *     failing_pages_init(&pages, 3);                the third mapping fails, 0: none
 *     ... &pages.source ...
 *     failing_pages_check(&pages);                  aborts when something is still mapped
 */
#ifndef FIRN_TESTS_PAGE_SOURCE_H
#define FIRN_TESTS_PAGE_SOURCE_H

#include "support/failing.h"

#include <firn/page_source.h>

typedef struct failing_pages {
    firn_page_source source; /* its context is this struct, which must stay where it is */
    firn_page_source system;
    size_t fail_at; /* from 1; 0: never */
    bool fail_onwards;
    size_t calls, live_bytes, discarded_bytes;
} failing_pages;

static inline bool failing_pages_call(failing_pages *pages)
{
    size_t call = ++pages->calls;
    return pages->fail_at != 0 &&
           (call == pages->fail_at || (pages->fail_onwards && call > pages->fail_at));
}

static inline void *failing_pages_map(void *context, size_t size, size_t alignment)
{
    failing_pages *pages = context;
    if (size == 0 || size % 65536 != 0 || alignment < 65536)
        failing_breach("a mapping of an odd size", size, alignment);
    if (failing_pages_call(pages))
        return NULL;
    void *made = pages->system.map(pages->system.context, size, alignment);
    if (made == NULL || (uintptr_t)made % alignment != 0)
        failing_breach("no memory, or not aligned", size, alignment);
    pages->live_bytes += size;
    return memset(made, 0xa5, size);
}

static inline void failing_pages_unmap(void *context, void *memory, size_t size)
{
    failing_pages *pages = context;
    if (size == 0 || size % 65536 != 0 || size > pages->live_bytes)
        failing_breach("an odd size unmapped", size, pages->live_bytes);
    pages->live_bytes -= size;
    pages->system.unmap(pages->system.context, memory, size);
}

static inline void failing_pages_discard(void *context, void *memory, size_t size)
{
    failing_pages *pages = context;
    if (size == 0 || size % 16384 != 0 || (uintptr_t)memory % 16384 != 0)
        failing_breach("odd pages discarded", size, 0);
    pages->discarded_bytes += size;
    pages->system.discard(pages->system.context, memory, size);
}

static inline bool failing_pages_extend(void *context, void *memory, size_t old, size_t size)
{
    failing_pages *pages = context;
    if (failing_pages_call(pages))
        return false;
    if (!pages->system.extend(pages->system.context, memory, old, size))
        return false;
    pages->live_bytes += size - old;
    return true;
}

static inline void failing_pages_init(failing_pages *pages, size_t fail_at)
{
    *pages = (failing_pages){
        .source = {.map = failing_pages_map,
                   .unmap = failing_pages_unmap,
                   .discard = failing_pages_discard,
                   .extend = failing_pages_extend,
                   .context = pages},
        .system = firn_page_source_system(),
        .fail_at = fail_at,
    };
}

static inline void failing_pages_check(const failing_pages *pages)
{
    if (pages->live_bytes != 0)
        failing_breach("pages leaked", pages->live_bytes, 0);
}

#endif
