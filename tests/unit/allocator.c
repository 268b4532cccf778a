/* The allocator interface: the system's one, the checks before it, arrays that grow, sums of usage.
 */
#include <firn/allocator.h>
#include <firn/usage.h>

#include "support/failing.h"

#include <setjmp.h>
#include <stdarg.h>
#include <cmocka.h>

static void blocks_are_aligned_for_any_object(void **state)
{
    (void)state;
    for (size_t size = 1; size < 200; size++) {
        void *block = firn_allocate(NULL, size);
        assert_non_null(block);
        assert_int_equal((uintptr_t)block % 16, 0);
        memset(block, 1, size);
        firn_release(NULL, block, size);
    }
}

static void impossible_sizes_give_null(void **state)
{
    (void)state;
    assert_null(firn_allocate(NULL, 0));
    assert_null(firn_allocate(NULL, (size_t)PTRDIFF_MAX + 1));
    assert_null(firn_allocate(NULL, SIZE_MAX));
    assert_null(firn_allocate_zeroed(NULL, 0, 8));
    assert_null(firn_allocate_zeroed(NULL, SIZE_MAX / 2 + 2, 2));
    assert_null(firn_reallocate(NULL, NULL, 0, SIZE_MAX));
    void *block = firn_allocate(NULL, 8);
    assert_null(firn_reallocate(NULL, block, 8, 0));
    assert_null(firn_reallocate(NULL, block, 8, (size_t)PTRDIFF_MAX + 1));
    firn_release(NULL, block, 8);
}

static void zeroed_blocks_are_zero(void **state)
{
    (void)state;
    failing memory;
    failing_init(&memory, 0); /* fills its blocks with something else */
    uint8_t *block = firn_allocate_zeroed(&memory.allocator, 10, 7);
    assert_non_null(block);
    for (size_t i = 0; i < 70; i++)
        assert_int_equal(block[i], 0);
    firn_release(&memory.allocator, block, 70);
    failing_check(&memory);
}

static void reallocation_keeps_the_content(void **state)
{
    (void)state;
    char *block = firn_reallocate(NULL, NULL, 0, 6);
    assert_non_null(block);
    memcpy(block, "hello", 6);
    block = firn_reallocate(NULL, block, 6, 100000);
    assert_non_null(block);
    assert_string_equal(block, "hello");
    block = firn_reallocate(NULL, block, 100000, 6);
    assert_non_null(block);
    assert_string_equal(block, "hello");
    firn_release(NULL, block, 6);
}

static void releasing_null_does_nothing(void **state)
{
    (void)state;
    failing memory;
    failing_init(&memory, 0);
    firn_release(NULL, NULL, 0);
    firn_release(&memory.allocator, NULL, 8);
    failing_check(&memory);
}

static void an_array_grows_by_doubling_and_keeps_its_elements(void **state)
{
    (void)state;
    failing memory;
    failing_init(&memory, 0);
    void *block = NULL;
    size_t capacity = 0;
    for (uint32_t i = 0; i < 1000; i++) {
        assert_true(firn_grow(&memory.allocator, &block, &capacity, (size_t)i + 1, 4));
        assert_true(capacity > i);
        ((uint32_t *)block)[i] = i;
    }
    for (uint32_t i = 0; i < 1000; i++)
        assert_int_equal(((uint32_t *)block)[i], i);
    assert_int_equal(capacity, 1024);
    assert_true(atomic_load(&memory.calls) <= 8); /* 8, 16, ..., 1,024 */
    firn_release(&memory.allocator, block, capacity * 4);
    failing_check(&memory);
}

static void an_array_that_cannot_grow_stays_as_it_was(void **state)
{
    (void)state;
    failing memory;
    failing_init(&memory, 2);
    void *block = NULL;
    size_t capacity = 0;
    assert_true(firn_grow(&memory.allocator, &block, &capacity, 10, 8));
    void *before = block;
    assert_false(firn_grow(&memory.allocator, &block, &capacity, 11, 8));
    assert_false(firn_grow(&memory.allocator, &block, &capacity, SIZE_MAX / 8 + 1, 8));
    assert_false(firn_grow(&memory.allocator, &block, &capacity, SIZE_MAX / 8 + 20, 8));
    assert_false(firn_grow(&memory.allocator, &block, &capacity, PTRDIFF_MAX / 8 + 1, 8));
    assert_false(firn_grow(&memory.allocator, &block, &capacity, 11, 0));
    assert_ptr_equal(block, before);
    assert_int_equal(capacity, 10);
    firn_release(&memory.allocator, block, capacity * 8);
    failing_check(&memory);
}

static void usages_add_up(void **state)
{
    (void)state;
    firn_usage total = {1, 2, 3, 4, 5, 6};
    const firn_usage part = {10, 20, 30, 40, 50, 60};
    firn_usage_add(&total, &part);
    const firn_usage sum = {11, 22, 33, 44, 55, 66};
    assert_memory_equal(&total, &sum, sizeof(sum));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(blocks_are_aligned_for_any_object),
        cmocka_unit_test(impossible_sizes_give_null),
        cmocka_unit_test(zeroed_blocks_are_zero),
        cmocka_unit_test(reallocation_keeps_the_content),
        cmocka_unit_test(releasing_null_does_nothing),
        cmocka_unit_test(an_array_grows_by_doubling_and_keeps_its_elements),
        cmocka_unit_test(an_array_that_cannot_grow_stays_as_it_was),
        cmocka_unit_test(usages_add_up),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
