/* Gaps and edits: known bytes, borders, and forms that must be refused. */
#include <firn/checksum.h>
#include <firn/delta.h>

#include "support/failing.h"
#include "support/random.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>
#include <cmocka.h>

static void gaps_have_the_documented_bytes(void **state)
{
    (void)state;
    const uint64_t values[] = {100, 101, 103, 102, 102};
    static const uint8_t bytes[] = {0xc8, 0x01, 2, 4, 1, 0};
    void *data = NULL;
    size_t size = 0;
    assert_int_equal(firn_delta_pack(values, 5, NULL, &data, &size), FIRN_OK);
    assert_int_equal(size, sizeof(bytes));
    assert_memory_equal(data, bytes, size);
    uint64_t got[5];
    assert_int_equal(firn_delta_unpack(data, size, 5, got), FIRN_OK);
    assert_memory_equal(got, values, sizeof(values));
    assert_int_equal(firn_delta_unpack(data, size, 4, got), FIRN_CORRUPT);
    assert_int_equal(firn_delta_unpack(data, size, 6, got), FIRN_CORRUPT);
    for (size_t cut = 0; cut < size; cut++)
        assert_int_equal(firn_delta_unpack(data, cut, 5, got), FIRN_CORRUPT);
    firn_release(NULL, data, size);
}

static void gaps_may_go_all_the_way_round(void **state)
{
    (void)state;
    const uint64_t values[] = {0, UINT64_MAX, 0, UINT64_C(1) << 63, 1, UINT64_MAX - 1, INT64_MAX};
    uint64_t got[7];
    void *data = NULL;
    size_t size = 0;
    assert_int_equal(firn_delta_pack(values, 7, NULL, &data, &size), FIRN_OK);
    assert_int_equal(firn_delta_unpack(data, size, 7, got), FIRN_OK);
    assert_memory_equal(got, values, sizeof(values));
    firn_release(NULL, data, size);
}

static void no_values_are_no_bytes(void **state)
{
    (void)state;
    void *data = &state;
    size_t size = 7;
    assert_int_equal(firn_delta_pack(NULL, 0, NULL, &data, &size), FIRN_OK);
    assert_null(data);
    assert_int_equal(size, 0);
    assert_int_equal(firn_delta_unpack(NULL, 0, 0, NULL), FIRN_OK);
    assert_int_equal(firn_delta_unpack("x", 1, 0, NULL), FIRN_CORRUPT);
    uint64_t got;
    assert_int_equal(firn_delta_unpack(NULL, 0, 1, &got), FIRN_CORRUPT);
}

static void without_memory_no_gaps_are_packed(void **state)
{
    (void)state;
    failing memory;
    failing_init(&memory, 1);
    uint64_t value = 7;
    void *data = &value;
    size_t size = 77;
    assert_int_equal(firn_delta_pack(&value, 1, &memory.allocator, &data, &size), FIRN_NO_MEMORY);
    assert_ptr_equal(data, &value);
    assert_int_equal(size, 77);
}

/* Packs, checks the promised bound, applies, compares; returns the packed size. */
static size_t edit_size(const void *base, size_t base_size, const void *target, size_t target_size)
{
    failing memory;
    failing_init(&memory, 0);
    void *edits = NULL;
    size_t size = 0, told = 0;
    assert_int_equal(
        firn_edit_pack(base, base_size, target, target_size, &memory.allocator, &edits, &size),
        FIRN_OK);
    assert_true(size <= target_size + 32);
    assert_int_equal(firn_edit_target_size(edits, size, &told), FIRN_OK);
    assert_int_equal(told, target_size);
    uint8_t *got = malloc(target_size + 1);
    assert_int_equal(firn_edit_apply(base, base_size, edits, size, got, target_size), FIRN_OK);
    assert_true(target_size == 0 || memcmp(got, target, target_size) == 0);
    free(got);
    firn_release(&memory.allocator, edits, size);
    failing_check(&memory);
    return size;
}

static void edits_have_the_documented_bytes(void **state)
{
    (void)state;
    const char *base = "the quick brown fox jumps over the lazy dog";
    const char *target = "the quick brown cat jumps over the lazy dog.";
    static const uint8_t bytes[] = {43, 44,  0,   0,   0,  0, /* sizes, CRC-32C of the target */
                                    0,  16,  0,               /* insert nothing, copy 16 from 0 */
                                    3,  'c', 'a', 't', 24, 6, /* copy 24 from 3 behind */
                                    1,  '.'};
    uint8_t expected[sizeof(bytes)];
    memcpy(expected, bytes, sizeof(bytes));
    uint32_t crc = firn_crc32c(0, target, 44);
    for (int i = 0; i < 4; i++)
        expected[2 + i] = (uint8_t)(crc >> (8 * i));
    void *edits = NULL;
    size_t size = 0;
    assert_int_equal(firn_edit_pack(base, 43, target, 44, NULL, &edits, &size), FIRN_OK);
    assert_int_equal(size, sizeof(expected));
    assert_memory_equal(edits, expected, size);
    firn_release(NULL, edits, size);
}

