/* A journal whose blobs get new versions while allocations and system calls fail, or the process is
 * killed before one: each commit is there whole or not at all, never a mixture. Needs a build with
 * FIRN_FAULTS. */
#include "support/failing.h"
#include "support/journal.h"

#include "core/fault.h"

#include <signal.h>
#include <sys/wait.h>

#include <setjmp.h>
#include <stdarg.h>
#include <cmocka.h>

#if defined(FIRN_FAULTS) && FIRN_FAULTS

enum { BLOBS = 12, SIZE = 3000 };

static char root[TEMPDIR_PATH_BYTES], path[TEMPDIR_PATH_BYTES + 8];
static unsigned version; /* what is committed; 0: nothing */

/* Most blobs change little from version to version; each fourth is new; each sixth comes and goes.
 * Returns SIZE_MAX for one that is not there. */
static size_t content(unsigned of, unsigned blob, uint8_t out[SIZE])
{
    unsigned seed = blob % 4 == 3 ? of : 0;
    if (blob % 6 == 5 && of % 2 == 0)
        return SIZE_MAX;
    size_t size = SIZE - 100 * blob - of % 50;
    for (size_t i = 0; i < size; i++)
        out[i] = (uint8_t)(i * i * (blob + 7) >> (seed + i) % 11);
    for (unsigned i = 0; i <= of; i++)
        out[i * 397 % size] = (uint8_t)i;
    return size;
}

/* Puts the next version of all blobs and commits it. */
static firn_status write_next(const firn_allocator *allocator, firn_error *error)
{
    kept k;
    uint8_t data[SIZE];
    firn_status status = kept_try(&k, path, FIRN_STORE_WRITE, allocator, error);
    for (unsigned i = 0; status == FIRN_OK && i < BLOBS; i++) {
        size_t size = content(version + 1, i, data);
        if (size != SIZE_MAX)
            status = firn_journal_put(k.journal, i, data, size, error);
        else if (firn_journal_remove(k.journal, i) == FIRN_NOT_FOUND)
            assert_true(version == 0 || content(version, i, data) == SIZE_MAX);
    }
    if (status == FIRN_OK)
        status = kept_commit_try(&k, error);
    kept_close(&k);
    return status;
}

static bool version_is(unsigned of)
{
    kept k;
    firn_error error;
    uint8_t data[SIZE];
    uint64_t damaged;
    firn_status status = kept_try(&k, path, FIRN_STORE_READ, NULL, &error);
    if (status == FIRN_NOT_FOUND || status == FIRN_NOT_STORE)
        return of == 0;
    kept_check(status, &error, "open");
    firn_journal_summary summary;
    firn_journal_summary_get(k.journal, &summary);
    if (of == 0 || summary.blob_count == 0) {
        kept_close(&k);
        return of == 0 && summary.blob_count == 0;
    }
    kept_check(firn_journal_verify(k.journal, &damaged, &error), &error, "verify");
    bool same = true;
    for (unsigned i = 0; i < BLOBS; i++) {
        size_t size = content(of, i, data);
        bool there = size != SIZE_MAX;
        same &= kept_is(&k, i, data, there ? size : 0) == there;
    }
    kept_close(&k);
    return same;
}

/* After an attempt: the new version, or the old one where it is told to have failed. */
static void settle(bool failed)
{
    if (version_is(version + 1)) {
        version++;
        return;
    }
    if (!failed || !version_is(version)) {
        fprintf(stderr, "neither version %u nor the next one\n", version);
        abort();
    }
}

static void write_without_faults(void)
{
    firn_error error;
    kept_check(write_next(NULL, &error), &error, "the next write");
    settle(false);
}

static int set_up(void **state)
{
    (void)state;
    tempdir_make(root);
    snprintf(path, sizeof path, "%s/S", root);
    version = 0;
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    tempdir_remove(root);
    return 0;
}

