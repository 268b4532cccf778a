/* Frames: what goes in comes out, and what is no whole frame is refused. */
#include "support/failing.h"
#include "core/bytes.h"

#include <firn/checksum.h>
#include <firn/codec.h>

#include <zstd.h>

#include <setjmp.h>
#include <stdarg.h>
#include <cmocka.h>

enum { ROOM = 4096 };

static firn_codec *codec;

static int set_up(void **state)
{
    (void)state;
    return firn_codec_create(NULL, &codec) == FIRN_OK ? 0 : -1;
}

static int tear_down(void **state)
{
    (void)state;
    firn_codec_destroy(codec);
    return 0;
}

/* Text that shrinks well, yet not to nothing. */
static void text_fill(uint8_t *out, size_t size)
{
    for (size_t i = 0; i < size; i++)
        out[i] =
            (uint8_t)((size_t) "static int value_of(struct thing *thing)\n"[i % 41] + i / 300 % 3);
}

static void noise_fill(uint8_t *out, size_t size)
{
    uint64_t state = 42;
    for (size_t i = 0; i < size; i++) {
        state = state * 6364136223846793005u + 1442695040888963407u;
        out[i] = (uint8_t)(state >> 56);
    }
}

/* Packs into a block of exactly the bound and unpacks into one of exactly the plain size, so that
 * AddressSanitizer sees a step beyond. Returns the frame's size. */
static size_t round_trip(firn_codec_kind kind, int level, const uint8_t *data, size_t size)
{
    uint8_t *frame = malloc(firn_codec_bound(size));
    size_t frame_size = 0, plain = 0;
    assert_int_equal(firn_codec_pack(codec, kind, level, data, size, frame, &frame_size), FIRN_OK);
    assert_in_range(frame_size, FIRN_FRAME_HEADER_BYTES, firn_codec_bound(size));
    frame = realloc(frame, frame_size);
    assert_int_equal(firn_codec_plain_size(frame, frame_size, &plain), FIRN_OK);
    assert_int_equal(plain, size);
    uint8_t *out = malloc(size + (size == 0));
    assert_int_equal(firn_codec_unpack(codec, frame, frame_size, out, size), FIRN_OK);
    if (size > 0)
        assert_memory_equal(out, data, size);
    free(out);
    free(frame);
    return frame_size;
}

static void every_kind_level_and_size_gives_back_what_went_in(void **state)
{
    (void)state;
    static const size_t sizes[] = {0, 1, 7, 8, 9, 15, 16, 17, 100, 4095, 65536, 262144, 300001};
    static uint8_t text[300001], noise[300001];
    text_fill(text, sizeof text);
    noise_fill(noise, sizeof noise);
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
        assert_int_equal(round_trip(FIRN_CODEC_RAW, 0, text, sizes[i]), sizes[i] + 16);
        round_trip(FIRN_CODEC_LZ4, 0, text, sizes[i]);
        round_trip(FIRN_CODEC_LZ4, 0, noise, sizes[i]);
        for (int level = 1; level <= 19; level += sizes[i] > 5000 ? 6 : 1) {
            round_trip(FIRN_CODEC_ZSTD, level, text, sizes[i]);
            round_trip(FIRN_CODEC_ZSTD, level, noise, sizes[i]);
        }
    }
}

static void the_largest_frame_works_and_one_byte_more_is_refused(void **state)
{
    (void)state;
    size_t size = FIRN_FRAME_MAX_BYTES, ret;
    uint8_t *data = calloc(1, size);
    assert_in_range(round_trip(FIRN_CODEC_ZSTD, 1, data, size), 1000, 10000);
    assert_in_range(round_trip(FIRN_CODEC_LZ4, 0, data, size), 200000, 300000);
    assert_int_equal(firn_codec_pack(codec, FIRN_CODEC_RAW, 0, data, size + 1, NULL, &ret),
                     FIRN_LIMIT);
    free(data);
}

