/* A cache of URLs made for tests: by the portable way where the other would be taken. */
#ifndef FIRN_HTTP_URL_CACHE_H
#define FIRN_HTTP_URL_CACHE_H

#include <firn/url.h>

FIRN_NODISCARD firn_status firn_url_cache_create_by(size_t memory_bytes, bool may_be_wide,
                                                    const firn_allocator *allocator,
                                                    firn_url_cache **ret_cache);

#endif
