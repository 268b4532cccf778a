/* textDocument/hover: the signature of what a name means, and the comment before it or, in Python,
 * the text that its body begins with. */
#include "code/lsp/candidates.h"
#include "code/lsp/locals.h"
#include "code/lsp/session.h"

#define SIGNATURE_MAX_BYTES 1500u
#define COMMENT_MAX_BYTES 3000u
#define SIGNATURE_LINES_MAX 12u

struct span {
    uint32_t start;
    uint32_t end;
};

static bool has_word(const char *label, const char *word)
{
    return strstr(label, word) != NULL;
}

static bool is_body(const char *label, const char *field)
{
    static const char *const bodies[] = {
        "compound_statement", "statement_block",  "block",      "field_declaration_list",
        "declaration_list",   "enumerator_list",  "class_body", "enum_body",
        "interface_body",     "enum_variant_list"};
    if (strcmp(field, "body") == 0)
        return true;
    for (size_t i = 0; i < sizeof bodies / sizeof bodies[0]; i++)
        if (strcmp(bodies[i], label) == 0)
            return true;
    return false;
}

/* The child of a definition's node that is its body; UINT32_MAX when it has none. */
static uint32_t find_body(const struct source *source, uint32_t whole)
{
    const firn_node *nodes = source->nodes.node;
    for (uint32_t child = whole + 1; child < nodes[whole].next; child = nodes[child].next) {
        const firn_field field = source_field(source, child);
        const char *name = field == 0 ? "" : firn_family_field_name(source->family, field);
        if (is_body(source_label(source, child), name))
            return child;
    }
    return UINT32_MAX;
}

/* Cuts a span to some lines and bytes, not within a character. */
static struct span cut(const struct source *source, struct span span, size_t bytes, unsigned lines)
{
    uint32_t end = span.start;
    for (; end < span.end && end - span.start < bytes; end++)
        if (source->text[end] == '\n' && --lines == 0)
            break;
    while (end < span.end && end > span.start && ((unsigned char)source->text[end] & 0xc0) == 0x80)
        end--;
    span.end = end;
    while (span.end > span.start && strchr(" \t\r\n", source->text[span.end - 1]) != NULL)
        span.end--;
    return span;
}

static struct span find_signature(const struct source *source, uint32_t whole)
{
    const firn_node *node = &source->nodes.node[whole];
    const uint32_t body = find_body(source, whole);
    struct span span = {node->start,
                        body == UINT32_MAX ? node->end : source->nodes.node[body].start};
    if (span.end <= span.start)
        span.end = node->end;
    return cut(source, span, SIGNATURE_MAX_BYTES, SIGNATURE_LINES_MAX);
}

/* --- the comment --- */

static uint32_t sibling_before(const struct source *source, uint32_t node)
{
    const uint32_t parent = source->parents[node];
    uint32_t before = UINT32_MAX;
    if (parent == UINT32_MAX)
        return before;
    for (uint32_t child = parent + 1; child < node; child = source->nodes.node[child].next)
        before = child;
    return before;
}

/* Whether between two offsets there is no empty line, and nothing but blanks. */
static bool is_adjacent(const struct source *source, uint32_t from, uint32_t to)
{
    unsigned ends = 0;
    for (uint32_t at = from; at < to; at++) {
        const char byte = source->text[at];
        if (strchr(" \t\r\n", byte) == NULL)
            return false;
        ends += byte == '\n';
    }
    /* A comment to the end of its line may include the line's end. */
    return ends + (from > 0 && source->text[from - 1] == '\n') <= 1;
}

/* Whether a comment has its line for itself, so that it is not about what stands before it. */
static bool is_alone(const struct source *source, uint32_t start)
{
    while (start > 0 && strchr(" \t", source->text[start - 1]) != NULL)
        start--;
    return start == 0 || source->text[start - 1] == '\n';
}

/* What may stand between a definition and its comment. */
static bool is_prefix(const char *label)
{
    return has_word(label, "attribute") || has_word(label, "decorator") ||
           has_word(label, "annotation") || has_word(label, "modifier") ||
           strcmp(label, "export") == 0 || strcmp(label, "default") == 0;
}

/* The comments that stand before a node without an empty line between; empty when there are none.
 */
static struct span find_comment(const struct source *source, uint32_t node)
{
    struct span span = {0, 0};
    const firn_node *nodes = source->nodes.node;
    uint32_t next = nodes[node].start;
    for (uint32_t at = node;;) {
        uint32_t before = sibling_before(source, at);
        if (before == UINT32_MAX) {
            at = source->parents[at];
            if (at == UINT32_MAX || source->parents[at] == UINT32_MAX || span.end > 0)
                return span;
            continue;
        }
        const char *label = source_label(source, before);
        if (has_word(label, "comment") && is_alone(source, nodes[before].start) &&
            is_adjacent(source, nodes[before].end, next)) {
            span.start = nodes[before].start;
            span.end = span.end == 0 ? nodes[before].end : span.end;
        } else if (span.end > 0 || !is_prefix(label)) {
            return span;
        }
        next = nodes[before].start;
        at = before;
    }
}

/* The text that the body of a Python definition begins with. */
static struct span find_docstring(const struct source *source, uint32_t whole)
{
    const firn_node *nodes = source->nodes.node;
    const uint32_t body = find_body(source, whole);
    if (strcmp(source->language->name, "python") != 0 || body == UINT32_MAX ||
        body + 2 >= source->nodes.count || nodes[body].next <= body + 2 ||
        strcmp(source_label(source, body + 1), "expression_statement") != 0 ||
        strcmp(source_label(source, body + 2), "string") != 0)
        return (struct span){0, 0};
    return (struct span){nodes[body + 2].start, nodes[body + 2].end};
}

