/* Strings against plain arrays, allocations failing now and then; UTF-8 against a table. */
#include <firn/string.h>

#include "support/failing.h"
#include "support/random.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>
#include <cmocka.h>

#define STRINGS 8
#define TEXT_MAX 400

struct model {
    rng random;
    failing memory;
    firn_intern *intern;
    firn_string strings[STRINGS];
    uint8_t texts[STRINGS][TEXT_MAX];
    size_t sizes[STRINGS];
};

static void expect(const struct model *model, size_t i)
{
    firn_bytes text = firn_string_get(&model->strings[i]);
    assert_int_equal(text.size, model->sizes[i]);
    if (text.size > 0)
        assert_memory_equal(text.data, model->texts[i], text.size);
}

static size_t some_text(rng *random, uint8_t *ret_text)
{
    static const size_t borders[] = {0, 1, 22, 23, 24, 25, 40};
    size_t size =
        rng_below(random, 3) == 0 ? rng_below(random, 100) : borders[rng_below(random, 7)];
    for (size_t i = 0; i < size; i++)
        ret_text[i] = (uint8_t)(rng_below(random, 40) == 0 ? 0 : 'a' + rng_below(random, 2));
    return size;
}

static void set(struct model *model, size_t i, const uint8_t *text, size_t size, bool interned)
{
    const firn_allocator *allocator = &model->memory.allocator;
    firn_status status = interned ? firn_string_put_interned(&model->strings[i], model->intern,
                                                             text, size, allocator)
                                  : firn_string_put(&model->strings[i], text, size, allocator);
    assert_true(status == FIRN_OK || status == FIRN_NO_MEMORY);
    if (status == FIRN_OK) {
        memcpy(model->texts[i], text, size);
        model->sizes[i] = size;
        assert_int_equal(firn_string_id(&model->strings[i]) != FIRN_INTERN_NONE, interned);
    }
}

static void append(struct model *model, size_t i, const void *more, size_t size)
{
    uint8_t copy[TEXT_MAX];
    if (model->sizes[i] + size > TEXT_MAX)
        return;
    if (size > 0)
        memcpy(copy, more, size);
    firn_status status =
        firn_string_append(&model->strings[i], more, size, &model->memory.allocator);
    assert_true(status == FIRN_OK || status == FIRN_NO_MEMORY);
    if (status == FIRN_OK) {
        memcpy(model->texts[i] + model->sizes[i], copy, size);
        model->sizes[i] += size;
    }
}

/* Replaces a string by a new one, for which the model has the text. */
static void replace(struct model *model, size_t i, firn_status status, const firn_string *made,
                    const uint8_t *text, size_t size)
{
    assert_true(status == FIRN_OK || status == FIRN_NO_MEMORY);
    if (status != FIRN_OK)
        return;
    firn_string_fini(&model->strings[i], &model->memory.allocator);
    model->strings[i] = *made;
    memmove(model->texts[i], text, size);
    model->sizes[i] = size;
}

static void concatenate(struct model *model, size_t i, size_t a, size_t b)
{
    uint8_t text[2 * TEXT_MAX];
    size_t size = model->sizes[a] + model->sizes[b];
    if (size > TEXT_MAX)
        return;
    firn_string made;
    firn_status status = firn_string_concatenate(&model->strings[a], &model->strings[b],
                                                 &model->memory.allocator, &made);
    memcpy(text, model->texts[a], model->sizes[a]);
    memcpy(text + model->sizes[a], model->texts[b], model->sizes[b]);
    replace(model, i, status, &made, text, size);
}

static void slice(struct model *model, size_t i, size_t a)
{
    firn_string made;
    const firn_allocator *allocator = &model->memory.allocator;
    size_t begin = rng_below(&model->random, model->sizes[a] + 1);
    size_t size = rng_below(&model->random, model->sizes[a] - begin + 1);
    size = rng_below(&model->random, 4) == 0 ? model->sizes[a] - begin : size;
    assert_int_equal(
        firn_string_slice(&model->strings[a], begin, model->sizes[a] - begin + 1, allocator, &made),
        FIRN_INVALID);
    assert_int_equal(
        firn_string_slice(&model->strings[a], model->sizes[a] + 1, 0, allocator, &made),
        FIRN_INVALID);
    assert_int_equal(firn_string_slice(&model->strings[a], 1, SIZE_MAX, allocator, &made),
                     FIRN_INVALID);
    firn_status status = firn_string_slice(&model->strings[a], begin, size, allocator, &made);
    replace(model, i, status, &made, model->texts[a] + begin, size);
}

static void compare(struct model *model, size_t a, size_t b)
{
    const firn_string *one = &model->strings[a], *two = &model->strings[b];
    size_t least = model->sizes[a] < model->sizes[b] ? model->sizes[a] : model->sizes[b];
    int order = memcmp(model->texts[a], model->texts[b], least);
    if (order == 0)
        order = (model->sizes[a] > model->sizes[b]) - (model->sizes[a] < model->sizes[b]);
    int got = firn_string_compare(one, two);
    assert_int_equal((got > 0) - (got < 0), (order > 0) - (order < 0));
    assert_int_equal(firn_string_equal(one, two), order == 0);
    if (order == 0)
        assert_int_equal(firn_string_hash(one, 7), firn_string_hash(two, 7));
}

