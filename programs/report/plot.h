/* Plots as SVG inside a page, whose style sheet (page_style.h) has their colours for dark and
 * light. */
#ifndef REPORT_PLOT_H
#define REPORT_PLOT_H

#include <jansson.h>
#include <stdbool.h>
#include <stdio.h>

/* A row's own bar and those of its peers, with the target as a line across, and the unit of all of
 * them. */
void plot_bars(FILE *out, const json_t *row);
const char *plot_bars_unit(const json_t *row);

/* Whether all that plot_series needs is there. */
bool plot_can(const json_t *series);

/* A series of measure.h: of the kind line, stack (areas one on the other) or histogram (a point is
 * where a bin begins, and how many are in it). */
void plot_series(FILE *out, const json_t *series);

#endif
