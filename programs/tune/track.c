/* `firn tune track`: runs a program with libfirn-track preloaded and tells what it allocated. The
 * library (preload/) notes everything in a file a process (trace.h), in a folder that lives as long
 * as the run; this reads the files when the program has ended.
 *
 *     the command line -> a look at the program -> fork, exec -> wait -> profiles -> what was asked
 */
#include "common/preload.h"
#include "common/program.h"
#include "tune/profile_write.h"
#include "tune/start.h"
#include "tune/tune.h"

#include <dirent.h>
#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

enum {
    EXIT_CANNOT_RUN = 126,
    EXIT_NOT_FOUND = 127,
    SIGNALLED = 128,
    NAME_BYTES = 64,
    OTHERS_SHOWN = 11
};

#define FEW_SYMBOLS 0.5

struct run {
    const struct invocation *invocation;
    char folder[PATH_MAX];
    pid_t child;
    int status;               /* of the child, as waitpid has it */
    struct profile *profiles; /* the program's own first */
    size_t count, capacity;
};

static volatile sig_atomic_t child_to_tell;

static void forward(int number)
{
    if (child_to_tell > 0)
        kill((pid_t)child_to_tell, number);
}

/* --- before --- */

/* False after one line on stderr: where nothing can be preloaded there is nothing to see. */
static bool look_at_program(const char *name, enum exit_status *ret_status)
{
    char path[PATH_MAX];
    *ret_status = EXIT_FAILED;
    if (!program_find(name, path)) {
        report("%s: there is no such program; look at its path and at PATH", name);
        *ret_status = (enum exit_status)EXIT_NOT_FOUND;
        return false;
    }
    switch (program_kind_of(path)) {
    case PROGRAM_STATIC:
        report("%s: it is statically linked, so that its allocator cannot be seen; link it "
               "dynamically",
               name);
        return false;
    case PROGRAM_FOREIGN:
        report("%s: it is for another machine or C library; take the firn of that one", name);
        return false;
    case PROGRAM_PRIVILEGED:
        report("%s: it gains privileges, so that nothing can be preloaded; run it as the user whom "
               "it becomes",
               name);
        return false;
    default:
        return true;
    }
}

/* What cannot be written is told before the run, not after it. */
static bool check_outputs(const struct invocation *invocation)
{
    static const char *const names[] = {"output", "folded", "svg"};
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        const char *path = option_text(invocation, names[i]);
        FILE *file = path != NULL ? fopen(path, "ae") : NULL;
        if (path != NULL && file == NULL) {
            report("%s: %s; give a file that can be written to", path, strerror(errno));
            return false;
        }
        if (file != NULL)
            fclose(file);
    }
    return true;
}

static bool make_folder(struct run *run)
{
    const char *place = getenv("TMPDIR");
    snprintf(run->folder, sizeof run->folder, "%.3000s/firn-track-XXXXXX",
             place != NULL && place[0] == '/' ? place : "/tmp");
    /* Also for what the program starts as another user. */
    if (mkdtemp(run->folder) != NULL && chmod(run->folder, 01733) == 0)
        return true;
    report("%s: %s; set TMPDIR to a folder that can be written to", run->folder, strerror(errno));
    return false;
}

static void remove_folder(const struct run *run)
{
    char path[PATH_MAX + NAME_BYTES];
    DIR *folder = opendir(run->folder);
    struct dirent *entry;
    while (folder != NULL && (entry = readdir(folder)) != NULL)
        if (entry->d_name[0] != '.') {
            snprintf(path, sizeof path, "%s/%.60s", run->folder, entry->d_name);
            (void)unlink(path);
        }
    if (folder != NULL)
        closedir(folder);
    (void)rmdir(run->folder);
}

static enum exit_status tell_library(const struct run *run)
{
    char library[PATH_MAX], interval[24];
    const uint64_t bytes =
        option_flag(run->invocation, "exact") ? 0 : option_number(run->invocation, "interval");
    snprintf(interval, sizeof interval, "%llu", (unsigned long long)bytes);
    if (preload_find(TRACK_LIBRARY, library) != EXIT_DONE || preload_set(library) != EXIT_DONE)
        return EXIT_FAILED;
    if (setenv(TRACK_FOLDER, run->folder, 1) == 0 && setenv(TRACK_INTERVAL, interval, 1) == 0)
        return EXIT_DONE;
    report("the environment: %s", strerror(errno));
    return EXIT_FAILED;
}

/* --- the program --- */

