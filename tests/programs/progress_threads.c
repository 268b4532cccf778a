/* The progress line: silent where nobody looks, and exact and calm when several threads add. */
#include "common/progress.h"

#include <fcntl.h>
#include <pthread.h>
#include <pty.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

#define THREADS 4
#define STEPS 50
#define STEP_NS 10000000

static void *add(void *context)
{
    struct progress *progress = context;
    for (unsigned i = 0; i < STEPS; i++) {
        progress_add(progress, 1);
        nanosleep(&(struct timespec){0, STEP_NS}, NULL);
    }
    return NULL;
}

static void run_threads(struct progress *progress)
{
    pthread_t threads[THREADS];
    for (unsigned i = 0; i < THREADS; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, add, progress), 0);
    for (unsigned i = 0; i < THREADS; i++)
        assert_int_equal(pthread_join(threads[i], NULL), 0);
}

/* Runs four threads with stderr being fd, and returns the seconds that took. */
static double run_on(int fd)
{
    const int kept = dup(STDERR_FILENO);
    assert_true(kept >= 0 && dup2(fd, STDERR_FILENO) >= 0);
    struct progress progress;
    struct timespec from, to;
    clock_gettime(CLOCK_MONOTONIC, &from);
    progress_begin(&progress, "indexing", 2 * THREADS * STEPS, false, true);
    run_threads(&progress);
    clock_gettime(CLOCK_MONOTONIC, &to);
    assert_int_equal(atomic_load(&progress.done), THREADS * STEPS);
    progress_end(&progress);
    progress_end(&progress);
    assert_true(dup2(kept, STDERR_FILENO) >= 0);
    close(kept);
    return (double)(to.tv_sec - from.tv_sec) + (double)(to.tv_nsec - from.tv_nsec) / 1e9;
}

static void a_terminal_sees_at_most_ten_redraws_a_second(void **state)
{
    (void)state;
    int terminal, shell;
    assert_int_equal(openpty(&terminal, &shell, NULL, NULL, NULL), 0);
    const double seconds = run_on(shell);
    char seen[65536];
    assert_int_equal(fcntl(terminal, F_SETFL, O_NONBLOCK), 0);
    size_t size = 0;
    for (ssize_t got; (got = read(terminal, seen + size, sizeof seen - 1 - size)) > 0;)
        size += (size_t)got;
    assert_true(size > 4);
    seen[size] = '\0';
    unsigned redraws = 0;
    for (const char *next = seen; (next = strstr(next, "indexing ")) != NULL; next++)
        redraws++;
    assert_true(redraws >= 1 && redraws <= (unsigned)(seconds * 10) + 1);
    assert_non_null(strstr(seen, " of 400, "));
    assert_non_null(strstr(seen, "/s, "));
    assert_string_equal(seen + size - 4, "\r\033[K");
    close(terminal);
    close(shell);
}

static void what_is_no_terminal_sees_nothing(void **state)
{
    (void)state;
    int ends[2];
    assert_int_equal(pipe(ends), 0);
    (void)run_on(ends[1]);
    close(ends[1]);
    char seen[16];
    assert_int_equal(read(ends[0], seen, sizeof seen), 0);
    close(ends[0]);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_terminal_sees_at_most_ten_redraws_a_second),
        cmocka_unit_test(what_is_no_terminal_sees_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
