/* The dictionary of names, made from the workers' runs. */
#ifndef CODE_NAMES_H
#define CODE_NAMES_H

#include "code/job.h"

/* Merges the runs of all workers and writes the dictionary. numbers has for each file of the scan
 * the number that it gets, UINT32_MAX where it is not in the store. */
FIRN_NODISCARD firn_status names_write(struct job *job, const uint32_t *numbers,
                                       uint64_t *ret_entries, uint32_t *ret_top_segment,
                                       firn_error *ret_error);

#endif
