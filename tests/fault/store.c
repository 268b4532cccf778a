/* The store while allocations and system calls fail: a write is done, or told to have failed, and
 * then the old content stands; what is read is right or an error. */
#include "support/failing.h"
#include "support/faults.h"
#include "support/store_faults.h"

#include <setjmp.h>
#include <stdarg.h>
#include <cmocka.h>

static int set_up_written(void **state)
{
    set_up(state);
    store_faults_recover(&store);
    return 0;
}

static firn_status write_next(const firn_allocator *allocator, void *context)
{
    firn_error error;
    (void)context;
    uint32_t before = store.version;
    firn_status status = store_faults_write(&store, allocator, &error);
    store_faults_settle(&store, status != FIRN_OK);
    if (status != FIRN_OK &&
        (store.version != before || tempdir_count(store.path) != STORE_FAULTS_FILES))
        store_faults_fail("a failed write left something", &error);
    if (status != FIRN_OK && error.text[0] == '\0')
        store_faults_fail("no text", &error);
    return status;
}

static void every_allocation_of_a_write_may_fail(void **state)
{
    (void)state;
    assert_in_range(failing_each(write_next, NULL), 10, 100);
}

/* A pin that failed may be tried again. */
static firn_status read_all(const firn_allocator *allocator, void *context)
{
    firn_store_options options = {.allocator = allocator, .cache_bytes = 3000};
    firn_store *opened;
    uint32_t damaged;
    (void)context;
    firn_status status = firn_store_open(store.path, &options, &opened, NULL);
    if (status != FIRN_OK)
        return status;
    firn_status worst = FIRN_OK;
    for (uint32_t i = 0; i < 2 * STORE_FAULTS_COUNT; i++) {
        status = store_check_one(opened, store.version, i % STORE_FAULTS_COUNT, NULL);
        worst = status != FIRN_OK ? status : worst;
        status =
            firn_store_segment_verify(opened, store_number(opened, i % STORE_FAULTS_COUNT), NULL);
        worst = status != FIRN_OK ? status : worst;
    }
    status = firn_store_verify(opened, &damaged, NULL);
    firn_store_close(opened);
    return status != FIRN_OK ? status : worst;
}

static void every_allocation_of_a_read_may_fail(void **state)
{
    (void)state;
    assert_in_range(failing_each(read_all, NULL), 10, 200);
}

#if defined(FIRN_FAULTS) && FIRN_FAULTS

static const char *const ERRORS[] = {"EIO", "ENOSPC", "EACCES", "EMFILE", "ENOENT"};
enum { ERROR_COUNT = sizeof ERRORS / sizeof *ERRORS };

static void write_for_counting(void)
{
    firn_error error;
    if (store_faults_write(&store, NULL, &error) != FIRN_OK)
        store_faults_fail("write", &error);
}

static void read_for_counting(void)
{
    firn_error error = {0};
    if (store_check(store.path, NULL, store.version, STORE_FAULTS_COUNT, &error) != FIRN_OK)
        store_faults_fail("read", &error);
}

static void inject(size_t call, unsigned number, const char *onwards, const char *how)
{
    char value[64];
    snprintf(value, sizeof value, "%s:%u%s:%s", FAULT_CALLS[call], number, onwards, how);
    faults_set("FIRN_FAULT_IO", value);
}

static void write_with_fault(size_t call, unsigned number, const char *onwards, const char *how,
                             bool must_work)
{
    firn_error error;
    inject(call, number, onwards, how);
    firn_status status = store_faults_write(&store, NULL, &error);
    faults_clear();
    if (status != FIRN_OK && (must_work || strstr(error.text, store.root) == NULL))
        store_faults_fail(FAULT_CALLS[call], &error);
    store_faults_settle(&store, status != FIRN_OK);
    store_faults_recover(&store);
}

static void every_system_call_of_a_write_may_fail(void **state)
{
    (void)state;
    faults_count all = faults_count_of(write_for_counting, store.root);
    const unsigned *counts = all.calls;
    store.version++;
    assert_true(counts[FIRN_FAULT_FSYNC] >= 4 && counts[FIRN_FAULT_RENAME] == 2);
    for (size_t call = 0; call < FIRN_FAULT_CALL_COUNT; call++) {
        for (unsigned number = 1; number <= counts[call]; number++) {
            const char *how = ERRORS[(number + call) % ERROR_COUNT];
            write_with_fault(call, number, "", how, false);
            write_with_fault(call, number, "+", ERRORS[number % ERROR_COUNT], false);
        }
    }
}

static void interrupted_and_short_calls_of_a_write_are_gone_on_with(void **state)
{
    (void)state;
    static const size_t calls[] = {FIRN_FAULT_OPEN, FIRN_FAULT_READ, FIRN_FAULT_WRITE,
                                   FIRN_FAULT_FSYNC, FIRN_FAULT_FLOCK};
    faults_count all = faults_count_of(write_for_counting, store.root);
    const unsigned *counts = all.calls;
    store.version++;
    for (size_t i = 0; i < sizeof calls / sizeof *calls; i++) {
        for (unsigned number = 1; number <= counts[calls[i]]; number++) {
            write_with_fault(calls[i], number, "", "EINTR", true);
            if (calls[i] == FIRN_FAULT_READ || calls[i] == FIRN_FAULT_WRITE)
                write_with_fault(calls[i], number, "", "short", true);
        }
    }
}

static void every_system_call_of_a_read_may_fail(void **state)
{
    (void)state;
    faults_count all = faults_count_of(read_for_counting, store.root);
    const unsigned *counts = all.calls;
    assert_true(counts[FIRN_FAULT_READ] >= STORE_FAULTS_COUNT);
    for (size_t call = 0; call < FIRN_FAULT_CALL_COUNT; call++) {
        for (unsigned number = 1; number <= counts[call]; number++) {
            for (size_t how = 0; how < ERROR_COUNT + 2; how++) {
                bool transfer = call == FIRN_FAULT_READ;
                if (how == ERROR_COUNT + 1 && !transfer)
                    continue;
                firn_error error = {0};
                inject(call, number, "",
                       how < ERROR_COUNT    ? ERRORS[how]
                       : how == ERROR_COUNT ? "EINTR"
                                            : "short");
                firn_status status =
                    store_check(store.path, NULL, store.version, STORE_FAULTS_COUNT, &error);
                faults_clear();
                if (status == FIRN_CHANGED ||
                    (status != FIRN_OK && strstr(error.text, store.root) == NULL) ||
                    (status != FIRN_OK && how >= ERROR_COUNT &&
                     (transfer || call == FIRN_FAULT_OPEN)))
                    store_faults_fail(FAULT_CALLS[call], &error);
            }
        }
    }
}

#endif

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_allocation_of_a_write_may_fail),
        cmocka_unit_test(every_allocation_of_a_read_may_fail),
#if defined(FIRN_FAULTS) && FIRN_FAULTS
        cmocka_unit_test(every_system_call_of_a_write_may_fail),
        cmocka_unit_test(interrupted_and_short_calls_of_a_write_are_gone_on_with),
        cmocka_unit_test(every_system_call_of_a_read_may_fail),
#endif
    };
    return cmocka_run_group_tests(tests, set_up_written, tear_down);
}
