/* `firn run`: sets the environment that preloads libfirn-run.so and becomes the program. What the
 * library does there is in run/preload.
 *
 *     the command line -> the library's path -> a look at the program -> the environment -> exec
 *
 * Nothing of firn is left in the process: signals, descriptors and the exit status are the
 * program's own. */
#include "run/run.h"

#include "common/preload.h"
#include "common/program.h"
#include "run/environment.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* As env(1), nohup(1) and the shells have it. */
enum { EXIT_CANNOT_RUN = 126, EXIT_NOT_FOUND = 127 };

static const struct option options[] = {
    {.name = "mode",
     .letter = 'm',
     .kind = OPTION_CHOICE,
     .argument = "compiler|runtime",
     .fallback = "runtime",
     .help = "compiler: programs that end soon; runtime: others"},
    {.name = "ceiling",
     .kind = OPTION_SIZE,
     .argument = "SIZE",
     .help = "of arenas in the mode compiler (default: " RUN_CEILING_TEXT ")"},
    {.name = "stats", .kind = OPTION_FLAG, .help = "print a summary on stderr when CMD has ended"},
    {.name = "stats-file",
     .kind = OPTION_TEXT,
     .argument = "FILE",
     .help = "append a line of JSON for each process that ended"},
    {.name = NULL}};

static enum exit_status command_run(const struct invocation *invocation);

static const struct command commands[] = {
    {.name = NULL,
     .usage = "CMD [ARGS]",
     .summary = "Run a program on Firn's allocators",
     .description =
         "Preloads a library that takes the place of malloc and its kin in any dynamically\n"
         "linked program, and in what that starts. Two dashes may stand before CMD. The mode\n"
         "compiler puts small blocks one behind the other, reuses freed ones by size, and gives\n"
         "them back when the process ends; above the ceiling, and in the mode runtime, blocks "
         "come\n"
         "from slabs, which give free pages back to the kernel. With --json the summary is a line\n"
         "of JSON. A process that ends by a signal or by _exit writes none.\n"
         "Exit status: that of CMD; 127 when CMD is not found, 126 when it cannot be run.",
     .examples = {{"firn run --mode compiler -- gcc -O2 -c big.c", "a short-lived program"},
                  {"firn run --stats -- python3 script.py", "what it allocated, at the end"},
                  {"firn run --stats-file /tmp/make.json -- make", "the same of all it starts"}},
     .options = options,
     .operands_min = 1,
     .operands_max = UINT_MAX,
     .run = command_run,
     .launches = true},
};

const struct command_group run_group = {.name = "run",
                                        .summary = "Run a program on Firn's allocators",
                                        .commands = commands,
                                        .command_count = 1};

/* --- what the library is told --- */

static bool set_number(const char *name, uint64_t number)
{
    char text[24];
    snprintf(text, sizeof text, "%llu", (unsigned long long)number);
    return setenv(name, text, 1) == 0;
}

/* The file is opened when a process ends, which may then be in another folder. */
static bool set_file(const char *name, const char *file)
{
    char path[2 * PATH_MAX], folder[PATH_MAX];
    if (file[0] == '/' || getcwd(folder, sizeof folder) == NULL)
        return setenv(name, file, 1) == 0;
    snprintf(path, sizeof path, "%s/%s", folder, file);
    return setenv(name, path, 1) == 0;
}

/* What is not given stays as it was inherited: a run inside another one goes on with it. */
static enum exit_status tell(const struct invocation *invocation)
{
    const char *file = option_text(invocation, "stats-file");
    bool is_set = setenv(RUN_MODE, option_text(invocation, "mode"), 1) == 0;
    if (option_text(invocation, "ceiling") != NULL)
        is_set &= set_number(RUN_CEILING, option_number(invocation, "ceiling"));
    if (file != NULL)
        is_set &= set_file(RUN_STATS_FILE, file);
    if (option_flag(invocation, "stats"))
        is_set &= setenv(RUN_STATS, invocation->json ? "json" : "table", 1) == 0 &&
                  set_number(RUN_STATS_PID, (uint64_t)getpid());
    if (is_set)
        return EXIT_DONE;
    report("the environment: %s", strerror(errno));
    return EXIT_FAILED;
}

/* --- the program --- */

/* Says where the library will have no effect; the program is run all the same. */
static void remark(const struct invocation *invocation, enum program_kind kind)
{
    const char *name = invocation->operands[0];
    if (invocation->quiet)
        return;
    if (kind == PROGRAM_STATIC)
        report("%s is statically linked: it keeps its own allocator", name);
    else if (kind == PROGRAM_FOREIGN)
        report("%s is for another machine or C library: it keeps its own allocator", name);
    else if (kind == PROGRAM_PRIVILEGED)
        report("%s gains privileges, so nothing is preloaded: it keeps its own allocator", name);
}

static enum exit_status check_file(const struct invocation *invocation)
{
    const char *file = option_text(invocation, "stats-file");
    FILE *opened = file != NULL ? fopen(file, "a") : NULL;
    if (opened != NULL)
        fclose(opened);
    if (file == NULL || opened != NULL)
        return EXIT_DONE;
    report("%s: %s; give a file that can be written to", file, strerror(errno));
    return EXIT_FAILED;
}

static enum exit_status become(const struct invocation *invocation)
{
    const char *name = invocation->operands[0];
    execvp(name, (char **)(void *)invocation->operands);
    int error = errno;
    report("%s: %s", name,
           error == ENOENT ? "there is no such program; look at its path and at PATH"
                           : strerror(error));
    return (enum exit_status)(error == ENOENT ? EXIT_NOT_FOUND : EXIT_CANNOT_RUN);
}

static enum exit_status command_run(const struct invocation *invocation)
{
    char library[PATH_MAX], path[PATH_MAX];
    if (option_text(invocation, "ceiling") != NULL &&
        strcmp(option_text(invocation, "mode"), "compiler") != 0)
        return report_usage("--ceiling is for --mode compiler; see `firn run --help`");
    if (preload_find(RUN_LIBRARY, library) != EXIT_DONE)
        return EXIT_FAILED;
    enum exit_status status = check_file(invocation);
    enum program_kind kind = PROGRAM_UNKNOWN;
    if (program_find(invocation->operands[0], path))
        kind = program_kind_of(path);
    if (status == EXIT_DONE)
        status = tell(invocation);
    if (status == EXIT_DONE && kind != PROGRAM_FOREIGN)
        status = preload_set(library);
    if (status != EXIT_DONE)
        return status;
    remark(invocation, kind);
    return become(invocation);
}
