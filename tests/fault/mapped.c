/* Mapped files while allocations and system calls fail: right bytes or an error, and nothing stays
 * in the table. Needs a build with FIRN_FAULTS. */
#include "support/tempdir.h"

#include "core/fault.h"

#include <firn/mapped.h>

#include <setjmp.h>
#include <stdarg.h>
#include <cmocka.h>

#if defined(FIRN_FAULTS) && FIRN_FAULTS

static char root[TEMPDIR_PATH_BYTES];
static char path[TEMPDIR_PATH_BYTES + 8];
static const char TEXT[] = "some text that is held once";

static int set_up(void **state)
{
    (void)state;
    tempdir_make(root);
    snprintf(path, sizeof path, "%s/a", root);
    tempdir_write(path, TEXT, sizeof TEXT - 1);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    tempdir_remove(root);
    return 0;
}

/* Opens, looks, closes. */
static firn_status look(firn_error *error)
{
    firn_mapped *mapped;
    size_t size;
    firn_status status = firn_mapped_open(path, 1000, &mapped, error);
    if (status != FIRN_OK)
        return status;
    assert_string_equal(firn_mapped_data(mapped, &size), TEXT);
    assert_int_equal(size, sizeof TEXT - 1);
    firn_mapped_close(mapped);
    return FIRN_OK;
}

static firn_status look_with(const char *variable, const char *value)
{
    firn_error error = {0};
    setenv(variable, value, 1);
    firn_fault_reload();
    firn_status status = look(&error);
    unsetenv(variable);
    firn_fault_reload();
    assert_true(status == FIRN_OK || strstr(error.text, path) != NULL);
    assert_int_equal(look(&error), FIRN_OK);
    return status;
}

static void every_call_may_fail(void **state)
{
    (void)state;
    assert_int_equal(look_with("FIRN_FAULT_ALLOC", "1"), FIRN_NO_MEMORY);
    assert_int_equal(look_with("FIRN_FAULT_IO", "open:1:EACCES"), FIRN_PERMISSION);
    assert_int_equal(look_with("FIRN_FAULT_IO", "open:1:EMFILE"), FIRN_IO);
    assert_int_equal(look_with("FIRN_FAULT_IO", "stat:1"), FIRN_IO);
    assert_int_equal(look_with("FIRN_FAULT_IO", "stat:2"), FIRN_IO);
    assert_int_equal(look_with("FIRN_FAULT_IO", "stat:3"), FIRN_IO);
    assert_int_equal(look_with("FIRN_FAULT_IO", "read:1"), FIRN_IO);
    assert_int_equal(look_with("FIRN_FAULT_IO", "read:2"), FIRN_IO);
    assert_int_equal(look_with("FIRN_FAULT_IO", "close:1"), FIRN_OK);
}

static void interrupted_and_short_reads_are_gone_on_with(void **state)
{
    (void)state;
    assert_int_equal(look_with("FIRN_FAULT_IO", "open:1:EINTR"), FIRN_OK);
    assert_int_equal(look_with("FIRN_FAULT_IO", "read:1:EINTR"), FIRN_OK);
    assert_int_equal(look_with("FIRN_FAULT_IO", "read:1:short"), FIRN_OK);
    assert_int_equal(look_with("FIRN_FAULT_IO", "read:1+:short"), FIRN_OK);
}

#endif

int main(void)
{
#if defined(FIRN_FAULTS) && FIRN_FAULTS
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_call_may_fail),
        cmocka_unit_test(interrupted_and_short_reads_are_gone_on_with),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
#else
    return 0;
#endif
}
