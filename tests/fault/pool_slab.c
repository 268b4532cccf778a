/* A pool and a slab when each allocation or mapping fails in turn: what lives stays, what is asked
 * for again comes, and nothing leaks. */
#include <firn/pool.h>
#include <firn/slab.h>

#include "core/fault.h"

#include "support/page_source.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <cmocka.h>

enum { OBJECTS = 40000, BLOCKS = 400 };

static firn_status fill_pool(const firn_allocator *allocator, void *context)
{
    (void)context;
    static uint32_t *objects[OBJECTS];
    firn_pool pool;
    const firn_pool_options options = {.allocator = allocator, .object_bytes = 64};
    firn_status status = firn_pool_init(&pool, &options);
    assert_int_equal(status, FIRN_OK);
    uint32_t count = 0;
    while (count < OBJECTS) {
        uint32_t *object = firn_pool_alloc(&pool);
        if (object == NULL) {
            if (status == FIRN_NO_MEMORY && firn_pool_alloc(&pool) == NULL)
                break;
            status = FIRN_NO_MEMORY;
            assert_int_equal(firn_pool_verify(&pool), FIRN_OK);
            continue;
        }
        *object = count;
        objects[count++] = object;
    }
    for (uint32_t i = 0; i < count; i++) {
        assert_int_equal(*objects[i], i);
        assert_int_equal(firn_pool_free(&pool, objects[i]), FIRN_OK);
    }
    assert_int_equal(firn_pool_verify(&pool), FIRN_OK);
    firn_pool_fini(&pool);
    return status;
}

static void a_pool_survives_each_allocation_failing(void **state)
{
    (void)state;
    assert_true(failing_each(fill_pool, NULL) > 10);
}

#if defined(FIRN_FAULTS) && FIRN_FAULTS
/* Without the range there are extents; without a part of it there is less of it. */
static void a_pool_survives_each_request_of_pages_failing(void **state)
{
    (void)state;
    unsigned reached = 0;
    for (unsigned at = 1; at <= reached + 10; at++) {
        for (int onwards = 0; onwards <= 1; onwards++) {
            char text[40];
            snprintf(text, sizeof text, "mmap:%u%s:ENOMEM", at, onwards ? "+" : "");
            setenv("FIRN_FAULT_IO", text, 1);
            firn_fault_reload();
            firn_status status = fill_pool(NULL, NULL);
            assert_true(at > 1 || status == FIRN_OK);
            reached = status != FIRN_OK ? at : reached;
        }
    }
    unsetenv("FIRN_FAULT_IO");
    firn_fault_reload();
    assert_true(reached > 10);
}
#endif

struct block {
    uint8_t *at;
    size_t size;
};

static void check_block(const struct block *block, size_t number)
{
    assert_int_equal(block->at[0], (uint8_t)number);
    assert_int_equal(block->at[block->size - 1], (uint8_t)number);
}

/* Allocates blocks of all sizes, grows some, frees all. Returns how many calls failed. */
static size_t fill_slab(firn_slab *slab)
{
    static struct block blocks[BLOCKS];
    size_t count = 0, failed = 0;
    for (size_t i = 0; i < BLOCKS; i++) {
        size_t size = i % 50 == 0 ? 3000000 + i * 4096 : (i * 7919) % 60000 + 1;
        uint8_t *at = firn_slab_alloc(slab, size);
        if (at == NULL) {
            failed++;
            assert_int_equal(firn_slab_verify(slab), FIRN_OK);
            continue;
        }
        at[0] = at[size - 1] = (uint8_t)count;
        blocks[count++] = (struct block){at, size};
    }
    for (size_t i = 0; i < count; i += 3) {
        size_t size = blocks[i].size * 2;
        uint8_t *at = firn_slab_realloc(slab, blocks[i].at, size);
        failed += at == NULL;
        check_block(&(struct block){at != NULL ? at : blocks[i].at, blocks[i].size}, i);
        if (at == NULL)
            continue;
        at[size - 1] = (uint8_t)i;
        blocks[i] = (struct block){at, size};
    }
    for (size_t i = 0; i < count; i++) {
        check_block(&blocks[i], i);
        assert_int_equal(firn_slab_release(slab, blocks[i].at), FIRN_OK);
    }
    assert_int_equal(firn_slab_verify(slab), FIRN_OK);
    return failed;
}

static void a_slab_survives_each_mapping_failing(void **state)
{
    (void)state;
    for (int onwards = 0; onwards <= 1; onwards++) {
        size_t failed = 0;
        for (size_t fail_at = 1;; fail_at++) {
            failing_pages pages;
            firn_slab slab;
            failing_pages_init(&pages, fail_at);
            pages.fail_onwards = onwards != 0;
            const firn_slab_options options = {.source = &pages.source};
            firn_status status = firn_slab_init(&slab, &options);
            assert_int_equal(status, fail_at == 1 ? FIRN_NO_MEMORY : FIRN_OK);
            if (status == FIRN_OK) {
                failed += fill_slab(&slab);
                firn_slab_fini(&slab);
            }
            failing_pages_check(&pages);
            if (pages.calls < fail_at)
                break;
        }
        assert_true(onwards == 0 || failed > 0);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_pool_survives_each_allocation_failing),
#if defined(FIRN_FAULTS) && FIRN_FAULTS
        cmocka_unit_test(a_pool_survives_each_request_of_pages_failing),
#endif
        cmocka_unit_test(a_slab_survives_each_mapping_failing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
