/* What a bench prints: a table, or with --json the rows of the targets by their ids:
 *
 *     {"machine":…,"rows":[{"id","what","value","unit","target","met","least","most",
 *                           "peers":[{"name","value"}]}]}
 *
 * A value is a median and comes with its range where it is one of runs. "target" and "met" are null
 * where there is no target, as when the peer that it is drawn from is not installed. */
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

/* Prints the rows; returns the exit status for main. */
int rows_print(const struct row *rows, size_t count, bool json);

#endif
