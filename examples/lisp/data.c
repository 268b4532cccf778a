/* Builtins on pairs, vectors, strings and symbols. */
#include "lisp.h"

GIVES(is_same, "eq?", 2, BOOLEAN(args[0] == args[1]))
GIVES(is_null, "null?", 1, BOOLEAN(args[0] == NIL))
GIVES(is_end, "eof?", 1, BOOLEAN(args[0] == END_OF_FILE))
GIVES(is_false, "not", 1, BOOLEAN(args[0] == FALSE))
GIVES(is_pair, "pair?", 1, BOOLEAN(is(l, args[0], PAIR)))
GIVES(is_symbol, "symbol?", 1, BOOLEAN(is(l, args[0], SYMBOL)))
GIVES(is_string, "string?", 1, BOOLEAN(is(l, args[0], STRING)))
GIVES(is_vector, "vector?", 1, BOOLEAN(is(l, args[0], VECTOR)))
GIVES(is_flonum, "flonum?", 1, BOOLEAN(is(l, args[0], FLONUM)))
GIVES(is_fixnum, "integer?", 1, BOOLEAN(IS_FIXNUM(args[0])))
GIVES(is_code, "procedure?", 1, BOOLEAN(is(l, *args, CLOSURE) || IS_IMMEDIATE(*args, PROCEDURE)))

GIVES(make_pair, "cons", 2, cons(l, args[0], args[1]))
GIVES(car, "car", 1, CAR(expect(l, args[0], PAIR)))
GIVES(cdr, "cdr", 1, CDR(expect(l, args[0], PAIR)))
GIVES(cadr, "cadr", 1, CAR(expect(l, CDR(expect(l, args[0], PAIR)), PAIR)))
GIVES(cddr, "cddr", 1, CDR(expect(l, CDR(expect(l, args[0], PAIR)), PAIR)))
GIVES(length, "length", 1, FIXNUM(expect_list(l, args[0])))
GIVES(set_car, "set-car!", 2, set(l, args[0], &CAR(expect(l, args[0], PAIR)), args[1]))
GIVES(set_cdr, "set-cdr!", 2, set(l, args[0], &CDR(expect(l, args[0], PAIR)), args[1]))

GIVES(list, "list", ANY, pop_list(l, count, NIL))
GIVES(vector, "vector", ANY, make_vector(l, args, count))

/* --- vectors --- */

static value *item(lisp *l, value *args)
{
    value *items = expect(l, args[0], VECTOR);
    return items + expect_below(l, args[1], ITEM_COUNT(items));
}

GIVES(vector_length, "vector-length", 1, FIXNUM(ITEM_COUNT(expect(l, args[0], VECTOR))))
GIVES(vector_ref, "vector-ref", 2, *item(l, args))
GIVES(vector_set, "vector-set!", 3, set(l, args[0], item(l, args), args[2]))

BUILTIN(new_vector, "%make-vector", 2, 2)
{
    size_t size = expect_below(l, args[0], FIRN_HEAP_OBJECT_MAX / sizeof(value));
    value *made = make(l, VECTOR, size * sizeof *made);
    for (size_t i = 0; i < size; i++)
        made[i] = args[1];
    firn_heap_wrote(l->heap, made, made, size * sizeof *made); /* it may be large (R2) */
    return made;
}

/* --- strings and symbols --- */

GIVES(string_length, "string-length", 1, FIXNUM(TEXT_SIZE(expect(l, args[0], STRING))))

BUILTIN(string_ref, "string-ref", 2, 2)
{
    size_t i = expect_below(l, args[1], TEXT_SIZE(expect(l, args[0], STRING)));
    return FIXNUM(((unsigned char *)args[0])[i]);
}

BUILTIN(string, "string", 0, ANY) /* of bytes: there are no characters */
{
    char *made = make_string(l, NULL, count);
    for (size_t i = 0; i < count; i++)
        made[i] = (char)expect_below(l, args[i], 256);
    return made;
}

BUILTIN(string_append, "string-append", 0, ANY)
{
    size_t size = 0, done = 0;
    for (size_t i = 0; i < count; i++)
        size += TEXT_SIZE(expect(l, args[i], STRING));
    char *made = make_string(l, NULL, size);
    for (size_t i = 0; i < count; done += TEXT_SIZE(args[i]), i++)
        memcpy(made + done, args[i], TEXT_SIZE(args[i])); /* where it is now (R1) */
    return made;
}

BUILTIN(string_to_symbol, "string->symbol", 1, 1)
{
    char name[256]; /* because making a symbol may move the string (R1) */
    size_t size = TEXT_SIZE(expect(l, args[0], STRING));
    if (size > sizeof name)
        fail(l, args[0], "string->symbol: too long:");
    return intern(l, memcpy(name, args[0], size), size);
}

/* --- printing: the prelude puts the texts of atoms together --- */

GIVES(symbol_name, "symbol->string", 1, ((symbol *)expect(l, args[0], SYMBOL))->name)
GIVES(display, "%display", 1,
      (fwrite(expect(l, args[0], STRING), 1, TEXT_SIZE(args[0]), stdout), UNSPECIFIED))

BUILTIN(atom_to_string, "%atom->string", 1, 1) /* or the name of a procedure */
{
    static const char *const specials[] = {"()", "#f", "#t", "#<unspecified>", "#<end of file>"};
    char text[NUMBER_BYTES];
    const char *found = "";
    if (is(l, args[0], CLOSURE) && ((closure *)args[0])->name != FALSE)
        return ((symbol *)((closure *)args[0])->name)->name;
    if (IS_FIXNUM(args[0]) || is(l, args[0], FLONUM))
        found = number_text(args[0], text);
    else if (!is(l, args[0], CLOSURE))
        found = IS_IMMEDIATE(args[0], SPECIAL) ? specials[PAYLOAD(args[0])]
                                               : ((const builtin *)PAYLOAD(args[0]))->name;
    return make_string(l, found, strlen(found));
}
