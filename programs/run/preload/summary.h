/* What the allocator holds, and the summary that a process writes when it ends. */
#ifndef RUN_SUMMARY_H
#define RUN_SUMMARY_H

#include "run/preload/heap.h"

struct run_totals {
    uint64_t counts[RUN_COUNTS];
    uint64_t heaps;                              /* threads at a time */
    uint64_t arena_bytes;                        /* taken for arenas; how much is free is unknown */
    uint64_t slab_live_bytes, slab_held_bytes;   /* held: backed by memory */
    uint64_t large_live_bytes, large_kept_bytes; /* kept: free, for later */
};

/* Sums up over all heaps; of other threads that run, roughly. */
struct run_totals run_totals_get(void);

/* Remembers what the environment asks for, and stderr, which many programs close when they end. */
void run_summary_begin(const char *mode);

/* Writes it: for the destructor of the library. */
void run_summary_end(void);

#endif
