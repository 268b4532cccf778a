/* The functions that `firn run` preloads, by other names: what each call promises, in both modes.
 */
#include "run/preload/bump.h"
#include "run/preload/heap.h"
#include "run/preload/prefixed.h"
#include "run/preload/range.h"

#include <errno.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
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
    for (size_t i = 0; i < size; i++) {
        if (bytes[i] != (uint8_t)fill)
            fail_msg("byte %zu of %zu is %u, not %u", i, size, bytes[i], (unsigned)fill);
    }
}

static void sizes_from_nothing_to_the_largest_are_answered(void **state)
{
    (void)state;
    for (size_t size = 0; size < 20000000; size += size / 3 + 1) {
        uint8_t *block = filled(size, 1);
        assert_int_equal((uintptr_t)block % 16, 0);
        size_t usable = firn_run_malloc_usable_size(block);
        assert_true(usable >= size && usable > 0);
        assert_true(usable <= 24 + size + size / 3 || size > 32768);
        memset(block, 2, usable);
        firn_run_free(block);
    }
    firn_run_free(NULL);
    assert_int_equal(firn_run_malloc_usable_size(NULL), 0);
}

static void nothing_asked_for_is_still_a_block_of_its_own(void **state)
{
    (void)state;
    void *one = firn_run_malloc(0), *two = firn_run_calloc(0, 5), *three = firn_run_calloc(5, 0);
    assert_true(one != NULL && two != NULL && three != NULL);
    assert_true(one != two && two != three);
    firn_run_free(one);
    firn_run_free(two);
    firn_run_free(three);
}

static void what_is_too_large_is_refused_with_enomem(void **state)
{
    (void)state;
    static const size_t sizes[] = {
        SIZE_MAX,     SIZE_MAX - 1,    SIZE_MAX - 4096, SIZE_MAX / 2 + 1,
        SIZE_MAX / 2, (size_t)1 << 62, (size_t)1 << 48, RUN_SLOTS * RUN_SLOT_BYTES};
    void *block = filled(100, 7);
    for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++) {
        void *aligned = block;
        errno = 0;
        assert_null(firn_run_malloc(sizes[i]));
        assert_int_equal(errno, ENOMEM);
        errno = 0;
        assert_null(firn_run_realloc(block, sizes[i]));
        assert_int_equal(errno, ENOMEM);
        errno = 0;
        assert_null(firn_run_calloc(sizes[i], 1));
        assert_int_equal(errno, ENOMEM);
        errno = 0;
        assert_null(firn_run_calloc(sizes[i] / 2, 3));
        assert_int_equal(errno, ENOMEM);
        errno = 0;
        assert_null(firn_run_reallocarray(block, sizes[i] / 2, 3));
        assert_int_equal(errno, ENOMEM);
        errno = 0;
        assert_null(firn_run_aligned_alloc(4096, sizes[i]));
        assert_int_equal(errno, ENOMEM);
        errno = 0;
        assert_null(firn_run_pvalloc(sizes[i]));
        assert_int_equal(errno, ENOMEM);
        assert_int_equal(firn_run_posix_memalign(&aligned, 64, sizes[i]), ENOMEM);
        assert_ptr_equal(aligned, block);
        assert_filled(block, 100, 7);
    }
    firn_run_free(block);
}

static void alignments_are_kept_or_refused(void **state)
{
    (void)state;
    static const size_t bad[] = {0, 3, 12, 24, 4097, SIZE_MAX, SIZE_MAX - 1};
    void *block = NULL;
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        errno = 0;
        assert_null(firn_run_aligned_alloc(bad[i], 64));
        assert_int_equal(errno, EINVAL);
        assert_int_equal(firn_run_posix_memalign(&block, bad[i], 64), EINVAL);
    }
    assert_int_equal(firn_run_posix_memalign(&block, 4, 64), EINVAL); /* no multiple of a pointer */
    assert_null(block);
    for (size_t alignment = 8; alignment <= (size_t)16 << 20; alignment *= 2) {
        for (size_t size = 0; size < 3000000; size = size * 11 + 1) {
            void *blocks[3] = {firn_run_aligned_alloc(alignment, size),
                               firn_run_memalign(alignment, size), NULL};
            assert_int_equal(firn_run_posix_memalign(&blocks[2], alignment, size), 0);
            for (int i = 0; i < 3; i++) {
                assert_non_null(blocks[i]);
                assert_int_equal((uintptr_t)blocks[i] % alignment, 0);
                assert_true(firn_run_malloc_usable_size(blocks[i]) >= size);
                memset(blocks[i], i, size);
            }
            for (int i = 0; i < 3; i++) {
                assert_filled(blocks[i], size, i);
                firn_run_free(blocks[i]);
            }
        }
    }
    assert_int_equal((uintptr_t)firn_run_memalign(48, 100) % 64, 0); /* the next power of two */
    assert_int_equal((uintptr_t)firn_run_valloc(100) % 4096, 0);
    block = firn_run_pvalloc(4097);
    assert_int_equal((uintptr_t)block % 4096, 0);
    assert_true(firn_run_malloc_usable_size(block) >= 8192);
}

