/* What a response's fields say of keeping it: RFC 9111, for a cache of one user. */
#ifndef TABS_RESOURCES_FRESH_H
#define TABS_RESOURCES_FRESH_H

#include <firn/bytes.h>

#include <stdbool.h>
#include <stdint.h>

/* The next field of lines "Name: value\r\n" (or "\n") from *at on, the value without the blanks
 * around it; false at the end. */
bool fields_next(const char **at, firn_bytes *ret_name, firn_bytes *ret_value);
/* The first field of a name; false where there is none. */
bool fields_find(const char *headers, const char *name, firn_bytes *ret_value);
bool fields_is_name(firn_bytes name, const char *word);

/* Seconds since 1970 of a date in any of HTTP's three forms; false for others. */
bool http_date(firn_bytes text, int64_t *ret_s);

typedef struct freshness {
    bool may_keep;   /* and it can be used again: it has a lifetime or a validator */
    int64_t until_s; /* it is fresh until then */
} freshness;

/* Of a response to a GET that was asked for at a time. */
freshness freshness_of(unsigned status, const char *headers, int64_t requested_s);

#endif
