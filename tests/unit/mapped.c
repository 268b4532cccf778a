/* Files held in memory once and shared. */
#include "support/tempdir.h"

#include <firn/mapped.h>

#include <sys/wait.h>
#include <time.h>
#include <utime.h>

#include <setjmp.h>
#include <stdarg.h>
#include <cmocka.h>

static char root[TEMPDIR_PATH_BYTES];
static const uint64_t NO_LIMIT = UINT64_MAX;

static int set_up(void **state)
{
    (void)state;
    tempdir_make(root);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    tempdir_remove(root);
    return 0;
}

/* Until what was written is old enough to be shared. */
static void let_settle(void)
{
    nanosleep(&(struct timespec){0, 30000000}, NULL);
}

static firn_mapped *open_file(const char *name)
{
    firn_mapped *mapped = NULL;
    firn_error error = {0};
    if (firn_mapped_open(tempdir_path(root, name), NO_LIMIT, &mapped, &error) != FIRN_OK)
        fail_msg("%s", error.text);
    return mapped;
}

static void expect_data(const firn_mapped *mapped, const void *data, size_t expected)
{
    size_t size = 99;
    const char *bytes = firn_mapped_data(mapped, &size);
    assert_int_equal(size, expected);
    assert_memory_equal(bytes, data, expected);
    assert_int_equal(bytes[size], 0);
    assert_ptr_equal(firn_mapped_data(mapped, NULL), bytes);
}

static void a_file_is_read_with_a_nul_behind_it(void **state)
{
    (void)state;
    tempdir_write(tempdir_path(root, "a"), "one\0two", 7);
    firn_mapped *mapped = open_file("a");
    firn_file_info info;
    expect_data(mapped, "one\0two", 7);
    firn_mapped_info(mapped, &info);
    assert_int_equal(info.size, 7);
    firn_mapped_close(mapped);
    firn_mapped_close(NULL);
}

static void an_empty_file_is_an_empty_text(void **state)
{
    (void)state;
    tempdir_write(tempdir_path(root, "a"), "", 0);
    firn_mapped *mapped = open_file("a");
    expect_data(mapped, "", 0);
    firn_mapped_close(mapped);
}

static void a_file_is_held_once_whatever_its_name(void **state)
{
    (void)state;
    tempdir_write(tempdir_path(root, "a"), "text", 4);
    assert_int_equal(link(tempdir_path(root, "a"), tempdir_path(root, "b")), 0);
    assert_int_equal(symlink("a", tempdir_path(root, "c")), 0);
    let_settle();
    firn_mapped *first = open_file("a");
    firn_mapped *second = open_file("b");
    firn_mapped *third = open_file("c");
    assert_ptr_equal(first, second);
    assert_ptr_equal(first, third);
    firn_mapped_close(first);
    firn_mapped_close(third);
    expect_data(second, "text", 4);
    firn_mapped_close(second);
}

static void a_changed_file_is_another_and_the_old_one_stays(void **state)
{
    (void)state;
    struct utimbuf long_ago = {1000000000, 1000000000};
    tempdir_write(tempdir_path(root, "a"), "old text", 8);
    assert_int_equal(utime(tempdir_path(root, "a"), &long_ago), 0);
    firn_mapped *before = open_file("a");
    tempdir_write(tempdir_path(root, "a"), "new text", 8);
    firn_mapped *after = open_file("a");
    assert_ptr_not_equal(before, after);
    expect_data(before, "old text", 8);
    expect_data(after, "new text", 8);
    assert_int_equal(truncate(tempdir_path(root, "a"), 0), 0);
    expect_data(after, "new text", 8);
    firn_mapped_close(before);
    firn_mapped_close(after);
}

