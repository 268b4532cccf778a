/* The bytes of manifests and segment headers, and the names in a store's folder. */
#include "support/failing.h"
#include "core/bytes.h"
#include "tier/folder.h"
#include "tier/log.h"

#include <firn/checksum.h>

#include <stdlib.h>
#include <string.h>

#include <setjmp.h>
#include <stdarg.h>
#include <cmocka.h>

enum { ROOM = 1024, FILE_COUNT = 3, SEGMENT_COUNT = 7 };

/* Three files, seven segments; the last one is the root, the first a dictionary for the third. */
static firn_file_change sample_files[FILE_COUNT] = {{2, 480}, {3, 1000}, {7, 668}};
static firn_segment_record sample_segments[SEGMENT_COUNT] = {
    {.segment = 1,
     .file = 2,
     .plain = 2,
     .packed = 70,
     .generation = 2,
     .flags = FIRN_RECORD_DICTIONARY},
    {.segment = 2, .file = 2, .offset = 70, .plain = 900, .packed = 160, .codec = 1},
    {.segment = 4, .file = 2, .offset = 400, .plain = 300, .packed = 80, .codec = 3},
    {.segment = 5, .file = 3, .offset = 0, .plain = 1500, .packed = 360, .codec = 2},
    {.segment = 9, .file = 3, .offset = 500, .plain = 400, .packed = 460, .kind = 0xFFFFFFFF},
    {.segment = 10, .file = 3, .offset = 900, .plain = 2500, .packed = 100, .codec = 2},
    {.segment = 70, .file = 7, .offset = 0, .plain = 600, .packed = 668, .generation = 41},
};

static firn_changes sample(void)
{
    for (int i = 0; i < SEGMENT_COUNT; i++)
        sample_segments[i].dictionary = i == 2 ? 1 : FIRN_SEGMENT_NONE;
    return (firn_changes){.store_id = 0x1122334455667788,
                          .generation = 42,
                          .root = 70,
                          .segment_next = 71,
                          .file_next = 9,
                          .files = sample_files,
                          .file_count = FILE_COUNT,
                          .segments = sample_segments,
                          .segment_count = SEGMENT_COUNT};
}

static size_t sample_write(uint8_t out[ROOM])
{
    firn_changes changes = sample();
    size_t size = firn_checkpoint_bytes(&changes);
    assert_in_range(size, 1, ROOM);
    firn_checkpoint_write(&changes, out);
    return size;
}

/* Reads a copy of exactly these bytes, so that AddressSanitizer sees a step beyond. */
static firn_status read_exact(const uint8_t *data, size_t size, const firn_allocator *allocator,
                              firn_state *ret_state)
{
    uint8_t *exact = malloc(size + (size == 0));
    const char *cause = NULL;
    memcpy(exact, data, size);
    firn_status status = firn_checkpoint_read(exact, size, allocator, ret_state, &cause);
    assert_true(status == FIRN_OK || cause != NULL);
    free(exact);
    return status;
}

static void expect_sample(const firn_state *state)
{
    assert_int_equal(state->form.store_id, 0x1122334455667788);
    assert_int_equal(state->form.version, 2);
    assert_int_equal(state->root, 70);
    assert_int_equal(state->segment_next, 71);
    assert_int_equal(state->file_next, 9);
    assert_int_equal(state->file_count, FILE_COUNT);
    assert_int_equal(state->live_count, SEGMENT_COUNT);
    for (size_t i = 0; i < FILE_COUNT; i++) {
        assert_int_equal(state->files[i]->number, sample_files[i].number);
        assert_int_equal(state->files[i]->committed, sample_files[i].size);
    }
    assert_memory_equal(state->segments, sample_segments, sizeof sample_segments);
    assert_int_equal(firn_state_file(state, 3)->live_bytes, 920);
    assert_int_equal(state->live_bytes, 1898);
}

static void a_checkpoint_reads_back_as_it_was_written(void **state)
{
    (void)state;
    uint8_t data[ROOM];
    firn_state read;
    size_t size = sample_write(data);
    assert_int_equal(size, 48 + 3 * 8 + 7 * 40 + 4);
    assert_int_equal(read_exact(data, size, NULL, &read), FIRN_OK);
    assert_int_equal(read.generation, 42);
    expect_sample(&read);
    firn_state_fini(&read, NULL);
}

