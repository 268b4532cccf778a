/* The options that all benches take: --json, --quick, --runs N, --help. */
#ifndef FIRN_BENCH_OPTIONS_H
#define FIRN_BENCH_OPTIONS_H

#include <stdbool.h>

struct bench_options {
    bool json;
    bool quick;    /* fewer runs, for a look */
    unsigned runs; /* of each contender; 5, or 1 when quick, if not given */
};

/* Reads them; ends the process after --help (`about` says what the bench measures) and for wrong
 * usage. */
void bench_options_read(struct bench_options *options, int count, char **words, const char *about);

#endif
