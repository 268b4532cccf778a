/* Files when system calls fail, come back short or are interrupted, and when the process is killed
 * before any of them. Needs a build with FIRN_FAULTS. */
#include <firn/file.h>

#include "core/fault.h"

#include "support/tempdir.h"

#include <errno.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <string.h>
#include <sys/wait.h>
#include <cmocka.h>

#if defined(FIRN_FAULTS) && FIRN_FAULTS

static const char *const call_names[] = {
#define CALL_NAME(code, name) #name,
    FIRN_FAULT_CALLS(CALL_NAME)
#undef CALL_NAME
};

static char folder[TEMPDIR_PATH_BYTES];

static const char *at(const char *name)
{
    return tempdir_path(folder, name);
}

static void inject(const char *variable, const char *value)
{
    setenv(variable, value, 1);
    firn_fault_reload();
}

static void inject_io(const char *call, unsigned number, const char *how)
{
    char value[64];
    snprintf(value, sizeof(value), "%s:%u:%s", call, number, how);
    inject("FIRN_FAULT_IO", value);
}

static void inject_nothing(void)
{
    unsetenv("FIRN_FAULT_ALLOC");
    unsetenv("FIRN_FAULT_IO");
    unsetenv("FIRN_FAULT_KILL");
    unsetenv("FIRN_FAULT_COUNT");
    firn_fault_reload();
}

static int make_folder(void **state)
{
    (void)state;
    inject_nothing();
    tempdir_make(folder);
    return 0;
}

static int remove_folder(void **state)
{
    (void)state;
    inject_nothing();
    tempdir_remove(folder);
    return 0;
}

static bool content_is(const char *path, const char *text)
{
    size_t size = 0;
    uint8_t *data = tempdir_read(path, &size);
    bool same = data != NULL && size == strlen(text) && memcmp(data, text, size) == 0;
    free(data);
    return same;
}

/* The whole of data must be there or nothing of it, whichever call fails. */
static void a_failed_replace_leaves_the_old_file_and_no_other(void **state)
{
    (void)state;
    static const char *const calls[] = {"open", "write", "fsync", "close", "rename", "unlink"};
    unsigned failures = 0;
    for (size_t i = 0; i < sizeof(calls) / sizeof(calls[0]); i++) {
        for (unsigned number = 1; number <= 3; number++) {
            tempdir_write(at("a"), "old", 3);
            firn_error error = {.status = FIRN_OK};
            inject_io(calls[i], number, "ENOSPC");
            firn_status status = firn_file_replace(at("a"), "new", 3, &error);
            inject_nothing();
            assert_int_equal(tempdir_count(folder), 1);
            assert_int_equal(error.status, status);
            if (status == FIRN_OK) {
                assert_true(content_is(at("a"), "new"));
                continue;
            }
            failures++;
            assert_int_equal(status, FIRN_NO_SPACE);
            assert_int_equal(error.os_errno, ENOSPC);
            assert_ptr_equal(strstr(error.text, folder), error.text);
            /* Once the name is changed, only its durability can fail. */
            bool renamed = number == 2 && (i == 0 || i == 2);
            assert_true(content_is(at("a"), renamed ? "new" : "old"));
        }
    }
    assert_int_equal(failures,
                     8); /* opens, fsyncs of file and folder; write, close, rename, unlink */
}

static void a_kill_before_any_call_leaves_the_old_file_or_the_new(void **state)
{
    (void)state;
    unsigned old = 0, new = 0;
    for (int number = 1;; number++) {
        tempdir_write(at("a"), "old", 3);
        pid_t child = fork();
        if (child == 0) {
            char value[16];
            snprintf(value, sizeof(value), "%d", number);
            inject("FIRN_FAULT_KILL", value);
            _exit(firn_file_replace(at("a"), "new", 3, NULL) == FIRN_OK ? 0 : 1);
        }
        int result = 0;
        assert_int_equal(waitpid(child, &result, 0), child);
        if (WIFEXITED(result)) {
            assert_int_equal(WEXITSTATUS(result), 0);
            break;
        }
        assert_int_equal(WTERMSIG(result), SIGKILL);
        old += content_is(at("a"), "old");
        new += content_is(at("a"), "new");
        assert_int_equal((int)(old + new), number);
        /* What was left behind is no hindrance. */
        assert_int_equal(firn_file_replace(at("a"), "later", 5, NULL), FIRN_OK);
        assert_true(content_is(at("a"), "later"));
        assert_int_equal(tempdir_count(folder), 1);
    }
    assert_int_equal(old, 5); /* unlink, open, write, fsync, rename */
    assert_int_equal(new, 1); /* fsync of the folder */
}

