/* SQLite in memory of allocators: each database stays in its own, sizes are right, and failures are
 * taken. */
#include "sqlite_subject.h"
#include "sleeping.h"

#include <setjmp.h>
#include <stdarg.h>
#include <cmocka.h>

static void databases_hold_what_their_steps_made(void **state)
{
    (void)state;
    sqlite_subject one, other;
    subject_is_its_steps(&sqlite_subject_kind, &one, &other, 600);
}

static void nothing_of_a_database_lives_outside(void **state)
{
    (void)state;
    sqlite_subject one;
    subject_lives_inside(&sqlite_subject_kind, &one, 600);
}

static void a_database_survives_each_allocation_that_fails(void **state)
{
    (void)state;
    sqlite_subject one;
    subject_survives(&sqlite_subject_kind, &one, 30, 3);
}

static void configuring_late_is_refused(void **state)
{
    (void)state;
    assert_int_equal(firn_sqlite_configure(), SQLITE_MISUSE);
}

static void a_database_wakes_as_it_fell_asleep(void **state)
{
    (void)state;
    sqlite_subject one, twin;
    sleeping_run(&sqlite_subject_kind, &one, &twin, 300, 4);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(databases_hold_what_their_steps_made),
        cmocka_unit_test(nothing_of_a_database_lives_outside),
        cmocka_unit_test(a_database_survives_each_allocation_that_fails),
        cmocka_unit_test(configuring_late_is_refused),
        cmocka_unit_test(a_database_wakes_as_it_fell_asleep),
    };
    if (firn_sqlite_configure() != SQLITE_OK)
        subject_breach("SQLite cannot be configured");
    return cmocka_run_group_tests(tests, NULL, NULL);
}
