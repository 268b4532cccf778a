/* Frees that are wrong, by the functions that `firn run` preloads: the process ends by SIGABRT
 * after one line that names the call and the address. */
#include "run/preload/bump.h"
#include "run/preload/heap.h"
#include "run/preload/prefixed.h"

#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>
#include <cmocka.h>

static void free_twice(void *block)
{
    firn_run_free(block);
    firn_run_free(block);
}

static void free_large_twice(void *block)
{
    (void)block;
    free_twice(firn_run_malloc(5000000));
}

static void free_run_twice(void *block)
{
    (void)block;
    free_twice(firn_run_malloc(100000));
}

static void free_foreign(void *block)
{
    (void)block;
    static char foreign[64];
    firn_run_free(foreign + 16);
}

static void free_of_the_stack(void *block)
{
    firn_run_free(&block);
}

static void free_inside_a_large_one(void *block)
{
    (void)block;
    firn_run_free((char *)firn_run_malloc(5000000) + 4096);
}

static void resize_foreign(void *block)
{
    (void)block;
    static char foreign[64];
    (void)!firn_run_realloc(foreign + 16, 100);
}

static void measure_foreign(void *block)
{
    (void)firn_run_malloc_usable_size((void *)((uintptr_t)block ^ (uintptr_t)1 << 46));
}

/* Runs misuse in a child; returns what it wrote to stderr. */
static const char *line_of(void (*misuse)(void *))
{
    static char line[500];
    int ends[2], status;
    assert_int_equal(pipe(ends), 0);
    void *block = firn_run_malloc(100);
    pid_t child = fork();
    if (child == 0) {
        const struct rlimit none = {0, 0};
        setrlimit(RLIMIT_CORE, &none);
        signal(SIGABRT, SIG_DFL);
        dup2(ends[1], STDERR_FILENO);
        misuse(block);
        _exit(0);
    }
    close(ends[1]);
    size_t size = 0;
    for (ssize_t more = 1; more > 0 && size < sizeof line - 1; size += (size_t)more)
        more = read(ends[0], line + size, sizeof line - 1 - size);
    line[size] = '\0';
    close(ends[0]);
    assert_int_equal(waitpid(child, &status, 0), child);
    if (!WIFSIGNALED(status) || WTERMSIG(status) != SIGABRT)
        fail_msg("status %x after: %s", (unsigned)status, line);
    firn_run_free(block);
    return line;
}

static void assert_line(const char *line, const char *call)
{
    assert_int_equal(strncmp(line, "firn run: ", 10), 0);
    assert_int_equal(strncmp(line + 10, call, strlen(call)), 0);
    assert_int_equal(strncmp(line + 10 + strlen(call), ": 0x", 4), 0);
    assert_ptr_equal(strchr(line, '\n'), line + strlen(line) - 1);
}

static void a_wrong_free_ends_the_process_with_one_line(void **state)
{
    (void)state;
    void (*const misuses[])(void *) = {free_twice,   free_large_twice,  free_run_twice,
                                       free_foreign, free_of_the_stack, free_inside_a_large_one};
    for (size_t i = 0; i < sizeof misuses / sizeof misuses[0]; i++)
        assert_line(line_of(misuses[i]), "free()");
    assert_line(line_of(resize_foreign), "realloc()");
    assert_line(line_of(measure_foreign), "malloc_usable_size()");
}

static int use_arenas(void **state)
{
    (void)state;
    run_bump_ceiling = SIZE_MAX / 2;
    run_heap_use_arenas();
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_wrong_free_ends_the_process_with_one_line)};
    int failed = cmocka_run_group_tests_name("runtime", tests, NULL, NULL);
    return failed + cmocka_run_group_tests_name("compiler", tests, use_arenas, NULL);
}