static void what_would_not_shrink_by_an_eighth_is_raw(void **state)
{
    (void)state;
    uint8_t data[ROOM], frame[ROOM + 16];
    size_t size, least = ROOM;
    for (size_t zeros = 0; zeros < ROOM; zeros += 16) {
        noise_fill(data, ROOM);
        memset(data, 0, zeros);
        for (int kind = FIRN_CODEC_LZ4; kind <= FIRN_CODEC_ZSTD; kind++) {
            assert_int_equal(firn_codec_pack(codec, (firn_codec_kind)kind, 3 * (kind == 2), data,
                                             ROOM, frame, &size),
                             FIRN_OK);
            assert_true(size == ROOM + 16 ? frame[0] == FIRN_CODEC_RAW
                                          : frame[0] == kind && size - 16 <= ROOM - ROOM / 8);
            if (frame[0] != FIRN_CODEC_RAW && zeros < least)
                least = zeros;
        }
    }
    assert_in_range(least, ROOM / 8, ROOM / 8 + 64);
}

static void unknown_kinds_and_levels_are_refused(void **state)
{
    (void)state;
    uint8_t frame[32];
    size_t size = 5;
    assert_int_equal(firn_codec_pack(codec, (firn_codec_kind)3, 0, "abc", 3, frame, &size),
                     FIRN_INVALID);
    assert_int_equal(firn_codec_pack(codec, FIRN_CODEC_ZSTD, 0, "abc", 3, frame, &size),
                     FIRN_INVALID);
    assert_int_equal(firn_codec_pack(codec, FIRN_CODEC_ZSTD, 20, "abc", 3, frame, &size),
                     FIRN_INVALID);
    assert_int_equal(size, 5);
    firn_codec_destroy(NULL);
}

static void the_example_of_the_format_page_is_what_is_written(void **state)
{
    (void)state;
    static const uint8_t expected[] = {0, 1, 0xB9, 0x85, 4,    0,    0,   0,   4,   0,
                                       0, 0, 0x83, 0x0D, 0x32, 0x1E, 'f', 'i', 'r', 'n'};
    uint8_t frame[20];
    size_t size;
    assert_int_equal(firn_codec_pack(codec, FIRN_CODEC_LZ4, 0, "firn", 4, frame, &size), FIRN_OK);
    assert_int_equal(size, sizeof expected);
    assert_memory_equal(frame, expected, sizeof expected);
}

/* Frames of each kind with the same content. */
static size_t sample(int kind, uint8_t data[ROOM], uint8_t *frame, size_t plain)
{
    size_t size = 0;
    text_fill(data, plain);
    assert_int_equal(
        firn_codec_pack(codec, (firn_codec_kind)kind, 3 * (kind == 2), data, plain, frame, &size),
        FIRN_OK);
    assert_int_equal(frame[0], kind);
    return size;
}

/* Never other bytes than went in: refused, or (a payload may have bits that mean nothing) right. */
static void expect_never_wrong(const uint8_t *frame, size_t size, const uint8_t *data, size_t plain,
                               bool must_fail)
{
    uint8_t *out = malloc(plain);
    uint8_t *exact = malloc(size);
    size_t told = plain;
    memcpy(exact, frame, size);
    firn_status header = firn_codec_plain_size(exact, size, &told);
    firn_status status = firn_codec_unpack(codec, exact, size, out, plain);
    assert_true(status == FIRN_OK || status == FIRN_CORRUPT || status == FIRN_VERSION);
    assert_true(header != FIRN_OK || told == plain);
    if (must_fail)
        assert_int_not_equal(status, FIRN_OK);
    if (status == FIRN_OK)
        assert_memory_equal(out, data, plain);
    free(exact);
    free(out);
}

static void every_change_of_one_byte_is_found_or_harmless(void **state)
{
    (void)state;
    uint8_t data[ROOM], frame[ROOM];
    for (int kind = FIRN_CODEC_RAW; kind <= FIRN_CODEC_ZSTD; kind++) {
        size_t size = sample(kind, data, frame, 300);
        for (size_t i = 0; i < size; i++) {
            for (unsigned change = 1; change < 256; change++) {
                frame[i] ^= (uint8_t)change;
                expect_never_wrong(frame, size, data, 300, i < 16 || kind == FIRN_CODEC_RAW);
                frame[i] ^= (uint8_t)change;
            }
        }
    }
}

