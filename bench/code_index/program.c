/* A command's output goes through a pipe to its end, as some programs stop early when it is thrown
 * away. What is run prints little on stderr, which is let through. */
#include "code_index/program.h"

#include <fcntl.h>
#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "support/contender.h"
#include "support/measure.h"

void bench_fail(const char *what)
{
    fprintf(stderr, "code: %s\n", what);
    exit(1);
}

void bench_expect(firn_status status, const firn_error *error)
{
    if (status != FIRN_OK)
        bench_fail(error->text);
}

static _Noreturn void start(const char *const *words, const int ends[2])
{
    int nothing = open("/dev/null", O_RDWR);
    dup2(nothing, STDIN_FILENO);
    dup2(ends[1], STDOUT_FILENO);
    close(ends[0]);
    close(ends[1]);
    execvp(words[0], (char **)(uintptr_t)words);
    _exit(127);
}

/* Reads to the end; returns how many lines there were. */
static size_t read_lines(int descriptor, char *output, size_t size)
{
    static char buffer[1 << 16];
    size_t lines = 0, used = 0;
    for (ssize_t got; (got = read(descriptor, buffer, sizeof buffer)) > 0;) {
        for (ssize_t i = 0; i < got; i++)
            lines += buffer[i] == '\n';
        size_t kept = size > used ? size - 1 - used : 0;
        kept = (size_t)got < kept ? (size_t)got : kept;
        if (kept > 0)
            memcpy(output + used, buffer, kept);
        used += kept;
    }
    if (size > 0)
        output[used] = '\0';
    return lines;
}

struct program_run program_run(const char *const *words, char *output, size_t size)
{
    struct program_run run = {.status = -1};
    struct rusage usage;
    int ends[2], status;
    if (pipe(ends) != 0)
        bench_fail("cannot make a pipe");
    const uint64_t begin = wall_ns();
    pid_t child = fork();
    if (child == 0)
        start(words, ends);
    close(ends[1]);
    run.lines = read_lines(ends[0], output, output != NULL ? size : 0);
    close(ends[0]);
    if (child < 0 || wait4(child, &status, 0, &usage) != child)
        bench_fail("cannot start a process");
    run.seconds = (double)(wall_ns() - begin) / 1e9;
    run.peak_rss_bytes = (double)usage.ru_maxrss * 1024;
    if (WIFEXITED(status))
        run.status = WEXITSTATUS(status);
    return run;
}

const char *program_firn(void)
{
    static char path[4352];
    snprintf(path, sizeof path, "%s/../firn", bench_folder());
    return path;
}

struct program_run program_run_firn(const char *const *words, char *output, size_t size)
{
    const char *all[PROGRAM_WORDS_MAX] = {program_firn()};
    for (size_t i = 0; words[i] != NULL && i + 2 < PROGRAM_WORDS_MAX; i++)
        all[i + 1] = words[i];
    struct program_run run = program_run(all, output, size);
    if (run.status != 0)
        bench_fail("firn failed");
    return run;
}

double program_value(const char *json, const char *key)
{
    char quoted[64];
    snprintf(quoted, sizeof quoted, "\"%s\": ", key);
    const char *at = strstr(json, quoted);
    if (at == NULL)
        bench_fail("a figure is missing in the program's answer");
    return strtod(at + strlen(quoted), NULL);
}

/* --- folders --- */

static double sum;

static int add_size(const char *path, const struct stat *info, int flag, struct FTW *ftw)
{
    (void)path;
    (void)ftw;
    sum += flag == FTW_F ? (double)info->st_size : 0;
    return 0;
}

double folder_bytes(const char *folder)
{
    sum = 0;
    nftw(folder, add_size, 16, FTW_PHYS);
    return sum;
}

static int remove_one(const char *path, const struct stat *info, int flag, struct FTW *ftw)
{
    (void)info;
    (void)flag;
    (void)ftw;
    return remove(path);
}

void folder_remove(const char *folder)
{
    nftw(folder, remove_one, 16, FTW_PHYS | FTW_DEPTH);
}

const char *folder_make(void)
{
    const char *parent = getenv("TMPDIR");
    char *path;
    if (asprintf(&path, "%s/firn-bench-XXXXXX", parent != NULL ? parent : "/tmp") < 0 ||
        mkdtemp(path) == NULL)
        bench_fail("cannot make a folder for what is measured");
    return path;
}
