/* A writer that puts, removes, compacts and commits, step by step, while a system call or an
 * allocation fails, or the process is killed: what failed changes nothing, what was acknowledged
 * stays, and later steps succeed. No file is synced again whose sync has failed. */
#include "support/failing.h"
#include "support/no_second_sync.h"
#include "support/store_calls.h"

#include "core/fault.h"

#include <signal.h>
#include <sys/mman.h>
#include <sys/wait.h>

enum { STEPS = 9, OLD = 3, NUMBERS = 64 };

/* Which step's content each number has; 0: it is not there. */
typedef struct model {
    uint32_t steps[NUMBERS];
    uint32_t root;
} model;

static uint32_t *acknowledged; /* the last step whose commit was; shared with children */

/* --- steps --- */

static char injected[64]; /* what fails now */

static void breach(const char *what, uint32_t step, const firn_error *error)
{
    fprintf(stderr, "%s, step %u: %s: %s\n", injected, step, what, error->text);
    abort();
}

static bool holds(firn_store *store, const model *known)
{
    uint8_t data[STORE_CONTENT_MAX];
    firn_error error = {0};
    uint32_t count = 0;
    for (uint32_t i = 0; i < NUMBERS; i++) {
        firn_segment segment;
        firn_status status = firn_store_pin(store, i, &segment, &error);
        if (status == FIRN_NOT_FOUND && known->steps[i] == 0)
            continue;
        if (status != FIRN_OK)
            return false;
        size_t size = store_content(2, known->steps[i], data);
        bool same = known->steps[i] != 0 && segment.size == size &&
                    (size == 0 || memcmp(segment.data, data, size) == 0);
        firn_store_unpin(store, &segment);
        if (!same)
            return false;
        count++;
    }
    return store_count(store) == count && firn_store_root(store) == known->root;
}

static void step_put(firn_store *store, firn_codec *codec, uint32_t step, model *now)
{
    uint8_t data[STORE_CONTENT_MAX];
    const firn_store_put_options options = {.kind = step, .codec = (firn_codec_kind)(step % 2)};
    uint32_t number;
    size_t size = store_content(2, step, data);
    if (firn_store_put(store, codec, &options, data, size, &number, NULL) != FIRN_OK)
        return;
    assert_in_range(number, 0, NUMBERS - 1);
    now->steps[number] = step;
    for (uint32_t i = 0; i < NUMBERS; i++)
        if (now->steps[i] != 0 && now->steps[i] + OLD <= step &&
            firn_store_remove(store, i) == FIRN_OK)
            now->steps[i] = 0;
    now->root = number;
}

/* Makes the steps from `from` on, each of which must tell of its failure and change nothing then.
 */
static firn_status steps_run(const firn_allocator *allocator, uint32_t from, model *committed)
{
    firn_store_options options = {.allocator = allocator, .mode = FIRN_STORE_WRITE};
    firn_store *store;
    firn_codec *codec;
    firn_error error = {0};
    firn_status worst = firn_codec_create(allocator, &codec);
    if (worst != FIRN_OK)
        return worst;
    worst = firn_store_open(path, &options, &store, &error);
    if (worst != FIRN_OK) {
        firn_codec_destroy(codec);
        return worst;
    }
    for (uint32_t step = from; step < from + STEPS; step++) {
        model now = *committed;
        uint64_t moved;
        const firn_store_compact_options compaction = {.garbage_percent = 1};
        step_put(store, codec, step, &now);
        if (step % 3 == 0)
            (void)!firn_store_compact(store, codec, &compaction, &moved, NULL);
        firn_status status = firn_store_commit(store, now.root, &error);
        if (status == FIRN_OK) {
            *committed = now;
            *acknowledged = step;
        } else {
            worst = status;
            if (strstr(error.text, path) == NULL)
                breach("no file named", step, &error);
        }
    }
    firn_store_close(store);
    firn_codec_destroy(codec);
    return worst;
}

