/* Compares a file of the store with what its source parses to anew. Confined to one thread. */
#ifndef CODE_COMPARE_H
#define CODE_COMPARE_H

#include "code/opened.h"
#include "code/parse.h"

/* A parser with fresh families, which share nothing with those of the store. */
struct compare {
    const firn_allocator *allocator;
    struct parser *parser;
    firn_family **families; /* by language_index, made when first needed */
    firn_builder **builders;
    unsigned language_total;
};

FIRN_NODISCARD firn_status compare_init(struct compare *compare, const firn_allocator *allocator);
void compare_fini(struct compare *compare);

/* Parses the loaded and decoded file's text and compares every node: label, field, flags, start,
 * end and shape. *ret_differences counts the nodes that differ; what (size bytes) tells of the
 * first. Returns FIRN_NO_MEMORY only; a text that cannot be parsed any more counts as a difference.
 */
FIRN_NODISCARD firn_status compare_nodes(struct compare *compare, const struct loaded *loaded,
                                         uint64_t *ret_differences, char *what, size_t size);

#endif
