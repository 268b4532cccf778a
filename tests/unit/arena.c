/* Arenas: where objects go, what marks and resets free, what limits refuse. */
#include <firn/arena.h>

#include "support/failing.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>
#include <cmocka.h>

#ifdef FIRN_ARENA_POISONED
#include <sanitizer/asan_interface.h>
#endif

static failing memory;
static firn_arena arena;

static void begin(size_t limit_bytes, size_t first_chunk_bytes)
{
    failing_init(&memory, 0);
    const firn_arena_options options = {.allocator = &memory.allocator,
                                        .limit_bytes = limit_bytes,
                                        .first_chunk_bytes = first_chunk_bytes};
    assert_int_equal(firn_arena_init(&arena, &options), FIRN_OK);
}

static void end(void)
{
    firn_arena_fini(&arena);
    failing_check(&memory);
}

static firn_usage usage(void)
{
    firn_usage now;
    firn_arena_usage(&arena, &now);
    assert_true(now.live_bytes + now.overhead_bytes <= now.reserved_bytes);
    assert_int_equal(now.reserved_bytes, atomic_load(&memory.live_bytes));
    return now;
}

static void an_arena_without_objects_holds_nothing(void **state)
{
    (void)state;
    begin(0, 0);
    assert_int_equal(usage().reserved_bytes, 0);
    firn_arena_reset(&arena);
    firn_arena_trim(&arena);
    firn_arena_rewind(&arena, firn_arena_mark_get(&arena));
    end();
    firn_arena zeroed = {0};
    firn_arena_fini(&zeroed);
}

static void contradictory_options_are_invalid(void **state)
{
    (void)state;
    firn_arena untouched = {.limit_bytes = 77};
    const firn_arena_options wrong[] = {
        {.first_chunk_bytes = 63},
        {.first_chunk_bytes = ((size_t)1 << 30) + 1},
        {.first_chunk_bytes = SIZE_MAX},
        {.reserved = {1, 0}},
        {.reserved = {0, 1}},
    };
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++)
        assert_int_equal(firn_arena_init(&untouched, &wrong[i]), FIRN_INVALID);
    assert_int_equal(untouched.limit_bytes, 77);
    assert_int_equal(firn_arena_init(&untouched, NULL), FIRN_OK);
    assert_non_null(firn_arena_alloc(&untouched, 10));
    firn_arena_fini(&untouched);
}

static void small_objects_lie_side_by_side(void **state)
{
    (void)state;
    begin(0, 0);
    uint8_t *first = firn_arena_alloc(&arena, 16);
    assert_ptr_equal(firn_arena_alloc(&arena, 5), first + 16);
    assert_ptr_equal(firn_arena_alloc(&arena, 32), first + 32);
    assert_ptr_equal(firn_arena_alloc_aligned(&arena, 3, 1), first + 64);
    assert_ptr_equal(firn_arena_alloc_aligned(&arena, 3, 1), first + 67);
    assert_ptr_equal(firn_arena_alloc_aligned(&arena, 8, 8), first + 72);
    assert_int_equal(usage().live_bytes, 80);
    assert_int_equal(usage().reserved_bytes, 4096);
    assert_int_equal(atomic_load(&memory.calls), 1);
    end();
}

static void packed_objects_do_not_disturb_the_others(void **state)
{
    (void)state;
    begin(0, 0);
    uint8_t *first = firn_arena_alloc(&arena, 32);
    char *text = firn_arena_strndup(&arena, "ab", 2);
    assert_ptr_equal(text, first + 32);
    assert_ptr_equal(firn_arena_alloc(&arena, 16), first + 48);
    assert_ptr_equal(firn_arena_strndup(&arena, "c", 1), first + 64);
    assert_ptr_equal(firn_arena_alloc_aligned(&arena, 8, 8), first + 72);
    assert_ptr_equal(firn_arena_realloc(&arena, text, 3, 2), text);
    assert_ptr_equal(firn_arena_alloc_aligned(&arena, 1, 1), first + 80); /* text was not newest */
    firn_arena_mark mark = firn_arena_mark_get(&arena);
    assert_ptr_equal(firn_arena_alloc_aligned(&arena, 1, 1), first + 81);
    assert_ptr_equal(firn_arena_alloc(&arena, 1), first + 96);
    firn_arena_rewind(&arena, mark);
    assert_ptr_equal(firn_arena_alloc_aligned(&arena, 1, 1), first + 81);
    assert_int_equal(usage().live_bytes, 82);
    end();
}

