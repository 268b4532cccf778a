/* Slabs: what each call promises. */
#include <firn/slab.h>

#include "support/page_source.h"

#include <setjmp.h>
#include <stdarg.h>
#include <sys/mman.h>
#include <cmocka.h>

static firn_slab make(const firn_page_source *source, size_t limit_bytes)
{
    firn_slab slab;
    const firn_slab_options options = {.source = source, .limit_bytes = limit_bytes};
    assert_int_equal(firn_slab_init(&slab, &options), FIRN_OK);
    return slab;
}

static void options_that_make_no_sense_are_invalid(void **state)
{
    (void)state;
    firn_slab slab;
    static uint8_t memory[16384];
    const firn_page_source none = {0}, small = firn_page_source_fixed(memory, sizeof memory);
    const firn_slab_options bad[] = {
        {.limit_bytes = 1}, {.limit_bytes = 131071}, {.source = &none},
        {.source = &small}, {.reserved = 1},
    };
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
        assert_int_equal(firn_slab_init(&slab, &bad[i]), FIRN_INVALID);
    slab = (firn_slab){0};
    firn_slab_fini(&slab);
}

static void sizes_from_nothing_to_the_largest_are_answered(void **state)
{
    (void)state;
    firn_slab slab = make(NULL, 0);
    uint8_t *nothing = firn_slab_alloc(&slab, 0);
    assert_non_null(nothing);
    assert_int_equal(firn_slab_usable_size(&slab, nothing), 16);
    for (size_t size = 1; size < 10000000; size += size / 9 + 1) {
        uint8_t *at = firn_slab_alloc(&slab, size);
        assert_non_null(at);
        assert_int_equal((uintptr_t)at % 16, 0);
        size_t usable = firn_slab_usable_size(&slab, at);
        assert_true(usable >= size);
        assert_true(usable - size <= 16 + size / 4 || size > 32768);
        assert_true(usable - size < 65536 + 16384 || size <= 32768);
        memset(at, 1, usable);
        assert_int_equal(firn_slab_release(&slab, at), FIRN_OK);
    }
    const size_t huge[] = {SIZE_MAX,
                           SIZE_MAX - 15,
                           SIZE_MAX / 2,
                           (size_t)PTRDIFF_MAX,
                           (size_t)PTRDIFF_MAX - 70000,
                           (size_t)1 << 62};
    for (size_t i = 0; i < sizeof huge / sizeof huge[0]; i++) {
        assert_null(firn_slab_alloc(&slab, huge[i]));
        assert_null(firn_slab_alloc_aligned(&slab, huge[i], 65536));
        assert_null(firn_slab_realloc(&slab, nothing, huge[i]));
    }
    assert_null(firn_slab_alloc_zeroed(&slab, SIZE_MAX / 2, 3));
    assert_int_equal(firn_slab_verify(&slab), FIRN_OK);
    firn_slab_fini(&slab);
}

static void alignments_are_kept_or_refused(void **state)
{
    (void)state;
    firn_slab slab = make(NULL, 0);
    const size_t bad[] = {0, 3, 24, 4097, 131072, SIZE_MAX};
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
        assert_null(firn_slab_alloc_aligned(&slab, 64, bad[i]));
    for (size_t alignment = 1; alignment <= 65536; alignment *= 2) {
        for (size_t size = 1; size < 3000000; size = size * 3 + 1) {
            uint8_t *at = firn_slab_alloc_aligned(&slab, size, alignment);
            assert_non_null(at);
            assert_int_equal((uintptr_t)at % alignment, 0);
            assert_true(firn_slab_usable_size(&slab, at) >= size);
            memset(at, 0x55, size);
        }
    }
    assert_int_equal(firn_slab_verify(&slab), FIRN_OK);
    firn_slab_fini(&slab);
}

static void zeroed_memory_is_zero(void **state)
{
    (void)state;
    firn_slab slab = make(NULL, 0);
    for (int i = 0; i < 100; i++) {
        uint8_t *at = firn_slab_alloc_zeroed(&slab, 10, 50);
        for (int byte = 0; byte < 500; byte++)
            assert_int_equal(at[byte], 0);
        memset(at, 0xff, 500);
        assert_int_equal(firn_slab_release(&slab, at), FIRN_OK);
    }
    firn_slab_fini(&slab);
}