static void texts_without_anything_in_common_are_inserted(void **state)
{
    (void)state;
    assert_true(edit_size("", 0, "", 0) <= 6);
    assert_true(edit_size(NULL, 0, NULL, 0) <= 6);
    assert_true(edit_size("abc", 3, "", 0) <= 6);
    assert_int_equal(edit_size("", 0, "abc", 3), 6 + 1 + 3);
    assert_int_equal(edit_size("abc", 3, "abc", 3), 6 + 1 + 3);
}

static void small_changes_make_small_edits(void **state)
{
    (void)state;
    rng random;
    rng_seed(&random, 5);
    static uint8_t base[50000], target[50100];
    rng_bytes(&random, base, sizeof(base));
    memcpy(target, base, sizeof(base));
    assert_true(edit_size(base, sizeof(base), target, sizeof(base)) <= 32); /* the same */
    target[20000] ^= 1;
    target[30000] ^= 1;
    assert_true(edit_size(base, sizeof(base), target, sizeof(base)) <= 32); /* two bytes changed */
    memcpy(target, base + 10, sizeof(base) - 10);
    assert_true(edit_size(base, sizeof(base), target, sizeof(base) - 10) <= 32); /* cut in front */
    memcpy(target, base, 25000);
    memset(target + 25000, 'x', 100);
    memcpy(target + 25100, base + 25000, 25000);
    assert_true(edit_size(base, sizeof(base), target, sizeof(target)) <= 132); /* inserted */
    memcpy(target, base + 25000, 25000);
    memcpy(target + 25000, base, 25000);
    assert_true(edit_size(base, sizeof(base), target, sizeof(base)) <= 32); /* halves swapped */
}

static void matches_too_short_for_a_block_are_found_behind_a_copy(void **state)
{
    (void)state;
    rng random;
    rng_seed(&random, 7);
    uint8_t base[3000], target[3000];
    rng_bytes(&random, base, sizeof(base));
    memcpy(target, base, sizeof(base));
    for (size_t i = 20; i < sizeof(base); i += 12)
        target[i] ^= 0x55;
    /* For each 12 bytes: insert 1, the byte, copy 11, from the byte behind. */
    assert_true(edit_size(base, sizeof(base), target, sizeof(target)) <= 3000 / 3 + 32);
}

static void every_match_of_sixteen_bytes_is_found(void **state)
{
    (void)state;
    rng random;
    rng_seed(&random, 6);
    uint8_t base[400], target[40];
    rng_bytes(&random, base, sizeof(base));
    for (size_t from = 0; from + 16 <= sizeof(base); from++) {
        rng_bytes(&random, target, sizeof(target));
        memcpy(target + 12, base + from, 16);
        /* 16 bytes are replaced by at most a size, a distance of two bytes and a further insert */
        assert_true(edit_size(base, sizeof(base), target, sizeof(target)) <= 7 + 40 - 16 + 5);
    }
}

static void runs_take_linear_time_and_few_bytes(void **state)
{
    (void)state;
    const size_t size = 4u << 20;
    uint8_t *base = calloc(size, 1);
    uint8_t *target = calloc(size, 1);
    target[size / 2] = 1;
    assert_true(edit_size(base, size, target, size) <= 32);
    memset(base, 'x', 1000);
    assert_true(edit_size(base, size, base + 1000, size - 1000) <= 32); /* from the run's start */
    for (size_t i = 0; i < size; i += 24) /* many equal blocks, none of which leads far */
        target[i] = (uint8_t)(1 + i % 255);
    edit_size(base, size, target, size);
    free(base);
    free(target);
}

static void edits_of_another_base_are_refused(void **state)
{
    (void)state;
    char base[] = "a base of some length, with a text in it";
    const char *target = "a base of some length, with a word in it";
    void *edits = NULL;
    size_t size = 0;
    char got[40];
    assert_int_equal(firn_edit_pack(base, 40, target, 40, NULL, &edits, &size), FIRN_OK);
    assert_int_equal(firn_edit_apply(base, 40, edits, size, got, 40), FIRN_OK);
    assert_int_equal(firn_edit_apply(base, 39, edits, size, got, 40), FIRN_CORRUPT);
    assert_int_equal(firn_edit_apply(base, 40, edits, size, got, 39), FIRN_CORRUPT);
    base[3] = 'X'; /* the same size: the checksum tells */
    assert_int_equal(firn_edit_apply(base, 40, edits, size, got, 40), FIRN_CORRUPT);
    firn_release(NULL, edits, size);
}