static void the_newest_object_grows_and_is_released_whoever_made_it(void **state)
{
    (void)state;
    for (int aligned = 0; aligned <= 1; aligned++) {
        begin(0, 65536);
        firn_allocator allocator = firn_arena_allocator(&arena);
        for (size_t size = 1; size < 100; size++) {
            void *before = firn_arena_alloc_aligned(&arena, 1, 1);
            assert_non_null(before);
            void *object = aligned ? firn_arena_alloc_aligned(&arena, size, 16)
                                   : firn_arena_alloc(&arena, size);
            assert_ptr_equal(firn_arena_realloc(&arena, object, size, size + 40), object);
            assert_ptr_equal(firn_arena_realloc(&arena, object, size + 40, size), object);
            firn_release(&allocator, object, size);
            assert_ptr_equal(firn_arena_alloc(&arena, size), object);
            firn_release(&allocator, before, 1); /* not the newest: nothing */
            assert_ptr_not_equal(firn_arena_alloc(&arena, size), before);
        }
        end();
    }
}

static void every_alignment_up_to_4096_is_kept(void **state)
{
    (void)state;
    begin(0, 64);
    for (size_t alignment = 1; alignment <= 4096; alignment *= 2) {
        for (size_t size = 0; size < 300; size += 37) {
            uint8_t *object = firn_arena_alloc_aligned(&arena, size, alignment);
            assert_non_null(object);
            assert_int_equal((uintptr_t)object % alignment, 0);
            memset(object, 1, size != 0 ? size : 1);
        }
        end();
        begin(0, 64); /* so that the next object gets a chunk made for it */
    }
    const size_t wrong[] = {0, 3, 24, 4095, 8192, SIZE_MAX, SIZE_MAX / 2 + 1};
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++)
        assert_null(firn_arena_alloc_aligned(&arena, 1, wrong[i]));
    assert_int_equal(usage().reserved_bytes, 0);
    end();
}

static void objects_of_no_bytes_are_apart(void **state)
{
    (void)state;
    begin(0, 0);
    assert_ptr_not_equal(firn_arena_alloc(&arena, 0), firn_arena_alloc(&arena, 0));
    assert_ptr_not_equal(firn_arena_alloc_zeroed(&arena, 0, 8),
                         firn_arena_alloc_zeroed(&arena, 8, 0));
    assert_int_equal(usage().live_bytes, 49);
    end();
}

static void impossible_sizes_give_null(void **state)
{
    (void)state;
    begin(0, 0);
    assert_null(firn_arena_alloc(&arena, SIZE_MAX));
    assert_null(firn_arena_alloc(&arena, PTRDIFF_MAX));
    assert_null(firn_arena_alloc_zeroed(&arena, SIZE_MAX / 2 + 2, 2));
    assert_null(firn_arena_strndup(&arena, "x", SIZE_MAX));
    assert_non_null(firn_arena_alloc(&arena, 1));
    uint64_t live = usage().live_bytes;
    for (size_t less = 0; less < 100; less++) {
        assert_null(firn_arena_alloc(&arena, SIZE_MAX - less));
        assert_null(firn_arena_alloc(&arena, PTRDIFF_MAX - less));
        assert_null(firn_arena_alloc_aligned(&arena, SIZE_MAX - less, 1));
        assert_null(firn_arena_alloc_aligned(&arena, SIZE_MAX - less, 4096));
        assert_null(firn_arena_realloc(&arena, NULL, 0, SIZE_MAX - less));
        assert_null(firn_arena_alloc_zeroed(&arena, SIZE_MAX - less, SIZE_MAX - less));
    }
    assert_int_equal(usage().live_bytes, live);
    assert_int_equal(atomic_load(&memory.calls), 1);
    end();
}

static void a_limit_below_a_chunk_is_kept(void **state)
{
    (void)state;
    for (size_t limit = 1; limit < 4096; limit++) {
        begin(limit, limit % 2 == 0 ? 0 : 4096);
        size_t count = 0;
        while (firn_arena_alloc(&arena, 16) != NULL)
            count++;
        assert_int_equal(count, limit < 48 ? 0 : (limit - 32) / 16);
        assert_true(usage().reserved_bytes <= limit);
        assert_null(firn_arena_alloc_aligned(&arena, 1, 1));
        firn_arena_reset(&arena);
        assert_true((firn_arena_alloc(&arena, 16) != NULL) == (limit >= 48));
        end();
    }
}

