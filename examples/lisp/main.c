/* The program: runs files, or what comes from standard input; a terminal gets a prompt. */
#include "lisp.h"

#include <editline/readline.h>
#include <stdio_ext.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <unistd.h>

#define C_STACK_MAX ((rlim_t)8 << 20)

extern const char lisp_prelude[]; /* made of prelude.lisp by the build */
extern const size_t lisp_prelude_size;

static lisp runtime;
static source terminal = {.line = 1};
static char *line; /* that was typed, and how far the reader has had it */
static size_t line_at;

static void on_interrupt(UNUSED int signal)
{
    runtime.interrupted = true;
}

/* What the stream of the terminal calls for input: 0 is the end, or an interrupt. */
static ssize_t read_line(UNUSED void *cookie, char *buffer, size_t size)
{
    size_t count = 0;
    fflush(stdout);
    if (line == NULL && (line = readline(terminal.start == 0 ? "lisp> " : "....> ")) != NULL)
        add_history(line);
    for (; line != NULL && count < size; count++) {
        buffer[count] = line[line_at] != '\0' ? line[line_at] : '\n';
        if (line[line_at++] == '\0') {
            free(line);
            line = NULL;
            line_at = 0;
        }
    }
    return (ssize_t)count;
}

GIVES(read_typed, "%read", 0, read_datum(l, &terminal))

/* Calls a procedure of the prelude with what was raised last. */
static value call_prelude(lisp *l, const char *name)
{
    push(l, ((symbol *)intern(l, name, strlen(name)))->global);
    push(l, l->raised);
    return call(l, 1);
}

static void print_error(lisp *l, FILE *to)
{
    trap t;
    if (l->line != 0)
        fprintf(to, "%s:%zu: ", (char *)l->file, l->line);
    trap_begin(l, &t);
    if (setjmp(t.jump) == 0) {
        fprintf(to, "%s\n", (char *)call_prelude(l, "%error->string"));
        trap_end(l, &t);
    } else {
        fputs("error, and another one in telling it\n", to);
    }
}

/* Reads, evaluates and prints; false at the end. */
static bool answer(lisp *l)
{
    trap t;
    trap_begin(l, &t);
    if (setjmp(t.jump) == 0) {
        bool more = call_prelude(l, "%answer") != FALSE;
        trap_end(l, &t);
        return more;
    }
    if (!l->interrupted) /* else what was typed is no error, but not wanted */
        print_error(l, stdout);
    l->interrupted = false;
    line_at = line != NULL ? strlen(line) : 0;
    __fpurge(terminal.file);
    clearerr(terminal.file);
    return true;
}

static void converse(lisp *l)
{
    struct sigaction action = {.sa_handler = on_interrupt}; /* which ends a read */
    terminal.file = fopencookie(NULL, "r", (cookie_io_functions_t){.read = read_line});
    rl_catch_signals = 0;
    sigaction(SIGINT, &action, NULL);
    while (terminal.file != NULL && answer(l))
        continue;
    putchar('\n');
}

static void run(lisp *l, char **files)
{
    source s = {.file = fmemopen((void *)(uintptr_t)lisp_prelude, lisp_prelude_size, "r")};
    install(l);
    load(l, make_string(l, "prelude", 7), &s);
    for (char **file = files; *file != NULL; file++)
        load_file(l, make_string(l, *file, strlen(*file)));
    s = (source){.file = stdin, .line = 1};
    if (*files == NULL && isatty(STDIN_FILENO))
        converse(l);
    else if (*files == NULL)
        load(l, make_string(l, "standard input", 14), &s);
}

int main(int argc, char **argv)
{
    bool stress = false;
    lisp *const l = &runtime;
    size_t megabytes = 1024;
    struct rlimit limit;
    trap t;
    for (int c; (c = getopt(argc, argv, "sm:")) != -1; stress |= c == 's')
        megabytes = c == 'm' ? strtoul(optarg, NULL, 10) : c == 's' ? megabytes : 0;
    if (megabytes < 9 || megabytes > 1 << 20) {
        fputs("usage: firn-lisp [-m MEGABYTES of heap, at least 9] [-s: stress] [FILE...]\n",
              stderr);
        return 2;
    }
    if (getrlimit(RLIMIT_STACK, &limit) != 0 || limit.rlim_cur > C_STACK_MAX)
        limit.rlim_cur = C_STACK_MAX;
    l->c_limit = (char *)__builtin_frame_address(0) - limit.rlim_cur / 4 * 3;
    if (!lisp_open(l, megabytes << 20, stress)) {
        fputs("firn-lisp: there is no memory for the heap\n", stderr);
        return 1;
    }
    trap_begin(l, &t);
    if (setjmp(t.jump) != 0) {
        print_error(l, stderr);
        return 1;
    }
    run(l, argv + optind);
    firn_heap_destroy(l->heap);
    return 0;
}
