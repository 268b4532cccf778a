/* Sorting interned names. */
#ifndef CODE_INDEX_SORT_H
#define CODE_INDEX_SORT_H

#include <firn/intern.h>

/* Writes the ids of all names into a block of firn_intern_count ids that the caller releases, in
 * the order of key_compare. FIRN_NO_MEMORY. */
FIRN_NODISCARD firn_status sort_names(const firn_intern *names, const firn_allocator *allocator,
                                      uint32_t **ret_ids);

#endif
