/* A slab against a list of its objects: after any random work all of them hold what was written
 * into them, over the kernel's pages, under a limit, and over a fixed range. */
#include <firn/slab.h>

#include "support/page_source.h"
#include "support/random.h"

#include <setjmp.h>
#include <stdarg.h>
#include <cmocka.h>

#define OBJECTS 5000
#define RANGE_BYTES 3000000

struct object {
    uint8_t *at;
    size_t size;
    uint8_t fill;
};

static struct {
    rng random;
    firn_slab slab;
    struct object objects[OBJECTS];
    size_t count;
    bool limited;
} model;

static size_t some_size(void)
{
    switch (rng_below(&model.random, 200)) {
    case 0:
        return 0;
    case 1:
        return rng_below(&model.random, 3000000);
    case 2:
    case 3:
        return rng_below(&model.random, 200000);
    default:
        return rng_below(&model.random, rng_below(&model.random, 8) == 0 ? 40000 : 600);
    }
}

static void check(const struct object *object, size_t size)
{
    for (size_t i = 0; i < size; i++) {
        if (object->at[i] != object->fill)
            fail_msg("byte %zu of %zu changed", i, object->size);
    }
}

static void put(size_t index, uint8_t *at, size_t size)
{
    uint8_t fill = (uint8_t)rng_next(&model.random);
    assert_true(firn_slab_usable_size(&model.slab, at) >= size);
    memset(at, fill, size);
    model.objects[index] = (struct object){at, size, fill};
}

static void add(void)
{
    if (model.count == OBJECTS)
        return;
    size_t size = some_size();
    size_t alignment = (size_t)1 << rng_below(&model.random, 17);
    uint8_t *at = rng_below(&model.random, 20) != 0
                      ? firn_slab_alloc(&model.slab, size)
                      : firn_slab_alloc_aligned(&model.slab, size, alignment);
    if (at != NULL)
        put(model.count++, at, size);
    else
        assert_true(model.limited);
}

static void drop(size_t index)
{
    struct object object = model.objects[index];
    check(&object, object.size);
    model.objects[index] = model.objects[--model.count];
    if (rng_below(&model.random, 10) == 0)
        firn_slab_release_remote(&model.slab, object.at);
    else
        assert_int_equal(firn_slab_release(&model.slab, object.at), FIRN_OK);
}

static void change(size_t index)
{
    struct object object = model.objects[index];
    size_t size = some_size();
    uint8_t *at = firn_slab_realloc(&model.slab, object.at, size);
    if (at == NULL) {
        assert_true(model.limited);
        return;
    }
    object.at = at;
    check(&object, size < object.size ? size : object.size);
    put(index, at, size);
}

static void check_all(void)
{
    size_t sum = 0;
    for (size_t i = 0; i < model.count; i++) {
        check(&model.objects[i], model.objects[i].size);
        sum += model.objects[i].size;
    }
    assert_int_equal(firn_slab_verify(&model.slab), FIRN_OK);
    firn_usage usage;
    firn_slab_usage(&model.slab, &usage);
    assert_true(usage.live_bytes >= sum);
    assert_true(usage.live_bytes + usage.overhead_bytes <= usage.reserved_bytes);
    assert_true(usage.resident_bytes <= usage.reserved_bytes);
}

static void work(const firn_slab_options *options)
{
    assert_int_equal(firn_slab_init(&model.slab, options), FIRN_OK);
    model.count = 0;
    for (int phase = 0; phase < 10; phase++) {
        uint64_t of_ten = rng_below(&model.random, 10);
        for (int i = 0; i < 1500; i++) {
            if (model.count == 0 || rng_below(&model.random, 10) < of_ten)
                add();
            else if (rng_below(&model.random, 4) == 0)
                change(rng_below(&model.random, model.count));
            else
                drop(rng_below(&model.random, model.count));
        }
        check_all();
        if (rng_below(&model.random, 4) == 0)
            firn_slab_trim(&model.slab);
    }
    while (model.count > 0)
        drop(model.count - 1);
    firn_slab_trim(&model.slab);
    firn_usage usage;
    firn_slab_usage(&model.slab, &usage);
    assert_int_equal(usage.live_bytes, 0);
    firn_slab_fini(&model.slab);
}

static void a_slab_holds_what_was_written_into_it(void **state)
{
    (void)state;
    static uint8_t range[RANGE_BYTES];
    rng_init(&model.random, "slab");
    for (int round = 0; round < 9; round++) {
        failing_pages pages;
        failing_pages_init(&pages, 0);
        const firn_page_source fixed = firn_page_source_fixed(range, RANGE_BYTES);
        firn_slab_options options = {.source = round % 3 == 2 ? &fixed : &pages.source};
        if (round % 3 == 1)
            options.limit_bytes = 1000000 + rng_below(&model.random, 10000000);
        model.limited = round % 3 != 0;
        work(&options);
        failing_pages_check(&pages);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(a_slab_holds_what_was_written_into_it)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
