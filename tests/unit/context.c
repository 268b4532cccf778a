/* Contexts: what each call promises, in all modes. */
#include <firn/context.h>

#include "support/failing.h"

#include <setjmp.h>
#include <stdarg.h>
#include <cmocka.h>

enum { MODES = FIRN_MODE_SERVER + 1 };

#define MIB ((size_t)1 << 20)

static bool is_collected(firn_mode mode)
{
    return mode == FIRN_MODE_RUNTIME || mode == FIRN_MODE_VM;
}

static firn_context *make_counted(firn_mode mode, bool statistics)
{
    firn_context *context;
    const firn_context_options options = {
        .mode = mode,
        .statistics = statistics,
        .limit_bytes = 64 * MIB,
    };
    assert_int_equal(firn_context_create(&options, &context), FIRN_OK);
    return context;
}

static firn_context *make(firn_mode mode)
{
    return make_counted(mode, false);
}

static firn_type put_leaf(firn_context *context, const char *name)
{
    firn_type type;
    const firn_type_options options = {.name = name};
    assert_int_equal(firn_context_type_put(context, &options, &type), FIRN_OK);
    return type;
}

/* A type whose words are all slots. */
static firn_type put_links(firn_context *context)
{
    firn_type type;
    const firn_type_options options = {.name = "links", .kind = FIRN_TYPE_POINTERS};
    assert_int_equal(firn_context_type_put(context, &options, &type), FIRN_OK);
    return type;
}

/* --- create --- */

static void modes_have_names(void **state)
{
    (void)state;
    assert_string_equal(firn_mode_name(FIRN_MODE_COMPILER), "compiler");
    assert_string_equal(firn_mode_name(FIRN_MODE_RUNTIME), "runtime");
    assert_string_equal(firn_mode_name(FIRN_MODE_VM), "vm");
    assert_string_equal(firn_mode_name(FIRN_MODE_SERVER), "server");
    assert_null(firn_mode_name((firn_mode)4));
    assert_null(firn_mode_name((firn_mode)-1));
}

static void options_that_make_no_sense_are_invalid(void **state)
{
    (void)state;
    static uint8_t memory[256 << 10];
    firn_context *context = NULL;
    const firn_context_options bad[] = {
        {.mode = (firn_mode)4},
        {.mode = (firn_mode)-1},
        {.reserved = {1, 0}},
        {.reserved = {0, 1}},
        {.limit_bytes = 1},
        {.limit_bytes = FIRN_CONTEXT_LIMIT_MIN - 1},
        {.nursery_bytes = MIB},
        {.pause_target_ns = 1000000},
        {.stress = true},
        {.memory = memory, .memory_bytes = sizeof memory},
        {.memory_bytes = sizeof memory},
        {.mode = FIRN_MODE_RUNTIME, .memory = memory, .memory_bytes = sizeof memory},
        {.mode = FIRN_MODE_VM, .memory = memory, .memory_bytes = sizeof memory},
        {.mode = FIRN_MODE_RUNTIME, .limit_bytes = FIRN_CONTEXT_HEAP_MIN - 1},
        {.mode = FIRN_MODE_RUNTIME, .limit_bytes = 16 * MIB - 1, .nursery_bytes = 2 * MIB},
        {.mode = FIRN_MODE_VM, .limit_bytes = ((size_t)1 << 42) + 1},
        {.mode = FIRN_MODE_VM, .nursery_bytes = 1},
        {.mode = FIRN_MODE_VM, .pause_target_ns = 1},
        {.mode = FIRN_MODE_SERVER},
        {.mode = FIRN_MODE_SERVER, .limit_bytes = (128 << 10) - 1},
        {.mode = FIRN_MODE_SERVER, .limit_bytes = MIB, .nursery_bytes = MIB},
        {.mode = FIRN_MODE_SERVER, .limit_bytes = MIB, .pause_target_ns = 1000000},
        {.mode = FIRN_MODE_SERVER, .limit_bytes = MIB, .stress = true},
        {.mode = FIRN_MODE_SERVER, .memory = memory},
        {.mode = FIRN_MODE_SERVER, .memory_bytes = sizeof memory},
        {.mode = FIRN_MODE_SERVER, .memory_bytes = sizeof memory, .limit_bytes = MIB},
        {.mode = FIRN_MODE_SERVER, .memory = memory, .memory_bytes = SIZE_MAX},
        {.mode = FIRN_MODE_SERVER, .memory = memory, .memory_bytes = FIRN_CONTEXT_MEMORY_MIN - 1},
        {.mode = FIRN_MODE_SERVER,
         .memory = memory,
         .memory_bytes = sizeof memory,
         .limit_bytes = sizeof memory},
        {.mode = FIRN_MODE_SERVER,
         .memory = memory,
         .memory_bytes = sizeof memory,
         .allocator = firn_allocator_system()},
    };
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        if (firn_context_create(&bad[i], &context) != FIRN_INVALID)
            fail_msg("options %zu are not invalid", i);
        assert_null(context);
    }
    firn_context_destroy(NULL);
}