/* What is on disk is what was committed; more where the last commit failed in doubt. */
static void expect_committed(const model *committed, bool may_be_later)
{
    firn_store *store;
    firn_error error = {0};
    uint32_t damaged = 0;
    firn_status status = firn_store_open(path, NULL, &store, &error);
    if ((status == FIRN_NOT_STORE || status == FIRN_NOT_FOUND) &&
        committed->root == FIRN_SEGMENT_NONE)
        return;
    if (status != FIRN_OK)
        breach("open", 0, &error);
    if (!holds(store, committed) && !may_be_later)
        breach("another content", committed->root, &error);
    /* One copy of the manifest may be missing where the other was the last thing that was written.
     */
    status = firn_store_verify(store, &damaged, &error);
    if (damaged > 0 || (status != FIRN_OK && !may_be_later))
        breach("verify", 0, &error);
    firn_store_close(store);
}

static model nothing(void)
{
    return (model){.root = FIRN_SEGMENT_NONE};
}

static void start_again(void)
{
    tempdir_remove(path);
    *acknowledged = 0;
    no_second_sync_reset();
}

static firn_status steps_with(const firn_allocator *allocator, void *context)
{
    model committed = nothing();
    (void)context;
    start_again();
    firn_status status = steps_run(allocator, 1, &committed);
    expect_committed(&committed, status != FIRN_OK);
    return status == FIRN_NO_MEMORY ? FIRN_NO_MEMORY : FIRN_OK;
}

static void every_allocation_may_fail_and_later_steps_succeed(void **state)
{
    (void)state;
    assert_in_range(failing_each(steps_with, NULL), 50, 500);
}

#if defined(FIRN_FAULTS) && FIRN_FAULTS

static void inject(const char *variable, const char *value)
{
    setenv(variable, value, 1);
    firn_fault_reload();
}

static void inject_nothing(void)
{
    unsetenv("FIRN_FAULT_IO");
    unsetenv("FIRN_FAULT_KILL");
    firn_fault_reload();
}

/* With one failure and, the steps after it, none: all that came later is there. */
static void try_failure(const char *call, unsigned number, const char *how, bool *ret_reached)
{
    model committed = nothing();
    start_again();
    snprintf(injected, sizeof injected, "%s:%u%s", call, number, how);
    inject("FIRN_FAULT_IO", injected);
    bool was_harmless = steps_run(NULL, 1, &committed) == FIRN_OK;
    inject_nothing();
    expect_committed(&committed, *acknowledged < STEPS);
    firn_store *store;
    firn_error error = {0};
    ok(store_open_as(FIRN_STORE_WRITE, &store, &error), &error);
    if (*acknowledged == STEPS && !holds(store, &committed))
        breach("the writer finds another content", number, &error);
    firn_store_close(store);
    if (*acknowledged == STEPS) {
        assert_int_equal(steps_run(NULL, STEPS + 1, &committed), FIRN_OK);
        expect_committed(&committed, false);
    }
    *ret_reached = !was_harmless;
}

static void every_system_call_may_fail_and_later_steps_succeed(void **state)
{
    (void)state;
    static const char *const calls[] = {"open",  "stat",   "read",   "write",
                                        "fsync", "rename", "unlink", "truncate"};
    static const char *const hows[] = {"", ":ENOSPC", ":EINTR", "+:EIO"};
    unsigned failures = 0;
    for (size_t i = 0; i < sizeof calls / sizeof *calls; i++) {
        for (unsigned number = 1; number <= 40; number += 1 + number / 6) {
            for (size_t how = 0; how < 4; how++) {
                bool reached = false;
                try_failure(calls[i], number, hows[how], &reached);
                failures += reached;
            }
        }
    }
    assert_in_range(failures, 60, 1000);
}

