/* S3-FIFO: which of the entries of a cache to drop. New entries go to a small queue; what is asked
 * for again before it leaves that goes to the main queue, the rest leaves at once and is remembered
 * for a while by its id (the ghosts), so that coming back soon leads to the main queue. From that,
 * entries leave in their order, but go round again as often as they were asked for, up to three
 * times. After Yang, Zhang, Qiu, Yue, Vinayak, FIFO queues are all you need for cache eviction
 * (SOSP 2023). firn_cache follows the same rules; this is for caches of one's own.
 *
 * Confined to one thread. Takes 37 to 75 bytes an entry, and 8 to 16 a ghost. */
#ifndef FIRN_POLICY_H
#define FIRN_POLICY_H

#include <firn/allocator.h>
#include <firn/status.h>

FIRN_BEGIN

typedef struct firn_policy firn_policy;

typedef struct firn_policy_options {
    const firn_allocator *allocator; /* NULL: the system's */
    uint64_t limit_bytes;            /* of the entries' sizes together; required */
    uint32_t small_percent;          /* the small queue's share of it; 0: 10; at most 90 */
    void (*evicted)(void *context, uint64_t id, uint64_t size); /* may be NULL; calls no policy */
    void *context;
    uint32_t reserved[2]; /* must be 0 */
} firn_policy_options;

/* FIRN_INVALID, FIRN_NO_MEMORY. */
FIRN_API FIRN_NODISCARD firn_status firn_policy_create(const firn_policy_options *options,
                                                       firn_policy **ret_policy);
/* Evicts nothing. policy may be NULL. */
FIRN_API void firn_policy_destroy(firn_policy *policy);

/* Whether id is held; if so, that counts as a use. */
FIRN_API bool firn_policy_get(firn_policy *policy, uint64_t id);

/* Adds an id of size bytes (1 and more), after evicting what must go for it; replaces its size when
 * it is held already. FIRN_INVALID for a size of 0; FIRN_LIMIT for one above the limit and
 * FIRN_NO_MEMORY: then it is not held any more, and what was evicted for it is gone. */
FIRN_API FIRN_NODISCARD firn_status firn_policy_put(firn_policy *policy, uint64_t id,
                                                    uint64_t size);

/* Forgets an id. False when it is not held. */
FIRN_API bool firn_policy_remove(firn_policy *policy, uint64_t id);

FIRN_API uint64_t firn_policy_used_bytes(const firn_policy *policy);
FIRN_API uint64_t firn_policy_count(const firn_policy *policy);

FIRN_END

#endif
