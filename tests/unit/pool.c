/* Pools: what each call promises. */
#include <firn/pool.h>

#include "support/failing.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>
#include <sys/resource.h>
#include <cmocka.h>

static firn_pool make(const firn_allocator *allocator, size_t object_bytes, size_t limit_bytes)
{
    firn_pool pool;
    const firn_pool_options options = {
        .allocator = allocator, .object_bytes = object_bytes, .limit_bytes = limit_bytes};
    assert_int_equal(firn_pool_init(&pool, &options), FIRN_OK);
    return pool;
}

static void options_that_make_no_sense_are_invalid(void **state)
{
    (void)state;
    firn_pool pool = {.limit_bytes = 77};
    const firn_pool_options bad[] = {
        {.object_bytes = 0},
        {.object_bytes = 65537},
        {.object_bytes = SIZE_MAX},
        {.object_bytes = 64, .alignment = 3},
        {.object_bytes = 64, .alignment = 24},
        {.object_bytes = 64, .alignment = 8192},
        {.object_bytes = 64, .alignment = SIZE_MAX / 2 + 1},
        {.object_bytes = 64, .reserved = {1, 0}},
        {.object_bytes = 64, .reserved = {0, 1}},
    };
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
        assert_int_equal(firn_pool_init(&pool, &bad[i]), FIRN_INVALID);
    assert_int_equal(firn_pool_init(&pool, NULL), FIRN_INVALID);
    assert_int_equal(pool.limit_bytes, 77);
}

static void a_zeroed_or_unused_pool_can_be_ended_and_holds_nothing(void **state)
{
    (void)state;
    firn_pool pool = {0};
    firn_pool_fini(&pool);
    pool = make(NULL, 64, 0);
    int foreign;
    firn_pool_handle handle = 0;
    assert_int_equal(firn_pool_free(&pool, &foreign), FIRN_INVALID);
    assert_int_equal(firn_pool_free(&pool, NULL), FIRN_OK);
    assert_int_equal(firn_pool_free_handle(&pool, 0), FIRN_OK);
    assert_int_equal(firn_pool_free_handle(&pool, 1), FIRN_INVALID);
    assert_int_equal(firn_pool_handle_of(&pool, &foreign), 0);
    assert_null(firn_pool_get(&pool, 0));
    assert_null(firn_pool_get(&pool, 1));
    assert_null(firn_pool_next(&pool, &handle));
    assert_int_equal(firn_pool_verify(&pool), FIRN_OK);
    firn_pool_reset(&pool);
    firn_pool_fini(&pool);
    firn_pool_fini(&pool);
    assert_null(firn_pool_alloc(&pool));
}

static void objects_are_aligned_and_apart(void **state)
{
    (void)state;
    for (size_t alignment = 1; alignment <= 4096; alignment *= 2) {
        firn_pool pool;
        const firn_pool_options options = {.object_bytes = alignment + 1, .alignment = alignment};
        assert_int_equal(firn_pool_init(&pool, &options), FIRN_OK);
        uint8_t *before = NULL;
        for (int i = 0; i < 200; i++) {
            uint8_t *object = firn_pool_alloc(&pool);
            assert_non_null(object);
            assert_int_equal((uintptr_t)object % alignment, 0);
            memset(object, i, alignment + 1);
            if (before != NULL)
                assert_int_equal(before[alignment], (uint8_t)(i - 1));
            before = object;
        }
        assert_int_equal(firn_pool_verify(&pool), FIRN_OK);
        firn_pool_fini(&pool);
    }
}

static void handles_and_pointers_lead_to_each_other(void **state)
{
    (void)state;
    enum { COUNT = 30000 };
    firn_pool pool = make(NULL, 24, 0);
    static void *objects[COUNT];
    for (uint32_t i = 0; i < COUNT; i++) {
        objects[i] = firn_pool_alloc(&pool);
        assert_int_equal(firn_pool_handle_of(&pool, objects[i]), i + 1);
    }
    for (uint32_t i = 0; i < COUNT; i++)
        assert_ptr_equal(firn_pool_get(&pool, i + 1), objects[i]);
    for (uint32_t i = 0; i < COUNT; i += 2)
        assert_int_equal(firn_pool_free_handle(&pool, i + 1), FIRN_OK);
    for (uint32_t i = 0; i < COUNT; i++) {
        assert_ptr_equal(firn_pool_get(&pool, i + 1), i % 2 == 0 ? NULL : objects[i]);
        assert_int_equal(firn_pool_handle_of(&pool, objects[i]), i % 2 == 0 ? 0 : i + 1);
    }
    assert_null(firn_pool_get(&pool, UINT32_MAX));
    assert_int_equal(firn_pool_free_handle(&pool, UINT32_MAX), FIRN_INVALID);
    assert_int_equal(firn_pool_verify(&pool), FIRN_OK);
    firn_pool_fini(&pool);
}

