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

/* --- the steps of both, for updating.c --- */

/* Sets the job up; needs indexing_end from then on. */
void indexing_prepare(struct job *job, const struct job_options *options);
/* Finds the folder and scans it. */
FIRN_NODISCARD firn_status indexing_find_root(struct job *job, firn_error *ret_error);
FIRN_NODISCARD firn_status indexing_scan(struct job *job, firn_error *ret_error);
/* Makes the tables for the files that the scan has, and the workers. */
FIRN_NODISCARD firn_status indexing_make_tables(struct job *job, firn_error *ret_error);
FIRN_NODISCARD firn_status indexing_make_workers(struct job *job, firn_error *ret_error);
/* Learns the languages that have no family yet and takes all files through all steps. */
FIRN_NODISCARD firn_status indexing_take_files(struct job *job, firn_error *ret_error);

#endif