/* The program has the terminal's signals itself; those that come to firn are passed on. */
static enum exit_status run_program(struct run *run)
{
    const enum exit_status status = start_program(run->invocation, &run->child);
    if (status != EXIT_DONE)
        return status;
    child_to_tell = run->child;
    signal(SIGINT, SIG_IGN);
    signal(SIGQUIT, SIG_IGN);
    signal(SIGTERM, forward);
    signal(SIGHUP, forward);
    while (waitpid(run->child, &run->status, 0) < 0 && errno == EINTR)
        continue;
    child_to_tell = 0;
    return EXIT_DONE;
}

/* --- after --- */

/* By process and time: a process that became another program has left two files. */
static int compare_files(const struct dirent **a, const struct dirent **b)
{
    return strverscmp((*a)->d_name, (*b)->d_name);
}

static int is_trace(const struct dirent *entry)
{
    return entry->d_name[0] != '.';
}

static bool add_profile(struct run *run, const char *name, struct symbols *symbols)
{
    char path[PATH_MAX + NAME_BYTES];
    struct profile profile;
    bool is_empty;
    snprintf(path, sizeof path, "%s/%.60s", run->folder, name);
    if (!profile_read(&profile, path, symbols, &is_empty))
        return is_empty;
    if (profile.calls == 0) {
        profile_release(&profile);
        return true;
    }
    if (!firn_grow(NULL, (void **)&run->profiles, &run->capacity, run->count + 1,
                   sizeof *run->profiles)) {
        profile_release(&profile);
        report("profiles: out of memory; close something else and try again");
        return false;
    }
    run->profiles[run->count++] = profile;
    if (profile.pid != (uint32_t)run->child)
        return true;
    struct profile first = run->profiles[0]; /* the last image of the program itself */
    run->profiles[0] = run->profiles[run->count - 1];
    run->profiles[run->count - 1] = first;
    return true;
}

static bool read_profiles(struct run *run)
{
    struct dirent **names;
    const int count = scandir(run->folder, &names, is_trace, compare_files);
    struct symbols *symbols = symbols_create();
    bool is_good = count >= 0 && symbols != NULL;
    for (int i = 0; i < count; i++) {
        is_good = is_good && add_profile(run, names[i]->d_name, symbols);
        firn_release(NULL, names[i], sizeof *names[i]);
    }
    if (count >= 0)
        firn_release(NULL, names, (size_t)count * sizeof *names + 1);
    symbols_destroy(symbols);
    return is_good;
}

/* Where the profile of another process goes; "" for nowhere. */
static void name_file(const struct run *run, size_t at, char *path, size_t size)
{
    const char *output = option_text(run->invocation, "output");
    unsigned before = 0;
    path[0] = '\0';
    if (output == NULL)
        return;
    for (size_t i = 1; i < at; i++)
        before += run->profiles[i].pid == run->profiles[at].pid;
    if (at == 0)
        snprintf(path, size, "%s", output);
    else if (before == 0)
        snprintf(path, size, "%s.%u", output, run->profiles[at].pid);
    else
        snprintf(path, size, "%s.%u.%u", output, run->profiles[at].pid, before + 1);
}

static bool finish(FILE *file, const char *path)
{
    const bool is_written = ferror(file) == 0;
    if (fclose(file) == 0 && is_written)
        return true;
    report("%s: %s", path, strerror(errno));
    return false;
}

static FILE *open_output(const char *path)
{
    FILE *file = fopen(path, "we");
    if (file == NULL)
        report("%s: %s; give a file that can be written to", path, strerror(errno));
    return file;
}

static bool write_profiles(const struct run *run)
{
    for (size_t i = 0; i < run->count; i++) {
        char path[2 * PATH_MAX];
        struct emitter emitter;
        name_file(run, i, path, sizeof path);
        FILE *file = path[0] != '\0' ? open_output(path) : NULL;
        if (file == NULL)
            return path[0] == '\0';
        emitter_begin(&emitter, file, true);
        emitter_object_begin(&emitter, NULL);
        profile_emit(&emitter, &run->profiles[i]);
        emitter_object_end(&emitter);
        (void)emitter_end(&emitter, EXIT_DONE);
        if (!finish(file, path))
            return false;
    }
    return true;
}

static bool write_pictures(const struct run *run)
{
    const char *folded = option_text(run->invocation, "folded");
    const char *svg = option_text(run->invocation, "svg");
    FILE *file = folded != NULL ? open_output(folded) : NULL;
    if (folded != NULL && file == NULL)
        return false;
    for (size_t i = 0; file != NULL && i < run->count; i++)
        profile_fold(file, &run->profiles[i]);
    if (file != NULL && !finish(file, folded))
        return false;
    file = svg != NULL ? open_output(svg) : NULL;
    if (svg != NULL && file == NULL)
        return false;
    if (file != NULL && !profile_flame(file, run->profiles, run->count)) {
        report("%s: out of memory; close something else and try again", svg);
        fclose(file);
        return false;
    }
    return file == NULL || finish(file, svg);
}

