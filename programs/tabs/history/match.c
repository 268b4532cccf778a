/* Matching texts: the algorithm of Horspool (1980), which looks at one byte in as many as the text
 * that is looked for has, where it can. */
#include "tabs/history/search.h"

#include <string.h>

static uint8_t lower(uint8_t byte)
{
    return byte >= 'A' && byte <= 'Z' ? (uint8_t)(byte | 0x20) : byte;
}

firn_status search_text_init(search_text *text, const history_query *query,
                             const firn_allocator *allocator)
{
    size_t size = query->text.size;
    const uint8_t *from = query->text.data;
    *text = (search_text){.how = query->how, .size = size};
    if (size == 0)
        return FIRN_OK;
    text->text = firn_allocate(allocator, size);
    if (text->text == NULL)
        return FIRN_NO_MEMORY;
    for (size_t i = 0; i < 256; i++)
        text->skip[i] = size;
    for (size_t i = 0; i < size; i++)
        text->text[i] = lower(from[i]);
    for (size_t i = 0; i + 1 < size; i++) {
        uint8_t byte = text->text[i];
        text->skip[byte] = size - 1 - i;
        if (byte >= 'a' && byte <= 'z')
            text->skip[byte - 0x20] = size - 1 - i;
    }
    return FIRN_OK;
}

void search_text_fini(search_text *text, const firn_allocator *allocator)
{
    firn_release(allocator, text->text, text->size);
    text->text = NULL;
}

static bool begins(const search_text *text, const uint8_t *data, size_t size)
{
    if (size < text->size)
        return false;
    for (size_t i = text->size; i-- > 0;)
        if (lower(data[i]) != text->text[i])
            return false;
    return true;
}

static bool contains(const search_text *text, firn_bytes where)
{
    const uint8_t *data = where.data;
    for (size_t at = 0; at + text->size <= where.size; at += text->skip[data[at + text->size - 1]])
        if (begins(text, data + at, text->size))
            return true;
    return false;
}

/* The length of "https://" and the like, or 0. */
static size_t scheme_size(const uint8_t *url, size_t size)
{
    for (size_t i = 0; i + 2 < size && i < 16; i++)
        if (url[i] == ':')
            return url[i + 1] == '/' && url[i + 2] == '/' ? i + 3 : 0;
    return 0;
}

static bool url_begins(const search_text *text, firn_bytes where)
{
    const uint8_t *url = where.data;
    if (begins(text, url, where.size))
        return true;
    size_t at = scheme_size(url, where.size);
    if (at > 0 && begins(text, url + at, where.size - at))
        return true;
    return where.size - at > 4 && memcmp(url + at, "www.", 4) == 0 &&
           begins(text, url + at + 4, where.size - at - 4);
}

bool search_matches(const search_text *text, firn_bytes url, firn_bytes title)
{
    if (text->size == 0)
        return true;
    if (text->how == HISTORY_PREFIX)
        return url_begins(text, url) || begins(text, title.data, title.size);
    return contains(text, url) || contains(text, title);
}

size_t search_key(firn_bytes url, firn_bytes title, uint8_t *ret_key)
{
    uint32_t url_size = (uint32_t)url.size;
    if (url.size > 0)
        memcpy(ret_key, url.data, url.size);
    if (title.size > 0)
        memcpy(ret_key + url.size, title.data, title.size);
    memcpy(ret_key + url.size + title.size, &url_size, sizeof url_size);
    return url.size + title.size + sizeof url_size;
}
