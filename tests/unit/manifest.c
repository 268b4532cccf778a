/* The bytes of manifests and segment headers, and the names in a store's folder. */
#include "support/failing.h"
#include "core/bytes.h"
#include "tier/folder.h"
#include "tier/manifest.h"

#include <firn/checksum.h>

#include <stdlib.h>
#include <string.h>

#include <setjmp.h>
#include <stdarg.h>
#include <cmocka.h>

enum { ROOM = 1024 };

/* Three files, seven segments. */
static firn_status sample_build(const firn_allocator *allocator, firn_manifest *manifest)
{
    *manifest = (firn_manifest){.store_id = 0x1122334455667788, .generation = 42};
    for (uint32_t i = 0; i < 7; i++) {
        firn_status status = FIRN_OK;
        if (i % 3 == 0)
            status = firn_manifest_add_file(manifest, allocator);
        if (status != FIRN_OK)
            return status;
        uint32_t file = i / 3;
        firn_manifest_segment segment = {.file = file,
                                         .offset = manifest->files[file],
                                         .kind = i * 1000,
                                         .plain = 500 * i,
                                         .packed = 60 + 100 * i,
                                         .codec = i % 3};
        status = firn_manifest_add_segment(manifest, allocator, &segment);
        if (status != FIRN_OK)
            return status;
    }
    return FIRN_OK;
}

static size_t sample_write(uint8_t out[ROOM])
{
    firn_manifest manifest;
    assert_int_equal(sample_build(NULL, &manifest), FIRN_OK);
    size_t size = firn_manifest_bytes(&manifest);
    assert_in_range(size, 1, ROOM);
    firn_manifest_write(&manifest, out);
    firn_manifest_fini(&manifest, NULL);
    return size;
}

/* Reads a copy of exactly these bytes, so that AddressSanitizer sees a step beyond. */
static firn_status read_exact(const uint8_t *data, size_t size, const firn_allocator *allocator,
                              firn_manifest *ret_manifest)
{
    uint8_t *exact = malloc(size + (size == 0));
    const char *cause = NULL;
    memcpy(exact, data, size);
    firn_status status = firn_manifest_read(exact, size, allocator, ret_manifest, &cause);
    assert_true((status == FIRN_OK) == (cause == NULL));
    free(exact);
    return status;
}

static void a_manifest_reads_back_as_it_was_written(void **state)
{
    (void)state;
    uint8_t data[ROOM];
    firn_manifest built, read;
    size_t size = sample_write(data);
    assert_int_equal(size, 44 + 3 * 4 + 7 * 24);
    assert_int_equal(read_exact(data, size, NULL, &read), FIRN_OK);
    assert_int_equal(sample_build(NULL, &built), FIRN_OK);
    assert_int_equal(read.store_id, built.store_id);
    assert_int_equal(read.generation, 42);
    assert_int_equal(read.file_count, 3);
    assert_int_equal(read.segment_count, 7);
    assert_memory_equal(read.files, built.files, 3 * sizeof *read.files);
    assert_memory_equal(read.segments, built.segments, 7 * sizeof *read.segments);
    firn_manifest_fini(&built, NULL);
    firn_manifest_fini(&read, NULL);
}

static void every_change_of_one_byte_of_a_manifest_is_found(void **state)
{
    (void)state;
    uint8_t data[ROOM];
    firn_manifest read;
    size_t size = sample_write(data);
    for (size_t i = 0; i < size; i++) {
        for (unsigned change = 1; change < 256; change++) {
            data[i] ^= (uint8_t)change;
            assert_int_equal(read_exact(data, size, NULL, &read),
                             i < 8 ? FIRN_NOT_STORE : FIRN_CORRUPT);
            data[i] ^= (uint8_t)change;
        }
    }
}

static void a_manifest_that_is_cut_or_followed_is_damaged(void **state)
{
    (void)state;
    uint8_t data[ROOM];
    firn_manifest read;
    size_t size = sample_write(data);
    for (size_t cut = 0; cut < size; cut++)
        assert_int_equal(read_exact(data, cut, NULL, &read), FIRN_CORRUPT);
    data[size] = 0;
    assert_int_equal(read_exact(data, size + 1, NULL, &read), FIRN_CORRUPT);
}

