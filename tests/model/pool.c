/* A pool against a list of its objects: after any random work all of them hold what was written
 * into them, their handles lead to them, and a walk meets each once. */
#include <firn/pool.h>

#include "support/failing.h"
#include "support/random.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>
#include <cmocka.h>

#define OBJECTS 20000

struct object {
    uint8_t *at;
    firn_pool_handle handle;
    uint8_t fill;
};

static struct {
    rng random;
    failing memory;
    firn_pool pool;
    struct object objects[OBJECTS];
    size_t count, size;
    bool limited;
} model;

static void check(const struct object *object)
{
    for (size_t i = 0; i < model.size; i++)
        assert_int_equal(object->at[i], object->fill);
    assert_int_equal(firn_pool_handle_of(&model.pool, object->at), object->handle);
    assert_ptr_equal(firn_pool_get(&model.pool, object->handle), object->at);
}

static void add(void)
{
    if (model.count == OBJECTS)
        return;
    uint8_t *at = firn_pool_alloc(&model.pool);
    if (at == NULL) {
        assert_true(model.limited);
        return;
    }
    uint8_t fill = (uint8_t)rng_next(&model.random);
    memset(at, fill, model.size);
    model.objects[model.count++] = (struct object){at, firn_pool_handle_of(&model.pool, at), fill};
    assert_int_not_equal(model.objects[model.count - 1].handle, 0);
}

static void drop(void)
{
    if (model.count == 0)
        return;
    size_t index = rng_below(&model.random, model.count);
    struct object object = model.objects[index];
    check(&object);
    model.objects[index] = model.objects[--model.count];
    firn_status status = rng_below(&model.random, 2) == 0
                             ? firn_pool_free(&model.pool, object.at)
                             : firn_pool_free_handle(&model.pool, object.handle);
    assert_int_equal(status, FIRN_OK);
    assert_int_equal(firn_pool_free(&model.pool, object.at), FIRN_INVALID);
    assert_int_equal(firn_pool_free_handle(&model.pool, object.handle), FIRN_INVALID);
}

static void check_all(void)
{
    for (size_t i = 0; i < model.count; i++)
        check(&model.objects[i]);
    firn_pool_handle handle = 0, before = 0;
    size_t seen = 0;
    for (; firn_pool_next(&model.pool, &handle) != NULL; before = handle, seen++)
        assert_true(handle > before);
    assert_int_equal(seen, model.count);
    assert_int_equal(firn_pool_verify(&model.pool), FIRN_OK);
    firn_usage usage;
    firn_pool_usage(&model.pool, &usage);
    assert_int_equal(usage.live_bytes, model.count * model.size);
    if (model.pool.allocator != NULL)
        assert_int_equal(usage.reserved_bytes, atomic_load(&model.memory.live_bytes));
    assert_true(model.pool.limit_bytes == 0 || usage.reserved_bytes <= model.pool.limit_bytes);
    assert_true(usage.live_bytes + usage.overhead_bytes <= usage.reserved_bytes);
}

/* Over the system's allocator a pool may have a range. */
static void run(size_t limit_bytes, bool system)
{
    failing_init(&model.memory, 0);
    model.count = 0;
    model.limited = limit_bytes != 0;
    model.size = 1 + rng_below(&model.random, rng_below(&model.random, 4) == 0 ? 2000 : 100);
    const firn_pool_options options = {
        .allocator = system ? NULL : &model.memory.allocator,
        .object_bytes = model.size,
        .alignment = (size_t)1 << rng_below(&model.random, 8),
        .limit_bytes = limit_bytes,
    };
    assert_int_equal(firn_pool_init(&model.pool, &options), FIRN_OK);
    for (int phase = 0; phase < 12; phase++) {
        uint64_t of_ten = rng_below(&model.random, 11);
        for (uint64_t i = rng_below(&model.random, 5000); i > 0; i--) {
            if (rng_below(&model.random, 10) < of_ten)
                add();
            else
                drop();
        }
        check_all();
        if (rng_below(&model.random, 8) == 0) {
            firn_pool_reset(&model.pool);
            model.count = 0;
        }
    }
    firn_pool_fini(&model.pool);
    failing_check(&model.memory);
}

static void a_pool_holds_what_was_written_into_it(void **state)
{
    (void)state;
    rng_init(&model.random, "pool");
    for (int round = 0; round < 12; round++)
        run(round % 3 == 0 ? 1000 + rng_below(&model.random, 1000000) : 0, round % 2 == 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(a_pool_holds_what_was_written_into_it)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
