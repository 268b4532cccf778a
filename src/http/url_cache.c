/* A cache of parsed URLs in one block of fixed size: sets of four, each with its tags in one line
 * and its entries in lines of their own. A stranger who chooses the URLs can displace those of
 * others no better than by their number (url_hash.h). Called by the client. Confined to one thread.
 *
 * A set is found by a hash that is good, but comes late: then its tags are read, and then the
 * entry. So a *hint* is looked at first: which entry a text with such sums was found in last. It is
 * right for nearly all hits, and where it is not only time is lost. With it and url_wide.h a hit
 * takes 7.7 ns where it took 11.0, by 72 instructions for 155. */
#include "http/url_cache.h"

#include "core/entropy.h"
#include "http/url_wide.h"

#include <string.h>

#define WAYS 4u
#define LINE_BYTES 64u
#define MEMORY_BYTES 65536u
#define MEMORY_MIN 4096u
#define MEMORY_MAX (1u << 30)
#define PARTS_BYTES (sizeof(firn_url) - offsetof(firn_url, size)) /* a URL without its text */
#define SET_HINTS 16u /* at most, and at least half as many */

struct entry {
    uint8_t parts[PARTS_BYTES];
    char text[FIRN_URL_CACHE_TEXT_BYTES]; /* and zeros */
};
_Static_assert(sizeof(struct entry) == 4 * LINE_BYTES && PARTS_BYTES == 32, "entries fill lines");
_Static_assert(offsetof(firn_url, size) == sizeof(char *), "a URL begins with its text");

struct firn_url_cache {
    const firn_allocator *allocator;
    uint64_t secrets[URL_SECRETS];
    size_t memory_bytes;
    struct entry *entries;  /* WAYS of each set */
    uint32_t (*tags)[WAYS]; /* of each set; 0: none */
    uint32_t *used;         /* by the cache's clock, of each entry */
    uint32_t *hints;        /* numbers of entries */
    uint64_t clock;         /* of lookups, of which the others are hits: */
    uint64_t miss_count;
    uint32_t hint_mask, set_count;
    bool is_wide;
};

firn_status firn_url_cache_create_by(size_t memory_bytes, bool may_be_wide,
                                     const firn_allocator *allocator, firn_url_cache **ret_cache)
{
    const size_t set_bytes = WAYS * (sizeof(struct entry) + 2 * sizeof(uint32_t));
    const size_t each = set_bytes + SET_HINTS * sizeof(uint32_t);
    if (memory_bytes == 0)
        memory_bytes = MEMORY_BYTES;
    if (memory_bytes < MEMORY_MIN || memory_bytes > MEMORY_MAX)
        return FIRN_INVALID;
    const size_t count = (memory_bytes - sizeof(firn_url_cache) - LINE_BYTES) / each;
    size_t hints = 1;
    while (hints * 2 <= count * SET_HINTS)
        hints *= 2;
    const size_t bytes =
        sizeof(firn_url_cache) + LINE_BYTES + count * set_bytes + hints * sizeof(uint32_t);
    firn_url_cache *cache = firn_allocate_zeroed(allocator, 1, bytes);
    if (cache == NULL)
        return FIRN_NO_MEMORY;
    uintptr_t first = (uintptr_t)(cache + 1);
    first += -first % LINE_BYTES;
    cache->allocator = allocator;
    cache->entries = (struct entry *)first;
    cache->tags = (void *)(cache->entries + count * WAYS); /* what is behind lines is aligned */
    cache->used = (uint32_t *)(cache->tags + count);
    cache->hints = cache->used + count * WAYS;
    cache->hint_mask = (uint32_t)(hints - 1);
    cache->set_count = (uint32_t)count;
    cache->memory_bytes = bytes;
#if URL_HAS_WIDE
    cache->is_wide = may_be_wide && url_wide_is_there();
#else
    (void)may_be_wide;
#endif
    for (size_t i = 0; i < URL_SECRETS; i++)
        cache->secrets[i] = firn_entropy();
    *ret_cache = cache;
    return FIRN_OK;
}

firn_status firn_url_cache_create(size_t memory_bytes, const firn_allocator *allocator,
                                  firn_url_cache **ret_cache)
{
    return firn_url_cache_create_by(memory_bytes, true, allocator, ret_cache);
}

void firn_url_cache_destroy(firn_url_cache *cache)
{
    if (cache != NULL)
        firn_release(cache->allocator, cache, cache->memory_bytes);
}

/* --- finding --- */

#define NO_ENTRY UINT32_MAX

URL_INLINE uint32_t set_of(const firn_url_cache *cache, uint64_t hash)
{
    return (uint32_t)((hash >> 32) * cache->set_count >> 32);
}

URL_INLINE uint32_t tag_of(uint64_t hash)
{
    return (uint32_t)hash | 1;
}

URL_INLINE uint32_t *hint_of(firn_url_cache *cache, uint64_t sum)
{
    return &cache->hints[(sum >> 32) & cache->hint_mask];
}

static inline bool has_size(const struct entry *entry, size_t size)
{
    uint16_t there;
    memcpy(&there, entry->parts, sizeof there);
    return there == size;
}

URL_INLINE firn_status hit(firn_url_cache *cache, uint32_t number, const char *text,
                           firn_url *ret_url)
{
    cache->used[number] = (uint32_t)++cache->clock;
    ret_url->text = text;
    memcpy((char *)ret_url + offsetof(firn_url, size), cache->entries[number].parts, PARTS_BYTES);
    return FIRN_OK;
}

