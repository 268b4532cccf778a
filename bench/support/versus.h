/* Rows drawn from contenders, and programs below peers/. */
#ifndef FIRN_BENCH_VERSUS_H
#define FIRN_BENCH_VERSUS_H

#include "support/contender.h"
#include "support/rows.h"

/* A row whose value is a figure of the first contender, in units of `unit_size`, and whose peers
 * are the others that have this figure. It has no target yet. */
struct row row_versus(const char *id, const char *what, const struct contender *contenders,
                      size_t count, const char *key, const char *unit, double unit_size);

/* The command of a program that was built below peers/, beside this one; kept for good. */
const char *peer_program(const char *name);

/* Says on stderr which contenders are not installed. */
void contenders_tell_absent(const struct contender *contenders, size_t count);

#endif
