/* Names that a function binds for itself: parameters, local variables, labels. The index does not
 * list them; they are found in the tree of the file at hand, by tables for each language. */
#ifndef CODE_LSP_LOCALS_H
#define CODE_LSP_LOCALS_H

#include "code/lsp/source.h"

#define LOCALS_MAX 512u /* bindings of one name in one file that are looked at */

/* A place where a name is bound. */
struct local {
    const struct extract_name *name;
    uint32_t binder; /* the node that binds: a declaration, a parameter, … */
    uint32_t scope;  /* the node within which the name means this */
};

/* The bindings of one name in one file. */
struct locals {
    struct local items[LOCALS_MAX];
    size_t count;
};

/* Finds them; the source then has names and parents. Fails as source_parents. */
FIRN_NODISCARD firn_status locals_find(struct source *source, const char *name, size_t size,
                                       struct locals *locals, firn_error *ret_error);

/* The binding that a name which stands in the source means: that of the innermost scope around it;
 * in it the last one before the name, or else the first. NULL when it means none. */
const struct local *locals_resolve(const struct locals *locals, const struct source *source,
                                   const struct extract_name *name);

#endif