static void a_frame_that_is_cut_or_has_more_behind_it_is_refused(void **state)
{
    (void)state;
    uint8_t data[ROOM], frame[ROOM];
    for (int kind = FIRN_CODEC_RAW; kind <= FIRN_CODEC_ZSTD; kind++) {
        size_t size = sample(kind, data, frame, 300);
        for (size_t cut = 0; cut < size; cut++)
            expect_never_wrong(frame, cut, data, 300, true);
        frame[size] = 0;
        expect_never_wrong(frame, size + 1, data, 300, true);
    }
}

static void another_plain_size_than_the_callers_is_refused(void **state)
{
    (void)state;
    uint8_t data[ROOM], frame[ROOM], out[ROOM];
    for (int kind = FIRN_CODEC_RAW; kind <= FIRN_CODEC_ZSTD; kind++) {
        size_t size = sample(kind, data, frame, 300);
        assert_int_equal(firn_codec_unpack(codec, frame, size, out, 299), FIRN_CORRUPT);
        assert_int_equal(firn_codec_unpack(codec, frame, size, out, 301), FIRN_CORRUPT);
    }
}

/* Writes a frame's header anew around a payload, with a check that fits. */
static void frame_forge(uint8_t *frame, uint8_t kind, uint8_t version, uint32_t plain,
                        uint32_t packed, uint32_t crc)
{
    frame[0] = kind;
    frame[1] = version;
    put_u32(frame + 4, plain);
    put_u32(frame + 8, packed);
    put_u32(frame + 12, crc);
    uint32_t check = firn_crc32c(firn_crc32c(0, frame, 2), frame + 4, 12);
    put_u16(frame + 2, (uint16_t)(check ^ check >> 16));
}

static void later_versions_and_kinds_are_told_from_damage(void **state)
{
    (void)state;
    uint8_t data[ROOM], frame[ROOM], out[ROOM];
    size_t size = sample(FIRN_CODEC_RAW, data, frame, 300), plain;
    frame_forge(frame, 0, 2, 300, 300, get_u32(frame + 12));
    assert_int_equal(firn_codec_plain_size(frame, size, &plain), FIRN_VERSION);
    assert_int_equal(firn_codec_unpack(codec, frame, size, out, 300), FIRN_VERSION);
    frame_forge(frame, 4, 1, 300, 300, get_u32(frame + 12));
    assert_int_equal(firn_codec_plain_size(frame, size, &plain), FIRN_VERSION);
    frame_forge(frame, 0, 0, 300, 300, get_u32(frame + 12));
    assert_int_equal(firn_codec_plain_size(frame, size, &plain), FIRN_CORRUPT);
}

static void headers_that_contradict_themselves_are_refused(void **state)
{
    (void)state;
    uint8_t frame[ROOM] = {0};
    size_t plain;
    static const struct {
        uint8_t kind;
        uint32_t plain, packed;
        size_t size;
    } forged[] = {
        {0, 10, 9, 25},                        /* raw, but smaller */
        {0, 9, 10, 26},                        /* raw, but larger */
        {1, 10, 10, 26},                       /* packed, but not smaller */
        {2, 10, 11, 27},                       /* packed, but larger */
        {2, FIRN_FRAME_MAX_BYTES + 1, 10, 26}, /* beyond the limit */
        {1, 100, 50, 65},                      /* cut */
        {1, 100, 50, 67},                      /* followed */
        {1, 100, 0xFFFFFFFF, 15},              /* a size that wraps */
    };
    for (size_t i = 0; i < sizeof forged / sizeof *forged; i++) {
        frame_forge(frame, forged[i].kind, 1, forged[i].plain, forged[i].packed, 0);
        assert_int_equal(firn_codec_plain_size(frame, forged[i].size, &plain), FIRN_CORRUPT);
    }
}

/* What libzstd would take, but the format does not. */
static void zstd_payloads_other_than_one_whole_frame_are_refused(void **state)
{
    (void)state;
    uint8_t data[ROOM], frame[ROOM], out[ROOM];
    uint8_t *payload = frame + 16;
    size_t size = sample(FIRN_CODEC_ZSTD, data, frame, 300) - 16;
    uint32_t crc = get_u32(frame + 12);

    /* an empty frame behind */
    size_t empty = ZSTD_compress(payload + size, 100, "", 0, 1);
    frame_forge(frame, 2, 1, 300, (uint32_t)(size + empty), crc);
    assert_int_equal(firn_codec_unpack(codec, frame, 16 + size + empty, out, 300), FIRN_CORRUPT);

    /* a skippable frame in front */
    memmove(payload + 8, payload, size);
    put_u32(payload, 0x184D2A50);
    put_u32(payload + 4, 0);
    frame_forge(frame, 2, 1, 300, (uint32_t)(size + 8), crc);
    assert_int_equal(firn_codec_unpack(codec, frame, 16 + size + 8, out, 300), FIRN_CORRUPT);

    /* a frame of zstd 0.7 */
    sample(FIRN_CODEC_ZSTD, data, frame, 300);
    put_u32(payload, 0xFD2FB527);
    assert_int_equal(firn_codec_unpack(codec, frame, 16 + size, out, 300), FIRN_CORRUPT);
}

