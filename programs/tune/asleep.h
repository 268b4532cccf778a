/* What a process would hold asleep: its own pages, packed in blocks of 64 KiB as regions pack them,
 * by a sample of the blocks, which is read while the process runs. */
#ifndef TUNE_ASLEEP_H
#define TUNE_ASLEEP_H

#include "tune/smaps.h"

struct asleep_options {
    pid_t pid;
    pid_t sibling;   /* another process of the same program; 0: none */
    uint64_t blocks; /* of the sample; 0: all blocks */
};

/* In bytes; those after `sampled` are estimates for all of `pages`. */
struct asleep {
    uint64_t pages;   /* that the process has of its own and in memory */
    uint64_t blocks;  /* that they lie in */
    uint64_t sampled; /* of pages, those that were read */
    double zero;      /* pages that hold nothing but zeros */
    double lz4, zstd, sibling;
    double zstd_error;        /* one standard deviation */
    uint64_t longest_read_ns; /* of a block */
};

/* False after one line on stderr. */
bool asleep_measure(const struct asleep_options *options, const struct smaps *smaps,
                    struct asleep *ret_asleep);

#endif
