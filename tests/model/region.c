/* A hundred regions against copies of what lies in them, for some thousand steps. */
#include "support/region_model.h"

static void regions_hold_what_was_written(void **state)
{
    (void)state;
    static struct model model;
    model_init(&model, "model_region");
    model_run(&model, 6000);
    model_fini(&model);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(regions_hold_what_was_written)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
