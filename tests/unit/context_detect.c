/* Which mode and limits a context should have: a function of facts, and the reading of them. */
#include <firn/context.h>
#include <firn/system.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#define MIB ((uint64_t)1 << 20)
#define GIB ((uint64_t)1 << 30)

static firn_context_options detect(uint64_t machine, uint64_t cgroup, const char *mode,
                                   firn_mode usual)
{
    firn_context_facts facts = {.machine_bytes = machine, .cgroup_bytes = cgroup};
    firn_context_options options;
    memset(&options, 0xff, sizeof options);
    strncpy(facts.mode, mode, sizeof facts.mode - 1);
    assert_int_equal(firn_context_detect(&facts, usual, &options, NULL), FIRN_OK);
    assert_false(options.statistics || options.stress);
    assert_null(options.allocator);
    assert_null(options.memory);
    assert_int_equal(options.memory_bytes + options.nursery_bytes + options.pause_target_ns, 0);
    assert_int_equal(options.reserved[0] + options.reserved[1], 0);
    return options;
}

static void the_limit_follows_from_the_memory(void **state)
{
    (void)state;
    static const struct {
        uint64_t machine, cgroup, limit;
    } cases[] = {
        {16 * GIB, 0, 8 * GIB},
        {16 * GIB, 4 * GIB, 3 * GIB},
        {16 * GIB, 16 * GIB, 8 * GIB},
        {16 * GIB, 64 * GIB, 8 * GIB},
        {0, 0, 512 * MIB},
        {0, 512 * MIB, 384 * MIB},
        {0, 2 * GIB, 512 * MIB},
        {1 << 20, 0, 1 << 19},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        firn_context_options options =
            detect(cases[i].machine, cases[i].cgroup, "", FIRN_MODE_COMPILER);
        assert_int_equal(options.limit_bytes, cases[i].limit);
        assert_int_equal(options.mode, FIRN_MODE_COMPILER);
    }
    assert_int_equal(detect(UINT64_MAX, 0, "", FIRN_MODE_VM).limit_bytes, (uint64_t)1 << 42);
    assert_int_equal(detect(UINT64_MAX, 0, "", FIRN_MODE_SERVER).limit_bytes, UINT64_MAX / 2);
}

static void the_mode_is_the_usual_one_or_that_of_the_environment(void **state)
{
    (void)state;
    for (int usual = FIRN_MODE_COMPILER; usual <= FIRN_MODE_SERVER; usual++) {
        assert_int_equal(detect(GIB, 0, "", (firn_mode)usual).mode, usual);
        for (int mode = FIRN_MODE_COMPILER; mode <= FIRN_MODE_SERVER; mode++)
            assert_int_equal(detect(GIB, 0, firn_mode_name((firn_mode)mode), (firn_mode)usual).mode,
                             mode);
    }
}

static void a_runtime_with_little_memory_compacts(void **state)
{
    (void)state;
    assert_int_equal(detect(512 * MIB, 0, "", FIRN_MODE_RUNTIME).mode, FIRN_MODE_RUNTIME);
    assert_int_equal(detect(512 * MIB - 2, 0, "", FIRN_MODE_RUNTIME).mode, FIRN_MODE_VM);
    assert_int_equal(detect(16 * GIB, 256 * MIB, "", FIRN_MODE_RUNTIME).mode, FIRN_MODE_VM);
    assert_int_equal(detect(16 * GIB, 256 * MIB, "runtime", FIRN_MODE_SERVER).mode, FIRN_MODE_VM);
    assert_int_equal(detect(16 * GIB, 256 * MIB, "", FIRN_MODE_SERVER).mode, FIRN_MODE_SERVER);
    assert_int_equal(detect(16 * GIB, 256 * MIB, "", FIRN_MODE_COMPILER).mode, FIRN_MODE_COMPILER);
}

