/* See spot.h. Of a whole view, the nodes and the definitions are there. A partial one decodes what
 * it needs, which is kept: the parts of the tree around the place and around the ends of the nodes
 * above it, and then, from the inside, each of these nodes that its label lets be a whole
 * definition, until a name in it is what it defines. */
#include "code/spot.h"

#include <assert.h>

#define NO_NODE UINT32_MAX

/* --- the path --- */

/* The last node in preorder that begins at the offset or before; NO_NODE when none does. */
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

static firn_status locate_whole(const struct view *view, uint32_t offset, uint32_t *ret_node)
{
    const firn_nodes *nodes = &view->loaded.nodes;
    uint32_t found = last_before(nodes, offset);
    assert(view->parents != NULL);
    while (found != NO_NODE && nodes->node[found].end <= offset)
        found = view->parents[found];
    *ret_node = found;
    return found == NO_NODE ? FIRN_NOT_FOUND : FIRN_OK;
}

static uint32_t parent_of(const struct view *view, uint32_t node)
{
    return view->partial != NULL ? firn_partial_parent(view->partial, node) : view->parents[node];
}

static firn_status make_path(const struct view *view, const firn_nodes *nodes, uint32_t found,
                             struct spot *spot)
{
    size_t depth = 0;
    for (uint32_t node = found; node != NO_NODE; node = parent_of(view, node))
        depth++;
    spot->path = firn_allocate(view->opened->allocator, depth * sizeof *spot->path);
    if (spot->path == NULL)
        return FIRN_NO_MEMORY;
    spot->depth = depth;
    for (uint32_t node = found; node != NO_NODE; node = parent_of(view, node)) {
        const firn_node *at = &nodes->node[node];
        spot->path[--depth] = (firn_path_node){node, at->start, at->end, at->edge};
    }
    return FIRN_OK;
}

/* --- the definition --- */

/* Of a whole view: the last of the definitions that the node at a depth is the whole of. */
static const struct extract_name *definition_of(const struct view *view, uint32_t node)
{
    const struct extract_name *items = view->definitions.items;
    size_t low = 0, high = view->definitions.count;
    while (low < high) { /* the first behind the node */
        const size_t middle = low + (high - low) / 2;
        if (items[middle].whole <= node)
            low = middle + 1;
        else
            high = middle;
    }
    return low > 0 && items[low - 1].whole == node ? &items[low - 1] : NULL;
}

/* Notes the last name whose whole the node is. */
static firn_status note_whole(void *context, const struct extract_name *name)
{
    struct view_whole *whole = context;
    if (name->is_definition && name->whole == whole->node &&
        (!whole->is_one || name->start >= whole->name.start)) {
        whole->is_one = true;
        whole->name = *name;
    }
    return FIRN_OK;
}

/* Makes known whether the last node of a path is the whole of a definition. */
static firn_status learn_whole(struct view *view, const firn_path_node *path, size_t depth,
                               const struct view_whole **ret_whole)
{
    const struct extractor *extractor = view->loaded.language->extractor;
    const uint32_t node = path[depth - 1].index;
    struct view_whole *whole = &view->wholes[node % VIEW_WHOLES];
    *ret_whole = whole;
    if (whole->is_known && whole->node == node)
        return FIRN_OK;
    firn_status status = firn_partial_fill(view->partial, node);
    if (status != FIRN_OK)
        return status;
    struct extract_scratch scratch = {.allocator = view->opened->allocator};
    *whole = (struct view_whole){.node = node};
    status = extract_names_below(extractor, &scratch, firn_partial_nodes(view->partial), path,
                                 depth, note_whole, whole);
    extract_scratch_fini(&scratch);
    whole->is_known = status == FIRN_OK;
    return status;
}

static firn_status find_definition(struct view *view, struct spot *spot)
{
    const struct opened_language *language = view->loaded.language;
    firn_status status = FIRN_OK;
    for (size_t depth = spot->depth; depth > 0 && status == FIRN_OK; depth--) {
        const firn_path_node *node = &spot->path[depth - 1];
        const struct extract_name *name = NULL;
        const struct view_whole *whole;
        if (view->partial == NULL) {
            name = definition_of(view, node->index);
        } else if (extract_may_define(language->extractor,
                                      firn_edge_label(language->family, node->edge))) {
            status = learn_whole(view, spot->path, depth, &whole);
            name = status == FIRN_OK && whole->is_one ? &whole->name : NULL;
        }
        if (name == NULL)
            continue;
        spot->has_definition = true;
        spot->definition = *name;
        break;
    }
    return status;
}

/* --- both --- */

static firn_status find(struct view *view, uint32_t offset, struct spot *spot)
{
    const firn_nodes *nodes =
        view->partial != NULL ? firn_partial_nodes(view->partial) : &view->loaded.nodes;
    uint32_t found;
    firn_status status = view->partial != NULL ? firn_partial_locate(view->partial, offset, &found)
                                               : locate_whole(view, offset, &found);
    if (status == FIRN_OK)
        status = make_path(view, nodes, found, spot);
    return status == FIRN_OK ? find_definition(view, spot) : status;
}

firn_status spot_find(struct view *view, uint32_t offset, struct spot *ret_spot,
                      firn_error *ret_error)
{
    const struct extractor *extractor = NULL;
    struct spot spot = {.path = NULL};
    firn_status status = view_extractor(view, &extractor, ret_error);
    if (status != FIRN_OK)
        return status;
    if (view->mutex != NULL)
        pthread_mutex_lock(view->mutex);
    status = find(view, offset, &spot);
    if (view->mutex != NULL)
        pthread_mutex_unlock(view->mutex);
    if (status == FIRN_OK) {
        *ret_spot = spot;
        return FIRN_OK;
    }
    spot_fini(view, &spot);
    if (status == FIRN_NOT_FOUND)
        return status;
    return status == FIRN_CORRUPT ? view_damaged(view, ret_error)
                                  : firn_error_set(ret_error, status, 0, "%s: %s", view->file.path,
                                                   firn_status_text(status));
}

void spot_fini(const struct view *view, struct spot *spot)
{
    firn_release(view->opened->allocator, spot->path, spot->depth * sizeof *spot->path);
    spot->path = NULL;
}