static void zeroed_memory_is_zero(void **state)
{
    (void)state;
    for (int round = 0; round < 3; round++) {
        for (size_t size = 1; size < 9000000; size = size * 3 + 5) {
            uint8_t *block = firn_run_calloc(1, size);
            assert_non_null(block);
            assert_filled(block, size, 0);
            memset(block, 0xff, size);
            firn_run_free(block);
        }
    }
}

static void resizing_keeps_what_is_there(void **state)
{
    (void)state;
    static const size_t sizes[] = {1,        24,      100,     1016,    1017,    5000,
                                   40000,    900000,  1 << 20, 1100000, 4000000, 9000000,
                                   30000000, 3000000, 1000,    16};
    enum { COUNT = sizeof sizes / sizeof sizes[0] };
    for (size_t i = 0; i < COUNT; i++) {
        for (size_t j = 0; j < COUNT; j++) {
            void *block = filled(sizes[i], 3), *behind = filled(50, 4);
            block = firn_run_realloc(block, sizes[j]);
            assert_non_null(block);
            assert_filled(block, sizes[i] < sizes[j] ? sizes[i] : sizes[j], 3);
            assert_true(firn_run_malloc_usable_size(block) >= sizes[j]);
            memset(block, 5, sizes[j]);
            assert_filled(behind, 50, 4);
            firn_run_free(block);
            firn_run_free(behind);
        }
    }
    void *block = firn_run_realloc(NULL, 100);
    assert_non_null(block);
    assert_null(firn_run_realloc(block, 0)); /* frees it */
    block = firn_run_reallocarray(NULL, 10, 10);
    assert_true(firn_run_malloc_usable_size(block) >= 100);
    firn_run_free(block);
}

static void free_leaves_errno_alone(void **state)
{
    (void)state;
    static void *blocks[3000];
    for (size_t i = 0; i < 3000; i++)
        blocks[i] = filled(i * 40, 1);
    errno = 77;
    for (size_t i = 0; i < 3000; i++)
        firn_run_free(blocks[i]);
    assert_int_equal(errno, 77);
}

static void large_blocks_begin_at_different_places_of_a_page(void **state)
{
    (void)state;
    void *blocks[8];
    for (size_t i = 0; i < 8; i++)
        blocks[i] = firn_run_malloc(2000000);
    for (size_t i = 1; i < 8; i++)
        assert_int_not_equal((uintptr_t)blocks[i] % 65536, (uintptr_t)blocks[0] % 65536);
    for (size_t i = 0; i < 8; i++)
        firn_run_free(blocks[i]);
}

static void what_is_freed_goes_back_to_the_kernel(void **state)
{
    (void)state;
    static void *blocks[400];
    (void)firn_run_malloc_trim(0);
    size_t before = run_range_taken_bytes();
    for (size_t i = 0; i < 400; i++)
        blocks[i] = filled(i % 10 == 0 ? 3000000 : 20000, 1);
    assert_true(run_range_taken_bytes() >= before + 120000000);
    for (size_t i = 0; i < 400; i++)
        firn_run_free(blocks[i]);
    assert_true(run_range_taken_bytes() < before + 60000000);
    assert_int_equal(firn_run_malloc_trim(0), 1);
    assert_true(run_range_taken_bytes() <= before + RUN_SLOT_BYTES);
    assert_int_equal(firn_run_mallopt(1, 2), 1);
}

static void mallinfo_tells_what_is_held(void **state)
{
    (void)state;
    struct mallinfo2 before = firn_run_mallinfo2();
    void *small = filled(100000, 1), *large = filled(5000000, 1);
    struct mallinfo2 after = firn_run_mallinfo2();
    assert_true(after.uordblks >= before.uordblks + 5100000);
    assert_true(after.hblkhd >= 5000000);
    assert_int_equal(firn_run_mallinfo().hblkhd, (int)after.hblkhd);
    firn_run_free(small);
    firn_run_free(large);
}

