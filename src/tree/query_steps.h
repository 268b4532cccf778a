/* The inside of a compiled query, for the files query*.c alone.
 *
 * A pattern is a row of steps, one for each of its nodes in preorder, with the depth below the
 * pattern's root; a step whose depth is FIRN_STEP_DONE ends it. Alternatives make the row a graph:
 *
 *   alternative      a match that comes to this step also goes on at that one
 *   is_jump          it does not stay here at all (the end of a branch of [ ])
 *   is_fork          nothing is matched here: it goes on at the next step and at the alternative
 *                    (the end of what + or * repeats)
 *
 * The graph is that of tree-sitter's compiled queries, so that the same matches come out. */
#ifndef FIRN_TREE_QUERY_STEPS_H
#define FIRN_TREE_QUERY_STEPS_H

#include "tree/family.h"

#include <firn/query.h>

#define FIRN_STEP_DONE UINT16_MAX /* as a depth: the pattern's end */
#define FIRN_STEP_NONE UINT16_MAX /* as an alternative or a capture: none */
#define FIRN_LABEL_ANY UINT16_MAX /* a wildcard */

struct firn_query_step {
    firn_label label; /* the first of its name, or FIRN_LABEL_ANY */
    firn_field field; /* 0: any */
    uint16_t depth;
    uint16_t alternative;
    uint8_t group;    /* 0: any */
    uint16_t negated; /* where its negated fields begin in the query's list; 0: none */
    uint16_t captures[FIRN_QUERY_CAPTURES_PER_NODE];
    bool is_named : 1;                 /* a wildcard for named nodes only */
    bool is_missing : 1;               /* only nodes that the parser put in */
    bool is_immediate : 1;             /* no named sibling may stand before it */
    bool is_last : 1;                  /* none behind it */
    bool is_jump : 1;                  /* see above */
    bool is_fork : 1;                  /* see above */
    bool alternative_is_immediate : 1; /* who goes there must match the very next sibling */
};

/* Where a match may begin. */
struct firn_query_entry {
    uint16_t step;
    uint16_t pattern;
    bool is_rooted; /* the pattern has one root */
};

enum firn_predicate_kind {
    FIRN_PREDICATE_EQ_TEXT,
    FIRN_PREDICATE_EQ_CAPTURE,
    FIRN_PREDICATE_MATCH,
    FIRN_PREDICATE_ANY_OF,
};

struct firn_query_text {
    const char *data;
    size_t size;
};

struct firn_predicate {
    enum firn_predicate_kind kind;
    bool is_negated;
    bool is_any; /* one of the captured nodes suffices */
    uint16_t capture;
    uint16_t other; /* capture, for EQ_CAPTURE */
    uint32_t text_count;
    struct firn_query_text *texts; /* for EQ_TEXT (one) and ANY_OF */
    void *regex;                   /* pcre2_code, for MATCH */
    struct firn_predicate *next;   /* of the pattern */
};

struct firn_query_pattern {
    uint16_t step;
    struct firn_predicate *predicates;
};

struct firn_query {
    const firn_family *family;
    const firn_allocator *allocator;
    firn_arena arena; /* names, texts, predicates */
    struct firn_query_step *steps;
    size_t step_capacity;
    uint32_t step_count;
    struct firn_query_pattern *patterns;
    size_t pattern_capacity;
    uint32_t pattern_count;
    struct firn_query_text *captures; /* names, NUL-terminated */
    size_t capture_capacity;
    uint32_t capture_count;
    firn_field *negated; /* lists, each ended by 0; the first is empty */
    size_t negated_capacity;
    uint32_t negated_count;
    struct firn_query_entry *entries; /* sorted: wildcards first, then by label and pattern */
    size_t entry_capacity;
    uint32_t entry_count;
    uint32_t wildcard_count; /* entries whose step is a wildcard */
    firn_label *canonical;   /* of each label: the first with its name */
    uint32_t *entry_of;      /* of each label: its first entry; entry_count when it has none */
    unsigned label_count;
};

/* Reading a source. */
struct firn_query_source {
    firn_query *query;
    const char *text;
    size_t size;
    size_t at;
    unsigned nesting;
    firn_error *ret_error; /* may be NULL */
};

/* The byte at the reader, 0 at the end. */
static inline char firn_query_peek(const struct firn_query_source *source)
{
    return source->at < source->size ? source->text[source->at] : '\0';
}
/* Skips blanks and comments. */
void firn_query_skip_blanks(struct firn_query_source *source);
bool firn_query_at_name(const struct firn_query_source *source);
/* Reads the name that the reader is at. */
struct firn_query_text firn_query_name(struct firn_query_source *source);
/* Reads the string that the reader is at into the query's arena. */
FIRN_NODISCARD firn_status firn_query_string(struct firn_query_source *source,
                                             struct firn_query_text *ret_text);
/* Fails at an offset. */
FIRN_PRINTF(4, 5)
firn_status firn_query_fail(struct firn_query_source *source, firn_status status, size_t offset,
                            const char *format, ...);
firn_status firn_query_no_memory(struct firn_query_source *source);

/* Finds a capture by its name; FIRN_STEP_NONE. */
uint16_t firn_query_capture_find(const firn_query *query, struct firn_query_text name);

/* Reads a predicate behind its `(#` and adds it to the pattern. */
FIRN_NODISCARD firn_status firn_query_predicate(struct firn_query_source *source,
                                                struct firn_query_pattern *pattern);
void firn_predicates_fini(struct firn_predicate *predicates);

/* What regular expressions need to be matched. */
struct firn_regex_scratch {
    void *data;    /* pcre2_match_data */
    void *context; /* pcre2_match_context */
};
/* False when there is no memory; fini in any case, of a zeroed one too. */
FIRN_NODISCARD bool firn_regex_scratch_init(struct firn_regex_scratch *scratch,
                                            const firn_allocator *allocator);
void firn_regex_scratch_fini(struct firn_regex_scratch *scratch);

/* What predicates look at. */
struct firn_query_view {
    const firn_nodes *nodes;
    const char *text;
    const firn_query_capture *captures;
    uint32_t capture_count;
    const struct firn_regex_scratch *scratch;
};
/* Whether all predicates of a pattern hold. FIRN_LIMIT when a regular expression took too long. */
FIRN_NODISCARD firn_status firn_predicates_hold(const struct firn_predicate *predicates,
                                                const struct firn_query_view *view, bool *ret_hold);
#endif
