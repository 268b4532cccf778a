/* Policies of replacement: which of the keys that were asked for a cache of so many keys keeps.
 * Each follows its paper and nothing else; the keys of a trace are numbered from 0, so that what
 * a policy knows of a key stands in arrays. */
#ifndef FIRN_BENCH_POLICY_H
#define FIRN_BENCH_POLICY_H

#include <stdbool.h>
#include <stdint.h>

#include "tier_sim/trace.h"

struct policy {
    const char *name;
    void *(*create)(const struct trace *trace, uint32_t capacity); /* of keys, 1 and more */
    bool (*get)(void *state, uint32_t key); /* whether it was there; puts it if it wants it */
    void (*destroy)(void *state);
};

extern const struct policy policy_lru, policy_clock, policy_sieve, policy_arc, policy_tinylfu,
    policy_s3fifo, policy_firn, policy_optimum;

/* The share of gets that found nothing. */
double policy_miss_ratio(const struct policy *policy, const struct trace *trace, uint32_t capacity);

#endif
