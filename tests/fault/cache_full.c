/* No space under a cache: flushes and puts say so, what was put stays, and with room again later
 * ones succeed. By the limit of file sizes, and, where a small file system can be mounted, by a
 * device that is full. */
#include "support/cache_rounds.h"

#include <sched.h>
#include <signal.h>
#include <sys/mount.h>
#include <sys/resource.h>
#include <sys/wait.h>

#include <setjmp.h>
#include <stdarg.h>
#include <cmocka.h>

enum { EXIT_WRONG = 11, EXIT_REFUSED = 12, EXIT_SKIPPED = 77 };

static void in_child(int (*work)(void))
{
    int ended;
    pid_t child = fork();
    if (child == 0)
        _exit(work());
    assert_int_equal(waitpid(child, &ended, 0), child);
    assert_true(WIFEXITED(ended));
    if (WEXITSTATUS(ended) == EXIT_SKIPPED)
        skip();
    assert_int_equal(WEXITSTATUS(ended), 0);
}

static bool is_told(firn_status status, const firn_error *error)
{
    bool told = status == FIRN_NO_SPACE && error->status == FIRN_NO_SPACE &&
                strstr(error->text, path) != NULL && strchr(error->text, '\n') == NULL;
    if (!told)
        fprintf(stderr, "%s: %s\n", firn_status_name(status), error->text);
    return told;
}

/* --- by the limit of file sizes --- */

static bool limit_files(size_t bytes)
{
    struct rlimit limit = {bytes, RLIM_INFINITY};
    return setrlimit(RLIMIT_FSIZE, &limit) == 0;
}

/* A round that is flushed, one whose flush may meet the limit, and all of it again without. */
static int flush_within(size_t bytes)
{
    rounds all = rounds_none();
    firn_error error = {0};
    tempdir_remove(path);
    firn_cache *cache = rounds_open(path);
    if (rounds_make(cache, &all, 1) != FIRN_OK || rounds_flush(cache, &all) != FIRN_OK ||
        rounds_make(cache, &all, 2) != FIRN_OK || !limit_files(bytes))
        return EXIT_WRONG;
    firn_status status = firn_cache_flush(cache, &error);
    if (status == FIRN_OK)
        rounds_acknowledge(&all);
    else if (!is_told(status, &error))
        return EXIT_WRONG;
    rounds_expect_now(cache, &all, "beside the limit");
    if (rounds_make(cache, &all, 3) != FIRN_OK) /* memory is enough for that */
        return EXIT_WRONG;
    if (bytes % 2 == 0) {
        firn_cache_close(cache);
        if (!limit_files(RLIM_INFINITY))
            return EXIT_WRONG;
        rounds_recover(path, &all, "after the limit");
    } else {
        if (!limit_files(RLIM_INFINITY) || rounds_flush(cache, &all) != FIRN_OK)
            return EXIT_WRONG;
        rounds_expect_now(cache, &all, "with room again");
        firn_cache_close(cache);
        rounds_recover(path, &all, "after a flush with room again");
    }
    return status == FIRN_OK ? 0 : EXIT_REFUSED;
}

static int flush_within_limits(void)
{
    unsigned refused = 0;
    signal(SIGXFSZ, SIG_IGN);
    for (size_t bytes = 0, step = 1;; bytes += step, step += step / 8 + (step < 300)) {
        int ended = flush_within(bytes);
        if (ended == EXIT_WRONG)
            return EXIT_WRONG;
        if (ended == 0)
            break;
        refused++;
    }
    return refused > 10 ? 0 : EXIT_WRONG;
}

static void a_limit_of_file_sizes_is_told_and_all_stays(void **state)
{
    (void)state;
    in_child(flush_within_limits);
}

static int open_without_room(void)
{
    firn_cache_options options = rounds_options(NULL, path);
    firn_cache *cache;
    firn_error error = {0};
    signal(SIGXFSZ, SIG_IGN);
    if (!limit_files(0))
        return EXIT_WRONG;
    firn_status status = firn_cache_open(&options, &cache, &error);
    if (status == FIRN_OK) { /* it has nothing to write yet */
        rounds all = rounds_none();
        if (rounds_make(cache, &all, 1) != FIRN_OK)
            return EXIT_WRONG;
        status = firn_cache_flush(cache, &error);
        rounds_expect_now(cache, &all, "no room");
        firn_cache_close(cache);
    }
    return is_told(status, &error) ? 0 : EXIT_WRONG;
}

