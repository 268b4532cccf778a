/* The two sources of pages that come with Firn: the kernel, and a piece of memory. Called by slab
 * users; calls core/page.h. Threads: no state.
 */
#include <firn/page_source.h>

#include "core/page.h"

static void *system_map(void *context, size_t size, size_t alignment)
{
    (void)context;
    return firn_page_map_aligned(size, alignment);
}

static void system_unmap(void *context, void *pages, size_t size)
{
    (void)context;
    firn_page_unmap(pages, size);
}

static void system_discard(void *context, void *pages, size_t size)
{
    (void)context;
    firn_page_discard(pages, size);
}

static bool system_extend(void *context, void *pages, size_t old_size, size_t new_size)
{
    (void)context;
    return firn_page_extend(pages, old_size, new_size);
}

firn_page_source firn_page_source_system(void)
{
    return (firn_page_source){
        .map = system_map,
        .unmap = system_unmap,
        .discard = system_discard,
        .extend = system_extend,
        .zeroed = true,
    };
}

firn_page_source firn_page_source_fixed(void *memory, size_t size)
{
    return (firn_page_source){.range = memory, .range_bytes = size};
}