static void a_hostile_zstd_window_takes_no_memory(void **state)
{
    (void)state;
    failing memory;
    firn_codec *counted;
    uint8_t frame[64] = {0};
    /* magic; no single segment, content size of 2 bytes; a window of 2 GiB; content size 100 (less
     * 256); one raw block, last */
    static const uint8_t head[] = {0x28, 0xB5, 0x2F, 0xFD, 0x40, 0xA8, 100, 0, 1, 0, 0};
    memcpy(frame + 16, head, sizeof head);
    put_u16(frame + 16 + 6, 300 - 256);
    frame_forge(frame, 2, 1, 300, sizeof head, 0);
    failing_init(&memory, 0);
    assert_int_equal(firn_codec_create(&memory.allocator, &counted), FIRN_OK);
    uint8_t *plain = malloc(300);
    assert_int_equal(firn_codec_unpack(counted, frame, 16 + sizeof head, plain, 300), FIRN_CORRUPT);
    assert_int_equal(atomic_load(&memory.calls), 2); /* the codec, and zstd's context */
    assert_in_range(atomic_load(&memory.live_bytes), 1, 128 << 10);
    free(plain);
    firn_codec_destroy(counted);
    failing_check(&memory);
}

/* With one codec for all: it must stay usable after each failure. */
static firn_status pack_all(const firn_allocator *allocator, void *context)
{
    uint8_t data[ROOM], frame[ROOM + 16], out[ROOM];
    firn_codec *own;
    firn_status worst = FIRN_OK;
    (void)context;
    text_fill(data, sizeof data);
    if (firn_codec_create(allocator, &own) != FIRN_OK)
        return FIRN_NO_MEMORY;
    for (int round = 0; round < 2; round++) {
        for (int kind = FIRN_CODEC_RAW; kind <= FIRN_CODEC_ZSTD; kind++) {
            size_t size = 0;
            int level = kind == FIRN_CODEC_ZSTD ? 1 + 11 * round : 0;
            firn_status status =
                firn_codec_pack(own, (firn_codec_kind)kind, level, data, sizeof data, frame, &size);
            if (status == FIRN_OK)
                status = firn_codec_unpack(own, frame, size, out, sizeof out);
            if (status == FIRN_OK)
                assert_memory_equal(out, data, sizeof data);
            else
                worst = status;
        }
    }
    firn_codec_destroy(own);
    return worst;
}

static void every_allocation_may_fail(void **state)
{
    (void)state;
    assert_in_range(failing_each(pack_all, NULL), 5, 50);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_kind_level_and_size_gives_back_what_went_in),
        cmocka_unit_test(the_largest_frame_works_and_one_byte_more_is_refused),
        cmocka_unit_test(what_would_not_shrink_by_an_eighth_is_raw),
        cmocka_unit_test(unknown_kinds_and_levels_are_refused),
        cmocka_unit_test(the_example_of_the_format_page_is_what_is_written),
        cmocka_unit_test(every_change_of_one_byte_is_found_or_harmless),
        cmocka_unit_test(a_frame_that_is_cut_or_has_more_behind_it_is_refused),
        cmocka_unit_test(another_plain_size_than_the_callers_is_refused),
        cmocka_unit_test(later_versions_and_kinds_are_told_from_damage),
        cmocka_unit_test(headers_that_contradict_themselves_are_refused),
        cmocka_unit_test(zstd_payloads_other_than_one_whole_frame_are_refused),
        cmocka_unit_test(a_hostile_zstd_window_takes_no_memory),
        cmocka_unit_test(every_allocation_may_fail),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
