/* A small benchmark: see <firn/tune.h>. Called by users. A first run of each finds out how many
 * calls fill a run; then all take turns, and each has the median of its runs, so that what disturbs
 * the machine for a while disturbs all alike. Memory: a number a run. */
#include "core/system.h"

#include <firn/tune.h>

#include <stdlib.h>

#define RUNS 7u
#define RUN_NS 1000000u
#define REPEATS_MAX ((uint64_t)1 << 40)

static uint64_t clock_ns(const firn_measure_options *options)
{
    return options->wall_clock != 0 ? firn_clock_ns() : firn_clock_thread_ns();
}

static uint64_t run(const firn_measure_subject *subject, uint64_t repeats,
                    const firn_measure_options *options)
{
    const firn_allocator *allocator =
        subject->allocator != NULL ? subject->allocator : firn_allocator_system();
    const uint64_t begin = clock_ns(options);
    for (uint64_t i = 0; i < repeats; i++)
        subject->function(subject->context, allocator);
    return clock_ns(options) - begin;
}

static uint64_t find_repeats(const firn_measure_subject *subject,
                             const firn_measure_options *options)
{
    uint64_t repeats = 1;
    while (run(subject, repeats, options) < options->run_ns && repeats < REPEATS_MAX)
        repeats *= 2;
    return repeats;
}

static int compare(const void *a, const void *b)
{
    const double left = *(const double *)a, right = *(const double *)b;
    return (left > right) - (left < right);
}

static void conclude(double *values, uint32_t runs, firn_measure_result *result)
{
    qsort(values, runs, sizeof *values, compare);
    result->least_ns = values[0];
    result->most_ns = values[runs - 1];
    result->median_ns = (values[(runs - 1) / 2] + values[runs / 2]) / 2;
}

static bool are_valid(const firn_measure_subject *subjects, size_t count,
                      const firn_measure_options *options, const firn_measure_result *results)
{
    if (subjects == NULL || count == 0 || results == NULL || options->wall_clock > 1 ||
        options->runs > FIRN_MEASURE_RUNS_MAX || options->run_ns > (uint64_t)1 << 40 ||
        (options->reserved[0] | options->reserved[1] | options->reserved[2] |
         options->reserved[3]) != 0)
        return false;
    for (size_t i = 0; i < count; i++)
        if (subjects[i].function == NULL)
            return false;
    return true;
}

firn_status firn_measure(const firn_measure_subject *subjects, size_t count,
                         const firn_measure_options *options, firn_measure_result *results)
{
    firn_measure_options given = options != NULL ? *options : (firn_measure_options){0};
    if (!are_valid(subjects, count, &given, results))
        return FIRN_INVALID;
    given.runs = given.runs != 0 ? given.runs : RUNS;
    given.run_ns = given.run_ns != 0 ? given.run_ns : RUN_NS;
    if (count > SIZE_MAX / sizeof(double) / FIRN_MEASURE_RUNS_MAX)
        return FIRN_NO_MEMORY;
    const size_t bytes = count * given.runs * sizeof(double);
    double *values = firn_allocate(NULL, bytes);
    if (values == NULL)
        return FIRN_NO_MEMORY;
    for (size_t i = 0; i < count; i++)
        results[i].repeats = find_repeats(&subjects[i], &given);
    for (uint32_t turn = 0; turn < given.runs; turn++)
        for (size_t i = 0; i < count; i++)
            values[i * given.runs + turn] =
                (double)run(&subjects[i], results[i].repeats, &given) / (double)results[i].repeats;
    for (size_t i = 0; i < count; i++)
        conclude(values + i * given.runs, given.runs, &results[i]);
    firn_release(NULL, values, bytes);
    return FIRN_OK;
}
