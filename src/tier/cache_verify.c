/* Whether all of a cache can be read and is what the index says. Called by users; calls
 * cache_cursor.c and cache_frozen.c. Threads: any; others go on meanwhile. Complexity: everything
 * is unpacked once, the store's segments twice. */
#include "tier/cache.h"
#include "tier/cache_frozen.h"

firn_status firn_cache_verify(firn_cache *cache, uint64_t *ret_damaged, firn_error *ret_error)
{
    firn_cache_cursor *cursor;
    uint64_t damaged = 0;
    firn_error error, first = {.status = FIRN_OK};
    firn_status status = firn_cache_cursor_open(cache, &cursor);
    if (status != FIRN_OK)
        return firn_error_set(ret_error, status, 0, "cache: it cannot be gone over");
    while ((status = firn_cache_cursor_next(cursor, NULL, NULL, NULL, &error)) !=
           FIRN_END_OF_DATA) {
        if (status == FIRN_OK)
            continue;
        if (status == FIRN_NO_MEMORY)
            break;
        if (damaged++ == 0)
            first = error;
    }
    firn_cache_cursor_close(cursor);
    if (status == FIRN_NO_MEMORY) {
        if (ret_error != NULL)
            *ret_error = error;
        return status;
    }
    if (cache->store != NULL) {
        uint32_t segments = 0;
        status = firn_cache_frozen_verify(cache, &segments, &error);
        if (status == FIRN_NO_MEMORY)
            return firn_error_set(ret_error, status, 0, "cache: no memory to verify its store");
        if (status != FIRN_OK && first.status == FIRN_OK)
            first = error;
        damaged += segments;
    }
    *ret_damaged = damaged;
    if (first.status != FIRN_OK && ret_error != NULL)
        *ret_error = first;
    return first.status;
}