/* Dies before its number-th mutating call; false when it lived. */
static bool killed_at(unsigned number)
{
    char value[16];
    int ended;
    snprintf(value, sizeof value, "%u", number);
    pid_t child = fork();
    if (child == 0) {
        firn_error error;
        setenv("FIRN_FAULT_KILL", value, 1);
        firn_fault_reload();
        _exit(write_next(NULL, &error) == FIRN_OK ? 0 : 1);
    }
    assert_int_equal(waitpid(child, &ended, 0), child);
    if (WIFSIGNALED(ended)) {
        assert_int_equal(WTERMSIG(ended), SIGKILL);
        return true;
    }
    assert_int_equal(ended, 0);
    return false;
}

static void a_kill_before_any_call_leaves_the_old_version_or_the_new(void **state)
{
    (void)state;
    unsigned number = 1, kills = 0;
    for (; killed_at(number); number++, kills++) {
        settle(true);
        if (number % 3 == 0) /* else the next one starts beside what this one left */
            write_without_faults();
    }
    assert_in_range(kills, 5, 200);
    settle(false);
}

static void a_call_that_fails_leaves_the_old_version_or_the_new(void **state)
{
    (void)state;
    static const char *const calls[] = {"write", "fsync", "rename", "open", "close", "read"};
    write_without_faults();
    for (size_t i = 0; i < sizeof calls / sizeof *calls; i++) {
        for (unsigned number = 1; number <= 8; number++) {
            char value[32];
            firn_error error;
            snprintf(value, sizeof value, "%s:%u:%s", calls[i], number,
                     number % 2 == 0 ? "ENOSPC" : "EIO");
            setenv("FIRN_FAULT_IO", value, 1);
            firn_fault_reload();
            firn_status status = write_next(NULL, &error);
            unsetenv("FIRN_FAULT_IO");
            firn_fault_reload();
            assert_true(status == FIRN_OK || error.text[0] != '\0');
            settle(status != FIRN_OK);
        }
    }
    write_without_faults();
}

static firn_status write_with(const firn_allocator *allocator, void *context)
{
    firn_error error;
    (void)context;
    firn_status status = write_next(allocator, &error);
    settle(status != FIRN_OK);
    return status;
}

static void every_allocation_may_fail(void **state)
{
    (void)state;
    write_without_faults();
    write_without_faults();
    assert_in_range(failing_each(write_with, NULL), 40, 600);
    write_without_faults();
}

/* In one journal that lives on: a put that fails leaves the blob as it was. */
static void a_failed_put_leaves_the_blob_as_it_was(void **state)
{
    (void)state;
    uint8_t old[SIZE], new[SIZE];
    size_t old_size = content(1, 0, old), new_size = content(2, 0, new);
    for (size_t fail_at = 1;; fail_at++) {
        failing memory;
        failing_init(&memory, 0);
        kept k;
        firn_error error;
        kept_check(kept_try(&k, path, FIRN_STORE_WRITE, &memory.allocator, &error), &error, "open");
        kept_put(&k, 5, old, old_size);
        memory.fail_at = atomic_load(&memory.calls) + fail_at;
        firn_status status = firn_journal_put(k.journal, 5, new, new_size, &error);
        if (status == FIRN_OK)
            status = firn_journal_put(k.journal, 6, new, new_size, &error);
        bool reached = atomic_load(&memory.calls) >= memory.fail_at;
        memory.fail_at = 0;
        assert_int_equal(status, reached ? FIRN_NO_MEMORY : FIRN_OK);
        assert_true(kept_is(&k, 5, old, old_size) || kept_is(&k, 5, new, new_size));
        kept_commit(&k);
        kept_close(&k);
        failing_check(&memory);
        if (!reached)
            break;
    }
}

#endif

int main(void)
{
#if defined(FIRN_FAULTS) && FIRN_FAULTS
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        TEST(a_kill_before_any_call_leaves_the_old_version_or_the_new),
        TEST(a_call_that_fails_leaves_the_old_version_or_the_new),
        TEST(every_allocation_may_fail),
        TEST(a_failed_put_leaves_the_blob_as_it_was),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
#else
    return 0;
#endif
}