/* With a checksum that fits, so that the contradiction itself is what is found. */
static void expect_forged(size_t at, uint32_t value, firn_status expected)
{
    uint8_t data[ROOM];
    firn_manifest read;
    size_t size = sample_write(data);
    put_u32(data + at, value);
    put_u32(data + size - 4, firn_crc32c(0, data, size - 4));
    firn_status status = read_exact(data, size, NULL, &read);
    assert_int_equal(status, expected);
    if (status == FIRN_OK)
        firn_manifest_fini(&read, NULL);
}

static void a_manifest_that_contradicts_itself_is_damaged(void **state)
{
    (void)state;
    enum { FILES = 40, SEGMENTS = FILES + 3 * 4 };
    expect_forged(8, 1, FIRN_OK); /* the version, unchanged */
    expect_forged(8, 2, FIRN_VERSION);
    expect_forged(8, 0, FIRN_VERSION);
    expect_forged(12, 2, FIRN_CORRUPT);          /* files */
    expect_forged(12, 0xFFFFFFFF, FIRN_CORRUPT); /* files */
    expect_forged(12, 3 + 6, FIRN_CORRUPT);      /* files: six records are a segment's */
    expect_forged(28, 0x40000000, FIRN_CORRUPT); /* generation above 2^62, with the low part 42 */
    expect_forged(32, 6, FIRN_CORRUPT);          /* segments */
    expect_forged(32, 0xFFFFFFFF, FIRN_CORRUPT); /* segments */
    expect_forged(36, 1, FIRN_CORRUPT);          /* reserved */
    expect_forged(FILES, 479, FIRN_CORRUPT);     /* a file of 480 bytes */
    expect_forged(FILES, 481, FIRN_CORRUPT);     /* a gap at its end */
    expect_forged(FILES, 0, FIRN_CORRUPT);       /* empty */
    expect_forged(FILES + 8, 661, FIRN_CORRUPT); /* a gap at the last one's end */
    expect_forged(SEGMENTS, 1, FIRN_CORRUPT);    /* in another file */
    expect_forged(SEGMENTS, 0xFFFFFFFF, FIRN_CORRUPT);
    expect_forged(SEGMENTS + 4, 1, FIRN_CORRUPT);      /* a gap before it */
    expect_forged(SEGMENTS + 24 + 4, 0, FIRN_CORRUPT); /* over another one */
    expect_forged(SEGMENTS + 12, FIRN_SEGMENT_MAX_BYTES + 1, FIRN_CORRUPT);
    expect_forged(SEGMENTS + 16, 59, FIRN_CORRUPT); /* smaller than its headers */
    expect_forged(SEGMENTS + 16, 61, FIRN_CORRUPT); /* larger than raw */
    expect_forged(SEGMENTS + 16, 0xFFFFFFFF, FIRN_CORRUPT);
    expect_forged(SEGMENTS + 20, 3, FIRN_CORRUPT);    /* codec */
    expect_forged(SEGMENTS + 8, 0xFFFFFFFF, FIRN_OK); /* any kind */
}

static firn_status build_and_read(const firn_allocator *allocator, void *context)
{
    firn_manifest manifest;
    (void)context;
    firn_status status = sample_build(allocator, &manifest);
    firn_manifest_fini(&manifest, allocator);
    if (status != FIRN_OK)
        return status;
    uint8_t data[ROOM];
    size_t size = sample_write(data);
    status = read_exact(data, size, allocator, &manifest);
    if (status == FIRN_OK)
        firn_manifest_fini(&manifest, allocator);
    return status;
}

static void every_allocation_may_fail(void **state)
{
    (void)state;
    assert_in_range(failing_each(build_and_read, NULL), 4, 10);
}

static const firn_segment_header HEADER = {.store_id = 0x1122334455667788,
                                           .generation = 42,
                                           .segment = 7,
                                           .kind = 0xFFFFFFFF,
                                           .plain = 1000,
                                           .packed = 500};

static void a_segment_header_reads_back_as_it_was_written(void **state)
{
    (void)state;
    uint8_t data[FIRN_SEGMENT_HEADER_BYTES];
    firn_segment_header read;
    firn_segment_header_write(&HEADER, data);
    assert_int_equal(firn_segment_header_read(data, sizeof data, &read), FIRN_OK);
    assert_memory_equal(&read, &HEADER, sizeof read);
}