static void every_damaged_bit_of_edits_is_found(void **state)
{
    (void)state;
    const char *base = "the quick brown fox jumps over the lazy dog, and then over the other one";
    const char *target =
        "then over the other quick brown fox the dog jumps over the lazy dog, or so";
    size_t base_size = strlen(base), target_size = strlen(target), size = 0, told;
    void *edits = NULL;
    assert_int_equal(firn_edit_pack(base, base_size, target, target_size, NULL, &edits, &size),
                     FIRN_OK);
    uint8_t *copy = malloc(size);
    char got[100];
    for (size_t bit = 0; bit < size * 8; bit++) {
        memcpy(copy, edits, size);
        copy[bit / 8] ^= (uint8_t)(1u << bit % 8);
        if (firn_edit_target_size(copy, size, &told) == FIRN_OK && told == target_size)
            assert_int_equal(firn_edit_apply(base, base_size, copy, size, got, target_size),
                             FIRN_CORRUPT);
    }
    for (size_t cut = 0; cut < size; cut++) {
        assert_int_equal(firn_edit_apply(base, base_size, edits, cut, got, target_size),
                         FIRN_CORRUPT);
    }
    assert_int_equal(firn_edit_target_size(edits, 5, &told), FIRN_CORRUPT);
    assert_int_equal(firn_edit_target_size(NULL, 0, &told), FIRN_CORRUPT);
    free(copy);
    firn_release(NULL, edits, size);
}

/* Steps that must be refused though the checksum would be right: with a base of "abcd" they would
 * give "ab", if anything. */
static void steps_out_of_bounds_are_refused(void **state)
{
    (void)state;
    static const struct {
        size_t size;
        uint8_t bytes[8];
    } wrong[] = {
        {3, {0, 2, 6}},                    /* from 3, and so beyond the end */
        {3, {0, 2, 1}},                    /* from -1 */
        {3, {0, 2, 10}},                   /* from 5 */
        {3, {0, 5, 0}},                    /* longer than base and target */
        {6, {0, 0, 0, 2, 'a', 'b'}},       /* of nothing */
        {4, {0, 2, 0, 0}},                 /* a byte is left over */
        {4, {2, 'a', 'b', 0}},             /* a byte is left over */
        {2, {2, 'a'}},                     /* an insert without its bytes */
        {6, {5, 'a', 'b', 'c', 'd', 'e'}}, /* an insert longer than the target */
        {4, {0x80, 0, 2, 0}},              /* an overlong form */
        {1, {0}},                          /* a copy is missing */
        {2, {0, 2}},                       /* its distance is missing */
    };
    uint8_t edits[6 + 8] = {4, 2};
    uint32_t crc = firn_crc32c(0, "ab", 2);
    for (int i = 0; i < 4; i++)
        edits[2 + i] = (uint8_t)(crc >> (8 * i));
    for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
        /* Of their exact sizes, so that the sanitizers see a step outside. */
        char *base = malloc(4), *got = malloc(2);
        uint8_t *copy = malloc(6 + wrong[i].size);
        memcpy(base, "abcd", 4);
        memcpy(copy, edits, 6);
        memcpy(copy + 6, wrong[i].bytes, wrong[i].size);
        assert_int_equal(firn_edit_apply(base, 4, copy, 6 + wrong[i].size, got, 2), FIRN_CORRUPT);
        free(base);
        free(got);
        free(copy);
    }
    char got[2];
    memcpy(edits + 6, "\0\2\0", 3);
    assert_int_equal(firn_edit_apply("abcd", 4, edits, 9, got, 2), FIRN_OK);
}

static firn_status pack_edits(const firn_allocator *allocator, void *context)
{
    (void)context;
    const char *base = "the quick brown fox jumps over the lazy dog";
    void *edits = NULL;
    size_t size = 0;
    firn_status status = firn_edit_pack(base, 43, base + 1, 42, allocator, &edits, &size);
    if (status == FIRN_OK)
        firn_release(allocator, edits, size);
    else
        assert_null(edits);
    return status;
}

static void each_allocation_of_a_pack_may_fail(void **state)
{
    (void)state;
    assert_int_equal(failing_each(pack_edits, NULL), 3);
}

static void inputs_of_four_gibibytes_are_refused(void **state)
{
    (void)state;
    void *edits = NULL;
    size_t size = 0;
    const size_t large = (size_t)1 << 32;
    assert_int_equal(firn_edit_pack("x", large, "x", 1, NULL, &edits, &size), FIRN_LIMIT);
    assert_int_equal(firn_edit_pack("x", 1, "x", large, NULL, &edits, &size), FIRN_LIMIT);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(gaps_have_the_documented_bytes),
        cmocka_unit_test(gaps_may_go_all_the_way_round),
        cmocka_unit_test(no_values_are_no_bytes),
        cmocka_unit_test(without_memory_no_gaps_are_packed),
        cmocka_unit_test(edits_have_the_documented_bytes),
        cmocka_unit_test(texts_without_anything_in_common_are_inserted),
        cmocka_unit_test(small_changes_make_small_edits),
        cmocka_unit_test(matches_too_short_for_a_block_are_found_behind_a_copy),
        cmocka_unit_test(every_match_of_sixteen_bytes_is_found),
        cmocka_unit_test(runs_take_linear_time_and_few_bytes),
        cmocka_unit_test(edits_of_another_base_are_refused),
        cmocka_unit_test(every_damaged_bit_of_edits_is_found),
        cmocka_unit_test(steps_out_of_bounds_are_refused),
        cmocka_unit_test(each_allocation_of_a_pack_may_fail),
        cmocka_unit_test(inputs_of_four_gibibytes_are_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