static void no_options_are_a_compilers(void **state)
{
    (void)state;
    firn_context *context;
    assert_int_equal(firn_context_create(NULL, &context), FIRN_OK);
    assert_int_equal(firn_context_mode(context), FIRN_MODE_COMPILER);
    firn_type type = put_leaf(context, NULL);
    assert_non_null(firn_context_alloc(context, type, 100 * MIB));
    firn_context_destroy(context);
}

static void the_least_limits_suffice(void **state)
{
    (void)state;
    const firn_context_options least[] = {
        {.limit_bytes = FIRN_CONTEXT_LIMIT_MIN},
        {.mode = FIRN_MODE_RUNTIME, .limit_bytes = FIRN_CONTEXT_HEAP_MIN},
        {.mode = FIRN_MODE_VM, .limit_bytes = FIRN_CONTEXT_HEAP_MIN},
        {.mode = FIRN_MODE_VM, .limit_bytes = 12 * MIB},
        {.mode = FIRN_MODE_VM, .limit_bytes = 16 * MIB - 1},
        {.mode = FIRN_MODE_SERVER, .limit_bytes = 128 << 10},
    };
    for (size_t i = 0; i < sizeof least / sizeof least[0]; i++) {
        firn_context *context;
        assert_int_equal(firn_context_create(&least[i], &context), FIRN_OK);
        assert_int_equal(firn_context_mode(context), least[i].mode);
        firn_type type = put_leaf(context, "object");
        for (int object = 0; object < 20; object++)
            assert_non_null(firn_context_alloc(context, type, 100));
        firn_context_destroy(context);
    }
}

static void what_lies_underneath_is_one_of_three(void **state)
{
    (void)state;
    for (int mode = 0; mode < MODES; mode++) {
        firn_context *context = make((firn_mode)mode);
        assert_int_equal(firn_context_mode(context), mode);
        assert_int_equal(firn_context_arena(context) != NULL, mode == FIRN_MODE_COMPILER);
        assert_int_equal(firn_context_heap(context) != NULL, is_collected((firn_mode)mode));
        assert_int_equal(firn_context_slab(context) != NULL, mode == FIRN_MODE_SERVER);
        firn_context_destroy(context);
    }
}

static void a_container_lives_in_what_lies_underneath(void **state)
{
    (void)state;
    firn_context *context = make(FIRN_MODE_SERVER);
    firn_allocator allocator = firn_slab_allocator(firn_context_slab(context));
    void *array = NULL;
    size_t capacity = 0;
    assert_true(firn_grow(&allocator, &array, &capacity, 1000, 8));
    firn_release(&allocator, array, capacity * 8);
    firn_context_destroy(context);
}

/* --- types --- */

static void trace_nothing(void *object, size_t size, firn_tracer *tracer)
{
    (void)object;
    (void)size;
    (void)tracer;
}

