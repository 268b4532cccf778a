/* `firn report`: finds the benches, runs one after the other, and writes what came of it.
 *
 *     targets.json -> measure.c, a bench a time -> document.c -> page.c, stdout
 *
 * Benches lie beside the program where it was built; they are not installed, as they measure what
 * lies below the folder of the sources, in which they run when there is one. */
#include "report/command.h"

#include "common/emitter.h"
#include "common/readable.h"
#include "report/document.h"
#include "report/measure.h"
#include "report/page.h"
#include "report/targets.h"
#include "report/values.h"

#include <ctype.h>
#include <errno.h>
#include <limits.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define SOURCES_HAVE "scripts/corpus"
#define SYSTEMS_MAX 16u
#define PLAN_MAX 64u

static const struct option options[] = {
    {.name = "output",
     .letter = 'o',
     .kind = OPTION_TEXT,
     .argument = "FILE",
     .fallback = "report.html",
     .help = "where to write the page"},
    {.name = "only",
     .kind = OPTION_TEXT,
     .argument = "SYSTEMS",
     .help = "C code, T tabs, X contexts, M maps, S tiers, H http: \"C,M\""},
    {.name = "quick", .kind = OPTION_FLAG, .help = "fewer runs of smaller works, for a look"},
    {.name = "bench",
     .kind = OPTION_TEXT,
     .argument = "DIR",
     .help = "where the benches are (default: beside firn)"},
    {.name = "limit",
     .kind = OPTION_NUMBER,
     .argument = "SECONDS",
     .help = "longest that a bench may run (default: 5 times as usual)"},
    {.name = "from",
     .kind = OPTION_TEXT,
     .argument = "FILE",
     .help = "make the page from what --json printed; run nothing"},
    {.name = NULL}};

static enum exit_status command_report(const struct invocation *invocation);

static const struct command commands[] = {
    {.name = NULL,
     .usage = "",
     .summary = "Measure every target on this machine",
     .description =
         "Runs the benches that were built with it, whose peers take turns with Firn, and writes\n"
         "one page of HTML that needs nothing else: the machine, a verdict for each system, every\n"
         "target with its figures, and plots. What is not installed is named and left out; a "
         "bench\n"
         "that fails, is late or prints rubbish keeps the rows that it came to and says so, and "
         "the\n"
         "others go on. With --json stdout has the same as a document, which --from reads. `make\n"
         "bench` installs the peers.\n"
         "Exit status: 1 when a bench did not end well, or the page cannot be written.",
     .examples = {{"firn report --quick", "a first look, in less than three minutes"},
                  {"firn report -o maps.html --only M", "one system"},
                  {"firn report --json >report.json", "everything, as a document too"}},
     .options = options,
     .operands_max = 0,
     .run = command_report},
};

const struct command_group report_group = {.name = "report",
                                           .summary = "Measure every target on this machine",
                                           .commands = commands,
                                           .command_count = 1};

/* --- where things are --- */

/* Fills in an absolute path. False: there is none. */
static bool find_benches(const char *given, char benches[PATH_MAX])
{
    char program[PATH_MAX], path[2 * PATH_MAX];
    if (given != NULL)
        return realpath(given, benches) != NULL;
    ssize_t size = readlink("/proc/self/exe", program, sizeof program - 1);
    program[size > 0 ? size : 0] = '\0';
    char *slash = strrchr(program, '/');
    if (slash == NULL)
        return false;
    slash[1] = '\0';
    snprintf(path, sizeof path, "%sbench", program);
    return realpath(path, benches) != NULL;
}

/* Where benches run: NULL is here. */
static const char *find_sources(const char *benches, char folder[2 * PATH_MAX])
{
    char path[2 * PATH_MAX];
    if (access(SOURCES_HAVE, R_OK) == 0)
        return NULL;
    snprintf(path, sizeof path, "%s/../../../" SOURCES_HAVE, benches);
    snprintf(folder, 2 * PATH_MAX, "%s/../../..", benches);
    return access(path, R_OK) == 0 ? folder : NULL;
}

