/* Allocations fail under a cache over a store that is flushed, aged, compacted and opened again:
 * calls tell of it, what was put stays, and later calls succeed. With an allocator of the test's
 * own, of which nothing may be left at the end, and with the system's and the kernel's pages. */
#include "support/cache_rounds.h"
#include "support/failing.h"
#include "support/faults.h"
#include "support/samples.h"

#include <setjmp.h>
#include <stdarg.h>
#include <cmocka.h>

enum { SAMPLES = 30, ROUNDS = 4 };

static char injected[64]; /* what fails now */

static void pin_some(firn_cache *cache, const rounds *all, firn_status *worst)
{
    for (uint32_t key = 0; key < ROUND_KEYS; key += 7) {
        char text[24];
        firn_cache_pinned pinned;
        firn_status status = firn_cache_pin(cache, key_of(key, text), &pinned, NULL);
        if (status == FIRN_OK &&
            (pinned.size != rounds_size(key, all->now[key]) ||
             (pinned.size > 0 &&
              memcmp(pinned.data, rounds_value(key, all->now[key]), pinned.size) != 0)))
            cache_fail(injected, key, status, NULL);
        if (status == FIRN_OK)
            firn_cache_unpin(cache, &pinned);
        rounds_keep(worst, status == FIRN_NOT_FOUND && all->now[key] == 0 ? FIRN_OK : status);
    }
}

static void look(firn_cache *cache, const rounds *all, firn_status *worst)
{
    for (uint32_t key = 0; key < ROUND_KEYS; key++) {
        uint32_t version;
        firn_status status = rounds_version(cache, key, &version, NULL);
        rounds_keep(worst, status);
        if (status == FIRN_OK && version != all->now[key])
            cache_fail(injected, key, status, NULL);
    }
}

/* Makes all rounds, going on after what fails. *ret_cache is left open; NULL: it could not be
 * opened. */
static firn_status work(const firn_allocator *allocator, rounds *all, firn_cache **ret_cache)
{
    firn_cache_options options = rounds_options(allocator, path);
    firn_status worst = FIRN_OK;
    *all = rounds_none();
    *ret_cache = NULL;
    rounds_keep(&worst, firn_cache_open(&options, ret_cache, NULL));
    for (uint32_t round = 1; round <= ROUNDS && *ret_cache != NULL; round++) {
        rounds_keep(&worst, rounds_make(*ret_cache, all, round));
        firn_status flushed = rounds_flush(*ret_cache, all);
        rounds_keep(&worst, flushed);
        rounds_keep(&worst, rounds_pass(*ret_cache, false));
        pin_some(*ret_cache, all, &worst);
        look(*ret_cache, all, &worst);
        if (round != 2 || flushed != FIRN_OK)
            continue;
        firn_cache_close(*ret_cache);
        *ret_cache = NULL;
        rounds_keep(&worst, firn_cache_open(&options, ret_cache, NULL));
    }
    return worst;
}

/* Nothing fails any more. */
static void finish(firn_cache *cache, rounds *all, bool flush)
{
    if (cache != NULL) {
        rounds_expect_now(cache, all, injected);
        firn_status status = rounds_make(cache, all, ROUND_VERSIONS - 2);
        rounds_keep(&status, flush ? rounds_flush(cache, all) : FIRN_OK);
        if (status != FIRN_OK)
            cache_fail(injected, ROUND_KEYS, status, NULL);
        firn_cache_close(cache);
    }
    rounds_recover(path, all, injected);
}

static size_t work_with(size_t fail_at, bool onwards, firn_status *ret_status)
{
    failing memory;
    rounds all;
    firn_cache *cache;
    tempdir_remove(path);
    snprintf(injected, sizeof injected, "allocation %zu%s", fail_at,
             onwards ? " and all after" : "");
    failing_init(&memory, fail_at);
    memory.fail_onwards = onwards;
    *ret_status = work(&memory.allocator, &all, &cache);
    size_t calls = atomic_load(&memory.calls);
    memory.fail_at = 0;
    finish(cache, &all, fail_at % 2 == 0);
    failing_check(&memory);
    return calls;
}

static void every_allocation_may_fail(void **state)
{
    (void)state;
    rng random;
    firn_status status;
    unsigned tried = 0, failed = 0;
    size_t total = work_with(0, false, &status);
    assert_int_equal(status, FIRN_OK);
    assert_in_range(total, 150, 2000);
    rng_init(&random, "cache_memory");
    for (size_t fail_at = 1; fail_at <= total; fail_at++) {
        if (!sample_is_wanted(&random, SAMPLES, total))
            continue;
        for (int onwards = 0; onwards <= 1; onwards++) {
            work_with(fail_at, onwards != 0, &status);
            if (status != FIRN_OK && status != FIRN_NO_MEMORY)
                cache_fail(injected, 0, status, NULL);
            failed += status != FIRN_OK;
            tried++;
        }
    }
    print_message("%u of %zu, of which %u were told\n", tried, 2 * total, failed);
    assert_true(failed > 0);
}

#if defined(FIRN_FAULTS) && FIRN_FAULTS

static void work_for_counting(void)
{
    rounds all;
    firn_cache *cache;
    firn_status status = work(NULL, &all, &cache);
    if (status != FIRN_OK)
        cache_fail("nothing fails", 0, status, NULL);
    firn_cache_close(cache);
}

static firn_status try(const char *variable, const char *value, bool flush)
{
    rounds all;
    firn_cache *cache;
    tempdir_remove(path);
    snprintf(injected, sizeof injected, "%s=%s", variable, value);
    faults_set(variable, value);
    firn_status status = work(NULL, &all, &cache);
    faults_clear();
    finish(cache, &all, flush);
    return status;
}

static void every_allocation_of_the_systems_may_fail(void **state)
{
    (void)state;
    rng random;
    unsigned tried = 0, failed = 0;
    faults_count counts = faults_count_of(work_for_counting, root);
    unsigned total = counts.alloc + counts.calls[FIRN_FAULT_MMAP];
    assert_true(counts.alloc > 100 && counts.calls[FIRN_FAULT_MMAP] > 2);
    rng_init(&random, "cache_system_memory");
    for (unsigned number = 1; number <= total; number++) {
        bool is_map = number > counts.alloc;
        if (!sample_is_wanted(&random, is_map ? SAMPLES / 2 : SAMPLES,
                              is_map ? counts.calls[FIRN_FAULT_MMAP] : counts.alloc))
            continue;
        for (int onwards = 0; onwards <= 1; onwards++) {
            char value[32];
            if (is_map)
                snprintf(value, sizeof value, "mmap:%u%s:ENOMEM", number - counts.alloc,
                         onwards ? "+" : "");
            else
                snprintf(value, sizeof value, "%u%s", number, onwards ? "+" : "");
            firn_status status =
                try(is_map ? "FIRN_FAULT_IO" : "FIRN_FAULT_ALLOC", value, number % 2 == 0);
            if (status != FIRN_OK && status != FIRN_NO_MEMORY)
                cache_fail(injected, 0, status, NULL);
            failed += status != FIRN_OK;
            tried++;
        }
    }
    print_message("%u of %u, of which %u were told\n", tried, 2 * total, failed);
    assert_true(failed > 0);
}

#endif

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up_fast, tear_down)
    const struct CMUnitTest tests[] = {
        TEST(every_allocation_may_fail),
#if defined(FIRN_FAULTS) && FIRN_FAULTS
        TEST(every_allocation_of_the_systems_may_fail),
#endif
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
