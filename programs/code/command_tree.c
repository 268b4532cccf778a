/* `firn code tree`: all nodes of a file, in preorder: indented for people, one a line for scripts,
 * or JSON. */
#include "code/with_file.h"

/* What is printed of a node. */
struct shown {
    unsigned depth;
    const char *kind;
    const char *field; /* "-" where there is none */
    char flags[4];
    bool is_named;
    const firn_node *node;
    firn_point start;
    firn_point end;
};

static struct shown node_under(const firn_cursor *cursor, const firn_family *family)
{
    static const char letters[] = {'m', 'e', 'x'};
    static const unsigned bits[] = {FIRN_NODE_MISSING, FIRN_NODE_ERROR, FIRN_NODE_EXTRA};
    const firn_field field = firn_cursor_field(cursor);
    struct shown shown = {.depth = firn_cursor_depth(cursor),
                          .kind = firn_cursor_kind(cursor),
                          .field = field == 0 ? "-" : firn_family_field_name(family, field),
                          .is_named = firn_cursor_named(cursor),
                          .node = firn_cursor_node(cursor),
                          .start = firn_cursor_start_point(cursor),
                          .end = firn_cursor_end_point(cursor)};
    size_t at = 0;
    for (unsigned i = 0; i < 3; i++)
        if ((firn_cursor_flags(cursor) & bits[i]) != 0)
            shown.flags[at++] = letters[i];
    if (at == 0)
        shown.flags[at] = '-';
    return shown;
}

static void print_line(struct emitter *emitter, const struct shown *shown)
{
    emitter_plain(emitter, "%u ", shown->depth);
    print_word(emitter, shown->kind);
    emitter_plain(emitter, " %d %s %u %u %u %u %u %u %s\n", shown->is_named, shown->field,
                  shown->node->start, shown->node->end, shown->start.row, shown->start.column,
                  shown->end.row, shown->end.column, shown->flags);
}

static void print_indented(struct emitter *emitter, const struct shown *shown)
{
    emitter_plain(emitter, "%*s", (int)(2 * (shown->depth < 100 ? shown->depth : 100)), "");
    if (shown->field[0] != '-')
        emitter_plain(emitter, "%s: ", shown->field);
    emitter_plain(emitter, "%s", shown->is_named ? "" : "\"");
    emitter_plain_name(emitter, shown->kind, strlen(shown->kind));
    emitter_plain(emitter, "%s %u:%u-%u:%u", shown->is_named ? "" : "\"", shown->start.row + 1,
                  shown->start.column + 1, shown->end.row + 1, shown->end.column + 1);
    if (strchr(shown->flags, 'm') != NULL)
        emitter_plain(emitter, " missing");
    if (strchr(shown->flags, 'x') != NULL)
        emitter_plain(emitter, " extra");
    emitter_plain(emitter, "\n");
}

static void emit_node(struct emitter *emitter, const struct shown *shown)
{
    emitter_object_begin(emitter, NULL);
    emitter_number(emitter, "depth", shown->depth);
    emitter_text(emitter, "kind", shown->kind);
    emitter_flag(emitter, "named", shown->is_named);
    emitter_text(emitter, "field", shown->field);
    emitter_number(emitter, "start_byte", shown->node->start);
    emitter_number(emitter, "end_byte", shown->node->end);
    emitter_number(emitter, "start_row", shown->start.row);
    emitter_number(emitter, "start_column", shown->start.column);
    emitter_number(emitter, "end_row", shown->end.row);
    emitter_number(emitter, "end_column", shown->end.column);
    emitter_text(emitter, "flags", shown->flags);
    emitter_object_end(emitter);
}

static void print_nodes(bool in_lines, struct emitter *emitter, firn_cursor *cursor,
                        const firn_family *family)
{
    do {
        struct shown shown = node_under(cursor, family);
        if (emitter->json)
            emit_node(emitter, &shown);
        else if (in_lines)
            print_line(emitter, &shown);
        else
            print_indented(emitter, &shown);
    } while (!emitter_failed(emitter) && firn_cursor_next(cursor));
}

static firn_status show_tree(const struct question *question, struct view *view,
                             struct emitter *emitter, firn_error *ret_error)
{
    const firn_family *family = view->loaded.language->family;
    firn_cursor *cursor;
    firn_status status = firn_cursor_create(family, &view->loaded.nodes, &view->lines,
                                            view->opened->allocator, &cursor);
    if (status != FIRN_OK)
        return firn_error_set(ret_error, status, 0, "%s: %s", view->file.path,
                              firn_status_text(status));
    emitter_array_begin(emitter, NULL);
    print_nodes(question->in_lines, emitter, cursor, family);
    emitter_array_end(emitter);
    status = firn_cursor_status(cursor);
    firn_cursor_destroy(cursor);
    return status == FIRN_OK ? FIRN_OK
                             : firn_error_set(ret_error, status, 0, "%s: %s", view->file.path,
                                              firn_status_text(status));
}

firn_status answer_tree(struct opened *opened, const struct question *question,
                        struct emitter *emitter, struct outcome *outcome, firn_error *ret_error)
{
    (void)outcome;
    return with_file(opened, question, question->operand, VIEW_WHOLE, show_tree, emitter,
                     ret_error);
}
