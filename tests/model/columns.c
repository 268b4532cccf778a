/* Random columns of random values, some of which follow others, come back as they went in. */
#include "support/columns.h"
#include "support/random.h"

#include <setjmp.h>
#include <stdarg.h>
#include <cmocka.h>

enum { ROUNDS = 400, ROWS_MAX = 3000, COLUMNS_MAX = 12, POOL = 20000 };

/* Texts that share beginnings, parts and spaces. */
static firn_bytes any_text(rng *random, const uint8_t *pool)
{
    size_t size = rng_any_size(random) % (rng_below(random, 50) == 0 ? 3000 : 40);
    return (firn_bytes){pool + rng_below(random, 1 + rng_below(random, POOL - 3000)), size};
}

static void texts_fill(rng *random, const uint8_t *pool, const firn_column *like, firn_bytes *out,
                       size_t rows)
{
    size_t reach = 1 + rng_any_size(random) % 500;
    for (size_t row = 0; row < rows; row++) {
        out[row] = any_text(random, pool);
        if (like != NULL && rng_below(random, 20) > 0) /* mostly told by the other */
            out[row] = (firn_bytes){like->texts[row].data, like->texts[row].size / 2};
        else if (row > 0 && rng_below(random, 3) > 0)
            out[row] = out[row - 1 - rng_below(random, row < reach ? row : reach)];
    }
}

static void numbers_fill(rng *random, uint64_t *out, size_t rows)
{
    uint64_t form = rng_below(random, 4), value = rng_any_size(random);
    uint64_t mask = UINT64_MAX >> rng_below(random, 64);
    for (size_t row = 0; row < rows; row++) {
        value = form == 0 ? rng_any_size(random) & mask : form == 1 ? value + 7 : value;
        if (form == 2)
            value += (rng_next(random) & mask) - mask / 2;
        out[row] = value;
    }
}

static void random_columns_come_back(void **state)
{
    (void)state;
    static uint8_t pool[POOL];
    static firn_bytes texts[COLUMNS_MAX][ROWS_MAX];
    static uint64_t numbers[COLUMNS_MAX][ROWS_MAX];
    rng random;
    rng_init(&random, "random_columns_come_back");
    for (int round = 0; round < ROUNDS; round++) {
        firn_column columns[COLUMNS_MAX] = {0};
        size_t count = 1 + rng_below(&random, COLUMNS_MAX);
        size_t rows = rng_any_size(&random) % (round % 10 == 0 ? ROWS_MAX : 100);
        for (size_t i = 0; i < POOL; i++)
            pool[i] = (uint8_t)("ab c/"[rng_below(&random, 5)]);
        for (size_t i = 0; i < count; i++) {
            columns[i].kind = (firn_column_kind)rng_below(&random, 3);
            columns[i].texts = texts[i];
            columns[i].numbers = numbers[i];
            size_t other = rng_below(&random, i + 1);
            bool follows = columns[i].kind == FIRN_COLUMN_TEXT && other < i &&
                           columns[other].kind == FIRN_COLUMN_TEXT;
            columns[i].like = follows ? (uint32_t)other + 1 : 0;
            numbers_fill(&random, numbers[i], rows);
            texts_fill(&random, pool, follows ? &columns[other] : NULL, texts[i], rows);
        }
        columns_round_trip(columns, count, rows, NULL);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(random_columns_come_back)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
