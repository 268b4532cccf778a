/* Layout units: borders, and random values against wide integers. */
#include <firn/fixed.h>

#include "support/random.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <cmocka.h>

static firn_fixed units(int64_t value)
{
    return firn_fixed_of_units(value);
}

static void what_does_not_fit_saturates(void **state)
{
    (void)state;
    assert_int_equal(firn_fixed_of_int(33554431).units, 33554431 * 64);
    assert_int_equal(firn_fixed_of_int(33554432).units, INT32_MAX);
    assert_int_equal(firn_fixed_of_int(INT32_MIN).units, INT32_MIN);
    assert_int_equal(firn_fixed_of_int(-33554432).units, INT32_MIN);
    assert_int_equal(firn_fixed_of_double(1e300).units, INT32_MAX);
    assert_int_equal(firn_fixed_of_double(-INFINITY).units, INT32_MIN);
    assert_int_equal(firn_fixed_of_double((double)NAN).units, 0);
    assert_int_equal(firn_fixed_of_double_rounded(1e300).units, INT32_MAX);
    assert_int_equal(firn_fixed_add(units(INT32_MAX), units(1)).units, INT32_MAX);
    assert_int_equal(firn_fixed_subtract(units(INT32_MIN), units(1)).units, INT32_MIN);
    assert_int_equal(firn_fixed_negate(units(INT32_MIN)).units, INT32_MAX);
    assert_int_equal(firn_fixed_abs(units(INT32_MIN)).units, INT32_MAX);
    assert_int_equal(firn_fixed_divide(units(5), units(0)).units, INT32_MAX);
    assert_int_equal(firn_fixed_divide(units(-5), units(0)).units, INT32_MIN);
    assert_int_equal(firn_fixed_divide(units(0), units(0)).units, 0);
    assert_int_equal(firn_fixed_multiply_divide(units(-5), units(3), units(0)).units, INT32_MIN);
    assert_int_equal(firn_fixed_divide(units(INT32_MIN), units(-1)).units, INT32_MAX);
    assert_int_equal(firn_fixed_round(units(INT32_MAX)), 33554431);
    assert_int_equal(firn_fixed_floor(units(INT32_MIN)), -33554432);
}

static void halves_round_as_in_browsers(void **state)
{
    (void)state;
    assert_int_equal(firn_fixed_round(firn_fixed_of_double(0.5)), 1);
    assert_int_equal(firn_fixed_round(firn_fixed_of_double(-0.5)), 0);
    assert_int_equal(firn_fixed_round(firn_fixed_of_double(-1.5)), -1);
    assert_int_equal(firn_fixed_round(units(31)), 0);
    assert_int_equal(firn_fixed_round(units(-33)), -1);
    assert_int_equal(firn_fixed_floor(units(-1)), -1);
    assert_int_equal(firn_fixed_ceil(units(-1)), 0);
    assert_int_equal(firn_fixed_ceil(units(1)), 1);
    assert_int_equal(firn_fixed_trunc(units(-65)), -1);
    assert_int_equal(firn_fixed_fraction(units(-65)).units, -1);
    assert_int_equal(firn_fixed_of_double(1.0 / 3).units, 21);
    assert_int_equal(firn_fixed_of_double(-1.0 / 3).units, -21);
    assert_int_equal(firn_fixed_of_double_rounded(0.5 / 64).units, 1);
    assert_int_equal(firn_fixed_of_double_rounded(-0.5 / 64).units, -1);
    assert_true(firn_fixed_to_double(units(1)) == 1.0 / 64);
}

/* Three boxes of 33 1/3 pixels cover a hundred. */
static void boxes_that_touch_still_do_when_snapped(void **state)
{
    (void)state;
    const firn_fixed third = firn_fixed_divide(firn_fixed_of_int(100), firn_fixed_of_int(3));
    firn_fixed start = units(0);
    int32_t at = 0;
    for (int i = 0; i < 300; i++) {
        assert_int_equal(firn_fixed_round(start), at);
        at += firn_fixed_snap(third, start);
        start = firn_fixed_add(start, third);
    }
    assert_int_equal(firn_fixed_snap(units(5), units(0)), 1);
    assert_int_equal(firn_fixed_snap(units(4), units(0)), 0);
    assert_int_equal(firn_fixed_snap(units(-5), units(0)), -1);
}

__extension__ typedef __int128 wide;

static int32_t clamp(wide value)
{
    return value > INT32_MAX ? INT32_MAX : value < INT32_MIN ? INT32_MIN : (int32_t)value;
}

/* a / 64, rounded down. */
static int32_t pixels_below(wide a)
{
    wide whole = a / 64;
    while (whole * 64 > a)
        whole--;
    return (int32_t)whole;
}

static int32_t some_units(rng *random)
{
    int64_t value = (int64_t)(rng_any_size(random) >> 32);
    return clamp(rng_below(random, 2) ? value : -value);
}

static void arithmetic_is_exact_or_saturated(void **state)
{
    (void)state;
    rng random;
    rng_init(&random, "fixed");
    for (int i = 0; i < 1000000; i++) {
        const wide a = some_units(&random), b = some_units(&random), c = some_units(&random);
        const firn_fixed x = units((int64_t)a), y = units((int64_t)b), z = units((int64_t)c);
        assert_int_equal(firn_fixed_add(x, y).units, clamp(a + b));
        assert_int_equal(firn_fixed_subtract(x, y).units, clamp(a - b));
        assert_int_equal(firn_fixed_multiply(x, y).units, clamp(a * b / 64));
        if (b != 0)
            assert_int_equal(firn_fixed_divide(x, y).units, clamp(a * 64 / b));
        if (c != 0)
            assert_int_equal(firn_fixed_multiply_divide(x, y, z).units, clamp(a * b / c));
        assert_int_equal(firn_fixed_of_double(firn_fixed_to_double(x)).units, x.units);
        assert_int_equal(firn_fixed_floor(x), pixels_below(a));
        assert_int_equal(firn_fixed_ceil(x), -pixels_below(-a));
        assert_int_equal(firn_fixed_compare(x, y), (a > b) - (a < b));
        if (a + 32 <= INT32_MAX)
            assert_int_equal(firn_fixed_round(x), pixels_below(a + 32));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_does_not_fit_saturates),
        cmocka_unit_test(halves_round_as_in_browsers),
        cmocka_unit_test(boxes_that_touch_still_do_when_snapped),
        cmocka_unit_test(arithmetic_is_exact_or_saturated),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
