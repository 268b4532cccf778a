/* An arena against a list of its objects: after any random work all of them hold what was written
 * into them, and the figures add up. */
#include <firn/arena.h>

#include "support/failing.h"
#include "support/random.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>
#include <cmocka.h>

#define OBJECTS 2000
#define MARKS 20

struct object {
    uint8_t *at;
    size_t size;
    uint8_t fill;
};

struct mark {
    firn_arena_mark mark;
    size_t count; /* of objects older than it */
};

struct model {
    rng random;
    failing memory;
    firn_arena arena;
    struct object objects[OBJECTS]; /* oldest first */
    size_t count;
    struct mark marks[MARKS];
    size_t mark_count;
    size_t limit_bytes;
};

static size_t some_size(rng *random)
{
    switch (rng_below(random, 8)) {
    case 0:
        return 0;
    case 1:
        return rng_below(random, 5000);
    case 2:
        return rng_below(random, 20) == 0 ? rng_below(random, 400000) : 1;
    default:
        return rng_below(random, 200);
    }
}

static size_t real_size(size_t size)
{
    return size != 0 ? size : 1;
}

static void add(struct model *model, uint8_t *at, size_t size)
{
    uint8_t fill = (uint8_t)rng_next(&model->random);
    memset(at, fill, real_size(size));
    model->objects[model->count++] = (struct object){at, size, fill};
}

static void check_object(const struct object *object, size_t size)
{
    for (size_t i = 0; i < size; i++)
        assert_int_equal(object->at[i], object->fill);
}

static void allocate(struct model *model)
{
    if (model->count == OBJECTS)
        return;
    size_t size = some_size(&model->random);
    size_t alignment = (size_t)1 << rng_below(&model->random, rng_below(&model->random, 13) + 1);
    uint8_t *at = rng_below(&model->random, 2) == 0
                      ? firn_arena_alloc(&model->arena, size)
                      : firn_arena_alloc_aligned(&model->arena, size, alignment);
    if (at != NULL)
        add(model, at, size);
    else
        assert_true(model->limit_bytes != 0);
}

/* The object then counts as the youngest, for marks. */
static void reallocate(struct model *model)
{
    size_t oldest = model->mark_count > 0 ? model->marks[model->mark_count - 1].count : 0;
    if (model->count == oldest)
        return;
    size_t span = model->count - oldest;
    size_t index = model->count - 1 - rng_below(&model->random, span < 3 ? span : 3);
    struct object object = model->objects[index];
    size_t size = some_size(&model->random);
    uint8_t *at = firn_arena_realloc(&model->arena, object.at, object.size, size);
    if (at == NULL)
        return;
    object.at = at;
    size_t kept =
        real_size(size) < real_size(object.size) ? real_size(size) : real_size(object.size);
    check_object(&object, kept);
    memmove(model->objects + index, model->objects + index + 1,
            (model->count - index - 1) * sizeof(object));
    model->count--;
    add(model, at, size);
}

static void check_all(struct model *model)
{
    uint64_t sum = 0;
    for (size_t i = 0; i < model->count; i++) {
        check_object(&model->objects[i], real_size(model->objects[i].size));
        sum += real_size(model->objects[i].size);
    }
    firn_usage usage;
    firn_arena_usage(&model->arena, &usage);
    assert_true(usage.live_bytes >= sum);
    assert_true(usage.live_bytes + usage.overhead_bytes <= usage.reserved_bytes);
    assert_int_equal(usage.reserved_bytes, atomic_load(&model->memory.live_bytes));
    assert_true(model->limit_bytes == 0 || usage.reserved_bytes <= model->limit_bytes);
    if (model->count == 0 && model->mark_count == 0) {
        firn_arena_reset(&model->arena);
        firn_arena_usage(&model->arena, &usage);
        assert_int_equal(usage.live_bytes, 0);
    }
}

static void set_mark(struct model *model)
{
    if (model->mark_count < MARKS)
        model->marks[model->mark_count++] =
            (struct mark){firn_arena_mark_get(&model->arena), model->count};
}

static void rewind_to_mark(struct model *model)
{
    if (model->mark_count == 0)
        return;
    size_t index = rng_below(&model->random, model->mark_count);
    firn_arena_rewind(&model->arena, model->marks[index].mark);
    model->count = model->marks[index].count;
    model->mark_count = index + rng_below(&model->random, 2); /* it may be used again */
}

static void step(struct model *model)
{
    switch (rng_below(&model->random, 200)) {
    case 0:
        firn_arena_reset(&model->arena);
        model->count = model->mark_count = 0;
        break;
    case 1:
        firn_arena_trim(&model->arena);
        break;
    case 2:
    case 3:
    case 4:
        set_mark(model);
        break;
    case 5:
    case 6:
        rewind_to_mark(model);
        break;
    case 7:
        check_all(model);
        break;
    default:
        if (rng_below(&model->random, 4) == 0)
            reallocate(model);
        else
            allocate(model);
    }
}

static void an_arena_holds_what_was_written_into_it(void **state)
{
    (void)state;
    static struct model model;
    rng_init(&model.random, "arena");
    for (int round = 0; round < 60; round++) {
        failing_init(&model.memory, 0);
        model.count = model.mark_count = 0;
        model.limit_bytes = round % 3 == 0 ? 1000 + rng_below(&model.random, 1000000) : 0;
        const firn_arena_options options = {
            .allocator = &model.memory.allocator,
            .limit_bytes = model.limit_bytes,
            .first_chunk_bytes = round % 2 == 0 ? 0 : 64 + rng_below(&model.random, 10000)};
        assert_int_equal(firn_arena_init(&model.arena, &options), FIRN_OK);
        for (int i = 0; i < 1500; i++)
            step(&model);
        check_all(&model);
        firn_arena_fini(&model.arena);
        failing_check(&model.memory);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_arena_holds_what_was_written_into_it),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