/* Times and size are what they were, yet the content is new. */
static void a_rewrite_with_the_old_time_and_size_is_found(void **state)
{
    (void)state;
    struct utimbuf long_ago = {1000000000, 1000000000};
    tempdir_write(tempdir_path(root, "a"), "old text", 8);
    assert_int_equal(utime(tempdir_path(root, "a"), &long_ago), 0);
    let_settle();
    firn_mapped *before = open_file("a");
    tempdir_write(tempdir_path(root, "a"), "new text", 8);
    assert_int_equal(utime(tempdir_path(root, "a"), &long_ago), 0);
    firn_mapped *after = open_file("a");
    expect_data(before, "old text", 8);
    expect_data(after, "new text", 8);
    firn_mapped_close(before);
    firn_mapped_close(after);
}

/* Faster than the clock of the file system ticks. */
static void rewrites_one_after_the_other_are_all_found(void **state)
{
    (void)state;
    firn_mapped *held[200];
    char text[16];
    for (int i = 0; i < 200; i++) {
        snprintf(text, sizeof text, "text %03d", i);
        tempdir_write(tempdir_path(root, "a"), text, 8);
        held[i] = open_file("a");
        expect_data(held[i], text, 8);
    }
    for (int i = 0; i < 200; i++) {
        snprintf(text, sizeof text, "text %03d", i);
        expect_data(held[i], text, 8);
        firn_mapped_close(held[i]);
    }
}

static void what_is_held_survives_all_that_can_happen_to_the_file(void **state)
{
    (void)state;
    tempdir_write(tempdir_path(root, "a"), "old text", 8);
    tempdir_write(tempdir_path(root, "b"), "another", 7);
    let_settle();
    firn_mapped *held = open_file("a");
    assert_int_equal(truncate(tempdir_path(root, "a"), 3), 0);
    firn_mapped *cut = open_file("a");
    expect_data(cut, "old", 3);
    assert_int_equal(truncate(tempdir_path(root, "a"), 100000), 0);
    firn_mapped *grown = open_file("a");
    size_t size;
    assert_int_equal(firn_mapped_data(grown, &size)[99999], 0);
    assert_int_equal(size, 100000);
    char to[TEMPDIR_PATH_BYTES + 8];
    snprintf(to, sizeof to, "%s", tempdir_path(root, "a"));
    assert_int_equal(rename(tempdir_path(root, "b"), to), 0);
    firn_mapped *replaced = open_file("a");
    expect_data(replaced, "another", 7);
    assert_int_equal(unlink(tempdir_path(root, "a")), 0);
    expect_data(held, "old text", 8);
    expect_data(cut, "old", 3);
    expect_data(replaced, "another", 7);
    firn_mapped_close(held);
    firn_mapped_close(cut);
    firn_mapped_close(grown);
    firn_mapped_close(replaced);
}

static void usage_counts_what_is_open_once(void **state)
{
    (void)state;
    firn_usage none, one, two;
    tempdir_write(tempdir_path(root, "a"), "old text", 8);
    let_settle();
    firn_mapped_usage(&none);
    firn_mapped *first = open_file("a");
    firn_mapped_usage(&one);
    firn_mapped *second = open_file("a");
    firn_mapped_usage(&two);
    assert_int_equal(none.live_bytes, 0);
    assert_int_equal(none.reserved_bytes, 0);
    assert_int_equal(one.live_bytes, 8);
    assert_in_range(one.overhead_bytes, 1, 200);
    assert_memory_equal(&one, &two, sizeof one);
    firn_mapped_close(first);
    firn_mapped_close(second);
    firn_mapped_usage(&two);
    assert_int_equal(two.reserved_bytes, 0);
}

static void a_child_keeps_and_opens_files_by_itself(void **state)
{
    (void)state;
    tempdir_write(tempdir_path(root, "a"), "old text", 8);
    let_settle();
    firn_mapped *held = open_file("a");
    pid_t child = fork();
    if (child == 0) {
        size_t size;
        firn_mapped *again = NULL;
        bool right = firn_mapped_open(tempdir_path(root, "a"), NO_LIMIT, &again, NULL) == FIRN_OK &&
                     again == held && strcmp(firn_mapped_data(held, &size), "old text") == 0;
        firn_mapped_close(again);
        _exit(right ? 0 : 1);
    }
    int status = -1;
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_int_equal(status, 0);
    expect_data(held, "old text", 8);
    firn_mapped_close(held);
}

