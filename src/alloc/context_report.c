/* A context's figures as text and as JSON, into a buffer of the caller's. Called by the program;
 * calls context_stats.c and the heap's figures.
 *
 * Threads: one, for each context. Memory: none. Complexity: O(types), and that of the figures.
 */
#include "alloc/context.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#define NAME_COLUMNS 24

/* What a text goes to; length counts on beyond what fits. */
struct out {
    char *buffer;
    size_t capacity, length;
};

struct facts {
    const struct context *context;
    firn_usage usage;
    bool collected;
    firn_heap_stats heap;
};

static void put(struct out *out, const char *text, size_t size)
{
    if (out->length + 1 < out->capacity) {
        size_t room = out->capacity - out->length - 1;
        memcpy(out->buffer + out->length, text, size < room ? size : room);
    }
    out->length += size;
}

FIRN_PRINTF(2, 3) static void put_format(struct out *out, const char *format, ...)
{
    char text[256];
    va_list arguments;
    va_start(arguments, format);
    int length = vsnprintf(text, sizeof text, format, arguments);
    va_end(arguments);
    if (length > 0)
        put(out, text, (size_t)length < sizeof text ? (size_t)length : sizeof text - 1);
}

/* --- text --- */

static void put_text_figures(struct out *out, const struct facts *facts)
{
    const firn_usage *usage = &facts->usage;
    put_format(out, "mode %s: %" PRIu64 " bytes live, %" PRIu64 " overhead, %" PRIu64 " reserved, ",
               firn_mode_name(facts->context->mode), usage->live_bytes, usage->overhead_bytes,
               usage->reserved_bytes);
    if (facts->context->limit_bytes != 0)
        put_format(out, "limit %zu\n", facts->context->limit_bytes);
    else
        put_format(out, "no limit\n");
    if (facts->collected)
        put_format(out,
                   "collections: %" PRIu64 " minor, %" PRIu64 " full, %" PRIu64
                   " compacting; pauses: %" PRIu64 ", the longest %.3f ms\n",
                   facts->heap.minor_count, facts->heap.full_count, facts->heap.compact_count,
                   facts->heap.all.count, (double)facts->heap.all.longest_ns / 1e6);
}

static void put_text_row(struct out *out, const struct facts *facts, size_t index)
{
    const firn_context_type_stats row = firn_context_row(&facts->context->types[index]);
    size_t length = strlen(row.name);
    put(out, row.name, length);
    if (length < NAME_COLUMNS)
        put_format(out, "%*s", (int)(NAME_COLUMNS - length), "");
    if (facts->collected || facts->context->counted)
        put_format(out, " %12" PRIu64 " %14" PRIu64, row.live_count, row.live_bytes);
    if (facts->context->counted)
        put_format(out, " %12" PRIu64 " %14" PRIu64, row.total_count, row.total_bytes);
    put(out, "\n", 1);
}

static void put_text(struct out *out, const struct facts *facts)
{
    const struct context *context = facts->context;
    put_text_figures(out, facts);
    put_format(out, "%-*s", NAME_COLUMNS, "type");
    if (facts->collected || context->counted)
        put_format(out, " %12s %14s", "live", "bytes");
    if (context->counted)
        put_format(out, " %12s %14s", "total", "bytes");
    put(out, "\n", 1);
    for (size_t i = 0; i < context->type_count; i++)
        put_text_row(out, facts, i);
}

/* --- JSON --- */

