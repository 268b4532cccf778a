/* `firn code at`: the smallest node at a place, found from the nearest checkpoint of the packed
 * tree, the nodes around it, and the definition that it is part of. */
#include "code/spot.h"
#include "code/with_file.h"

#define DIGITS_MAX 10u /* of a 32-bit number */

/* Reads ":NUMBER" off the end of text, whose *size gets smaller. */
static bool take_number(const char *text, size_t *size, uint32_t *ret_value)
{
    size_t at = *size;
    uint64_t value = 0, unit = 1;
    for (; at > 0 && text[at - 1] >= '0' && text[at - 1] <= '9' && *size - at < DIGITS_MAX; at--) {
        value += unit * (uint64_t)(text[at - 1] - '0');
        unit *= 10;
    }
    if (at == 0 || at == *size || text[at - 1] != ':' || text[at] == '0' || value > UINT32_MAX)
        return false;
    *size = at - 1;
    *ret_value = (uint32_t)(value - 1);
    return true;
}

/* Reads FILE:LINE:COLUMN; returns the size of FILE, 0 when text is something else. */
static size_t parse_place(const char *text, firn_point *ret_point)
{
    size_t size = strlen(text);
    return take_number(text, &size, &ret_point->column) && take_number(text, &size, &ret_point->row)
               ? size
               : 0;
}

static void emit_node(struct emitter *emitter, const struct view *view, const firn_path_node *node)
{
    const firn_family *family = view->loaded.language->family;
    const firn_label label = firn_edge_label(family, node->edge);
    const firn_field field = firn_edge_field(family, node->edge);
    const firn_point start = firn_lines_point(&view->lines, node->start);
    const firn_point end = firn_lines_point(&view->lines, node->end);
    emitter_text(emitter, "kind", firn_family_label_name(family, label));
    emitter_flag(emitter, "named", firn_family_label_named(family, label));
    emitter_text(emitter, "field", field == 0 ? "-" : firn_family_field_name(family, field));
    emitter_number(emitter, "index", node->index);
    emitter_number(emitter, "start_byte", node->start);
    emitter_number(emitter, "end_byte", node->end);
    emitter_number(emitter, "start_row", start.row);
    emitter_number(emitter, "start_column", start.column);
    emitter_number(emitter, "end_row", end.row);
    emitter_number(emitter, "end_column", end.column);
}

static void emit_json(struct emitter *emitter, const struct view *view, const struct spot *spot)
{
    const struct extract_name *around = &spot->definition;
    emitter_path(emitter, "path", view->file.path);
    emitter_object_begin(emitter, "node");
    emit_node(emitter, view, &spot->path[spot->depth - 1]);
    emitter_object_end(emitter);
    emitter_array_begin(emitter, "ancestors");
    for (size_t i = spot->depth - 1; i-- > 0;) {
        emitter_object_begin(emitter, NULL);
        emit_node(emitter, view, &spot->path[i]);
        emitter_object_end(emitter);
    }
    emitter_array_end(emitter);
    if (!spot->has_definition)
        return;
    emitter_object_begin(emitter, "definition");
    emitter_text_sized(emitter, "name", view->loaded.text + around->start,
                       around->end - around->start);
    emitter_text(emitter, "kind", kind_name((enum kind)around->kind));
    emit_point(emitter, firn_lines_point(&view->lines, around->start));
    emitter_object_end(emitter);
}

static void print_node(struct emitter *emitter, const struct view *view, const firn_path_node *node)
{
    const firn_family *family = view->loaded.language->family;
    const firn_label label = firn_edge_label(family, node->edge);
    const firn_field field = firn_edge_field(family, node->edge);
    const char *kind = firn_family_label_name(family, label);
    const char *quote = firn_family_label_named(family, label) ? "" : "\"";
    const firn_point end = firn_lines_point(&view->lines, node->end);
    const firn_point start = firn_lines_point(&view->lines, node->start);
    print_place(emitter, view->file.path, start.row, start.column);
    if (field != 0)
        emitter_plain(emitter, "%s: ", firn_family_field_name(family, field));
    emitter_plain(emitter, "%s", quote);
    emitter_plain_name(emitter, kind, strlen(kind));
    emitter_plain(emitter, "%s to %u:%u\n", quote, end.row + 1, end.column + 1);
}

static void print_plain(struct emitter *emitter, const struct view *view, const struct spot *spot)
{
    const struct extract_name *around = &spot->definition;
    print_node(emitter, view, &spot->path[spot->depth - 1]);
    for (size_t i = spot->depth - 1; i-- > 0;) {
        emitter_plain(emitter, "  in ");
        print_node(emitter, view, &spot->path[i]);
    }
    if (!spot->has_definition)
        return;
    firn_point point = firn_lines_point(&view->lines, around->start);
    emitter_plain(emitter, "part of\n  ");
    print_place(emitter, view->file.path, point.row, point.column);
    emitter_plain(emitter, "%s ", kind_name((enum kind)around->kind));
    emitter_plain_name(emitter, view->loaded.text + around->start, around->end - around->start);
    emitter_plain(emitter, "\n");
}

static firn_status show_place(const struct question *question, struct view *view,
                              struct emitter *emitter, firn_error *ret_error)
{
    firn_point point;
    struct spot spot;
    (void)parse_place(question->operand, &point);
    uint32_t offset = firn_lines_offset(&view->lines, point, view->loaded.text_size);
    firn_status status =
        offset == UINT32_MAX ? FIRN_NOT_FOUND : spot_find(view, offset, &spot, ret_error);
    if (status == FIRN_NOT_FOUND)
        return firn_error_set(ret_error, status, 0, "%s:%llu:%llu: there is no node at this place",
                              view->file.path, point.row + 1ull, point.column + 1ull);
    if (status != FIRN_OK)
        return status;
    emitter_object_begin(emitter, NULL);
    if (emitter->json)
        emit_json(emitter, view, &spot);
    else
        print_plain(emitter, view, &spot);
    emitter_object_end(emitter);
    spot_fini(view, &spot);
    return FIRN_OK;
}

bool is_place(const char *operand)
{
    firn_point point;
    return parse_place(operand, &point) > 0;
}

firn_status answer_at(struct opened *opened, const struct question *question,
                      struct emitter *emitter, struct outcome *outcome, firn_error *ret_error)
{
    firn_point point;
    const size_t size = parse_place(question->operand, &point);
    (void)outcome;
    if (size == 0)
        return firn_error_set(ret_error, FIRN_INVALID, 0,
                              "%s: not of the form FILE:LINE:COLUMN, which count from 1",
                              question->operand);
    char *path = firn_allocate(opened->allocator, size + 1);
    if (path == NULL)
        return firn_error_set(ret_error, FIRN_NO_MEMORY, 0, "out of memory");
    memcpy(path, question->operand, size);
    path[size] = '\0';
    firn_status status =
        with_file(opened, question, path, VIEW_PARTIAL, show_place, emitter, ret_error);
    firn_release(opened->allocator, path, size + 1);
    return status;
}
