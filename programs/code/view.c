/* Opening and looking at one file. Confined to one thread, but for views that are kept, which
 * nobody changes. */
#include "code/view.h"

#include <stdlib.h>

firn_status view_open(struct view *view, struct opened *opened, struct opened_file *file,
                      firn_error *ret_error)
{
    *view = (struct view){.opened = opened, .file = *file};
    file->path = NULL;
    file->record = (struct file_record){.size = 0};
    struct loaded *loaded = &view->loaded;
    firn_status status = loaded_get(opened, &view->file, loaded, ret_error);
    if (status == FIRN_OK)
        status = loaded_decode(loaded, &view->file, ret_error);
    if (status != FIRN_OK)
        return status;
    status = firn_lines_init(&view->lines, loaded->text, loaded->text_size, opened->allocator);
    return status == FIRN_OK ? FIRN_OK
                             : firn_error_set(ret_error, status, 0, "%s: %s", view->file.path,
                                              firn_status_text(status));
}

void view_close(struct view *view)
{
    const firn_allocator *allocator = view->opened->allocator;
    firn_lines_fini(&view->lines);
    firn_release(allocator, view->definitions.items,
                 view->definitions.capacity * sizeof *view->definitions.items);
    loaded_release(view->opened, &view->loaded);
    opened_file_fini(view->opened, &view->file);
}

/* --- definitions --- */

struct collecting {
    const firn_allocator *allocator;
    struct definitions definitions;
};

static firn_status keep_definition(void *context, const struct extract_name *name)
{
    struct collecting *collecting = context;
    struct definitions *definitions = &collecting->definitions;
    void *block = definitions->items;
    if (!name->is_definition)
        return FIRN_OK;
    if (!firn_grow(collecting->allocator, &block, &definitions->capacity, definitions->count + 1,
                   sizeof *definitions->items))
        return FIRN_NO_MEMORY;
    definitions->items = block;
    definitions->items[definitions->count++] = *name;
    return FIRN_OK;
}

static int by_whole(const void *left, const void *right)
{
    const struct extract_name *a = left, *b = right;
    if (a->whole != b->whole)
        return a->whole < b->whole ? -1 : 1;
    return (a->start > b->start) - (a->start < b->start);
}

firn_status view_definitions(struct view *view, firn_error *ret_error)
{
    const struct opened_language *language = view->loaded.language;
    const firn_allocator *allocator = view->opened->allocator;
    struct collecting collecting = {.allocator = allocator};
    if (view->has_definitions)
        return FIRN_OK;
    if (language->extractor == NULL)
        return firn_error_set(ret_error, FIRN_UNSUPPORTED, 0,
                              "%s: in a language that this program does not know", view->file.path);
    struct extract_scratch scratch = {.allocator = allocator};
    firn_status status = extract_names(language->extractor, &scratch, &view->loaded.nodes,
                                       keep_definition, &collecting);
    extract_scratch_fini(&scratch);
    view->definitions = collecting.definitions;
    if (status != FIRN_OK)
        return firn_error_set(ret_error, status, 0, "%s: %s", view->file.path,
                              firn_status_text(status));
    if (view->definitions.count > 0)
        qsort(view->definitions.items, view->definitions.count, sizeof *view->definitions.items,
              by_whole);
    view->has_definitions = true;
    return FIRN_OK;
}

/* --- a node at an offset --- */

/* The last node in preorder that begins at the offset or before; UINT32_MAX when none does. */
static uint32_t last_before(const firn_nodes *nodes, uint32_t offset)
{
    uint32_t low = 0, high = nodes->count;
    while (low < high) {
        const uint32_t middle = low + (high - low) / 2;
        if (nodes->node[middle].start <= offset)
            low = middle + 1;
        else
            high = middle;
    }
    return low - 1;
}

firn_status view_locate(const struct view *view, uint32_t offset, firn_path_node **ret_path,
                        size_t *ret_depth)
{
    const firn_nodes *nodes = &view->loaded.nodes;
    const firn_allocator *allocator = view->opened->allocator;
    if (view->parents == NULL)
        return firn_tree_locate(&view->loaded.tree, offset, allocator, ret_path, ret_depth);
    uint32_t found = last_before(nodes, offset);
    while (found != UINT32_MAX && nodes->node[found].end <= offset)
        found = view->parents[found];
    if (found == UINT32_MAX)
        return FIRN_NOT_FOUND;
    size_t depth = 0;
    for (uint32_t node = found; node != UINT32_MAX; node = view->parents[node])
        depth++;
    firn_path_node *path = firn_allocate_zeroed(allocator, depth, sizeof *path);
    if (path == NULL)
        return FIRN_NO_MEMORY;
    *ret_depth = depth;
    for (uint32_t node = found; node != UINT32_MAX; node = view->parents[node])
        path[--depth] =
            (firn_path_node){node, nodes->node[node].start, UINT32_MAX, nodes->node[node].edge};
    path[*ret_depth - 1].end = nodes->node[found].end;
    *ret_path = path;
    return FIRN_OK;
}