static void zeroed_objects_are_zero_even_where_others_were(void **state)
{
    (void)state;
    begin(0, 0);
    memset(firn_arena_alloc(&arena, 3000), 0xff, 3000);
    firn_arena_reset(&arena);
    const uint8_t *object = firn_arena_alloc_zeroed(&arena, 100, 30);
    for (size_t i = 0; i < 3000; i++)
        assert_int_equal(object[i], 0);
    end();
}

static void chunks_double_up_to_a_mebibyte(void **state)
{
    (void)state;
    begin(0, 0);
    for (int i = 0; i < 8 * 1024; i++)
        assert_non_null(firn_arena_alloc(&arena, 1024));
    /* 4 KiB + 8 KiB + ... + 512 KiB, then 1 MiB each */
    assert_int_equal(atomic_load(&memory.calls), 16);
    assert_true(usage().reserved_bytes < 9u << 20);
    end();
}

static void a_large_object_does_not_waste_the_room_before_it(void **state)
{
    (void)state;
    begin(0, 0);
    uint8_t *small = firn_arena_alloc(&arena, 16);
    uint8_t *large = firn_arena_alloc(&arena, 5000);
    memset(large, 1, 5000);
    assert_ptr_equal(firn_arena_alloc(&arena, 16), small + 16);
    assert_int_equal(usage().live_bytes, 5032);
    assert_int_equal(usage().reserved_bytes, 4096 + 32 + 5008);
    end();
}

static void an_object_grows_in_place_while_it_is_the_newest(void **state)
{
    (void)state;
    begin(0, 0);
    char *text = firn_arena_realloc(&arena, NULL, 0, 6);
    memcpy(text, "hello", 6);
    assert_ptr_equal(firn_arena_realloc(&arena, text, 6, 1000), text);
    assert_ptr_equal(firn_arena_realloc(&arena, text, 1000, 6), text);
    assert_int_equal(usage().live_bytes, 6);
    void *next = firn_arena_alloc(&arena, 1);
    assert_ptr_equal(next, text + 16);
    assert_ptr_equal(firn_arena_realloc(&arena, text, 6, 3), text);
    char *moved = firn_arena_realloc(&arena, text, 3, 7);
    assert_ptr_not_equal(moved, text);
    assert_memory_equal(moved, "hel", 3);
    moved = firn_arena_realloc(&arena, moved, 7, 100000);
    assert_memory_equal(moved, "hel", 3);
    assert_ptr_equal(firn_arena_realloc(&arena, moved, 100000, 0), moved);
    end();
}

static void an_object_that_cannot_grow_stays(void **state)
{
    (void)state;
    begin(4096, 0);
    char *text = firn_arena_strndup(&arena, "hello", 5);
    assert_null(firn_arena_realloc(&arena, text, 6, 5000));
    assert_string_equal(text, "hello");
    assert_ptr_equal(firn_arena_realloc(&arena, text, 6, 4000), text);
    assert_ptr_equal(firn_arena_realloc(&arena, text, 4000, 4096 - 32), text); /* to the end */
    end();
}

static void texts_are_copied_with_an_end(void **state)
{
    (void)state;
    begin(0, 0);
    char *first = firn_arena_strndup(&arena, "hello world", 5);
    char *second = firn_arena_strndup(&arena, NULL, 0);
    assert_string_equal(first, "hello");
    assert_string_equal(second, "");
    assert_ptr_equal(second, first + 6); /* texts are packed */
    end();
}

static void a_rewind_frees_what_came_after_the_mark(void **state)
{
    (void)state;
    begin(0, 0);
    uint32_t *kept = firn_arena_alloc(&arena, 4);
    *kept = 12345;
    firn_arena_mark mark = firn_arena_mark_get(&arena);
    uint64_t live = usage().live_bytes;
    void *first = NULL;
    for (int round = 0; round < 5; round++) {
        void *object = firn_arena_alloc(&arena, 100);
        for (int i = 0; i < 100; i++)
            memset(firn_arena_alloc(&arena, 1000), 1, 1000);
        memset(firn_arena_alloc(&arena, 100000), 1, 100000);
        assert_true(round == 0 || object == first);
        first = object;
        firn_arena_rewind(&arena, mark);
        assert_int_equal(*kept, 12345);
        assert_int_equal(usage().live_bytes, live);
    }
    end();
}