/* Pages that are filled before they are given and after they are discarded (see failing_pages), and
 * those of the kernel, which read as zero then. */
static void large_zeroed_memory_is_zero_whatever_the_pages_hold(void **state)
{
    (void)state;
    for (int round = 0; round < 4; round++) {
        failing_pages pages;
        failing_pages_init(&pages, 0);
        firn_page_source source = pages.source;
        if (round % 2 == 0)
            source = pages.system;
        if (round == 2)
            source.discard = NULL; /* then used pages come again as they are */
        firn_slab slab = make(&source, 0);
        for (int i = 0; i < 200; i++) {
            size_t size = i % 20 == 0 ? 3000000 : 30000 + (size_t)i * 997;
            uint8_t *at = firn_slab_alloc_zeroed(&slab, 1, size);
            for (size_t byte = 0; byte < size; byte++)
                assert_true(at[byte] == 0);
            memset(at, 0xff, size);
            at = firn_slab_realloc(&slab, at, size / 2 + size % 7 * 20000);
            if (i % 3 != 0)
                assert_int_equal(firn_slab_release(&slab, at), FIRN_OK);
            if (i % 50 == 0)
                firn_slab_trim(&slab);
        }
        firn_slab_fini(&slab);
    }
}

static void locked_memory_reads_as_zero_when_it_is_discarded(void **state)
{
    (void)state;
    const firn_page_source source = firn_page_source_system();
    uint8_t *pages = source.map(source.context, 65536, 65536);
    memset(pages, 1, 65536);
    if (mlock(pages, 65536) != 0)
        skip();
    source.discard(source.context, pages, 65536);
    for (size_t i = 0; i < 65536; i++)
        assert_int_equal(pages[i], 0);
    source.unmap(source.context, pages, 65536);
}

static void a_size_changes_in_place_where_it_can(void **state)
{
    (void)state;
    firn_slab slab = make(NULL, 0);
    uint8_t *at = firn_slab_realloc(&slab, NULL, 100);
    memset(at, 7, 100);
    assert_ptr_equal(firn_slab_realloc(&slab, at, 112), at);
    assert_ptr_equal(firn_slab_realloc(&slab, at, 60), at);
    uint8_t *moved = firn_slab_realloc(&slab, at, 5000);
    assert_ptr_not_equal(moved, at);
    for (int i = 0; i < 100; i++)
        assert_int_equal(moved[i], i < 60 ? 7 : moved[i]);
    assert_int_equal(firn_slab_usable_size(&slab, firn_slab_realloc(&slab, moved, 1)), 16);

    uint8_t *run = firn_slab_alloc(&slab, 100000);
    memset(run, 9, 100000);
    assert_ptr_equal(firn_slab_realloc(&slab, run, 300000), run); /* what follows is free */
    assert_ptr_equal(firn_slab_realloc(&slab, run, 160000), run);
    for (int i = 0; i < 20; i++) /* until something lies behind it */
        assert_non_null(firn_slab_alloc(&slab, 40000));
    uint8_t *away = firn_slab_realloc(&slab, run, 300000);
    assert_ptr_not_equal(away, run);
    run = away;
    assert_int_equal(run[99999], 9);

    uint8_t *huge = firn_slab_alloc(&slab, 5000000);
    huge[4999999] = 3;
    huge = firn_slab_realloc(&slab, huge, 9000000);
    assert_int_equal(huge[4999999], 3);
    huge[8999999] = 4;
    assert_ptr_equal(firn_slab_realloc(&slab, huge, 6000000), huge);
    assert_int_equal(huge[4999999], 3);
    assert_int_equal(firn_slab_release(&slab, huge), FIRN_OK);
    assert_int_equal(firn_slab_verify(&slab), FIRN_OK);
    firn_slab_fini(&slab);
}