static void types_are_checked_the_same_in_all_modes(void **state)
{
    (void)state;
    static const uint32_t offsets[] = {0, 8}, odd[] = {4}, far[] = {FIRN_HEAP_OBJECT_MAX};
    const firn_type_options good[] = {
        {.name = "leaf"},
        {.kind = FIRN_TYPE_MAP, .offsets = offsets, .offset_count = 2},
        {.kind = FIRN_TYPE_POINTERS},
        {.kind = FIRN_TYPE_TRACE, .trace = trace_nothing},
    };
    const firn_type_options bad[] = {
        {.reserved = {1, 0}},
        {.reserved = {0, 1}},
        {.kind = (firn_type_kind)4},
        {.kind = (firn_type_kind)-1},
        {.trace = trace_nothing},
        {.offsets = offsets},
        {.offset_count = 2},
        {.kind = FIRN_TYPE_MAP},
        {.kind = FIRN_TYPE_MAP, .offsets = offsets},
        {.kind = FIRN_TYPE_MAP, .offset_count = 2},
        {.kind = FIRN_TYPE_MAP, .offsets = odd, .offset_count = 1},
        {.kind = FIRN_TYPE_MAP, .offsets = far, .offset_count = 1},
        {.kind = FIRN_TYPE_MAP, .offsets = offsets, .offset_count = 2, .trace = trace_nothing},
        {.kind = FIRN_TYPE_POINTERS, .offsets = offsets, .offset_count = 2},
        {.kind = FIRN_TYPE_TRACE},
    };
    for (int mode = 0; mode < MODES; mode++) {
        firn_context *context = make((firn_mode)mode);
        firn_type type = 12345;
        assert_int_equal(firn_context_type_put(context, NULL, &type), FIRN_INVALID);
        for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
            assert_int_equal(firn_context_type_put(context, &bad[i], &type), FIRN_INVALID);
            if (firn_context_heap(context) != NULL) /* they are the heap's own rules */
                assert_int_equal(firn_heap_type_put(firn_context_heap(context), &bad[i], &type),
                                 FIRN_INVALID);
        }
        assert_int_equal(type, 12345);
        for (size_t i = 0; i < sizeof good / sizeof good[0]; i++) {
            assert_int_equal(firn_context_type_put(context, &good[i], &type), FIRN_OK);
            assert_non_null(firn_context_alloc(context, type, 40));
        }
        assert_int_equal(firn_context_stats(context, NULL, 0), 4);
        firn_context_destroy(context);
    }
}

static void types_are_limited_to_65535(void **state)
{
    (void)state;
    for (int mode = 0; mode < MODES; mode++) {
        firn_context *context = make((firn_mode)mode);
        const firn_type_options options = {.name = "type"};
        firn_type type = 0;
        for (int i = 0; i < 65535; i++)
            assert_int_equal(firn_context_type_put(context, &options, &type), FIRN_OK);
        firn_type last = type;
        assert_int_equal(firn_context_type_put(context, &options, &type), FIRN_LIMIT);
        assert_int_equal(type, last);
        assert_non_null(firn_context_alloc(context, last, 8));
        firn_context_destroy(context);
    }
}

static void a_type_registered_behind_the_contexts_back_is_found(void **state)
{
    (void)state;
    firn_context *context = make(FIRN_MODE_VM);
    const firn_type_options options = {.name = "stranger"};
    firn_type type;
    assert_int_equal(firn_heap_type_put(firn_context_heap(context), &options, &type), FIRN_OK);
    assert_int_equal(firn_context_type_put(context, &options, &type), FIRN_INVALID);
    firn_context_destroy(context);
}

/* --- making --- */

static void an_unknown_type_makes_nothing(void **state)
{
    (void)state;
    static const firn_type unknown[] = {1, 2, 65535, 65536, 65537, 131072, UINT32_MAX};
    for (int mode = 0; mode < 2 * MODES; mode++) {
        firn_context *context = make_counted((firn_mode)(mode % MODES), mode >= MODES);
        assert_null(firn_context_alloc(context, 0, 8));
        assert_null(firn_context_alloc_aligned(context, 0, 8, 64));
        firn_type known = put_leaf(context, "known");
        uint8_t *object = firn_context_alloc(context, known, 8);
        assert_non_null(object);
        for (size_t i = 0; i < sizeof unknown / sizeof unknown[0]; i++) {
            assert_null(firn_context_alloc(context, unknown[i], 8));
            assert_null(firn_context_alloc_zeroed(context, unknown[i], 1, 8));
            assert_null(firn_context_alloc_aligned(context, unknown[i], 8, 8));
            assert_null(firn_context_alloc_aligned(context, unknown[i], 8, 64));
            assert_null(firn_context_realloc(context, unknown[i], object, 8, 16));
            assert_int_equal(firn_context_release(context, unknown[i], object, 8), FIRN_INVALID);
        }
        assert_non_null(firn_context_alloc(context, known, 8));
        firn_context_destroy(context);
    }
}

