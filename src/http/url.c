/* Parsing URLs, in one pass over each part. Called by the client, the cache and url_resolve.c.
 * Threads: no state. Memory: none. */
#include <firn/url.h>

#include <arpa/inet.h>
#include <string.h>

_Static_assert(sizeof(firn_url) == 40, "a URL is as small as its cache wants it");

/* What a byte may be part of, an escape's '%' included. */
enum { IN_HOST = 1, IN_USERINFO = 2, IN_PATH = 4, IN_QUERY = 8 };

/* clang-format off */
static const uint8_t classes[256] = {
    0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0,
    0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0,
    0, 15, 0, 0, 15, 15, 15, 15, 15, 15, 15, 15, 15, 15, 15, 12,
    15, 15, 15, 15, 15, 15, 15, 15, 15, 15, 14, 15, 0, 15, 0, 8,
    12, 15, 15, 15, 15, 15, 15, 15, 15, 15, 15, 15, 15, 15, 15, 15,
    15, 15, 15, 15, 15, 15, 15, 15, 15, 15, 15, 0, 0, 0, 0, 15,
    0, 15, 15, 15, 15, 15, 15, 15, 15, 15, 15, 15, 15, 15, 15, 15,
    15, 15, 15, 15, 15, 15, 15, 15, 15, 15, 15, 0, 0, 0, 15, 0,
    0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0,
    0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0,
    0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0,
    0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0,
    0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0,
    0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0,
    0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0,
    0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0,
};
/* clang-format on */

static firn_status wrong(firn_error *ret_error, firn_status status, const char *text, size_t size,
                         const char *because)
{
    return firn_error_set(ret_error, status, 0, "%.*s: %s", (int)(size < 120 ? size : 120), text,
                          because);
}

static bool is_hex(char byte)
{
    return (uint8_t)(byte - '0') <= 9 || (uint8_t)((byte | 0x20) - 'a') <= 5;
}

/* Where a run of bytes of a class ends, its escapes being whole; at one that is not, the run ends.
 */
static size_t run_end(const char *text, size_t at, size_t end, unsigned class)
{
    for (; at < end && (classes[(uint8_t)text[at]] & class) != 0; at++) {
        if (text[at] != '%')
            continue;
        if (end - at < 3 || !is_hex(text[at + 1]) || !is_hex(text[at + 2]))
            return at;
        at += 2;
    }
    return at;
}

static const char *unfit_byte(const char *text, size_t at)
{
    if (text[at] == '%')
        return "an escape without two digits";
    return (uint8_t)text[at] >= 0x80 || (uint8_t)text[at] <= ' ' || text[at] == 0x7f
               ? "a byte that must be written as an escape"
               : "a byte that cannot stand where it does";
}

static firn_url_part part(size_t from, size_t to)
{
    return (firn_url_part){(uint16_t)from, (uint16_t)(to - from)};
}

static bool starts_with(const char *text, size_t size, const char *lower)
{
    size_t length = strlen(lower);
    if (size < length)
        return false;
    for (size_t i = 0; i < length; i++) {
        char byte = text[i];
        if ((byte >= 'A' && byte <= 'Z' ? byte | 0x20 : byte) != lower[i])
            return false;
    }
    return true;
}

static bool has_scheme(const char *text, size_t size)
{
    size_t at = 0;
    while (at < size && ((uint8_t)((text[at] | 0x20) - 'a') < 26 ||
                         (at > 0 && ((uint8_t)(text[at] - '0') <= 9 ||
                                     (text[at] != '\0' && strchr("+-.", text[at]) != NULL)))))
        at++;
    return at > 0 && at < size && text[at] == ':';
}

/* --- the authority --- */

static bool is_ipv4(const char *text, size_t size)
{
    struct in_addr address;
    char copy[16];
    if (size >= sizeof copy)
        return false;
    memcpy(copy, text, size);
    copy[size] = '\0';
    return inet_pton(AF_INET, copy, &address) == 1;
}

static bool is_ipv6(const char *text, size_t size)
{
    struct in6_addr address;
    char copy[46];
    if (size >= sizeof copy || memchr(text, '\0', size) != NULL)
        return false;
    memcpy(copy, text, size);
    copy[size] = '\0';
    return inet_pton(AF_INET6, copy, &address) == 1;
}

/* Whether the last part of a name is a number, decimal or with 0x, so that some would take the
 * whole for an address. */
static bool ends_in_number(const char *text, size_t size)
{
    size -= size > 1 && text[size - 1] == '.';
    size_t from = size, digits = 0;
    while (from > 0 && text[from - 1] != '.')
        from--;
    for (size_t i = from; i < size; i++)
        digits += (uint8_t)(text[i] - '0') <= 9;
    if (digits == size - from)
        return true;
    if (size - from < 2 || text[from] != '0' || (text[from + 1] | 0x20) != 'x')
        return false;
    for (size_t i = from + 2; i < size; i++)
        if (!is_hex(text[i]))
            return false;
    return true;
}

