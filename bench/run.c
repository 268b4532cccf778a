/* `firn run` against malloc of the C library and others: gcc's compiler proper in the mode
 * compiler, a memcached under load, a python3 script and git log in the mode runtime.
 *
 *     run [--json] [--quick] [--runs N] [FILE]
 *
 * FILE is a preprocessed C file for the compiler. Each run is a process of its own that starts the
 * program, with the allocator preloaded, and measures it; see run/works.c. */
#include "run/input.h"
#include "run/works.h"
#include "support/options.h"
#include "support/plot.h"
#include "support/versus.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { PEERS = 5, RUNS = 7, ROWS = 2 * WORKS };
enum { FIRN, GLIBC };

static const struct {
    const char *name, *preload;
} peers[PEERS] = {
    [FIRN] = {"firn", NULL},        [GLIBC] = {"glibc", NULL},      {"mimalloc", LIBRARY_MIMALLOC},
    {"jemalloc", LIBRARY_JEMALLOC}, {"tcmalloc", LIBRARY_TCMALLOC},
};

static const char *const modes[WORKS] = {"compiler", "runtime", "runtime", "runtime"};
static struct contender contenders[WORKS][PEERS];
static struct row rows[ROWS];
static size_t row_count;

static void set_up(enum work work, const char *file)
{
    static char self[4352];
    snprintf(self, sizeof self, "%s/run", bench_folder());
    for (size_t peer = 0; peer < PEERS; peer++)
        contenders[work][peer] = (struct contender){
            .name = peers[peer].name,
            .work = work_names[work],
            .words = {self, "--child", work_names[work], peer == FIRN ? modes[work] : "none", file},
            .preload = peers[peer].preload};
}

static struct row *add(enum work work, const char *what, const char *key, const char *unit,
                       double unit_size)
{
    static char texts[ROWS][64];
    char *text = texts[row_count];
    snprintf(text, sizeof texts[0], "%s, mode %s, %s", work_names[work], modes[work], what);
    rows[row_count] = row_versus("run", text, contenders[work], PEERS, key, unit, unit_size);
    return &rows[row_count++];
}

static void measure(enum work work, const char *file, unsigned runs)
{
    set_up(work, file);
    contenders_run(contenders[work], PEERS, runs);
    struct row *time = add(work, "time", "seconds", "s", 1);
    struct row *memory = add(work, "peak memory", "memory_bytes", "MB", 1e6);
    if (work == WORK_CC1) { /* no slower and no fatter than what it takes the place of */
        time->target = contender_median(&contenders[work][GLIBC], "seconds");
        memory->target = 1.01 * contender_median(&contenders[work][GLIBC], "memory_bytes") / 1e6;
    }
}

static int do_child(int count, char **words)
{
    for (int work = 0; count >= 4 && work < WORKS; work++) {
        if (strcmp(words[2], work_names[work]) == 0)
            return work_do((enum work)work, words[3], count > 4 ? words[4] : NULL);
    }
    return 2;
}

int main(int count, char **words)
{
    static const struct bench_about about = {
        .text =
            "Real programs on firn run's allocators against malloc of the C library and others.",
        .word = "[FILE.i]",
        .runs = RUNS};
    struct bench_options options;
    if (count > 1 && strcmp(words[1], "--child") == 0)
        return do_child(count, words);
    bench_options_read(&options, count, words, &about);
    for (int work = 0; work < WORKS; work++) {
        const char *file = NULL;
        if (!work_is_there((enum work)work)) {
            fprintf(stderr, "%s is not installed: see scripts/setup bench\n", work_names[work]);
            continue;
        }
        if (work == WORK_CC1 && options.word == NULL) {
            if (!input_has_source()) {
                fprintf(stderr, "cc1 has nothing to compile: run `make setup`, or give a FILE.i\n");
                continue;
            }
            input_make_source();
        }
        if (work == WORK_GIT)
            input_make_history();
        if (work == WORK_CC1)
            file = options.word != NULL ? options.word : input_path(INPUT_SOURCE);
        else if (work == WORK_GIT)
            file = input_path(INPUT_HISTORY);
        char *kept = file != NULL ? strdup(file) : NULL;
        measure((enum work)work, kept, options.runs);
        free(kept);
        rows_so_far(rows, row_count, options.json);
    }
    contenders_tell_absent(contenders[WORK_CC1], PEERS);
    return rows_report(rows, row_count, &options);
}