static void sizes_from_nothing_to_the_largest_are_answered(void **state)
{
    (void)state;
    const size_t huge[] = {SIZE_MAX,
                           SIZE_MAX - 7,
                           SIZE_MAX - 15,
                           (size_t)PTRDIFF_MAX + 1,
                           (size_t)PTRDIFF_MAX - 100000,
                           65 * MIB};
    for (int mode = 0; mode < 2 * MODES; mode++) {
        firn_context *context = make_counted((firn_mode)(mode % MODES), mode >= MODES);
        firn_type type = put_leaf(context, "bytes");
        for (size_t size = 0; size < 5 * MIB; size += size / 5 + 1) {
            uint8_t *object = firn_context_alloc(context, type, size);
            assert_non_null(object);
            assert_int_equal((uintptr_t)object % 8, 0);
            memset(object, 0xa5, size);
            assert_int_equal(firn_context_release(context, type, object, size), FIRN_OK);
        }
        uint8_t *object = firn_context_alloc(context, type, 0);
        assert_ptr_not_equal(object, firn_context_alloc(context, type, 0));
        for (size_t i = 0; i < sizeof huge / sizeof huge[0]; i++) {
            assert_null(firn_context_alloc(context, type, huge[i]));
            assert_null(firn_context_alloc_zeroed(context, type, 1, huge[i]));
            assert_null(firn_context_alloc_aligned(context, type, huge[i], 8));
            assert_null(firn_context_alloc_aligned(context, type, huge[i], 64));
        }
        assert_null(firn_context_alloc_zeroed(context, type, SIZE_MAX / 8, 16));
        assert_non_null(firn_context_alloc(context, type, 8));
        firn_context_destroy(context);
    }
}

static void twenty_four_bytes_take_no_more_in_a_compiler(void **state)
{
    (void)state;
    firn_context *context = make(FIRN_MODE_COMPILER);
    firn_type type = put_leaf(context, "node");
    uint8_t *one = firn_context_alloc(context, type, 24);
    uint8_t *two = firn_context_alloc(context, type, 24);
    assert_ptr_equal(two, one + 24);
    firn_context_destroy(context);
}

/* Both bump the same chunk, one at multiples of 8, the other of 16. */
static void a_compilers_arena_may_be_used_directly_too(void **state)
{
    (void)state;
    firn_context *context = make(FIRN_MODE_COMPILER);
    firn_arena *arena = firn_context_arena(context);
    firn_type type = put_leaf(context, "node");
    for (int round = 0; round < 2; round++) {
        uint8_t *objects[300] = {0};
        firn_arena_mark mark = {0};
        for (size_t i = 0; i < 300; i++) {
            size_t size = 1 + i % 50;
            if (i == 200)
                mark = firn_arena_mark_get(arena);
            objects[i] = i % 3 == 0   ? firn_arena_alloc(arena, size)
                         : i % 7 == 0 ? firn_context_alloc_aligned(context, type, size, 32)
                                      : firn_context_alloc(context, type, size);
            assert_int_equal((uintptr_t)objects[i] % (i % 3 == 0 ? 16 : i % 7 == 0 ? 32 : 8), 0);
            memset(objects[i], (int)i, size);
        }
        for (size_t i = 0; i < 300; i++) {
            for (size_t byte = 0; byte < 1 + i % 50; byte++)
                assert_int_equal(objects[i][byte], (uint8_t)i);
        }
        assert_int_equal(firn_context_release(context, type, objects[299], 50), FIRN_OK);
        assert_ptr_equal(firn_context_alloc(context, type, 9), objects[299]);
        firn_usage usage;
        firn_context_usage(context, &usage);
        assert_in_range(usage.live_bytes, 300 * 25, 300 * 45);
        firn_arena_rewind(arena, mark);
        assert_ptr_equal(firn_context_alloc(context, type, 9), objects[200]);
        assert_int_equal(firn_context_reset(context), FIRN_OK);
    }
    firn_context_destroy(context);
}

