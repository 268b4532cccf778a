/* Packing with dictionaries: what goes in comes out with the right one, and with no other. */
#include "support/failing.h"
#include "support/golden.h"
#include "core/bytes.h"

#include <firn/checksum.h>
#include <firn/codec.h>

#include <zstd.h>

#include <setjmp.h>
#include <stdarg.h>
#include <cmocka.h>

enum { ROOM = 1 << 17, RECORD_MAX = 256, TRAINED_MAX = 8192 };

static firn_codec *codec;
static uint8_t trained[TRAINED_MAX];
static size_t trained_size;

/* Records as a program would keep them, each about 100 bytes, that differ in a few places. */
static size_t record_fill(char *out, unsigned number)
{
    return (size_t)snprintf(out, RECORD_MAX,
                            "{\"id\": %u, \"name\": \"visitor %u\", \"country\": \"%c%c\", "
                            "\"last_seen\": \"2024-%02u-%02uT10:%02u:00Z\", \"score\": %u}\n",
                            number, number * 7919 % 1000, 'A' + number % 26, 'A' + number / 26 % 26,
                            number % 12 + 1, number % 28 + 1, number % 60, number * 31 % 977);
}

static size_t train(unsigned count, void *out, size_t capacity, firn_status *ret_status)
{
    char *samples = malloc(count * (size_t)RECORD_MAX);
    size_t *sizes = malloc(count * sizeof *sizes);
    size_t at = 0, size = 0;
    for (unsigned i = 0; i < count; i++) {
        sizes[i] = record_fill(samples + at, i);
        at += sizes[i];
    }
    *ret_status = firn_dictionary_train(samples, sizes, count, out, capacity, &size);
    free(sizes);
    free(samples);
    return size;
}

static int set_up(void **state)
{
    firn_status status;
    (void)state;
    trained_size = train(3000, trained, sizeof trained, &status);
    return status == FIRN_OK && firn_codec_create(NULL, &codec) == FIRN_OK ? 0 : -1;
}

static int tear_down(void **state)
{
    (void)state;
    firn_codec_destroy(codec);
    return 0;
}

static firn_dictionary *make(const void *data, size_t size, int level)
{
    firn_dictionary *dictionary = NULL;
    assert_int_equal(firn_dictionary_create(NULL, data, size, level, &dictionary), FIRN_OK);
    return dictionary;
}

/* Into blocks of exactly the needed sizes, so that AddressSanitizer sees a step beyond. */
static size_t round_trip(const firn_dictionary *dictionary, int level, const void *data,
                         size_t size)
{
    uint8_t *frame = malloc(firn_codec_bound(size)), *out = malloc(size + (size == 0));
    size_t packed = 0, plain = 0;
    uint32_t id = 1;
    assert_int_equal(firn_codec_pack_with(codec, dictionary, level, data, size, frame, &packed),
                     FIRN_OK);
    assert_in_range(packed, FIRN_FRAME_HEADER_BYTES, firn_codec_bound(size));
    frame = realloc(frame, packed);
    assert_int_equal(firn_codec_plain_size(frame, packed, &plain), FIRN_OK);
    assert_int_equal(plain, size);
    assert_int_equal(firn_codec_frame_dictionary(frame, packed, &id), FIRN_OK);
    assert_int_equal(id, frame[0] == FIRN_CODEC_RAW ? 0 : firn_dictionary_id(dictionary));
    assert_int_equal(firn_codec_unpack_with(codec, dictionary, frame, packed, out, size), FIRN_OK);
    if (size > 0)
        assert_memory_equal(out, data, size);
    assert_int_equal(firn_codec_unpack(codec, frame, packed, out, size),
                     frame[0] == FIRN_CODEC_RAW ? FIRN_OK : FIRN_NOT_FOUND);
    free(frame);
    free(out);
    return packed;
}

