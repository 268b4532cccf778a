/* The calls by which a store is written, counted, and made to go wrong at one of them. They are
 * linked in place of the C library's (--wrap). */
#ifndef FIRN_BENCH_DAMAGE_CALLS_H
#define FIRN_BENCH_DAMAGE_CALLS_H

#include <stdbool.h>

enum calls_wrong {
    CALLS_GO_WELL,
    CALLS_KILL,  /* the process is killed in the middle of this call */
    CALLS_FULL,  /* from this call on the disk is full */
    CALLS_ERROR, /* this call, and no other, fails with EIO */
};

struct calls {
    enum calls_wrong wrong;
    unsigned at;   /* from 1 */
    unsigned made; /* so far */
};

extern struct calls calls;

#endif