static void every_change_of_one_byte_of_a_checkpoint_is_found(void **state)
{
    (void)state;
    uint8_t data[ROOM];
    firn_state read;
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

static void a_checkpoint_that_is_cut_or_followed_is_damaged(void **state)
{
    (void)state;
    uint8_t data[ROOM];
    firn_state read;
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
    firn_state read;
    size_t size = sample_write(data);
    put_u32(data + at, value);
    put_u32(data + size - 4, firn_crc32c(0, data, size - 4));
    firn_status status = read_exact(data, size, NULL, &read);
    if (status != expected)
        fail_msg("%zu, %u: %s", at, value, firn_status_name(status));
    if (status == FIRN_OK)
        firn_state_fini(&read, NULL);
}

static void a_checkpoint_that_contradicts_itself_is_damaged(void **state)
{
    (void)state;
    enum { FILES = 48, SEGMENTS = FILES + 3 * 8, SECOND = SEGMENTS + 40, THIRD = SECOND + 40 };
    expect_forged(8, 2, FIRN_OK); /* the version, unchanged */
    expect_forged(8, 1, FIRN_CORRUPT);
    expect_forged(8, 3, FIRN_VERSION);
    expect_forged(8, 0, FIRN_VERSION);
    expect_forged(12, 3, FIRN_CORRUPT); /* a root that is none */
    expect_forged(12, 9, FIRN_OK);
    expect_forged(12, FIRN_SEGMENT_NONE, FIRN_OK);
    expect_forged(24, 0, FIRN_CORRUPT);          /* an earlier generation than a segment's */
    expect_forged(28, 0x40000000, FIRN_CORRUPT); /* above 2^62, with the low part 42 */
    expect_forged(32, 70, FIRN_CORRUPT);         /* the next segment's number */
    expect_forged(36, 7, FIRN_CORRUPT);          /* the next file's */
    expect_forged(40, 2, FIRN_CORRUPT);          /* files */
    expect_forged(40, 0xFFFFFFFF, FIRN_CORRUPT);
    expect_forged(40, 3 + 5, FIRN_CORRUPT); /* five records are a segment's */
    expect_forged(44, 6, FIRN_CORRUPT);     /* segments */
    expect_forged(44, 0xFFFFFFFF, FIRN_CORRUPT);
    expect_forged(FILES, 3, FIRN_CORRUPT); /* numbers that do not rise */
    expect_forged(FILES, 0, FIRN_CORRUPT); /* its segments have no file */
    expect_forged(FILES + 4, 479, FIRN_CORRUPT);
    expect_forged(FILES + 4, 481, FIRN_OK); /* garbage at its end */
    expect_forged(FILES + 4, 0, FIRN_CORRUPT);
    expect_forged(SEGMENTS, 2, FIRN_CORRUPT); /* numbers that do not rise */
    expect_forged(SEGMENTS, 0, FIRN_OK);
    expect_forged(SEGMENTS + 4, 1, FIRN_CORRUPT); /* no such file */
    expect_forged(SEGMENTS + 8, 411, FIRN_CORRUPT);
    expect_forged(SEGMENTS + 8, 0xFFFFFFFF, FIRN_CORRUPT);
    expect_forged(SEGMENTS + 16, FIRN_SEGMENT_MAX_BYTES + 1, FIRN_CORRUPT);
    expect_forged(SEGMENTS + 20, 67, FIRN_CORRUPT); /* smaller than its headers */
    expect_forged(SEGMENTS + 20, 71, FIRN_CORRUPT); /* larger than raw */
    expect_forged(SEGMENTS + 20, 0xFFFFFFFF, FIRN_CORRUPT);
    expect_forged(SECOND + 28, 4, FIRN_CORRUPT);       /* codec */
    expect_forged(SECOND + 28, 3, FIRN_CORRUPT);       /* without its dictionary */
    expect_forged(SECOND + 28, 0x40001, FIRN_CORRUPT); /* flags */
    expect_forged(SECOND + 28, 0x20001, FIRN_OK);
    expect_forged(SECOND + 24, 1, FIRN_CORRUPT);      /* a dictionary that is not needed */
    expect_forged(THIRD + 28, 0x10003, FIRN_CORRUPT); /* a dictionary that needs one */
    expect_forged(SECOND + 12, 0xFFFFFFFF, FIRN_OK);  /* any kind */
    expect_forged(SECOND + 32, 43, FIRN_CORRUPT);     /* generation */
}

static firn_status build_and_read(const firn_allocator *allocator, void *context)
{
    firn_state read;
    uint8_t data[ROOM];
    (void)context;
    size_t size = sample_write(data);
    firn_status status = read_exact(data, size, allocator, &read);
    if (status == FIRN_OK)
        firn_state_fini(&read, allocator);
    return status;
}

static void every_allocation_may_fail(void **state)
{
    (void)state;
    assert_in_range(failing_each(build_and_read, NULL), 4, 10);
}

/* --- the log --- */

/* What three commits change in the sample: a segment and a file more; a move and a removal, which
 * empties a file; another root. */
static size_t log_write(uint8_t out[ROOM])
{
    uint8_t checkpoint[ROOM];
    size_t size = sample_write(checkpoint);
    const firn_log_base base = {
        .store_id = 0x1122334455667788, .generation = 42, .crc = get_u32(checkpoint + size - 4)};
    firn_file_change grown[2] = {{7, 800}, {9, 100}};
    firn_file_change emptied[2] = {{9, 180}, {2, 0}};
    firn_segment_record put = {.segment = 71,
                               .file = 9,
                               .plain = 32,
                               .packed = 100,
                               .generation = 43,
                               .dictionary = FIRN_SEGMENT_NONE};
    firn_segment_record changed[3] = {{.segment = 1}, {.segment = 4}, sample_segments[1]};
    changed[2].file = 9;
    changed[2].offset = 100;
    changed[2].packed = 80;
    changed[2].generation = 44;
    firn_log_header_write(&base, out);
    size_t at = FIRN_LOG_HEADER_BYTES;
    uint32_t crc = base.crc;
    for (uint64_t generation = 43; generation < 46; generation++) {
        firn_changes changes = {.store_id = base.store_id,
                                .generation = generation,
                                .root = generation == 45 ? 71 : 70,
                                .segment_next = 72,
                                .file_next = 10,
                                .files = generation == 43 ? grown : emptied,
                                .file_count = generation == 45 ? 0 : 2,
                                .segments = generation == 43 ? &put : changed,
                                .segment_count = generation == 43   ? 1
                                                 : generation == 44 ? 3
                                                                    : 0};
        crc = firn_log_record_write(&changes, crc, out + at);
        at += firn_log_record_bytes(&changes);
        firn_log_seal_write(base.store_id, generation, crc, out + at);
        at += FIRN_LOG_SEAL_BYTES;
    }
    return at;
}

static firn_status replay(const uint8_t *data, size_t size, const firn_allocator *allocator,
                          firn_state *ret_state, firn_log_end *ret_end)
{
    uint8_t checkpoint[ROOM];
    const char *cause = NULL;
    size_t checkpoint_size = sample_write(checkpoint);
    const firn_log_base base = {.store_id = 0x1122334455667788,
                                .generation = 42,
                                .crc = get_u32(checkpoint + checkpoint_size - 4)};
    firn_status status = read_exact(checkpoint, checkpoint_size, allocator, ret_state);
    if (status != FIRN_OK)
        return status;
    uint8_t *exact = malloc(size + (size == 0));
    memcpy(exact, data, size);
    status = firn_log_replay(exact, size, &base, allocator, ret_state, ret_end, &cause);
    free(exact);
    if (status != FIRN_OK) {
        assert_non_null(cause);
        firn_state_fini(ret_state, allocator);
    }
    return status;
}

static void a_log_brings_a_checkpoint_up_to_date(void **state)
{
    (void)state;
    uint8_t data[ROOM];
    firn_state read;
    firn_log_end end;
    size_t size = log_write(data);
    assert_int_equal(replay(data, size, NULL, &read, &end), FIRN_OK);
    assert_int_equal(end.bytes, size);
    assert_true(end.sealed && !end.torn);
    assert_int_equal(read.generation, 45);
    assert_int_equal(read.root, 71);
    assert_int_equal(read.segment_next, 72);
    assert_int_equal(read.live_count, SEGMENT_COUNT + 1 - 2);
    assert_null(firn_state_file(&read, 2));
    assert_null(firn_state_segment(&read, 1));
    assert_int_equal(firn_state_segment(&read, 2)->file, 9);
    assert_int_equal(firn_state_file(&read, 7)->committed, 800);
    assert_int_equal(firn_state_file(&read, 9)->live_bytes, 180);
    firn_state_fini(&read, NULL);
    assert_int_equal(replay(data, FIRN_LOG_HEADER_BYTES, NULL, &read, &end), FIRN_OK);
    assert_int_equal(read.generation, 42);
    expect_sample(&read);
    firn_state_fini(&read, NULL);
}

static void every_change_of_one_byte_before_the_last_seal_is_found(void **state)
{
    (void)state;
    uint8_t data[ROOM];
    firn_state read;
    firn_log_end end;
    size_t size = log_write(data);
    for (size_t i = 0; i < size - FIRN_LOG_SEAL_BYTES; i++) {
        for (unsigned change = 1; change < 256; change += change < 4 ? 1 : 12) {
            data[i] ^= (uint8_t)change;
            if (replay(data, size, NULL, &read, &end) != FIRN_CORRUPT)
                fail_msg("byte %zu, change %u", i, change);
            data[i] ^= (uint8_t)change;
        }
    }
}

static void a_log_that_is_cut_ends_with_the_last_whole_record(void **state)
{
    (void)state;
    uint8_t data[ROOM];
    firn_state read;
    firn_log_end end;
    uint64_t before = 45;
    size_t size = log_write(data);
    for (size_t cut = size; cut-- > FIRN_LOG_HEADER_BYTES;) {
        assert_int_equal(replay(data, cut, NULL, &read, &end), FIRN_OK);
        assert_in_range(read.generation, before - 1, before);
        assert_in_range(end.bytes, FIRN_LOG_HEADER_BYTES, cut);
        assert_int_equal(end.torn, end.bytes < cut);
        before = read.generation;
        firn_state_fini(&read, NULL);
    }
    assert_int_equal(before, 42);
    for (size_t cut = 0; cut < FIRN_LOG_HEADER_BYTES; cut++)
        assert_int_equal(replay(data, cut, NULL, &read, &end), FIRN_CORRUPT);
}

/* A disk may keep the later of two writes that were not synced: a record without the seal before.
 */
static void a_lost_seal_before_a_record_without_one_is_no_damage(void **state)
{
    (void)state;
    uint8_t data[ROOM];
    firn_state read;
    firn_log_end end;
    size_t size = log_write(data) - FIRN_LOG_SEAL_BYTES;
    size_t last = 40 + 4;
    memset(data + size - last - FIRN_LOG_SEAL_BYTES, 0, FIRN_LOG_SEAL_BYTES);
    assert_int_equal(replay(data, size, NULL, &read, &end), FIRN_OK);
    assert_int_equal(read.generation, 44);
    assert_true(end.torn && !end.sealed);
    firn_state_fini(&read, NULL);
}

static firn_status replay_all(const firn_allocator *allocator, void *context)
{
    uint8_t data[ROOM];
    firn_state read;
    firn_log_end end;
    (void)context;
    size_t size = log_write(data);
    firn_status status = replay(data, size, allocator, &read, &end);
    if (status == FIRN_OK)
        firn_state_fini(&read, allocator);
    return status;
}

static void every_allocation_of_a_replay_may_fail(void **state)
{
    (void)state;
    assert_in_range(failing_each(replay_all, NULL), 5, 20);
}

static const firn_segment_header HEADER = {.store_id = 0x1122334455667788,
                                           .generation = 42,
                                           .segment = 7,
                                           .kind = 0xFFFFFFFF,
                                           .plain = 1000,
                                           .packed = 500,
                                           .dictionary = 3,
                                           .frame_crc = 0x12345678};

static void a_segment_header_reads_back_as_it_was_written(void **state)
{
    (void)state;
    uint8_t data[FIRN_SEGMENT_HEADER_BYTES];
    firn_segment_header read;
    firn_segment_header_write(&HEADER, data);
    assert_int_equal(firn_segment_header_read(data, sizeof data, 2, &read), FIRN_OK);
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
            assert_int_equal(firn_segment_header_read(data, sizeof data, 2, &read), FIRN_CORRUPT);
            data[i] ^= (uint8_t)change;
        }
        assert_int_equal(firn_segment_header_read(data, i, 2, &read), FIRN_CORRUPT);
    }
    put_u32(data + 4, 3);
    put_u32(data + 48, firn_crc32c(0, data, 48));
    assert_int_equal(firn_segment_header_read(data, sizeof data, 2, &read), FIRN_VERSION);
}