/* --- the answer --- */

/* A line of a comment without what makes it one. */
static struct span strip(const char *text, struct span line)
{
    while (line.end > line.start && strchr(" \t\r", text[line.end - 1]) != NULL)
        line.end--;
    if (line.end - line.start >= 2 && memcmp(text + line.end - 2, "*/", 2) == 0)
        line.end -= 2;
    if (line.end - line.start >= 3 && memcmp(text + line.end - 3, "\"\"\"", 3) == 0)
        line.end -= 3;
    while (line.end > line.start && strchr(" \t", text[line.end - 1]) != NULL)
        line.end--;
    while (line.start < line.end && strchr(" \t", text[line.start]) != NULL)
        line.start++;
    while (line.start < line.end && strchr("/*#!\"", text[line.start]) != NULL)
        line.start++;
    if (line.start < line.end && text[line.start] == ' ')
        line.start++;
    return line.start < line.end ? line : (struct span){line.start, line.start};
}

static firn_status put_comment(struct bytes *markdown, const struct source *source,
                               struct span comment)
{
    comment = cut(source, comment, COMMENT_MAX_BYTES, UINT32_MAX);
    firn_status status = bytes_put(markdown, "\n", 1);
    for (uint32_t at = comment.start; at < comment.end && status == FIRN_OK;) {
        struct span line = {at, at};
        while (line.end < comment.end && source->text[line.end] != '\n')
            line.end++;
        at = line.end + 1;
        line = strip(source->text, line);
        status = bytes_put(markdown, source->text + line.start, line.end - line.start);
        if (status == FIRN_OK)
            status = bytes_put(markdown, "  \n", 3); /* Markdown keeps the line's end */
    }
    return status;
}

static firn_status put_markdown(struct bytes *markdown, const struct source *source,
                                struct span signature, struct span comment)
{
    const char *language = source->language->name;
    firn_status status = bytes_put(markdown, "```", 3);
    if (status == FIRN_OK)
        status = bytes_put(markdown, language, strlen(language));
    if (status == FIRN_OK)
        status = bytes_put(markdown, "\n", 1);
    if (status == FIRN_OK)
        status =
            bytes_put(markdown, source->text + signature.start, signature.end - signature.start);
    if (status == FIRN_OK)
        status = bytes_put(markdown, "\n```\n", 5);
    return status == FIRN_OK && comment.end > 0 ? put_comment(markdown, source, comment) : status;
}

static firn_status write_hover(struct out *out, const struct source *source,
                               const struct extract_name *name, struct source *target,
                               uint32_t whole, firn_error *ret_error)
{
    struct bytes markdown = {.allocator = source->workspace->allocator};
    firn_status status = source_parents(target, ret_error);
    if (status != FIRN_OK)
        return status;
    struct span comment = find_docstring(target, whole);
    if (comment.end == 0)
        comment = find_comment(target, whole);
    status = put_markdown(&markdown, target, find_signature(target, whole), comment);
    if (status == FIRN_OK) {
        out_open(out, '{');
        out_key(out, "contents");
        out_open(out, '{');
        out_key(out, "kind");
        out_text(out, "markdown");
        out_key(out, "value");
        out_text_sized(out, (const char *)markdown.data, markdown.size);
        out_close(out, '{');
        out_key(out, "range");
        out_range(out, source, name->start, name->end);
        out_close(out, '{');
    }
    bytes_fini(&markdown);
    return status;
}

/* The first candidate that is still there. */
static firn_status hover_candidate(struct session *session, const struct candidates *candidates,
                                   const struct source *source, const struct extract_name *name,
                                   struct out *out, firn_error *ret_error)
{
    for (size_t i = 0; i < candidates->count && i < 8; i++) {
        struct source *target;
        uint32_t offset;
        firn_status status = candidate_open(&candidates->items[i], &session->sources,
                                            &session->workspace, source->text + name->start,
                                            name->end - name->start, &target, &offset, NULL);
        if (status == FIRN_OK)
            status = source_names(target, NULL);
        for (size_t at = 0; status == FIRN_OK && at < target->name_count; at++)
            if (target->names[at].is_definition && target->names[at].start == offset)
                return write_hover(out, source, name, target, target->names[at].whole, ret_error);
        if (status == FIRN_NO_MEMORY || status == FIRN_CHANGED)
            return status;
    }
    return FIRN_OK;
}

firn_status answer_hover(struct session *session, const json_t *params, struct out *out,
                         firn_error *ret_error)
{
    struct source *source;
    const struct extract_name *name;
    struct locals locals;
    struct candidates candidates;
    firn_status status = session_name(session, params, &source, &name, ret_error);
    if (status != FIRN_OK || name == NULL)
        return status;
    status = locals_find(source, source->text + name->start, name->end - name->start, &locals,
                         ret_error);
    if (status != FIRN_OK)
        return status;
    const struct local *local = locals_resolve(&locals, source, name);
    if (local != NULL)
        return write_hover(out, source, name, source, local->binder, ret_error);
    status = candidates_init(&candidates, session->workspace.allocator);
    if (status != FIRN_OK)
        return status;
    status = candidates_find(&candidates, &session->sources, source, name, false, ret_error);
    if (status == FIRN_OK)
        status = hover_candidate(session, &candidates, source, name, out, ret_error);
    candidates_fini(&candidates);
    return status;
}
