/* Messages of HTTP from hostile bytes: what the parser for the machine makes of a connection, that
 * for any machine does too, and cutting the bytes anywhere changes nothing. The first byte says
 * where they are cut. A line end is put behind them, since a line that is not whole is refused when
 * it is seen to be wrong at once, or when its end comes. */
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

static void begin(struct reading *reading, firn_http_lines_fn *lines)
{
    *reading = (struct reading){.lines = lines};
    reading_begin(reading, FIRN_HTTP_REQUEST);
}

static void check_same(const struct reading *a, const struct reading *b)
{
    check(a->answered == b->answered && a->refusal == b->refusal && a->where == b->where);
    check(a->refusal != 0 || (a->start == b->start && a->left == b->left));
}

static void read_response(const char *data, size_t size)
{
    firn_http_head head;
    firn_http_field fields[MESSAGE_FIELDS];
    check(firn_http_head_begin(&head, FIRN_HTTP_RESPONSE, NULL, fields, MESSAGE_FIELDS) == FIRN_OK);
    if (firn_http_head_parse(&head, data, size) != FIRN_OK)
        return;
    check(head.size <= size);
    check_inside(head.reason, head.size);
    for (uint32_t i = 0; i < head.field_count; i++) {
        check_inside(fields[i].name, head.size);
        check_inside(fields[i].value, head.size);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct reading whole, plain, cut;
    if (size < 1)
        return 0;
    static char text[1 << 16];
    const size_t step = data[0];
    size = size - 1 < sizeof text - 1 ? size - 1 : sizeof text - 1;
    memcpy(text, data + 1, size);
    text[size++] = '\n';
    read_response(text, size);
    firn_http_lines_fn *lines = firn_http_lines_plain;
#if defined(__x86_64__)
    if (__builtin_cpu_supports("avx2"))
        lines = firn_http_lines_avx2;
#endif
    begin(&whole, lines);
    begin(&plain, firn_http_lines_plain);
    begin(&cut, lines);
    reading_go_on(&whole, text, size);
    reading_go_on(&plain, text, size);
    for (size_t at = 0; at < size; at += step + 1)
        reading_go_on(&cut, text, at);
    reading_go_on(&cut, text, size);
    check_same(&whole, &plain);
    check_same(&whole, &cut);
    return 0;
}
