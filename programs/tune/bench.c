/* `firn tune bench`: a scenario, on every strategy that fits.
 *
 *     scenario.c -> strategy_KIND.c, each in a child of its own -> a table, the best first
 *
 * The child tells its result over a pipe; memory is how far its resident pages grew, as the kernel
 * counts them, and time is the processor's. Best is the smallest product of both, or by one. */
#include "common/emitter.h"
#include "tune/scenario.h"
#include "tune/strategy.h"
#include "tune/tune.h"

#include <firn/firn.h>

#include <math.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#define BENCH_VERSION 1u

struct measured {
    struct strategy strategy;
    struct strategy_result result;
};

/* --- a run --- */

static void run_here(const struct scenario *scenario, const struct strategy *strategy,
                     struct strategy_result *result)
{
    firn_process_memory before, after;
    if (firn_process_memory_get(&before) != FIRN_OK)
        return;
    const uint64_t begin_ns = firn_clock_thread_ns();
    const bool done = strategy->work(scenario, strategy->parameter, result);
    result->seconds = (double)(firn_clock_thread_ns() - begin_ns) / 1e9 +
                      (double)scenario->gets * (double)scenario->work_ns / 1e9;
    if (!done || firn_process_memory_get(&after) != FIRN_OK)
        return;
    result->peak_bytes =
        after.peak_rss_bytes > before.rss_bytes ? after.peak_rss_bytes - before.rss_bytes : 0;
    result->done = true;
}

/* One that dies is one that could not. */
static struct strategy_result run_apart(const struct scenario *scenario,
                                        const struct strategy *strategy)
{
    struct strategy_result result = {.done = false, .from_hot = (double)NAN};
    int ends[2];
    fflush(NULL);
    if (pipe(ends) != 0)
        return result;
    const pid_t child = fork();
    if (child == 0) {
        run_here(scenario, strategy, &result);
        _exit(write(ends[1], &result, sizeof result) == (ssize_t)sizeof result ? 0 : 1);
    }
    close(ends[1]);
    if (read(ends[0], &result, sizeof result) != (ssize_t)sizeof result)
        result = (struct strategy_result){.done = false, .from_hot = (double)NAN};
    close(ends[0]);
    if (child > 0)
        waitpid(child, NULL, 0);
    return result;
}

/* --- the order --- */

static double badness(const struct strategy_result *result, const char *by)
{
    const double bytes = (double)result->peak_bytes + 1, seconds = result->seconds + 1e-9;
    if (!result->done)
        return (double)INFINITY;
    return strcmp(by, "memory") == 0 ? bytes : strcmp(by, "time") == 0 ? seconds : bytes * seconds;
}

static void sort(struct measured *all, unsigned count, const char *by)
{
    for (unsigned i = 1; i < count; i++) {
        const struct measured one = all[i];
        unsigned at = i;
        for (; at > 0 && badness(&all[at - 1].result, by) > badness(&one.result, by); at--)
            all[at] = all[at - 1];
        all[at] = one;
    }
}

/* --- what it prints --- */

static void print_row(struct emitter *emitter, const struct measured *one)
{
    const struct strategy_result *result = &one->result;
    emitter_row_begin(emitter);
    emitter_text(emitter, "strategy", one->strategy.name);
    emitter_flag(emitter, "done", result->done);
    emitter_bytes(emitter, "peak_bytes", result->peak_bytes);
    emitter_seconds(emitter, "cpu_seconds", result->seconds);
    emitter_real(emitter, "operation_ns",
                 result->operations > 0 ? result->seconds * 1e9 / (double)result->operations
                                        : (double)NAN);
    emitter_real(emitter, "from_hot", result->from_hot);
    emitter_text(emitter, "how", one->strategy.how);
    emitter_row_end(emitter);
}

static enum exit_status print(const struct invocation *invocation, const struct scenario *scenario,
                              const struct measured *all, unsigned count)
{
    static const struct emitter_column columns[] = {
        {"strategy", -18},    {"done", -5},    {"peak_bytes", 10}, {"cpu_seconds", 11},
        {"operation_ns", 12}, {"from_hot", 9}, {"how", -20}};
    struct emitter emitter;
    size_t name_size;
    const char *name = scenario_kind_name(scenario->kind, &name_size);
    emitter_begin(&emitter, stdout, invocation->json);
    emitter_object_begin(&emitter, NULL);
    if (invocation->json) {
        emitter_text(&emitter, "kind", "firn-tune-bench");
        emitter_number(&emitter, "version", BENCH_VERSION);
    }
    emitter_text_sized(&emitter, "scenario", name, name_size);
    emitter_number(&emitter, "count", scenario->count);
    emitter_table_begin(&emitter, "strategies", columns, sizeof columns / sizeof *columns);
    for (unsigned i = 0; i < count; i++)
        print_row(&emitter, &all[i]);
    emitter_table_end(&emitter);
    emitter_object_end(&emitter);
    return emitter_end(&emitter, all[0].result.done ? EXIT_DONE : EXIT_FAILED);
}

enum exit_status command_tune_bench(const struct invocation *invocation)
{
    static unsigned (*const find[SCENARIO_KINDS])(const struct scenario *, struct strategy *) = {
        strategies_of_objects, strategies_of_map, strategies_of_cache};
    static struct measured all[STRATEGIES_MAX];
    struct strategy strategies[STRATEGIES_MAX];
    struct scenario scenario;
    if (!scenario_read(invocation->operands[0], &scenario))
        return EXIT_FAILED;
    const unsigned count = find[scenario.kind](&scenario, strategies);
    for (unsigned i = 0; i < count; i++)
        all[i] = (struct measured){strategies[i], run_apart(&scenario, &strategies[i])};
    sort(all, count, option_text(invocation, "by"));
    return print(invocation, &scenario, all, count);
}
