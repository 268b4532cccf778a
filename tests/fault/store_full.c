/* No space: a writer says so and the old content stands. By the limit of file sizes, and, where a
 * small file system can be mounted, by a device that is full. */
#include "support/store_faults.h"

#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <sys/mount.h>
#include <sys/resource.h>
#include <sys/wait.h>

#include <setjmp.h>
#include <stdarg.h>
#include <cmocka.h>

enum { EXIT_FULL = 10, EXIT_WRONG = 11 };

static int exit_of(firn_status status, const firn_error *error)
{
    if (status == FIRN_OK)
        return 0;
    if (status == FIRN_NO_SPACE && strstr(error->text, store.path) != NULL &&
        strchr(error->text, ';') != NULL)
        return EXIT_FULL;
    fprintf(stderr, "%s: %s\n", firn_status_name(status), error->text);
    return EXIT_WRONG;
}

static int write_limited(size_t bytes)
{
    int ended;
    pid_t child = fork();
    if (child == 0) {
        firn_error error;
        struct rlimit limit = {bytes, bytes};
        signal(SIGXFSZ, SIG_IGN);
        /* The scratch file of store_faults_write is the test's own, and is in the way here. */
        if (setrlimit(RLIMIT_FSIZE, &limit) != 0)
            _exit(EXIT_WRONG);
        firn_status status =
            store_write(store.path, NULL, store.version + 1, STORE_FAULTS_COUNT, &error);
        _exit(exit_of(status, &error));
    }
    assert_int_equal(waitpid(child, &ended, 0), child);
    assert_true(WIFEXITED(ended));
    return WEXITSTATUS(ended);
}

static void a_limit_of_file_sizes_is_told_and_the_old_content_stands(void **state)
{
    (void)state;
    unsigned refused = 0;
    store_faults_recover(&store);
    for (size_t bytes = 0; bytes < 3000; bytes += bytes < 100 ? 1 : 37) {
        int ended = write_limited(bytes);
        if (ended == 0) {
            store_faults_settle(&store, false);
            break;
        }
        assert_int_equal(ended, EXIT_FULL);
        refused++;
        assert_int_equal(tempdir_count(store.path), STORE_FAULTS_FILES);
        assert_int_equal(store_check(store.path, NULL, store.version, STORE_FAULTS_COUNT, NULL),
                         FIRN_OK);
    }
    assert_in_range(refused, 50, 200);
    store_faults_recover(&store);
}

/* On a file system of 256 KiB, in a mount namespace of the child's own. Each segment takes 16 KiB;
 * the content of before takes half. */
static void put_large(uint32_t count, firn_status *ret_status, firn_error *error)
{
    static const firn_store_put_options raw = {.kind = 0};
    static uint8_t data[16 << 10];
    firn_store *writer;
    firn_codec *codec;
    uint32_t number;
    *ret_status = firn_store_open(store.path, &(firn_store_options){.mode = FIRN_STORE_REPLACE},
                                  &writer, error);
    if (*ret_status != FIRN_OK)
        return;
    if (firn_codec_create(NULL, &codec) != FIRN_OK)
        _exit(EXIT_WRONG);
    for (uint32_t i = 0; *ret_status == FIRN_OK && i < count; i++) {
        memset(data, (int)count, sizeof data);
        *ret_status = firn_store_put(writer, codec, &raw, data, sizeof data, &number, error);
    }
    firn_codec_destroy(codec);
    if (*ret_status == FIRN_OK)
        *ret_status = firn_store_commit(writer, FIRN_SEGMENT_NONE, error);
    firn_store_close(writer);
}

static bool holds_large(uint32_t count)
{
    firn_store *opened;
    uint32_t damaged;
    if (firn_store_open(store.path, NULL, &opened, NULL) != FIRN_OK)
        return false;
    bool holds =
        store_count(opened) == count && firn_store_verify(opened, &damaged, NULL) == FIRN_OK;
    firn_store_close(opened);
    return holds && tempdir_count(store.path) == STORE_FAULTS_FILES;
}

static int fill_device(void)
{
    firn_error error = {0};
    firn_status status;
    if (unshare(CLONE_NEWNS) != 0 || mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) != 0 ||
        mount("none", store.root, "tmpfs", 0, "size=256k") != 0)
        return 77;
    put_large(7, &status, &error);
    if (status != FIRN_OK || !holds_large(7))
        return EXIT_WRONG;
    for (uint32_t count = 8; count < 12; count++) {
        put_large(count, &status, &error); /* beside the seven there is no room */
        if (exit_of(status, &error) != EXIT_FULL || !holds_large(7))
            return EXIT_WRONG;
    }
    put_large(3, &status, &error);
    return status == FIRN_OK && holds_large(3) ? 0 : EXIT_WRONG;
}

static void a_full_device_is_told_and_the_old_content_stands(void **state)
{
    (void)state;
    int ended;
    pid_t child = fork();
    if (child == 0)
        _exit(fill_device());
    assert_int_equal(waitpid(child, &ended, 0), child);
    assert_true(WIFEXITED(ended));
    if (WEXITSTATUS(ended) == 77)
        skip();
    assert_int_equal(WEXITSTATUS(ended), 0);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        TEST(a_limit_of_file_sizes_is_told_and_the_old_content_stands),
        TEST(a_full_device_is_told_and_the_old_content_stands),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
