/* Responses from hostile bytes: what the parser for the machine makes of a head, that for any
 * machine does too, cutting the bytes anywhere changes nothing, and all that it tells lies inside
 * of them. The first byte says where they are cut, and to which method they answer. */
#include "support/http_messages.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check(bool holds)
{
    if (!holds)
        abort();
}

static void check_inside(firn_http_text text, size_t size)
{
    check(text.offset <= size && text.size <= size - text.offset);
}

struct response {
    firn_http_head head;
    firn_http_field fields[MESSAGE_FIELDS];
    firn_status status;
};

static void parse(struct response *response, firn_http_lines_fn *lines, const char *data,
                  size_t size)
{
    response->status = firn_http_head_parse_by(lines, &response->head, data, size);
}

static void begin(struct response *response, uint8_t first)
{
    static const firn_http_method methods[] = {FIRN_HTTP_GET, FIRN_HTTP_HEAD, FIRN_HTTP_CONNECT,
                                               FIRN_HTTP_POST};
    check(firn_http_head_begin(&response->head, FIRN_HTTP_RESPONSE, NULL, response->fields,
                               MESSAGE_FIELDS) == FIRN_OK);
    response->head.method = methods[first >> 6];
}

static void check_same(const struct response *a, const struct response *b)
{
    check(a->status == b->status && a->head.refusal == b->head.refusal);
    if (a->status != FIRN_OK)
        return;
    check(a->head.size == b->head.size && a->head.status == b->head.status &&
          a->head.body == b->head.body && a->head.length == b->head.length &&
          a->head.keep_alive == b->head.keep_alive && a->head.field_count == b->head.field_count);
    check(memcmp(a->fields, b->fields, a->head.field_count * sizeof a->fields[0]) == 0);
}

static void check_head(const struct response *response, size_t size)
{
    const firn_http_head *head = &response->head;
    check(head->size <= size && head->status >= 100 && head->status <= 599);
    check_inside(head->reason, head->size);
    for (uint32_t i = 0; i < head->field_count; i++) {
        check_inside(response->fields[i].name, head->size);
        check_inside(response->fields[i].value, head->size);
    }
    check(head->body != FIRN_HTTP_BODY_LENGTH || head->length > 0);
    check(head->body != FIRN_HTTP_BODY_CLOSE || !head->keep_alive);
    check(head->method != FIRN_HTTP_HEAD || head->body == FIRN_HTTP_BODY_NONE);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static char text[1 << 16];
    static struct response whole, plain, cut;
    if (size < 1)
        return 0;
    const uint8_t first = data[0];
    size = size - 1 < sizeof text - 1 ? size - 1 : sizeof text - 1;
    memcpy(text, data + 1, size);
    text[size++] = '\n'; /* as in fuzz_http_message.c */
    firn_http_lines_fn *lines = firn_http_lines_plain;
#if defined(__x86_64__)
    if (__builtin_cpu_supports("avx2"))
        lines = firn_http_lines_avx2;
#endif
    begin(&whole, first);
    begin(&plain, first);
    begin(&cut, first);
    parse(&whole, lines, text, size);
    parse(&plain, firn_http_lines_plain, text, size);
    cut.status = FIRN_END_OF_DATA;
    for (size_t at = 0; at < size && cut.status == FIRN_END_OF_DATA; at += (first & 63) + 1u)
        parse(&cut, lines, text, at);
    if (cut.status == FIRN_END_OF_DATA)
        parse(&cut, lines, text, size);
    check_same(&whole, &plain);
    check_same(&whole, &cut);
    if (whole.status == FIRN_OK)
        check_head(&whole, size);
    return 0;
}
