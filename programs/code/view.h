/* A decoded file, as the answers about one file look at it; and a store of such files for the next
 * who asks, so that an answer about a file that was looked at lately decodes nothing. */
#ifndef CODE_VIEW_H
#define CODE_VIEW_H

#include "code/extract.h"
#include "code/opened.h"

/* The definitions of a file, nested as they stand in each other. */
struct definitions {
    struct extract_name *items; /* in the order of their whole nodes, then of their names */
    size_t count;
    size_t capacity;
};

/* A file whose nodes are decoded, with its lines. */
struct view {
    struct opened *opened;
    struct opened_file file;
    struct loaded loaded;
    firn_lines lines;
    struct definitions definitions; /* see view_definitions */
    bool has_definitions;
    uint32_t *parents; /* of each node, for views that are kept; NULL in others */
};

/* Decodes a file, which the view takes over in any case; view_close in any case. */
FIRN_NODISCARD firn_status view_open(struct view *view, struct opened *opened,
                                     struct opened_file *file, firn_error *ret_error);
void view_close(struct view *view);

/* Collects the definitions, unless that was done. FIRN_UNSUPPORTED for a language that this program
 * does not know, FIRN_NO_MEMORY. */
FIRN_NODISCARD firn_status view_definitions(struct view *view, firn_error *ret_error);

/* Finds the smallest node with start <= offset < end and the path to it, as firn_tree_locate. */
FIRN_NODISCARD firn_status view_locate(const struct view *view, uint32_t offset,
                                       firn_path_node **ret_path, size_t *ret_depth);

/* --- kept views: may be shared between threads --- */

struct views;

/* Keeps views up to a number of bytes. FIRN_NO_MEMORY. */
FIRN_NODISCARD firn_status views_create(size_t limit_bytes, struct views **ret_views);
/* No view may be in use any more. NULL is let pass. */
void views_destroy(struct views *views);

/* A kept view of a file, with its definitions, which stays until views_give; NULL when there is
 * none. views may be NULL. */
struct view *views_take(struct views *views, uint64_t file);
void views_give(struct views *views, struct view *view);

/* Offers an open view for keeping. Takes over what it needs of it; the caller closes it in any
 * case. Views without definitions, and those that are too large, are not kept. views may be NULL.
 */
void views_offer(struct views *views, struct view *view);

#endif
