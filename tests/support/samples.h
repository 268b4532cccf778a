/* Which of very many cases a test tries: all where the program was built with SAMPLES_ALL, as the
 * _stress form of a test is, else about as many as it says, by chance: others at each run. */
#ifndef FIRN_TESTS_SAMPLES_H
#define FIRN_TESTS_SAMPLES_H

#include "support/random.h"

#include <stdbool.h>

#ifndef SAMPLES_ALL
#define SAMPLES_ALL 0
#endif

/* Whether this one of `total` is among the `wanted`. */
static inline bool sample_is_wanted(rng *random, uint64_t wanted, uint64_t total)
{
    return SAMPLES_ALL || total <= wanted || rng_below(random, total) < wanted;
}

#endif
