/* Children are waited for one by one; a figure is found by its key among those of its contender. */
#include "support/contender.h"

#include <math.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

static bool any_failed;
static volatile sig_atomic_t stopped;
static volatile pid_t running; /* 0: none */

static void stop(int number)
{
    (void)number;
    stopped = 1;
    if (running > 0)
        kill(running, SIGKILL);
}

static void tell(const struct contender *contender, const char *what)
{
    fprintf(stderr, "%s, %s: %s\n", contender->name, contender->work, what);
}

static void fail(struct contender *contender, const char *what)
{
    tell(contender, what);
    contender->failed = any_failed = true;
}

/* Of a bench that does not fit its contenders. */
static _Noreturn void give_up(const struct contender *contender, const char *what)
{
    tell(contender, what);
    exit(1);
}

bool contenders_fell_short(void)
{
    return any_failed || stopped != 0;
}

bool contenders_stopped(void)
{
    return stopped != 0;
}

static int compare(const void *left, const void *right)
{
    const double *a = left, *b = right;
    return (*a > *b) - (*a < *b);
}

double median(double *values, size_t count)
{
    qsort(values, count, sizeof *values, compare);
    return (values[count / 2] + values[(count - 1) / 2]) / 2;
}

const char *bench_folder(void)
{
    static char folder[4096];
    ssize_t size = readlink("/proc/self/exe", folder, sizeof folder - 1);
    char *slash;
    folder[size > 0 ? size : 0] = '\0';
    if ((slash = strrchr(folder, '/')) != NULL)
        *slash = '\0';
    return folder;
}

/* --- one run --- */

static void start(const struct contender *contender, const int ends[2])
{
    prctl(PR_SET_PDEATHSIG, SIGKILL); /* what nobody waits for would still take the processors */
    dup2(ends[1], STDOUT_FILENO);
    close(ends[0]);
    close(ends[1]);
    if (contender->preload != NULL)
        setenv("LD_PRELOAD", contender->preload, 1);
    execvp(contender->words[0], (char **)(uintptr_t)contender->words);
    _exit(CONTENDER_ABSENT);
}

/* Whether the loader finds the library; it only warns when it does not. */
static bool can_preload(const char *library)
{
    char line[4352];
    bool found = false;
    snprintf(line, sizeof line, "LD_PRELOAD='%s' cat /proc/self/maps 2>/dev/null", library);
    FILE *maps = popen(line, "r");
    while (maps != NULL && fgets(line, sizeof line, maps) != NULL)
        found = found || strstr(line, library) != NULL;
    return maps != NULL && pclose(maps) == 0 && found;
}

static void add(struct contender *contender, const char *key, double value)
{
    for (unsigned i = 0; i < CONTENDER_FIGURES_MAX; i++) {
        struct contender_figure *figure = &contender->figures[i];
        if (figure->count == 0)
            snprintf(figure->key, sizeof figure->key, "%s", key);
        if (strcmp(figure->key, key) == 0) {
            figure->runs[figure->count++] = value;
            return;
        }
    }
    give_up(contender, "prints too many figures");
}

/* The list of a key, or the one where a new key goes; NULL when there is no more room. */
static struct contender_points *points_of(struct contender *contender, const char *key)
{
    for (unsigned i = 0; i < CONTENDER_POINTS_MAX; i++)
        if (contender->points[i].count == 0 || strcmp(contender->points[i].key, key) == 0)
            return &contender->points[i];
    return NULL;
}

static void add_point(struct contender *contender, const char *key, double x, double y)
{
    struct contender_points *points = points_of(contender, key);
    if (points == NULL)
        give_up(contender, "prints too many kinds of points");
    double(*grown)[2] = realloc(points->points, (points->count + 1) * sizeof *grown);
    if (grown == NULL)
        give_up(contender, "out of memory");
    snprintf(points->key, sizeof points->key, "%s", key);
    grown[points->count][0] = x;
    grown[points->count][1] = y;
    points->points = grown;
    points->count++;
}

const struct contender_points *contender_points(const struct contender *contender, const char *key)
{
    static const struct contender_points none;
    for (unsigned i = 0; i < CONTENDER_POINTS_MAX && !contender->failed; i++)
        if (strcmp(contender->points[i].key, key) == 0)
            return &contender->points[i];
    return &none;
}

