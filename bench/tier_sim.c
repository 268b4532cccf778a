/* What policies of replacement would miss: firn_policy, which is S3-FIFO, against that of its
 * paper, LRU, CLOCK, SIEVE, ARC and W-TinyLFU, and the optimum as the floor of all.
 *
 *     tier_sim [--json] [--quick] [--svg FILE] [DIR]
 *
 * DIR holds traces that scripts/traces has taken from programs at work; build/traces when it is not
 * given, and none when that is not there. All values count as of one size, and a cache holds 1, 5
 * or 20 % of the keys of its trace. The same traces give the same figures: no run is noise. */
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "support/measure.h"
#include "support/options.h"
#include "support/plot.h"
#include "tier_sim/policy.h"

enum { TRACES_MAX = 24, GETS = 4000000, GETS_QUICK = 500000, CAPACITY_MIN = 3 };

static const double shares[] = {0.01, 0.05, 0.2};
enum { SHARES = sizeof shares / sizeof shares[0] };

static const struct policy *const others[] = {&policy_s3fifo, &policy_lru, &policy_clock,
                                              &policy_sieve,  &policy_arc, &policy_tinylfu,
                                              &policy_optimum};

static struct row rows[(TRACES_MAX + TRACES_MADE) * SHARES];
static size_t row_count;

double policy_miss_ratio(const struct policy *policy, const struct trace *trace, uint32_t capacity)
{
    void *state = policy->create(trace, capacity);
    uint32_t misses = 0;
    for (uint32_t i = 0; i < trace->count; i++)
        misses += !policy->get(state, trace->keys[i]);
    policy->destroy(state);
    return (double)misses / trace->count;
}

static void add_row(const struct trace *trace, double share)
{
    static char texts[sizeof rows / sizeof rows[0]][128];
    uint32_t capacity = (uint32_t)(share * trace->key_count);
    if (capacity < CAPACITY_MIN)
        return;
    struct row row = {.id = "sim",
                      .what = texts[row_count],
                      .value = policy_miss_ratio(&policy_firn, trace, capacity),
                      .unit = "missed",
                      .target = ROW_NO_TARGET};
    snprintf(texts[row_count], sizeof texts[0], "%s, %.0f %% of %u keys", trace->name, share * 100,
             trace->key_count);
    for (size_t i = 0; i < sizeof others / sizeof others[0]; i++)
        row.peers[i] =
            (struct row_peer){others[i]->name, policy_miss_ratio(others[i], trace, capacity)};
    rows[row_count++] = row;
}

static void measure(struct trace *trace)
{
    const bool terminal = isatty(STDERR_FILENO);
    for (size_t i = 0; i < SHARES; i++) {
        if (terminal)
            fprintf(stderr, "\r\033[K%s, %.0f %%", trace->name, shares[i] * 100);
        add_row(trace, shares[i]);
    }
    if (terminal)
        fprintf(stderr, "\r\033[K");
    trace_fini(trace);
}

static int compare_names(const void *left, const void *right)
{
    return strcmp(*(char *const *)left, *(char *const *)right);
}

/* False when a file there is no trace. */
static bool measure_folder(const char *path)
{
    char *names[TRACES_MAX];
    size_t count = 0;
    DIR *folder = opendir(path);
    if (folder == NULL) {
        fprintf(stderr, "%s: no traces of programs; scripts/traces takes them\n", path);
        return false;
    }
    for (struct dirent *entry; count < TRACES_MAX && (entry = readdir(folder)) != NULL;)
        if (strstr(entry->d_name, ".trace") != NULL &&
            asprintf(&names[count], "%s/%s", path, entry->d_name) >= 0)
            count++;
    closedir(folder);
    qsort(names, count, sizeof names[0], compare_names);
    bool is_well = true;
    for (size_t i = 0; i < count; i++) {
        struct trace trace;
        is_well = is_well && trace_read(&trace, names[i]);
        if (is_well)
            measure(&trace);
        free(names[i]);
    }
    return is_well;
}

int main(int count, char **words)
{
    static const struct bench_about about = {
        .text = "Miss ratios of policies of replacement on traces, those of DIR among them.",
        .word = "[DIR]"};
    struct bench_options options;
    bench_options_read(&options, count, words, &about);
    for (unsigned i = 0; i < TRACES_MADE; i++) {
        struct trace trace;
        trace_make(&trace, i, options.quick ? GETS_QUICK : GETS);
        measure(&trace);
    }
    bool is_well = measure_folder(options.word != NULL ? options.word : "build/traces");
    if (!is_well && options.word != NULL)
        return 1;
    return rows_report(rows, row_count, &options);
}
