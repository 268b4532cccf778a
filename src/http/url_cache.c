/* A cache of parsed URLs in one block of fixed size: sets of four, each with its tags in front, so
 * that a hit reads one line of them and the entry. A stranger who chooses the URLs can displace
 * those of others no better than by their number (url_hash.h). Called by the client. Confined to
 * one thread. */
#include <firn/url.h>

#include "core/entropy.h"
#include "http/url_hash.h"

#include <string.h>

#define WAYS 4u
#define MEMORY_BYTES 65536u
#define MEMORY_MIN 4096u
#define MEMORY_MAX (1u << 30)

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
    uint64_t secrets[URL_SECRETS];
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
    for (size_t i = 0; i < URL_SECRETS; i++)
        cache->secrets[i] = firn_entropy();
    *ret_cache = cache;
    return FIRN_OK;
}

void firn_url_cache_destroy(firn_url_cache *cache)
{
    if (cache != NULL)
        firn_release(cache->allocator, cache, cache->stats.memory_bytes);
}

static __attribute__((noinline)) firn_status miss(firn_url_cache *cache, struct set *set,
                                                  uint32_t tag, const char *text, size_t size,
                                                  firn_url *ret_url, firn_error *ret_error)
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

URL_INLINE firn_status find(firn_url_cache *cache, const char *text, size_t size, int pieces,
                            firn_url *ret_url, firn_error *ret_error)
{
    const uint64_t hash = url_hash(cache->secrets, text, size, pieces);
    const uint32_t tag = (uint32_t)hash | 1;
    struct set *set = &cache->sets[(hash >> 32) * cache->set_count >> 32];
    const uint32_t clock = ++cache->clock;
    for (unsigned i = 0; i < WAYS; i++) {
        const struct entry *entry = &set->entries[i];
        if (set->tags[i] != tag || entry->url.size != size ||
            !url_is_same(entry->text, text, size, pieces))
            continue;
        set->used[i] = clock;
        cache->stats.hit_count++;
        *ret_url = entry->url;
        ret_url->text = text;
        return FIRN_OK;
    }
    return miss(cache, set, tag, text, size, ret_url, ret_error);
}

firn_status firn_url_cache_get(firn_url_cache *cache, const char *text, size_t size,
                               firn_url *ret_url, firn_error *ret_error)
{
    if (size < 16 || size > FIRN_URL_CACHE_TEXT_BYTES)
        return firn_url_parse(text, size, ret_url, ret_error);
    if (size <= 64)
        return find(cache, text, size, 1, ret_url, ret_error);
    if (size <= 128)
        return find(cache, text, size, 2, ret_url, ret_error);
    return find(cache, text, size, 4, ret_url, ret_error);
}

void firn_url_cache_stats_get(const firn_url_cache *cache, firn_url_cache_stats *ret_stats)
{
    *ret_stats = cache->stats;
}
