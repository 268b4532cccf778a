/* Firn's own S3-FIFO, as its users have it. */
#include <firn/policy.h>

#include "support/measure.h"
#include "tier_sim/policy.h"

static void *create(const struct trace *trace, uint32_t capacity)
{
    firn_policy *policy = NULL;
    (void)trace;
    if (firn_policy_create(&(firn_policy_options){.limit_bytes = capacity}, &policy) != FIRN_OK)
        exit(1);
    return policy;
}

static void destroy(void *policy)
{
    firn_policy_destroy(policy);
}

static bool get(void *policy, uint32_t key)
{
    if (firn_policy_get(policy, key))
        return true;
    if (firn_policy_put(policy, key, 1) != FIRN_OK)
        exit(1);
    return false;
}

const struct policy policy_firn = {"Firn", create, get, destroy};
