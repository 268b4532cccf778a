/* How the cost of a line goes with the number of lines. */
#ifndef FIRN_BENCH_CODE_SCALING_H
#define FIRN_BENCH_CODE_SCALING_H

#include "support/options.h"

/* Lays out 0.1, 1, 3 and 10 M lines of the tree that the options' word names (its files in the
 * order of the md5 of their paths), as far as it goes, indexes them by turns, and prints a row for
 * each figure: the largest tree's, with the others as peers. Returns the exit status for main. */
int scaling_run(const struct bench_options *options);

/* Adds the series of bytes a line at up to 0.3 M lines of the tree root, which are indexed once
 * each, and at all of its lines, of which it is given what they take. */
void scaling_add_series(const char *root, double all_lines, double all_tree_bytes,
                        double all_store_bytes);

#endif
