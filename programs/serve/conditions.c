/* Conditions, in the order of RFC 9110, 13.2.2. One range is honoured; several, and units other
 * than bytes, are answered with all, as the RFC allows. */
#include "serve/conditions.h"

#include <stdio.h>
#include <string.h>

/* --- dates, in the one form that is written today (firn_http_date) --- */

static const char months[] = "JanFebMarAprMayJunJulAugSepOctNovDec";

static time_t date_read(const char *text, size_t size)
{
    char copy[40], month[4], zone[4];
    struct tm time = {0};
    if (size >= sizeof copy)
        return -1;
    memcpy(copy, text, size);
    copy[size] = '\0';
    if (sscanf(copy, "%*3c, %2d %3s %4d %2d:%2d:%2d %3s", &time.tm_mday, month, &time.tm_year,
               &time.tm_hour, &time.tm_min, &time.tm_sec, zone) != 7 ||
        strcmp(zone, "GMT") != 0)
        return -1;
    const char *found = strstr(months, month);
    if (found == NULL || strlen(month) != 3 || (found - months) % 3 != 0)
        return -1;
    time.tm_mon = (int)(found - months) / 3;
    time.tm_year -= 1900;
    return timegm(&time);
}

/* --- entity tags --- */

/* Whether a list of entity tags has this one; weak ones count where weak is set. */
static bool tags_have(const char *list, size_t size, const char *etag, bool weak)
{
    const char *at = list, *end = list + size;
    size_t etag_size = strlen(etag);
    if (size == 1 && list[0] == '*')
        return true;
    while (at < end) {
        while (at < end && (*at == ' ' || *at == '\t' || *at == ','))
            at++;
        bool is_weak = end - at > 2 && at[0] == 'W' && at[1] == '/';
        at += is_weak ? 2 : 0;
        const char *close =
            end - at > 1 && *at == '"' ? memchr(at + 1, '"', (size_t)(end - at - 1)) : NULL;
        if (close == NULL)
            return false;
        if ((weak || !is_weak) && (size_t)(close + 1 - at) == etag_size &&
            memcmp(at, etag, etag_size) == 0)
            return true;
        at = close + 1;
    }
    return false;
}

/* --- ranges --- */

static bool read_number(const char **at, const char *end, uint64_t *ret_value)
{
    const char *begin = *at;
    uint64_t value = 0;
    for (; *at < end && **at >= '0' && **at <= '9'; ++*at) {
        if (value > UINT64_MAX / 10 - 1)
            return false;
        value = value * 10 + (uint64_t)(**at - '0');
    }
    *ret_value = value;
    return *at > begin;
}

/* 200 for what is no single range of bytes. */
static uint16_t read_range(const char *text, size_t size, uint64_t whole, struct part *ret_part)
{
    const char *at = text + 6, *end = text + size;
    uint64_t first = 0, last = UINT64_MAX;
    if (size < 8 || memcmp(text, "bytes=", 6) != 0 || memchr(text, ',', size) != NULL)
        return 200;
    const bool has_first = *at != '-';
    if (has_first && !read_number(&at, end, &first))
        return 200;
    if (at == end || *at++ != '-')
        return 200;
    const bool has_last = at < end;
    if ((has_last && !read_number(&at, end, &last)) || at != end || (!has_first && !has_last))
        return 200;
    if (!has_first) { /* the last bytes */
        if (last == 0 || whole == 0)
            return 416;
        first = last < whole ? whole - last : 0;
        last = UINT64_MAX;
    } else if (has_last && last < first) {
        return 200;
    }
    if (first >= whole)
        return 416;
    last = last < whole ? last : whole - 1;
    *ret_part = (struct part){first, last - first + 1};
    return 206;
}

/* --- all of them --- */

static const firn_http_field *find(const firn_http_head *head, const char *data, const char *name)
{
    return firn_http_head_find(head, data, name, 0);
}

static bool is_same(const firn_http_field *field, const char *data, const struct version *version)
{
    const char *value = data + field->value.offset;
    if (field->value.size > 0 && value[0] == '"')
        return tags_have(value, field->value.size, version->etag, false);
    return date_read(value, field->value.size) == version->changed;
}

uint16_t conditions_check(const firn_http_head *head, const char *data,
                          const struct version *version, struct part *ret_part)
{
    const firn_http_field *match = find(head, data, "if-match");
    const firn_http_field *unmodified = find(head, data, "if-unmodified-since");
    const firn_http_field *none_match = find(head, data, "if-none-match");
    const firn_http_field *modified = find(head, data, "if-modified-since");
    const firn_http_field *range = find(head, data, "range");
    const firn_http_field *if_range = find(head, data, "if-range");
#define TAGS_HAVE(field, weak)                                                                     \
    tags_have(data + (field)->value.offset, (field)->value.size, version->etag, weak)
#define DATE_OF(field) date_read(data + (field)->value.offset, (field)->value.size)
    if (match != NULL ? !TAGS_HAVE(match, false)
                      : unmodified != NULL && DATE_OF(unmodified) != -1 &&
                            version->changed > DATE_OF(unmodified))
        return 412;
    if (none_match != NULL
            ? TAGS_HAVE(none_match, true)
            : modified != NULL && DATE_OF(modified) != -1 && version->changed <= DATE_OF(modified))
        return 304;
#undef TAGS_HAVE
#undef DATE_OF
    if (range == NULL || head->method != FIRN_HTTP_GET ||
        (if_range != NULL && !is_same(if_range, data, version)))
        return 200;
    return read_range(data + range->value.offset, range->value.size, version->size, ret_part);
}
