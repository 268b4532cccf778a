/* Ways to do the work of a scenario; each runs in a process of its own. */
#ifndef TUNE_STRATEGY_H
#define TUNE_STRATEGY_H

#include "tune/scenario.h"

#define STRATEGIES_MAX 24u

struct strategy_result {
    bool done;           /* false: it has no memory, or could not do the work */
    uint64_t peak_bytes; /* resident at most, beyond what the empty process had: the kernel's */
    uint64_t operations;
    double seconds;  /* of the processor */
    double from_hot; /* of a cache: the share of gets that plain memory answered; else NAN */
};

struct strategy {
    char name[32];
    char how[128]; /* what to write or to run to have it */
    bool (*work)(const struct scenario *scenario, uint64_t parameter, struct strategy_result *ret);
    uint64_t parameter;
};

/* Fills in those that fit; returns how many. */
unsigned strategies_of_objects(const struct scenario *scenario, struct strategy *strategies);
unsigned strategies_of_map(const struct scenario *scenario, struct strategy *strategies);
unsigned strategies_of_cache(const struct scenario *scenario, struct strategy *strategies);

#endif
