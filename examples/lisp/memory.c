/* The heap: what it is told of each kind of object, its roots, and how objects are made.
 *
 * Roots are of three sorts. Frames on the C stack hold what one function is at work with. The stack
 * of values, on which the interpreter computes, is a frame too, the outermost one, that grows and
 * shrinks by its count. What lasts is in root slots where it changes and in handles where not. */
#include "lisp.h"

#define SYMBOL_CHAINS 1024

static value stack[STACK_MAX];

const char *const kind_names[] = {"pair", "symbol", "string", "flonum", "vector", "procedure"};

/* Its values come first. Whatever a list of offsets cannot say, a function can. */
static void trace_closure(void *object, UNUSED size_t size, firn_tracer *tracer)
{
    for (value *slot = object; slot < (value *)object + CLOSURE_VALUES; slot++)
        firn_trace(tracer, slot);
}

static firn_status put_type(lisp *l, enum kind kind)
{
    static const uint32_t slots[] = {offsetof(symbol, global), offsetof(symbol, name)};
    static const firn_type_kind kinds[] = {
        [PAIR] = FIRN_TYPE_POINTERS, [SYMBOL] = FIRN_TYPE_MAP,      [STRING] = FIRN_TYPE_LEAF,
        [FLONUM] = FIRN_TYPE_LEAF,   [VECTOR] = FIRN_TYPE_POINTERS, [CLOSURE] = FIRN_TYPE_TRACE};
    firn_type_options options = {.name = kind_names[kind], .kind = kinds[kind]};
    options.offsets = kind == SYMBOL ? slots : NULL;
    options.offset_count = kind == SYMBOL ? 2 : 0;
    options.trace = kind == CLOSURE ? trace_closure : NULL;
    return firn_heap_type_put(l->heap, &options, &l->types[kind]);
}

bool lisp_open(lisp *l, size_t limit_bytes, bool stress)
{
    firn_heap_options options = {.limit_bytes = limit_bytes, .stress = stress};
    bool done = firn_heap_create(&options, &l->heap) == FIRN_OK;
    for (int kind = 0; done && kind < KIND_COUNT; kind++)
        done = put_type(l, (enum kind)kind) == FIRN_OK;
    for (int i = 0; done && i < HANDLE_COUNT; i++)
        done = (l->handles[i] = firn_handle_get(l->heap, NULL)) != NULL;
    value *slots[] = {&l->symbols, &l->raised, &l->file};
    for (int i = 0; done && i < 3; i++)
        done = firn_heap_root_put(l->heap, slots[i]) == FIRN_OK;
    if (done)
        firn_roots_begin(l->heap, &l->stack, stack, 0);
    return done;
}

value make_string(lisp *l, const char *text, size_t size)
{
    char *made = make(l, STRING, size + 1);
    return text != NULL ? memcpy(made, text, size) : made;
}

value cons(lisp *l, value car, value cdr)
{
    value slots[] = {car, cdr}; /* which making the pair may move (R1) */
    firn_roots frame;
    firn_roots_begin(l->heap, &frame, slots, 2);
    value *made = make(l, PAIR, sizeof slots);
    firn_roots_end(l->heap, &frame);
    return memcpy(made, slots, sizeof slots); /* plainly, as it is new (R2) */
}

value make_vector(lisp *l, const value *values, size_t count)
{
    value *made = make(l, VECTOR, count * sizeof *made);
    memcpy(made, values, count * sizeof *made);
    firn_heap_wrote(l->heap, made, made, count * sizeof *made); /* it may be large (R2) */
    return made;
}

value pop_list(lisp *l, size_t count, value rest)
{
    for (; count > 0; count--) {
        rest = cons(l, l->stack.slots[l->stack.count - 1], rest);
        l->stack.count--;
    }
    return rest;
}

/* The symbol of that name. The table is old before long and what is put into it is young: without
 * the barrier, the next minor collection would take that for dead. */
value intern(lisp *l, const char *name, size_t size)
{
    if (l->symbols == NULL)
        l->symbols = make(l, VECTOR, SYMBOL_CHAINS * sizeof(value));
    size_t chain = firn_crc32c(0, name, size) % SYMBOL_CHAINS;
    for (value at = ((value *)l->symbols)[chain]; at != NULL; at = CDR(at)) {
        value text = ((symbol *)CAR(at))->name;
        if (TEXT_SIZE(text) == size && memcmp(text, name, size) == 0)
            return CAR(at);
    }
    push(l, make_string(l, name, size)); /* the stack keeps it while the symbol is made (R1) */
    symbol *made = make(l, SYMBOL, sizeof *made);
    made->name = pop(l);
    value link = cons(l, made, ((value *)l->symbols)[chain]);
    set(l, l->symbols, (value *)l->symbols + chain, link);
    return CAR(link);
}
