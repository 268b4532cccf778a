/* Duktape in memory of an allocator: it stays there, tells sizes right, and a fatal error ends the
 * call and not the process. */
#include "duktape_subject.h"
#include "sleeping.h"

#include <setjmp.h>
#include <stdarg.h>
#include <cmocka.h>

static void heaps_hold_what_their_steps_made(void **state)
{
    (void)state;
    duktape_subject one, other;
    subject_is_its_steps(&duktape_subject_kind, &one, &other, 3000);
}

static void nothing_of_a_heap_lives_outside(void **state)
{
    (void)state;
    duktape_subject one;
    subject_lives_inside(&duktape_subject_kind, &one, 2000);
}

/* A slab holds what a broken heap leaves behind, and what a failed opening does. */
typedef struct failing_slab {
    firn_slab slab;
    size_t fail_at, calls;
} failing_slab;

static void *failing_slab_allocate(void *context, size_t size)
{
    failing_slab *memory = context;
    return ++memory->calls == memory->fail_at ? NULL : firn_slab_alloc(&memory->slab, size);
}

static void *failing_slab_reallocate(void *context, void *block, size_t old_size, size_t new_size)
{
    failing_slab *memory = context;
    (void)old_size;
    return ++memory->calls == memory->fail_at ? NULL
                                              : firn_slab_realloc(&memory->slab, block, new_size);
}

static void failing_slab_release(void *context, void *block, size_t size)
{
    failing_slab *memory = context;
    (void)size;
    (void)firn_slab_release(&memory->slab, block);
}

static void a_heap_survives_each_allocation_that_fails(void **state)
{
    (void)state;
    for (size_t fail_at = 1;; fail_at += 5) {
        failing_slab memory = {.fail_at = fail_at};
        duktape_subject script;
        uint32_t numbers = 7;
        assert_int_equal(firn_slab_init(&memory.slab, NULL), FIRN_OK);
        firn_allocator allocator = {failing_slab_allocate, failing_slab_reallocate,
                                    failing_slab_release, &memory};
        if (duktape_subject_open(&script, &allocator)) {
            for (size_t i = 0; i < 60; i++)
                (void)duktape_subject_step(&script, numbers = numbers * 1664525u + 1013904223u);
            duktape_subject_close(&script);
        }
        size_t calls = memory.calls;
        firn_slab_fini(&memory.slab);
        if (calls < fail_at)
            return;
    }
}

static void throw_past_all(duk_context *context, void *unused)
{
    (void)unused;
    (void)duk_error(context, DUK_ERR_RANGE_ERROR, "nobody catches this");
}

static void add_one(duk_context *context, void *count)
{
    (void)context;
    ++*(int *)count;
}

static void a_fatal_error_ends_the_call_and_the_heap(void **state)
{
    (void)state;
    firn_slab slab;
    firn_duktape engine;
    int count = 0;
    assert_int_equal(firn_slab_init(&slab, NULL), FIRN_OK);
    firn_allocator allocator = firn_slab_allocator(&slab);
    assert_non_null(firn_duktape_open(&engine, &allocator));
    assert_true(firn_duktape_call(&engine, add_one, &count));
    assert_string_equal(engine.message, "");
    assert_false(firn_duktape_call(&engine, throw_past_all, NULL));
    assert_non_null(strstr(engine.message, "nobody catches this"));
    assert_false(firn_duktape_call(&engine, add_one, &count));
    assert_int_equal(count, 1);
    firn_duktape_close(&engine);
    firn_slab_fini(&slab);
}

static void a_heap_wakes_as_it_fell_asleep(void **state)
{
    (void)state;
    duktape_subject one, twin;
    sleeping_run(&duktape_subject_kind, &one, &twin, 1000, 12);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(heaps_hold_what_their_steps_made),
        cmocka_unit_test(nothing_of_a_heap_lives_outside),
        cmocka_unit_test(a_heap_survives_each_allocation_that_fails),
        cmocka_unit_test(a_fatal_error_ends_the_call_and_the_heap),
        cmocka_unit_test(a_heap_wakes_as_it_fell_asleep),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