/* --- the line that tells how far it is --- */

struct line {
    const char *name;
    size_t at, count;
    double usual, before, after; /* seconds of this bench, those before it and those behind it */
    double took;                 /* by those before it */
    bool shown;
};

/* At the pace so far, which is that of the machine: the table has seconds of one. */
static double seconds_left(const struct line *line, double seconds)
{
    const double usual = line->before + line->usual, took = line->took + seconds;
    double pace = line->before > 0 ? line->took / line->before : 1;
    if (took > pace * usual)
        pace = took / usual;
    return fmax(pace * (usual + line->after) - took, 1);
}

static void draw(void *context, double seconds)
{
    const struct line *line = context;
    char took[READABLE_BYTES], left[READABLE_BYTES];
    if (!line->shown)
        return;
    fprintf(stderr, "\r\033[K%zu of %zu: %.24s, %s; %s left", line->at + 1, line->count, line->name,
            readable_seconds(seconds < 0.1 ? 0.1 : seconds, took),
            readable_seconds(seconds_left(line, seconds), left));
    fflush(stderr);
}

/* --- running --- */

struct plan {
    const json_t *benches[PLAN_MAX]; /* of the table, those that are wanted */
    size_t count;
    const char *usual; /* the key of how long they take */
};

static void make_plan(struct plan *plan, const json_t *targets, const char *only, bool quick)
{
    const json_t *bench;
    size_t i;
    *plan = (struct plan){.usual = quick ? "quick_seconds" : "seconds"};
    json_array_foreach(json_object_get(targets, "benches"), i, bench)
    {
        const char *system = value_get_text(bench, "system");
        const bool at_all = value_get_number(bench, plan->usual) > 0;
        if (at_all && (only == NULL || strchr(only, system[0]) != NULL) && plan->count < PLAN_MAX)
            plan->benches[plan->count++] = bench;
    }
}

static double seconds_from(const struct plan *plan, size_t from)
{
    double sum = 0;
    for (size_t i = from; i < plan->count; i++)
        sum += value_get_number(plan->benches[i], plan->usual);
    return sum;
}

static json_t *measure_all(const struct plan *plan, struct measure *measure, uint64_t limit,
                           bool shown)
{
    json_t *results = value_need(json_array());
    const uint64_t begin_ns = firn_clock_ns();
    for (size_t i = 0; i < plan->count; i++) {
        const double usual = value_get_number(plan->benches[i], plan->usual);
        struct line line = {.name = value_get_text(plan->benches[i], "name"),
                            .at = i,
                            .count = plan->count,
                            .usual = usual,
                            .before = seconds_from(plan, 0) - seconds_from(plan, i),
                            .after = seconds_from(plan, i + 1),
                            .took = (double)(firn_clock_ns() - begin_ns) / 1e9,
                            .shown = shown};
        measure->bench = plan->benches[i];
        measure->limit_seconds = limit > 0 ? (double)limit : 60 + 5 * usual;
        measure->wait = draw;
        measure->context = &line;
        value_add(results, measure_bench(measure));
    }
    if (shown)
        fputs("\r\033[K", stderr);
    return results;
}

/* --- what it was asked for --- */

/* The letters of the systems; NULL with a line on stderr when one is none. "" when none was given:
 * all. */
static const char *read_only(const struct invocation *invocation, const json_t *targets,
                             char letters[SYSTEMS_MAX])
{
    const char *text = option_text(invocation, "only");
    size_t count = 0;
    letters[0] = '\0';
    for (; text != NULL && *text != '\0'; text++) {
        const char id[2] = {(char)toupper((unsigned char)*text), '\0'};
        if (*text == ',')
            continue;
        if (value_find(json_object_get(targets, "systems"), "id", id) == NULL ||
            count + 1 == SYSTEMS_MAX) {
            report_usage("--only: %s: %s is none of C, T, X, M, S and H",
                         option_text(invocation, "only"), id);
            return NULL;
        }
        letters[count++] = id[0];
        letters[count] = '\0';
    }
    return letters;
}

