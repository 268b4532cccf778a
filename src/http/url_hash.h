/* Hashing and comparing the texts of URLs of 16 to 224 bytes: as the size has it, in four words of
 * 16 bytes, or in two or four pieces of 64, of which the last overlap those before them. So there
 * are no loops, whose ends would be foretold wrongly when URLs of many sizes take turns, and one
 * branch for all of a hit. The hash is NH (of UMAC): each half of a word of 8 bytes has a secret
 * added, and the halves are multiplied, so that no product waits for another one; whoever does not
 * know the secrets cannot choose texts that collide. Thread-safe: there is no state. */
#ifndef FIRN_HTTP_URL_HASH_H
#define FIRN_HTTP_URL_HASH_H

#include "pack/hash.h"

#include <stdbool.h>

#if defined(__SSE2__)
#include <emmintrin.h>
#endif

#define URL_INLINE static inline __attribute__((always_inline))
#define URL_SECRETS 34u /* of 8 bytes: for each word of four pieces, and two for the sums */

/* Two sums, and two words of which any bit says that texts differ. */
#if defined(__SSE2__)
typedef __m128i url_pair;

URL_INLINE url_pair url_hash_16(const char *text, const uint64_t *secret)
{
    const __m128i word = _mm_add_epi32(_mm_loadu_si128((const __m128i *)(const void *)text),
                                       _mm_loadu_si128((const __m128i *)(const void *)secret));
    return _mm_mul_epu32(word, _mm_srli_epi64(word, 32));
}

URL_INLINE url_pair url_differs_16(const char *a, const char *b)
{
    return _mm_xor_si128(_mm_loadu_si128((const __m128i *)(const void *)a),
                         _mm_loadu_si128((const __m128i *)(const void *)b));
}

URL_INLINE url_pair url_add(url_pair a, url_pair b)
{
    return _mm_add_epi64(a, b);
}

URL_INLINE url_pair url_or(url_pair a, url_pair b)
{
    return _mm_or_si128(a, b);
}

URL_INLINE void url_store(url_pair pair, uint64_t out[2])
{
    _mm_storeu_si128((__m128i *)(void *)out, pair);
}
#else
typedef struct url_pair {
    uint64_t first, second;
} url_pair;

URL_INLINE uint64_t url_product(uint64_t word, uint64_t secret)
{
    return (uint64_t)((uint32_t)word + (uint32_t)secret) *
           (uint32_t)((uint32_t)(word >> 32) + (uint32_t)(secret >> 32));
}

URL_INLINE url_pair url_hash_16(const char *text, const uint64_t *secret)
{
    const uint8_t *at = (const uint8_t *)text;
    return (url_pair){url_product(firn_hash_read8(at), secret[0]),
                      url_product(firn_hash_read8(at + 8), secret[1])};
}

URL_INLINE url_pair url_differs_16(const char *a, const char *b)
{
    const uint8_t *x = (const uint8_t *)a, *y = (const uint8_t *)b;
    return (url_pair){firn_hash_read8(x) ^ firn_hash_read8(y),
                      firn_hash_read8(x + 8) ^ firn_hash_read8(y + 8)};
}

URL_INLINE url_pair url_add(url_pair a, url_pair b)
{
    return (url_pair){a.first + b.first, a.second + b.second};
}

URL_INLINE url_pair url_or(url_pair a, url_pair b)
{
    return (url_pair){a.first | b.first, a.second | b.second};
}

URL_INLINE void url_store(url_pair pair, uint64_t out[2])
{
    out[0] = pair.first;
    out[1] = pair.second;
}
#endif

/* Where in a text the second of four words begins; the third ends as far from its end. */
URL_INLINE size_t url_second(size_t size)
{
    return size < 32 ? size - 16 : 16;
}

URL_INLINE url_pair url_hash_64(const char *text, const uint64_t *secret)
{
    return url_add(url_add(url_hash_16(text, secret), url_hash_16(text + 16, secret + 2)),
                   url_add(url_hash_16(text + 32, secret + 4), url_hash_16(text + 48, secret + 6)));
}

URL_INLINE url_pair url_differs_64(const char *a, const char *b)
{
    return url_or(url_or(url_differs_16(a, b), url_differs_16(a + 16, b + 16)),
                  url_or(url_differs_16(a + 32, b + 32), url_differs_16(a + 48, b + 48)));
}

/* The sums of a text; pieces: 1 for up to 64 bytes, 2 for up to 128, else 4. */
URL_INLINE void url_sum(const uint64_t *secret, const char *text, size_t size, int pieces,
                        uint64_t sums[2])
{
    const char *end = text + size;
    const size_t second = url_second(size);
    url_pair sum;
    if (pieces == 1)
        sum = url_add(
            url_add(url_hash_16(text, secret), url_hash_16(text + second, secret + 2)),
            url_add(url_hash_16(end - 16 - second, secret + 4), url_hash_16(end - 16, secret + 6)));
    else
        sum = url_add(url_hash_64(text, secret), url_hash_64(end - 64, secret + 8));
    if (pieces == 4)
        sum = url_add(
            sum, url_add(url_hash_64(text + 64, secret + 16), url_hash_64(end - 128, secret + 24)));
    url_store(sum, sums);
}

/* All that the sums tell. */
URL_INLINE uint64_t url_hash(const uint64_t *secret, const uint64_t sums[2], size_t size)
{
    return firn_hash_mix(sums[0] ^ secret[32], (sums[1] + size) ^ secret[33]);
}

URL_INLINE bool url_is_same(const char *a, const char *b, size_t size, int pieces)
{
    const char *x = a + size, *y = b + size;
    const size_t second = url_second(size);
    uint64_t words[2];
    url_pair differs;
    if (pieces == 1)
        differs = url_or(url_or(url_differs_16(a, b), url_differs_16(a + second, b + second)),
                         url_or(url_differs_16(x - 16 - second, y - 16 - second),
                                url_differs_16(x - 16, y - 16)));
    else
        differs = url_or(url_differs_64(a, b), url_differs_64(x - 64, y - 64));
    if (pieces == 4)
        differs = url_or(differs,
                         url_or(url_differs_64(a + 64, b + 64), url_differs_64(x - 128, y - 128)));
    url_store(differs, words);
    return (words[0] | words[1]) == 0;
}

#endif
