/* The same as region.c for a million steps. */
#include "support/region_model.h"

static void regions_hold_what_was_written_for_long(void **state)
{
    (void)state;
    static struct model model;
    model_init(&model, "model_region_stress");
    for (int i = 1; i <= 100; i++) {
        model_run(&model, 10000);
        printf("%d0,000 steps\n", i);
        fflush(stdout);
    }
    model_fini(&model);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(regions_hold_what_was_written_for_long)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