static void zeroed_objects_are_zero(void **state)
{
    (void)state;
    for (int mode = 0; mode < 2 * MODES; mode++) {
        firn_context *context = make_counted((firn_mode)(mode % MODES), mode >= MODES);
        firn_type type = put_leaf(context, "bytes");
        for (int i = 0; i < 3000; i++) {
            uint8_t *object = firn_context_alloc_zeroed(context, type, 9, 11);
            assert_non_null(object);
            for (int byte = 0; byte < 99; byte++)
                assert_int_equal(object[byte], 0);
            memset(object, 0xff, 99);
            assert_int_equal(firn_context_release(context, type, object, 99), FIRN_OK);
        }
        assert_non_null(firn_context_alloc_zeroed(context, type, 0, 8));
        firn_context_destroy(context);
    }
}

static void alignments_are_kept_or_refused(void **state)
{
    (void)state;
    const size_t bad[] = {0, 3, 12, 4097, 8192, 65536, SIZE_MAX};
    for (int mode = 0; mode < 2 * MODES; mode++) {
        firn_context *context = make_counted((firn_mode)(mode % MODES), mode >= MODES);
        bool moving = is_collected((firn_mode)(mode % MODES));
        firn_type type = put_leaf(context, "aligned");
        for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
            assert_null(firn_context_alloc_aligned(context, type, 8, bad[i]));
        for (size_t alignment = 1; alignment <= 4096; alignment *= 2) {
            assert_non_null(firn_context_alloc(context, type, 9));
            uint8_t *object = firn_context_alloc_aligned(context, type, 100, alignment);
            assert_int_equal(object == NULL, moving && alignment > 8);
            assert_int_equal((uintptr_t)object % alignment, 0);
            if (object != NULL)
                memset(object, 1, 100);
        }
        firn_context_destroy(context);
    }
}

static void the_limit_is_kept_and_the_context_works_on(void **state)
{
    (void)state;
    static void *objects[100000];
    for (int mode = 0; mode < MODES; mode++) {
        firn_context *context;
        const firn_context_options options = {.mode = (firn_mode)mode, .limit_bytes = 16 * MIB};
        assert_int_equal(firn_context_create(&options, &context), FIRN_OK);
        firn_type type = put_leaf(context, "kilobyte");
        for (int round = 0; round < 3; round++) {
            size_t count = 0;
            firn_roots frame;
            memset(objects, 0, sizeof objects);
            firn_context_roots_begin(context, &frame, objects, 100000);
            while ((objects[count] = firn_context_alloc(context, type, 1000)) != NULL)
                count++;
            assert_in_range(count, 5000, 16 * MIB / 1000);
            assert_null(firn_context_alloc(context, type, 1000));
            firn_usage usage;
            firn_context_usage(context, &usage);
            assert_true(usage.live_bytes + usage.overhead_bytes <= usage.reserved_bytes);
            assert_true(usage.live_bytes >= count * 1000);
            for (size_t i = 0; i < count; i++)
                assert_int_equal(firn_context_release(context, type, objects[i], 1000), FIRN_OK);
            firn_context_roots_end(context, &frame);
            assert_int_equal(firn_context_reset(context),
                             mode == FIRN_MODE_COMPILER ? FIRN_OK : FIRN_UNSUPPORTED);
        }
        firn_context_destroy(context);
    }
}

/* --- changing and releasing --- */

