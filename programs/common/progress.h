/* A progress line on stderr, only when that is a terminal: what, done of total, rate, time left; at
 * most ten redraws a second. Any number of threads may add; begin and end belong to one. */
#ifndef FIRN_PROGRAMS_PROGRESS_H
#define FIRN_PROGRAMS_PROGRESS_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

struct progress {
    const char *what; /* private, all */
    bool shown;
    bool in_bytes;
    uint64_t start_ns;
    _Atomic uint64_t done;
    _Atomic uint64_t total;
    _Atomic uint64_t next_draw_ns;
};

/* Starts a line: what, such as "indexing"; total in bytes (in_bytes) or in things, 0 when it is not
 * known yet. wanted false (--quiet) shows nothing. what must outlive it. */
void progress_begin(struct progress *progress, const char *what, uint64_t total, bool in_bytes,
                    bool wanted);
/* Counts done more, and redraws when it is time. */
void progress_add(struct progress *progress, uint64_t done);
/* Tells the total once it is known. */
void progress_total(struct progress *progress, uint64_t total);
/* Wipes the line. No other thread may add any more. May be called twice. */
void progress_end(struct progress *progress);

#endif
