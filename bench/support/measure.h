/* What a workload needs to measure itself: clocks, a random sequence, memory. Header-only, so that
 * a peer's program needs nothing of Firn. */
#ifndef FIRN_BENCH_MEASURE_H
#define FIRN_BENCH_MEASURE_H

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

static inline uint64_t clock_ns(clockid_t clock)
{
    struct timespec now;
    clock_gettime(clock, &now);
    return (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
}

/* Time as it passes, and as all threads of this process used the processors. */
static inline uint64_t wall_ns(void)
{
    return clock_ns(CLOCK_MONOTONIC);
}

static inline uint64_t cpu_ns(void)
{
    return clock_ns(CLOCK_PROCESS_CPUTIME_ID);
}

/* The longest time between two readings of a clock, and how many took how long: counts[i] of them
 * 2^(i/2) ns and more, and less than the next. */
#define GAP_COUNTS 80
struct gap {
    uint64_t last, longest;
    uint32_t counts[GAP_COUNTS];
};

static inline void gap_note(struct gap *gap, uint64_t now)
{
    const uint64_t took = (now - gap->last) | 1;
    const unsigned doublings = 63 - (unsigned)__builtin_clzll(took);
    const unsigned half = (double)took >= 1.41421356 * (double)(UINT64_C(1) << doublings);
    gap->counts[2 * doublings + half < GAP_COUNTS ? 2 * doublings + half : GAP_COUNTS - 1]++;
    gap->longest = now - gap->last > gap->longest ? now - gap->last : gap->longest;
    gap->last = now;
}

/* Prints the counts as points, in microseconds. */
static inline void gap_print(const struct gap *gap, const char *key)
{
    int first = 0, last = GAP_COUNTS - 1;
    while (first < last && gap->counts[first] == 0)
        first++;
    while (last > first && gap->counts[last] == 0)
        last--;
    for (int i = first; i <= last; i++)
        printf("point %s %.6g %u\n", key,
               (double)(UINT64_C(1) << i / 2) * (i % 2 != 0 ? 1.41421356 : 1) / 1000,
               gap->counts[i]);
}

/* Of 32 bits, so that it is the same in languages whose integers have 63. *state is not 0. */
static inline uint32_t random_next(uint32_t *state)
{
    *state ^= *state << 13;
    *state ^= *state >> 17;
    return *state ^= *state << 5;
}

static inline uint32_t random_below(uint32_t *state, uint32_t bound)
{
    return (uint32_t)((uint64_t)random_next(state) * bound >> 32);
}

static inline void *need(void *memory)
{
    if (memory == NULL) {
        fprintf(stderr, "out of memory\n");
        exit(1);
    }
    return memory;
}

/* What this process has in memory, but for files' pages such as those of its code; counted page by
 * page, as the shorter forms of this figure are off by some hundred KB. */
static inline double anonymous_bytes(void)
{
    char line[256];
    double kilobytes = -1;
    FILE *file = fopen("/proc/self/smaps_rollup", "r");
    while (file != NULL && kilobytes < 0 && fgets(line, sizeof line, file) != NULL)
        (void)sscanf(line, "Anonymous: %lf", &kilobytes);
    if (kilobytes < 0) {
        fprintf(stderr, "cannot read /proc/self/smaps_rollup\n");
        exit(1);
    }
    fclose(file);
    return kilobytes * 1024;
}

#endif
