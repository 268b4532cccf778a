/* What an update has to do: the files of the folder against those of the store. */
#ifndef CODE_UPDATING_DIFF_H
#define CODE_UPDATING_DIFF_H

#include "code/opened.h"
#include "code/scan.h"
#include "code/updating/damage.h"

/* What becomes of a file of the store. */
#define FATE_KEPT 0u /* it stays as it is; this or */
#define FATE_GONE                                                                                  \
    UINT32_MAX /* it is not there any more; else 1 + the number of a file that the                 \
                  scan keeps, which decides */

struct diff {
    const firn_allocator *allocator;
    uint32_t **fates; /* by layer, by the file's number in it */
    uint32_t layer_count;
    const struct meta_layer *layers;
    struct opened_file *formers; /* by the files that the scan keeps; without a path: it is new */
    size_t former_count;
    size_t former_capacity;
    uint64_t unchanged;
    uint64_t removed;
    const struct damage *damage; /* files that it hits count as changed; NULL: none */
};

/* Compares, and leaves in the scan only the files that are new or may have changed: other size or
 * time, or changed so shortly before the last scan began (scanned_ns) that a later change need not
 * show in the time. What damage (may be NULL) hits is among them, and has no former record.
 * diff_fini in any case. FIRN_NO_MEMORY, and as listing_next. */
FIRN_NODISCARD firn_status diff_run(struct diff *diff, struct opened *opened, struct scan *scan,
                                    const struct damage *damage, firn_error *ret_error);
void diff_fini(struct diff *diff, struct opened *opened);

#endif
