/* What the files of the resources share: a response as it is kept. Included by these files only. */
#ifndef TABS_RESOURCES_STATE_H
#define TABS_RESOURCES_STATE_H

#include "tabs/resources/bodies.h"
#include "tabs/resources/fresh.h"
#include "tabs/resources/resources.h"

#include <firn/policy.h>

/* A response by its URL. */
struct response {
    char *text;                       /* URL and headers, each with its NUL; NULL: a free place */
    uint32_t url_bytes, header_bytes; /* with these */
    uint32_t body;
    uint16_t status;
    int64_t until_s;
};

struct resources {
    const firn_allocator *allocator;
    firn_store *store; /* NULL: in memory */
    bodies bodies;
    firn_policy *policy;
    firn_map_type *type;
    firn_map by_url; /* from a hash of the URL to the place in `items` */
    struct response *items;
    size_t count, capacity;
    uint64_t text_bytes, url_count, hit_count, miss_count;
    bool is_changed; /* since it was written down */
};

/* responses.c */
firn_status response_add(resources *all, const char *url, const char *headers, unsigned status,
                         uint32_t body, int64_t until_s);

/* index.c: the list of responses, the store's root. */
firn_status index_read(resources *all);
firn_status index_write(resources *all, firn_error *ret_error);

#endif