static void a_kill_before_any_call_loses_nothing_that_was_acknowledged(void **state)
{
    (void)state;
    char value[16];
    model committed = nothing();
    start_again();
    assert_int_equal(steps_run(NULL, 1, &committed), FIRN_OK);
    for (unsigned number = 1;; number++) {
        int ended;
        model after = nothing();
        start_again();
        snprintf(value, sizeof value, "%u", number);
        pid_t child = fork();
        if (child == 0) {
            inject("FIRN_FAULT_KILL", value);
            _exit(steps_run(NULL, 1, &after) == FIRN_OK ? 0 : 1);
        }
        assert_int_equal(waitpid(child, &ended, 0), child);
        if (WIFEXITED(ended)) {
            assert_int_equal(WEXITSTATUS(ended), 0);
            assert_in_range(number, 40, 200);
            break;
        }
        assert_int_equal(WTERMSIG(ended), SIGKILL);
        /* Numbers are those of the steps, less one: nothing failed before. */
        firn_store *store;
        firn_error error = {0};
        uint32_t done = *acknowledged;
        firn_status status = firn_store_open(path, NULL, &store, &error);
        if (status == FIRN_OK) {
            uint32_t found = firn_store_root(store) + 1;
            assert_in_range(found, done, done + 1);
            for (uint32_t step = found > OLD ? found - OLD + 1 : 1; step <= found; step++)
                after.steps[step - 1] = step;
            after.root = found - 1;
            assert_true(holds(store, &after));
            firn_store_close(store);
        } else {
            assert_int_equal(done, 0);
        }
        assert_int_equal(steps_run(NULL, STEPS + 1, &after), FIRN_OK);
        expect_committed(&after, false);
    }
}

#endif

/* A child has the parent's store open: it can close it, and nothing else, and that does no harm. */
static void a_child_of_fork_cannot_write_and_its_closing_does_no_harm(void **state)
{
    (void)state;
    firn_codec *codec;
    firn_segment segment;
    int ended;
    uint32_t number;
    char scratch[600];
    start_again();
    assert_int_equal(firn_codec_create(NULL, &codec), FIRN_OK);
    firn_store *store = open_writer();
    put(store, codec, "before", 6);
    commit(store, 0);
    put(store, codec, "pending", 7);
    assert_int_equal(firn_store_scratch(store, "x", scratch, sizeof scratch), FIRN_OK);
    tempdir_write(scratch, "x", 1);
    pid_t child = fork();
    if (child == 0) {
        bool right = firn_store_put(store, codec, &RAW, "no", 2, &number, NULL) == FIRN_INVALID &&
                     firn_store_remove(store, 0) == FIRN_INVALID &&
                     firn_store_commit(store, 0, NULL) == FIRN_INVALID &&
                     firn_store_pin(store, 1, &segment, NULL) == FIRN_OK &&
                     memcmp(segment.data, "pending", 7) == 0;
        if (right)
            firn_store_unpin(store, &segment);
        firn_store_abort(store);
        firn_store_close(store);
        _exit(right ? 0 : 1);
    }
    assert_int_equal(waitpid(child, &ended, 0), child);
    assert_int_equal(ended, 0);
    assert_true(tempdir_exists(scratch));
    firn_store *second;
    assert_int_equal(store_open_as(FIRN_STORE_WRITE, &second, NULL), FIRN_BUSY);
    commit(store, 1);
    firn_store_close(store);
    store = open_store(0);
    expect_text(store, 1, "pending");
    firn_store_close(store);
    firn_codec_destroy(codec);
}

static int set_up_shared(void **state)
{
    acknowledged =
        mmap(NULL, sizeof *acknowledged, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    return acknowledged == MAP_FAILED ? -1 : set_up(state);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_allocation_may_fail_and_later_steps_succeed),
#if defined(FIRN_FAULTS) && FIRN_FAULTS
        cmocka_unit_test(every_system_call_may_fail_and_later_steps_succeed),
        cmocka_unit_test(a_kill_before_any_call_loses_nothing_that_was_acknowledged),
#endif
        cmocka_unit_test(a_child_of_fork_cannot_write_and_its_closing_does_no_harm),
    };
    return cmocka_run_group_tests(tests, set_up_shared, tear_down);
}
