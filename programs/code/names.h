/* The dictionary of names, made from the workers' runs and from dictionaries of former layers. */
#ifndef CODE_NAMES_H
#define CODE_NAMES_H

#include "code/index/merge.h"
#include "code/job.h"

/* What becomes of files' numbers. */
struct names_sources {
    const uint32_t
        *numbers; /* by the files of the scan; UINT32_MAX where one is not in the store */
    const struct merge_layer *layers; /* may be NULL */
    size_t layer_count;
};

/* Merges the runs of all workers and the dictionaries of the layers, and writes the dictionary. */
FIRN_NODISCARD firn_status names_write(struct job *job, const struct names_sources *sources,
                                       uint64_t *ret_entries, uint32_t *ret_top_segment,
                                       firn_error *ret_error);

#endif
