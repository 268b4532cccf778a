/* Looking a name up in the dictionaries of names of all layers, and going over the names. */
#ifndef CODE_LOOKUP_H
#define CODE_LOOKUP_H

#include "code/index/postings.h"
#include "code/opened.h"

struct lookup_layer;

/* The files that a name occurs in, in the order of their paths. Zero it before lookup_begin;
 * lookup_end in any case. Confined to one thread. */
struct lookup {
    struct opened *opened;
    const char *name; /* the caller's */
    size_t name_size;
    struct postings postings; /* may be read: file, its number in the store, and definitions_left */
    struct lookup_layer *layers; /* private, and what follows */
    uint32_t current;
};

/* Looks a name up. FIRN_OK also when there is none. */
FIRN_NODISCARD firn_status lookup_begin(struct lookup *lookup, struct opened *opened,
                                        const char *name, firn_error *ret_error);
/* Goes to the next file; one with very many definitions comes several times. FIRN_END_OF_DATA. */
FIRN_NODISCARD firn_status lookup_next(struct lookup *lookup, firn_error *ret_error);
/* Reads the file's next definition. FIRN_END_OF_DATA. */
FIRN_NODISCARD firn_status lookup_definition(struct lookup *lookup,
                                             struct definition *ret_definition,
                                             firn_error *ret_error);
void lookup_end(struct lookup *lookup);

#endif
