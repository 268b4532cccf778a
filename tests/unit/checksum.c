/* CRC-32C against the vectors of RFC 3720, B.4, and against a bitwise one. */
#include <firn/checksum.h>

#include "support/random.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>
#include <cmocka.h>

static uint32_t bitwise(const uint8_t *data, size_t size)
{
    uint32_t crc = UINT32_MAX;
    for (size_t i = 0; i < size; i++) {
        crc ^= data[i];
        for (int bit = 0; bit < 8; bit++)
            crc = (crc >> 1) ^ (crc & 1 ? 0x82f63b78u : 0);
    }
    return ~crc;
}

static void the_vectors_of_the_rfc_hold(void **state)
{
    (void)state;
    uint8_t data[32];
    assert_int_equal(firn_crc32c(0, "123456789", 9), 0xe3069283u);
    memset(data, 0, 32);
    assert_int_equal(firn_crc32c(0, data, 32), 0x8a9136aau);
    memset(data, 0xff, 32);
    assert_int_equal(firn_crc32c(0, data, 32), 0x62a8ab43u);
    for (uint8_t i = 0; i < 32; i++)
        data[i] = i;
    assert_int_equal(firn_crc32c(0, data, 32), 0x46dd794eu);
    for (uint8_t i = 0; i < 32; i++)
        data[i] = (uint8_t)(31 - i);
    assert_int_equal(firn_crc32c(0, data, 32), 0x113fdb5cu);
}

static void nothing_leaves_the_checksum_as_it_was(void **state)
{
    (void)state;
    assert_int_equal(firn_crc32c(0, NULL, 0), 0);
    assert_int_equal(firn_crc32c(0x12345678, NULL, 0), 0x12345678);
}

static void parts_give_what_the_whole_gives(void **state)
{
    (void)state;
    rng random;
    rng_init(&random, "checksum");
    uint8_t data[3000];
    rng_bytes(&random, data, sizeof(data));
    for (int i = 0; i < 300; i++) {
        size_t start = rng_below(&random, 64);
        size_t size = rng_below(&random, sizeof(data) - start);
        size_t first = rng_below(&random, size + 1);
        uint32_t crc = firn_crc32c(0, data + start, size);
        assert_int_equal(crc, bitwise(data + start, size));
        uint32_t part = firn_crc32c(0, data + start, first);
        assert_int_equal(firn_crc32c(part, data + start + first, size - first), crc);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_vectors_of_the_rfc_hold),
        cmocka_unit_test(nothing_leaves_the_checksum_as_it_was),
        cmocka_unit_test(parts_give_what_the_whole_gives),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