static void an_object_changes_its_size_and_keeps_its_content(void **state)
{
    (void)state;
    static const size_t sizes[] = {1, 0, 24, 25, 4000, 9000, 40000, 200000, 70000, 5, 24};
    for (int mode = 0; mode < 2 * MODES; mode++) {
        firn_context *context = make_counted((firn_mode)(mode % MODES), mode >= MODES);
        firn_type type = put_leaf(context, "text");
        uint8_t *text = NULL;
        size_t old_size = 0;
        assert_int_equal(firn_context_root_put(context, (void **)&text), FIRN_OK);
        for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++) {
            text = firn_context_realloc(context, type, text, old_size, sizes[i]);
            assert_non_null(text);
            size_t kept = old_size < sizes[i] ? old_size : sizes[i];
            for (size_t byte = 0; byte < kept; byte++)
                assert_int_equal(text[byte], (uint8_t)byte);
            for (size_t byte = 0; byte < sizes[i]; byte++)
                text[byte] = (uint8_t)byte;
            old_size = sizes[i];
        }
        assert_null(firn_context_realloc(context, type, text, old_size, SIZE_MAX));
        assert_null(firn_context_realloc(context, type, text, old_size, 65 * MIB));
        assert_null(firn_context_realloc(context, type, NULL, 0, SIZE_MAX));
        assert_int_equal(text[23], 23);
        firn_context_destroy(context);
    }
}

static void finalise_nothing(firn_heap *heap, void *object, size_t size, void *context)
{
    (void)heap;
    (void)object;
    (void)size;
    ++*(int *)context;
}

static void an_object_with_a_finaliser_does_not_change_its_size(void **state)
{
    (void)state;
    for (int mode = 0; mode < 2 * MODES; mode++) {
        firn_context *context = make_counted((firn_mode)(mode % MODES), mode >= MODES);
        int finalised = 0;
        const firn_type_options options = {
            .finalise = finalise_nothing,
            .finalise_context = &finalised,
        };
        firn_type type;
        assert_int_equal(firn_context_type_put(context, &options, &type), FIRN_OK);
        void *object = firn_context_alloc(context, type, 100);
        assert_non_null(object);
        assert_null(firn_context_realloc(context, type, object, 100, 200));
        assert_non_null(firn_context_realloc(context, type, NULL, 0, 200));
        if (is_collected((firn_mode)(mode % MODES))) {
            assert_int_equal(firn_heap_collect(firn_context_heap(context), FIRN_COLLECT_FULL),
                             FIRN_OK);
            assert_int_equal(finalised, 2);
        }
        firn_context_destroy(context);
    }
}

/* Registers types, which moves the table of all of them. */
static void finalise_with_types(firn_heap *heap, void *object, size_t size, void *context)
{
    (void)heap;
    (void)object;
    (void)size;
    put_leaf(context, "late");
}

static void a_finaliser_may_register_types(void **state)
{
    (void)state;
    firn_context *context;
    const firn_context_options options = {.mode = FIRN_MODE_VM, .statistics = true, .stress = true};
    assert_int_equal(firn_context_create(&options, &context), FIRN_OK);
    const firn_type_options mortal = {.finalise = finalise_with_types, .finalise_context = context};
    firn_type leaf = put_leaf(context, "leaf"), type;
    assert_int_equal(firn_context_type_put(context, &mortal, &type), FIRN_OK);
    for (uint64_t i = 0; i < 300; i++) {
        void *text = firn_context_alloc(context, leaf, 8);
        assert_non_null(firn_context_realloc(context, leaf, text, 8, 16));
        assert_non_null(firn_context_alloc(context, type, 8));
    }
    firn_context_type_stats rows[2];
    assert_true(firn_context_stats(context, rows, 2) > 200);
    assert_int_equal(rows[0].total_bytes, 300 * 16);
    assert_int_equal(rows[1].total_count, 300);
    firn_context_destroy(context);
}