static void a_double_free_that_follows_at_once_is_invalid(void **state)
{
    (void)state;
    firn_slab slab = make(NULL, 0);
    uint8_t *one = firn_slab_alloc(&slab, 64), *two = firn_slab_alloc(&slab, 64);
    uint8_t *run = firn_slab_alloc(&slab, 100000);
    assert_int_equal(firn_slab_release(&slab, NULL), FIRN_OK);
    assert_int_equal(firn_slab_release(&slab, one), FIRN_OK);
    assert_int_equal(firn_slab_release(&slab, one), FIRN_INVALID);
    assert_int_equal(firn_slab_release(&slab, run + 16384), FIRN_INVALID);
    assert_int_equal(firn_slab_release(&slab, run + 16), FIRN_INVALID);
    assert_int_equal(firn_slab_release(&slab, run), FIRN_OK);
    assert_int_equal(firn_slab_release(&slab, run), FIRN_INVALID);
    assert_ptr_equal(firn_slab_alloc(&slab, 64), one);
    assert_ptr_not_equal(firn_slab_alloc(&slab, 64), two);
    assert_int_equal(firn_slab_verify(&slab), FIRN_OK);
    firn_slab_fini(&slab);
}

#if !defined(NDEBUG)
static void builds_with_assertions_find_all_misuse(void **state)
{
    (void)state;
    firn_slab slab = make(NULL, 0);
    int foreign;
    uint8_t *objects[100];
    for (int i = 0; i < 100; i++)
        objects[i] = firn_slab_alloc(&slab, 48);
    assert_int_equal(firn_slab_release(&slab, &foreign), FIRN_INVALID);
    assert_int_equal(firn_slab_release(&slab, slab.front), FIRN_INVALID);
    assert_int_equal(firn_slab_release(&slab, objects[5] + 16), FIRN_INVALID);
    for (int i = 0; i < 100; i++)
        assert_int_equal(firn_slab_release(&slab, objects[i]), FIRN_OK);
    for (int i = 0; i < 100; i++)
        assert_int_equal(firn_slab_release(&slab, objects[i]), FIRN_INVALID);
    firn_slab_fini(&slab);
}
#endif

static void a_fixed_range_is_all_there_is(void **state)
{
    (void)state;
    enum { SIZE = 1 << 20 };
    static uint8_t memory[SIZE + 2];
    memory[0] = memory[SIZE + 1] = 0x77;
    const firn_page_source source = firn_page_source_fixed(memory + 1, SIZE);
    firn_slab slab = make(&source, 0);
    size_t total[3] = {0};
    for (int round = 0; round < 3; round++) {
        static uint8_t *objects[SIZE / 16];
        size_t count = 0;
        for (size_t size = 16; size <= 200000; size = size * 5 / 4) {
            for (uint8_t *at; (at = firn_slab_alloc(&slab, size)) != NULL; count++) {
                assert_true(at > memory && at + size <= memory + 1 + SIZE);
                memset(at, round, size);
                objects[count] = at;
                total[round] += size;
            }
        }
        assert_true(total[round] > SIZE * 9 / 10);
        firn_usage usage;
        firn_slab_usage(&slab, &usage);
        assert_true(usage.reserved_bytes <= SIZE);
        assert_true(usage.live_bytes + usage.overhead_bytes <= usage.reserved_bytes);
        assert_int_equal(firn_slab_verify(&slab), FIRN_OK);
        for (size_t i = 0; i < count; i++)
            assert_int_equal(firn_slab_release(&slab, objects[i]), FIRN_OK);
    }
    /* All of it can become one large object again. */
    assert_non_null(firn_slab_alloc(&slab, SIZE * 8 / 10));
    assert_null(firn_slab_alloc(&slab, SIZE * 8 / 10));
    firn_slab_fini(&slab);
    assert_int_equal(memory[0], 0x77);
    assert_int_equal(memory[SIZE + 1], 0x77);
}

static void the_limit_is_kept(void **state)
{
    (void)state;
    for (size_t limit = 131072; limit < 40000000; limit *= 3) {
        failing_pages pages;
        failing_pages_init(&pages, 0);
        firn_slab slab = make(&pages.source, limit);
        size_t held = 0;
        for (size_t i = 0; i < 100000; i++) {
            size_t size = i % 1000 == 999 ? 70000 : i % 900 + 1;
            void *at = firn_slab_alloc(&slab, size);
            if (at != NULL)
                held += size;
            assert_true(pages.live_bytes <= limit);
        }
        assert_true(held > limit / 2);
        assert_null(firn_slab_alloc(&slab, limit));
        assert_int_equal(firn_slab_verify(&slab), FIRN_OK);
        firn_slab_fini(&slab);
        failing_pages_check(&pages);
    }
}