static void marks_nest(void **state)
{
    (void)state;
    begin(0, 64);
    firn_arena_mark marks[50];
    uint32_t *objects[50];
    for (uint32_t i = 0; i < 50; i++) {
        marks[i] = firn_arena_mark_get(&arena);
        objects[i] =
            firn_arena_alloc(&arena, 40 + (size_t)i * i); /* some get chunks of their own */
        *objects[i] = i;
    }
    for (uint32_t i = 50; i-- > 0;) {
        for (uint32_t j = 0; j <= i; j++)
            assert_int_equal(*objects[j], j);
        firn_arena_rewind(&arena, marks[i]);
        assert_non_null(firn_arena_alloc(&arena, 24));
        firn_arena_rewind(&arena, marks[i]);
        usage();
    }
    assert_int_equal(usage().live_bytes, 0);
    end();
}

static void a_reset_keeps_the_chunks_and_a_trim_gives_them_back(void **state)
{
    (void)state;
    begin(0, 0);
    for (int i = 0; i < 1000; i++)
        assert_non_null(firn_arena_alloc(&arena, 500));
    uint64_t reserved = usage().reserved_bytes;
    size_t calls = atomic_load(&memory.calls);
    for (int round = 0; round < 10; round++) {
        firn_arena_reset(&arena);
        assert_int_equal(usage().live_bytes, 0);
        assert_int_equal(usage().reserved_bytes, reserved);
        for (int i = 0; i < 1000; i++)
            assert_non_null(firn_arena_alloc(&arena, 500));
    }
    assert_int_equal(atomic_load(&memory.calls), calls);
    firn_arena_trim(&arena);
    assert_int_equal(usage().reserved_bytes, reserved);
    firn_arena_reset(&arena);
    firn_arena_trim(&arena);
    assert_int_equal(usage().reserved_bytes, 0);
    assert_non_null(firn_arena_alloc(&arena, 500));
    end();
}

static void a_spare_chunk_is_used_though_smaller_ones_come_first(void **state)
{
    (void)state;
    begin(0, 0);
    for (size_t round = 0; round < 3; round++) {
        assert_non_null(firn_arena_alloc(&arena, 16));
        assert_non_null(firn_arena_alloc(&arena, 5000));
        assert_non_null(firn_arena_alloc(&arena, 9000));
        firn_arena_reset(&arena);
    }
    assert_non_null(firn_arena_alloc(&arena, 9000));
    assert_int_equal(atomic_load(&memory.calls), 3);
    end();
}

static void odd_sizes_do_not_pile_up_over_resets(void **state)
{
    (void)state;
    begin(0, 0);
    for (size_t round = 0; round < 200; round++) {
        for (size_t i = 0; i < 30; i++)
            assert_non_null(firn_arena_alloc(&arena, 300000 + round * 1000));
        assert_true(usage().reserved_bytes <= 2 * usage().live_bytes);
        firn_arena_reset(&arena);
    }
    end();
}

static void the_limit_is_kept_and_the_arena_stays_usable(void **state)
{
    (void)state;
    begin(10000, 0);
    assert_null(firn_arena_alloc(&arena, 10000));
    size_t count = 0;
    while (firn_arena_alloc(&arena, 100) != NULL)
        count++;
    assert_true(usage().reserved_bytes <= 10000);
    assert_true(count >= 85); /* the last chunk takes what is left */
    assert_null(firn_arena_alloc(&arena, 5000));
    firn_arena_reset(&arena);
    assert_non_null(firn_arena_alloc(&arena, 9000)); /* in the place of the spare chunks */
    assert_true(usage().reserved_bytes <= 10000);
    end();
}

static void an_allocator_on_an_arena_works_as_one(void **state)
{
    (void)state;
    begin(0, 0);
    firn_allocator allocator = firn_arena_allocator(&arena);
    char *first = firn_allocate(&allocator, 100);
    firn_release(&allocator, first, 100);
    assert_ptr_equal(firn_allocate(&allocator, 50), first);
    char *second = firn_allocate(&allocator, 10);
    memcpy(second, "hello", 6);
    firn_release(&allocator, first, 50); /* not the newest */
    second = firn_reallocate(&allocator, second, 10, 20000);
    assert_string_equal(second, "hello");
    size_t capacity = 0;
    void *array = NULL;
    for (size_t i = 1; i < 100; i++)
        assert_true(firn_grow(&allocator, &array, &capacity, i * 10, 8));
    end();
}

