/* The last step of an indexing. */
#ifndef CODE_FINISH_H
#define CODE_FINISH_H

#include "code/job.h"

/* What an indexing reports. */
struct finish_result {
    struct totals totals;
    uint64_t productions;
    uint64_t parser_tree_bytes;
    double parse_seconds;
};

/* Writes what stands above the files and commits; the job's store is then ended. */
FIRN_NODISCARD firn_status finish_index(struct job *job, struct finish_result *ret_result,
                                        firn_error *ret_error);

#endif
