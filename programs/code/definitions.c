/* Definitions by the nodes that they span, for outline and at. */
#include "code/definitions.h"

#include <stdlib.h>

static firn_status keep_definition(void *context, const struct extract_name *name)
{
    struct definitions *definitions = context;
    void *block = definitions->items;
    if (!name->is_definition)
        return FIRN_OK;
    if (!firn_grow(definitions->allocator, &block, &definitions->capacity, definitions->count + 1,
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

firn_status definitions_get(const struct view *view, struct definitions *definitions,
                            firn_error *ret_error)
{
    const struct opened_language *language = view->loaded.language;
    const firn_allocator *allocator = view->opened->allocator;
    *definitions = (struct definitions){.allocator = allocator};
    if (language->extractor == NULL)
        return firn_error_set(ret_error, FIRN_UNSUPPORTED, 0,
                              "%s: in a language that this program does not know", view->file.path);
    struct extract_scratch scratch = {.allocator = allocator};
    firn_status status = extract_names(language->extractor, &scratch, &view->loaded.nodes,
                                       keep_definition, definitions);
    extract_scratch_fini(&scratch);
    if (status != FIRN_OK)
        return firn_error_set(ret_error, status, 0, "%s: %s", view->file.path,
                              firn_status_text(status));
    if (definitions->count > 0)
        qsort(definitions->items, definitions->count, sizeof *definitions->items, by_whole);
    return FIRN_OK;
}

void definitions_fini(struct definitions *definitions)
{
    firn_release(definitions->allocator, definitions->items,
                 definitions->capacity * sizeof *definitions->items);
    *definitions = (struct definitions){.allocator = definitions->allocator};
}

const struct extract_name *definitions_around(const struct definitions *definitions,
                                              const firn_nodes *nodes, uint32_t offset)
{
    /* Whole nodes nest or are apart, so among those around the offset the last in preorder is the
     * innermost. */
    const struct extract_name *around = NULL;
    for (size_t i = 0; i < definitions->count; i++) {
        const firn_node *whole = &nodes->node[definitions->items[i].whole];
        if (whole->start <= offset && offset < whole->end)
            around = &definitions->items[i];
    }
    return around;
}
