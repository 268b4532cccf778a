/* Prefix codes: complete, as good as Huffman's, and read back as they were written. */
#include "tree/prefix.h"

#include "support/random.h"

#include <stdarg.h>
#include <setjmp.h>
#include <string.h>
#include <cmocka.h>

static void codes_of_known_counts_are_huffmans(void **state)
{
    (void)state;
    const uint32_t counts[] = {45, 16, 13, 12, 9, 5};
    uint32_t lengths[FIRN_PREFIX_MAX_BITS + 1];
    assert_true(firn_prefix_lengths(counts, 6, NULL, lengths));
    const uint32_t want[] = {0, 1, 0, 3, 2}; /* one word of 1 bit, three of 3, two of 4 */
    assert_memory_equal(lengths, want, sizeof want);
    struct firn_prefix code;
    assert_true(firn_prefix_init(&code, lengths));
    assert_int_equal(firn_prefix_bits(&code, 0), 1);
    assert_int_equal(firn_prefix_bits(&code, 3), 3);
    assert_int_equal(firn_prefix_bits(&code, 5), 4);
}

static void numbers_of_lengths_that_are_no_complete_code_are_refused(void **state)
{
    (void)state;
    struct firn_prefix code;
    uint32_t none[FIRN_PREFIX_MAX_BITS + 1] = {0};
    uint32_t open[FIRN_PREFIX_MAX_BITS + 1] = {0, 1};
    uint32_t full[FIRN_PREFIX_MAX_BITS + 1] = {0, 2};
    uint32_t over[FIRN_PREFIX_MAX_BITS + 1] = {0, 1, 3};
    uint32_t wild[FIRN_PREFIX_MAX_BITS + 1] = {0, UINT32_MAX, UINT32_MAX};
    assert_false(firn_prefix_init(&code, none));
    assert_false(firn_prefix_init(&code, open));
    assert_true(firn_prefix_init(&code, full));
    assert_false(firn_prefix_init(&code, over));
    assert_false(firn_prefix_init(&code, wild));
}

static void words_stay_within_their_limit_for_steep_counts(void **state)
{
    (void)state;
    uint32_t counts[32], lengths[FIRN_PREFIX_MAX_BITS + 1];
    for (unsigned i = 0; i < 32; i++) /* a Huffman code of these would need 31 bits */
        counts[i] = UINT32_C(1) << (31 - i);
    assert_true(firn_prefix_lengths(counts, 32, NULL, lengths));
    struct firn_prefix code;
    assert_true(firn_prefix_init(&code, lengths));
    assert_true(code.max_bits <= FIRN_PREFIX_MAX_BITS);
    assert_int_equal(code.first_rank[code.max_bits + 1], 32);
}

static void ranks_read_back_as_they_were_written(void **state)
{
    rng *random = *state;
    for (unsigned round = 0; round < 200; round++) {
        static uint32_t counts[5000], ranks[3000];
        uint32_t count = 2 + (uint32_t)rng_below(random, round < 100 ? 10 : 4998);
        for (uint32_t i = 0; i < count; i++)
            counts[i] = (count - i) * (uint32_t)(1 + round % 7) / (1 + i);
        uint32_t lengths[FIRN_PREFIX_MAX_BITS + 1];
        struct firn_prefix code;
        assert_true(firn_prefix_lengths(counts, count, NULL, lengths));
        assert_true(firn_prefix_init(&code, lengths));
        struct firn_bit_writer writer = {0};
        uint64_t bits = 0;
        for (unsigned i = 0; i < 3000; i++) {
            ranks[i] = (uint32_t)rng_below(random, count);
            firn_prefix_put(&code, &writer, ranks[i]);
            bits += firn_prefix_bits(&code, ranks[i]);
            assert_int_equal(firn_bit_writer_position(&writer), bits);
        }
        assert_true(firn_bit_writer_finish(&writer));
        assert_int_equal(writer.size, (bits + 7) / 8);
        struct firn_bit_reader reader = {writer.data, writer.data + writer.size, 0};
        for (unsigned i = 0; i < 3000; i++)
            assert_int_equal(firn_prefix_get(&code, &reader), ranks[i]);
        assert_false(firn_bit_reader_overrun(&reader));
        for (unsigned i = 0; i < 9; i++)
            (void)firn_prefix_get(&code, &reader);
        assert_true(firn_bit_reader_overrun(&reader));
        firn_release(NULL, writer.data, writer.capacity);
    }
}

static int setup(void **state)
{
    static rng random;
    rng_init(&random, "unit_prefix");
    *state = &random;
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(codes_of_known_counts_are_huffmans),
        cmocka_unit_test(numbers_of_lengths_that_are_no_complete_code_are_refused),
        cmocka_unit_test(words_stay_within_their_limit_for_steep_counts),
        cmocka_unit_test(ranks_read_back_as_they_were_written),
    };
    return cmocka_run_group_tests(tests, setup, NULL);
}