static void pages_that_hold_nothing_are_given_back(void **state)
{
    (void)state;
    enum { COUNT = 40000 };
    static void *objects[COUNT];
    failing_pages pages;
    failing_pages_init(&pages, 0);
    firn_slab slab = make(&pages.source, 0);
    for (size_t i = 0; i < COUNT; i++)
        objects[i] = firn_slab_alloc(&slab, 1000);
    firn_usage usage;
    firn_slab_usage(&slab, &usage);
    assert_true(usage.live_bytes >= COUNT * 1000 && usage.live_bytes <= COUNT * 1024);
    assert_int_equal(usage.reserved_bytes, pages.live_bytes);
    assert_true(usage.resident_bytes >= usage.live_bytes);
    for (size_t i = 0; i < COUNT; i++)
        assert_int_equal(firn_slab_release(&slab, objects[i]), FIRN_OK);
    firn_slab_usage(&slab, &usage);
    assert_int_equal(usage.live_bytes, 0);
    assert_true(usage.resident_bytes < 2000000);
    firn_slab_trim(&slab);
    firn_slab_usage(&slab, &usage);
    assert_true(usage.resident_bytes < 100000);
    assert_int_equal(pages.live_bytes, 4194304);
    assert_int_equal(firn_slab_verify(&slab), FIRN_OK);
    firn_slab_fini(&slab);
    failing_pages_check(&pages);
}

/* Allocates 40 MB, frees all of it, and returns what was discarded then. */
static size_t discarded_bytes(size_t kept_bytes, size_t *ret_trimmed)
{
    enum { COUNT = 40000 };
    static void *objects[COUNT];
    failing_pages pages;
    failing_pages_init(&pages, 0);
    firn_slab slab;
    const firn_slab_options options = {.source = &pages.source, .kept_bytes = kept_bytes};
    assert_int_equal(firn_slab_init(&slab, &options), FIRN_OK);
    for (size_t i = 0; i < COUNT; i++)
        objects[i] = firn_slab_alloc(&slab, 1000);
    for (size_t i = 0; i < COUNT / 2; i++)
        assert_int_equal(firn_slab_release(&slab, objects[i * 2]), FIRN_OK);
    assert_int_equal(pages.discarded_bytes, 0); /* every page holds something */
    for (size_t i = 0; i < COUNT / 2; i++)
        assert_int_equal(firn_slab_release(&slab, objects[i * 2 + 1]), FIRN_OK);
    size_t discarded = 41943040 - pages.live_bytes + pages.discarded_bytes;
    firn_slab_trim(&slab);
    *ret_trimmed = 41943040 - pages.live_bytes + pages.discarded_bytes;
    firn_slab_fini(&slab);
    failing_pages_check(&pages);
    return discarded;
}

static void free_pages_are_kept_as_far_as_the_user_says(void **state)
{
    (void)state;
    size_t trimmed[3];
    size_t by_default = discarded_bytes(0, &trimmed[0]);
    size_t some = discarded_bytes(8 << 20, &trimmed[1]);
    size_t all = discarded_bytes(64 << 20, &trimmed[2]);
    assert_true(by_default > 35000000);
    assert_true(some < by_default && some > 20000000);
    assert_true(all < 4194304); /* nothing but what never was used */
    for (size_t i = 0; i < 3; i++)
        assert_true(trimmed[i] > 35000000);
}

static void what_lies_ready_is_taken_without_the_rest(void **state)
{
    (void)state;
    firn_slab slab = make(NULL, 0);
    assert_null(firn_slab_alloc_ready(&slab, 100000));
    for (size_t size = 0; size <= FIRN_SLAB_SMALL_MAX; size += size / 7 + 1) {
        void *one = firn_slab_alloc(&slab, size);
        assert_non_null(one);
        if (!firn_slab_release_ready(&slab, one)) { /* builds that look at every free */
            assert_int_equal(firn_slab_release(&slab, one), FIRN_OK);
            assert_null(firn_slab_alloc_ready(&slab, size));
            continue;
        }
        assert_false(firn_slab_release_ready(&slab, one));
        assert_ptr_equal(firn_slab_alloc_ready(&slab, size), one);
        assert_true(firn_slab_usable_size(&slab, one) >= size);
        assert_int_equal(firn_slab_release(&slab, one), FIRN_OK);
    }
    void *run = firn_slab_alloc(&slab, 100000);
    assert_false(firn_slab_release_ready(&slab, run));
    assert_int_equal(firn_slab_verify(&slab), FIRN_OK);
    firn_slab_fini(&slab);
}

