/* The arenas of `firn run --mode compiler`, by the functions that it preloads. Blocks have other
 * sizes in each test, so that none finds what another one freed. */
#include "run/preload/bump.h"
#include "run/preload/heap.h"
#include "run/preload/prefixed.h"
#include "run/preload/range.h"

#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

static void *filled(size_t size, int fill)
{
    void *block = firn_run_malloc(size);
    assert_non_null(block);
    return memset(block, fill, size);
}

static void assert_filled(const void *block, size_t size, int fill)
{
    const uint8_t *bytes = block;
    for (size_t i = 0; i < size; i++)
        assert_int_equal(bytes[i], (uint8_t)fill);
}

static void the_newest_block_grows_and_shrinks_in_place(void **state)
{
    (void)state;
    uint8_t *block = filled(10, 6);
    for (size_t size = 11; size < 1000000; size += size / 3) {
        assert_ptr_equal(firn_run_realloc(block, size), block);
        memset(block + 10, 5, size - 10);
    }
    assert_ptr_equal(firn_run_realloc(block, 10), block);
    assert_filled(block, 10, 6);
    uint8_t *next = firn_run_malloc(10);
    assert_true(next > block && next <= block + 48);
    firn_run_free(next);
    firn_run_free(block);
    assert_ptr_equal(firn_run_malloc(10), block); /* its room was free again */
    firn_run_free(block);
}

static void freed_blocks_are_used_again_by_their_size(void **state)
{
    (void)state;
    void *blocks[100];
    for (size_t i = 0; i < 100; i++)
        blocks[i] = firn_run_malloc(200);
    void *newest = firn_run_malloc(16);
    for (size_t i = 0; i < 100; i++)
        firn_run_free(blocks[i]);
    size_t taken = run_bump_taken_bytes();
    for (size_t i = 100; i-- > 0;)
        assert_ptr_equal(firn_run_malloc(200), blocks[i]);
    assert_int_equal(run_bump_taken_bytes(), taken);
    firn_run_free(newest);
}

static void a_block_that_grew_is_cut_up_when_it_is_freed(void **state)
{
    (void)state;
    uint8_t *block = filled(100, 1);
    assert_ptr_equal(firn_run_realloc(block, 500000), block);
    void *newest = firn_run_malloc(16);
    size_t taken = run_bump_taken_bytes();
    firn_run_free(block);
    for (int i = 0; i < 15; i++) { /* of up to 32 KiB, which else come from slabs */
        uint8_t *part = filled(32000, 1);
        assert_true(part >= block && part < block + 500000);
    }
    assert_int_equal(run_bump_taken_bytes(), taken);
    firn_run_free(newest);
}

static void above_the_ceiling_blocks_come_from_slabs(void **state)
{
    (void)state;
    run_bump_ceiling = run_bump_taken_bytes() + 200000;
    void *blocks[2000];
    size_t in_arena = 0;
    for (size_t i = 0; i < 2000; i++) {
        blocks[i] = filled(700, (int)i);
        in_arena += run_owner_of(blocks[i]) == RUN_OWNER_ARENA;
    }
    assert_in_range(in_arena, 150, 1800); /* a test before left it room */
    assert_true(run_bump_taken_bytes() <= run_bump_ceiling);
    for (size_t i = 0; i < 2000; i++) {
        blocks[i] = firn_run_realloc(blocks[i], 900);
        assert_filled(blocks[i], 700, (int)i);
        firn_run_free(blocks[i]);
    }
    run_bump_ceiling = SIZE_MAX / 2;
}

static void *free_block(void *context)
{
    firn_run_free(context);
    void *block = firn_run_malloc(333);
    assert_ptr_equal(block, context); /* of another thread's arena, and now of this one's */
    return block;
}

static void a_block_is_freed_into_any_arena(void **state)
{
    (void)state;
    pthread_t thread;
    void *blocks[2] = {filled(333, 1), filled(333, 2)}, *result;
    assert_int_equal(pthread_create(&thread, NULL, free_block, blocks[0]), 0);
    assert_int_equal(pthread_join(thread, &result), 0);
    assert_filled(blocks[1], 333, 2);
    firn_run_free(result);
    assert_ptr_equal(firn_run_malloc(333), result);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_newest_block_grows_and_shrinks_in_place),
        cmocka_unit_test(freed_blocks_are_used_again_by_their_size),
        cmocka_unit_test(a_block_that_grew_is_cut_up_when_it_is_freed),
        cmocka_unit_test(a_block_is_freed_into_any_arena),
        cmocka_unit_test(above_the_ceiling_blocks_come_from_slabs),
    };
    run_bump_ceiling = SIZE_MAX / 2;
    run_heap_use_arenas();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
