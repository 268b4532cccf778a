/* Cursors: a place in an array of nodes and the way down to it. Moving to a child or a sibling is
 * arithmetic on the preorder array; the path serves `parent` and the depth. Confined to one thread;
 * nodes and lines are only read. */
#include "tree/family.h"

struct firn_cursor {
    const firn_family *family;
    const firn_nodes *nodes;
    const firn_lines *lines;
    const firn_allocator *allocator;
    uint32_t node;
    uint32_t *path; /* indices of the ancestors, the root first */
    size_t path_capacity;
    size_t depth;
    firn_status status;
};

firn_status firn_cursor_create(const firn_family *family, const firn_nodes *nodes,
                               const firn_lines *lines, const firn_allocator *allocator,
                               firn_cursor **ret_cursor)
{
    if (nodes->count == 0)
        return FIRN_INVALID;
    firn_cursor *cursor = firn_allocate_zeroed(allocator, 1, sizeof *cursor);
    if (cursor == NULL)
        return FIRN_NO_MEMORY;
    cursor->family = family;
    cursor->nodes = nodes;
    cursor->lines = lines;
    cursor->allocator = allocator;
    *ret_cursor = cursor;
    return FIRN_OK;
}

void firn_cursor_destroy(firn_cursor *cursor)
{
    if (cursor == NULL)
        return;
    firn_release(cursor->allocator, cursor->path, cursor->path_capacity * sizeof *cursor->path);
    firn_release(cursor->allocator, cursor, sizeof *cursor);
}

bool firn_cursor_first_child(firn_cursor *cursor)
{
    if (firn_cursor_node(cursor)->next <= cursor->node + 1)
        return false;
    if (cursor->depth == cursor->path_capacity &&
        !firn_grow(cursor->allocator, (void **)&cursor->path, &cursor->path_capacity,
                   cursor->depth + 1, sizeof *cursor->path)) {
        cursor->status = FIRN_NO_MEMORY;
        return false;
    }
    cursor->path[cursor->depth++] = cursor->node++;
    return true;
}

bool firn_cursor_next_sibling(firn_cursor *cursor)
{
    if (cursor->depth == 0)
        return false;
    uint32_t next = firn_cursor_node(cursor)->next;
    if (next >= firn_cursor_ancestor(cursor, 1)->next)
        return false;
    cursor->node = next;
    return true;
}

bool firn_cursor_parent(firn_cursor *cursor)
{
    if (cursor->depth == 0)
        return false;
    cursor->node = cursor->path[--cursor->depth];
    return true;
}

bool firn_cursor_next(firn_cursor *cursor)
{
    if (firn_cursor_node(cursor)->next > cursor->node + 1)
        return firn_cursor_first_child(cursor);
    uint32_t next = cursor->node + 1;
    if (next >= cursor->nodes->count)
        return false;
    while (cursor->nodes->node[cursor->path[cursor->depth - 1]].next <= next)
        cursor->depth--;
    cursor->node = next;
    return true;
}

static bool covers(const firn_node *node, uint32_t offset)
{
    return node->start <= offset && offset < node->end;
}

bool firn_cursor_seek(firn_cursor *cursor, uint32_t offset)
{
    if (!covers(&cursor->nodes->node[0], offset))
        return false;
    cursor->depth = 0;
    cursor->node = 0;
    while (firn_cursor_first_child(cursor)) {
        bool found = covers(firn_cursor_node(cursor), offset);
        while (!found && firn_cursor_next_sibling(cursor))
            found = covers(firn_cursor_node(cursor), offset);
        if (!found) {
            (void)firn_cursor_parent(cursor);
            break;
        }
    }
    return cursor->status == FIRN_OK;
}

firn_status firn_cursor_status(const firn_cursor *cursor)
{
    return cursor->status;
}

uint32_t firn_cursor_index(const firn_cursor *cursor)
{
    return cursor->node;
}

unsigned firn_cursor_depth(const firn_cursor *cursor)
{
    return (unsigned)cursor->depth;
}

const firn_node *firn_cursor_node(const firn_cursor *cursor)
{
    return &cursor->nodes->node[cursor->node];
}

const firn_node *firn_cursor_ancestor(const firn_cursor *cursor, unsigned up)
{
    if (up == 0)
        return firn_cursor_node(cursor);
    return up <= cursor->depth ? &cursor->nodes->node[cursor->path[cursor->depth - up]] : NULL;
}

firn_label firn_cursor_label(const firn_cursor *cursor)
{
    return firn_node_label(firn_cursor_node(cursor));
}

firn_field firn_cursor_field(const firn_cursor *cursor)
{
    return firn_edge_field(cursor->family, firn_cursor_node(cursor)->edge);
}

unsigned firn_cursor_flags(const firn_cursor *cursor)
{
    return firn_node_flags(firn_cursor_node(cursor));
}

const char *firn_cursor_kind(const firn_cursor *cursor)
{
    return firn_family_label_name(cursor->family, firn_cursor_label(cursor));
}

bool firn_cursor_named(const firn_cursor *cursor)
{
    return firn_family_label_named(cursor->family, firn_cursor_label(cursor));
}

firn_point firn_cursor_start_point(const firn_cursor *cursor)
{
    return firn_lines_point(cursor->lines, firn_cursor_node(cursor)->start);
}

firn_point firn_cursor_end_point(const firn_cursor *cursor)
{
    return firn_lines_point(cursor->lines, firn_cursor_node(cursor)->end);
}
