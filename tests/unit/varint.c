/* LEB128, zigzag, and packed arrays: known bytes, borders, and forms that must be refused. */
#include <firn/varint.h>

#include "support/failing.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>
#include <cmocka.h>

static void known_values_have_their_known_bytes(void **state)
{
    (void)state;
    static const struct {
        uint64_t value;
        size_t size;
        uint8_t bytes[10];
    } table[] = {
        {0, 1, {0}},
        {1, 1, {1}},
        {127, 1, {0x7f}},
        {128, 2, {0x80, 0x01}},
        {300, 2, {0xac, 0x02}},
        {624485, 3, {0xe5, 0x8e, 0x26}}, /* the example of the DWARF standard */
        {UINT32_MAX, 5, {0xff, 0xff, 0xff, 0xff, 0x0f}},
        {UINT64_MAX, 10, {0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x01}},
    };
    for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
        uint8_t out[FIRN_VARINT_MAX_BYTES];
        assert_int_equal(firn_varint_put(out, table[i].value), table[i].size);
        assert_memory_equal(out, table[i].bytes, table[i].size);
        assert_int_equal(firn_varint_size(table[i].value), table[i].size);
        uint64_t value = 77;
        assert_ptr_equal(firn_varint_get(out, out + table[i].size, &value), out + table[i].size);
        assert_int_equal(value, table[i].value);
    }
}

static void both_sides_of_every_power_of_two_come_back(void **state)
{
    (void)state;
    for (unsigned bit = 0; bit < 64; bit++) {
        for (int away = -1; away <= 1; away++) {
            uint64_t value = ((uint64_t)1 << bit) + (uint64_t)(int64_t)away;
            uint8_t out[FIRN_VARINT_MAX_BYTES];
            size_t size = firn_varint_put(out, value);
            assert_int_equal(size, firn_varint_size(value));
            uint64_t got = 0;
            assert_ptr_equal(firn_varint_get(out, out + size, &got), out + size);
            assert_int_equal(got, value);
            for (size_t cut = 0; cut < size; cut++) {
                got = 77;
                assert_null(firn_varint_get(out, out + cut, &got));
                assert_int_equal(got, 77);
            }
        }
    }
}

static void overlong_and_overlarge_forms_are_refused(void **state)
{
    (void)state;
    static const struct {
        size_t size;
        uint8_t bytes[12];
    } wrong[] = {
        {2, {0x80, 0x00}},                                                  /* 0 in two bytes */
        {3, {0xff, 0x80, 0x00}},                                            /* 127 in three */
        {10, {0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x02}}, /* 65 bits */
        {10, {0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x00}},
        {11, {0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x81, 0x00}},
        {11, {0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x01}},
    };
    for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
        uint64_t value = 77;
        assert_null(firn_varint_get(wrong[i].bytes, wrong[i].bytes + wrong[i].size, &value));
        assert_int_equal(value, 77);
    }
}

static void zigzag_makes_small_magnitudes_small(void **state)
{
    (void)state;
    assert_int_equal(firn_zigzag(0), 0);
    assert_int_equal(firn_zigzag(-1), 1);
    assert_int_equal(firn_zigzag(1), 2);
    assert_int_equal(firn_zigzag(-2), 3);
    static const int64_t values[] = {
        0, 1, -1, 63, -64, 12345, -9, INT64_MAX, INT64_MIN, INT64_MAX - 1, INT64_MIN + 1};
    for (size_t i = 0; i < sizeof(values) / sizeof(values[0]); i++)
        assert_true(firn_unzigzag(firn_zigzag(values[i])) == values[i]);
    assert_int_equal(firn_zigzag(INT64_MIN), UINT64_MAX);
}

static void an_array_has_the_documented_bytes(void **state)
{
    (void)state;
    uint64_t values[66] = {5, 300};
    values[65] = 1;
    static const uint8_t head[] = {66, 1,    65, /* 66 values, checkpoints of one byte: group 1 */
                                   5,  0xac, 0x02};
    void *data = NULL;
    size_t size = 0;
    assert_int_equal(firn_varint_array_pack(values, 66, NULL, &data, &size), FIRN_OK);
    assert_int_equal(size, 3 + 67);
    assert_memory_equal(data, head, sizeof(head));
    assert_int_equal(((uint8_t *)data)[size - 1], 1);
    firn_release(NULL, data, size);
}

