/* What the tests of the store's calls share: each of them must succeed. For one program's static
 * use. */
#ifndef FIRN_TESTS_STORE_CALLS_H
#define FIRN_TESTS_STORE_CALLS_H

#include "support/store_fixture.h"

#include <setjmp.h>
#include <stdarg.h>
#include <cmocka.h>

/* Both copies of the manifest, the log, a data file, the lock. */
enum { FILES = 5 };

static const firn_store_put_options RAW = {.kind = 7};

static inline void ok(firn_status status, const firn_error *error)
{
    if (status != FIRN_OK)
        fail_msg("%s: %s", firn_status_name(status), error->text);
}

static inline firn_store *open_store(size_t cache_bytes)
{
    firn_store_options options = {.cache_bytes = cache_bytes};
    firn_store *store = NULL;
    firn_error error = {0};
    ok(firn_store_open(path, &options, &store, &error), &error);
    return store;
}

/* All sums agree with what the segments and files tell. */
static inline void expect_sums(const firn_store *store)
{
    firn_store_summary summary;
    firn_store_file file;
    firn_segment_info info;
    uint64_t plain = 0, packed = 0, data = 0, live = 0;
    uint32_t count = 0, files = 0;
    firn_store_summary_get(store, &summary);
    for (uint32_t from = 0; firn_store_next(store, from, &info) == FIRN_OK;
         from = info.segment + 1) {
        plain += info.plain_bytes;
        packed += info.packed_bytes;
        count++;
        assert_int_equal(firn_store_file_next(store, info.file, &file), FIRN_OK);
        assert_int_equal(file.file, info.file);
        assert_true(info.offset_bytes + info.packed_bytes <= file.size_bytes);
    }
    for (uint32_t from = 0; firn_store_file_next(store, from, &file) == FIRN_OK;
         from = file.file + 1) {
        data += file.size_bytes;
        live += file.live_bytes;
        files++;
        assert_true(tempdir_exists(tempdir_path(path, file.name)));
    }
    assert_int_equal(summary.segment_count, count);
    assert_int_equal(summary.file_count, files);
    assert_int_equal(summary.plain_bytes, plain);
    assert_int_equal(summary.live_bytes, packed);
    assert_int_equal(summary.live_bytes, live);
    assert_int_equal(summary.data_bytes, data);
}

static inline uint32_t put(firn_store *store, firn_codec *codec, const void *data, size_t size)
{
    uint32_t number = 0;
    firn_error error = {0};
    ok(firn_store_put(store, codec, &RAW, data, size, &number, &error), &error);
    return number;
}

static inline void commit(firn_store *store, uint32_t segment)
{
    firn_error error = {0};
    ok(firn_store_commit(store, segment, &error), &error);
}

static inline firn_store *open_writer(void)
{
    firn_store *store = NULL;
    firn_error error = {0};
    ok(store_open_as(FIRN_STORE_WRITE, &store, &error), &error);
    return store;
}

static inline void expect_text(firn_store *store, uint32_t number, const char *text)
{
    firn_segment segment;
    firn_error error = {0};
    ok(firn_store_pin(store, number, &segment, &error), &error);
    assert_int_equal(segment.size, strlen(text));
    assert_memory_equal(segment.data, text, segment.size);
    firn_store_unpin(store, &segment);
}

#endif
