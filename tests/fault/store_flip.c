/* Every byte of every file of a store changed, and every file cut at every length: what is read is
 * right, or an error that names the store; never other bytes. */
#include "support/store_fixture.h"

#include <setjmp.h>
#include <stdarg.h>
#include <cmocka.h>

enum { COUNT = 7, LATER = 3, LOG_SEAL = 20 };
static const char *const FILES[] = {"manifest", "manifest-copy", "log-1", "data-0.firn", "lock"};
enum { FILE_COUNT = sizeof FILES / sizeof *FILES };

/* A first commit of most segments, and three of one each, which are in the log. */
static int set_up_written(void **state)
{
    firn_store *store;
    firn_codec *codec;
    uint32_t number;
    set_up(state);
    firn_status status = store_write(path, NULL, 1, COUNT - LATER, NULL);
    if (status == FIRN_OK)
        status = firn_codec_create(NULL, &codec);
    if (status == FIRN_OK)
        status = store_open_as(FIRN_STORE_WRITE, &store, NULL);
    for (uint32_t i = COUNT - LATER; i < COUNT && status == FIRN_OK; i++) {
        status = store_put_one(store, codec, 1, i, &number, NULL);
        if (status == FIRN_OK)
            status = firn_store_commit(store, number, NULL);
    }
    firn_store_close(store);
    firn_codec_destroy(codec);
    return status == FIRN_OK ? 0 : -1;
}

static bool told_well(const firn_error *error)
{
    return error->status != FIRN_OK && strstr(error->text, path) != NULL &&
           strchr(error->text, '\n') == NULL && strchr(error->text, ';') != NULL;
}

/* Reads all that can be read; returns whether anything was found to be wrong. */
static bool expect_right_or_named(const char *file, size_t at)
{
    firn_store *store;
    firn_error error = {0};
    uint32_t unreadable = 0, damaged = 0;
    firn_status status = firn_store_open(path, NULL, &store, &error);
    if (status != FIRN_OK) {
        if (!told_well(&error))
            fail_msg("%s, byte %zu: %s", file, at, error.text);
        return true;
    }
    if (store_count(store) != COUNT || firn_store_root(store) != COUNT - 1)
        fail_msg("%s, byte %zu: another content", file, at);
    for (uint32_t i = 0; i < COUNT; i++) {
        status = store_check_one(store, 1, i, &error);
        if (status == FIRN_OK)
            continue;
        if (status == FIRN_CHANGED || !told_well(&error))
            fail_msg("%s, byte %zu, segment %u: %s", file, at, i, error.text);
        unreadable++;
    }
    status = firn_store_verify(store, &damaged, &error);
    if (damaged != unreadable || (status == FIRN_OK && damaged != 0) ||
        (status != FIRN_OK && !told_well(&error)))
        fail_msg("%s, byte %zu: verify finds %u of %u", file, at, damaged, unreadable);
    firn_store_close(store);
    return status != FIRN_OK;
}

/* In place: cutting a file first would make many file systems write it out. */
static void byte_set(const char *name, size_t at, uint8_t value)
{
    FILE *file = fopen(tempdir_path(path, name), "r+b");
    assert_non_null(file);
    assert_int_equal(fseek(file, (long)at, SEEK_SET), 0);
    assert_int_equal(fputc(value, file), value);
    assert_int_equal(fclose(file), 0);
}

/* Every bit of every byte. What is not found is right: the lock's text, and the seal of the last
 * commit, which says that the record before it is one. */
static void every_changed_bit_is_found_or_harmless(void **state)
{
    (void)state;
    for (size_t file = 0; file < FILE_COUNT; file++) {
        const char *name = FILES[file];
        size_t size, harmless = 0;
        uint8_t *data = tempdir_read(tempdir_path(path, name), &size);
        for (size_t at = 0; at < size; at++) {
            for (unsigned bit = 0; bit < 8; bit++) {
                byte_set(name, at, data[at] ^ (uint8_t)(1u << bit));
                harmless += !expect_right_or_named(name, at);
            }
            byte_set(name, at, data[at]);
        }
        assert_false(expect_right_or_named(name, size));
        size_t expected = strcmp(name, "lock") == 0    ? size * 8
                          : strcmp(name, "log-1") == 0 ? LOG_SEAL * 8
                                                       : 0;
        assert_int_equal(harmless, expected);
        free(data);
    }
}

/* A log that is cut before a record whose commit was acknowledged is that of an earlier time: no
 * disk that keeps what it has synced does that, and nothing tells it. */
static void every_cut_is_found_or_harmless(void **state)
{
    (void)state;
    for (size_t file = 0; file < FILE_COUNT; file++) {
        size_t size;
        const char *name = FILES[file];
        if (strcmp(name, "log-1") == 0)
            continue;
        uint8_t *data = tempdir_read(tempdir_path(path, name), &size);
        for (size_t cut = size; cut-- > 0;) {
            assert_int_equal(truncate(tempdir_path(path, name), (off_t)cut), 0);
            assert_int_equal(expect_right_or_named(name, cut), strcmp(name, "lock") != 0);
        }
        tempdir_write(tempdir_path(path, name), data, size);
        free(data);
    }
}

/* The user's way out works. */
static void a_store_with_changed_manifests_can_be_written_anew(void **state)
{
    (void)state;
    size_t size, data_size;
    firn_error error = {0};
    uint8_t *manifest = tempdir_read(tempdir_path(path, "manifest"), &size);
    uint8_t *data = tempdir_read(tempdir_path(path, "data-0.firn"), &data_size);
    for (size_t at = 0; at < size; at += at < 48 ? 1 : 9) {
        manifest[at] ^= 0x10;
        tempdir_empty(path);
        tempdir_write(tempdir_path(path, "manifest"), manifest, size);
        tempdir_write(tempdir_path(path, "manifest-copy"), manifest, size);
        tempdir_write(tempdir_path(path, "data-0.firn"), data, data_size);
        manifest[at] ^= 0x10;
        if (store_write(path, NULL, 2, 3, &error) != FIRN_OK ||
            store_check(path, NULL, 2, 3, &error) != FIRN_OK)
            fail_msg("byte %zu: %s", at, error.text);
        assert_int_equal(tempdir_count(path), 5);
    }
    free(manifest);
    free(data);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_changed_bit_is_found_or_harmless),
        cmocka_unit_test(every_cut_is_found_or_harmless),
        cmocka_unit_test(a_store_with_changed_manifests_can_be_written_anew),
    };
    return cmocka_run_group_tests(tests, set_up_written, tear_down);
}
