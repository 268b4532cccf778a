/* Files, folders and locks on a real file system. */
#include <firn/file.h>

#include "support/failing.h"
#include "support/tempdir.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>
#include <cmocka.h>

static char folder[TEMPDIR_PATH_BYTES];
static firn_error error;

static int make_folder(void **state)
{
    (void)state;
    tempdir_make(folder);
    memset(&error, 0, sizeof(error));
    return 0;
}

static int remove_folder(void **state)
{
    (void)state;
    tempdir_remove(folder);
    return 0;
}

static const char *at(const char *name)
{
    return tempdir_path(folder, name);
}

static void assert_content(const char *path, const char *text)
{
    size_t size = 0;
    uint8_t *data = tempdir_read(path, &size);
    assert_non_null(data);
    assert_int_equal(size, strlen(text));
    assert_memory_equal(data, text, size);
    free(data);
}

static void assert_error_names(const char *path, firn_status status)
{
    assert_int_equal(error.status, status);
    assert_ptr_equal(strstr(error.text, path), error.text);
    assert_non_null(strstr(error.text, "; "));
}

static void what_is_written_is_read(void **state)
{
    (void)state;
    firn_file file;
    assert_int_equal(firn_file_open(at("a"), FIRN_FILE_CREATE, &file, &error), FIRN_OK);
    assert_int_equal(firn_file_write(&file, "hello ", 6), FIRN_OK);
    assert_int_equal(firn_file_write(&file, "", 0), FIRN_OK);
    assert_int_equal(firn_file_write(&file, "world", 5), FIRN_OK);
    assert_int_equal(firn_file_sync(&file), FIRN_OK);
    char buffer[32] = {0};
    size_t got = 99;
    assert_int_equal(firn_file_read_at(&file, 6, buffer, 32, &got), FIRN_OK);
    assert_int_equal(got, 5);
    assert_string_equal(buffer, "world");
    assert_int_equal(firn_file_read_at(&file, 11, buffer, 32, &got), FIRN_OK);
    assert_int_equal(got, 0);
    assert_int_equal(firn_file_read_at(&file, UINT64_MAX, buffer, 32, &got), FIRN_IO);
    firn_file_info info;
    assert_int_equal(firn_file_info_get(&file, &info), FIRN_OK);
    assert_int_equal(info.size, 11);
    assert_true(info.mtime_ns > INT64_C(1000000000) * 1000000000);
    firn_file_close(&file);
    assert_int_equal(file.fd, -1);
    firn_file_close(&file);
}

static void a_created_file_must_not_exist(void **state)
{
    (void)state;
    firn_file file;
    tempdir_write(at("a"), "x", 1);
    assert_int_equal(firn_file_open(at("a"), FIRN_FILE_CREATE, &file, &error), FIRN_EXISTS);
    assert_error_names(at("a"), FIRN_EXISTS);
    assert_content(at("a"), "x");
}

static void an_overwritten_file_is_emptied(void **state)
{
    (void)state;
    firn_file file;
    tempdir_write(at("a"), "long text", 9);
    assert_int_equal(firn_file_open(at("a"), FIRN_FILE_OVERWRITE, &file, &error), FIRN_OK);
    assert_int_equal(firn_file_write(&file, "x", 1), FIRN_OK);
    firn_file_close(&file);
    assert_content(at("a"), "x");
}

static void a_missing_file_is_not_found(void **state)
{
    (void)state;
    firn_file file;
    assert_int_equal(firn_file_open(at("no"), FIRN_FILE_READ, &file, &error), FIRN_NOT_FOUND);
    assert_error_names(at("no"), FIRN_NOT_FOUND);
    assert_int_equal(error.os_errno, ENOENT);
    assert_int_equal(firn_file_open(at("no"), FIRN_FILE_READ, &file, NULL), FIRN_NOT_FOUND);
}

static void an_unknown_mode_is_invalid(void **state)
{
    (void)state;
    firn_file file;
    assert_int_equal(firn_file_open(at("a"), (firn_file_mode)7, &file, &error), FIRN_INVALID);
}

/* In a child with a time limit, so that a hang is a failure. */
static void opening_other_things_than_files_is_refused_at_once(void **state)
{
    (void)state;
    assert_int_equal(mkfifo(at("fifo"), 0666), 0);
    assert_int_equal(mkdir(at("folder"), 0777), 0);
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    snprintf(address.sun_path, sizeof(address.sun_path), "%.90s/socket", folder);
    int fd = socket(AF_UNIX, SOCK_STREAM, 0);
    assert_int_equal(bind(fd, (const struct sockaddr *)&address, sizeof(address)), 0);
    const char *paths[] = {at("fifo"), at("folder"), at("socket"), "/dev/zero", "/dev/tty"};
    alarm(10);
    for (size_t i = 0; i < 5; i++) {
        firn_file file;
        for (int mode = FIRN_FILE_READ; mode <= FIRN_FILE_OVERWRITE; mode += 2) {
            firn_status status = firn_file_open(paths[i], (firn_file_mode)mode, &file, &error);
            assert_int_equal(status, FIRN_UNSUPPORTED);
            assert_error_names(paths[i], FIRN_UNSUPPORTED);
        }
    }
    alarm(0);
    close(fd);
}

