/* What a bench prints: a table, or with --json the rows of the targets by their ids:
 *
 *     {"machine":…,"rows":[{"id","what","value","unit","target","met","least","most",
 *                           "peers":[{"name","value"}]}],
 *      "series":[{"id","what","kind","x","y","log_x","log_y","lines":[{"name","points":[[x,y]]}]}]}
 *
 * A series is what a plot is drawn from; its kind is line, stack (areas one on the other) or
 * histogram (a point is where a bin begins, and how many are in it).
 * A value is a median and comes with its range where it is one of runs. "target" and "met" are null
 * where there is no target, as when the peer that it is drawn from is not installed.
 *
 * A long bench prints rows as it has them, so that those are not lost that were measured before it
 * fails or is ended. */
#ifndef FIRN_BENCH_ROWS_H
#define FIRN_BENCH_ROWS_H

#include <math.h>
#include <stdbool.h>
#include <stddef.h>

#define ROW_PEERS_MAX 8u
#define ROW_NO_TARGET ((double)NAN)

struct row_peer {
    const char *name; /* NULL ends the list */
    double value;
};

struct row {
    const char *id;
    const char *what;
    double value;
    const char *unit;
    double target;
    bool at_least; /* the target is a floor, not a ceiling */
    struct row_peer peers[ROW_PEERS_MAX];
    double least, most; /* of the runs; both 0: not known */
};

#define SERIES_LINES_MAX 8u

struct series_line {
    const char *name; /* NULL ends the list */
    const double (*points)[2];
    size_t count; /* a line without points is left out */
};

struct series {
    const char *id, *what, *kind, *x, *y; /* what the axes count */
    bool log_x, log_y;
    struct series_line lines[SERIES_LINES_MAX];
};

/* Has it printed after the rows, when its lines have points; those must stay. */
void series_add(const struct series *series);

/* Prints those of the rows that are not yet printed, which must not change any more. The same rows
 * come again, with more behind them, until rows_print. */
void rows_so_far(const struct row *rows, size_t count, bool json);

/* Prints the rest of the rows; returns the exit status for main. */
int rows_print(const struct row *rows, size_t count, bool json);

#endif
