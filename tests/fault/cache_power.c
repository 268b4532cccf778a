/* The power fails under a cache: of what it did to its store, the disk has kept what was synced and
 * any part of the rest, the last write torn at every 512 bytes. What a flush acknowledged is there,
 * nothing half is, and the next cache goes on. */
#include "support/power.h"
#include "support/cache_rounds.h"
#include "support/samples.h"

#include <setjmp.h>
#include <stdarg.h>
#include <cmocka.h>

enum {
    ROUNDS = SAMPLES_ALL ? 18 : ROUND_COUNT,
    SAMPLES = 25,
    RECOVERIES = 8 /* of each, one is gone on with */
};

static char left[TEMPDIR_PATH_BYTES + 8]; /* what the failure has left */
static unsigned failures, torn;

static void check_left(const char *folder, size_t acknowledged, const char *what)
{
    rounds all = rounds_none();
    for (uint32_t round = 1; round <= acknowledged; round++)
        rounds_assume(&all, round);
    rounds_acknowledge(&all);
    if (acknowledged < ROUNDS)
        rounds_assume(&all, (uint32_t)acknowledged + 1);
    if (failures % RECOVERIES == 0) {
        rounds_recover(folder, &all, what);
    } else {
        firn_cache *cache = rounds_open(folder);
        rounds_settle(cache, &all, what);
        firn_cache_close(cache);
    }
    torn += strstr(what, "torn") != NULL;
    failures++;
}

/* Rounds with all that is done to a store: freezing, compaction, packing again, reopening. */
static void record(void)
{
    rounds all = rounds_none();
    assert_int_equal(mkdir(path, 0777), 0);
    power_begin(path);
    firn_cache *cache = rounds_open(path);
    for (uint32_t round = 1; round <= ROUNDS; round++) {
        assert_int_equal(rounds_make(cache, &all, round), FIRN_OK);
        assert_int_equal(rounds_flush(cache, &all), FIRN_OK);
        power_acknowledge(round);
        assert_int_equal(rounds_pass(cache, round % ROUND_COUNT == 0), FIRN_OK);
        if (round % 3 == 0) {
            firn_cache_close(cache);
            cache = rounds_open(path);
        }
    }
    firn_cache_close(cache);
    power.is_on = false;
}

static void what_was_flushed_survives_every_power_failure(void **state)
{
    (void)state;
    rng random;
    unsigned tried = 0;
    rng_init(&random, "cache_power");
    record();
    snprintf(left, sizeof left, "%s/left", root);
    for (size_t count = 0; count <= power.event_count; count++) {
        if (!sample_is_wanted(&random, SAMPLES, power.event_count))
            continue;
        power_each_after(count, left, check_left);
        tried++;
    }
    print_message("%u failures, %u of them torn, after %u of %zu events\n", failures, torn, tried,
                  power.event_count);
    assert_true(power.event_count > 60 && torn > 0);
    power_end();
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(what_was_flushed_survives_every_power_failure, set_up_fast,
                                        tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