static void a_loop_of_links_is_an_error(void **state)
{
    (void)state;
    firn_file file;
    assert_int_equal(symlink(at("b"), at("a")), 0);
    assert_int_equal(symlink(at("a"), at("b")), 0);
    assert_int_equal(firn_file_open(at("a"), FIRN_FILE_READ, &file, &error), FIRN_IO);
    assert_int_equal(error.os_errno, ELOOP);
    assert_error_names(at("a"), FIRN_IO);
}

static void an_open_file_is_not_passed_on_to_programs(void **state)
{
    (void)state;
    firn_file file;
    tempdir_write(at("a"), "x", 1);
    assert_int_equal(firn_file_open(at("a"), FIRN_FILE_READ, &file, &error), FIRN_OK);
    char path[64];
    snprintf(path, sizeof(path), "/proc/self/fdinfo/%d", file.fd);
    FILE *info = fopen(path, "r");
    assert_non_null(info);
    char line[128];
    unsigned flags = 0;
    while (fgets(line, sizeof(line), info) != NULL)
        sscanf(line, "flags: %o", &flags);
    fclose(info);
    assert_true(flags & 02000000); /* O_CLOEXEC */
    firn_file_close(&file);
}

static void a_long_path_leaves_room_for_the_cause(void **state)
{
    (void)state;
    char path[5000];
    memset(path, 'x', sizeof(path));
    path[0] = '/';
    memcpy(path + 4880, "the-end", 7);
    path[sizeof(path) - 1] = '\0';
    firn_file file;
    assert_int_equal(firn_file_open(path, FIRN_FILE_READ, &file, &error), FIRN_IO);
    assert_non_null(strstr(error.text, "the-end"));
    assert_non_null(strstr(error.text, "File name too long"));
    assert_non_null(strstr(error.text, "shorter path"));
    assert_int_equal(firn_file_replace(path, "x", 1, &error), FIRN_IO);
    assert_int_equal(error.os_errno, ENAMETOOLONG);
}

static void whole_files_are_read(void **state)
{
    (void)state;
    failing memory;
    failing_init(&memory, 0);
    static uint8_t large[300000];
    for (size_t i = 0; i < sizeof(large); i++)
        large[i] = (uint8_t)(i * 7 >> 3);
    tempdir_write(at("a"), large, sizeof(large));
    void *data = NULL;
    size_t size = 0;
    firn_file_info info;
    assert_int_equal(
        firn_file_read_all(at("a"), sizeof(large), &memory.allocator, &data, &size, &info, &error),
        FIRN_OK);
    assert_int_equal(size, sizeof(large));
    assert_int_equal(info.size, sizeof(large));
    assert_memory_equal(data, large, size);
    firn_release(&memory.allocator, data, size);
    failing_check(&memory);
}

static void an_empty_file_reads_as_nothing(void **state)
{
    (void)state;
    tempdir_write(at("a"), "", 0);
    void *data = &error;
    size_t size = 7;
    assert_int_equal(firn_file_read_all(at("a"), 0, NULL, &data, &size, NULL, &error), FIRN_OK);
    assert_null(data);
    assert_int_equal(size, 0);
}

static void a_file_above_the_limit_is_refused(void **state)
{
    (void)state;
    tempdir_write(at("a"), "12345678", 8);
    void *data = &error;
    size_t size = 7;
    assert_int_equal(firn_file_read_all(at("a"), 7, NULL, &data, &size, NULL, &error), FIRN_LIMIT);
    assert_error_names(at("a"), FIRN_LIMIT);
    assert_ptr_equal(data, &error);
    assert_int_equal(size, 7);
}

static void a_file_that_grows_under_its_reader_is_told_apart(void **state)
{
    (void)state;
    /* The kernel says that this file has no bytes, and then gives some: as if it had grown. */
    void *data = NULL;
    size_t size = 0;
    assert_int_equal(firn_file_read_all("/proc/version", 100000, NULL, &data, &size, NULL, &error),
                     FIRN_CHANGED);
    assert_error_names("/proc/version", FIRN_CHANGED);
}

static void without_memory_reading_a_file_fails(void **state)
{
    (void)state;
    failing memory;
    failing_init(&memory, 1);
    tempdir_write(at("a"), "12345678", 8);
    void *data = NULL;
    size_t size = 0;
    assert_int_equal(firn_file_read_all(at("a"), 8, &memory.allocator, &data, &size, NULL, &error),
                     FIRN_NO_MEMORY);
    assert_error_names(at("a"), FIRN_NO_MEMORY);
    failing_check(&memory);
}

