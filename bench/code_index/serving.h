/* What a server of a store takes. */
#ifndef FIRN_BENCH_CODE_SERVING_H
#define FIRN_BENCH_CODE_SERVING_H

#include <stdbool.h>

/* The PSS of `firn code serve` in bytes, after it was asked for each of the names in a file, a line
 * each: where they are defined and where they occur. */
double serving_pss(const char *store, const char *names, bool is_resident);

#endif