static void read_figures(struct contender *contender, FILE *out)
{
    char line[128], key[32];
    double value, at;
    const bool first = contender->figures[0].count == 0;
    while (fgets(line, sizeof line, out) != NULL)
        if (sscanf(line, "point %31s %lf %lf", key, &at, &value) == 3) {
            if (first)
                add_point(contender, key, at, value);
        } else if (sscanf(line, "%31s %lf", key, &value) == 2)
            add(contender, key, value);
}

/* A run that was stopped has printed what it had: a figure of it is one of a run, as any other. */
static void run_once(struct contender *contender)
{
    int ends[2], status = 0;
    struct rusage usage;
    if ((contender->preload != NULL && !can_preload(contender->preload)) ||
        (contender->needs != NULL && access(contender->needs, R_OK) != 0)) {
        contender->absent = true;
        return;
    }
    fflush(NULL);
    pid_t child = pipe(ends) == 0 ? fork() : -1;
    if (child < 0)
        give_up(contender, "cannot start a process");
    if (child == 0)
        start(contender, ends);
    running = child;
    if (stopped)
        kill(child, SIGKILL);
    close(ends[1]);
    FILE *out = fdopen(ends[0], "r");
    if (out != NULL)
        read_figures(contender, out);
    running = 0;
    if (out == NULL || fclose(out) != 0 || wait4(child, &status, 0, &usage) != child)
        give_up(contender, "was lost");
    contender->absent = WIFEXITED(status) && WEXITSTATUS(status) == CONTENDER_ABSENT;
    if (contender->absent || stopped)
        return;
    if (status != 0)
        fail(contender, "failed");
    else
        add(contender, "peak_rss_bytes", (double)usage.ru_maxrss * 1024);
}

/* --- all of them --- */

static const struct contender_figure *find(const struct contender *contender, const char *key)
{
    for (unsigned i = 0; i < CONTENDER_FIGURES_MAX && !contender->absent && !contender->failed; i++)
        if (contender->figures[i].count > 0 && strcmp(contender->figures[i].key, key) == 0)
            return &contender->figures[i];
    return NULL;
}

static void compare_checksums(struct contender *contenders, size_t count)
{
    double first = NAN;
    for (size_t i = 0; i < count; i++) {
        const struct contender_figure *figure = find(&contenders[i], "checksum");
        for (unsigned run = 0; figure != NULL && run < figure->count; run++) {
            first = isnan(first) ? figure->runs[run] : first;
            if (figure->runs[run] != first) {
                fail(&contenders[i], "did other work: its checksum differs");
                break;
            }
        }
    }
}

void contenders_run(struct contender *contenders, size_t count, unsigned runs)
{
    const bool terminal = isatty(STDERR_FILENO);
    const struct sigaction stopping = {.sa_handler = stop, .sa_flags = SA_RESTART};
    sigaction(SIGTERM, &stopping, NULL);
    for (unsigned run = 0; run < runs && run < CONTENDER_RUNS_MAX; run++)
        for (size_t i = 0; i < count; i++) {
            if (contenders[i].left_out || contenders[i].failed || stopped)
                continue;
            if (terminal)
                fprintf(stderr, "\r\033[Krun %u of %u: %s %s", run + 1, runs, contenders[i].name,
                        contenders[i].work);
            if (!contenders[i].absent)
                run_once(&contenders[i]);
        }
    if (terminal)
        fprintf(stderr, "\r\033[K");
    compare_checksums(contenders, count);
}

double contender_median(const struct contender *contender, const char *key)
{
    const struct contender_figure *figure = find(contender, key);
    double runs[CONTENDER_RUNS_MAX];
    if (figure == NULL)
        return NAN;
    memcpy(runs, figure->runs, sizeof runs);
    return median(runs, figure->count);
}

double contender_least(const struct contender *contender, const char *key)
{
    const struct contender_figure *figure = find(contender, key);
    double least = NAN;
    for (unsigned run = 0; figure != NULL && run < figure->count; run++)
        least = fmin(least, figure->runs[run]);
    return least;
}

double contender_most(const struct contender *contender, const char *key)
{
    const struct contender_figure *figure = find(contender, key);
    double most = NAN;
    for (unsigned run = 0; figure != NULL && run < figure->count; run++)
        most = fmax(most, figure->runs[run]);
    return most;
}
