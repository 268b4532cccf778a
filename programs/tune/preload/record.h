/* What the library notes about each allocation. Any number of threads. */
#ifndef TRACK_RECORD_H
#define TRACK_RECORD_H

#include "tune/preload/lives.h"
#include "tune/trace.h"

#define TRACK_TLS __attribute__((tls_model("initial-exec"))) _Thread_local
#define TRACK_FILTER_BITS 18

/* This thread's slot; at first that of nobody, which always asks for track_born. */
extern TRACK_TLS struct trace_thread *track_mine;

/* For each hash of an address, how many noted blocks have it (255: for good); all ones where every
 * block is noted. */
extern uint8_t track_filter[1u << TRACK_FILTER_BITS];

static inline unsigned track_hash(const void *block)
{
    return (unsigned)(((uintptr_t)block >> 4) * 0x9e3779b97f4a7c15u >> (64 - TRACK_FILTER_BITS));
}

static inline bool track_may_be_noted(const void *block)
{
    return __builtin_expect(
        __atomic_load_n(&track_filter[track_hash(block)], __ATOMIC_RELAXED) != 0, 0);
}

/* The slow ways: an allocation that is a sample, and the end of a block that may be one. What they
 * call changes no errno. */
void track_born(void *block, size_t size);
void track_died(void *block);

/* Ends a block's life, unless it is put back: a realloc may fail. False when it is not noted. */
bool track_take(void *block, bool is_freed, struct life *ret_life);
void track_put_back(const struct life *life);

/* Counts an allocation of this thread's. block is not NULL. */
static inline void track_count(void *block, size_t size)
{
    struct trace_thread *thread = track_mine;
    thread->calls++;
    thread->bytes += size;
    thread->remaining -= (int64_t)(size | (size == 0));
    if (__builtin_expect(thread->remaining < 0, 0))
        track_born(block, size);
}

/* After a dlclose: code may have gone. */
void track_unloaded(void);

/* At the start and the end of the process. */
void track_begin(void);
void track_watch(void);
void track_end(void);

#endif
