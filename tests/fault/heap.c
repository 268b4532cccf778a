/* A heap whose every allocation and every request of pages fails in turn, once or from then on:
 * each call says so and leaves the heap whole, what lives stays, and nothing leaks. */
#include "alloc/heap/space.h"
#include "core/fault.h"

#include "support/failing.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <cmocka.h>

#if defined(FIRN_FAULTS) && FIRN_FAULTS

#define OBJECTS 64
#define BYTES 30000

static void finalise(firn_heap *heap, void *object, size_t size, void *context)
{
    (void)heap;
    (void)size;
    (void)context;
    assert_int_equal(*(uint64_t *)object, 7);
}

static void assert_whole(firn_heap *heap)
{
    firn_error error = {0};
    firn_status status = firn_heap_verify(heap, &error);
    if (status != FIRN_OK && status != FIRN_NO_MEMORY)
        fail_msg("%s", error.text);
}

static bool fill_one(firn_heap *heap, firn_type type, size_t size, void **slot)
{
    uint8_t *object = firn_heap_alloc(heap, type, size);
    if (object == NULL) {
        assert_int_equal(firn_heap_status(heap), FIRN_NO_MEMORY);
        return false;
    }
    memset(object, 7, size);
    *slot = object;
    return true;
}

/* All that a heap asks memory for; returns how many calls failed. */
static size_t work_on(firn_heap *heap)
{
    void *slots[OBJECTS] = {0};
    size_t failed = 0;
    firn_type leaf, final;
    firn_roots frame;
    firn_type_options options = {.name = "leaf"};
    if (firn_heap_type_put(heap, &options, &leaf) != FIRN_OK)
        return 1;
    options.finalise = finalise;
    if (firn_heap_type_put(heap, &options, &final) != FIRN_OK)
        return 1;
    firn_roots_begin(heap, &frame, slots, OBJECTS);
    firn_handle_scope scope = firn_handles_begin(heap);
    for (size_t i = 0; i < OBJECTS; i++) {
        failed += !fill_one(heap, leaf, i % 8 == 0 ? 600000 : 8000 + i, &slots[i]);
        if (i % 16 == 0) {
            uint64_t *object = firn_heap_alloc(heap, final, 8);
            failed += object == NULL;
            if (object != NULL)
                *object = 7;
        }
        for (size_t j = 0; j < 40; j++) {
            void *garbage;
            failed += !fill_one(heap, leaf, 1000, &garbage);
        }
        failed += firn_handle_get(heap, slots[i]) == NULL;
        failed += slots[i] != NULL && firn_weak_create(heap, slots[i]) == NULL;
        failed += firn_heap_root_put(heap, &slots[i]) != FIRN_OK;
        if (i % 16 == 15) {
            firn_status status = firn_heap_collect(heap, (firn_collection)(i / 16 % 3));
            assert_true(status == FIRN_OK || status == FIRN_NO_MEMORY);
            failed += status != FIRN_OK;
        }
        if (i % 8 == 7)
            assert_whole(heap);
    }
    for (size_t i = 0; i < OBJECTS; i++) {
        for (size_t j = 0; slots[i] != NULL && j < firn_heap_size(slots[i]); j += 97)
            assert_int_equal(((uint8_t *)slots[i])[j], 7);
        firn_status status = firn_heap_root_remove(heap, &slots[i]);
        assert_true(status == FIRN_OK || status == FIRN_NOT_FOUND);
    }
    firn_handles_end(heap, scope);
    firn_roots_end(heap, &frame);
    return failed;
}

static size_t work(failing *memory)
{
    firn_heap_options options = {.allocator = &memory->allocator, .nursery_bytes = 128 << 10};
    firn_heap *heap = NULL;
    firn_status status = firn_heap_create(&options, &heap);
    if (status != FIRN_OK) {
        assert_int_equal(status, FIRN_NO_MEMORY);
        assert_null(heap);
        return 1;
    }
    size_t failed = work_on(heap);
    firn_heap_destroy(heap);
    return failed;
}

static void heap_survives_every_allocation_failing(void **state)
{
    (void)state;
    failing memory;
    failing_init(&memory, 0);
    assert_int_equal(work(&memory), 0);
    failing_check(&memory);
    size_t count = atomic_load(&memory.calls);
    assert_true(count > OBJECTS);
    for (size_t at = 1; at <= count; at++) {
        for (int onwards = 0; onwards < 2; onwards++) {
            failing_init(&memory, at);
            memory.fail_onwards = onwards;
            work(&memory);
            failing_check(&memory);
        }
    }
}

static void set_fault(unsigned at, const char *onwards)
{
    char text[40];
    snprintf(text, sizeof text, "mmap:%u%s:ENOMEM", at, onwards);
    setenv("FIRN_FAULT_IO", text, 1);
    firn_fault_reload();
}

static void heap_survives_every_request_of_pages_failing(void **state)
{
    (void)state;
    failing memory;
    unsigned reached = 0;
    for (unsigned at = 1; at < 1000; at++) {
        size_t failed = 0;
        for (int onwards = 0; onwards < 2; onwards++) {
            set_fault(at, onwards ? "+" : "");
            failing_init(&memory, 0);
            failed += work(&memory);
            failing_check(&memory);
        }
        reached = failed > 0 ? at : reached;
        if (at > reached + 30)
            break; /* no more requests than that */
    }
    unsetenv("FIRN_FAULT_IO");
    firn_fault_reload();
    assert_true(reached > 10);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(heap_survives_every_allocation_failing),
        cmocka_unit_test(heap_survives_every_request_of_pages_failing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

#else

int main(void)
{
    printf("built without FIRN_FAULTS\n");
    return 0;
}

#endif
