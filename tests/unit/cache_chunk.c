/* Runs of pages from chunks: none overlap, what is kept is bounded, what goes back is not resident.
 */
#include "tier/cache_chunk.h"
#include "core/page.h"

#include "support/random.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>
#include <cmocka.h>

#define KIB ((size_t)1 << 10)
#define MIB ((size_t)1 << 20)

enum { RUNS = 100 };

static void a_run_that_is_given_back_is_taken_next(void **state)
{
    (void)state;
    firn_cache_chunks chunks;
    assert_true(firn_cache_chunks_init(&chunks, 256 * KIB, false));
    uint8_t *first = firn_cache_chunks_take(&chunks, 64 * KIB);
    uint8_t *second = firn_cache_chunks_take(&chunks, 64 * KIB);
    assert_non_null(first);
    assert_non_null(second);
    memset(first, 1, 64 * KIB);
    firn_cache_chunks_give(&chunks, first, 64 * KIB);
    assert_int_equal(firn_cache_chunks_kept(&chunks), 64 * KIB);
    assert_ptr_equal(firn_cache_chunks_take(&chunks, 64 * KIB), first);
    assert_int_equal(first[64 * KIB - 1], 1); /* it had stayed */
    assert_int_equal(firn_cache_chunks_kept(&chunks), 0);
    firn_cache_chunks_give(&chunks, first, 64 * KIB);
    firn_cache_chunks_give(&chunks, second, 64 * KIB);
    firn_cache_chunks_fini(&chunks);
}

static void what_is_kept_is_bounded(void **state)
{
    (void)state;
    firn_cache_chunks chunks;
    uint8_t *runs[RUNS];
    assert_true(firn_cache_chunks_init(&chunks, 256 * KIB, false));
    for (int i = 0; i < RUNS; i++) {
        runs[i] = firn_cache_chunks_take(&chunks, 64 * KIB);
        memset(runs[i], 1, 64 * KIB);
    }
    for (int i = 1; i < RUNS; i++)
        firn_cache_chunks_give(&chunks, runs[i], 64 * KIB);
    assert_int_equal(firn_cache_chunks_kept(&chunks), 256 * KIB);
    assert_int_equal(chunks.count, 1); /* with the one in use, and what is kept */
    firn_cache_chunks_trim(&chunks, 0);
    assert_int_equal(firn_cache_chunks_kept(&chunks), 0);
    assert_int_equal(chunks.count, 1);
    uint8_t *again = firn_cache_chunks_take(&chunks, 64 * KIB);
    assert_int_equal(again[0], 0); /* it was given to the kernel */
    firn_cache_chunks_give(&chunks, again, 64 * KIB);
    firn_cache_chunks_give(&chunks, runs[0], 64 * KIB);
    firn_cache_chunks_fini(&chunks);
}

static void what_a_huge_page_brings_counts_as_kept(void **state)
{
    (void)state;
    firn_cache_chunks chunks;
    assert_true(firn_cache_chunks_init(&chunks, 64 * KIB, true));
    uint8_t *first = firn_cache_chunks_take(&chunks, 64 * KIB);
    uint8_t *second = firn_cache_chunks_take(&chunks, 128 * KIB);
    assert_int_equal((uintptr_t)first % (2 * MIB), 0);
    assert_int_equal(firn_cache_chunks_kept(&chunks), 2 * MIB - 192 * KIB);
    firn_cache_chunks_trim(&chunks, 0); /* leaves what was never touched */
    assert_int_equal(firn_cache_chunks_kept(&chunks), 2 * MIB - 192 * KIB);
    firn_cache_chunks_give(&chunks, second, 128 * KIB);
    assert_int_equal(firn_cache_chunks_kept(&chunks), 2 * MIB - 192 * KIB);
    firn_cache_chunks_give(&chunks, first, 64 * KIB);
    assert_int_equal(firn_cache_chunks_kept(&chunks), 0);
    assert_int_equal(chunks.count, 0);
    firn_cache_chunks_fini(&chunks);
}

static void runs_of_all_sizes_never_overlap(void **state)
{
    (void)state;
    enum { STEPS = 20000, SLOTS = 64 };
    static struct {
        uint8_t *run;
        size_t size;
        uint8_t mark;
    } slots[SLOTS];
    const size_t page = firn_page_size();
    rng random;
    rng_init(&random, "cache_chunk");
    for (int huge = 0; huge < 2; huge++) {
        firn_cache_chunks chunks;
        uint64_t used = 0;
        assert_true(firn_cache_chunks_init(&chunks, MIB, huge != 0));
        for (uint32_t step = 0; step < STEPS + SLOTS; step++) {
            uint64_t at = step < STEPS ? rng_below(&random, SLOTS) : step - STEPS;
            if (slots[at].run != NULL) {
                for (size_t i = 0; i < slots[at].size; i += page)
                    assert_int_equal(slots[at].run[i], slots[at].mark);
                firn_cache_chunks_give(&chunks, slots[at].run, slots[at].size);
                used -= slots[at].size;
                slots[at].run = NULL;
            } else if (step < STEPS) {
                uint64_t most = rng_below(&random, 4) > 0 ? 16 : FIRN_CHUNK_RUN_MAX_BYTES / page;
                slots[at].size = (1 + rng_below(&random, most)) * page;
                slots[at].run = firn_cache_chunks_take(&chunks, slots[at].size);
                slots[at].mark = (uint8_t)step;
                used += slots[at].size;
                for (size_t i = 0; i < slots[at].size; i += page)
                    slots[at].run[i] = slots[at].mark;
            }
            if (step % 1000 == 0)
                firn_cache_chunks_trim(&chunks, step % 2000 == 0 ? 8 : 0);
            assert_int_equal(chunks.used_count * page, used);
        }
        firn_cache_chunks_fini(&chunks);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_run_that_is_given_back_is_taken_next),
        cmocka_unit_test(what_is_kept_is_bounded),
        cmocka_unit_test(what_a_huge_page_brings_counts_as_kept),
        cmocka_unit_test(runs_of_all_sizes_never_overlap),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
