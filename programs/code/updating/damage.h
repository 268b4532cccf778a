/* What of a store can no longer be read: for an update that is to make it whole. */
#ifndef CODE_UPDATING_DAMAGE_H
#define CODE_UPDATING_DAMAGE_H

#include "code/index/record.h"

#include <firn/store.h>

/* Zeroed but for the allocator, nothing is damaged. */
struct damage {
    const firn_allocator *allocator;
    uint32_t *segments; /* private, as are the others; ascending */
    size_t count;
    size_t capacity;
};

/* Reads all segments of the store. FIRN_CORRUPT when one of those is damaged that hold no file's
 * source or tree: nothing can be kept then. FIRN_NO_MEMORY. damage_fini in any case. */
FIRN_NODISCARD firn_status damage_find(struct damage *damage, firn_store *store,
                                       firn_error *ret_error);
void damage_fini(struct damage *damage);

/* Whether a file's source or tree lies in a damaged segment. */
bool damage_hits(const struct damage *damage, const struct file_record *record);

#endif
