/* Random pins, writes, commands, ticks of a clock that jumps, regions that come and go and failures
 * of memory, against what each region must hold: nothing is lost, in whatever mode and tier. */
#include "support/failing.h"
#include "support/sleepers.h"
#include "support/tempdir.h"

#include <setjmp.h>
#include <stdarg.h>
#include <cmocka.h>

#include <string.h>

enum { REGIONS = 20, STEPS = 1500 };

typedef struct world {
    rng random;
    failing memory;
    firn_swapper *swapper;
    firn_region_template *sibling;
    sleeper all[REGIONS];
    uint64_t clock_ns;
    uint32_t next_number;
    size_t refused, woken[FIRN_TIER_COUNT];
} world;

static uint64_t clock_of_the_test(void *context)
{
    return ((world *)context)->clock_ns;
}

static firn_region_wake_mode any_mode(world *w)
{
    static bool tried, allowed;
    firn_region_options fault = {.mode = FIRN_REGION_ON_FAULT};
    firn_region *region;
    if (!tried) {
        allowed = firn_region_create(&fault, &region) == FIRN_OK;
        if (allowed)
            firn_region_destroy(region);
        tried = true;
    }
    return (firn_region_wake_mode)rng_below(&w->random, allowed ? 3 : 2);
}

static void bring(world *w, sleeper *one)
{
    firn_region_options options = {.mode = any_mode(w),
                                   .allocator = &w->memory.allocator,
                                   .thread_count = 1 + (uint32_t)rng_below(&w->random, 2)};
    w->memory.fail_at = 0;
    sleeper_create(one, w->next_number++, &options);
    for (int i = 0; i < 6; i++)
        sleeper_write(one, &w->random);
    firn_status status = firn_swapper_put(
        w->swapper, one->region, w->next_number % 3 == 0 ? NULL : w->sibling, &one->resident);
    if (status != FIRN_OK)
        sleeper_breach("cannot be put", one->number, status);
}

static bool is_allowed(const world *w, firn_status status)
{
    return status == FIRN_OK || (status == FIRN_NO_MEMORY && w->memory.fail_at > 0);
}

static void use(world *w, sleeper *one)
{
    firn_tier tier = firn_swapper_tier_of(w->swapper, one->resident);
    firn_status status = firn_swapper_pin(w->swapper, one->resident, NULL);
    if (!is_allowed(w, status))
        sleeper_breach("cannot be pinned", one->number, status);
    if (status != FIRN_OK) {
        w->refused++;
        return;
    }
    w->woken[tier]++;
    w->memory.fail_at = 0; /* a touch that cannot wake a block would be a fault */
    sleeper_check(one, rng_below(&w->random, 2) == 0);
    for (uint64_t writes = rng_below(&w->random, 4); writes > 0; writes--)
        sleeper_write(one, &w->random);
    if (firn_swapper_unpin(w->swapper, one->resident) != FIRN_OK)
        sleeper_breach("cannot be unpinned", one->number, FIRN_INVALID);
}

static void send_down(world *w, sleeper *one)
{
    firn_tier tier = (firn_tier)(1 + rng_below(&w->random, 3));
    firn_status status = firn_swapper_hibernate(w->swapper, one->resident, tier, NULL);
    if (!is_allowed(w, status))
        sleeper_breach("cannot be sent down", one->number, status);
    if (status == FIRN_OK && firn_swapper_tier_of(w->swapper, one->resident) < tier)
        sleeper_breach("is not where it was sent", one->number, status);
    w->refused += status != FIRN_OK;
}

static void leave(world *w, sleeper *one)
{
    bool discard = rng_below(&w->random, 2) == 0;
    firn_status status = firn_swapper_remove(w->swapper, one->resident, discard, NULL);
    if (!is_allowed(w, status))
        sleeper_breach("cannot be removed", one->number, status);
    if (status != FIRN_OK)
        return;
    w->memory.fail_at = 0;
    if (!discard) {
        status = firn_region_wake(one->region);
        if (status != FIRN_OK)
            sleeper_breach("does not wake", one->number, status);
        sleeper_check(one, true);
    }
    firn_region_destroy(one->region);
    bring(w, one);
}

