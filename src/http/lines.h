/* The lines of a head. Included by the two files that compile it, with LINES_NAME and
 * FIRN_SCAN_AVX2 set.
 *
 * A line is parsed as soon as some of it is there. Where it turns out not to be whole, its end is
 * looked for in what comes later, and it is parsed once more when that is there: so each byte is
 * looked at three times at most, however few come at a time.
 *
 * What parses a line returns where the next one begins; NULL when the line is not whole or the
 * message is refused. */
#include "http/head.h"
#include "http/scan.h"

/* The end of a line at the CR that ends its text; NULL as above. */
FIRN_SCAN_INLINE const uint8_t *line_end(firn_http_head *head, const uint8_t *at,
                                         const uint8_t *end)
{
    if (at == end || (*at == '\r' && at + 1 == end))
        return NULL;
    if (at[0] == '\r' && at[1] == '\n')
        return at + 2;
    const char *why = unfit(*at);
    return refuse(head, 400, why != NULL ? why : "a control byte in a line");
}

/* "HTTP/1.1" and what comes before it. */
FIRN_SCAN_INLINE const uint8_t *parse_version(firn_http_head *head, const uint8_t *at,
                                              const uint8_t *end)
{
    if (end - at < 8)
        return NULL;
    if (memcmp(at, "HTTP/", 5) != 0 || (uint8_t)(at[5] - '0') > 9 || at[6] != '.' ||
        (uint8_t)(at[7] - '0') > 9)
        return refuse(head, 400, "no version of HTTP where one must be");
    if (at[5] != '1')
        return refuse(head, 505, "a version of HTTP other than 1");
    head->minor = at[7] - '0';
    return at + 8;
}

FIRN_SCAN_INLINE const uint8_t *parse_request(firn_http_head *head, const uint8_t *base,
                                              const uint8_t *at, const uint8_t *end)
{
    const uint8_t *method = scan_token(base, at, end);
    if (method == end)
        return NULL;
    if (*method != ' ' || method == at)
        return refuse(head, 400, "no method where one must be");
    const uint8_t *target = scan_target(base, method + 1, end);
    if (target == end)
        return NULL;
    if (*target != ' ' || target == method + 1)
        return refuse(head, 400, "no target where one must be");
    head->method_text = (firn_http_text){distance(base, at), distance(at, method)};
    head->target = (firn_http_text){distance(base, method + 1), distance(method + 1, target)};
    if (head->target.size > head->limits.target_bytes)
        return refuse(head, 414, "the target is too long");
    const uint8_t *version = parse_version(head, target + 1, end);
    const uint8_t *next = version != NULL ? line_end(head, version, end) : NULL;
    return next != NULL && firn_http_note_request(head, base) ? next : NULL;
}

FIRN_SCAN_INLINE const uint8_t *parse_response(firn_http_head *head, const uint8_t *base,
                                               const uint8_t *at, const uint8_t *end)
{
    at = parse_version(head, at, end);
    if (at == NULL || end - at < 5)
        return NULL;
    if (at[0] != ' ' || at[1] < '1' || at[1] > '5' || (uint8_t)(at[2] - '0') > 9 ||
        (uint8_t)(at[3] - '0') > 9 || (at[4] != ' ' && at[4] != '\r'))
        return refuse(head, 400, "no status where one must be");
    head->status = (uint16_t)((at[1] - '0') * 100 + (at[2] - '0') * 10 + (at[3] - '0'));
    at += at[4] == ' ' ? 5 : 4;
    const uint8_t *reason = scan_text(base, at, end);
    head->reason = (firn_http_text){distance(base, at), distance(at, reason)};
    return line_end(head, reason, end);
}

/* Why a line without a colon behind a name is no field. */
static const char *no_field(const uint8_t *at, const uint8_t *colon)
{
    bool blank = *colon == ' ' || *colon == '\t';
    if (colon > at)
        return blank ? "white space before a colon" : "a byte that a field's name cannot have";
    return blank           ? "a folded line"
           : *colon == ':' ? "a field without a name"
                           : "a byte that a field's name cannot have";
}