static void step(struct model *model)
{
    rng *random = &model->random;
    uint8_t text[TEXT_MAX];
    size_t i = rng_below(random, STRINGS), a = rng_below(random, STRINGS);
    firn_bytes own = firn_string_get(&model->strings[i]);
    size_t begin = rng_below(random, own.size + 1);
    model->memory.fail_at = rng_below(random, 4) == 0 ? model->memory.calls + 1 : 0;
    switch (rng_below(random, 8)) {
    case 0:
        set(model, i, text, some_text(random, text), false);
        break;
    case 1:
        set(model, i, text, some_text(random, text), true);
        break;
    case 2: /* a part of itself */
        memcpy(text, own.data, own.size);
        model->sizes[i] = own.size;
        if (firn_string_put(&model->strings[i], (const uint8_t *)own.data + begin, own.size - begin,
                            &model->memory.allocator) == FIRN_OK) {
            memcpy(model->texts[i], text + begin, own.size - begin);
            model->sizes[i] = own.size - begin;
        }
        break;
    case 3:
        append(model, i, text, some_text(random, text));
        break;
    case 4: /* of itself */
        append(model, i, (const uint8_t *)own.data + begin, own.size - begin);
        break;
    case 5:
        concatenate(model, i, a, rng_below(random, STRINGS));
        break;
    case 6:
        slice(model, i, a);
        break;
    default:
        compare(model, i, a);
    }
    expect(model, i);
}

static void strings_hold_what_was_put_into_them(void **state)
{
    (void)state;
    static struct model model;
    rng_init(&model.random, "string");
    failing_init(&model.memory, 0);
    assert_int_equal(firn_intern_create(NULL, &model.intern), FIRN_OK);
    for (int i = 0; i < 300000; i++)
        step(&model);
    for (size_t i = 0; i < STRINGS; i++) {
        firn_usage usage;
        firn_string_usage(&model.strings[i], &usage);
        assert_true(usage.live_bytes + usage.overhead_bytes == usage.reserved_bytes);
        firn_string_fini(&model.strings[i], &model.memory.allocator);
        assert_int_equal(firn_string_get(&model.strings[i]).size, 0);
    }
    firn_intern_destroy(model.intern);
    failing_check(&model.memory);
}

static void sizes_beyond_the_limit_are_refused(void **state)
{
    (void)state;
    firn_string string = {{{0}}};
    uint8_t byte = 'x';
    assert_int_equal(firn_string_put(&string, &byte, FIRN_STRING_MAX + 1, NULL), FIRN_LIMIT);
    assert_int_equal(firn_string_put(&string, &byte, SIZE_MAX, NULL), FIRN_LIMIT);
    assert_int_equal(firn_string_append(&string, &byte, SIZE_MAX, NULL), FIRN_LIMIT);
    assert_int_equal(firn_string_get(&string).size, 0);
}

/* Decodes as the standard's text says, one character at a time. */
static size_t valid_by_the_book(const uint8_t *text, size_t size)
{
    size_t at = 0;
    while (at < size) {
        uint8_t first = text[at];
        size_t more = first < 0x80 ? 0 : first >= 0xf0 ? 3 : first >= 0xe0 ? 2 : 1;
        if (first >= 0x80 && first < 0xc0)
            break;
        uint32_t point = more == 0 ? first : first & (0x3fu >> more);
        if (first >= 0xf8 || more >= size - at)
            break;
        size_t i = 1;
        for (; i <= more && (text[at + i] & 0xc0) == 0x80; i++)
            point = point << 6 | (text[at + i] & 0x3f);
        static const uint32_t least[] = {0, 0x80, 0x800, 0x10000};
        if (i <= more || point < least[more] || point > 0x10ffff ||
            (point >= 0xd800 && point < 0xe000))
            break;
        at += more + 1;
    }
    return at;
}

static void utf8_is_what_the_standard_says(void **state)
{
    (void)state;
    rng random;
    rng_init(&random, "utf8");
    static const uint8_t bytes[] = {0,    'a',  0x7f, 0x80, 0x8f, 0x90, 0x9f, 0xa0, 0xbf,
                                    0xc0, 0xc1, 0xc2, 0xdf, 0xe0, 0xe1, 0xec, 0xed, 0xee,
                                    0xef, 0xf0, 0xf1, 0xf3, 0xf4, 0xf5, 0xf7, 0xf8, 0xff};
    uint8_t text[4];
    for (size_t i = 0; i < sizeof bytes * sizeof bytes * sizeof bytes * sizeof bytes; i++) {
        size_t left = i;
        for (size_t j = 0; j < 4; j++, left /= sizeof bytes)
            text[j] = bytes[left % sizeof bytes];
        assert_int_equal(firn_utf8_valid(text, 4), valid_by_the_book(text, 4));
    }
    uint8_t page[100];
    for (int i = 0; i < 100000; i++) {
        size_t size = rng_below(&random, sizeof page);
        for (size_t j = 0; j < size; j++)
            page[j] = rng_below(&random, 20) ? (uint8_t)rng_below(&random, 128)
                                             : bytes[rng_below(&random, sizeof bytes)];
        assert_int_equal(firn_utf8_valid(page, size), valid_by_the_book(page, size));
    }
    assert_int_equal(firn_utf8_valid(NULL, 0), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(strings_hold_what_was_put_into_them),
        cmocka_unit_test(sizes_beyond_the_limit_are_refused),
        cmocka_unit_test(utf8_is_what_the_standard_says),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
