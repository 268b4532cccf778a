/* The numbers of S3-FIFO, which the cache and <firn/policy.h> share. */
#ifndef FIRN_TIER_S3FIFO_H
#define FIRN_TIER_S3FIFO_H

enum {
    FIRN_S3FIFO_SMALL_PERCENT = 10, /* of all bytes, for entries that were not asked for again */
    FIRN_S3FIFO_SMALL_USES = 2,     /* that lead an entry from there to the main queue */
    FIRN_S3FIFO_USES_MAX = 3        /* that are counted */
};

#endif
