/* textDocument/documentSymbol: what a file defines, nested as it is. A definition is inside another
 * when its whole node is inside the other's. */
#include <stdlib.h>

#include "code/lsp/session.h"

#define DEPTH_MAX 64u /* deeper ones stand beside those of this depth */

struct symbols {
    const struct source *source;
    struct out *out;
    const struct extract_name **items; /* by their whole nodes, then by their names */
    size_t count;
};

static int by_whole(const void *left, const void *right)
{
    const struct extract_name *a = *(const struct extract_name *const *)left;
    const struct extract_name *b = *(const struct extract_name *const *)right;
    if (a->whole != b->whole)
        return a->whole < b->whole ? -1 : 1;
    return (a->start > b->start) - (a->start < b->start);
}

static void begin_symbol(const struct symbols *symbols, const struct extract_name *item)
{
    const struct source *source = symbols->source;
    struct out *out = symbols->out;
    out_open(out, '{');
    out_key(out, "name");
    out_text_sized(out, source->text + item->start, item->end - item->start);
    out_key(out, "kind");
    out_number(out, symbol_kind(item->kind));
    out_key(out, "detail");
    out_text(out, kind_name((enum kind)item->kind));
}

/* The symbols in a tree: {…,"children":[{…}]}. */
static void write_nested(const struct symbols *symbols)
{
    const firn_node *nodes = symbols->source->nodes.node;
    struct out *out = symbols->out;
    uint32_t open[DEPTH_MAX]; /* the whole nodes around */
    size_t depth = 0;
    for (size_t i = 0; i < symbols->count; i++) {
        const struct extract_name *item = symbols->items[i];
        while (depth > 0 && (nodes[open[depth - 1]].next <= item->whole ||
                             open[depth - 1] == item->whole || depth == DEPTH_MAX)) {
            out_close(out, '[');
            out_close(out, '{');
            depth--;
        }
        begin_symbol(symbols, item);
        out_key(out, "range");
        out_range(out, symbols->source, nodes[item->whole].start, nodes[item->whole].end);
        out_key(out, "selectionRange");
        out_range(out, symbols->source, item->start, item->end);
        out_key(out, "children");
        out_open(out, '[');
        open[depth++] = item->whole;
    }
    for (; depth > 0; depth--) {
        out_close(out, '[');
        out_close(out, '{');
    }
}

static void write_flat(const struct symbols *symbols)
{
    const firn_node *nodes = symbols->source->nodes.node;
    for (size_t i = 0; i < symbols->count; i++) {
        const struct extract_name *item = symbols->items[i];
        begin_symbol(symbols, item);
        out_key(symbols->out, "location");
        out_location(symbols->out, symbols->source, nodes[item->whole].start,
                     nodes[item->whole].end);
        out_close(symbols->out, '{');
    }
}

firn_status answer_document_symbol(struct session *session, const json_t *params, struct out *out,
                                   firn_error *ret_error)
{
    const firn_allocator *allocator = session->workspace.allocator;
    struct symbols symbols = {.out = out};
    struct source *source;
    firn_status status = session_source(session, params, &source, ret_error);
    if (status == FIRN_OK)
        status = source_names(source, ret_error);
    if (status != FIRN_OK)
        return status;
    symbols.source = source;
    const size_t bytes = (source->name_count + 1) * sizeof *symbols.items;
    symbols.items = firn_allocate(allocator, bytes);
    if (symbols.items == NULL)
        return FIRN_NO_MEMORY;
    for (size_t i = 0; i < source->name_count; i++)
        if (source->names[i].is_definition)
            symbols.items[symbols.count++] = &source->names[i];
    if (symbols.count > 1)
        qsort(symbols.items, symbols.count, sizeof *symbols.items, by_whole);
    out_open(out, '[');
    if (session->has_hierarchy)
        write_nested(&symbols);
    else
        write_flat(&symbols);
    out_close(out, '[');
    firn_release(allocator, symbols.items, bytes);
    return FIRN_OK;
}
