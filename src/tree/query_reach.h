/* Which steps of a query a match can come to in a tree with certain labels. Belongs to a cursor. */
#ifndef FIRN_TREE_QUERY_REACH_H
#define FIRN_TREE_QUERY_REACH_H

#include "tree/query_steps.h"

struct firn_query_reach {
    const firn_query *query; /* private, all of it */
    const firn_allocator *allocator;
    bool *is_reached; /* of each step */
    bool *is_present; /* of each canonical label */
};

/* False when there is no memory; fini in any case, of a zeroed one too. */
FIRN_NODISCARD bool firn_query_reach_init(struct firn_query_reach *reach, const firn_query *query,
                                          const firn_allocator *allocator);
void firn_query_reach_fini(struct firn_query_reach *reach);

/* Whether the end of some pattern can be reached; labels as firn_query_cursor_may_match has them.
 */
bool firn_query_reach_end(struct firn_query_reach *reach, const uint8_t *labels, size_t size);

#endif
