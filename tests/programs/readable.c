/* Figures for people. */
#include "common/readable.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

static char text[READABLE_BYTES];

static void bytes_have_three_digits_and_a_unit(void **state)
{
    (void)state;
    assert_string_equal(readable_bytes(0, text), "0 B");
    assert_string_equal(readable_bytes(999, text), "999 B");
    assert_string_equal(readable_bytes(1000, text), "1.00 kB");
    assert_string_equal(readable_bytes(99949, text), "99.9 kB");
    assert_string_equal(readable_bytes(999499, text), "999 kB");
    assert_string_equal(readable_bytes(999500, text), "1.00 MB");
    assert_string_equal(readable_bytes(UINT64_MAX, text), "18.4 EB");
}

static void seconds_choose_their_unit(void **state)
{
    (void)state;
    assert_string_equal(readable_seconds(0, text), "0.00 ns");
    assert_string_equal(readable_seconds(41e-6, text), "41.0 µs");
    assert_string_equal(readable_seconds(0.9996, text), "1.00 s");
    assert_string_equal(readable_seconds(99.9, text), "99.9 s");
    assert_string_equal(readable_seconds(100, text), "1 min 40 s");
    assert_string_equal(readable_seconds((double)NAN, text), readable_seconds(1e12, text));
}

static void numbers_have_groups_of_three(void **state)
{
    (void)state;
    assert_string_equal(readable_number(0, text), "0");
    assert_string_equal(readable_number(999, text), "999");
    assert_string_equal(readable_number(1000, text), "1,000");
    assert_string_equal(readable_number(UINT64_MAX, text), "18,446,744,073,709,551,615");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(bytes_have_three_digits_and_a_unit),
        cmocka_unit_test(seconds_choose_their_unit),
        cmocka_unit_test(numbers_have_groups_of_three),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
