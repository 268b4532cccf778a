/* Tables against a sorted array: random keys that share beginnings, empty and equal ones too. */
#include "code/index/table.h"

#include "support/random.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

#define MOST 2000u

struct pair {
    uint8_t key[40];
    size_t key_size;
    uint8_t payload[12];
    size_t payload_size;
};

static int compare_pairs(const void *left, const void *right)
{
    const struct pair *a = left, *b = right;
    return key_compare(a->key, a->key_size, b->key, b->key_size);
}

static struct pair random_pair(rng *random)
{
    struct pair pair;
    pair.key_size = rng_below(random, sizeof pair.key + 1);
    for (size_t i = 0; i < pair.key_size; i++)
        pair.key[i] = (uint8_t)(rng_below(random, 8) == 0 ? rng_below(random, 256) : 'a');
    pair.payload_size = rng_below(random, sizeof pair.payload + 1);
    for (size_t i = 0; i < pair.payload_size; i++)
        pair.payload[i] = (uint8_t)rng_below(random, 256);
    return pair;
}

static void assert_entry(const struct table_cursor *cursor, const struct pair *pair)
{
    assert_int_equal(cursor->key_size, pair->key_size);
    assert_memory_equal(cursor->key, pair->key, pair->key_size);
    assert_int_equal(cursor->payload_size, pair->payload_size);
    if (pair->payload_size > 0)
        assert_memory_equal(cursor->payload, pair->payload, pair->payload_size);
}

static void assert_all_entries(const struct table *table, const struct pair *pairs, size_t count)
{
    struct table_cursor cursor;
    firn_status status = table_at(table, 0, &cursor);
    for (size_t i = 0; i < count; i++) {
        assert_int_equal(status, FIRN_OK);
        assert_int_equal(cursor.index, i);
        assert_entry(&cursor, &pairs[i]);
        status = table_next(&cursor);
    }
    assert_int_equal(status, FIRN_END_OF_DATA);
}

static void assert_seeks(rng *random, const struct table *table, const struct pair *pairs,
                         size_t count)
{
    for (unsigned i = 0; i < 200; i++) {
        struct pair sought = random_pair(random);
        if (count > 0 && i % 2 == 0)
            sought = pairs[rng_below(random, count)];
        size_t expected = 0;
        while (expected < count && compare_pairs(&pairs[expected], &sought) < 0)
            expected++;
        struct table_cursor cursor;
        firn_status status = table_seek(table, sought.key, sought.key_size, &cursor);
        assert_int_equal(status, expected < count ? FIRN_OK : FIRN_END_OF_DATA);
        if (expected < count)
            assert_int_equal(cursor.index, expected);
        if (count > 0) {
            uint32_t index = (uint32_t)rng_below(random, count);
            assert_int_equal(table_at(table, index, &cursor), FIRN_OK);
            assert_entry(&cursor, &pairs[index]);
        }
    }
}

static void round_trip(rng *random, size_t count)
{
    static struct pair pairs[MOST];
    for (size_t i = 0; i < count; i++)
        pairs[i] = random_pair(random);
    qsort(pairs, count, sizeof pairs[0], compare_pairs);
    struct table_writer writer;
    table_writer_init(&writer, NULL);
    for (size_t i = 0; i < count; i++)
        assert_int_equal(table_add(&writer, pairs[i].key, pairs[i].key_size, pairs[i].payload,
                                   pairs[i].payload_size),
                         FIRN_OK);
    struct bytes bytes = {.data = NULL};
    size_t size = table_size(&writer);
    assert_int_equal(table_finish(&writer, &bytes), FIRN_OK);
    assert_int_equal(bytes.size, size);
    struct table table;
    assert_int_equal(table_open(bytes.data, bytes.size, &table), FIRN_OK);
    assert_int_equal(table.count, count);
    assert_all_entries(&table, pairs, count);
    assert_seeks(random, &table, pairs, count);
    bytes_fini(&bytes);
    table_writer_fini(&writer);
}

static void table_holds_what_a_sorted_array_holds(void **state)
{
    (void)state;
    rng random;
    rng_init(&random, __func__);
    for (size_t count = 0; count < 140; count += count < 60 ? 1 : 3)
        round_trip(&random, count);
    for (unsigned i = 0; i < 20; i++)
        round_trip(&random, rng_below(&random, MOST + 1));
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(table_holds_what_a_sorted_array_holds)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