static void emit_others(struct emitter *emitter, const struct run *run)
{
    static const struct emitter_column columns[] = {{"pid", 8},         {"command", -32},
                                                    {"calls", 12},      {"bytes", 10},
                                                    {"peak_bytes", 10}, {"file", -24}};
    if (run->count == 1 && !run->invocation->json)
        return;
    const size_t end =
        run->invocation->json || run->count <= OTHERS_SHOWN ? run->count : OTHERS_SHOWN;
    emitter_plain(emitter, "\n");
    emitter_table_begin(emitter, "processes", columns, sizeof columns / sizeof columns[0]);
    for (size_t i = 1; i < end; i++) {
        const struct profile *profile = &run->profiles[i];
        char path[2 * PATH_MAX];
        name_file(run, i, path, sizeof path);
        emitter_row_begin(emitter);
        emitter_number(emitter, "pid", profile->pid);
        emitter_text(emitter, "command", profile->command);
        emitter_number(emitter, "calls", profile->calls);
        emitter_bytes(emitter, "bytes", profile->bytes);
        emitter_bytes(emitter, "peak_bytes", (uint64_t)(profile->peak_bytes + 0.5));
        emitter_text(emitter, "file", path);
        emitter_row_end(emitter);
    }
    emitter_table_end(emitter);
    if (end < run->count)
        emitter_plain(emitter, "and %zu more\n", run->count - end);
}

static enum exit_status print(const struct run *run)
{
    struct emitter emitter;
    emitter_begin(&emitter, stdout, run->invocation->json);
    emitter_object_begin(&emitter, NULL);
    if (run->invocation->json)
        profile_emit(&emitter, &run->profiles[0]);
    else
        profile_print(&emitter, &run->profiles[0]);
    emit_others(&emitter, run);
    emitter_object_end(&emitter);
    return emitter_end(&emitter, EXIT_DONE);
}

/* Of the program's own code, or of all where that allocates nothing. */
static void remark_names(const struct profile *profile, const char *name)
{
    const struct profile_names *names =
        profile->names_own.all > 0 ? &profile->names_own : &profile->names_all;
    const double all = (double)names->all;
    if ((double)names->named < FEW_SYMBOLS * all)
        report("%s: %.0f %% of its frames have no name: it was stripped of symbols; install its "
               "-dbgsym package, or build it with -g",
               name, 100 - 100 * (double)names->named / all);
    else if ((double)names->placed < FEW_SYMBOLS * all)
        report("%s: its functions have names but no lines: install its -dbgsym package, or build "
               "it with -g",
               name);
}

/* What the reader should know of the figures. */
static void remark(const struct run *run)
{
    const struct profile *profile = &run->profiles[0];
    const char *name = run->invocation->operands[0];
    if (run->invocation->quiet)
        return;
    remark_names(profile, name);
    if (profile->lost > 0)
        report("%s: %llu events were lost, as there was no room for them in %s", name,
               (unsigned long long)profile->lost, run->folder);
    if (WIFSIGNALED(run->status))
        report("%s: it was ended by signal %d", name, WTERMSIG(run->status));
}

static enum exit_status tell(struct run *run)
{
    if (!read_profiles(run))
        return EXIT_FAILED;
    if (run->count == 0) {
        report("%s: no allocation was seen; it makes none, or has an allocator of its own inside",
               run->invocation->operands[0]);
        return EXIT_FAILED;
    }
    remark(run);
    if (!write_profiles(run) || !write_pictures(run))
        return EXIT_FAILED;
    const enum exit_status status = print(run);
    if (status != EXIT_DONE)
        return status;
    return (enum exit_status)(WIFSIGNALED(run->status) ? SIGNALLED + WTERMSIG(run->status)
                                                       : WEXITSTATUS(run->status));
}

enum exit_status command_tune_track(const struct invocation *invocation)
{
    struct run run = {.invocation = invocation};
    enum exit_status status = EXIT_FAILED;
    if (option_flag(invocation, "exact") && option_nth(invocation, "interval", 0) != NULL)
        return report_usage("--exact takes no --interval; see `firn tune track --help`");
    if (option_number(invocation, "interval") == 0)
        return report_usage("--interval takes at least 1; see `firn tune track --help`");
    if (!look_at_program(invocation->operands[0], &status) || !check_outputs(invocation))
        return status;
    if (!make_folder(&run))
        return EXIT_FAILED;
    status = tell_library(&run);
    if (status == EXIT_DONE)
        status = run_program(&run);
    if (status == EXIT_DONE)
        status = tell(&run);
    remove_folder(&run);
    for (size_t i = 0; i < run.count; i++)
        profile_release(&run.profiles[i]);
    firn_release(NULL, run.profiles, run.capacity * sizeof *run.profiles);
    return status;
}