static uint64_t live_bytes(const firn_slab *slab)
{
    firn_usage usage;
    firn_slab_usage(slab, &usage);
    return usage.live_bytes;
}

static void what_others_released_comes_back_past_the_caches(void **state)
{
    (void)state;
    enum { COUNT = 3000 };
    static void *objects[COUNT];
    firn_slab slab = make(NULL, 0);
    for (size_t i = 0; i < COUNT; i++)
        objects[i] = firn_slab_alloc(&slab, i % 300 == 0 ? 50000 : i % 700 + 1);
    struct firn_slab_cache before[FIRN_SLAB_CLASSES];
    memcpy(before, slab.front->caches, sizeof before);
    assert_true(live_bytes(&slab) >= COUNT * 300);
    for (size_t i = 0; i < COUNT; i++)
        firn_slab_release_remote(&slab, objects[i]);
    assert_true(live_bytes(&slab) >= COUNT * 300);
    firn_slab_reclaim(&slab);
    assert_int_equal(live_bytes(&slab), 0);
    assert_memory_equal(before, slab.front->caches, sizeof before);
    assert_int_equal(firn_slab_verify(&slab), FIRN_OK);
    firn_slab_fini(&slab);
}

static void what_lay_ready_can_be_forgotten(void **state)
{
    (void)state;
    firn_slab slab = make(NULL, 0);
    void *old[50];
    for (size_t i = 0; i < 50; i++)
        old[i] = firn_slab_alloc(&slab, 64);
    for (size_t i = 0; i < 50; i++)
        assert_int_equal(firn_slab_release(&slab, old[i]), FIRN_OK);
    uint64_t live = live_bytes(&slab);
    firn_slab_forget_ready(&slab);
    assert_true(live_bytes(&slab) >= live);
    assert_null(firn_slab_alloc_ready(&slab, 64));
    bool checked = live_bytes(&slab) == 0; /* then nothing ever lies ready */
    for (size_t i = 0; i < 5000; i++) {
        void *at = firn_slab_alloc(&slab, 64);
        for (size_t j = 0; j < 50; j++)
            assert_true(checked || at != old[j]);
    }
    assert_int_equal(firn_slab_verify(&slab), FIRN_OK);
    firn_slab_fini(&slab);
}

static void its_allocator_serves_containers(void **state)
{
    (void)state;
    firn_slab slab = make(NULL, 0);
    const firn_allocator allocator = firn_slab_allocator(&slab);
    void *array = NULL;
    size_t capacity = 0;
    for (size_t wanted = 1; wanted < 1000000; wanted *= 2)
        assert_true(firn_grow(&allocator, &array, &capacity, wanted, 8));
    firn_release(&allocator, array, capacity * 8);
    firn_usage usage;
    firn_slab_usage(&slab, &usage);
    assert_int_equal(usage.live_bytes, 0);
    firn_slab_fini(&slab);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(options_that_make_no_sense_are_invalid),
        cmocka_unit_test(sizes_from_nothing_to_the_largest_are_answered),
        cmocka_unit_test(alignments_are_kept_or_refused),
        cmocka_unit_test(zeroed_memory_is_zero),
        cmocka_unit_test(large_zeroed_memory_is_zero_whatever_the_pages_hold),
        cmocka_unit_test(locked_memory_reads_as_zero_when_it_is_discarded),
        cmocka_unit_test(a_size_changes_in_place_where_it_can),
        cmocka_unit_test(a_double_free_that_follows_at_once_is_invalid),
#if !defined(NDEBUG)
        cmocka_unit_test(builds_with_assertions_find_all_misuse),
#endif
        cmocka_unit_test(a_fixed_range_is_all_there_is),
        cmocka_unit_test(the_limit_is_kept),
        cmocka_unit_test(pages_that_hold_nothing_are_given_back),
        cmocka_unit_test(free_pages_are_kept_as_far_as_the_user_says),
        cmocka_unit_test(what_lies_ready_is_taken_without_the_rest),
        cmocka_unit_test(what_others_released_comes_back_past_the_caches),
        cmocka_unit_test(what_lay_ready_can_be_forgotten),
        cmocka_unit_test(its_allocator_serves_containers),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
