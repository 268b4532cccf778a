/* What a walk over a folder finds, and what it passes over. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <fcntl.h>
#include <sys/socket.h>
#include <sys/un.h>

#include "code/scan.h"
#include "support/failing.h"
#include "support/tempdir.h"

struct fixture {
    char folder[TEMPDIR_PATH_BYTES];
    char *files, *skipped; /* one a line, what a scan gave */
};

static int set_up(void **state)
{
    struct fixture *fixture = calloc(1, sizeof *fixture);
    tempdir_make(fixture->folder);
    *state = fixture;
    return 0;
}

static int tear_down(void **state)
{
    struct fixture *fixture = *state;
    tempdir_remove(fixture->folder);
    free(fixture->files);
    free(fixture->skipped);
    free(fixture);
    return 0;
}

static void put(const struct fixture *fixture, const char *name, const char *text)
{
    tempdir_write(tempdir_path(fixture->folder, name), text, strlen(text));
}

static void put_folder(const struct fixture *fixture, const char *name)
{
    tempdir_check(mkdir(tempdir_path(fixture->folder, name), 0777) != 0, name);
}

static void put_link(const struct fixture *fixture, const char *name, const char *target)
{
    tempdir_check(symlink(target, tempdir_path(fixture->folder, name)) != 0, name);
}

static void append(char **text, const char *part, const char *end)
{
    size_t size = *text == NULL ? 0 : strlen(*text);
    size_t more = strlen(part) + strlen(end) + 1;
    *text = realloc(*text, size + more);
    snprintf(*text + size, more, "%s%s", part, end);
}

static void scan_with(struct fixture *fixture, const struct scan_options *options)
{
    struct scan scan;
    firn_error error;

    free(fixture->files);
    free(fixture->skipped);
    fixture->files = fixture->skipped = NULL;
    append(&fixture->files, "", "");
    append(&fixture->skipped, "", "");
    assert_int_equal(scan_run(fixture->folder, options, &scan, &error), FIRN_OK);
    for (size_t i = 0; i < scan.file_count; i++)
        append(&fixture->files, scan.files[i].path, "\n");
    for (size_t i = 0; i < scan.skipped_count; i++) {
        append(&fixture->skipped, scan.skipped[i].path, ": ");
        append(&fixture->skipped, scan.skipped[i].reason, "\n");
    }
    scan_fini(&scan);
}

static void expect(struct fixture *fixture, const char *files, const char *skipped)
{
    scan_with(fixture, &(struct scan_options){0});
    assert_string_equal(fixture->files, files);
    assert_string_equal(fixture->skipped, skipped);
}

static void sources_are_sorted_by_their_bytes(void **state)
{
    struct fixture *fixture = *state;
    put_folder(fixture, "a");
    put(fixture, "b.c", "");
    put(fixture, "a/z.py", "x");
    put(fixture, "a.c", "");
    put(fixture, "a-b.c", "");
    put(fixture, "\xff.c", "");
    put(fixture, "new\nline.c", "");
    put(fixture, "README", "no source");
    expect(fixture, "a-b.c\na.c\na/z.py\nb.c\nnew\nline.c\n\xff.c\n", "");
}

static void sizes_times_and_languages_are_told(void **state)
{
    struct fixture *fixture = *state;
    struct scan scan;
    put(fixture, "a.py", "12345");
    assert_int_equal(scan_run(fixture->folder, &(struct scan_options){0}, &scan, NULL), FIRN_OK);
    assert_int_equal(scan.file_count, 1);
    assert_int_equal(scan.files[0].size, 5);
    assert_int_equal(scan.source_bytes, 5);
    assert_true(scan.files[0].mtime_ns > 0);
    assert_string_equal(scan.files[0].language->name, "python");
    scan_fini(&scan);
}

static void an_empty_folder_has_nothing(void **state)
{
    expect(*state, "", "");
}

static void links_are_not_followed(void **state)
{
    struct fixture *fixture = *state;
    put(fixture, "real.c", "");
    put_folder(fixture, "folder");
    put(fixture, "folder/x.c", "");
    put_link(fixture, "link.c", "real.c");
    put_link(fixture, "link", "real.c");
    put_link(fixture, "up", ".");
    put_link(fixture, "folder/up.c", "..");
    put_link(fixture, "dangling", "nowhere");
    put_link(fixture, "loop.c", "loop.c");
    put_link(fixture, "ring", "gnir");
    put_link(fixture, "gnir", "ring");
    expect(fixture, "folder/x.c\nreal.c\n",
           "dangling: dangling symbolic link\n"
           "folder/up.c: symbolic link, not followed\n"
           "gnir: loop of symbolic links\n"
           "link.c: symbolic link, not followed\n"
           "loop.c: loop of symbolic links\n"
           "ring: loop of symbolic links\n");
}

static void what_is_no_file_is_listed(void **state)
{
    struct fixture *fixture = *state;
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    int listener = socket(AF_UNIX, SOCK_STREAM, 0);

    assert_int_equal(mkfifo(tempdir_path(fixture->folder, "fifo.c"), 0600), 0);
    const char *path = tempdir_path(fixture->folder, "socket");
    assert_true(strlen(path) < sizeof address.sun_path);
    memcpy(address.sun_path, path, strlen(path));
    assert_int_equal(bind(listener, (struct sockaddr *)&address, sizeof address), 0);
    close(listener);
    expect(fixture, "", "fifo.c: a FIFO, socket or device\nsocket: a FIFO, socket or device\n");
}