static void an_array_without_values_is_two_bytes(void **state)
{
    (void)state;
    void *data = NULL;
    size_t size = 0;
    assert_int_equal(firn_varint_array_pack(NULL, 0, NULL, &data, &size), FIRN_OK);
    assert_int_equal(size, 2);
    firn_varint_array array;
    assert_int_equal(firn_varint_array_open(data, size, &array), FIRN_OK);
    assert_int_equal(array.count, 0);
    assert_int_equal(firn_varint_array_get(&array, 0, 0, NULL), FIRN_OK);
    assert_int_equal(firn_varint_array_get(&array, 0, 1, NULL), FIRN_INVALID);
    firn_release(NULL, data, size);
}

static void every_range_of_an_array_can_be_read(void **state)
{
    (void)state;
    uint64_t values[200], got[200];
    for (size_t i = 0; i < 200; i++)
        values[i] = (uint64_t)i * i * i * i * i;
    for (size_t count = 1; count <= 200; count += count < 190 ? 63 : 1) {
        void *data = NULL;
        size_t size = 0;
        assert_int_equal(firn_varint_array_pack(values, count, NULL, &data, &size), FIRN_OK);
        firn_varint_array array;
        assert_int_equal(firn_varint_array_open(data, size, &array), FIRN_OK);
        assert_int_equal(array.count, count);
        for (size_t first = 0; first <= count; first++) {
            for (size_t some = 0; first + some <= count; some += 1 + some / 3) {
                assert_int_equal(firn_varint_array_get(&array, first, some, got), FIRN_OK);
                assert_memory_equal(got, values + first, some * sizeof(got[0]));
            }
        }
        assert_int_equal(firn_varint_array_get(&array, count + 1, 0, got), FIRN_INVALID);
        assert_int_equal(firn_varint_array_get(&array, 1, count, got), FIRN_INVALID);
        assert_int_equal(firn_varint_array_get(&array, 1, SIZE_MAX, got), FIRN_INVALID);
        firn_release(NULL, data, size);
    }
}

static void checkpoints_are_as_wide_as_the_values_need(void **state)
{
    (void)state;
    static uint64_t values[70000];
    static const size_t counts[] = {70, 255, 256, 65535, 65536, 70000};
    static const uint8_t widths[] = {1, 1, 2, 2, 3, 3};
    for (size_t i = 0; i < 6; i++) {
        void *data = NULL;
        size_t size = 0;
        assert_int_equal(firn_varint_array_pack(values, counts[i], NULL, &data, &size), FIRN_OK);
        assert_int_equal(((uint8_t *)data)[firn_varint_size(counts[i])], widths[i]);
        firn_varint_array array;
        assert_int_equal(firn_varint_array_open(data, size, &array), FIRN_OK);
        uint64_t last = 1;
        assert_int_equal(firn_varint_array_get(&array, counts[i] - 1, 1, &last), FIRN_OK);
        assert_int_equal(last, 0);
        firn_release(NULL, data, size);
    }
}

/* Whatever byte is changed and wherever the bytes end, reading gives an error or some values, and
 * the sanitizers say that nothing outside was touched. A copy of exact size lets them see it. */
static void damaged_arrays_are_refused_or_read_within_their_bytes(void **state)
{
    (void)state;
    uint64_t values[150], got[150];
    for (size_t i = 0; i < 150; i++)
        values[i] = i * 7;
    void *data = NULL;
    size_t size = 0;
    assert_int_equal(firn_varint_array_pack(values, 150, NULL, &data, &size), FIRN_OK);
    for (size_t cut = 0; cut < size; cut++) {
        uint8_t *copy = malloc(cut + 1);
        memcpy(copy + 1, data, cut);
        firn_varint_array array;
        firn_status status = firn_varint_array_open(copy + 1, cut, &array);
        if (status == FIRN_OK)
            status = firn_varint_array_get(&array, 0, array.count, got);
        assert_int_equal(status, FIRN_CORRUPT);
        free(copy);
    }
    unsigned refused = 0;
    for (size_t at = 0; at < size; at++) {
        uint8_t *copy = malloc(size);
        memcpy(copy, data, size);
        copy[at] ^= 0x81;
        firn_varint_array array;
        firn_status status = firn_varint_array_open(copy, size, &array);
        if (status == FIRN_OK && array.count <= 150)
            status = firn_varint_array_get(&array, 0, array.count, got);
        assert_true(status == FIRN_OK || status == FIRN_CORRUPT);
        refused += status == FIRN_CORRUPT;
        free(copy);
    }
    assert_true(refused > size / 2);
    firn_release(NULL, data, size);
}

