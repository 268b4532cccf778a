/* System calls fail under a cache, or are interrupted or done in part: what was put stays readable
 * or is told not to be, what a flush acknowledged is there after reopening, later calls succeed,
 * and no file is synced again whose sync has failed. Interruptions and short transfers make no
 * difference at all. Needs a build with FIRN_FAULTS. */
#include "support/no_second_sync.h"
#include "support/cache_rounds.h"
#include "support/faults.h"
#include "support/samples.h"

#include <setjmp.h>
#include <stdarg.h>
#include <cmocka.h>

#if defined(FIRN_FAULTS) && FIRN_FAULTS

enum { SAMPLES = 30 };

static char injected[64]; /* what fails now */

/* Gets that fail tell so, and give nothing wrong. */
static firn_status look(firn_cache *cache, const rounds *all)
{
    firn_status worst = FIRN_OK;
    for (uint32_t key = 0; key < ROUND_KEYS; key++) {
        uint32_t version;
        firn_status status = rounds_version(cache, key, &version, NULL);
        rounds_keep(&worst, status);
        if (status == FIRN_OK && version != all->now[key])
            cache_fail(injected, key, status, NULL);
    }
    return worst;
}

/* Opens a cache in the place of the last, whose unflushed state it may not have; its first failure
 * may pass. */
static firn_cache *open_again(rounds *all, firn_status *worst)
{
    firn_cache_options options = rounds_options(NULL, path);
    firn_cache *cache = NULL;
    for (int i = 0; i < 2 && cache == NULL; i++)
        rounds_keep(worst, firn_cache_open(&options, &cache, NULL));
    for (uint32_t key = 0; key < ROUND_KEYS && cache != NULL; key++) {
        uint32_t version;
        firn_status status = rounds_version(cache, key, &version, NULL);
        if (status == FIRN_OK && (all->possible[key] >> version & 1) == 0)
            cache_fail(injected, key, status, NULL);
        if (status == FIRN_OK)
            all->now[key] = version;
        else
            all->now[key] = (uint32_t)__builtin_ctz(all->possible[key]); /* of those it may be */
        rounds_keep(worst, status);
    }
    return cache;
}

/* Rounds with all that is done to a store; the first failure is returned. The cache stays open in
 * *ret_cache, where it could be opened. */
static firn_status work(rounds *all, firn_cache **ret_cache)
{
    firn_status worst = FIRN_OK;
    *all = rounds_none();
    *ret_cache = open_again(all, &worst);
    for (uint32_t round = 1; round <= ROUND_COUNT && *ret_cache != NULL; round++) {
        rounds_keep(&worst, rounds_make(*ret_cache, all, round));
        rounds_keep(&worst, rounds_flush(*ret_cache, all));
        rounds_keep(&worst, rounds_pass(*ret_cache, round == ROUND_COUNT));
        rounds_keep(&worst, look(*ret_cache, all));
        if (round != 3 || worst != FIRN_OK) /* what is not known to be durable is in RAM */
            continue;
        firn_cache_close(*ret_cache);
        *ret_cache = open_again(all, &worst);
    }
    return worst;
}

static void work_for_counting(void)
{
    rounds all;
    firn_cache *cache;
    firn_status status = work(&all, &cache);
    if (status != FIRN_OK)
        cache_fail("nothing fails", 0, status, NULL);
    firn_cache_close(cache);
}

static faults_count count_calls(void)
{
    tempdir_remove(path);
    faults_count counts = faults_count_of(work_for_counting, root);
    assert_true(counts.calls[FIRN_FAULT_FSYNC] > 20 && counts.calls[FIRN_FAULT_WRITE] > 40 &&
                counts.calls[FIRN_FAULT_READ] > 20 && counts.calls[FIRN_FAULT_RENAME] > 1);
    return counts;
}

/* Works while a call fails; returns how. */
static firn_status try(size_t call, unsigned number, const char *how)
{
    rounds all;
    firn_cache *cache;
    tempdir_remove(path);
    no_second_sync_reset();
    snprintf(injected, sizeof injected, "%s:%u%s", FAULT_CALLS[call], number, how);
    faults_set("FIRN_FAULT_IO", injected);
    firn_status worst = work(&all, &cache);
    faults_clear();
    if (cache != NULL) { /* what is there in RAM and below is whole, and can be flushed */
        rounds_expect_now(cache, &all, injected);
        firn_status status = rounds_make(cache, &all, ROUND_VERSIONS - 2);
        rounds_keep(&status, number % 2 == 0 ? rounds_flush(cache, &all) : FIRN_OK);
        if (status != FIRN_OK)
            cache_fail(injected, ROUND_KEYS, status, NULL);
        firn_cache_close(cache);
    }
    rounds_recover(path, &all, injected);
    return worst;
}