static void every_level_and_size_gives_back_what_went_in(void **state)
{
    (void)state;
    static const size_t sizes[] = {0, 1, 4, 5, 8, 9, 40, 300, 4096, ROOM};
    static char text[ROOM + RECORD_MAX];
    for (size_t at = 0, i = 5000; at < ROOM; i++)
        at += record_fill(text + at, (unsigned)i);
    for (int prepared = 0; prepared <= 19; prepared += prepared == 0 ? 3 : 8) {
        firn_dictionary *dictionary = make(trained, trained_size, prepared);
        firn_dictionary *bare = make("\"country\": \"last_seen\": \"2024-", 30, prepared);
        for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
            for (int level = 1; level <= 19; level += sizes[i] > 5000 ? 6 : 1) {
                round_trip(dictionary, level, text, sizes[i]);
                round_trip(bare, level, text, sizes[i]);
            }
        }
        firn_dictionary_destroy(bare);
        firn_dictionary_destroy(dictionary);
    }
    firn_dictionary_destroy(NULL);
}

/* What it is for: single records, which alone hardly shrink. */
static void small_records_shrink_to_a_half_of_what_they_take_alone(void **state)
{
    (void)state;
    firn_dictionary *dictionary = make(trained, trained_size, 3);
    size_t alone = 0, with = 0, loaded = 0;
    for (unsigned i = 10000; i < 10200; i++) {
        char record[RECORD_MAX];
        uint8_t frame[RECORD_MAX + 16];
        size_t size = record_fill(record, i), packed = 0;
        assert_int_equal(firn_codec_pack(codec, FIRN_CODEC_ZSTD, 3, record, size, frame, &packed),
                         FIRN_OK);
        alone += packed;
        with += round_trip(dictionary, 3, record, size);
        loaded += round_trip(dictionary, 4, record, size);
    }
    assert_true(with * 2 < alone);
    assert_true(loaded * 2 < alone);
    firn_dictionary_destroy(dictionary);
}

static void noise_is_raw_and_needs_no_dictionary(void **state)
{
    (void)state;
    uint8_t noise[1000], frame[1016];
    size_t size = 0;
    uint64_t number = 42;
    for (size_t i = 0; i < sizeof noise; i++) {
        number = number * 6364136223846793005u + 1442695040888963407u;
        noise[i] = (uint8_t)(number >> 56);
    }
    firn_dictionary *dictionary = make(trained, trained_size, 3);
    assert_int_equal(round_trip(dictionary, 3, noise, sizeof noise), sizeof noise + 16);
    assert_int_equal(firn_codec_pack_with(codec, dictionary, 3, noise, sizeof noise, frame, &size),
                     FIRN_OK);
    assert_int_equal(frame[0], FIRN_CODEC_RAW);
    firn_dictionary_destroy(dictionary);
}

static void another_dictionary_is_refused(void **state)
{
    (void)state;
    char record[RECORD_MAX];
    uint8_t frame[RECORD_MAX + 16], out[RECORD_MAX];
    size_t size = record_fill(record, 77), packed = 0;
    firn_dictionary *right = make(trained, trained_size, 3);
    firn_dictionary *wrong = make(trained + 500, trained_size - 500, 3);
    assert_int_equal(firn_codec_pack_with(codec, right, 3, record, size, frame, &packed), FIRN_OK);
    assert_int_equal(frame[0], FIRN_CODEC_ZSTD_DICTIONARY);
    assert_int_equal(get_u32(frame + 16), firn_crc32c(0, trained, trained_size));
    assert_int_equal(firn_codec_unpack_with(codec, wrong, frame, packed, out, size),
                     FIRN_NOT_FOUND);
    put_u32(frame + 16, firn_dictionary_id(wrong)); /* even when it pretends to be the right one */
    assert_int_equal(firn_codec_unpack_with(codec, wrong, frame, packed, out, size), FIRN_CORRUPT);
    firn_dictionary_destroy(wrong);
    firn_dictionary_destroy(right);
}

