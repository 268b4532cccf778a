/* 64 threads on 8 connections to an origin, and some to others: 10^8 slots handed to waiters, or as
 * many as FIRN_HANDED says. */
#include "support/pool_storm.h"

#include <setjmp.h>
#include <stdarg.h>
#include <cmocka.h>

static void no_wake_up_is_lost_and_no_connection_used_twice(void **state)
{
    (void)state;
    const char *given = getenv("FIRN_HANDED");
    const uint64_t handed = given != NULL ? strtoull(given, NULL, 0) : 100000000u;
    rng random;
    rng_init(&random, "http_pool_stress");
    firn_http_pool_stats stats = storm_run(rng_next(&random), 64, handed);
    assert_true(stats.waited_count >= handed);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(no_wake_up_is_lost_and_no_connection_used_twice),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
