/* Cookies, for all tabs, as long as the host runs (RFC 6265; a domain of one label, such as a
 * registry's, is not taken). Threads that fetch use them side by side.
 *
 * I1  a cookie is one by its name, domain and path; what expired is gone when it is come across */
#include "tabs/host/host.h"

#include <ctype.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <time.h>

enum { COOKIES_MAX = 3000, COOKIE_MAX_BYTES = 4096, HOST_BYTES = 256 };

struct cookie {
    char *name, *value, *domain, *path;
    bool is_host_only, is_secure;
    int64_t until_s; /* since 1970; INT64_MAX: as long as the host runs */
};

static struct jar {
    pthread_mutex_t lock;
    struct cookie *cookies; /* in the order in which they came */
    size_t count, room;
} jar = {.lock = PTHREAD_MUTEX_INITIALIZER};

/* Where a request goes. */
struct place {
    char host[HOST_BYTES];
    const char *path;
    size_t path_size;
    bool is_secure;
};

static bool place_of(const char *text, struct place *ret)
{
    firn_url url;
    firn_error error;
    if (firn_url_parse(text, strlen(text), &url, &error) != FIRN_OK || url.host.size >= HOST_BYTES)
        return false;
    for (size_t i = 0; i < url.host.size; i++)
        ret->host[i] = (char)tolower((unsigned char)text[url.host.offset + i]);
    ret->host[url.host.size] = '\0';
    ret->path = url.path.size > 0 ? text + url.path.offset : "/";
    ret->path_size = url.path.size > 0 ? url.path.size : 1;
    ret->is_secure = url.scheme == FIRN_URL_HTTPS;
    return true;
}

static bool domain_holds(const char *domain, const char *host)
{
    const size_t length = strlen(domain), all = strlen(host);
    return strcmp(domain, host) == 0 ||
           (all > length && host[all - length - 1] == '.' &&
            strcmp(host + all - length, domain) == 0 && strspn(host, "0123456789.") != all);
}

static bool path_holds(const char *path, const struct place *place)
{
    const size_t length = strlen(path);
    return place->path_size >= length && memcmp(place->path, path, length) == 0 &&
           (place->path_size == length || path[length - 1] == '/' || place->path[length] == '/');
}

static void drop(size_t at)
{
    struct cookie gone = jar.cookies[at];
    tab_drop_text(&gone.name);
    tab_drop_text(&gone.value);
    tab_drop_text(&gone.domain);
    tab_drop_text(&gone.path);
    memmove(jar.cookies + at, jar.cookies + at + 1, (--jar.count - at) * sizeof gone);
}

/* --- what servers set --- */

/* Cuts a part off at a mark, blanks round it left out. */
static char *cut(char **rest, const char *mark)
{
    char *part = strsep(rest, mark);
    while (part != NULL && isspace((unsigned char)*part))
        part++;
    for (size_t size = part != NULL ? strlen(part) : 0;
         size > 0 && isspace((unsigned char)part[size - 1]);)
        part[--size] = '\0';
    return part;
}

static int64_t date_of(const char *text)
{
    static const char *const forms[] = {"%a, %d %b %Y %H:%M:%S", "%a, %d-%b-%Y %H:%M:%S",
                                        "%a %b %d %H:%M:%S %Y"};
    for (size_t i = 0; i < sizeof forms / sizeof forms[0]; i++) {
        struct tm is = {0};
        if (strptime(text, forms[i], &is) != NULL)
            return (int64_t)timegm(&is);
    }
    return INT64_MAX;
}

static bool set_domain(struct cookie *made, char *domain, const struct place *place)
{
    domain += *domain == '.';
    for (char *at = domain; *at != '\0'; at++)
        *at = (char)tolower((unsigned char)*at);
    if (*domain == '\0')
        return true;
    if (!domain_holds(domain, place->host) ||
        (strchr(domain, '.') == NULL && strcmp(domain, place->host) != 0))
        return false;
    made->is_host_only = strcmp(domain, place->host) == 0 && strchr(domain, '.') == NULL;
    tab_set_text(&made->domain, domain);
    return true;
}

