/* The definitions of one file, nested as they stand in each other. */
#ifndef CODE_DEFINITIONS_H
#define CODE_DEFINITIONS_H

#include "code/with_file.h"

struct definitions {
    struct extract_name *items; /* in the order of their whole nodes, then of their names */
    size_t count;
    size_t capacity;
    const firn_allocator *allocator;
};

/* Collects a decoded file's definitions. FIRN_UNSUPPORTED for a language that this program does not
 * know, FIRN_NO_MEMORY. definitions_fini in any case. */
FIRN_NODISCARD firn_status definitions_get(const struct view *view, struct definitions *definitions,
                                           firn_error *ret_error);
void definitions_fini(struct definitions *definitions);

/* The innermost definition whose whole node has the byte at offset in it; NULL when there is none.
 */
const struct extract_name *definitions_around(const struct definitions *definitions,
                                              const firn_nodes *nodes, uint32_t offset);

#endif