static void every_change_of_one_byte_of_a_segment_header_is_found(void **state)
{
    (void)state;
    uint8_t data[FIRN_SEGMENT_HEADER_BYTES];
    firn_segment_header read;
    firn_segment_header_write(&HEADER, data);
    for (size_t i = 0; i < sizeof data; i++) {
        for (unsigned change = 1; change < 256; change++) {
            data[i] ^= (uint8_t)change;
            assert_int_equal(firn_segment_header_read(data, sizeof data, &read), FIRN_CORRUPT);
            data[i] ^= (uint8_t)change;
        }
        assert_int_equal(firn_segment_header_read(data, i, &read), FIRN_CORRUPT);
    }
    put_u32(data + 4, 2);
    put_u32(data + 40, firn_crc32c(0, data, 40));
    assert_int_equal(firn_segment_header_read(data, sizeof data, &read), FIRN_VERSION);
}

static void names_are_a_stores_own_only_in_the_form_it_gives_them(void **state)
{
    (void)state;
    static const struct {
        const char *name;
        firn_store_name expected;
    } cases[] = {
        {"manifest", {FIRN_STORE_NAME_MANIFEST, 0, 0}},
        {"lock", {FIRN_STORE_NAME_LOCK, 0, 0}},
        {"data-0-0.firn", {FIRN_STORE_NAME_DATA, 0, 0}},
        {"data-12-345.firn", {FIRN_STORE_NAME_DATA, 12, 345}},
        {"data-12-345.firn.tmp", {FIRN_STORE_NAME_TEMPORARY, 12, 345}},
        {"data-4611686018427387904-1048576.firn",
         {FIRN_STORE_NAME_DATA, FIRN_GENERATION_MAX, FIRN_MANIFEST_FILES_MAX}},
        {"data-4611686018427387905-0.firn", {FIRN_STORE_NAME_FOREIGN, 0, 0}},
        {"data-99999999999999999999999-0.firn", {FIRN_STORE_NAME_FOREIGN, 0, 0}},
        {"data-0-1048577.firn", {FIRN_STORE_NAME_FOREIGN, 0, 0}},
        {"data-00-0.firn", {FIRN_STORE_NAME_FOREIGN, 0, 0}},
        {"data-0-0.firn.tmp2", {FIRN_STORE_NAME_FOREIGN, 0, 0}},
        {"data-+1-0.firn", {FIRN_STORE_NAME_FOREIGN, 0, 0}},
        {"data-1-0.fir", {FIRN_STORE_NAME_FOREIGN, 0, 0}},
        {"data-1-0", {FIRN_STORE_NAME_FOREIGN, 0, 0}},
        {"manifest.tmp", {FIRN_STORE_NAME_TEMPORARY, 0, 0}},
        {"scratch-a.tmp", {FIRN_STORE_NAME_TEMPORARY, 0, 0}},
        {"scratch-.tmp", {FIRN_STORE_NAME_FOREIGN, 0, 0}},
        {"x.tmp", {FIRN_STORE_NAME_FOREIGN, 0, 0}},
        {"", {FIRN_STORE_NAME_FOREIGN, 0, 0}},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        firn_store_name read = firn_store_name_read(cases[i].name);
        assert_int_equal(read.kind, cases[i].expected.kind);
        assert_int_equal(read.generation, cases[i].expected.generation);
        assert_int_equal(read.file, cases[i].expected.file);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_manifest_reads_back_as_it_was_written),
        cmocka_unit_test(every_change_of_one_byte_of_a_manifest_is_found),
        cmocka_unit_test(a_manifest_that_is_cut_or_followed_is_damaged),
        cmocka_unit_test(a_manifest_that_contradicts_itself_is_damaged),
        cmocka_unit_test(every_allocation_may_fail),
        cmocka_unit_test(a_segment_header_reads_back_as_it_was_written),
        cmocka_unit_test(every_change_of_one_byte_of_a_segment_header_is_found),
        cmocka_unit_test(names_are_a_stores_own_only_in_the_form_it_gives_them),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
