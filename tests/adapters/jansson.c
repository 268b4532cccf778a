/* jansson in memory of allocators: each tree stays in its own, sizes are right, and failures are
 * taken. */
#include "jansson_subject.h"
#include "sleeping.h"

#include <setjmp.h>
#include <stdarg.h>
#include <cmocka.h>

static void trees_hold_what_their_steps_made(void **state)
{
    (void)state;
    jansson_subject one, other;
    subject_is_its_steps(&jansson_subject_kind, &one, &other, 6000);
}

static void nothing_of_a_tree_lives_outside(void **state)
{
    (void)state;
    jansson_subject one;
    subject_lives_inside(&jansson_subject_kind, &one, 3000);
}

static void a_tree_survives_each_allocation_that_fails(void **state)
{
    (void)state;
    jansson_subject one;
    subject_survives(&jansson_subject_kind, &one, 200, 1);
}

static void a_tree_wakes_as_it_fell_asleep(void **state)
{
    (void)state;
    jansson_subject one, twin;
    sleeping_run(&jansson_subject_kind, &one, &twin, 2000, 15);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(trees_hold_what_their_steps_made),
        cmocka_unit_test(nothing_of_a_tree_lives_outside),
        cmocka_unit_test(a_tree_survives_each_allocation_that_fails),
        cmocka_unit_test(a_tree_wakes_as_it_fell_asleep),
    };
    firn_jansson_configure(1);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
