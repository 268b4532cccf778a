/* The first step of an indexing. */
#ifndef CODE_SAMPLE_H
#define CODE_SAMPLE_H

#include "code/job.h"

/* Settles the family of every language that the scan found from a sample of its files, and stores
 * these files. */
FIRN_NODISCARD firn_status sample_languages(struct job *job, firn_error *ret_error);

#endif