static void a_file_is_replaced(void **state)
{
    (void)state;
    assert_int_equal(firn_file_replace(at("a"), "one", 3, &error), FIRN_OK);
    assert_content(at("a"), "one");
    assert_int_equal(firn_file_replace(at("a"), "", 0, &error), FIRN_OK);
    assert_content(at("a"), "");
    assert_int_equal(tempdir_count(folder), 1);
}

static void a_file_is_replaced_in_the_folder_one_stands_in(void **state)
{
    (void)state;
    char before[4096];
    assert_non_null(getcwd(before, sizeof(before)));
    assert_int_equal(chdir(folder), 0);
    assert_int_equal(firn_file_replace("a", "one", 3, &error), FIRN_OK);
    assert_content("a", "one");
    assert_int_equal(chdir(before), 0);
}

static void a_replaced_file_keeps_its_mode(void **state)
{
    (void)state;
    mode_t mask = umask(022);
    tempdir_write(at("a"), "x", 1);
    assert_int_equal(chmod(at("a"), 0600), 0);
    assert_int_equal(firn_file_replace(at("a"), "y", 1, &error), FIRN_OK);
    umask(mask);
    struct stat stat_of;
    assert_int_equal(stat(at("a"), &stat_of), 0);
    assert_int_equal(stat_of.st_mode & 0777, 0600);
}

static void a_link_in_the_place_of_the_temporary_file_is_not_written_through(void **state)
{
    (void)state;
    tempdir_write(at("victim"), "safe", 4);
    assert_int_equal(symlink(at("victim"), at("a.tmp")), 0);
    assert_int_equal(firn_file_replace(at("a"), "new", 3, &error), FIRN_OK);
    assert_content(at("victim"), "safe");
    assert_content(at("a"), "new");
}

static void files_are_renamed_and_removed(void **state)
{
    (void)state;
    tempdir_write(at("a"), "1", 1);
    tempdir_write(at("b"), "2", 1);
    assert_int_equal(firn_file_rename(at("a"), at("b"), &error), FIRN_OK);
    assert_content(at("b"), "1");
    assert_int_equal(firn_file_rename(at("a"), at("b"), &error), FIRN_NOT_FOUND);
    assert_int_equal(firn_folder_sync(folder, &error), FIRN_OK);
    assert_int_equal(firn_file_remove(at("b"), &error), FIRN_OK);
    assert_int_equal(firn_file_remove(at("b"), &error), FIRN_NOT_FOUND);
    assert_error_names(at("b"), FIRN_NOT_FOUND);
    assert_int_equal(tempdir_count(folder), 0);
}

static void folders_are_made_once(void **state)
{
    (void)state;
    assert_int_equal(firn_folder_create(at("f"), &error), FIRN_OK);
    assert_int_equal(firn_folder_create(at("f"), &error), FIRN_EXISTS);
    assert_error_names(at("f"), FIRN_EXISTS);
    assert_int_equal(firn_folder_create(at("no/f"), &error), FIRN_NOT_FOUND);
    assert_int_equal(firn_folder_sync(at("no"), &error), FIRN_NOT_FOUND);
}

struct seen {
    unsigned mask;
    unsigned count;
    firn_status answer;
};

static firn_status see(void *context, const char *name)
{
    struct seen *seen = context;
    seen->count++;
    if (strlen(name) == 1 && *name >= 'a' && *name <= 'z')
        seen->mask |= 1u << (*name - 'a');
    return seen->answer;
}

static void all_names_of_a_folder_are_visited(void **state)
{
    (void)state;
    tempdir_write(at("a"), "", 0);
    tempdir_write(at("c"), "", 0);
    tempdir_write(at(".hidden"), "", 0);
    struct seen seen = {0, 0, FIRN_OK};
    assert_int_equal(firn_folder_visit(folder, see, &seen, &error), FIRN_OK);
    assert_int_equal(seen.count, 3);
    assert_int_equal(seen.mask, 5);
    seen = (struct seen){0, 0, FIRN_END_OF_DATA};
    assert_int_equal(firn_folder_visit(folder, see, &seen, &error), FIRN_END_OF_DATA);
    assert_int_equal(seen.count, 1);
    assert_int_equal(firn_folder_visit(at("no"), see, &seen, &error), FIRN_NOT_FOUND);
    assert_int_equal(firn_folder_visit(at("a"), see, &seen, &error), FIRN_IO);
    assert_error_names(at("a"), FIRN_IO);
}

