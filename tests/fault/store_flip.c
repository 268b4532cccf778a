/* Every byte of every file of a store changed, and every file cut at every length: what is read is
 * right, or an error that names the store; never other bytes. */
#include "support/store_fixture.h"

#include <setjmp.h>
#include <stdarg.h>
#include <cmocka.h>

enum { COUNT = 7 };
static const char *const FILES[] = {"manifest", "data-1-0.firn", "lock"};
enum { FILE_COUNT = sizeof FILES / sizeof *FILES };

static int set_up_written(void **state)
{
    set_up(state);
    return store_write(path, NULL, 1, COUNT, NULL) == FIRN_OK ? 0 : -1;
}

static bool told_well(const firn_error *error)
{
    return error->status != FIRN_OK && strstr(error->text, path) != NULL &&
           strchr(error->text, '\n') == NULL && strchr(error->text, ';') != NULL;
}

/* Reads all that can be read; returns how many segments could not. */
static uint32_t expect_right_or_named(const char *file, size_t at)
{
    firn_store *store;
    firn_error error = {0};
    uint32_t unreadable = 0, damaged = 0;
    firn_status status = firn_store_open(path, NULL, &store, &error);
    if (status != FIRN_OK) {
        if (!told_well(&error))
            fail_msg("%s, byte %zu: %s", file, at, error.text);
        return COUNT;
    }
    if (store_count(store) != COUNT)
        fail_msg("%s, byte %zu: another count", file, at);
    for (uint32_t i = 0; i < COUNT; i++) {
        status = store_check_one(store, 1, i, &error);
        if (status == FIRN_OK)
            continue;
        if (status == FIRN_CHANGED || !told_well(&error))
            fail_msg("%s, byte %zu, segment %u: %s", file, at, i, error.text);
        unreadable++;
    }
    status = firn_store_verify(store, &damaged, &error);
    if (damaged != unreadable || (status == FIRN_OK) != (damaged == 0))
        fail_msg("%s, byte %zu: verify finds %u of %u", file, at, damaged, unreadable);
    firn_store_close(store);
    return unreadable;
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

static void every_changed_byte_is_found_or_harmless(void **state)
{
    (void)state;
    static const uint8_t changes[] = {0x01, 0x80, 0xFF};
    for (size_t file = 0; file < FILE_COUNT; file++) {
        const char *name = FILES[file];
        size_t size, harmless = 0;
        uint8_t *data = tempdir_read(tempdir_path(path, name), &size);
        for (size_t at = 0; at < size; at++) {
            for (size_t i = 0; i < sizeof changes; i++) {
                byte_set(name, at, data[at] ^ changes[i]);
                harmless += expect_right_or_named(name, at) == 0;
            }
            byte_set(name, at, data[at]);
        }
        assert_int_equal(expect_right_or_named(name, size), 0);
        if (strcmp(name, "manifest") == 0)
            assert_int_equal(harmless, 0);
        else if (strcmp(name, "lock") == 0)
            assert_int_equal(harmless, size * sizeof changes);
        else
            assert_in_range(harmless, 0, size / 50); /* bits that LZ4 or zstd do not use */
        free(data);
    }
}

static void every_cut_is_found_or_harmless(void **state)
{
    (void)state;
    for (size_t file = 0; file < FILE_COUNT; file++) {
        size_t size;
        const char *name = FILES[file];
        uint8_t *data = tempdir_read(tempdir_path(path, name), &size);
        for (size_t cut = size; cut-- > 0;) {
            assert_int_equal(truncate(tempdir_path(path, name), (off_t)cut), 0);
            assert_int_equal(expect_right_or_named(name, cut),
                             strcmp(name, "lock") == 0 ? 0 : COUNT);
        }
        tempdir_write(tempdir_path(path, name), data, size);
        free(data);
    }
}

/* The user's way out works. */
static void a_store_with_a_changed_manifest_can_be_written_anew(void **state)
{
    (void)state;
    size_t size;
    firn_error error = {0};
    uint8_t *manifest = tempdir_read(tempdir_path(path, "manifest"), &size);
    size_t data_size;
    uint8_t *data = tempdir_read(tempdir_path(path, "data-1-0.firn"), &data_size);
    for (size_t at = 0; at < size; at += at < 48 ? 1 : 9) {
        manifest[at] ^= 0x10;
        tempdir_empty(path);
        tempdir_write(tempdir_path(path, "manifest"), manifest, size);
        tempdir_write(tempdir_path(path, "data-1-0.firn"), data, data_size);
        manifest[at] ^= 0x10;
        if (store_write(path, NULL, 2, 3, &error) != FIRN_OK ||
            store_check(path, NULL, 2, 3, &error) != FIRN_OK)
            fail_msg("byte %zu: %s", at, error.text);
        assert_int_equal(tempdir_count(path), 3);
    }
    free(manifest);
    free(data);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_changed_byte_is_found_or_harmless),
        cmocka_unit_test(every_cut_is_found_or_harmless),
        cmocka_unit_test(a_store_with_a_changed_manifest_can_be_written_anew),
    };
    return cmocka_run_group_tests(tests, set_up_written, tear_down);
}
