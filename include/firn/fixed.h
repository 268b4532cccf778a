/* Lengths of a page's layout in units of 1/64 pixel, as browsers count them: whole pixels up to
 * +-33,554,431 with six bits of fraction, in 32 bits. Sums of them are exact, unlike floats', and
 * what does not fit saturates: it becomes the largest or the smallest length, and never wraps
 * round. Conversions and products follow Blink's LayoutUnit.
 *
 * Plain values; all calls are safe between threads and cannot fail. */
#ifndef FIRN_FIXED_H
#define FIRN_FIXED_H

#include <firn/api.h>

FIRN_BEGIN

#define FIRN_FIXED_ONE 64 /* a pixel */

/* A length: `units` of 1/64 pixel. In a struct, so that it is not mixed up with whole pixels. */
typedef struct firn_fixed {
    int32_t units;
} firn_fixed;

static inline firn_fixed firn_fixed_of_units(int64_t units)
{
    firn_fixed made = {units > INT32_MAX   ? INT32_MAX
                       : units < INT32_MIN ? INT32_MIN
                                           : (int32_t)units};
    return made;
}

/* --- from and to pixels --- */

static inline firn_fixed firn_fixed_of_int(int32_t pixels)
{
    return firn_fixed_of_units((int64_t)pixels * FIRN_FIXED_ONE);
}

/* Units of a length in pixels that was rounded to a whole number already; not a number is 0. */
static inline firn_fixed firn_fixed_of_whole(double units)
{
    int64_t whole = units >= 2147483647.0    ? INT32_MAX
                    : units <= -2147483648.0 ? INT32_MIN
                    : units == units         ? (int64_t)units
                                             : 0;
    return firn_fixed_of_units(whole);
}

/* Cuts off what is below a unit, towards 0. */
static inline firn_fixed firn_fixed_of_double(double pixels)
{
    return firn_fixed_of_whole(pixels * FIRN_FIXED_ONE);
}

/* To the nearest unit, halves away from 0. */
static inline firn_fixed firn_fixed_of_double_rounded(double pixels)
{
    return firn_fixed_of_whole(pixels * FIRN_FIXED_ONE + (pixels < 0 ? -0.5 : 0.5));
}

static inline double firn_fixed_to_double(firn_fixed a)
{
    return (double)a.units / FIRN_FIXED_ONE;
}

/* The whole pixels at or below. */
static inline int32_t firn_fixed_floor(firn_fixed a)
{
    int32_t whole = a.units / FIRN_FIXED_ONE;
    return whole - (a.units % FIRN_FIXED_ONE < 0);
}

/* The whole pixels at or above. */
static inline int32_t firn_fixed_ceil(firn_fixed a)
{
    int32_t whole = a.units / FIRN_FIXED_ONE;
    return whole + (a.units % FIRN_FIXED_ONE > 0);
}

/* The nearest whole pixels, halves upwards: 0.5 is 1, -0.5 is 0. */
static inline int32_t firn_fixed_round(firn_fixed a)
{
    return firn_fixed_floor(firn_fixed_of_units((int64_t)a.units + FIRN_FIXED_ONE / 2));
}

/* Cut off towards 0. */
static inline int32_t firn_fixed_trunc(firn_fixed a)
{
    return a.units / FIRN_FIXED_ONE;
}

/* What firn_fixed_trunc cuts off: of a's sign, below a pixel. */
static inline firn_fixed firn_fixed_fraction(firn_fixed a)
{
    firn_fixed made = {a.units % FIRN_FIXED_ONE};
    return made;
}

/* How many device pixels a box of a size covers that begins at `start`: both its edges are rounded,
 * so that boxes that touch still do. What can be seen (more than 4 units) is at least one pixel. */
static inline int32_t firn_fixed_snap(firn_fixed size, firn_fixed start)
{
    firn_fixed fraction = firn_fixed_fraction(start);
    firn_fixed end = firn_fixed_of_units((int64_t)fraction.units + size.units);
    int32_t pixels = firn_fixed_round(end) - firn_fixed_round(fraction);
    if (pixels == 0 && (size.units > 4 || size.units < -4))
        pixels = size.units > 0 ? 1 : -1;
    return pixels;
}

/* --- arithmetic --- */

static inline firn_fixed firn_fixed_add(firn_fixed a, firn_fixed b)
{
    return firn_fixed_of_units((int64_t)a.units + b.units);
}

static inline firn_fixed firn_fixed_subtract(firn_fixed a, firn_fixed b)
{
    return firn_fixed_of_units((int64_t)a.units - b.units);
}

/* The largest length for the smallest one. */
static inline firn_fixed firn_fixed_negate(firn_fixed a)
{
    return firn_fixed_of_units(-(int64_t)a.units);
}

static inline firn_fixed firn_fixed_abs(firn_fixed a)
{
    return a.units < 0 ? firn_fixed_negate(a) : a;
}

/* Cuts off what is below a unit, towards 0, as do the next two. */
static inline firn_fixed firn_fixed_multiply(firn_fixed a, firn_fixed b)
{
    return firn_fixed_of_units((int64_t)a.units * b.units / FIRN_FIXED_ONE);
}

/* By 0: the largest or the smallest length, by a's sign; 0 by 0 is 0. */
static inline firn_fixed firn_fixed_divide(firn_fixed a, firn_fixed b)
{
    if (b.units == 0)
        return firn_fixed_of_units(a.units > 0 ? INT32_MAX : a.units < 0 ? INT32_MIN : 0);
    return firn_fixed_of_units((int64_t)a.units * FIRN_FIXED_ONE / b.units);
}

/* a * b / c with nothing lost in between; c of 0 as in firn_fixed_divide. */
static inline firn_fixed firn_fixed_multiply_divide(firn_fixed a, firn_fixed b, firn_fixed c)
{
    int64_t product = (int64_t)a.units * b.units;
    if (c.units == 0)
        return firn_fixed_of_units(product > 0 ? INT32_MAX : product < 0 ? INT32_MIN : 0);
    return firn_fixed_of_units(product / c.units);
}

/* Below 0, 0 or above 0 as a is less than, equal to or more than b. */
static inline int firn_fixed_compare(firn_fixed a, firn_fixed b)
{
    return (a.units > b.units) - (a.units < b.units);
}

FIRN_END

#endif
