/* Keeps many regions (firn/region.h), of which those that are not in use go to sleep, deeper and
 * deeper:
 *
 *   tier     form of the region                                         leaves it when unused for
 *   hot      awake, in whole or in part                                 30 s
 *   warm     packed by LZ4, in RAM                                      5 min
 *   cold     packed by zstd against a sibling, in RAM                   1 h, where there is a store
 *   frozen   the same in a store; 1 KiB of RAM and its addresses
 *
 * Whoever uses a region pins it first, which wakes it, and unpins it afterwards; a region that
 * wakes on touch then fetches what was touched after its last wake first, and the rest when it is
 * touched. Near the limit, and while processes wait for memory, the ones that were unused for
 * longest go down before their time.
 *
 * What holds always: no region is lost. Whatever fails (memory, the disk), a region stays in the
 * tier where it is. A pin waits for no packing and no writing but of the same region, which takes
 * about 2 ms a MiB: packers and wakers are counted apart.
 *
 * Threads: a swapper may be shared by any number; a resident too, but its putting and removal. In a
 * child of fork only firn_swapper_destroy may be called: other calls return FIRN_UNSUPPORTED, and
 * what was hot, warm or cold can be woken by the region's own calls. */
#ifndef FIRN_SWAPPER_H
#define FIRN_SWAPPER_H

#include <firn/cache.h>
#include <firn/region.h>

FIRN_BEGIN

typedef struct firn_swapper firn_swapper;

/* A region in a swapper's care. */
typedef struct firn_swapper_resident firn_swapper_resident;

typedef struct firn_swapper_options {
    const firn_allocator *allocator; /* NULL: the system's; must be safe between threads */
    uint64_t limit_bytes;       /* of RAM for the regions in all tiers, their images included and
                                 * templates not; what is pinned may exceed it. 0: none */
    const char *store;          /* a folder of the swapper's own for the frozen tier, what was in it
                                 * goes; NULL: none */
    uint64_t store_quota_bytes; /* of the store's files; 0: none */
    uint32_t age_ms[3];         /* after which hot, warm and cold go down; 0: 30 s, 5 min, 1 h.
                                 * Where the ageing starts: while pins bring back more than 0.2 % of
                                 * hot's bytes a minute of what aged, it takes longer, up to 32
                                 * times that */
    int level[2];               /* of warm and cold, as firn_region_hibernate_options has it; 0: LZ4
                                 * and zstd-3. Cold's packs against the sibling */
    uint32_t packer_count;      /* that pack at a time; 0: half of the processors, at least one */
    uint32_t waker_count;       /* that wake at a time, others wait for their turn; 0: two a
                                 * processor */
    bool no_thread;             /* the user calls firn_swapper_tick, about once a second */
    bool ignore_pressure;       /* of the machine: else the limit shrinks, down to a quarter, while
                                 * other processes wait for memory. Without a limit, what is unused
                                 * goes to cold then */
    uint64_t (*clock_ns)(void *context); /* NULL: firn_clock_ns. When it goes back, it stands still
                                          */
    void *clock_context;
    uint32_t reserved[4]; /* must be 0 */
} firn_swapper_options;

/* FIRN_INVALID for options out of range, FIRN_NO_MEMORY; from the store as firn_store_open. */
FIRN_API FIRN_NODISCARD firn_status firn_swapper_create(const firn_swapper_options *options,
                                                        firn_swapper **ret_swapper,
                                                        firn_error *ret_error);
/* Leaves the regions that it has as they are; those that are frozen lose what they hold. Remove
 * them before, or destroy them. NULL is let pass. */
FIRN_API void firn_swapper_destroy(firn_swapper *swapper);

/* Takes a region into care, as it is; it must outlive that, and nobody else makes it sleep.
 * sibling: the template that cold packs against; NULL: none. Large regions that shall leave the
 * processors to others while they pack have a thread_count of 1. FIRN_INVALID for one that is away,
 * FIRN_NO_MEMORY. */
