/* The options that all benches take: --json, --quick, --runs N, --svg FILE, --help; some take
 * --full or a word as well. */
#ifndef FIRN_BENCH_OPTIONS_H
#define FIRN_BENCH_OPTIONS_H

#include <stdbool.h>

struct bench_about {
    const char *text; /* what is measured */
    const char *word; /* "[DIR]", what the word means; NULL: none is taken */
    const char *full; /* what --full measures as well; NULL: it is not taken */
    unsigned runs;    /* of each contender if not given; 0: 5 */
};

struct bench_options {
    bool json;
    bool quick;       /* fewer runs, for a look */
    bool full;        /* more rows */
    unsigned runs;    /* of each contender; 1 when quick, if not given */
    const char *word; /* NULL: not given */
    const char *svg;  /* where to draw the rows; NULL: nowhere */
};

/* Reads them; ends the process after --help and for wrong usage. */
void bench_options_read(struct bench_options *options, int count, char **words,
                        const struct bench_about *about);

#endif
