/* Reading patterns, for query.c. */
#ifndef FIRN_TREE_QUERY_PATTERN_H
#define FIRN_TREE_QUERY_PATTERN_H

#include "tree/query_steps.h"

/* Reads a top-level pattern, or a predicate that stands alone, and appends its steps without the
 * one that ends it. */
FIRN_NODISCARD firn_status firn_query_pattern_read(struct firn_query_source *source,
                                                   struct firn_query_pattern *pattern);
/* Appends a step that matches nothing by itself. */
FIRN_NODISCARD firn_status firn_query_step_add(struct firn_query_source *source,
                                               struct firn_query_step step);

#endif
