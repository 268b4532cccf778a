/* Numbers: fixnums of 63 bits, and flonums, which results become that are too large for these. */
#include "lisp.h"

#include <math.h>
#include <stdlib.h>

static double number(lisp *l, value v)
{
    if (!IS_FIXNUM(v) && !is(l, v, FLONUM))
        fail(l, v, "%s: not a number:", l->builtin->name);
    return IS_FIXNUM(v) ? (double)INTEGER(v) : *(double *)v;
}

static value make_flonum(lisp *l, double x)
{
    return memcpy(make(l, FLONUM, sizeof x), &x, sizeof x);
}

/* These give a fixnum if it fits. */
static value from_integer(lisp *l, intptr_t n)
{
    return INTEGER(FIXNUM(n)) == n ? FIXNUM(n) : make_flonum(l, (double)n);
}

static value from_double(lisp *l, double x)
{
    return fabs(x) < 0x1p62 ? FIXNUM((intptr_t)x) : make_flonum(l, x);
}

/* With one argument, start - it. */
#define ARITHMETIC(call, name, least, start, overflows, operation)                                 \
    BUILTIN(call, name, least, ANY)                                                                \
    {                                                                                              \
        value sum = count > 1 ? args[0] : FIXNUM(start);                                           \
        for (size_t i = count > 1; i < count; i++) {                                               \
            intptr_t n = 0;                                                                        \
            bool exact = IS_FIXNUM(sum) && IS_FIXNUM(args[i]) &&                                   \
                         !overflows(INTEGER(sum), INTEGER(args[i]), &n);                           \
            sum = exact ? from_integer(l, n)                                                       \
                        : make_flonum(l, number(l, sum) operation number(l, args[i]));             \
        }                                                                                          \
        return sum;                                                                                \
    }
ARITHMETIC(add, "+", 0, 0, __builtin_add_overflow, +)
ARITHMETIC(subtract, "-", 1, 0, __builtin_sub_overflow, -)
ARITHMETIC(multiply, "*", 0, 1, __builtin_mul_overflow, *)

#define COMPARISON(call, name, operation)                                                          \
    BUILTIN(call, name, 2, 2)                                                                      \
    {                                                                                              \
        if (IS_FIXNUM(args[0]) && IS_FIXNUM(args[1]))                                              \
            return BOOLEAN(INTEGER(args[0]) operation INTEGER(args[1]));                           \
        return BOOLEAN(number(l, args[0]) operation number(l, args[1]));                           \
    }
COMPARISON(equal, "=", ==)
COMPARISON(less, "<", <)
COMPARISON(greater, ">", >)
COMPARISON(at_most, "<=", <=)
COMPARISON(at_least, ">=", >=)

/* The second argument of a division of integers. */
static intptr_t divisor(lisp *l, const value *args)
{
    for (size_t i = 0; i < 2; i++)
        if (!IS_FIXNUM(args[i]))
            fail(l, args[i], "%s: not an integer:", l->builtin->name);
    if (args[1] == FIXNUM(0))
        fail(l, NULL, "%s: division by zero", l->builtin->name);
    return INTEGER(args[1]);
}

GIVES(quotient, "quotient", 2, from_integer(l, INTEGER(args[0]) / divisor(l, args)))
GIVES(remainder_of, "remainder", 2, FIXNUM(INTEGER(args[0]) % divisor(l, args)))

BUILTIN(divide, "/", 2, 2) /* a fixnum where it is exact */
{
    double x = number(l, args[0]), y = number(l, args[1]);
    if (y == 0)
        fail(l, NULL, "/: division by zero");
    if (IS_FIXNUM(args[0]) && IS_FIXNUM(args[1]) && INTEGER(args[0]) % INTEGER(args[1]) == 0)
        return from_integer(l, INTEGER(args[0]) / INTEGER(args[1]));
    return make_flonum(l, x / y);
}

GIVES(exact, "exact", 1, from_double(l, trunc(number(l, args[0]))))
GIVES(floor_of, "floor", 1, from_double(l, floor(number(l, args[0]))))
GIVES(sqrt_of, "sqrt", 1, make_flonum(l, sqrt(number(l, args[0]))))

/* --- text --- */

value parse_number(lisp *l, const char *text)
{
    char *end;
    const char *digit = text + strspn(text, "+-.");
    if (*digit < '0' || *digit > '9' || digit[strspn(digit, "+-.0123456789eE")] != '\0')
        return FALSE;
    double x = strtod(text, &end);
    if (*end != '\0')
        return FALSE;
    intptr_t n = strtoll(text, NULL, 10);
    bool exact = strpbrk(text, ".eE") == NULL && INTEGER(FIXNUM(n)) == n;
    return exact ? FIXNUM(n) : make_flonum(l, x);
}

const char *number_text(value v, char text[NUMBER_BYTES])
{
    int digits = 15;
    if (IS_FIXNUM(v)) {
        snprintf(text, NUMBER_BYTES, "%jd", (intmax_t)INTEGER(v));
        return text;
    }
    do /* the fewest that tell it from all others */
        snprintf(text, NUMBER_BYTES, "%.*g", digits, *(double *)v);
    while (++digits < 18 && strtod(text, NULL) != *(double *)v);
    return strpbrk(text, ".en") != NULL ? text : strncat(text, ".0", 3);
}
