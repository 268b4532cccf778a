/* One bench, run and read: an object
 *
 *     {"name","system","state","message","seconds","cut","absent":[…],"rows":[…],"series":[…]}
 *
 * state is done, failed, late, unreadable, missing or interrupted, and message says more in all but
 * the first. rows and series are as the bench printed them, but for rows that are none; those that
 * it printed before it failed or was late are there, too, and cut says that more were to come.
 * absent names what it would have compared with, had that been installed. */
#ifndef REPORT_MEASURE_H
#define REPORT_MEASURE_H

#include "report/child.h"

#include <jansson.h>

struct measure {
    const json_t *bench; /* of the targets' table */
    const char *benches; /* the folder that it lies in */
    const char *folder;  /* where it runs; NULL: here */
    bool quick;
    double limit_seconds;
    void (*wait)(void *context, double seconds);
    void *context;
};

/* Never NULL. */
json_t *measure_bench(const struct measure *measure);

#endif
