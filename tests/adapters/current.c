/* Blocks of libraries that know neither a context nor sizes: who gives them, who takes them back.
 */
#include "support/failing.h"

#include <firn/adapters/current.h>

#include <setjmp.h>
#include <stdarg.h>
#include <cmocka.h>

static void blocks_come_from_the_one_entered_and_go_back_to_it(void **state)
{
    (void)state;
    failing one, other;
    failing_init(&one, 0);
    failing_init(&other, 0);
    assert_null(firn_current_enter(&one.allocator));
    char *first = firn_current_allocate(100);
    assert_ptr_equal(firn_current_enter(&other.allocator), &one.allocator);
    char *second = firn_current_allocate(7);
    assert_non_null(first);
    assert_non_null(second);
    assert_int_equal(one.live_blocks, 1);
    assert_int_equal(other.live_blocks, 1);
    assert_int_equal((uintptr_t)first % 16, 0);
    memcpy(second, "whole", 6);
    memset(first, 'x', 100);
    first = firn_current_reallocate(first, 5000); /* where it came from, though other is entered */
    assert_non_null(first);
    assert_int_equal(first[99], 'x');
    assert_int_equal(firn_current_size(first), 5000);
    assert_int_equal(other.live_blocks, 1);
    assert_ptr_equal(firn_current_enter(NULL), &other.allocator);
    firn_current_release(first);
    assert_string_equal(second, "whole");
    firn_current_release(second);
    firn_current_release(NULL);
    failing_check(&one);
    failing_check(&other);
}

static void nothing_and_too_much_are_taken(void **state)
{
    (void)state;
    failing memory;
    failing_init(&memory, 2);
    firn_current_enter(&memory.allocator);
    char *block = firn_current_allocate(0);
    assert_non_null(block);
    assert_int_equal(firn_current_size(block), 1);
    assert_null(firn_current_reallocate(block, 1000)); /* the second call fails */
    assert_int_equal(firn_current_size(block), 1);
    assert_null(firn_current_reallocate(block, SIZE_MAX));
    assert_null(firn_current_allocate(SIZE_MAX - 8));
    firn_current_release(block);
    firn_current_enter(NULL);
    failing_check(&memory);
    block = firn_current_reallocate(NULL, 10); /* the system's */
    assert_non_null(block);
    firn_current_release(block);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(blocks_come_from_the_one_entered_and_go_back_to_it),
        cmocka_unit_test(nothing_and_too_much_are_taken),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
