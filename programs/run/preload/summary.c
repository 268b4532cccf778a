/* The summary at the end of a process: see summary.h. Called by start.c; calls common/emitter.h.
 * A process that ends by a signal or by _exit writes none.
 *
 * Threads: begins before there is a second one; others may still run at the end, and what they do
 * then may be counted or not. Memory: what stdio takes.
 */
#include "run/preload/summary.h"

#include "common/emitter.h"
#include "common/readable.h"
#include "run/environment.h"
#include "run/preload/complain.h"
#include "run/preload/large.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#define FIRST_DESCRIPTOR 100 /* of the copy of stderr: programs count on getting small ones */

static struct {
    const char *mode;
    bool as_json;
    pid_t pid;      /* that writes to stderr: no child of it that was only forked */
    int descriptor; /* a copy of stderr */
    dev_t device;   /* what it is, in case that the program closes it and gets another one */
    ino_t inode;
    char file[PATH_MAX]; /* a copy: programs write over their environment */
} summary = {.descriptor = -1};

struct run_totals run_totals_get(void)
{
    struct run_totals totals = {.arena_bytes = run_bump_taken_bytes()};
    size_t live, kept;
    run_large_usage(&live, &kept);
    totals.large_live_bytes = live;
    totals.large_kept_bytes = kept;
    const struct run_heap *nobody = &run_heap_nobody;
    for (size_t i = 0; i < RUN_COUNTS; i++)
        totals.counts[i] = atomic_load_explicit(&nobody->counts[i], memory_order_relaxed);
    for (struct run_heap *heap = run_heap_first(); heap != NULL; heap = heap->next) {
        for (size_t i = 0; i < RUN_COUNTS; i++)
            totals.counts[i] += atomic_load_explicit(&heap->counts[i], memory_order_relaxed);
        firn_usage usage = run_heap_usage(heap);
        totals.slab_live_bytes += usage.live_bytes;
        totals.slab_held_bytes += usage.resident_bytes;
        totals.heaps++;
    }
    return totals;
}

/* --- at the start --- */

static void copy_stderr(void)
{
    struct stat stat;
    int descriptor = fcntl(STDERR_FILENO, F_DUPFD_CLOEXEC, FIRST_DESCRIPTOR);
    if (descriptor < 0 || fstat(descriptor, &stat) != 0)
        return;
    summary.descriptor = descriptor;
    summary.device = stat.st_dev;
    summary.inode = stat.st_ino;
}

void run_summary_begin(const char *mode)
{
    const char *form = getenv(RUN_STATS), *pid = getenv(RUN_STATS_PID);
    const char *file = getenv(RUN_STATS_FILE);
    summary.mode = mode;
    if (file != NULL)
        snprintf(summary.file, sizeof summary.file, "%s", file);
    if (form == NULL || (pid != NULL && strtol(pid, NULL, 10) != getpid()))
        return;
    summary.as_json = strcmp(form, "json") == 0;
    if (!summary.as_json && strcmp(form, "table") != 0) {
        run_complain(RUN_STATS, "is neither table nor json; there will be no summary");
        return;
    }
    summary.pid = getpid();
    copy_stderr();
}
/* --- at the end --- */

static double seconds(struct timeval time)
{
    return (double)time.tv_sec + (double)time.tv_usec / 1e6;
}

static void emit_process(struct emitter *emitter)
{
    struct rusage usage = {.ru_maxrss = 0};
    firn_process_memory memory = {.rss_bytes = 0};
    (void)getrusage(RUSAGE_SELF, &usage);
    (void)!firn_process_memory_get(&memory);
    emitter_text(emitter, "command", program_invocation_short_name);
    emitter_number(emitter, "pid", (uint64_t)getpid());
    emitter_text(emitter, "mode", summary.mode);
    emitter_seconds(emitter, "user_seconds", seconds(usage.ru_utime));
    emitter_seconds(emitter, "system_seconds", seconds(usage.ru_stime));
    emitter_bytes(emitter, "peak_rss_bytes", memory.peak_rss_bytes);
}

static void emit_totals(struct emitter *emitter, const struct run_totals *totals)
{
    uint64_t begun = totals->counts[RUN_ALLOCATIONS], ended = totals->counts[RUN_FREES];
    emitter_number(emitter, "allocations", begun);
    emitter_number(emitter, "frees", ended);
    emitter_number(emitter, "never_freed", begun > ended ? begun - ended : 0);
    emitter_number(emitter, "resizes", totals->counts[RUN_RESIZES]);
    emitter_number(emitter, "resizes_in_place", totals->counts[RUN_RESIZES_IN_PLACE]);
    emitter_bytes(emitter, "arena_bytes", totals->arena_bytes);
    emitter_bytes(emitter, "slab_live_bytes", totals->slab_live_bytes);
    emitter_bytes(emitter, "slab_held_bytes", totals->slab_held_bytes);
    emitter_bytes(emitter, "large_live_bytes", totals->large_live_bytes);
    emitter_bytes(emitter, "large_kept_bytes", totals->large_kept_bytes);
    emitter_number(emitter, "heaps", totals->heaps);
}

/* Writes the summary to a descriptor, which is closed, in one piece. */
static void write_summary(int descriptor, bool as_json)
{
    FILE *out = fdopen(descriptor, "a");
    if (out == NULL) {
        close(descriptor);
        return;
    }
    struct run_totals totals = run_totals_get();
    struct emitter emitter;
    emitter_begin_line(&emitter, out, as_json);
    emitter_object_begin(&emitter, NULL);
    emitter_plain(&emitter, "firn run:\n");
    emit_process(&emitter);
    emit_totals(&emitter, &totals);
    emitter_object_end(&emitter);
    if (as_json)
        fputc('\n', out);
    fclose(out);
}

/* The copy of stderr, unless the program closed it; then stderr itself, if it is what it was. */
static int open_stderr(void)
{
    const int descriptors[] = {summary.descriptor, STDERR_FILENO};
    for (size_t i = 0; i < 2; i++) {
        struct stat stat;
        if (descriptors[i] >= 0 && fstat(descriptors[i], &stat) == 0 &&
            stat.st_dev == summary.device && stat.st_ino == summary.inode)
            return fcntl(descriptors[i], F_DUPFD_CLOEXEC, FIRST_DESCRIPTOR);
    }
    return -1;
}

void run_summary_end(void)
{
    int descriptor = summary.pid == getpid() ? open_stderr() : -1;
    if (descriptor >= 0)
        write_summary(descriptor, summary.as_json);
    if (summary.file[0] == '\0')
        return;
    descriptor = open(summary.file, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0666);
    if (descriptor >= 0)
        write_summary(descriptor, true);
    else
        run_complain(summary.file, "cannot be opened; the summary is lost");
}