static void what_is_no_mode_is_refused(void **state)
{
    (void)state;
    static const char *const bad[] = {"Server", "server ", "serve",
                                      "c",      "4",       "compilerrrrrrrrrrrrrrrr"};
    firn_context_options options;
    firn_context_facts facts = {.machine_bytes = GIB};
    firn_error error;
    memset(&options, 0x5a, sizeof options);
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        strncpy(facts.mode, bad[i], sizeof facts.mode - 1);
        assert_int_equal(firn_context_detect(&facts, FIRN_MODE_VM, &options, &error), FIRN_INVALID);
        assert_int_equal(firn_context_detect(&facts, FIRN_MODE_VM, &options, NULL), FIRN_INVALID);
        assert_int_equal(error.status, FIRN_INVALID);
        assert_non_null(strstr(error.text, bad[i]));
        memset(facts.mode, 0, sizeof facts.mode);
    }
    memset(facts.mode, 'x', sizeof facts.mode); /* without an end */
    assert_int_equal(firn_context_detect(&facts, FIRN_MODE_VM, &options, &error), FIRN_INVALID);
    memset(facts.mode, 0, sizeof facts.mode);
    for (int i = 0; i < 2; i++) {
        assert_int_equal(firn_context_detect(&facts, (firn_mode)4, &options, &error), FIRN_INVALID);
        assert_string_equal(error.text, "4 is no mode");
        memcpy(facts.mode, "vm", 3);
    }
    assert_int_equal((int)options.mode, 0x5a5a5a5a);
}

static void too_little_memory_is_said(void **state)
{
    (void)state;
    static const struct {
        firn_mode mode;
        uint64_t least;
    } cases[] = {
        {FIRN_MODE_COMPILER, 4096},
        {FIRN_MODE_RUNTIME, 17 << 19},
        {FIRN_MODE_VM, 17 << 19},
        {FIRN_MODE_SERVER, 128 << 10},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        firn_context_options options = detect(2 * cases[i].least, 0, "", cases[i].mode);
        firn_context *context;
        assert_int_equal(options.limit_bytes, cases[i].least);
        assert_int_equal(firn_context_create(&options, &context), FIRN_OK);
        firn_context_destroy(context);
        firn_context_facts facts = {.machine_bytes = 2 * cases[i].least - 1};
        firn_error error;
        assert_int_equal(firn_context_detect(&facts, cases[i].mode, &options, &error), FIRN_LIMIT);
        assert_int_equal(error.status, FIRN_LIMIT);
        assert_non_null(strstr(error.text, firn_mode_name(cases[i].mode)));
    }
}

static void the_facts_are_those_of_this_machine(void **state)
{
    (void)state;
    firn_context_facts facts;
    uint64_t limit = firn_memory_limit_bytes();
    unsetenv("FIRN_MODE");
    firn_context_facts_get(&facts);
    assert_true(facts.machine_bytes >= limit);
    assert_true(facts.cgroup_bytes == 0 || facts.cgroup_bytes >= limit);
    assert_true(facts.machine_bytes == limit || facts.cgroup_bytes == limit);
    assert_string_equal(facts.mode, "");
    setenv("FIRN_MODE", "server", 1);
    firn_context_facts_get(&facts);
    assert_string_equal(facts.mode, "server");
    setenv("FIRN_MODE", "a text that is longer than any mode", 1);
    firn_context_facts_get(&facts);
    assert_string_equal(facts.mode, "a text that is longer t");
    unsetenv("FIRN_MODE");
}

static void what_is_detected_here_can_be_created(void **state)
{
    (void)state;
    for (int mode = FIRN_MODE_COMPILER; mode <= FIRN_MODE_SERVER; mode++) {
        firn_context_options options;
        firn_context *context;
        setenv("FIRN_MODE", firn_mode_name((firn_mode)mode), 1);
        assert_int_equal(firn_context_detect(NULL, FIRN_MODE_COMPILER, &options, NULL), FIRN_OK);
        assert_true((int)options.mode == mode ||
                    (mode == FIRN_MODE_RUNTIME && options.mode == FIRN_MODE_VM));
        assert_int_equal(firn_context_create(&options, &context), FIRN_OK);
        firn_context_destroy(context);
    }
    unsetenv("FIRN_MODE");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_limit_follows_from_the_memory),
        cmocka_unit_test(the_mode_is_the_usual_one_or_that_of_the_environment),
        cmocka_unit_test(a_runtime_with_little_memory_compacts),
        cmocka_unit_test(what_is_no_mode_is_refused),
        cmocka_unit_test(too_little_memory_is_said),
        cmocka_unit_test(the_facts_are_those_of_this_machine),
        cmocka_unit_test(what_is_detected_here_can_be_created),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
