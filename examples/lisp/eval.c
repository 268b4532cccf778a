/* Forms are evaluated as they are read. An environment is a list of bindings, pairs of a name and a
 * value, the innermost first; each call begins its part of it with a binding of no name, after
 * which `define` inserts others, so that closures which have the list see them too.
 *
 * `eval` is a loop: a form in tail position takes the place of the one at hand, so that only what
 * is evaluated for a part of something recurs in C. What a call is made of stands on the stack of
 * values meanwhile, what the loop is at work with in a frame of roots, as at[EXPR] and at[ENV]
 * (R1). */
#include "lisp.h"

#define SLOTS (l->stack.slots)
enum { EXPR, ENV };
enum { CALLS, QUOTES, CHOOSES, BEGINS, SETS, CLOSES, DEFINES, DEFINES_MACRO, FORM_COUNT };
static const char *const form_names[] = {"",     "quote",  "if",     "begin",
                                         "set!", "lambda", "define", "define-macro"};
static const char *const handle_names[] = {
    "out of memory", "interrupted", "", "quote", "quasiquote", "unquote", "unquote-splicing"};
builtin *builtins;

void install(lisp *l)
{
    for (size_t i = 0; i < HANDLE_COUNT; i++)
        *l->handles[i] = intern(l, handle_names[i], strlen(handle_names[i]));
    for (size_t i = OUT_OF_MEMORY; i <= NO_NAME; i++) /* lists of a string, as errors are */
        *l->handles[i] = cons(l, ((symbol *)*l->handles[i])->name, NIL);
    for (size_t form = QUOTES; form < FORM_COUNT; form++)
        ((symbol *)intern(l, form_names[form], strlen(form_names[form])))->form = form;
    for (builtin *entry = builtins; entry != NULL; entry = entry->next) {
        symbol *name = intern(l, entry->name, strlen(entry->name));
        name->global = IMMEDIATE(PROCEDURE, entry); /* no pointer: needs no barrier */
    }
}

/* The n-th element of a form. */
static value part(lisp *l, value form, size_t n)
{
    value at = form;
    while (is(l, at, PAIR) && n-- > 0)
        at = CDR(at);
    if (!is(l, at, PAIR))
        fail(l, form, "not well formed:");
    return CAR(at);
}

/* --- variables --- */

/* The value of a variable, which becomes *v if that is given. */
static value variable(lisp *l, value name, value env, const value *v)
{
    while (env != NIL && CAR(CAR(env)) != name)
        env = CDR(env);
    value object = env != NIL ? CAR(env) : name;
    if (!is(l, name, SYMBOL))
        fail(l, name, "not a name:");
    value *slot = env != NIL ? &CDR(object) : &((symbol *)object)->global;
    if (*slot == NULL)
        fail(l, name, "no value has the name");
    return v == NULL ? *slot : set(l, object, slot, *v);
}

static value define(lisp *l, value name, value env, value v)
{
    if (!is(l, name, SYMBOL))
        fail(l, name, "not a name:");
    if (is(l, v, CLOSURE) && ((closure *)v)->name == FALSE)
        set(l, v, &((closure *)v)->name, name);
    if (env == NIL)
        return set(l, name, &((symbol *)name)->global, v);
    firn_roots frame;
    firn_roots_begin(l->heap, &frame, &env, 1);
    v = cons(l, name, v);
    v = cons(l, v, CDR(env));
    firn_roots_end(l->heap, &frame);
    return set(l, env, &CDR(env), v);
}

static value make_closure(lisp *l, value parameters, value forms, value env)
{
    value at[] = {parameters, forms, env};
    firn_roots frame;
    size_t count = 0;
    for (; is(l, parameters, PAIR) && count < STACK_MAX; count++)
        parameters = is(l, CAR(parameters), SYMBOL) ? CDR(parameters) : FALSE;
    if (parameters != NIL && !is(l, parameters, SYMBOL))
        fail(l, parameters, "not names of parameters:");
    firn_roots_begin(l->heap, &frame, at, 3);
    closure *made = make(l, CLOSURE, sizeof *made);
    firn_roots_end(l->heap, &frame);
    *made = (closure){FALSE, at[0], at[1], at[2], count, parameters == NIL ? count : ANY, false};
    return made;
}

/* --- calls --- */

/* Makes the last form of a list the one at hand, after evaluating the others. */
static value enter_forms(lisp *l, value at[2])
{
    for (; is(l, at[EXPR], PAIR) && CDR(at[EXPR]) != NIL; at[EXPR] = CDR(at[EXPR]))
        eval(l, CAR(at[EXPR]), at[ENV]);
    at[EXPR] = is(l, at[EXPR], PAIR) ? CAR(at[EXPR]) : UNSPECIFIED;
    return NULL;
}

/* Calls what stands at `top` with what is above. Returns the value of a builtin, or NULL when the
 * body of a closure is the form at hand. Each `cons` may move the closure: it is read anew (R1). */