/* What an object is not: freed twice at once or later, by any name, with others freed between. */
static void assert_not_living(firn_pool *pool, void *object, firn_pool_handle handle)
{
    firn_usage before, after;
    firn_pool_usage(pool, &before);
    assert_int_equal(firn_pool_free(pool, object), FIRN_INVALID);
    assert_int_equal(firn_pool_free_handle(pool, handle), FIRN_INVALID);
    assert_int_equal(firn_pool_handle_of(pool, object), 0);
    assert_null(firn_pool_get(pool, handle));
    firn_pool_usage(pool, &after);
    assert_memory_equal(&before, &after, sizeof before);
}

/* In a pool of few objects and in one whose range stands apart. */
static void misuse_is_invalid_and_changes_nothing(void **state)
{
    (void)state;
    for (uint32_t others = 0; others <= 100000; others += 50000) {
        firn_pool pool = make(NULL, 64, 0), other = make(NULL, 64, 0);
        for (uint32_t i = 0; i < others; i++)
            assert_true(firn_pool_alloc(&pool) != NULL && firn_pool_alloc(&other) != NULL);
        uint8_t *one = firn_pool_alloc(&pool), *two = firn_pool_alloc(&pool);
        uint8_t *foreign = firn_pool_alloc(&other);
        for (size_t i = 1; i < 64; i++)
            assert_int_equal(firn_pool_free(&pool, one + i), FIRN_INVALID);
        void *const wild[] = {foreign, &pool, pool.extents, (void *)(uintptr_t)1, (void *)-1};
        for (size_t i = 0; i < sizeof wild / sizeof wild[0]; i++) {
            assert_int_equal(firn_pool_free(&pool, wild[i]), FIRN_INVALID);
            assert_int_equal(firn_pool_handle_of(&pool, wild[i]), 0);
        }
        assert_not_living(&pool, one + (ptrdiff_t)640, others + 11); /* never handed out */
        assert_int_equal(firn_pool_free(&pool, one), FIRN_OK);
        assert_not_living(&pool, one, others + 1);
        assert_int_equal(firn_pool_free(&pool, two), FIRN_OK);
        assert_not_living(&pool, one, others + 1);
        assert_not_living(&pool, two, others + 2);
        assert_int_equal(firn_pool_verify(&pool), FIRN_OK);
        uint8_t *three = firn_pool_alloc(&pool), *four = firn_pool_alloc(&pool);
        assert_true((three == one && four == two) || (three == two && four == one));
        assert_int_equal(firn_pool_free_handle(&pool, others + 1), FIRN_OK);
        assert_not_living(&pool, one, others + 1);
        assert_int_equal(firn_pool_verify(&pool), FIRN_OK);
        firn_pool_fini(&pool);
        firn_pool_fini(&other);
    }
}

static void a_handle_of_another_pool_is_invalid_unless_its_number_lives(void **state)
{
    (void)state;
    firn_pool pool = make(NULL, 64, 0), other = make(NULL, 64, 0);
    void *object = firn_pool_alloc(&pool);
    firn_pool_handle handle = 0;
    for (int i = 0; i < 2; i++)
        handle = firn_pool_handle_of(&other, firn_pool_alloc(&other));
    assert_int_equal(firn_pool_free_handle(&pool, handle), FIRN_INVALID);
    assert_null(firn_pool_get(&pool, handle));
    assert_ptr_equal(firn_pool_get(&pool, handle - 1), object); /* of both */
    for (uint32_t i = 0; i < 32; i++)
        assert_int_equal(firn_pool_free_handle(&pool, UINT32_MAX - (1u << i)), FIRN_INVALID);
    firn_pool_fini(&pool);
    firn_pool_fini(&other);
}

