/* What a report says, before it has a form: an object, which --json prints and --from reads.
 *
 *     {"firn","machine","when","quick","seconds","met","open","unjudged","unmeasured",
 *      "systems":[{"id","name","about","met","open","unjudged","unmeasured","verdict"}],
 *      "targets":[{… of targets.json, "verdict","reason","figures":[ROW]}],
 *      "others":[ROW],
 *      "benches":[{"name","system","state","message","seconds","cut","absent":[…]}],
 *      "series":[{"bench","system","id","what","kind","x","y","log_x","log_y",
 *                 "lines":[{"name","points"}]}]}
 *
 * A ROW is one of a bench, with "bench" and "system", and with "missing", the bench's state, where
 * that did not end well and the row has no value. A target is met when at least one row of its id
 * was judged and all that were are met, open when one is not, unjudged when its rows have no target
 * (as where the peer is not installed, or with --quick) or when some are missing, as of a bench
 * that was late, and unmeasured when there is none.
 */
#ifndef REPORT_DOCUMENT_H
#define REPORT_DOCUMENT_H

#include <jansson.h>
#include <stdbool.h>

/* results are those of measure_bench. only: letters of systems, or NULL for all. */
json_t *document_make(const json_t *targets, const json_t *results, const char *only, bool quick,
                      double seconds);

/* Reads one that --json has printed. NULL after a line on stderr. */
json_t *document_read(const char *path);

#endif
