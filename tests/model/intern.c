/* An interner against a plain list of its texts. */
#include <firn/intern.h>

#include "support/failing.h"
#include "support/random.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>
#include <cmocka.h>

#define TEXTS 3000
#define TEXT_BYTES 40

struct model {
    rng random;
    firn_intern *intern;
    struct {
        uint8_t text[TEXT_BYTES];
        size_t size;
    } texts[TEXTS];
    uint32_t count;
};

/* Few letters and short texts, so that many are met again. */
static size_t some_text(rng *random, uint8_t *ret_text)
{
    size_t size = rng_below(random, rng_below(random, 4) == 0 ? TEXT_BYTES : 7);
    for (size_t i = 0; i < size; i++)
        ret_text[i] = (uint8_t)rng_below(random, 5);
    return size;
}

static uint32_t find_in_list(const struct model *model, const uint8_t *text, size_t size)
{
    for (uint32_t i = 0; i < model->count; i++) {
        if (model->texts[i].size == size && memcmp(model->texts[i].text, text, size) == 0)
            return i;
    }
    return FIRN_INTERN_NONE;
}

static void put(struct model *model)
{
    uint8_t text[TEXT_BYTES];
    size_t size = some_text(&model->random, text);
    uint32_t expected = find_in_list(model, text, size);
    assert_int_equal(firn_intern_find(model->intern, text, size), expected);
    if (expected == FIRN_INTERN_NONE && model->count == TEXTS)
        return;
    uint32_t id = 0;
    bool is_new = false;
    assert_int_equal(firn_intern_put(model->intern, text, size, &id, &is_new), FIRN_OK);
    assert_int_equal(is_new, expected == FIRN_INTERN_NONE);
    if (is_new) {
        assert_int_equal(id, model->count);
        memcpy(model->texts[model->count].text, text, size);
        model->texts[model->count++].size = size;
    } else {
        assert_int_equal(id, expected);
    }
}

static void check_all(const struct model *model)
{
    uint64_t live = 0;
    assert_int_equal(firn_intern_count(model->intern), model->count);
    for (uint32_t i = 0; i < model->count; i++) {
        size_t size;
        const void *text = firn_intern_get(model->intern, i, &size);
        assert_int_equal(size, model->texts[i].size);
        assert_memory_equal(text, model->texts[i].text, size);
        assert_int_equal(firn_intern_find(model->intern, text, size), i);
        live += size;
    }
    firn_usage usage;
    firn_intern_usage(model->intern, &usage);
    assert_int_equal(usage.live_bytes, live);
    assert_true(usage.live_bytes + usage.overhead_bytes <= usage.reserved_bytes);
}

static void an_interner_answers_as_a_list_would(void **state)
{
    (void)state;
    static struct model model;
    failing memory;
    failing_init(&memory, 0);
    rng_init(&model.random, "intern");
    const firn_intern_options options = {.allocator = &memory.allocator};
    assert_int_equal(firn_intern_create(&options, &model.intern), FIRN_OK);
    for (int round = 0; round < 6; round++) {
        firn_intern_reset(model.intern);
        model.count = 0;
        size_t puts = 1 + rng_below(&model.random, 6000);
        for (size_t i = 0; i < puts; i++)
            put(&model);
        check_all(&model);
    }
    firn_intern_destroy(model.intern);
    failing_check(&memory);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_interner_answers_as_a_list_would),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
