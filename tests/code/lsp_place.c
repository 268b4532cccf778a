/* Places in texts against a walk over the characters: lines of all ends, characters of all widths,
 * broken ones, positions past every end; and lines that follow random changes. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

#include "code/lsp/place.h"
#include "code/lsp/utf8.h"
#include "support/random.h"

static uint32_t at(const char *text, size_t size, enum encoding encoding, uint32_t line,
                   uint32_t character)
{
    struct rows rows = {.start = NULL};
    assert_int_equal(rows_count(&rows, text, size), FIRN_OK);
    uint32_t offset = spot_offset(&rows, text, size, encoding, (struct spot){line, character});
    rows_fini(&rows);
    return offset;
}

static void characters_count_as_the_encoding_says(void **state)
{
    (void)state;
    const char text[] = "a\xc3\xa9\xf0\x9f\x98\x80z\r\n\xe2\x82\xac\xff\xffq\rend";
    const size_t size = sizeof text - 1;
    assert_int_equal(at(text, size, ENCODING_UTF16, 0, 2), 3);
    assert_int_equal(at(text, size, ENCODING_UTF16, 0, 3), 3); /* inside of a pair */
    assert_int_equal(at(text, size, ENCODING_UTF16, 0, 4), 7);
    assert_int_equal(at(text, size, ENCODING_UTF8, 0, 2), 1); /* inside of a character */
    assert_int_equal(at(text, size, ENCODING_UTF8, 0, 7), 7);
    assert_int_equal(at(text, size, ENCODING_UTF16, 0, 99), 8); /* before CR LF */
    assert_int_equal(at(text, size, ENCODING_UTF16, 1, 3), 15); /* bytes that are no characters */
    assert_int_equal(at(text, size, ENCODING_UTF16, 1, 99), 16);
    assert_int_equal(at(text, size, ENCODING_UTF16, 2, 1), 18);
    assert_int_equal(at(text, size, ENCODING_UTF16, 2, 99), 20);
    assert_int_equal(at(text, size, ENCODING_UTF16, 3, 0), 20);
    assert_int_equal(at("", 0, ENCODING_UTF16, 0, 0), 0);
    assert_int_equal(at("a\n", 2, ENCODING_UTF16, 1, 5), 2);
    assert_int_equal(at("\r\n", 2, ENCODING_UTF16, 0, 5), 0);
}

static size_t make_text(rng *random, char *text, size_t size)
{
    static const char *const pieces[] = {"a",
                                         "b",
                                         "\n",
                                         "\r",
                                         "\r\n",
                                         "\xc3\xa9",
                                         "\xe2\x82\xac",
                                         "\xf0\x9f\x98\x80",
                                         "\xff",
                                         "\xed\xa0\x80",
                                         "\n\r"};
    size_t used = 0;
    while (used + 4 < size) {
        const char *piece = pieces[rng_below(random, sizeof pieces / sizeof pieces[0])];
        memcpy(text + used, piece, strlen(piece));
        used += strlen(piece);
    }
    return used;
}

/* Every place of a text, by a walk. */
static void spots_of_all_offsets_lead_back(void **state)
{
    (void)state;
    rng random;
    char text[64];
    rng_init(&random, "spots_of_all_offsets_lead_back");
    for (unsigned turn = 0; turn < 2000; turn++) {
        const size_t size = make_text(&random, text, 1 + rng_below(&random, sizeof text));
        const enum encoding encoding = turn % 2 == 0 ? ENCODING_UTF16 : ENCODING_UTF8;
        struct rows rows = {.start = NULL};
        struct spot spot = {0, 0};
        assert_int_equal(rows_count(&rows, text, size), FIRN_OK);
        for (uint32_t offset = 0; offset < size;) {
            unsigned length = utf8_length(text + offset, size - offset);
            bool is_end = text[offset] == '\n' || text[offset] == '\r';
            bool is_pair = text[offset] == '\r' && offset + 1 < size && text[offset + 1] == '\n';
            struct spot found = offset_spot(&rows, text, size, encoding, offset);
            assert_int_equal(found.line, spot.line);
            assert_int_equal(found.character, spot.character);
            assert_int_equal(spot_offset(&rows, text, size, encoding, spot), offset);
            length = length == 0 ? 1 : length;
            spot.character += encoding == ENCODING_UTF8 ? length : length == 4 ? 2 : 1;
            if (is_end)
                spot = (struct spot){spot.line + 1, 0};
            offset += is_pair ? 2 : length;
        }
        assert_int_equal(spot_offset(&rows, text, size, encoding, spot), size);
        rows_fini(&rows);
    }
}

static void lines_follow_any_change(void **state)
{
    (void)state;
    rng random;
    rng_init(&random, "lines_follow_any_change");
    for (unsigned turn = 0; turn < 300; turn++) {
        char text[4096], with[16];
        size_t size = make_text(&random, text, 40);
        struct rows rows = {.start = NULL}, fresh = {.start = NULL};
        assert_int_equal(rows_count(&rows, text, size), FIRN_OK);
        for (unsigned change = 0; change < 100; change++) {
            uint32_t start = (uint32_t)rng_below(&random, size + 1);
            uint32_t end = start + (uint32_t)rng_below(&random, size - start + 1);
            if (end - start > 10)
                end = start + 10;
            /* As positions do, an edge never lies between CR and LF. */
            start -= start > 0 && start < size && text[start] == '\n' && text[start - 1] == '\r';
            end += end > 0 && end < size && text[end] == '\n' && text[end - 1] == '\r';
            const size_t added = make_text(&random, with, rng_below(&random, sizeof with));
            memmove(text + start + added, text + end, size - end);
            memcpy(text + start, with, added);
            size = size - (end - start) + added;
            assert_int_equal(rows_change(&rows, text, size, start, end, start + (uint32_t)added),
                             FIRN_OK);
            assert_int_equal(rows_count(&fresh, text, size), FIRN_OK);
            assert_int_equal(rows.count, fresh.count);
            assert_memory_equal(rows.start, fresh.start, rows.count * sizeof *rows.start);
        }
        rows_fini(&rows);
        rows_fini(&fresh);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(characters_count_as_the_encoding_says),
        cmocka_unit_test(spots_of_all_offsets_lead_back),
        cmocka_unit_test(lines_follow_any_change),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