FIRN_API FIRN_NODISCARD firn_status firn_swapper_put(firn_swapper *swapper, firn_region *region,
                                                     firn_region_template *sibling,
                                                     firn_swapper_resident **ret_resident);
/* Ends the care. A frozen region is brought back first, asleep, unless it is discarded: then it is
 * good for nothing but its destruction. FIRN_BUSY while it is pinned; else as firn_swapper_pin, and
 * it stays in care. */
FIRN_API FIRN_NODISCARD firn_status firn_swapper_remove(firn_swapper *swapper,
                                                        firn_swapper_resident *resident,
                                                        bool discard, firn_error *ret_error);

/* Wakes the region (one that wakes on touch: the block that it begins with) and keeps it until it
 * is unpinned as often. FIRN_NO_MEMORY, FIRN_CORRUPT (its image is damaged, all others live on),
 * FIRN_IO. Whatever fails, it stays where it is, and a later pin may succeed. */
FIRN_API FIRN_NODISCARD firn_status firn_swapper_pin(firn_swapper *swapper,
                                                     firn_swapper_resident *resident,
                                                     firn_error *ret_error);
/* FIRN_INVALID when it is not pinned. */
FIRN_API FIRN_NODISCARD firn_status firn_swapper_unpin(firn_swapper *swapper,
                                                       firn_swapper_resident *resident);

/* Sends a region down to warm, cold or frozen, in the calling thread, once there is a packer's
 * turn. Nothing is done when it is there already, or deeper. FIRN_BUSY while it is pinned,
 * FIRN_INVALID for another tier or for frozen without a store; FIRN_NO_MEMORY; FIRN_NO_SPACE,
 * FIRN_LIMIT (the quota), FIRN_IO: it is as deep as it came. */
FIRN_API FIRN_NODISCARD firn_status firn_swapper_hibernate(firn_swapper *swapper,
                                                           firn_swapper_resident *resident,
                                                           firn_tier tier, firn_error *ret_error);

FIRN_API firn_region *firn_swapper_region(const firn_swapper_resident *resident);
FIRN_API firn_tier firn_swapper_tier_of(firn_swapper *swapper,
                                        const firn_swapper_resident *resident);

/* Does what is due: what the background thread does once a second. Returns the first error; the
 * rest was done, and what failed is tried again by the next one. */
FIRN_API FIRN_NODISCARD firn_status firn_swapper_tick(firn_swapper *swapper, firn_error *ret_error);

typedef struct firn_swapper_tier_stats {
    uint64_t region_count;
    uint64_t resident_bytes; /* of RAM, when they came here; hot's as of the last tick that found
                              * them unpinned; frozen's: what regions keep in RAM */
    uint64_t demote_count;   /* regions that went down from here */
    uint64_t wake_count;     /* regions that a pin woke from here */
    uint32_t age_ms;         /* as it is steered; 0 for frozen */
    firn_cache_latency wake; /* how long those pins took */
} firn_swapper_tier_stats;

typedef struct firn_swapper_stats {
    firn_swapper_tier_stats tier[FIRN_TIER_COUNT]; /* hot's wakes: pins of what was awake */
    uint64_t target_bytes;                         /* what the limit is now; 0: none */
    uint64_t commit_count;                         /* of the store */
    uint64_t failure_count;                        /* movements that failed */
    uint64_t wait_count;                           /* pins that waited for a waker's turn */
} firn_swapper_stats;

FIRN_API void firn_swapper_stats_get(firn_swapper *swapper, firn_swapper_stats *ret_stats);

/* resident: of all regions, as the stats have it; compressed: what sleeps in RAM; overhead: the
 * swapper's own; disk: the store's files. */
FIRN_API void firn_swapper_usage(firn_swapper *swapper, firn_usage *ret_usage);

FIRN_END

#endif