static const size_t CALLS[] = {FIRN_FAULT_OPEN,     FIRN_FAULT_STAT,   FIRN_FAULT_READ,
                               FIRN_FAULT_WRITE,    FIRN_FAULT_FSYNC,  FIRN_FAULT_RENAME,
                               FIRN_FAULT_TRUNCATE, FIRN_FAULT_UNLINK, FIRN_FAULT_MKDIR,
                               FIRN_FAULT_FLOCK,    FIRN_FAULT_READDIR};
enum { CALL_COUNT = sizeof CALLS / sizeof *CALLS };

static void every_system_call_may_fail(void **state)
{
    (void)state;
    static const char *const hows[] = {"", "+", ":ENOSPC", "+:ENOSPC"};
    rng random;
    unsigned tried = 0, failed = 0;
    uint64_t total = 0;
    faults_count counts = count_calls();
    rng_init(&random, "cache_calls");
    for (size_t i = 0; i < CALL_COUNT; i++)
        total += counts.calls[CALLS[i]] * 4;
    for (size_t i = 0; i < CALL_COUNT; i++) {
        for (unsigned number = 1; number <= counts.calls[CALLS[i]]; number++) {
            for (size_t how = 0; how < 4; how++) {
                if (!sample_is_wanted(&random, SAMPLES, total))
                    continue;
                firn_status status = try(CALLS[i], number, hows[how]);
                bool told = status == FIRN_IO || (how >= 2 && status == FIRN_NO_SPACE) ||
                            (CALLS[i] == FIRN_FAULT_STAT && status == FIRN_BUSY); /* of the lock */
                if (status != FIRN_OK && !told)
                    cache_fail(injected, 0, status, NULL);
                tried++;
                failed += status != FIRN_OK;
            }
        }
    }
    print_message("%u of %llu, of which %u were told\n", tried, (unsigned long long)total, failed);
    assert_true(failed > tried / 4);
}

/* EINTR where the kernel may give it: one at a time, since calls are made again until it is over.
 */
static void interruptions_make_no_difference(void **state)
{
    (void)state;
    static const size_t calls[] = {FIRN_FAULT_OPEN, FIRN_FAULT_READ, FIRN_FAULT_WRITE,
                                   FIRN_FAULT_FSYNC, FIRN_FAULT_FLOCK};
    rng random;
    uint64_t total = 0;
    faults_count counts = count_calls();
    rng_init(&random, "cache_interruptions");
    for (size_t i = 0; i < sizeof calls / sizeof *calls; i++)
        total += counts.calls[calls[i]];
    for (size_t i = 0; i < sizeof calls / sizeof *calls; i++) {
        for (unsigned number = 1; number <= counts.calls[calls[i]]; number++) {
            if (!sample_is_wanted(&random, SAMPLES / 2, total))
                continue;
            firn_status status = try(calls[i], number, ":EINTR");
            if (status != FIRN_OK)
                cache_fail(injected, 0, status, NULL);
        }
    }
}

/* One transfer with half its bytes, and all of them from one on. */
static void short_transfers_make_no_difference(void **state)
{
    (void)state;
    static const size_t calls[] = {FIRN_FAULT_READ, FIRN_FAULT_WRITE};
    rng random;
    faults_count counts = count_calls();
    rng_init(&random, "cache_short");
    for (size_t i = 0; i < 2; i++) {
        for (unsigned number = 1; number <= counts.calls[calls[i]]; number++) {
            if (number > 1 && !sample_is_wanted(&random, SAMPLES / 4, counts.calls[calls[i]]))
                continue;
            for (int onwards = 0; onwards <= 1; onwards++) {
                firn_status status = try(calls[i], number, onwards ? "+:short" : ":short");
                if (status != FIRN_OK)
                    cache_fail(injected, 0, status, NULL);
            }
        }
    }
}

#endif

int main(void)
{
#if defined(FIRN_FAULTS) && FIRN_FAULTS
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up_fast, tear_down)
    const struct CMUnitTest tests[] = {
        TEST(every_system_call_may_fail),
        TEST(interruptions_make_no_difference),
        TEST(short_transfers_make_no_difference),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
#else
    return 0;
#endif
}
