/* Heads of messages: what users call. The lines themselves are parsed by lines.h, in the form that
 * suits the machine. */
#include "http/head.h"

#include <stdio.h>
#include <time.h>

#define HEAD_BYTES 65536u
#define HEAD_BYTES_MAX (1u << 24)
#define TARGET_BYTES 8192u

firn_status firn_http_head_begin(firn_http_head *head, firn_http_kind kind,
                                 const firn_http_limits *limits, firn_http_field *fields,
                                 uint32_t capacity)
{
    firn_http_limits chosen = limits != NULL ? *limits : (firn_http_limits){0};
    chosen.head_bytes = chosen.head_bytes > 0 ? chosen.head_bytes : HEAD_BYTES;
    chosen.target_bytes = chosen.target_bytes > 0 ? chosen.target_bytes : TARGET_BYTES;
    if (chosen.head_bytes > HEAD_BYTES_MAX || chosen.target_bytes > HEAD_BYTES_MAX ||
        (unsigned)kind > FIRN_HTTP_TRAILERS || (fields == NULL && capacity > 0))
        return FIRN_INVALID;
    firn_http_method method = kind == FIRN_HTTP_RESPONSE ? FIRN_HTTP_GET : FIRN_HTTP_OTHER;
    *head = (firn_http_head){.kind = kind,
                             .method = method,
                             .fields = fields,
                             .field_capacity = capacity,
                             .limits = chosen,
                             .stage = kind == FIRN_HTTP_REQUEST    ? STAGE_EMPTY
                                      : kind == FIRN_HTTP_RESPONSE ? STAGE_START
                                                                   : STAGE_FIELDS};
    return FIRN_OK;
}

static firn_http_lines_fn *choose_lines(void)
{
#if defined(__x86_64__)
    if (__builtin_cpu_supports("avx2") && __builtin_cpu_supports("bmi"))
        return firn_http_lines_avx2;
#endif
    return firn_http_lines_plain;
}

firn_status firn_http_head_parse_by(firn_http_lines_fn *lines, firn_http_head *head,
                                    const char *data, size_t size)
{
    uint8_t stage = head->stage;
    if (size > UINT32_MAX) /* a head is far smaller: what follows it can wait */
        size = UINT32_MAX;
    firn_status status = lines(head, (const uint8_t *)data, size);
    if (status != FIRN_OK || stage == STAGE_DONE)
        return status;
    head->size = head->line;
    if (head->size > head->limits.head_bytes) {
        refuse(head, 431, "the head is too long");
        return FIRN_CORRUPT;
    }
    return firn_http_settle(head) ? FIRN_OK : FIRN_CORRUPT;
}

firn_status firn_http_head_parse(firn_http_head *head, const char *data, size_t size)
{
    return firn_http_head_parse_by(choose_lines(), head, data, size);
}

const firn_http_field *firn_http_head_find(const firn_http_head *head, const char *data,
                                           const char *name, uint32_t from)
{
    size_t size = strlen(name);
    for (uint32_t i = from; i < head->field_count; i++) {
        const firn_http_field *field = &head->fields[i];
        if (field->name.size == size &&
            token_is((const uint8_t *)data + field->name.offset, name, size))
            return field;
    }
    return NULL;
}

bool firn_http_list_has(const char *data, firn_http_text value, const char *token)
{
    const uint8_t *at = (const uint8_t *)data + value.offset, *end = at + value.size;
    size_t size = strlen(token);
    bool quoted = false;
    for (bool begins = true; at < end; at++) {
        bool blank = *at == ' ' || *at == '\t';
        if (begins && !blank && (size_t)(end - at) >= size && token_is(at, token, size) &&
            (at + size == end || memchr(" \t,;", at[size], 4) != NULL))
            return true;
        if (quoted && *at == '\\' && at + 1 < end)
            at++;
        else if (*at == '"')
            quoted = !quoted;
        begins = !quoted && (*at == ',' || (begins && blank));
    }
    return false;
}

void firn_http_date(int64_t seconds, char out[FIRN_HTTP_DATE_BYTES])
{
    static const char days[] = "SunMonTueWedThuFriSat";
    static const char months[] = "JanFebMarAprMayJunJulAugSepOctNovDec";
    time_t when = (time_t)seconds;
    struct tm at;
    gmtime_r(&when, &at);
    snprintf(out, FIRN_HTTP_DATE_BYTES, "%.3s, %02u %.3s %04u %02u:%02u:%02u GMT",
             days + 3 * at.tm_wday, (unsigned)at.tm_mday % 100, months + 3 * at.tm_mon,
             (unsigned)(at.tm_year + 1900) % 10000, (unsigned)at.tm_hour % 100,
             (unsigned)at.tm_min % 100, (unsigned)at.tm_sec % 100);
}

/* By the first digit and the others. */
static const char *const reasons[5][32] = {
    [0][0] = "Continue",
    [0][1] = "Switching Protocols",
    [1][0] = "OK",
    [1][1] = "Created",
    [1][2] = "Accepted",
    [1][3] = "Non-Authoritative Information",
    [1][4] = "No Content",
    [1][5] = "Reset Content",
    [1][6] = "Partial Content",
    [2][0] = "Multiple Choices",
    [2][1] = "Moved Permanently",
    [2][2] = "Found",
    [2][3] = "See Other",
    [2][4] = "Not Modified",
    [2][5] = "Use Proxy",
    [2][7] = "Temporary Redirect",
    [2][8] = "Permanent Redirect",
    [3][0] = "Bad Request",
    [3][1] = "Unauthorized",
    [3][2] = "Payment Required",
    [3][3] = "Forbidden",
    [3][4] = "Not Found",
    [3][5] = "Method Not Allowed",
    [3][6] = "Not Acceptable",
    [3][7] = "Proxy Authentication Required",
    [3][8] = "Request Timeout",
    [3][9] = "Conflict",
    [3][10] = "Gone",
    [3][11] = "Length Required",
    [3][12] = "Precondition Failed",
    [3][13] = "Content Too Large",
    [3][14] = "URI Too Long",
    [3][15] = "Unsupported Media Type",
    [3][16] = "Range Not Satisfiable",
    [3][17] = "Expectation Failed",
    [3][21] = "Misdirected Request",
    [3][22] = "Unprocessable Content",
    [3][26] = "Upgrade Required",
    [3][31] = "Request Header Fields Too Large", /* RFC 6585 */
    [4][0] = "Internal Server Error",
    [4][1] = "Not "
             "Implemented",
    [4][2] = "Bad Gateway",
    [4][3] = "Service Unavailable",
    [4][4] = "Gateway Timeout",
    [4][5] = "HTTP Version Not Supported",
};

const char *firn_http_reason(uint16_t status)
{
    const unsigned digit = status / 100u - 1, rest = status % 100u;
    const char *reason = digit < 5 && rest < 32 ? reasons[digit][rest] : NULL;
    return reason != NULL ? reason : "";
}