static void a_file_above_the_limit_is_refused_even_when_it_is_held(void **state)
{
    (void)state;
    firn_mapped *mapped = NULL;
    firn_error error = {0};
    tempdir_write(tempdir_path(root, "a"), "text", 4);
    assert_int_equal(firn_mapped_open(tempdir_path(root, "a"), 3, &mapped, &error), FIRN_LIMIT);
    assert_non_null(strstr(error.text, "/a: larger than 3 bytes"));
    firn_mapped *held = open_file("a");
    assert_int_equal(firn_mapped_open(tempdir_path(root, "a"), 3, &mapped, NULL), FIRN_LIMIT);
    assert_int_equal(firn_mapped_open(tempdir_path(root, "a"), 4, &mapped, NULL), FIRN_OK);
    firn_mapped_close(mapped);
    firn_mapped_close(held);
}

static void what_is_no_regular_file_is_refused_at_once(void **state)
{
    (void)state;
    firn_mapped *mapped = NULL;
    firn_error error = {0};
    assert_int_equal(firn_mapped_open(tempdir_path(root, "none"), NO_LIMIT, &mapped, &error),
                     FIRN_NOT_FOUND);
    assert_non_null(strstr(error.text, "/none"));
    assert_int_equal(firn_mapped_open(root, NO_LIMIT, &mapped, NULL), FIRN_UNSUPPORTED);
    assert_int_equal(mkfifo(tempdir_path(root, "fifo"), 0666), 0);
    assert_int_equal(firn_mapped_open(tempdir_path(root, "fifo"), NO_LIMIT, &mapped, NULL),
                     FIRN_UNSUPPORTED);
    assert_int_equal(firn_mapped_open("/dev/null", NO_LIMIT, &mapped, NULL), FIRN_UNSUPPORTED);
    assert_null(mapped);
}

/* Files of /proc tell a size of 0 and have content. */
static void a_file_that_is_longer_than_it_says_has_changed(void **state)
{
    (void)state;
    firn_mapped *mapped = NULL;
    assert_int_equal(firn_mapped_open("/proc/self/status", NO_LIMIT, &mapped, NULL), FIRN_CHANGED);
}

static void many_files_are_held_at_once(void **state)
{
    (void)state;
    enum { COUNT = 3000 };
    static firn_mapped *held[COUNT];
    char name[16], text[16];
    for (int i = 0; i < COUNT; i++) {
        snprintf(name, sizeof name, "%d", i);
        tempdir_write(tempdir_path(root, name), name, strlen(name));
    }
    let_settle();
    for (int i = 0; i < COUNT; i++) {
        snprintf(name, sizeof name, "%d", i);
        held[i] = open_file(name);
    }
    for (int i = 0; i < COUNT; i++) {
        snprintf(name, sizeof name, "%d", i);
        snprintf(text, sizeof text, "%d", i);
        firn_mapped *again = open_file(name);
        assert_ptr_equal(again, held[i]);
        expect_data(held[i], text, strlen(text));
        firn_mapped_close(again);
    }
    for (int i = 0; i < COUNT; i++)
        firn_mapped_close(held[i]);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        TEST(a_file_is_read_with_a_nul_behind_it),
        TEST(an_empty_file_is_an_empty_text),
        TEST(a_file_is_held_once_whatever_its_name),
        TEST(a_changed_file_is_another_and_the_old_one_stays),
        TEST(a_rewrite_with_the_old_time_and_size_is_found),
        TEST(rewrites_one_after_the_other_are_all_found),
        TEST(what_is_held_survives_all_that_can_happen_to_the_file),
        TEST(usage_counts_what_is_open_once),
        TEST(a_child_keeps_and_opens_files_by_itself),
        TEST(a_file_above_the_limit_is_refused_even_when_it_is_held),
        TEST(what_is_no_regular_file_is_refused_at_once),
        TEST(a_file_that_is_longer_than_it_says_has_changed),
        TEST(many_files_are_held_at_once),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