/* Every slot is found by its first byte and by no other, however sizes divide; the last of them
 * lie in the range. */
static void every_slot_is_found_whatever_its_size(void **state)
{
    (void)state;
    const size_t sizes[][2] = {{1, 1},    {3, 1},    {7, 1},      {24, 8},       {100, 4},
                               {1000, 8}, {4097, 1}, {12345, 16}, {65535, 1},    {65536, 16},
                               {17, 16},  {100, 64}, {48, 16},    {40000, 4096}, {255, 1}};
    for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++) {
        firn_pool pool;
        const firn_pool_options options = {.object_bytes = sizes[i][0], .alignment = sizes[i][1]};
        assert_int_equal(firn_pool_init(&pool, &options), FIRN_OK);
        uint32_t count = (uint32_t)(4000000 / sizes[i][0]);
        count = count < 70000 ? count : 70000;
        for (firn_pool_handle handle = 1; handle <= count; handle++) {
            uint8_t *object = firn_pool_alloc(&pool);
            assert_int_equal(firn_pool_handle_of(&pool, object), handle);
            if (sizes[i][0] > 1)
                assert_int_equal(firn_pool_free(&pool, object + 1), FIRN_INVALID);
            if (sizes[i][0] > 1 || handle == 1)
                assert_int_equal(firn_pool_free(&pool, object - 1), FIRN_INVALID);
            assert_int_equal(firn_pool_free(&pool, object + sizes[i][0]), FIRN_INVALID);
            assert_ptr_equal(firn_pool_get(&pool, handle), object);
        }
        assert_int_equal(firn_pool_verify(&pool), FIRN_OK);
        firn_pool_fini(&pool);
    }
}

static void one_that_was_freed_is_not_visited(void **state)
{
    (void)state;
    firn_pool pool = make(NULL, 64, 0);
    void *objects[130];
    for (uint32_t i = 0; i < 130; i++)
        objects[i] = firn_pool_alloc(&pool);
    for (uint32_t freed = 0; freed < 130; freed++) {
        assert_int_equal(firn_pool_free(&pool, objects[freed]), FIRN_OK);
        uint32_t seen = 0;
        firn_pool_handle handle = 0;
        for (void *object; (object = firn_pool_next(&pool, &handle)) != NULL; seen++)
            assert_ptr_not_equal(object, objects[freed]);
        assert_int_equal(seen, 129);
        assert_ptr_equal(firn_pool_alloc(&pool), objects[freed]);
    }
    assert_int_equal(firn_pool_free(&pool, objects[0]), FIRN_OK);
    firn_pool_reset(&pool);
    for (uint32_t i = 0; i < 130; i++) /* none comes twice */
        assert_int_equal(firn_pool_handle_of(&pool, firn_pool_alloc(&pool)), i + 1);
    firn_pool_fini(&pool);
}

static void what_was_freed_last_comes_first(void **state)
{
    (void)state;
    firn_pool pool = make(NULL, 64, 0);
    void *objects[1000];
    for (int i = 0; i < 1000; i++)
        objects[i] = firn_pool_alloc(&pool);
    for (int i = 0; i < 1000; i += 7) {
        assert_int_equal(firn_pool_free(&pool, objects[i]), FIRN_OK);
        assert_ptr_equal(firn_pool_alloc(&pool), objects[i]);
    }
    firn_pool_fini(&pool);
}

static void objects_can_be_freed_while_they_are_visited(void **state)
{
    (void)state;
    firn_pool pool = make(NULL, 16, 0);
    for (uint32_t i = 0; i < 5000; i++)
        *(uint32_t *)firn_pool_alloc(&pool) = i;
    uint32_t seen = 0;
    firn_pool_handle handle = 0;
    for (uint32_t *object; (object = firn_pool_next(&pool, &handle)) != NULL; seen++) {
        assert_int_equal(*object, seen);
        assert_int_equal(firn_pool_handle_of(&pool, object), handle);
        if (seen % 3 != 0)
            assert_int_equal(firn_pool_free(&pool, object), FIRN_OK);
    }
    assert_int_equal(seen, 5000);
    handle = 0;
    for (seen = 0; firn_pool_next(&pool, &handle) != NULL; seen++)
        assert_int_equal((handle - 1) % 3, 0);
    assert_int_equal(seen, 1667);
    firn_pool_fini(&pool);
}

