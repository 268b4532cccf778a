/* What the start line of a request says: its method, and which form its target has (RFC 9112, 3).
 * Called by lines.h. */
#include "http/class.h"
#include "http/head.h"

static firn_http_method method_of(const uint8_t *text, size_t size)
{
#define IS(name, method)                                                                           \
    if (size == sizeof(name) - 1 && memcmp(text, name, sizeof(name) - 1) == 0)                     \
        return method;
    IS("GET", FIRN_HTTP_GET)
    IS("POST", FIRN_HTTP_POST)
    IS("HEAD", FIRN_HTTP_HEAD)
    IS("PUT", FIRN_HTTP_PUT)
    IS("DELETE", FIRN_HTTP_DELETE)
    IS("OPTIONS", FIRN_HTTP_OPTIONS)
    IS("PATCH", FIRN_HTTP_PATCH)
    IS("CONNECT", FIRN_HTTP_CONNECT)
    IS("TRACE", FIRN_HTTP_TRACE)
#undef IS
    return FIRN_HTTP_OTHER;
}

/* The bytes of a host's name or address; 0 when it is none. */
static size_t host_size(const uint8_t *text, size_t size)
{
    size_t at = 0;
    if (size > 0 && text[0] == '[') {
        while (++at < size && text[at] != ']')
            if (!((text[at] >= '0' && text[at] <= '9') || text[at] == ':' || text[at] == '.' ||
                  ((text[at] | 0x20) >= 'a' && (text[at] | 0x20) <= 'f')))
                return 0;
        return at < size && at > 2 ? at + 1 : 0;
    }
    while (at < size && (firn_http_class[text[at]] & FIRN_HTTP_CLASS_HOST) != 0)
        at++;
    return at;
}

bool firn_http_is_authority(const uint8_t *text, size_t size)
{
    size_t host = host_size(text, size);
    uint32_t port = 0;
    if (host == 0 || (host < size && text[host] != ':') || size - host > 6)
        return false;
    for (size_t i = host + 1; i < size; i++) {
        if ((uint8_t)(text[i] - '0') > 9)
            return false;
        port = port * 10 + (uint32_t)(text[i] - '0');
    }
    return port <= 65535;
}

/* "http://host/path", "https://host?query". */
static bool note_absolute(firn_http_head *head, const uint8_t *data)
{
    const uint8_t *target = data + head->target.offset;
    size_t size = head->target.size, start = 7;
    if (size > 8 && token_is(target, "https:", 6) && target[6] == '/' && target[7] == '/')
        start = 8;
    else if (size < 8 || !token_is(target, "http:", 5) || target[5] != '/' || target[6] != '/')
        return refuse(head, 400, "a target that is neither a path nor an address"), false;
    size_t end = start;
    while (end < size && target[end] != '/' && target[end] != '?')
        end++;
    if (!firn_http_is_authority(target + start, end - start))
        return refuse(head, 400, "a target with an invalid host"), false;
    head->form = FIRN_HTTP_ABSOLUTE;
    head->host = (firn_http_text){head->target.offset + (uint32_t)start, (uint32_t)(end - start)};
    return true;
}

bool firn_http_note_request(firn_http_head *head, const uint8_t *data)
{
    const uint8_t *target = data + head->target.offset;
    size_t size = head->target.size;
    head->method = method_of(data + head->method_text.offset, head->method_text.size);
    if (head->method == FIRN_HTTP_CONNECT) {
        const uint8_t *colon = memrchr(target, ':', size);
        if (!firn_http_is_authority(target, size) || colon == NULL || colon + 1 == target + size)
            return refuse(head, 400, "a target of CONNECT that is no host with a port"), false;
        head->form = FIRN_HTTP_AUTHORITY;
        head->host = head->target;
        return true;
    }
    if (target[0] == '/') {
        head->form = FIRN_HTTP_ORIGIN;
        return true;
    }
    if (size == 1 && target[0] == '*') {
        head->form = FIRN_HTTP_ASTERISK;
        return head->method == FIRN_HTTP_OPTIONS ||
               (refuse(head, 400, "a target that only OPTIONS may have"), false);
    }
    return note_absolute(head, data);
}
