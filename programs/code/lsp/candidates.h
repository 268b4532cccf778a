/* The definitions of a name, best first. What a name means is told by its spelling, by how it is
 * used where it stands, and by where it is defined; types are not known. See docs/editors.md. */
#ifndef CODE_LSP_CANDIDATES_H
#define CODE_LSP_CANDIDATES_H

#include <firn/arena.h>

#include "code/lsp/sources.h"

#define CANDIDATES_MAX 20000u /* definitions that are ranked */

struct candidate {
    const char *path; /* absolute; in the arena */
    const char *uri;  /* of an open document, which path may then be NULL; else NULL */
    uint32_t row;     /* from 0; lines end with LF alone */
    uint32_t column;  /* bytes */
    uint8_t kind;
    uint64_t rank; /* lower is better */
};

struct candidates {
    struct candidate *items;
    size_t count;
    size_t capacity;
    firn_arena arena;
    const firn_allocator *allocator;
};

FIRN_NODISCARD firn_status candidates_init(struct candidates *candidates,
                                           const firn_allocator *allocator);
void candidates_fini(struct candidates *candidates);

/* Finds the definitions of the name `at` of a source (which has names): those of the best class
 * that there is, sorted. wants_declarations puts prototypes and extern declarations before what
 * they declare; else they are left out when there is more. FIRN_CHANGED when the request was
 * cancelled. */
FIRN_NODISCARD firn_status candidates_find(struct candidates *candidates, struct sources *sources,
                                           struct source *source, const struct extract_name *at,
                                           bool wants_declarations, firn_error *ret_error);

/* Finds a candidate's place: its source, and the definition in it. FIRN_NOT_FOUND when the file is
 * not what it was any more. */
FIRN_NODISCARD firn_status candidate_open(const struct candidate *candidate,
                                          struct sources *sources, struct workspace *workspace,
                                          const char *name, size_t name_size,
                                          struct source **ret_source, uint32_t *ret_offset,
                                          firn_error *ret_error);

/* Whether a file in one language may mean what is defined in the other. */
bool languages_mix(const struct language *a, const struct language *b);

#endif
