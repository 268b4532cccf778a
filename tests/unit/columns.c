/* Records as columns: what goes in comes out, column by column, and what is no block is refused. */
#include "support/columns.h"
#include "support/failing.h"
#include "support/golden.h"

#include <firn/codec.h>

#include <setjmp.h>
#include <stdarg.h>
#include <cmocka.h>

enum { ROWS = 2000, ROOM = 64 };

static uint64_t times[ROWS], levels[ROWS];
static firn_bytes urls[ROWS], titles[ROWS], messages[ROWS];
static char text[ROWS * 3][ROOM];

FIRN_PRINTF(2, 3) static firn_bytes print(size_t slot, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    int size = vsnprintf(text[slot], ROOM, format, arguments);
    va_end(arguments);
    assert_in_range(size, 0, ROOM - 1);
    return (firn_bytes){text[slot], (size_t)size};
}

/* Visits of 300 pages and what a log tells of them. */
static int set_up(void **state)
{
    (void)state;
    for (unsigned i = 0; i < ROWS; i++) {
        unsigned page = i * i % 300;
        times[i] = 1700000000000000u + i * UINT64_C(61000037) + i * i % 997;
        levels[i] = page % 4;
        urls[i] = print(3 * i, "https://www.example.org/section/%u/page-%u.html", page / 10, page);
        titles[i] = print(3 * i + 1, "Page %u of the section %u", page, page / 10);
        messages[i] = print(3 * i + 2, "GET /page-%u took %u ms", page, i % 50);
    }
    return 0;
}

static const firn_column VISITS[] = {
    {.kind = FIRN_COLUMN_NUMBER, .numbers = times},
    {.kind = FIRN_COLUMN_TEXT, .texts = urls},
    {.kind = FIRN_COLUMN_TEXT, .like = 2, .texts = titles},
    {.kind = FIRN_COLUMN_NUMBER, .numbers = levels},
    {.kind = FIRN_COLUMN_WORDS, .texts = messages},
};
enum { COLUMNS = sizeof VISITS / sizeof *VISITS };

static void columns_come_back_from_any_number_of_rows(void **state)
{
    (void)state;
    for (size_t rows = 0; rows < 20; rows++)
        columns_round_trip(VISITS, COLUMNS, rows, NULL);
    columns_round_trip(VISITS, COLUMNS, ROWS, NULL);
    for (size_t i = 0; i < COLUMNS; i++)
        if (VISITS[i].like == 0)
            columns_round_trip(&VISITS[i], 1, ROWS, NULL);
}

static size_t packed_size(const void *data, size_t size)
{
    firn_codec *codec;
    size_t packed = 0;
    uint8_t *frame = malloc(firn_codec_bound(size));
    assert_int_equal(firn_codec_create(NULL, &codec), FIRN_OK);
    assert_int_equal(firn_codec_pack(codec, FIRN_CODEC_ZSTD, 3, data, size, frame, &packed),
                     FIRN_OK);
    firn_codec_destroy(codec);
    free(frame);
    return packed;
}

static void columns_pack_smaller_than_rows(void **state)
{
    (void)state;
    static char rows[ROWS * 4 * ROOM];
    size_t at = 0, size;
    void *data;
    for (size_t i = 0; i < ROWS; i++)
        at += (size_t)snprintf(rows + at, sizeof rows - at, "%llu %s %s %llu %s\n",
                               (unsigned long long)times[i], (const char *)urls[i].data,
                               (const char *)titles[i].data, (unsigned long long)levels[i],
                               (const char *)messages[i].data);
    assert_int_equal(firn_columns_pack(VISITS, COLUMNS, ROWS, NULL, &data, &size), FIRN_OK);
    assert_true(packed_size(data, size) * 3 < packed_size(rows, at));
    firn_release(NULL, data, size);
}

