/* The frozen store as its header describes it. */
#include "support/tempdir.h"

#include <firn/file.h>
#include <firn/store.h>

#include <setjmp.h>
#include <stdarg.h>
#include <cmocka.h>

static char root[TEMPDIR_PATH_BYTES];
static char path[TEMPDIR_PATH_BYTES + 8];

static int set_up(void **state)
{
    (void)state;
    tempdir_make(root);
    snprintf(path, sizeof path, "%s/S", root);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    tempdir_remove(root);
    return 0;
}

/* Content that is easy to tell apart: segment i of a version. */
static size_t content(uint32_t version, uint32_t i, uint8_t out[4096])
{
    size_t size = (size_t)(i * 37 % 4000);
    for (size_t k = 0; k < size; k++)
        out[k] = (uint8_t)(k * k / 7 + i * 31 + version * 101);
    return size;
}

static firn_store_writer *begin(void)
{
    firn_store_writer *writer;
    firn_error error = {0};
    firn_status status = firn_store_begin(path, NULL, &writer, &error);
    if (status != FIRN_OK)
        fail_msg("%s", error.text);
    return writer;
}

static void put_all(firn_store_writer *writer, uint32_t version, uint32_t count)
{
    firn_codec *codec;
    uint8_t data[4096];
    assert_int_equal(firn_codec_create(NULL, &codec), FIRN_OK);
    for (uint32_t i = 0; i < count; i++) {
        uint32_t segment;
        size_t size = content(version, i, data);
        firn_codec_kind kind = (firn_codec_kind)(i % 3);
        assert_int_equal(firn_store_put(writer, codec, i * 5, kind, kind == FIRN_CODEC_ZSTD ? 3 : 0,
                                        data, size, &segment, NULL),
                         FIRN_OK);
        assert_int_equal(segment, i);
    }
    firn_codec_destroy(codec);
}

static void write_store(uint32_t version, uint32_t count)
{
    firn_error error = {0};
    firn_store_writer *writer = begin();
    put_all(writer, version, count);
    if (firn_store_commit(writer, &error) != FIRN_OK)
        fail_msg("%s", error.text);
}

static firn_store *open_store(void)
{
    firn_store *store;
    firn_error error = {0};
    if (firn_store_open(path, NULL, &store, &error) != FIRN_OK)
        fail_msg("%s", error.text);
    return store;
}

static void expect_content(firn_store *store, uint32_t version, uint32_t count)
{
    uint8_t data[4096];
    assert_int_equal(firn_store_segment_count(store), count);
    for (uint32_t i = 0; i < count; i++) {
        firn_segment segment;
        firn_segment_info info;
        size_t size = content(version, i, data);
        assert_int_equal(firn_store_pin(store, i, &segment, NULL), FIRN_OK);
        assert_int_equal(segment.size, size);
        assert_true((segment.data == NULL) == (size == 0));
        if (size > 0)
            assert_memory_equal(segment.data, data, size);
        firn_store_segment_info(store, i, &info);
        assert_int_equal(info.kind, i * 5);
        assert_int_equal(info.plain_bytes, size);
        assert_in_range(info.packed_bytes, 60, size + 60);
        firn_store_unpin(store, &segment);
    }
}

static void what_is_committed_is_read_back(void **state)
{
    (void)state;
    uint32_t damaged = 99;
    write_store(1, 200);
    firn_store *store = open_store();
    expect_content(store, 1, 200);
    assert_int_equal(firn_store_verify(store, &damaged, NULL), FIRN_OK);
    assert_int_equal(damaged, 0);
    firn_store_close(store);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(what_is_committed_is_read_back, set_up, tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