static firn_status miss(firn_url_cache *cache, uint64_t hash, uint32_t *hint, const char *text,
                        size_t size, firn_url *ret_url, firn_error *ret_error)
{
    const uint32_t set = set_of(cache, hash), clock = (uint32_t)++cache->clock;
    uint32_t number = set * WAYS;
    firn_url url;
    firn_status status = firn_url_parse(text, size, &url, ret_error);
    cache->miss_count++;
    if (status != FIRN_OK)
        return status;
    for (uint32_t other = set * WAYS; other < (set + 1) * WAYS; other++)
        if (clock - cache->used[other] > clock - cache->used[number])
            number = other;
    struct entry *entry = &cache->entries[number];
    memcpy(entry->parts, (const char *)&url + offsetof(firn_url, size), PARTS_BYTES);
    memcpy(entry->text, text, size);
    memset(entry->text + size, 0, sizeof entry->text - size);
    cache->tags[set][number % WAYS] = tag_of(hash);
    cache->used[number] = clock;
    *hint = number;
    *ret_url = url;
    return FIRN_OK;
}

/* Where the hint was wrong. */
static firn_status find_by_tag(firn_url_cache *cache, const uint64_t sums[2], const char *text,
                               size_t size, firn_url *ret_url, firn_error *ret_error)
{
    const uint64_t hash = url_hash(cache->secrets, sums, size);
    uint32_t *hint = hint_of(cache, sums[0] + sums[1]);
    const uint32_t set = set_of(cache, hash);
    for (uint32_t way = 0; way < WAYS; way++) {
        const uint32_t number = set * WAYS + way;
        const struct entry *entry = &cache->entries[number];
        if (cache->tags[set][way] == tag_of(hash) && has_size(entry, size) &&
            memcmp(entry->text, text, size) == 0) {
            *hint = number;
            return hit(cache, number, text, ret_url);
        }
    }
    return miss(cache, hash, hint, text, size, ret_url, ret_error);
}

URL_INLINE firn_status find(firn_url_cache *cache, const char *text, size_t size, int pieces,
                            firn_url *ret_url, firn_error *ret_error)
{
    uint64_t sums[2];
    url_sum(cache->secrets, text, size, pieces, sums);
    const uint32_t number = *hint_of(cache, sums[0] + sums[1]);
    const struct entry *entry = &cache->entries[number];
    if (has_size(entry, size) && url_is_same(entry->text, text, size, pieces))
        return hit(cache, number, text, ret_url);
    return find_by_tag(cache, sums, text, size, ret_url, ret_error);
}

#if URL_HAS_WIDE
/* Sums once more, so that what goes before has less to keep. */
URL_WIDE_TARGET static __attribute__((noinline)) firn_status
find_wide_by_tag(firn_url_cache *cache, const char *text, size_t size, firn_url *ret_url,
                 firn_error *ret_error)
{
    url_wide_text loaded;
    uint64_t sums[2];
    const unsigned pieces = size <= 128 ? 4 : URL_WIDE_PIECES;
    const __m128i sum = url_wide_sum(cache->secrets, &loaded, text, size, pieces);
    _mm_storeu_si128((__m128i *)(void *)sums, sum);
    return find_by_tag(cache, sums, text, size, ret_url, ret_error);
}

URL_WIDE firn_status find_wide_in(firn_url_cache *cache, const char *text, size_t size,
                                  unsigned pieces, firn_url *ret_url, firn_error *ret_error)
{
    url_wide_text loaded;
    const __m128i sum = url_wide_sum(cache->secrets, &loaded, text, size, pieces);
    const __m128i both = _mm_add_epi64(sum, _mm_shuffle_epi32(sum, 0x4e));
    const uint32_t number = *hint_of(cache, (uint64_t)_mm_cvtsi128_si64(both));
    const struct entry *entry = &cache->entries[number];
    if (has_size(entry, size) && url_wide_is_same(&loaded, entry->text, pieces))
        return hit(cache, number, text, ret_url);
    return find_wide_by_tag(cache, text, size, ret_url, ret_error);
}

URL_WIDE_TARGET static firn_status find_wide(firn_url_cache *cache, const char *text, size_t size,
                                             firn_url *ret_url, firn_error *ret_error)
{
    return find_wide_in(cache, text, size, 4, ret_url, ret_error);
}

URL_WIDE_TARGET static firn_status find_widest(firn_url_cache *cache, const char *text, size_t size,
                                               firn_url *ret_url, firn_error *ret_error)
{
    return find_wide_in(cache, text, size, URL_WIDE_PIECES, ret_url, ret_error);
}
#endif

firn_status firn_url_cache_get(firn_url_cache *cache, const char *text, size_t size,
                               firn_url *ret_url, firn_error *ret_error)
{
    if (size < 16 || size > FIRN_URL_CACHE_TEXT_BYTES)
        return firn_url_parse(text, size, ret_url, ret_error);
#if URL_HAS_WIDE
    if (cache->is_wide && size <= 128)
        return find_wide(cache, text, size, ret_url, ret_error);
    if (cache->is_wide)
        return find_widest(cache, text, size, ret_url, ret_error);
#endif
    if (size <= 64)
        return find(cache, text, size, 1, ret_url, ret_error);
    if (size <= 128)
        return find(cache, text, size, 2, ret_url, ret_error);
    return find(cache, text, size, 4, ret_url, ret_error);
}

void firn_url_cache_stats_get(const firn_url_cache *cache, firn_url_cache_stats *ret_stats)
{
    *ret_stats = (firn_url_cache_stats){.hit_count = cache->clock - cache->miss_count,
                                        .miss_count = cache->miss_count,
                                        .memory_bytes = cache->memory_bytes};
}
