/* `firn code outline`: what a file defines, nested as it is. A definition is inside another when
 * its whole node is inside the other's. */
#include "code/with_file.h"

/* An outline being printed. */
struct outline {
    const struct view *view;
    struct emitter *emitter;
    uint32_t *open; /* the whole nodes of the definitions around, outermost first */
    size_t depth;
    size_t capacity;
};

static void print_definition(const struct outline *outline, const struct extract_name *item)
{
    struct emitter *emitter = outline->emitter;
    const char *text = outline->view->loaded.text + item->start;
    const size_t size = item->end - item->start;
    const firn_node *whole = &outline->view->loaded.nodes.node[item->whole];
    const firn_point point = firn_lines_point(&outline->view->lines, item->start);
    const firn_point end = firn_lines_point(&outline->view->lines, whole->end);
    if (!emitter->json) {
        size_t indent = outline->depth < 50 ? outline->depth : 50;
        emitter_plain(emitter, "%*s%u:%u: %s ", (int)(2 * indent), "", point.row + 1,
                      point.column + 1, kind_name((enum kind)item->kind));
        emitter_plain_name(emitter, text, size);
        emitter_plain(emitter, "\n");
        return;
    }
    emitter_object_begin(emitter, NULL);
    emitter_text_sized(emitter, "name", text, size);
    emitter_text(emitter, "kind", kind_name((enum kind)item->kind));
    emitter_number(emitter, "depth", outline->depth);
    emit_point(emitter, point);
    emitter_number(emitter, "first_line",
                   firn_lines_point(&outline->view->lines, whole->start).row + 1ull);
    emitter_number(emitter, "last_line", end.row + 1ull);
    emitter_object_end(emitter);
}

/* Leaves the definitions that a whole node is not inside of. */
static void leave(struct outline *outline, uint32_t whole)
{
    const firn_node *nodes = outline->view->loaded.nodes.node;
    while (outline->depth > 0) {
        uint32_t around = outline->open[outline->depth - 1];
        if (around < whole && whole < nodes[around].next)
            break;
        outline->depth--;
    }
}

static firn_status print_all(struct outline *outline)
{
    const struct definitions *definitions = &outline->view->definitions;
    const firn_allocator *allocator = outline->view->opened->allocator;
    firn_status status = FIRN_OK;
    for (size_t i = 0; i < definitions->count && !emitter_failed(outline->emitter); i++) {
        const struct extract_name *item = &definitions->items[i];
        void *open = outline->open;
        leave(outline, item->whole);
        if (!firn_grow(allocator, &open, &outline->capacity, outline->depth + 1,
                       sizeof *outline->open)) {
            status = FIRN_NO_MEMORY;
            break;
        }
        outline->open = open;
        print_definition(outline, item);
        outline->open[outline->depth++] = item->whole;
    }
    firn_release(allocator, outline->open, outline->capacity * sizeof *outline->open);
    return status;
}

static firn_status show_outline(const struct question *question, struct view *view,
                                struct emitter *emitter, firn_error *ret_error)
{
    struct outline outline = {.view = view, .emitter = emitter};
    (void)question;
    firn_status status = view_definitions(view, ret_error);
    if (status != FIRN_OK)
        return status;
    emitter_array_begin(emitter, NULL);
    status = print_all(&outline);
    if (status != FIRN_OK)
        return firn_error_set(ret_error, status, 0, "%s: out of memory", view->file.path);
    emitter_array_end(emitter);
    return FIRN_OK;
}

firn_status answer_outline(struct opened *opened, const struct question *question,
                           struct emitter *emitter, struct outcome *outcome, firn_error *ret_error)
{
    (void)outcome;
    return with_file(opened, question, question->operand, VIEW_WHOLE, show_outline, emitter,
                     ret_error);
}
