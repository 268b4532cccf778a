/* A decoded file, as the answers about one file look at it; and a store of such files for the next
 * who asks, so that an answer about a file that was looked at lately decodes nothing. A *partial*
 * view serves those who look at one place (spot.h): its nodes are decoded where somebody looked. */
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

/* The definition whose whole a node of a partial view is. */
struct view_whole {
    uint32_t node;
    bool is_known;
    bool is_one;
    struct extract_name name; /* if it is one */
};
#define VIEW_WHOLES 16u

/* A file whose nodes are decoded, with its lines. */
struct view {
    struct opened *opened;
    struct opened_file file;
    struct loaded loaded; /* without nodes when the view is partial */
    firn_lines lines;
    struct definitions definitions; /* see view_definitions */
    bool has_definitions;
    uint32_t *parents;     /* of each node, for whole views that are kept; NULL in others */
    firn_partial *partial; /* NULL when the view is whole */
    struct view_whole wholes[VIEW_WHOLES]; /* of a partial one, by the node's number */
    pthread_mutex_t *mutex; /* over what partial views note, once they are kept; else NULL */
    uint8_t *owned;         /* the text, and the packed tree of a partial view; may be NULL */
    size_t owned_bytes;
};

enum view_kind { VIEW_WHOLE, VIEW_PARTIAL };

/* Decodes a file, which the view takes over in any case; view_close in any case. */
FIRN_NODISCARD firn_status view_open(struct view *view, struct opened *opened,
                                     struct opened_file *file, enum view_kind kind,
                                     firn_error *ret_error);
void view_close(struct view *view);

/* Writes that a view's file is damaged. */
firn_status view_damaged(const struct view *view, firn_error *ret_error);

/* Whose rules tell names of the file. FIRN_UNSUPPORTED for a language that this program does not
 * know. */
FIRN_NODISCARD firn_status view_extractor(const struct view *view,
                                          const struct extractor **ret_extractor,
                                          firn_error *ret_error);

/* Collects the definitions of a whole view, unless that was done. As view_extractor, and
 * FIRN_NO_MEMORY. */
FIRN_NODISCARD firn_status view_definitions(struct view *view, firn_error *ret_error);

/* --- kept views: may be shared between threads --- */

struct views;

/* Keeps views up to a number of bytes. FIRN_NO_MEMORY. */
FIRN_NODISCARD firn_status views_create(size_t limit_bytes, struct views **ret_views);
/* No view may be in use any more. NULL is let pass. */
void views_destroy(struct views *views);

/* A kept view of a file, which stays until views_give; NULL when there is none. Who asks for a
 * partial one may be given a whole one, which has its definitions. views may be NULL. */
struct view *views_take(struct views *views, uint64_t file, enum view_kind kind);
void views_give(struct views *views, struct view *view);

/* Offers an open view for keeping. Takes over what it needs of it; the caller closes it in any
 * case. Whole views without definitions, and those that are too large, are not kept. views may be
 * NULL. */
void views_offer(struct views *views, struct view *view);

#endif