/* Reads what follows name and value. False: the cookie is not to be taken. */
static bool read_attributes(struct cookie *made, char *rest, const struct place *place)
{
    int64_t age_until = -1;
    for (char *part; (part = cut(&rest, ";")) != NULL;) {
        char *value = part, *name = cut(&value, "=");
        value = value != NULL ? cut(&value, "") : part + strlen(part);
        if (strcasecmp(name, "secure") == 0)
            made->is_secure = true;
        else if (strcasecmp(name, "path") == 0 && value[0] == '/')
            tab_set_text(&made->path, value);
        else if (strcasecmp(name, "max-age") == 0 && *value != '\0')
            age_until = strtoll(value, NULL, 10) <= 0
                            ? 0
                            : (int64_t)time(NULL) + (int64_t)strtoul(value, NULL, 10);
        else if (strcasecmp(name, "expires") == 0)
            made->until_s = date_of(value);
        else if (strcasecmp(name, "domain") == 0 && !set_domain(made, value, place))
            return false;
    }
    if (age_until >= 0)
        made->until_s = age_until;
    return !made->is_secure || place->is_secure;
}

static void put(struct cookie *made)
{
    void *cookies = jar.cookies;
    for (size_t at = jar.count; at-- > 0;) {
        const struct cookie *is = &jar.cookies[at];
        if (strcmp(is->name, made->name) == 0 && strcmp(is->domain, made->domain) == 0 &&
            strcmp(is->path, made->path) == 0)
            drop(at); /* I1 */
    }
    if (jar.count == COOKIES_MAX)
        drop(0);
    if (made->until_s > (int64_t)time(NULL) &&
        firn_grow(NULL, &cookies, &jar.room, jar.count + 1, sizeof *made)) {
        jar.cookies = cookies;
        jar.cookies[jar.count++] = *made;
        *made = (struct cookie){0};
    }
}

void cookies_take(const char *url, const char *header, size_t size)
{
    struct place place;
    char text[COOKIE_MAX_BYTES], *rest = text;
    if (size >= sizeof text || !place_of(url, &place))
        return;
    for (size_t i = 0; i < size; i++) { /* RFC 6265bis, 5.6: none with control characters */
        if (((unsigned char)header[i] < 0x20 && header[i] != '\t') || header[i] == 0x7f)
            return;
    }
    memcpy(text, header, size);
    text[size] = '\0';
    char *pair = cut(&rest, ";"), *value = pair, *name = cut(&value, "=");
    if (value == NULL || name[0] == '\0')
        return;
    struct cookie made = {.is_host_only = true, .until_s = INT64_MAX};
    size_t folder = place.path_size;
    while (folder > 1 && place.path[folder - 1] != '/')
        folder--;
    tab_set_text(&made.name, name);
    tab_set_text(&made.value, cut(&value, ";"));
    tab_set_text(&made.domain, place.host);
    tab_set_text_sized(&made.path, place.path, folder > 1 ? folder - 1 : 1);
    const bool is_whole =
        made.name != NULL && made.value != NULL && made.domain != NULL && made.path != NULL;
    if (is_whole && (rest == NULL || read_attributes(&made, rest, &place))) {
        pthread_mutex_lock(&jar.lock);
        put(&made);
        pthread_mutex_unlock(&jar.lock);
    }
    tab_drop_text(&made.name);
    tab_drop_text(&made.value);
    tab_drop_text(&made.domain);
    tab_drop_text(&made.path);
}

/* --- what is sent --- */

size_t cookies_give(const char *url, char *out, size_t size)
{
    struct place place;
    size_t at = 0;
    if (!place_of(url, &place))
        return 0;
    const int64_t now_s = (int64_t)time(NULL);
    pthread_mutex_lock(&jar.lock);
    for (size_t i = 0; i < jar.count; i++) {
        const struct cookie *is = &jar.cookies[i];
        const bool is_its = is->is_host_only ? strcmp(is->domain, place.host) == 0
                                             : domain_holds(is->domain, place.host);
        const size_t more = strlen(is->name) + strlen(is->value) + 3;
        if (!is_its || is->until_s <= now_s || (is->is_secure && !place.is_secure) ||
            !path_holds(is->path, &place) || at + more >= size)
            continue;
        at += (size_t)snprintf(out + at, size - at, "%s%s=%s", at > 0 ? "; " : "", is->name,
                               is->value);
    }
    pthread_mutex_unlock(&jar.lock);
    return at;
}

void cookies_end(void)
{
    pthread_mutex_lock(&jar.lock);
    while (jar.count > 0)
        drop(jar.count - 1);
    firn_release(NULL, jar.cookies, jar.room * sizeof *jar.cookies);
    jar.cookies = NULL;
    jar.room = 0;
    pthread_mutex_unlock(&jar.lock);
}
