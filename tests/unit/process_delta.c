/* Pages as what differs from known ones: every page comes back, with no more words than differ. */
#include "region/process_delta.h"

#include "support/random.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>
#include <cmocka.h>

enum { WORDS = 512, PAGE = WORDS * 8 };

static uint64_t page[WORDS], known[WORDS], words[WORDS + 1], made[WORDS];
static _Alignas(8) uint8_t mask[FIRN_DELTA_MASK_BYTES];

static void check(size_t differing)
{
    words[differing] = 42;
    memset(mask, 0x55, sizeof mask);
    assert_int_equal(firn_delta_take(page, known, mask, words), differing * 8);
    assert_int_equal(firn_delta_bytes(mask), differing * 8);
    memcpy(made, known, PAGE);
    firn_delta_apply(made, mask, words);
    assert_memory_equal(made, page, PAGE);
    for (size_t i = 0; i < WORDS; i++)
        assert_int_equal(mask[i / 8] >> i % 8 & 1, page[i] != known[i]);
}

static void pages_come_back(void **state)
{
    rng random;
    (void)state;
    rng_init(&random, "pages_come_back");
    for (unsigned round = 0; round < 2000; round++) {
        size_t differing = 0;
        const uint64_t one_in = 1 + rng_next(&random) % 600;
        for (size_t i = 0; i < WORDS; i++) {
            known[i] = rng_next(&random) % 3;
            page[i] = known[i];
            if (rng_next(&random) % one_in == 0)
                page[i] ^= UINT64_C(1) << rng_next(&random) % 64;
            differing += page[i] != known[i];
        }
        check(differing);
    }
}

static void all_and_none_differ(void **state)
{
    (void)state;
    memset(known, 0, PAGE);
    memset(page, 0, PAGE);
    check(0);
    memset(page, 0xff, PAGE);
    check(WORDS);
    page[WORDS - 1] = 0;
    check(WORDS - 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(pages_come_back),
        cmocka_unit_test(all_and_none_differ),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