/* A title that its address tells takes a byte in the block before it is packed. */
static void what_another_column_tells_takes_nothing(void **state)
{
    (void)state;
    size_t with = columns_round_trip(VISITS, 3, ROWS, NULL);
    size_t addresses = columns_round_trip(VISITS, 2, ROWS, NULL);
    assert_in_range(with - addresses, ROWS, ROWS + 300 * ROOM);
    static firn_bytes odd[ROWS]; /* and one that is told wrongly comes back all the same */
    memcpy(odd, titles, sizeof odd);
    for (size_t i = 0; i < ROWS; i += 7)
        odd[i] = titles[i * 31 % ROWS];
    firn_column columns[] = {VISITS[1],
                             {.kind = FIRN_COLUMN_TEXT, .like = 1, .texts = odd},
                             {.kind = FIRN_COLUMN_TEXT, .like = 2, .texts = titles},
                             {.kind = FIRN_COLUMN_TEXT, .like = 3, .texts = odd}};
    columns_round_trip(columns, 4, ROWS, NULL);
}

static void numbers_of_every_width_and_sign_come_back(void **state)
{
    (void)state;
    static const uint64_t edges[] = {0,
                                     UINT64_MAX,
                                     1,
                                     (uint64_t)INT64_MAX,
                                     (uint64_t)INT64_MIN,
                                     255,
                                     256,
                                     (uint64_t)-255,
                                     (uint64_t)-256,
                                     UINT64_MAX / 3};
    firn_column column = {.kind = FIRN_COLUMN_NUMBER, .numbers = edges};
    for (size_t rows = 0; rows <= sizeof edges / sizeof *edges; rows++)
        columns_round_trip(&column, 1, rows, NULL);
    uint64_t some[300];
    column.numbers = some;
    for (size_t i = 0; i < 300; i++)
        some[i] = (uint64_t)((int64_t)(i * 7919 % 201) - 100);
    assert_in_range(columns_round_trip(&column, 1, 300, NULL), 300, 325); /* one byte each */
    for (size_t i = 0; i < 300; i++)
        some[i] = UINT64_MAX - 2000 * i; /* always the same step */
    assert_in_range(columns_round_trip(&column, 1, 300, NULL), 300, 925);
    for (size_t i = 0; i < 300; i++)
        some[i] = 1ull << 60;
    assert_in_range(columns_round_trip(&column, 1, 300, NULL), 5, 20);
}

static void texts_of_every_kind_come_back(void **state)
{
    (void)state;
    static const firn_bytes odd[] = {{NULL, 0},
                                     {"", 0},
                                     {" ", 1},
                                     {"  ", 2},
                                     {"a", 1},
                                     {" a", 2},
                                     {"a ", 2},
                                     {"a  b", 4},
                                     {"a\0", 2},
                                     {"a\0b c", 5},
                                     {"\n", 1},
                                     {"abc", 3},
                                     {"ab", 2},
                                     {"abcdefg", 7},
                                     {"abcd", 4},
                                     {"x y z", 5},
                                     {"1 2 3 4 5 6 7 8 9 10 11 12 13 14 15", 35}};
    for (int kind = FIRN_COLUMN_TEXT; kind <= FIRN_COLUMN_WORDS; kind++) {
        firn_column column = {.kind = (firn_column_kind)kind, .texts = odd};
        for (size_t first = 0; first < sizeof odd / sizeof *odd; first++) {
            column.texts = odd + first;
            columns_round_trip(&column, 1, sizeof odd / sizeof *odd - first, NULL);
        }
    }
}

static void wrong_columns_are_refused(void **state)
{
    (void)state;
    void *data = &data;
    size_t size = 5;
    firn_column bad[3] = {VISITS[0], VISITS[1], VISITS[2]};
    firn_column many[FIRN_COLUMNS_MAX + 1];
    assert_int_equal(firn_columns_pack(bad, 0, 1, NULL, &data, &size), FIRN_INVALID);
    bad[2].like = 1; /* a column of numbers */
    assert_int_equal(firn_columns_pack(bad, 3, 1, NULL, &data, &size), FIRN_INVALID);
    bad[2].like = 3; /* itself */
    assert_int_equal(firn_columns_pack(bad, 3, 1, NULL, &data, &size), FIRN_INVALID);
    bad[2].like = 2;
    bad[2].kind = FIRN_COLUMN_WORDS;
    assert_int_equal(firn_columns_pack(bad, 3, 1, NULL, &data, &size), FIRN_INVALID);
    bad[2].kind = (firn_column_kind)3;
    assert_int_equal(firn_columns_pack(bad, 3, 1, NULL, &data, &size), FIRN_INVALID);
    for (size_t i = 0; i <= FIRN_COLUMNS_MAX; i++)
        many[i] = VISITS[0];
    assert_int_equal(firn_columns_pack(many, FIRN_COLUMNS_MAX + 1, 1, NULL, &data, &size),
                     FIRN_LIMIT);
    columns_round_trip(many, FIRN_COLUMNS_MAX, 3, NULL);
    assert_int_equal(firn_columns_pack(bad, 1, FIRN_COLUMNS_ROWS_MAX + 1, NULL, &data, &size),
                     FIRN_LIMIT);
    assert_ptr_equal(data, &data);
    assert_int_equal(size, 5);
}

