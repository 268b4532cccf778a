/* Contenders: programs that do the same work and print figures, a line each: `key value`. Each run
 * is a process of its own, and the contenders take turns, so that all see the same machine.
 *
 * Besides what it prints, a run has the figure `peak_rss_bytes`, as the kernel counted it. A
 * contender that cannot be started, exits with CONTENDER_ABSENT or needs what is not there is not
 * installed. One that fails is named on stderr and has no figures, and the others go on. After a
 * SIGTERM what has been measured counts, and nothing more runs. */
#ifndef FIRN_BENCH_CONTENDER_H
#define FIRN_BENCH_CONTENDER_H

#include <stdbool.h>
#include <stddef.h>

#define CONTENDER_ABSENT 77
#define CONTENDER_RUNS_MAX 51u
#define CONTENDER_FIGURES_MAX 48u
#define CONTENDER_WORDS_MAX 8u
#define CONTENDER_POINTS_MAX 4u

/* Libraries to preload. */
#define LIBRARY_MIMALLOC "libmimalloc.so.2"
#define LIBRARY_JEMALLOC "libjemalloc.so.2"
#define LIBRARY_TCMALLOC "libtcmalloc_minimal.so.4"

struct contender_figure {
    char key[32];
    double runs[CONTENDER_RUNS_MAX];
    unsigned count;
};

/* What a run printed as `point KEY X Y`, of the first run. */
struct contender_points {
    char key[32];
    double (*points)[2];
    size_t count;
};

struct contender {
    const char *name;
    const char *work;                       /* what it does, for messages */
    const char *words[CONTENDER_WORDS_MAX]; /* the command; NULL ends it */
    const char *preload;                    /* LD_PRELOAD; NULL: none */
    const char *needs;                      /* a file without which it is absent; NULL: none */
    bool absent;
    bool failed;
    bool left_out; /* not run, and no word about it: with --quick */
    struct contender_figure figures[CONTENDER_FIGURES_MAX];
    struct contender_points points[CONTENDER_POINTS_MAX];
};

/* Runs each so often, by turns. A figure that must be the same in all runs of all (`checksum`) is
 * checked. Prints progress on stderr when that is a terminal. */
void contenders_run(struct contender *contenders, size_t count, unsigned runs);

/* Whether a contender has failed, or SIGTERM came: some rows may be without what they need. */
bool contenders_fell_short(void);
/* Whether SIGTERM came: what takes long should not begin. */
bool contenders_stopped(void);

/* The median of a figure, and its range; NAN when the contender is absent, has failed or has no
 * such one. */
double contender_median(const struct contender *contender, const char *key);
double contender_least(const struct contender *contender, const char *key);
double contender_most(const struct contender *contender, const char *key);

/* The points of a key; count is 0 when there are none. */
const struct contender_points *contender_points(const struct contender *contender, const char *key);

/* The folder of this program, for those beside it. */
const char *bench_folder(void);

/* Sorts the values. */
double median(double *values, size_t count);

#endif