static void paths_tell_what_they_name(void **state)
{
    (void)state;
    firn_path_kind kind;
    firn_file_info info;
    tempdir_write(at("a"), "123", 3);
    assert_int_equal(mkfifo(at("fifo"), 0666), 0);
    assert_int_equal(symlink("nowhere", at("link")), 0);
    assert_int_equal(firn_path_kind_get(at("a"), &kind, &info, &error), FIRN_OK);
    assert_int_equal(kind, FIRN_PATH_FILE);
    assert_int_equal(info.size, 3);
    assert_int_equal(firn_path_kind_get(folder, &kind, NULL, &error), FIRN_OK);
    assert_int_equal(kind, FIRN_PATH_FOLDER);
    assert_int_equal(firn_path_kind_get(at("link"), &kind, NULL, &error), FIRN_OK);
    assert_int_equal(kind, FIRN_PATH_LINK);
    assert_int_equal(firn_path_kind_get(at("fifo"), &kind, NULL, &error), FIRN_OK);
    assert_int_equal(kind, FIRN_PATH_OTHER);
    assert_int_equal(firn_path_kind_get(at("no"), &kind, NULL, &error), FIRN_NOT_FOUND);
}

static void a_lock_is_held_by_one(void **state)
{
    (void)state;
    firn_lock first, second = {-1};
    assert_int_equal(firn_lock_acquire(at("lock"), "a test", &first, &error), FIRN_OK);
    assert_int_equal(firn_lock_acquire(at("lock"), "another", &second, &error), FIRN_BUSY);
    assert_error_names(at("lock"), FIRN_BUSY);
    char holder[64];
    snprintf(holder, sizeof(holder), "held by process %ld (a test);", (long)getpid());
    assert_non_null(strstr(error.text, holder));
    firn_lock_release(&second);
    firn_lock_release(&first);
    firn_lock_release(&first);
    assert_int_equal(firn_lock_acquire(at("lock"), "b", &second, &error), FIRN_OK);
    snprintf(holder, sizeof(holder), "%ld (b)\n", (long)getpid());
    assert_content(at("lock"), holder);
    firn_lock_release(&second);
}

static void a_lock_dies_with_its_holder(void **state)
{
    (void)state;
    pid_t child = fork();
    if (child == 0) {
        firn_lock lock;
        firn_status status = firn_lock_acquire(at("lock"), "a child", &lock, NULL);
        _exit(status == FIRN_OK ? 0 : 1);
    }
    int result = -1;
    assert_int_equal(waitpid(child, &result, 0), child);
    assert_int_equal(result, 0);
    firn_lock lock;
    assert_int_equal(firn_lock_acquire(at("lock"), "a test", &lock, &error), FIRN_OK);
    firn_lock_release(&lock);
}

static void a_lock_needs_its_folder(void **state)
{
    (void)state;
    firn_lock lock;
    assert_int_equal(firn_lock_acquire(at("no/lock"), "x", &lock, &error), FIRN_NOT_FOUND);
    assert_error_names(at("no/lock"), FIRN_NOT_FOUND);
}

#define IN_FOLDER(test) cmocka_unit_test_setup_teardown(test, make_folder, remove_folder)

int main(void)
{
    const struct CMUnitTest tests[] = {
        IN_FOLDER(what_is_written_is_read),
        IN_FOLDER(a_created_file_must_not_exist),
        IN_FOLDER(an_overwritten_file_is_emptied),
        IN_FOLDER(a_missing_file_is_not_found),
        IN_FOLDER(an_unknown_mode_is_invalid),
        IN_FOLDER(opening_other_things_than_files_is_refused_at_once),
        IN_FOLDER(a_loop_of_links_is_an_error),
        IN_FOLDER(an_open_file_is_not_passed_on_to_programs),
        IN_FOLDER(a_long_path_leaves_room_for_the_cause),
        IN_FOLDER(whole_files_are_read),
        IN_FOLDER(an_empty_file_reads_as_nothing),
        IN_FOLDER(a_file_above_the_limit_is_refused),
        IN_FOLDER(a_file_that_grows_under_its_reader_is_told_apart),
        IN_FOLDER(without_memory_reading_a_file_fails),
        IN_FOLDER(a_file_is_replaced),
        IN_FOLDER(a_file_is_replaced_in_the_folder_one_stands_in),
        IN_FOLDER(a_replaced_file_keeps_its_mode),
        IN_FOLDER(a_link_in_the_place_of_the_temporary_file_is_not_written_through),
        IN_FOLDER(files_are_renamed_and_removed),
        IN_FOLDER(folders_are_made_once),
        IN_FOLDER(all_names_of_a_folder_are_visited),
        IN_FOLDER(paths_tell_what_they_name),
        IN_FOLDER(a_lock_is_held_by_one),
        IN_FOLDER(a_lock_dies_with_its_holder),
        IN_FOLDER(a_lock_needs_its_folder),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