static void interrupted_and_short_calls_are_gone_on_with(void **state)
{
    (void)state;
    static const char text[] = "a text of some length";
    static const char *const faults[] = {"open:1:EINTR",  "open:2:EINTR",   "write:1:EINTR",
                                         "write:1:short", "write:1+:short", "fsync:1:EINTR",
                                         "fsync:2:EINTR", "close:1:EINTR",  "read:1:EINTR",
                                         "read:1:short",  "read:1+:short"};
    for (size_t i = 0; i < sizeof(faults) / sizeof(faults[0]); i++) {
        void *data = NULL;
        size_t size = 0;
        inject("FIRN_FAULT_IO", faults[i]);
        assert_int_equal(firn_file_replace(at("a"), text, sizeof(text), NULL), FIRN_OK);
        firn_fault_reload();
        assert_int_equal(firn_file_read_all(at("a"), 1000, NULL, &data, &size, NULL, NULL),
                         FIRN_OK);
        inject_nothing();
        assert_int_equal(size, sizeof(text));
        assert_memory_equal(data, text, size);
        firn_release(NULL, data, size);
    }
}

static void a_failed_read_names_the_file_and_keeps_nothing(void **state)
{
    (void)state;
    static const char *const faults[] = {"open:1:EIO", "stat:1:EIO", "read:1:EIO", "read:2:EIO",
                                         "stat:2:EIO"};
    tempdir_write(at("a"), "text", 4);
    for (size_t i = 0; i < sizeof(faults) / sizeof(faults[0]); i++) {
        void *data = &folder;
        size_t size = 77;
        firn_error error;
        inject("FIRN_FAULT_IO", faults[i]);
        assert_int_equal(firn_file_read_all(at("a"), 100, NULL, &data, &size, NULL, &error),
                         FIRN_IO);
        assert_ptr_equal(strstr(error.text, at("a")), error.text);
        assert_ptr_equal(data, &folder);
        assert_int_equal(size, 77);
    }
}

static void a_file_that_shrinks_under_its_reader_is_told_apart(void **state)
{
    (void)state;
    tempdir_write(at("a"), "text", 4);
    firn_file file;
    assert_int_equal(firn_file_open(at("a"), FIRN_FILE_READ, &file, NULL), FIRN_OK);
    assert_int_equal(truncate(at("a"), 1), 0);
    char buffer[4];
    size_t got = 0;
    assert_int_equal(firn_file_read_at(&file, 0, buffer, 4, &got), FIRN_OK);
    assert_int_equal(got, 1);
    firn_file_close(&file);
}

