/* Numbers below a count, the k-th of them (from 0) with a weight of 1 / (k + 1)^exponent: exactly,
 * by Walker's alias method, in constant time. Header-only. */
#ifndef FIRN_BENCH_ZIPF_H
#define FIRN_BENCH_ZIPF_H

#include <math.h>

#include "support/measure.h"

struct zipf {
    uint32_t count;
    uint32_t *keep; /* of 2^32: how often a column is itself and not its other */
    uint32_t *other;
};

/* Pairs each column that is short of the mean with one that is above it, which gives the rest. */
static inline void zipf_pair(struct zipf *zipf, double *share)
{
    uint32_t *small = need(malloc(zipf->count * sizeof *small)), small_count = 0;
    uint32_t large = 0; /* shares fall, so that the large ones stand in front */
    for (uint32_t i = zipf->count; i-- > 0;)
        if (share[i] < 1)
            small[small_count++] = i;
    while (small_count > 0) {
        uint32_t least = small[--small_count];
        while (large < zipf->count && share[large] < 1)
            large++;
        if (large == zipf->count)
            break; /* by rounding: what is left is itself */
        zipf->keep[least] = (uint32_t)(share[least] * UINT32_MAX);
        zipf->other[least] = large;
        share[least] = 2; /* done */
        share[large] -= 1 - (double)zipf->keep[least] / UINT32_MAX;
        if (share[large] < 1)
            small[small_count++] = large++;
    }
    free(small);
}

static inline void zipf_init(struct zipf *zipf, uint32_t count, double exponent)
{
    double *share = need(malloc(count * sizeof *share)), sum = 0;
    *zipf = (struct zipf){.count = count,
                          .keep = need(malloc(count * sizeof *zipf->keep)),
                          .other = need(malloc(count * sizeof *zipf->other))};
    for (uint32_t i = 0; i < count; i++)
        sum += share[i] = pow(i + 1.0, -exponent);
    for (uint32_t i = 0; i < count; i++) {
        share[i] *= count / sum;
        zipf->keep[i] = UINT32_MAX;
        zipf->other[i] = i;
    }
    zipf_pair(zipf, share);
    free(share);
}

static inline void zipf_fini(struct zipf *zipf)
{
    free(zipf->keep);
    free(zipf->other);
}

static inline uint32_t zipf_next(const struct zipf *zipf, uint32_t *sequence)
{
    uint32_t column = random_below(sequence, zipf->count);
    return random_next(sequence) <= zipf->keep[column] ? column : zipf->other[column];
}

#endif
