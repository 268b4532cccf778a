/* What is at one place of a file: the nodes around it and the definition that it is part of. */
#ifndef CODE_SPOT_H
#define CODE_SPOT_H

#include "code/view.h"

struct spot {
    firn_path_node *path; /* to the smallest node with start <= offset < end, root first; all ends
                             are set */
    size_t depth;         /* of the path, 1 at least */
    bool has_definition;
    struct extract_name definition; /* the innermost one that the last node is part of */
};

/* Finds it in a partial view, or in a kept one of any kind; spot_fini gives it back. FIRN_NOT_FOUND
 * when no node covers the offset, for which nothing is written to ret_error; else as view_open. */
FIRN_NODISCARD firn_status spot_find(struct view *view, uint32_t offset, struct spot *ret_spot,
                                     firn_error *ret_error);
void spot_fini(const struct view *view, struct spot *spot);

#endif