static void print_plain(const json_t *document, const char *path)
{
    const json_t *each;
    size_t i;
    struct emitter emitter;
    emitter_begin(&emitter, stdout, false);
    emitter_plain(&emitter, "%s\n", value_get_text(document, "machine"));
    json_array_foreach(json_object_get(document, "systems"), i, each) emitter_plain(
        &emitter, "%-10s%s\n", value_get_text(each, "name"), value_get_text(each, "verdict"));
    json_array_foreach(json_object_get(document, "benches"), i, each)
    {
        if (strcmp(value_get_text(each, "state"), "done") != 0)
            emitter_plain(&emitter, "bench %s %s: %s\n", value_get_text(each, "name"),
                          value_get_text(each, "state"), value_get_text(each, "message"));
    }
    emitter_plain(&emitter, "%s\n", path);
}

static enum exit_status print(const struct invocation *invocation, const json_t *document,
                              const char *path)
{
    struct emitter emitter;
    enum exit_status status = EXIT_DONE;
    const json_t *bench;
    size_t i;
    json_array_foreach(json_object_get(document, "benches"), i, bench)
    {
        const char *state = value_get_text(bench, "state");
        if (strcmp(state, "done") != 0 && strcmp(state, "missing") != 0)
            status = EXIT_FAILED;
    }
    if (!page_write(document, path))
        status = EXIT_FAILED;
    if (!invocation->json) {
        print_plain(document, path);
    } else {
        json_dumpf(document, stdout, JSON_INDENT(1) | JSON_REAL_PRECISION(10));
        putchar('\n');
    }
    emitter_begin(&emitter, stdout, false); /* which sees whether all could be written */
    return emitter_end(&emitter, status);
}

static enum exit_status run_benches(const struct invocation *invocation, const json_t *targets,
                                    const char *only)
{
    char benches[PATH_MAX], folder[2 * PATH_MAX];
    struct plan plan;
    const char *given = option_text(invocation, "bench");
    const bool quick = option_flag(invocation, "quick");
    const uint64_t begin_ns = firn_clock_ns();
    if (!find_benches(given, benches)) {
        report("%s: %s; build them with `make build`, or name their folder with --bench",
               given != NULL ? given : "benches", given != NULL ? strerror(errno) : "none found");
        return EXIT_FAILED;
    }
    make_plan(&plan, targets, *only != '\0' ? only : NULL, quick);
    struct measure measure = {
        .benches = benches, .folder = find_sources(benches, folder), .quick = quick};
    child_catch_interrupts();
    json_t *results = measure_all(&plan, &measure, option_number(invocation, "limit"),
                                  !invocation->quiet && isatty(STDERR_FILENO) == 1);
    json_t *document = document_make(targets, results, *only != '\0' ? only : NULL, quick,
                                     (double)(firn_clock_ns() - begin_ns) / 1e9);
    enum exit_status status = print(invocation, document, option_text(invocation, "output"));
    json_decref(document);
    json_decref(results);
    return status;
}

static enum exit_status command_report(const struct invocation *invocation)
{
    char letters[SYSTEMS_MAX];
    const char *from = option_text(invocation, "from");
    json_t *document = NULL, *targets = targets_load();
    const char *only = read_only(invocation, targets, letters);
    enum exit_status status = EXIT_USAGE;
    if (only != NULL && from != NULL) {
        document = document_read(from);
        status = document != NULL ? print(invocation, document, option_text(invocation, "output"))
                                  : EXIT_FAILED;
    } else if (only != NULL) {
        status = run_benches(invocation, targets, only);
    }
    json_decref(document);
    json_decref(targets);
    return status;
}