static void an_object_in_no_root_survives_its_change(void **state)
{
    (void)state;
    firn_context *context;
    const firn_context_options options = {.mode = FIRN_MODE_VM, .stress = true};
    assert_int_equal(firn_context_create(&options, &context), FIRN_OK);
    firn_type type = put_links(context);
    void *object = NULL;
    size_t old_words = 0;
    for (size_t words = 1; words < 6000; words += words / 4 + 1) {
        void *changed = firn_context_realloc(context, type, object, old_words * 8, words * 8);
        firn_roots frame;
        firn_context_roots_begin(context, &frame, &changed, 1);
        void *leaf = firn_context_alloc(context, type, 8);
        firn_context_roots_end(context, &frame);
        firn_context_write(context, changed, (void **)changed + words - 1, leaf);
        assert_int_equal(firn_heap_verify(firn_context_heap(context), NULL), FIRN_OK);
        object = changed;
        old_words = words;
    }
    firn_context_destroy(context);
}

static void releasing_frees_what_the_mode_can(void **state)
{
    (void)state;
    for (int mode = 0; mode < 2 * MODES; mode++) {
        firn_context *context = make_counted((firn_mode)(mode % MODES), mode >= MODES);
        firn_type type = put_leaf(context, "object");
        assert_int_equal(firn_context_release(context, type, NULL, 0), FIRN_OK);
        uint8_t *first = firn_context_alloc(context, type, 64);
        uint8_t *newest = firn_context_alloc(context, type, 64);
        assert_int_equal(firn_context_release(context, type, newest, 64), FIRN_OK);
        uint8_t *next = firn_context_alloc(context, type, 64);
        assert_int_equal(next == newest, !is_collected((firn_mode)(mode % MODES)));
        uint8_t *nothing = firn_context_alloc(context, type, 0);
        assert_int_equal(firn_context_release(context, type, nothing, 0), FIRN_OK);
        next = firn_context_alloc(context, type, 1);
        assert_int_equal(next == nothing, !is_collected((firn_mode)(mode % MODES)));
        assert_int_equal(firn_context_release(context, type, first, 64), FIRN_OK);
        next = firn_context_alloc(context, type, 64);
        assert_int_equal(next == first, mode % MODES == FIRN_MODE_SERVER);
        firn_context_destroy(context);
    }
}

static void a_server_finds_a_release_that_follows_at_once(void **state)
{
    (void)state;
    for (int counted = 0; counted <= 1; counted++) {
        firn_context *context = make_counted(FIRN_MODE_SERVER, counted != 0);
        firn_type type = put_leaf(context, "object");
        void *object = firn_context_alloc(context, type, 64);
        assert_int_equal(firn_context_release(context, type, object, 64), FIRN_OK);
        assert_int_equal(firn_context_release(context, type, object, 64), FIRN_INVALID);
        firn_context_type_stats row;
        firn_context_stats(context, &row, 1);
        assert_int_equal(row.live_count, 0);
        firn_context_destroy(context);
    }
}

static void a_reset_keeps_the_memory(void **state)
{
    (void)state;
    failing memory;
    failing_init(&memory, 0);
    firn_context *context;
    const firn_context_options options = {.allocator = &memory.allocator};
    assert_int_equal(firn_context_create(&options, &context), FIRN_OK);
    firn_type type = put_leaf(context, "node");
    size_t calls = 0;
    for (int round = 0; round < 4; round++) {
        for (int i = 0; i < 50000; i++)
            assert_non_null(firn_context_alloc(context, type, 48));
        assert_int_equal(firn_context_reset(context), FIRN_OK);
        if (round == 0)
            calls = atomic_load(&memory.calls);
    }
    assert_int_equal(atomic_load(&memory.calls), calls);
    firn_context_destroy(context);
    failing_check(&memory);
}

/* --- roots --- */

