/* A small Lisp on firn_heap, to show how a runtime lives with a collector that moves its objects:
 * memory.c has types, roots and how objects are made; reader.c makes data of text, eval.c does what
 * data says, control.c carries errors; numbers.c and data.c are builtins, prelude.lisp is the rest
 * of the language, and main.c the program.
 *
 * The rules that all of it keeps, and which comments cite:
 *
 * R1  A value in a C variable is good until the next call that may make an object. What is needed
 *     later stands in a root: on the stack of values, in a frame of roots, in a handle. A function
 *     that makes objects roots its own arguments, so its callers need not.
 * R2  A pointer is stored into an object by `set`, the write barrier; plainly only into an object
 *     that was just made. A bulk of them is stored by memcpy, of which firn_heap_wrote tells.
 * R3  What recurs in C calls check_depth, so that deep data and programs get an error.
 * R4  Errors jump (see trap): C code that holds what must be released sets a trap of its own. */
#ifndef LISP_H
#define LISP_H

#include <firn/firn.h>

#include <setjmp.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>

/* A word. The heap takes one for a pointer to an object only when its low three bits are 0:
 * xx1 is a fixnum of 63 bits, 010 an immediate. NULL in a variable means that it has no value. */
typedef void *value;
#define FIXNUM(n) ((value)((uintptr_t)(n) << 1 | 1))
#define IS_FIXNUM(v) (((uintptr_t)(v)&1) != 0)
#define INTEGER(fixnum) ((intptr_t)(fixnum) >> 1)

enum sort { SPECIAL, PROCEDURE }; /* of immediates: #f and such; a builtin */
#define IMMEDIATE(sort, n) ((value)((uintptr_t)(n) << 8 | (uintptr_t)(sort) << 3 | 2))
#define IS_IMMEDIATE(v, sort) (((uintptr_t)(v)&0xff) == ((uintptr_t)(sort) << 3 | 2))
#define PAYLOAD(immediate) ((uintptr_t)(immediate) >> 8)
#define NIL IMMEDIATE(SPECIAL, 0)
#define FALSE IMMEDIATE(SPECIAL, 1)
#define TRUE IMMEDIATE(SPECIAL, 2)
#define UNSPECIFIED IMMEDIATE(SPECIAL, 3)
#define END_OF_FILE IMMEDIATE(SPECIAL, 4)
#define BOOLEAN(truth) ((truth) ? TRUE : FALSE)

enum kind { PAIR, SYMBOL, STRING, FLONUM, VECTOR, CLOSURE, KIND_COUNT };

typedef struct symbol {
    value global; /* its value as a global variable */
    value name;   /* a STRING */
    size_t form;  /* of a special form: its number, from 1 */
} symbol;

typedef struct closure {
    value name, parameters, forms, env; /* name: a SYMBOL or FALSE */
    size_t least, most;                 /* arguments */
    bool is_macro;
} closure;
#define CLOSURE_VALUES 4

#define CAR(v) (((value *)(v))[0]) /* of a PAIR */
#define CDR(v) (((value *)(v))[1])
#define ITEM_COUNT(v) (firn_heap_size(v) / sizeof(value)) /* of a VECTOR */
#define TEXT_SIZE(v) (firn_heap_size(v) - 1)              /* of a STRING, which ends with a NUL */

/* An error is a list of a STRING, the message, and what it is about; any value can be raised.
 * Where it goes: to C code that called trap_begin, then setjmp(trap.jump). */
typedef struct trap {
    struct trap *outer;
    firn_roots roots; /* an empty frame: ending it ends all newer ones */
    size_t stack_count;
    jmp_buf jump;
} trap;

enum handle { OUT_OF_MEMORY, INTERRUPT, NO_NAME, QUOTE, QUASIQUOTE, UNQUOTE, SPLICE, HANDLE_COUNT };
#define STACK_MAX ((size_t)1 << 20)
#define NUMBER_BYTES 32 /* of its text */

typedef struct lisp {
    firn_heap *heap;
    firn_type types[KIND_COUNT];
    firn_roots stack;             /* of values: the outermost frame of roots, whose count changes */
    value symbols, raised, file;  /* root slots: a VECTOR of lists; what unwinds, and its place */
    size_t line;                  /* 0: unknown */
    value *handles[HANDLE_COUNT]; /* to errors that are made in time, and to symbols */
    trap *trap;                   /* the innermost */
    const struct builtin *builtin; /* at work, for messages */
    char *c_limit;                 /* how far the C stack may reach */
    volatile sig_atomic_t interrupted;
    uint64_t failing; /* (fail-at n): how many objects until one cannot be made; 0: off */
} lisp;

