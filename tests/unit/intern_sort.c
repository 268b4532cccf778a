/* Sorted names against qsort: alike at their beginnings, with NUL bytes, of all lengths. */
#include <firn/intern.h>

#include "support/random.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

static firn_intern *interned(rng *random, unsigned count, unsigned alphabet)
{
    firn_intern *names;
    assert_int_equal(firn_intern_create(NULL, &names), FIRN_OK);
    for (unsigned i = 0; i < count; i++) {
        uint8_t text[24];
        uint32_t id;
        size_t size = rng_below(random, sizeof text + 1);
        for (size_t at = 0; at < size; at++)
            text[at] = (uint8_t)rng_below(random, alphabet);
        assert_int_equal(firn_intern_put(names, text, size, &id, NULL), FIRN_OK);
    }
    return names;
}

static void assert_sorted(const firn_intern *names)
{
    uint32_t count = firn_intern_count(names), *ids;
    uint8_t *seen = calloc(count, 1);
    assert_int_equal(firn_intern_sort(names, NULL, &ids), FIRN_OK);
    for (uint32_t i = 0; i < count; i++) {
        size_t size, before_size;
        assert_true(ids[i] < count && !seen[ids[i]]);
        seen[ids[i]] = 1;
        if (i == 0)
            continue;
        const void *text = firn_intern_get(names, ids[i], &size);
        const void *before = firn_intern_get(names, ids[i - 1], &before_size);
        size_t least = size < before_size ? size : before_size;
        int order = memcmp(before, text, least);
        assert_true(order < 0 || (order == 0 && before_size < size));
    }
    firn_release(NULL, ids, count * sizeof *ids);
    free(seen);
}

static void names_come_in_the_order_of_their_bytes(void **state)
{
    (void)state;
    rng random;
    rng_init(&random, __func__);
    for (unsigned round = 0; round < 60; round++) {
        static const unsigned alphabets[] = {1, 2, 3, 26, 256};
        unsigned count = 1 + (unsigned)rng_below(&random, round < 50 ? 60 : 5000);
        firn_intern *names = interned(&random, count, alphabets[round % 5]);
        assert_sorted(names);
        firn_intern_destroy(names);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(names_come_in_the_order_of_their_bytes)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
