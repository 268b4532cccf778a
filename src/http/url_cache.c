/* A cache of parsed URLs in one block of fixed size: sets of four, each with its tags in front, so
 * that a hit reads one line of them and the entry. Called by the client. Confined to one thread.
 *
 * The hash is NH (of UMAC): the text's words, each with a secret of its own added, are multiplied
 * in pairs and summed, so that no product waits for another one. A stranger who chooses the URLs
 * can displace those of others no better than by their number. */
#include <firn/url.h>

#include "core/entropy.h"
#include "pack/hash.h"

#include <string.h>

#define WAYS 4u
#define MEMORY_BYTES 65536u
#define MEMORY_MIN 4096u
#define MEMORY_MAX (1u << 30)
#define WORDS (FIRN_URL_CACHE_TEXT_BYTES / 8)

struct entry {
    firn_url url; /* without its text */
    char text[FIRN_URL_CACHE_TEXT_BYTES];
};

struct set {
    uint32_t tags[WAYS]; /* 0: none */
    uint32_t used[WAYS]; /* by the cache's clock */
    struct entry entries[WAYS];
};
_Static_assert(sizeof(struct set) == WAYS * 256, "a URL takes 256 bytes");

struct firn_url_cache {
    const firn_allocator *allocator;
    uint64_t secrets[WORDS + 2];
    firn_url_cache_stats stats;
    uint32_t set_count, clock;
    struct set sets[];
};

firn_status firn_url_cache_create(size_t memory_bytes, const firn_allocator *allocator,
                                  firn_url_cache **ret_cache)
{
    if (memory_bytes == 0)
        memory_bytes = MEMORY_BYTES;
    if (memory_bytes < MEMORY_MIN || memory_bytes > MEMORY_MAX)
        return FIRN_INVALID;
    const size_t count = (memory_bytes - sizeof(firn_url_cache)) / sizeof(struct set);
    const size_t bytes = sizeof(firn_url_cache) + count * sizeof(struct set);
    firn_url_cache *cache = firn_allocate_zeroed(allocator, 1, bytes);
    if (cache == NULL)
        return FIRN_NO_MEMORY;
    cache->allocator = allocator;
    cache->set_count = (uint32_t)count;
    cache->stats.memory_bytes = bytes;
    for (size_t i = 0; i < WORDS + 2; i++)
        cache->secrets[i] = firn_entropy();
    *ret_cache = cache;
    return FIRN_OK;
}

void firn_url_cache_destroy(firn_url_cache *cache)
{
    if (cache != NULL)
        firn_release(cache->allocator, cache, cache->stats.memory_bytes);
}

/* At least 16 bytes; the last words may overlap those before them. */
static uint64_t hash_of(const firn_url_cache *cache, const char *text, size_t size)
{
    __extension__ typedef unsigned __int128 wide;
    const uint8_t *at = (const uint8_t *)text, *last = at + size - 16;
    const uint64_t *secret = cache->secrets;
    wide sum = size;
    for (; at < last; at += 16, secret += 2)
        sum += (wide)(firn_hash_read8(at) + secret[0]) * (firn_hash_read8(at + 8) + secret[1]);
    sum += (wide)(firn_hash_read8(last) + secret[0]) * (firn_hash_read8(last + 8) + secret[1]);
    return firn_hash_mix((uint64_t)sum ^ cache->secrets[WORDS], (uint64_t)(sum >> 64) ^ size);
}

/* In place of memcmp, whose call alone takes a third of a hit. */
static bool is_same(const char *a, const char *b, size_t size)
{
    const uint8_t *x = (const uint8_t *)a, *y = (const uint8_t *)b, *last = x + size - 16;
    uint64_t differs = 0;
    for (; x < last; x += 16, y += 16)
        differs |= (firn_hash_read8(x) ^ firn_hash_read8(y)) |
                   (firn_hash_read8(x + 8) ^ firn_hash_read8(y + 8));
    y = (const uint8_t *)b + size - 16;
    differs |= (firn_hash_read8(last) ^ firn_hash_read8(y)) |
               (firn_hash_read8(last + 8) ^ firn_hash_read8(y + 8));
    return differs == 0;
}

static firn_status miss(firn_url_cache *cache, struct set *set, uint32_t tag, const char *text,
                        size_t size, firn_url *ret_url, firn_error *ret_error)
{
    unsigned way = 0;
    firn_url url;
    firn_status status = firn_url_parse(text, size, &url, ret_error);
    cache->stats.miss_count++;
    if (status != FIRN_OK)
        return status;
    for (unsigned i = 1; i < WAYS; i++)
        if (cache->clock - set->used[i] > cache->clock - set->used[way])
            way = i;
    struct entry *entry = &set->entries[way];
    entry->url = url;
    memcpy(entry->text, text, size);
    set->tags[way] = tag;
    set->used[way] = cache->clock;
    *ret_url = url;
    return FIRN_OK;
}

firn_status firn_url_cache_get(firn_url_cache *cache, const char *text, size_t size,
                               firn_url *ret_url, firn_error *ret_error)
{
    if (size < 16 || size > FIRN_URL_CACHE_TEXT_BYTES)
        return firn_url_parse(text, size, ret_url, ret_error);
    const uint64_t hash = hash_of(cache, text, size);
    const uint32_t tag = (uint32_t)hash | 1;
    struct set *set = &cache->sets[(hash >> 32) * cache->set_count >> 32];
    cache->clock++;
    for (unsigned i = 0; i < WAYS; i++) {
        const struct entry *entry = &set->entries[i];
        if (set->tags[i] != tag || entry->url.size != size || !is_same(entry->text, text, size))
            continue;
        set->used[i] = cache->clock;
        cache->stats.hit_count++;
        *ret_url = entry->url;
        ret_url->text = text;
        return FIRN_OK;
    }
    return miss(cache, set, tag, text, size, ret_url, ret_error);
}

void firn_url_cache_stats_get(const firn_url_cache *cache, firn_url_cache_stats *ret_stats)
{
    *ret_stats = cache->stats;
}