static void names_are_a_stores_own_only_in_the_form_it_gives_them(void **state)
{
    (void)state;
    static const struct {
        const char *name;
        firn_store_name expected;
    } cases[] = {
        {"manifest", {FIRN_STORE_NAME_MANIFEST, 0, 0}},
        {"manifest-copy", {FIRN_STORE_NAME_MANIFEST, 0, 0}},
        {"lock", {FIRN_STORE_NAME_LOCK, 0, 0}},
        {"log-0", {FIRN_STORE_NAME_LOG, 0, 0}},
        {"log-4611686018427387904", {FIRN_STORE_NAME_LOG, FIRN_GENERATION_MAX, 0}},
        {"log-4611686018427387905", {FIRN_STORE_NAME_FOREIGN, 0, 0}},
        {"log-", {FIRN_STORE_NAME_FOREIGN, 0, 0}},
        {"log-01", {FIRN_STORE_NAME_FOREIGN, 0, 0}},
        {"log-1.tmp", {FIRN_STORE_NAME_FOREIGN, 0, 0}},
        {"data-0.firn", {FIRN_STORE_NAME_DATA, 0, 0}},
        {"data-4294967294.firn", {FIRN_STORE_NAME_DATA, 0, 4294967294}},
        {"data-4294967295.firn", {FIRN_STORE_NAME_FOREIGN, 0, 0}},
        {"data-00.firn", {FIRN_STORE_NAME_FOREIGN, 0, 0}},
        {"data-0.firn.tmp", {FIRN_STORE_NAME_FOREIGN, 0, 0}},
        {"data-0-0.firn", {FIRN_STORE_NAME_DATA_V1, 0, 0}},
        {"data-12-345.firn", {FIRN_STORE_NAME_DATA_V1, 12, 345}},
        {"data-12-345.firn.tmp", {FIRN_STORE_NAME_TEMPORARY, 12, 345}},
        {"data-4611686018427387904-1048576.firn",
         {FIRN_STORE_NAME_DATA_V1, FIRN_GENERATION_MAX, FIRN_STATE_FILES_MAX}},
        {"data-4611686018427387905-0.firn", {FIRN_STORE_NAME_FOREIGN, 0, 0}},
        {"data-99999999999999999999999-0.firn", {FIRN_STORE_NAME_FOREIGN, 0, 0}},
        {"data-0-1048577.firn", {FIRN_STORE_NAME_FOREIGN, 0, 0}},
        {"data-00-0.firn", {FIRN_STORE_NAME_FOREIGN, 0, 0}},
        {"data-0-0.firn.tmp2", {FIRN_STORE_NAME_FOREIGN, 0, 0}},
        {"data-+1-0.firn", {FIRN_STORE_NAME_FOREIGN, 0, 0}},
        {"data-1-0.fir", {FIRN_STORE_NAME_FOREIGN, 0, 0}},
        {"data-1", {FIRN_STORE_NAME_FOREIGN, 0, 0}},
        {"manifest.tmp", {FIRN_STORE_NAME_TEMPORARY, 0, 0}},
        {"manifest-copy.tmp", {FIRN_STORE_NAME_TEMPORARY, 0, 0}},
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
        cmocka_unit_test(a_checkpoint_reads_back_as_it_was_written),
        cmocka_unit_test(every_change_of_one_byte_of_a_checkpoint_is_found),
        cmocka_unit_test(a_checkpoint_that_is_cut_or_followed_is_damaged),
        cmocka_unit_test(a_checkpoint_that_contradicts_itself_is_damaged),
        cmocka_unit_test(every_allocation_may_fail),
        cmocka_unit_test(a_log_brings_a_checkpoint_up_to_date),
        cmocka_unit_test(every_change_of_one_byte_before_the_last_seal_is_found),
        cmocka_unit_test(a_log_that_is_cut_ends_with_the_last_whole_record),
        cmocka_unit_test(a_lost_seal_before_a_record_without_one_is_no_damage),
        cmocka_unit_test(every_allocation_of_a_replay_may_fail),
        cmocka_unit_test(a_segment_header_reads_back_as_it_was_written),
        cmocka_unit_test(every_change_of_one_byte_of_a_segment_header_is_found),
        cmocka_unit_test(names_are_a_stores_own_only_in_the_form_it_gives_them),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
