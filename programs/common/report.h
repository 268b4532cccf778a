/* What goes to stderr about a failure: one line, `firn: file: cause; way out`. Control characters
 * in names are written as escapes, so that a line stays a line and a terminal stays safe. Finish a
 * progress line before. Thread-safe. */
#ifndef FIRN_PROGRAMS_REPORT_H
#define FIRN_PROGRAMS_REPORT_H

#include <firn/firn.h>

#include <stdio.h>

/* What the program returns to its caller. */
enum exit_status {
    EXIT_DONE = 0,
    EXIT_FAILED = 1, /* the work failed, or nothing was found */
    EXIT_USAGE = 2,
};

/* Prints one line, `firn: ` before it; cut after 2,000 bytes. */
FIRN_PRINTF(1, 2) void report(const char *format, ...);

/* The same for wrong usage; returns EXIT_USAGE. */
FIRN_PRINTF(1, 2) enum exit_status report_usage(const char *format, ...);

/* Reports a library call's failure: error's text, or the status' sentence where it has none.
 * Returns EXIT_FAILED. */
enum exit_status report_error(const firn_error *error);

/* Writes text with its control characters as \n, \t, \r, \xHH and the backslash as \\; bytes from
 * 0x80 on stay. The same bytes come back by undoing that. */
void print_escaped(FILE *out, const char *text, size_t size);

#endif
