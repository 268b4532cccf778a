/* Fields, dates and lifetimes. */
#include "tabs/resources/fresh.h"

#include <stdio.h>
#include <string.h>
#include <strings.h>
#include <time.h>

#define SECONDS_MAX ((int64_t)1 << 31) /* RFC 9111: what is larger counts as this */
#define DAY_S 86400

bool fields_is_name(firn_bytes name, const char *word)
{
    return name.size == strlen(word) && strncasecmp(name.data, word, name.size) == 0;
}

static firn_bytes trimmed(const char *begin, const char *end)
{
    while (begin < end && (*begin == ' ' || *begin == '\t'))
        begin++;
    while (begin < end && (end[-1] == ' ' || end[-1] == '\t' || end[-1] == '\r'))
        end--;
    return (firn_bytes){begin, (size_t)(end - begin)};
}

bool fields_next(const char **at, firn_bytes *ret_name, firn_bytes *ret_value)
{
    while (**at != 0) {
        const char *line = *at, *end = line + strcspn(line, "\n");
        *at = *end != 0 ? end + 1 : end;
        const char *colon = memchr(line, ':', (size_t)(end - line));
        if (colon == NULL)
            continue;
        *ret_name = (firn_bytes){line, (size_t)(colon - line)};
        *ret_value = trimmed(colon + 1, end);
        return true;
    }
    return false;
}

bool fields_find(const char *headers, const char *name, firn_bytes *ret_value)
{
    firn_bytes field, value;
    while (fields_next(&headers, &field, &value)) {
        if (fields_is_name(field, name)) {
            *ret_value = value;
            return true;
        }
    }
    return false;
}

static int month_of(const char *name)
{
    static const char months[] = "JanFebMarAprMayJunJulAugSepOctNovDec";
    const char *found = strstr(months, name);
    return found != NULL && strlen(name) == 3 && (found - months) % 3 == 0
               ? (int)(found - months) / 3
               : -1;
}

bool http_date(firn_bytes text, int64_t *ret_s)
{
    char copy[40], month[4] = "";
    struct tm tm = {.tm_mday = 0};
    int year = 0;
    if (text.size < 20 || text.size >= sizeof copy)
        return false;
    memcpy(copy, text.data, text.size);
    copy[text.size] = 0;
    const char *day = strchr(copy, ',');
    if (day != NULL && sscanf(day, ", %2d %3[A-Za-z] %4d %2d:%2d:%2d GMT", &tm.tm_mday, month,
                              &year, &tm.tm_hour, &tm.tm_min, &tm.tm_sec) == 6) {
    } else if (day != NULL && sscanf(day, ", %2d-%3[A-Za-z]-%2d %2d:%2d:%2d GMT", &tm.tm_mday,
                                     month, &year, &tm.tm_hour, &tm.tm_min, &tm.tm_sec) == 6) {
        year += year < 70 ? 2000 : 1900;
    } else if (sscanf(copy, "%*3s %3[A-Za-z] %2d %2d:%2d:%2d %4d", month, &tm.tm_mday, &tm.tm_hour,
                      &tm.tm_min, &tm.tm_sec, &year) != 6) {
        return false;
    }
    tm.tm_mon = month_of(month);
    tm.tm_year = year - 1900;
    if (tm.tm_mon < 0 || year < 1900 || tm.tm_mday < 1 || tm.tm_mday > 31 || tm.tm_hour > 23 ||
        tm.tm_min > 59 || tm.tm_sec > 60)
        return false;
    *ret_s = (int64_t)timegm(&tm);
    return true;
}

static int64_t seconds_of(const char *digits, size_t size)
{
    int64_t seconds = 0;
    for (size_t i = 0; i < size && digits[i] >= '0' && digits[i] <= '9'; i++)
        seconds = seconds * 10 + (digits[i] - '0') < SECONDS_MAX ? seconds * 10 + (digits[i] - '0')
                                                                 : SECONDS_MAX;
    return seconds;
}

