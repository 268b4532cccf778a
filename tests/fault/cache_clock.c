/* The clock of a cache jumps ten years either way, at every tick or once: nothing is lost or aged
 * more than once for it, and the ageing goes on. */
#include "support/cache_rounds.h"

#include <setjmp.h>
#include <stdarg.h>
#include <cmocka.h>

#define TEN_YEARS (UINT64_C(87660) * HOUR)

enum { ROUNDS = 25 };

static rng jumps;

/* Somewhere within ten years of now, or at either end of time. */
static uint64_t jumping_clock(void *context)
{
    (void)context;
    switch (rng_below(&jumps, 8)) {
    case 0:
        return 0;
    case 1:
        return UINT64_MAX;
    case 2:
        return 50 * TEN_YEARS - TEN_YEARS;
    case 3:
        return 50 * TEN_YEARS + TEN_YEARS;
    default:
        return 49 * TEN_YEARS + rng_below(&jumps, 2 * TEN_YEARS);
    }
}

static firn_cache *open_with(uint64_t (*clock_ns)(void *), bool has_thread)
{
    firn_cache_options options = rounds_options(NULL, path);
    firn_cache *cache;
    options.clock_ns = clock_ns;
    options.no_thread = !has_thread;
    assert_int_equal(firn_cache_open(&options, &cache, NULL), FIRN_OK);
    return cache;
}

static void a_clock_that_jumps_at_every_tick_loses_nothing(void **state)
{
    (void)state;
    rounds all = rounds_none();
    rng_init(&jumps, "cache_clock");
    firn_cache *cache = open_with(jumping_clock, false);
    for (uint32_t round = 1; round <= ROUNDS; round++) {
        assert_int_equal(rounds_make(cache, &all, round), FIRN_OK);
        for (int tick = 0; tick < 10; tick++)
            assert_int_equal(firn_cache_tick(cache, NULL), FIRN_OK);
        rounds_expect_now(cache, &all, "after jumps");
        if (round % 2 == 0)
            assert_int_equal(rounds_flush(cache, &all), FIRN_OK);
        for (int tick = 0; tick < 10; tick++)
            assert_int_equal(firn_cache_tick(cache, NULL), FIRN_OK);
        if (round % 5 != 0)
            continue;
        firn_cache_close(cache);
        cache = open_with(jumping_clock, round % 10 == 0);
        rounds_settle(cache, &all, "opened again");
    }
    firn_cache_close(cache);
    rounds_recover(path, &all, "after all jumps");
}

static firn_tier tier_of(firn_cache *cache, uint32_t key)
{
    char text[24];
    firn_tier tier = FIRN_TIER_COUNT;
    assert_int_equal(firn_cache_tier_of(cache, key_of(key, text), &tier, NULL), FIRN_OK);
    return tier;
}

static void tick_after(firn_cache *cache, uint64_t ns)
{
    fake_sleep(ns);
    assert_int_equal(firn_cache_tick(cache, NULL), FIRN_OK);
    fake_sleep(11 * SECOND); /* what waits to be packed */
    assert_int_equal(firn_cache_tick(cache, NULL), FIRN_OK);
}

/* Ten years back stand still, ten years ahead age what is there once; what comes then ages as ever.
 */
static void a_jump_stands_still_or_ages_once(void **state)
{
    (void)state;
    fake_sleep(50 * TEN_YEARS);
    firn_cache *cache = open_with(fake_clock, false);
    for (int direction = 0; direction < 2; direction++) {
        uint32_t old = (uint32_t)direction * 2 + 1, young = old + 1;
        assert_int_equal(rounds_put(cache, old, 1, NULL), FIRN_OK);
        if (direction == 0)
            atomic_fetch_sub(&fake_ns, TEN_YEARS);
        else
            fake_sleep(TEN_YEARS);
        tick_after(cache, 0);
        assert_int_equal(tier_of(cache, old), direction == 0 ? FIRN_TIER_HOT : FIRN_TIER_WARM);
        assert_int_equal(rounds_put(cache, young, 1, NULL), FIRN_OK);
        tick_after(cache, SECOND);
        assert_int_equal(tier_of(cache, young), FIRN_TIER_HOT);
        tick_after(cache, 40 * SECOND);
        assert_int_equal(tier_of(cache, young), FIRN_TIER_WARM);
        for (int i = 0; i < 8; i++)
            tick_after(cache, 2 * HOUR);
        assert_int_equal(tier_of(cache, old), FIRN_TIER_FROZEN);
        assert_int_equal(tier_of(cache, young), FIRN_TIER_FROZEN);
    }
    rounds all = rounds_none();
    for (uint32_t key = 1; key <= 4; key++)
        rounds_is_now(&all, key, 1);
    rounds_expect_now(cache, &all, "after jumps");
    firn_cache_close(cache);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up_fast, tear_down)
    const struct CMUnitTest tests[] = {
        TEST(a_clock_that_jumps_at_every_tick_loses_nothing),
        TEST(a_jump_stands_still_or_ages_once),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
