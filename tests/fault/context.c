/* A context when each allocation fails in turn: creating one, registering types, making objects.
 * What failed can be asked for again, what lives stays, and nothing leaks. */
#include <firn/context.h>

#include "core/fault.h"
#include "support/failing.h"

#include <setjmp.h>
#include <stdarg.h>
#include <cmocka.h>

enum { TYPES = 40, OBJECTS = 300 };

static bool put_types(firn_context *context, firn_type *types)
{
    static const uint32_t offsets[] = {0, 16};
    bool all = true;
    for (size_t i = 0; i < TYPES; i++) {
        const firn_type_options options = {
            .kind = i % 2 == 0 ? FIRN_TYPE_LEAF : FIRN_TYPE_MAP,
            .offsets = i % 2 == 0 ? NULL : offsets,
            .offset_count = i % 2 == 0 ? 0 : 2,
        };
        types[i] = UINT32_MAX;
        firn_status status = firn_context_type_put(context, &options, &types[i]);
        all = all && status == FIRN_OK;
        if (status == FIRN_OK)
            continue;
        assert_int_equal(status, FIRN_NO_MEMORY);
        assert_int_equal(types[i], UINT32_MAX);
        if (firn_context_type_put(context, &options, &types[i]) != FIRN_OK)
            types[i] = UINT32_MAX; /* all further ones fail */
    }
    return all;
}

static bool make_objects(firn_context *context, const firn_type *types)
{
    static uint8_t *objects[OBJECTS];
    bool all = true;
    firn_roots frame;
    memset(objects, 0, sizeof objects);
    firn_context_roots_begin(context, &frame, (void **)objects, OBJECTS);
    for (size_t i = 0; i < OBJECTS; i++) {
        firn_type type = types[i % TYPES];
        size_t size = 24 + i;
        if (type == UINT32_MAX)
            continue;
        objects[i] = firn_context_alloc_zeroed(context, type, 1, size);
        all = all && objects[i] != NULL;
        if (objects[i] == NULL)
            continue;
        objects[i][8] = (uint8_t)i;
        void *larger = firn_context_realloc(context, type, objects[i], size, 4 * size);
        all = all && larger != NULL;
        if (larger != NULL)
            objects[i] = larger;
    }
    for (size_t i = 0; i < OBJECTS; i++) {
        if (objects[i] != NULL)
            assert_int_equal(objects[i][8], (uint8_t)i);
    }
    firn_context_roots_end(context, &frame);
    return all;
}

static firn_status work(const firn_allocator *allocator, void *opaque)
{
    firn_context_options options = *(firn_context_options *)opaque;
    firn_context *context = NULL;
    firn_type types[TYPES];
    void *root = NULL;
    options.allocator = allocator;
    firn_status status = firn_context_create(&options, &context);
    if (status != FIRN_OK) {
        assert_null(context);
        return status;
    }
    bool all = put_types(context, types);
    all = firn_context_root_put(context, &root) == FIRN_OK && all;
    all = make_objects(context, types) && all;
    firn_usage usage;
    firn_context_usage(context, &usage);
    assert_true(usage.live_bytes + usage.overhead_bytes <= usage.reserved_bytes);
    assert_true(firn_context_report(context, FIRN_REPORT_JSON, NULL, 0) > 0);
    firn_context_destroy(context);
    return all ? FIRN_OK : FIRN_NO_MEMORY;
}

static void a_context_survives_each_allocation_failing(void **state)
{
    (void)state;
    firn_context_options modes[] = {
        {.mode = FIRN_MODE_COMPILER},
        {.mode = FIRN_MODE_COMPILER, .statistics = true},
        {.mode = FIRN_MODE_RUNTIME, .limit_bytes = (size_t)64 << 20},
        {.mode = FIRN_MODE_VM, .limit_bytes = (size_t)64 << 20, .statistics = true},
        {.mode = FIRN_MODE_SERVER, .limit_bytes = (size_t)4 << 20},
    };
    for (size_t i = 0; i < sizeof modes / sizeof modes[0]; i++)
        assert_true(failing_each(work, &modes[i]) >= 4);
}

/* Mapped pages come from no allocator; only builds with FIRN_FAULTS can make them fail. */
static void a_context_survives_each_mapping_failing(void **state)
{
    (void)state;
#if defined(FIRN_FAULTS) && FIRN_FAULTS
    static const firn_context_options modes[] = {
        {.mode = FIRN_MODE_RUNTIME, .limit_bytes = (size_t)64 << 20},
        {.mode = FIRN_MODE_SERVER, .limit_bytes = (size_t)4 << 20},
    };
    for (size_t i = 0; i < sizeof modes / sizeof modes[0]; i++) {
        size_t failed = 0;
        for (int fail_at = 1;; fail_at++) {
            char text[32];
            firn_context_options options = modes[i];
            failing memory;
            failing_init(&memory, 0);
            snprintf(text, sizeof text, "mmap:%d", fail_at);
            setenv("FIRN_FAULT_IO", text, 1);
            firn_fault_reload();
            bool done = work(&memory.allocator, &options) == FIRN_OK;
            failing_check(&memory);
            failed += !done;
            if (done && fail_at > 20)
                break;
        }
        assert_true(failed >= 1);
    }
    unsetenv("FIRN_FAULT_IO");
    firn_fault_reload();
#endif
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_context_survives_each_allocation_failing),
        cmocka_unit_test(a_context_survives_each_mapping_failing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
