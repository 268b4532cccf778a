/* What the conditional fields and Range of a request ask for (RFC 9110, 13 and 14). Thread-safe: no
 * state. */
#ifndef SERVE_CONDITIONS_H
#define SERVE_CONDITIONS_H

#include <firn/http_message.h>

#include <time.h>

#define ETAG_MAX_BYTES 64

/* What is to be sent: its size, when it was changed, and its strong entity tag, quotes included. */
struct version {
    uint64_t size;
    time_t changed;
    char etag[ETAG_MAX_BYTES];
};

struct part {
    uint64_t first, size; /* bytes */
};

/* 200; 206 with *ret_part; 304; 412; 416. */
uint16_t conditions_check(const firn_http_head *head, const char *data,
                          const struct version *version, struct part *ret_part);

#endif
