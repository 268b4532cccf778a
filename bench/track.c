/* `firn tune track` against heaptrack and massif: what each costs the program, and whether they
 * agree on calls, bytes, peak and where most calls come from; memcheck counts calls and bytes, too.
 *
 *     track [--json] [--quick] [--runs N] [FILE.i]
 *
 * FILE.i is a preprocessed C file for gcc's compiler proper. --quick leaves out valgrind's tools,
 * which take twenty times as long as the program. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "run/input.h"
#include "support/contender.h"
#include "support/options.h"
#include "support/plot.h"
#include "track/tools.h"

enum { RUNS = 5, ROWS_EACH = 9, TIMED = TOOL_HEAPTRACK + 1 };

#define SAME 0.01

static struct row rows[ROWS_EACH * SUBJECTS];
static char texts[ROWS_EACH * SUBJECTS][96];
static size_t row_count;

static struct row *add(enum subject subject, const char *what, double value, const char *unit)
{
    struct row *row = &rows[row_count];
    snprintf(texts[row_count], sizeof texts[0], "%s, %s", subject_names[subject], what);
    *row = (struct row){.id = "track",
                        .what = texts[row_count],
                        .value = value,
                        .unit = unit,
                        .target = ROW_NO_TARGET};
    row_count++;
    return row;
}

static void add_peer(struct row *row, const char *name, double value)
{
    unsigned at = 0;
    while (at < ROW_PEERS_MAX && row->peers[at].name != NULL)
        at++;
    if (at < ROW_PEERS_MAX && value >= 0)
        row->peers[at] = (struct row_peer){name, value};
}

static bool can_run(enum subject subject, enum tool tool, const char *file, double *ret_seconds)
{
    if (subject_run(subject, tool, file, ret_seconds))
        return true;
    fprintf(stderr, "%s, %s: it failed\n", subject_names[subject], tool_names[tool]);
    return false;
}

/* --- what it costs --- */

static bool measure_cost(enum subject subject, const char *file,
                         const struct bench_options *options)
{
    static double seconds[TIMED][CONTENDER_RUNS_MAX];
    double medians[TIMED], slow = 0;
    for (unsigned run = 0; run < options->runs; run++)
        for (int tool = 0; tool < TIMED; tool++)
            if (tool_is_there((enum tool)tool) &&
                !can_run(subject, (enum tool)tool, file, &seconds[tool][run]))
                return false;
    for (int tool = 0; tool < TIMED; tool++)
        medians[tool] = tool_is_there((enum tool)tool) ? median(seconds[tool], options->runs) : -1;
    struct row *sampled =
        add(subject, "time, sampled", medians[TOOL_SAMPLED] / medians[TOOL_NONE], "x plain");
    sampled->target = 1.3;
    add_peer(sampled, "heaptrack", medians[TOOL_HEAPTRACK] / medians[TOOL_NONE]);
    if (!options->quick && tool_is_there(TOOL_MASSIF)) {
        if (!can_run(subject, TOOL_MASSIF, file, &slow))
            return false;
        add_peer(sampled, "massif", slow / medians[TOOL_NONE]);
    }
    struct row *exact =
        add(subject, "time, --exact", medians[TOOL_EXACT] / medians[TOOL_NONE], "x plain");
    memcpy(exact->peers, sampled->peers, sizeof exact->peers);
    return true;
}

/* --- whether they agree --- */

/* Of the peer's first ones, those that have the same amount here, but for a share. */
static unsigned common(const struct top *ours, unsigned count, const struct top *theirs, double off)
{
    unsigned found = 0;
    for (unsigned i = 0; i < theirs->first; i++)
        for (unsigned j = 0; j < count; j++)
            found += strcmp(ours->names[j], theirs->names[i]) == 0 &&
                     fabs(ours->amounts[j] - theirs->amounts[i]) <= off * theirs->amounts[i];
    return found;
}

static void compare_tops(enum subject subject, const char *what, const struct top *ours,
                         const struct top *theirs)
{
    if (theirs->first == 0)
        return;
    struct row *row = add(subject, what, common(ours, ours->count, theirs, SAME), "");
    row->target = 0.9 * theirs->first;
    row->at_least = true;
    add_peer(row, "of", theirs->first);
}

