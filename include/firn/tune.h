/* Looking at a program's own memory: an allocator that counts and samples what passes through it, a
 * count of one function's allocations, a small benchmark, and which strategy fits what was counted.
 * `firn tune` does the same for whole programs from outside.
 *
 * What it does not see: allocations that do not pass through its allocator, such as malloc's. A
 * counted call takes some 30 ns more; a sampled one some 5.
 *
 * A profile may be shared between threads as far as the allocator under it may; the other calls
 * keep no state. */
#ifndef FIRN_TUNE_H
#define FIRN_TUNE_H

#include <firn/allocator.h>
#include <firn/context.h>
#include <firn/status.h>

FIRN_BEGIN

/* --- profiles --- */

#define FIRN_PROFILE_SIZES 497u    /* slots of sizes */
#define FIRN_PROFILE_LIFETIMES 65u /* slots of lifetimes */

typedef struct firn_profile_stats {
    uint64_t calls, bytes; /* allocations while counting, and what they asked for; exact. A
                              reallocate counts as one of its new size */
    uint64_t failed;       /* calls that gave nothing */
    uint64_t live_count, live_bytes;    /* now, whether counted or not */
    uint64_t peak_count, peak_bytes;    /* blocks and bytes at the moment of the most bytes */
    uint64_t lost;                      /* blocks whose lifetime is not known, for want of memory */
    uint64_t sizes[FIRN_PROFILE_SIZES]; /* calls by size, exact */
    double lifetimes[FIRN_PROFILE_LIFETIMES]; /* of blocks that were released, by how many later
                                                 allocations they outlived; estimates where only
                                                 samples are followed */
} firn_profile_stats;

/* The largest size, or number of later allocations, that a slot counts. Sizes: multiples of 16 up
 * to 1,024, then eight for each doubling; lifetimes: 0, 1, 3, 7, 15, ... */
FIRN_API uint64_t firn_profile_size(unsigned slot);
FIRN_API uint64_t firn_profile_lifetime(unsigned slot);

typedef struct firn_profile firn_profile;

typedef struct firn_profile_options {
    const firn_allocator *allocator; /* that blocks come from; NULL: the system's */
    const firn_allocator *own;       /* for the profile itself; NULL: the system's */
    uint64_t interval_bytes; /* mean distance of the blocks whose lifetimes are followed, up to
                                2^40; 0: all are */
    uint64_t seed;           /* of the sample; 0: one of its own */
    uint64_t reserved[4];    /* must be 0 */
} firn_profile_options;

/* Makes a profile, which counts nothing yet. options may be NULL. FIRN_INVALID, FIRN_NO_MEMORY. */
FIRN_API FIRN_NODISCARD firn_status firn_profile_create(const firn_profile_options *options,
                                                        firn_profile **ret_profile);
/* Blocks that live must have been released, or go to the allocator under it from now on. profile
 * may be NULL. */
FIRN_API void firn_profile_destroy(firn_profile *profile);

/* What to give to containers; valid as long as the profile. Blocks are those of the allocator under
 * it, with nothing before or behind them. */
FIRN_API const firn_allocator *firn_profile_allocator(firn_profile *profile);

/* Begins to count, from nothing; the peak begins at what lives now. */
FIRN_API void firn_profile_start(firn_profile *profile);
/* Ends counting; what was counted stays. */
FIRN_API void firn_profile_stop(firn_profile *profile);
FIRN_API void firn_profile_stats_get(firn_profile *profile, firn_profile_stats *ret_stats);

/* --- a function's allocations --- */

typedef void (*firn_tune_fn)(void *context, const firn_allocator *allocator);

/* Calls function once with an allocator that counts, over the one given (NULL: the system's), and
 * writes what was counted. What it leaves unreleased is in live_count and stays allocated.
 * FIRN_INVALID without a function, FIRN_NO_MEMORY. */
FIRN_API FIRN_NODISCARD firn_status firn_profile_count(firn_tune_fn function, void *context,
                                                       const firn_allocator *allocator,
                                                       firn_profile_stats *ret_stats);

/* --- benchmarks --- */

#define FIRN_MEASURE_RUNS_MAX 1001u

/* One of several ways to do the same. */
typedef struct firn_measure_subject {
    firn_tune_fn function;
    void *context;
    const firn_allocator *allocator; /* handed to the function; NULL: the system's */
} firn_measure_subject;

typedef struct firn_measure_options {
    uint32_t runs;        /* of each; 0: 7; at most FIRN_MEASURE_RUNS_MAX */
    uint32_t wall_clock;  /* 1: time as it passes; 0: the processor's for this thread */
    uint64_t run_ns;      /* a run repeats the function until it takes this; 0: 1,000,000; at most
                             2^40 */
    uint64_t reserved[4]; /* must be 0 */
} firn_measure_options;

typedef struct firn_measure_result {
    double median_ns, least_ns, most_ns; /* of a call, over the runs */
    uint64_t repeats;                    /* calls in a run */
} firn_measure_result;

/* Measures each by turns, so that all see the same machine, after one run that is not counted and
 * finds out how often a run repeats its function. options may be NULL; results has room for count.
 * FIRN_INVALID, FIRN_NO_MEMORY. */
FIRN_API FIRN_NODISCARD firn_status firn_measure(const firn_measure_subject *subjects, size_t count,
                                                 const firn_measure_options *options,
                                                 firn_measure_result *results);

/* --- what fits --- */

#define FIRN_RECOMMEND_POOLS 4u

typedef struct firn_recommendation {
    firn_mode
        mode; /* FIRN_MODE_COMPILER: arenas, nothing is freed; FIRN_MODE_RUNTIME: blocks are */
    size_t chunk_bytes;                        /* the first chunk of an arena; 0: no arena */
    uint32_t pool_count;                       /* sizes that are worth a pool, */
    uint32_t pool_bytes[FIRN_RECOMMEND_POOLS]; /* the most used first */
    uint64_t malloc_bytes;   /* what malloc of the GNU C library takes at the peak, computed */
    uint64_t expected_bytes; /* what the recommended takes then, computed */
    char reason[192];        /* one line */
} firn_recommendation;

/* FIRN_NOT_FOUND when nothing was counted. */
FIRN_API FIRN_NODISCARD firn_status firn_recommend(const firn_profile_stats *stats,
                                                   firn_recommendation *ret_recommendation);

FIRN_END

#endif
