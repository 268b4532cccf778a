/* Output goes to files without a name, so that nothing that is left of a bench can block the
 * reader. The child says over a pipe that it could not start. */
#include "report/child.h"

#include "common/report.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdint.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define LOOK_NS 20000000 /* how often it is looked at */
#define WAIT_EVERY 5     /* looks */
#define GRACE_SECONDS 3  /* from SIGTERM to SIGKILL */

static volatile sig_atomic_t interrupted;

static void interrupt(int number)
{
    (void)number;
    interrupted = 1;
}

void child_catch_interrupts(void)
{
    const struct sigaction action = {.sa_handler = interrupt, .sa_flags = (int)SA_RESETHAND};
    sigaction(SIGINT, &action, NULL);
    sigaction(SIGTERM, &action, NULL);
}

bool child_interrupted(void)
{
    return interrupted != 0;
}

static _Noreturn void become(const struct child *child, int out, int err, int failure)
{
    int nothing = open("/dev/null", O_RDONLY | O_CLOEXEC), error = 0;
    setpgid(0, 0);
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    signal(SIGPIPE, SIG_DFL);
    if (nothing >= 0 && dup2(nothing, STDIN_FILENO) >= 0 && dup2(out, STDOUT_FILENO) >= 0 &&
        dup2(err, STDERR_FILENO) >= 0 && (child->folder == NULL || chdir(child->folder) == 0))
        execv(child->words[0], (char **)(uintptr_t)child->words);
    error = errno;
    if (write(failure, &error, sizeof error) < 0)
        _exit(126);
    _exit(127);
}

/* Waits for the process, and ends it when it must not go on. */
static void watch(const struct child *child, pid_t process, struct child_result *result)
{
    const struct timespec pause = {.tv_nsec = LOOK_NS};
    const uint64_t begin_ns = firn_clock_ns();
    bool asked = false, killed = false;
    int status = 0;
    result->end = CHILD_DONE;
    for (unsigned look = 0; waitpid(process, &status, killed ? 0 : WNOHANG) != process; look++) {
        struct stat printed;
        result->seconds = (double)(firn_clock_ns() - begin_ns) / 1e9;
        const bool endless = fstat(fileno(result->out), &printed) == 0 &&
                             printed.st_size > (off_t)CHILD_OUTPUT_MAX_BYTES;
        const bool late = result->seconds > child->limit_seconds;
        if (interrupted || endless || result->seconds > child->limit_seconds + GRACE_SECONDS) {
            result->end = interrupted ? CHILD_INTERRUPTED : endless ? CHILD_ENDLESS : CHILD_LATE;
            kill(-process, SIGKILL);
            kill(process, SIGKILL); /* which may not have its group yet */
            killed = true;
            continue;
        }
        if (late && !asked)
            kill(-process, SIGTERM);
        asked = late;
        if (child->wait != NULL && look % WAIT_EVERY == 0)
            child->wait(child->context, result->seconds);
        nanosleep(&pause, NULL);
    }
    result->seconds = (double)(firn_clock_ns() - begin_ns) / 1e9;
    kill(-process, SIGKILL); /* what it left behind */
    if (asked)
        result->end = killed ? result->end : CHILD_LATE;
    if (asked || killed)
        return;
    result->end = WIFSIGNALED(status) ? CHILD_KILLED : status != 0 ? CHILD_FAILED : CHILD_DONE;
    result->status = WIFSIGNALED(status) ? WTERMSIG(status) : WEXITSTATUS(status);
}

static bool start(const struct child *child, struct child_result *result)
{
    int ends[2], error = 0;
    fflush(NULL);
    if (pipe2(ends, O_CLOEXEC) != 0)
        return false;
    pid_t process = fork();
    if (process == 0)
        become(child, fileno(result->out), fileno(result->err), ends[1]);
    close(ends[1]);
    if (process > 0) {
        bool failed = read(ends[0], &error, sizeof error) == (ssize_t)sizeof error;
        watch(child, process, result);
        if (failed)
            *result = (struct child_result){CHILD_NOT_STARTED, error, 0, result->out, result->err};
    }
    close(ends[0]);
    return process > 0;
}

bool child_run(const struct child *child, struct child_result *ret_result)
{
    struct child_result result = {.out = tmpfile(), .err = tmpfile()};
    if (result.out == NULL || result.err == NULL || !start(child, &result)) {
        report("%s: cannot be run: %s", child->words[0], strerror(errno));
        if (result.out != NULL)
            fclose(result.out);
        if (result.err != NULL)
            fclose(result.err);
        return false;
    }
    rewind(result.out);
    rewind(result.err);
    *ret_result = result;
    return true;
}