/* A procedure in C. Its arguments stand on the stack, where the collector updates them. It returns
 * a value, or NULL to have what it left on the stack from args - 1 on called in its place. */
typedef struct builtin {
    const char *name;
    value (*call)(lisp *l, value *args, size_t count);
    size_t least, most; /* arguments */
    struct builtin *next;
} builtin;
extern builtin *builtins; /* all */
#define ANY SIZE_MAX
#define UNUSED __attribute__((unused))

/* Defines one, which puts itself into the list; its body follows. */
#define BUILTIN(function, name, least, most)                                                       \
    static value function(UNUSED lisp *l, UNUSED value *args, UNUSED size_t count);                \
    __attribute__((constructor)) static void add_##function(void)                                  \
    {                                                                                              \
        static builtin entry = {name, function, least, most, NULL};                                \
        entry.next = builtins;                                                                     \
        builtins = &entry;                                                                         \
    }                                                                                              \
    static value function(UNUSED lisp *l, UNUSED value *args, UNUSED size_t count)
#define GIVES(function, name, arguments, result)                                                   \
    BUILTIN(function, name, (arguments) == ANY ? 0 : (arguments), arguments)                       \
    {                                                                                              \
        return result;                                                                             \
    }

typedef struct source { /* what the reader reads */
    FILE *file;
    size_t line, start; /* start: of the datum at hand; 0: it has not begun */
} source;

extern const char *const kind_names[]; /* memory.c */
bool lisp_open(lisp *l, size_t limit_bytes, bool stress);
value make_string(lisp *l, const char *text, size_t size); /* text is not the heap's, or NULL */
value cons(lisp *l, value car, value cdr);
value make_vector(lisp *l, const value *values, size_t count); /* which are in roots */
value pop_list(lisp *l, size_t count, value rest);             /* of the topmost values */
value intern(lisp *l, const char *name, size_t size);
void trap_begin(lisp *l, trap *t); /* control.c */
void trap_end(lisp *l, trap *t);
_Noreturn void fail(lisp *l, value irritant, const char *format, ...) FIRN_PRINTF(3, 4);
_Noreturn void fail_out_of_memory(lisp *l);
void check_depth(lisp *l);
value expect(lisp *l, value v, enum kind kind);
size_t expect_below(lisp *l, value v, size_t limit);
size_t expect_list(lisp *l, value v); /* its length */
void load(lisp *l, value name, source *s);
void load_file(lisp *l, value name);
value read_datum(lisp *l, source *s);          /* reader.c; END_OF_FILE at the end */
void install(lisp *l);                         /* the forms and the builtins */
value eval(lisp *l, value form, value env);    /* eval.c */
value call(lisp *l, size_t count);             /* of what stands below so many arguments */
value parse_number(lisp *l, const char *text); /* numbers.c; FALSE when it is none */
const char *number_text(value v, char text[NUMBER_BYTES]);

static inline bool is(const lisp *l, value v, enum kind kind)
{
    return ((uintptr_t)v & 7) == 0 && v != NULL && firn_heap_type(l->heap, v) == l->types[kind];
}

/* A new object, all zero. Other values in C variables are bad from here on (R1). */
static inline void *make(lisp *l, enum kind kind, size_t size)
{
    void *made = firn_heap_alloc(l->heap, l->types[kind], size);
    if (made == NULL || (l->failing != 0 && --l->failing == 0))
        fail_out_of_memory(l);
    return made;
}

/* Stores v into a slot of an object (R2). */
static inline value set(lisp *l, void *object, value *slot, value v)
{
    firn_heap_write(l->heap, object, slot, v);
    return UNSPECIFIED;
}

static inline void push(lisp *l, value v)
{
    if (l->stack.count >= STACK_MAX)
        fail(l, NULL, "nested too deeply");
    l->stack.slots[l->stack.count++] = v;
}

static inline value pop(lisp *l)
{
    return l->stack.slots[--l->stack.count];
}

#endif
