/* URLs of http and https (RFC 3986): parsed in place, resolved against a base, and cached.
 *
 * Strict: bytes that RFC 3986 has only in escapes (a blank, a backslash, anything above 0x7f) and
 * escapes without two digits are refused, as are an empty host, a host that ends in a number and is
 * no IPv4 address in four parts (some take "127.1" or "0x7f.1" for one), zones of IPv6 addresses
 * and port 0. What is in front of an '@' is found, for the caller to refuse or to use.
 *
 * Threads: a parsed URL is a value. A cache is confined to one thread at a time. */
#ifndef FIRN_URL_H
#define FIRN_URL_H

#include <firn/allocator.h>
#include <firn/status.h>

FIRN_BEGIN

#define FIRN_URL_BYTES_MAX 65535u

/* A place in the text of a URL. */
typedef struct firn_url_part {
    uint16_t offset, size; /* bytes */
} firn_url_part;

typedef enum firn_url_scheme { FIRN_URL_HTTP = 0, FIRN_URL_HTTPS = 1 } firn_url_scheme;
typedef enum firn_url_host {
    FIRN_URL_NAME = 0,
    FIRN_URL_IPV4 = 1,
    FIRN_URL_IPV6 = 2 /* the part has no brackets */
} firn_url_host;

typedef struct firn_url {
    const char *text; /* the caller's */
    uint16_t size;    /* bytes of it */
    uint16_t port;    /* 80 or 443 where none is written */
    uint8_t scheme;   /* firn_url_scheme */
    uint8_t kind;     /* of the host: firn_url_host */
    bool has_userinfo, has_query, has_fragment;
    firn_url_part userinfo, host; /* without '@' */
    firn_url_part path;           /* may be empty; else begins with '/' */
    firn_url_part query;          /* without '?' */
    firn_url_part fragment;       /* without '#' */
} firn_url;

/* Parses a URL of size bytes, whose text must stay as it is while the URL is used. FIRN_INVALID:
 * ret_error names the offset and what is wrong there; FIRN_UNSUPPORTED: another scheme;
 * FIRN_LIMIT: too long. */
FIRN_API FIRN_NODISCARD firn_status firn_url_parse(const char *text, size_t size, firn_url *ret_url,
                                                   firn_error *ret_error);

/* Resolves a reference against a base (RFC 3986, 5.2), as in Location or a page's links: writes the
 * URL to out, without a NUL, where ret_url's text then is; out must not overlap the others. Fails
 * as firn_url_parse, and with FIRN_LIMIT when capacity is too small. */
FIRN_API FIRN_NODISCARD firn_status firn_url_resolve(const firn_url *base, const char *reference,
                                                     size_t size, char *out, size_t capacity,
                                                     firn_url *ret_url, firn_error *ret_error);

/* Whether scheme, host (without case) and port are the same. */
FIRN_API bool firn_url_is_same_origin(const firn_url *a, const firn_url *b);

/* --- a cache of parsed URLs, of fixed size --- */

typedef struct firn_url_cache firn_url_cache;

#define FIRN_URL_CACHE_TEXT_BYTES 224u /* longer ones are not cached */

/* Takes at most memory_bytes (0: 64 KiB; from 4 KiB to 1 GiB) and never more; a URL takes 280
 * bytes, and the one whose last use was longest ago of four gives way. FIRN_INVALID,
 * FIRN_NO_MEMORY. */
FIRN_API FIRN_NODISCARD firn_status firn_url_cache_create(size_t memory_bytes,
                                                          const firn_allocator *allocator,
                                                          firn_url_cache **ret_cache);
FIRN_API void firn_url_cache_destroy(firn_url_cache *cache);
/* firn_url_parse, by the cache where it has the text; the URL's text is the caller's either way. */
FIRN_API FIRN_NODISCARD firn_status firn_url_cache_get(firn_url_cache *cache, const char *text,
                                                       size_t size, firn_url *ret_url,
                                                       firn_error *ret_error);

typedef struct firn_url_cache_stats {
    uint64_t hit_count, miss_count;
    uint64_t memory_bytes;
} firn_url_cache_stats;
FIRN_API void firn_url_cache_stats_get(const firn_url_cache *cache,
                                       firn_url_cache_stats *ret_stats);

FIRN_END

#endif