static void too_much_text_is_refused(void **state)
{
    (void)state;
    enum { EACH = 15 << 20, COUNT = 5 };
    char *large = calloc(1, EACH + COUNT);
    firn_bytes texts[COUNT];
    void *data;
    size_t size;
    for (size_t i = 0; i < COUNT; i++) {
        texts[i] = (firn_bytes){large + i, EACH};
        large[EACH + i] = 'x';
    }
    for (int kind = FIRN_COLUMN_TEXT; kind <= FIRN_COLUMN_WORDS; kind++) {
        firn_column column = {.kind = (firn_column_kind)kind, .texts = texts};
        assert_int_equal(firn_columns_pack(&column, 1, COUNT, NULL, &data, &size), FIRN_LIMIT);
        if (kind == FIRN_COLUMN_TEXT)
            columns_round_trip(&column, 1, COUNT - 1, NULL);
    }
    free(large);
}

static void the_wrong_call_for_a_column_is_refused(void **state)
{
    (void)state;
    void *data, *block;
    size_t size, block_size;
    firn_columns view;
    firn_column_kind kind;
    uint64_t numbers[3];
    firn_bytes texts[3];
    assert_int_equal(firn_columns_pack(VISITS, COLUMNS, 3, NULL, &data, &size), FIRN_OK);
    assert_int_equal(firn_columns_open(data, size, &view), FIRN_OK);
    assert_int_equal(firn_columns_numbers(&view, 1, numbers), FIRN_INVALID);
    assert_int_equal(firn_columns_numbers(&view, COLUMNS, numbers), FIRN_INVALID);
    assert_int_equal(firn_columns_texts(&view, 0, NULL, texts, &block, &block_size), FIRN_INVALID);
    assert_int_equal(firn_columns_texts(&view, COLUMNS, NULL, texts, &block, &block_size),
                     FIRN_INVALID);
    assert_int_equal(firn_columns_kind(&view, COLUMNS, &kind), FIRN_INVALID);
    ((uint8_t *)data)[0] = 2;
    assert_int_equal(firn_columns_open(data, size, &view), FIRN_VERSION);
    ((uint8_t *)data)[0] = 0;
    assert_int_equal(firn_columns_open(data, size, &view), FIRN_CORRUPT);
    firn_release(NULL, data, size);
}

/* Reads all that can be read of bytes that may be damaged. */
static void read_all(const uint8_t *data, size_t size)
{
    firn_columns view;
    firn_status status = firn_columns_open(data, size, &view);
    assert_true(status == FIRN_OK || status == FIRN_CORRUPT || status == FIRN_VERSION);
    if (status != FIRN_OK || view.row_count > 100)
        return;
    for (size_t i = 0; i < view.column_count; i++) {
        uint64_t numbers[100];
        firn_bytes texts[100];
        void *block;
        size_t block_size;
        status = firn_columns_numbers(&view, i, numbers);
        assert_true(status == FIRN_OK || status == FIRN_CORRUPT || status == FIRN_INVALID);
        status = firn_columns_texts(&view, i, NULL, texts, &block, &block_size);
        assert_true(status == FIRN_OK || status == FIRN_CORRUPT || status == FIRN_INVALID);
        if (status == FIRN_OK)
            firn_release(NULL, block, block_size);
    }
}