static void a_frame_without_a_dictionary_is_read_with_any(void **state)
{
    (void)state;
    firn_dictionary *dictionary = make(trained, trained_size, 0);
    char text[4096], out[4096];
    uint8_t frame[4112];
    for (size_t i = 0; i < sizeof text; i++)
        text[i] = "some text "[i % 10];
    for (int kind = FIRN_CODEC_RAW; kind <= FIRN_CODEC_ZSTD; kind++) {
        size_t size = 0;
        uint32_t id = 1;
        assert_int_equal(firn_codec_pack(codec, (firn_codec_kind)kind, 3 * (kind == 2), text,
                                         sizeof text, frame, &size),
                         FIRN_OK);
        assert_int_equal(firn_codec_frame_dictionary(frame, size, &id), FIRN_OK);
        assert_int_equal(id, 0);
        assert_int_equal(firn_codec_unpack_with(codec, dictionary, frame, size, out, sizeof out),
                         FIRN_OK);
        assert_memory_equal(out, text, sizeof text);
    }
    firn_dictionary_destroy(dictionary);
}

static void expect_refused(const void *data, size_t size, int level, firn_status expected)
{
    firn_dictionary *dictionary = (firn_dictionary *)&codec;
    assert_int_equal(firn_dictionary_create(NULL, data, size, level, &dictionary), expected);
    assert_ptr_equal(dictionary, &codec);
}

static void bytes_and_levels_that_are_no_dictionary_are_refused(void **state)
{
    (void)state;
    static const uint8_t nameless[12] = "nameless\xB9\xDB\xCA\x99";
    assert_int_equal(firn_crc32c(0, nameless, sizeof nameless), 0);
    expect_refused(nameless, sizeof nameless, 3, FIRN_INVALID);
    uint8_t *large = calloc(1, FIRN_DICTIONARY_MAX_BYTES + 1);
    expect_refused("abcdefg", 7, 3, FIRN_INVALID);
    expect_refused("abcdefgh", 8, 20, FIRN_INVALID);
    expect_refused("abcdefgh", 8, -1, FIRN_INVALID);
    expect_refused(large, FIRN_DICTIONARY_MAX_BYTES + 1, 3, FIRN_LIMIT);
    firn_dictionary_destroy(make(large, FIRN_DICTIONARY_MAX_BYTES, 1));
    free(large);
    expect_refused("\x37\xA4\x30\xEC trained? no", 16, 3, FIRN_CORRUPT);
    expect_refused(trained, 100, 0, FIRN_CORRUPT);
    uint8_t frame[64];
    size_t size = 5;
    firn_dictionary *dictionary = make("abcdefgh", 8, 3);
    assert_int_equal(firn_codec_pack_with(codec, dictionary, 0, "abc", 3, frame, &size),
                     FIRN_INVALID);
    assert_int_equal(firn_codec_pack_with(codec, dictionary, 20, "abc", 3, frame, &size),
                     FIRN_INVALID);
    assert_int_equal(firn_codec_pack_with(codec, NULL, 3, "abc", 3, frame, &size), FIRN_INVALID);
    assert_int_equal(
        firn_codec_pack_with(codec, dictionary, 3, frame, FIRN_FRAME_MAX_BYTES + 1, NULL, &size),
        FIRN_LIMIT);
    assert_int_equal(size, 5);
    firn_dictionary_destroy(dictionary);
}

static void too_few_samples_make_no_dictionary(void **state)
{
    (void)state;
    uint8_t out[TRAINED_MAX];
    firn_status status;
    train(1, out, sizeof out, &status);
    assert_int_equal(status, FIRN_INVALID);
    train(0, out, sizeof out, &status);
    assert_int_equal(status, FIRN_INVALID);
    train(1000, out, 10, &status);
    assert_int_equal(status, FIRN_INVALID);
    size_t sizes[] = {1u << 30, 1u << 30, SIZE_MAX}, size = 5;
    assert_int_equal(firn_dictionary_train(out, sizes, 2, out, sizeof out, &size), FIRN_INVALID);
    assert_int_equal(firn_dictionary_train(out, sizes + 1, 2, out, sizeof out, &size),
                     FIRN_INVALID);
    assert_int_equal(size, 5);
}

