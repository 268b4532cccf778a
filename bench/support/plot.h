/* Rows as bars, each with its peers, in one SVG file without scripts or anything from elsewhere. */
#ifndef FIRN_BENCH_PLOT_H
#define FIRN_BENCH_PLOT_H

#include "support/options.h"
#include "support/rows.h"

/* Draws the rows. False after a line on stderr when the file cannot be written. */
bool rows_plot(const struct row *rows, size_t count, const char *path);

/* Prints the rows as the options say, and draws them; returns the exit status for main. */
int rows_report(const struct row *rows, size_t count, const struct bench_options *options);

#endif