/* The end of the line is looked for from its beginning and not from behind its name, so that the
 * next line does not wait for this name: 0.8 of the time of a request with nine fields. */
FIRN_SCAN_INLINE const uint8_t *parse_field(firn_http_head *head, const uint8_t *base,
                                            const uint8_t *at, const uint8_t *end)
{
    const uint8_t *stop = scan_text(base, at, end);
    const uint8_t *next = line_end(head, stop, end);
    if (next == NULL)
        return NULL;
    if (stop == at) {
        head->stage = STAGE_DONE;
        return next;
    }
    const uint8_t *colon = scan_token(base, at, end);
    if (*colon != ':' || colon == at)
        return refuse(head, 400, no_field(at, colon));
    if (head->field_count == head->field_capacity)
        return NULL;
    const uint8_t *value = colon + 1, *last = stop;
    while (*value == ' ' || *value == '\t') /* the CR stops it */
        value++;
    while (last > value && (last[-1] == ' ' || last[-1] == '\t'))
        last--;
    firn_http_field *field = &head->fields[head->field_count++];
    field->name = (firn_http_text){distance(base, at), distance(at, colon)};
    field->value = (firn_http_text){distance(base, value), distance(value, last)};
    if (may_be_noted(at, field->name.size) && !firn_http_note(head, base, field, colon + 1, stop))
        return NULL;
    return next;
}

FIRN_SCAN_INLINE const uint8_t *parse_line(firn_http_head *head, const uint8_t *base,
                                           const uint8_t *at, const uint8_t *end)
{
    if (head->stage == STAGE_FIELDS)
        return parse_field(head, base, at, end);
    if (at == end)
        return NULL;
    if (head->stage == STAGE_EMPTY && *at == '\r') { /* one empty line may come first */
        const uint8_t *next = line_end(head, at, end);
        if (next != NULL)
            head->stage = STAGE_START;
        return next;
    }
    const uint8_t *next = head->kind == FIRN_HTTP_REQUEST ? parse_request(head, base, at, end)
                                                          : parse_response(head, base, at, end);
    if (next != NULL)
        head->stage = STAGE_FIELDS;
    return next;
}

/* A line that was not whole. */
static firn_status wait_for_line(firn_http_head *head, size_t size)
{
    if (head->stage == STAGE_REFUSED)
        return FIRN_CORRUPT;
    if (size > head->limits.head_bytes) {
        bool first = head->stage < STAGE_FIELDS && head->kind == FIRN_HTTP_REQUEST;
        refuse(head, first ? 414 : 431, first ? "the target is too long" : "the head is too long");
        return FIRN_CORRUPT;
    }
    head->seen = (uint32_t)size;
    return FIRN_END_OF_DATA;
}

FIRN_SCAN_TARGET firn_status LINES_NAME(firn_http_head *head, const uint8_t *data, size_t size)
{
    while (head->stage < STAGE_DONE) {
        const uint8_t *at = data + head->line, *end = data + size;
        const uint8_t *lf = NULL;
        if (head->seen > head->line) {
            lf = memchr(data + head->seen, '\n', size - head->seen);
            if (lf == NULL)
                return wait_for_line(head, size);
            end = lf + 1;
        }
        const uint8_t *next = parse_line(head, data, at, end);
        if (next == NULL && head->stage != STAGE_REFUSED && lf == NULL)
            lf = memchr(at, '\n', (size_t)(end - at));
        if (next == NULL && head->stage != STAGE_REFUSED && lf != NULL) {
            if (head->field_count == head->field_capacity && head->stage == STAGE_FIELDS)
                return FIRN_LIMIT;
            refuse(head, 400, "a line that ends too early");
        }
        if (next == NULL)
            return wait_for_line(head, size);
        head->line = (uint32_t)(next - data);
    }
    return head->stage == STAGE_DONE ? FIRN_OK : FIRN_CORRUPT;
}