struct control {
    bool no_store, no_cache, has_max_age;
    int64_t max_age_s;
};

/* A directive of Cache-Control, such as `max-age=60`. */
static void take_directive(struct control *control, firn_bytes directive)
{
    const char *text = directive.data, *equals = memchr(text, '=', directive.size);
    size_t name = equals != NULL ? (size_t)(equals - text) : directive.size;
    firn_bytes word = {text, name};
    if (fields_is_name(word, "no-store"))
        control->no_store = true;
    if (fields_is_name(word, "no-cache"))
        control->no_cache = true;
    if (!fields_is_name(word, "max-age") || equals == NULL)
        return;
    const char *value = equals + 1, *end = text + directive.size;
    value += value < end && *value == '"';
    control->has_max_age = true;
    control->max_age_s = seconds_of(value, (size_t)(end - value));
}

static void take_control(struct control *control, firn_bytes value)
{
    const char *at = value.data, *end = at + value.size;
    while (at < end) {
        const char *comma = memchr(at, ',', (size_t)(end - at));
        const char *stop = comma != NULL ? comma : end;
        take_directive(control, trimmed(at, stop));
        at = stop + (comma != NULL);
    }
}

/* Whether all that a Vary names is always sent alike. */
static bool varies_never(firn_bytes value)
{
    const char *at = value.data, *end = at + value.size;
    while (at < end) {
        const char *comma = memchr(at, ',', (size_t)(end - at));
        const char *stop = comma != NULL ? comma : end;
        firn_bytes name = trimmed(at, stop);
        if (name.size > 0 && !fields_is_name(name, "Accept-Encoding") &&
            !fields_is_name(name, "User-Agent"))
            return false;
        at = stop + (comma != NULL);
    }
    return true;
}

static bool is_kept_status(unsigned status)
{
    static const uint16_t kept[] = {200, 203, 204, 300, 301, 308, 404, 405, 410, 414, 501};
    for (size_t i = 0; i < sizeof kept / sizeof *kept; i++)
        if (kept[i] == status)
            return true;
    return false;
}

static int64_t lifetime_s(const struct control *control, const char *headers, int64_t date_s)
{
    firn_bytes value;
    int64_t then;
    if (control->no_cache)
        return 0;
    if (control->has_max_age)
        return control->max_age_s;
    if (fields_find(headers, "Expires", &value)) /* one that is no date has passed */
        return http_date(value, &then) && then > date_s ? then - date_s : 0;
    if (!fields_find(headers, "Last-Modified", &value) || !http_date(value, &then) ||
        then >= date_s)
        return 0;
    int64_t tenth = (date_s - then) / 10; /* as browsers guess */
    return tenth < DAY_S ? tenth : DAY_S;
}

freshness freshness_of(unsigned status, const char *headers, int64_t requested_s)
{
    struct control control = {.no_store = false};
    firn_bytes name, value;
    const char *at = headers;
    int64_t date_s = requested_s, age_s = 0;
    bool varies = false;
    while (fields_next(&at, &name, &value)) {
        if (fields_is_name(name, "Cache-Control"))
            take_control(&control, value);
        if (fields_is_name(name, "Vary"))
            varies = varies || !varies_never(value);
        if (fields_is_name(name, "Age"))
            age_s = seconds_of(value.data, value.size);
    }
    if (fields_find(headers, "Date", &value) && !http_date(value, &date_s))
        date_s = requested_s;
    if (requested_s - date_s > age_s)
        age_s = requested_s - date_s;
    int64_t lifetime = lifetime_s(&control, headers, date_s);
    bool is_useful = lifetime > age_s || fields_find(headers, "ETag", &value) ||
                     fields_find(headers, "Last-Modified", &value);
    return (freshness){.may_keep =
                           is_kept_status(status) && !control.no_store && !varies && is_useful,
                       .until_s = requested_s + lifetime - age_s};
}
