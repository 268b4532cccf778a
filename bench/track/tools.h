/* The programs that bench/track looks at, and the tools that look at them. */
#ifndef FIRN_BENCH_TRACK_TOOLS_H
#define FIRN_BENCH_TRACK_TOOLS_H

#include <stdbool.h>

enum subject { SUBJECT_CC1, SUBJECT_PYTHON, SUBJECT_SQLITE, SUBJECT_GIT, SUBJECT_REDIS, SUBJECTS };
enum tool {
    TOOL_NONE,
    TOOL_SAMPLED,   /* libfirn-track alone */
    TOOL_EXACT,     /* the same, every allocation */
    TOOL_HEAPTRACK, /* its library alone */
    TOOL_MASSIF,
    TOOL_MEMCHECK,
    TOOL_PROFILE, /* firn tune track --exact, all of it */
    TOOL_SAMPLE,  /* firn tune track */
    TOOLS
};

extern const char *const subject_names[SUBJECTS];
extern const char *const tool_names[TOOLS];

bool subject_is_there(enum subject subject);
bool tool_is_there(enum tool tool);

/* A folder for what the tools write; made once, removed at the end. */
const char *scratch(void);

/* Runs a program below a tool, its output going nowhere, and gives the processor time that it took,
 * without what the tool does afterwards. file: its input, where it needs one. False when it failed.
 */
bool subject_run(enum subject subject, enum tool tool, const char *file, double *ret_seconds);

/* What a tool said of the last run below it. */
#define TOP 10
#define TOP_KEPT 1000
struct top { /* functions that call the allocator, the most first */
    char names[TOP_KEPT][256];
    double amounts[TOP_KEPT];
    unsigned count, first; /* first: up to ten, those with 1 % and more */
};
struct findings {
    double calls, bytes, peak; /* negative: not told */
    struct top by_calls, by_bytes, by_peak;
};
bool findings_read(enum tool tool, struct findings *ret_findings);

#endif
