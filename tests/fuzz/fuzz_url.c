/* URLs and references from hostile bytes, split at the first line end: what is parsed lies inside
 * the text and parses again from its parts; what is resolved parses, has no dot segments, and
 * resolves to itself; the cache gives what parsing gives. */
#include <firn/url.h>

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check(bool holds)
{
    if (!holds)
        abort();
}

static void check_part(const firn_url *url, firn_url_part part)
{
    check(part.offset <= url->size && part.size <= url->size - part.offset);
    for (size_t i = 0; i < part.size; i++)
        check((uint8_t)url->text[part.offset + i] > ' ' &&
              (uint8_t)url->text[part.offset + i] < 0x7f);
}

static void check_url(const firn_url *url)
{
    check(url->host.size > 0 && url->port > 0 && url->kind <= FIRN_URL_IPV6);
    check_part(url, url->userinfo);
    check_part(url, url->host);
    check_part(url, url->path);
    check_part(url, url->query);
    check_part(url, url->fragment);
    check(url->path.size == 0 || url->text[url->path.offset] == '/');
    check(memchr(url->text + url->host.offset, '@', url->host.size) == NULL);
    const firn_url_part last = url->has_fragment ? url->fragment
                               : url->has_query  ? url->query
                                                 : url->path;
    check(last.offset + (size_t)last.size == url->size);
}

static void check_cached(firn_url_cache *cache, const char *text, size_t size,
                         const firn_url *expected)
{
    firn_url got;
    memset(&got, 0, sizeof got);
    check((firn_url_cache_get(cache, text, size, &got, NULL) == FIRN_OK) == (expected != NULL));
    if (expected != NULL)
        check(got.text == text && got.size == expected->size && got.port == expected->port &&
              memcmp(&got.userinfo, &expected->userinfo, 5 * sizeof got.userinfo) == 0);
}

static void check_no_dots(const firn_url *url)
{
    const char *path = url->text + url->path.offset;
    for (size_t i = 0; i < url->path.size; i++) {
        if (path[i] != '/')
            continue;
        size_t end = i + 1;
        while (end < url->path.size && path[end] != '/')
            end++;
        check(!(end - i == 2 && path[i + 1] == '.'));
        check(!(end - i == 3 && path[i + 1] == '.' && path[i + 2] == '.'));
    }
}

static void check_resolved(const firn_url *base, const char *reference, size_t size)
{
    static char out[140000], again[140000];
    firn_url url, same;
    if (firn_url_resolve(base, reference, size, out, sizeof out, &url, NULL) != FIRN_OK)
        return;
    check_url(&url);
    check_no_dots(&url);
    check(firn_url_resolve(base, out, url.size, again, sizeof again, &same, NULL) == FIRN_OK);
    check(same.size == url.size && memcmp(again, out, url.size) == 0);
    check(firn_url_is_same_origin(&url, &same));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static firn_url_cache *cache;
    if (cache == NULL)
        check(firn_url_cache_create(4096, NULL, &cache) == FIRN_OK);
    const char *text = (const char *)data;
    const char *end = size > 0 ? memchr(text, '\n', size) : NULL;
    const size_t first = end != NULL ? (size_t)(end - text) : size;
    firn_url url;
    const bool right = firn_url_parse(text, first, &url, NULL) == FIRN_OK;
    check_cached(cache, text, first, right ? &url : NULL);
    check_cached(cache, text, first, right ? &url : NULL);
    if (!right)
        return 0;
    check_url(&url);
    if (end != NULL)
        check_resolved(&url, end + 1, size - first - 1);
    return 0;
}