static void a_reset_frees_all_and_keeps_the_memory(void **state)
{
    (void)state;
    failing memory;
    failing_init(&memory, 0);
    firn_pool pool = make(&memory.allocator, 100, 0);
    for (int i = 0; i < 3000; i++)
        assert_non_null(firn_pool_alloc(&pool));
    size_t calls = atomic_load(&memory.calls);
    firn_pool_reset(&pool);
    firn_usage usage;
    firn_pool_usage(&pool, &usage);
    assert_int_equal(usage.live_bytes, 0);
    assert_int_equal(firn_pool_verify(&pool), FIRN_OK);
    assert_null(firn_pool_get(&pool, 1));
    for (int i = 0; i < 3000; i++)
        assert_non_null(firn_pool_alloc(&pool));
    assert_int_equal(atomic_load(&memory.calls), calls);
    assert_int_equal(firn_pool_verify(&pool), FIRN_OK);
    firn_pool_fini(&pool);
    failing_check(&memory);
}

/* Over a user's allocator and over the system's, where a pool has a range. */
static void the_limit_is_kept_and_used_up(void **state)
{
    (void)state;
    for (size_t i = 0, limit = 1; limit < 10000000; i++, limit = limit * 5 / 4 + 1) {
        failing memory;
        failing_init(&memory, 0);
        firn_pool pool = make(i % 2 == 0 ? &memory.allocator : NULL, 64, limit);
        firn_usage usage;
        size_t count = 0;
        void *last = NULL;
        for (void *object; (object = firn_pool_alloc(&pool)) != NULL; count++)
            last = object;
        firn_pool_usage(&pool, &usage);
        assert_true(usage.reserved_bytes <= limit && atomic_load(&memory.live_bytes) <= limit);
        assert_true(count > 0 || limit < 64 * 80);
        if (limit > 200000)
            assert_true(count * 64 > limit / 10 * 9);
        if (last != NULL) { /* the pool stays usable */
            assert_int_equal(firn_pool_free(&pool, last), FIRN_OK);
            assert_ptr_equal(firn_pool_alloc(&pool), last);
            assert_null(firn_pool_alloc(&pool));
        }
        assert_int_equal(firn_pool_verify(&pool), FIRN_OK);
        firn_pool_fini(&pool);
        failing_check(&memory);
    }
}

static void a_million_objects_cost_two_percent_at_most(void **state)
{
    (void)state;
    failing memory;
    failing_init(&memory, 0);
    for (int system = 0; system <= 1; system++) {
        firn_pool pool = make(system ? NULL : &memory.allocator, 64, 0);
        for (int i = 0; i < 1000000; i++)
            assert_non_null(firn_pool_alloc(&pool));
        firn_usage usage;
        firn_pool_usage(&pool, &usage);
        assert_int_equal(usage.live_bytes, 64000000);
        assert_true(system || usage.reserved_bytes == atomic_load(&memory.live_bytes));
        assert_true(usage.live_bytes + usage.overhead_bytes <= usage.reserved_bytes);
        assert_true(usage.overhead_bytes <= usage.live_bytes / 50);
        firn_pool_fini(&pool);
    }
    failing_check(&memory);
}

static void where_address_space_is_limited_none_is_reserved(void **state)
{
    (void)state;
    struct rlimit before;
    assert_int_equal(getrlimit(RLIMIT_AS, &before), 0);
    for (int limited = 0; limited <= 1; limited++) {
        const struct rlimit limit = {limited ? (rlim_t)1 << 46 : before.rlim_cur, before.rlim_max};
        assert_int_equal(setrlimit(RLIMIT_AS, &limit), 0);
        firn_pool pool = make(NULL, 64, 0);
        for (int i = 0; i < 100000; i++)
            assert_non_null(firn_pool_alloc(&pool));
        bool expected = limit.rlim_cur == RLIM_INFINITY;
        assert_int_equal(pool.ranged < pool.extent_count, expected);
        assert_int_equal(firn_pool_verify(&pool), FIRN_OK);
        firn_pool_fini(&pool);
    }
    assert_int_equal(setrlimit(RLIMIT_AS, &before), 0);
}