#ifdef FIRN_ARENA_POISONED

static void only_living_objects_can_be_touched(void **state)
{
    (void)state;
    begin(0, 0);
    char *first = firn_arena_alloc(&arena, 24);
    assert_false(__asan_address_is_poisoned(first + 23));
    assert_true(__asan_address_is_poisoned(first + 24));
    firn_arena_mark mark = firn_arena_mark_get(&arena);
    char *second = firn_arena_alloc(&arena, 100);
    char *large = firn_arena_alloc(&arena, 100000);
    second = firn_arena_realloc(&arena, second, 100, 40);
    assert_true(__asan_address_is_poisoned(second + 40));
    second = firn_arena_realloc(&arena, second, 40, 41);
    assert_false(__asan_address_is_poisoned(second + 40));
    firn_arena_rewind(&arena, mark);
    assert_false(__asan_address_is_poisoned(first));
    assert_true(__asan_address_is_poisoned(second));
    assert_true(__asan_address_is_poisoned(large + 50000));
    firn_arena_reset(&arena);
    assert_true(__asan_address_is_poisoned(first));
    end();
}

#endif

/* Each object that cannot be had is tried once more, which works unless all fail from there on. */
static firn_status fill_an_arena(const firn_allocator *allocator, void *context)
{
    (void)context;
    firn_arena filled;
    const firn_arena_options options = {.allocator = allocator, .first_chunk_bytes = 64};
    assert_int_equal(firn_arena_init(&filled, &options), FIRN_OK);
    firn_status status = FIRN_OK;
    uint32_t *objects[40];
    for (uint32_t i = 0; i < 40; i++) {
        size_t size = 8 + (size_t)i * 10;
        objects[i] = firn_arena_alloc(&filled, size);
        if (objects[i] == NULL) {
            status = FIRN_NO_MEMORY;
            objects[i] = firn_arena_alloc(&filled, size);
        }
        if (objects[i] != NULL)
            memset(objects[i], (int)i, size);
    }
    for (uint32_t i = 0; i < 40; i++)
        assert_true(objects[i] == NULL || *objects[i] == i * 0x01010101u);
    firn_usage now;
    firn_arena_usage(&filled, &now);
    firn_arena_reset(&filled);
    firn_arena_fini(&filled);
    return status;
}

static void every_failed_allocation_leaves_a_usable_arena(void **state)
{
    (void)state;
    assert_true(failing_each(fill_an_arena, NULL) > 5);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_arena_without_objects_holds_nothing),
        cmocka_unit_test(contradictory_options_are_invalid),
        cmocka_unit_test(small_objects_lie_side_by_side),
        cmocka_unit_test(packed_objects_do_not_disturb_the_others),
        cmocka_unit_test(the_newest_object_grows_and_is_released_whoever_made_it),
        cmocka_unit_test(every_alignment_up_to_4096_is_kept),
        cmocka_unit_test(objects_of_no_bytes_are_apart),
        cmocka_unit_test(impossible_sizes_give_null),
        cmocka_unit_test(a_limit_below_a_chunk_is_kept),
        cmocka_unit_test(zeroed_objects_are_zero_even_where_others_were),
        cmocka_unit_test(chunks_double_up_to_a_mebibyte),
        cmocka_unit_test(a_large_object_does_not_waste_the_room_before_it),
        cmocka_unit_test(an_object_grows_in_place_while_it_is_the_newest),
        cmocka_unit_test(an_object_that_cannot_grow_stays),
        cmocka_unit_test(texts_are_copied_with_an_end),
        cmocka_unit_test(a_rewind_frees_what_came_after_the_mark),
        cmocka_unit_test(marks_nest),
        cmocka_unit_test(a_reset_keeps_the_chunks_and_a_trim_gives_them_back),
        cmocka_unit_test(a_spare_chunk_is_used_though_smaller_ones_come_first),
        cmocka_unit_test(odd_sizes_do_not_pile_up_over_resets),
        cmocka_unit_test(the_limit_is_kept_and_the_arena_stays_usable),
        cmocka_unit_test(an_allocator_on_an_arena_works_as_one),
#ifdef FIRN_ARENA_POISONED
        cmocka_unit_test(only_living_objects_can_be_touched),
#endif
        cmocka_unit_test(every_failed_allocation_leaves_a_usable_arena),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
