/* What `firn tune recommend` reads besides pages of servers, and the advice that follows from it.
 */
#ifndef TUNE_EVIDENCE_H
#define TUNE_EVIDENCE_H

#include "common/emitter.h"

#include <jansson.h>

#define ADVICE_MAX 64u

struct advice {
    char setting[64];  /* what is set, and to what: "firn run --mode runtime" */
    char paste[192];   /* as it is typed or written */
    double now_bytes;  /* what is taken without it; NAN when it is not known */
    double then_bytes; /* and with it */
    double time_share; /* of the time, that it costs (saves when negative); NAN when not known */
    char because[256]; /* a line */
};

struct advices {
    struct advice list[ADVICE_MAX];
    unsigned count;
};

/* Whether it is evidence of a kind that is known here: a profile of `firn tune track`, a document
 * of `firn tune memory` or `firn tune bench`. */
bool evidence_is(const json_t *root);

/* Adds what it says. False after a line on stderr that names the place in it. */
bool evidence_read(const char *path, const json_t *root, struct advices *advices);

void advices_print(struct emitter *emitter, const struct advices *advices);

#endif