static void a_prepared_dictionary_tells_what_it_takes(void **state)
{
    (void)state;
    firn_usage packing, unpacking;
    firn_dictionary *both = make(trained, trained_size, 9);
    firn_dictionary *one = make(trained, trained_size, 0);
    firn_dictionary_usage(both, &packing);
    firn_dictionary_usage(one, &unpacking);
    assert_int_equal(packing.live_bytes, trained_size);
    assert_int_equal(unpacking.live_bytes, trained_size);
    assert_in_range(unpacking.overhead_bytes, 20000, 40000);
    assert_in_range(packing.overhead_bytes, 60000, 1 << 20);
    firn_dictionary_destroy(both);
    firn_dictionary_destroy(one);
}

/* Writes a frame's header anew around what follows, with a check that fits. */
static void header_forge(uint8_t *frame, uint32_t plain, uint32_t packed)
{
    frame[0] = FIRN_CODEC_ZSTD_DICTIONARY;
    frame[1] = 1;
    put_u32(frame + 4, plain);
    put_u32(frame + 8, packed);
    uint32_t check = firn_crc32c(firn_crc32c(0, frame, 2), frame + 4, 12);
    put_u16(frame + 2, (uint16_t)(check ^ check >> 16));
}

static void every_change_of_one_byte_is_found_or_harmless(void **state)
{
    (void)state;
    char record[RECORD_MAX];
    uint8_t frame[RECORD_MAX + 16], out[RECORD_MAX];
    size_t size = record_fill(record, 123), packed = 0;
    firn_dictionary *dictionary = make(trained, trained_size, 3);
    assert_int_equal(firn_codec_pack_with(codec, dictionary, 3, record, size, frame, &packed),
                     FIRN_OK);
    for (size_t i = 0; i < packed; i++) {
        for (unsigned change = 1; change < 256; change++) {
            frame[i] ^= (uint8_t)change;
            firn_status status =
                firn_codec_unpack_with(codec, dictionary, frame, packed, out, size);
            assert_true(status != FIRN_OK || (i >= 20 && memcmp(out, record, size) == 0));
            frame[i] ^= (uint8_t)change;
        }
    }
    for (size_t cut = 0; cut < packed; cut++) {
        uint8_t *exact = malloc(cut + (cut == 0));
        memcpy(exact, frame, cut);
        if (cut >= 16) /* as if it were meant so */
            header_forge(exact, (uint32_t)size, (uint32_t)cut - 16);
        uint32_t id = 7;
        assert_int_equal(firn_codec_unpack_with(codec, dictionary, exact, cut, out, size),
                         FIRN_CORRUPT);
        assert_int_equal(firn_codec_frame_dictionary(exact, cut, &id),
                         cut > 20 ? FIRN_OK : FIRN_CORRUPT);
        free(exact);
    }
    put_u32(frame + 16, 0); /* no name */
    uint32_t id = 7;
    assert_int_equal(firn_codec_frame_dictionary(frame, packed, &id), FIRN_CORRUPT);
    assert_int_equal(firn_codec_unpack_with(codec, dictionary, frame, packed, out, size),
                     FIRN_CORRUPT);
    assert_int_equal(id, 7);
    firn_dictionary_destroy(dictionary);
}

/* A payload whose zstd frame names a dictionary in zstd's own way, too, is none of this format. */
static void a_name_in_zstds_own_way_is_refused(void **state)
{
    (void)state;
    char record[RECORD_MAX];
    uint8_t frame[1024], out[RECORD_MAX];
    size_t size = record_fill(record, 123);
    firn_dictionary *dictionary = make(trained, trained_size, 3);
    ZSTD_CCtx *packer = ZSTD_createCCtx();
    size_t packed = ZSTD_compress_usingDict(packer, frame + 20, sizeof frame - 20, record, size,
                                            trained, trained_size, 3);
    assert_false(ZSTD_isError(packed));
    put_u32(frame + 12, firn_crc32c(0, record, size));
    put_u32(frame + 16, firn_dictionary_id(dictionary));
    header_forge(frame, (uint32_t)size, (uint32_t)packed + 4);
    assert_int_equal(firn_codec_unpack_with(codec, dictionary, frame, packed + 20, out, size),
                     FIRN_CORRUPT);
    ZSTD_freeCCtx(packer);
    firn_dictionary_destroy(dictionary);
}

