/* Frozen texts against the interner they came from, and with every byte changed. */
#include <firn/checksum.h>
#include <firn/intern.h>

#include "support/failing.h"
#include "support/random.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#define TEXT_MAX 40

static firn_bytes text_of(const firn_intern *intern, uint32_t id)
{
    firn_bytes text;
    text.data = firn_intern_get(intern, id, &text.size);
    return text;
}

static int compare(firn_bytes a, firn_bytes b)
{
    size_t least = a.size < b.size ? a.size : b.size;
    int order = least > 0 ? memcmp(a.data, b.data, least) : 0;
    return order != 0 ? order : (a.size > b.size) - (a.size < b.size);
}

static void fill(rng *random, firn_intern *intern, uint32_t count, unsigned letters)
{
    for (uint32_t i = 0; i < count; i++) {
        uint8_t text[TEXT_MAX];
        uint32_t id;
        size_t size = rng_below(random, rng_below(random, 3) ? 6 : TEXT_MAX);
        for (size_t at = 0; at < size; at++)
            text[at] = (uint8_t)(rng_below(random, letters) * 255 / letters);
        assert_int_equal(firn_intern_put(intern, text, size, &id, NULL), FIRN_OK);
    }
}

/* How many of the interner's texts are before text, by looking at all. */
static uint32_t count_before(const firn_intern *intern, firn_bytes text)
{
    uint32_t before = 0;
    for (uint32_t id = 0; id < firn_intern_count(intern); id++)
        before += compare(text_of(intern, id), text) < 0;
    return before;
}

static void expect_same(rng *random, const firn_intern *intern, const uint32_t *ids,
                        const firn_intern_frozen *frozen)
{
    uint32_t count = firn_intern_count(intern);
    uint8_t *room = malloc(firn_intern_frozen_longest(frozen) + 1);
    assert_int_equal(firn_intern_frozen_count(frozen), count);
    for (uint32_t id = 0; id < count; id++) {
        firn_bytes text = text_of(intern, id);
        assert_int_equal(firn_intern_frozen_find(frozen, text.data, text.size), ids[id]);
        assert_int_equal(firn_intern_frozen_ceiling(frozen, text.data, text.size), ids[id]);
        assert_int_equal(firn_intern_frozen_get(frozen, ids[id], room), text.size);
        assert_true(text.size == 0 || memcmp(room, text.data, text.size) == 0);
    }
    for (int i = 0; i < 200; i++) {
        uint8_t other[TEXT_MAX];
        size_t size = rng_below(random, 8);
        rng_bytes(random, other, size);
        uint32_t before = count_before(intern, (firn_bytes){other, size});
        bool there = firn_intern_find(intern, other, size) != FIRN_INTERN_NONE;
        assert_int_equal(firn_intern_frozen_ceiling(frozen, other, size), before);
        assert_int_equal(firn_intern_frozen_find(frozen, other, size),
                         there ? before : FIRN_INTERN_NONE);
    }
    free(room);
}

static void frozen_texts_answer_as_the_interner_does(void **state)
{
    (void)state;
    static const uint32_t counts[] = {0, 1, 2, 15, 16, 17, 33, 500, 2000};
    rng random;
    rng_init(&random, __func__);
    for (size_t round = 0; round < 9 * 6; round++) {
        firn_intern *intern;
        assert_int_equal(firn_intern_create(NULL, &intern), FIRN_OK);
        fill(&random, intern, counts[round % 9], 1 + (unsigned)(round / 9) * 5);
        uint32_t *ids = malloc((firn_intern_count(intern) + 1) * sizeof *ids);
        void *data;
        size_t size;
        firn_intern_frozen frozen;
        assert_int_equal(firn_intern_freeze(intern, NULL, ids, &data, &size), FIRN_OK);
        assert_int_equal(firn_intern_frozen_open(data, size, &frozen), FIRN_OK);
        expect_same(&random, intern, ids, &frozen);
        firn_release(NULL, data, size);
        free(ids);
        firn_intern_destroy(intern);
    }
}

