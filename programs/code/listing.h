/* Going over a store in order, all layers merged: its files, or its names. */
#ifndef CODE_LISTING_H
#define CODE_LISTING_H

#include "code/opened.h"

struct listing_layer;

/* Keys of the catalogs or of the dictionaries of names. Zero it before it is begun; listing_end in
 * any case. Confined to one thread. */
struct listing {
    struct opened *opened; /* private, and what follows */
    struct listing_layer *layers;
    bool is_of_names;
    uint32_t current;
};

/* Begins with the first file whose path is not below from; "" for all. As dictionary_seek. */
FIRN_NODISCARD firn_status listing_begin(struct listing *listing, struct opened *opened,
                                         const char *from, firn_error *ret_error);
/* Goes to the next file and gives it; opened_file_fini gives it back. FIRN_END_OF_DATA. */
FIRN_NODISCARD firn_status listing_next(struct listing *listing, struct opened_file *ret_file,
                                        firn_error *ret_error);

/* The same of the names, each once; one that occurs in hidden files only may be among them, so that
 * a look-up of it finds nothing. The name is not ended by a NUL and lives until the next call. */
FIRN_NODISCARD firn_status listing_begin_names(struct listing *listing, struct opened *opened,
                                               const char *from, firn_error *ret_error);
FIRN_NODISCARD firn_status listing_next_name(struct listing *listing, const char **ret_name,
                                             size_t *ret_size, firn_error *ret_error);

void listing_end(struct listing *listing);

#endif