static void what_is_rooted_or_written_stays(void **state)
{
    (void)state;
    for (int mode = 0; mode < MODES; mode++) {
        firn_context *context;
        const firn_context_options options = {
            .mode = (firn_mode)mode,
            .stress = is_collected((firn_mode)mode),
            .limit_bytes = 64 * MIB,
        };
        assert_int_equal(firn_context_create(&options, &context), FIRN_OK);
        firn_type links = put_links(context), leaf = put_leaf(context, "leaf");
        void *lasting = NULL, *slots[2] = {NULL, NULL};
        firn_roots frame;
        assert_int_equal(firn_context_root_put(context, &lasting), FIRN_OK);
        firn_context_roots_begin(context, &frame, slots, 2);
        lasting = firn_context_alloc_zeroed(context, links, 1000, sizeof(void *));
        for (size_t i = 0; i < 1000; i++) {
            slots[0] = firn_context_alloc(context, leaf, 8);
            *(uint64_t *)slots[0] = i;
            slots[1] = firn_context_alloc_zeroed(context, links, 2, sizeof(void *));
            firn_context_write(context, slots[1], slots[1], slots[0]);
            void **slot = (void **)lasting + i; /* in an object that is old by now */
            if (i % 2 == 0) {
                firn_context_write(context, lasting, slot, slots[1]);
                continue;
            }
            memcpy(slot, &slots[1], sizeof(void *));
            firn_context_wrote(context, lasting, slot, sizeof(void *));
        }
        firn_context_roots_end(context, &frame);
        for (size_t i = 0; i < 1000; i++) {
            void **link = ((void **)lasting)[i];
            assert_int_equal(*(uint64_t *)link[0], i);
            assert_null(link[1]);
        }
        assert_int_equal(firn_context_root_remove(context, &lasting), FIRN_OK);
        assert_int_equal(firn_context_root_remove(context, &lasting),
                         is_collected((firn_mode)mode) ? FIRN_NOT_FOUND : FIRN_OK);
        firn_context_destroy(context);
    }
}

static void contexts_share_nothing(void **state)
{
    (void)state;
    firn_context *contexts[12];
    firn_type types[12];
    uint64_t *objects[12];
    for (size_t i = 0; i < 12; i++) {
        contexts[i] = make((firn_mode)(i % MODES));
        for (size_t type = 0; type <= i; type++)
            types[i] = put_leaf(contexts[i], "type");
        assert_int_equal(firn_context_root_put(contexts[i], (void **)&objects[i]), FIRN_OK);
        objects[i] = firn_context_alloc(contexts[i], types[i], 8);
        *objects[i] = i;
    }
    for (size_t i = 0; i < 12; i += 2)
        firn_context_destroy(contexts[i]);
    for (size_t i = 1; i < 12; i += 2) {
        assert_non_null(firn_context_alloc(contexts[i], types[i], 100000));
        assert_int_equal(*objects[i], i);
        firn_context_destroy(contexts[i]);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(modes_have_names),
        cmocka_unit_test(options_that_make_no_sense_are_invalid),
        cmocka_unit_test(no_options_are_a_compilers),
        cmocka_unit_test(the_least_limits_suffice),
        cmocka_unit_test(what_lies_underneath_is_one_of_three),
        cmocka_unit_test(a_container_lives_in_what_lies_underneath),
        cmocka_unit_test(types_are_checked_the_same_in_all_modes),
        cmocka_unit_test(types_are_limited_to_65535),
        cmocka_unit_test(a_type_registered_behind_the_contexts_back_is_found),
        cmocka_unit_test(an_unknown_type_makes_nothing),
        cmocka_unit_test(sizes_from_nothing_to_the_largest_are_answered),
        cmocka_unit_test(twenty_four_bytes_take_no_more_in_a_compiler),
        cmocka_unit_test(a_compilers_arena_may_be_used_directly_too),
        cmocka_unit_test(zeroed_objects_are_zero),
        cmocka_unit_test(alignments_are_kept_or_refused),
        cmocka_unit_test(the_limit_is_kept_and_the_context_works_on),
        cmocka_unit_test(an_object_changes_its_size_and_keeps_its_content),
        cmocka_unit_test(an_object_with_a_finaliser_does_not_change_its_size),
        cmocka_unit_test(a_finaliser_may_register_types),
        cmocka_unit_test(an_object_in_no_root_survives_its_change),
        cmocka_unit_test(releasing_frees_what_the_mode_can),
        cmocka_unit_test(a_server_finds_a_release_that_follows_at_once),
        cmocka_unit_test(a_reset_keeps_the_memory),
        cmocka_unit_test(what_is_rooted_or_written_stays),
        cmocka_unit_test(contexts_share_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