static void a_value_that_crosses_its_checkpoint_is_refused(void **state)
{
    (void)state;
    uint64_t values[128] = {0}, got[128];
    void *data = NULL;
    size_t size = 0;
    assert_int_equal(firn_varint_array_pack(values, 128, NULL, &data, &size), FIRN_OK);
    uint8_t *bytes = data;
    firn_varint_array array;
    assert_int_equal(firn_varint_array_open(data, size, &array), FIRN_OK);
    bytes[3]--; /* the one checkpoint; after the count's two bytes and the width */
    assert_int_equal(firn_varint_array_get(&array, 0, 64, got), FIRN_CORRUPT);
    assert_int_equal(firn_varint_array_get(&array, 0, 128, got), FIRN_CORRUPT);
    assert_int_equal(firn_varint_array_get(&array, 64, 64, got), FIRN_CORRUPT);
    bytes[3] = 255;
    assert_int_equal(firn_varint_array_get(&array, 64, 1, got), FIRN_CORRUPT);
    firn_release(NULL, data, size);
}

/* A group whose values go on behind the array's end, as its checkpoint allows. */
static void a_checkpoint_behind_the_end_is_refused(void **state)
{
    (void)state;
    uint64_t got[65];
    const size_t size = 3 + 80;
    uint8_t *bytes = malloc(size);
    memcpy(bytes, "\x41\x01\xff", 3); /* 65 values, the second group at 255 */
    for (size_t i = 3; i < size; i++)
        bytes[i] = i % 8 == 2 ? 0x7f : 0xff;
    firn_varint_array array;
    assert_int_equal(firn_varint_array_open(bytes, size, &array), FIRN_OK);
    assert_int_equal(firn_varint_array_get(&array, 0, 64, got), FIRN_CORRUPT);
    assert_int_equal(firn_varint_array_get(&array, 64, 1, got), FIRN_CORRUPT);
    free(bytes);
}

static void without_memory_nothing_is_packed(void **state)
{
    (void)state;
    failing memory;
    failing_init(&memory, 1);
    uint64_t value = 7;
    void *data = &value;
    size_t size = 77;
    assert_int_equal(firn_varint_array_pack(&value, 1, &memory.allocator, &data, &size),
                     FIRN_NO_MEMORY);
    assert_ptr_equal(data, &value);
    assert_int_equal(size, 77);
    failing_check(&memory);
}

static void more_values_than_fit_are_refused_before_they_are_read(void **state)
{
    (void)state;
    uint64_t value = 7;
    void *data = NULL;
    size_t size = 0;
    assert_int_equal(firn_varint_array_pack(&value, (size_t)1 << 32, NULL, &data, &size),
                     FIRN_LIMIT);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(known_values_have_their_known_bytes),
        cmocka_unit_test(both_sides_of_every_power_of_two_come_back),
        cmocka_unit_test(overlong_and_overlarge_forms_are_refused),
        cmocka_unit_test(zigzag_makes_small_magnitudes_small),
        cmocka_unit_test(an_array_has_the_documented_bytes),
        cmocka_unit_test(an_array_without_values_is_two_bytes),
        cmocka_unit_test(every_range_of_an_array_can_be_read),
        cmocka_unit_test(checkpoints_are_as_wide_as_the_values_need),
        cmocka_unit_test(damaged_arrays_are_refused_or_read_within_their_bytes),
        cmocka_unit_test(a_value_that_crosses_its_checkpoint_is_refused),
        cmocka_unit_test(a_checkpoint_behind_the_end_is_refused),
        cmocka_unit_test(without_memory_nothing_is_packed),
        cmocka_unit_test(more_values_than_fit_are_refused_before_they_are_read),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