static firn_status prepare_and_pack(const firn_allocator *allocator, void *context)
{
    char record[RECORD_MAX];
    uint8_t frame[RECORD_MAX + 16], out[RECORD_MAX];
    size_t size = record_fill(record, 99), packed;
    firn_dictionary *dictionary;
    firn_codec *own;
    (void)context;
    firn_status status = firn_dictionary_create(allocator, trained, trained_size, 3, &dictionary);
    if (status != FIRN_OK)
        return status;
    status = firn_codec_create(allocator, &own);
    for (int level = 3; status == FIRN_OK && level <= 5; level++) {
        status = firn_codec_pack_with(own, dictionary, level, record, size, frame, &packed);
        if (status == FIRN_OK)
            status = firn_codec_unpack_with(own, dictionary, frame, packed, out, size);
        if (status == FIRN_OK)
            assert_memory_equal(out, record, size);
        if (status != FIRN_OK)
            firn_codec_destroy(own);
    }
    if (status == FIRN_OK)
        firn_codec_destroy(own);
    firn_dictionary_destroy(dictionary);
    return status;
}

static void every_allocation_may_fail(void **state)
{
    (void)state;
    assert_in_range(failing_each(prepare_and_pack, NULL), 4, 50);
}

/* Frames that were written once are read forever. */
static void frames_of_the_first_version_are_read(void **state)
{
    (void)state;
    static const struct {
        const char *frame, *dictionary;
    } files[] = {{"raw", NULL},
                 {"lz4", NULL},
                 {"zstd", NULL},
                 {"zstd-bare", "dictionary-bare"},
                 {"zstd-trained", "dictionary-trained"}};
    static uint8_t plain[4096], frame[4096], bytes[4096], out[4096];
    size_t plain_size = golden_read(__FILE__, "frame-1/plain", plain, sizeof plain);
    for (size_t i = 0; i < sizeof files / sizeof *files; i++) {
        char path[64];
        firn_dictionary *dictionary = NULL;
        snprintf(path, sizeof path, "frame-1/%s", files[i].frame);
        size_t size = golden_read(__FILE__, path, frame, sizeof frame);
        if (files[i].dictionary != NULL) {
            snprintf(path, sizeof path, "frame-1/%s", files[i].dictionary);
            size_t bytes_size = golden_read(__FILE__, path, bytes, sizeof bytes);
            dictionary = make(bytes, bytes_size, 0);
        }
        assert_int_equal(frame[0], i < 3 ? i : FIRN_CODEC_ZSTD_DICTIONARY);
        memset(out, 0, sizeof out);
        assert_int_equal(firn_codec_unpack_with(codec, dictionary, frame, size, out, plain_size),
                         FIRN_OK);
        assert_memory_equal(out, plain, plain_size);
        firn_dictionary_destroy(dictionary);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_level_and_size_gives_back_what_went_in),
        cmocka_unit_test(small_records_shrink_to_a_half_of_what_they_take_alone),
        cmocka_unit_test(noise_is_raw_and_needs_no_dictionary),
        cmocka_unit_test(another_dictionary_is_refused),
        cmocka_unit_test(a_frame_without_a_dictionary_is_read_with_any),
        cmocka_unit_test(bytes_and_levels_that_are_no_dictionary_are_refused),
        cmocka_unit_test(too_few_samples_make_no_dictionary),
        cmocka_unit_test(a_prepared_dictionary_tells_what_it_takes),
        cmocka_unit_test(every_change_of_one_byte_is_found_or_harmless),
        cmocka_unit_test(a_name_in_zstds_own_way_is_refused),
        cmocka_unit_test(every_allocation_may_fail),
        cmocka_unit_test(frames_of_the_first_version_are_read),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
