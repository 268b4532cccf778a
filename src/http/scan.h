/* How far a text goes: to the first byte that cannot stand in a token, a target or a field's value.
 * Written once over vectors and compiled for AVX2 and for any machine; lines.h, which has all that
 * is called for each line, is compiled with either. Follows picohttpparser's plan of one search a
 * text, with the two-table class test of Mula and Langdale for tokens.
 *
 * FIRN_SCAN_AVX2 says which, before the file is included. Nothing outside of base to end is read.
 */
#include "http/class.h"

#include <stddef.h>
#include <stdint.h>

#if FIRN_SCAN_AVX2
#include <immintrin.h>

#define FIRN_SCAN_TARGET __attribute__((target("avx2,bmi")))
#define FIRN_SCAN_INLINE static inline __attribute__((always_inline, target("avx2,bmi")))

typedef __m256i scan_vector;

FIRN_SCAN_INLINE scan_vector scan_load(const uint8_t *at)
{
    return _mm256_loadu_si256((const __m256i *)(const void *)at);
}

/* Bit i: byte i is no token character. A byte is one when its low half's entry has the bit of its
 * high half. */
FIRN_SCAN_INLINE uint32_t scan_no_token(scan_vector bytes)
{
    const __m256i low = _mm256_setr_epi8(
        (char)0xe8, (char)0xfc, (char)0xf8, (char)0xfc, (char)0xfc, (char)0xfc, (char)0xfc,
        (char)0xfc, (char)0xf8, (char)0xf8, (char)0xf4, (char)0x54, (char)0xd0, (char)0x54,
        (char)0xf4, (char)0x70, (char)0xe8, (char)0xfc, (char)0xf8, (char)0xfc, (char)0xfc,
        (char)0xfc, (char)0xfc, (char)0xfc, (char)0xf8, (char)0xf8, (char)0xf4, (char)0x54,
        (char)0xd0, (char)0x54, (char)0xf4, (char)0x70);
    const __m256i high =
        _mm256_setr_epi8(1, 2, 4, 8, 16, 32, 64, (char)128, 0, 0, 0, 0, 0, 0, 0, 0, 1, 2, 4, 8, 16,
                         32, 64, (char)128, 0, 0, 0, 0, 0, 0, 0, 0);
    const __m256i half = _mm256_set1_epi8(15);
    __m256i of_low = _mm256_shuffle_epi8(low, _mm256_and_si256(bytes, half));
    __m256i of_high =
        _mm256_shuffle_epi8(high, _mm256_and_si256(_mm256_srli_epi16(bytes, 4), half));
    __m256i none = _mm256_cmpeq_epi8(_mm256_and_si256(of_low, of_high), _mm256_setzero_si256());
    return (uint32_t)_mm256_movemask_epi8(none);
}

/* Bit i: byte i is a control other than a tab. */
FIRN_SCAN_INLINE uint32_t scan_no_text(scan_vector bytes)
{
    const __m256i last = _mm256_set1_epi8(31);
    __m256i low = _mm256_cmpeq_epi8(_mm256_min_epu8(bytes, last), bytes);
    __m256i tab = _mm256_cmpeq_epi8(bytes, _mm256_set1_epi8('\t'));
    __m256i del = _mm256_cmpeq_epi8(bytes, _mm256_set1_epi8(127));
    return (uint32_t)_mm256_movemask_epi8(_mm256_or_si256(_mm256_andnot_si256(tab, low), del));
}

/* Bit i: byte i is not visible ASCII, or '#'. */
FIRN_SCAN_INLINE uint32_t scan_no_target(scan_vector bytes)
{
    /* as signed numbers, all from 0x80 on are below 0x21 too */
    __m256i seen = _mm256_cmpgt_epi8(bytes, _mm256_set1_epi8(32));
    __m256i del = _mm256_cmpeq_epi8(bytes, _mm256_set1_epi8(127));
    __m256i hash = _mm256_cmpeq_epi8(bytes, _mm256_set1_epi8('#'));
    return ~(uint32_t)_mm256_movemask_epi8(_mm256_andnot_si256(_mm256_or_si256(del, hash), seen));
}

/* The last bytes are looked at with those before them, so that there is no loop over single ones
 * but in a buffer that is shorter than a vector. */
#define FIRN_SCAN(name, test, class_bits)                                                          \
    FIRN_SCAN_INLINE const uint8_t *name(const uint8_t *base, const uint8_t *at,                   \
                                         const uint8_t *end)                                       \
    {                                                                                              \
        for (; end - at >= 32; at += 32) {                                                         \
            uint32_t bits = test(scan_load(at));                                                   \
            if (bits != 0)                                                                         \
                return at + __builtin_ctz(bits);                                                   \
        }                                                                                          \
        if (end - base >= 32 && at < end) {                                                        \
            uint32_t bits = test(scan_load(end - 32)) >> (32 - (end - at));                        \
            return bits != 0 ? at + __builtin_ctz(bits) : end;                                     \
        }                                                                                          \
        while (at < end && (firn_http_class[*at] & (class_bits)) != 0)                             \
            at++;                                                                                  \
        return at;                                                                                 \
    }
#else
#define FIRN_SCAN_TARGET
#define FIRN_SCAN_INLINE static inline __attribute__((always_inline))
#define FIRN_SCAN(name, test, class_bits)                                                          \
    FIRN_SCAN_INLINE const uint8_t *name(const uint8_t *base, const uint8_t *at,                   \
                                         const uint8_t *end)                                       \
    {                                                                                              \
        (void)base;                                                                                \
        while (at < end && (firn_http_class[*at] & (class_bits)) != 0)                             \
            at++;                                                                                  \
        return at;                                                                                 \
    }
#endif

FIRN_SCAN(scan_token, scan_no_token, FIRN_HTTP_CLASS_TOKEN)
FIRN_SCAN(scan_text, scan_no_text, FIRN_HTTP_CLASS_TEXT)
FIRN_SCAN(scan_target, scan_no_target, FIRN_HTTP_CLASS_TARGET)
