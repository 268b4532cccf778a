/* Starts a program: see start.h. Called by track.c and memory.c. The child sends the error of its
 * exec through a pipe, which closes when that succeeds. */
#include "tune/start.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdint.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

/* As env(1), nohup(1) and the shells have it. */
enum { EXIT_CANNOT_RUN = 126, EXIT_NOT_FOUND = 127 };

static _Noreturn void become(const struct invocation *invocation, int end)
{
    if (invocation->json)
        (void)dup2(STDERR_FILENO, STDOUT_FILENO);
    signal(SIGPIPE, SIG_DFL);
    execvp(invocation->operands[0], (char **)(void *)invocation->operands);
    const int error = errno;
    (void)!write(end, &error, sizeof error);
    _exit(EXIT_CANNOT_RUN);
}

enum exit_status start_program(const struct invocation *invocation, pid_t *ret_child)
{
    int ends[2], error = 0;
    if (pipe2(ends, O_CLOEXEC) != 0) {
        report("%s: %s", invocation->operands[0], strerror(errno));
        return EXIT_FAILED;
    }
    const pid_t child = fork();
    if (child == 0)
        become(invocation, ends[1]);
    error = child < 0 ? errno : 0;
    close(ends[1]);
    ssize_t got = 0;
    if (child > 0)
        do
            got = read(ends[0], &error, sizeof error);
        while (got < 0 && errno == EINTR);
    close(ends[0]);
    if (child > 0 && got != sizeof error) {
        *ret_child = child;
        return EXIT_DONE;
    }
    report("%s: %s", invocation->operands[0],
           error == ENOENT ? "there is no such program; look at its path and at PATH"
                           : strerror(error));
    if (child < 0)
        return EXIT_FAILED;
    while (waitpid(child, NULL, 0) < 0 && errno == EINTR)
        continue;
    return (enum exit_status)(error == ENOENT ? EXIT_NOT_FOUND : EXIT_CANNOT_RUN);
}