static void small_pools_have_no_range(void **state)
{
    (void)state;
    static const struct {
        size_t object_bytes;
        uint32_t count; /* of objects before the range */
    } cases[] = {{16, 8192}, {32, 8192}, {48, 6144}, {64, 4096}, {4096, 64}};
    struct rlimit limit;
    assert_int_equal(getrlimit(RLIMIT_AS, &limit), 0);
    for (size_t i = 0; i < sizeof cases / sizeof cases[0] && limit.rlim_cur == RLIM_INFINITY; i++) {
        firn_pool pool = make(NULL, cases[i].object_bytes, 0);
        for (uint32_t count = 0; count < cases[i].count; count++)
            assert_non_null(firn_pool_alloc(&pool));
        assert_false(pool.ranged < pool.extent_count);
        assert_non_null(firn_pool_alloc(&pool));
        assert_true(pool.ranged < pool.extent_count);
        firn_pool_fini(&pool);
    }
}

#if !defined(FIRN_POOL_POISONED) && defined(NDEBUG) /* else all of it is written to */
static void behind_the_range_come_extents(void **state)
{
    (void)state;
    enum { COUNT = 75000 }; /* of 64 KiB; 65,536 and few more fit before */
    firn_pool pool = make(NULL, 65536, 0);
    static void *objects[COUNT];
    for (uint32_t i = 0; i < COUNT; i++) {
        objects[i] = firn_pool_alloc(&pool);
        assert_int_equal(firn_pool_handle_of(&pool, objects[i]), i + 1);
        assert_ptr_equal(firn_pool_get(&pool, i + 1), objects[i]);
    }
    assert_true(pool.extent_count - 1 > pool.ranged);
    uint32_t seen = 0;
    for (firn_pool_handle handle = 0; firn_pool_next(&pool, &handle) != NULL; seen++)
        assert_int_equal(handle, seen + 1);
    assert_int_equal(seen, COUNT);
    assert_int_equal(firn_pool_verify(&pool), FIRN_OK);
    for (uint32_t i = 0; i < COUNT; i++)
        assert_int_equal(firn_pool_free(&pool, objects[i]), FIRN_OK);
    firn_usage usage;
    firn_pool_usage(&pool, &usage);
    assert_int_equal(usage.live_bytes, 0);
    firn_pool_fini(&pool);
}
#endif

#if !defined(FIRN_POOL_POISONED) && !defined(NDEBUG)
static void a_write_after_the_free_is_found(void **state)
{
    (void)state;
    firn_pool pool = make(NULL, 64, 0);
    uint8_t *object = firn_pool_alloc(&pool);
    assert_int_equal(firn_pool_free(&pool, object), FIRN_OK);
    assert_int_equal(firn_pool_verify(&pool), FIRN_OK);
    object[5] = 1;
    assert_int_equal(firn_pool_verify(&pool), FIRN_CORRUPT);
    firn_pool_fini(&pool);
}
#endif

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(options_that_make_no_sense_are_invalid),
        cmocka_unit_test(a_zeroed_or_unused_pool_can_be_ended_and_holds_nothing),
        cmocka_unit_test(objects_are_aligned_and_apart),
        cmocka_unit_test(handles_and_pointers_lead_to_each_other),
        cmocka_unit_test(misuse_is_invalid_and_changes_nothing),
        cmocka_unit_test(a_handle_of_another_pool_is_invalid_unless_its_number_lives),
        cmocka_unit_test(every_slot_is_found_whatever_its_size),
        cmocka_unit_test(one_that_was_freed_is_not_visited),
        cmocka_unit_test(what_was_freed_last_comes_first),
        cmocka_unit_test(objects_can_be_freed_while_they_are_visited),
        cmocka_unit_test(a_reset_frees_all_and_keeps_the_memory),
        cmocka_unit_test(the_limit_is_kept_and_used_up),
        cmocka_unit_test(a_million_objects_cost_two_percent_at_most),
        cmocka_unit_test(small_pools_have_no_range),
        cmocka_unit_test(where_address_space_is_limited_none_is_reserved),
#if !defined(FIRN_POOL_POISONED) && defined(NDEBUG)
        cmocka_unit_test(behind_the_range_come_extents),
#endif
#if !defined(FIRN_POOL_POISONED) && !defined(NDEBUG)
        cmocka_unit_test(a_write_after_the_free_is_found),
#endif
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
