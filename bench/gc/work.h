/* The workloads, as `PEER WORK SIZE` runs them; each prints its figures, a line each. */
#ifndef FIRN_BENCH_GC_WORK_H
#define FIRN_BENCH_GC_WORK_H

#include <stdint.h>

void work_trees(uint32_t depth);
void work_gcbench(uint32_t depth);
void work_map(uint32_t entries);
void work_ring(uint32_t live_bytes);
void work_minor(uint32_t live_bytes);
void work_mix(uint32_t objects);

#endif