static void other_calls_report_their_failure(void **state)
{
    (void)state;
    firn_error error;
    firn_path_kind kind;
    firn_file_info info;
    firn_file file;
    size_t got;
    inject("FIRN_FAULT_IO", "mkdir:1:EACCES");
    assert_int_equal(firn_folder_create(at("f"), &error), FIRN_PERMISSION);
    inject("FIRN_FAULT_IO", "stat:1");
    assert_int_equal(firn_path_kind_get(folder, &kind, NULL, &error), FIRN_IO);
    inject("FIRN_FAULT_IO", "unlink:1:EPERM");
    assert_int_equal(firn_file_remove(at("a"), &error), FIRN_PERMISSION);
    inject("FIRN_FAULT_IO", "rename:1:EXDEV");
    assert_int_equal(firn_file_rename(at("a"), at("b"), &error), FIRN_IO);
    inject("FIRN_FAULT_IO", "fsync:1:EINVAL");
    assert_int_equal(firn_folder_sync(folder, &error), FIRN_OK);
    inject_nothing();
    assert_int_equal(firn_file_open(at("a"), FIRN_FILE_CREATE, &file, &error), FIRN_OK);
    inject("FIRN_FAULT_IO", "write:1+:EDQUOT");
    assert_int_equal(firn_file_write(&file, "x", 1), FIRN_NO_SPACE);
    inject("FIRN_FAULT_IO", "write:1:EACCES");
    assert_int_equal(firn_file_write(&file, "x", 1), FIRN_IO);
    inject("FIRN_FAULT_IO", "fsync:1");
    assert_int_equal(firn_file_sync(&file), FIRN_IO);
    inject("FIRN_FAULT_IO", "read:1");
    assert_int_equal(firn_file_read_at(&file, 0, &kind, 1, &got), FIRN_IO);
    inject("FIRN_FAULT_IO", "stat:1");
    assert_int_equal(firn_file_info_get(&file, &info), FIRN_IO);
    firn_file_close(&file);
    inject("FIRN_FAULT_IO", "stat:1");
    assert_int_equal(firn_file_open(at("a"), FIRN_FILE_READ, &file, &error), FIRN_IO);
}

static firn_status count_name(void *context, const char *name)
{
    (void)name;
    ++*(unsigned *)context;
    return FIRN_OK;
}

static void a_visit_ends_at_the_failure(void **state)
{
    (void)state;
    unsigned count = 0;
    firn_error error;
    tempdir_write(at("a"), "", 0);
    inject("FIRN_FAULT_IO", "readdir:4"); /* ., .., a; then the end */
    assert_int_equal(firn_folder_visit(folder, count_name, &count, &error), FIRN_IO);
    assert_ptr_equal(strstr(error.text, folder), error.text);
    assert_int_equal(count, 1);
    inject("FIRN_FAULT_IO", "opendir:1:EMFILE");
    assert_int_equal(firn_folder_visit(folder, count_name, &count, &error), FIRN_IO);
    assert_non_null(strstr(error.text, "ulimit -n"));
}

static void a_lock_that_failed_is_not_held(void **state)
{
    (void)state;
    static const char *const faults[] = {"open:1",     "flock:1", "stat:1",
                                         "truncate:1", "write:1", "stat:2"};
    for (size_t i = 0; i < sizeof(faults) / sizeof(faults[0]); i++) {
        firn_lock lock = {-1};
        firn_error error;
        inject("FIRN_FAULT_IO", faults[i]);
        firn_status status = firn_lock_acquire(at("lock"), "x", &lock, &error);
        assert_int_equal(status, FIRN_IO); /* whoever waits for the lock would wait in vain */
        assert_int_equal(error.os_errno, EIO);
        assert_int_equal(lock.fd, -1);
        assert_ptr_equal(strstr(error.text, at("lock")), error.text);
        inject_nothing();
        assert_int_equal(firn_lock_acquire(at("lock"), "x", &lock, &error), FIRN_OK);
        firn_lock_release(&lock);
    }
}

static void a_lock_file_that_was_removed_is_busy(void **state)
{
    (void)state;
    static const char *const faults[] = {"stat:2:ENOENT", "stat:2:ENOTDIR"};
    for (size_t i = 0; i < sizeof(faults) / sizeof(faults[0]); i++) {
        firn_lock lock = {-1};
        firn_error error;
        inject("FIRN_FAULT_IO", faults[i]);
        assert_int_equal(firn_lock_acquire(at("lock"), "x", &lock, &error), FIRN_BUSY);
        assert_int_equal(lock.fd, -1);
        assert_non_null(strstr(error.text, "removed"));
    }
}

static void the_chosen_allocation_fails(void **state)
{
    (void)state;
    inject("FIRN_FAULT_ALLOC", "2");
    void *first = firn_allocate(NULL, 10);
    assert_non_null(first);
    assert_null(firn_reallocate(NULL, first, 10, 20));
    void *third = firn_allocate(NULL, 10);
    assert_non_null(third);
    inject("FIRN_FAULT_ALLOC", "2+");
    firn_release(NULL, first, 10);
    first = firn_allocate(NULL, 10);
    assert_non_null(first);
    assert_null(firn_allocate(NULL, 10));
    assert_null(firn_allocate(NULL, 10));
    firn_release(NULL, first, 10);
    firn_release(NULL, third, 10);
}

