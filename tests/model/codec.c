/* Frames of random content, from noise to text that repeats, of random sizes, kinds and levels. */
#include "support/random.h"

#include <firn/codec.h>

#include <string.h>

#include <setjmp.h>
#include <stdarg.h>
#include <cmocka.h>

enum { ROUNDS = 1500, SIZE_MAX_BYTES = 300000 };

/* Copies of what came before, at random distances, between random bytes. */
static void content_fill(rng *random, uint8_t *data, size_t size)
{
    unsigned noise = (unsigned)rng_below(random, 101);
    unsigned letters = 1 + (unsigned)rng_below(random, 256);
    for (size_t i = 0; i < size;) {
        size_t run = 1 + rng_below(random, 60);
        if (run > size - i)
            run = size - i;
        bool fresh = i == 0 || rng_below(random, 100) < noise;
        size_t distance = i == 0 ? 0 : 1 + rng_below(random, i);
        for (size_t k = 0; k < run; k++, i++)
            data[i] = fresh ? (uint8_t)rng_below(random, letters) : data[i - distance];
    }
}

static void round_trip(rng *random, firn_codec *codec, const uint8_t *data, size_t size)
{
    firn_codec_kind kind = (firn_codec_kind)rng_below(random, 3);
    int level = kind == FIRN_CODEC_ZSTD ? 1 + (int)rng_below(random, size < 20000 ? 19 : 6) : 0;
    uint8_t *frame = malloc(firn_codec_bound(size));
    uint8_t *out = malloc(size + (size == 0));
    size_t packed = 0, plain = 0;
    assert_int_equal(firn_codec_pack(codec, kind, level, data, size, frame, &packed), FIRN_OK);
    assert_in_range(packed, FIRN_FRAME_HEADER_BYTES, firn_codec_bound(size));
    frame = realloc(frame, packed);
    assert_int_equal(firn_codec_plain_size(frame, packed, &plain), FIRN_OK);
    assert_int_equal(plain, size);
    assert_int_equal(firn_codec_unpack(codec, frame, packed, out, size), FIRN_OK);
    if (size > 0)
        assert_memory_equal(out, data, size);
    /* and with a few bits changed it is never taken for something else */
    for (int i = 0; i < 4; i++) {
        size_t bit = rng_below(random, packed * 8);
        frame[bit / 8] ^= (uint8_t)(1u << bit % 8);
        if (firn_codec_unpack(codec, frame, packed, out, size) == FIRN_OK && size > 0)
            assert_memory_equal(out, data, size);
    }
    free(out);
    free(frame);
}

static void random_content_comes_back(void **state)
{
    (void)state;
    static uint8_t data[SIZE_MAX_BYTES];
    rng random;
    firn_codec *codec;
    rng_init(&random, "random_content_comes_back");
    assert_int_equal(firn_codec_create(NULL, &codec), FIRN_OK);
    for (int i = 0; i < ROUNDS; i++) {
        size_t size = rng_any_size(&random) % (i % 20 == 0 ? SIZE_MAX_BYTES : 5000);
        content_fill(&random, data, size);
        round_trip(&random, codec, data, size);
    }
    firn_codec_destroy(codec);
}

/* One dictionary of a part of the content or of other content, at a level that fits or not. */
static void random_content_comes_back_through_dictionaries(void **state)
{
    (void)state;
    static uint8_t data[SIZE_MAX_BYTES];
    rng random;
    firn_codec *codec;
    rng_init(&random, "random_content_comes_back_through_dictionaries");
    assert_int_equal(firn_codec_create(NULL, &codec), FIRN_OK);
    for (int i = 0; i < ROUNDS / 5; i++) {
        size_t size = rng_any_size(&random) % (i % 20 == 0 ? SIZE_MAX_BYTES : 5000);
        size_t bytes = FIRN_DICTIONARY_MIN_BYTES + rng_any_size(&random) % 20000, packed = 0;
        int prepared = (int)rng_below(&random, 10), level = 1 + (int)rng_below(&random, 9);
        uint8_t *frame = malloc(firn_codec_bound(size)), *out = malloc(size + (size == 0));
        firn_dictionary *dictionary = NULL;
        content_fill(&random, data, size > bytes ? size : bytes);
        assert_int_equal(firn_dictionary_create(NULL, data, bytes, prepared, &dictionary), FIRN_OK);
        if (i % 3 == 0)
            content_fill(&random, data, size);
        assert_int_equal(firn_codec_pack_with(codec, dictionary, level, data, size, frame, &packed),
                         FIRN_OK);
        assert_in_range(packed, FIRN_FRAME_HEADER_BYTES, firn_codec_bound(size));
        assert_int_equal(firn_codec_unpack_with(codec, dictionary, frame, packed, out, size),
                         FIRN_OK);
        if (size > 0)
            assert_memory_equal(out, data, size);
        firn_dictionary_destroy(dictionary);
        free(out);
        free(frame);
    }
    firn_codec_destroy(codec);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(random_content_comes_back),
        cmocka_unit_test(random_content_comes_back_through_dictionaries)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
