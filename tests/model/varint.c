/* Packed arrays and gaps against the arrays they were made of. */
#include <firn/delta.h>
#include <firn/varint.h>

#include "support/failing.h"
#include "support/random.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>
#include <cmocka.h>

#define VALUES 3000

static uint64_t values[VALUES], got[VALUES];

static size_t some_values(rng *random)
{
    size_t count = rng_below(random, rng_below(random, 3) == 0 ? VALUES + 1 : 200);
    uint64_t kind = rng_below(random, 4), before = rng_any_size(random);
    for (size_t i = 0; i < count; i++) {
        switch (kind) {
        case 0:
            values[i] = rng_any_size(random);
            break;
        case 1:
            values[i] = rng_below(random, 100);
            break;
        case 2:
            values[i] = before += rng_below(random, 300);
            break;
        default:
            values[i] = before += rng_below(random, 300) - 100;
        }
    }
    return count;
}

static void packed_arrays_give_their_values_back(void **state)
{
    (void)state;
    rng random;
    rng_init(&random, "varint");
    for (int round = 0; round < 400; round++) {
        failing memory;
        failing_init(&memory, 0);
        size_t count = some_values(&random), size = 0;
        void *data = NULL;
        assert_int_equal(firn_varint_array_pack(values, count, &memory.allocator, &data, &size),
                         FIRN_OK);
        firn_varint_array array;
        assert_int_equal(firn_varint_array_open(data, size, &array), FIRN_OK);
        assert_int_equal(array.count, count);
        assert_int_equal(firn_varint_array_get(&array, 0, count, got), FIRN_OK);
        assert_memory_equal(got, values, count * sizeof(got[0]));
        for (int i = 0; i < 20; i++) {
            size_t first = rng_below(&random, count + 1);
            size_t some = rng_below(&random, count - first + 1);
            assert_int_equal(firn_varint_array_get(&array, first, some, got), FIRN_OK);
            assert_memory_equal(got, values + first, some * sizeof(got[0]));
        }
        firn_release(&memory.allocator, data, size);
        failing_check(&memory);
    }
}

static void gaps_give_their_values_back(void **state)
{
    (void)state;
    rng random;
    rng_init(&random, "gaps");
    for (int round = 0; round < 400; round++) {
        failing memory;
        failing_init(&memory, 0);
        size_t count = some_values(&random), size = 0;
        void *data = NULL;
        assert_int_equal(firn_delta_pack(values, count, &memory.allocator, &data, &size), FIRN_OK);
        assert_int_equal(firn_delta_unpack(data, size, count, got), FIRN_OK);
        assert_memory_equal(got, values, count * sizeof(got[0]));
        firn_release(&memory.allocator, data, size);
        failing_check(&memory);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(packed_arrays_give_their_values_back),
        cmocka_unit_test(gaps_give_their_values_back),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