static void the_counts_are_appended_at_the_end(void **state)
{
    (void)state;
    char path[TEMPDIR_PATH_BYTES * 2];
    snprintf(path, sizeof(path), "%s", at("counts"));
    fflush(NULL);
    pid_t child = fork();
    if (child == 0) {
        inject("FIRN_FAULT_COUNT", path);
        firn_release(NULL, firn_allocate(NULL, 10), 10);
        exit(firn_file_replace(at("a"), "new", 3, NULL) == FIRN_OK ? 0 : 1);
    }
    int result = -1;
    assert_int_equal(waitpid(child, &result, 0), child);
    assert_int_equal(result, 0);
    size_t size = 0;
    uint8_t *data = tempdir_read(path, &size);
    assert_non_null(data);
    data[size] = '\0';
    const char *text = (const char *)data;
    assert_ptr_equal(strstr(text, "alloc 1\n"), text);
    assert_non_null(strstr(text, "\nwrite 1\n"));
    assert_non_null(strstr(text, "\nfsync 2\n"));
    assert_non_null(strstr(text, "\nmutating 6\n"));
    for (size_t i = 0; i < FIRN_FAULT_CALL_COUNT; i++)
        assert_non_null(strstr(text, call_names[i]));
    free(data);
}

static void a_fault_that_cannot_be_read_ends_the_process(void **state)
{
    (void)state;
    static const char *const wrong[][2] = {
        {"FIRN_FAULT_ALLOC", "x"},        {"FIRN_FAULT_ALLOC", "0"},
        {"FIRN_FAULT_ALLOC", "1x"},       {"FIRN_FAULT_ALLOC", ""},
        {"FIRN_FAULT_KILL", "-1"},        {"FIRN_FAULT_IO", "write"},
        {"FIRN_FAULT_IO", "wrote:1"},     {"FIRN_FAULT_IO", "write:0"},
        {"FIRN_FAULT_IO", "write:1:EXX"}, {"FIRN_FAULT_IO", "fsync:1:short"},
        {"FIRN_FAULT_IO", "write:1x"},    {"FIRN_FAULT_IO", "write:1:"},
    };
    for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
        fflush(NULL);
        pid_t child = fork();
        if (child == 0) {
            signal(SIGABRT, SIG_DFL);
            freopen("/dev/null", "w", stderr);
            inject(wrong[i][0], wrong[i][1]);
            _exit(0);
        }
        int result = -1;
        assert_int_equal(waitpid(child, &result, 0), child);
        assert_true(WIFSIGNALED(result) && WTERMSIG(result) == SIGABRT);
    }
}

#define IN_FOLDER(test) cmocka_unit_test_setup_teardown(test, make_folder, remove_folder)

int main(void)
{
    const struct CMUnitTest tests[] = {
        IN_FOLDER(a_failed_replace_leaves_the_old_file_and_no_other),
        IN_FOLDER(a_kill_before_any_call_leaves_the_old_file_or_the_new),
        IN_FOLDER(interrupted_and_short_calls_are_gone_on_with),
        IN_FOLDER(a_failed_read_names_the_file_and_keeps_nothing),
        IN_FOLDER(a_file_that_shrinks_under_its_reader_is_told_apart),
        IN_FOLDER(other_calls_report_their_failure),
        IN_FOLDER(a_visit_ends_at_the_failure),
        IN_FOLDER(a_lock_that_failed_is_not_held),
        IN_FOLDER(a_lock_file_that_was_removed_is_busy),
        IN_FOLDER(the_chosen_allocation_fails),
        IN_FOLDER(the_counts_are_appended_at_the_end),
        IN_FOLDER(a_fault_that_cannot_be_read_ends_the_process),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

#else

int main(void)
{
    puts("skipped: this build cannot inject failures (FIRN_FAULTS)");
    return 0;
}

#endif