static bool compare(enum subject subject, const char *file, const struct bench_options *options)
{
    static struct findings exact, sample, heaptrack, massif, memcheck;
    double seconds;
    heaptrack = massif = memcheck = (struct findings){.calls = -1, .bytes = -1, .peak = -1};
    if (tool_is_there(TOOL_HEAPTRACK) && !findings_read(TOOL_HEAPTRACK, &heaptrack))
        fprintf(stderr, "%s: heaptrack tells nothing\n", subject_names[subject]);
    if (!options->quick && tool_is_there(TOOL_MASSIF)) {
        (void)findings_read(TOOL_MASSIF, &massif);
        if (can_run(subject, TOOL_MEMCHECK, file, &seconds))
            (void)findings_read(TOOL_MEMCHECK, &memcheck);
    }
    if (!can_run(subject, TOOL_SAMPLE, file, &seconds) || !findings_read(TOOL_SAMPLE, &sample) ||
        !can_run(subject, TOOL_PROFILE, file, &seconds) || !findings_read(TOOL_PROFILE, &exact))
        return false;
    struct row *row = add(subject, "calls", exact.calls, "");
    add_peer(row, "heaptrack", heaptrack.calls);
    add_peer(row, "memcheck", memcheck.calls);
    row = add(subject, "bytes", exact.bytes / 1e6, "MB");
    add_peer(row, "memcheck", memcheck.bytes >= 0 ? memcheck.bytes / 1e6 : -1);
    row = add(subject, "peak", exact.peak / 1e6, "MB");
    add_peer(row, "sampled", sample.peak / 1e6);
    add_peer(row, "heaptrack", heaptrack.peak >= 0 ? heaptrack.peak / 1e6 : -1);
    add_peer(row, "massif", massif.peak >= 0 ? massif.peak / 1e6 : -1);
    compare_tops(subject, "callers with most calls, to 1 % as heaptrack has them", &exact.by_calls,
                 &heaptrack.by_calls);
    compare_tops(subject, "callers with most at the peak, to 1 % as heaptrack has them",
                 &exact.by_peak, &heaptrack.by_peak);
    compare_tops(subject, "callers with most at the peak, to 1 % as massif has them",
                 &exact.by_peak, &massif.by_peak);
    row = add(subject, "callers with most bytes, of the sample",
              common(&sample.by_bytes, sample.by_bytes.first, &exact.by_bytes, 1), "");
    row->target = 0.8 * exact.by_bytes.first;
    row->at_least = true;
    add_peer(row, "of", exact.by_bytes.first);
    return true;
}

int main(int count, char **words)
{
    static const struct bench_about about = {
        .text = "firn tune track against heaptrack and massif, on real programs.",
        .word = "[FILE.i]",
        .runs = RUNS};
    struct bench_options options;
    int status = 0;
    bench_options_read(&options, count, words, &about);
    for (int subject = 0; subject < SUBJECTS; subject++) {
        char *file = NULL;
        if (!subject_is_there((enum subject)subject)) {
            fprintf(stderr, "%s is not installed: see scripts/setup bench\n",
                    subject_names[subject]);
            continue;
        }
        if (subject == SUBJECT_CC1 && options.word == NULL) {
            if (!input_has_source()) {
                fprintf(stderr, "cc1 has nothing to compile: run `make setup`, or give a FILE.i\n");
                continue;
            }
            input_make_source();
        }
        if (subject == SUBJECT_CC1)
            file = strdup(options.word != NULL ? options.word : input_path(INPUT_SOURCE));
        if (subject == SUBJECT_GIT) {
            input_make_history();
            file = strdup(input_path(INPUT_HISTORY));
        }
        if (!measure_cost((enum subject)subject, file, &options) ||
            !compare((enum subject)subject, file, &options))
            status = 1;
        free(file);
        rows_so_far(rows, row_count, options.json);
    }
    return rows_report(rows, row_count, &options) != 0 ? 1 : status;
}
