/* The table of targets, which is built in from targets.json beside this file:
 *
 *     {"systems":[{"id","name","about"}],
 *      "targets":[{"id","system","what","elsewhere","claimed","target","benches":[…],"why_not"}],
 *      "benches":[{"name","system","seconds","quick_seconds"}]}
 *
 * seconds is what a bench takes on two cores; with quick_seconds 0 it does not run with --quick,
 * as it has no target's row. why_not says why no bench measures a target. */
#ifndef REPORT_TARGETS_H
#define REPORT_TARGETS_H

#include <jansson.h>

json_t *targets_load(void);

#endif
