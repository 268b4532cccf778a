/* Opening and looking at one file. Confined to one thread, but for views that are kept: nobody
 * changes whole ones, and only spot.c partial ones. */
#include "code/view.h"

#include <stdlib.h>
#include <string.h>

/* Copies text and packed tree, so that a partial view pins no segment however long it is kept. */
static firn_status own_bytes(struct view *view)
{
    struct loaded *loaded = &view->loaded;
    const size_t text_size = loaded->text_size, tree_size = loaded->tree_bytes.size;
    uint8_t *owned = firn_allocate(view->opened->allocator, text_size + tree_size);
    if (owned == NULL)
        return FIRN_NO_MEMORY;
    if (text_size > 0)
        memcpy(owned, loaded->text, text_size);
    memcpy(owned + text_size, loaded->tree_bytes.data, tree_size);
    loaded_close(view->opened, loaded);
    view->owned = owned;
    view->owned_bytes = text_size + tree_size;
    loaded->text = (const char *)owned;
    return firn_tree_open(loaded->language->family, owned + text_size, tree_size, loaded->text,
                          text_size, &loaded->tree);
}

static firn_status open_partial(struct view *view)
{
    firn_status status = own_bytes(view);
    return status == FIRN_OK
               ? firn_partial_create(&view->loaded.tree, view->opened->allocator, &view->partial)
               : status;
}

firn_status view_damaged(const struct view *view, firn_error *ret_error)
{
    return firn_error_set(ret_error, FIRN_CORRUPT, 0,
                          "%s: damaged in the store; index the folder again", view->file.path);
}

static firn_status explain(const struct view *view, firn_status status, firn_error *ret_error)
{
    if (status == FIRN_CORRUPT)
        return view_damaged(view, ret_error);
    return firn_error_set(ret_error, status, 0, "%s: %s", view->file.path,
                          firn_status_text(status));
}

firn_status view_open(struct view *view, struct opened *opened, struct opened_file *file,
                      enum view_kind kind, firn_error *ret_error)
{
    *view = (struct view){.opened = opened, .file = *file};
    file->path = NULL;
    file->record = (struct file_record){.size = 0};
    struct loaded *loaded = &view->loaded;
    firn_status status = loaded_get(opened, &view->file, loaded, ret_error);
    if (status == FIRN_OK && kind == VIEW_WHOLE)
        status = loaded_decode(loaded, &view->file, ret_error);
    if (status != FIRN_OK)
        return status;
    if (kind == VIEW_PARTIAL)
        status = open_partial(view);
    if (status == FIRN_OK)
        status = firn_lines_init(&view->lines, loaded->text, loaded->text_size, opened->allocator);
    return status == FIRN_OK ? FIRN_OK : explain(view, status, ret_error);
}

void view_close(struct view *view)
{
    const firn_allocator *allocator = view->opened->allocator;
    firn_lines_fini(&view->lines);
    firn_partial_destroy(view->partial);
    firn_release(allocator, view->parents, view->loaded.nodes.count * sizeof *view->parents);
    firn_release(allocator, view->definitions.items,
                 view->definitions.capacity * sizeof *view->definitions.items);
    loaded_release(view->opened, &view->loaded);
    firn_release(allocator, view->owned, view->owned_bytes);
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

firn_status view_extractor(const struct view *view, const struct extractor **ret_extractor,
                           firn_error *ret_error)
{
    if (view->loaded.language->extractor == NULL)
        return firn_error_set(ret_error, FIRN_UNSUPPORTED, 0,
                              "%s: in a language that this program does not know", view->file.path);
    *ret_extractor = view->loaded.language->extractor;
    return FIRN_OK;
}

firn_status view_definitions(struct view *view, firn_error *ret_error)
{
    const firn_allocator *allocator = view->opened->allocator;
    const struct extractor *extractor = NULL;
    struct collecting collecting = {.allocator = allocator};
    if (view->has_definitions)
        return FIRN_OK;
    firn_status status = view_extractor(view, &extractor, ret_error);
    if (status != FIRN_OK)
        return status;
    struct extract_scratch scratch = {.allocator = allocator};
    status = extract_names(extractor, &scratch, &view->loaded.nodes, keep_definition, &collecting);
    extract_scratch_fini(&scratch);
    view->definitions = collecting.definitions;
    if (status != FIRN_OK)
        return explain(view, status, ret_error);
    if (view->definitions.count > 0)
        qsort(view->definitions.items, view->definitions.count, sizeof *view->definitions.items,
              by_whole);
    view->has_definitions = true;
    return FIRN_OK;
}