/* The host in brackets, or else; *at is where it begins, then where it ends. NULL, or why not. */
static const char *parse_host(firn_url *url, size_t *at, size_t end)
{
    const char *text = url->text;
    const size_t from = *at;
    if (from < end && text[from] == '[') {
        const char *close = memchr(text + from, ']', end - from);
        const size_t stop = close != NULL ? (size_t)(close - text) : end;
        if (close == NULL || !is_ipv6(text + from + 1, stop - from - 1))
            return "no IPv6 address between the brackets";
        url->kind = FIRN_URL_IPV6;
        url->host = part(from + 1, stop);
        *at = stop + 1;
        return NULL;
    }
    const size_t stop = run_end(text, from, end, IN_HOST);
    *at = stop;
    if (stop < end && text[stop] != ':')
        return unfit_byte(text, stop);
    if (stop == from)
        return "no host";
    url->host = part(from, stop);
    if (is_ipv4(text + from, stop - from))
        url->kind = FIRN_URL_IPV4;
    else if (ends_in_number(text + from, stop - from))
        return "a host that ends in a number and is no IPv4 address";
    return NULL;
}

static const char *parse_port(firn_url *url, size_t *at, size_t end)
{
    uint32_t port = 0;
    if (*at == end)
        return NULL;
    if (url->text[*at] != ':')
        return "something other than a port behind the host";
    for (++*at; *at < end; ++*at) {
        const uint8_t digit = (uint8_t)(url->text[*at] - '0');
        port = port * 10 + digit;
        if (digit > 9 || port > UINT16_MAX)
            return "no port from 1 to 65535 behind the host";
    }
    if (url->text[end - 1] == ':') /* RFC 3986, 6.2.3: as if there were none */
        return NULL;
    url->port = (uint16_t)port;
    return port > 0 ? NULL : "no port from 1 to 65535 behind the host";
}

static const char *parse_authority(firn_url *url, size_t *at, size_t end)
{
    const char *sign = memchr(url->text + *at, '@', end - *at);
    if (sign != NULL) {
        const size_t from = *at, stop = (size_t)(sign - url->text);
        *at = run_end(url->text, from, stop, IN_USERINFO);
        if (*at < stop)
            return unfit_byte(url->text, *at);
        url->userinfo = part(from, stop);
        url->has_userinfo = true;
        *at = stop + 1;
    }
    const char *because = parse_host(url, at, end);
    return because != NULL ? because : parse_port(url, at, end);
}

/* --- the rest --- */

static const char *parse_path(firn_url *url, size_t *at, size_t end)
{
    const char *text = url->text;
    size_t from = *at;
    *at = run_end(text, from, end, IN_PATH);
    url->path = part(from, *at);
    if (*at < end && text[*at] == '?') {
        from = *at + 1;
        *at = run_end(text, from, end, IN_QUERY);
        url->query = part(from, *at);
        url->has_query = true;
    }
    if (*at < end && text[*at] == '#') {
        from = *at + 1;
        *at = run_end(text, from, end, IN_QUERY);
        url->fragment = part(from, *at);
        url->has_fragment = true;
    }
    return *at < end ? unfit_byte(text, *at) : NULL;
}

firn_status firn_url_parse(const char *text, size_t size, firn_url *ret_url, firn_error *ret_error)
{
    firn_url url = {.text = text};
    if (size > FIRN_URL_BYTES_MAX)
        return firn_error_set(ret_error, FIRN_LIMIT, 0, "%.60s...: a URL of %zu bytes, at most %u",
                              text, size, FIRN_URL_BYTES_MAX);
    url.size = (uint16_t)size;
    size_t at = 7;
    if (starts_with(text, size, "https://")) {
        url.scheme = FIRN_URL_HTTPS;
        url.port = 443;
        at = 8;
    } else if (starts_with(text, size, "http://")) {
        url.port = 80;
    } else if (has_scheme(text, size) && !starts_with(text, size, "http:") &&
               !starts_with(text, size, "https:")) {
        return wrong(ret_error, FIRN_UNSUPPORTED, text, size, "not a URL of http or https");
    } else {
        return wrong(ret_error, FIRN_INVALID, text, size,
                     "does not begin with http:// or https://");
    }
    size_t end = at;
    while (end < size && text[end] != '/' && text[end] != '?' && text[end] != '#')
        end++;
    const char *because = parse_authority(&url, &at, end);
    if (because == NULL)
        because = parse_path(&url, &at, size);
    if (because == NULL) {
        *ret_url = url;
        return FIRN_OK;
    }
    (void)wrong(ret_error, FIRN_INVALID, text, size, because);
    if (ret_error != NULL)
        ret_error->offset = at;
    return FIRN_INVALID;
}

bool firn_url_is_same_origin(const firn_url *a, const firn_url *b)
{
    if (a->scheme != b->scheme || a->port != b->port || a->host.size != b->host.size)
        return false;
    for (size_t i = 0; i < a->host.size; i++) {
        uint8_t x = (uint8_t)a->text[a->host.offset + i], y = (uint8_t)b->text[b->host.offset + i];
        x |= x >= 'A' && x <= 'Z' ? 0x20 : 0;
        y |= y >= 'A' && y <= 'Z' ? 0x20 : 0;
        if (x != y)
            return false;
    }
    return true;
}
