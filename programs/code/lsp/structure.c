/* textDocument/foldingRange and selectionRange: the shape of the tree alone. */
#include "code/lsp/session.h"

#define FOLDS_MAX 20000u
#define CHAIN_MAX 200u /* ranges around a place */
#define SPOTS_MAX 1000u

/* --- folding --- */

/* What a fold is of: its kind in the protocol, "" for code; NULL for what does not fold. */
static const char *fold_kind(const struct source *source, uint32_t node)
{
    const firn_node *nodes = source->nodes.node;
    const char *label = source_label(source, node);
    if (strstr(label, "comment") != NULL)
        return "comment";
    if (nodes[node].next <= node + 2)
        return NULL;
    if (strstr(label, "block") != NULL || strstr(label, "suite") != NULL ||
        strstr(label, "string") != NULL)
        return "";
    uint32_t last = node + 1;
    while (nodes[last].next < nodes[node].next)
        last = nodes[last].next;
    static const char *const ends[] = {"}", "]", ")", "end", "fi", "done", "esac", "#endif"};
    const char *end = source_label(source, last);
    for (size_t i = 0; i < sizeof ends / sizeof ends[0]; i++)
        if (strcmp(ends[i], end) == 0)
            return "";
    return NULL;
}

/* Whether the last line of a fold should stay in sight: a bracket begins or ends it. */
static bool ends_with_bracket(const struct source *source, uint32_t end)
{
    return end > 0 && strchr("}])", source->text[end - 1]) != NULL;
}

static void write_fold(struct out *out, uint32_t first, uint32_t last, const char *kind)
{
    out_open(out, '{');
    out_key(out, "startLine");
    out_number(out, first);
    out_key(out, "endLine");
    out_number(out, last);
    if (kind[0] != '\0') {
        out_key(out, "kind");
        out_text(out, kind);
    }
    out_close(out, '{');
}

/* Lines that a comment spans; a run of comments to the ends of their lines is one. */
static uint32_t comment_end(const struct source *source, uint32_t node, uint32_t *ret_next)
{
    const firn_node *nodes = source->nodes.node;
    uint32_t last = node;
    for (uint32_t next = nodes[node].next; next < source->nodes.count; next = nodes[next].next) {
        bool follows =
            rows_at(source->rows, nodes[next].start) == rows_at(source->rows, nodes[last].end) + 1;
        if (strcmp(source_label(source, next), source_label(source, node)) != 0 || !follows)
            break;
        last = next;
    }
    *ret_next = nodes[last].next;
    return nodes[last].end;
}

/* The line of a node's last byte: one that includes its line's end does not reach the next line. */
static uint32_t last_line(const struct source *source, uint32_t start, uint32_t end)
{
    while (end > start && strchr("\r\n", source->text[end - 1]) != NULL)
        end--;
    return rows_at(source->rows, end);
}

firn_status answer_folding(struct session *session, const json_t *params, struct out *out,
                           firn_error *ret_error)
{
    struct source *source;
    firn_status status = session_source(session, params, &source, ret_error);
    if (status == FIRN_OK)
        status = source_nodes(source, ret_error);
    if (status != FIRN_OK)
        return status;
    const firn_node *nodes = source->nodes.node;
    uint32_t folded = UINT32_MAX; /* the line that the last fold begins at: the outermost stays */
    unsigned count = 0;
    out_open(out, '[');
    for (uint32_t i = 1, next; i < source->nodes.count && count < FOLDS_MAX; i = next) {
        const uint32_t first = rows_at(source->rows, nodes[i].start);
        uint32_t end = nodes[i].end;
        next = i + 1;
        if (first == folded || rows_at(source->rows, end) == first)
            if (strstr(source_label(source, i), "comment") == NULL)
                continue;
        const char *kind = fold_kind(source, i);
        if (kind == NULL)
            continue;
        if (strcmp(kind, "comment") == 0)
            end = comment_end(source, i, &next);
        uint32_t last = last_line(source, nodes[i].start, end);
        if (kind[0] == '\0' && ends_with_bracket(source, end) && last > first)
            last--;
        if (last <= first || first == folded)
            continue;
        write_fold(out, first, last, kind);
        folded = first;
        count++;
    }
    out_close(out, '[');
    return FIRN_OK;
}

/* --- selection --- */

/* The nodes around an offset, root first, without those that span the same; how many. */
static size_t find_chain(const struct source *source, uint32_t offset, uint32_t chain[CHAIN_MAX])
{
    const firn_node *nodes = source->nodes.node;
    size_t count = 0;
    if (source->nodes.count == 0)
        return 0;
    for (uint32_t node = 0; node != UINT32_MAX;) {
        bool is_same = count > 0 && nodes[chain[count - 1]].start == nodes[node].start &&
                       nodes[chain[count - 1]].end == nodes[node].end;
        if (!is_same && count < CHAIN_MAX)
            chain[count++] = node;
        uint32_t inner = UINT32_MAX;
        for (uint32_t child = node + 1; child < nodes[node].next; child = nodes[child].next) {
            if (nodes[child].start > offset)
                break;
            if (offset <= nodes[child].end && nodes[child].end > nodes[child].start)
                inner = child; /* at the edge of two the right one */
        }
        node = inner;
    }
    return count;
}

/* Whether the root does not reach to an offset: blanks before and behind everything. */
static bool is_outside(const struct source *source, uint32_t offset)
{
    const firn_node *root = &source->nodes.node[0];
    return offset < root->start || offset > root->end;
}

static void write_chain(struct out *out, const struct source *source, uint32_t offset)
{
    uint32_t chain[CHAIN_MAX];
    const size_t count = find_chain(source, offset, chain);
    if (count == 0 || is_outside(source, offset)) {
        out_open(out, '{');
        out_key(out, "range");
        out_range(out, source, offset, offset);
        out_close(out, '{');
        return;
    }
    for (size_t i = count; i-- > 0;) {
        const firn_node *node = &source->nodes.node[chain[i]];
        out_open(out, '{');
        out_key(out, "range");
        out_range(out, source, node->start, node->end);
        if (i > 0)
            out_key(out, "parent");
    }
    for (size_t i = 0; i < count; i++)
        out_close(out, '{');
}

firn_status answer_selection(struct session *session, const json_t *params, struct out *out,
                             firn_error *ret_error)
{
    const json_t *spots = member_path(params, "positions");
    struct source *source;
    if (!json_is_array(spots) || json_array_size(spots) > SPOTS_MAX)
        return firn_error_set(ret_error, FIRN_INVALID, 0, "positions is no list of up to %u",
                              SPOTS_MAX);
    firn_status status = session_source(session, params, &source, ret_error);
    if (status == FIRN_OK)
        status = source_nodes(source, ret_error);
    if (status != FIRN_OK)
        return status;
    out_open(out, '[');
    for (size_t i = 0; i < json_array_size(spots); i++) {
        struct spot spot;
        if (!session_spot(json_array_get(spots, i), &spot))
            return firn_error_set(ret_error, FIRN_INVALID, 0, "a position is none");
        write_chain(out, source, source_offset(source, spot));
    }
    out_close(out, '[');
    return FIRN_OK;
}
