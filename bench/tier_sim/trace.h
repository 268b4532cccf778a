/* Traces: the keys that were asked for, in order, numbered from 0 as they come first. Some are made
 * here, from a random sequence that is always the same; others were taken from programs by
 * scripts/traces, and are files of 32-bit numbers, little-endian. */
#ifndef FIRN_BENCH_TRACE_H
#define FIRN_BENCH_TRACE_H

#include <stdbool.h>
#include <stdint.h>

struct trace {
    char name[64];
    uint32_t *keys;
    uint32_t count;
    uint32_t key_count;
};

/* Traces that are made: their number, and one of them. */
#define TRACES_MADE 4u
void trace_make(struct trace *trace, unsigned which, uint32_t count);

/* Reads a file; false after a line on stderr when it is none. */
bool trace_read(struct trace *trace, const char *path);

void trace_fini(struct trace *trace);

#endif
