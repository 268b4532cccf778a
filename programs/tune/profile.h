/* The profile of one process: what libfirn-track noted, its frames named and equal stacks merged.
 * docs/formats/profile.md says what each figure is. */
#ifndef TUNE_PROFILE_H
#define TUNE_PROFILE_H

#include "tune/symbols.h"
#include "tune/trace.h"

#include <firn/firn.h>

struct profile_site {
    uint32_t first, count; /* of its frames, in profile.frames */
    double calls, bytes, peak_bytes, leaked_bytes, leaked_calls;
    double malloc_bytes, arena_bytes; /* as those round each block */
    double calls_variance, bytes_variance;
};

struct profile {
    char command[TRACE_COMMAND_BYTES];
    char arguments[TRACE_ARGUMENTS_BYTES]; /* as in trace.h */
    uint32_t argument_bytes;
    uint32_t pid, threads;
    uint64_t begin_ns, end_ns, cpu_ns;
    uint64_t interval_bytes; /* 0: exact */
    uint64_t samples, lost;
    uint64_t calls, bytes;
    double peak_bytes, kept_peak_bytes, leaked_bytes, leaked_calls;
    uint64_t slab_peak_bytes, malloc_peak_bytes;
    struct profile_names {
        uint64_t all, named, placed;      /* frames; those that have names, and lines */
    } names_all, names_own;               /* in all files, and in the program's own */
    struct trace_size sizes[TRACE_SIZES]; /* what lived at the peak in peak_calls, peak_bytes */
    double lifetimes[TRACE_LIFETIMES];
    struct profile_site *sites; /* the most bytes first */
    uint32_t site_count;
    size_t site_capacity;
    uint32_t *frames; /* ids of names */
    size_t frame_count, frame_capacity;
    firn_intern *names; /* of frames, as the format has them */
};

/* Reads a file of libfirn-track. False after one line on stderr; an unusable or empty one is told
 * by *ret_empty and no line. */
bool profile_read(struct profile *profile, const char *path, struct symbols *symbols,
                  bool *ret_empty);
void profile_release(struct profile *profile);

/* The sites by their innermost frames alone, `depth` of them: a block that the caller releases,
 * with profile_group_bytes. NULL: no memory. */
struct profile_site *profile_group(const struct profile *profile, uint32_t depth,
                                   uint32_t *ret_count);
static inline size_t profile_group_bytes(const struct profile *profile)
{
    return (profile->site_count + 1) * sizeof *profile->sites;
}

/* The text of a frame; not NUL-terminated. */
static inline const char *profile_frame(const struct profile *profile, uint32_t id,
                                        size_t *ret_size)
{
    return (const char *)firn_intern_get(profile->names, id, ret_size);
}

#endif