static void pass_time(world *w)
{
    static const uint64_t seconds[] = {1, 10, 31, 300, 4000, 100000};
    uint64_t step = seconds[rng_below(&w->random, 6)] * UINT64_C(1000000000);
    if (rng_below(&w->random, 10) == 0)
        w->clock_ns -= w->clock_ns < step ? w->clock_ns : step;
    else
        w->clock_ns += step;
    firn_status status = firn_swapper_tick(w->swapper, NULL);
    if (!is_allowed(w, status))
        sleeper_breach("a tick failed", 0, status);
}

static void step(world *w)
{
    sleeper *one = &w->all[rng_below(&w->random, REGIONS)];
    w->memory.fail_at = rng_below(&w->random, 8) == 0
                            ? atomic_load(&w->memory.calls) + 1 + rng_below(&w->random, 12)
                            : 0;
    switch (rng_below(&w->random, 16)) {
    case 0:
    case 1:
    case 2:
        pass_time(w);
        break;
    case 3:
    case 4:
    case 5:
        send_down(w, one);
        break;
    case 6:
        leave(w, one);
        break;
    default:
        use(w, one);
    }
}

static void begin(world *w, const char *store)
{
    firn_swapper_options options = {.allocator = &w->memory.allocator,
                                    .limit_bytes = 3 << 20,
                                    .store = store,
                                    .store_quota_bytes = 64 << 20,
                                    .no_thread = true,
                                    .ignore_pressure = true,
                                    .clock_ns = clock_of_the_test,
                                    .clock_context = w};
    sleeper model;
    firn_error error;
    failing_init(&w->memory, 0);
    if (firn_swapper_create(&options, &w->swapper, &error) != FIRN_OK)
        fail_msg("%s", error.text);
    sleeper_create(&model, 0, NULL);
    for (int i = 0; i < 20; i++)
        sleeper_write(&model, &w->random);
    assert_int_equal(firn_region_template_create(model.region, &w->sibling), FIRN_OK);
    firn_region_destroy(model.region);
    w->next_number = 1;
    for (size_t i = 0; i < REGIONS; i++)
        bring(w, &w->all[i]);
}

static void nothing_is_lost_in_any_order_of_calls(void **state)
{
    (void)state;
    static world w;
    char folder[TEMPDIR_PATH_BYTES];
    tempdir_make_fast(folder);
    rng_init(&w.random, "nothing_is_lost_in_any_order_of_calls");
    begin(&w, folder);
    for (size_t i = 0; i < STEPS; i++)
        step(&w);
    w.memory.fail_at = 0;
    for (size_t i = 0; i < REGIONS; i++) {
        assert_int_equal(firn_swapper_pin(w.swapper, w.all[i].resident, NULL), FIRN_OK);
        sleeper_check(&w.all[i], true);
        assert_int_equal(firn_swapper_unpin(w.swapper, w.all[i].resident), FIRN_OK);
        assert_int_equal(firn_swapper_remove(w.swapper, w.all[i].resident, false, NULL), FIRN_OK);
        firn_region_destroy(w.all[i].region);
    }
    printf("woken: hot %zu, warm %zu, cold %zu, frozen %zu; refused %zu\n", w.woken[0], w.woken[1],
           w.woken[2], w.woken[3], w.refused);
    for (int tier = 0; tier < FIRN_TIER_COUNT; tier++)
        assert_int_not_equal(w.woken[tier], 0); /* else nothing was tried */
    firn_region_template_release(w.sibling);
    firn_swapper_destroy(w.swapper);
    failing_check(&w.memory);
    tempdir_remove(folder);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(nothing_is_lost_in_any_order_of_calls),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
