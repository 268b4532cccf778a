/* A bench as a process of its own, which may fail, hang, print without end or leave servers behind.
 * It is the leader of a group that is killed when it has ended, for what reason ever. One that is
 * late gets a SIGTERM first, and some seconds to print what it has. One at a time, on the main
 * thread. */
#ifndef REPORT_CHILD_H
#define REPORT_CHILD_H

#include <stdbool.h>
#include <stdio.h>

#define CHILD_OUTPUT_MAX_BYTES (64u << 20)

enum child_end {
    CHILD_DONE,        /* with status 0 */
    CHILD_FAILED,      /* with another status */
    CHILD_KILLED,      /* by a signal */
    CHILD_LATE,        /* ended after its time */
    CHILD_ENDLESS,     /* killed because it printed too much */
    CHILD_NOT_STARTED, /* status is errno */
    CHILD_INTERRUPTED, /* killed because SIGINT or SIGTERM came */
};

struct child {
    const char *const *words; /* the program and its arguments; NULL ends it */
    const char *folder;       /* where it runs; NULL: here */
    double limit_seconds;
    void (*wait)(void *context, double seconds); /* called ten times a second; may be NULL */
    void *context;
};

struct child_result {
    enum child_end end;
    int status; /* its exit status, the signal's number, or errno */
    double seconds;
    FILE *out, *err; /* what it printed, read from the start; the caller closes them */
};

/* From now on SIGINT and SIGTERM end what runs, and no other child starts. */
void child_catch_interrupts(void);
bool child_interrupted(void);

/* Runs it to its end. False, without files, after a line on stderr when there can be none. */
bool child_run(const struct child *child, struct child_result *ret_result);

#endif
