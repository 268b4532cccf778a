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

const char *firn_http_reason(uint16_t status)
{
    static const struct {
        uint16_t status;
        const char *reason;
    } reasons[] = {{100, "Continue"},
                   {101, "Switching Protocols"},
                   {200, "OK"},
                   {201, "Created"},
                   {202, "Accepted"},
                   {203, "Non-Authoritative Information"},
                   {204, "No Content"},
                   {205, "Reset Content"},
                   {206, "Partial Content"},
                   {300, "Multiple Choices"},
                   {301, "Moved Permanently"},
                   {302, "Found"},
                   {303, "See Other"},
                   {304, "Not Modified"},
                   {305, "Use Proxy"},
                   {307, "Temporary Redirect"},
                   {308, "Permanent Redirect"},
                   {400, "Bad Request"},
                   {401, "Unauthorized"},
                   {402, "Payment Required"},
                   {403, "Forbidden"},
                   {404, "Not Found"},
                   {405, "Method Not Allowed"},
                   {406, "Not Acceptable"},
                   {407, "Proxy Authentication Required"},
                   {408, "Request Timeout"},
                   {409, "Conflict"},
                   {410, "Gone"},
                   {411, "Length Required"},
                   {412, "Precondition Failed"},
                   {413, "Content Too Large"},
                   {414, "URI Too Long"},
                   {415, "Unsupported Media Type"},
                   {416, "Range Not Satisfiable"},
                   {417, "Expectation Failed"},
                   {421, "Misdirected Request"},
                   {422, "Unprocessable Content"},
                   {426, "Upgrade Required"},
                   {431, "Request Header Fields Too Large"}, /* RFC 6585 */
                   {500, "Internal Server Error"},
                   {501, "Not "
                         "Implemented"},
                   {502, "Bad Gateway"},
                   {503, "Service Unavailable"},
                   {504, "Gateway Timeout"},
                   {505, "HTTP Version Not Supported"}};
    for (size_t i = 0; i < sizeof reasons / sizeof reasons[0]; i++)
        if (reasons[i].status == status)
            return reasons[i].reason;
    return "";
}
