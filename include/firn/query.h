/* Pattern queries on trees, in tree-sitter's query language: nodes in parentheses, anonymous ones
 * in quotes, fields, captures (@name), anchors (.), quantifiers (? * +), alternations ([ ]),
 * groups, wildcards (_ and (_)), negated fields (!field), supertypes ((expression),
 * (expression/identifier)), ERROR and MISSING. Of its predicates: #eq?, #match? and #any-of?, with
 * not- and any- before them. The matches are those of tree-sitter's own query cursor on the same
 * tree, by the same rules (of several that differ by captures alone, one with fewer is dropped);
 * their order may differ. It also does as that does where it might surprise: a supertype at a
 * pattern's root that has children with a node type counts as (_).
 *
 * Told when the query is compiled: other predicates that end in `?` are FIRN_UNSUPPORTED.
 * Directives (#set! and others that end in `!`) are let pass. A pattern that the grammar makes
 * impossible is no error, and matches nothing.
 *
 * What rules that make no node say of one (which supertypes it is of, which field its list has,
 * where its list ends) is the node's place, which whoever builds a tree tells (FIRN_NODE_LAST and
 * the like). In trees that were packed without places, supertypes are not known (FIRN_NOT_FOUND, as
 * any unknown node type), each node of a list matches the list's field and comments in it have
 * none, and an anchor before `)` looks at all later siblings.
 *
 * Threads: a compiled query may be shared; a cursor is confined to one thread. */
#ifndef FIRN_QUERY_H
#define FIRN_QUERY_H

#include <firn/tree.h>

FIRN_BEGIN

#define FIRN_QUERY_STEPS_MAX 65000u     /* nodes in all patterns together, about */
#define FIRN_QUERY_NESTING_MAX 200u     /* of parentheses and brackets */
#define FIRN_QUERY_STATES_MAX 65536u    /* matches under way at a time */
#define FIRN_QUERY_CAPTURES_PER_NODE 3u /* in a pattern */

typedef struct firn_query firn_query;

/* Compiles patterns (source, of size bytes) for trees of a family, which must outlive the query.
 * FIRN_INVALID (syntax, an unknown capture in a predicate, a bad regular expression),
 * FIRN_NOT_FOUND (no such node type or field), FIRN_UNSUPPORTED, FIRN_LIMIT, FIRN_NO_MEMORY;
 * ret_error tells offset, line and cause. */
FIRN_API FIRN_NODISCARD firn_status firn_query_create(const firn_family *family, const char *source,
                                                      size_t size, const firn_allocator *allocator,
                                                      firn_query **ret_query,
                                                      firn_error *ret_error);
/* No cursor may be on it. NULL is let pass. */
FIRN_API void firn_query_destroy(firn_query *query);

FIRN_API unsigned firn_query_pattern_count(const firn_query *query);
FIRN_API unsigned firn_query_capture_count(const firn_query *query);
/* Its name without the @; capture must be below the count. Static while the query lives. */
FIRN_API const char *firn_query_capture_name(const firn_query *query, unsigned capture);

typedef struct firn_query_capture {
    uint32_t node;    /* index into the nodes */
    uint32_t capture; /* which of the query's */
} firn_query_capture;

typedef struct firn_query_match {
    uint32_t pattern; /* from 0, in the order of the source */
    uint32_t capture_count;
    const firn_query_capture *captures; /* in the order in which they were met */
} firn_query_match;

typedef struct firn_query_cursor firn_query_cursor;

typedef struct firn_query_cursor_options {
    const firn_allocator *allocator; /* NULL: the system's */
    uint64_t comparison_limit; /* of matches under way with each other, a tree; 0: 2^30, which takes
                                  seconds */
    uint32_t reserved[2];      /* must be 0 */
} firn_query_cursor_options;

/* options may be NULL. FIRN_INVALID, FIRN_NO_MEMORY. */
FIRN_API FIRN_NODISCARD firn_status
firn_query_cursor_create(const firn_query *query, const firn_query_cursor_options *options,
                         firn_query_cursor **ret_cursor);
FIRN_API void firn_query_cursor_destroy(firn_query_cursor *cursor);

/* Whether a tree can have a match whose nodes have no other labels than those in a set, in which
 * bit l % 8 of byte l / 8 tells of label l, and size bytes are given: false when every pattern
 * needs a label that is not there. For passing whole files over. Time O(labels + steps). */
FIRN_API bool firn_query_cursor_may_match(firn_query_cursor *cursor, const void *labels,
                                          size_t size);

/* Sets the cursor to the start of a tree; its nodes and the text that they lie in must stay until
 * it is set anew or destroyed. */
FIRN_API void firn_query_cursor_begin(firn_query_cursor *cursor, const firn_nodes *nodes,
                                      const char *text);

/* Gives the next match whose predicates hold; its captures stay valid until the next call.
 * FIRN_END_OF_DATA, FIRN_NO_MEMORY, FIRN_LIMIT (more than FIRN_QUERY_STATES_MAX matches under way,
 * too many comparisons of them, or a regular expression took too long): a pattern with several
 * captures among many siblings has many ways to match. Time O(nodes x matches under way), and the
 * comparisons. */
FIRN_API FIRN_NODISCARD firn_status firn_query_cursor_next(firn_query_cursor *cursor,
                                                           firn_query_match *ret_match);

FIRN_END

#endif
