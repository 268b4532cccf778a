/* A writer killed just before each of its mutating system calls: readers find the old content or
 * the new one, and the next writer finds nothing in its way. Needs a build with FIRN_FAULTS. */
#include "support/store_faults.h"

#include <signal.h>
#include <sys/wait.h>

#include <setjmp.h>
#include <stdarg.h>
#include <cmocka.h>

#if defined(FIRN_FAULTS) && FIRN_FAULTS

/* Runs write in a child that dies before its number-th mutating call; false when it lived. */
static bool killed_at(unsigned number, firn_status (*write)(void))
{
    char value[16];
    int ended;
    snprintf(value, sizeof value, "%u", number);
    pid_t child = fork();
    if (child == 0) {
        setenv("FIRN_FAULT_KILL", value, 1);
        firn_fault_reload();
        _exit(write() == FIRN_OK ? 0 : 1);
    }
    assert_int_equal(waitpid(child, &ended, 0), child);
    if (WIFSIGNALED(ended)) {
        assert_int_equal(WTERMSIG(ended), SIGKILL);
        return true;
    }
    assert_int_equal(ended, 0);
    return false;
}

static firn_status write_small(void)
{
    firn_error error;
    return store_faults_write(&store, NULL, &error);
}

static void a_kill_before_any_call_leaves_the_old_content_or_the_new(void **state)
{
    (void)state;
    unsigned number = 1;
    store_faults_recover(&store);
    for (; killed_at(number, write_small); number++) {
        store_faults_settle(&store, true);
        if (number % 2 == 0) /* else the next one starts beside what this one left */
            store_faults_recover(&store);
    }
    assert_in_range(number, 15, 60);
    store_faults_settle(&store, false);
}

static void a_kill_of_the_first_writer_leaves_no_store_or_a_whole_one(void **state)
{
    (void)state;
    unsigned number = 1;
    while (killed_at(number, write_small)) {
        store_faults_settle(&store, true);
        store_faults_recover(&store);
        tempdir_remove(store.path);
        store.version = 0;
        number++;
    }
    assert_in_range(number, 15, 60);
}

/* Three data files of three segments. */
enum { LARGE = 1 << 20, LARGE_COUNT = 9 };
static uint8_t large[LARGE];

static firn_status write_large(void)
{
    static const firn_store_put_options raw = {.kind = 0};
    firn_store *writer = NULL;
    firn_codec *codec = NULL;
    uint32_t number = 0;
    memset(large, (int)store.version + 1, sizeof large);
    firn_status status = firn_codec_create(NULL, &codec);
    if (status == FIRN_OK)
        status = firn_store_open(store.path, &(firn_store_options){.mode = FIRN_STORE_REPLACE},
                                 &writer, NULL);
    for (uint32_t i = 0; status == FIRN_OK && i < LARGE_COUNT; i++)
        status = firn_store_put(writer, codec, &raw, large, LARGE, &number, NULL);
    if (status == FIRN_OK)
        status = firn_store_commit(writer, number, NULL);
    firn_store_close(writer);
    firn_codec_destroy(codec);
    return status;
}

/* The version that the whole store holds. */
static uint32_t read_large(void)
{
    firn_store *opened;
    firn_segment segment;
    uint32_t version = 0;
    assert_int_equal(firn_store_open(store.path, NULL, &opened, NULL), FIRN_OK);
    assert_int_equal(store_count(opened), LARGE_COUNT);
    for (uint32_t i = 0; i < LARGE_COUNT; i++) {
        assert_int_equal(firn_store_pin(opened, store_number(opened, i), &segment, NULL), FIRN_OK);
        assert_int_equal(segment.size, LARGE);
        if (i == 0)
            version = segment.data[0];
        assert_int_equal(segment.data[0], version);
        assert_memory_equal(segment.data, segment.data + 1, LARGE - 1);
        firn_store_unpin(opened, &segment);
    }
    firn_store_close(opened);
    return version;
}

static void a_kill_between_data_files_leaves_the_old_content_or_the_new(void **state)
{
    (void)state;
    unsigned number = 1;
    assert_int_equal(write_large(), FIRN_OK);
    store.version = read_large();
    for (; killed_at(number, write_large); number++) {
        uint32_t found = read_large();
        assert_in_range(found, store.version, store.version + 1);
        store.version = found;
    }
    assert_in_range(number, 20, 100);
    assert_int_equal(read_large(), store.version + 1);
    assert_int_equal(tempdir_count(store.path), STORE_FAULTS_FILES - 1 + 3);
}

#endif

int main(void)
{
#if defined(FIRN_FAULTS) && FIRN_FAULTS
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        TEST(a_kill_before_any_call_leaves_the_old_content_or_the_new),
        TEST(a_kill_of_the_first_writer_leaves_no_store_or_a_whole_one),
        TEST(a_kill_between_data_files_leaves_the_old_content_or_the_new),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
#else
    return 0;
#endif
}
