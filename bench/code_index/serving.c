/* The server runs beside the bench until it has been measured; the commands find it by themselves.
 */
#include "code_index/serving.h"

#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "code_index/program.h"

/* Starts the server and waits until it says that it listens. */
static pid_t start(const char *store, bool is_resident)
{
    char socket[4400], line[4096];
    const char *words[] = {program_firn(),
                           "code",
                           "serve",
                           "--store",
                           store,
                           "--socket",
                           socket,
                           "--json",
                           is_resident ? "--resident" : NULL,
                           NULL};
    int ends[2];
    snprintf(socket, sizeof socket, "%s.socket", store);
    if (pipe(ends) != 0)
        bench_fail("cannot make a pipe");
    pid_t child = fork();
    if (child == 0) {
        dup2(ends[1], STDOUT_FILENO);
        close(ends[0]);
        close(ends[1]);
        execv(words[0], (char **)(uintptr_t)words);
        _exit(127);
    }
    close(ends[1]);
    FILE *out = fdopen(ends[0], "r");
    if (child < 0 || out == NULL || fgets(line, sizeof line, out) == NULL)
        bench_fail("firn code serve failed");
    fclose(out);
    return child;
}

static void ask(const char *store, const char *command, const char *name)
{
    const char *const words[] = {"code", command, "--store", store, "--", name, NULL};
    program_run_firn(words, NULL, 0);
}

static void ask_all(const char *store, const char *names)
{
    char name[1100];
    FILE *file = fopen(names, "r");
    while (file != NULL && fgets(name, sizeof name, file) != NULL) {
        name[strcspn(name, "\n")] = '\0';
        ask(store, "find", name);
        ask(store, "refs", name);
    }
    if (file == NULL)
        bench_fail("there are no names to look for");
    fclose(file);
}

static double pss_of(pid_t process)
{
    char path[64], line[256];
    double kilobytes = -1;
    snprintf(path, sizeof path, "/proc/%d/smaps_rollup", (int)process);
    FILE *file = fopen(path, "r");
    while (file != NULL && kilobytes < 0 && fgets(line, sizeof line, file) != NULL)
        (void)sscanf(line, "Pss: %lf", &kilobytes);
    if (kilobytes < 0)
        bench_fail("cannot read the server's memory");
    fclose(file);
    return kilobytes * 1024;
}

double serving_pss(const char *store, const char *names, bool is_resident)
{
    int status;
    pid_t server = start(store, is_resident);
    ask_all(store, names);
    const double bytes = pss_of(server);
    kill(server, SIGTERM);
    if (waitpid(server, &status, 0) != server)
        bench_fail("firn code serve was lost");
    return bytes;
}
