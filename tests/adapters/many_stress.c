/* A hundred regions with interpreters and databases in them: a million steps of writing, asking,
 * sleeping at every level and waking in every mode, each beside a twin that never sleeps. Fewer
 * with FIRN_STEPS in the environment. */
#include "duktape_subject.h"
#include "jansson_subject.h"
#include "lua_subject.h"
#include "sleeping.h"
#include "sqlite_subject.h"

#include <setjmp.h>
#include <stdarg.h>
#include <cmocka.h>

enum { REGIONS = 100, STEPS = 1000000, BETWEEN = 20, LIFE = 2000 };

typedef union any_subject {
    lua_subject lua;
    duktape_subject script;
    sqlite_subject data;
    jansson_subject trees;
} any_subject;

static const subject *const kinds[] = {&lua_subject_kind, &duktape_subject_kind,
                                       &sqlite_subject_kind, &jansson_subject_kind};

static any_subject selves[REGIONS], twins[REGIONS];
static sleeping all[REGIONS];

static void begin(size_t i, rng *random)
{
    all[i] = (sleeping){.kind = kinds[i % 4],
                        .self = &selves[i],
                        .twin = &twins[i],
                        .sibling = all[i].sibling,
                        .mode = (firn_region_wake_mode)(i / 4 % FIRN_REGION_MODE_COUNT)};
    rng_seed(&all[i].random, rng_next(random));
    if (all[i].sibling == NULL)
        sleeping_make_sibling(&all[i], all[i].self);
    sleeping_begin(&all[i]);
}

static void a_million_steps_change_nothing_but_what_they_should(void **state)
{
    (void)state;
    const char *given = getenv("FIRN_STEPS");
    size_t steps = given != NULL ? strtoull(given, NULL, 10) : STEPS, slept = 0;
    rng random;
    rng_init(&random, "a_million_steps_change_nothing_but_what_they_should");
    for (size_t i = 0; i < REGIONS; i++)
        begin(i, &random);
    for (size_t step = 0; step < steps; step++) {
        size_t i = rng_below(&random, REGIONS);
        sleeping_step(&all[i], BETWEEN);
        if (rng_below(&random, LIFE) == 0) { /* what it holds must not grow for good */
            sleeping_end(&all[i]);
            slept += all[i].slept;
            begin(i, &random);
        }
    }
    for (size_t i = 0; i < REGIONS; i++) {
        sleeping_end(&all[i]);
        slept += all[i].slept;
        firn_region_template_release(all[i].sibling);
    }
    printf("%zu steps, %zu sleeps\n", steps, slept);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_million_steps_change_nothing_but_what_they_should),
    };
    firn_jansson_configure(1);
    if (firn_sqlite_configure() != SQLITE_OK)
        subject_breach("SQLite cannot be configured");
    return cmocka_run_group_tests(tests, NULL, NULL);
}
