/* The proof of the dictionary of names: sums over all names of all trees against sums over the
 * dictionary. */
#ifndef CODE_NAMES_CHECK_H
#define CODE_NAMES_CHECK_H

#include <firn/intern.h>

#include "code/opened.h"

/* Sums of hashes, which do not depend on the order of what is added. */
struct names_sum {
    uint64_t postings; /* of (name, file) */
    uint64_t posting_count;
    uint64_t definitions; /* of (name, file, kind, row, column) */
    uint64_t definition_count;
};

void names_sum_add(struct names_sum *sum, const struct names_sum *part);
bool names_sum_equal(const struct names_sum *a, const struct names_sum *b);

/* What adding a file needs; confined to one thread. Zero it before the first use. */
struct names_adder {
    const firn_allocator *allocator;
    struct extract_scratch scratch;
    firn_intern *seen;
};
void names_adder_fini(struct names_adder *adder);

/* Adds the names of a decoded file. FIRN_NO_MEMORY; nothing is added for a language that this
 * program does not know. */
FIRN_NODISCARD firn_status names_add_file(struct names_adder *adder, const struct opened_file *file,
                                          const struct loaded *loaded, struct names_sum *sum);

/* Adds all entries of the dictionaries, but for hidden files. FIRN_CORRUPT and as dictionary_next.
 */
FIRN_NODISCARD firn_status names_add_dictionary(struct opened *opened, struct names_sum *sum,
                                                firn_error *ret_error);

#endif