static void damaged_blocks_are_refused_or_read_within_their_bounds(void **state)
{
    (void)state;
    void *data;
    size_t size;
    firn_columns view;
    assert_int_equal(firn_columns_pack(VISITS, COLUMNS, 9, NULL, &data, &size), FIRN_OK);
    for (size_t cut = 0; cut < size; cut++) {
        uint8_t *exact = malloc(cut + (cut == 0));
        memcpy(exact, data, cut);
        assert_int_equal(firn_columns_open(exact, cut, &view), FIRN_CORRUPT);
        free(exact);
    }
    uint8_t *exact = malloc(size);
    for (size_t i = 0; i < size; i++) {
        for (unsigned change = 1; change < 256; change += change) {
            memcpy(exact, data, size);
            exact[i] ^= (uint8_t)change;
            read_all(exact, size);
        }
    }
    free(exact);
    firn_release(NULL, data, size);
}

static void the_example_of_the_format_page_is_what_is_written(void **state)
{
    (void)state;
    static const uint8_t expected[] = {
        1, 3, 3,                                          /* version, rows, columns */
        0, 0, 6, 1, 0, 13, 1, 2, 10,                      /* kind, like, size of each */
        0, 1, 7, 0, 2, 1,                                 /* 7 9 8 */
        3, 2, 2, 0, 0, 2,  0, 1, 2,   1,   '/', 'a', 'b', /* "/a" "/b" "/a" */
        3, 1, 1, 0, 1, 0,  0, 2, 'h', 'i',                /* "hi" "hi" "hi" */
    };
    static const uint64_t numbers[] = {7, 9, 8};
    static const firn_bytes pages[] = {{"/a", 2}, {"/b", 2}, {"/a", 2}};
    static const firn_bytes names[] = {{"hi", 2}, {"hi", 2}, {"hi", 2}};
    const firn_column columns[] = {{.kind = FIRN_COLUMN_NUMBER, .numbers = numbers},
                                   {.kind = FIRN_COLUMN_TEXT, .texts = pages},
                                   {.kind = FIRN_COLUMN_TEXT, .like = 2, .texts = names}};
    void *data;
    size_t size;
    assert_int_equal(firn_columns_pack(columns, 3, 3, NULL, &data, &size), FIRN_OK);
    assert_int_equal(size, sizeof expected);
    assert_memory_equal(data, expected, sizeof expected);
    firn_release(NULL, data, size);
}

/* Blocks that were written once are read forever. */
static void a_block_of_the_first_version_is_read(void **state)
{
    (void)state;
    static uint8_t data[1 << 16];
    firn_columns view;
    size_t size = golden_read(__FILE__, "columns-1", data, sizeof data);
    assert_int_equal(firn_columns_open(data, size, &view), FIRN_OK);
    assert_int_equal(view.row_count, 300);
    assert_int_equal(view.column_count, COLUMNS);
    for (size_t i = 0; i < COLUMNS; i++)
        assert_int_equal(columns_compare(&view, i, &VISITS[i], NULL), FIRN_OK);
}

static firn_status pack_and_read(const firn_allocator *allocator, void *context)
{
    (void)context;
    return columns_round_trip(VISITS, COLUMNS, 40, allocator) > 0 ? FIRN_OK : FIRN_NO_MEMORY;
}

static void every_allocation_may_fail(void **state)
{
    (void)state;
    assert_in_range(failing_each(pack_and_read, NULL), 50, 400);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(columns_come_back_from_any_number_of_rows),
        cmocka_unit_test(columns_pack_smaller_than_rows),
        cmocka_unit_test(what_another_column_tells_takes_nothing),
        cmocka_unit_test(numbers_of_every_width_and_sign_come_back),
        cmocka_unit_test(texts_of_every_kind_come_back),
        cmocka_unit_test(wrong_columns_are_refused),
        cmocka_unit_test(too_much_text_is_refused),
        cmocka_unit_test(the_wrong_call_for_a_column_is_refused),
        cmocka_unit_test(damaged_blocks_are_refused_or_read_within_their_bounds),
        cmocka_unit_test(the_example_of_the_format_page_is_what_is_written),
        cmocka_unit_test(a_block_of_the_first_version_is_read),
        cmocka_unit_test(every_allocation_may_fail),
    };
    return cmocka_run_group_tests(tests, set_up, NULL);
}
