/* Lua in memory of an allocator: it stays there, tells sizes right, and takes failures. */
#include "lua_subject.h"
#include "sleeping.h"

#include <setjmp.h>
#include <stdarg.h>
#include <cmocka.h>

static void states_hold_what_their_steps_made(void **state)
{
    (void)state;
    lua_subject one, other;
    subject_is_its_steps(&lua_subject_kind, &one, &other, 4000);
}

static void nothing_of_a_state_lives_outside(void **state)
{
    (void)state;
    lua_subject one;
    subject_lives_inside(&lua_subject_kind, &one, 2000);
}

static void a_state_survives_each_allocation_that_fails(void **state)
{
    (void)state;
    lua_subject one;
    subject_survives(&lua_subject_kind, &one, 60, 3);
}

static void a_state_wakes_as_it_fell_asleep(void **state)
{
    (void)state;
    lua_subject one, twin;
    sleeping_run(&lua_subject_kind, &one, &twin, 1500, 12);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(states_hold_what_their_steps_made),
        cmocka_unit_test(nothing_of_a_state_lives_outside),
        cmocka_unit_test(a_state_survives_each_allocation_that_fails),
        cmocka_unit_test(a_state_wakes_as_it_fell_asleep),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