static void a_folder_that_cannot_be_read_does_not_end_the_walk(void **state)
{
    struct fixture *fixture = *state;
    if (geteuid() == 0)
        skip();
    put_folder(fixture, "closed");
    put(fixture, "open.c", "");
    chmod(tempdir_path(fixture->folder, "closed"), 0);
    expect(fixture, "open.c\n", "closed: permission denied\n");
    chmod(tempdir_path(fixture->folder, "closed"), 0700);
}

/* Names so long that paths below the third folder cannot be opened any more. */
static void paths_that_are_too_long_do_not_end_the_walk(void **state)
{
    struct fixture *fixture = *state;
    char name[201];
    int top = open(fixture->folder, O_RDONLY | O_DIRECTORY), at = dup(top);

    memset(name, 'n', sizeof name - 1);
    name[sizeof name - 1] = '\0';
    for (int i = 0; i < 25; i++) {
        assert_int_equal(mkdirat(at, name, 0777), 0);
        int next = openat(at, name, O_RDONLY | O_DIRECTORY);
        close(at);
        at = next;
    }
    close(at);
    put(fixture, "short.c", "");
    scan_with(fixture, &(struct scan_options){0});
    assert_string_equal(fixture->files, "short.c\n");
    assert_non_null(strstr(fixture->skipped, ": path too long\n"));
    char command[TEMPDIR_PATH_BYTES + 32];
    snprintf(command, sizeof command, "rm -rf '%s'/n*", fixture->folder);
    assert_int_equal(system(command), 0);
    close(top);
}

static void repositories_and_the_store_are_left_out(void **state)
{
    struct fixture *fixture = *state;
    put_folder(fixture, ".git");
    put(fixture, ".git/hook.sh", "");
    put_folder(fixture, "store");
    put(fixture, "store/x.c", "");
    put_folder(fixture, "sub");
    put_folder(fixture, "sub/.svn");
    put(fixture, "sub/.svn/x.c", "");
    put(fixture, "sub/x.c", "");
    scan_with(fixture,
              &(struct scan_options){.store = tempdir_path(fixture->folder, "sub/../store")});
    assert_string_equal(fixture->files, "sub/x.c\n");
    assert_string_equal(fixture->skipped, "");
}

static void excluded_paths_are_left_out(void **state)
{
    struct fixture *fixture = *state;
    struct exclude exclude;
    put_folder(fixture, "build");
    put(fixture, "build/x.c", "");
    put_folder(fixture, "sub");
    put(fixture, "sub/gen.c", "");
    put(fixture, "sub/x.c", "");
    put_link(fixture, "sub/gone", "nowhere");
    exclude_init(&exclude, NULL);
    assert_int_equal(exclude_add(&exclude, "build/"), FIRN_OK);
    assert_int_equal(exclude_add(&exclude, "g*"), FIRN_OK);
    scan_with(fixture, &(struct scan_options){.exclude = &exclude});
    exclude_fini(&exclude);
    assert_string_equal(fixture->files, "sub/x.c\n");
    assert_string_equal(fixture->skipped, "");
}

static void a_root_that_is_none_is_an_error(void **state)
{
    struct fixture *fixture = *state;
    struct scan scan;
    firn_error error;
    put(fixture, "file.c", "");
    assert_int_equal(scan_run(tempdir_path(fixture->folder, "nowhere"), &(struct scan_options){0},
                              &scan, &error),
                     FIRN_NOT_FOUND);
    assert_non_null(strstr(error.text, "nowhere"));
    assert_int_not_equal(
        scan_run(tempdir_path(fixture->folder, "file.c"), &(struct scan_options){0}, &scan, &error),
        FIRN_OK);
    assert_int_equal(scan_run("", &(struct scan_options){0}, &scan, &error), FIRN_INVALID);
}

static void every_failing_allocation_is_an_error_without_a_leak(void **state)
{
    struct fixture *fixture = *state;
    put_folder(fixture, "a");
    put(fixture, "a/b.c", "");
    put_link(fixture, "gone", "nowhere");
    for (size_t fail_at = 1;; fail_at++) {
        failing memory;
        struct scan scan;
        failing_init(&memory, fail_at);
        firn_status status = scan_run(
            fixture->folder, &(struct scan_options){.allocator = &memory.allocator}, &scan, NULL);
        if (status == FIRN_OK)
            scan_fini(&scan);
        failing_check(&memory);
        if (status == FIRN_OK)
            break;
        assert_int_equal(status, FIRN_NO_MEMORY);
    }
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(sources_are_sorted_by_their_bytes),
        TEST(sizes_times_and_languages_are_told),
        TEST(an_empty_folder_has_nothing),
        TEST(links_are_not_followed),
        TEST(what_is_no_file_is_listed),
        TEST(a_folder_that_cannot_be_read_does_not_end_the_walk),
        TEST(paths_that_are_too_long_do_not_end_the_walk),
        TEST(repositories_and_the_store_are_left_out),
        TEST(excluded_paths_are_left_out),
        TEST(a_root_that_is_none_is_an_error),
        TEST(every_failing_allocation_is_an_error_without_a_leak),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
