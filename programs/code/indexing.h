/* An indexing, from the scan to the commit. */
#ifndef CODE_INDEXING_H
#define CODE_INDEXING_H

#include "code/finish.h"
#include "code/job.h"

/* Scans, begins the store's next generation and makes the workers. On failure indexing_end is still
 * to be called, as after success. */
FIRN_NODISCARD firn_status indexing_begin(struct job *job, const struct job_options *options,
                                          firn_error *ret_error);

/* Takes all files through all steps and commits. */
FIRN_NODISCARD firn_status indexing_run(struct job *job, struct finish_result *ret_result,
                                        firn_error *ret_error);

/* Drops what was not committed. */
void indexing_end(struct job *job);

#endif
