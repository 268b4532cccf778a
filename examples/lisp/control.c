/* How errors travel, and the builtins that steer. `unwind` jumps to the innermost trap. Frames of
 * roots and the stacks are taken back to where they were when that began, so that the code between
 * needs no clean-up. */
#include "lisp.h"

#include <errno.h>
#include <stdarg.h>
#include <stdlib.h>

void trap_begin(lisp *l, trap *t)
{
    t->outer = l->trap;
    t->stack_count = l->stack.count;
    firn_roots_begin(l->heap, &t->roots, NULL, 0);
    l->trap = t;
}

void trap_end(lisp *l, trap *t)
{
    firn_roots_end(l->heap, &t->roots);
    l->trap = t->outer;
}

_Noreturn static void unwind(lisp *l, value raised, size_t line)
{
    trap *t = l->trap;
    trap_end(l, t);
    l->stack.count = t->stack_count;
    l->raised = raised;
    l->line = line;
    longjmp(t->jump, 1);
}

void fail(lisp *l, value irritant, const char *format, ...)
{
    char text[256];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(text, sizeof text, format, arguments);
    va_end(arguments);
    value irritants = irritant != NULL ? cons(l, irritant, NIL) : NIL;
    firn_roots frame;
    firn_roots_begin(l->heap, &frame, &irritants, 1);
    value message = make_string(l, text, strlen(text));
    unwind(l, cons(l, message, irritants), 0); /* which ends the frame */
}

void fail_out_of_memory(lisp *l)
{
    unwind(l, *l->handles[OUT_OF_MEMORY], 0); /* which was made in time */
}

void check_depth(lisp *l)
{
    if (l->interrupted) {
        l->interrupted = false;
        unwind(l, *l->handles[INTERRUPT], 0);
    }
    if ((char *)__builtin_frame_address(0) < l->c_limit)
        fail(l, NULL, "nested too deeply");
}

value expect(lisp *l, value v, enum kind kind)
{
    if (!is(l, v, kind))
        fail(l, v, "%s: not a %s:", l->builtin->name, kind_names[kind]);
    return v;
}

size_t expect_below(lisp *l, value v, size_t limit)
{
    if (!IS_FIXNUM(v) || INTEGER(v) < 0 || (size_t)INTEGER(v) >= limit)
        fail(l, v, "%s: not an index below %zu:", l->builtin->name, limit);
    return (size_t)INTEGER(v);
}

size_t expect_list(lisp *l, value v)
{
    size_t length = 0;
    for (value left = v, slow = v; left != NIL; length++) {
        left = is(l, left, PAIR) ? CDR(left) : slow;
        if (left == slow) /* none, or one without an end: slow is followed at half the speed */
            fail(l, v, "%s: not a list:", l->builtin->name);
        slow = length % 2 != 0 ? CDR(slow) : slow;
    }
    return length;
}

/* --- builtins --- */

BUILTIN(apply, "apply", 2, ANY) /* (apply f a ... list): makes way for the call of f */
{
    value list = pop(l);
    expect_list(l, list);
    memmove(args - 1, args, (count - 1) * sizeof list);
    for (l->stack.count--; list != NIL; list = CDR(list))
        push(l, CAR(list));
    return NULL;
}

/* (try thunk handler): the value of the thunk, or of the handler for what is raised in it. An
 * interrupt passes by, so that no program keeps its user from the prompt. */
BUILTIN(try, "try", 2, 2)
{
    trap t;
    trap_begin(l, &t);
    if (setjmp(t.jump) == 0) {
        push(l, args[0]);
        value v = call(l, 0);
        trap_end(l, &t);
        return v;
    }
    if (l->raised == *l->handles[INTERRUPT])
        unwind(l, l->raised, l->line);
    args[-1] = args[1];
    args[0] = l->raised;
    l->stack.count--;
    return NULL;
}

GIVES(raise_value, "raise", 1, (unwind(l, args[0], 0), NULL))

/* Evaluates all that a source has and closes its file, errors or not (R4). */
void load(lisp *l, value name, source *s)
{
    trap t;
    if (s->file == NULL)
        fail(l, name, "load: %s:", strerror(errno));
    push(l, name);
    value *slot = &l->stack.slots[l->stack.count - 1];
    trap_begin(l, &t);
    if (setjmp(t.jump) != 0) {
        fclose(s->file);
        if (l->line == 0)
            l->file = *slot;
        unwind(l, l->raised, l->line == 0 ? s->start : l->line);
    }
    for (value v; (v = read_datum(l, s)) != END_OF_FILE;)
        eval(l, v, NIL);
    trap_end(l, &t);
    fclose(s->file);
    pop(l);
}

void load_file(lisp *l, value name)
{
    source s = {.file = fopen(name, "r"), .line = 1};
    load(l, name, &s);
}

GIVES(load_argument, "load", 1, (load_file(l, expect(l, args[0], STRING)), UNSPECIFIED))
GIVES(eval_argument, "eval", 1, eval(l, args[0], NIL))
GIVES(leave, "%exit", 1, (exit((int)expect_below(l, args[0], 256)), NULL))
GIVES(clock_ns, "clock-ns", 0, FIXNUM(firn_clock_ns()))
GIVES(fail_at, "fail-at", 1, FIXNUM(l->failing = expect_below(l, args[0], SIZE_MAX)))

BUILTIN(collect, "gc", 0, 0) /* and checks that no store went round the barrier */
{
    firn_error error;
    if (firn_heap_collect(l->heap, FIRN_COLLECT_FULL) != FIRN_OK)
        fail_out_of_memory(l);
    if (firn_heap_verify(l->heap, &error) != FIRN_OK)
        fail(l, NULL, "gc: %s", error.text);
    return UNSPECIFIED;
}

BUILTIN(room, "room", 0, 0)
{
    firn_type_stats rows[KIND_COUNT];
    firn_heap_stats stats;
    firn_heap_stats_get(l->heap, &stats);
    firn_heap_type_stats(l->heap, rows, KIND_COUNT);
    for (size_t i = 0; i < KIND_COUNT; i++)
        printf("%9ju %s objects of %ju bytes\n", rows[i].count, rows[i].name, rows[i].bytes);
    printf("%9ju collections, the longest pause %ju us\n", stats.minor_count + stats.mark_count,
           stats.all.longest_ns / 1000);
    return UNSPECIFIED;
}