/* Bytes of the UTF-8 sequence at text, 0 when it is none; the final NUL is none. */
static size_t utf8_length(const unsigned char *text)
{
    static const unsigned char least[] = {0xc2, 0xa0, 0x90}; /* of a lead byte, then second bytes */
    unsigned char lead = text[0], second_min = 0x80, second_max = 0xbf;
    if (lead < 0x80)
        return lead != 0;
    size_t length = lead < 0xe0 ? 2 : lead < 0xf0 ? 3 : 4;
    if (lead < least[0] || lead > 0xf4)
        return 0;
    second_min = lead == 0xe0 ? least[1] : lead == 0xf0 ? least[2] : second_min;
    second_max = lead == 0xed ? 0x9f : lead == 0xf4 ? 0x8f : second_max;
    if (text[1] < second_min || text[1] > second_max)
        return 0;
    for (size_t i = 2; i < length; i++) {
        if ((text[i] & 0xc0) != 0x80)
            return 0;
    }
    return length;
}

static void put_json_text(struct out *out, const char *text)
{
    put(out, "\"", 1);
    while (*text != '\0') {
        unsigned char byte = (unsigned char)*text;
        size_t length = utf8_length((const unsigned char *)text);
        if (length == 0)
            put(out, "\\ufffd", 6);
        else if (byte < 0x20)
            put_format(out, "\\u%04x", byte);
        else {
            if (byte == '"' || byte == '\\')
                put(out, "\\", 1);
            put(out, text, length);
        }
        text += length > 0 ? length : 1;
    }
    put(out, "\"", 1);
}

static void put_json_figures(struct out *out, const struct facts *facts)
{
    const firn_usage *usage = &facts->usage;
    put_format(out,
               "{\"mode\":\"%s\",\"limit_bytes\":%zu,\"live_bytes\":%" PRIu64
               ",\"overhead_bytes\":%" PRIu64 ",\"reserved_bytes\":%" PRIu64
               ",\"resident_bytes\":%" PRIu64,
               firn_mode_name(facts->context->mode), facts->context->limit_bytes, usage->live_bytes,
               usage->overhead_bytes, usage->reserved_bytes, usage->resident_bytes);
    if (facts->collected)
        put_format(out,
                   ",\"minor_count\":%" PRIu64 ",\"full_count\":%" PRIu64
                   ",\"compact_count\":%" PRIu64 ",\"pause_count\":%" PRIu64
                   ",\"longest_pause_ns\":%" PRIu64,
                   facts->heap.minor_count, facts->heap.full_count, facts->heap.compact_count,
                   facts->heap.all.count, facts->heap.all.longest_ns);
}

static void put_json_row(struct out *out, const struct facts *facts, size_t index)
{
    const firn_context_type_stats row = firn_context_row(&facts->context->types[index]);
    put_format(out, "{\"name\":");
    put_json_text(out, row.name);
    if (facts->collected || facts->context->counted)
        put_format(out, ",\"live_count\":%" PRIu64 ",\"live_bytes\":%" PRIu64, row.live_count,
                   row.live_bytes);
    if (facts->context->counted)
        put_format(out, ",\"total_count\":%" PRIu64 ",\"total_bytes\":%" PRIu64, row.total_count,
                   row.total_bytes);
    put(out, "}", 1);
}

static void put_json(struct out *out, const struct facts *facts)
{
    put_json_figures(out, facts);
    put_format(out, ",\"types\":[");
    for (size_t i = 0; i < facts->context->type_count; i++) {
        if (i > 0)
            put(out, ",", 1);
        put_json_row(out, facts, i);
    }
    put_format(out, "]}\n");
}

/* --- */

size_t firn_context_report(firn_context *front, firn_report form, char *buffer, size_t capacity)
{
    struct out out = {buffer, capacity, 0};
    struct facts facts = {.context = context_of(front), .collected = front->heap != NULL};
    if ((unsigned)form > FIRN_REPORT_JSON)
        return 0;
    firn_context_usage(front, &facts.usage);
    firn_context_count(context_of(front));
    if (facts.collected)
        firn_heap_stats_get(front->heap, &facts.heap);
    if (form == FIRN_REPORT_TEXT)
        put_text(&out, &facts);
    else
        put_json(&out, &facts);
    if (capacity > 0)
        buffer[out.length < capacity ? out.length : capacity - 1] = '\0';
    return out.length;
}