/* --- threads --- */

static void *fill_some(void *context)
{
    void **blocks = context;
    for (size_t i = 0; i < 1000; i++)
        blocks[i] = filled(1 + i * 7, (int)i);
    return NULL;
}

static void on_thread(void *(*work)(void *), void *context)
{
    pthread_t thread;
    assert_int_equal(pthread_create(&thread, NULL, work, context), 0);
    assert_int_equal(pthread_join(thread, NULL), 0);
}

static size_t heap_count(void)
{
    size_t count = 0;
    for (struct run_heap *heap = run_heap_first(); heap != NULL; heap = heap->next)
        count++;
    return count;
}

static void a_thread_takes_over_what_an_ended_one_left(void **state)
{
    (void)state;
    static void *blocks[1000];
    on_thread(fill_some, blocks);
    size_t heaps = heap_count();
    for (int round = 0; round < 50; round++) {
        for (size_t i = 0; i < 1000; i++) {
            assert_filled(blocks[i], 1 + i * 7, (int)i);
            firn_run_free(blocks[i]);
        }
        on_thread(fill_some, blocks);
    }
    assert_int_equal(heap_count(), heaps);
}

static pthread_key_t late_key;
static int late_rounds; /* of threads, one after the other, that had left their heap */

static void allocate_late(void *context)
{
    for (size_t size = 1; size < 3000000; size *= 5)
        firn_run_free(firn_run_realloc(filled(size, 1), size * 2));
    firn_run_free(context);
    if (run_heap_thread_ended())
        late_rounds++;
    else
        assert_int_equal(pthread_setspecific(late_key, filled(100, 1)), 0);
}

static void *end_late(void *context)
{
    (void)context;
    assert_int_equal(pthread_setspecific(late_key, filled(100, 1)), 0);
    return NULL;
}

static void a_thread_at_its_end_still_allocates(void **state)
{
    (void)state;
    firn_run_free(filled(10, 1)); /* the key of the heaps comes first */
    assert_int_equal(pthread_key_create(&late_key, allocate_late), 0);
    for (int i = 0; i < 20; i++)
        on_thread(end_late, NULL);
    assert_int_equal(late_rounds, 20);
    late_rounds = 0;
    assert_int_equal(pthread_key_delete(late_key), 0);
}

static void *free_all(void *context)
{
    void **blocks = context;
    for (size_t i = 0; i < 1000; i++)
        firn_run_free(blocks[i]);
    return NULL;
}

static void what_others_free_comes_back_while_its_owner_sleeps(void **state)
{
    (void)state;
    static void *blocks[1000];
    for (size_t i = 0; i < 1000; i++)
        blocks[i] = filled(40000, 1);
    size_t held = firn_run_mallinfo2().uordblks;
    on_thread(free_all, blocks); /* and this thread waits */
    assert_true(firn_run_mallinfo2().uordblks < held - 35000000);
}

/* --- both modes --- */

static int use_arenas(void **state)
{
    (void)state;
    run_bump_ceiling = SIZE_MAX / 2;
    run_heap_use_arenas();
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(sizes_from_nothing_to_the_largest_are_answered),
        cmocka_unit_test(nothing_asked_for_is_still_a_block_of_its_own),
        cmocka_unit_test(what_is_too_large_is_refused_with_enomem),
        cmocka_unit_test(alignments_are_kept_or_refused),
        cmocka_unit_test(zeroed_memory_is_zero),
        cmocka_unit_test(resizing_keeps_what_is_there),
        cmocka_unit_test(free_leaves_errno_alone),
        cmocka_unit_test(large_blocks_begin_at_different_places_of_a_page),
        cmocka_unit_test(what_is_freed_goes_back_to_the_kernel),
        cmocka_unit_test(mallinfo_tells_what_is_held),
        cmocka_unit_test(a_thread_takes_over_what_an_ended_one_left),
        cmocka_unit_test(a_thread_at_its_end_still_allocates),
        cmocka_unit_test(what_others_free_comes_back_while_its_owner_sleeps),
    };
    int failed = cmocka_run_group_tests_name("runtime", tests, NULL, NULL);
    return failed + cmocka_run_group_tests_name("compiler", tests, use_arenas, NULL);
}
