/* Hashing and comparing as url_hash.h does, by loads of 32 bytes of which those behind the end are
 * masked: so texts of up to 128 bytes need no branch for their sizes, and each is loaded once for
 * both. For machines with AVX-512's masks of bytes; in halves of its vectors, since whole ones have
 * some machines lower their clock. Thread-safe: there is no state. */
#ifndef FIRN_HTTP_URL_WIDE_H
#define FIRN_HTTP_URL_WIDE_H

#include "http/url_hash.h"

#if defined(__x86_64__)
#include <immintrin.h>

#define URL_HAS_WIDE 1
#define URL_WIDE_TARGET __attribute__((target("avx2,avx512bw,avx512vl,bmi,bmi2")))
#define URL_WIDE URL_WIDE_TARGET URL_INLINE
#define URL_WIDE_PIECES 7u /* of 32 bytes */

typedef struct url_wide_text {
    __m256i pieces[URL_WIDE_PIECES];
} url_wide_text;

/* 64 bytes of which there are left; none of those behind is looked at, nor may it fault. */
URL_WIDE void url_wide_load_64(url_wide_text *loaded, unsigned first, const char *text, size_t left)
{
    const uint64_t mask = _bzhi_u64(UINT64_MAX, (unsigned)left);
    loaded->pieces[first] = _mm256_maskz_loadu_epi8((__mmask32)mask, text);
    if (first + 1 < URL_WIDE_PIECES)
        loaded->pieces[first + 1] = _mm256_maskz_loadu_epi8((__mmask32)(mask >> 32), text + 32);
}

URL_WIDE __m256i url_wide_product(__m256i piece, const uint64_t *secret)
{
    const __m256i sum =
        _mm256_add_epi32(piece, _mm256_loadu_si256((const __m256i *)(const void *)secret));
    return _mm256_mul_epu32(sum, _mm256_srli_epi64(sum, 32));
}

/* The sums of a text; pieces: 4 for up to 128 bytes, else 7. */
URL_WIDE __m128i url_wide_sum(const uint64_t *secret, url_wide_text *loaded, const char *text,
                              size_t size, unsigned pieces)
{
    url_wide_load_64(loaded, 0, text, size);
    url_wide_load_64(loaded, 2, text + 64, size > 64 ? size - 64 : 0);
    if (pieces > 4) {
        url_wide_load_64(loaded, 4, text + 128, size - 128);
        url_wide_load_64(loaded, 6, text + 192, size > 192 ? size - 192 : 0);
    }
    __m256i sum = _mm256_setzero_si256();
    for (unsigned i = 0; i < pieces; i++)
        sum = _mm256_add_epi64(sum, url_wide_product(loaded->pieces[i], secret + 4 * i));
    return _mm_add_epi64(_mm256_castsi256_si128(sum), _mm256_extracti128_si256(sum, 1));
}

/* Whether it is what lies there, with zeros behind it. */
URL_WIDE bool url_wide_is_same(const url_wide_text *loaded, const char *there, unsigned pieces)
{
    __m256i differs = _mm256_setzero_si256();
    for (unsigned i = 0; i < pieces; i++)
        differs = _mm256_or_si256(
            differs, _mm256_xor_si256(loaded->pieces[i],
                                      _mm256_loadu_si256((
                                          const __m256i *)(const void *)(there + (size_t)32 * i))));
    return _mm256_testz_si256(differs, differs) != 0;
}

static inline bool url_wide_is_there(void)
{
    return __builtin_cpu_supports("avx512bw") && __builtin_cpu_supports("avx512vl") &&
           __builtin_cpu_supports("bmi2");
}
#else
#define URL_HAS_WIDE 0
#endif

#endif