static void no_room_for_a_new_store_is_told(void **state)
{
    (void)state;
    in_child(open_without_room);
}

/* --- by a device of 40 MiB, in a mount namespace of the child's own --- */

enum { LARGE = 3000, LARGE_MAX = 20000, BALLAST = 37 << 20 };

static firn_status put_large(firn_cache *cache, uint32_t key, firn_error *error)
{
    static uint8_t value[LARGE];
    char text[24];
    rng random;
    rng_seed(&random, key);
    rng_bytes(&random, value, sizeof value);
    return firn_cache_put(cache, key_of(key, text), (firn_bytes){value, sizeof value}, error);
}

static bool holds_large(firn_cache *cache, uint32_t count)
{
    static uint8_t value[LARGE], out[LARGE];
    for (uint32_t key = 0; key < count; key++) {
        char text[24];
        size_t size = 0;
        rng random;
        firn_error error = {0};
        rng_seed(&random, key);
        rng_bytes(&random, value, sizeof value);
        firn_status status =
            firn_cache_get(cache, key_of(key, text), out, sizeof out, &size, &error);
        if (status != FIRN_OK || size != sizeof value || memcmp(out, value, size) != 0) {
            fprintf(stderr, "key %u: %s %s\n", (unsigned)key, firn_status_name(status), error.text);
            return false;
        }
    }
    return true;
}

/* Puts until there is no room; returns the number of keys there are then. */
static uint32_t put_until_refused(firn_cache *cache, uint32_t from)
{
    firn_error error = {0};
    for (uint32_t key = from; key < LARGE_MAX; key++) {
        firn_status status = put_large(cache, key, &error);
        if (status == FIRN_OK)
            continue;
        return is_told(status, &error) ? key : LARGE_MAX;
    }
    return LARGE_MAX;
}

static int fill_device(void)
{
    static uint8_t nothing[BALLAST];
    firn_error error = {0};
    if (unshare(CLONE_NEWNS) != 0 || mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) != 0 ||
        mount("none", root, "tmpfs", 0, "size=40m") != 0)
        return EXIT_SKIPPED;
    tempdir_write(tempdir_path(root, "ballast"), nothing, sizeof nothing);
    firn_cache *cache = rounds_open(path);
    uint32_t count = 500;
    for (uint32_t key = 0; key < count; key++)
        if (put_large(cache, key, NULL) != FIRN_OK)
            return EXIT_WRONG;
    if (firn_cache_flush(cache, NULL) != FIRN_OK)
        return EXIT_WRONG;
    count = put_until_refused(cache, count);
    if (count == LARGE_MAX || put_until_refused(cache, count) != count ||
        !is_told(firn_cache_flush(cache, &error), &error) || !holds_large(cache, count))
        return EXIT_WRONG;
    /* A crash now: what was flushed is there; a cache can be opened where there is no room. */
    firn_cache_close(cache);
    cache = rounds_open(path);
    if (!holds_large(cache, 500))
        return EXIT_WRONG;
    count = put_until_refused(cache, 500);
    if (count == LARGE_MAX || !holds_large(cache, count))
        return EXIT_WRONG;
    unlink(tempdir_path(root, "ballast"));
    if (put_large(cache, count, &error) != FIRN_OK || firn_cache_flush(cache, &error) != FIRN_OK) {
        fprintf(stderr, "with room again: %s\n", error.text);
        return EXIT_WRONG;
    }
    firn_cache_close(cache);
    cache = rounds_open(path);
    bool holds = holds_large(cache, count + 1);
    firn_cache_close(cache);
    return holds ? 0 : EXIT_WRONG;
}

static void a_full_device_is_told_and_all_stays(void **state)
{
    (void)state;
    in_child(fill_device);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up_fast, tear_down)
    const struct CMUnitTest tests[] = {
        TEST(a_limit_of_file_sizes_is_told_and_all_stays),
        TEST(no_room_for_a_new_store_is_told),
        TEST(a_full_device_is_told_and_all_stays),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