static value enter(lisp *l, size_t top, value at[2])
{
    size_t i = top + 1, count = l->stack.count - i;
    bool is_builtin = IS_IMMEDIATE(SLOTS[top], PROCEDURE);
    if (!is_builtin && !is(l, SLOTS[top], CLOSURE))
        fail(l, SLOTS[top], "not a procedure:");
    const builtin *b = is_builtin ? (const builtin *)PAYLOAD(SLOTS[top]) : NULL;
    const closure *c = is_builtin ? NULL : SLOTS[top];
    if (count < (is_builtin ? b->least : c->least) || count > (is_builtin ? b->most : c->most))
        fail(l, SLOTS[top], "%zu is a wrong number of arguments for", count);
    if (is_builtin) {
        l->builtin = b;
        value v = b->call(l, SLOTS + i, count);
        return v != NULL ? v : enter(l, top, at);
    }
    at[EXPR] = c->parameters;
    at[ENV] = c->env;
    for (; is(l, at[EXPR], PAIR) && i < l->stack.count; at[EXPR] = CDR(at[EXPR]), i++) {
        value binding = cons(l, CAR(at[EXPR]), SLOTS[i]);
        at[ENV] = cons(l, binding, at[ENV]);
    }
    if (at[EXPR] != NIL) {
        value rest = pop_list(l, l->stack.count - i, NIL);
        rest = cons(l, at[EXPR], rest);
        at[ENV] = cons(l, rest, at[ENV]);
    }
    at[ENV] = cons(l, *l->handles[NO_NAME], at[ENV]);
    at[EXPR] = ((closure *)SLOTS[top])->forms;
    return enter_forms(l, at);
}

value call(lisp *l, size_t count)
{
    const size_t top = l->stack.count - count - 1;
    value at[] = {NIL, NIL};
    firn_roots frame;
    firn_roots_begin(l->heap, &frame, at, 2);
    value v = enter(l, top, at);
    firn_roots_end(l->heap, &frame);
    v = v != NULL ? v : eval(l, at[EXPR], at[ENV]);
    l->stack.count = top;
    return v;
}

/* Puts what a macro, which was pushed, makes of the form at hand into that: it is expanded once. */
static void expand(lisp *l, value at[2])
{
    size_t count = 0;
    for (value left = CDR(at[EXPR]); is(l, left, PAIR); left = CDR(left), count++)
        push(l, CAR(left));
    value form = call(l, count);
    if (is(l, form, PAIR)) {
        set(l, at[EXPR], &CAR(at[EXPR]), CAR(form));
        set(l, at[EXPR], &CDR(at[EXPR]), CDR(form));
    }
    at[EXPR] = form;
}

/* Saves a step for most parts of a form, which are variables and constants. */
static inline value value_of(lisp *l, value form, value env)
{
    if (is(l, form, SYMBOL))
        return variable(l, form, env, NULL);
    return is(l, form, PAIR) ? eval(l, form, env) : form;
}

static value step_call(lisp *l, value at[2])
{
    const size_t top = l->stack.count;
    push(l, value_of(l, CAR(at[EXPR]), at[ENV]));
    if (is(l, SLOTS[top], CLOSURE) && ((closure *)SLOTS[top])->is_macro) {
        expand(l, at);
        return NULL;
    }
    for (at[EXPR] = CDR(at[EXPR]); is(l, at[EXPR], PAIR); at[EXPR] = CDR(at[EXPR]))
        push(l, value_of(l, CAR(at[EXPR]), at[ENV]));
    value v = enter(l, top, at);
    l->stack.count = top;
    return v;
}

/* (define name value) or (define (name . parameters) form ...) */
static value step_define(lisp *l, value at[2], bool is_macro)
{
    value v, target = part(l, at[EXPR], 1), first = part(l, at[EXPR], 2);
    if (is(l, target, PAIR))
        v = make_closure(l, CDR(target), CDR(CDR(at[EXPR])), at[ENV]);
    else
        v = value_of(l, first, at[ENV]);
    if (is(l, v, CLOSURE) && is_macro)
        ((closure *)v)->is_macro = true;
    target = part(l, at[EXPR], 1);
    return define(l, is(l, target, PAIR) ? CAR(target) : target, at[ENV], v);
}

/* The value of the form at hand, or NULL when there is another one in its place. */
static value step(lisp *l, value at[2])
{
    value v = at[EXPR];
    if (!is(l, v, PAIR))
        return value_of(l, v, at[ENV]);
    const size_t form = is(l, CAR(v), SYMBOL) ? ((symbol *)CAR(v))->form : CALLS;
    switch (form) {
    case QUOTES:
        return part(l, v, 1);
    case CHOOSES:
        v = value_of(l, part(l, v, 1), at[ENV]);
        part(l, at[EXPR], 2);
        if (v == FALSE && CDR(CDR(CDR(at[EXPR]))) == NIL)
            return UNSPECIFIED;
        at[EXPR] = part(l, at[EXPR], v != FALSE ? 2 : 3);
        return NULL;
    case BEGINS:
        at[EXPR] = CDR(v);
        return enter_forms(l, at);
    case SETS:
        v = value_of(l, part(l, v, 2), at[ENV]);
        return variable(l, part(l, at[EXPR], 1), at[ENV], &v);
    case DEFINES:
    case DEFINES_MACRO:
        return step_define(l, at, form == DEFINES_MACRO);
    case CLOSES:
        part(l, v, 2);
        return make_closure(l, part(l, v, 1), CDR(CDR(v)), at[ENV]);
    }
    return step_call(l, at);
}

value eval(lisp *l, value form, value env)
{
    const size_t base = l->stack.count;
    value at[] = {form, env}, v;
    firn_roots frame;
    firn_roots_begin(l->heap, &frame, at, 2);
    do {
        check_depth(l);
        v = step(l, at);
    } while (v == NULL);
    firn_roots_end(l->heap, &frame);
    l->stack.count = base;
    return v;
}
