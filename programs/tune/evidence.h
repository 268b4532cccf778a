/* What `firn tune recommend` reads besides pages of servers, and the advice that follows from it.
 */
#ifndef TUNE_EVIDENCE_H
#define TUNE_EVIDENCE_H

#include "common/emitter.h"

#include <jansson.h>

#define ADVICE_MAX 64u
#define LOOKS_MAX 64u

struct advice {
    char setting[64];  /* what is set, and to what: "mode runtime" */
    char paste[2048];  /* as it is typed or written; "": nothing is to be done */
    double now_bytes;  /* what is taken without it; NAN when it is not known */
    double then_bytes; /* and with it */
    double time_share; /* of the time, that it costs (saves when negative); NAN when not known */
    char because[256]; /* a line */
};

/* A look at a process's memory. */
struct look {
    double process; /* its number; looks at the same one are read together */
    double seconds, untouched, own_bytes, packed_bytes;
};

struct advices {
    struct advice list[ADVICE_MAX];
    unsigned count;
    struct look looks[LOOKS_MAX];
    unsigned look_count;
};

#define ADVICE_WORTH 0.05 /* of what is taken: less is no advice */

/* Whether it is evidence of a kind that is known here: a profile of `firn tune track`, a document
 * of `firn tune memory` or `firn tune bench`. */
bool evidence_is(const json_t *root);

/* Adds what it says. False after a line on stderr that names the place in it. */
bool evidence_read(const char *path, const json_t *root, struct advices *advices);

/* Adds what follows from all of it together, when all was read. */
void evidence_conclude(struct advices *advices);

/* One more, of which nothing is known yet; what is more than ADVICE_MAX is forgotten. */
struct advice *advice_add(struct advices *advices);

void advices_print(struct emitter *emitter, const struct advices *advices);

/* For the files of evidence: false after a line on stderr. */
bool evidence_refuse(const char *path, const char *where, const char *why);
bool evidence_number(const char *path, const json_t *object, const char *key, double *ret_number);

/* As a whole number; products of what was read may be larger than any. */
static inline uint64_t evidence_whole(double value)
{
    return value >= 1e18 ? (uint64_t)1e18 : value >= 0.5 ? (uint64_t)(value + 0.5) : 0;
}

/* Profiles: evidence_profile.c; looks at memory: evidence_memory.c. */
bool evidence_profile(const char *path, const json_t *root, struct advices *advices);
bool evidence_memory(const char *path, const json_t *root, struct advices *advices);

#endif
