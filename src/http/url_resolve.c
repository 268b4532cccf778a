/* Resolving references (RFC 3986, 5.2): the text is put together, parsed, rid of its dot segments
 * where it lies, and parsed again. Called by the client. Threads: no state. Memory: none. */
#include <firn/url.h>

#include <string.h>

struct out {
    char *text;
    size_t capacity, size; /* size may go beyond capacity: then it is full */
};

static void put(struct out *out, const char *text, size_t size)
{
    if (out->size <= out->capacity && size <= out->capacity - out->size && size > 0)
        memcpy(out->text + out->size, text, size);
    else if (size > 0)
        out->size = out->capacity + 1;
    out->size += size;
}

/* Whether a reference begins with a scheme: a letter, and a colon before any "/?#". */
static bool is_absolute(const char *text, size_t size)
{
    if (size == 0 || (uint8_t)((text[0] | 0x20) - 'a') >= 26)
        return false;
    for (size_t i = 1; i < size && text[i] != '/' && text[i] != '?' && text[i] != '#'; i++)
        if (text[i] == ':')
            return true;
    return false;
}

/* Everything of the base up to where the reference takes its place. */
static void put_base(struct out *out, const firn_url *base, char first, bool is_empty)
{
    const char *text = base->text;
    const size_t path = base->path.offset, path_end = path + base->path.size;
    if (first == '/') {
        put(out, text, path);
    } else if (is_empty || first == '#') {
        put(out, text, base->has_query ? base->query.offset + (size_t)base->query.size : path_end);
    } else if (first == '?') {
        put(out, text, path_end);
    } else if (base->path.size == 0) {
        put(out, text, path);
        put(out, "/", 1);
    } else {
        size_t end = path_end;
        while (text[end - 1] != '/')
            end--;
        put(out, text, end);
    }
}

/* Takes "." and ".." out of a path that begins with a slash (5.2.4); returns its new size. */
static size_t remove_dots(char *path, size_t size)
{
    size_t out = 0;
    for (size_t at = 0; at < size;) {
        size_t next = at + 1;
        while (next < size && path[next] != '/')
            next++;
        const size_t length = next - at; /* with the slash in front */
        const bool one = length == 2 && path[at + 1] == '.';
        const bool two = length == 3 && path[at + 1] == '.' && path[at + 2] == '.';
        if (two)
            while (out > 0 && path[--out] != '/')
                continue;
        if (!one && !two) {
            memmove(path + out, path + at, length);
            out += length;
        } else if (next == size) {
            path[out++] = '/';
        }
        at = next;
    }
    return out;
}

firn_status firn_url_resolve(const firn_url *base, const char *reference, size_t size, char *out,
                             size_t capacity, firn_url *ret_url, firn_error *ret_error)
{
    struct out whole = {.text = out, .capacity = capacity};
    firn_url url;
    if (size >= 2 && reference[0] == '/' && reference[1] == '/')
        put(&whole, base->scheme == FIRN_URL_HTTPS ? "https:" : "http:",
            base->scheme == FIRN_URL_HTTPS ? 6 : 5);
    else if (!is_absolute(reference, size))
        put_base(&whole, base, size > 0 ? reference[0] : '\0', size == 0);
    put(&whole, reference, size);
    if (whole.size > capacity)
        return firn_error_set(ret_error, FIRN_LIMIT, 0,
                              "%.*s: a URL of more than %zu bytes when it is resolved",
                              (int)(size < 100 ? size : 100), reference, capacity);
    firn_status status = firn_url_parse(out, whole.size, &url, ret_error);
    if (status != FIRN_OK)
        return status;
    char *path = out + url.path.offset;
    const size_t kept = remove_dots(path, url.path.size);
    const size_t behind = url.path.offset + (size_t)url.path.size;
    memmove(path + kept, out + behind, whole.size - behind);
    return firn_url_parse(out, whole.size - (url.path.size - kept), ret_url, ret_error);
}
