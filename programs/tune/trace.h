/* What libfirn-track notes about a process, as it stands in a file that the process maps: whatever
 * way the process ends, the file has all that it noted. `firn tune track` reads it afterwards.
 *
 *     head | one slot a thread | records, one behind the other: sites and modules
 *
 * The same machine and build write and read it; it lives only as long as a run. Times are
 * nanoseconds of CLOCK_MONOTONIC. */
#ifndef TUNE_TRACE_H
#define TUNE_TRACE_H

#include <stdint.h>

#define TRACK_LIBRARY "libfirn-track.so"

/* How `firn tune track` tells the library what to do; inherited by what the program starts. */
#define TRACK_FOLDER "FIRN_TRACK_FOLDER"     /* where each process makes a file */
#define TRACK_INTERVAL "FIRN_TRACK_INTERVAL" /* bytes between samples; 0: every allocation */

#define TRACE_MAGIC 0x334b434152544e46ull /* "FNTRACK3" */
#define TRACE_FRAMES_MAX 64u
#define TRACE_THREADS 4096u
#define TRACE_COMMAND_BYTES 256u
#define TRACE_ARGUMENTS_BYTES 1024u
#define TRACE_SMALL 1024u                         /* sizes up to it have a slot each */
#define TRACE_SIZES (TRACE_SMALL + 1u + 8u * 54u) /* then eight for each doubling */
#define TRACE_LIFETIMES 64u

struct trace_estimate {
    double calls, bytes;
    double malloc_bytes, arena_bytes; /* as malloc and an arena round each */
    double calls_variance, bytes_variance;
};

/* Of a size: what lives of it and what lived at the peak, as a site has it. */
struct trace_size {
    double calls;
    double live_calls, live_bytes, peak_calls, peak_bytes;
    uint32_t version, reserved;
};

struct trace_head {
    uint64_t magic;
    uint64_t interval_bytes; /* 0: exact */
    uint64_t begin_ns, end_ns;
    uint64_t used_bytes; /* of the file; grows by whole records */
    uint64_t samples, lost;
    double live_bytes, peak_bytes;
    double kept_peak_bytes;     /* the most of live_bytes and what firn run would keep together */
    uint64_t slab_peak_bytes;   /* the most that firn run would hold; 0 where blocks are sampled */
    uint64_t malloc_peak_bytes; /* the most that the allocator held, as it was seen; 0: not told */
    uint64_t cpu_ns;            /* of the process, with what this costs it */
    uint32_t pid, version;      /* version: how often the peak rose */
    uint32_t thread_count, generation;
    char command[TRACE_COMMAND_BYTES];
    char arguments[TRACE_ARGUMENTS_BYTES]; /* each with its NUL, the first one its name; perhaps cut
                                            */
    uint32_t argument_bytes, reserved;
    struct trace_size sizes[TRACE_SIZES];
    double lifetimes[TRACE_LIFETIMES];
};

/* Of a thread; another one may take it over and go on counting. On a cache line of its own. */
struct trace_thread {
    uint64_t calls, bytes;
    int64_t remaining;              /* bytes until the next sample */
    uint64_t random;                /* the state of its sequence */
    uint64_t told;                  /* of calls, those that the sum of all threads' has */
    uint64_t stack_low, stack_high; /* the mapping that its stack was last seen in */
    uint32_t taken, busy;           /* busy: it is in the library */
};
_Static_assert(sizeof(struct trace_thread) == 64, "a cache line");

#define TRACE_THREADS_AT ((sizeof(struct trace_head) + 4095) / 4096 * 4096)
#define TRACE_RECORDS_AT (TRACE_THREADS_AT + TRACE_THREADS * sizeof(struct trace_thread))

enum trace_kind { TRACE_SITE = 1, TRACE_MODULE = 2 };

struct trace_record { /* of this begins each; bytes are a multiple of 8 */
    uint32_t kind, bytes;
};

/* The live bytes when all sites were at their peak are live_bytes as long as version is the head's,
 * else peak_bytes were at that of `version`, and live_bytes are what they still are. */
struct trace_site {
    struct trace_record record;
    uint32_t frame_count, generation;
    uint32_t version, reserved;
    struct trace_estimate begun;
    double live_calls, live_bytes, peak_bytes;
    uint64_t frames[]; /* return addresses, the caller of the allocator first */
};

/* A mapping of code, which was there from a generation to another one. */
struct trace_module {
    struct trace_record record;
    uint64_t start, end, offset; /* offset into the file */
    uint32_t from, to;
    char path[]; /* "" for code of no file */
};

/* The slot of a size, and the largest size in a slot. */
static inline uint32_t trace_size_slot(uint64_t size)
{
    if (size <= TRACE_SMALL)
        return (uint32_t)size;
    const uint32_t top = 63u - (uint32_t)__builtin_clzll(size - 1); /* from 10 on */
    return TRACE_SMALL + 1 + (top - 10) * 8 + (uint32_t)((size - 1) >> (top - 3) & 7);
}

static inline uint64_t trace_size_of_slot(uint32_t slot)
{
    if (slot <= TRACE_SMALL)
        return slot;
    const uint32_t at = slot - TRACE_SMALL - 1, top = at / 8 + 10;
    return (uint64_t)(at % 8 + 9) << (top - 3);
}

/* The slot of a number of later allocations, and the largest number in a slot. */
static inline uint32_t trace_lifetime_slot(uint64_t outlived)
{
    return outlived == 0 ? 0 : 64u - (uint32_t)__builtin_clzll(outlived);
}

static inline uint64_t trace_lifetime_of_slot(uint32_t slot)
{
    return ((uint64_t)1 << slot) - 1;
}

#endif