static void long_texts_are_frozen_too(void **state)
{
    (void)state;
    firn_intern *intern;
    uint32_t id;
    static uint8_t text[100000];
    assert_int_equal(firn_intern_create(NULL, &intern), FIRN_OK);
    for (uint32_t size = 0; size < sizeof text; size += 2053)
        assert_int_equal(firn_intern_put(intern, text, size, &id, NULL), FIRN_OK);
    void *data;
    size_t size;
    firn_intern_frozen frozen;
    assert_int_equal(firn_intern_freeze(intern, NULL, NULL, &data, &size), FIRN_OK);
    assert_int_equal(firn_intern_frozen_open(data, size, &frozen), FIRN_OK);
    uint8_t *room = malloc(firn_intern_frozen_longest(&frozen));
    for (id = 0; id < firn_intern_frozen_count(&frozen); id++) {
        assert_int_equal(firn_intern_frozen_get(&frozen, id, room), id * 2053);
        assert_int_equal(firn_intern_frozen_find(&frozen, text, id * 2053), id);
    }
    free(room);
    firn_release(NULL, data, size);
    firn_intern_destroy(intern);
}

/* The checksum finds each; with the checksum made to fit, most are found and none does harm. */
static void every_changed_byte_is_found(void **state)
{
    (void)state;
    rng random;
    rng_init(&random, __func__);
    firn_intern *intern;
    assert_int_equal(firn_intern_create(NULL, &intern), FIRN_OK);
    fill(&random, intern, 100, 3);
    void *data;
    size_t size;
    firn_intern_frozen frozen;
    assert_int_equal(firn_intern_freeze(intern, NULL, NULL, &data, &size), FIRN_OK);
    uint8_t *copy = malloc(size);
    for (size_t at = 0; at < size; at++) {
        memcpy(copy, data, size);
        copy[at] ^= (uint8_t)(1 + rng_below(&random, 255));
        assert_int_not_equal(firn_intern_frozen_open(copy, size, &frozen), FIRN_OK);
        if (at > 0) {
            uint8_t *cut = malloc(at);
            memcpy(cut, data, at);
            assert_int_not_equal(firn_intern_frozen_open(cut, at, &frozen), FIRN_OK);
            free(cut);
        }
    }
    memcpy(copy, data, size);
    copy[8] = 2;
    assert_int_equal(firn_intern_frozen_open(copy, size, &frozen), FIRN_VERSION);
    assert_int_equal(firn_intern_frozen_open(copy, 7, &frozen), FIRN_NOT_STORE);
    assert_int_equal(firn_intern_frozen_open(NULL, 0, &frozen), FIRN_NOT_STORE);
    free(copy);
    firn_release(NULL, data, size);
    firn_intern_destroy(intern);
}

static void each_failed_allocation_is_told(void **state)
{
    (void)state;
    firn_intern *intern;
    uint32_t id;
    assert_int_equal(firn_intern_create(NULL, &intern), FIRN_OK);
    for (uint32_t i = 0; i < 100; i++)
        assert_int_equal(firn_intern_put(intern, &i, sizeof i, &id, NULL), FIRN_OK);
    firn_status status = FIRN_NO_MEMORY;
    size_t failed = 0;
    for (size_t fail_at = 1; status != FIRN_OK; fail_at++) {
        failing memory;
        failing_init(&memory, fail_at);
        void *data = NULL;
        size_t size = 0;
        status = firn_intern_freeze(intern, &memory.allocator, NULL, &data, &size);
        assert_true(status == FIRN_OK || (status == FIRN_NO_MEMORY && data == NULL));
        failed += status != FIRN_OK;
        firn_release(&memory.allocator, data, size);
        failing_check(&memory);
    }
    assert_int_equal(failed, 3);
    firn_intern_destroy(intern);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(frozen_texts_answer_as_the_interner_does),
        cmocka_unit_test(long_texts_are_frozen_too),
        cmocka_unit_test(every_changed_byte_is_found),
        cmocka_unit_test(each_failed_allocation_is_told),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
